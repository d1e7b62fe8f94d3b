// Strings and binary data of any length: by offsets of 32 or 64 bits, or by views.
#include <algorithm>
#include <cstring>
#include <string>

#include "client/arrow/readers.h"

namespace kalam::arrow {
namespace {

void append_text(const ColumnType& type, std::string_view text, JsonTextSink* out) {
  if (type.kind == ColumnKind::binary) return out->bytes(text);
  if (type.is_json) return out->raw(text);
  out->string(text);
}

// A row costs its offset, its Slice and its NULL byte beside the text.
constexpr uint64_t kBytesPerRow = sizeof(Slice) + 9;

template <class Offset>
class OffsetsReader final : public ColumnReader {
 public:
  using ColumnReader::ColumnReader;

  void unbind() override {
    ColumnReader::unbind();
    window_ = nullptr;
    offsets_ = {};
    text_ = {};
  }

  uint64_t fit(uint64_t first, uint64_t rows, uint64_t budget) override {
    rows = std::min(rows, budget / kBytesPerRow);
    if (rows == 0) return 0;
    const Offset* offsets = load_offsets(first, rows);
    // Offsets that fall are found by decode(); here they only make the window too short or too long.
    const uint64_t limit = budget - rows * kBytesPerRow;
    const Offset* end = std::partition_point(offsets + 1, offsets + rows + 1, [&](Offset offset) {
      return static_cast<uint64_t>(offset) - static_cast<uint64_t>(offsets[0]) <= limit;
    });
    return static_cast<uint64_t>(end - (offsets + 1));
  }

  void let_go() override {
    ColumnReader::let_go();
    window_ = nullptr;
    offsets_.let_go();
    text_.let_go();
  }

 protected:
  void bind_buffers(BatchParts* parts) override {
    offsets_ = parts->next_buffer(type_);
    text_ = parts->next_buffer(type_);
    // A column without rows may leave its only offset out.
    if (length_ > 0) expect_size(offsets_, length_ + 1, sizeof(Offset));
  }

  void decode_values(uint64_t first, uint64_t rows) override {
    Slice* slices = slices_.array<Slice>(rows);
    view_.values = slices;
    if (rows == 0) return;
    const Offset* offsets = load_offsets(first, rows);
    check(offsets, rows);
    const uint64_t begin = static_cast<uint64_t>(offsets[0]);
    const uint64_t end = static_cast<uint64_t>(offsets[rows]);
    const char* text = static_cast<const char*>(text_.window(begin, end - begin, 1, &text_scratch_));
    for (uint64_t i = 0; i < rows; i++) {
      slices[i].data = text + (static_cast<uint64_t>(offsets[i]) - begin);
      slices[i].size = static_cast<uint64_t>(offsets[i + 1] - offsets[i]);
    }
    offsets_.passed((first + rows) * sizeof(Offset));
    text_.passed(end);
  }

  void append_value_json(uint64_t row, JsonTextSink* out) override {
    const Offset range[2] = {offsets_.value<Offset>(row), offsets_.value<Offset>(row + 1)};
    check(range, 1);
    std::string text(static_cast<size_t>(range[1] - range[0]), '\0');
    text_.read(static_cast<uint64_t>(range[0]), text.size(), text.data());
    append_text(type_, text, out);
  }

 private:
  // The same window is loaded once for fit() and decode().
  const Offset* load_offsets(uint64_t first, uint64_t rows) {
    if (window_ == nullptr || window_first_ != first || window_rows_ < rows) {
      window_ = static_cast<const Offset*>(
          offsets_.window(first * sizeof(Offset), (rows + 1) * sizeof(Offset), sizeof(Offset), &offsets_scratch_));
      window_first_ = first;
      window_rows_ = rows;
    }
    return window_;
  }

  void check(const Offset* offsets, uint64_t rows) const {
    bool falls = offsets[0] < 0;
    for (uint64_t i = 0; i < rows; i++) falls |= offsets[i + 1] < offsets[i];
    if (falls) fail("has an offset below the one before it");
    if (static_cast<uint64_t>(offsets[rows]) > text_.size()) fail("has an offset behind its data");
  }

  BufferCursor offsets_;
  BufferCursor text_;
  const Offset* window_ = nullptr;
  uint64_t window_first_ = 0;
  uint64_t window_rows_ = 0;
  Scratch offsets_scratch_;
  Scratch text_scratch_;
  Scratch slices_;
};

// A view: its length, then up to 12 bytes of text, or 4 bytes of it, a buffer's number and a position there.
struct View {
  int32_t size;
  char text[4];
  int32_t buffer;
  int32_t offset;
};
static_assert(sizeof(View) == 16);
constexpr int32_t kInlineSize = 12;

class ViewsReader final : public ColumnReader {
 public:
  using ColumnReader::ColumnReader;

