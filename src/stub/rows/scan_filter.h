// One `eq` filter of a Scan, as DataFusion's type coercion makes it (specification 4.3).
#pragma once

#include <optional>
#include <string>

#include "stub/store/store.h"

namespace kalam::stub {

class ScanPredicate {
 public:
  // nullopt: the text of the planning error.
  static std::optional<ScanPredicate> make(const TableDef& table, const ColumnDef& column, const std::string& text,
                                           std::string& error);

  bool matches(const Row& row) const;
  size_t column_index() const { return index_; }
  // The key that this looks up, when it is one exact value of the key column.
  const Value* exact_value() const { return mode_ == exact ? &literal_ : nullptr; }

 private:
  enum Mode { exact, as_text, nanoseconds };
  size_t index_ = 0;
  DataType type_;
  Mode mode_ = exact;
  Value literal_;
  std::string text_;
  Int128 nanoseconds_ = 0;
};

}  // namespace kalam::stub
