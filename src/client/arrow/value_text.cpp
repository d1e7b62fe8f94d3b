#include "client/arrow/value_text.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

namespace kalam::arrow {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;

template <class T>
T load(const void* value) {
  T result;
  std::memcpy(&result, value, sizeof(T));
  return result;
}

struct Scale {
  int64_t per_second;
  int digits;
};

Scale scale_of(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::second:
      return {1, 0};
    case TimeUnit::millisecond:
      return {1'000, 3};
    case TimeUnit::microsecond:
      return {1'000'000, 6};
    case TimeUnit::nanosecond:
      return {1'000'000'000, 9};
  }
  return {1, 0};
}

uint64_t magnitude_of(int64_t value) {
  return value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
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

// A text that grows; kValueTextBytes hold the longest one, a decimal of 77 digits and 128 zeros.
class Text {
 public:
  explicit Text(char* begin) : begin_(begin), end_(begin) {}
  size_t size() const { return static_cast<size_t>(end_ - begin_); }

  void put(char c) { *end_++ = c; }
  void put(std::string_view text) {
    std::memcpy(end_, text.data(), text.size());
    end_ += text.size();
  }
  void zeros(int count) {
    for (; count > 0; count--) put('0');
  }
  template <class Number>
  void number(Number value) {
    end_ = std::to_chars(end_, begin_ + kValueTextBytes, value).ptr;
  }
  // With leading zeros.
  void padded(uint64_t value, int digits) {
    char buffer[24];
    const auto size = static_cast<int>(std::to_chars(buffer, buffer + sizeof(buffer), value).ptr - buffer);
    zeros(digits - size);
    put({buffer, static_cast<size_t>(size)});
  }

  // ".25" for 250,000 of 1,000,000; nothing for 0.
  void fraction(uint64_t units, int digits) {
    if (units == 0) return;
    put('.');
    padded(units, digits);
    while (end_[-1] == '0') end_--;
  }

  // The proleptic Gregorian date of a day number; KalamDB stores any, far outside of PostgreSQL's range. True for years
  // before 1, which are written with "BC" at the very end.
  bool date(int64_t days_since_1970) {
    int64_t day_of_era = 0;
    const int64_t era = floor_divide(days_since_1970 + 719'468, 146'097, &day_of_era);
    const int64_t year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month_from_march = (5 * day_of_year + 2) / 153;
    const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    padded(static_cast<uint64_t>(year <= 0 ? 1 - year : year), 4);
    put('-');
    padded(static_cast<uint64_t>(month), 2);
    put('-');
    padded(static_cast<uint64_t>(day), 2);
    return year <= 0;
  }

  void whole_date(int64_t days) {
    if (date(days)) put(" BC");
  }

  void clock(uint64_t seconds) {
    padded(seconds / 3600, 2);
    put(':');
    padded(seconds / 60 % 60, 2);
    put(':');
    padded(seconds % 60, 2);
  }

  // Less than 0 is no time of day, but KalamDB stores any number.
  void time(int64_t value, TimeUnit unit) {
    const Scale scale = scale_of(unit);
    const auto per_second = static_cast<uint64_t>(scale.per_second);
    if (value < 0) put('-');
    clock(magnitude_of(value) / per_second);
    fraction(magnitude_of(value) % per_second, scale.digits);
  }

  void timestamp(int64_t value, const ValueTextType& type) {
    const Scale scale = scale_of(type.unit);
    int64_t units = 0;
    int64_t second_of_day = 0;
    const int64_t seconds = floor_divide(value, scale.per_second, &units);
    const bool before_christ = date(floor_divide(seconds, kSecondsPerDay, &second_of_day));
    put('T');
    clock(static_cast<uint64_t>(second_of_day));
    fraction(static_cast<uint64_t>(units), scale.digits);
    if (type.has_timezone) put("+00:00");
    if (before_christ) put(" BC");
  }

  // ISO 8601, behind its "P".
  void duration(int64_t value, TimeUnit unit) {
    const Scale scale = scale_of(unit);
    const auto per_second = static_cast<uint64_t>(scale.per_second);
    put('T');
    if (value < 0) put('-');
    number(magnitude_of(value) / per_second);
    fraction(magnitude_of(value) % per_second, scale.digits);
    put('S');
  }

  void interval(const Interval& interval) {
    put('P');
    number(interval.months);
    put('M');
    number(interval.days);
    put('D');
    duration(interval.nanoseconds, TimeUnit::nanosecond);
  }

  // The shortest digits that read back as the same number. As PostgreSQL does, with an exponent where that is below -4
  // or more than the digits that the type always keeps.
  template <class Floating>
  void floating(Floating value, int fixed_digits) {
    if (std::isnan(value)) return put("NaN");
    if (std::isinf(value)) return put(value < 0 ? "-Infinity" : "Infinity");
    char buffer[40];
    const char* end = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific).ptr;
    const std::string_view scientific(buffer, static_cast<size_t>(end - buffer));
    const size_t e = scientific.find('e');
    int exponent = 0;
    const char* digits = buffer + e + (scientific[e + 1] == '+' ? 2 : 1);
    std::from_chars(digits, end, exponent);
    if (exponent < -4 || exponent >= fixed_digits) return put(scientific);
    end_ = std::to_chars(end_, begin_ + kValueTextBytes, value, std::chars_format::fixed).ptr;
  }

  void decimal(const Int256& value, int scale) {
    uint32_t words[8];
    std::memcpy(words, value.word, sizeof(words));
    const bool negative = (words[7] & 0x80000000U) != 0;
    uint64_t carry = negative ? 1 : 0;
    for (uint32_t& word : words) {
      carry += negative ? static_cast<uint32_t>(~word) : word;
      word = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    char digits[80];  // 2^255 has 77 of them; the last one first
    int count = 0;
    bool is_zero = false;
    while (!is_zero) {
      uint64_t remainder = 0;
      is_zero = true;
      for (int i = 7; i >= 0; i--) {
        const uint64_t part = remainder << 32 | words[i];
        words[i] = static_cast<uint32_t>(part / 10);
        remainder = part % 10;
        is_zero &= words[i] == 0;
      }
      digits[count++] = static_cast<char>('0' + remainder);
    }
    if (negative) put('-');
    const int places = scale > 0 ? scale : 0;
    if (count <= places) put('0');
    for (int i = count - 1; i >= places; i--) put(digits[i]);
    if (scale < 0 && (count > 1 || digits[0] != '0')) zeros(-scale);
    if (places == 0) return;
    put('.');
    zeros(places - count);
    for (int i = (count < places ? count : places) - 1; i >= 0; i--) put(digits[i]);
  }

 private:
  char* begin_;
  char* end_;
};

size_t width_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::boolean:
    case ColumnKind::int8:
    case ColumnKind::uint8:
      return 1;
    case ColumnKind::int16:
    case ColumnKind::uint16:
      return 2;
    case ColumnKind::int32:
    case ColumnKind::uint32:
    case ColumnKind::float32:
    case ColumnKind::date_days:
      return 4;
    case ColumnKind::int64:
    case ColumnKind::uint64:
    case ColumnKind::float64:
    case ColumnKind::date_millis:
    case ColumnKind::time_of_day:
    case ColumnKind::timestamp:
    case ColumnKind::duration:
      return 8;
    case ColumnKind::decimal:
      return sizeof(Int256);
    case ColumnKind::interval:
      return sizeof(Interval);
    case ColumnKind::null_type:
    case ColumnKind::utf8:
    case ColumnKind::binary:
    case ColumnKind::fixed_binary:
    case ColumnKind::list:
    case ColumnKind::fixed_list:
      break;
  }
  return 0;
}

}  // namespace

