// What the transcripts write in place of values that differ from run to run.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace kalam::conformance {

class Placeholders {
 public:
  // A case's sessions are its own; bound ids live as long as the topic.
  void start_case() { sessions_.clear(); }
  void set_session(const std::string& client, const std::string& id) { sessions_[client] = id; }

  // A text of a request with every placeholder replaced. An id that the server never gave becomes a fresh UUID v7.
  std::string fill_in(const std::string& text);
  nlohmann::json fill_in_all(const nlohmann::json& value);

  // Whether `actual` is what a recorded text stands for. An id seen for the first time matches any UUID v7 that no
  // other id is bound to; it is bound by bind() only, so that rows can be tried against each other first.
  bool matches(const std::string& recorded, const std::string& actual) const {
    return match(recorded, actual, nullptr);
  }
  bool matches(const nlohmann::json& recorded, const nlohmann::json& actual) const;
  void bind(const nlohmann::json& recorded, const nlohmann::json& actual);

  // For the end of a lease: how far the server's clock was moved ahead of this one.
  void set_clock_advance_ms(int64_t advance) { clock_advance_ms_ = advance; }
  void check_lease(bool check) { check_lease_ = check; }

 private:
  using Bindings = std::map<std::string, std::string>;
  bool match(const std::string& recorded, const std::string& actual, Bindings* found) const;
  bool match_value(const nlohmann::json& recorded, const nlohmann::json& actual) const;
  std::optional<std::string> known(const std::string& placeholder) const;

  Bindings sessions_;  // client name ("session") -> id
  Bindings bound_;     // "<uuid7>" -> id
  int64_t clock_advance_ms_ = 0;
  bool check_lease_ = true;
};

// A fresh UUID of version 7.
std::string make_uuid_v7();

}  // namespace kalam::conformance
