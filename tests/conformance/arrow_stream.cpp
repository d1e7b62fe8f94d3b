#include "arrow_stream.h"

#include <cmath>
#include <cstring>
#include <stdexcept>

#include "arrow_ipc_generated.h"
#include "arrow_values.h"

namespace kalam::conformance {
namespace {

using nlohmann::json;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("Arrow IPC: " + what);
}

const ipc::Field& child_of(const ipc::Field& field) {
  if (field.children() == nullptr || field.children()->size() != 1) fail("a list without one child");
  return *field.children()->Get(0);
}

std::string unit_name(ipc::TimeUnit unit) {
  switch (unit) {
    case ipc::TimeUnit::SECOND:
      return "s";
    case ipc::TimeUnit::MILLISECOND:
      return "ms";
    case ipc::TimeUnit::MICROSECOND:
      return "us";
    case ipc::TimeUnit::NANOSECOND:
      return "ns";
  }
  fail("unknown time unit");
}

std::string type_name(const ipc::Field& field);

std::string element_name(const ipc::Field& field) {
  const ipc::Field& child = child_of(field);
  std::string name = child.name() == nullptr ? "" : child.name()->str();
  return name + ": " + type_name(child) + (child.nullable() ? "" : " not null");
}

std::string type_name(const ipc::Field& field) {
  if (field.dictionary() != nullptr) fail("dictionary-encoded column");
  switch (field.type_type()) {
    case ipc::Type::Null:
      return "null";
    case ipc::Type::Bool:
      return "bool";
    case ipc::Type::Int:
      return (field.type_as_Int()->is_signed() ? "int" : "uint") + std::to_string(field.type_as_Int()->bit_width());
    case ipc::Type::FloatingPoint:
      switch (field.type_as_FloatingPoint()->precision()) {
        case ipc::Precision::SINGLE:
          return "float";
        case ipc::Precision::DOUBLE:
          return "double";
        default:
          fail("half floats are not expected");
      }
    case ipc::Type::Utf8:
      return "string";
    case ipc::Type::LargeUtf8:
      return "large_string";
    case ipc::Type::Utf8View:
      return "string_view";
    case ipc::Type::Binary:
      return "binary";
    case ipc::Type::LargeBinary:
      return "large_binary";
    case ipc::Type::BinaryView:
      return "binary_view";
    case ipc::Type::FixedSizeBinary:
      return "fixed_size_binary[" + std::to_string(field.type_as_FixedSizeBinary()->byte_width()) + "]";
    case ipc::Type::Date:
      return field.type_as_Date()->unit() == ipc::DateUnit::DAY ? "date32[day]" : "date64[ms]";
    case ipc::Type::Time:
      return "time" + std::to_string(field.type_as_Time()->bit_width()) + "[" +
             unit_name(field.type_as_Time()->unit()) + "]";
    case ipc::Type::Timestamp: {
      const auto* type = field.type_as_Timestamp();
      std::string zone = type->timezone() == nullptr ? "" : type->timezone()->str();
      return "timestamp[" + unit_name(type->unit()) + (zone.empty() ? "" : ", tz=" + zone) + "]";
    }
    case ipc::Type::Decimal: {
      const auto* type = field.type_as_Decimal();
      return "decimal" + std::to_string(type->bit_width()) + "(" + std::to_string(type->precision()) + ", " +
             std::to_string(type->scale()) + ")";
    }
    case ipc::Type::List:
      return "list<" + element_name(field) + ">";
    case ipc::Type::FixedSizeList:
      return "fixed_size_list<" + element_name(field) + ">[" +
             std::to_string(field.type_as_FixedSizeList()->list_size()) + "]";
    default:
      fail(std::string("type ") + ipc::EnumNameType(field.type_type()) + " is not expected");
  }
}

// The buffers and nodes of one record batch, consumed in the order of the schema.
class BatchReader {
 public:
  BatchReader(const ipc::RecordBatch& batch, std::string_view body) : batch_(batch), body_(body) {
    if (batch.compression() != nullptr) fail("compressed body");
  }

