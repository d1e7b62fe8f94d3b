// Prints what differs from the recorded answers of a topic: `stub-sql-transcript TOPIC [CASE…]`.
#include <cstdio>

#include "transcript.h"

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: %s TOPIC [CASE...]\n", arguments[0]);
    return 2;
  }
  kalam::stub::test::Player player;
  size_t good = 0;
  size_t refused = 0;
  auto played = player.play(arguments[1], {arguments + 2, arguments + count});
  for (const auto& step : played) {
    good += step.difference.empty() ? 1 : 0;
    refused += !step.difference.empty() && step.refused ? 1 : 0;
    if (step.difference.empty()) continue;
    std::printf("%s: %.300s\n    %.900s\n", step.step.c_str(), step.sql.c_str(), step.difference.c_str());
  }
  std::printf("%zu steps, %zu as recorded, %zu refused, %zu different\n", played.size(), good, refused,
              played.size() - good - refused);
  return 0;
}
