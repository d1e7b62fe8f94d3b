// Names and numbers as DataFusion's messages and column names spell them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kalam::stub::sql {

// Quoted when it is not a plain lower-case name.
std::string quoted_name(const std::string& name);

// "No field named x. Valid fields are a, b." or "… Did you mean 'a'?."
std::string unknown_field_text(const std::string& written, const std::string& bare_name,
                               const std::vector<std::string>& valid);

size_t levenshtein(std::string_view a, std::string_view b);

// Rust's Display of a double: no exponent, no ".0".
std::string plain_double(double number);

}  // namespace kalam::stub::sql
