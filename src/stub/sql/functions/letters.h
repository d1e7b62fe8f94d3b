// Upper and lower case of Unicode text, independent of the locale.
#pragma once

#include <string>
#include <string_view>

namespace kalam::stub::sql {

// Letters whose case is more than one letter are refused, but for ß.
std::string upper_letters(std::string_view text);
std::string lower_letters(std::string_view text);
// One form for both cases, for comparing: simple case folding.
std::string fold_letters(std::string_view text);
// Every word's first letter in upper case, the others in lower case.
std::string initcap_letters(std::string_view text);

std::u32string decode_utf8(std::string_view text);
std::string encode_utf8(const std::u32string& text);

}  // namespace kalam::stub::sql
