#include "compare.h"

#include <algorithm>
#include <cctype>
#include <functional>

#include "arrow_stream.h"
#include "arrow_values.h"
#include "base64.h"

namespace kalam::conformance {
namespace {

using nlohmann::json;

// Long enough to see what differs, short enough for a terminal.
constexpr size_t shown_characters = 600;
constexpr size_t shown_rows = 12;

std::string shown(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() <= shown_characters) return text;
  return text.substr(0, shown_characters) + "… (" + std::to_string(text.size()) + " characters)";
}

std::string shown(const std::string& text) {
  return shown(json(text));
}

std::string differs(const std::string& what, const std::string& expected, const std::string& actual) {
  return "  " + what + "\n    expected " + expected + "\n    actual   " + actual + "\n";
}

// One result, recorded or received.
struct Table {
  size_t entries = 0;
  std::vector<ArrowField> fields;
  std::vector<json> rows;
  size_t row_count = 0;
  bool has_metadata = false;
};

bool same_fields(const std::vector<ArrowField>& a, const std::vector<ArrowField>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const ArrowField& x, const ArrowField& y) {
    return x.name == y.name && x.type == y.type && x.nullable == y.nullable;
  });
}

json fields_as_json(const std::vector<ArrowField>& fields) {
  json out = json::array();
  for (const ArrowField& field : fields) {
    out.push_back(field.name + " " + field.type + (field.nullable ? "" : " not null"));
  }
  return out;
}

json metadata_as_json(const std::vector<ArrowField>& fields) {
  json out = json::array();
  for (const ArrowField& field : fields) out.push_back(field.metadata);
  return out;
}

// Decimals in one form.
void normalize(const std::vector<ArrowField>& fields, json* row) {
  for (size_t i = 0; i < fields.size() && i < row->size(); i++) {
    if (fields[i].type.starts_with("decimal") && (*row)[i].is_string()) {
      (*row)[i] = normalize_decimal((*row)[i].get<std::string>());
    }
  }
}

Table recorded_table(const json& response) {
  Table table;
  json streams = response.value("ipc_base64", json::array());
  for (const json& entry : response.at("entries")) {
    std::vector<ArrowField> fields;
    for (const json& field : entry.at("fields")) {
      fields.push_back({field.at("name"), field.at("type"), field.at("nullable").get<bool>(), {}});
    }
    ArrowStream raw;
    if (table.entries < streams.size())
      raw = decode_arrow_stream(decode_base64(streams[table.entries].get<std::string>()));
    for (size_t i = 0; i < raw.fields.size() && i < fields.size(); i++) fields[i].metadata = raw.fields[i].metadata;
    table.has_metadata = !raw.fields.empty();
    size_t first = table.rows.size();
    for (const json& row : entry.at("rows")) table.rows.push_back(row);
    table.row_count += entry.value("row_count", entry.at("rows").size());
    for (size_t column = 0; column < fields.size(); column++) {
      if (!fields[column].type.starts_with("time64")) continue;
      for (size_t row = 0; row < raw.rows.size() && first + row < table.rows.size(); row++) {
        const json& value = raw.rows[row][column];
        // 24:00 and later: the recorded text is taken modulo a day.
        if (value.is_string() && value.get_ref<const std::string&>() >= "24") table.rows[first + row][column] = value;
      }
    }
    if (table.entries++ == 0) table.fields = fields;
  }
  for (json& row : table.rows) normalize(table.fields, &row);
  return table;
}

// Throws std::runtime_error for bytes that cannot be decoded.
Table received_table(const Answer& answer) {
  Table table;
  for (const std::string& bytes : answer.streams) {
    ArrowStream stream = decode_arrow_stream(bytes);
    if (table.entries++ == 0) {
      table.fields = stream.fields;
    } else if (!same_fields(table.fields, stream.fields)) {
      throw std::runtime_error("entries with different fields");
    }
    for (json& row : stream.rows) table.rows.push_back(std::move(row));
  }
  for (json& row : table.rows) normalize(table.fields, &row);
  table.row_count = table.rows.size();
  return table;
}

