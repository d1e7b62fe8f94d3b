#include "stub/arrow/writer.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <stdexcept>
#include <utility>

#include "arrow_ipc_generated.h"

namespace kalam::stub {
namespace {

static_assert(std::endian::native == std::endian::little, "values are copied in the machine's byte order");

constexpr size_t kAlignment = 64;
constexpr size_t kInlineViewSize = 12;  // longest string that a view holds in itself

// ---------------------------------------------------------------- body

// Buffers and field nodes of one record batch, in the depth-first order of its columns.
struct Body {
  std::string bytes;
  std::vector<ipc::FieldNode> nodes;
  std::vector<ipc::Buffer> buffers;
  std::vector<int64_t> variadic_counts;

  void add_buffer(const void* data, size_t size) {
    buffers.emplace_back(static_cast<int64_t>(bytes.size()), static_cast<int64_t>(size));
    if (size > 0) bytes.append(static_cast<const char*>(data), size);
    bytes.append((kAlignment - bytes.size() % kAlignment) % kAlignment, '\0');
  }

  template <class T>
  void add_buffer(const std::vector<T>& values) {
    add_buffer(values.data(), values.size() * sizeof(T));
  }
};

using Values = std::vector<const Value*>;

[[noreturn]] void bad_value(const char* what) {
  throw std::invalid_argument(std::string("value does not fit its Arrow type: ") + what);
}

template <class T>
const T& get(const Value& value) {
  const T* data = std::get_if<T>(&value.data);
  if (data == nullptr) bad_value("another kind of value");
  return *data;
}

template <class Wire, class Held>
void add_numbers(const Values& values, Body* body) {
  std::vector<Wire> out(values.size());
  for (size_t i = 0; i < values.size(); i++) {
    if (values[i]->is_null()) continue;
    const Held& held = get<Held>(*values[i]);
    out[i] = static_cast<Wire>(held);
    if constexpr (std::is_integral_v<Wire>) {
      if (static_cast<Held>(out[i]) != held) bad_value("integer out of range");
    }
  }
  body->add_buffer(out);
}

void add_bits(size_t count, const std::function<bool(size_t)>& bit, Body* body) {
  std::vector<uint8_t> out((count + 7) / 8);
  for (size_t i = 0; i < count; i++) {
    if (bit(i)) out[i / 8] = static_cast<uint8_t>(out[i / 8] | (1U << (i % 8)));
  }
  body->add_buffer(out);
}

template <class Offset>
void add_strings(const Values& values, Body* body) {
  std::vector<Offset> offsets(values.size() + 1);
  std::string bytes;
  for (size_t i = 0; i < values.size(); i++) {
    if (!values[i]->is_null()) bytes += get<std::string>(*values[i]);
    if (bytes.size() > static_cast<uint64_t>(std::numeric_limits<Offset>::max())) {
      throw std::length_error("a column of strings exceeds its offset type");
    }
    offsets[i + 1] = static_cast<Offset>(bytes.size());
  }
  body->add_buffer(offsets);
  body->add_buffer(bytes.data(), bytes.size());
}

void add_views(const Values& values, Body* body) {
  struct View {
    int32_t size = 0;
    char rest[12] = {};
  };
  static_assert(sizeof(View) == 16);
  std::vector<View> views(values.size());
  std::string bytes;
  for (size_t i = 0; i < values.size(); i++) {
    if (values[i]->is_null()) continue;
    const std::string& text = get<std::string>(*values[i]);
    views[i].size = static_cast<int32_t>(text.size());
    if (text.size() <= kInlineViewSize) {
      std::memcpy(views[i].rest, text.data(), text.size());
      continue;
    }
    const int32_t buffer = 0;
    const int32_t offset = static_cast<int32_t>(bytes.size());
    std::memcpy(views[i].rest, text.data(), 4);
    std::memcpy(views[i].rest + 4, &buffer, 4);
    std::memcpy(views[i].rest + 8, &offset, 4);
    bytes += text;
    if (bytes.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
      throw std::length_error("a column of string views exceeds one buffer");
    }
  }
  body->add_buffer(views);
  body->variadic_counts.push_back(bytes.empty() ? 0 : 1);
  if (!bytes.empty()) body->add_buffer(bytes.data(), bytes.size());
}

void add_fixed_binary(const Values& values, size_t width, Body* body) {
  std::string out(values.size() * width, '\0');
  for (size_t i = 0; i < values.size(); i++) {
    if (values[i]->is_null()) continue;
    const std::string& bytes = get<std::string>(*values[i]);
    if (bytes.size() != width) bad_value("bytes of another width");
    out.replace(i * width, width, bytes);
  }
  body->add_buffer(out.data(), out.size());
}

void add_decimals(const Values& values, Body* body) {
  std::vector<Int128> out(values.size());
  for (size_t i = 0; i < values.size(); i++) {
    if (!values[i]->is_null()) out[i] = get<Int128>(*values[i]);
  }
  body->add_buffer(out);
}

void add_intervals(const Values& values, Body* body) {
  std::vector<MonthDayNano> out(values.size());
  static_assert(sizeof(MonthDayNano) == 16);
  for (size_t i = 0; i < values.size(); i++) {
    if (!values[i]->is_null()) out[i] = get<MonthDayNano>(*values[i]);
  }
  body->add_buffer(out);
}

void add_column(const DataType& type, const Values& values, Body* body);

void add_list(const DataType& type, const Values& values, Body* body) {
  std::vector<int32_t> offsets(values.size() + 1);
  Values elements;
  for (size_t i = 0; i < values.size(); i++) {
    if (!values[i]->is_null()) {
      for (const Value& element : get<List>(*values[i])) elements.push_back(&element);
    }
    offsets[i + 1] = static_cast<int32_t>(elements.size());
  }
  body->add_buffer(offsets);
  add_column(*type.element, elements, body);
}

// A NULL list still has its `width` elements in the child.
void add_fixed_list(const DataType& type, const Values& values, Body* body) {
  static const Value null_element;
  const size_t width = static_cast<size_t>(type.width);
  Values elements;
  elements.reserve(values.size() * width);
  for (const Value* value : values) {
    if (value->is_null()) {
      elements.insert(elements.end(), width, &null_element);
      continue;
    }
    const List& list = get<List>(*value);
    if (list.size() != width) bad_value("a list of another length");
    for (const Value& element : list) elements.push_back(&element);
  }
  add_column(*type.element, elements, body);
}

void add_column(const DataType& type, const Values& values, Body* body) {
  const auto nulls = std::count_if(values.begin(), values.end(), [](const Value* value) { return value->is_null(); });
  body->nodes.emplace_back(static_cast<int64_t>(values.size()), static_cast<int64_t>(nulls));
  if (type.id == TypeId::null) return;  // no buffers at all
  // KalamDB writes the validity bits of a column without NULLs too.
  add_bits(values.size(), [&](size_t i) { return !values[i]->is_null(); }, body);
  switch (type.id) {
    case TypeId::null:
      return;
    case TypeId::boolean:
      return add_bits(values.size(), [&](size_t i) { return !values[i]->is_null() && get<bool>(*values[i]); }, body);
    case TypeId::int8:
      return add_numbers<int8_t, int64_t>(values, body);
    case TypeId::int16:
      return add_numbers<int16_t, int64_t>(values, body);
    case TypeId::int32:
    case TypeId::date32:
      return add_numbers<int32_t, int64_t>(values, body);
    case TypeId::int64:
    case TypeId::time64:
    case TypeId::timestamp:
    case TypeId::duration:
      return add_numbers<int64_t, int64_t>(values, body);
    case TypeId::uint8:
      return add_numbers<uint8_t, uint64_t>(values, body);
    case TypeId::uint16:
      return add_numbers<uint16_t, uint64_t>(values, body);
    case TypeId::uint32:
      return add_numbers<uint32_t, uint64_t>(values, body);
    case TypeId::uint64:
      return add_numbers<uint64_t, uint64_t>(values, body);
    case TypeId::float32:
      return add_numbers<float, float>(values, body);
    case TypeId::float64:
      return add_numbers<double, double>(values, body);
    case TypeId::utf8:
    case TypeId::binary:
      return add_strings<int32_t>(values, body);
    case TypeId::large_utf8:
      return add_strings<int64_t>(values, body);
    case TypeId::utf8_view:
      return add_views(values, body);
    case TypeId::fixed_size_binary:
      return add_fixed_binary(values, static_cast<size_t>(type.width), body);
    case TypeId::interval_month_day_nano:
      return add_intervals(values, body);
    case TypeId::decimal128:
      return add_decimals(values, body);
    case TypeId::list:
      return add_list(type, values, body);
    case TypeId::fixed_size_list:
      return add_fixed_list(type, values, body);
  }
}

// ---------------------------------------------------------------- metadata

using flatbuffers::FlatBufferBuilder;

ipc::TimeUnit unit_of(const DataType& type) {
  return static_cast<ipc::TimeUnit>(type.unit);
}

std::pair<ipc::Type, flatbuffers::Offset<void>> write_type(const DataType& type, FlatBufferBuilder* fbb) {
  const auto integer = [fbb](int width, bool is_signed) {
    return std::pair(ipc::Type::Int, ipc::CreateInt(*fbb, width, is_signed).Union());
  };
  const auto floating = [fbb](ipc::Precision precision) {
    return std::pair(ipc::Type::FloatingPoint, ipc::CreateFloatingPoint(*fbb, precision).Union());
  };
  switch (type.id) {
    case TypeId::null:
      return {ipc::Type::Null, ipc::CreateNull(*fbb).Union()};
    case TypeId::boolean:
      return {ipc::Type::Bool, ipc::CreateBool(*fbb).Union()};
    case TypeId::int8:
      return integer(8, true);
    case TypeId::int16:
      return integer(16, true);
    case TypeId::int32:
      return integer(32, true);
    case TypeId::int64:
      return integer(64, true);
    case TypeId::uint8:
      return integer(8, false);
    case TypeId::uint16:
      return integer(16, false);
    case TypeId::uint32:
      return integer(32, false);
    case TypeId::uint64:
      return integer(64, false);
    case TypeId::float32:
      return floating(ipc::Precision::SINGLE);
    case TypeId::float64:
      return floating(ipc::Precision::DOUBLE);
    case TypeId::utf8:
      return {ipc::Type::Utf8, ipc::CreateUtf8(*fbb).Union()};
    case TypeId::utf8_view:
      return {ipc::Type::Utf8View, ipc::CreateUtf8View(*fbb).Union()};
    case TypeId::large_utf8:
      return {ipc::Type::LargeUtf8, ipc::CreateLargeUtf8(*fbb).Union()};
    case TypeId::binary:
      return {ipc::Type::Binary, ipc::CreateBinary(*fbb).Union()};
    case TypeId::fixed_size_binary:
      return {ipc::Type::FixedSizeBinary, ipc::CreateFixedSizeBinary(*fbb, type.width).Union()};
    case TypeId::date32:
      return {ipc::Type::Date, ipc::CreateDate(*fbb, ipc::DateUnit::DAY).Union()};
    case TypeId::time64:
      return {ipc::Type::Time, ipc::CreateTime(*fbb, unit_of(type), 64).Union()};
    case TypeId::timestamp: {
      const auto zone = type.utc ? fbb->CreateString("UTC") : flatbuffers::Offset<flatbuffers::String>();
      return {ipc::Type::Timestamp, ipc::CreateTimestamp(*fbb, unit_of(type), zone).Union()};
    }
    case TypeId::duration:
      return {ipc::Type::Duration, ipc::CreateDuration(*fbb, unit_of(type)).Union()};
    case TypeId::interval_month_day_nano:
      return {ipc::Type::Interval, ipc::CreateInterval(*fbb, ipc::IntervalUnit::MONTH_DAY_NANO).Union()};
    case TypeId::decimal128:
      return {ipc::Type::Decimal, ipc::CreateDecimal(*fbb, type.precision, type.scale, 128).Union()};
    case TypeId::list:
      return {ipc::Type::List, ipc::CreateList(*fbb).Union()};
    case TypeId::fixed_size_list:
      return {ipc::Type::FixedSizeList, ipc::CreateFixedSizeList(*fbb, type.width).Union()};
  }
  throw std::invalid_argument("unknown Arrow type");
}

flatbuffers::Offset<ipc::Field> write_field(const std::string& name, const DataType& type, bool nullable,
                                            const std::map<std::string, std::string>& metadata,
                                            FlatBufferBuilder* fbb) {
  std::vector<flatbuffers::Offset<ipc::Field>> children;
  if (type.id == TypeId::list || type.id == TypeId::fixed_size_list) {
    children.push_back(write_field("item", *type.element, type.element_nullable, {}, fbb));
  }
  std::vector<flatbuffers::Offset<ipc::KeyValue>> pairs;
  for (const auto& [key, value] : metadata) {
    const auto key_offset = fbb->CreateString(key);
    pairs.push_back(ipc::CreateKeyValue(*fbb, key_offset, fbb->CreateString(value)));
  }
  const auto name_offset = fbb->CreateString(name);
  const auto [type_type, type_offset] = write_type(type, fbb);
  const auto children_offset = fbb->CreateVector(children);
  const auto pairs_offset = pairs.empty()
                                ? flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<ipc::KeyValue>>>()
                                : fbb->CreateVector(pairs);
  return ipc::CreateField(*fbb, name_offset, nullable, type_type, type_offset, 0, children_offset, pairs_offset);
}

// ---------------------------------------------------------------- messages

void append_u32(uint32_t value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// Encapsulated message: continuation marker, length of the padded metadata, metadata, body.
void append_message(ipc::MessageHeader kind, flatbuffers::Offset<void> header, const std::string& body,
                    FlatBufferBuilder* fbb, std::string* out) {
  fbb->Finish(ipc::CreateMessage(*fbb, ipc::MetadataVersion::V5, kind, header, static_cast<int64_t>(body.size())));
  const size_t prefix = 8;
  const size_t padded = (prefix + fbb->GetSize() + kAlignment - 1) / kAlignment * kAlignment - prefix;
  append_u32(0xFFFFFFFF, out);
  append_u32(static_cast<uint32_t>(padded), out);
  out->append(reinterpret_cast<const char*>(fbb->GetBufferPointer()), fbb->GetSize());
  out->append(padded - fbb->GetSize(), '\0');
  out->append(body);
}

void append_schema(const std::vector<Field>& fields, std::string* out) {
  FlatBufferBuilder fbb;
  std::vector<flatbuffers::Offset<ipc::Field>> offsets;
  for (const Field& field : fields) {
    offsets.push_back(write_field(field.name, field.type, field.nullable, field.metadata, &fbb));
  }
  const auto schema = ipc::CreateSchema(fbb, ipc::Endianness::Little, fbb.CreateVector(offsets));
  append_message(ipc::MessageHeader::Schema, schema.Union(), {}, &fbb, out);
}

void append_batch(const ResultSet& result, size_t first, size_t count, std::string* out) {
  Body body;
  Values values(count);
  for (size_t column = 0; column < result.fields.size(); column++) {
    for (size_t i = 0; i < count; i++) values[i] = &result.rows.at(first + i).at(column);
    add_column(result.fields[column].type, values, &body);
  }
  FlatBufferBuilder fbb;
  const auto nodes = fbb.CreateVectorOfStructs(body.nodes);
  const auto buffers = fbb.CreateVectorOfStructs(body.buffers);
  const auto variadic = body.variadic_counts.empty() ? flatbuffers::Offset<flatbuffers::Vector<int64_t>>()
                                                     : fbb.CreateVector(body.variadic_counts);
  const auto batch = ipc::CreateRecordBatch(fbb, static_cast<int64_t>(count), nodes, buffers, 0, variadic);
  append_message(ipc::MessageHeader::RecordBatch, batch.Union(), body.bytes, &fbb, out);
}

}  // namespace

std::string write_ipc_stream(const ResultSet& result, size_t first, size_t count) {
  std::string out;
  append_schema(result.fields, &out);
  append_batch(result, first, count, &out);
  append_u32(0xFFFFFFFF, &out);
  append_u32(0, &out);
  return out;
}

std::vector<std::string> write_ipc_streams(const ResultSet& result, size_t rows_per_stream) {
  std::vector<std::string> streams;
  const size_t step = rows_per_stream == 0 ? std::max<size_t>(result.rows.size(), 1) : rows_per_stream;
  size_t first = 0;
  do {
    const size_t count = std::min(step, result.rows.size() - first);
    streams.push_back(write_ipc_stream(result, first, count));
    first += count;
  } while (first < result.rows.size());
  return streams;
}

}  // namespace kalam::stub
