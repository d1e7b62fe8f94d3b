// From texts to structured errors. The texts are those of the specification.
#include "client/session/failure_texts.h"

#include <gmock/gmock.h>

#include "client/base/status.h"

namespace kalam::test {
namespace {

using ::testing::HasSubstr;

struct Case {
  Method method;
  Code code;
  const char* text;
  ErrorClass error;
  bool maybe_executed;
  const char* column = "";
  const char* value = "";
};

constexpr char kInsertPrefix[] =
    "Raft error: Internal error: Provider error: Execution error: Failed to insert batch: ";
#define INSERT_PREFIX "Raft error: Internal error: Provider error: Execution error: Failed to insert batch: "
#define COMMIT_PREFIX \
  "Invalid operation: failed to commit transaction '0197': Raft error: Provider error: Execution error: "

const Case kCases[] = {
    // Sessions and accounts (2.5, 3.2).
    {Method::open_session, Code::unauthenticated, "authentication failed: Invalid credentials: Invalid credentials",
     ErrorClass::authentication, false},
    {Method::ping, Code::unauthenticated, "missing authorization header", ErrorClass::authentication, false},
    {Method::open_session, Code::unauthenticated,
     "authentication failed: Account locked until 2026. Too many failed login attempts.", ErrorClass::authentication,
     false},
    {Method::open_session, Code::permission_denied, "pg rpc requires a DBA or system account", ErrorClass::permission,
     false},
    {Method::open_session, Code::permission_denied,
     "Unrecognised peer CN 'x': expected 'kalamdb-pg-{name}' or 'kalamdb-node-{id}'", ErrorClass::permission, false},
    {Method::scan, Code::unauthenticated, "invalid or expired session", ErrorClass::session_gone, false},
    {Method::insert, Code::unauthenticated, "session not authenticated", ErrorClass::session_gone, false},
    {Method::commit, Code::failed_precondition, "session 'pg-1-ab' not found", ErrorClass::session_gone, true},
    {Method::scan, Code::unavailable, "Operation executor not configured", ErrorClass::busy, false},
    // Rows (7.5).
    {Method::insert, Code::internal,
     INSERT_PREFIX "Already exists: Primary key violation: value '1' already exists in column 'id'",
     ErrorClass::duplicate_key, false, "id", "1"},
    {Method::insert, Code::internal,
     INSERT_PREFIX
     "Already exists: Primary key violation: value 'it's' appears multiple times in the insert batch for column 'pk'",
     ErrorClass::duplicate_key, false, "pk", "it's"},
    {Method::commit, Code::failed_precondition,
     COMMIT_PREFIX
     "Failed to insert batch row: Already exists: Primary key violation: value '1' already exists in column 'id' (hot "
     "storage)",
     ErrorClass::duplicate_key, false, "id", "1"},
    {Method::execute_sql, Code::internal,
     "Execution error: Already exists: Primary key violation: value '7' already exists in column 'pk'",
     ErrorClass::duplicate_key, true, "pk", "7"},
    {Method::insert, Code::internal,
     INSERT_PREFIX
     "Constraint violation: Execution error: NOT NULL constraint violation: column 'a' cannot be NULL (row 1)",
     ErrorClass::not_null, false, "a"},
    {Method::commit, Code::failed_precondition,
     COMMIT_PREFIX
     "Failed to insert batch rows: Constraint violation: Execution error: NOT NULL constraint violation: column 'a' "
     "cannot be NULL (row 1)",
     ErrorClass::not_null, false, "a"},
    {Method::commit, Code::failed_precondition,
     COMMIT_PREFIX "Failed to update row: Not found: Row with id=999 not found (checked both hot and cold storage)",
     ErrorClass::row_gone, true},
    {Method::update, Code::internal,
     "Raft error: Internal error: Provider error: Execution error: Failed to update row: Not found: Row with id=1 was "
     "deleted",
     ErrorClass::row_gone, false},
    {Method::insert, Code::internal,
     INSERT_PREFIX
     "Invalid operation: Schema coercion failed: Unable to cast value Utf8 to Int32 for column 'n': Arrow error: Cast "
     "error: Cannot cast string 'abc' to value of Int32 type",
     ErrorClass::bad_value, false, "n", "abc"},
    {Method::insert, Code::internal,
     INSERT_PREFIX "Invalid operation: Primary key column 'u' has unsupported or NULL value", ErrorClass::bad_value,
     false, "u"},
    {Method::delete_row, Code::internal,
     "Raft error: Internal error: Provider error: Execution error: Failed to delete row: Invalid operation: Failed to "
     "parse 'x' as Int64: invalid digit found in string",
     ErrorClass::bad_value, false},
    {Method::scan, Code::internal,
     "Execution error: shared_table_scan failed: Invalid operation: Failed to build Arrow batch: Failed to build "
     "record "
     "batch: Invalid argument error: Column 'c' is declared as non-nullable but contains null values",
     ErrorClass::poisoned_column, false, "c"},
    {Method::insert, Code::internal, INSERT_PREFIX "Invalid operation: Invalid UUID literal 'x' for column 'u': length",
     ErrorClass::bad_value, false, "u"},
    {Method::insert, Code::internal, "Row rejected: UUID binary literal must be 16 bytes for column 'u', got 2",
     ErrorClass::bad_value, false, "u"},
    {Method::insert, Code::internal, "Invalid embedding JSON for column 'e': expected value at line 1",
     ErrorClass::bad_value, false, "e"},
    {Method::update, Code::internal, "Provider error: Not found: Row with id=1 was deleted", ErrorClass::row_gone,
     false},
    {Method::update, Code::internal,
     "Raft error: Internal error: Provider error: Execution error: Failed to update row: Invalid operation: UPDATE is "
     "not supported for STREAM tables",
     ErrorClass::unsupported, false},
    {Method::insert, Code::failed_precondition,
     "Invalid operation: stream tables are not supported inside explicit transactions", ErrorClass::unsupported, false},
    {Method::insert, Code::internal,
     "Raft error: Internal error: Provider error: Execution error: Provider type mismatch for shared table a:b",
     ErrorClass::invalid_request, false},
    // A write may have been applied before something was read again.
    {Method::update, Code::internal, "Column 'c' is declared as non-nullable but contains null values",
     ErrorClass::poisoned_column, true, "c"},
    // Other words around the cause, and no frame: a commit of mixed changes may have stopped in the middle.
    {Method::commit, Code::internal, "NOT NULL constraint violation: column 'a' cannot be NULL (row 1)",
     ErrorClass::not_null, true, "a"},
    {Method::commit, Code::failed_precondition, "Schema coercion failed: Unable to cast for column 'a': x",
     ErrorClass::bad_value, true, "a"},
    {Method::commit, Code::failed_precondition, "Shared table provider not found: app:items",
     ErrorClass::table_not_found, true},
    {Method::commit, Code::internal, "Primary key violation: value '1' already exists in column 'id'",
     ErrorClass::duplicate_key, false, "id", "1"},
    {Method::commit, Code::failed_precondition, COMMIT_PREFIX "Failed to delete row: something new",
     ErrorClass::internal, true},
    {Method::commit, Code::failed_precondition, "something new", ErrorClass::internal, true},
    {Method::commit, Code::invalid_argument, "transaction id must be a UUID v7", ErrorClass::invalid_request, false},
    // A statement in SQL may have changed rows before the one that it fails at.
    {Method::execute_sql, Code::internal,
     "Invalid operation: Schema coercion failed: Unable to cast value Utf8 to Int32 for column 'n': x",
     ErrorClass::bad_value, true, "n"},
    // Values may read like any text of the server.
    {Method::insert, Code::internal,
     INSERT_PREFIX
     "Already exists: Primary key violation: value 'Not leader for shard. Leader: None' already exists in column 'id'",
     ErrorClass::duplicate_key, false, "id", "Not leader for shard. Leader: None"},
    {Method::commit, Code::failed_precondition,
     COMMIT_PREFIX
     "Failed to insert batch row: Already exists: Primary key violation: value 'session 'tcp connect error' already "
     "exists in column 'id' (hot storage)",
     ErrorClass::duplicate_key, false, "id", "session 'tcp connect error"},
    // Tables.
    {Method::scan, Code::not_found, "app.items", ErrorClass::table_not_found, false},
    {Method::scan, Code::unavailable, "app.items", ErrorClass::busy, false},
    {Method::insert, Code::internal,
     "Raft error: Internal error: Provider error: Shared table provider not found: app:items",
     ErrorClass::table_not_found, false},
    {Method::execute_query, Code::internal, "Table not found: Error during planning: table 'kalam.app.items' not found",
     ErrorClass::table_not_found, false},
    {Method::execute_sql, Code::internal, "Not found: Table 't' not found in namespace 'ns'",
     ErrorClass::table_not_found, false},
    {Method::execute_sql, Code::internal, "Already exists: Namespace 'ns' already exists", ErrorClass::already_exists,
     false},
    {Method::execute_sql, Code::internal, "Already exists: Table cf_ddl.s1 already exists", ErrorClass::already_exists,
     false},
    {Method::execute_sql, Code::internal,
     "Already exists: UPDATE operation on table 'a.b' / caused by / Error during planning: UPDATE cannot modify "
     "primary "
     "key column 'id'",
     ErrorClass::sql_error, false},
    {Method::execute_sql, Code::internal,
     "Idempotent conflict: Job with idempotency key 'drop-ns-t' is already running or queued", ErrorClass::busy, false},
    {Method::scan, Code::internal,
     "Error during planning: Access denied: Role 'Service' cannot access table 'a.b'. Shared table access denied "
     "(access_level=Dba)",
     ErrorClass::permission, false},
    {Method::insert, Code::permission_denied, "cannot insert into system tables", ErrorClass::permission, false},
    // Transactions (8.3, 8.6).
    {Method::insert, Code::failed_precondition,
     "Invalid operation: explicit transaction 'x' is already bound to data raft group 'data:shared:00' and cannot "
     "access table 'a:b' in group 'data:user:08'",
     ErrorClass::cross_group, false},
    {Method::commit, Code::failed_precondition, "Not found: transaction 'x' not found", ErrorClass::transaction_unknown,
     false},
    {Method::insert, Code::failed_precondition,
     "Invalid operation: cannot stage writes in transaction 'x' because it timed out and was aborted",
     ErrorClass::transaction_gone, false},
    {Method::commit, Code::failed_precondition,
     "Invalid operation: cannot commit transaction 'x' while it is committing", ErrorClass::transaction_gone, true},
    {Method::scan, Code::internal, "Execution error: transaction 'x' is timed out", ErrorClass::transaction_gone,
     false},
    {Method::commit, Code::failed_precondition,
     "transaction 'x' was aborted because leader for bound raft group 'g' changed from node '1' to '2'; retry in a new "
     "transaction",
     ErrorClass::transaction_gone, false},
    {Method::insert, Code::invalid_argument, "transactional INSERT requires primary key column 'id'",
     ErrorClass::invalid_request, false},
    {Method::commit, Code::failed_precondition, COMMIT_PREFIX "Shared table provider not found: app:items",
     ErrorClass::table_not_found, true},
    // Statements (9.2).
    {Method::execute_query, Code::internal, "Invalid SQL: sql parser error: Expected: an expression",
     ErrorClass::sql_error, false},
    {Method::execute_query, Code::internal,
     "Execution error: SQL error: ParserError(\"Expected: x at Line: 1, Column: 8\")", ErrorClass::sql_error, false},
    {Method::execute_sql, Code::internal, "Execution error: Arrow error: Divide by zero error", ErrorClass::sql_error,
     true},
    {Method::execute_sql, Code::invalid_argument, "sql must not be empty", ErrorClass::invalid_request, false},
    {Method::execute_sql, Code::internal, "Invalid SQL: SQL query too long: 2000000 bytes (maximum 1048576 bytes)",
     ErrorClass::too_large, false},
    // Sizes and transport.
    {Method::insert, Code::out_of_range,
     "Error, decoded message length too large: found 4194305 bytes, the limit is: 4194304 bytes", ErrorClass::too_large,
     false},
    {Method::insert, Code::unavailable, "Socket closed", ErrorClass::connection_lost, true},
    {Method::commit, Code::unavailable, "recvmsg:Connection reset by peer", ErrorClass::connection_lost, true},
    {Method::insert, Code::unavailable,
     "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Failed to connect to remote host: "
     "Connection refused",
     ErrorClass::unreachable, false},
    {Method::commit, Code::unavailable, "failed to connect to all addresses", ErrorClass::unreachable, false},
    {Method::insert, Code::unavailable, "DNS resolution failed for service: nowhere:9188", ErrorClass::unreachable,
     false},
    {Method::insert, Code::internal, "Received RST_STREAM with error code 2", ErrorClass::connection_lost, true},
    {Method::insert, Code::unknown, "Stream removed", ErrorClass::connection_lost, true},
    {Method::insert, Code::unimplemented, "", ErrorClass::unsupported, false},
    {Method::scan, Code::unimplemented, "Received http2 header with status: 404", ErrorClass::protocol, false},
    {Method::open_session, Code::unauthenticated, "Received http2 header with status: 401", ErrorClass::protocol,
     false},
    {Method::insert, Code::permission_denied, "Received http2 header with status: 403", ErrorClass::protocol, true},
    {Method::insert, Code::deadline_exceeded, "Deadline Exceeded", ErrorClass::timeout, true},
    {Method::commit, Code::cancelled, "CANCELLED", ErrorClass::cancelled, true},
    {Method::insert, Code::internal, "something new", ErrorClass::internal, true},
    // The same codes with texts that nobody knows: only what is found while a request is read proves anything.
    {Method::insert, Code::invalid_argument, "something new", ErrorClass::invalid_request, false},
    {Method::insert, Code::permission_denied, "something new", ErrorClass::permission, false},
    {Method::insert, Code::failed_precondition, "something new", ErrorClass::internal, true},
    {Method::insert, Code::not_found, "something new", ErrorClass::internal, true},
    {Method::insert, Code::already_exists, "something new", ErrorClass::already_exists, true},
    {Method::insert, Code::out_of_range, "something new", ErrorClass::invalid_request, true},
    {Method::insert, Code::aborted, "something new", ErrorClass::internal, true},
    {Method::insert, Code::data_loss, "something new", ErrorClass::internal, true},
    {Method::insert, Code::resource_exhausted, "something new", ErrorClass::internal, true},
    {Method::insert, Code::unavailable, "app.items", ErrorClass::connection_lost, true},
    {Method::insert, Code::unimplemented, "No message returned for unary request", ErrorClass::protocol, true},
    // DDL that was refused by name.
    {Method::execute_sql, Code::internal, "Name cannot start with a number", ErrorClass::sql_error, false},
    {Method::execute_sql, Code::internal, "Name is too long (65 characters, max 64)", ErrorClass::sql_error, false},
    {Method::execute_sql, Code::internal, "Namespace 'system' is reserved and cannot be used", ErrorClass::sql_error,
     false},
    {Method::execute_sql, Code::internal, "Name 'select' is a reserved SQL keyword and cannot be used",
     ErrorClass::sql_error, false},
    {Method::execute_sql, Code::internal,
     "Name 'a-b' contains invalid characters (only alphanumeric and underscore allowed)", ErrorClass::sql_error, false},
    // R2 (2.4, 8.1).
    {Method::begin, Code::failed_precondition, "backend session 'x' already has an active transaction block",
     ErrorClass::transaction_gone, true},
    {Method::insert, Code::failed_precondition, "backend session 'x' is in a failed transaction block until rollback",
     ErrorClass::transaction_gone, false},
    {Method::commit, Code::failed_precondition, "transaction ID mismatch: expected 'a', got 'b'",
     ErrorClass::transaction_unknown, false},
    {Method::scan, Code::unauthenticated, "shared-table operations require an authenticated principal",
     ErrorClass::authentication, false},
    // Leaders (13).
    {Method::insert, Code::internal,
     "Raft error: Network error: gRPC error forwarding proposal: code: 'The service is currently unavailable', "
     "message: "
     "\"tcp connect error\"",
     ErrorClass::not_leader, false},
    {Method::commit, Code::failed_precondition,
     "Invalid operation: failed to commit transaction '0197': Raft error: Not leader for shard. Leader: None",
     ErrorClass::not_leader, true},
    {Method::scan, Code::internal, "External error: Not leader for shard. Leader: http://127.0.0.1:8080",
     ErrorClass::not_leader, false},
    {Method::insert, Code::failed_precondition, "Not leader for group data:shared:00: leader is node Some(2)",
     ErrorClass::not_leader, false},
};

TEST(ErrorsTest, Texts) {
  for (const Case& c : kCases) {
    Status status;
    const bool is_read = c.method == Method::scan || c.method == Method::ping || c.method == Method::open_session;
    classify_failure({c.method, static_cast<int>(c.code), c.text, "node:9188", is_read}, {}, &status);
    EXPECT_STREQ(error_class_name(status.error), error_class_name(c.error)) << c.text;
    EXPECT_EQ(status.maybe_executed, c.maybe_executed) << c.text;
    EXPECT_STREQ(status.column, c.column) << c.text;
    EXPECT_STREQ(status.value, c.value) << c.text;
    EXPECT_EQ(status.grpc_code, static_cast<int>(c.code));
    EXPECT_THAT(status.detail, HasSubstr(c.text)) << "KalamDB's text stays";
    // PostgreSQL's style: lower case first (but for the product's name), no period.
    const std::string message = status.message;
    ASSERT_FALSE(message.empty()) << c.text;
    EXPECT_TRUE(std::islower(message[0]) != 0 || message.starts_with("KalamDB") || message.starts_with("TLS"))
        << message;
    EXPECT_NE(message.back(), '.') << message;
    const std::string hint = status.hint;
    if (!hint.empty()) {
      EXPECT_EQ(hint.back(), '.') << hint;
    }
  }
}

Status classified(Method method, Code code, const char* text) {
  Status status;
  classify_failure({method, static_cast<int>(code), text, "node:9188", false}, {}, &status);
  return status;
}

TEST(ErrorsTest, TheServersOwnWordOnAChangeIsADefiniteFailure) {
  EXPECT_TRUE(classified(Method::insert, Code::internal, INSERT_PREFIX "disk full").is_definite_failure);
  EXPECT_TRUE(
      classified(Method::commit, Code::failed_precondition, "failed to commit transaction").is_definite_failure);
  EXPECT_FALSE(classified(Method::insert, Code::internal, "something new").is_definite_failure);
  EXPECT_FALSE(classified(Method::insert, Code::cancelled, INSERT_PREFIX "x").is_definite_failure);
  EXPECT_FALSE(classified(Method::insert, Code::unknown, INSERT_PREFIX "x").is_definite_failure);
}

TEST(ErrorsTest, ACleanupIsPendingWhereTheProviderIsMissing) {
  EXPECT_TRUE(classified(Method::insert, Code::internal, "provider not found: app.t").is_cleanup_pending);
  EXPECT_FALSE(classified(Method::insert, Code::internal, "Table not found: app.t").is_cleanup_pending);
}

TEST(ErrorsTest, WhatAStatementNamesMayBeMissing) {
  EXPECT_TRUE(classified(Method::execute_sql, Code::internal, "Column 'c' does not exist").is_object_missing);
  EXPECT_TRUE(classified(Method::execute_sql, Code::internal, "Table not found: app.t").is_object_missing);
  EXPECT_FALSE(classified(Method::execute_sql, Code::internal, "Already exists: Table 't'").is_object_missing);
}

TEST(ErrorsTest, CausesOfStatementErrorsAreNamed) {
  auto cause = [](const char* text) { return classified(Method::execute_sql, Code::internal, text).cause; };
  EXPECT_EQ(cause("Schema error: No field named x"), FailureCause::undefined_column);
  EXPECT_EQ(cause("Not found: Namespace 'x' does not exist"), FailureCause::undefined_namespace);
  EXPECT_EQ(cause("SQL error: ParserError(\"x\")"), FailureCause::syntax);
  EXPECT_EQ(cause("This feature is not implemented: x"), FailureCause::not_supported);
  EXPECT_EQ(cause("Divide by zero"), FailureCause::division_by_zero);
  EXPECT_EQ(cause("Error during planning: x"), FailureCause::other_planning);
  EXPECT_EQ(cause("something new"), FailureCause::not_named);
}

struct Reworded {
  ErrorClass error;
  const char* detail;
  const char* expected;
};

TEST(ErrorsTest, FailedConnectionsAreToldInTheWordsOfWhoMendsThem) {
  constexpr Reworded kDetails[] = {
      {ErrorClass::unreachable,
       "127.0.0.1:9188: failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:9188: Failed to "
       "connect "
       "to remote host: Connection refused",
       "127.0.0.1:9188: connection refused"},
      {ErrorClass::unreachable,
       "kalam.example:9188: failed to connect to all addresses; last error: UNAVAILABLE: ipv6:%5B::1%5D:9188: Failed "
       "to "
       "connect to remote host: FD Shutdown",
       "kalam.example:9188 (::1): the connection attempt timed out"},
      {ErrorClass::unreachable, "no-such-host:9188: DNS resolution failed for no-such-host:9188: Domain name not found",
       "no-such-host:9188: host name not found"},
      {ErrorClass::tls, "kalam.example:9188: last error: UNKNOWN: Ssl handshake failed",
       "kalam.example:9188: a message"},
      {ErrorClass::internal, "kalam.example:9188: Connection refused", "kalam.example:9188: Connection refused"},
      {ErrorClass::tls, "File \"/x: y\" holds no PEM text.", "File \"/x: y\" holds no PEM text."},
      {ErrorClass::connection_lost, "", ""},
  };
  for (const Reworded& c : kDetails) {
    Status status;
    set_status(&status, c.error, "a message", c.detail);
    reword_connection_failure(&status);
    EXPECT_STREQ(status.detail, c.expected);
  }
}

TEST(ErrorsTest, AnHttpPortIsSuspectedWhereTheAnswerIsNotHttp2) {
  Status status;
  set_status(&status, ErrorClass::unreachable, "x", "h:1: last error: UNKNOWN: Failed parsing HTTP/2: x");
  reword_connection_failure(&status);
  EXPECT_THAT(std::string(status.hint), HasSubstr("probably names the server's HTTP port"));
  EXPECT_THAT(std::string(status.detail), HasSubstr("the answer is not HTTP/2"));
}

TEST(AnswersTest, JobsAndNamespaces) {
  const char* id = nullptr;
  size_t size = 0;
  ASSERT_TRUE(find_job_id("Storage flush started for table 'a.b'. Job ID: FL-1a2b.", &id, &size));
  EXPECT_EQ(std::string_view(id, size), "FL-1a2b");
  EXPECT_FALSE(find_job_id("Storage flush started. Job ID: ", &id, &size));
  EXPECT_FALSE(find_job_id("done", &id, &size));
  EXPECT_EQ(job_state_of("Running"), JobState::running);
  EXPECT_EQ(job_state_of("completed"), JobState::completed);
  EXPECT_EQ(job_state_of("failed: disk full"), JobState::failed);
  EXPECT_EQ(job_state_of("skipped"), JobState::failed);
  EXPECT_EQ(job_state_of("sleeping"), JobState::unknown);
  EXPECT_TRUE(says_created("Namespace 'a' created successfully"));
  EXPECT_FALSE(says_created("Namespace 'a' already exists"));
}

TEST(ErrorsTest, ReadsAreNeverMaybeExecuted) {
  for (int code = 1; code <= 16; ++code) {
    Status status;
    classify_failure({Method::execute_query, code, "x", "node:1", true}, {}, &status);
    EXPECT_FALSE(status.maybe_executed) << code;
  }
}

TEST(ErrorsTest, LongTextsAreCutBetweenCharacters) {
  Status status;
  std::string text = kInsertPrefix + std::string("Already exists: Primary key violation: value '");
  for (int i = 0; i < 2'000; ++i) text += "ä";
  text += "' already exists in column 'id'";
  classify_failure({Method::insert, 13, text, "n:1", false}, {}, &status);
  EXPECT_EQ(status.error, ErrorClass::duplicate_key);
  EXPECT_TRUE(is_valid_utf8(status.value));
  EXPECT_EQ(std::string_view(status.value).size(), 254U) << "255 bytes hold 127 characters of two";
  EXPECT_TRUE(is_valid_utf8(status.detail));
  EXPECT_STREQ(status.column, "id");
}

TEST(ErrorsTest, AnyBytesAreTaken) {
  for (int code = -3; code < 40; ++code) {
    Status status;
    classify_failure({Method::scan, code, std::string_view("\xff\xc3\0\x01' value '\xed\xa0\x80", 17), "n:1", true}, {},
                     &status);
    EXPECT_TRUE(is_valid_utf8(status.detail));
    EXPECT_NE(status.error, ErrorClass::none);
  }
}

TEST(StatusTest, CopiesAreCutAndCleaned) {
  char field[8];
  copy_text(field, sizeof field, "1234567890");
  EXPECT_STREQ(field, "1234567");
  copy_text(field, sizeof field, "12345€");
  EXPECT_STREQ(field, "12345") << "three bytes do not fit into two";
  copy_text(field, sizeof field, std::string_view("a\0b\x7f\xff\n", 6));
  EXPECT_STREQ(field, "a?b?? ");
  copy_text(field, sizeof field, "");
  EXPECT_STREQ(field, "");
}

TEST(StatusTest, Utf8) {
  for (const char* good : {"", "a", "ä", "€", "😀", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "a\xc3"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
  }
}

TEST(SecretsTest, Scrubbed) {
  Secrets secrets;
  secrets.add("abc");
  secrets.add("hunter2");
  secrets.add("hunter2hunter2");
  EXPECT_EQ(secrets.scrub("hunter2hunter2 and hunter2 and abc"), "*** and *** and abc");
  // What a line break or an invalid byte divides is shown as one, with a blank or a question mark.
  secrets.add("correct horse");
  secrets.add("batt\x01ry");
  EXPECT_EQ(secrets.scrub("correct\nhorse, correct\xe2\x80\xa8horse, batt\xffry, batt\x01ry"), "***, ***, ***, ***");
  EXPECT_EQ(secrets.scrub("got Basic QWxhZGRpbjpvcGVu, bearer eyJhbGciOi.x.y!"), "got Basic ***, bearer ***!");
  EXPECT_EQ(secrets.scrub("must start with 'Basic ' or 'Bearer '"), "must start with 'Basic ' or 'Bearer '");
}

TEST(ErrorClassTest, EveryClassHasAName) {
  for (int i = 0; i <= static_cast<int>(ErrorClass::internal); ++i) {
    EXPECT_STRNE(error_class_name(static_cast<ErrorClass>(i)), "unknown") << i;
  }
}

}  // namespace
}  // namespace kalam::test
