#include "extension/base/report.h"

extern "C" {
#include "catalog/namespace.h"
#include "common/string.h"
#include "mb/pg_wchar.h"
}

using kalam::ErrorClass;
using kalam::FailureCause;
using kalam::Status;

// SQLSTATE of a cause that the server's SQL engine names.
static int sqlstate_of_cause(FailureCause cause) {
  switch (cause) {
    case FailureCause::undefined_column:
      return ERRCODE_UNDEFINED_COLUMN;
    case FailureCause::undefined_table:
      return ERRCODE_UNDEFINED_TABLE;
    case FailureCause::undefined_namespace:
      return ERRCODE_UNDEFINED_SCHEMA;
    case FailureCause::syntax:
      return ERRCODE_SYNTAX_ERROR;
    case FailureCause::not_supported:
      return ERRCODE_FEATURE_NOT_SUPPORTED;
    case FailureCause::division_by_zero:
      return ERRCODE_DIVISION_BY_ZERO;
    case FailureCause::invalid_text:
      return ERRCODE_INVALID_TEXT_REPRESENTATION;
    case FailureCause::access_denied:
      return ERRCODE_INSUFFICIENT_PRIVILEGE;
    case FailureCause::other_planning:
      return ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION;
    case FailureCause::not_named:
      break;
  }
  return ERRCODE_FDW_ERROR;
}

// A scan says so in a Status of another class.
static bool names_missing_column(const Status* status) {
  return status->cause == FailureCause::undefined_column;
}

// Text of one field of a Status; NULL when it is empty.
static char* status_text(const char* field, size_t capacity) {
  size_t size = strnlen(field, capacity);
  return size == 0 ? nullptr : kalam_text_from_remote(field, size);
}

static char* primary_message(const Status* status, const KalamErrorContext* context, const char* text) {
  const char* server = context->server != nullptr ? context->server : "?";
  const char* table = context->remote_table;

  switch (status->error) {
    case ErrorClass::unreachable:
      return psprintf("could not connect to KalamDB server \"%s\"", server);
    case ErrorClass::connection_lost:
      return psprintf("lost connection to KalamDB server \"%s\"", server);
    case ErrorClass::tls:
      return psprintf("could not establish a TLS connection to KalamDB server \"%s\"", server);
    case ErrorClass::authentication:
      return psprintf("KalamDB server \"%s\" refused the credentials", server);
    case ErrorClass::permission:
      return table != nullptr ? psprintf("permission denied by KalamDB for table \"%s\"", table)
                              : psprintf("permission denied by KalamDB server \"%s\"", server);
    case ErrorClass::session_gone:
      return psprintf("the session with KalamDB server \"%s\" has ended", server);
    case ErrorClass::transaction_gone:
    case ErrorClass::transaction_unknown:
      return psprintf("KalamDB server \"%s\" has ended the transaction", server);
    case ErrorClass::not_leader:
      return psprintf("no leader of the KalamDB cluster behind server \"%s\" was found", server);
    case ErrorClass::table_not_found:
      if (table != nullptr) return psprintf("KalamDB table \"%s\" does not exist", table);
      break;
    case ErrorClass::already_exists:
      if (table != nullptr) return psprintf("KalamDB table \"%s\" already exists", table);
      break;
    case ErrorClass::duplicate_key:
      return table != nullptr
                 ? psprintf("duplicate key value violates unique constraint of KalamDB table \"%s\"", table)
                 : pstrdup("duplicate key value violates unique constraint of a KalamDB table");
    case ErrorClass::not_null:
      if (status->column[0] != '\0' && table != nullptr) {
        return psprintf("null value in column \"%s\" of KalamDB table \"%s\" violates not-null constraint",
                        status_text(status->column, sizeof(status->column)), table);
      }
      break;
    case ErrorClass::row_gone:
      if (table != nullptr) return psprintf("could not serialize access: a row of KalamDB table \"%s\" is gone", table);
      break;
    case ErrorClass::busy:
      return psprintf("KalamDB server \"%s\" is busy with a job of the same kind", server);
    case ErrorClass::timeout:
      return psprintf("request to KalamDB server \"%s\" timed out", server);
    case ErrorClass::cancelled:
      return psprintf("request to KalamDB server \"%s\" was cancelled", server);
    case ErrorClass::sql_error:
      return psprintf("KalamDB server \"%s\" could not run the statement", server);
    case ErrorClass::protocol:
      return psprintf("KalamDB server \"%s\" sent an invalid response", server);
    case ErrorClass::internal:
      return psprintf("KalamDB server \"%s\" reported an error", server);
    default:
      break;
  }
  return text != nullptr ? pstrdup(text) : psprintf("KalamDB server \"%s\" reported an error", server);
}

