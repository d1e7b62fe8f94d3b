#include "rename.h"

#include <cctype>
#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <stdexcept>

namespace kalam::conformance {
namespace {

using nlohmann::json;
using Map = std::map<std::string, std::string>;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(tolower(static_cast<unsigned char>(c)));
  return text;
}

void replace_all(std::string* text, const std::string& from, const std::string& to) {
  for (size_t at = text->find(from); at != std::string::npos; at = text->find(from, at + to.size())) {
    text->replace(at, from.size(), to);
  }
}

// Replaces every match by what `with` makes of it.
std::string replace_matches(const std::string& text, const std::regex& pattern,
                            const std::function<std::string(const std::smatch&)>& with) {
  std::string out;
  auto last = text.cbegin();
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match) {
    out.append(last, (*match)[0].first);
    out += with(*match);
    last = (*match)[0].second;
  }
  return out.append(last, text.cend());
}

// Two letters on, so that no table gets a reserved word's name ("nn" would become "on" by one).
std::string renamed_table(std::string name) {
  if (!name.empty() && isalpha(static_cast<unsigned char>(name[0])) && tolower(name[0]) < 'y') {
    name[0] = static_cast<char>(name[0] + 2);
  }
  return name;
}

std::string renamed_namespace(const std::string& name) {
  if (lower(name.substr(0, 3)) != "cf_") return name;
  return std::string(1, name[0]) + (isupper(static_cast<unsigned char>(name[1])) ? 'G' : 'g') + name.substr(2);
}

struct KeyRule {
  std::string table, column;
  int64_t add = 0;
  bool zero_too = false;  // otherwise 0 is what the server fills in
  std::set<std::string> except_cases;
};

class Renamer {
 public:
  Renamer(const json& all, const std::string& topic) {
    users_ = all.at("users").get<Map>();
    json own = all.at("topics").value(topic, json::object());
    columns_ = own.value("columns", Map());
    texts_ = own.value("texts", Map());
    for (const json& key : own.value("keys", json::array())) {
      KeyRule rule;
      rule.table = key.at("table").get<std::string>();
      rule.column = key.at("column").get<std::string>();
      rule.add = key.at("add").get<int64_t>();
      rule.zero_too = key.value("zero_too", false);
      rule.except_cases = key.value("except_cases", std::set<std::string>());
      keys_.push_back(rule);
    }
  }

  void start_case(const std::string& name) {
    case_ = name;
    key_ = nullptr;
  }

  void step(json* step) {
    if (!step->contains("rpc")) return;
    json& request = (*step)["request"];
    // A commit is about the table that was written last.
    if (step->at("rpc") != "CommitTransaction") key_ = find_key(request);
    payload_ = request.value("sql", "").starts_with("<");
    bool cf = lower(request.value("namespace", "")).starts_with("cf_");
    for (auto& [name, value] : request.items()) request_field(name, &value, cf);
    if (step->contains("message")) (*step)["message"] = message((*step)["message"]);
    if (!step->contains("response")) return;
    for (auto& [name, value] : (*step)["response"].items()) {
      if (name == "message") value = message(value);
      if (name == "session_id") value = plain(value);
      if (name == "entries") {
        for (json& entry : value) answer_table(&entry);
      }
    }
  }

 private:
  // The key rule of the table that a call is about: the one it names, or the first one in its SQL.
  const KeyRule* find_key(const json& request) const {
    std::string table = lower(request.value("table_name", "")), sql = request.value("sql", "");
    static const std::regex qualified(R"(cf_\w+\.(\w+))");
    std::smatch match;
    if (table.empty() && std::regex_search(sql, match, qualified)) table = match[1];
    for (const KeyRule& key : keys_) {
      if (!table.empty() && (key.table == "*" || key.table == table) && !key.except_cases.contains(case_)) return &key;
    }
    return nullptr;
  }

