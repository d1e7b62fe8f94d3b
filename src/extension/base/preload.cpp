#include "extension/base/preload.h"

static bool was_called;

bool kalam_hook_is_active() {
  return was_called;
}

void kalam_hook_was_called() {
  was_called = true;
}
