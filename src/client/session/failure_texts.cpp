#include "client/session/failure_texts.h"

#include <strings.h>

#include <cstring>
#include <initializer_list>
#include <string>

#include "client/settings/settings.h"
#include "client/transport/tls_errors.h"

namespace kalam {
namespace {

using std::string_view;

bool contains(string_view text, string_view part) {
  return text.find(part) != string_view::npos;
}

bool contains_any(string_view text, std::initializer_list<string_view> parts) {
  for (string_view part : parts) {
    if (contains(text, part)) return true;
  }
  return false;
}

constexpr uint32_t code_bit(Code code) {
  return 1U << static_cast<unsigned>(code);
}

// Statement errors arrive as INTERNAL; inside transactions and at commit as FAILED_PRECONDITION (spec 7.5, 8.5).
constexpr uint32_t kStatement = code_bit(Code::internal) | code_bit(Code::failed_precondition);
constexpr uint32_t kGone = code_bit(Code::failed_precondition) | code_bit(Code::not_found);

constexpr uint32_t kAnyMethod = ~0U;
constexpr uint32_t kOpening = method_bit(Method::ping) | method_bit(Method::open_session);
constexpr uint32_t kEnding = method_bit(Method::commit) | method_bit(Method::rollback);
constexpr uint32_t kSql = method_bit(Method::execute_sql) | method_bit(Method::execute_query);
constexpr uint32_t kRows =
    method_bit(Method::scan) | method_bit(Method::insert) | method_bit(Method::update) | method_bit(Method::delete_row);
constexpr uint32_t kTransactional = kRows | kEnding | method_bit(Method::begin);

enum class Applied : uint8_t { no, maybe };

struct Rule {
  uint32_t methods;
  uint32_t codes;
  const char* part;  // what the text contains; empty: any text
  ErrorClass error;
  Applied applied;
  const char* message;
  const char* hint;
};

constexpr const char* kRetryTransaction = "Run the transaction again.";
constexpr const char* kBadValue = "KalamDB cannot convert a value to its column's type";

// Found by means_not_leader(), before all others.
constexpr Rule kNotLeader = {kAnyMethod,
                             kStatement,
                             "",
                             ErrorClass::not_leader,
                             Applied::no,
                             "the KalamDB node is not the leader of the data",
                             "Try again; an election takes some seconds."};

// The first rule that fits decides, so the narrower texts come first.
constexpr Rule kRules[] = {
    // An HTTP server that is no gRPC server, or a proxy in between: gRPC makes codes of HTTP's.
    {kAnyMethod,
     code_bit(Code::unimplemented) | code_bit(Code::unauthenticated) | code_bit(Code::permission_denied) |
         code_bit(Code::unknown),
     "http2 header with status", ErrorClass::protocol, Applied::maybe, "the server's answer is not KalamDB's protocol",
     "Check that the port is the server's RPC port, not its HTTP port."},
    // Every channel says that it takes no compression; gRPC's own word for an answer that is compressed all the same.
    {kAnyMethod, code_bit(Code::unimplemented), "Compression algorithm '", ErrorClass::protocol, Applied::maybe,
     "the server's answer is compressed, which was not offered",
     "Switch off compression of gRPC answers in the server, or in the proxy in between."},
    // Rows. These come first because their texts quote values, which may read like any other text.
    {kAnyMethod, kStatement | code_bit(Code::already_exists), "Primary key violation: value '",
     ErrorClass::duplicate_key, Applied::no, "duplicate key value violates the primary key", ""},
    {kAnyMethod, kStatement, "NOT NULL constraint violation: column '", ErrorClass::not_null, Applied::no,
     "null value violates a not-null constraint", ""},
    {kAnyMethod, kStatement, "is declared as non-nullable but contains null values", ErrorClass::poisoned_column,
     Applied::maybe, "a NOT NULL column of the KalamDB table contains null values",
     "Delete the rows concerned by their keys; until then only reads without that column succeed."},
    {kAnyMethod, kStatement, "(checked both hot and cold storage)", ErrorClass::row_gone, Applied::no,
     "the row to be updated does not exist", ""},
    {kAnyMethod, kStatement, "Not found: Row with ", ErrorClass::row_gone, Applied::no,
     "the row to be updated does not exist", ""},
    {kAnyMethod, kStatement, "Schema coercion failed", ErrorClass::bad_value, Applied::no, kBadValue, ""},
    {kAnyMethod, kStatement, "Embedding dimension mismatch", ErrorClass::bad_value, Applied::no, kBadValue, ""},
    {kAnyMethod, kStatement, "Invalid UUID literal '", ErrorClass::bad_value, Applied::no, kBadValue, ""},
    {kAnyMethod, kStatement, "UUID binary literal must be ", ErrorClass::bad_value, Applied::no, kBadValue, ""},
    {kAnyMethod, kStatement, "Invalid embedding JSON for column '", ErrorClass::bad_value, Applied::no, kBadValue, ""},
    {kAnyMethod, kStatement, "Failed to parse '", ErrorClass::bad_value, Applied::no, kBadValue, ""},
    {method_bit(Method::scan), kStatement, "Cannot cast string '", ErrorClass::bad_value, Applied::no, kBadValue, ""},
    {kAnyMethod, kStatement, "has unsupported or NULL value", ErrorClass::bad_value, Applied::no,
     "the KalamDB table's primary key type cannot hold rows", ""},

    // Sessions.
    {kOpening, code_bit(Code::unauthenticated), "Account locked", ErrorClass::authentication, Applied::no,
     "the KalamDB account is locked",
     "Wait until the lock ends; repeated logins with a wrong password lock an account."},
    {kOpening, code_bit(Code::unauthenticated), "missing authorization header", ErrorClass::authentication, Applied::no,
     "KalamDB requires authentication", "Set the credentials of the user mapping or server."},
    {kOpening, code_bit(Code::unauthenticated), "Missing peer TLS certificate", ErrorClass::authentication, Applied::no,
     "KalamDB requires a client certificate", "Set options \"client_cert\" and \"client_key\"."},
    {kOpening, code_bit(Code::unauthenticated), "requires initial setup", ErrorClass::authentication, Applied::no,
     "the KalamDB server has not been set up", "Set a password for the server's root account."},
    {kOpening, code_bit(Code::unauthenticated), "", ErrorClass::authentication, Applied::no,
     "KalamDB refused the credentials", "Check the credentials of the user mapping or server."},
    {kOpening, code_bit(Code::permission_denied), "requires a DBA or system account", ErrorClass::permission,
     Applied::no, "the KalamDB account may not serve PostgreSQL", "Use an account with role dba or system."},
    // The session vanished while a commit or rollback ran: it may well have succeeded (spec 2.5).
    {kEnding, code_bit(Code::failed_precondition), "session '", ErrorClass::session_gone, Applied::maybe,
     "the KalamDB session ended while the transaction was being ended", ""},
    {kAnyMethod, code_bit(Code::unauthenticated), "invalid or expired session", ErrorClass::session_gone, Applied::no,
     "the KalamDB session has ended", ""},
    {kAnyMethod, code_bit(Code::unauthenticated), "session not authenticated", ErrorClass::session_gone, Applied::no,
     "the KalamDB session has ended", ""},
    {kAnyMethod, code_bit(Code::unauthenticated), "session lease expired", ErrorClass::session_gone, Applied::no,
     "the KalamDB session has ended", ""},
    {kAnyMethod, code_bit(Code::unauthenticated), "", ErrorClass::authentication, Applied::no,
     "KalamDB refused the session's identity", ""},

    // Cluster.
    {kAnyMethod, kStatement, "is already bound to data raft group", ErrorClass::cross_group, Applied::no,
     "a KalamDB transaction cannot use tables of two data groups", ""},
    {kAnyMethod, kStatement, "must remain within one data raft group", ErrorClass::cross_group, Applied::no,
     "a KalamDB transaction cannot use tables of two data groups", ""},

    // Tables and namespaces.
    {kAnyMethod, kStatement, "Provider type mismatch for ", ErrorClass::invalid_request, Applied::no,
     "the KalamDB table is of another kind", ""},
    {kAnyMethod, kStatement, "not supported for STREAM tables", ErrorClass::unsupported, Applied::no,
     "KalamDB does not support the operation for stream tables", ""},
    {kAnyMethod, kStatement, "stream tables are not supported inside explicit transactions", ErrorClass::unsupported,
     Applied::no, "KalamDB does not support stream tables in its transactions", ""},
    {kAnyMethod, kStatement, "provider not found: ", ErrorClass::table_not_found, Applied::no,
     "the KalamDB table does not exist", ""},
    {kAnyMethod, kStatement, "Table not found: ", ErrorClass::table_not_found, Applied::no,
     "the KalamDB table does not exist", ""},
    {kSql, kStatement, "Not found: Table '", ErrorClass::table_not_found, Applied::no,
     "the KalamDB table does not exist", ""},
    {kSql, kStatement, "Idempotent conflict", ErrorClass::busy, Applied::no,
     "a KalamDB job of the same kind is running", "Try again in some seconds."},
    {kSql, kStatement, "Already exists: Table ", ErrorClass::already_exists, Applied::no,
     "the KalamDB table already exists", ""},
    {kSql, kStatement, "Already exists: Namespace ", ErrorClass::already_exists, Applied::no,
     "the KalamDB namespace already exists", ""},
    {kAnyMethod, kStatement, "Access denied: ", ErrorClass::permission, Applied::no, "KalamDB denied access", ""},

    // Transactions (spec 8.6). "not found" and " was deleted" of rows and tables were caught above.
    // The transaction of somebody who is gone; the session is given up with it.
    {method_bit(Method::begin), kStatement, "transaction block", ErrorClass::transaction_gone, Applied::maybe,
     "the KalamDB session is in another transaction", kRetryTransaction},
    {kTransactional, kStatement, "is in a failed transaction block", ErrorClass::transaction_gone, Applied::no,
     "the KalamDB transaction has failed", kRetryTransaction},
    {kTransactional, kStatement, "exceeded buffer limit", ErrorClass::transaction_gone, Applied::no,
     "the KalamDB transaction exceeded the server's buffer", "Change fewer rows in one transaction."},
    {kTransactional, kGone | code_bit(Code::internal), "timed out and was aborted", ErrorClass::transaction_gone,
     Applied::no, "the KalamDB transaction was idle for too long", kRetryTransaction},
    {kTransactional, kGone | code_bit(Code::internal), " is timed out", ErrorClass::transaction_gone, Applied::no,
     "the KalamDB transaction was idle for too long", kRetryTransaction},
    {kTransactional, kGone, "timed_out", ErrorClass::transaction_gone, Applied::no,
     "the KalamDB transaction was idle for too long", kRetryTransaction},
    {kTransactional, kGone, "while it is committ", ErrorClass::transaction_gone, Applied::maybe,
     "the KalamDB transaction is already being committed", ""},
    {kTransactional, kGone, "already committed", ErrorClass::transaction_gone, Applied::maybe,
     "the KalamDB transaction is already committed", ""},
    {kTransactional, kGone | code_bit(Code::internal), "because leader for bound raft group",
     ErrorClass::transaction_gone, Applied::no, "the KalamDB transaction ended with a change of leader",
     kRetryTransaction},
    {kTransactional, kGone, " was aborted", ErrorClass::transaction_gone, Applied::no,
     "the KalamDB transaction was aborted", kRetryTransaction},
    {kTransactional, kGone, " is aborted", ErrorClass::transaction_gone, Applied::no,
     "the KalamDB transaction was aborted", kRetryTransaction},
    {kTransactional, kGone, "not found", ErrorClass::transaction_unknown, Applied::no,
     "the KalamDB transaction no longer exists", kRetryTransaction},
    {kTransactional, kGone, "no active transaction", ErrorClass::transaction_unknown, Applied::no,
     "the KalamDB transaction no longer exists", kRetryTransaction},
    {kTransactional, kGone, "already rolled back", ErrorClass::transaction_gone, Applied::no,
     "the KalamDB transaction no longer exists", kRetryTransaction},
    {kTransactional, kGone, "while it is rol", ErrorClass::transaction_gone, Applied::no,
     "the KalamDB transaction no longer exists", kRetryTransaction},
    {kTransactional, kGone, "transaction ID mismatch", ErrorClass::transaction_unknown, Applied::no,
     "the KalamDB transaction no longer exists", kRetryTransaction},

    // Sizes.
    {kAnyMethod, code_bit(Code::out_of_range), "decoded message length too large", ErrorClass::too_large, Applied::no,
     "the request exceeds the KalamDB server's limit of 4 MiB", "Send fewer or smaller rows in one request."},
    {kSql, kStatement, "SQL query too long", ErrorClass::too_large, Applied::no,
     "the statement exceeds the KalamDB server's limit of 1 MiB", ""},
    {kAnyMethod, code_bit(Code::resource_exhausted), "eceived message larger than max", ErrorClass::too_large,
     Applied::maybe, "the response exceeds the configured limit",
     "Read fewer rows or columns, or raise the limit on the size of a response."},

    // The server is up, but not with this service or this table yet.
    {kAnyMethod, code_bit(Code::unavailable), "Operation executor not configured", ErrorClass::busy, Applied::no,
     "the KalamDB server has not started completely", "Try again in some seconds."},

    // Statement errors that are certain to have changed nothing, then those that may have.
    {kSql, kStatement, "Name cannot ", ErrorClass::sql_error, Applied::no, "KalamDB cannot run the statement", ""},
    {kSql, kStatement, "Name is too long ", ErrorClass::sql_error, Applied::no, "KalamDB cannot run the statement", ""},
    {kSql, kStatement, "contains invalid characters (", ErrorClass::sql_error, Applied::no,
     "KalamDB cannot run the statement", ""},
    {kSql, kStatement, " reserved SQL keyword ", ErrorClass::sql_error, Applied::no, "KalamDB cannot run the statement",
     ""},
    {kSql, kStatement, " is reserved and cannot be used", ErrorClass::sql_error, Applied::no,
     "KalamDB cannot run the statement", ""},
    {kSql, kStatement, "Invalid SQL: ", ErrorClass::sql_error, Applied::no, "KalamDB cannot run the statement", ""},
    {kSql, kStatement, "SQL error: ", ErrorClass::sql_error, Applied::no, "KalamDB cannot run the statement", ""},
    {kSql, kStatement, "Invalid operation: ", ErrorClass::sql_error, Applied::no, "KalamDB cannot run the statement",
     ""},
    {kSql, kStatement, "Error during planning", ErrorClass::sql_error, Applied::no, "KalamDB cannot run the statement",
     ""},
    {kSql, kStatement, "Not found: ", ErrorClass::sql_error, Applied::no, "KalamDB cannot run the statement", ""},
    {kSql, kStatement, "Already exists: ", ErrorClass::sql_error, Applied::no, "KalamDB cannot run the statement", ""},

    // What the transport says of itself as INTERNAL.
    {kAnyMethod, code_bit(Code::internal), "RST_STREAM", ErrorClass::connection_lost, Applied::maybe,
     "the KalamDB server broke off the call", ""},
    {kSql, kStatement, "", ErrorClass::sql_error, Applied::maybe, "KalamDB could not run the statement", ""},
};

const Rule* find_rule(const Failure& failure) {
  for (const Rule& rule : kRules) {
    if ((rule.methods & method_bit(failure.method)) == 0) continue;
    if (failure.code < 0 || failure.code > 16 || (rule.codes & (1U << static_cast<unsigned>(failure.code))) == 0) {
      continue;
    }
    if (contains(failure.text, rule.part)) return &rule;
  }
  return nullptr;
}

// The text between `before` and `after`, searched from the left for `before` and from the right for `after`: a value
// may hold quotes itself.
string_view between(string_view text, string_view before, string_view after, bool last) {
  size_t start = text.find(before);
  if (start == string_view::npos) return {};
  text.remove_prefix(start + before.size());
  size_t end = last ? text.rfind(after) : text.find(after);
  return end == string_view::npos ? string_view{} : text.substr(0, end);
}

void extract_names(const Failure& failure, const Secrets& secrets, Status* status) {
  string_view text = failure.text;
  string_view column;
  string_view value;
  switch (status->error) {
    case ErrorClass::duplicate_key: {
      size_t start = text.find("Primary key violation: value '");
      string_view tail = text.substr(start == string_view::npos ? 0 : start);
      for (string_view end :
           {"' already exists in column '", "' appears multiple times in the insert batch for column '",
            "' appears multiple times in the transaction batch for column '"}) {
        if (!contains(tail, end)) continue;
        value = between(tail, "value '", end, true);
        string_view rest = tail.substr(tail.rfind(end) + end.size());
        column = rest.substr(0, rest.find('\''));
        break;
      }
      break;
    }
    case ErrorClass::not_null:
      column = between(text, "NOT NULL constraint violation: column '", "' cannot be NULL", false);
      break;
    case ErrorClass::bad_value:
      column = between(text, "for column '", "'", false);
      if (column.empty()) column = between(text, "Primary key column '", "'", false);
      value = between(text, "Cannot cast string '", "' to value of ", true);
      break;
    case ErrorClass::poisoned_column:
      column = between(text, "Column '", "' is declared as non-nullable", false);
      break;
    default:
      break;
  }
  copy_text(status->column, sizeof status->column, secrets.scrub(column));
  copy_text(status->value, sizeof status->value, secrets.scrub(value));
}

// What a failed commit wraps around its cause: "…failed to commit transaction '<id>': <cause>".
constexpr string_view kCommitFailed = "failed to commit transaction";
constexpr string_view kCommitFrame = "failed to commit transaction '";

// The cause in the frame, or the whole text, up to the first quote: behind it there may be a value of the user's.
string_view unquoted_start(string_view text) {
  if (size_t frame = text.find(kCommitFrame); frame < text.find_first_of("'\"")) {
    text.remove_prefix(frame + kCommitFrame.size());
    if (size_t end = text.find("': "); end != string_view::npos) text.remove_prefix(end + 3);
  }
  return text.substr(0, text.find_first_of("'\""));
}

// Failures that speak of one row. An Insert, Update or Delete is all or nothing, but an SQL statement may have changed
// rows before the one that it fails at, and so may the commit of a transaction (spec 8.5, 10.6).
bool is_of_a_row(ErrorClass error) {
  return error == ErrorClass::duplicate_key || error == ErrorClass::not_null || error == ErrorClass::bad_value ||
         error == ErrorClass::row_gone;
}

// A commit checks the keys of all inserts before it applies anything, and stores a batch of nothing but inserts whole
// (spec 8.5). Of any other failure while changes are applied, what came before it stays.
bool commit_may_be_applied(const Failure& failure, const Status& status) {
  if (status.maybe_executed) return true;
  if (status.error == ErrorClass::duplicate_key || contains(failure.text, "Failed to insert batch rows: "))
    return false;
  if (contains(failure.text, kCommitFrame)) return true;
  return is_of_a_row(status.error) || status.error == ErrorClass::table_not_found;
}

// ---------------------------------------------------------------- facts

struct CauseText {
  const char* part;
  FailureCause cause;
};

// KalamDB has no error codes of its own: the few texts of its SQL engine that tell a cause (spec 9.2, 10), most
// specific first.
constexpr CauseText kCauses[] = {
    {"No field named", FailureCause::undefined_column},
    {"' not found in table '", FailureCause::undefined_column},  // a scan without a filter (spec 4.1)
    {"Table not found", FailureCause::undefined_table},
    {"Namespace '", FailureCause::undefined_namespace},
    {"ParserError", FailureCause::syntax},
    {"sql parser error", FailureCause::syntax},
    {"not implemented", FailureCause::not_supported},
    {"Unsupported", FailureCause::not_supported},
    {"not supported", FailureCause::not_supported},
    {"Divide by zero", FailureCause::division_by_zero},
    {"Cast error", FailureCause::invalid_text},
    {"Cannot cast", FailureCause::invalid_text},
    {"Access denied", FailureCause::access_denied},
    {"Invalid SQL", FailureCause::syntax},
    {"Error during planning", FailureCause::other_planning},
};

FailureCause cause_of(string_view text) {
  for (const CauseText& known : kCauses) {
    if (contains(text, known.part)) return known.cause;
  }
  return FailureCause::not_named;
}

// What comes from the transport, or is not understood, says nothing of what the storage did.
bool is_of_server(ErrorClass error) {
  return error != ErrorClass::cancelled && error != ErrorClass::timeout && error != ErrorClass::connection_lost &&
         error != ErrorClass::protocol;
}

void note_facts(string_view text, Status* status) {
  const bool is_table_gone = status->error == ErrorClass::table_not_found;
  status->is_definite_failure = is_of_server(status->error) && contains_any(text, {"Provider error: ", kCommitFailed});
  status->is_cleanup_pending = is_table_gone && contains(text, "provider not found");
  status->is_object_missing = is_table_gone || contains(text, "does not exist");
  status->cause = cause_of(text);
}

std::string with_endpoint(const Failure& failure, string_view text) {
  std::string detail(failure.endpoint);
  if (!detail.empty() && !text.empty()) detail += ": ";
  return detail.append(text);
}

// No connection was made, so nothing was sent. Only texts that gRPC uses before a call got a transport.
bool means_not_connected(string_view text) {
  return contains_any(text, {"failed to connect to all addresses", "connections to all backends failing",
                             "Failed to connect to remote host", "DNS resolution failed", "Connection refused",
                             "empty address list", "Domain name not found"});
}

// Failures without a rule: by code alone.
void classify_by_code(const Failure& failure, const std::string& clean, Status* status) {
  auto set = [&](ErrorClass error, bool maybe_executed, string_view message, string_view detail,
                 string_view hint = {}) {
    set_status(status, error, message, detail, hint);
    status->maybe_executed = maybe_executed;
  };
  const std::string at = with_endpoint(failure, clean);
  switch (static_cast<Code>(failure.code)) {
    case Code::cancelled:
      return set(ErrorClass::cancelled, true, "the KalamDB call was cancelled", at);
    case Code::deadline_exceeded:
      return set(ErrorClass::timeout, true, "the KalamDB call timed out", at);
    case Code::invalid_argument:
      // Found while the request was read, before anything is done (spec 4.1, 6.1, 7.1).
      return set(ErrorClass::invalid_request, false, "KalamDB refused the request", clean);
    case Code::out_of_range:
      return set(ErrorClass::invalid_request, true, "KalamDB refused the request", clean);
    case Code::not_found:
      if (failure.method == Method::scan) {
        return set(ErrorClass::table_not_found, false, "the KalamDB table does not exist", clean);
      }
      return set(ErrorClass::internal, true, "KalamDB did not find what the request names", clean);
    case Code::already_exists:
      return set(ErrorClass::already_exists, true, "the KalamDB object already exists", clean);
    case Code::permission_denied:
      return set(ErrorClass::permission, false, "KalamDB denied access", clean);
    case Code::unimplemented:
      // gRPC's own word for an answer that has a status and no message: that method was run.
      if (contains(failure.text, "No message returned")) {
        return set(ErrorClass::protocol, true, "the server's answer is not KalamDB's protocol", at);
      }
      return set(ErrorClass::unsupported, false, "the KalamDB server does not offer this operation", at,
                 "Check that the port is the server's RPC port. A server of version 0.7 mounts its PostgreSQL service "
                 "only with enabled = true in section [pg_extension] of its configuration.");
    case Code::unavailable:
      if (classify_tls_failure(failure.text, at, status)) return;
      if (means_not_connected(failure.text)) {
        return set(ErrorClass::unreachable, false, "could not connect to the KalamDB server", at, kCheckServer);
      }
      if (failure.method == Method::scan && contains(failure.text, ".") && !contains_any(failure.text, {" ", ":"})) {
        // A bare table name: known, but not loaded yet (spec 4.1).
        return set(ErrorClass::busy, false, "the KalamDB table is not ready", clean, "Try again in some seconds.");
      }
      return set(ErrorClass::connection_lost, !means_not_executed(failure.code, failure.text),
                 "the connection to the KalamDB server was lost", at);
    case Code::unknown:
      if (contains_any(failure.text, {"Stream removed", "Socket closed", "Connection reset"})) {
        return set(ErrorClass::connection_lost, true, "the connection to the KalamDB server was lost", at);
      }
      return set(ErrorClass::protocol, true, "the server's answer is not KalamDB's protocol", at,
                 "Check that the port is the server's RPC port, not its HTTP port.");
    case Code::failed_precondition:
      return set(ErrorClass::internal, true, "KalamDB refused the request in its present state", clean);
    default:
      return set(ErrorClass::internal, true, "KalamDB reported an internal error", clean);
  }
}

}  // namespace

bool means_session_gone(Method method, int code, string_view text) {
  if (code != static_cast<int>(Code::unauthenticated) || !method_info(method).needs_session) return false;
  return contains_any(text, {"invalid or expired session", "session not authenticated", "session lease expired"});
}

bool means_not_leader(int code, string_view text) {
  if (code != static_cast<int>(Code::internal) && code != static_cast<int>(Code::failed_precondition)) return false;
  const string_view start = unquoted_start(text);
  // "Raft error: Network error: gRPC error forwarding proposal: code: '…', message: "tcp connect error"": the node
  // could not reach the leader, so nothing was proposed.
  return contains(start, "Not leader for ") ||
         (contains_any(start, {"forwarding", "Network error"}) && contains(text, "tcp connect error"));
}

bool means_not_executed(int code, string_view text) {
  if (code != static_cast<int>(Code::unavailable)) return false;
  // The second form of the first text is a later gRPC's.
  return text == "GOAWAY received" || text.starts_with("GOAWAY received; Error code: ") ||
         text == "Received RST_STREAM with error code 7" || text == "Transport closed";
}

bool spoils_connection(int code, string_view text) {
  return code == static_cast<int>(Code::resource_exhausted) && contains(text, "metadata size exceeds limit");
}

void classify_failure(const Failure& failure, const Secrets& secrets, Status* status) {
  const std::string clean = secrets.scrub(failure.text);
  if (const Rule* rule = means_not_leader(failure.code, failure.text) ? &kNotLeader : find_rule(failure)) {
    set_status(status, rule->error, rule->message,
               rule->error == ErrorClass::authentication || rule->error == ErrorClass::not_leader ||
                       rule->error == ErrorClass::protocol
                   ? with_endpoint(failure, clean)
                   : clean,
               rule->hint);
    status->maybe_executed = rule->applied == Applied::maybe;
    extract_names(failure, secrets, status);
  } else {
    classify_by_code(failure, clean, status);
  }
  if (failure.method == Method::commit) status->maybe_executed = commit_may_be_applied(failure, *status);
  if ((method_bit(failure.method) & kSql) != 0 && is_of_a_row(status->error)) status->maybe_executed = true;
  if (failure.is_read) status->maybe_executed = false;
  status->grpc_code = failure.code;
  note_facts(failure.text, status);
}

// ---------------------------------------------------------------- leaders

namespace {

string_view trim(string_view text) {
  constexpr string_view kAround = " \t\r\n\"'`";
  size_t start = text.find_first_not_of(kAround);
  if (start == string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kAround) - start + 1);
}

}  // namespace

