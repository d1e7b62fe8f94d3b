#include "transcript.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace kalam::conformance {
namespace {

using nlohmann::json;

json read_json(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read " + file);
  try {
    return json::parse(in);
  } catch (const json::exception& e) {
    throw std::runtime_error(file + ": " + e.what());
  }
}

Case& find_case(std::vector<Topic>& topics, const std::string& topic, const std::string& name) {
  for (Topic& candidate : topics) {
    if (candidate.name != topic) continue;
    for (Case& one : candidate.cases) {
      if (one.name == name) return one;
    }
  }
  throw std::runtime_error("there is no case " + topic + "/" + name);
}

Compare parse_compare(const std::string& name) {
  static const std::map<std::string, Compare> names = {
      {"answer", Compare::answer}, {"none", Compare::none},           {"schema", Compare::schema},
      {"types", Compare::types},   {"row_count", Compare::row_count}, {"contains", Compare::contains},
      {"prefix", Compare::prefix}};
  auto found = names.find(name);
  if (found == names.end()) throw std::runtime_error("special steps: unknown comparison " + name);
  return found->second;
}

void check_step(const Case& one, size_t step) {
  if (step >= one.steps.size()) {
    throw std::runtime_error("case " + one.name + " has no step " + std::to_string(step));
  }
}

void load_special_steps(const std::string& file, std::vector<Topic>* topics) {
  json special = read_json(file);
  for (const json& entry : special.at("steps")) {
    Case& one = find_case(*topics, entry.at("topic"), entry.at("case"));
    StepRule rule;
    rule.compare = parse_compare(entry.at("compare"));
    rule.reason = entry.at("reason");
    rule.message_until = entry.value("message_until", "");
    if (entry.contains("session_of_step")) rule.session_of_step = entry["session_of_step"].get<size_t>();
    for (const json& cell : entry.value("cells", json::array())) {
      rule.open_cells.emplace_back(cell.at(0).is_null() ? -1 : cell.at(0).get<int>(), cell.at(1).get<std::string>());
    }
    for (size_t step : entry.at("steps")) {
      check_step(one, step);
      one.rules[step] = rule;
    }
  }
  for (const json& entry : special.at("thresholds")) {
    find_case(*topics, entry.at("topic"), entry.at("case")).threshold = entry.at("percent").get<double>();
  }
}

}  // namespace

std::vector<Topic> load_topics(const std::string& folder, const std::string& special_steps_file) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Topic> topics;
  for (const auto& file : files) {
    json data = read_json(file.string());
    Topic topic{data.at("topic"), {}};
    for (json& one : data.at("cases")) {
      Case out;
      out.name = one.at("case");
      for (json& step : one.at("steps")) out.steps.push_back(std::move(step));
      topic.cases.push_back(std::move(out));
    }
    topics.push_back(std::move(topic));
  }
  load_special_steps(special_steps_file, &topics);
  return topics;
}

void load_exceptions(const std::string& file, std::vector<Topic>* topics) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read " + file);
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string place, reason;
    words >> place;
    std::getline(words >> std::ws, reason);
    size_t first = place.find('/'), second = place.rfind('/');
    size_t step = 0;
    const char* end = place.data() + place.size();
    if (first == std::string::npos || second == first || reason.empty() ||
        std::from_chars(place.data() + second + 1, end, step).ptr != end) {
      throw std::runtime_error(file + ": not \"topic/case/step reason\": " + line);
    }
    Case& one = find_case(*topics, place.substr(0, first), place.substr(first + 1, second - first - 1));
    check_step(one, step);
    one.exceptions[step] = reason;
  }
}

}  // namespace kalam::conformance
