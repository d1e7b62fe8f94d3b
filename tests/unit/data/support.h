// What the tests of this folder share: messages made of entries, cut into slices of any size, and values as JSON.
#pragma once

#include <grpcpp/support/slice.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "client/arrow/result_reader.h"

namespace kalam::test {

std::string base64_decode(std::string_view text);

// Protobuf wire.
std::string bytes_field(uint32_t number, std::string_view payload);
std::string varint_field(uint32_t number, uint64_t value);
std::string scan_answer(const std::vector<std::string>& entries);

// `slice_size` 0: one slice.
std::vector<grpc::Slice> make_slices(std::string_view message, size_t slice_size);

std::unique_ptr<ResultReader> open_scan(std::string_view message, size_t slice_size, Status* status);

// One value: integers, dates, times as numbers; decimals as text; bytes as "0x…"; lists as arrays; JSON text parsed.
nlohmann::json value_json(const ColumnView& column, uint64_t row);

// Arrow's name for the column's type as the transcripts spell it.
std::string transcript_type(const ColumnView& column);

// All rows, as arrays of values, read with windows of `max_rows`; a failure ends the test's expectations.
nlohmann::json read_rows(ResultReader* reader, uint32_t max_rows, Status* status);

// Reads everything and gives the outcome.
Status drain(std::string_view message, size_t slice_size, uint32_t max_rows);

}  // namespace kalam::test
