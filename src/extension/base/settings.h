// The settings (GUCs) of the extension.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"

// kalam.user_id: subject of user and stream tables. Superusers, and roles with GRANT SET, may set it. Trimmed when it
// is set; NULL when it is not set or blank.
const char* kalam_setting_user_id();

// kalam.max_response_size in bytes: bound on one response of the server (option max_response_size of a server wins).
// 0: none.
uint64 kalam_setting_max_response_bytes();

// kalam.snowflake_worker_id: 0 to 1023, or -1: derived from the cluster's system identifier.
int kalam_setting_snowflake_worker_id();

// kalam.auto_flush: whether a table that the server cannot read as a whole is flushed and read again.
bool kalam_setting_auto_flush();

// kalam.enable_batched_join: whether the planner may join by key with many lookups in flight.
bool kalam_setting_enable_batched_join();

// kalam.explain: whether EXPLAIN says more of what is asked of KalamDB, where its option does not say otherwise.
bool kalam_setting_explain();

// kalam.write_mode: what happens to changes that KalamDB cannot commit as one.
enum class KalamWriteMode : int {
  atomic,      // refused at the statement that makes it so
  autocommit,  // sent as several requests, of which each is atomic and all together are not
};
KalamWriteMode kalam_setting_write_mode();

// kalam.serial: where the values of serial and identity columns come from.
enum class KalamSerial : int {
  snowflake,  // snowflake_id()
  sequence,   // a sequence of PostgreSQL, which the column owns
};
KalamSerial kalam_setting_serial();
// kalam.check_keys: when a transaction block is told of a key that KalamDB has already.
enum class KalamCheckKeys : int {
  statement,  // by the statement that inserts it
  commit,     // at COMMIT, by KalamDB
};
KalamCheckKeys kalam_setting_check_keys();

// kalam.isolation: what transactions above READ COMMITTED get.
enum class KalamIsolation : int {
  strict,   // what PostgreSQL promises, or an error
  relaxed,  // no error: what cannot be promised is told by a WARNING
};
KalamIsolation kalam_setting_isolation();

// kalam.snapshot_keep_alive in milliseconds: how often KalamDB is asked for something in a transaction that reads a
// snapshot, so that it does not end that for silence.
int kalam_setting_snapshot_keep_alive_ms();

// kalam.system_columns: KalamDB's own columns that a new table gets without their being declared.
enum class KalamSystemColumns : int {
  none,
  user,  // _userid of user and stream tables
  all,   // and _seq
};
KalamSystemColumns kalam_setting_system_columns();

// The names of these, as a setting's.
extern const struct config_enum_entry kalam_system_columns_values[];

// kalam.unsupported_ddl: what becomes of indexes and constraints that KalamDB does not have.
enum class KalamUnsupportedDdl : int {
  error,
  notice,              // indexes that change no answer are left out
  ignore_constraints,  // so are UNIQUE, FOREIGN KEY and EXCLUDE, which nothing checks then
};
KalamUnsupportedDdl kalam_setting_unsupported_ddl();

// kalam::check_user_id() for text of the database's encoding; what the check does not ask about is not converted, since
// settings are also checked where no conversion can be looked up.
bool kalam_check_user_id(const char* text, size_t size, kalam::Status* status);

// kalam.catalog_lifetime in milliseconds: how long a definition that was compared with the server's is trusted by
// statements that write. 0: not at all.
int kalam_setting_catalog_lifetime_ms();

// kalam.server_version_limit: how many unflushed versions of a table the server reads; of one user in user and stream
// tables, whose results of half as many rows are not trusted.
int kalam_setting_server_version_limit();

// Defines the settings, when the library is loaded.
void kalam_settings_init();