  void unbind() override {
    ColumnReader::unbind();
    views_ = {};
    texts_.clear();
  }

  uint64_t fit(uint64_t first, uint64_t rows, uint64_t budget) override {
    rows = std::min(rows, budget / (kBytesPerRow + sizeof(View)));
    budget -= rows * (kBytesPerRow + sizeof(View));
    const auto* views =
        static_cast<const uint8_t*>(views_.window(first * sizeof(View), rows * sizeof(View), 1, &views_scratch_));
    for (uint64_t i = 0; i < rows; i++) {
      int32_t size = 0;
      std::memcpy(&size, views + i * sizeof(View), sizeof(size));
      if (size <= kInlineSize) continue;
      if (static_cast<uint64_t>(size) > budget) return i;
      budget -= static_cast<uint64_t>(size);
    }
    return rows;
  }

  // The texts stay until the batch ends: any row may refer to any part of them.
  void let_go() override {
    ColumnReader::let_go();
    views_.let_go();
  }

 protected:
  void bind_buffers(BatchParts* parts) override {
    views_ = parts->next_buffer(type_);
    expect_size(views_, length_, sizeof(View));
    const uint64_t count = parts->next_variadic_count(type_);
    for (uint64_t i = 0; i < count; i++) texts_.push_back(parts->next_buffer(type_));
  }

  void decode_values(uint64_t first, uint64_t rows) override {
    const auto* views =
        static_cast<const char*>(views_.window(first * sizeof(View), rows * sizeof(View), 1, &views_scratch_));
    Slice* slices = slices_.array<Slice>(rows);
    uint64_t scattered = 0;  // bytes of texts that lie across slices
    for (uint64_t i = 0; i < rows; i++) {
      const char* at = views + i * sizeof(View);
      if (view_.nulls != nullptr && view_.nulls[i] != 0) {
        slices[i] = {"", 0};  // what a NULL's view says is not defined
        continue;
      }
      const View view = load(at);
      slices[i].size = static_cast<size_t>(view.size);
      slices[i].data =
          view.size <= kInlineSize
              ? at + 4
              : static_cast<const char*>(text_of(view).direct(static_cast<uint64_t>(view.offset), slices[i].size));
      if (slices[i].data == nullptr) scattered += slices[i].size;
    }
    if (scattered > 0) gather(views, slices, rows, scattered);
    view_.values = slices;
    views_.passed((first + rows) * sizeof(View));
  }

  void append_value_json(uint64_t row, JsonTextSink* out) override {
    const auto bytes = views_.value<View>(row);
    const View view = load(reinterpret_cast<const char*>(&bytes));
    const auto size = static_cast<size_t>(view.size);
    if (view.size <= kInlineSize) {
      return append_text(type_, {reinterpret_cast<const char*>(&bytes) + sizeof(view.size), size}, out);
    }
    BufferCursor& buffer = text_of(view);  // checks the size before anything is made of it
    std::string text(size, '\0');
    buffer.read(static_cast<uint64_t>(view.offset), size, text.data());
    append_text(type_, text, out);
  }

 private:
  View load(const char* at) const {
    View view;
    std::memcpy(&view, at, sizeof(view));
    if (view.size < 0) fail("has a view of negative length");
    return view;
  }

  BufferCursor& text_of(const View& view) {
    if (view.buffer < 0 || static_cast<size_t>(view.buffer) >= texts_.size()) fail("has a view into no buffer");
    BufferCursor& text = texts_[static_cast<size_t>(view.buffer)];
    if (view.offset < 0 || static_cast<uint64_t>(view.offset) > text.size() ||
        static_cast<uint64_t>(view.size) > text.size() - static_cast<uint64_t>(view.offset)) {
      fail("has a view outside its buffer");
    }
    return text;
  }

  void gather(const char* views, Slice* slices, uint64_t rows, uint64_t bytes) {
    char* to = text_scratch_.array<char>(bytes);
    for (uint64_t i = 0; i < rows; i++) {
      if (slices[i].data != nullptr) continue;
      const View view = load(views + i * sizeof(View));
      text_of(view).read(static_cast<uint64_t>(view.offset), slices[i].size, to);
      slices[i].data = to;
      to += slices[i].size;
    }
  }

  BufferCursor views_;
  std::vector<BufferCursor> texts_;
  Scratch views_scratch_;
  Scratch text_scratch_;
  Scratch slices_;
};

}  // namespace

ReaderPtr make_offsets_reader(const ColumnType& type) {
  if (type.large) return std::make_unique<OffsetsReader<int64_t>>(type);
  return std::make_unique<OffsetsReader<int32_t>>(type);
}

ReaderPtr make_views_reader(const ColumnType& type) {
  return std::make_unique<ViewsReader>(type);
}

}  // namespace kalam::arrow
