#include "stub/sql/functions/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>

namespace kalam::stub::sql {

std::string quoted_name(const std::string& name) {
  bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
               std::all_of(name.begin(), name.end(),
                           [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  if (plain) return name;
  std::string quoted = "\"";
  for (char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

size_t levenshtein(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); i++) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); j++) {
      size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row[b.size()];
}

std::string unknown_field_text(const std::string& written, const std::string& bare_name,
                               const std::vector<std::string>& valid) {
  std::string text = "No field named " + written;
  if (bare_name.size() > 1000) return text + ".";
  for (const std::string& field : valid) {
    double longest = static_cast<double>(std::max(field.size(), bare_name.size()));
    if (1.0 - static_cast<double>(levenshtein(field, bare_name)) / longest >= 0.5) {
      return text + ". Did you mean '" + field + "'?.";
    }
  }
  for (size_t i = 0; i < valid.size(); i++) text += (i == 0 ? ". Valid fields are " : ", ") + valid[i];
  return text + ".";
}

std::string plain_double(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  std::array<char, 512> buffer{};
  auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed);
  return std::string(buffer.data(), result.ptr);
}

}  // namespace kalam::stub::sql
