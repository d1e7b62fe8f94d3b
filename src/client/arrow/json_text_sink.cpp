#include "client/arrow/json_text_sink.h"

#include <cmath>
#include <cstdio>
#include <cstring>

#include "client/arrow/decode_error.h"
#include "client/rows/json_text.h"

namespace kalam::arrow {
namespace {

template <class T>
T load(const void* value) {
  T result;
  std::memcpy(&result, value, sizeof(T));
  return result;
}

template <class Floating>
std::string floating_text(Floating number) {
  std::string text;
  if (std::isfinite(number)) {
    append_number(number, &text);
  } else {
    text = std::isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  }
  return text;
}

// Digits of a 256-bit number: division by 10^9, word by word of 32 bits.
std::string int256_text(const Int256& number, bool* negative) {
  uint32_t words[8];
  std::memcpy(words, number.word, sizeof(words));
  *negative = (words[7] & 0x80000000U) != 0;
  if (*negative) {
    uint64_t carry = 1;
    for (uint32_t& word : words) {
      carry += static_cast<uint32_t>(~word);
      word = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }
  std::string digits;
  bool is_zero = false;
  while (!is_zero) {
    uint64_t remainder = 0;
    is_zero = true;
    for (int i = 7; i >= 0; i--) {
      const uint64_t part = remainder << 32 | words[i];
      words[i] = static_cast<uint32_t>(part / 1'000'000'000);
      remainder = part % 1'000'000'000;
      is_zero &= words[i] == 0;
    }
    char chunk[16];
    std::snprintf(chunk, sizeof(chunk), is_zero ? "%llu" : "%09llu", static_cast<unsigned long long>(remainder));
    digits.insert(0, chunk);
  }
  return digits;
}

std::string decimal_text(const Int256& number, int scale) {
  bool negative = false;
  std::string digits = int256_text(number, &negative);
  if (scale > 0) {
    const auto places = static_cast<size_t>(scale);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
  } else if (digits != "0") {
    digits.append(static_cast<size_t>(-scale), '0');
  }
  return negative ? "-" + digits : digits;
}

int64_t units_per_second(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::second:
      return 1;
    case TimeUnit::millisecond:
      return 1'000;
    case TimeUnit::microsecond:
      return 1'000'000;
    case TimeUnit::nanosecond:
      return 1'000'000'000;
  }
  return 1;
}

int64_t floor_divide(int64_t value, int64_t by, int64_t* rest) {
  int64_t quotient = value / by;
  *rest = value % by;
  if (*rest < 0) {
    *rest += by;
    quotient--;
  }
  return quotient;
}

// The fraction with its point, without trailing zeros; empty when it is zero.
std::string fraction_text(int64_t units, int64_t per_second) {
  if (units == 0) return {};
  std::string digits = std::to_string(units + per_second).substr(1);
  digits.erase(digits.find_last_not_of('0') + 1);
  return "." + digits;
}

std::string clock_text(int64_t units, int64_t per_second) {
  int64_t fraction = 0;
  const int64_t seconds = floor_divide(units, per_second, &fraction);
  char text[64];
  std::snprintf(text, sizeof(text), "%02lld:%02lld:%02lld", static_cast<long long>(seconds / 3600),
                static_cast<long long>(seconds / 60 % 60), static_cast<long long>(seconds % 60));
  return text + fraction_text(fraction, per_second);
}

// The proleptic Gregorian date of a day counted from 1970-01-01. Years count from March here, so that the leap day is
// a year's last; an era is 400 years.
std::string date_text(int64_t days) {
  constexpr int64_t kDaysPerEra = 146'097;
  int64_t day_of_era = 0;
  const int64_t era = floor_divide(days + 719'468, kDaysPerEra, &day_of_era);
  const int64_t year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  char text[64];
  std::snprintf(text, sizeof(text), year < 0 ? "%05lld-%02lld-%02lld" : "%04lld-%02lld-%02lld",
                static_cast<long long>(year), static_cast<long long>(month), static_cast<long long>(day));
  return text;
}

std::string timestamp_text(int64_t value, const ColumnType& type) {
  const int64_t per_second = units_per_second(type.unit);
  int64_t of_day = 0;
  const int64_t day = floor_divide(value, per_second * 86'400, &of_day);
  return date_text(day) + "T" + clock_text(of_day, per_second) + (type.has_timezone ? "+00:00" : "");
}

std::string duration_text(int64_t value, TimeUnit unit) {
  const int64_t per_second = units_per_second(unit);
  const uint64_t magnitude = value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  const uint64_t divisor = static_cast<uint64_t>(per_second);
  return std::string("PT") + (value < 0 ? "-" : "") + std::to_string(magnitude / divisor) +
         fraction_text(static_cast<int64_t>(magnitude % divisor), per_second) + "S";
}

std::string interval_text(const Interval& interval) {
  return "P" + std::to_string(interval.months) + "M" + std::to_string(interval.days) + "D" +
         duration_text(interval.nanoseconds, TimeUnit::nanosecond).substr(1);
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

}  // namespace

void JsonTextSink::clear() {
  constexpr size_t kKept = 1 << 20;
  total_->bytes -= text_.size();
  text_.clear();
  if (text_.capacity() > kKept) text_.shrink_to_fit();
}

void JsonTextSink::fail_too_long() const {
  throw DecodeError(
      "Values of column \"" + column_.name + "\" (" + column_.type_name + ") take more than 64 MiB as JSON text.",
      ErrorClass::too_large);
}

void JsonTextSink::string(std::string_view text) {
  std::string quoted;
  if (!append_json_string(text, &quoted)) {
    throw DecodeError("Column \"" + column_.name + "\" (" + column_.type_name + ") holds text that is not UTF-8.",
                      column_.name);
  }
  raw(quoted);
}

void JsonTextSink::bytes(std::string_view bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text = "\"\\\\x";
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  raw(text + "\"");
}

void JsonTextSink::scalar(const ColumnType& type, const void* value) {
  switch (type.kind) {
    case ColumnKind::boolean:
      return raw(load<uint8_t>(value) != 0 ? "true" : "false");
    case ColumnKind::int8:
      return raw(std::to_string(load<int8_t>(value)));
    case ColumnKind::int16:
      return raw(std::to_string(load<int16_t>(value)));
    case ColumnKind::int32:
      return raw(std::to_string(load<int32_t>(value)));
    case ColumnKind::int64:
      return raw(std::to_string(load<int64_t>(value)));
    case ColumnKind::uint8:
      return raw(std::to_string(load<uint8_t>(value)));
    case ColumnKind::uint16:
      return raw(std::to_string(load<uint16_t>(value)));
    case ColumnKind::uint32:
      return raw(std::to_string(load<uint32_t>(value)));
    case ColumnKind::uint64:
      return raw(std::to_string(load<uint64_t>(value)));
    case ColumnKind::float32:
      return raw(floating_text(load<float>(value)));
    case ColumnKind::float64:
      return raw(floating_text(load<double>(value)));
    case ColumnKind::decimal:
      return raw(decimal_text(load<Int256>(value), type.scale));
    case ColumnKind::date_days:
      return raw(quoted(date_text(load<int32_t>(value))));
    case ColumnKind::date_millis: {
      int64_t rest = 0;
      return raw(quoted(date_text(floor_divide(load<int64_t>(value), 86'400'000, &rest))));
    }
    case ColumnKind::time_of_day:
      return raw(quoted(clock_text(load<int64_t>(value), units_per_second(type.unit))));
    case ColumnKind::timestamp:
      return raw(quoted(timestamp_text(load<int64_t>(value), type)));
    case ColumnKind::duration:
      return raw(quoted(duration_text(load<int64_t>(value), type.unit)));
    case ColumnKind::interval:
      return raw(quoted(interval_text(load<Interval>(value))));
    case ColumnKind::null_type:
    case ColumnKind::utf8:
    case ColumnKind::binary:
    case ColumnKind::fixed_binary:
    case ColumnKind::list:
    case ColumnKind::fixed_list:
      break;
  }
  raw("null");
}

}  // namespace kalam::arrow