  std::vector<json> column(const ipc::Field& field) {
    if (batch_.nodes() == nullptr || node_ >= batch_.nodes()->size()) fail("too few field nodes");
    const ipc::FieldNode* node = batch_.nodes()->Get(node_++);
    if (node->length() < 0 || node->length() > (1 << 24)) fail("length out of range");
    size_t rows = static_cast<size_t>(node->length());
    if (field.type_type() == ipc::Type::Null) return std::vector<json>(rows);
    std::string_view validity = buffer();
    if (validity.size() != 0 && validity.size() < (rows + 7) / 8) fail("validity buffer too short");
    std::vector<json> values = this->values(field, rows);
    size_t nulls = 0;
    for (size_t i = 0; i < rows && !validity.empty(); i++) {
      if ((static_cast<uint8_t>(validity[i / 8]) >> (i % 8) & 1) == 0) {
        values[i] = nullptr;
        nulls++;
      }
    }
    if (static_cast<int64_t>(nulls) != node->null_count()) fail("null count is wrong");
    return values;
  }

  // Every node and every buffer of a batch belongs to a column.
  void finish() const {
    if (batch_.nodes() != nullptr && node_ != batch_.nodes()->size()) fail("too many field nodes");
    if (batch_.buffers() != nullptr && buffer_ != batch_.buffers()->size()) fail("too many buffers");
  }

 private:
  std::string_view buffer() {
    if (batch_.buffers() == nullptr || buffer_ >= batch_.buffers()->size()) fail("too few buffers");
    const ipc::Buffer* buffer = batch_.buffers()->Get(buffer_++);
    if (buffer->offset() < 0 || buffer->length() < 0 || static_cast<uint64_t>(buffer->offset()) > body_.size() ||
        static_cast<uint64_t>(buffer->length()) > body_.size() - static_cast<uint64_t>(buffer->offset())) {
      fail("buffer outside the body");
    }
    if (buffer->offset() % 8 != 0) fail("buffer not aligned");
    return body_.substr(static_cast<size_t>(buffer->offset()), static_cast<size_t>(buffer->length()));
  }

  template <typename T>
  std::vector<T> numbers(size_t count) {
    std::string_view bytes = buffer();
    if (bytes.size() < count * sizeof(T)) fail("buffer too short");
    std::vector<T> values(count);
    if (count > 0) memcpy(values.data(), bytes.data(), count * sizeof(T));
    return values;
  }

  template <typename T, typename Render>
  std::vector<json> rendered(size_t rows, Render render) {
    std::vector<json> values;
    values.reserve(rows);
    for (T value : numbers<T>(rows)) values.push_back(render(value));
    return values;
  }

  template <typename Offset>
  std::vector<json> slices(size_t rows, bool binary) {
    // An array without rows may come without an offset.
    std::vector<Offset> offsets =
        rows == 0 ? (static_cast<void>(buffer()), std::vector<Offset>{0}) : numbers<Offset>(rows + 1);
    std::string_view data = buffer();
    std::vector<json> values;
    values.reserve(rows);
    for (size_t i = 0; i < rows; i++) {
      if (offsets[i] < 0 || offsets[i + 1] < offsets[i] || static_cast<size_t>(offsets[i + 1]) > data.size()) {
        fail("offsets out of order");
      }
      std::string_view value =
          data.substr(static_cast<size_t>(offsets[i]), static_cast<size_t>(offsets[i + 1] - offsets[i]));
      values.push_back(binary ? json(render_binary(value)) : json(std::string(value)));
    }
    return values;
  }

  std::vector<json> views(size_t rows, bool binary) {
    std::string_view view_bytes = buffer();
    if (view_bytes.size() < rows * 16) fail("view buffer too short");
    if (batch_.variadic_buffer_counts() == nullptr || variadic_ >= batch_.variadic_buffer_counts()->size()) {
      fail("no variadic buffer count");
    }
    int64_t count = batch_.variadic_buffer_counts()->Get(static_cast<flatbuffers::uoffset_t>(variadic_++));
    std::vector<std::string_view> data;
    for (int64_t i = 0; i < count; i++) data.push_back(buffer());
    std::vector<json> values;
    values.reserve(rows);
    for (size_t i = 0; i < rows; i++) {
      int32_t part[4];  // length, prefix, buffer, offset; or length and up to twelve bytes
      memcpy(part, view_bytes.data() + 16 * i, 16);
      std::string_view value;
      if (part[0] < 0) fail("view of negative length");
      if (part[0] <= 12) {
        value = view_bytes.substr(16 * i + 4, static_cast<size_t>(part[0]));
      } else {
        if (part[2] < 0 || static_cast<size_t>(part[2]) >= data.size() || part[3] < 0 ||
            static_cast<size_t>(part[3]) + static_cast<size_t>(part[0]) > data[static_cast<size_t>(part[2])].size()) {
          fail("view outside its buffer");
        }
        value = data[static_cast<size_t>(part[2])].substr(static_cast<size_t>(part[3]), static_cast<size_t>(part[0]));
        if (memcmp(&part[1], value.data(), 4) != 0) fail("view prefix is wrong");
      }
      values.push_back(binary ? json(render_binary(value)) : json(std::string(value)));
    }
    return values;
  }

