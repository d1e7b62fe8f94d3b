#include "extension/base/settings.h"

#include "extension/base/report.h"

extern "C" {
#include "mb/pg_wchar.h"
}

static char* setting_user_id;
static int setting_max_response_kb;
static bool setting_auto_flush = true;
static bool setting_enable_batched_join = true;
static bool setting_explain;
static int setting_server_version_limit = 100000;
static int setting_catalog_lifetime_ms = 1000;
static int setting_snowflake_worker_id;
static int setting_write_mode = (int)KalamWriteMode::atomic;
static int setting_check_keys = (int)KalamCheckKeys::statement;
static int setting_isolation = (int)KalamIsolation::strict;
static int setting_snapshot_keep_alive_ms = 60000;
static int setting_unsupported_ddl = (int)KalamUnsupportedDdl::error;
static int setting_serial = (int)KalamSerial::snowflake;
static int setting_system_columns = (int)KalamSystemColumns::none;

const struct config_enum_entry kalam_system_columns_values[] = {{"none", (int)KalamSystemColumns::none, false},
                                                                {"user", (int)KalamSystemColumns::user, false},
                                                                {"all", (int)KalamSystemColumns::all, false},
                                                                {nullptr, 0, false}};

static const struct config_enum_entry SERIALS[] = {{"snowflake", (int)KalamSerial::snowflake, false},
                                                   {"sequence", (int)KalamSerial::sequence, false},
                                                   {nullptr, 0, false}};

static const struct config_enum_entry WRITE_MODES[] = {{"atomic", (int)KalamWriteMode::atomic, false},
                                                       {"autocommit", (int)KalamWriteMode::autocommit, false},
                                                       {nullptr, 0, false}};

static const struct config_enum_entry CHECK_KEYS[] = {{"statement", (int)KalamCheckKeys::statement, false},
                                                      {"commit", (int)KalamCheckKeys::commit, false},
                                                      {nullptr, 0, false}};

static const struct config_enum_entry ISOLATIONS[] = {{"strict", (int)KalamIsolation::strict, false},
                                                      {"relaxed", (int)KalamIsolation::relaxed, false},
                                                      {nullptr, 0, false}};

static const struct config_enum_entry UNSUPPORTED_DDL[] = {
    {"error", (int)KalamUnsupportedDdl::error, false},
    {"notice", (int)KalamUnsupportedDdl::notice, false},
    {"notice, ignore_constraints", (int)KalamUnsupportedDdl::ignore_constraints, false},
    {"notice,ignore_constraints", (int)KalamUnsupportedDdl::ignore_constraints, true},
    {nullptr, 0, false}};

// Trims the value in place of the copy that the GUC machinery keeps, and refuses names that the server would not
// survive (spec 4.1). "" stands for "not set".
static bool check_user_id_setting(char** value, void**, GucSource) {
  if (*value == nullptr) return true;

  const char* begin = *value;
  while (isspace((unsigned char)*begin)) begin++;
  size_t size = strlen(begin);
  while (size > 0 && isspace((unsigned char)begin[size - 1])) size--;

  if (size > 0) {
    kalam::Status status;
    if (!kalam_check_user_id(begin, size, &status)) {
      GUC_check_errmsg("invalid value for parameter \"%s\"", "kalam.user_id");
      GUC_check_errdetail("%s", status.detail[0] != '\0' ? status.detail : status.message);
      return false;
    }
  }
  if (size != strlen(*value)) {
    memmove(*value, begin, size);
    (*value)[size] = '\0';
  }
  return true;
}

