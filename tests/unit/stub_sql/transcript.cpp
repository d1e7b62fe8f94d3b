#include "transcript.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "stub/arrow/text_forms.h"
#include "stub/arrow/types.h"
#include "stub/rows/row_json.h"
#include "stub/rows/write.h"

namespace kalam::stub::test {

using nlohmann::json;

namespace {

std::string hex(const std::string& bytes) {
  std::string text = "0x";
  for (char c : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

json shown_float(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  if (number == 0 && std::signbit(number)) return "-0.0";
  return number;
}

std::string six_digits(std::string text) {
  auto point = text.find('.');
  if (point == std::string::npos) return text;
  text.resize(point + 7, '0');
  return text;
}

bool placeholder(const json& value) {
  return value.is_string() && value.get<std::string>().starts_with("<") && value.get<std::string>().ends_with(">");
}

bool same_value(const json& expected, const json& actual) {
  if (placeholder(expected)) return !actual.is_null();
  if (expected.is_number() && actual.is_number()) {
    if (expected.is_number_float() || actual.is_number_float()) return expected.get<double>() == actual.get<double>();
    return expected == actual;
  }
  if (expected.is_string() && actual.is_string() && expected.get<std::string>().find("E-") != std::string::npos) {
    return std::stod(expected.get<std::string>()) == std::stod(actual.get<std::string>());
  }
  return expected == actual;
}

bool same_row(const json& expected, const json& actual) {
  if (expected.size() != actual.size()) return false;
  for (size_t i = 0; i < expected.size(); i++) {
    if (!same_value(expected[i], actual[i])) return false;
  }
  return true;
}

std::string compare_rows(json expected, json actual, bool ordered) {
  if (expected.size() != actual.size()) {
    return std::to_string(expected.size()) + " rows recorded, " + std::to_string(actual.size()) +
           " answered: " + actual.dump().substr(0, 300);
  }
  for (size_t i = 0; i < expected.size(); i++) {
    size_t found = actual.size();
    for (size_t k = 0; k < actual.size() && found == actual.size(); k++) {
      if ((!ordered || k == 0) && same_row(expected[i], actual[k])) found = k;
    }
    if (found == actual.size()) return "row " + expected[i].dump() + " is not among " + actual.dump().substr(0, 400);
    actual.erase(found);
  }
  return "";
}

std::string compare(const json& step, const std::string& sql, const SqlOutcome& outcome) {
  std::string code = step["code"];
  if (code != "OK") {
    if (outcome.ok) return "recorded: " + step["message"].get<std::string>() + "; answered rows";
    std::string recorded = step["message"];
    if (outcome.error != recorded) return "recorded: " + recorded + "; answered: " + outcome.error;
    return "";
  }
  if (!outcome.ok) return "answered: " + outcome.error;
  const json& response = step["response"];
  json fields = nullptr;
  json rows = json::array();
  for (const json& entry : response.value("entries", json::array())) {
    fields = entry["fields"];
    if (!entry["rows"].is_array()) return "";
    for (const json& row : entry["rows"]) rows.push_back(row);
  }
  if (!fields.is_null()) {
    json answered = json::array();
    for (const Field& field : outcome.rows.fields) {
      answered.push_back({{"name", field.name}, {"type", shown_type(field.type)}, {"nullable", field.nullable}});
    }
    if (answered != fields) return "fields " + answered.dump() + " instead of " + fields.dump();
  }
  if (!outcome.has_rows) return fields.is_null() ? "" : "no rows";
  json answered = json::array();
  for (const Row& row : outcome.rows.rows) {
    json line = json::array();
    for (size_t i = 0; i < row.size(); i++) line.push_back(shown(row[i], outcome.rows.fields[i].type));
    answered.push_back(line);
  }
  if (step["rpc"] == "ExecuteSql") return "";
  return compare_rows(rows, answered, sql.find("ORDER BY") != std::string::npos);
}

}  // namespace

json shown(const Value& value, const DataType& type) {
  if (value.is_null()) return nullptr;
  switch (type.id) {
    case TypeId::boolean:
      return std::get<bool>(value.data);
    case TypeId::float32:
      return shown_float(static_cast<double>(std::get<float>(value.data)));
    case TypeId::float64:
      return shown_float(std::get<double>(value.data));
    case TypeId::uint8:
    case TypeId::uint16:
    case TypeId::uint32:
    case TypeId::uint64:
      return std::get<uint64_t>(value.data);
    case TypeId::utf8:
    case TypeId::utf8_view:
    case TypeId::large_utf8:
      return std::get<std::string>(value.data);
    case TypeId::binary:
    case TypeId::fixed_size_binary:
      return hex(std::get<std::string>(value.data));
    case TypeId::decimal128:
      return format_decimal(std::get<Int128>(value.data), type.scale);
    case TypeId::date32:
      return format_date(std::get<int64_t>(value.data));
    case TypeId::time64: {
      int64_t day = 86400 * per_second(type.unit);
      return six_digits(*format_time(std::get<int64_t>(value.data) % day, type.unit));
    }
    case TypeId::timestamp:
      return six_digits(*format_timestamp(std::get<int64_t>(value.data), type.unit, false)) +
             (type.utc ? "+00:00" : "");
    case TypeId::list:
    case TypeId::fixed_size_list: {
      json list = json::array();
      for (const Value& element : std::get<List>(value.data)) list.push_back(shown(element, *type.element));
      return list;
    }
    default:
      return std::get<int64_t>(value.data);
  }
}

std::string shown_type(const DataType& type) {
  static const char* const kUnits[] = {"s", "ms", "us", "ns"};
  std::string unit = kUnits[static_cast<int>(type.unit)];
  switch (type.id) {
    case TypeId::null:
      return "null";
    case TypeId::boolean:
      return "bool";
    case TypeId::int8:
      return "int8";
    case TypeId::int16:
      return "int16";
    case TypeId::int32:
      return "int32";
    case TypeId::int64:
      return "int64";
    case TypeId::uint64:
      return "uint64";
    case TypeId::float32:
      return "float";
    case TypeId::float64:
      return "double";
    case TypeId::utf8:
      return "string";
    case TypeId::utf8_view:
      return "string_view";
    case TypeId::large_utf8:
      return "large_string";
    case TypeId::binary:
      return "binary";
    case TypeId::fixed_size_binary:
      return "fixed_size_binary[" + std::to_string(type.width) + "]";
    case TypeId::date32:
      return "date32[day]";
    case TypeId::time64:
      return "time64[" + unit + "]";
    case TypeId::timestamp:
      return "timestamp[" + unit + (type.utc ? ", tz=UTC]" : "]");
    case TypeId::decimal128:
      return "decimal128(" + std::to_string(type.precision) + ", " + std::to_string(type.scale) + ")";
    case TypeId::list:
      return "list<item: " + shown_type(*type.element) + ">";
    case TypeId::fixed_size_list:
      return "fixed_size_list<item: " + shown_type(*type.element) + (type.element_nullable ? "" : " not null") + ">[" +
             std::to_string(type.width) + "]";
    default:
      return arrow_name(type);
  }
}

Player::Player(std::string prefix) : prefix_(std::move(prefix)), store_(":memory:", clock_, ids_) {}

SqlOutcome Player::run(const std::string& sql) {
  return execute_statement(store_, context_, sql);
}

std::string Player::insert(const json& request) {
  auto table = store_.find_table(request["namespace"], request["table_name"]);
  if (!table) return "no such table";
  std::vector<Row> rows;
  for (const json& text : request["rows_json"]) {
    RowJsonError error;
    auto sent = read_row_json(text.get<std::string>(), error);
    if (!sent) return error.message;
    std::string why;
    auto row = coerce_row(*table, *sent, why);
    if (!row) return why;
    rows.push_back(std::move(*row));
  }
  return insert_rows(store_, *table, request.value("user_id", ""), rows).value_or("");
}

std::vector<Played> Player::play(const std::string& topic, const std::vector<std::string>& cases) {
  std::ifstream file(std::string(TRANSCRIPTS) + "/" + topic + ".json");
  std::stringstream text;
  text << file.rdbuf();
  std::string renamed;
  std::string original = text.str();
  for (size_t at = 0; at < original.size();) {
    size_t next = original.find("cf_", at);
    renamed += original.substr(at, next == std::string::npos ? next : next - at);
    if (next == std::string::npos) break;
    renamed += prefix_;
    at = next + 3;
  }
  json transcript = json::parse(renamed);
  std::vector<Played> all;
  for (const json& part : transcript["cases"]) {
    std::string name = part["case"];
    if (!cases.empty() && std::find(cases.begin(), cases.end(), name) == cases.end()) continue;
    size_t number = 0;
    for (const json& step : part["steps"]) {
      number++;
      std::string rpc = step.value("rpc", "");
      if (rpc == "Insert") insert(step["request"]);
      if (rpc != "ExecuteSql" && rpc != "ExecuteQuery") continue;
      Played played;
      played.step = name + " " + std::to_string(number);
      played.sql = step["request"].value("sql", "");
      SqlOutcome outcome = run(played.sql);
      played.refused = !outcome.ok && outcome.error.starts_with("kalam-stub does not evaluate");
      played.difference = compare(step, played.sql, outcome);
      all.push_back(std::move(played));
    }
  }
  return all;
}

}  // namespace kalam::stub::test
