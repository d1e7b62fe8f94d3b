#include "stub_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

extern char** environ;

namespace kalam::conformance {
namespace {

constexpr int start_seconds = 60;  // builds with sanitizers start slowly on a busy machine
constexpr int stop_seconds = 20;

// No fork: this process has threads of gRPC. Standard output goes to `output`, if that is not -1.
pid_t spawn(const std::vector<std::string>& command, int output) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (output >= 0) posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  pid_t pid = -1;
  int error = posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + command[0] + ": " + strerror(error));
  return pid;
}

std::string describe(int status) {
  if (WIFEXITED(status)) {
    // The stub's own status for requests that a real server does not survive.
    std::string note = WEXITSTATUS(status) == 86 ? " (a real server would have died)" : "";
    return "exit status " + std::to_string(WEXITSTATUS(status)) + note;
  }
  return std::string("signal ") + strsignal(WTERMSIG(status));
}

}  // namespace

StubProcess::StubProcess(const std::string& program, const std::vector<std::string>& options) : program_(program) {
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  std::vector<std::string> command = {program, "--listen", "127.0.0.1:0"};
  command.insert(command.end(), options.begin(), options.end());
  output_ = pipe_ends[0];
  try {
    pid_ = spawn(command, pipe_ends[1]);
  } catch (...) {
    close(pipe_ends[1]);
    close(output_);
    throw;
  }
  close(pipe_ends[1]);

  std::string text;
  const std::string mark = "listening on ";
  for (;;) {
    size_t at = text.find(mark), end = at == std::string::npos ? at : text.find('\n', at);
    if (end != std::string::npos) {
      address_ = text.substr(at + mark.size(), end - at - mark.size());
      return;
    }
    pollfd descriptor = {output_, POLLIN, 0};
    char part[512];
    ssize_t size = poll(&descriptor, 1, start_seconds * 1000) == 1 ? read(output_, part, sizeof part) : 0;
    if (size <= 0) break;
    text.append(part, static_cast<size_t>(size));
  }
  std::string ended = stop();
  throw std::runtime_error(program + " did not say that it listens" + (ended.empty() ? "" : ": " + ended));
}

StubProcess::~StubProcess() {
  stop();
  close(output_);
}

std::string StubProcess::how_it_ended() {
  int status;
  if (pid_ > 0 && waitpid(pid_, &status, WNOHANG) == pid_) {
    pid_ = -1;
    ended_ = describe(status);
  }
  return ended_;
}

std::string StubProcess::stop() {
  if (!how_it_ended().empty() || pid_ <= 0) return ended_;
  kill(pid_, SIGTERM);
  int status = 0;
  for (int tenths = 0; tenths < stop_seconds * 10; tenths++) {
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      bool in_order =
          (WIFEXITED(status) && WEXITSTATUS(status) == 0) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
      if (!in_order) ended_ = describe(status);
      return ended_;
    }
    usleep(100000);
  }
  kill(pid_, SIGKILL);
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return ended_ = "did not stop within " + std::to_string(stop_seconds) + " s";
}

bool StubProcess::advance_clock(double seconds) {
  std::string milliseconds = std::to_string(static_cast<long>(seconds * 1000)) + "ms";
  int status = -1;
  pid_t pid = spawn({program_, "control", address_, "advance", milliseconds}, STDERR_FILENO);
  return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace kalam::conformance
