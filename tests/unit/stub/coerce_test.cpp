#include "stub/arrow/coerce.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "stub/arrow/text_forms.h"
#include "stub/arrow/types.h"

namespace kalam::stub {
namespace {

TypedValue text(const std::string& value) {
  return {type_of(TypeId::utf8), {value}};
}

// The coerced value as text, or the error.
std::string coerced(const TypedValue& from, const char* sql_type) {
  DataType type = *type_of_sql_name(sql_type);
  std::string error;
  auto value = coerce(from, type, "c", error);
  if (!value) return error;
  return cast_to_text(*value, type).value_or("(not printable)");
}

std::string cast_error(const std::string& from, const std::string& to, const std::string& reason) {
  return "Invalid operation: Schema coercion failed: Unable to cast value " + from + " to " + to +
         " for column 'c': Arrow error: " + reason;
}

TEST(Coerce, TextToIntegers) {
  EXPECT_EQ(coerced(text("5"), "INT"), "5");
  EXPECT_EQ(coerced(text("+5"), "INT"), "5");
  for (const char* refused : {" 5", "5.0", "1e2", ""}) {
    EXPECT_EQ(coerced(text(refused), "INT"),
              cast_error("Utf8", "Int32",
                         std::string("Cast error: Cannot cast string '") + refused + "' to value of Int32 type"));
  }
}

TEST(Coerce, NumbersToIntegersAreTruncatedAndChecked) {
  EXPECT_EQ(coerced({type_of(TypeId::float64), {1.7}}, "INT"), "1");
  EXPECT_EQ(coerced({type_of(TypeId::float64), {-1.7}}, "INT"), "-1");
  EXPECT_EQ(coerced({decimal_of(10, 2), {static_cast<Int128>(250)}}, "INT"), "2");
  EXPECT_EQ(coerced({type_of(TypeId::boolean), {true}}, "INT"), "1");
  EXPECT_EQ(coerced({type_of(TypeId::int64), {int64_t{3000000000}}}, "INT"),
            cast_error("Int64", "Int32", "Cast error: Can't cast value 3000000000 to type Int32"));
}

TEST(Coerce, DecimalsRoundHalfAwayFromZero) {
  EXPECT_EQ(coerced(text("12.345"), "DECIMAL(10, 2)"), "12.35");
  EXPECT_EQ(coerced(text("-1.555"), "DECIMAL(10, 2)"), "-1.56");
  EXPECT_EQ(coerced(text(" 1.5"), "DECIMAL(10, 2)"), "1.50");
  EXPECT_EQ(coerced(text(""), "DECIMAL(10, 2)"), "0.00");
  EXPECT_EQ(coerced({type_of(TypeId::float64), {1.005}}, "DECIMAL(10, 2)"), "1.00");
  EXPECT_EQ(coerced({decimal_of(10, 3), {static_cast<Int128>(12345)}}, "DECIMAL(10, 2)"), "12.35");
  EXPECT_EQ(coerced(text("100000000"), "DECIMAL(10, 2)"),
            cast_error("Utf8", "Decimal128(10, 2)",
                       "Invalid argument error: 100000000.00 is too large to store in a Decimal128 of precision 10. "
                       "Max is 99999999.99"));
  for (const char* refused : {"1e2", "1,5", "NaN", "Infinity"}) {
    EXPECT_EQ(coerced(text(refused), "DECIMAL(10, 2)"),
              cast_error(
                  "Utf8", "Decimal128(10, 2)",
                  std::string("Cast error: Cannot cast string '") + refused + "' to value of Decimal128(38, 10) type"));
  }
}

TEST(Coerce, ADecimalTagOfTheColumnsOwnTypeIsNotChecked) {
  EXPECT_EQ(coerced({decimal_of(10, 2), {static_cast<Int128>(99999999999)}}, "DECIMAL(10, 2)"), "999999999.99");
}

TEST(Coerce, Floats) {
  EXPECT_EQ(coerced(text("1e3"), "DOUBLE"), "1000.0");
  EXPECT_EQ(coerced(text("1e400"), "DOUBLE"), "inf");
  EXPECT_EQ(coerced(text("-Infinity"), "FLOAT"), "-inf");
  EXPECT_EQ(coerced(text("nAn"), "DOUBLE"), "NaN");
  EXPECT_EQ(coerced({type_of(TypeId::float64), {-0.0}}, "DOUBLE"), "0.0") << "minus zero is not kept";
  EXPECT_EQ(coerced(text("-0.0"), "DOUBLE"), "0.0");
  EXPECT_NE(coerced(text(" 1"), "DOUBLE").find("Cannot cast string ' 1'"), std::string::npos);
}

TEST(Coerce, FloatsPrintAsInRust) {
  EXPECT_EQ(format_double(1.0), "1.0");
  EXPECT_EQ(format_double(1e15), "1000000000000000.0");
  EXPECT_EQ(format_double(1e16), "1e16");
  EXPECT_EQ(format_double(0.00001), "0.00001");
  EXPECT_EQ(format_double(1e-6), "1e-6");
  EXPECT_EQ(format_double(1.5e300), "1.5e300");
  EXPECT_EQ(format_float(0.1F), "0.1");
}

TEST(Coerce, Booleans) {
  for (const char* yes : {"true", "T", "YES", "on", "1"}) EXPECT_EQ(coerced(text(yes), "BOOLEAN"), "true");
  for (const char* no : {"false", "f", "no", "off", "0"}) EXPECT_EQ(coerced(text(no), "BOOLEAN"), "false");
  EXPECT_EQ(coerced({type_of(TypeId::int64), {int64_t{7}}}, "BOOLEAN"), "true");
  EXPECT_EQ(coerced(text("x"), "BOOLEAN"),
            cast_error("Utf8", "Boolean", "Cast error: Cannot cast value 'x' to value of Boolean type"));
}

TEST(Coerce, Dates) {
  for (const char* same_day : {"2024-02-29", "2024-2-29", "20240229", "2024-02-29T01:02:03"}) {
    EXPECT_EQ(coerced(text(same_day), "DATE"), "2024-02-29") << same_day;
  }
  EXPECT_EQ(coerced(text("-0001-01-01"), "DATE"), "-0001-01-01");
  for (const char* refused : {"10000-01-01", "2024-02-30", "epoch", "infinity"}) {
    EXPECT_NE(coerced(text(refused), "DATE").find("to value of Date32 type"), std::string::npos) << refused;
  }
}

TEST(Coerce, Times) {
  EXPECT_EQ(parse_time("12:34"), 45240000000000);
  EXPECT_EQ(parse_time("12:34:56.7890123"), 45296789012300);
  EXPECT_EQ(parse_time("01:02:03 PM"), 46923000000000);
  EXPECT_EQ(parse_time("23:59:60"), 86400000000000);
  EXPECT_EQ(parse_time("24:00:00"), std::nullopt);
}

TEST(Coerce, Timestamps) {
  EXPECT_EQ(coerced(text("2024-02-29 01:02:03.4567891"), "TIMESTAMP"), "2024-02-29T01:02:03.456789");
  EXPECT_EQ(coerced(text("2024-02-29"), "TIMESTAMP"), "2024-02-29T00:00:00");
  EXPECT_EQ(coerced(text("2024-02-29 01:02:03+02:00"), "DATETIME"), "2024-02-28T23:02:03Z");
  EXPECT_EQ(coerced({timestamp_of(Unit::millisecond, true), {int64_t{1700000000123}}}, "DATETIME"),
            "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(coerced({type_of(TypeId::int64), {int64_t{1700000000123456}}}, "TIMESTAMP"), "2023-11-14T22:13:20.123456");
  for (const char* refused : {"2024-02-29 01:02", "infinity", "epoch", "10000-01-01 00:00:00"}) {
    EXPECT_NE(coerced(text(refused), "TIMESTAMP").find("Timestamp(Microsecond, None)"), std::string::npos) << refused;
  }
}

TEST(Coerce, Uuids) {
  DataType uuid = *type_of_sql_name("UUID");
  std::string bytes = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";
  bytes = std::string("\0", 1) + "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";
  for (const char* spelling :
       {"00010203-0405-0607-0809-0a0b0c0d0e0f", "000102030405060708090A0B0C0D0E0F",
        "{00010203-0405-0607-0809-0a0b0c0d0e0f}", "urn:uuid:00010203-0405-0607-0809-0a0b0c0d0e0f"}) {
    std::string error;
    auto value = coerce(text(spelling), uuid, "c", error);
    ASSERT_TRUE(value) << error;
    EXPECT_EQ(std::get<std::string>(value->data), bytes) << spelling;
  }
  std::string error;
  EXPECT_FALSE(coerce(text("not-a-uuid"), uuid, "c", error));
  EXPECT_EQ(error,
            "Invalid operation: Schema coercion failed: Invalid UUID literal 'not-a-uuid' for column 'c': "
            "invalid character: found `n` at 1");
  EXPECT_FALSE(coerce({type_of(TypeId::binary), {std::string("ab")}}, uuid, "c", error));
  EXPECT_NE(error.find("UUID binary literal must be 16 bytes for column 'c', got 2"), std::string::npos);
}

TEST(Coerce, Embeddings) {
  DataType type = *type_of_sql_name("EMBEDDING(3)");
  std::string error;
  ASSERT_TRUE(coerce(text("[1,2,3]"), type, "c", error));
  EXPECT_FALSE(coerce(text("[1,2]"), type, "c", error));
  EXPECT_NE(error.find("Embedding dimension mismatch for column 'c': expected 3, got 2"), std::string::npos);
}

TEST(Coerce, Keys) {
  std::string error;
  DataType bigint = type_of(TypeId::int64);
  EXPECT_EQ(key_text(*parse_key("01", bigint, error), bigint), "1");
  EXPECT_EQ(key_text(*parse_key("+1", bigint, error), bigint), "1");
  EXPECT_FALSE(parse_key(" 1", bigint, error));
  EXPECT_EQ(error, "Failed to parse ' 1' as Int64: invalid digit found in string");
  EXPECT_FALSE(parse_key("", bigint, error));
  EXPECT_EQ(error, "Failed to parse '' as Int64: cannot parse integer from empty string");
  EXPECT_FALSE(parse_key("99999999999999999999", bigint, error));
  EXPECT_EQ(error, "Failed to parse '99999999999999999999' as Int64: number too large to fit in target type");
}

}  // namespace
}  // namespace kalam::stub
