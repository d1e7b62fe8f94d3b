#include "client/arrow/schema.h"

#include <algorithm>
#include <map>

#include "client/arrow/decode_error.h"

namespace kalam::arrow {
namespace {

constexpr int kMaxNesting = 32;
constexpr size_t kMaxColumns = 16'384;

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}

const char* unit_name(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::second:
      return "s";
    case TimeUnit::millisecond:
      return "ms";
    case TimeUnit::microsecond:
      return "us";
    case TimeUnit::nanosecond:
      return "ns";
  }
  return "?";
}

class SchemaReader {
 public:
  SchemaReader(ipc::MetadataVersion version, uint64_t metadata_size) : version_(version), name_budget_(metadata_size) {}

  ColumnType read(const ipc::Field* field, int depth) {
    if (field == nullptr) throw DecodeError("An Arrow schema has a column without a description.");
    if (depth > kMaxNesting) throw DecodeError("An Arrow schema is nested more than 32 levels deep.");
    if (++columns_ > kMaxColumns) throw DecodeError("An Arrow schema has more than 16384 columns.");
    ColumnType type;
    // One text may be referred to many times; what is copied must not exceed what was received.
    const uint64_t name_size = field->name() == nullptr ? 0 : field->name()->size();
    if (name_size > name_budget_) throw DecodeError("The names in an Arrow schema are longer than the schema.");
    name_budget_ -= name_size;
    type.name = text_of(field->name());
    if (type.name.find('\0') != std::string::npos) {
      throw DecodeError("A column's name in an Arrow schema contains a zero byte.");
    }
    type.nullable = field->nullable();
    if (field->children() != nullptr) {
      for (const ipc::Field* child : *field->children()) type.children.push_back(read(child, depth + 1));
    }
    read_type(*field, &type);
    read_dictionary(*field, &type);
    read_metadata(*field, &type);
    return type;
  }

 private:
  [[noreturn]] static void fail(const ColumnType& type, const std::string& what) {
    throw DecodeError("Column \"" + type.name + "\" of the Arrow schema " + what + ".", type.name);
  }

  static void set_fixed(ColumnType* type, ColumnKind kind, uint32_t width, const std::string& name) {
    type->kind = kind;
    type->layout = Layout::fixed;
    type->wire_width = width;
    type->width = width;
    type->type_name = name;
  }

  static void set_strings(ColumnType* type, ColumnKind kind, Layout layout, bool large, const char* name) {
    type->kind = kind;
    type->layout = layout;
    type->large = large;
    type->width = sizeof(Slice);
    type->type_name = name;
  }

  static void set_rendered(ColumnType* type, Layout layout, const char* name) {
    set_strings(type, ColumnKind::utf8, layout, false, name);
    type->is_json = true;
  }

  static void expect_children(const ColumnType& type, size_t count) {
    if (type.children.size() != count) fail(type, "has a wrong number of children");
  }

  static TimeUnit read_unit(ipc::TimeUnit unit, const ColumnType& type) {
    if (unit < ipc::TimeUnit::SECOND || unit > ipc::TimeUnit::NANOSECOND) fail(type, "has an unknown time unit");
    return static_cast<TimeUnit>(unit);
  }

  static void read_int(const ipc::Int& type_info, ColumnType* type) {
    const int width = type_info.bit_width();
    const bool is_signed = type_info.is_signed();
    const std::string name = (is_signed ? "int" : "uint") + std::to_string(width);
    switch (width) {
      case 8:
        return set_fixed(type, is_signed ? ColumnKind::int8 : ColumnKind::uint8, 1, name);
      case 16:
        return set_fixed(type, is_signed ? ColumnKind::int16 : ColumnKind::uint16, 2, name);
      case 32:
        return set_fixed(type, is_signed ? ColumnKind::int32 : ColumnKind::uint32, 4, name);
      case 64:
        return set_fixed(type, is_signed ? ColumnKind::int64 : ColumnKind::uint64, 8, name);
      default:
        fail(*type, "is an integer of a width other than 8, 16, 32 and 64");
    }
  }

  static void read_floating(ipc::Precision precision, ColumnType* type) {
    switch (precision) {
      case ipc::Precision::HALF:
        set_fixed(type, ColumnKind::float32, 2, "float16");
        type->width = 4;
        type->widening = Widening::half_to_float;
        return;
      case ipc::Precision::SINGLE:
        return set_fixed(type, ColumnKind::float32, 4, "float32");
      case ipc::Precision::DOUBLE:
        return set_fixed(type, ColumnKind::float64, 8, "float64");
      default:
        fail(*type, "is a floating-point number of unknown precision");
    }
  }

