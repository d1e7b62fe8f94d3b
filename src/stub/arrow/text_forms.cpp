#include "stub/arrow/text_forms.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace kalam::stub {

int64_t floor_div(int64_t a, int64_t b) {
  int64_t q = a / b;
  return (a % b != 0 && ((a < 0) != (b < 0))) ? q - 1 : q;
}

int64_t floor_mod(int64_t a, int64_t b) {
  return a - floor_div(a, b) * b;
}

int64_t days_from_civil(int64_t year, int month, int day) {
  year -= month <= 2;
  int64_t era = floor_div(year, 400);
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilDate civil_from_days(int64_t days) {
  days += 719468;
  int64_t era = floor_div(days, 146097);
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted = (5 * day_of_year + 2) / 153;
  int day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
  int month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

int days_in_month(int64_t year, int month) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<size_t>(month - 1)];
}

int64_t per_second(Unit unit) {
  switch (unit) {
    case Unit::second:
      return 1;
    case Unit::millisecond:
      return 1000;
    case Unit::microsecond:
      return 1000000;
    case Unit::nanosecond:
      return 1000000000;
  }
  return 1;
}

namespace {

// Digits and decimal exponent of "d.ddde±x".
struct Shortest {
  std::string digits;
  int exponent = 0;  // value = 0.digits * 10^exponent
  bool negative = false;
};

template <class Number>
Shortest shortest(Number number) {
  std::array<char, 64> buffer{};
  auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<size_t>(result.ptr - buffer.data()));
  Shortest form;
  if (text.front() == '-') {
    form.negative = true;
    text.remove_prefix(1);
  }
  size_t e = text.find('e');
  for (char c : text.substr(0, e)) {
    if (c != '.') form.digits += c;
  }
  form.exponent = std::atoi(std::string(text.substr(e + 1)).c_str()) + 1;
  while (form.digits.size() > 1 && form.digits.back() == '0') form.digits.pop_back();
  return form;
}

// Ryu's "pretty" layout, with its thresholds.
std::string lay_out(const Shortest& form, int largest_plain, int smallest_plain) {
  std::string text = form.negative ? "-" : "";
  int length = static_cast<int>(form.digits.size());
  int point = form.exponent;
  if (form.digits == "0") return text + "0.0";
  if (point >= length && point <= largest_plain) {
    return text + form.digits + std::string(static_cast<size_t>(point - length), '0') + ".0";
  }
  if (point > 0 && point <= largest_plain) {
    return text + form.digits.substr(0, static_cast<size_t>(point)) + "." +
           form.digits.substr(static_cast<size_t>(point));
  }
  if (point > smallest_plain && point <= 0) {
    return text + "0." + std::string(static_cast<size_t>(-point), '0') + form.digits;
  }
  text += form.digits.substr(0, 1);
  if (length > 1) text += "." + form.digits.substr(1);
  return text + "e" + std::to_string(point - 1);
}

template <class Number>
std::string special(Number number) {
  if (std::isnan(number)) return "NaN";
  return number > 0 ? "inf" : "-inf";
}

std::string fraction_text(int64_t fraction, Unit unit) {
  if (fraction == 0) return "";
  int64_t nanoseconds = fraction * (1000000000 / per_second(unit));
  std::array<char, 16> buffer{};
  std::snprintf(buffer.data(), buffer.size(), ".%09lld", static_cast<long long>(nanoseconds));
  std::string text(buffer.data());
  while (text.size() > 4 && text.compare(text.size() - 3, 3, "000") == 0) text.resize(text.size() - 3);
  return text;
}

std::string clock_text(int64_t seconds_of_day) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%02d:%02d:%02d", static_cast<int>(seconds_of_day / 3600),
                static_cast<int>(seconds_of_day / 60 % 60), static_cast<int>(seconds_of_day % 60));
  return buffer.data();
}

// Reads from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool done() const { return at_ == text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (peek() != c || done()) return false;
    at_++;
    return true;
  }
  std::string_view rest() const { return text_.substr(at_); }
  // Between `fewest` and `most` digits.
  bool number(size_t fewest, size_t most, int64_t* number) {
    size_t start = at_;
    int64_t value = 0;
    while (at_ < text_.size() && at_ - start < most && std::isdigit(static_cast<unsigned char>(text_[at_]))) {
      value = value * 10 + (text_[at_++] - '0');
    }
    if (at_ - start < fewest) {
      at_ = start;
      return false;
    }
    *number = value;
    return true;
  }
  // Digits behind a point as nanoseconds; digits after the ninth are cut.
  bool fraction(int64_t* nanoseconds) {
    int64_t value = 0;
    int count = 0;
    bool any = false;
    while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) {
      any = true;
      if (count < 9) {
        value = value * 10 + (text_[at_] - '0');
        count++;
      }
      at_++;
    }
    for (; count < 9; count++) value *= 10;
    *nanoseconds = value;
    return any;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// Timestamps have months and days of two digits and a year from 1 on.
