#include "stub/sql/functions/json_path.h"

#include "stub/sql/parse/error.h"

namespace kalam::stub::sql {

namespace {

// The original text of a value is returned there; printing the parsed value again is the same only while nothing about
// its layout is lost.
std::string printed(const nlohmann::json& value, const std::string& whole) {
  std::string text = value.dump();
  if (whole.find(text) == std::string::npos) refuse("a JSON value that is not written in its shortest form");
  return text;
}

}  // namespace

std::optional<nlohmann::json> json_parse(const std::string& text) {
  size_t nested = 0;
  for (char c : text) {
    if ((c == '[' || c == '{') && ++nested > 10000) refuse("JSON of this depth");
  }
  nlohmann::json parsed = nlohmann::json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return std::nullopt;
  return parsed;
}

std::optional<nlohmann::json> json_member(const std::string& text, const std::string& key) {
  auto parsed = json_parse(text);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  auto found = parsed->find(key);
  if (found == parsed->end()) return std::nullopt;
  return *found;
}

std::optional<std::string> json_get(const std::string& text, const std::string& key, bool as_json) {
  auto found = json_member(text, key);
  if (!found) return std::nullopt;
  if (!as_json && found->is_string()) return found->get<std::string>();
  if (!as_json && found->is_null()) return std::nullopt;
  return printed(*found, text);
}

}  // namespace kalam::stub::sql
