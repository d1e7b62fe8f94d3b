// conformance-runner: plays recorded conversations with a KalamDB server against kalam-stub or a real server.
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <stdexcept>

#include "compare.h"
#include "player.h"
#include "rename.h"
#include "stub_process.h"
#include "transcript.h"

namespace {

using namespace kalam::conformance;

constexpr const char* usage =
    R"(conformance-runner [OPTION]… [TOPIC[/CASE]]…

Plays the transcripts of a real KalamDB server and compares every answer. Without --target it starts kalam-stub, a
fresh one for each topic. Exit status: 0 all passed, 1 something failed, 2 wrong use.

  --target HOST:PORT  judge this server; the exceptions made for the stub do not apply
  --auth HEADER       value of "authorization" (default: Bearer bridge-token-0123456789)
  --accounts          the target has the recorded accounts and static token: play topic auth too
  --stub PATH         the kalam-stub program
  --stub-option WORD  one more word on the stub's command line (repeat as needed)
  --renamed           play everything with other names and keys than were recorded
  --no-metadata       do not compare the metadata of the columns (KalamDB's own types), where they were recorded
  --real-time         wait for pauses instead of moving the stub's clock
  --verbose           show refused and excepted steps as well
  --check-recordings  no server: decode the recorded Arrow streams and compare them with the recorded rows
  --list              print the topics and their cases
  --show              no server: print the calls and expected answers as they would be played
)";

struct Arguments {
  std::string target, authorization = "Bearer bridge-token-0123456789", stub = KALAM_STUB_PROGRAM;
  std::vector<std::string> stub_options, selected;
  bool accounts = false, renamed = false, metadata = true, real_time = false, verbose = false, list = false,
       show = false;
  bool check_recordings = false;
};

Arguments parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; i++) {
    std::string word = argv[i];
    auto value = [&]() -> std::string {
      if (i + 1 >= argc) throw std::invalid_argument(word + " needs a value");
      return argv[++i];
    };
    if (word == "--target") {
      out.target = value();
    } else if (word == "--auth") {
      out.authorization = value();
    } else if (word == "--stub") {
      out.stub = value();
    } else if (word == "--stub-option") {
      out.stub_options.push_back(value());
    } else if (word == "--accounts") {
      out.accounts = true;
    } else if (word == "--renamed") {
      out.renamed = true;
    } else if (word == "--no-metadata") {
      out.metadata = false;
    } else if (word == "--real-time") {
      out.real_time = true;
    } else if (word == "--verbose") {
      out.verbose = true;
    } else if (word == "--check-recordings") {
      out.check_recordings = true;
    } else if (word == "--show") {
      out.show = true;
    } else if (word == "--list") {
      out.list = true;
    } else if (word == "--help") {
      fputs(usage, stdout);
      exit(0);
    } else if (word.starts_with("-")) {
      throw std::invalid_argument("unknown option " + word);
    } else {
      out.selected.push_back(word);
    }
  }
  return out;
}

// The topics to play, each with the one case to judge ("": all).
std::vector<std::pair<Topic, std::string>> select(const std::vector<Topic>& topics,
                                                  const std::vector<std::string>& selected) {
  std::vector<std::pair<Topic, std::string>> out;
  if (selected.empty()) {
    for (const Topic& topic : topics) out.emplace_back(topic, "");
  }
  for (const std::string& wanted : selected) {
    size_t slash = wanted.find('/');
    std::string name = wanted.substr(0, slash), one = slash == std::string::npos ? "" : wanted.substr(slash + 1);
    size_t before = out.size();
    for (const Topic& topic : topics) {
      if (topic.name != name) continue;
      bool known = one.empty();
      for (const Case& candidate : topic.cases) known = known || candidate.name == one;
      if (known) out.emplace_back(topic, one);
    }
    if (out.size() == before) throw std::invalid_argument("there is no topic or case " + wanted);
  }
  return out;
}

