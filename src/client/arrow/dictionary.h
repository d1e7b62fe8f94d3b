// Dictionaries of a stream: values sent once, that the rows of a column refer to.
#pragma once

#include "client/wall.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "client/api.h"
#include "client/arrow/column_reader.h"
#include "client/arrow/schema.h"

namespace kalam::arrow {

// Decoded values, owned: the messages they came in are gone when rows refer to them.
class Dictionary {
 public:
  explicit Dictionary(const ColumnType& type) : type_(type) {}

  void append(const ColumnView& values);

  uint64_t size() const { return size_; }
  const ColumnType& type() const { return type_; }
  bool is_null(uint64_t index) const { return nulls_[index] != 0; }

  // Of `type().width` bytes.
  const std::byte* value(uint64_t index) const { return values_.data() + index * type_.width; }

 private:
  void append_slices(const ColumnView& values);

  const ColumnType& type_;
  uint64_t size_ = 0;
  std::vector<std::byte> values_;
  std::vector<uint8_t> nulls_;
  std::vector<std::unique_ptr<char[]>> texts_;
};

class DictionarySet {
 public:
  void clear() { dictionaries_.clear(); }
  void remember(int64_t id, std::unique_ptr<Dictionary> dictionary) { dictionaries_[id] = std::move(dictionary); }

  // nullptr: not sent yet.
  Dictionary* find(int64_t id) const {
    const auto found = dictionaries_.find(id);
    return found == dictionaries_.end() ? nullptr : found->second.get();
  }

 private:
  std::map<int64_t, std::unique_ptr<Dictionary>> dictionaries_;
};

// Reads a dictionary batch and replaces the dictionary, or, with `is_delta`, adds to it. `schema` outlives the context.
void load_dictionary(const Schema& schema, int64_t id, bool is_delta, BatchParts* parts, DecodeContext* context);

// The reader of a column of indexes.
std::unique_ptr<ColumnReader> make_dictionary_reader(const ColumnType& type, const DictionarySet* dictionaries);

}  // namespace kalam::arrow
