// Rows as the client writes them, plain and tagged, read as the server was recorded to read them: what was sent is what
// is stored.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "client/api.h"
#include "stub/rows/row_json.h"

namespace kalam::stub {
namespace {

using ClientValue = ::kalam::Value;

struct Column {
  const char* type_name;
  DataType type;
};

DataType simple_type(TypeId id) {
  DataType type;
  type.id = id;
  return type;
}

DataType timestamp_type(bool utc) {
  DataType type = simple_type(TypeId::timestamp);
  type.utc = utc;
  return type;
}

DataType decimal_type(int precision, int scale) {
  DataType type = simple_type(TypeId::decimal128);
  type.precision = precision;
  type.scale = scale;
  return type;
}

DataType uuid_type() {
  DataType type = simple_type(TypeId::fixed_size_binary);
  type.width = 16;
  return type;
}

const std::vector<Column>& columns() {
  static const std::vector<Column> all = {{"BOOLEAN", simple_type(TypeId::boolean)},
                                          {"SMALLINT", simple_type(TypeId::int16)},
                                          {"INT", simple_type(TypeId::int32)},
                                          {"BIGINT", simple_type(TypeId::int64)},
                                          {"FLOAT", simple_type(TypeId::float32)},
                                          {"DOUBLE", simple_type(TypeId::float64)},
                                          {"TEXT", simple_type(TypeId::utf8)},
                                          {"JSON", simple_type(TypeId::utf8)},
                                          {"FILE", simple_type(TypeId::utf8)},
                                          {"BYTES", simple_type(TypeId::binary)},
                                          {"DATE", simple_type(TypeId::date32)},
                                          {"TIME", simple_type(TypeId::time64)},
                                          {"TIMESTAMP", timestamp_type(false)},
                                          {"DATETIME", timestamp_type(true)},
                                          {"UUID", uuid_type()},
                                          {"DECIMAL(10, 2)", decimal_type(10, 2)},
                                          {"DECIMAL(38, 10)", decimal_type(38, 10)},
                                          {"DECIMAL(38, 0)", decimal_type(38, 0)},
                                          {"DECIMAL(38, 38)", decimal_type(38, 38)}};
  return all;
}

// A value and what its bytes are stored in.
struct Sample {
  ClientValue value{};
  std::string bytes;
};

Sample null_sample() {
  Sample sample;
  sample.value.kind = ValueKind::null_value;
  return sample;
}

Sample integer_sample(int64_t number) {
  Sample sample;
  sample.value.kind = ValueKind::integer;
  sample.value.i = number;
  return sample;
}

Sample bytes_sample(std::string bytes) {
  Sample sample;
  sample.value.kind = ValueKind::bytes;
  sample.bytes = std::move(bytes);
  return sample;
}

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  size_t below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }

  Sample sample(const std::string& type) {
    if (below(8) == 0) return null_sample();
    if (type == "BOOLEAN") {
      Sample boolean;
      boolean.value.kind = ValueKind::boolean;
      boolean.value.b = below(2) == 0;
      return boolean;
    }
    if (type == "SMALLINT") return integer_of<int16_t>();
    if (type == "INT" || type == "DATE") return integer_of<int32_t>();
    if (type == "TIME")
      return integer_sample(below(6) == 0 ? 86'400'000'000 : static_cast<int64_t>(below(86'400'000'001)));
    if (type == "FLOAT") return floating<float, uint32_t>(ValueKind::real);
    if (type == "DOUBLE") return floating<double, uint64_t>(ValueKind::double_precision);
    if (type == "BYTES") return bytes_sample(any_bytes(below(20)));
    if (type == "UUID") return bytes_sample(any_bytes(16));
    if (type == "DECIMAL(10, 2)") return decimal(10, 2);
    if (type == "DECIMAL(38, 10)") return decimal(38, 10);
    if (type == "DECIMAL(38, 0)") return decimal(38, 0);
    if (type == "DECIMAL(38, 38)") return decimal(38, 38);
    if (type == "TEXT" || type == "JSON" || type == "FILE") return bytes_sample(text());
    return integer_of<int64_t>();
  }

 private:
  template <class Integer>
  Sample integer_of() {
    using Limits = std::numeric_limits<Integer>;
    switch (below(6)) {
      case 0:
        return integer_sample(Limits::min());
      case 1:
        return integer_sample(Limits::max());
      case 2:
        return integer_sample(static_cast<int64_t>(below(3)) - 1);
      default:
        return integer_sample(std::uniform_int_distribution<int64_t>(Limits::min(), Limits::max())(random_));
    }
  }

  template <class Floating, class Bits>
  Sample floating(ValueKind kind) {
    constexpr std::array<double, 8> kOdd = {NAN, INFINITY, -INFINITY, 0.0, -0.0, 0.1, 1.005, 16777217};
    const auto bits = static_cast<Bits>(random_());
    Floating number{};
    std::memcpy(&number, &bits, sizeof(number));
    const size_t which = below(kOdd.size() * 3);
    if (which < kOdd.size()) number = static_cast<Floating>(kOdd[which]);
    Sample sample;
    sample.value.kind = kind;
    if constexpr (sizeof(Floating) == sizeof(float)) {
      sample.value.f = number;
    } else {
      sample.value.d = number;
    }
    return sample;
  }

  std::string any_bytes(size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(below(256));
    return bytes;
  }

  Sample decimal(size_t precision, size_t scale) {
    std::string text = below(2) == 0 ? "-" : "";
    for (size_t i = below(precision - scale + 1); i > 0; i--) text += static_cast<char>('0' + below(10));
    text += '.';
    for (size_t i = below(scale + 1); i > 0; i--) text += static_cast<char>('0' + below(10));
    if (text.find_first_of("0123456789") == std::string::npos) text += "0";
    if (scale == 0 && text.back() == '0' && text[text.size() - 2] == '.') text = "0";
    return bytes_sample(text);
  }

  std::string text() {
    static const std::array<const char*, 16> kOdd = {
        "",   "Null", "null",     "Utf8", "true", "1e5",   "{}",       "{\"Utf8\":\"x\"}",
        "\"", "\\",   "a\nb\t\r", "\x01", "é😀",  "a,b:c", "\"id\":1", "[1,2]"};
    if (below(2) == 0) return kOdd[below(kOdd.size())];
    std::string letters;
    for (size_t i = below(12); i > 0; i--) letters += static_cast<char>(1 + below(127));
    return letters;
  }

  std::mt19937_64 random_;
};

