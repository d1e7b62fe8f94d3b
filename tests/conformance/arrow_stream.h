// Arrow IPC streams as rows of JSON values in the form of the transcripts. A decoder of its own, apart from the
// client's: a fault of one does not hide the same fault of the other, and the recorded bytes check this one.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::conformance {

struct ArrowField {
  std::string name;
  std::string type;  // Apache Arrow's name in Python: "timestamp[us, tz=UTC]"
  bool nullable = true;
  std::map<std::string, std::string> metadata;
};

struct ArrowStream {
  std::vector<ArrowField> fields;
  std::vector<nlohmann::json> rows;  // one array a row
};

// Throws std::runtime_error for bytes that are not a stream, and for types that KalamDB never sends.
ArrowStream decode_arrow_stream(std::string_view bytes);

}  // namespace kalam::conformance
