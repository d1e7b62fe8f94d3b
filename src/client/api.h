// The client library's public interface, and the only header that both sides of the wall share: the extension
// includes it beside PostgreSQL's headers, the client beside gRPC's. So it names neither.
//
// Rules that hold for every function below:
//   * noexcept: allocation failure and exceptions end in the Status. A function that takes a Status* fills it always
//     (error == ErrorClass::none on success) and never keeps the pointer.
//   * No function waits for the network, unless its comment says so. A call is started, the caller waits for the
//     runtime's event descriptor to become readable and asks call_done() again.
//   * Strings passed in are copied before the function returns. Strings handed out belong to the object that they
//     came from and live as long as the comment there says.
//   * Handles are used from one thread (a PostgreSQL backend has one); the library's own threads never call back.
//   * Times are milliseconds unless the name says otherwise; sizes are bytes; 0 as a bound or deadline means "none".
//
// Facts about the protocol: KalamDB wire specification, sections as named.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kalam {

// ---------------------------------------------------------------- errors

// What went wrong, as far as a caller acts on it. The SQLSTATE is the extension's business.
enum class ErrorClass : uint8_t {
  none,
  unreachable,          // no connection could be made; the request was not sent
  connection_lost,      // an established connection broke; see Status::maybe_executed
  tls,                  // certificate or handshake trouble, or a server that speaks no TLS on this port
  authentication,       // UNAUTHENTICATED while opening a session: never retried by itself (accounts lock, spec 3.2)
  permission,           // PERMISSION_DENIED
  session_gone,         // the session ended inside a transaction, or re-opening it did not help (spec 2.5)
  transaction_gone,     // the server ended the transaction (spec 8.6)
  transaction_unknown,  // the server knows no such transaction: changes sent in its name may have been executed alone
  not_leader,           // no leader could be found within the deadline (spec 13)
  table_not_found,      // spec 7.5 "table gone"
  already_exists,       // a table or namespace, not a row
  duplicate_key,        // spec 7.5; Status::column and value are set
  not_null,             // spec 7.5; Status::column is set
  bad_value,            // the server, or the row writer here, cannot convert a value; Status::column when known
  row_gone,             // Update of a row that is not there (spec 7.4)
  cross_group,          // one transaction over two Raft data groups (spec 8.3)
  poisoned_column,      // NULL stored in a NOT NULL column (spec 7.6)
  invalid_request,      // INVALID_ARGUMENT, OUT_OF_RANGE, or a name refused here before sending (spec 4.1)
  sql_error,            // ExecuteSql/ExecuteQuery: the statement's own error
  busy,                 // a job of the same kind runs ("Idempotent conflict", spec 10.5): retry for some seconds
  too_large,            // a request over the server's 4 MiB, or a response over max_response_bytes
  timeout,              // the call's deadline
  cancelled,            // call_cancel() or call_release()
  unsupported,          // UNIMPLEMENTED: service not mounted (spec 1.1), or a method this server does not have
  protocol,             // bytes that are not what the specification allows
  out_of_memory,
  internal,  // any other failure that the server reported
};

// What the server's text tells of a failure beside its class: the cause that its SQL engine names.
enum class FailureCause : uint8_t {
  not_named,
  undefined_column,
  undefined_table,
  undefined_namespace,
  syntax,
  not_supported,
  division_by_zero,
  invalid_text,  // a value cannot be cast to the type
  access_denied,
  other_planning,  // found before the statement runs, and none of the above
};

// One structured error. Fixed size, no ownership, safe to keep on a stack that may be left by longjmp.
// Texts are UTF-8, cut at a character's boundary, always terminated, free of secrets.
struct Status {
  ErrorClass error;
  int32_t grpc_code;    // the gRPC status code, or -1 when the failure was found before any call
  bool maybe_executed;  // false: certain that the server did not apply the request
  // Facts that the server's text tells; false when it does not.
  bool is_definite_failure;  // its own word on a change: the storage refused it, or the commit stopped there (7.5, 8.5)
  bool is_cleanup_pending;   // what was dropped under the name is still being cleaned up (spec 10.5): try again
  bool is_object_missing;    // something that the statement names does not exist (spec 10.4)
  FailureCause cause;
  char message[256];  // one short sentence in PostgreSQL's style: lower-case start, no period
  char detail[2048];  // KalamDB's own text, or host:port and the transport's text; may be empty
  char hint[512];     // what to do; may be empty
  char column[128];   // column that the error names; may be empty
  char value[256];    // value that the error names; may be empty
};

