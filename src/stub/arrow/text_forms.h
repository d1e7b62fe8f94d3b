// Text forms of values as Arrow and chrono write and read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stub/arrow/value.h"

namespace kalam::stub {

struct CivilDate {
  int64_t year;
  int month;
  int day;
};

// Proleptic Gregorian calendar, days since 1970-01-01.
int64_t days_from_civil(int64_t year, int month, int day);
CivilDate civil_from_days(int64_t days);
int days_in_month(int64_t year, int month);
int64_t floor_div(int64_t a, int64_t b);
int64_t floor_mod(int64_t a, int64_t b);

// Units per second.
int64_t per_second(Unit unit);

// Shortest text that reads back as the same number, in the form Arrow prints: "1.0", "1e20", "0.00001", "inf".
std::string format_double(double number);
std::string format_float(float number);
std::string format_date(int64_t days);
// nullopt: not a time of day.
std::optional<std::string> format_time(int64_t value, Unit unit);
// "2024-02-29T01:02:03.456"; nullopt: outside the years that can be printed.
std::optional<std::string> format_timestamp(int64_t value, Unit unit, bool utc);

std::optional<double> parse_double(std::string_view text);
std::optional<int64_t> parse_date(std::string_view text);
// Time of day in nanoseconds.
std::optional<int64_t> parse_time(std::string_view text);

// A point in time, not yet in a unit: it may not fit one.
struct Instant {
  int64_t seconds = 0;      // since 1970-01-01, UTC
  int64_t nanoseconds = 0;  // 0 … 999,999,999
};
std::optional<Instant> parse_timestamp(std::string_view text);

// The fields of an INTERVAL literal: "1 month", "2 days 3 hours".
std::optional<MonthDayNano> parse_interval(std::string_view text);

// Whole months added, the day cut to the month's last.
int64_t add_months(int64_t days, int64_t months);

// Length in characters; bytes that are no UTF-8 count one each.
size_t utf8_length(std::string_view text);
// The first byte that does not start or continue a valid character; npos: all is valid.
size_t invalid_utf8_at(std::string_view text);

}  // namespace kalam::stub