  static void read_decimal(const ipc::Decimal& type_info, ColumnType* type) {
    const int bits = type_info.bit_width();
    int digits = 0;
    switch (bits) {
      case 32:
        digits = 9;
        break;
      case 64:
        digits = 18;
        break;
      case 128:
        digits = 38;
        break;
      case 256:
        digits = 76;
        break;
      default:
        fail(*type, "is a decimal of a width other than 32, 64, 128 and 256");
    }
    const int precision = type_info.precision();
    const int scale = type_info.scale();
    if (precision < 1 || precision > digits || scale < -128 || scale > 127) {
      fail(*type, "is a decimal whose precision or scale is out of range");
    }
    set_fixed(type, ColumnKind::decimal, static_cast<uint32_t>(bits) / 8,
              "decimal" + std::to_string(bits) + "(" + std::to_string(precision) + ", " + std::to_string(scale) + ")");
    type->width = sizeof(Int256);
    type->widening = bits == 256 ? Widening::none : Widening::to_int256;
    type->precision = static_cast<uint8_t>(precision);
    type->scale = static_cast<int8_t>(scale);
  }

  static void read_date(ipc::DateUnit unit, ColumnType* type) {
    switch (unit) {
      case ipc::DateUnit::DAY:
        return set_fixed(type, ColumnKind::date_days, 4, "date32");
      case ipc::DateUnit::MILLISECOND:
        return set_fixed(type, ColumnKind::date_millis, 8, "date64");
      default:
        fail(*type, "is a date of unknown unit");
    }
  }

  static void read_time(const ipc::Time& type_info, ColumnType* type) {
    type->unit = read_unit(type_info.unit(), *type);
    const bool coarse = type->unit == TimeUnit::second || type->unit == TimeUnit::millisecond;
    if (type_info.bit_width() != (coarse ? 32 : 64)) fail(*type, "is a time whose width does not belong to its unit");
    set_fixed(type, ColumnKind::time_of_day, coarse ? 4 : 8,
              (coarse ? "time32(" : "time64(") + std::string(unit_name(type->unit)) + ")");
    type->width = 8;
    type->widening = coarse ? Widening::int32_to_int64 : Widening::none;
  }

  static void read_timestamp(const ipc::Timestamp& type_info, ColumnType* type) {
    type->unit = read_unit(type_info.unit(), *type);
    type->has_timezone = type_info.timezone() != nullptr && type_info.timezone()->size() > 0;
    set_fixed(type, ColumnKind::timestamp, 8,
              std::string("timestamp(") + unit_name(type->unit) + (type->has_timezone ? ", with time zone)" : ")"));
  }

  static void read_interval(ipc::IntervalUnit unit, ColumnType* type) {
    switch (unit) {
      case ipc::IntervalUnit::YEAR_MONTH:
        set_fixed(type, ColumnKind::interval, 4, "interval(year_month)");
        type->widening = Widening::months;
        break;
      case ipc::IntervalUnit::DAY_TIME:
        set_fixed(type, ColumnKind::interval, 8, "interval(day_time)");
        type->widening = Widening::days_milliseconds;
        break;
      case ipc::IntervalUnit::MONTH_DAY_NANO:
        set_fixed(type, ColumnKind::interval, 16, "interval(month_day_nano)");
        break;
      default:
        fail(*type, "is an interval of unknown unit");
    }
    type->width = sizeof(Interval);
  }

  static void read_list(bool large, ColumnType* type) {
    expect_children(*type, 1);
    type->kind = ColumnKind::list;
    type->layout = Layout::list;
    type->large = large;
    type->type_name = (large ? "large_list<" : "list<") + type->children[0].type_name + ">";
  }

  static void read_fixed_list(int32_t list_size, ColumnType* type) {
    expect_children(*type, 1);
    if (list_size < 0) fail(*type, "is a list of negative length");
    type->kind = ColumnKind::fixed_list;
    type->layout = Layout::fixed_list;
    type->list_size = static_cast<uint32_t>(list_size);
    type->type_name = "fixed_size_list<" + type->children[0].type_name + ">[" + std::to_string(list_size) + "]";
  }