// Pairs every recorded row with an actual row of its own (augmenting paths, since placeholders match more than one).
// Returns the partner of each recorded row; -1 where there is none.
std::vector<int> pair_rows(const std::vector<json>& recorded, const std::vector<json>& actual,
                           const Placeholders& placeholders) {
  std::vector<int> partner_of_actual(actual.size(), -1), partner(recorded.size(), -1);
  std::vector<std::vector<char>> fits(recorded.size(), std::vector<char>(actual.size()));
  for (size_t i = 0; i < recorded.size(); i++) {
    for (size_t j = 0; j < actual.size(); j++) fits[i][j] = placeholders.matches(recorded[i], actual[j]);
  }
  for (size_t i = 0; i < recorded.size(); i++) {
    std::vector<char> tried(actual.size());
    std::function<bool(size_t)> place = [&](size_t row) {
      for (size_t j = 0; j < actual.size(); j++) {
        if (!fits[row][j] || tried[j]) continue;
        tried[j] = 1;
        if (partner_of_actual[j] >= 0 && !place(static_cast<size_t>(partner_of_actual[j]))) continue;
        partner_of_actual[j] = static_cast<int>(row);
        partner[row] = static_cast<int>(j);
        return true;
      }
      return false;
    };
    place(i);
  }
  return partner;
}

std::string list_rows(const std::string& title, const std::vector<json>& rows) {
  std::string out;
  for (size_t i = 0; i < rows.size() && i < shown_rows; i++) out += "    " + title + " " + shown(rows[i]) + "\n";
  if (rows.size() > shown_rows) out += "    … and " + std::to_string(rows.size() - shown_rows) + " more\n";
  return out;
}

std::string compare_in_order(const std::vector<json>& recorded, const std::vector<json>& actual,
                             Placeholders* placeholders) {
  std::string out;
  for (size_t i = 0; i < recorded.size(); i++) {
    if (i < actual.size() && placeholders->matches(recorded[i], actual[i])) {
      placeholders->bind(recorded[i], actual[i]);
    } else {
      out += differs("row " + std::to_string(i), shown(recorded[i]), i < actual.size() ? shown(actual[i]) : "none");
    }
  }
  return out;
}

std::string compare_as_multiset(const std::vector<json>& recorded, const std::vector<json>& actual, bool all,
                                Placeholders* placeholders) {
  std::vector<int> partner = pair_rows(recorded, actual, *placeholders);
  std::vector<json> missing, surplus;
  std::vector<char> used(actual.size());
  for (size_t i = 0; i < recorded.size(); i++) {
    if (partner[i] < 0) {
      missing.push_back(recorded[i]);
    } else {
      used[static_cast<size_t>(partner[i])] = 1;
      placeholders->bind(recorded[i], actual[static_cast<size_t>(partner[i])]);
    }
  }
  for (size_t j = 0; all && j < actual.size(); j++) {
    if (!used[j]) surplus.push_back(actual[j]);
  }
  if (missing.empty() && surplus.empty()) return "";
  return "  rows (in any order)\n" + list_rows("missing ", missing) + list_rows("surplus ", surplus);
}

// Cells whose value is open get the actual value on both sides.
void open_cells(const StepRule& rule, const Table& actual, Table* recorded) {
  for (const auto& [row, name] : rule.open_cells) {
    for (size_t column = 0; column < recorded->fields.size(); column++) {
      if (recorded->fields[column].name != name) continue;
      for (size_t i = 0; i < recorded->rows.size() && i < actual.rows.size(); i++) {
        if (row < 0 || static_cast<size_t>(row) == i) recorded->rows[i][column] = actual.rows[i][column];
      }
    }
  }
}

