#include "extension/base/preload.h"

static bool was_called;
static bool is_preloaded;

void kalam_preload_init() {
  is_preloaded = process_shared_preload_libraries_in_progress;
}

bool kalam_is_preloaded() {
  return is_preloaded;
}

bool kalam_hook_is_active() {
  return was_called;
}

void kalam_hook_was_called() {
  was_called = true;
}