Counts judge(const Topic& topic, const std::string& only_case, const Arguments& arguments) {
  PlayOptions options;
  options.authorization = arguments.authorization;
  options.with_metadata = arguments.metadata;
  options.verbose = arguments.verbose;
  options.only_case = only_case;
  auto sleep = [](double seconds) { usleep(static_cast<useconds_t>(seconds * 1e6)); };
  if (!arguments.target.empty()) {
    options.target = arguments.target;
    options.check_lease = false;  // its clock is its own
    options.pause = sleep;
    options.ended = [] { return std::string(); };
    return play_topic(topic, options);
  }
  std::vector<std::string> stub_options = arguments.stub_options;
  // Its clock stands still between pauses: a busy machine is no idle session.
  if (!arguments.real_time) {
    stub_options.insert(stub_options.begin(), {"--fixed-clock", std::to_string(time(nullptr))});
  }
  StubProcess stub(arguments.stub, stub_options);
  options.target = stub.address();
  options.pause = [&](double seconds) {
    if (arguments.real_time) {
      sleep(seconds);
    } else if (!stub.advance_clock(seconds)) {
      throw std::runtime_error("the stub's clock cannot be moved");
    }
  };
  options.ended = [&] { return stub.how_it_ended(); };
  Counts counts = play_topic(topic, options);
  std::string ended = stub.stop();
  if (!ended.empty()) {
    printf("FAIL %s: the stub ended badly: %s\n", topic.name.c_str(), ended.c_str());
    counts.failed++;
  }
  return counts;
}

int check_recordings(const std::vector<Topic>& topics) {
  std::string errors;
  size_t streams = 0;
  for (const Topic& topic : topics) streams += check_recorded_streams(topic, &errors);
  printf("%s%zu recorded streams decoded\n", errors.c_str(), streams);
  return errors.empty() && streams > 0 ? 0 : 1;
}

void show(const Topic& topic, const std::string& only_case) {
  for (const Case& one : topic.cases) {
    if (!only_case.empty() && only_case != one.name) continue;
    for (size_t i = 0; i < one.steps.size(); i++) {
      nlohmann::json step = one.steps[i];
      if (step.contains("response")) step["response"].erase("ipc_base64");
      std::string text = step.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      if (text.size() > 4000) text = text.substr(0, 4000) + "…";
      printf("%s/%s/%zu %s\n", topic.name.c_str(), one.name.c_str(), i, text.c_str());
    }
  }
}

int run(const Arguments& arguments) {
  std::string folder = KALAM_CONFORMANCE_FOLDER;
  std::vector<Topic> topics = load_topics(folder + "/transcripts", folder + "/special_steps.json");
  if (arguments.target.empty()) load_exceptions(folder + "/exceptions.txt", &topics);
  if (arguments.list) {
    for (const Topic& topic : topics) {
      printf("%s\n", topic.name.c_str());
      for (const Case& one : topic.cases) printf("  %s (%zu steps)\n", one.name.c_str(), one.steps.size());
    }
    return 0;
  }
  if (arguments.check_recordings) return check_recordings(topics);

  if (arguments.renamed) {
    for (Topic& topic : topics) rename_topic(folder + "/renames.json", &topic);
  }
  Counts total;
  for (const auto& [topic, only_case] : select(topics, arguments.selected)) {
    if (topic.name == "auth" && !arguments.target.empty() && !arguments.accounts) {
      printf("skip auth: needs the recorded accounts and static token (--accounts says that the target has them)\n");
      continue;
    }
    if (arguments.show) {
      show(topic, only_case);
      continue;
    }
    total.add(judge(topic, only_case, arguments));
  }
  if (arguments.show) return 0;
  printf("%zu calls: %zu passed, %zu failed, %zu refused, %zu excepted, %zu sent only\n", total.calls, total.passed,
         total.failed, total.refused, total.excepted, total.not_judged);
  return total.failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse(argc, argv));
  } catch (const std::invalid_argument& e) {
    fprintf(stderr, "conformance-runner: %s\n%s", e.what(), usage);
    return 2;
  } catch (const std::exception& e) {
    fprintf(stderr, "conformance-runner: %s\n", e.what());
    return 2;
  }
}
