#include "payloads.h"

#include <stdexcept>

namespace kalam::conformance {
namespace {

using nlohmann::json;

std::string text_row(int id, char letter, size_t size) {
  return "{\"id\": {\"Int64\": \"" + std::to_string(id) + "\"}, \"b\": {\"Utf8\": \"" + std::string(size, letter) +
         "\"}}";
}

std::vector<std::string> too_large_rows(size_t step) {
  constexpr size_t mebibyte = 1048576;
  std::vector<std::string> rows;
  if (step == 1 || step == 2) {
    int first = step == 1 ? 100 : 110, count = step == 1 ? 3 : 5;
    for (int id = first; id < first + count; id++) rows.push_back(text_row(id, 'x', mebibyte));
  } else if (step >= 4 && step <= 6) {
    size_t size = 4194104 + 100 * (step - 4);
    rows.push_back(text_row(120 + static_cast<int>(size % 1000), 'y', size));
  }
  return rows;
}

// The insert of 1,000 rows at this step; the first one is step 8.
std::vector<std::string> big_rows(size_t step) {
  std::vector<std::string> rows;
  if (step < 8) return rows;
  for (size_t i = (step - 8) * 1000; i < (step - 7) * 1000; i++) {
    rows.push_back("{\"id\": {\"Int64\": \"" + std::to_string(i) + "\"}, \"a\": {\"Int32\": " + std::to_string(i % 7) +
                   "}}");
  }
  return rows;
}

void check(const std::string& placeholder, const std::string& made) {
  if (placeholder != made) throw std::runtime_error("payload " + placeholder + " was made as " + made);
}

}  // namespace

void fill_in_payload(const std::string& topic, const std::string& case_name, size_t step, json* request) {
  if (request->contains("rows_json") && (*request)["rows_json"].size() == 1) {
    std::string placeholder = (*request)["rows_json"][0];
    if (!placeholder.starts_with("<")) return;
    std::vector<std::string> rows;
    if (topic == "insert" && case_name == "request_too_large") rows = too_large_rows(step);
    if (topic == "scan" && case_name == "setup") rows = big_rows(step);
    size_t bytes = 0;
    for (const std::string& row : rows) bytes += row.size();
    check(placeholder, "<" + std::to_string(rows.size()) + " rows, " + std::to_string(bytes) + " bytes>");
    (*request)["rows_json"] = rows;
  } else if (request->contains("sql") && (*request)["sql"].get_ref<const std::string&>().starts_with("<")) {
    std::string sql;
    if (topic == "sql" && case_name == "large_sql") {
      sql = "SELECT '" + std::string(step == 1 ? 1048000 : 1048600, 'x') + "' AS a";
    }
    check((*request)["sql"], "<" + std::to_string(sql.size()) + " bytes>");
    (*request)["sql"] = sql;
  }
}

}  // namespace kalam::conformance
