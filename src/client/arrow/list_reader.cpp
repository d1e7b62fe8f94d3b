// Lists of any length, and of one fixed length.
#include <algorithm>
#include <limits>

#include "client/arrow/readers.h"

namespace kalam::arrow {
namespace {

constexpr uint64_t kMaxElements = std::numeric_limits<uint32_t>::max();  // of one window: its offsets have 32 bits

template <class Offset>
class ListReader final : public ColumnReader {
 public:
  ListReader(const ColumnType& type, ReaderPtr child) : ColumnReader(type), child_(std::move(child)) {}

  void unbind() override {
    ColumnReader::unbind();
    offsets_ = {};
    child_->unbind();
  }

  uint64_t fit(uint64_t first, uint64_t rows, uint64_t budget) override {
    rows = std::min(rows, budget / 2 / kBytesPerRow);
    if (rows == 0) return 0;
    const Offset* offsets = load_offsets(first, rows);
    check(offsets, rows);
    const Offset begin = offsets[0];
    const uint64_t elements =
        child_->fit(static_cast<uint64_t>(begin), static_cast<uint64_t>(offsets[rows] - begin), budget / 2);
    const Offset* end = std::partition_point(offsets + 1, offsets + rows + 1, [&](Offset offset) {
      return static_cast<uint64_t>(offset - begin) <= elements;
    });
    return static_cast<uint64_t>(end - (offsets + 1));
  }

  void let_go() override {
    ColumnReader::let_go();
    offsets_.let_go();
    child_->let_go();
  }

 protected:
  void bind_buffers(BatchParts* parts) override {
    offsets_ = parts->next_buffer(type_);
    if (length_ > 0) expect_size(offsets_, length_ + 1, sizeof(Offset));
    child_->bind(parts, 0);
  }

  void decode_values(uint64_t first, uint64_t rows) override {
    auto* list_offsets = list_offsets_.array<uint32_t>(rows + 1);
    list_offsets[0] = 0;
    uint64_t begin = 0;
    uint64_t end = 0;
    if (rows > 0) {
      const Offset* offsets = load_offsets(first, rows);
      check(offsets, rows);
      begin = static_cast<uint64_t>(offsets[0]);
      end = static_cast<uint64_t>(offsets[rows]);
      if (end - begin > kMaxElements) fail("has a list of too many elements");
      for (uint64_t i = 1; i <= rows; i++) list_offsets[i] = static_cast<uint32_t>(offsets[i] - offsets[0]);
      offsets_.passed((first + rows) * sizeof(Offset));
    }
    view_.child = &child_->decode(begin, end - begin);
    view_.list_offsets = list_offsets;
  }

  void append_value_json(uint64_t row, JsonTextSink* out) override {
    const Offset range[2] = {offsets_.value<Offset>(row), offsets_.value<Offset>(row + 1)};
    check(range, 1);
    out->raw("[");
    for (Offset i = range[0]; i < range[1]; i++) {
      if (i > range[0]) out->raw(",");
      child_->append_json(static_cast<uint64_t>(i), out);
    }
    out->raw("]");
  }

 private:
  static constexpr uint64_t kBytesPerRow = sizeof(Offset) + sizeof(uint32_t) + 1;

  const Offset* load_offsets(uint64_t first, uint64_t rows) {
    return static_cast<const Offset*>(
        offsets_.window(first * sizeof(Offset), (rows + 1) * sizeof(Offset), sizeof(Offset), &offsets_scratch_));
  }

  void check(const Offset* offsets, uint64_t rows) const {
    bool falls = offsets[0] < 0;
    for (uint64_t i = 0; i < rows; i++) falls |= offsets[i + 1] < offsets[i];
    if (falls) fail("has an offset below the one before it");
    if (static_cast<uint64_t>(offsets[rows]) > child_->length()) fail("has an offset behind its elements");
  }

  ReaderPtr child_;
  BufferCursor offsets_;
  Scratch offsets_scratch_;
  Scratch list_offsets_;
};

class FixedListReader final : public ColumnReader {
 public:
  FixedListReader(const ColumnType& type, ReaderPtr child) : ColumnReader(type), child_(std::move(child)) {}

  void unbind() override {
    ColumnReader::unbind();
    child_->unbind();
  }

  uint64_t fit(uint64_t first, uint64_t rows, uint64_t budget) override {
    rows = std::min(rows, budget / 2);
    if (type_.list_size == 0) return rows;
    return child_->fit(first * type_.list_size, rows * type_.list_size, budget / 2) / type_.list_size;
  }

  void let_go() override {
    ColumnReader::let_go();
    child_->let_go();
  }

 protected:
  void bind_buffers(BatchParts* parts) override {
    if (type_.list_size != 0 && length_ > std::numeric_limits<uint64_t>::max() / type_.list_size) {
      fail("has too many elements");
    }
    child_->bind(parts, length_ * type_.list_size);
  }

  void decode_values(uint64_t first, uint64_t rows) override {
    view_.child = &child_->decode(first * type_.list_size, rows * type_.list_size);
  }

  void append_value_json(uint64_t row, JsonTextSink* out) override {
    out->raw("[");
    for (uint64_t i = 0; i < type_.list_size; i++) {
      if (i > 0) out->raw(",");
      child_->append_json(row * type_.list_size + i, out);
    }
    out->raw("]");
  }

 private:
  ReaderPtr child_;
};

}  // namespace

ReaderPtr make_list_reader(const ColumnType& type, ReaderPtr child) {
  if (type.large) return std::make_unique<ListReader<int64_t>>(type, std::move(child));
  return std::make_unique<ListReader<int32_t>>(type, std::move(child));
}

ReaderPtr make_fixed_list_reader(const ColumnType& type, ReaderPtr child) {
  return std::make_unique<FixedListReader>(type, std::move(child));
}

}  // namespace kalam::arrow
