// KalamDB cleans up in the background after DROP TABLE. Until that has ended, requests under the name of a table that
// was dropped and created again are refused, DDL as well as rows (spec 10.5). They are sent again for some seconds.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"

// How long DDL and rows wait for the clean-up, and the pause between two attempts.
constexpr int KALAM_CLEANUP_DDL_MS = 10000;
constexpr int KALAM_CLEANUP_ROWS_MS = 3000;
constexpr long KALAM_CLEANUP_PAUSE_MS = 100;

// True after a pause, when a request was refused because a clean-up is pending, and `until` has not passed: it can be
// sent again. Serves interrupts.
bool kalam_pause_for_cleanup(const kalam::Status* status, TimestampTz until);
