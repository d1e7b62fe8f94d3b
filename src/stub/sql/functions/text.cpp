// Functions on text.
#include <algorithm>

#include "stub/arrow/cast.h"
#include "stub/arrow/text_forms.h"
#include "stub/sql/functions/functions.h"
#include "stub/sql/functions/letters.h"
#include "stub/sql/functions/names.h"
#include "stub/sql/functions/types.h"

namespace kalam::stub::sql {

namespace {

constexpr size_t kLongest = 64 << 20;

enum class Kind { text, integer };  // of an argument

struct Shape {
  std::vector<Kind> arguments;  // shorter calls take the first ones
  size_t fewest;
  TypeId result;
};

using Body = std::function<Value(const Row&)>;

// A text result has the type of its argument; views are not known here.
void add(FunctionTable* table, const std::vector<const char*>& names, Shape shape, Body body) {
  const char* canonical = names[0];
  Function function;
  function.name = canonical;
  function.fewest = shape.fewest;
  function.most = shape.arguments.size();
  function.plan = [shape, body](const FunctionCall& call) -> std::optional<Scalar> {
    Scalar scalar;
    bool text_result = shape.result == TypeId::utf8;
    for (size_t i = 0; i < call.count(); i++) {
      const DataType& type = call.type(i);
      if (shape.arguments[i] == Kind::text) {
        if (!is_text(type) && type.id != TypeId::null) return std::nullopt;
        if (text_result && type.id != TypeId::utf8 && type.id != TypeId::null) return std::nullopt;
        scalar.arguments.push_back(type_of(TypeId::utf8));
      } else {
        if (!is_integer(type) && type.id != TypeId::null) return std::nullopt;
        scalar.arguments.push_back(type_of(TypeId::int64));
      }
    }
    scalar.result = type_of(shape.result);
    scalar.body = body;
    return scalar;
  };
  for (const char* name : names) (*table)[name] = function;
}

std::string repeated(const std::string& text, int64_t count) {
  if (count <= 0 || text.empty()) return "";
  if (static_cast<size_t>(count) > kLongest / text.size()) refuse("a text this long");
  std::string result;
  for (int64_t i = 0; i < count; i++) result += text;
  return result;
}

std::string padded(const Row& row, bool left) {
  std::u32string text = decode_utf8(as_text(row[0]));
  int64_t length = as_int64(row[1]);
  std::u32string fill = row.size() > 2 ? decode_utf8(as_text(row[2])) : U" ";
  if (length <= 0) return "";
  auto wanted = static_cast<size_t>(length);
  if (wanted > kLongest) refuse("a text this long");
  if (text.size() >= wanted) return encode_utf8(text.substr(0, wanted));
  if (fill.empty()) return as_text(row[0]);
  std::u32string padding;
  while (padding.size() < wanted - text.size()) padding += fill;
  padding.resize(wanted - text.size());
  return encode_utf8(left ? padding + text : text + padding);
}

std::string trimmed(const Row& row, bool front, bool back) {
  std::u32string text = decode_utf8(as_text(row[0]));
  std::u32string set = row.size() > 1 ? decode_utf8(as_text(row[1])) : U" ";
  size_t begin = 0;
  size_t end = text.size();
  while (front && begin < end && set.find(text[begin]) != std::u32string::npos) begin++;
  while (back && end > begin && set.find(text[end - 1]) != std::u32string::npos) end--;
  return encode_utf8(text.substr(begin, end - begin));
}

// left(text, n): all but the last -n characters for a negative n.
std::string part(const Row& row, bool left) {
  std::u32string text = decode_utf8(as_text(row[0]));
  auto size = static_cast<int64_t>(text.size());
  int64_t n = as_int64(row[1]);
  int64_t count = std::clamp<int64_t>(n >= 0 ? n : (n < -size ? 0 : size + n), 0, size);
  auto length = static_cast<size_t>(count);
  return encode_utf8(left ? text.substr(0, length) : text.substr(text.size() - length));
}

std::string split_part(const Row& row) {
  const std::string& text = as_text(row[0]);
  const std::string& separator = as_text(row[1]);
  int64_t wanted = as_int64(row[2]);
  if (wanted == 0 || separator.empty()) refuse("split_part with this separator or position");
  std::vector<std::string> parts;
  size_t at = 0;
  while (true) {
    size_t next = text.find(separator, at);
    parts.push_back(text.substr(at, next == std::string::npos ? next : next - at));
    if (next == std::string::npos) break;
    at = next + separator.size();
  }
  auto count = static_cast<int64_t>(parts.size());
  int64_t index = wanted > 0 ? wanted - 1 : count + wanted;
  return index >= 0 && index < count ? parts[static_cast<size_t>(index)] : "";
}

std::string replaced(const std::string& text, const std::string& from, const std::string& to) {
  if (from.empty()) refuse("replace of an empty text");
  std::string result;
  size_t at = 0;
  while (true) {
    size_t next = text.find(from, at);
    result += text.substr(at, next == std::string::npos ? next : next - at);
    if (next == std::string::npos) return result;
    result += to;
    at = next + from.size();
  }
}

std::string translated(const Row& row) {
  std::u32string from = decode_utf8(as_text(row[1]));
  std::u32string to = decode_utf8(as_text(row[2]));
  std::u32string result;
  for (char32_t c : decode_utf8(as_text(row[0]))) {
    size_t at = from.find(c);
    if (at == std::u32string::npos) {
      result += c;
    } else if (at < to.size()) {
      result += to[at];
    }
  }
  return encode_utf8(result);
}

Value position(const Row& row) {
  size_t at = as_text(row[0]).find(as_text(row[1]));
  if (at == std::string::npos) return {int64_t{0}};
  return {static_cast<int64_t>(utf8_length(as_text(row[0]).substr(0, at))) + 1};
}

std::string hex_of(uint64_t number) {
  std::string text;
  do {
    text.insert(text.begin(), "0123456789abcdef"[number & 15]);
    number >>= 4;
  } while (number != 0);
  return text;
}

// concat and concat_ws skip NULL; whatever the arguments, the result is a view.
void add_concat(FunctionTable* table) {
  Function function;
  function.name = "concat";
  function.fewest = 1;
  function.most = 100;
  function.plan = [](const FunctionCall& call) -> std::optional<Scalar> {
    Scalar scalar;
    for (size_t i = 0; i < call.count(); i++) {
      if (!is_text(call.type(i)) && call.type(i).id != TypeId::null) return std::nullopt;
      scalar.arguments.push_back(type_of(TypeId::utf8));
    }
    scalar.result = type_of(TypeId::utf8_view);
    scalar.strict = false;
    scalar.body = [](const Row& row) {
      std::string text;
      for (const Value& value : row) text += value.is_null() ? "" : as_text(value);
      return Value{text};
    };
    return scalar;
  };
  (*table)["concat"] = function;
}

}  // namespace

void add_text_functions(FunctionTable* table) {
  const Kind text = Kind::text;
  const Kind number = Kind::integer;
  auto string = [](std::string value) { return Value{std::move(value)}; };
  add(table, {"character_length", "length", "char_length"}, {{text}, 1, TypeId::int32},
      [](const Row& row) { return Value{static_cast<int64_t>(utf8_length(as_text(row[0])))}; });
  add(table, {"octet_length"}, {{text}, 1, TypeId::int32},
      [](const Row& row) { return Value{static_cast<int64_t>(as_text(row[0]).size())}; });
  add(table, {"bit_length"}, {{text}, 1, TypeId::int32},
      [](const Row& row) { return Value{static_cast<int64_t>(as_text(row[0]).size()) * 8}; });
  add(table, {"upper"}, {{text}, 1, TypeId::utf8},
      [=](const Row& row) { return string(upper_letters(as_text(row[0]))); });
  add(table, {"lower"}, {{text}, 1, TypeId::utf8},
      [=](const Row& row) { return string(lower_letters(as_text(row[0]))); });
  add(table, {"initcap"}, {{text}, 1, TypeId::utf8},
      [=](const Row& row) { return string(initcap_letters(as_text(row[0]))); });
  add(table, {"strpos", "instr"}, {{text, text}, 2, TypeId::int32}, position);
  add(table, {"left"}, {{text, number}, 2, TypeId::utf8}, [=](const Row& row) { return string(part(row, true)); });
  add(table, {"right"}, {{text, number}, 2, TypeId::utf8}, [=](const Row& row) { return string(part(row, false)); });
  add(table, {"split_part"}, {{text, text, number}, 3, TypeId::utf8},
      [=](const Row& row) { return string(split_part(row)); });
  add(table, {"btrim", "trim"}, {{text, text}, 1, TypeId::utf8},
      [=](const Row& row) { return string(trimmed(row, true, true)); });
  add(table, {"ltrim"}, {{text, text}, 1, TypeId::utf8},
      [=](const Row& row) { return string(trimmed(row, true, false)); });
  add(table, {"rtrim"}, {{text, text}, 1, TypeId::utf8},
      [=](const Row& row) { return string(trimmed(row, false, true)); });
  add(table, {"replace"}, {{text, text, text}, 3, TypeId::utf8},
      [=](const Row& row) { return string(replaced(as_text(row[0]), as_text(row[1]), as_text(row[2]))); });
  add(table, {"reverse"}, {{text}, 1, TypeId::utf8}, [=](const Row& row) {
    std::u32string letters = decode_utf8(as_text(row[0]));
    std::reverse(letters.begin(), letters.end());
    return string(encode_utf8(letters));
  });
  add(table, {"repeat"}, {{text, number}, 2, TypeId::utf8},
      [=](const Row& row) { return string(repeated(as_text(row[0]), as_int64(row[1]))); });
  add(table, {"lpad"}, {{text, number, text}, 2, TypeId::utf8},
      [=](const Row& row) { return string(padded(row, true)); });
  add(table, {"rpad"}, {{text, number, text}, 2, TypeId::utf8},
      [=](const Row& row) { return string(padded(row, false)); });
  add(table, {"ascii"}, {{text}, 1, TypeId::int32}, [](const Row& row) {
    std::u32string letters = decode_utf8(as_text(row[0]));
    return Value{letters.empty() ? int64_t{0} : static_cast<int64_t>(letters[0])};
  });
  add(table, {"chr"}, {{number}, 1, TypeId::utf8}, [=](const Row& row) {
    int64_t code = as_int64(row[0]);
    if (code < 1 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) refuse("chr of this number");
    return string(encode_utf8(std::u32string(1, static_cast<char32_t>(code))));
  });
  add(table, {"starts_with"}, {{text, text}, 2, TypeId::boolean},
      [](const Row& row) { return Value{as_text(row[0]).starts_with(as_text(row[1]))}; });
  add(table, {"ends_with"}, {{text, text}, 2, TypeId::boolean},
      [](const Row& row) { return Value{as_text(row[0]).ends_with(as_text(row[1]))}; });
  add(table, {"translate"}, {{text, text, text}, 3, TypeId::utf8},
      [=](const Row& row) { return string(translated(row)); });
  add(table, {"to_hex"}, {{number}, 1, TypeId::utf8},
      [=](const Row& row) { return string(hex_of(static_cast<uint64_t>(as_int64(row[0])))); });
  add(table, {"levenshtein"}, {{text, text}, 2, TypeId::int32}, [](const Row& row) {
    if (as_text(row[0]).size() * as_text(row[1]).size() > 10000000) refuse("levenshtein of texts this long");
    for (const Value& value : row) {
      if (utf8_length(as_text(value)) != as_text(value).size()) refuse("levenshtein beyond ASCII");
    }
    return Value{static_cast<int64_t>(levenshtein(as_text(row[0]), as_text(row[1])))};
  });
  add_concat(table);
}

}  // namespace kalam::stub::sql