// Copies a text of a server's for a message, as the texts of a Status are made: what a terminal or a log would not show
// as it is gets replaced. UTF-8; cut to `capacity`, terminated.
void printable_text(char* field, size_t capacity, const char* text, size_t size) noexcept;

// ---- The server's words in answers that are no failures.

// Whether CREATE NAMESPACE IF NOT EXISTS has made the namespace; the other answer is that it was there (spec 10.2).
bool says_created(const char* message) noexcept;

// The job that STORAGE FLUSH TABLE has started (spec 10.5): a part of `message`. False: it names none.
bool find_job_id(const char* message, const char** id, size_t* size) noexcept;

// What system.jobs says of a job's status.
enum class JobState : uint8_t { running, completed, failed, unknown };
JobState job_state_of(const char* status) noexcept;

// Name of a class for logs and tests ("duplicate_key"). Static storage.
const char* error_class_name(ErrorClass error) noexcept;

// ---------------------------------------------------------------- runtime

// gRPC, one completion queue and one poller thread. One per process; started after the last fork, never before.
struct Runtime;

// Starts gRPC. All signals are blocked around every gRPC call made here, so that no thread of gRPC ever runs a signal
// handler. NULL and a Status on failure. Fails when gRPC was started by another process before a fork (pid differs).
Runtime* runtime_start(Status* status) noexcept;

// A descriptor (eventfd) that is readable after a call of any connection has finished. Owned by the runtime.
int runtime_event_fd(const Runtime* runtime) noexcept;

// Makes the descriptor unreadable again; nothing else may read from it. Ask call_done() after it, never before.
void runtime_drain_events(Runtime* runtime) noexcept;

// Shuts the queue down and joins the poller. All connections must have been released. NULL is allowed.
void runtime_stop(Runtime* runtime) noexcept;

// ---------------------------------------------------------------- the end of gRPC

// gRPC and the TLS library end the process by abort() where they meet what they hold for impossible. A handler of
// SIGABRT that wants to end less than that finds out here what happened. These functions may be called in it.

// The thread that uses the library is in one of its functions.
bool client_is_entered() noexcept;
// The thread of this ucontext_t, which a handler is given, was started by the library or by gRPC.
bool client_is_own_thread(const void* context) noexcept;
// What gRPC said last on this thread at its level of errors; empty: nothing.
void client_last_words(char* text, size_t capacity) noexcept;
// From now on the functions of this library fail, or do nothing, at once: gRPC is not touched any more.
void client_break() noexcept;
bool client_is_broken() noexcept;
// The library's function that was entered is not coming back: the handler leaves it for ever.
void client_leave() noexcept;

// ---------------------------------------------------------------- connections

enum class AuthMode : uint8_t { none, static_header, account_login };

// Everything that makes two connections different. All strings may be NULL, which is the same as empty.
struct ConnectionOptions {
  const char* host;             // name, IPv4 or IPv6 address (without brackets)
  uint16_t port;                // the RPC listener's port (spec 1.1)
  uint32_t connect_timeout_ms;  // bound on one attempt to connect; 0: 10,000
  uint32_t call_timeout_ms;     // default deadline of a call; 0: none
  AuthMode auth_mode;
  const char* auth_header;  // static_header: the whole value of "authorization"
  const char* login_user;   // account_login (spec 3.1)
  const char* login_password;
  bool use_tls;             // implied by ca_cert
  const char* ca_cert;      // path, or inline PEM when it contains "-----BEGIN"; empty with use_tls: system roots
  const char* client_cert;  // both or neither
  const char* client_key;
  const char* tls_server_name;  // name that the certificate must match; empty: host
  const char* leader_hosts;     // hosts, separated by commas, that the credentials may go to when the server names one
                                // of them as its leader (HostUse::leaders); `host` always is
  uint64_t max_response_bytes;  // bound on one response message; 0: what gRPC can hold (2 GiB - 1)
  bool quick_ack;               // keep TCP_QUICKACK set while calls are in flight (Linux only)
};

// One session with one server (or cluster). Connects at its first call.
struct Connection;

// No I/O. NULL and a Status when an option is not usable (a control character in a header, one half of a key pair,
// a file that cannot be read).
Connection* connection_create(Runtime* runtime, const ConnectionOptions* options, Status* status) noexcept;

