// Members of JSON texts, as datafusion-functions-json finds them.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace kalam::stub::sql {

// The member of an object as text; nullopt: no JSON, no object, or no such member. as_json: texts keep their quotes.
std::optional<std::string> json_get(const std::string& text, const std::string& key, bool as_json);

// The member itself.
std::optional<nlohmann::json> json_member(const std::string& text, const std::string& key);
std::optional<nlohmann::json> json_parse(const std::string& text);

}  // namespace kalam::stub::sql
