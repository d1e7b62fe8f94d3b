#include "client/arrow/column_reader.h"

#include <cstring>

#include "client/arrow/decode_error.h"

namespace kalam::arrow {
namespace {

// A window of values that took no bytes: enough for every result, and no memory for hostile ones.
constexpr uint64_t kMaxRowsWithoutContent = 1 << 20;

constexpr uint64_t kLowBitOfBytes = 0x0101010101010101;

// Bit i of `byte` as byte i of the result, 0 or 1.
uint64_t spread(uint8_t byte) {
  const uint64_t selected = (byte * kLowBitOfBytes) & 0x8040201008040201;
  return ((selected + 0x7F7F7F7F7F7F7F7F) >> 7) & kLowBitOfBytes;
}

}  // namespace

void unpack_bits(const uint8_t* bits, unsigned bit, uint64_t count, bool when, uint8_t* out) {
  const uint64_t flip = when ? 0 : kLowBitOfBytes;
  uint64_t done = 0;
  for (; done + 8 <= count; done += 8, bits++) {
    unsigned byte = *bits >> bit;
    if (bit != 0) byte |= static_cast<unsigned>(bits[1]) << (8 - bit);
    const uint64_t bytes = spread(static_cast<uint8_t>(byte)) ^ flip;
    std::memcpy(out + done, &bytes, 8);
  }
  for (uint64_t i = 0; done < count; done++, i++) {
    const uint64_t at = bit + i;
    out[done] = static_cast<uint8_t>(((bits[at / 8] >> (at % 8)) & 1U) ^ (when ? 0U : 1U));
  }
}

ColumnReader::ColumnReader(const ColumnType& type) : type_(type), view_() {
  describe(type, &view_);
}

void ColumnReader::fail(const char* what) const {
  throw DecodeError("Column \"" + type_.name + "\" (" + type_.type_name + ") of an Arrow record batch " + what + ".",
                    type_.name);
}

void ColumnReader::expect_size(const BufferCursor& buffer, uint64_t count, uint64_t width) const {
  if (width != 0 && count > buffer.size() / width) fail("has a buffer that is too short");
}

void ColumnReader::bind(BatchParts* parts, uint64_t rows) {
  unbind();
  const BatchParts::Node node = parts->next_node(type_);
  if (node.length < rows) fail("is shorter than the batch says");
  if (has_validity()) {
    BufferCursor validity = parts->next_buffer(type_);
    // Without NULLs the bits may be there or not; they say nothing.
    if (node.null_count > 0) {
      expect_size(validity, node.length / 8 + (node.length % 8 != 0 ? 1 : 0), 1);
      validity_ = std::move(validity);
      null_count_ = node.null_count;
    }
  }
  length_ = node.length;
  bind_buffers(parts);
}

void ColumnReader::unbind() {
  length_ = 0;
  null_count_ = 0;
  validity_ = {};
}

void ColumnReader::let_go() {
  validity_.let_go();
}

bool ColumnReader::is_null(uint64_t row) {
  if (null_count_ == 0) return false;
  return ((validity_.value<uint8_t>(row / 8) >> (row % 8)) & 1) == 0;
}

void ColumnReader::decode_nulls(uint64_t first, uint64_t rows) {
  view_.nulls = nullptr;
  if (null_count_ == 0 || rows == 0) return;
  const uint64_t begin = first / 8;
  const uint64_t end = (first + rows + 7) / 8;
  const auto* bits = static_cast<const uint8_t*>(validity_.window(begin, end - begin, 1, &validity_scratch_));
  uint8_t* nulls = nulls_.array<uint8_t>(rows);
  unpack_bits(bits, static_cast<unsigned>(first % 8), rows, false, nulls);
  view_.nulls = nulls;
  validity_.passed((first + rows) / 8);
}

const ColumnView& ColumnReader::decode(uint64_t first, uint64_t rows) {
  if (first > length_ || rows > length_ - first) fail("is shorter than its parent says");
  if (rows > kMaxRowsWithoutContent && !type_.has_content()) fail("has too many values without content");
  view_.rows = rows;
  decode_nulls(first, rows);
  decode_values(first, rows);
  return view_;
}

void ColumnReader::append_json(uint64_t row, JsonTextSink* out) {
  if (row >= length_) fail("is shorter than its parent says");
  if (is_null(row)) {
    out->raw("null");
  } else {
    append_value_json(row, out);
  }
}

}  // namespace kalam::arrow
