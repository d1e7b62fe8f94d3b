// What KalamDB does to the text of a statement before it parses it (specification 9.5).
#pragma once

#include <string>
#include <string_view>

namespace kalam::stub::sql {

// Every word CURRENT_USER and its kin becomes a call of an internal function, inside literals too.
std::string rewrite_current_user(std::string_view sql);

}  // namespace kalam::stub::sql
