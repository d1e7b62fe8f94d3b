// 64-bit ids in the layout of KalamDB's column defaults: milliseconds since 2024-01-01 in bits 22 and
// up, a worker number in bits 12 to 21, a counter in bits 0 to 11.
//
// All backends of a cluster draw from one number in shared memory, which only grows, so an id never repeats and never
// goes back, also when the clock does: then it runs ahead of the clock until the clock has caught up. The same happens
// with more than 4,096 ids in a millisecond. Only a clock that was set back while PostgreSQL was not running can lead
// to an id that was given before.
#pragma once

#include "extension/base/compat.h"

// Asks for the shared memory, when the library is preloaded.
void kalam_snowflake_init();

// The next id.
int64 kalam_snowflake_next();

// Whether this session was given the id in the present transaction, and lately: nobody has used it before then.
bool kalam_snowflake_is_fresh(int64 id);
