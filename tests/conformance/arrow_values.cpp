#include "arrow_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace kalam::conformance {
namespace {

// Gregorian calendar, proleptic; valid for every int64 day count that a date32 or timestamp can hold.
void civil_from_days(int64_t days, int64_t* year, int* month, int* day) {
  days += 719468;  // from 0000-03-01
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted_month = (5 * day_of_year + 2) / 153;
  *day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  *month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  *year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

int64_t floor_divide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && a < 0 ? 1 : 0);
}

// Fraction with six digits, nine when microseconds do not hold it, none when it is zero.
std::string render_clock(int64_t seconds, int64_t fraction, int64_t per_second) {
  char text[64];
  snprintf(text, sizeof text, "%02lld:%02lld:%02lld", static_cast<long long>(seconds / 3600),
           static_cast<long long>(seconds / 60 % 60), static_cast<long long>(seconds % 60));
  std::string out = text;
  if (fraction == 0) return out;
  int64_t nanoseconds = fraction * (1000000000 / per_second);
  if (nanoseconds % 1000 == 0) {
    snprintf(text, sizeof text, ".%06lld", static_cast<long long>(nanoseconds / 1000));
  } else {
    snprintf(text, sizeof text, ".%09lld", static_cast<long long>(nanoseconds));
  }
  return out + text;
}

}  // namespace

std::string render_binary(std::string_view bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string out = "0x";
  for (char c : bytes) {
    out += digits[static_cast<uint8_t>(c) >> 4];
    out += digits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

nlohmann::json render_float(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0 && std::signbit(value)) return "-0.0";
  return value;
}

std::string render_decimal128(std::string_view bytes, int32_t scale) {
  unsigned __int128 word;
  memcpy(&word, bytes.data(), sizeof word);
  bool negative = static_cast<__int128>(word) < 0;
  if (negative) word = ~word + 1;
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(word % 10));
    word /= 10;
  } while (word != 0);
  while (scale > 0 && digits.size() <= static_cast<size_t>(scale)) digits += '0';
  std::reverse(digits.begin(), digits.end());
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  for (int32_t i = scale; i < 0; i++) digits += '0';
  return (negative ? "-" : "") + digits;
}

std::string render_date(int64_t days) {
  int64_t year;
  int month, day;
  civil_from_days(days, &year, &month, &day);
  char text[64];
  snprintf(text, sizeof text, "%04lld-%02d-%02d", static_cast<long long>(year), month, day);
  return text;
}

std::string render_time(int64_t microseconds) {
  if (microseconds < 0) return "negative time of " + std::to_string(microseconds) + " us";
  return render_clock(microseconds / 1000000, microseconds % 1000000, 1000000);
}

std::string render_timestamp(int64_t value, int64_t per_second) {
  int64_t seconds = floor_divide(value, per_second);
  int64_t days = floor_divide(seconds, 86400);
  return render_date(days) + "T" + render_clock(seconds - days * 86400, value - seconds * per_second, per_second);
}

std::string normalize_decimal(const std::string& text) {
  size_t at = 0;
  bool negative = false;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) negative = text[at++] == '-';
  std::string digits;
  int64_t exponent = 0;
  bool point = false;
  for (; at < text.size() && (isdigit(static_cast<unsigned char>(text[at])) || (text[at] == '.' && !point)); at++) {
    if (text[at] == '.') {
      point = true;
    } else {
      digits += text[at];
      if (point) exponent--;
    }
  }
  if (digits.empty()) return text;
  if (at < text.size() && (text[at] == 'E' || text[at] == 'e')) {
    at++;
    if (at < text.size() && text[at] == '+') at++;
    int64_t power = 0;
    auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), power);
    if (error != std::errc() || power > 1000 || power < -1000) return text;
    exponent += power;
    at = static_cast<size_t>(end - text.data());
  }
  if (at != text.size()) return text;
  size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return "0";
  digits.erase(0, first);
  while (digits.back() == '0') {
    digits.pop_back();
    exponent++;
  }
  return (negative ? "-" : "") + digits + "E" + std::to_string(exponent);
}

}  // namespace kalam::conformance
