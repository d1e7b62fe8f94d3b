#include "client/arrow/batch_parts.h"

#include <cstring>

#include "client/arrow/decode_error.h"

namespace kalam::arrow {
namespace {

[[noreturn]] void fail(const ColumnType& type, const char* what) {
  throw DecodeError("Column \"" + type.name + "\" (" + type.type_name + ") of an Arrow record batch " + what + ".",
                    type.name);
}

// FlatBuffers' verifier does not look at the alignment of elements wider than their vector's length.
template <class Element, class Vector>
Element element(const Vector& vector, uint32_t index) {
  Element copy;
  std::memcpy(static_cast<void*>(&copy), vector.Data() + index * sizeof(Element), sizeof(Element));
  return copy;
}

}  // namespace

BatchParts::BatchParts(Message* message, Range body, const ipc::RecordBatch& batch)
    : message_(message), body_(body), batch_(batch), rows_(static_cast<uint64_t>(batch.length())) {
  if (batch.length() < 0) throw DecodeError("An Arrow record batch has a negative number of rows.");
  if (batch.compression() != nullptr) throw DecodeError("An Arrow record batch is compressed, which is not supported.");
}

BatchParts::Node BatchParts::next_node(const ColumnType& type) {
  if (batch_.nodes() == nullptr || node_ >= batch_.nodes()->size()) fail(type, "is missing");
  const auto node = element<ipc::FieldNode>(*batch_.nodes(), node_++);
  if (node.length() < 0) fail(type, "has a negative length");
  if (node.null_count() < 0 || node.null_count() > node.length()) fail(type, "has a wrong number of nulls");
  return {static_cast<uint64_t>(node.length()), static_cast<uint64_t>(node.null_count())};
}

BufferCursor BatchParts::next_buffer(const ColumnType& type) {
  if (batch_.buffers() == nullptr || buffer_ >= batch_.buffers()->size()) fail(type, "has too few buffers");
  const auto buffer = element<ipc::Buffer>(*batch_.buffers(), buffer_++);
  if (buffer.length() == 0) return {};
  if (buffer.length() < 0 || buffer.offset() < 0) fail(type, "has a buffer of negative length or position");
  const Range range{static_cast<uint64_t>(buffer.offset()), static_cast<uint64_t>(buffer.length())};
  if (range.begin > body_.size || range.size > body_.size - range.begin) fail(type, "has a buffer outside the body");
  if (range.begin < used_) fail(type, "has a buffer that overlaps another");
  used_ = range.end();
  return {message_, Range{body_.begin + range.begin, range.size}};
}

uint64_t BatchParts::next_variadic_count(const ColumnType& type) {
  const auto* counts = batch_.variadic_buffer_counts();
  if (counts == nullptr || variadic_ >= counts->size()) fail(type, "does not say how many buffers it has");
  const int64_t count = element<int64_t>(*counts, variadic_++);
  const uint64_t left = batch_.buffers() == nullptr ? 0 : batch_.buffers()->size() - buffer_;
  if (count < 0 || static_cast<uint64_t>(count) > left) fail(type, "has too few buffers");
  return static_cast<uint64_t>(count);
}

void BatchParts::expect_end() const {
  const bool nodes_left = batch_.nodes() != nullptr && node_ != batch_.nodes()->size();
  const bool buffers_left = batch_.buffers() != nullptr && buffer_ != batch_.buffers()->size();
  if (nodes_left || buffers_left) throw DecodeError("An Arrow record batch has more columns than its schema.");
}

}  // namespace kalam::arrow
