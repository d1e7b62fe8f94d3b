// Small changes of text.
#pragma once

#include <string>
#include <string_view>

namespace kalam::stub {

// ASCII letters only.
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
// Without blanks, tabs and ends of line around it.
std::string trimmed(std::string_view text);

}  // namespace kalam::stub