// Texts of the server that may quote a row.
static bool quotes_values(ErrorClass error) {
  switch (error) {
    case ErrorClass::duplicate_key:
    case ErrorClass::not_null:
    case ErrorClass::bad_value:
    case ErrorClass::row_gone:
    case ErrorClass::poisoned_column:
    case ErrorClass::invalid_request:
    case ErrorClass::sql_error:
    case ErrorClass::internal:
      return true;
    default:
      return false;
  }
}

static bool hides_detail(const Status* status, const KalamErrorContext* context) {
  bool is_key = status->error == ErrorClass::duplicate_key && status->value[0] != '\0';
  return is_key ? context->hides_key : context->hides_values && quotes_values(status->error);
}

static char* detail_text(const Status* status, const KalamErrorContext* context, const char* message,
                         const char* text) {
  if (status->error == ErrorClass::duplicate_key && status->value[0] != '\0') {
    const char* column =
        status->column[0] != '\0' ? status_text(status->column, sizeof(status->column)) : context->key_column;
    if (column != nullptr) {
      return psprintf("Key (%s)=(%s) already exists.", column, status_text(status->value, sizeof(status->value)));
    }
  }
  char* detail = status_text(status->detail, sizeof(status->detail));
  // The client's sentence is lost when it is neither the message nor a part of the detail.
  if (detail == nullptr && text != nullptr && strcmp(text, message) != 0) return pstrdup(text);
  return detail;
}

static const char* hint_text(const Status* status) {
  char* hint = status_text(status->hint, sizeof(status->hint));
  if (hint != nullptr) return hint;
  switch (status->error) {
    case ErrorClass::authentication:
      return "Check the auth_* and login_* options of the user mapping and of the foreign server.";
    case ErrorClass::transaction_gone:
    case ErrorClass::transaction_unknown:
    case ErrorClass::row_gone:
      return "The transaction might succeed if retried.";
    default:
      return nullptr;
  }
}

// Whether the statement has anything to do with it.
static bool is_about_connection(ErrorClass error) {
  return error == ErrorClass::unreachable || error == ErrorClass::tls || error == ErrorClass::authentication;
}

// A statement for CONTEXT, without the rest of a very long one.
static const char* statement_text(const char* sql) {
  constexpr int SHOWN_BYTES = 2000;
  size_t size = strlen(sql);
  if (size <= SHOWN_BYTES) return sql;
  return psprintf("%.*s...", pg_mbcliplen(sql, (int)size, SHOWN_BYTES), sql);
}

// Bytes that can be shown in any encoding.
static char* ascii_copy(const char* text, size_t size) {
  char* copy = (char*)palloc(size + 1);
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)text[i];
    copy[i] = byte == '\0' || byte >= 0x80 ? '?' : (char)byte;
  }
  copy[size] = '\0';
  return copy;
}

char* kalam_text_from_remote(const char* text, size_t size) {
  int encoding = GetDatabaseEncoding();

  if (size > MaxAllocSize / MAX_CONVERSION_GROWTH) size = MaxAllocSize / MAX_CONVERSION_GROWTH;
  if (memchr(text, '\0', size) != nullptr || pg_encoding_verifymbstr(PG_UTF8, text, (int)size) != (int)size) {
    return ascii_copy(text, size);
  }
  if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII || pg_is_ascii(pnstrdup(text, size))) return pnstrdup(text, size);

  // Catalog access is needed to find a conversion; without a transaction plain ASCII must do.
  if (!IsTransactionState()) return ascii_copy(text, size);
  Oid conversion = FindDefaultConversionProc(PG_UTF8, encoding);
  if (!OidIsValid(conversion)) return ascii_copy(text, size);

  size_t capacity = size * MAX_CONVERSION_GROWTH + 1;
  char* converted = (char*)palloc(capacity);
  int used = pg_do_encoding_conversion_buf(conversion, PG_UTF8, encoding, (unsigned char*)(char*)text, (int)size,
                                           (unsigned char*)converted, (int)capacity, true);
  if (used < (int)size) return ascii_copy(text, size);
  return converted;
}