// Cancels and drains all calls of the connection, then closes the session. Waits for the CloseSession answer no longer
// than close_timeout_ms (0: does not send one). NULL is allowed. Calls keep what they need: they may be released later.
void connection_release(Connection* connection, uint32_t close_timeout_ms) noexcept;

// Ends the session, and with it its transaction, without waiting: sends CloseSession, whose answer interests nobody,
// and the next call opens another session. For a transaction whose changes may still be on their way: after a Rollback
// the server would execute them on their own (spec 8.1), in a session that has ended it refuses them. The transaction's
// calls must have been released.
void connection_abandon_session(Connection* connection) noexcept;

struct ConnectionState {
  char session_id[64];          // empty before the first session
  char transaction_id[40];      // empty when none is open
  char peer[128];               // "host:port" of the node that the next call goes to
  bool has_token;               // protocol revision R2
  int64_t lease_expires_at_ms;  // server's clock
  uint64_t sessions_opened;     // OpenSession calls that succeeded
  uint64_t redirects;           // leader redirects followed
};
void connection_state(const Connection* connection, ConnectionState* state) noexcept;

// ---------------------------------------------------------------- names and types

enum class TableKind : uint8_t { shared, user, stream, system };

struct TableRef {
  const char* name_space;  // KalamDB namespace
  const char* table;
  TableKind kind;
  const char* user_id;  // subject of a user or stream table; NULL or empty: none
};

// Whether a namespace, table or user id can be sent: not empty, no "..", '/', '\', NUL or control character. Some of
// these make a real server abort (spec 4.1). Every call below checks its TableRef itself; these are for earlier checks.
bool check_identifier(const char* name, size_t size, Status* status) noexcept;
bool check_user_id(const char* user_id, size_t size, Status* status) noexcept;

// Whether a text can be used as the name of a host: gRPC and the TLS library end the process for some that cannot.
enum class HostUse : uint8_t {
  connect,  // to connect to: a name, or an address; brackets around it are left aside
  verify,   // in a certificate: the same, without the scope of a link
  leaders,  // in a list of hosts: the same, "*" for every host, or "*." and a domain
};
bool check_host(const char* host, size_t size, HostUse use, Status* status) noexcept;

// The shard that holds the rows of a user, of `shard_count` (at least 1): users of one shard can be written to in one
// transaction of the server (spec 8.3). `user_id` is UTF-8.
uint32_t user_shard_of(const char* user_id, size_t size, uint32_t shard_count) noexcept;

enum class RemoteKind : uint8_t {
  boolean,
  smallint,
  integer,
  bigint,
  real,
  double_precision,
  text,
  json,
  file,
  bytes,
  timestamp,
  datetime,
  date,
  time,
  uuid,
  decimal,
  embedding,
  other
};

// A column type of KalamDB (spec 5.1).
struct RemoteType {
  RemoteKind kind;
  uint8_t precision;   // decimal
  int8_t scale;        // decimal
  uint32_t dimension;  // embedding
};

// Reads a type as system.columns.data_type spells it: "BIGINT", "DECIMAL(10, 2)", "EMBEDDING(384)". Unknown: other,
// false.
bool parse_remote_type(const char* sql_name, RemoteType* type) noexcept;

// ---------------------------------------------------------------- what is stored

// What manifest_json of a row of system.manifest says of the files of a table, or of the rows of one user.
struct Manifest {
  int64_t version;  // another one after each flush
  int64_t created_at_ms;
  int64_t updated_at_ms;
  uint32_t segment_count;  // files
  int64_t row_count;       // row versions in all of them
  int64_t max_seq;         // the highest version in any of them; -1: there is none
};

// Reads manifest_json. The text is not trusted: false, and nothing in `manifest`, for a text that is not JSON or is
// longer than 16 MiB, is about another table ("namespace.table") or user (NULL: a shared table), lacks something that
// is asked for here or has it twice, has a segment that is not committed, or numbers out of their range. UTF-8.
bool parse_manifest(const char* text, size_t size, const char* table_id, const char* user_id,
                    Manifest* manifest) noexcept;

// ---------------------------------------------------------------- rows to be written

struct RowColumn {
  const char* name;
  RemoteType type;
  bool not_null;
};

enum class ValueKind : uint8_t { null_value, boolean, integer, real, double_precision, bytes, vector };