template <class T>
bool same_of(const Value& a, const Value& b) {
  const T* left = std::get_if<T>(&a.data);
  const T* right = std::get_if<T>(&b.data);
  if (left == nullptr || right == nullptr) return false;
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(*left) || std::isnan(*right)) return std::isnan(*left) && std::isnan(*right);
  }
  return *left == *right;
}

bool same(const Value& a, const Value& b) {
  return (a.is_null() && b.is_null()) || same_of<bool>(a, b) || same_of<int64_t>(a, b) || same_of<float>(a, b) ||
         same_of<double>(a, b) || same_of<std::string>(a, b) || same_of<Int128>(a, b);
}

struct Release {
  void operator()(RowBuffer* rows) const { row_buffer_release(rows); }
};
using Rows = std::unique_ptr<RowBuffer, Release>;

std::string row_text(const RowBuffer* rows, size_t row) {
  size_t size = 0;
  const char* text = row_buffer_row(rows, row, &size);
  return {text, size};
}

// One row of some of the columns, in both forms.
class BothForms {
 public:
  BothForms(const std::vector<size_t>& chosen, std::vector<Sample> samples)
      : chosen_(chosen), samples_(std::move(samples)) {
    std::vector<std::string> names;
    for (size_t column : chosen_) names.push_back("c" + std::to_string(column));
    std::vector<RowColumn> row_columns;
    std::vector<ClientValue> values;
    for (size_t i = 0; i < chosen_.size(); i++) {
      RowColumn column{names[i].c_str(), {}, false};
      EXPECT_TRUE(parse_remote_type(columns()[chosen_[i]].type_name, &column.type));
      row_columns.push_back(column);
      ClientValue value = samples_[i].value;
      if (value.kind == ValueKind::bytes) value.bytes = {samples_[i].bytes.data(), samples_[i].bytes.size()};
      values.push_back(value);
    }
    rows_.reset(row_buffer_create(row_columns.data(), row_columns.size(), &status_));
    for (RowForm form : {RowForm::plain, RowForm::tagged}) {
      EXPECT_TRUE(row_buffer_append_partial(rows_.get(), values.data(), nullptr, form, &status_)) << status_.message;
    }
  }

  std::string plain() const { return row_text(rows_.get(), 0); }
  std::string tagged() const { return row_text(rows_.get(), 1); }
  RowForm form() const {
    size_t most = 0;
    return row_buffer_form(rows_.get(), 0, &most);
  }

  // The server makes the same values of both.
  void check_stored() const {
    RowJsonError error;
    const auto from_plain = read_row_json(plain(), error);
    const auto from_tagged = read_row_json(tagged(), error);
    ASSERT_TRUE(from_plain && from_tagged) << error.message << plain();
    for (size_t column : chosen_) {
      const std::string name = "c" + std::to_string(column);
      std::string reason;
      const auto a = coerce(from_plain->at(name), columns()[column].type, name, reason);
      const auto b = coerce(from_tagged->at(name), columns()[column].type, name, reason);
      ASSERT_TRUE(a && b) << reason << plain();
      EXPECT_TRUE(same(*a, *b)) << name << " " << plain() << " " << tagged();
    }
  }

  // The tagged form can be made of the plain one later, and its size was told.
  void check_converted() {
    size_t most = 0;
    const RowForm form = row_buffer_form(rows_.get(), 0, &most);
    EXPECT_GE(most, tagged().size()) << plain();
    EXPECT_LE(plain().size(), tagged().size()) << plain();
    const std::string before = plain();
    const RowMembers members = {before.data() + 1, before.size() - 2, form, most - 2};
    ASSERT_TRUE(row_buffer_append_members(rows_.get(), &members, 1, RowForm::tagged, &status_)) << status_.message;
    EXPECT_EQ(row_text(rows_.get(), 2), tagged());
  }

