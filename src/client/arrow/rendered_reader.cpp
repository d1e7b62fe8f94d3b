// Nested types other than lists: structs, maps, unions, list views. PostgreSQL has no types for them, so they arrive as
// JSON text. Their children are read value by value, wherever in the batch they lie; so their slices stay until it
// ends.
#include <algorithm>
#include <string>
#include <vector>

#include "client/arrow/readers.h"

namespace kalam::arrow {
namespace {

constexpr uint64_t kBytesPerRow = sizeof(Slice) + sizeof(size_t) + 1;

class RenderedReader : public ColumnReader {
 public:
  RenderedReader(const ColumnType& type, std::vector<ReaderPtr> children, RenderedTotal* total)
      : ColumnReader(type), children_(std::move(children)), sink_(type, total) {}

  void unbind() override {
    ColumnReader::unbind();
    forget();
    for (ReaderPtr& child : children_) child->unbind();
  }

  // The children's slices stay until the batch ends; the text does not.
  void let_go() override {
    ColumnReader::let_go();
    forget();
  }

  // How long the text is only shows when it is written; decode() takes what was written here.
  uint64_t fit(uint64_t first, uint64_t rows, uint64_t budget) override {
    rows = std::min(rows, budget / kBytesPerRow);
    forget();
    rendered_first_ = first;
    for (uint64_t i = 0; i < rows; i++) {
      render(first + i);
      if (sink_.text().size() + rows * kBytesPerRow > budget) return i;
    }
    return rows;
  }

 protected:
  void decode_values(uint64_t first, uint64_t rows) override {
    if (first != rendered_first_) {
      forget();
      rendered_first_ = first;
    }
    while (ends_.size() < rows) render(first + ends_.size());
    Slice* slices = slices_.array<Slice>(rows);
    size_t begin = 0;
    for (uint64_t i = 0; i < rows; i++) {
      slices[i] = {sink_.text().data() + begin, ends_[i] - begin};
      begin = ends_[i];
    }
    view_.values = slices;
  }

  std::vector<ReaderPtr> children_;

 private:
  void forget() {
    sink_.clear();
    ends_.clear();
    rendered_first_ = 0;
  }

  void render(uint64_t row) {
    if (!is_null(row)) append_value_json(row, &sink_);
    ends_.push_back(sink_.text().size());
  }

  JsonTextSink sink_;
  std::vector<size_t> ends_;  // of each row's text
  uint64_t rendered_first_ = 0;
  Scratch slices_;
};

class StructReader final : public RenderedReader {
 public:
  using RenderedReader::RenderedReader;

 protected:
  void bind_buffers(BatchParts* parts) override {
    for (ReaderPtr& child : children_) child->bind(parts, length_);
  }
  void append_value_json(uint64_t row, JsonTextSink* out) override {
    out->raw("{");
    for (size_t i = 0; i < children_.size(); i++) {
      if (i > 0) out->raw(",");
      out->string(children_[i]->type().name);
      out->raw(":");
      children_[i]->append_json(row, out);
    }
    out->raw("}");
  }
};

// The map's child is a struct of key and value, which is not rendered itself; its two members are read through it.
class MapReader final : public RenderedReader {
 public:
  MapReader(const ColumnType& type, ReaderPtr key, ReaderPtr value, RenderedTotal* total)
      : RenderedReader(type, {}, total),
        total_(total),
        entries_type_(type.children[0]),
        key_(std::move(key)),
        value_(std::move(value)) {}

  void unbind() override {
    RenderedReader::unbind();
    offsets_ = {};
    key_->unbind();
    value_->unbind();
  }

 protected:
  void bind_buffers(BatchParts* parts) override {
    offsets_ = parts->next_buffer(type_);
    if (length_ > 0) expect_size(offsets_, length_ + 1, sizeof(int32_t));
    const BatchParts::Node node = parts->next_node(entries_type_);
    if (node.null_count > 0) fail("has an entry that is null");
    parts->next_buffer(entries_type_);  // validity, which says nothing without nulls
    entries_ = node.length;
    key_->bind(parts, entries_);
    value_->bind(parts, entries_);
  }

  void append_value_json(uint64_t row, JsonTextSink* out) override {
    const auto begin = offsets_.value<int32_t>(row);
    const auto end = offsets_.value<int32_t>(row + 1);
    if (begin < 0 || end < begin || static_cast<uint64_t>(end) > entries_) fail("has an offset outside its entries");
    out->raw("{");
    for (int32_t i = begin; i < end; i++) {
      if (i > begin) out->raw(",");
      append_key(static_cast<uint64_t>(i), out);
      out->raw(":");
      value_->append_json(static_cast<uint64_t>(i), out);
    }
    out->raw("}");
  }

