// What decoding holds in memory, counted: every operator new of this process, and every slice of the message until gRPC
// frees it.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "raw_stream.h"
#include "stub/arrow/writer.h"
#include "support.h"

namespace {

std::atomic<size_t> live_bytes{0};
std::atomic<size_t> peak_bytes{0};

void count(size_t bytes) {
  const size_t live = live_bytes += bytes;
  size_t peak = peak_bytes;
  while (live > peak && !peak_bytes.compare_exchange_weak(peak, live)) {
  }
}

void* counted(size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  count(malloc_usable_size(memory));
  return memory;
}

void release(void* memory) {
  if (memory == nullptr) return;
  live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(size_t size) {
  return counted(size);
}
void* operator new[](size_t size) {
  return counted(size);
}
// The library's own would not be counted, and a sanitizer's does not belong to the operators below.
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  try {
    return counted(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept {
  release(memory);
}
void operator delete[](void* memory) noexcept {
  release(memory);
}
void operator delete(void* memory, size_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, size_t) noexcept {
  release(memory);
}

namespace kalam::test {
namespace {

constexpr size_t kMiB = 1 << 20;

// Slices whose memory is counted with everything else, freed when gRPC lets go of them.
std::vector<grpc::Slice> counted_slices(const std::string& message, size_t slice_size) {
  std::vector<grpc::Slice> slices;
  slices.reserve(message.size() / slice_size + 1);
  for (size_t at = 0; at < message.size(); at += slice_size) {
    const size_t size = std::min(slice_size, message.size() - at);
    char* copy = static_cast<char*>(::operator new(size));
    message.copy(copy, size, at);
    slices.emplace_back(copy, size, [](void* memory) { ::operator delete(memory); });
  }
  return slices;
}

stub::DataType type_of(stub::TypeId id) {
  stub::DataType type;
  type.id = id;
  return type;
}

// Five columns, 45 bytes a row.
std::string big_answer(size_t rows) {
  stub::ResultSet result;
  for (const stub::TypeId id : {stub::TypeId::int64, stub::TypeId::float64, stub::TypeId::utf8, stub::TypeId::boolean,
                                stub::TypeId::timestamp}) {
    result.fields.push_back({"c" + std::to_string(result.fields.size()), type_of(id), true, {}});
  }
  for (size_t i = 0; i < rows; i++) {
    const auto number = static_cast<int64_t>(i);
    stub::Row row = {
        {number}, {static_cast<double>(i)}, {std::string(20, static_cast<char>('a' + i % 26))}, {i % 2 == 0}, {number}};
    if (i % 7 == 0) row[2] = {};
    result.rows.push_back(std::move(row));
  }
  return scan_answer({stub::write_ipc_stream(result, 0, rows)});
}

TEST(Memory, ReadingHoldsTheMessageAndAConstant) {
  constexpr size_t kRows = 300'000;
  const std::string message = big_answer(kRows);
  ASSERT_GT(message.size(), 12 * kMiB);
  auto slices = counted_slices(message, 8192);
  const size_t before = live_bytes - message.size();
  peak_bytes = live_bytes.load();
  Status status;
  auto reader = ResultReader::create(std::move(slices), ResultReader::Answer::scan, &status);
  ASSERT_NE(reader, nullptr);
  Window window;
  size_t rows = 0;
  bool was_half = false;
  while (reader->next(8192, &window, &status)) {
    rows += window.rows;
    if (!was_half && rows > kRows / 2) {
      was_half = true;
      // What was read is gone, in every column.
      EXPECT_LT(live_bytes - before, message.size() / 2 + 2 * kMiB);
    }
  }
  EXPECT_TRUE(was_half);
  EXPECT_EQ(status.error, ErrorClass::none);
  EXPECT_EQ(rows, kRows);
  EXPECT_LT(peak_bytes - before, message.size() + 2 * kMiB);
  EXPECT_LT(live_bytes - before, 2 * kMiB);
  reader.reset();
  EXPECT_LE(live_bytes, before + kMiB / 4);
}

// A window that would be large is cut short, whatever the caller asks for.
TEST(Memory, LargeValuesMakeShortWindows) {
  stub::ResultSet result;
  result.fields.push_back({"t", type_of(stub::TypeId::utf8), true, {}});
  for (int i = 0; i < 40; i++) result.rows.push_back({{std::string(kMiB, 'x')}});
  const std::string message = scan_answer({stub::write_ipc_stream(result, 0, 40)});
  auto slices = counted_slices(message, 8192);
  const size_t before = live_bytes - message.size();
  peak_bytes = live_bytes.load();
  Status status;
  auto reader = ResultReader::create(std::move(slices), ResultReader::Answer::scan, &status);
  ASSERT_NE(reader, nullptr);
  Window window;
  size_t rows = 0;
  while (reader->next(65'536, &window, &status)) rows += window.rows;
  EXPECT_EQ(rows, 40u);
  EXPECT_LT(peak_bytes - before, message.size() + 12 * kMiB);
}

// A few hundred bytes that claim to be very much.
TEST(Memory, HostileAnswersTakeNoMoreThanTheConstant) {
  const RawField null{"v", ipc::Type::Null, 0, {}};
  const RawField list{"v", ipc::Type::FixedSizeList, 1000, {null}};
  RawField deep = null;
  for (int i = 0; i < 30; i++) deep = {"v", ipc::Type::FixedSizeList, INT32_MAX, {deep}};
  std::vector<std::string> answers;
  answers.push_back(schema_message({null}) + batch_message({1 << 20, {{1 << 20, 1 << 20}}, {}, {}, {}}));
  answers.push_back(schema_message({list}) +
                    batch_message({1 << 20, {{1 << 20, 0}, {1000 << 20, 1000 << 20}}, {{0, 0}}, {}, {}}));
  answers.push_back(schema_message({deep}));
  answers.push_back(bytes_field(1, schema_message({null})).substr(0, 40));
  // A view inside a struct whose length is made up.
  const RawField view_struct{"s", ipc::Type::Struct_, 0, {{"v", ipc::Type::Utf8View, 0, {}}}};
  answers.push_back(
      schema_message({view_struct}) +
      batch_message(
          {1, {{1, 0}, {1, 0}}, {{0, 0}, {0, 0}, {0, 16}, {16, 4}}, bytes_of<int32_t>({INT32_MAX, 0, 0, 0, 0}), {1}}));
  for (const std::string& answer : answers) {
    const size_t before = live_bytes;
    peak_bytes = before;
    drain(scan_answer({answer}), 0, 65'536);
    EXPECT_LT(peak_bytes - before, 12 * kMiB);
  }
}

// JSON text is bounded over all columns and elements, not value by value.
TEST(Memory, RenderedTextIsBoundedAsAWhole) {
  // One value is 30 MB of text: 500 times the name of a member.
  const RawField element{"e", ipc::Type::Struct_, 0, {{std::string(60'000, 'n'), ipc::Type::Null, 0, {}}}};
  const RawField text{"t", ipc::Type::Struct_, 0, {{"l", ipc::Type::FixedSizeList, 500, {element}}}};
  std::vector<std::string> answers;
  const RawField list{"l", ipc::Type::List, 0, {text}};
  answers.push_back(schema_message({list}) + batch_message({1,
                                                            {{1, 0}, {100, 0}, {100, 0}, {50'000, 0}, {50'000, 50'000}},
                                                            {{0, 0}, {0, 8}, {0, 0}, {0, 0}, {0, 0}},
                                                            bytes_of<int32_t>({0, 100}),
                                                            {}}));
  RawBatch columns{1, {}, {}, {}, {}};
  for (int i = 0; i < 50; i++) {
    columns.nodes.insert(columns.nodes.end(), {{1, 0}, {1, 0}, {500, 0}, {500, 500}});
    columns.buffers.insert(columns.buffers.end(), {{0, 0}, {0, 0}, {0, 0}});
  }
  answers.push_back(schema_message(std::vector<RawField>(50, text)) + batch_message(columns));
  for (const std::string& answer : answers) {
    const size_t before = live_bytes;
    peak_bytes = before;
    EXPECT_EQ(drain(scan_answer({answer}), 0, 65'536).error, ErrorClass::too_large);
    EXPECT_LT(peak_bytes - before, 200 * kMiB);  // 64 MiB, and what growing a text takes for a moment
  }
}

}  // namespace
}  // namespace kalam::test
