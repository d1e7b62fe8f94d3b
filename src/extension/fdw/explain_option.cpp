#include "extension/fdw/explain_option.h"

#include "extension/base/settings.h"
#include "extension/fdw/explain.h"

extern "C" {
#include "commands/defrem.h"
}

#if PG_VERSION_NUM >= 180000

static int extension_id;

static void set_option(ExplainState* es, DefElem* option, ParseState*) {
  bool* value = (bool*)palloc(sizeof(bool));
  *value = defGetBoolean(option);
  SetExplainExtensionState(es, extension_id, value);
}

// PostgreSQL 19 wants to be told whether a setting may give the option as well.
template <class Register>
static void register_option(Register* function) {
  if constexpr (requires { function("kalam", set_option); }) {
    function("kalam", set_option);
  } else {
    function("kalam", set_option, [](auto...) { return true; });
  }
}

void kalam_explain_init() {
  extension_id = GetExplainExtensionId("pg_kalam");
  register_option(RegisterExtensionExplainOption);
}

bool kalam_explains_more(ExplainState* es) {
  const bool* option = (const bool*)GetExplainExtensionState(es, extension_id);
  return option != nullptr ? *option : kalam_setting_explain();
}

#else

void kalam_explain_init() {}

bool kalam_explains_more(ExplainState*) {
  return kalam_setting_explain();
}

#endif