  void read_union(const ipc::Union& type_info, ColumnType* type) const {
    const bool dense = type_info.mode() == ipc::UnionMode::Dense;
    if (!dense && type_info.mode() != ipc::UnionMode::Sparse) fail(*type, "is a union of unknown mode");
    set_rendered(type, dense ? Layout::dense_union : Layout::sparse_union, dense ? "dense_union" : "sparse_union");
    type->old_union = version_ == ipc::MetadataVersion::V4;
    const auto* codes = type_info.type_ids();
    for (size_t i = 0; i < type->children.size(); i++) type->union_codes.push_back(static_cast<int32_t>(i));
    if (codes == nullptr) return;
    if (codes->size() != type->children.size()) fail(*type, "is a union with a wrong number of codes");
    std::copy(codes->begin(), codes->end(), type->union_codes.begin());
  }

  void read_type(const ipc::Field& field, ColumnType* type) const {
    switch (field.type_type()) {
      case ipc::Type::NONE:
        fail(*type, "has no type");
      case ipc::Type::Null:
        type->type_name = "null";
        type->kind = ColumnKind::null_type;
        type->layout = Layout::nothing;
        break;
      case ipc::Type::Int:
        read_int(*checked(field.type_as_Int(), *type), type);
        break;
      case ipc::Type::FloatingPoint:
        read_floating(checked(field.type_as_FloatingPoint(), *type)->precision(), type);
        break;
      case ipc::Type::Binary:
        set_strings(type, ColumnKind::binary, Layout::offsets, false, "binary");
        break;
      case ipc::Type::Utf8:
        set_strings(type, ColumnKind::utf8, Layout::offsets, false, "utf8");
        break;
      case ipc::Type::Bool:
        type->type_name = "bool";
        type->kind = ColumnKind::boolean;
        type->layout = Layout::bits;
        type->width = 1;
        break;
      case ipc::Type::Decimal:
        read_decimal(*checked(field.type_as_Decimal(), *type), type);
        break;
      case ipc::Type::Date:
        read_date(checked(field.type_as_Date(), *type)->unit(), type);
        break;
      case ipc::Type::Time:
        read_time(*checked(field.type_as_Time(), *type), type);
        break;
      case ipc::Type::Timestamp:
        read_timestamp(*checked(field.type_as_Timestamp(), *type), type);
        break;
      case ipc::Type::Interval:
        read_interval(checked(field.type_as_Interval(), *type)->unit(), type);
        break;
      case ipc::Type::List:
        read_list(false, type);
        break;
      case ipc::Type::Struct_:
        set_rendered(type, Layout::structure, "struct");
        break;
      case ipc::Type::Union:
        read_union(*checked(field.type_as_Union(), *type), type);
        break;
      case ipc::Type::FixedSizeBinary: {
        const int32_t width = checked(field.type_as_FixedSizeBinary(), *type)->byte_width();
        if (width < 0) fail(*type, "is binary data of negative width");
        set_fixed(type, ColumnKind::fixed_binary, static_cast<uint32_t>(width),
                  "fixed_size_binary[" + std::to_string(width) + "]");
        break;
      }
      case ipc::Type::FixedSizeList:
        read_fixed_list(checked(field.type_as_FixedSizeList(), *type)->list_size(), type);
        break;
      case ipc::Type::Map:
        expect_children(*type, 1);
        if (type->children[0].layout != Layout::structure || type->children[0].children.size() != 2) {
          fail(*type, "is a map without keys and values");
        }
        set_rendered(type, Layout::map, "map");
        break;
      case ipc::Type::Duration:
        type->unit = read_unit(checked(field.type_as_Duration(), *type)->unit(), *type);
        set_fixed(type, ColumnKind::duration, 8, std::string("duration(") + unit_name(type->unit) + ")");
        break;
      case ipc::Type::LargeBinary:
        set_strings(type, ColumnKind::binary, Layout::offsets, true, "large_binary");
        break;
      case ipc::Type::LargeUtf8:
        set_strings(type, ColumnKind::utf8, Layout::offsets, true, "large_utf8");
        break;
      case ipc::Type::LargeList:
        read_list(true, type);
        break;
      case ipc::Type::RunEndEncoded:
        fail(*type, "is run-end encoded, which is not supported");
      case ipc::Type::BinaryView:
        set_strings(type, ColumnKind::binary, Layout::views, false, "binary_view");
        break;
      case ipc::Type::Utf8View:
        set_strings(type, ColumnKind::utf8, Layout::views, false, "utf8_view");
        break;
      case ipc::Type::ListView:
      case ipc::Type::LargeListView:
        expect_children(*type, 1);
        set_rendered(type, Layout::list_view, "list_view");
        type->large = field.type_type() == ipc::Type::LargeListView;
        break;
      default:
        fail(*type, "has an unknown type");
    }
    const bool is_nested = type->layout >= Layout::list;
    if (!is_nested && !type->children.empty()) fail(*type, "has children that its type does not have");
  }