 private:
  std::vector<size_t> chosen_;
  std::vector<Sample> samples_;
  Rows rows_;
  Status status_;
};

TEST(PlainRows, RandomRowsAreStoredAsTheirTaggedFormsAre) {
  Generator generator(20261130);
  for (int i = 0; i < 3'000; i++) {
    std::vector<size_t> chosen;
    std::vector<Sample> samples;
    for (size_t column = 0; column < columns().size(); column++) {
      if (generator.below(3) != 0) continue;
      chosen.push_back(column);
      samples.push_back(generator.sample(columns()[column].type_name));
    }
    if (chosen.empty()) continue;
    BothForms row(chosen, std::move(samples));
    row.check_stored();
    row.check_converted();
    if (HasFailure()) return;
  }
}

TEST(PlainRows, RandomValuesAloneAreStoredAsTheirTaggedFormsAre) {
  Generator generator(20261201);
  for (size_t column = 0; column < columns().size(); column++) {
    for (int i = 0; i < 200; i++) {
      std::vector<Sample> samples;
      samples.push_back(generator.sample(columns()[column].type_name));
      BothForms row({column}, std::move(samples));
      row.check_stored();
      row.check_converted();
      if (HasFailure()) return;
    }
  }
}

size_t column_of(std::string_view type) {
  size_t index = 0;
  while (columns()[index].type_name != type) index++;
  return index;
}

BothForms row_of(std::string_view type, Sample sample) {
  std::vector<Sample> samples;
  samples.push_back(std::move(sample));
  return {{column_of(type)}, std::move(samples)};
}

TEST(PlainRows, EveryTypeHasAPlainForm) {
  EXPECT_EQ(row_of("SMALLINT", integer_sample(-32768)).plain(), R"({"c1":-32768})");
  EXPECT_EQ(row_of("BIGINT", integer_sample(INT64_MIN)).plain(), R"({"c3":-9223372036854775808})");
  EXPECT_EQ(row_of("TEXT", bytes_sample("a\"b")).plain(), R"({"c6":"a\"b"})");
  EXPECT_EQ(row_of("DATE", integer_sample(-719528)).plain(), R"({"c10":-719528})");
  EXPECT_EQ(row_of("TIMESTAMP", integer_sample(-1)).plain(), R"({"c12":-1})");
  EXPECT_EQ(row_of("DATETIME", integer_sample(1)).plain(), R"({"c13":1})");
  EXPECT_EQ(row_of("UUID", bytes_sample("0123456789abcdef")).plain(),
            R"({"c14":"30313233-3435-3637-3839-616263646566"})");
  EXPECT_EQ(row_of("DECIMAL(10, 2)", bytes_sample("-12.5")).plain(), R"({"c15":"-12.50"})");
  EXPECT_EQ(row_of("DECIMAL(10, 2)", bytes_sample("-0.04")).plain(), R"({"c15":"-0.04"})");
  EXPECT_EQ(row_of("DECIMAL(38, 0)", bytes_sample("7")).plain(), R"({"c17":"7"})");
  EXPECT_EQ(row_of("BIGINT", null_sample()).plain(), R"({"c3":null})");
}

TEST(PlainRows, WhatIsNotExactAsPlainJsonIsTagged) {
  EXPECT_EQ(row_of("BYTES", bytes_sample("x")).form(), RowForm::tagged);
  EXPECT_EQ(row_of("TIME", integer_sample(86'400'000'000)).form(), RowForm::tagged);
  EXPECT_EQ(row_of("TIME", integer_sample(86'399'999'999)).form(), RowForm::plain);
}

TEST(PlainRows, ARowThatWouldBeTakenForATaggedOneIsTagged) {
  EXPECT_EQ(row_of("TEXT", bytes_sample("Null")).form(), RowForm::tagged);
  EXPECT_EQ(row_of("TEXT", bytes_sample("Nul")).form(), RowForm::plain);
  std::vector<Sample> samples;
  samples.push_back(integer_sample(1));
  samples.push_back(bytes_sample("Null"));
  BothForms row({column_of("BIGINT"), column_of("TEXT")}, std::move(samples));
  EXPECT_EQ(row.form(), RowForm::plain) << "another value tells that it is plain";
  row.check_stored();
}

TEST(PlainRows, MembersOfOtherColumnsAreNotTagged) {
  const RowColumn column{"v", {RemoteKind::bigint, 0, 0, 0}, false};
  Status status;
  const Rows rows(row_buffer_create(&column, 1, &status));
  for (const std::string_view text : {R"("w":1)", R"("v":1,"w":2)", R"("v":1,)", R"("v")", R"(x)"}) {
    const RowMembers members = {text.data(), text.size(), RowForm::plain, text.size()};
    EXPECT_FALSE(row_buffer_append_members(rows.get(), &members, 1, RowForm::tagged, &status)) << text;
    EXPECT_EQ(row_buffer_bytes(rows.get()), 0u);
  }
}

}  // namespace
}  // namespace kalam::stub
