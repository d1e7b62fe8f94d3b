// Rows as tagged JSON: the exact tag of every column type, what is refused, and how many rows fit one request.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "client/api.h"
#include "client/rows/decimal_text.h"
#include "kalamdb_pg.pb.h"

namespace kalam {
namespace {

using nlohmann::json;
using namespace std::string_view_literals;

struct Release {
  void operator()(RowBuffer* rows) const { row_buffer_release(rows); }
};
using Rows = std::unique_ptr<RowBuffer, Release>;

Value null_value() {
  Value value{};
  value.kind = ValueKind::null_value;
  return value;
}
Value boolean(bool b) {
  Value value{};
  value.kind = ValueKind::boolean;
  value.b = b;
  return value;
}
Value integer(int64_t i) {
  Value value{};
  value.kind = ValueKind::integer;
  value.i = i;
  return value;
}
Value real(float f) {
  Value value{};
  value.kind = ValueKind::real;
  value.f = f;
  return value;
}
Value double_value(double d) {
  Value value{};
  value.kind = ValueKind::double_precision;
  value.d = d;
  return value;
}
Value bytes(std::string_view data) {
  Value value{};
  value.kind = ValueKind::bytes;
  value.bytes = {data.data(), data.size()};
  return value;
}
Value vector(const std::vector<float>& elements) {
  Value value{};
  value.kind = ValueKind::vector;
  value.bytes = {elements.data(), elements.size()};
  return value;
}

RemoteType type_of(const char* name) {
  RemoteType type{};
  EXPECT_TRUE(parse_remote_type(name, &type)) << name;
  return type;
}

// The text of a row with the one column "v".
std::string encode(const char* type_name, const Value& value, bool not_null = false) {
  const RowColumn column{"v", type_of(type_name), not_null};
  Status status;
  const Rows rows(row_buffer_create(&column, 1, &status));
  if (!row_buffer_append(rows.get(), &value, &status)) {
    EXPECT_STREQ(status.column, "v");
    EXPECT_EQ(row_buffer_count(rows.get()), 0u);
    EXPECT_EQ(row_buffer_bytes(rows.get()), 0u);
    return error_class_name(status.error);
  }
  EXPECT_EQ(status.error, ErrorClass::none);
  size_t size = 0;
  const char* text = row_buffer_row(rows.get(), 0, &size);
  return {text, size};
}

TEST(Rows, EveryTypeHasItsTag) {
  EXPECT_EQ(encode("BOOLEAN", boolean(true)), R"({"v":{"Boolean":true}})");
  EXPECT_EQ(encode("SMALLINT", integer(-32768)), R"({"v":{"Int16":-32768}})");
  EXPECT_EQ(encode("INT", integer(2147483647)), R"({"v":{"Int32":2147483647}})");
  EXPECT_EQ(encode("BIGINT", integer(INT64_MIN)), R"({"v":{"Int64":"-9223372036854775808"}})");
  EXPECT_EQ(encode("FLOAT", real(0.1F)), R"({"v":{"Float32":0.1}})");
  EXPECT_EQ(encode("DOUBLE", double_value(0.1)), R"({"v":{"Utf8":"0.1"}})");
  EXPECT_EQ(encode("TEXT", bytes("x")), R"({"v":{"Utf8":"x"}})");
  EXPECT_EQ(encode("JSON", bytes(R"({"a":1})")), R"({"v":{"Utf8":"{\"a\":1}"}})");
  EXPECT_EQ(encode("FILE", bytes("{}")), R"({"v":{"Utf8":"{}"}})");
  EXPECT_EQ(encode("BYTES", bytes(std::string_view("\0\xff", 2))), R"({"v":{"Binary":[0,255]}})");
  EXPECT_EQ(encode("BYTES", bytes("")), R"({"v":{"Binary":[]}})");
  EXPECT_EQ(encode("DATE", integer(19723)), R"({"v":{"Date32":19723}})");
  EXPECT_EQ(encode("TIME", integer(3600000000)), R"({"v":{"Time64Microsecond":3600000000}})");
  EXPECT_EQ(encode("TIMESTAMP", integer(-1)), R"({"v":{"TimestampMicrosecond":{"value":-1,"timezone":null}}})");
  EXPECT_EQ(encode("DATETIME", integer(1)), R"({"v":{"TimestampMicrosecond":{"value":1,"timezone":"UTC"}}})");
  EXPECT_EQ(encode("UUID", bytes("0123456789abcdef")),
            R"({"v":{"FixedSizeBinary":{"size":16,"value":[48,49,50,51,52,53,54,55,56,57,97,98,99,100,101,102]}}})");
  EXPECT_EQ(encode("DECIMAL(10, 2)", bytes("-12.5")),
            R"({"v":{"Decimal128":{"value":"-1250","precision":10,"scale":2}}})");
  const std::vector<float> elements = {0.1F, -2.5F, 1e30F};
  EXPECT_EQ(encode("EMBEDDING(3)", vector(elements)), R"({"v":{"Embedding":{"size":3,"values":[0.1,-2.5,1e+30]}}})");
  EXPECT_EQ(encode("BIGINT", null_value()), R"({"v":"Null"})");
}

TEST(Rows, NonFiniteNumbersAreTexts) {
  EXPECT_EQ(encode("FLOAT", real(NAN)), R"({"v":{"Utf8":"NaN"}})");
  EXPECT_EQ(encode("FLOAT", real(-INFINITY)), R"({"v":{"Utf8":"-inf"}})");
  EXPECT_EQ(encode("DOUBLE", double_value(NAN)), R"({"v":{"Utf8":"NaN"}})");
  EXPECT_EQ(encode("DOUBLE", double_value(INFINITY)), R"({"v":{"Utf8":"inf"}})");
}

TEST(Rows, NumbersAreTheShortestTextThatReadsBackTheSame) {
  for (const double number : {5e-324, 1.7976931348623157e308, 0.1 + 0.2, 1e22, -0.0, 123456789.123456789}) {
    const json row = json::parse(encode("DOUBLE", double_value(number)));
    const double back = std::strtod(row["v"]["Utf8"].get<std::string>().c_str(), nullptr);
    EXPECT_EQ(back, number);
  }
  for (const float number : {1e-45F, 3.4028235e38F, 0.3F}) {
    const json row = json::parse(encode("FLOAT", real(number)));
    EXPECT_EQ(row["v"]["Float32"].get<float>(), number);
  }
}

TEST(Rows, TextIsEscapedAndKept) {
  const std::string text("q\" b\\ n\n r\r t\t nul\0 bell\x07 del\x7f ünïcödé 🦀 </script>"sv);
  const json row = json::parse(encode("TEXT", bytes(text)));
  EXPECT_EQ(row["v"]["Utf8"].get<std::string>(), text);
}

TEST(Rows, TextThatIsNotUtf8IsRefused) {
  for (const char* text : {"\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"}) {
    EXPECT_EQ(encode("TEXT", bytes(text)), "bad_value") << text;
    EXPECT_EQ(encode("JSON", bytes(text)), "bad_value") << text;
  }
}

TEST(Rows, ValuesOutOfRangeAreRefused) {
  EXPECT_EQ(encode("SMALLINT", integer(32768)), "bad_value");
  EXPECT_EQ(encode("SMALLINT", integer(-32769)), "bad_value");
  EXPECT_EQ(encode("INT", integer(2147483648)), "bad_value");
  EXPECT_EQ(encode("DATE", integer(2147483648)), "bad_value");
  EXPECT_EQ(encode("TIME", integer(-1)), "bad_value");
  EXPECT_EQ(encode("TIME", integer(86'400'000'001)), "bad_value");
  EXPECT_EQ(encode("TIME", integer(86'400'000'000)), R"({"v":{"Time64Microsecond":86400000000}})");
  EXPECT_EQ(encode("UUID", bytes("0123456789abcde")), "bad_value");
  EXPECT_EQ(encode("UUID", bytes("0123456789abcdefg")), "bad_value");
}

// A wrong length ends the server's process, a NULL in a NOT NULL column makes every scan of the table fail.
TEST(Rows, WhatWouldDamageTheServerIsRefused) {
  EXPECT_EQ(encode("EMBEDDING(3)", vector({1, 2})), "bad_value");
  EXPECT_EQ(encode("EMBEDDING(3)", vector({1, 2, 3, 4})), "bad_value");
  EXPECT_EQ(encode("EMBEDDING(2)", vector({1, NAN})), "bad_value");
  EXPECT_EQ(encode("EMBEDDING(2)", vector({INFINITY, 1})), "bad_value");
  EXPECT_EQ(encode("TEXT", null_value(), true), "not_null");
}

TEST(Rows, ValuesOfAnotherKindAreRefused) {
  EXPECT_EQ(encode("BOOLEAN", integer(1)), "bad_value");
  EXPECT_EQ(encode("BIGINT", double_value(1)), "bad_value");
  EXPECT_EQ(encode("DOUBLE", real(1)), "bad_value");
  EXPECT_EQ(encode("FLOAT", double_value(1)), "bad_value");
  EXPECT_EQ(encode("TEXT", integer(1)), "bad_value");
  EXPECT_EQ(encode("DECIMAL", integer(1)), "bad_value");
  EXPECT_EQ(encode("EMBEDDING(1)", bytes("x")), "bad_value");
  const RowColumn column{"v", RemoteType{RemoteKind::other, 0, 0, 0}, false};
  Status status;
  const Rows rows(row_buffer_create(&column, 1, &status));
  const Value value = integer(1);
  EXPECT_FALSE(row_buffer_append(rows.get(), &value, &status));
  EXPECT_EQ(status.error, ErrorClass::bad_value);
}

std::string unscaled(std::string_view text, int precision, int scale) {
  std::string out;
  switch (append_unscaled(text, precision, scale, &out)) {
    case DecimalFit::exact:
      return out;
    case DecimalFit::not_a_number:
      return "not a number";
    case DecimalFit::too_many_digits:
      return "too many digits";
    case DecimalFit::too_large:
      return "too large";
  }
  return "";
}

TEST(Decimals, AreScaledExactlyOrRefused) {
  EXPECT_EQ(unscaled("12.34", 10, 2), "1234");
  EXPECT_EQ(unscaled("+12", 10, 2), "1200");
  EXPECT_EQ(unscaled("-0.05", 10, 2), "-5");
  EXPECT_EQ(unscaled("0.00", 10, 2), "0");
  EXPECT_EQ(unscaled("-0", 10, 2), "0");
  EXPECT_EQ(unscaled("000123.4500", 10, 2), "12345");
  EXPECT_EQ(unscaled(".5", 10, 2), "50");
  EXPECT_EQ(unscaled("5.", 10, 2), "500");
  EXPECT_EQ(unscaled("0.00000000000000000000000000000000000001", 38, 38), "1");
  EXPECT_EQ(unscaled(std::string(38, '9'), 38, 0), std::string(38, '9'));
  EXPECT_EQ(unscaled("99999999.99", 10, 2), "9999999999");
  EXPECT_EQ(unscaled("100000000.00", 10, 2), "too large");
  EXPECT_EQ(unscaled("1" + std::string(100, '0'), 38, 0), "too large");
  EXPECT_EQ(unscaled("12.345", 10, 2), "too many digits");
  EXPECT_EQ(unscaled("0.001", 10, 2), "too many digits");
  for (const char* text : {"", "-", ".", "+.", "1e5", "NaN", "Infinity", " 1", "1 ", "1.2.3", "--1", "0x10"}) {
    EXPECT_EQ(unscaled(text, 10, 2), "not a number") << text;
  }
}

TEST(Decimals, TheRefusalNamesColumnAndValue) {
  const RowColumn column{"price", type_of("DECIMAL(4, 1)"), false};
  Status status;
  const Rows rows(row_buffer_create(&column, 1, &status));
  const Value value = bytes("12345.6");
  EXPECT_FALSE(row_buffer_append(rows.get(), &value, &status));
  EXPECT_EQ(status.error, ErrorClass::bad_value);
  EXPECT_STREQ(status.message, "value does not fit column \"price\", which is DECIMAL(4, 1)");
  EXPECT_STREQ(status.column, "price");
  EXPECT_STREQ(status.value, "12345.6");
}

TEST(RowBuffer, RowsAreKeptInOrderAndAFailedOneLeavesNothing) {
  const RowColumn columns[] = {{"id", type_of("BIGINT"), true}, {"a \"b\"", type_of("TEXT"), false}};
  Status status;
  const Rows rows(row_buffer_create(columns, 2, &status));
  const Value good[] = {integer(1), bytes("x")};
  const Value bad[] = {integer(2), bytes("\xff")};
  ASSERT_TRUE(row_buffer_append(rows.get(), good, &status));
  const uint64_t before = row_buffer_bytes(rows.get());
  EXPECT_FALSE(row_buffer_append(rows.get(), bad, &status));
  EXPECT_EQ(row_buffer_bytes(rows.get()), before);
  const bool present[] = {false, true};
  ASSERT_TRUE(row_buffer_append_partial(rows.get(), good, present, RowForm::tagged, &status));
  ASSERT_EQ(row_buffer_count(rows.get()), 2u);
  size_t size = 0;
  const char* text = row_buffer_row(rows.get(), 0, &size);
  EXPECT_EQ(std::string(text, size), R"({"id":{"Int64":"1"},"a \"b\"":{"Utf8":"x"}})");
  text = row_buffer_row(rows.get(), 1, &size);
  EXPECT_EQ(std::string(text, size), R"({"a \"b\"":{"Utf8":"x"}})");
  row_buffer_clear(rows.get());
  EXPECT_EQ(row_buffer_count(rows.get()), 0u);
}

TEST(RowBuffer, ARowIsMadeOfMembersThatWereEncodedBefore) {
  const RowColumn columns[] = {{"id", type_of("BIGINT"), true}, {"v", type_of("TEXT"), false}};
  Status status;
  const Rows rows(row_buffer_create(columns, 2, &status));
  const std::string id = R"("id":{"Int64":"1"})";
  const std::string v = R"("v":{"Utf8":"x"})";
  const RowMembers both[] = {{id.data(), id.size(), RowForm::tagged, id.size()},
                             {nullptr, 0, RowForm::tagged, 0},
                             {v.data(), v.size(), RowForm::tagged, v.size()}};
  ASSERT_TRUE(row_buffer_append_members(rows.get(), both, 3, RowForm::plain, &status));
  ASSERT_TRUE(row_buffer_append_members(rows.get(), both + 1, 2, RowForm::plain, &status));
  ASSERT_TRUE(row_buffer_append_members(rows.get(), both + 1, 1, RowForm::plain, &status));
  const char* expected[] = {R"({"id":{"Int64":"1"},"v":{"Utf8":"x"}})", R"({"v":{"Utf8":"x"}})", "{}"};
  ASSERT_EQ(row_buffer_count(rows.get()), 3u);
  for (size_t i = 0; i < 3; i++) {
    size_t size = 0;
    const char* text = row_buffer_row(rows.get(), i, &size);
    EXPECT_EQ(std::string(text, size), expected[i]);
  }
}

TEST(RowBuffer, ColumnsMustBeNamedOnce) {
  Status status;
  const RowColumn twice[] = {{"a", type_of("INT"), false}, {"a", type_of("INT"), false}};
  EXPECT_EQ(row_buffer_create(twice, 2, &status), nullptr);
  EXPECT_EQ(status.error, ErrorClass::invalid_request);
  const RowColumn unnamed[] = {{"", type_of("INT"), false}};
  EXPECT_EQ(row_buffer_create(unnamed, 1, &status), nullptr);
  EXPECT_EQ(status.error, ErrorClass::invalid_request);
}

// The size that is computed must be the size that protobuf writes.
size_t request_size(const RowBuffer* rows, const TableRef& table, size_t first, size_t count) {
  kalamdb::pg::InsertRequest request;
  request.set_namespace_(table.name_space);
  request.set_table_name(table.table);
  request.set_table_type(table.kind == TableKind::user ? "user" : "shared");
  request.set_session_id(std::string(64, 's'));
  if (table.user_id != nullptr) request.set_user_id(table.user_id);
  for (size_t row = first; row < first + count; row++) {
    size_t size = 0;
    const char* text = row_buffer_row(rows, row, &size);
    request.add_rows_json(text, size);
  }
  return request.ByteSizeLong();
}

TEST(RowBuffer, RequestsAreFilledToJustBelowTheLimit) {
  constexpr size_t kLimit = 4'194'304;
  const RowColumn columns[] = {{"id", type_of("BIGINT"), true}, {"v", type_of("TEXT"), false}};
  Status status;
  const Rows rows(row_buffer_create(columns, 2, &status));
  for (int i = 0; i < 90'000; i++) {
    const std::string text(static_cast<size_t>(i % 200), 'x');
    const Value values[] = {integer(i), bytes(text)};
    ASSERT_TRUE(row_buffer_append(rows.get(), values, &status));
  }
  const TableRef tables[] = {{"app", "orders", TableKind::shared, nullptr}, {"app", "notes", TableKind::user, "alice"}};
  for (const TableRef& table : tables) {
    size_t requests = 0;
    for (size_t first = 0; first < row_buffer_count(rows.get());) {
      const size_t count = row_buffer_fit(rows.get(), &table, first, &status);
      ASSERT_GT(count, 0u);
      EXPECT_LT(request_size(rows.get(), table, first, count), kLimit);
      if (first + count < row_buffer_count(rows.get())) {
        EXPECT_GE(request_size(rows.get(), table, first, count + 1), kLimit);
      }
      first += count;
      requests++;
    }
    EXPECT_GT(requests, 2u);
  }
}

TEST(RowBuffer, ARowThatFillsTheRequestToItsLastByteFits) {
  const RowColumn columns[] = {{"v", type_of("TEXT"), false}};
  const TableRef table{"n", "t", TableKind::shared, nullptr};
  Status status;
  const Rows rows(row_buffer_create(columns, 1, &status));
  const auto fill = [&](size_t size) {
    const std::string text(size, 'x');
    const Value value = bytes(text);
    row_buffer_clear(rows.get());
    EXPECT_TRUE(row_buffer_append(rows.get(), &value, &status));
    return request_size(rows.get(), table, 0, 1);
  };
  const size_t around = 4'194'000 - fill(4'194'000);  // wraps; added back below
  const size_t largest = 4'194'303 + around;
  EXPECT_EQ(fill(largest), 4'194'303u);
  EXPECT_EQ(row_buffer_fit(rows.get(), &table, 0, &status), 1u);
  EXPECT_EQ(fill(largest + 1), 4'194'304u);
  EXPECT_EQ(row_buffer_fit(rows.get(), &table, 0, &status), 0u);
  EXPECT_EQ(status.error, ErrorClass::too_large);
}

TEST(RowBuffer, ARowThatIsTooLargeSaysWhatBytesCost) {
  const RowColumn columns[] = {{"v", type_of("BYTES"), false}};
  const TableRef table{"n", "t", TableKind::shared, nullptr};
  Status status;
  const Rows rows(row_buffer_create(columns, 1, &status));
  const std::string data(1'100'000, '\xff');
  const Value value = bytes(data);
  ASSERT_TRUE(row_buffer_append(rows.get(), &value, &status));
  EXPECT_EQ(row_buffer_fit(rows.get(), &table, 0, &status), 0u);
  EXPECT_EQ(status.error, ErrorClass::too_large);
  EXPECT_NE(std::string(status.hint).find("four bytes a byte"), std::string::npos);
}

bool usable(std::string_view name) {
  Status status;
  const bool good = check_identifier(name.data(), name.size(), &status);
  EXPECT_EQ(good, status.error == ErrorClass::none);
  if (!good) {
    EXPECT_EQ(status.error, ErrorClass::invalid_request);
  }
  Status user_status;
  EXPECT_EQ(check_user_id(name.data(), name.size(), &user_status), good) << name;
  return good;
}

TEST(Names, WhatWouldEndTheServerIsRefused) {
  for (const char* name : {"..", "a..b", "../x", "/", "a/b", "\\", "a\\b", "a\nb", "\x1f", "\x7f", "\xff", "a\xc3"}) {
    EXPECT_FALSE(usable(name)) << name;
  }
  EXPECT_FALSE(usable(std::string_view("a\0b", 3)));
  EXPECT_FALSE(usable(""));
}

TEST(Names, OddButHarmlessNamesAreKept) {
  for (const char* name : {"a", "a.b", ".", "a b", "%", "*", "'", "ünïcödé", "Alice", "x'; DROP"}) {
    EXPECT_TRUE(usable(name)) << name;
  }
  EXPECT_TRUE(usable(std::string(300, 'n')));
}

uint32_t shard(std::string_view user, uint32_t count) {
  return user_shard_of(user.data(), user.size(), count);
}

// Of twelve shards, as a KalamDB server was seen to choose them.
TEST(Names, TheShardOfAUserIsTheRecordedOne) {
  EXPECT_EQ(shard("alice", 12), 8U);
  EXPECT_EQ(shard("bob", 12), 1U);
  EXPECT_EQ(shard("carol", 12), 11U);
  EXPECT_EQ(shard("dave", 12), 1U);
  EXPECT_EQ(shard("erin", 12), 0U);
  EXPECT_EQ(shard("frank", 12), 7U);
  EXPECT_EQ(shard("grace", 12), 8U);
}

// Longer ids, by another implementation: openssl mac -macopt size:8 -macopt c-rounds:1 -macopt d-rounds:3
// -macopt hexkey:00000000000000000000000000000000 SIPHASH, of the id and a byte 0xff.
TEST(Names, TheShardOfALongUserId) {
  EXPECT_EQ(shard("", 1000003), 399495U);
  EXPECT_EQ(shard("0123456", 1000003), 606372U);
  EXPECT_EQ(shard("01234567", 1000003), 771845U);
  EXPECT_EQ(shard("a-long-user-id-of-many-bytes", 1000003), 621468U);
  EXPECT_EQ(shard("usr_0190f3c2-7d10-7bd1-8e7d-0c2c7a5b9f11", 1000003), 88684U);
}

TEST(Names, AUserOfBlanksIsNoUser) {
  Status status;
  EXPECT_FALSE(check_user_id("  ", 2, &status));
  EXPECT_EQ(status.error, ErrorClass::invalid_request);
  EXPECT_FALSE(check_user_id(nullptr, 0, &status));
  EXPECT_FALSE(check_identifier(nullptr, 0, &status));
}

TEST(RemoteTypes, AreReadAsTheCatalogSpellsThem) {
  RemoteType type{};
  EXPECT_TRUE(parse_remote_type("DECIMAL(10, 2)", &type));
  EXPECT_EQ(type.kind, RemoteKind::decimal);
  EXPECT_EQ(type.precision, 10);
  EXPECT_EQ(type.scale, 2);
  EXPECT_TRUE(parse_remote_type("DECIMAL", &type));
  EXPECT_EQ(type.precision, 38);
  EXPECT_EQ(type.scale, 10);
  EXPECT_TRUE(parse_remote_type("EMBEDDING(384)", &type));
  EXPECT_EQ(type.kind, RemoteKind::embedding);
  EXPECT_EQ(type.dimension, 384u);
  EXPECT_TRUE(parse_remote_type("datetime", &type));
  EXPECT_EQ(type.kind, RemoteKind::datetime);
}

TEST(RemoteTypes, UnknownOnesAreOther) {
  for (const char* name :
       {"", "INTERVAL", "DECIMAL(", "DECIMAL()", "DECIMAL(39, 2)", "DECIMAL(5, 7)", "DECIMAL(5,x)", "EMBEDDING",
        "EMBEDDING(0)", "EMBEDDING(8193)", "EMBEDDING(3", "INT(4)", "STRUCT(a INT)", "DECIMAL(5, 2) x"}) {
    RemoteType type{};
    EXPECT_FALSE(parse_remote_type(name, &type)) << name;
    EXPECT_EQ(type.kind, RemoteKind::other) << name;
  }
  RemoteType type{};
  EXPECT_FALSE(parse_remote_type(nullptr, &type));
}

}  // namespace
}  // namespace kalam