void kalam_settings_init() {
  DefineCustomStringVariable("kalam.user_id",
                             "User whose rows of KalamDB's user and stream tables are seen and written.",
                             "Empty: option user_id of the user mapping, if any.", &setting_user_id, "", PGC_SUSET, 0,
                             check_user_id_setting, nullptr, nullptr);
  DefineCustomIntVariable("kalam.max_response_size", "Largest response that is accepted from a KalamDB server.",
                          "Option max_response_size of a foreign server wins. 0 turns the limit off.",
                          &setting_max_response_kb, 256 * 1024, 0, MAX_KILOBYTES, PGC_SUSET, GUC_UNIT_KB, nullptr,
                          nullptr, nullptr);
  DefineCustomBoolVariable("kalam.enable_batched_join",
                           "Lets the planner join KalamDB tables by key, with many lookups in flight.",
                           "Otherwise a join by key looks up one row after the other.", &setting_enable_batched_join,
                           true, PGC_USERSET, GUC_EXPLAIN, nullptr, nullptr, nullptr);
  DefineCustomBoolVariable("kalam.explain", "Has EXPLAIN say more of what is asked of KalamDB.",
                           "From PostgreSQL 18 on EXPLAIN has an option KALAM, which wins.", &setting_explain, false,
                           PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable(
      "kalam.snowflake_worker_id", "Worker number in the ids that snowflake_id() makes.",
      "-1 derives it from the cluster's system identifier. A change takes effect when PostgreSQL is restarted.",
      &setting_snowflake_worker_id, -1, -1, 1023, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("kalam.catalog_lifetime",
                          "How long a table's definition, once it was compared with KalamDB's, is trusted by writes.",
                          "0: each statement that writes compares it. Changes made through this PostgreSQL are known "
                          "at once.",
                          &setting_catalog_lifetime_ms, 1000, 0, 3600 * 1000, PGC_USERSET, GUC_UNIT_MS, nullptr,
                          nullptr, nullptr);
  DefineCustomBoolVariable(
      "kalam.auto_flush", "Flushes a KalamDB table that holds more row versions than the server reads.",
      "Otherwise a scan of such a table fails.", &setting_auto_flush, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("kalam.server_version_limit", "Unflushed row versions of a table that KalamDB reads.",
                          "Results of user and stream tables of half as many rows are taken for incomplete.",
                          &setting_server_version_limit, 100000, 2, INT_MAX, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("kalam.write_mode", "What happens to changes that KalamDB cannot commit as one.",
                           "atomic: they are refused. autocommit: they are sent as several requests, of which some may "
                           "be applied when a later one fails.",
                           &setting_write_mode, (int)KalamWriteMode::atomic, WRITE_MODES, PGC_USERSET, 0, nullptr,
                           nullptr, nullptr);
  DefineCustomEnumVariable(
      "kalam.serial", "Where new serial and identity columns get their values from.",
      "snowflake: snowflake_id(), in a column of type bigint. sequence: a sequence that the column "
      "owns, as in ordinary tables.",
      &setting_serial, (int)KalamSerial::snowflake, SERIALS, PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("kalam.check_keys", "When a transaction block is told of a key that KalamDB has already.",
                           "statement: by the statement that inserts it, which looks the key up. commit: at COMMIT.",
                           &setting_check_keys, (int)KalamCheckKeys::statement, CHECK_KEYS, PGC_USERSET, GUC_EXPLAIN,
                           nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("kalam.isolation", "What transactions above READ COMMITTED get of KalamDB tables.",
                           "strict: REPEATABLE READ reads one snapshot, and what has none is refused. relaxed: nothing "
                           "is refused; what was promised and is not kept is told by a WARNING.",
                           &setting_isolation, (int)KalamIsolation::strict, ISOLATIONS, PGC_USERSET, 0, nullptr,
                           nullptr, nullptr);
  DefineCustomIntVariable("kalam.snapshot_keep_alive",
                          "How often KalamDB is asked for something while a transaction reads a snapshot of it.",
                          "It ends transactions that are silent for five minutes.", &setting_snapshot_keep_alive_ms,
                          60000, 100, 240000, PGC_USERSET, GUC_UNIT_MS, nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("kalam.system_columns",
                           "KalamDB's own columns that CREATE TABLE ... USING kalamdb adds to those that it lists.",
                           "user: _userid of user and stream tables. all: _seq as well. Option system_columns of the "
                           "statement wins.",
                           &setting_system_columns, (int)KalamSystemColumns::none, kalam_system_columns_values,
                           PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("kalam.unsupported_ddl",
                           "What becomes of indexes and constraints that KalamDB does not have.",
                           "error: they are refused. notice: indexes are left out, with a NOTICE. notice, "
                           "ignore_constraints: unique constraints and foreign keys as well, with a WARNING.",
                           &setting_unsupported_ddl, (int)KalamUnsupportedDdl::error, UNSUPPORTED_DDL, PGC_USERSET, 0,
                           nullptr, nullptr, nullptr);
  MarkGUCPrefixReserved("kalam");
}

const char* kalam_setting_user_id() {
  return setting_user_id != nullptr && setting_user_id[0] != '\0' ? setting_user_id : nullptr;
}

uint64 kalam_setting_max_response_bytes() {
  return (uint64)setting_max_response_kb * 1024;
}

int kalam_setting_snowflake_worker_id() {
  return setting_snowflake_worker_id;
}

bool kalam_setting_auto_flush() {
  return setting_auto_flush;
}

bool kalam_setting_explain() {
  return setting_explain;
}

bool kalam_setting_enable_batched_join() {
  return setting_enable_batched_join;
}

bool kalam_check_user_id(const char* text, size_t size, kalam::Status* status) {
  int encoding = GetDatabaseEncoding();
  if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII) return kalam::check_user_id(text, size, status);

  // In every server encoding the characters that matter are plain ASCII.
  char* ascii = pnstrdup(text, size);
  for (char* p = ascii; *p != '\0'; p++) {
    if (IS_HIGHBIT_SET(*p)) *p = 'x';
  }
  bool good = kalam::check_user_id(ascii, size, status);
  pfree(ascii);
  return good;
}

int kalam_setting_server_version_limit() {
  return setting_server_version_limit;
}

int kalam_setting_catalog_lifetime_ms() {
  return setting_catalog_lifetime_ms;
}

KalamSerial kalam_setting_serial() {
  return (KalamSerial)setting_serial;
}

KalamSystemColumns kalam_setting_system_columns() {
  return (KalamSystemColumns)setting_system_columns;
}

KalamUnsupportedDdl kalam_setting_unsupported_ddl() {
  return (KalamUnsupportedDdl)setting_unsupported_ddl;
}

KalamCheckKeys kalam_setting_check_keys() {
  return (KalamCheckKeys)setting_check_keys;
}

KalamIsolation kalam_setting_isolation() {
  return (KalamIsolation)setting_isolation;
}

int kalam_setting_snapshot_keep_alive_ms() {
  return setting_snapshot_keep_alive_ms;
}

KalamWriteMode kalam_setting_write_mode() {
  return (KalamWriteMode)setting_write_mode;
}
