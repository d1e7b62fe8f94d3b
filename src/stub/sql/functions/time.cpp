// Functions on dates, times and timestamps.
#include <cstdlib>

#include "stub/arrow/cast.h"
#include "stub/arrow/text_forms.h"
#include "stub/sql/functions/functions.h"
#include "stub/sql/functions/types.h"

namespace kalam::stub::sql {

namespace {

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

struct Moment {
  int64_t days;
  int64_t of_day;  // in units
  int64_t scale;   // units a second
};

Moment moment_of(const Value& value, const DataType& type) {
  if (type.id == TypeId::date32) return {as_int64(value), 0, 1};
  int64_t scale = per_second(type.unit);
  return {floor_div(as_int64(value), 86400 * scale), floor_mod(as_int64(value), 86400 * scale), scale};
}

bool is_moment(const DataType& type) {
  return type.id == TypeId::date32 || type.id == TypeId::timestamp;
}

std::optional<int64_t> date_field(const std::string& part, const Moment& moment) {
  CivilDate date = civil_from_days(moment.days);
  int64_t seconds = moment.of_day / moment.scale;
  if (part == "year") return date.year;
  if (part == "month") return date.month;
  if (part == "day") return date.day;
  if (part == "quarter") return (date.month - 1) / 3 + 1;
  if (part == "dow") return floor_mod(moment.days + 4, 7);
  if (part == "doy") return moment.days - days_from_civil(date.year, 1, 1) + 1;
  if (part == "hour") return seconds / 3600;
  if (part == "minute") return seconds / 60 % 60;
  if (part == "second") return seconds % 60;
  return std::nullopt;
}

std::optional<Scalar> plan_date_part(const FunctionCall& call) {
  const std::string* written = call.literal_text(0);
  DataType type = call.type(1);
  if (written == nullptr || !is_moment(type)) return std::nullopt;
  std::string part = lower(*written);
  bool epoch = part == "epoch";
  if (!epoch && !date_field(part, {0, 0, 1})) return std::nullopt;
  Scalar scalar;
  scalar.arguments = {type_of(TypeId::utf8), type};
  scalar.result = type_of(epoch ? TypeId::float64 : TypeId::int32);
  scalar.body = [part, type, epoch](const Row& row) -> Value {
    Moment moment = moment_of(row[1], type);
    if (epoch) {
      if (type.id == TypeId::date32) return {static_cast<double>(moment.days) * 86400};
      return {static_cast<double>(as_int64(row[1])) / static_cast<double>(moment.scale)};
    }
    return {*date_field(part, moment)};
  };
  return scalar;
}

std::optional<int64_t> truncated_days(const std::string& part, int64_t days) {
  CivilDate date = civil_from_days(days);
  if (part == "year") return days_from_civil(date.year, 1, 1);
  if (part == "quarter") return days_from_civil(date.year, (date.month - 1) / 3 * 3 + 1, 1);
  if (part == "month") return days_from_civil(date.year, date.month, 1);
  if (part == "week") return days - floor_mod(days + 3, 7);
  if (part == "day") return days;
  return std::nullopt;
}

int64_t seconds_of(const std::string& part) {
  if (part == "hour") return 3600;
  if (part == "minute") return 60;
  return part == "second" ? 1 : 0;
}

std::optional<Scalar> plan_date_trunc(const FunctionCall& call) {
  const std::string* written = call.literal_text(0);
  DataType type = call.type(1);
  if (written == nullptr || type.id != TypeId::timestamp || type.utc) return std::nullopt;
  std::string part = lower(*written);
  int64_t seconds = seconds_of(part);
  if (seconds == 0 && !truncated_days(part, 0)) return std::nullopt;
  Scalar scalar;
  scalar.arguments = {type_of(TypeId::utf8), type};
  scalar.result = type;
  scalar.body = [part, type, seconds](const Row& row) -> Value {
    Moment moment = moment_of(row[1], type);
    int64_t value = as_int64(row[1]);
    if (seconds != 0) return {value - floor_mod(value, seconds * moment.scale)};
    Int128 start = static_cast<Int128>(*truncated_days(part, moment.days)) * 86400 * moment.scale;
    return integer_value(start, type_of(TypeId::int64));
  };
  return scalar;
}

// chrono's patterns, those that are numbers.
std::string formatted(const std::string& pattern, const Moment& moment) {
  CivilDate date = civil_from_days(moment.days);
  if (date.year < 0 || date.year > 9999) refuse("to_char of this year");
  auto two = [](int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  std::string result;
  for (size_t i = 0; i < pattern.size(); i++) {
    if (pattern[i] != '%') {
      result += pattern[i];
      continue;
    }
    char c = i + 1 < pattern.size() ? pattern[++i] : '\0';
    int64_t seconds = moment.of_day / moment.scale;
    switch (c) {
      case 'Y': {
        std::string year = std::to_string(date.year);
        result += std::string(4 - year.size(), '0') + year;
        break;
      }
      case 'm':
        result += two(date.month);
        break;
      case 'd':
        result += two(date.day);
        break;
      case 'H':
        result += two(seconds / 3600);
        break;
      case 'M':
        result += two(seconds / 60 % 60);
        break;
      case 'S':
        result += two(seconds % 60);
        break;
      case 'F':
        result += formatted("%Y-%m-%d", moment);
        break;
      case 'T':
        result += formatted("%H:%M:%S", moment);
        break;
      case '%':
        result += '%';
        break;
      default:
        refuse("to_char with this pattern");
    }
  }
  return result;
}

std::optional<Scalar> plan_to_char(const FunctionCall& call) {
  DataType type = call.type(0);
  const std::string* pattern = call.literal_text(1);
  if (!is_moment(type) || pattern == nullptr) return std::nullopt;
  bool clock = pattern->find_first_of("HMST") != std::string::npos;
  if (type.id == TypeId::date32 && clock) return std::nullopt;
  Scalar scalar;
  scalar.arguments = {type, type_of(TypeId::utf8)};
  scalar.result = type_of(TypeId::utf8);
  scalar.body = [type](const Row& row) { return Value{formatted(as_text(row[1]), moment_of(row[0], type))}; };
  return scalar;
}

std::optional<Scalar> plan_to_timestamp(const FunctionCall& call) {
  DataType type = call.type(0);
  DataType result = timestamp_of(Unit::nanosecond);
  Scalar scalar;
  scalar.result = result;
  if (is_signed_integer(type)) {
    scalar.arguments = {type_of(TypeId::int64)};
    scalar.body = [](const Row& row) { return integer_value(as_int128(row[0]) * 1000000000, type_of(TypeId::int64)); };
    return scalar;
  }
  if (type.id != TypeId::utf8) return std::nullopt;
  scalar.arguments = {type};
  scalar.body = [type, result](const Row& row) { return cast_value(row[0], type, result); };
  return scalar;
}

std::optional<Scalar> plan_make_date(const FunctionCall& call) {
  Scalar scalar;
  for (size_t i = 0; i < 3; i++) {
    if (!is_signed_integer(call.type(i))) return std::nullopt;
    scalar.arguments.push_back(type_of(TypeId::int64));
  }
  scalar.result = type_of(TypeId::date32);
  scalar.body = [](const Row& row) -> Value {
    int64_t year = as_int64(row[0]);
    int64_t month = as_int64(row[1]);
    int64_t day = as_int64(row[2]);
    if (std::abs(year) > 9999 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, static_cast<int>(month))) {
      refuse("make_date of this date");
    }
    return {days_from_civil(year, static_cast<int>(month), static_cast<int>(day))};
  };
  return scalar;
}

std::optional<Scalar> plan_to_date(const FunctionCall& call) {
  if (call.type(0).id != TypeId::utf8) return std::nullopt;
  Scalar scalar;
  scalar.arguments = {call.type(0)};
  scalar.result = type_of(TypeId::date32);
  scalar.body = [](const Row& row) -> Value {
    auto days = parse_date(as_text(row[0]));
    if (!days) refuse("to_date of this text");
    return {*days};
  };
  return scalar;
}

Scalar clock_reading(const FunctionCall& call, const DataType& type) {
  int64_t now = call.store.clock().now_us();
  Scalar scalar;
  scalar.result = type;
  scalar.body = [now, type](const Row&) -> Value {
    int64_t day = int64_t{86400} * 1000000;
    if (type.id == TypeId::date32) return {floor_div(now, day)};
    if (type.id == TypeId::time64) return {floor_mod(now, day) * 1000};
    return {now * 1000};
  };
  return scalar;
}

}  // namespace

void add_time_functions(FunctionTable* table) {
  (*table)["date_part"] = {"date_part", 2, 2, plan_date_part};
  (*table)["date_trunc"] = {"date_trunc", 2, 2, plan_date_trunc};
  (*table)["to_char"] = {"to_char", 2, 2, plan_to_char};
  (*table)["to_timestamp"] = {"to_timestamp", 1, 1, plan_to_timestamp};
  (*table)["make_date"] = {"make_date", 3, 3, plan_make_date};
  (*table)["to_date"] = {"to_date", 1, 1, plan_to_date};
  auto add_clock = [table](const char* name, const DataType& type) {
    (*table)[name] = {name, 0, 0,
                      [type](const FunctionCall& call) -> std::optional<Scalar> { return clock_reading(call, type); }};
  };
  add_clock("now", timestamp_of(Unit::nanosecond));
  add_clock("current_timestamp", timestamp_of(Unit::nanosecond));
  add_clock("current_date", type_of(TypeId::date32));
  add_clock("current_time", time_of(Unit::nanosecond));
  (*table)["current_timestamp"].name = "now";
}

}  // namespace kalam::stub::sql