bool read_date(Reader& reader, bool of_timestamp, int64_t* days) {
  size_t fewest = of_timestamp ? 2 : 1;
  bool negative = !of_timestamp && reader.take('-');
  int64_t year = 0;
  int64_t month = 0;
  int64_t day = 0;
  if (!reader.number(4, 4, &year) || !reader.take('-') || !reader.number(fewest, 2, &month) || !reader.take('-') ||
      !reader.number(fewest, 2, &day)) {
    return false;
  }
  if (of_timestamp && year == 0) return false;
  if (negative) year = -year;
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, static_cast<int>(month))) return false;
  *days = days_from_civil(year, static_cast<int>(month), static_cast<int>(day));
  return true;
}

bool read_clock(Reader& reader, bool need_seconds, int64_t* seconds, int64_t* nanoseconds) {
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  if (!reader.number(need_seconds ? 2 : 1, 2, &hour) || !reader.take(':') || !reader.number(2, 2, &minute))
    return false;
  if (reader.take(':')) {
    if (!reader.number(2, 2, &second)) return false;
    if (reader.take('.') && !reader.fraction(nanoseconds)) return false;
  } else if (need_seconds) {
    return false;
  }
  if (hour > 23 || minute > 59 || second > 60) return false;
  *seconds = hour * 3600 + minute * 60 + second;
  return true;
}

// "Z", "+02", "+02:00", "-0130": seconds east of UTC.
bool read_offset(Reader& reader, int64_t* offset) {
  if (reader.rest() == "UTC") {
    reader = Reader("");
    *offset = 0;
    return true;
  }
  if (reader.take('Z') || reader.take('z')) {
    *offset = 0;
    return true;
  }
  int64_t sign = reader.take('+') ? 1 : (reader.take('-') ? -1 : 0);
  int64_t hours = 0;
  int64_t minutes = 0;
  if (sign == 0 || !reader.number(2, 2, &hours)) return false;
  reader.take(':');
  if (!reader.done() && !reader.number(2, 2, &minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  *offset = sign * (hours * 3600 + minutes * 60);
  return true;
}

}  // namespace

std::string format_double(double number) {
  return std::isfinite(number) ? lay_out(shortest(number), 16, -5) : special(number);
}

std::string format_float(float number) {
  return std::isfinite(number) ? lay_out(shortest(number), 13, -6) : special(number);
}

std::string format_date(int64_t days) {
  CivilDate date = civil_from_days(days);
  std::array<char, 40> buffer{};
  if (date.year >= 0 && date.year <= 9999) {
    std::snprintf(buffer.data(), buffer.size(), "%04lld-%02d-%02d", static_cast<long long>(date.year), date.month,
                  date.day);
  } else {
    std::snprintf(buffer.data(), buffer.size(), "%+05lld-%02d-%02d", static_cast<long long>(date.year), date.month,
                  date.day);
  }
  return buffer.data();
}

std::optional<std::string> format_time(int64_t value, Unit unit) {
  int64_t scale = per_second(unit);
  if (value < 0 || value >= 86400 * scale) return std::nullopt;
  return clock_text(value / scale) + fraction_text(value % scale, unit);
}

std::optional<std::string> format_timestamp(int64_t value, Unit unit, bool utc) {
  int64_t scale = per_second(unit);
  int64_t seconds = floor_div(value, scale);
  int64_t days = floor_div(seconds, 86400);
  // chrono's calendar ends about 262,000 years from now.
  if (days < -96465292 || days > 95026236) return std::nullopt;
  return format_date(days) + "T" + clock_text(floor_mod(seconds, 86400)) +
         fraction_text(floor_mod(value, scale), unit) + (utc ? "Z" : "");
}

std::optional<double> parse_double(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  std::string_view rest = lower;
  bool negative = false;
  if (!rest.empty() && (rest.front() == '+' || rest.front() == '-')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  if (rest.empty()) return std::nullopt;
  double number = 0;
  if (rest == "nan") {
    number = std::nan("");
  } else if (rest == "inf" || rest == "infinity") {
    number = HUGE_VAL;
  } else {
    if (rest.front() != '.' && !std::isdigit(static_cast<unsigned char>(rest.front()))) return std::nullopt;
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (end != rest.data() + rest.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
      number = std::strtod(std::string(rest).c_str(), nullptr);
    } else if (error != std::errc()) {
      return std::nullopt;
    }
  }
  return negative ? -number : number;
}

std::optional<int64_t> parse_date(std::string_view text) {
  if (text.size() == 8 && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); })) {
    std::string dashed =
        std::string(text.substr(0, 4)) + "-" + std::string(text.substr(4, 2)) + "-" + std::string(text.substr(6));
    return parse_date(dashed);
  }
  Reader reader(text);
  int64_t days = 0;
  if (!read_date(reader, false, &days)) return std::nullopt;
  if (reader.done()) return days;
  auto instant = parse_timestamp(text);
  if (!instant) return std::nullopt;
  return floor_div(instant->seconds, 86400);
}