  // Names with a namespace, users in quotes and the topic's own texts: sound in every kind of text.
  std::string plain(std::string text) const {
    static const std::regex qualified(R"re((["]?)(\bcf_\w+)(["]?[.:-]["]?)(\w+))re", std::regex::icase);
    text = replace_matches(text, qualified, [](const std::smatch& m) {
      bool quoted_table_alone = m[1].length() == 0 && m[3].str() == ".\"";  // a malformed name under test
      return m[1].str() + renamed_namespace(m[2]) + m[3].str() +
             (quoted_table_alone ? m[4].str() : renamed_table(m[4]));
    });
    static const std::regex alone(R"(\bcf_\w+)", std::regex::icase);
    text = replace_matches(text, alone, [](const std::smatch& m) { return renamed_namespace(m[0]); });
    for (const auto& [from, to] : users_) {
      bool word = from.find_first_of(" '") == std::string::npos;  // others are texts of their own elsewhere
      if (word) replace_all(&text, "'" + from + "'", "'" + to + "'");
    }
    for (const auto& [from, to] : texts_) replace_all(&text, from, to);
    return text;
  }

  std::string column(const std::string& name) const {
    auto found = columns_.find(name);
    return found == columns_.end() ? name : found->second;
  }

  std::string key_number(const std::string& digits) const {
    if (key_ == nullptr || digits.size() > 5) return digits;  // extreme values stay
    int64_t value = std::stoll(digits);
    return value == 0 && !key_->zero_too ? digits : std::to_string(value + key_->add);
  }

  // A key in text form: " 2", "+1", "02", "2.0".
  std::string key_text(const std::string& text) const {
    static const std::regex number(R"(^([ +0]*)(\d+)(.*)$)");
    std::smatch match;
    if (key_ == nullptr || !std::regex_match(text, match, number)) return plain(text);
    return match[1].str() + key_number(match[2]) + match[3].str();
  }

  void request_field(const std::string& name, json* value, bool cf) {
    if (name == "table_name") {
      if (cf) *value = renamed_table(*value);
    } else if (name == "user_id") {
      auto found = users_.find(value->get<std::string>());
      if (found != users_.end()) *value = found->second;
    } else if (name == "columns") {
      for (json& one : *value) one = column(one);
    } else if (name == "filters") {
      for (json& filter : *value) {
        bool key = key_ != nullptr && filter[0] == key_->column;
        filter[2] = key ? key_text(filter[2]) : plain(filter[2]);
        filter[0] = column(filter[0]);
      }
    } else if (name == "rows_json") {
      for (json& row : *value) row = row_json(row);
    } else if (name == "updates_json") {
      *value = row_json(*value);
    } else if (name == "pk_value") {
      *value = key_text(*value);
    } else if (name == "sql") {
      *value = sql(*value);
    } else if (value->is_string()) {
      *value = plain(*value);
    }
  }

  // Row JSON is renamed as text: some of it is malformed on purpose.
  std::string row_json(std::string text) const {
    if (text.starts_with("<")) return text;
    text = plain(text);
    if (key_ != nullptr) {
      std::regex key("(\"" + key_->column + R"re("\s*:\s*(?:\{"Int\d+"\s*:\s*)?"?)(\d+))re");
      text = replace_matches(text, key, [&](const std::smatch& m) { return m[1].str() + key_number(m[2]); });
    }
    static const std::regex member(R"re((^|[{,]\s*)"(\w+)"(\s*:))re");
    return replace_matches(text, member,
                           [&](const std::smatch& m) { return m[1].str() + "\"" + column(m[2]) + "\"" + m[3].str(); });
  }

  std::string sql(std::string text) const {
    if (text.starts_with("<")) return text;
    // Values first, while columns still have their recorded names.
    if (key_ != nullptr) {
      std::regex comparison("(\\b" + key_->column + R"(\s*(?:=|<|>=)\s*)(\d+))");
      text = replace_matches(text, comparison, [&](const std::smatch& m) { return m[1].str() + key_number(m[2]); });
      std::regex values(R"(\()" + key_->column + R"(\b[^)]*\)\s*VALUES\s*.*)");
      static const std::regex first(R"(([(,]\s*\(|VALUES\s*\()(\d+))");
      text = replace_matches(text, values, [&](const std::smatch& m) {
        return replace_matches(m[0], first, [&](const std::smatch& v) { return v[1].str() + key_number(v[2]); });
      });
    }
    static const std::regex literal_table(R"((table_name\s*=\s*')(\w+))");
    if (text.find("='cf_") != std::string::npos) {
      text =
          replace_matches(text, literal_table, [](const std::smatch& m) { return m[1].str() + renamed_table(m[2]); });
    }
    return sql_columns(plain(text));
  }

  // Words outside quotes that name a column or an alias: not the parts of a qualified table, not a function.
  std::string sql_columns(const std::string& text) const {
    static const std::regex token(R"re('(?:[^']|'')*'|"[^"]*"|cg_\w+\.\w+|\w+(\s*\()?)re");
    return replace_matches(text, token, [&](const std::smatch& m) {
      bool quoted = m[0].str()[0] == '"';
      if (quoted) return "\"" + column(m[0].str().substr(1, static_cast<size_t>(m[0].length()) - 2)) + "\"";
      return m[1].matched ? m[0].str() : column(m[0]);
    });
  }

  std::string message(const std::string& recorded) const {
    std::string text = plain(recorded);
    static const std::regex named(R"(([Cc]olumn(?: name)? ')(\w+)('))");
    text = replace_matches(text, named, [&](const std::smatch& m) { return m[1].str() + column(m[2]) + m[3].str(); });
    static const std::regex qualified(R"((cg_\w+\.\w+\.|COLUMN )(\w+))");
    text = replace_matches(text, qualified, [&](const std::smatch& m) { return m[1].str() + column(m[2]); });
    static const std::regex missing(R"((Table ')(\w+)(,?' not found in namespace 'cg_))");
    text = replace_matches(text, missing,
                           [](const std::smatch& m) { return m[1].str() + renamed_table(m[2]) + m[3].str(); });
    static const std::regex row(R"((Row with )(\w+)=(\d*))");
    text = replace_matches(text, row, [&](const std::smatch& m) {
      return m[1].str() + column(m[2]) + "=" + (m[3].length() == 0 ? "" : key_number(m[3]));
    });
    if (key_ == nullptr) return text;
    static const std::regex value(R"((value '|parse ')([ +0]*)(\d+)('))");
    text = replace_matches(
        text, value, [&](const std::smatch& m) { return m[1].str() + m[2].str() + key_number(m[3]) + m[4].str(); });
    if (recorded.find("for column '" + key_->column + "'") != std::string::npos) {
      static const std::regex tagged(R"re((string '\{"Int\d+"\s*:\s*"?)(\d+))re");
      text = replace_matches(text, tagged, [&](const std::smatch& m) { return m[1].str() + key_number(m[2]); });
    }
    return text;
  }

  void answer_table(json* entry) const {
    std::vector<std::string> names;
    for (json& field : (*entry)["fields"]) {
      names.push_back(field["name"]);
      field["name"] = field_name(field["name"]);
    }
    for (json& row : (*entry)["rows"]) {
      bool cf = false;
      for (const json& cell : row)
        cf = cf || (cell.is_string() && cell.get_ref<const std::string&>().starts_with("cf_"));
      for (size_t i = 0; i < names.size() && i < row.size(); i++) answer_cell(names[i], cf, names, &row[i]);
    }
  }

  void answer_cell(const std::string& name, bool cf, const std::vector<std::string>& names, json* cell) const {
    bool catalog = false;
    for (const std::string& other : names) catalog = catalog || other == "table_name" || other == "column_name";
    if (cell->is_string()) {
      std::string text = cell->get<std::string>();
      if (name == "table_name" && (cf || names.size() == 1 || names[0] == "table_name")) {
        *cell = renamed_table(text);
      } else if (name == "column_name" && catalog) {
        *cell = column(text);
      } else {
        *cell = plain(text);
      }
    } else if (key_ != nullptr && name == key_->column && cell->is_number_integer() && cell->get<int64_t>() >= 0) {
      *cell = std::stoll(key_number(std::to_string(cell->get<int64_t>())));
    }
  }

  // The name of an output column: a column, or the text of an expression over columns.
  std::string field_name(const std::string& name) const {
    if (payload_) return name;
    if (columns_.contains(name)) return column(name);
    std::string text = plain(name);
    static const std::regex qualified(R"((cg_\w+\.\w+\.|\b[pr]\d\.)(\w+))");
    return replace_matches(text, qualified, [&](const std::smatch& m) { return m[1].str() + column(m[2]); });
  }

  Map users_, columns_, texts_;
  std::vector<KeyRule> keys_;
  std::string case_;
  const KeyRule* key_ = nullptr;
  bool payload_ = false;  // the SQL is generated, with its own names
};

}  // namespace

void rename_topic(const std::string& renames_file, Topic* topic) {
  std::ifstream in(renames_file);
  if (!in) throw std::runtime_error("cannot read " + renames_file);
  Renamer renamer(json::parse(in), topic->name);
  for (Case& one : topic->cases) {
    renamer.start_case(one.name);
    for (json& step : one.steps) renamer.step(&step);
  }
}

}  // namespace kalam::conformance