std::string named_leader(string_view text) {
  constexpr string_view kMark = "Leader: ";
  constexpr string_view kSome = "Some(";
  size_t at = text.find(kMark);
  if (at == string_view::npos) return {};
  text = trim(text.substr(at + kMark.size()));
  while (text.substr(0, kSome.size()) == kSome) {
    text = text.substr(kSome.size());
    text = trim(text.substr(0, text.find(')')));
  }
  text = text.substr(0, text.find_first_of(" \n\t\"',;"));
  Endpoint endpoint;
  return parse_endpoint(text, &endpoint) ? endpoint.text() : std::string();
}

// ---------------------------------------------------------------- answers that are no failures

bool says_created(const char* message) noexcept {
  return contains(message, "created successfully");
}

// "Storage flush started for table 'ns.t'. Job ID: FL-…"
bool find_job_id(const char* message, const char** id, size_t* size) noexcept {
  constexpr string_view kMark = "Job ID: ";
  string_view text = message;
  const size_t at = text.find(kMark);
  if (at == string_view::npos) return false;
  text.remove_prefix(at + kMark.size());
  const size_t end = text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");
  *id = text.data();
  *size = end == string_view::npos ? text.size() : end;
  return *size > 0;
}

JobState job_state_of(const char* status) noexcept {
  auto begins = [&](const char* word) { return strncasecmp(status, word, std::strlen(word)) == 0; };
  auto is = [&](const char* word) { return strcasecmp(status, word) == 0; };
  // "running", "completed" and "failed" were seen. What is skipped has not been done; the others can mean nothing else
  // than that the end is to come.
  if (is("completed")) return JobState::completed;
  if (begins("failed") || is("cancelled") || is("skipped")) return JobState::failed;
  for (const char* open : {"running", "queued", "new", "pending", "retrying"}) {
    if (is(open)) return JobState::running;
  }
  return JobState::unknown;
}

}  // namespace kalam