std::optional<int64_t> parse_time(std::string_view text) {
  Reader reader(text);
  int64_t seconds = 0;
  int64_t nanoseconds = 0;
  if (!read_clock(reader, false, &seconds, &nanoseconds)) return std::nullopt;
  if (!reader.done()) {
    if (!reader.take(' ')) return std::nullopt;
    std::string half(reader.rest());
    std::transform(half.begin(), half.end(), half.begin(), [](unsigned char c) { return std::toupper(c); });
    bool after_noon = half == "PM";
    if (!after_noon && half != "AM") return std::nullopt;
    int64_t hour = seconds / 3600;
    if (hour < 1 || hour > 12) return std::nullopt;
    seconds = seconds % 3600 + (hour % 12 + (after_noon ? 12 : 0)) * 3600;
  }
  return seconds * 1000000000 + nanoseconds;
}

std::optional<Instant> parse_timestamp(std::string_view text) {
  Reader reader(text);
  int64_t days = 0;
  Instant instant;
  if (!read_date(reader, true, &days)) return std::nullopt;
  instant.seconds = days * 86400;
  if (reader.done()) return instant;
  if (!reader.take('T') && !reader.take('t') && !reader.take(' ')) return std::nullopt;
  int64_t seconds = 0;
  if (!read_clock(reader, true, &seconds, &instant.nanoseconds)) return std::nullopt;
  instant.seconds += seconds;
  if (reader.done()) return instant;
  reader.take(' ');
  int64_t offset = 0;
  if (!read_offset(reader, &offset) || !reader.done()) return std::nullopt;
  instant.seconds -= offset;
  return instant;
}

std::optional<MonthDayNano> parse_interval(std::string_view text) {
  struct Word {
    std::string_view name;
    int64_t months;
    int64_t days;
    int64_t nanoseconds;
  };
  static constexpr int64_t kSecond = 1000000000;
  static constexpr std::array<Word, 8> kWords = {{{"year", 12, 0, 0},
                                                  {"month", 1, 0, 0},
                                                  {"week", 0, 7, 0},
                                                  {"day", 0, 1, 0},
                                                  {"hour", 0, 0, 3600 * kSecond},
                                                  {"minute", 0, 0, 60 * kSecond},
                                                  {"second", 0, 0, kSecond},
                                                  {"millisecond", 0, 0, 1000000}}};
  std::vector<std::string> parts;
  std::string part;
  for (char c : text) {
    if (c == ' ') {
      if (!part.empty()) parts.push_back(part);
      part.clear();
    } else {
      part += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  if (!part.empty()) parts.push_back(part);
  if (parts.empty() || parts.size() % 2 != 0) return std::nullopt;
  MonthDayNano interval;
  for (size_t i = 0; i < parts.size(); i += 2) {
    int32_t count = 0;
    auto [end, error] = std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), count);
    if (error != std::errc() || end != parts[i].data() + parts[i].size() || std::abs(count) > 1000000) {
      return std::nullopt;
    }
    std::string unit = parts[i + 1];
    if (unit.size() > 1 && unit.back() == 's') unit.pop_back();
    auto word = std::find_if(kWords.begin(), kWords.end(), [&](const Word& w) { return w.name == unit; });
    if (word == kWords.end()) return std::nullopt;
    interval.months += static_cast<int32_t>(count * word->months);
    interval.days += static_cast<int32_t>(count * word->days);
    interval.nanoseconds += count * word->nanoseconds;
  }
  return interval;
}

int64_t add_months(int64_t days, int64_t months) {
  CivilDate date = civil_from_days(days);
  int64_t total = date.year * 12 + (date.month - 1) + months;
  int64_t year = floor_div(total, 12);
  int month = static_cast<int>(floor_mod(total, 12)) + 1;
  return days_from_civil(year, month, std::min(date.day, days_in_month(year, month)));
}

size_t utf8_length(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

size_t invalid_utf8_at(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    auto lead = static_cast<unsigned char>(text[i]);
    size_t length = lead < 0x80                   ? 1
                    : lead >= 0xc2 && lead < 0xe0 ? 2
                    : lead >= 0xe0 && lead < 0xf0 ? 3
                    : lead >= 0xf0 && lead < 0xf5 ? 4
                                                  : 0;
    if (length == 0 || i + length > text.size()) return i;
    for (size_t k = 1; k < length; k++) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return i;
    }
    if (length > 1) {
      auto second = static_cast<unsigned char>(text[i + 1]);
      if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
          (lead == 0xf4 && second > 0x8f)) {
        return i;
      }
    }
    i += length;
  }
  return std::string_view::npos;
}

}  // namespace kalam::stub
