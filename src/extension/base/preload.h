// Whether the library's hooks have been called in this session: a statement that loads the library runs without them.
#pragma once

#include "extension/base/compat.h"

// True once the utility hook has seen a statement of this session.
bool kalam_hook_is_active();

// The utility hook was called.
void kalam_hook_was_called();