  std::vector<json> fixed_binary(size_t rows, int32_t width, bool decimal, int32_t scale) {
    std::string_view bytes = buffer();
    if (width < 0 || bytes.size() < rows * static_cast<size_t>(width)) fail("buffer too short");
    std::vector<json> values;
    for (size_t i = 0; i < rows; i++) {
      std::string_view value = bytes.substr(i * static_cast<size_t>(width), static_cast<size_t>(width));
      values.push_back(decimal ? render_decimal128(value, scale) : render_binary(value));
    }
    return values;
  }

  std::vector<json> list(const ipc::Field& field, size_t rows) {
    std::vector<int32_t> offsets;
    if (field.type_type() == ipc::Type::List) {
      offsets = rows == 0 ? (static_cast<void>(buffer()), std::vector<int32_t>{0}) : numbers<int32_t>(rows + 1);
    } else {
      int32_t size = field.type_as_FixedSizeList()->list_size();
      for (size_t i = 0; i <= rows; i++) offsets.push_back(static_cast<int32_t>(i) * size);
    }
    std::vector<json> elements = column(child_of(field));
    std::vector<json> values;
    for (size_t i = 0; i < rows; i++) {
      if (offsets[i] < 0 || offsets[i + 1] < offsets[i] || static_cast<size_t>(offsets[i + 1]) > elements.size()) {
        fail("offsets out of order");
      }
      values.push_back(std::vector<json>(elements.begin() + offsets[i], elements.begin() + offsets[i + 1]));
    }
    return values;
  }

  std::vector<json> integers(const ipc::Int& type, size_t rows) {
    auto plain = [](auto value) { return json(value); };
    switch (type.bit_width()) {
      case 8:
        return type.is_signed() ? rendered<int8_t>(rows, plain) : rendered<uint8_t>(rows, plain);
      case 16:
        return type.is_signed() ? rendered<int16_t>(rows, plain) : rendered<uint16_t>(rows, plain);
      case 32:
        return type.is_signed() ? rendered<int32_t>(rows, plain) : rendered<uint32_t>(rows, plain);
      case 64:
        return type.is_signed() ? rendered<int64_t>(rows, plain) : rendered<uint64_t>(rows, plain);
    }
    fail("integer of unknown width");
  }

  std::vector<json> values(const ipc::Field& field, size_t rows) {
    switch (field.type_type()) {
      case ipc::Type::Int:
        return integers(*field.type_as_Int(), rows);
      case ipc::Type::FloatingPoint:
        return field.type_as_FloatingPoint()->precision() == ipc::Precision::SINGLE
                   ? rendered<float>(rows, [](float value) { return render_float(value); })
                   : rendered<double>(rows, [](double value) { return render_float(value); });
      case ipc::Type::Bool: {
        std::string_view bits = buffer();
        if (bits.size() < (rows + 7) / 8) fail("buffer too short");
        std::vector<json> values;
        for (size_t i = 0; i < rows; i++) values.push_back((static_cast<uint8_t>(bits[i / 8]) >> (i % 8) & 1) != 0);
        return values;
      }
      case ipc::Type::Utf8:
        return slices<int32_t>(rows, false);
      case ipc::Type::LargeUtf8:
        return slices<int64_t>(rows, false);
      case ipc::Type::Binary:
        return slices<int32_t>(rows, true);
      case ipc::Type::LargeBinary:
        return slices<int64_t>(rows, true);
      case ipc::Type::Utf8View:
        return views(rows, false);
      case ipc::Type::BinaryView:
        return views(rows, true);
      case ipc::Type::FixedSizeBinary:
        return fixed_binary(rows, field.type_as_FixedSizeBinary()->byte_width(), false, 0);
      case ipc::Type::Decimal:
        if (field.type_as_Decimal()->bit_width() != 128) fail("decimal of unexpected width");
        return fixed_binary(rows, 16, true, field.type_as_Decimal()->scale());
      case ipc::Type::Date:
        if (field.type_as_Date()->unit() != ipc::DateUnit::DAY) fail("date64 is not expected");
        return rendered<int32_t>(rows, [](int32_t value) { return json(render_date(value)); });
      case ipc::Type::Time:
        if (field.type_as_Time()->unit() != ipc::TimeUnit::MICROSECOND) fail("only time64[us] is expected");
        return rendered<int64_t>(rows, [](int64_t value) { return json(render_time(value)); });
      case ipc::Type::Timestamp: {
        const auto* type = field.type_as_Timestamp();
        bool zone = type->timezone() != nullptr && type->timezone()->size() != 0;
        int64_t per_second = 1;
        for (int i = 0; i < static_cast<int>(type->unit()); i++) per_second *= 1000;
        return rendered<int64_t>(
            rows, [&](int64_t value) { return json(render_timestamp(value, per_second) + (zone ? "+00:00" : "")); });
      }
      case ipc::Type::List:
      case ipc::Type::FixedSizeList:
        return list(field, rows);
      default:
        fail(std::string("type ") + ipc::EnumNameType(field.type_type()) + " is not expected");
    }
  }

