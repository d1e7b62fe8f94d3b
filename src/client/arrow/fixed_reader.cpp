// Columns whose values all take the same room: numbers, times, decimals, fixed binary, booleans, and Null.
#include <cmath>
#include <cstring>

#include "client/arrow/readers.h"

namespace kalam::arrow {
namespace {

class NullReader final : public ColumnReader {
 public:
  using ColumnReader::ColumnReader;

  uint64_t fit(uint64_t, uint64_t rows, uint64_t budget) override { return std::min(rows, budget); }

 protected:
  bool has_validity() const override { return false; }
  void bind_buffers(BatchParts*) override {}
  void decode_values(uint64_t, uint64_t rows) override {
    auto* nulls = all_nulls_.array<uint8_t>(rows);
    std::memset(nulls, 1, rows);
    view_.nulls = nulls;
  }
  void append_value_json(uint64_t, JsonTextSink* out) override { out->raw("null"); }

 private:
  Scratch all_nulls_;
};

class BitsReader final : public ColumnReader {
 public:
  using ColumnReader::ColumnReader;

  void unbind() override {
    ColumnReader::unbind();
    bits_ = {};
  }
  uint64_t fit(uint64_t, uint64_t rows, uint64_t budget) override { return std::min(rows, budget / 3); }
  void let_go() override {
    ColumnReader::let_go();
    bits_.let_go();
  }

 protected:
  void bind_buffers(BatchParts* parts) override {
    bits_ = parts->next_buffer(type_);
    expect_size(bits_, length_ / 8 + (length_ % 8 != 0 ? 1 : 0), 1);
  }
  void decode_values(uint64_t first, uint64_t rows) override {
    auto* values = values_.array<uint8_t>(rows);
    if (rows > 0) {
      const uint64_t begin = first / 8;
      const uint64_t end = (first + rows + 7) / 8;
      const auto* bits = static_cast<const uint8_t*>(bits_.window(begin, end - begin, 1, &scratch_));
      unpack_bits(bits, static_cast<unsigned>(first % 8), rows, true, values);
      bits_.passed((first + rows) / 8);
    }
    view_.values = values;
  }
  void append_value_json(uint64_t row, JsonTextSink* out) override {
    const uint8_t value = (bits_.value<uint8_t>(row / 8) >> (row % 8)) & 1;
    out->scalar(type_, &value);
  }

 private:
  BufferCursor bits_;
  Scratch scratch_;
  Scratch values_;
};

float half_to_float(uint16_t half) {
  const int exponent = (half >> 10) & 0x1F;
  const auto fraction = static_cast<uint32_t>(half & 0x3FF);
  float magnitude = 0;
  if (exponent == 0x1F) {
    const uint32_t bits = 0x7F800000U | fraction << 13;
    std::memcpy(&magnitude, &bits, sizeof(magnitude));
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(fraction | 0x400U), exponent - 25);
  }
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

template <class T>
T load(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

Int256 extend(const uint8_t* from, uint32_t width) {
  Int256 wide;
  const uint64_t sign = (from[width - 1] & 0x80) != 0 ? ~uint64_t{0} : 0;
  for (uint64_t& word : wide.word) word = sign;
  if (width == 4) {
    wide.word[0] = static_cast<uint64_t>(static_cast<int64_t>(load<int32_t>(from)));
  } else {
    std::memcpy(wide.word, from, width);
  }
  return wide;
}

// Converts `count` values as the wire has them into what ColumnKind promises.
void widen(const ColumnType& type, const uint8_t* from, uint64_t count, void* to) {
  switch (type.widening) {
    case Widening::none:
      std::memcpy(to, from, count * type.width);
      return;
    case Widening::half_to_float:
      for (uint64_t i = 0; i < count; i++) static_cast<float*>(to)[i] = half_to_float(load<uint16_t>(from + 2 * i));
      return;
    case Widening::int32_to_int64:
      for (uint64_t i = 0; i < count; i++) static_cast<int64_t*>(to)[i] = load<int32_t>(from + 4 * i);
      return;
    case Widening::to_int256:
      for (uint64_t i = 0; i < count; i++)
        static_cast<Int256*>(to)[i] = extend(from + type.wire_width * i, type.wire_width);
      return;
    case Widening::months:
      for (uint64_t i = 0; i < count; i++) static_cast<Interval*>(to)[i] = {load<int32_t>(from + 4 * i), 0, 0};
      return;
    case Widening::days_milliseconds:
      for (uint64_t i = 0; i < count; i++) {
        const int64_t milliseconds = load<int32_t>(from + 8 * i + 4);
        static_cast<Interval*>(to)[i] = {0, load<int32_t>(from + 8 * i), milliseconds * 1'000'000};
      }
      return;
  }
}

class FixedReader final : public ColumnReader {
 public:
  using ColumnReader::ColumnReader;

  void unbind() override {
    ColumnReader::unbind();
    values_ = {};
  }
  uint64_t fit(uint64_t, uint64_t rows, uint64_t budget) override {
    return std::min(rows, budget / (uint64_t{type_.wire_width} + type_.width + 1));
  }
  void let_go() override {
    ColumnReader::let_go();
    values_.let_go();
  }

 protected:
  void bind_buffers(BatchParts* parts) override {
    values_ = parts->next_buffer(type_);
    expect_size(values_, length_, type_.wire_width);
  }
  void decode_values(uint64_t first, uint64_t rows) override {
    const uint64_t width = type_.wire_width;
    const bool as_is = type_.widening == Widening::none;
    const size_t alignment = !as_is || type_.kind == ColumnKind::fixed_binary ? 1 : std::min<size_t>(width, 8);
    const void* wire = values_.window(first * width, rows * width, alignment, &scratch_);
    if (as_is) {
      view_.values = wire;
    } else {
      void* wide = wide_.reserve(rows * type_.width);
      widen(type_, static_cast<const uint8_t*>(wire), rows, wide);
      view_.values = wide;
    }
    values_.passed((first + rows) * width);
  }
  void append_value_json(uint64_t row, JsonTextSink* out) override {
    const uint64_t width = type_.wire_width;
    void* wire = json_wire_.reserve(width);
    values_.read(row * width, width, wire);
    if (type_.kind == ColumnKind::fixed_binary) return out->bytes({static_cast<const char*>(wire), width});
    alignas(8) uint8_t wide[32];  // the widest scalar is an Int256
    widen(type_, static_cast<const uint8_t*>(wire), 1, wide);
    out->scalar(type_, wide);
  }

 private:
  BufferCursor values_;
  Scratch scratch_;
  Scratch wide_;
  Scratch json_wire_;
};

}  // namespace

ReaderPtr make_null_reader(const ColumnType& type) {
  return std::make_unique<NullReader>(type);
}
ReaderPtr make_bits_reader(const ColumnType& type) {
  return std::make_unique<BitsReader>(type);
}
ReaderPtr make_fixed_reader(const ColumnType& type) {
  return std::make_unique<FixedReader>(type);
}

}  // namespace kalam::arrow