 private:
  // JSON has keys of text only: others become the text of their JSON.
  void append_key(uint64_t row, JsonTextSink* out) {
    JsonTextSink key(type_, total_);
    key_->append_json(row, &key);
    const std::string& text = key.text();
    if (!text.empty() && text.front() == '"') {
      out->raw(text);
    } else {
      out->string(text);
    }
  }

  RenderedTotal* total_;
  const ColumnType& entries_type_;
  ReaderPtr key_;
  ReaderPtr value_;
  BufferCursor offsets_;
  uint64_t entries_ = 0;
};

class UnionReader final : public RenderedReader {
 public:
  using RenderedReader::RenderedReader;

  void unbind() override {
    RenderedReader::unbind();
    codes_ = {};
    offsets_ = {};
  }

 protected:
  bool has_validity() const override { return type_.old_union; }

  void bind_buffers(BatchParts* parts) override {
    const bool dense = type_.layout == Layout::dense_union;
    codes_ = parts->next_buffer(type_);
    expect_size(codes_, length_, sizeof(int8_t));
    if (dense) {
      offsets_ = parts->next_buffer(type_);
      expect_size(offsets_, length_, sizeof(int32_t));
    }
    for (ReaderPtr& child : children_) child->bind(parts, dense ? 0 : length_);
  }

  void append_value_json(uint64_t row, JsonTextSink* out) override {
    const auto code = codes_.value<int8_t>(row);
    const auto found = std::find(type_.union_codes.begin(), type_.union_codes.end(), code);
    if (found == type_.union_codes.end()) fail("has a value of a type that its union does not have");
    ColumnReader& child = *children_[static_cast<size_t>(found - type_.union_codes.begin())];
    uint64_t child_row = row;
    if (type_.layout == Layout::dense_union) {
      const auto offset = offsets_.value<int32_t>(row);
      if (offset < 0) fail("has a negative offset");
      child_row = static_cast<uint64_t>(offset);
    }
    child.append_json(child_row, out);
  }

 private:
  BufferCursor codes_;
  BufferCursor offsets_;
};

class ListViewReader final : public RenderedReader {
 public:
  using RenderedReader::RenderedReader;

  void unbind() override {
    RenderedReader::unbind();
    offsets_ = {};
    sizes_ = {};
  }

 protected:
  void bind_buffers(BatchParts* parts) override {
    const uint64_t width = type_.large ? 8 : 4;
    offsets_ = parts->next_buffer(type_);
    sizes_ = parts->next_buffer(type_);
    expect_size(offsets_, length_, width);
    expect_size(sizes_, length_, width);
    children_[0]->bind(parts, 0);
  }

  void append_value_json(uint64_t row, JsonTextSink* out) override {
    const int64_t begin = type_.large ? offsets_.value<int64_t>(row) : offsets_.value<int32_t>(row);
    const int64_t size = type_.large ? sizes_.value<int64_t>(row) : sizes_.value<int32_t>(row);
    const uint64_t elements = children_[0]->length();
    if (begin < 0 || size < 0 || static_cast<uint64_t>(begin) > elements ||
        static_cast<uint64_t>(size) > elements - static_cast<uint64_t>(begin)) {
      fail("has a list outside its elements");
    }
    out->raw("[");
    for (int64_t i = 0; i < size; i++) {
      if (i > 0) out->raw(",");
      children_[0]->append_json(static_cast<uint64_t>(begin + i), out);
    }
    out->raw("]");
  }

 private:
  BufferCursor offsets_;
  BufferCursor sizes_;
};

}  // namespace

ReaderPtr make_rendered_reader(const ColumnType& type, std::vector<ReaderPtr> children, RenderedTotal* total) {
  switch (type.layout) {
    case Layout::map:
      return std::make_unique<MapReader>(type, std::move(children[0]), std::move(children[1]), total);
    case Layout::sparse_union:
    case Layout::dense_union:
      return std::make_unique<UnionReader>(type, std::move(children), total);
    case Layout::list_view:
      return std::make_unique<ListViewReader>(type, std::move(children), total);
    default:
      return std::make_unique<StructReader>(type, std::move(children), total);
  }
}

}  // namespace kalam::arrow
