// Names that can be sent. KalamDB turns namespaces, tables and user ids into paths, and its process ends when one of
// them could leave its folder (spec 4.1): this is the last place that can stop such a name.
#include <string>
#include <string_view>

#include "client/api.h"
#include "client/base/status.h"
#include "client/rows/user_shard.h"

namespace kalam {
namespace {

bool has_forbidden_character(std::string_view name) {
  for (char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || c == '/' || c == '\\') return true;
  }
  return name.find("..") != std::string_view::npos;
}

bool refuse(std::string_view what, std::string_view name, std::string_view detail, Status* status) {
  set_status(status, ErrorClass::invalid_request,
             std::string(what) + " \"" + std::string(name) + "\" cannot be used in KalamDB", detail);
  copy_text(status->value, sizeof(status->value), name);
  return false;
}

bool check(std::string_view what, std::string_view name, Status* status) {
  if (!is_valid_utf8(name)) return refuse(what, name, "It is not valid UTF-8.", status);
  if (has_forbidden_character(name)) {
    return refuse(what, name, "It contains \"..\", a slash, a backslash or a control character.", status);
  }
  clear_status(status);
  return true;
}

}  // namespace

bool check_identifier(const char* name, size_t size, Status* status) noexcept {
  try {
    if (name == nullptr || size == 0) return refuse("name", "", "It is empty.", status);
    return check("name", {name, size}, status);
  } catch (...) {
    status_from_exception(status);
    return false;
  }
}

bool check_user_id(const char* user_id, size_t size, Status* status) noexcept {
  try {
    // The server trims user ids, so that blanks alone are no user (spec 4.1).
    std::string_view id(user_id == nullptr ? "" : user_id, user_id == nullptr ? 0 : size);
    if (id.find_first_not_of(' ') == std::string_view::npos) return refuse("user id", id, "It is empty.", status);
    return check("user id", id, status);
  } catch (...) {
    status_from_exception(status);
    return false;
  }
}

uint32_t user_shard_of(const char* user_id, size_t size, uint32_t shard_count) noexcept {
  return user_shard({user_id, size}, shard_count);
}

}  // namespace kalam
