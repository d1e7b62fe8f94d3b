// Large payloads that the transcripts leave out, made again.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace kalam::conformance {

// Replaces "<n rows, m bytes>" in rows_json and "<n bytes>" in sql of a request. Throws std::runtime_error for a
// payload that it does not know, or whose size is not the recorded one.
void fill_in_payload(const std::string& topic, const std::string& case_name, size_t step, nlohmann::json* request);

}  // namespace kalam::conformance
