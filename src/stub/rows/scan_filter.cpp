#include "stub/rows/scan_filter.h"

#include <limits>

#include "stub/arrow/coerce.h"
#include "stub/arrow/text_forms.h"
#include "stub/arrow/types.h"
#include "stub/store/codec.h"

namespace kalam::stub {

std::optional<ScanPredicate> ScanPredicate::make(const TableDef& table, const ColumnDef& column,
                                                 const std::string& text, std::string& error) {
  ScanPredicate predicate;
  predicate.index_ = static_cast<size_t>(&column - table.columns.data());
  predicate.type_ = column.type;
  predicate.text_ = text;
  auto refuse_comparison = [&] {
    error =
        "type_coercion\ncaused by\nError during planning: Cannot infer common argument type for comparison operation " +
        arrow_name(column.type) + " = Utf8";
    return std::nullopt;
  };
  switch (column.type.id) {
    case TypeId::boolean:
      if (text != "true" && text != "false") return refuse_comparison();
      predicate.literal_ = {text == "true"};
      return predicate;
    case TypeId::fixed_size_binary:
    case TypeId::fixed_size_list:
    case TypeId::list:
      return refuse_comparison();
    case TypeId::utf8:
    case TypeId::binary:
      predicate.literal_ = {text};
      return predicate;
    case TypeId::date32:
    case TypeId::time64: {
      auto value = cast_text(text, column.type);
      if (!value) {
        error = "Arrow error: Cast error: Cannot cast string '" + text + "' to value of " +
                arrow_debug_name(column.type) + " type";
        return std::nullopt;
      }
      predicate.literal_ = *value;
      return predicate;
    }
    case TypeId::timestamp: {
      auto parsed = parse_timestamp(text);
      if (!parsed) {
        error = "Arrow error: Parser error: Error parsing timestamp from '" + text + "': error parsing date";
        return std::nullopt;
      }
      predicate.mode_ = nanoseconds;
      predicate.nanoseconds_ = static_cast<Int128>(parsed->seconds) * 1000000000 + parsed->nanoseconds;
      if (predicate.nanoseconds_ > std::numeric_limits<int64_t>::max() ||
          predicate.nanoseconds_ < std::numeric_limits<int64_t>::min()) {
        std::string shown = *format_timestamp(parsed->seconds, Unit::second, false);
        shown[shown.find('T')] = ' ';
        error = "Arrow error: Cast error: Overflow converting " + shown +
                " to Nanosecond. The dates that can be represented as nanoseconds have to be between "
                "1677-09-21T00:12:44.0 and 2262-04-11T23:47:16.854775804";
        return std::nullopt;
      }
      return predicate;
    }
    case TypeId::decimal128:
      predicate.mode_ = as_text;
      return predicate;
    default: {
      auto value = cast_text(text, column.type);
      if (!value) {
        predicate.mode_ = as_text;
      } else {
        predicate.literal_ = *value;
      }
      return predicate;
    }
  }
}

bool ScanPredicate::matches(const Row& row) const {
  const Value& value = row[index_];
  if (value.is_null()) return false;
  switch (mode_) {
    case as_text:
      return cast_to_text(value, type_) == text_;
    case nanoseconds:
      return static_cast<Int128>(std::get<int64_t>(value.data)) * 1000 == nanoseconds_;
    default:
      // The encoding's equality is IEEE total order for floats, as in the server.
      return sql_literal(value, type_) == sql_literal(literal_, type_);
  }
}

}  // namespace kalam::stub
