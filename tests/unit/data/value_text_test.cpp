// The one text of values of fixed width, which answers show at their top and inside of structs.
#include "client/arrow/value_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace kalam::arrow {
namespace {

template <class T>
std::string text_of(ColumnKind kind, T value, TimeUnit unit = TimeUnit::microsecond, int scale = 0, bool zone = false) {
  char text[kValueTextBytes];
  return {text, value_text({kind, unit, zone, scale}, &value, text)};
}

std::string date(int32_t days) {
  return text_of(ColumnKind::date_days, days);
}

std::string time_of_day(int64_t micros) {
  return text_of(ColumnKind::time_of_day, micros);
}

std::string real(float value) {
  return text_of(ColumnKind::float32, value);
}

std::string number(double value) {
  return text_of(ColumnKind::float64, value);
}

std::string decimal(int64_t value, int scale) {
  const uint64_t sign = value < 0 ? UINT64_MAX : 0;
  return text_of(ColumnKind::decimal, Int256{{static_cast<uint64_t>(value), sign, sign, sign}}, TimeUnit::second,
                 scale);
}

TEST(ValueText, DatesAndTimesAreWrittenAsPostgresWritesThem) {
  EXPECT_EQ(date(0), "1970-01-01");
  EXPECT_EQ(date(19782), "2024-02-29");
  EXPECT_EQ(date(-719162), "0001-01-01");
  EXPECT_EQ(date(-719163), "0001-12-31 BC");
  EXPECT_EQ(date(std::numeric_limits<int32_t>::max()), "5881580-07-11");
  EXPECT_EQ(date(std::numeric_limits<int32_t>::min()), "5877642-06-23 BC");
  EXPECT_EQ(time_of_day(0), "00:00:00");
  EXPECT_EQ(time_of_day(45'296'789'012), "12:34:56.789012");
  EXPECT_EQ(time_of_day(86'400'000'000), "24:00:00");
  EXPECT_EQ(time_of_day(-1), "-00:00:00.000001");
  EXPECT_EQ(time_of_day(INT64_MIN), "-2562047788:00:54.775808");
  EXPECT_EQ(text_of(ColumnKind::timestamp, int64_t{-1}), "1969-12-31T23:59:59.999999");
  EXPECT_EQ(text_of(ColumnKind::timestamp, int64_t{-62'135'596'800'000'001}, TimeUnit::microsecond, 0, true),
            "0001-12-31T23:59:59.999999+00:00 BC");
  EXPECT_EQ(text_of(ColumnKind::timestamp, INT64_MIN, TimeUnit::second), "292277022658-01-27T08:29:52 BC");
  EXPECT_EQ(text_of(ColumnKind::duration, int64_t{-1'500}, TimeUnit::millisecond), "PT-1.5S");
  EXPECT_EQ(text_of(ColumnKind::interval, Interval{1, -2, 3'000'000'000}), "P1M-2DT3S");
}

TEST(ValueText, NumbersAreWrittenAsPostgresWritesThem) {
  EXPECT_EQ(real(100000.0F), "100000");
  EXPECT_EQ(real(1e6F), "1e+06");
  EXPECT_EQ(real(0.1F), "0.1");
  EXPECT_EQ(real(1e-45F), "1e-45");
  EXPECT_EQ(number(1e14), "100000000000000");
  EXPECT_EQ(number(1e15), "1e+15");
  EXPECT_EQ(number(0.0001), "0.0001");
  EXPECT_EQ(number(0.00001), "1e-05");
  EXPECT_EQ(number(-0.0), "-0");
  EXPECT_EQ(number(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(number(NAN), "NaN");
  EXPECT_EQ(number(-INFINITY), "-Infinity");
  EXPECT_EQ(text_of(ColumnKind::uint64, UINT64_MAX), "18446744073709551615");
  EXPECT_EQ(text_of(ColumnKind::int8, int8_t{-128}), "-128");
  EXPECT_EQ(text_of(ColumnKind::boolean, uint8_t{1}), "true");
}

TEST(ValueText, DecimalsHaveAllDigitsOfTheirScale) {
  EXPECT_EQ(decimal(0, 0), "0");
  EXPECT_EQ(decimal(0, 2), "0.00");
  EXPECT_EQ(decimal(0, -2), "0");
  EXPECT_EQ(decimal(-5, 2), "-0.05");
  EXPECT_EQ(decimal(12345, 2), "123.45");
  EXPECT_EQ(decimal(12, -3), "12000");
  EXPECT_EQ(decimal(-1250, 2), "-12.50");
  const Int256 lowest{{0, 0, 0, uint64_t{1} << 63}};
  EXPECT_EQ(text_of(ColumnKind::decimal, lowest, TimeUnit::second, 0),
            "-57896044618658097711785492504343953926634992332820282019728792003956564819968");
  EXPECT_EQ(text_of(ColumnKind::decimal, lowest, TimeUnit::second, -128).size(), 206U);
  EXPECT_EQ(text_of(ColumnKind::decimal, lowest, TimeUnit::second, 127).size(), 130U);
}

TEST(ValueText, OtherKindsHaveNone) {
  EXPECT_EQ(text_of(ColumnKind::utf8, Slice{"x", 1}), "");
}

}  // namespace
}  // namespace kalam::arrow