char* kalam_printable(const char* text) {
  size_t size = strlen(text);
  char* copy = (char*)palloc(size + 1);
  if (GetDatabaseEncoding() == PG_UTF8) {
    kalam::printable_text(copy, size + 1, text, size);
    return copy;
  }
  // What was UTF-8 on its way. In other encodings the controls of ASCII have bytes of their own.
  for (size_t i = 0; i <= size; i++) {
    unsigned char byte = (unsigned char)text[i];
    copy[i] = byte == '\0' || (byte >= 0x20 && byte != 0x7F) ? text[i] : isspace(byte) ? ' ' : '?';
  }
  return copy;
}

int kalam_sqlstate(const Status* status) {
  switch (status->error) {
    case ErrorClass::none:
      return ERRCODE_SUCCESSFUL_COMPLETION;
    case ErrorClass::unreachable:
    case ErrorClass::tls:
      return ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION;
    case ErrorClass::connection_lost:
    case ErrorClass::session_gone:
      return ERRCODE_CONNECTION_FAILURE;
    case ErrorClass::authentication:
      return ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION;
    case ErrorClass::permission:
      return ERRCODE_INSUFFICIENT_PRIVILEGE;
    case ErrorClass::transaction_gone:
    case ErrorClass::transaction_unknown:
      return ERRCODE_TRANSACTION_ROLLBACK;
    case ErrorClass::not_leader:
      return ERRCODE_CANNOT_CONNECT_NOW;
    case ErrorClass::table_not_found:
      return ERRCODE_UNDEFINED_TABLE;
    case ErrorClass::already_exists:
      return ERRCODE_DUPLICATE_TABLE;
    case ErrorClass::duplicate_key:
      return ERRCODE_UNIQUE_VIOLATION;
    case ErrorClass::not_null:
      return ERRCODE_NOT_NULL_VIOLATION;
    case ErrorClass::bad_value:
      return ERRCODE_DATA_EXCEPTION;
    case ErrorClass::row_gone:
      return ERRCODE_T_R_SERIALIZATION_FAILURE;
    case ErrorClass::cross_group:
    case ErrorClass::unsupported:
      return ERRCODE_FEATURE_NOT_SUPPORTED;
    case ErrorClass::poisoned_column:
      return ERRCODE_NULL_VALUE_NOT_ALLOWED;
    case ErrorClass::invalid_request:
      return names_missing_column(status) ? ERRCODE_UNDEFINED_COLUMN : ERRCODE_INVALID_PARAMETER_VALUE;
    case ErrorClass::sql_error:
      return sqlstate_of_cause(status->cause);
    case ErrorClass::busy:
      return ERRCODE_OBJECT_IN_USE;
    case ErrorClass::too_large:
      return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
    case ErrorClass::timeout:
    case ErrorClass::cancelled:
      return ERRCODE_QUERY_CANCELED;
    case ErrorClass::protocol:
      return ERRCODE_PROTOCOL_VIOLATION;
    case ErrorClass::out_of_memory:
      return ERRCODE_OUT_OF_MEMORY;
    case ErrorClass::internal:
      return names_missing_column(status) ? ERRCODE_UNDEFINED_COLUMN : ERRCODE_FDW_ERROR;
  }
  return ERRCODE_FDW_ERROR;
}

void kalam_report_at(int elevel, int sqlstate, const Status* status, const KalamErrorContext* context) {
  static const KalamErrorContext nothing = {};

  if (context == nullptr) context = &nothing;
  char* text = status_text(status->message, sizeof(status->message));
  char* message = primary_message(status, context, text);
  char* detail = detail_text(status, context, message, text);
  const char* hint = hint_text(status);
  const char* remote_sql = is_about_connection(status->error) || context->remote_sql == nullptr
                               ? nullptr
                               : statement_text(context->remote_sql);

  ereport(elevel, (errcode(sqlstate != 0 ? sqlstate : kalam_sqlstate(status)), errmsg_internal("%s", message),
                   detail == nullptr               ? 0
                   : hides_detail(status, context) ? errdetail_log("%s", detail)
                                                   : errdetail_internal("%s", detail),
                   hint != nullptr ? errhint("%s", hint) : 0,
                   context->relation != nullptr ? errcontext("foreign table \"%s\"", context->relation) : 0,
                   remote_sql != nullptr ? errcontext("remote SQL command: %s", remote_sql) : 0));
}

void kalam_report(const Status* status, const KalamErrorContext* context) {
  kalam_report_at(ERROR, 0, status, context);
  pg_unreachable();
}