std::string compare_tables(const json& step, const StepRule& rule, Table recorded, const Table& actual,
                           bool with_metadata, Placeholders* placeholders) {
  bool scan = step.at("rpc") == "Scan";
  if (recorded.entries == 0 || actual.entries == 0) {
    if (recorded.entries == actual.entries) return "";
    if (!scan && recorded.row_count == 0 && actual.row_count == 0) return "";
    return differs("entries, rows", std::to_string(recorded.entries) + ", " + std::to_string(recorded.row_count),
                   std::to_string(actual.entries) + ", " + std::to_string(actual.row_count));
  }
  std::string out;
  if (!same_fields(recorded.fields, actual.fields)) {
    out += differs("fields", shown(fields_as_json(recorded.fields)), shown(fields_as_json(actual.fields)));
    return out + list_rows("row", actual.rows);
  }
  if (with_metadata && recorded.has_metadata && metadata_as_json(recorded.fields) != metadata_as_json(actual.fields)) {
    out += differs("metadata", shown(metadata_as_json(recorded.fields)), shown(metadata_as_json(actual.fields)));
  }
  if (rule.compare == Compare::schema) return out;
  if (recorded.row_count != actual.row_count) {
    out += differs("number of rows", std::to_string(recorded.row_count), std::to_string(actual.row_count));
  }
  bool cut = recorded.rows.size() < recorded.row_count;  // the recording keeps the first rows only
  open_cells(rule, actual, &recorded);
  switch (rule.compare) {
    case Compare::prefix:
      return out + compare_in_order(recorded.rows, actual.rows, placeholders);
    case Compare::contains:
      return out + compare_as_multiset(recorded.rows, actual.rows, false, placeholders);
    case Compare::answer:
      if (is_ordered(step.at("request").value("sql", ""))) {
        out += compare_in_order(recorded.rows, actual.rows, placeholders);
        if (!cut && actual.rows.size() > recorded.rows.size()) {
          out += list_rows(
              "surplus", {actual.rows.begin() + static_cast<std::ptrdiff_t>(recorded.rows.size()), actual.rows.end()});
        }
        return out;
      }
      return out + compare_as_multiset(recorded.rows, actual.rows, !cut, placeholders);
    default:
      return out;
  }
}

std::string compare_message(const StepRule& rule, const std::string& recorded, const std::string& actual,
                            Placeholders* placeholders) {
  size_t end = rule.message_until.empty() ? std::string::npos : recorded.find(rule.message_until);
  bool same = end == std::string::npos ? placeholders->matches(recorded, actual)
                                       : placeholders->matches(recorded.substr(0, end), actual.substr(0, end));
  if (!same) return differs("message", shown(recorded), shown(actual));
  placeholders->bind(recorded, actual);
  return "";
}

}  // namespace

bool is_ordered(const std::string& sql) {
  int depth = 0;
  std::string word, previous;
  for (size_t i = 0; i <= sql.size(); i++) {
    char c = i < sql.size() ? sql[i] : ' ';
    if (isalnum(static_cast<unsigned char>(c)) || c == '_') {
      word += static_cast<char>(tolower(static_cast<unsigned char>(c)));
      continue;
    }
    if (!word.empty()) {
      if (depth == 0 && word == "by" && previous == "order") return true;
      previous = word;
      word.clear();
    }
    if (c == '(') depth++;
    if (c == ')') depth--;
    if (c == '\'' || c == '"') {
      i = sql.find(c, i + 1);
      if (i == std::string::npos) return false;
    }
  }
  return false;
}

std::string compare_answer(const json& step, const StepRule& rule, const Answer& answer, bool with_metadata,
                           Placeholders* placeholders) {
  if (rule.compare == Compare::none) return "";
  std::string code = step.at("code");
  if (answer.code != code) {
    std::string expected = code == "OK" ? "OK" : code + " " + shown(step.at("message").get<std::string>());
    std::string actual =
        answer.code == "OK" ? "OK " + shown(answer.response) : answer.code + " " + shown(answer.message);
    return differs("code", expected, actual);
  }
  if (code != "OK") return compare_message(rule, step.at("message"), answer.message, placeholders);

  std::string out;
  json recorded = step.at("response"), actual = answer.response;
  bool has_table = recorded.contains("entries");
  if (has_table != answer.has_streams) return differs("entries", has_table ? "some" : "none", "the opposite");
  Table expected_table;
  if (has_table) expected_table = recorded_table(recorded);
  for (const char* name : {"entries", "ipc_base64", "ipc_bytes"}) recorded.erase(name);
  if (recorded.contains("message") && actual.contains("message")) {
    out += compare_message(rule, recorded["message"], actual["message"], placeholders);
    recorded.erase("message");
    actual.erase("message");
  }
  if (placeholders->matches(recorded, actual)) {
    placeholders->bind(recorded, actual);
  } else {
    out += differs("response", shown(recorded), shown(actual));
  }
  if (!has_table) return out;
  try {
    return out + compare_tables(step, rule, expected_table, received_table(answer), with_metadata, placeholders);
  } catch (const std::exception& e) {
    return out + "  the answer cannot be decoded: " + e.what() + "\n";
  }
}