  const ipc::RecordBatch& batch_;
  std::string_view body_;
  flatbuffers::uoffset_t node_ = 0;
  flatbuffers::uoffset_t buffer_ = 0;
  size_t variadic_ = 0;
};

void read_schema(const ipc::Schema& schema, ArrowStream* stream) {
  if (schema.endianness() != ipc::Endianness::Little) fail("big-endian");
  if (schema.fields() == nullptr) return;
  for (const ipc::Field* field : *schema.fields()) {
    ArrowField out;
    out.name = field->name() == nullptr ? "" : field->name()->str();
    out.type = type_name(*field);
    out.nullable = field->nullable();
    if (field->custom_metadata() != nullptr) {
      for (const ipc::KeyValue* pair : *field->custom_metadata()) {
        if (pair->key() != nullptr) out.metadata[pair->key()->str()] = pair->value() ? pair->value()->str() : "";
      }
    }
    stream->fields.push_back(out);
  }
}

void read_batch(const ipc::Schema& schema, const ipc::RecordBatch& batch, std::string_view body, ArrowStream* stream) {
  if (batch.length() < 0 || batch.length() > (1 << 24)) fail("length out of range");
  size_t rows = static_cast<size_t>(batch.length());
  size_t first = stream->rows.size();
  stream->rows.resize(first + rows, json::array());
  BatchReader reader(batch, body);
  for (flatbuffers::uoffset_t i = 0; schema.fields() != nullptr && i < schema.fields()->size(); i++) {
    std::vector<json> column = reader.column(*schema.fields()->Get(i));
    if (column.size() != rows) fail("columns of different lengths");
    for (size_t row = 0; row < rows; row++) stream->rows[first + row].push_back(std::move(column[row]));
  }
  reader.finish();
}

}  // namespace

ArrowStream decode_arrow_stream(std::string_view bytes) {
  ArrowStream stream;
  std::string schema_bytes;  // outlives the loop: batches are read by it
  const ipc::Schema* schema = nullptr;
  bool ended = false;
  while (!bytes.empty()) {
    if (ended) fail("bytes after the end of the stream");
    uint32_t head[2];
    if (bytes.size() < sizeof head) fail("cut message");
    memcpy(head, bytes.data(), sizeof head);
    if (head[0] != 0xFFFFFFFF) fail("no continuation marker");
    bytes.remove_prefix(sizeof head);
    if (head[1] == 0) {
      ended = true;
      continue;
    }
    if (head[1] > bytes.size()) fail("cut metadata");
    std::string metadata(bytes.substr(0, head[1]));  // a copy is aligned
    bytes.remove_prefix(head[1]);
    flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(metadata.data()), metadata.size());
    if (!ipc::VerifyMessageBuffer(verifier)) fail("metadata do not verify");
    const ipc::Message* message = ipc::GetMessage(metadata.data());
    if (message->body_length() < 0 || static_cast<uint64_t>(message->body_length()) > bytes.size()) fail("cut body");
    std::string_view body = bytes.substr(0, static_cast<size_t>(message->body_length()));
    bytes.remove_prefix(body.size());
    if (const ipc::Schema* header = message->header_as_Schema(); header != nullptr && schema == nullptr) {
      read_schema(*header, &stream);
      schema_bytes = std::move(metadata);
      schema = ipc::GetMessage(schema_bytes.data())->header_as_Schema();
    } else if (const ipc::RecordBatch* batch = message->header_as_RecordBatch();
               batch != nullptr && schema != nullptr) {
      read_batch(*schema, *batch, body, &stream);
    } else {
      fail("unexpected message");
    }
  }
  if (schema == nullptr) fail("no schema");
  return stream;
}

}  // namespace kalam::conformance
