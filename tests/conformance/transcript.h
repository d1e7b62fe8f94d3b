// Transcripts and the files beside them: what to compare of special steps, and what the stub is excused from.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace kalam::conformance {

enum class Compare { answer, none, schema, types, row_count, contains, prefix };

struct StepRule {
  Compare compare = Compare::answer;
  std::vector<std::pair<int, std::string>> open_cells;  // row (-1: all), column name: only the type is compared
  std::string message_until;
  std::optional<size_t> session_of_step;  // <session> is the one that this step opened, not the last one
  std::string reason;
};

struct Case {
  std::string name;
  std::vector<nlohmann::json> steps;
  std::map<size_t, StepRule> rules;
  std::map<size_t, std::string> exceptions;  // step -> reason; filled in only when the stub is judged
  std::optional<double> threshold;           // percent of the steps that must pass; the others are refused
};

struct Topic {
  std::string name;
  std::vector<Case> cases;
};

// All topics in the folder, in alphabetical order, with the rules of special_steps.json. Throws std::runtime_error when
// a rule names a step that does not exist.
std::vector<Topic> load_topics(const std::string& folder, const std::string& special_steps_file);

// Lines "topic/case/step reason"; '#' starts a comment line. Throws when a line names a step that does not exist or
// gives no reason.
void load_exceptions(const std::string& file, std::vector<Topic>* topics);

}  // namespace kalam::conformance
