#include "support.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "client/arrow/json_text_sink.h"

namespace kalam::test {

using nlohmann::json;

std::string base64_decode(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    if (c == '=') break;
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bits = bits << 6 | static_cast<uint32_t>(kAlphabet.find(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

static std::string varint(uint64_t value) {
  std::string out;
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  return out + static_cast<char>(value);
}

std::string bytes_field(uint32_t number, std::string_view payload) {
  return varint(number << 3 | 2) + varint(payload.size()) + std::string(payload);
}

std::string varint_field(uint32_t number, uint64_t value) {
  return varint(number << 3) + varint(value);
}

std::string scan_answer(const std::vector<std::string>& entries) {
  std::string message;
  for (const std::string& entry : entries) message += bytes_field(1, entry);
  return message;
}

std::vector<grpc::Slice> make_slices(std::string_view message, size_t slice_size) {
  std::vector<grpc::Slice> slices;
  if (slice_size == 0) slice_size = std::max<size_t>(message.size(), 1);
  for (size_t at = 0; at < message.size(); at += slice_size) {
    const std::string_view part = message.substr(at, slice_size);
    slices.emplace_back(part.data(), part.size());
  }
  return slices;
}

std::unique_ptr<ResultReader> open_scan(std::string_view message, size_t slice_size, Status* status) {
  return ResultReader::create(make_slices(message, slice_size), ResultReader::Answer::scan, status);
}

template <class T>
static T at(const ColumnView& column, uint64_t row) {
  return static_cast<const T*>(column.values)[row];
}

static std::string hex(std::string_view bytes) {
  std::string out = "0x";
  for (char c : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += digits;
  }
  return out;
}

static json float_json(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  if (number == 0 && std::signbit(number)) return "-0.0";
  return number;
}

static json list_json(const ColumnView& child, uint64_t begin, uint64_t end) {
  json list = json::array();
  for (uint64_t i = begin; i < end; i++) list.push_back(value_json(child, i));
  return list;
}

static std::string decimal_json(const ColumnView& column, uint64_t row) {
  arrow::ColumnType type;
  type.kind = ColumnKind::decimal;
  type.scale = column.scale;
  arrow::RenderedTotal total;
  arrow::JsonTextSink sink(type, &total);
  sink.scalar(type, static_cast<const Int256*>(column.values) + row);
  return sink.text();
}

json value_json(const ColumnView& column, uint64_t row) {
  if (column.nulls != nullptr && column.nulls[row] != 0) return nullptr;
  switch (column.kind) {
    case ColumnKind::null_type:
      throw std::logic_error("a value of the null type that is not NULL");
    case ColumnKind::boolean:
      return at<uint8_t>(column, row) == 1;
    case ColumnKind::int8:
      return at<int8_t>(column, row);
    case ColumnKind::int16:
      return at<int16_t>(column, row);
    case ColumnKind::int32:
    case ColumnKind::date_days:
      return at<int32_t>(column, row);
    case ColumnKind::int64:
    case ColumnKind::date_millis:
    case ColumnKind::time_of_day:
    case ColumnKind::timestamp:
    case ColumnKind::duration:
      return at<int64_t>(column, row);
    case ColumnKind::uint8:
      return at<uint8_t>(column, row);
    case ColumnKind::uint16:
      return at<uint16_t>(column, row);
    case ColumnKind::uint32:
      return at<uint32_t>(column, row);
    case ColumnKind::uint64:
      return at<uint64_t>(column, row);
    case ColumnKind::float32:
      return float_json(static_cast<double>(at<float>(column, row)));
    case ColumnKind::float64:
      return float_json(at<double>(column, row));
    case ColumnKind::decimal:
      return decimal_json(column, row);
    case ColumnKind::interval: {
      const auto interval = at<Interval>(column, row);
      return json::array({interval.months, interval.days, interval.nanoseconds});
    }
    case ColumnKind::utf8: {
      const auto slice = at<Slice>(column, row);
      const std::string text(slice.data, slice.size);
      return column.is_json ? json::parse(text) : json(text);
    }
    case ColumnKind::binary: {
      const auto slice = at<Slice>(column, row);
      return hex({slice.data, slice.size});
    }
    case ColumnKind::fixed_binary:
      return hex({static_cast<const char*>(column.values) + row * column.byte_width, column.byte_width});
    case ColumnKind::list:
      return list_json(*column.child, column.list_offsets[row], column.list_offsets[row + 1]);
    case ColumnKind::fixed_list:
      return list_json(*column.child, row * column.list_size, (row + 1) * column.list_size);
  }
  throw std::logic_error("unknown kind of column");
}

std::string transcript_type(const ColumnView& column) {
  const std::string name = column.type_name;
  if (name == "utf8") return "string";
  if (name == "utf8_view") return "string_view";
  if (name == "large_utf8") return "large_string";
  if (name == "float32") return "float";
  if (name == "float64") return "double";
  if (name == "date32") return "date32[day]";
  if (name == "time64(us)") return "time64[us]";
  if (name == "timestamp(us)") return "timestamp[us]";
  if (name == "timestamp(ns)") return "timestamp[ns]";
  if (name == "timestamp(us, with time zone)") return "timestamp[us, tz=UTC]";
  const std::string child = column.child == nullptr ? "" : "item: " + transcript_type(*column.child);
  if (column.kind == ColumnKind::list) return "list<" + child + ">";
  if (column.kind == ColumnKind::fixed_list) {
    return "fixed_size_list<" + child + (column.child->nullable ? ">[" : " not null>[") +
           std::to_string(column.list_size) + "]";
  }
  return name;
}

json read_rows(ResultReader* reader, uint32_t max_rows, Status* status) {
  json rows = json::array();
  Window window;
  while (reader->next(max_rows, &window, status)) {
    for (uint32_t row = 0; row < window.rows; row++) {
      json values = json::array();
      for (uint32_t i = 0; i < window.column_count; i++) values.push_back(value_json(window.columns[i], row));
      rows.push_back(std::move(values));
    }
  }
  return rows;
}

Status drain(std::string_view message, size_t slice_size, uint32_t max_rows) {
  Status status;
  const auto reader = open_scan(message, slice_size, &status);
  if (reader == nullptr) return status;
  Window window;
  while (reader->next(max_rows, &window, &status)) {
  }
  return status;
}

}  // namespace kalam::test
