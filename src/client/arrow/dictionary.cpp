#include "client/arrow/dictionary.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "client/arrow/decode_context.h"
#include "client/arrow/decode_error.h"

namespace kalam::arrow {
namespace {

bool holds_slices(const ColumnType& type) {
  return type.kind == ColumnKind::utf8 || type.kind == ColumnKind::binary;
}

// The column whose values the dictionary holds; several columns may share it.
const ColumnType* find_user(const std::vector<ColumnType>& columns, int64_t id) {
  for (const ColumnType& column : columns) {
    if (column.dictionary.used && column.dictionary.id == id) return &column;
    if (const ColumnType* below = find_user(column.children, id)) return below;
  }
  return nullptr;
}

class DictionaryReader final : public ColumnReader {
 public:
  DictionaryReader(const ColumnType& type, const DictionarySet* dictionaries)
      : ColumnReader(type), dictionaries_(*dictionaries) {}

  void unbind() override {
    ColumnReader::unbind();
    indexes_ = {};
  }
  uint64_t fit(uint64_t, uint64_t rows, uint64_t budget) override {
    return std::min(rows, budget / (uint64_t{type_.dictionary.width} + type_.width + 2));
  }
  void let_go() override {
    ColumnReader::let_go();
    indexes_.let_go();
  }

 protected:
  void bind_buffers(BatchParts* parts) override {
    indexes_ = parts->next_buffer(type_);
    expect_size(indexes_, length_, type_.dictionary.width);
    dictionary_ = dictionaries_.find(type_.dictionary.id);
  }

  void decode_values(uint64_t first, uint64_t rows) override {
    const uint64_t width = type_.dictionary.width;
    const auto* indexes = static_cast<const uint8_t*>(indexes_.window(first * width, rows * width, 1, &scratch_));
    auto* values = static_cast<std::byte*>(values_.reserve(rows * type_.width));
    uint8_t* nulls = nulls_.array<uint8_t>(rows);
    for (uint64_t i = 0; i < rows; i++) {
      std::byte* value = values + i * type_.width;
      nulls[i] = view_.nulls != nullptr ? view_.nulls[i] : 0;
      if (nulls[i] == 0) {
        const uint64_t index = checked(indexes + i * width);
        nulls[i] = dictionary_->is_null(index) ? 1 : 0;
        if (type_.width > 0) std::memcpy(value, dictionary_->value(index), type_.width);
      } else if (type_.width > 0) {
        std::memset(value, 0, type_.width);
      }
    }
    view_.values = values;
    view_.nulls = nulls;
    indexes_.passed((first + rows) * width);
  }

  void append_value_json(uint64_t row, JsonTextSink* out) override {
    uint8_t bytes[8];
    indexes_.read(row * type_.dictionary.width, type_.dictionary.width, bytes);
    const uint64_t index = checked(bytes);
    if (dictionary_->is_null(index)) return out->raw("null");
    const std::byte* value = dictionary_->value(index);
    if (type_.kind == ColumnKind::fixed_binary) {
      return out->bytes({reinterpret_cast<const char*>(value), type_.width});
    }
    if (!holds_slices(type_)) return out->scalar(type_, value);
    Slice slice;
    std::memcpy(&slice, value, sizeof(slice));
    const std::string_view text(slice.data, slice.size);
    if (type_.kind == ColumnKind::binary) return out->bytes(text);
    if (type_.is_json) return out->raw(text);
    out->string(text);
  }

 private:
  uint64_t checked(const uint8_t* at) const {
    const uint32_t width = type_.dictionary.width;
    uint64_t index = 0;
    std::memcpy(&index, at, width);
    const bool negative = type_.dictionary.is_signed && (at[width - 1] & 0x80) != 0;
    if (negative || dictionary_ == nullptr || index >= dictionary_->size()) {
      fail("refers to a value that its dictionary does not have");
    }
    return index;
  }

  const DictionarySet& dictionaries_;
  const Dictionary* dictionary_ = nullptr;
  BufferCursor indexes_;
  Scratch scratch_;
  Scratch values_;
  Scratch nulls_;
};

}  // namespace

void Dictionary::append_slices(const ColumnView& values) {
  const Slice* slices = static_cast<const Slice*>(values.values);
  size_t bytes = 0;
  for (uint64_t i = 0; i < values.rows; i++) bytes += slices[i].size;
  auto text = std::make_unique_for_overwrite<char[]>(bytes + 1);
  char* to = text.get();
  texts_.push_back(std::move(text));
  for (uint64_t i = 0; i < values.rows; i++) {
    const Slice copy{to, slices[i].size};
    if (copy.size > 0) std::memcpy(to, slices[i].data, copy.size);
    to += copy.size;
    const auto* raw = reinterpret_cast<const std::byte*>(&copy);
    values_.insert(values_.end(), raw, raw + sizeof(copy));
  }
}

void Dictionary::append(const ColumnView& values) {
  if (values.rows == 0) return;
  if (holds_slices(type_)) {
    append_slices(values);
  } else if (type_.width > 0) {
    const auto* raw = static_cast<const std::byte*>(values.values);
    values_.insert(values_.end(), raw, raw + values.rows * type_.width);
  }
  if (values.nulls != nullptr) {
    nulls_.insert(nulls_.end(), values.nulls, values.nulls + values.rows);
  } else {
    nulls_.insert(nulls_.end(), values.rows, 0);
  }
  size_ += values.rows;
}

void load_dictionary(const Schema& schema, int64_t id, bool is_delta, BatchParts* parts, DecodeContext* context) {
  constexpr uint64_t kWindow = 65'536;
  constexpr uint64_t kBudget = 1 << 20;
  const ColumnType* type = find_user(schema.columns, id);
  if (type == nullptr) throw DecodeError("The Arrow stream has a dictionary that no column uses.");
  Dictionary* dictionary = is_delta ? context->dictionaries.find(id) : nullptr;
  if (dictionary == nullptr) {
    auto fresh = std::make_unique<Dictionary>(*type);
    dictionary = fresh.get();
    context->dictionaries.remember(id, std::move(fresh));
  }
  const std::unique_ptr<ColumnReader> reader = make_value_reader(*type, context);
  reader->bind(parts, parts->rows());
  parts->expect_end();
  const uint64_t rows = parts->rows();
  const bool has_content = type->layout != Layout::nothing && (type->layout != Layout::fixed || type->wire_width > 0);
  if (rows > kWindow && !has_content) {
    throw DecodeError("A dictionary of the Arrow stream has too many values without content.");
  }
  for (uint64_t first = 0; first < rows;) {
    const uint64_t fitting = reader->fit(first, std::min(kWindow, rows - first), kBudget);
    const uint64_t count = std::max<uint64_t>(fitting, 1);
    dictionary->append(reader->decode(first, count));
    reader->let_go();
    first += count;
  }
}

std::unique_ptr<ColumnReader> make_dictionary_reader(const ColumnType& type, const DictionarySet* dictionaries) {
  return std::make_unique<DictionaryReader>(type, dictionaries);
}

}  // namespace kalam::arrow