  template <class Table>
  static const Table* checked(const Table* table, const ColumnType& type) {
    if (table == nullptr) fail(type, "has no description of its type");
    return table;
  }

  void read_dictionary(const ipc::Field& field, ColumnType* type) {
    const ipc::DictionaryEncoding* encoding = field.dictionary();
    if (encoding == nullptr) return;
    if (type->layout >= Layout::list) fail(*type, "is a dictionary of nested values, which is not supported");
    if (encoding->dictionary_kind() != ipc::DictionaryKind::DenseArray) fail(*type, "is a dictionary of unknown kind");
    DictionaryIndex& index = type->dictionary;
    index.used = true;
    index.id = encoding->id();
    index.width = 4;
    index.is_signed = true;
    if (encoding->index_type() != nullptr) {
      const int bits = encoding->index_type()->bit_width();
      if (bits != 8 && bits != 16 && bits != 32 && bits != 64) fail(*type, "is a dictionary with a wrong index type");
      index.width = static_cast<uint32_t>(bits) / 8;
      index.is_signed = encoding->index_type()->is_signed();
    }
    const auto [seen, is_new] = dictionary_types_.try_emplace(index.id, type->type_name);
    if (!is_new && seen->second != type->type_name) fail(*type, "shares a dictionary with a column of another type");
  }

  // What KalamDB's own metadata says of types, the Arrow type says better (spec 4.5); its flags tell the key, as
  // ["pk","nn","uq"]. "is_json" marks the members of json_get's union that hold JSON text.
  static void read_metadata(const ipc::Field& field, ColumnType* type) {
    if (field.custom_metadata() == nullptr) return;
    for (const ipc::KeyValue* pair : *field.custom_metadata()) {
      if (pair == nullptr || pair->key() == nullptr || pair->value() == nullptr) continue;
      const std::string_view key(pair->key()->c_str(), pair->key()->size());
      const std::string_view value(pair->value()->c_str(), pair->value()->size());
      if ((key == "ARROW:extension:name" && value == "arrow.json") || (key == "is_json" && value == "true")) {
        type->is_json = type->kind == ColumnKind::utf8;
      }
      if (key == "kalam_column_flags" && value.find("\"pk\"") != std::string_view::npos) type->is_key = true;
    }
  }

  ipc::MetadataVersion version_;
  uint64_t name_budget_;
  size_t columns_ = 0;
  std::map<int64_t, std::string> dictionary_types_;
};

}  // namespace

bool ColumnType::has_content() const {
  if (dictionary.used) return true;
  switch (layout) {
    case Layout::nothing:
      return false;
    case Layout::fixed:
      return wire_width > 0;
    case Layout::fixed_list:
      return list_size > 0 && children[0].has_content();
    case Layout::structure:
      return std::any_of(children.begin(), children.end(), [](const ColumnType& child) { return child.has_content(); });
    default:
      return true;
  }
}

Schema read_schema(const ipc::Schema& schema, ipc::MetadataVersion version, uint64_t metadata_size) {
  if (schema.endianness() != ipc::Endianness::Little) throw DecodeError("The Arrow stream holds big-endian data.");
  Schema result;
  SchemaReader reader(version, metadata_size);
  if (schema.fields() != nullptr) {
    for (const ipc::Field* field : *schema.fields()) result.columns.push_back(reader.read(field, 1));
  }
  return result;
}

void describe(const ColumnType& type, ColumnView* view) {
  *view = ColumnView{};
  view->kind = type.kind;
  view->unit = type.unit;
  view->has_timezone = type.has_timezone;
  view->is_json = type.is_json;
  view->is_key = type.is_key;
  view->precision = type.precision;
  view->scale = type.scale;
  view->byte_width = type.kind == ColumnKind::fixed_binary ? type.width : 0;
  view->list_size = type.list_size;
  view->name = type.name.c_str();
  view->type_name = type.type_name.c_str();
  view->nullable = type.nullable;
}

}  // namespace kalam::arrow
