// Column types as KalamDB's catalog spells them (spec 5.1, 12).
#include "client/rows/remote_type.h"

#include <charconv>
#include <string_view>

namespace kalam {
namespace {

struct NamedKind {
  std::string_view name;
  RemoteKind kind;
};

constexpr NamedKind kKinds[] = {
    {"BOOLEAN", RemoteKind::boolean}, {"SMALLINT", RemoteKind::smallint},   {"INT", RemoteKind::integer},
    {"BIGINT", RemoteKind::bigint},   {"FLOAT", RemoteKind::real},          {"DOUBLE", RemoteKind::double_precision},
    {"TEXT", RemoteKind::text},       {"JSON", RemoteKind::json},           {"FILE", RemoteKind::file},
    {"BYTES", RemoteKind::bytes},     {"TIMESTAMP", RemoteKind::timestamp}, {"DATETIME", RemoteKind::datetime},
    {"DATE", RemoteKind::date},       {"TIME", RemoteKind::time},           {"UUID", RemoteKind::uuid},
    {"DECIMAL", RemoteKind::decimal}, {"EMBEDDING", RemoteKind::embedding},
};

constexpr int kMaxPrecision = 38;
constexpr int kMaxDimension = 8192;

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++) {
    const char upper = a[i] >= 'a' && a[i] <= 'z' ? static_cast<char>(a[i] - 'a' + 'A') : a[i];
    if (upper != b[i]) return false;
  }
  return true;
}

bool parse_number(std::string_view text, int lowest, int highest, int* number) {
  text = trim(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number >= lowest && *number <= highest;
}

// The text between the parentheses.
bool parse_arguments(std::string_view arguments, RemoteType* type) {
  int number = 0;
  if (type->kind == RemoteKind::embedding) {
    if (!parse_number(arguments, 1, kMaxDimension, &number)) return false;
    type->dimension = static_cast<uint32_t>(number);
    return true;
  }
  if (type->kind != RemoteKind::decimal) return false;
  const size_t comma = arguments.find(',');
  if (!parse_number(arguments.substr(0, comma), 1, kMaxPrecision, &number)) return false;
  type->precision = static_cast<uint8_t>(number);
  if (comma == std::string_view::npos) return true;
  if (!parse_number(arguments.substr(comma + 1), 0, type->precision, &number)) return false;
  type->scale = static_cast<int8_t>(number);
  return true;
}

}  // namespace

bool parse_remote_type(const char* sql_name, RemoteType* type) noexcept {
  *type = RemoteType{RemoteKind::other, 0, 0, 0};
  if (sql_name == nullptr) return false;
  std::string_view name = trim(sql_name);
  std::string_view arguments;
  const size_t open = name.find('(');
  const bool has_arguments = open != std::string_view::npos;
  if (has_arguments) {
    if (name.back() != ')') return false;
    arguments = name.substr(open + 1, name.size() - open - 2);
    name = trim(name.substr(0, open));
  }
  RemoteType parsed{RemoteKind::other, 0, 0, 0};
  for (const NamedKind& named : kKinds) {
    if (same_name(name, named.name)) parsed.kind = named.kind;
  }
  if (parsed.kind == RemoteKind::other) return false;
  if (has_arguments) {
    if (!parse_arguments(arguments, &parsed)) return false;
  } else if (parsed.kind == RemoteKind::embedding) {
    return false;
  } else if (parsed.kind == RemoteKind::decimal) {
    parsed.precision = 38;  // KalamDB's bare DECIMAL (spec 5.2)
    parsed.scale = 10;
  }
  *type = parsed;
  return true;
}

std::string remote_type_name(const RemoteType& type) {
  for (const NamedKind& named : kKinds) {
    if (named.kind != type.kind) continue;
    std::string name(named.name);
    if (type.kind == RemoteKind::decimal) {
      name += "(" + std::to_string(type.precision) + ", " + std::to_string(type.scale) + ")";
    } else if (type.kind == RemoteKind::embedding) {
      name += "(" + std::to_string(type.dimension) + ")";
    }
    return name;
  }
  return "of an unknown type";
}

}  // namespace kalam
