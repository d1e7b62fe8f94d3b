// The columns of an Arrow stream, checked once and described in the decoder's terms.
#pragma once

#include "client/wall.h"

#include <cstdint>
#include <string>
#include <vector>

#include "arrow_ipc_generated.h"
#include "client/api.h"

namespace kalam::arrow {

// How values lie in the buffers of a batch.
enum class Layout : uint8_t {
  nothing,     // Null: no buffer
  bits,        // one bit a value
  fixed,       // `wire_width` bytes a value
  offsets,     // 32-bit or, with `large`, 64-bit offsets into bytes
  views,       // 16-byte views
  list,        // offsets into a child
  fixed_list,  // `list_size` values of the child
  structure,   // from here on rendered as JSON text
  map,
  sparse_union,
  dense_union,
  list_view,
};

// What has to be done to a fixed-width value to get the type that ColumnKind promises.
enum class Widening : uint8_t {
  none,
  half_to_float,
  int32_to_int64,     // times of 32 bits
  to_int256,          // decimals of 32, 64 and 128 bits
  months,             // intervals of one int32
  days_milliseconds,  // intervals of two int32
};

struct DictionaryIndex {
  bool used = false;
  int64_t id = 0;
  uint32_t width = 0;
  bool is_signed = false;
  bool operator==(const DictionaryIndex&) const = default;
};

struct ColumnType {
  std::string name;
  std::string type_name;  // Arrow's, for messages
  bool nullable = true;
  ColumnKind kind = ColumnKind::null_type;
  TimeUnit unit = TimeUnit::second;
  bool has_timezone = false;
  bool is_json = false;
  bool is_key = false;
  uint8_t precision = 0;
  int8_t scale = 0;
  uint32_t list_size = 0;  // fixed_list

  Layout layout = Layout::nothing;
  Widening widening = Widening::none;
  uint32_t wire_width = 0;  // fixed: bytes a value in the buffer
  uint32_t width = 0;       // bytes a value after decoding
  bool large = false;       // 64-bit offsets
  bool old_union = false;   // metadata V4: unions have validity bits
  std::vector<int32_t> union_codes;
  DictionaryIndex dictionary;  // the column's buffer holds indexes, the rest describes the dictionary's values
  std::vector<ColumnType> children;

  bool operator==(const ColumnType&) const = default;

  // Bytes that a batch must hold for each value; 0 when any number of values takes none (Null and what is built of it).
  bool has_content() const;

  // Whether the column, or one below it, is rendered as JSON text.
  bool is_rendered() const { return layout >= Layout::structure; }
};

struct Schema {
  std::vector<ColumnType> columns;
  bool operator==(const Schema&) const = default;
};

// Throws DecodeError: a type that is not known, parameters out of range, nesting deeper than 32, more than 16,384
// columns at all levels, big-endian data. `metadata_size`: bytes of the message that the schema came in.
Schema read_schema(const ipc::Schema& schema, ipc::MetadataVersion version, uint64_t metadata_size);

// The columns below a rendered one that its text shows differently: fills everything of a ColumnView that does not
// depend on rows.
void describe(const ColumnType& type, ColumnView* view);

}  // namespace kalam::arrow
