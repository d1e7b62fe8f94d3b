// Arrow streams put together by hand, right or wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow_ipc_generated.h"

namespace kalam::test {

struct RawField {
  std::string name = "v";
  ipc::Type type = ipc::Type::Null;
  int64_t parameter = 0;  // Int: bits; FixedSizeList: length; FixedSizeBinary: width
  std::vector<RawField> children;
  int64_t dictionary_id = -1;  // not negative: dictionary-encoded with int8 indexes
};

struct RawBatch {
  int64_t rows = 0;
  std::vector<ipc::FieldNode> nodes;
  std::vector<ipc::Buffer> buffers;
  std::string body;
  std::vector<int64_t> variadic_counts;
};

std::string schema_message(const std::vector<RawField>& fields, ipc::Endianness endianness = ipc::Endianness::Little);
std::string batch_message(const RawBatch& batch);
std::string dictionary_message(int64_t id, const RawBatch& batch, bool is_delta = false);

// The bytes of numbers, one after the other.
template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace kalam::test