// One value, in the unit of the column's type:
//   boolean          b
//   integer          i: smallint, integer, bigint; date = days since 1970-01-01; time = microseconds since midnight;
//                    timestamp, datetime = microseconds since 1970-01-01 (UTC)
//   real / double    f / d: float / double columns, NaN and infinities included
//   bytes            data, size: text and json (UTF-8); bytes (raw); uuid (16 bytes); decimal (plain decimal text,
//                    such as "-12.50", scaled and checked here against the column's precision)
//   vector           data = float[size]: embedding
struct Value {
  ValueKind kind;
  union {
    bool b;
    int64_t i;
    float f;
    double d;
    struct {
      const void* data;
      size_t size;  // bytes; for vector: number of elements
    } bytes;
  };
};

// How a row is written (spec 6.1): with a tag of its type at each value, or as plain JSON, half as long. The server
// reads each row as one or the other.
enum class RowForm : uint8_t { tagged, plain };

// Encoded rows (row JSON, spec 6) for one table, in the order they were appended.
struct RowBuffer;

// The columns are copied. NULL and a Status on failure.
RowBuffer* row_buffer_create(const RowColumn* columns, size_t column_count, Status* status) noexcept;
void row_buffer_release(RowBuffer* rows) noexcept;
void row_buffer_clear(RowBuffer* rows) noexcept;

// Appends one complete row, tagged. NULL in a NOT NULL column, a decimal that does not fit, a wrong uuid or embedding
// length, an integer out of the column's range, invalid UTF-8: false, Status with the column, and the buffer as before.
bool row_buffer_append(RowBuffer* rows, const Value* values, Status* status) noexcept;

// As above, only the columns whose `present` is true (NULL: all) go into the object. Plain on demand, if the server
// makes exactly these values of plain JSON in inserts outside of its transactions or in one of inserts into one table,
// and in updates (spec 6.4); else tagged. What it has become says row_buffer_form().
bool row_buffer_append_partial(RowBuffer* rows, const Value* values, const bool* present, RowForm form,
                               Status* status) noexcept;

// Members of a row's JSON object as row_buffer_row() has them between the braces: "name":value,…
struct RowMembers {
  const char* text;  // not looked at when `size` is 0
  size_t size;
  RowForm form;
  size_t most_tagged;  // as of row_buffer_form(), without the braces
};

// Appends a row that is made of members which were encoded before, in this order; they name no column twice. Tagged on
// demand, or when one of them is. False when memory is short, or when members that are to be tagged are not of these
// columns.
bool row_buffer_append_members(RowBuffer* rows, const RowMembers* members, size_t count, RowForm form,
                               Status* status) noexcept;

size_t row_buffer_count(const RowBuffer* rows) noexcept;
uint64_t row_buffer_bytes(const RowBuffer* rows) noexcept;

// The encoded text of one row; lives until the next append, clear or release.
const char* row_buffer_row(const RowBuffer* rows, size_t row, size_t* size) noexcept;

// How that row is written, and how many bytes its tagged form takes at most.
RowForm row_buffer_form(const RowBuffer* rows, size_t row, size_t* most_tagged) noexcept;

// How many rows from `first` on fit into one Insert request to `table` (just below the server's 4,194,304 bytes).
// 0 with ErrorClass::too_large when row `first` alone does not fit.
size_t row_buffer_fit(const RowBuffer* rows, const TableRef* table, size_t first, Status* status) noexcept;

// ---------------------------------------------------------------- calls

// One operation: one RPC and what it took to get its answer (opening a session, a leader's redirect, a retry that is
// certainly safe). Started by the functions below, which return NULL and a Status when it could not be started.
//
// Outside a transaction a session that is gone is opened again and the RPC repeated once; reads are also repeated on a
// broken connection, writes only when they were certainly not executed, and CommitTransaction never. Inside one reads
// are repeated as writes are: a lost answer may have told of the transaction's end, after which a repetition would read
// what is stored by then.
struct Call;

struct CallOptions {
  uint64_t deadline_ms;  // whole operation, retries included; 0: the connection's call_timeout_ms
  const TableRef* to_use =
      nullptr;  // begin: a table that the transaction will use, whose leader it is begun at; NULL: not known
};

Call* call_ping(Connection* connection, const CallOptions* options, Status* status) noexcept;

// Opens the session now instead of at the first call that needs it (no-op when it is open and fresh).
Call* call_open_session(Connection* connection, const CallOptions* options, Status* status) noexcept;

