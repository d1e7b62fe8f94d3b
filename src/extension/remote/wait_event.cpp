#include "extension/remote/wait_event.h"

static const char* const NAMES[] = {"KalamdbConnect", "KalamdbScan",      "KalamdbLookup",
                                    "KalamdbQuery",   "KalamdbStatement", "KalamdbWrite",
                                    "KalamdbCommit",  "KalamdbFlush",     "KalamdbCleanup"};

static uint32 events[lengthof(NAMES)];
static bool are_named;

void kalam_wait_events_init() {
  if (are_named) return;
  for (Size i = 0; i < lengthof(NAMES); i++) events[i] = kalam_wait_event_new(NAMES[i]);
  are_named = true;
}

uint32 kalam_wait_event(KalamWait wait) {
  return are_named ? events[(int)wait] : PG_WAIT_EXTENSION;
}

KalamWait kalam_wait_of(const kalam::Call* call) {
  if (kalam::call_is_connecting(call)) return KalamWait::connect;
  switch (kalam::call_kind(call)) {
    case kalam::CallKind::ping:
    case kalam::CallKind::open_session:
    case kalam::CallKind::close_session:
      return KalamWait::connect;
    case kalam::CallKind::scan:
      return KalamWait::scan;
    case kalam::CallKind::lookup:
      return KalamWait::lookup;
    case kalam::CallKind::insert:
    case kalam::CallKind::update:
    case kalam::CallKind::remove:
      return KalamWait::write;
    case kalam::CallKind::begin:
    case kalam::CallKind::commit:
    case kalam::CallKind::rollback:
      return KalamWait::commit;
    case kalam::CallKind::statement:
      return KalamWait::statement;
    case kalam::CallKind::query:
      break;
  }
  return KalamWait::query;
}
