#include "stub/arrow/temporal_text.h"

#include <cstdio>

namespace kalam::stub {

namespace {

constexpr int64_t kDayUs = 86400000000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// `count` digits at the front of text, taken off it.
std::optional<int> take_digits(std::string_view& text, size_t least, size_t most) {
  size_t length = 0;
  int number = 0;
  while (length < text.size() && length < most && is_digit(text[length])) number = number * 10 + (text[length++] - '0');
  if (length < least) return std::nullopt;
  text.remove_prefix(length);
  return number;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool valid_date(int64_t year, int month, int day) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= lengths[month - 1] + (month == 2 && leap ? 1 : 0);
}

// A fraction behind its point, as nanoseconds; more than nine digits are cut.
std::optional<int32_t> take_fraction(std::string_view& text) {
  int32_t nanoseconds = 0;
  size_t digits = 0;
  while (!text.empty() && is_digit(text.front())) {
    if (digits < 9) nanoseconds = nanoseconds * 10 + (text.front() - '0');
    digits++;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; digits++) nanoseconds *= 10;
  return nanoseconds;
}

// Seconds east of UTC of "Z", "+02", "+0200", "+02:00", "UTC".
std::optional<int> parse_zone(std::string_view text) {
  if (text == "Z" || text == "z" || text == "UTC") return 0;
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  auto hours = take_digits(text, 2, 2);
  int minutes = 0;
  if (hours && !text.empty()) {
    take(text, ':');
    auto parsed = take_digits(text, 2, 2);
    if (!parsed) return std::nullopt;
    minutes = *parsed;
  }
  if (!hours || !text.empty() || *hours > 23 || minutes > 59) return std::nullopt;
  return sign * (*hours * 3600 + minutes * 60);
}

}  // namespace

int64_t days_from_civil(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

void civil_from_days(int64_t days, int64_t& year, int& month, int& day) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted_month = (5 * day_of_year + 2) / 153;
  day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
}

std::optional<int64_t> parse_date(std::string_view text) {
  // A timestamp gives its day.
  if (text.size() > 10 && (text[10] == 'T' || text[10] == ' ')) {
    auto timestamp = parse_timestamp(text);
    if (!timestamp) return std::nullopt;
    int64_t seconds = timestamp->seconds;
    return (seconds >= 0 ? seconds : seconds - 86399) / 86400;
  }
  if (text.size() == 8 && text.find_first_not_of("0123456789") == std::string_view::npos) {
    auto year = take_digits(text, 4, 4);
    auto month = take_digits(text, 2, 2);
    auto day = take_digits(text, 2, 2);
    if (!valid_date(*year, *month, *day)) return std::nullopt;
    return days_from_civil(*year, *month, *day);
  }
  bool negative = take(text, '-');
  auto year = take_digits(text, 4, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  auto month = take_digits(text, 1, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  auto day = take_digits(text, 1, 2);
  int64_t signed_year = negative ? -*year : *year;
  if (!day || !text.empty() || !valid_date(signed_year, *month, *day)) return std::nullopt;
  return days_from_civil(signed_year, *month, *day);
}

std::optional<int64_t> parse_time(std::string_view text) {
  bool afternoon = false;
  bool twelve_hours = false;
  if (text.size() > 3) {
    std::string_view tail = text.substr(text.size() - 3);
    if (tail[0] == ' ' && (tail[2] == 'M' || tail[2] == 'm')) {
      if (tail[1] == 'P' || tail[1] == 'p') {
        afternoon = true;
      } else if (tail[1] != 'A' && tail[1] != 'a') {
        return std::nullopt;
      }
      twelve_hours = true;
      text.remove_suffix(3);
    }
  }
  auto hour = take_digits(text, 1, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  auto minute = take_digits(text, 2, 2);
  if (!minute) return std::nullopt;
  int second = 0;
  int32_t nanoseconds = 0;
  if (take(text, ':')) {
    auto parsed = take_digits(text, 2, 2);
    if (!parsed) return std::nullopt;
    second = *parsed;
    if (take(text, '.')) {
      auto fraction = take_fraction(text);
      if (!fraction) return std::nullopt;
      nanoseconds = *fraction;
    }
  }
  if (!text.empty() || *minute > 59) return std::nullopt;
  int hours = *hour;
  if (twelve_hours) {
    if (hours < 1 || hours > 12) return std::nullopt;
    hours = hours % 12 + (afternoon ? 12 : 0);
  }
  // A leap second is only known at the end of a minute, and counts as the next second.
  if (hours > 23 || second > 60) return std::nullopt;
  return ((hours * int64_t{60} + *minute) * 60 + second) * 1000000 + nanoseconds / 1000;
}

std::optional<ParsedTimestamp> parse_timestamp(std::string_view text) {
  auto year = take_digits(text, 4, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  auto month = take_digits(text, 2, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  auto day = take_digits(text, 2, 2);
  if (!day || *year < 1 || !valid_date(*year, *month, *day)) return std::nullopt;
  ParsedTimestamp result;
  result.seconds = days_from_civil(*year, *month, *day) * 86400;
  if (text.empty()) return result;
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  auto hour = take_digits(text, 2, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  auto minute = take_digits(text, 2, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  auto second = take_digits(text, 2, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  result.seconds += (*hour * int64_t{60} + *minute) * 60 + *second;
  if (take(text, '.')) {
    auto fraction = take_fraction(text);
    if (!fraction) return std::nullopt;
    result.nanoseconds = *fraction;
  }
  take(text, ' ');
  if (!text.empty()) {
    auto offset = parse_zone(text);
    if (!offset) return std::nullopt;
    result.seconds -= *offset;
  }
  return result;
}

std::string format_date(int64_t days) {
  int64_t year = 0;
  int month = 0;
  int day = 0;
  civil_from_days(days, year, month, day);
  char buffer[64];
  // chrono prints a sign in front of years that do not fit four digits.
  const char* format = year < 0 ? "%05lld-%02d-%02d" : year > 9999 ? "+%lld-%02d-%02d" : "%04lld-%02d-%02d";
  std::snprintf(buffer, sizeof buffer, format, static_cast<long long>(year), month, day);
  return buffer;
}

std::string format_time(int64_t microseconds) {
  char buffer[64];
  int64_t seconds = microseconds / 1000000;
  int64_t fraction = microseconds % 1000000;
  std::snprintf(buffer, sizeof buffer, "%02lld:%02lld:%02lld", static_cast<long long>(seconds / 3600),
                static_cast<long long>(seconds / 60 % 60), static_cast<long long>(seconds % 60));
  std::string text = buffer;
  if (fraction != 0) {
    // Three or six digits, whatever suffices.
    std::snprintf(buffer, sizeof buffer, fraction % 1000 == 0 ? ".%03lld" : ".%06lld",
                  static_cast<long long>(fraction % 1000 == 0 ? fraction / 1000 : fraction));
    text += buffer;
  }
  return text;
}

std::string format_timestamp_us(int64_t microseconds, bool utc) {
  int64_t days = microseconds / kDayUs;
  int64_t rest = microseconds % kDayUs;
  if (rest < 0) {
    rest += kDayUs;
    days--;
  }
  return format_date(days) + "T" + format_time(rest) + (utc ? "Z" : "");
}

}  // namespace kalam::stub
