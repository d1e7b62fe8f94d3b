// Start of the module: what _PG_init() calls, in its order. Each room defines its own function.
#pragma once

#include <cstdint>

// Settings (settings.cpp).
void kalam_settings_init();

// DDL hook, object access hook and the transaction callbacks of the DDL side (ddl/). Runs before
// kalam_transaction_init(): PostgreSQL calls the callback that was registered last first, and rows are sent before
// tables are dropped.
void kalam_ddl_init();

// Not at the start, but before gRPC is used: from then on abort() in it ends this session only (terminate.cpp).
void kalam_guard_against_abort();
// Ends the session because of that, with what the library said last.
[[noreturn]] void kalam_end_broken_session();

// Shared memory of snowflake_id() when the library is preloaded (snowflake.cpp).
void kalam_snowflake_init();

// What snowflake_id() gives (snowflake.cpp).
int64_t kalam_snowflake_next();

// Hook that refuses ON CONFLICT (on_conflict.cpp).
void kalam_on_conflict_init();
