// A kalam-stub of its own, for one topic.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace kalam::conformance {

class StubProcess {
 public:
  // Starts the program on a free port and waits until it listens. Throws std::runtime_error when it does not.
  StubProcess(const std::string& program, const std::vector<std::string>& options);
  ~StubProcess();
  StubProcess(const StubProcess&) = delete;
  StubProcess& operator=(const StubProcess&) = delete;

  const std::string& address() const { return address_; }

  // Empty while it runs; otherwise how it ended.
  std::string how_it_ended();

  // Ends it. Empty when it went down in good order, otherwise how it ended.
  std::string stop();

  // Moves its clock ahead. False when it cannot.
  bool advance_clock(double seconds);

 private:
  std::string program_;
  std::string address_;
  pid_t pid_ = -1;
  int output_ = -1;  // its standard output
  std::string ended_;
};

}  // namespace kalam::conformance