// Closes the session; the next call opens a new one.
Call* call_close_session(Connection* connection, const CallOptions* options, Status* status) noexcept;

struct ScanFilter {
  const char* column;
  const char* value;  // text form (spec 4.3); only equality exists
};

struct ScanRequest {
  TableRef table;
  const char* const* columns;  // NULL with column_count 0: all columns. A name listed twice is refused (spec 4.4)
  size_t column_count;
  const ScanFilter* filters;  // AND
  size_t filter_count;
};

Call* call_scan(Connection* connection, const ScanRequest* request, const CallOptions* options,
                Status* status) noexcept;

// Asks the same again and again while the connection's transaction is open, which must be so now: first after that many
// milliseconds, so that the server does not end the transaction for silence (spec 8.6). Answers are thrown away. It
// goes on while nobody uses the library, and is done when it is released or the transaction has ended; where that is
// not known, calls of the transaction fail from then on.
Call* call_keep_alive(Connection* connection, const ScanRequest* request, uint32_t every_ms, Status* status) noexcept;

// Rows [first, first + count) of `rows`, which must fit one request (row_buffer_fit). `rows` may be released at once.
Call* call_insert(Connection* connection, const TableRef* table, const RowBuffer* rows, size_t first, size_t count,
                  const CallOptions* options, Status* status) noexcept;

// Row `row` of `rows` as the new values of the row with this key (text form, spec 7.3).
Call* call_update(Connection* connection, const TableRef* table, const char* key, const RowBuffer* rows, size_t row,
                  const CallOptions* options, Status* status) noexcept;

Call* call_delete(Connection* connection, const TableRef* table, const char* key, const CallOptions* options,
                  Status* status) noexcept;

// At most one transaction a connection. Data calls started while it is open belong to it. After a begin that finished
// with an error no transaction is open. Commit and rollback end it whatever they answer; only the Status tells how.
// A rollback right after a commit that failed asks for the same transaction once more: its success proves that nothing
// was committed. Any other call gives that transaction up, and its session with it.
Call* call_begin(Connection* connection, const CallOptions* options, Status* status) noexcept;
Call* call_commit(Connection* connection, const CallOptions* options, Status* status) noexcept;
Call* call_rollback(Connection* connection, const CallOptions* options, Status* status) noexcept;

// One statement, as user "pg-extension" and outside any transaction (spec 9). `is_read` permits a repeat after a broken
// connection.
Call* call_execute_sql(Connection* connection, const char* sql, size_t size, const CallOptions* options,
                       Status* status) noexcept;
Call* call_execute_query(Connection* connection, const char* sql, size_t size, bool is_read, const CallOptions* options,
                         Status* status) noexcept;

// True once the operation has ended, successfully or not. Never blocks.
bool call_done(const Call* call) noexcept;

// The outcome; ErrorClass::none for success. Call after call_done().
void call_status(const Call* call, Status* status) noexcept;

// Blocks the calling thread until the call is done or the time is over (0: no bound), for programs without an event
// loop and for process exit. True when done. Not for use where an interrupt must be served.
bool call_wait(Call* call, uint32_t timeout_ms) noexcept;

// Asks for the end; the call becomes done soon after, as cancelled unless its answer was already there.
void call_cancel(Call* call) noexcept;

// Cancels if need be, waits until gRPC has let go of the call (some milliseconds at most), frees it. NULL is allowed.
void call_release(Call* call) noexcept;

// Results; valid after a successful end, strings until release.
uint64_t call_affected_rows(const Call* call) noexcept;             // insert, update, delete
const char* call_message(const Call* call, size_t* size) noexcept;  // execute_sql, execute_query

// What a call asks for. A scan with filters is a lookup.
enum class CallKind : uint8_t {
  ping,
  open_session,
  close_session,
  scan,
  lookup,
  insert,
  update,
  remove,
  begin,
  commit,
  rollback,
  statement,  // ExecuteSql
  query,      // ExecuteQuery
};
CallKind call_kind(const Call* call) noexcept;

// Whether nothing was sent yet: the call waits for a connection or a session.
bool call_is_connecting(const Call* call) noexcept;

// The caller's account of its waits: adds to CallStatistics::waited_us.
void call_add_wait(Call* call, uint64_t microseconds) noexcept;

