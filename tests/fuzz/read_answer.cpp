#include "read_answer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace kalam::fuzz {
namespace {

uint64_t sum_bytes(const void* data, size_t size) {
  uint64_t sum = 0;
  for (size_t i = 0; i < size; i++) sum += static_cast<const uint8_t*>(data)[i];
  return sum;
}

size_t width_of(const ColumnView& column) {
  switch (column.kind) {
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
    case ColumnKind::decimal:
      return sizeof(Int256);
    case ColumnKind::interval:
      return sizeof(Interval);
    case ColumnKind::fixed_binary:
      return column.byte_width;
    case ColumnKind::null_type:
    case ColumnKind::utf8:
    case ColumnKind::binary:
    case ColumnKind::list:
    case ColumnKind::fixed_list:
      return 0;
    default:
      return 8;
  }
}

void expect(bool holds) {
  if (!holds) std::abort();
}

uint64_t touch(const ColumnView& column) {
  uint64_t sum = std::strlen(column.name) + std::strlen(column.type_name);
  if (column.nulls != nullptr) {
    for (uint64_t i = 0; i < column.rows; i++) expect(column.nulls[i] <= 1);
  }
  if (column.kind == ColumnKind::utf8 || column.kind == ColumnKind::binary) {
    const auto* slices = static_cast<const Slice*>(column.values);
    for (uint64_t i = 0; i < column.rows; i++) {
      // The first and the last byte are enough for a sanitizer, and long values that overlap stay cheap.
      if (slices[i].size > 0) sum += static_cast<uint8_t>(slices[i].data[0] ^ slices[i].data[slices[i].size - 1]);
    }
  }
  if (column.kind == ColumnKind::list) {
    expect(column.list_offsets[0] == 0);
    for (uint64_t i = 0; i < column.rows; i++) expect(column.list_offsets[i] <= column.list_offsets[i + 1]);
    expect(column.list_offsets[column.rows] == column.child->rows);
  }
  if (column.kind == ColumnKind::fixed_list) expect(column.rows * column.list_size == column.child->rows);
  if (column.child != nullptr) sum += touch(*column.child);
  const size_t width = width_of(column);
  if (width > 0 && column.kind != ColumnKind::fixed_binary) {
    expect(reinterpret_cast<uintptr_t>(column.values) % std::min<size_t>(width, 8) == 0);
  }
  return sum + sum_bytes(column.values, column.rows * width);
}

}  // namespace

void read_answer(std::string_view message, size_t slice_size, uint32_t max_rows, ResultReader::Answer answer) {
  constexpr int kMaxWindows = 4096;
  std::vector<grpc::Slice> slices;
  if (slice_size == 0) slice_size = std::max<size_t>(message.size(), 1);
  for (size_t at = 0; at < message.size(); at += slice_size) {
    const std::string_view part = message.substr(at, slice_size);
    slices.emplace_back(part.data(), part.size());
  }
  Status status;
  const auto reader = ResultReader::create(std::move(slices), answer, &status);
  expect((reader == nullptr) == (status.error != ErrorClass::none));
  if (reader == nullptr) return;
  volatile uint64_t sum = sum_bytes(reader->message().data(), reader->message().size());
  Window window;
  if (reader->schema(&window, &status)) {
    for (uint32_t i = 0; i < window.column_count; i++) sum = sum + std::strlen(window.columns[i].name);
  }
  for (int i = 0; i < kMaxWindows && reader->next(max_rows, &window, &status); i++) {
    expect(window.rows > 0 && window.rows <= std::max<uint32_t>(max_rows, 1));
    for (uint32_t column = 0; column < window.column_count; column++) {
      expect(window.columns[column].rows == window.rows);
      sum = sum + touch(window.columns[column]);
    }
  }
}

}  // namespace kalam::fuzz
