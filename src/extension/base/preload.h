// Whether the library's hooks have been called in this session: a statement that loads the library runs without them.
#pragma once

#include "extension/base/compat.h"

// True once the utility hook has seen a statement of this session.
bool kalam_hook_is_active();

// Whether the library is in shared_preload_libraries.
bool kalam_is_preloaded();

// To be called when the library is loaded.
void kalam_preload_init();

// The utility hook was called.
void kalam_hook_was_called();