size_t value_text(const ValueTextType& type, const void* value, char (&text)[kValueTextBytes]) {
  Text out(text);
  switch (type.kind) {
    case ColumnKind::boolean:
      out.put(load<uint8_t>(value) != 0 ? "true" : "false");
      break;
    case ColumnKind::int8:
      out.number(int{load<int8_t>(value)});
      break;
    case ColumnKind::int16:
      out.number(load<int16_t>(value));
      break;
    case ColumnKind::int32:
      out.number(load<int32_t>(value));
      break;
    case ColumnKind::int64:
      out.number(load<int64_t>(value));
      break;
    case ColumnKind::uint8:
      out.number(unsigned{load<uint8_t>(value)});
      break;
    case ColumnKind::uint16:
      out.number(load<uint16_t>(value));
      break;
    case ColumnKind::uint32:
      out.number(load<uint32_t>(value));
      break;
    case ColumnKind::uint64:
      out.number(load<uint64_t>(value));
      break;
    case ColumnKind::float32:
      out.floating(load<float>(value), 6);
      break;
    case ColumnKind::float64:
      out.floating(load<double>(value), 15);
      break;
    case ColumnKind::decimal:
      out.decimal(load<Int256>(value), type.scale);
      break;
    case ColumnKind::date_days:
      out.whole_date(load<int32_t>(value));
      break;
    case ColumnKind::date_millis: {
      int64_t rest = 0;
      out.whole_date(floor_divide(load<int64_t>(value), kSecondsPerDay * 1'000, &rest));
      break;
    }
    case ColumnKind::time_of_day:
      out.time(load<int64_t>(value), type.unit);
      break;
    case ColumnKind::timestamp:
      out.timestamp(load<int64_t>(value), type);
      break;
    case ColumnKind::duration:
      out.put('P');
      out.duration(load<int64_t>(value), type.unit);
      break;
    case ColumnKind::interval:
      out.interval(load<Interval>(value));
      break;
    case ColumnKind::null_type:
    case ColumnKind::utf8:
    case ColumnKind::binary:
    case ColumnKind::fixed_binary:
    case ColumnKind::list:
    case ColumnKind::fixed_list:
      break;
  }
  return out.size();
}

}  // namespace kalam::arrow

namespace kalam {

size_t value_text(const ColumnView* column, uint64_t row, char (&text)[kValueTextBytes]) noexcept {
  const arrow::ValueTextType type{column->kind, column->unit, column->has_timezone, column->scale};
  return arrow::value_text(type, static_cast<const char*>(column->values) + row * arrow::width_of(column->kind), text);
}

}  // namespace kalam
