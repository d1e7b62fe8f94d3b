// The methods of kalamdb.pg.PgService and what the client's rules need to know of each (spec 1.4).
#pragma once

#include "client/wall.h"

#include <cstdint>

namespace kalam {

enum class Method : uint8_t {
  ping,
  open_session,
  close_session,
  scan,
  insert,
  update,
  delete_row,
  begin,
  commit,
  rollback,
  execute_sql,
  execute_query,
};

// A bit for sets of methods.
constexpr uint32_t method_bit(Method method) {
  return 1U << static_cast<unsigned>(method);
}

struct MethodInfo {
  const char* path;        // ":path" of the call
  const char* name;        // for messages
  uint8_t session_field;   // field number of session_id in the request, 0: none
  bool sends_credentials;  // reads "authorization" (spec 1.3)
  bool needs_session;
};
const MethodInfo& method_info(Method method);

}  // namespace kalam
