#include "player.h"

#include <cstdio>
#include <stdexcept>

#include "compare.h"
#include "payloads.h"
#include "placeholders.h"
#include "service_client.h"

namespace kalam::conformance {
namespace {

using nlohmann::json;

// What the stub answers to SQL that it will not guess the result of.
constexpr const char* refusal = "kalam-stub does not evaluate";

std::string describe_request(const json& step) {
  std::string text = step.at("request").dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > 400) text = text.substr(0, 400) + "…";
  return step.at("rpc").get<std::string>() + " " + text;
}

class Player {
 public:
  Player(const Topic& topic, const PlayOptions& options) : topic_(topic), options_(options), client_(options.target) {
    placeholders_.check_lease(options.check_lease);
  }

  Counts play() {
    if (!client_.wait_until_ready(30)) throw std::runtime_error("no connection to " + options_.target);
    Counts total;
    for (const Case& one : topic_.cases) {
      Counts counts = play_case(one);
      if (options_.only_case.empty() || options_.only_case == one.name) total.add(counts);
      if (server_is_gone_) {
        total.failed++;
        total.cases_failed++;
        break;
      }
    }
    return total;
  }

 private:
  Counts play_case(const Case& one) {
    Counts counts;
    std::string report;
    size_t queries = 0, right_queries = 0;
    placeholders_.start_case();
    opened_.clear();
    for (size_t i = 0; i < one.steps.size(); i++) {
      const json& step = one.steps[i];
      if (step.contains("wait_seconds")) {
        pause(step["wait_seconds"].get<double>());
        continue;
      }
      counts.calls++;
      auto rule = one.rules.find(i);
      StepRule compare = rule == one.rules.end() ? StepRule{} : rule->second;
      Answer answer = send(one, i);
      std::string difference = compare_answer(step, compare, answer, options_.with_metadata, &placeholders_);
      bool query = one.threshold && step["rpc"] == "ExecuteQuery";
      queries += query;
      auto exception = one.exceptions.find(i);
      std::string where = topic_.name + "/" + one.name + "/" + std::to_string(i);
      if (compare.compare == Compare::none) {
        counts.not_judged++;
        queries -= query;
      } else if (difference.empty()) {
        counts.passed++;
        right_queries += query;
        if (exception != one.exceptions.end()) {
          counts.passed--;
          counts.failed++;
          report += "  " + where + " passes, but is named in the exceptions: " + exception->second + "\n";
        }
      } else if (query && answer.code != "OK" && answer.message.find(refusal) != std::string::npos) {
        counts.refused++;
        if (options_.verbose) report += "  " + where + " refused: " + describe_request(step) + "\n" + difference;
      } else if (exception != one.exceptions.end()) {
        counts.excepted++;
        if (options_.verbose) report += "  " + where + " excepted (" + exception->second + ")\n" + difference;
      } else {
        counts.failed++;
        report += "  " + where + " " + describe_request(step) + "\n" + difference;
      }
      std::string ended = answer.code == "UNAVAILABLE" ? options_.ended() : "";
      if (!ended.empty()) {
        report += "  the server is gone: " + ended + "\n";
        server_is_gone_ = true;
        break;
      }
    }
    bool enough = true;
    std::string share;
    if (one.threshold && queries > 0) {
      double percent = 100.0 * static_cast<double>(right_queries) / static_cast<double>(queries);
      enough = percent >= *one.threshold;
      char text[160];
      snprintf(text, sizeof text, ", %zu of %zu queries right (%.1f %%, at least %.0f %% wanted)", right_queries,
               queries, percent, *one.threshold);
      share = text;
    }
    bool failed = counts.failed > 0 || !enough || server_is_gone_;
    counts.cases_failed = failed;
    if (!enough) counts.failed++;
    if (options_.only_case.empty() || options_.only_case == one.name || server_is_gone_) {
      printf("%s %s/%s: %zu calls, %zu failed%s\n%s", failed ? "FAIL" : "ok  ", topic_.name.c_str(), one.name.c_str(),
             counts.calls, counts.failed, share.c_str(), report.c_str());
      fflush(stdout);
    }
    return counts;
  }

  Answer send(const Case& one, size_t number) {
    const json& step = one.steps[number];
    std::string method = step.at("rpc"), client = step.value("client", "session");
    auto rule = one.rules.find(number);
    if (rule != one.rules.end() && rule->second.session_of_step) {
      placeholders_.set_session(client, opened_[*rule->second.session_of_step]);
    }
    json request = placeholders_.fill_in_all(step.at("request"));
    // The payload's placeholders were left alone by the line above: they name no id.
    fill_in_payload(topic_.name, one.name, number, &request);
    Headers headers;
    if (step.contains("headers")) {
      for (const json& header : step["headers"]) headers.emplace_back(header.at(0), header.at(1));
    } else if (method == "Ping" || method == "OpenSession") {
      headers.emplace_back("authorization", options_.authorization);
    } else if (auto token = tokens_.find(request.value("session_id", "")); token != tokens_.end()) {
      headers.emplace_back("x-kalam-session-token", token->second);
    }
    Answer answer = client_.call(method, request, headers);
    if (method == "OpenSession" && answer.code == "OK") {
      std::string id = answer.response.at("session_id"), token = answer.response.at("session_token");
      placeholders_.set_session(client, id);
      opened_[number] = id;
      if (!token.empty()) tokens_[id] = token;
    }
    return answer;
  }

  void pause(double seconds) {
    options_.pause(seconds);
    advanced_ms_ += static_cast<int64_t>(seconds * 1000);
    placeholders_.set_clock_advance_ms(advanced_ms_);
  }

  const Topic& topic_;
  const PlayOptions& options_;
  ServiceClient client_;
  Placeholders placeholders_;
  std::map<std::string, std::string> tokens_;  // by session id
  std::map<size_t, std::string> opened_;       // session ids of the case, by step
  int64_t advanced_ms_ = 0;
  bool server_is_gone_ = false;
};

}  // namespace

void Counts::add(const Counts& other) {
  calls += other.calls;
  passed += other.passed;
  failed += other.failed;
  refused += other.refused;
  excepted += other.excepted;
  not_judged += other.not_judged;
  cases_failed += other.cases_failed;
}

Counts play_topic(const Topic& topic, const PlayOptions& options) {
  return Player(topic, options).play();
}

}  // namespace kalam::conformance