namespace {

// Changes of an answer that no comparison may let pass, applied to `table`. False when this one cannot be applied.
bool damage(int kind, const Table& recorded, Table* table) {
  switch (kind) {
    case 0:  // a row too few
      if (table->rows.empty()) return false;
      table->rows.pop_back();
      table->row_count--;
      return true;
    case 1:  // a row too many
      if (table->rows.empty()) return false;
      table->rows.push_back(table->rows.front());
      table->row_count++;
      return true;
    case 2:
      table->fields.back().name += "x";
      return true;
    case 3:
      table->fields.back().type += "x";
      return true;
    case 4:
      table->fields.front().nullable = !table->fields.front().nullable;
      return true;
    case 5:
      table->fields.front().metadata["x"] = "y";
      return true;
    case 6:  // another value, wherever the recording is not open about it
      for (size_t row = 0; row < table->rows.size(); row++) {
        for (size_t i = 0; i < table->fields.size(); i++) {
          const json& cell = recorded.rows[row][i];
          if (cell.is_string() && cell.get_ref<const std::string&>().starts_with("<")) continue;
          table->rows[row][i] = cell.is_null() ? json("not null") : json();
          return true;
        }
      }
      return false;
    case 7:  // another order
      if (table->rows.size() < 2 || table->rows.front() == table->rows.back()) return false;
      std::swap(table->rows.front(), table->rows.back());
      return true;
    default:
      return false;
  }
}
constexpr int damages = 8;

}  // namespace

size_t check_recorded_streams(const Topic& topic, std::string* errors) {
  size_t streams = 0;
  for (const Case& one : topic.cases) {
    for (size_t i = 0; i < one.steps.size(); i++) {
      const json& step = one.steps[i];
      if (!step.contains("response") || !step["response"].contains("ipc_base64")) continue;
      Answer answer;
      for (const json& text : step["response"]["ipc_base64"]) {
        answer.streams.push_back(decode_base64(text.get<std::string>()));
        streams++;
      }
      std::string where = topic.name + "/" + one.name + "/" + std::to_string(i);
      try {
        Table recorded = recorded_table(step["response"]), actual = received_table(answer);
        // Where the recording keeps the first rows of every entry only, the bytes have more.
        if (recorded.rows.size() < recorded.row_count) continue;
        json in_order = step;
        in_order["request"] = {{"sql", "SELECT 1 ORDER BY 1"}};  // the bytes keep the recorded order
        Placeholders placeholders;
        std::string difference = compare_tables(in_order, StepRule{}, recorded, actual, true, &placeholders);
        if (!difference.empty()) *errors += where + "\n" + difference;
        for (int kind = 0; kind < damages; kind++) {
          Table damaged = actual;
          if (actual.entries == 0 || !damage(kind, recorded, &damaged)) continue;
          Placeholders fresh;
          if (compare_tables(in_order, StepRule{}, recorded, damaged, true, &fresh).empty()) {
            *errors += where + ": damage " + std::to_string(kind) + " was not noticed in order\n";
          }
          Placeholders again;
          if (kind != 7 && compare_tables({{"rpc", "Scan"}, {"request", json::object()}}, StepRule{}, recorded, damaged,
                                          true, &again)
                               .empty()) {
            *errors += where + ": damage " + std::to_string(kind) + " was not noticed in any order\n";
          }
        }
      } catch (const std::exception& e) {
        *errors += where + ": " + e.what() + "\n";
      }
    }
  }
  return streams;
}

}  // namespace kalam::conformance
