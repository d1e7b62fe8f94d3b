// Answers that a sound server never sends. Each must end as one `protocol` error that says what is wrong, without
// memory beyond what was received.
#include <gtest/gtest.h>

#include "raw_stream.h"
#include "support.h"

namespace kalam::test {
namespace {

using nlohmann::json;

RawField field(ipc::Type type, int64_t parameter = 0, std::vector<RawField> children = {}) {
  return {"v", type, parameter, std::move(children)};
}

const RawField kInt64 = field(ipc::Type::Int, 64);
const RawField kUtf8 = field(ipc::Type::Utf8);
const RawField kNull = field(ipc::Type::Null);

// The detail of the error that reading ends with; "" when it ends well.
std::string outcome(const std::string& entry) {
  const Status status = drain(scan_answer({entry}), 0, 4096);
  if (status.error == ErrorClass::none) return "";
  EXPECT_EQ(status.error, ErrorClass::protocol);
  EXPECT_STREQ(status.message, "KalamDB's answer cannot be decoded");
  return status.detail;
}

std::string outcome(const RawField& column, const RawBatch& batch) {
  return outcome(schema_message({column}) + batch_message(batch));
}

testing::AssertionResult says(const std::string& detail, const std::string& part) {
  if (detail.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << detail << "\" does not say \"" << part << "\"";
}

RawBatch int64_batch() {
  return {2, {{2, 0}}, {{0, 0}, {0, 16}}, bytes_of<int64_t>({5, 6}), {}};
}

RawBatch utf8_batch(const std::vector<int32_t>& offsets) {
  const auto rows = static_cast<int64_t>(offsets.size()) - 1;
  const auto size = static_cast<int64_t>(offsets.size() * 4);
  return {rows, {{rows, 0}}, {{0, 0}, {0, size}, {size, 5}}, bytes_of(offsets) + "hello", {}};
}

TEST(Hostile, TheHandMadeStreamsAreSoundWithoutTheirFault) {
  EXPECT_EQ(outcome(kInt64, int64_batch()), "");
  EXPECT_EQ(outcome(kUtf8, utf8_batch({0, 2, 5})), "");
}

TEST(Hostile, LengthsMustFitTheBuffers) {
  RawBatch batch = int64_batch();
  batch.rows = INT64_MAX / 8 + 2;
  batch.nodes = {{batch.rows, 0}};
  EXPECT_TRUE(says(outcome(kInt64, batch), "buffer that is too short"));
  batch.rows = 3;
  EXPECT_TRUE(says(outcome(kInt64, batch), "too short"));
  batch = int64_batch();
  batch.rows = 1;
  EXPECT_TRUE(says(outcome(kInt64, batch), "different lengths"));
  batch.rows = 3;
  EXPECT_TRUE(says(outcome(kInt64, batch), "shorter than the batch says"));
  batch.rows = -1;
  EXPECT_TRUE(says(outcome(kInt64, batch), "negative number of rows"));
  batch = int64_batch();
  batch.nodes = {{-2, 0}};
  EXPECT_TRUE(says(outcome(kInt64, batch), "negative length"));
  RawBatch text = utf8_batch({0, 2, 5});
  text.rows = 3;
  text.nodes = {{3, 0}};
  EXPECT_TRUE(says(outcome(kUtf8, text), "too short"));
}

TEST(Hostile, NullCountsMustFit) {
  RawBatch batch = int64_batch();
  batch.nodes = {{2, 3}};
  EXPECT_TRUE(says(outcome(kInt64, batch), "wrong number of nulls"));
  batch.nodes = {{2, -1}};
  EXPECT_TRUE(says(outcome(kInt64, batch), "wrong number of nulls"));
  batch.nodes = {{2, 1}};  // but no validity bits
  EXPECT_TRUE(says(outcome(kInt64, batch), "too short"));
}

TEST(Hostile, BuffersLieInTheBodyOneAfterTheOther) {
  RawBatch batch = int64_batch();
  batch.buffers[1] = {8, 16};
  EXPECT_TRUE(says(outcome(kInt64, batch), "outside the body"));
  batch.buffers[1] = {INT64_MAX, 16};
  EXPECT_TRUE(says(outcome(kInt64, batch), "outside the body"));
  batch.buffers[1] = {-8, 16};
  EXPECT_TRUE(says(outcome(kInt64, batch), "negative length or position"));
  RawBatch twice = int64_batch();
  twice.nodes.emplace_back(2, 0);
  twice.buffers.insert(twice.buffers.end(), {{0, 0}, {0, 16}});
  EXPECT_TRUE(says(outcome(schema_message({kInt64, kInt64}) + batch_message(twice)), "overlaps another"));
  EXPECT_TRUE(says(outcome(kInt64, twice), "more columns than its schema"));
  EXPECT_TRUE(says(outcome(schema_message({kInt64, kInt64}) + batch_message(int64_batch())), "is missing"));
  batch = int64_batch();
  batch.buffers.pop_back();
  EXPECT_TRUE(says(outcome(kInt64, batch), "too few buffers"));
}

TEST(Hostile, OffsetsMustRiseAndStayInTheirData) {
  EXPECT_TRUE(says(outcome(kUtf8, utf8_batch({0, 3, 2})), "below the one before it"));
  EXPECT_TRUE(says(outcome(kUtf8, utf8_batch({-1, 3, 5})), "below the one before it"));
  EXPECT_TRUE(says(outcome(kUtf8, utf8_batch({0, 2, 6})), "behind its data"));
  EXPECT_TRUE(says(outcome(kUtf8, utf8_batch({INT32_MAX, INT32_MAX})), "behind its data"));
  EXPECT_EQ(outcome(kUtf8, utf8_batch({3, 4, 5})), "");  // the first one need not be 0
  const RawBatch list{1,
                      {{1, 0}, {2, 0}},
                      {{0, 0}, {0, 8}, {0, 0}, {8, 16}},
                      bytes_of<int32_t>({0, 3}) + bytes_of<int64_t>({1, 2}),
                      {}};
  EXPECT_TRUE(says(outcome(field(ipc::Type::List, 0, {kInt64}), list), "behind its elements"));
}

TEST(Hostile, ViewsMustStayInTheirBuffers) {
  const RawField column = field(ipc::Type::Utf8View);
  const std::string text(20, 'x');
  const auto batch = [&](int32_t size, int32_t buffer, int32_t offset) {
    return RawBatch{1, {{1, 0}}, {{0, 0}, {0, 16}, {16, 20}}, bytes_of<int32_t>({size, 0, buffer, offset}) + text, {1}};
  };
  EXPECT_EQ(outcome(column, batch(20, 0, 0)), "");
  EXPECT_TRUE(says(outcome(column, batch(20, 0, 1)), "outside its buffer"));
  EXPECT_TRUE(says(outcome(column, batch(20, 1, 0)), "into no buffer"));
  EXPECT_TRUE(says(outcome(column, batch(20, -1, 0)), "into no buffer"));
  EXPECT_TRUE(says(outcome(column, batch(13, 0, -1)), "outside its buffer"));
  EXPECT_TRUE(says(outcome(column, batch(-1, 0, 0)), "negative length"));
  RawBatch wrong = batch(20, 0, 0);
  wrong.variadic_counts = {2};
  EXPECT_TRUE(says(outcome(column, wrong), "too few buffers"));
  wrong.variadic_counts = {-1};
  EXPECT_TRUE(says(outcome(column, wrong), "too few buffers"));
  wrong.variadic_counts = {};
  EXPECT_TRUE(says(outcome(column, wrong), "how many buffers"));
}

TEST(Hostile, DictionariesMustHaveWhatIsReferredTo) {
  RawField column = kInt64;
  column.dictionary_id = 7;
  const std::string schema = schema_message({column});
  const std::string dictionary = dictionary_message(7, int64_batch());
  const auto indexes = [](int8_t index) {
    return batch_message({1, {{1, 0}}, {{0, 0}, {0, 1}}, bytes_of<int8_t>({index}), {}});
  };
  EXPECT_EQ(outcome(schema + dictionary + indexes(1)), "");
  EXPECT_TRUE(says(outcome(schema + dictionary + indexes(2)), "its dictionary does not have"));
  EXPECT_TRUE(says(outcome(schema + dictionary + indexes(-1)), "its dictionary does not have"));
  EXPECT_TRUE(says(outcome(schema + indexes(0)), "its dictionary does not have"));
  EXPECT_TRUE(says(outcome(schema + dictionary_message(8, int64_batch())), "no column uses"));
  EXPECT_EQ(outcome(schema + dictionary + dictionary_message(7, int64_batch(), true) + indexes(3)), "");
}

// Rows that take no bytes: a few bytes must not become endless work or memory.
TEST(Hostile, ValuesWithoutContentAreBounded) {
  const int64_t many = int64_t{1} << 60;
  EXPECT_EQ(outcome(kNull, {1000, {{1000, 1000}}, {}, {}, {}}), "");
  EXPECT_TRUE(says(outcome(kNull, {many, {{many, many}}, {}, {}, {}}), "too many rows without content"));
  const RawField no_bytes = field(ipc::Type::FixedSizeBinary, 0);
  EXPECT_TRUE(says(outcome(no_bytes, {many, {{many, 0}}, {{0, 0}, {0, 0}}, {}, {}}), "too many rows without content"));
  EXPECT_TRUE(
      says(outcome(schema_message({}) + batch_message({many, {}, {}, {}, {}})), "too many rows without content"));
  const RawField huge_list = field(ipc::Type::FixedSizeList, INT32_MAX, {kNull});
  EXPECT_TRUE(says(outcome(huge_list, {1, {{1, 0}, {INT32_MAX, INT32_MAX}}, {{0, 0}}, {}, {}}),
                   "too many values without content"));
  const RawField list = field(ipc::Type::List, 0, {kNull});
  EXPECT_TRUE(says(
      outcome(list, {1, {{1, 0}, {INT32_MAX, INT32_MAX}}, {{0, 0}, {0, 8}}, bytes_of<int32_t>({0, INT32_MAX}), {}}),
      "too many values without content"));
  EXPECT_TRUE(says(outcome(huge_list, {many, {{many, 0}, {many, many}}, {{0, 0}}, {}, {}}), "too many elements"));
}

// JSON text repeats the names of members: 17 bytes of name and one of value a row, for any number of rows.
TEST(Hostile, RenderedTextIsBounded) {
  RawField member = field(ipc::Type::Null);
  member.name = std::string(60'000, 'n');
  const RawField row = field(ipc::Type::Struct_, 0, {member});
  const int64_t rows = 2000;
  const std::string entry = schema_message({row}) + batch_message({rows, {{rows, 0}, {rows, rows}}, {{0, 0}}, {}, {}});
  Status status;
  const auto reader = open_scan(scan_answer({entry}), 0, &status);
  ASSERT_NE(reader, nullptr);
  Window window;
  int64_t seen = 0;
  while (reader->next(65'536, &window, &status)) {
    EXPECT_LE(window.rows * 60'000, 9 << 20);
    seen += window.rows;
  }
  EXPECT_EQ(status.error, ErrorClass::none) << status.detail;
  EXPECT_EQ(seen, rows);

  const RawField list = field(ipc::Type::Struct_, 0, {field(ipc::Type::FixedSizeList, 5000, {row})});
  const Status too_large = drain(
      scan_answer({schema_message({list}) +
                   batch_message({1, {{1, 0}, {1, 0}, {5000, 0}, {5000, 5000}}, {{0, 0}, {0, 0}, {0, 0}}, {}, {}})}),
      0, 10);
  EXPECT_EQ(too_large.error, ErrorClass::too_large);
}

TEST(Hostile, SchemasMustBeSane) {
  RawField nested = kInt64;
  for (int i = 0; i < 40; i++) nested = field(ipc::Type::List, 0, {nested});
  EXPECT_TRUE(says(outcome(schema_message({nested})), "32 levels"));
  for (int i = 0; i < 200; i++) nested = field(ipc::Type::List, 0, {nested});
  EXPECT_TRUE(says(outcome(schema_message({nested})), "damaged"));
  EXPECT_TRUE(says(outcome(schema_message(std::vector<RawField>(16'385, kNull))), "16384 columns"));
  EXPECT_EQ(outcome(schema_message(std::vector<RawField>(16'384, kNull))), "");
  EXPECT_TRUE(says(outcome(schema_message({kInt64}, ipc::Endianness::Big)), "big-endian"));
  EXPECT_TRUE(says(outcome(schema_message({field(ipc::Type::Int, 24)})), "width other than"));
  EXPECT_TRUE(says(outcome(schema_message({field(ipc::Type::FixedSizeBinary, -1)})), "negative width"));
  EXPECT_TRUE(says(outcome(schema_message({field(ipc::Type::FixedSizeList, -1, {kNull})})), "negative length"));
  EXPECT_TRUE(says(outcome(schema_message({field(ipc::Type::List)})), "wrong number of children"));
  EXPECT_TRUE(says(outcome(schema_message({field(ipc::Type::Int, 64, {kNull})})), "has children"));
  RawField one = kInt64;
  RawField other = kUtf8;
  one.dictionary_id = other.dictionary_id = 1;
  EXPECT_TRUE(says(outcome(schema_message({one, other})), "shares a dictionary"));
  one = field(ipc::Type::List, 0, {kInt64});
  one.dictionary_id = 1;
  EXPECT_TRUE(says(outcome(schema_message({one})), "dictionary of nested values"));
}

TEST(Hostile, StreamsMustBeginWithTheirSchema) {
  EXPECT_TRUE(says(outcome(""), "does not begin with its schema"));
  EXPECT_TRUE(says(outcome(batch_message(int64_batch())), "does not begin with its schema"));
  EXPECT_TRUE(says(outcome(schema_message({kInt64}) + schema_message({kInt64})), "message of an unknown kind"));
  EXPECT_TRUE(says(outcome(schema_message({kInt64}) + std::string("\x05\0\0", 3)), "ends inside"));
  const std::string first = schema_message({kInt64}) + batch_message(int64_batch());
  const Status status = drain(scan_answer({first, schema_message({kUtf8})}), 0, 10);
  EXPECT_TRUE(says(status.detail, "different schemas"));
}

TEST(Hostile, AFailureStays) {
  RawBatch broken = utf8_batch({0, 3, 2});
  Status status;
  const auto reader =
      open_scan(scan_answer({schema_message({kUtf8}) + batch_message(utf8_batch({0, 2, 5})) + batch_message(broken)}),
                0, &status);
  ASSERT_NE(reader, nullptr);
  Window window;
  EXPECT_TRUE(reader->next(100, &window, &status));
  for (int i = 0; i < 3; i++) {
    EXPECT_FALSE(reader->next(100, &window, &status));
    EXPECT_EQ(status.error, ErrorClass::protocol);
    EXPECT_STREQ(status.column, "v");
  }
}

// ---------------------------------------------------------------- the message around the streams

Status create(const std::string& message, ResultReader::Answer answer, std::string* text = nullptr) {
  Status status;
  const auto reader = ResultReader::create(make_slices(message, 3), answer, &status);
  if (reader != nullptr && text != nullptr) *text = reader->message();
  return status;
}

TEST(Wire, UnknownFieldsAreSkippedBetweenEntries) {
  const std::string entry = schema_message({kInt64}) + batch_message(int64_batch());
  const std::string fixed = std::string("\x31", 1) + std::string(8, 'f') + std::string("\x3d", 1) + std::string(4, 'f');
  const std::string message = varint_field(1, 1) + bytes_field(3, entry) + bytes_field(2, "2 row(s)") +
                              bytes_field(99'999, "unknown") + fixed + varint_field(8, ~uint64_t{0}) +
                              bytes_field(3, entry);
  Status status;
  const auto reader = ResultReader::create(make_slices(message, 2), ResultReader::Answer::query, &status);
  ASSERT_NE(reader, nullptr) << status.detail;
  EXPECT_EQ(reader->message(), "2 row(s)");
  EXPECT_EQ(read_rows(reader.get(), 10, &status), json::parse("[[5],[6],[5],[6]]"));
}

TEST(Wire, AnAnswerWithoutEntryHasNoSchemaAndNoRows) {
  for (const std::string& message : {std::string(), bytes_field(2, "0 row(s)")}) {
    Status status;
    const auto reader = ResultReader::create(make_slices(message, 0), ResultReader::Answer::query, &status);
    ASSERT_NE(reader, nullptr);
    Window window;
    EXPECT_FALSE(reader->schema(&window, &status));
    EXPECT_EQ(status.error, ErrorClass::none);
    EXPECT_FALSE(reader->next(10, &window, &status));
    EXPECT_EQ(status.error, ErrorClass::none);
  }
}

TEST(Wire, DamagedMessagesAreErrors) {
  const auto scan = ResultReader::Answer::scan;
  EXPECT_TRUE(says(create(std::string(11, '\xff'), scan).detail, "too long"));
  EXPECT_TRUE(says(create("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", scan).detail, "ends inside a field"));
  EXPECT_TRUE(says(create("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", scan).detail, "too long"));
  EXPECT_TRUE(says(create("\x0a\x05", scan).detail, "ends inside a field"));
  EXPECT_TRUE(says(create("\x0a", scan).detail, "ends inside a number"));
  EXPECT_TRUE(says(create(std::string("\x02\x00", 2), scan).detail, "wrong number"));
  EXPECT_TRUE(says(create("\x0b", scan).detail, "unknown kind"));
  EXPECT_TRUE(says(create("\x39"
                          "1234567",
                          scan)
                       .detail,
                   "ends inside a field"));
  EXPECT_TRUE(says(create(bytes_field(2, std::string(1'100'000, 'x')), ResultReader::Answer::query).detail, "1 MiB"));
}

}  // namespace
}  // namespace kalam::test
