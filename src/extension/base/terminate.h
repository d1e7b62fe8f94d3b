// abort() inside gRPC or the client ends this session only, not the cluster.
#pragma once

#include "extension/base/compat.h"

// Before gRPC is used for the first time. Idempotent.
void kalam_guard_against_abort();

// Ends the session because a library called abort(), with what it said last.
[[noreturn]] void kalam_end_broken_session();
