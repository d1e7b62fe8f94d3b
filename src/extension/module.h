// Start of the module: what _PG_init() calls, in its order. Each room defines its own function.
#pragma once

// Settings (settings.cpp).
void kalam_settings_init();

// DDL hook, object access hook and the transaction callbacks of the DDL side (ddl/). Runs before
// kalam_transaction_init(): PostgreSQL calls the callback that was registered last first, and rows are sent before
// tables are dropped.
void kalam_ddl_init();

// Terminate handler (terminate.cpp, architecture section 3.7).
void kalam_terminate_init();

// Shared memory of snowflake_id() when the library is preloaded (snowflake.cpp).
void kalam_snowflake_init();

// Hook that refuses ON CONFLICT (on_conflict.cpp).
void kalam_on_conflict_init();