// All but waited_us are 0 until the call is done.
struct CallStatistics {
  uint32_t rpcs;           // RPCs started for this operation
  uint64_t request_bytes;  // messages, without framing
  uint64_t response_bytes;
  uint64_t elapsed_us;
  uint32_t attempts;   // of these RPCs: how often the request itself was sent
  uint32_t redirects;  // another leader was found
  uint64_t waited_us;
};
void call_statistics(const Call* call, CallStatistics* statistics) noexcept;

// ---------------------------------------------------------------- results in columns

// What a column's values are after decoding. Arrow's variants of one thing are made one here: the string and binary
// families arrive as slices, dictionaries are resolved, half floats widened, nested types other than lists rendered as
// JSON text.
enum class ColumnKind : uint8_t {
  null_type,  // every value is NULL
  boolean,    // uint8_t
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64,
  decimal,       // Int256 (four 64-bit words, least significant first); precision, scale
  date_days,     // int32_t days since 1970-01-01
  date_millis,   // int64_t milliseconds since 1970-01-01
  time_of_day,   // int64_t in `unit`
  timestamp,     // int64_t in `unit` since 1970-01-01; has_timezone
  duration,      // int64_t in `unit`
  interval,      // Interval
  utf8,          // Slice; is_json when the server said or the decoder rendered it so. UTF-8 is NOT verified
  binary,        // Slice
  fixed_binary,  // byte_width bytes each, back to back
  list,          // list_offsets into child
  fixed_list,    // list_size values each in child
};

enum class TimeUnit : uint8_t { second, millisecond, microsecond, nanosecond };

struct Slice {
  const char* data;
  size_t size;
};

struct Int256 {
  uint64_t word[4];  // two's complement, least significant word first
};

struct Interval {
  int32_t months;
  int32_t days;
  int64_t nanoseconds;
};

// One column of a window: `rows` values of the window it belongs to.
struct ColumnView {
  ColumnKind kind;
  TimeUnit unit;
  bool has_timezone;
  bool is_json;
  bool is_key;        // KalamDB has flagged it as the primary key of the table that is scanned
  uint8_t precision;  // decimal
  int8_t scale;
  uint32_t byte_width;           // fixed_binary
  uint32_t list_size;            // fixed_list
  const char* name;              // of the column; lives as long as the call
  const char* type_name;         // for messages, e.g. "decimal128(10, 2)"; lives as long as the call
  bool nullable;                 // as the schema says
  const uint8_t* nulls;          // one byte a value, 1 = NULL; NULL pointer: no value is NULL
  const void* values;            // array of the type named at ColumnKind, aligned for it
  const uint32_t* list_offsets;  // list: rows + 1 entries, relative to child's first value
  const ColumnView* child;       // list, fixed_list
  uint64_t rows;
};

// Text of value `row`, as PostgreSQL writes it, and its size; the value is not NULL. Of booleans, numbers, dates, times
// and what they differ by; 0 for other kinds. "NaN" and the like are no JSON numbers.
constexpr size_t kValueTextBytes = 256;
size_t value_text(const ColumnView* column, uint64_t row, char (&text)[kValueTextBytes]) noexcept;

struct Window {
  uint32_t rows;
  uint32_t column_count;
  const ColumnView* columns;
};

// Columns of the answer of a scan or query (rows 0, no values), decoded from its first entry. False with ErrorClass
// none: the answer has no schema, because it has no entry (a query without rows, spec 4.5). Lives as long as the call.
bool call_result_schema(Call* call, Window* schema, Status* status) noexcept;

// Reading an answer more than once: after call_result_keep(), called before anything was read, nothing is given back
// while it is read, and call_result_rewind() goes back to the first row. With `keep` it can be called again, without
// memory is given back as usual from there. False and a Status when the answer was not kept.
void call_result_keep(Call* call) noexcept;
bool call_result_rewind(Call* call, bool keep, Status* status) noexcept;

// Only these columns (indices into the schema; others are ignored) are decoded from here on, to the end or the next
// rewind. The views of the others have no values and no rows, and their memory is given back at once. Before anything
// was read, or after a rewind. No column at all: the windows only count rows.
void call_result_select(Call* call, const uint32_t* columns, size_t count) noexcept;

// The next rows, at most max_rows (1 to 65,536), fewer at a batch's end. False with ErrorClass none: no more rows. What
// a window points to lives until the next call of this function or the call's release. Response memory that has been
// read is given back as reading goes on. Every further entry must have the first one's schema.
bool call_result_next(Call* call, uint32_t max_rows, Window* window, Status* status) noexcept;

}  // namespace kalam
