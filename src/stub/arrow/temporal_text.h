// Dates, times and timestamps from text and back, with the limits of Arrow's casts (specification 6.4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kalam::stub {

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back.
int64_t days_from_civil(int64_t year, int month, int day);
void civil_from_days(int64_t days, int64_t& year, int& month, int& day);

// "2024-02-29", "2024-2-9", "20240229", "2024-02-29T01:02:03", "-0001-01-01"; years of four digits.
std::optional<int64_t> parse_date(std::string_view text);

// "12:34", "12:34:56.789012", "01:02:03 PM", "23:59:60": microseconds; digits after the sixth are cut.
std::optional<int64_t> parse_time(std::string_view text);

struct ParsedTimestamp {
  int64_t seconds = 0;  // since 1970, UTC
  int32_t nanoseconds = 0;
};
// Blank or 'T' between date and time, or a date alone; fraction; 'Z' or an offset, none is UTC. Years 1 to 9999.
std::optional<ParsedTimestamp> parse_timestamp(std::string_view text);

std::string format_date(int64_t days);
std::string format_time(int64_t microseconds);
// "2024-02-29T01:02:03.456789", with 'Z' when utc.
std::string format_timestamp_us(int64_t microseconds, bool utc);

}  // namespace kalam::stub
