#include "stub/rows/row_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "stub/rows/json_reader.h"

namespace kalam::stub {
namespace {

std::string error_of(const std::string& text) {
  RowJsonError error;
  return read_row_json(text, error) ? "" : error.message;
}

TypedValue only_value(const std::string& text) {
  RowJsonError error;
  auto row = read_row_json(text, error);
  EXPECT_TRUE(row && row->size() == 1) << error.message;
  return row && row->size() == 1 ? row->begin()->second : TypedValue{};
}

TEST(RowJson, SyntaxErrorsReadAsTheServersDo) {
  EXPECT_EQ(error_of(""), "invalid row JSON: EOF while parsing a value at line 1 column 0");
  EXPECT_EQ(error_of("{"), "invalid row JSON: EOF while parsing an object at line 1 column 1");
  EXPECT_EQ(error_of("{\"a\""), "invalid row JSON: EOF while parsing an object at line 1 column 4");
  EXPECT_EQ(error_of("{\"a\":"), "invalid row JSON: EOF while parsing a value at line 1 column 5");
  EXPECT_EQ(error_of("{\"a\":1,}"), "invalid row JSON: trailing comma at line 1 column 8");
  EXPECT_EQ(error_of("{} x"), "invalid row JSON: trailing characters at line 1 column 4");
  EXPECT_EQ(error_of("[]"), "invalid row JSON: expected object payload");
  EXPECT_EQ(error_of("null"), "invalid row JSON: expected object payload");
  EXPECT_EQ(error_of(std::string(1000, '[')).substr(0, 42), "invalid row JSON: recursion limit exceeded");
}

TEST(RowJson, OneValueThatIsNoTagMakesTheRowPlain) {
  RowJsonError error;
  auto tagged = read_row_json(R"({"a":{"Int32":1},"b":"Null"})", error);
  EXPECT_EQ(tagged->at("a").type.id, TypeId::int32);
  EXPECT_TRUE(tagged->at("b").value.is_null());
  for (const char* other :
       {"null", "1", "\"x\"", R"({"Int16":99999})", R"({"Decimal128":{"value":"x","precision":1,"scale":0}})"}) {
    auto plain = read_row_json(std::string(R"({"a":{"Int32":1},"b":)") + other + "}", error);
    EXPECT_EQ(plain->at("a").type.id, TypeId::utf8) << other;
    EXPECT_EQ(std::get<std::string>(plain->at("a").value.data), "{\"Int32\":1}") << other;
  }
}

TEST(RowJson, Tags) {
  EXPECT_EQ(std::get<int64_t>(only_value(R"({"a":{"Int64":"-9223372036854775808"}})").value.data), INT64_MIN);
  EXPECT_TRUE(only_value(R"({"a":{"Int64":"x"}})").value.is_null()) << "text that is no number becomes NULL";
  EXPECT_EQ(std::get<uint64_t>(only_value(R"({"a":{"UInt64":"18446744073709551615"}})").value.data), UINT64_MAX);
  EXPECT_EQ(std::get<std::string>(only_value(R"({"a":{"Binary":[0,255]}})").value.data), std::string("\0\xff", 2));
  auto decimal = only_value(R"({"a":{"Decimal128":{"value":"-1234","precision":10,"scale":2}}})");
  EXPECT_EQ(decimal.type.scale, 2);
  EXPECT_TRUE(std::get<Int128>(decimal.value.data) == -1234);
  EXPECT_EQ(std::get<std::string>(only_value(R"({"a":{"Utf8":"n\u0000\ud83d\ude00"}})").value.data),
            std::string("n\0\xf0\x9f\x98\x80", 6));
  auto embedding = only_value(R"({"a":{"Embedding":{"size":2,"values":[1,null]}}})");
  EXPECT_EQ(std::get<float>(std::get<List>(embedding.value.data)[1].data), 0.0F) << "a null element becomes 0";
}

TEST(RowJson, AnEmbeddingOfAnotherLengthKillsTheServer) {
  RowJsonError error;
  EXPECT_FALSE(read_row_json(R"({"a":{"Embedding":{"size":3,"values":[1,2]}}})", error));
  EXPECT_TRUE(error.kills_server);
}

TEST(RowJson, OnlyTheFirstOfSeveralUpdatesCounts) {
  RowJsonError error;
  auto row = read_updates_json(R"([{"a":{"Int32":1}},{"a":{"Int32":2}}])", error);
  EXPECT_EQ(std::get<int64_t>(row->at("a").value.data), 1);
  EXPECT_TRUE(read_updates_json("[]", error)->empty());
}

// The server multiplies once by a power of ten: exact for short numbers, one unit off for a sixth of the long ones.
TEST(RowJson, NumbersAreReadAsInexactlyAsTheServerDoes) {
  for (double exact : {0.1, 1.5, 12345.678, 1e22}) {
    char text[64];
    std::snprintf(text, sizeof text, "%.15g", exact);
    std::string error;
    EXPECT_EQ(read_json(text, error)->kind == JsonValue::floating ? read_json(text, error)->real : exact, exact);
  }
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> distribution(0, 1);
  int off = 0;
  for (int i = 0; i < 2000; i++) {
    double number = distribution(random) * 1e6;
    char text[64];
    std::snprintf(text, sizeof text, "%.17g", number);
    std::string error;
    double read = read_json(text, error)->real;
    EXPECT_LE(std::fabs(read - number), std::nextafter(number, INFINITY) - number);
    off += read != number ? 1 : 0;
  }
  EXPECT_GT(off, 100);
  EXPECT_LT(off, 800);
}

}  // namespace
}  // namespace kalam::stub
