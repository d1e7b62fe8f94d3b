// Plays one topic against a server and judges it.
#pragma once

#include <functional>
#include <string>

#include "transcript.h"

namespace kalam::conformance {

struct Counts {
  size_t calls = 0;
  size_t passed = 0;
  size_t failed = 0;
  size_t refused = 0;     // dialect: the stub said that it does not evaluate this
  size_t excepted = 0;    // failed, and named in the exceptions file
  size_t not_judged = 0;  // sent only
  size_t cases_failed = 0;

  void add(const Counts& other);
};

struct PlayOptions {
  std::string target;         // HOST:PORT
  std::string authorization;  // for Ping and OpenSession where the recording names no header
  bool with_metadata = false;
  bool check_lease = true;
  bool verbose = false;
  std::string only_case;               // judge (and print) this case only; the ones before it are played all the same
  std::function<void(double)> pause;   // lets the seconds pass
  std::function<std::string()> ended;  // how the server ended; empty while it runs
};

Counts play_topic(const Topic& topic, const PlayOptions& options);

}  // namespace kalam::conformance
