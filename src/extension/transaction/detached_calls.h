// Requests that undo a change and that nobody waits for any more: they go on by themselves, each until its answer or
// its deadline. What is done later under the name of their table must not meet them.
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"
#include "extension/remote/connection.h"

extern "C" {
#include "storage/pmsignal.h"
}

// How long the end of a backend waits for them, and for what it undoes itself.
constexpr int64 KALAM_EXIT_WAIT_MS = 1000;

static inline bool kalam_postmaster_is_alive() {
  return !IsUnderPostmaster || PostmasterIsAlive();
}

// Takes the call, and counts as a user of its connection as long as it goes on. When the backend ends, or memory is
// short, the call is cancelled instead. Never raises.
void kalam_detach_call(kalam::Call* call, KalamConnection* connection, const char* name_space, const char* table);

// Waits for the calls of this session that are about the table, on any connection to its server. Serves interrupts.
void kalam_detached_calls_wait(const KalamConnection* connection, const char* name_space, const char* table);
