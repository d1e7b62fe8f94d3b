// kalam-bench: the client library against a server, and against a bare loop of generated gRPC code.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client_side.h"
#include "grpc_side.h"
#include "memory.h"
#include "pace.h"
#include "quick_ack.h"
#include "statistics.h"

namespace {

using namespace kalam::bench;

constexpr const char* usage =
    R"(kalam-bench WHAT --target HOST:PORT [OPTION]…     (bench/run starts the servers and does everything)

  set-up     make the tables of namespace bench and fill them, in both targets
  reads      point reads, lookups in flight and scans, client and bare gRPC in turn
  inserts    inserts, client and bare gRPC in turn
  memory     peak memory of one scan
  pace       what each kind of call costs, beside the figures of a pace
  quick-ack  calls through a relay that behaves as a real server's sockets do

  --auth HEADER      value of "authorization"
  --rows N           rows of bench.wide (default 1000000)
  --runs N           runs of everything, interleaved (default 7)
  --side NAME        only client, blocking or async: for profilers that count a whole process
  --work NAME        only the work that begins so
  --calls N          calls of a run of point reads, and of quick-ack (default 2000, 50)
  --pace NAME        the pace (a file, or 0.4, the default)
  --tls-target H:P   a second server, with TLS, for quick-ack
  --ca FILE          its CA certificate
  --tls-name NAME    the name in its certificate
)";

struct Arguments {
  std::string what, side, work, pace = "0.4";
  Server server, tls;
  size_t rows = 1000000, runs = 7, calls = 0;
};

void parse_target(const std::string& text, Server* server) {
  size_t colon = text.rfind(':');
  if (colon == std::string::npos) die("not HOST:PORT: " + text);
  server->host = text.substr(0, colon);
  server->port = static_cast<uint16_t>(atoi(text.c_str() + colon + 1));
}

Arguments parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; i++) {
    std::string word = argv[i];
    auto value = [&]() -> std::string {
      if (i + 1 >= argc) die(word + " needs a value");
      return argv[++i];
    };
    if (word == "--target") {
      parse_target(value(), &out.server);
    } else if (word == "--tls-target") {
      parse_target(value(), &out.tls);
    } else if (word == "--ca") {
      out.tls.ca_file = value();
    } else if (word == "--tls-name") {
      out.tls.tls_name = value();
    } else if (word == "--auth") {
      out.server.authorization = out.tls.authorization = value();
    } else if (word == "--side") {
      out.side = value();
    } else if (word == "--pace") {
      out.pace = value();
    } else if (word == "--work") {
      out.work = value();
    } else if (word == "--rows") {
      out.rows = std::stoul(value());
    } else if (word == "--runs") {
      out.runs = std::stoul(value());
    } else if (word == "--calls") {
      out.calls = std::stoul(value());
    } else if (word == "--help" || word.starts_with("-")) {
      fputs(usage, word == "--help" ? stdout : stderr);
      exit(word == "--help" ? 0 : 2);
    } else {
      out.what = word;
    }
  }
  if (out.what.empty() || (out.server.port == 0 && (out.what != "set-up" || out.tls.port == 0))) {
    fputs(usage, stderr);
    exit(2);
  }
  return out;
}

struct Work {
  std::string name;
  size_t units;  // calls or rows in one run
  const char* unit;
  std::function<double(Side&)> run;
};

// Processor time of all threads of this process so far, in microseconds.
double processor_time() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  auto microseconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
}

// Every side does every work once per run, in turn, so that a busy moment of the machine hits all of them.
void compare(const Arguments& arguments, const std::vector<Work>& works) {
  std::vector<std::unique_ptr<Side>> sides;
  const std::string& only = arguments.side;
  if (only.empty() || only == "client") sides.push_back(std::make_unique<ClientSide>(arguments.server, false));
  if (only.empty() || only == "blocking") sides.push_back(make_grpc_side(arguments.server, false));
  if (only.empty() || only == "async") sides.push_back(make_grpc_side(arguments.server, true));
  if (sides.empty()) die("no side is called " + only);
  printf("\n%-34s %-20s %12s %12s %12s %14s %8s %10s %8s\n", "work", "by", "min us/unit", "median", "max", "units/s",
         "ratio", "CPU us", "ratio");
  for (const Work& work : works) {
    if (!work.name.starts_with(arguments.work)) continue;
    std::vector<std::vector<double>> taken(sides.size()), processor(sides.size());
    for (size_t run = 0; run <= arguments.runs; run++) {
      for (size_t i = 0; i < sides.size(); i++) {
        sides[i]->prepare();
        double before = processor_time();
        double microseconds = work.run(*sides[i]) / static_cast<double>(work.units);
        if (run == 0) continue;  // warms up
        taken[i].push_back(microseconds);
        processor[i].push_back((processor_time() - before) / static_cast<double>(work.units));
      }
    }
    double client = spread(taken[0]).median, client_processor = spread(processor[0]).median;
    for (size_t i = 0; i < sides.size(); i++) {
      Spread s = spread(taken[i]);
      printf("%-34s %-20s %12.3f %12.3f %12.3f %14.0f ", i == 0 ? (work.name + ", per " + work.unit).c_str() : "",
             sides[i]->name(), s.min, s.median, s.max, 1e6 / s.median);
      double own = spread(processor[i]).median;
      if (i == 0) {
        printf("%8s %10.3f\n", "", own);
      } else {
        printf("%8.2f %10.3f %8.2f\n", client / s.median, own, client_processor / own);
      }
    }
    fflush(stdout);
  }
  printf("ratio: the client's median divided by this one's; CPU: processor time of the whole process\n");
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments = parse(argc, argv);
  size_t calls = arguments.calls > 0 ? arguments.calls : arguments.what == "quick-ack" ? 50 : 2000;
  if (arguments.what == "set-up") {
    for (const Server& server : {arguments.server, arguments.tls}) {
      if (server.port != 0) ClientSide(server, false).set_up(static_cast<int64_t>(arguments.rows));
    }
  } else if (arguments.what == "reads") {
    size_t rows = arguments.rows;
    compare(arguments,
            {{"point read", calls, "call", [=](Side& side) { return side.point_reads(calls); }},
             {"1,000 lookups in flight", 1000, "lookup", [](Side& side) { return side.lookups_in_flight(1000); }},
             {"scan of 5 columns", rows, "row", [=](Side& side) { return side.scan(rows); }}});
  } else if (arguments.what == "inserts") {
    compare(arguments,
            {{"insert, 1 row a call", calls, "row", [=](Side& side) { return side.insert(calls, 1); }},
             {"insert, 1,000 rows a call", 100000, "row", [](Side& side) { return side.insert(100, 1000); }}});
  } else if (arguments.what == "memory") {
    measure_scan_memory(arguments.server, arguments.rows);
  } else if (arguments.what == "pace") {
    measure_pace(arguments.server, arguments.pace, arguments.rows, arguments.runs);
  } else if (arguments.what == "quick-ack") {
    return measure_quick_ack(arguments.server, arguments.tls, calls) ? 0 : 1;
  } else {
    fputs(usage, stderr);
    return 2;
  }
  return 0;
}
