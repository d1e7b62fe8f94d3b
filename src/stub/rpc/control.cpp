#include "stub/rpc/control.h"

#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace kalam::stub {

const char* const kControlUsage =
    R"(Usage: kalam-stub control [--tls-ca FILE [--tls-cert FILE --tls-key FILE] [--tls-name NAME]] HOST:PORT COMMAND [ARGUMENT]

Commands
  fault JSON      order a fault; members:
                    method        "Scan", "Insert" …; "*" (default): any
                    match         only calls whose request holds this text (of a statement, a name)
                    call          hit the k-th such call from now on (default: every one)
                    times         hit that many calls from there on
                    code, message an error, by name or number; "when": "before" (default) or "after" it was applied
                    not_leader    the leader's address: KalamDB's redirect error of that method ("none": unknown)
                    delay_ms      wait before the call
                    black_hole    never answer
                    cut           "before" or "after" the call was applied: close the client's connection
                    stall         nothing passes on the client's connection any more, until "clear"
                    wrong_bytes   true: the answer is garbage; "arrow": its Arrow streams are
                    truncate      true: half of the answer; "arrow": half of each Arrow stream
                    spoil         a text: where it stands in the answer are bytes that are not UTF-8
                    oversize      add that many bytes to the answer
                    repeat        send the answer's Arrow streams, its rows, that often
                    prune         the call's session is gone before it runs
                    restart       all sessions and transactions are gone before it runs
                    abort         all open transactions are aborted before it runs, as by a change of leader
                    kill          the program dies; "when": "after" the call was applied, before its answer
  faults          what was ordered, and how often it hit
  clear           forget all faults, end all stalls
  log             the calls so far, as a JSON array; secrets are masked
  clear-log       forget them
  advance TIME    move the clock: 7s, 500ms, 2m, 1h
  freeze [UNIX]   stop the clock (at these seconds); unfreeze lets it run on
  now             the clock's reading in Unix microseconds
  flush-seconds S, cleanup-seconds S
                  how long jobs of later statements say "running"
  job-status [S]  what system.jobs says of jobs that have not ended, in place of "running"; nothing: they are not listed
  manifest WHAT   what system.manifest says in place of the truth: NS.TABLE JSON (members scope, sync_state,
                  manifest_json; "missing": no row), hidden (there is no such relation); nothing: the truth again
  prune [ID]      forget this session, or all
  restart         forget all sessions and transactions, as a restart of the server does
  cut             close all client connections
  flush NS.TABLE ROWS
                  that many versions, the oldest, as by a job that has not ended
  fill NS.TABLE ROWS
                  rows 1 to ROWS into an empty SHARED table: other integers are the number modulo 1000, texts
                  "row <number>", other columns NULL
  nodes JSON      other nodes of system.cluster: [{"node_id":2,"rpc_addr":"…","api_addr":"…","is_leader":true}]
  stop            end the program
)";

std::optional<int64_t> parse_duration(const std::string& text) {
  char* end = nullptr;
  double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str()) return std::nullopt;
  std::string unit = end;
  double factor = unit.empty() || unit == "s" ? 1e6
                  : unit == "ms"              ? 1e3
                  : unit == "us"              ? 1
                  : unit == "m"               ? 6e7
                  : unit == "h"               ? 3.6e9
                                              : 0;
  if (factor == 0) return std::nullopt;
  return static_cast<int64_t>(number * factor);
}

// The argument is NS.TABLE ROWS.
Status Control::with_table(const std::string& command, const std::string& argument,
                           const std::function<Status(const TableDef&, int64_t)>& action) {
  size_t dot = argument.find('.');
  size_t blank = argument.find(' ');
  char* end = nullptr;
  int64_t number = blank == std::string::npos ? 0 : std::strtoll(argument.c_str() + blank, &end, 10);
  if (dot == std::string::npos || number < 1 || *end != '\0' || dot > blank) {
    return Status::failure(kInvalidArgument, command + " wants NAMESPACE.TABLE ROWS");
  }
  std::lock_guard lock(server_.store().mutex());
  auto table = server_.store().find_table(argument.substr(0, dot), argument.substr(dot + 1, blank - dot - 1));
  if (table == nullptr) return Status::failure(kNotFound, "there is no such table");
  return action(*table, number);
}

Status Control::set_manifest(const std::string& argument) {
  std::lock_guard lock(server_.store().mutex());
  ManifestOverride said = argument.empty() ? ManifestOverride{} : server_.store().manifest_override();
  if (argument == "hidden") {
    said.hidden = true;
  } else if (!argument.empty()) {
    size_t blank = argument.find(' ');
    auto members = nlohmann::json::parse(blank == std::string::npos ? "" : argument.substr(blank), nullptr, false);
    if (!members.is_object())
      return Status::failure(kInvalidArgument, "manifest wants NAMESPACE.TABLE and a JSON object");
    auto& row = said.tables[argument.substr(0, blank)];
    row.clear();
    for (const auto& [name, value] : members.items()) {
      if (name != "scope" && name != "sync_state" && name != "manifest_json" && name != "missing") {
        return Status::failure(kInvalidArgument, "unknown member \"" + name + "\"");
      }
      row[name] = value.is_string() ? value.get<std::string>() : value.dump();
    }
  }
  server_.store().set_manifest_override(std::move(said));
  return {};
}

Status Control::execute(const std::string& command, const std::string& argument, std::string& result) {
  auto invalid = [](const std::string& text) { return Status::failure(kInvalidArgument, text); };
  auto duration = [&] { return parse_duration(argument); };
  if (command == "fault") {
    std::string error;
    auto fault = Faults::parse(argument, error);
    if (!fault) return invalid("invalid fault: " + error);
    faults_.add(*fault);
  } else if (command == "faults") {
    result = faults_.describe();
  } else if (command == "clear") {
    faults_.clear();
    if (relay_ != nullptr) relay_->release();
  } else if (command == "log") {
    result = log_.dump();
  } else if (command == "clear-log") {
    log_.clear();
  } else if (command == "advance") {
    auto time = duration();
    if (!time) return invalid("invalid time \"" + argument + "\"");
    server_.clock().advance(*time);
  } else if (command == "freeze") {
    server_.clock().freeze(static_cast<int64_t>(std::strtod(argument.c_str(), nullptr) * 1e6));
  } else if (command == "unfreeze") {
    server_.clock().unfreeze();
  } else if (command == "now") {
    result = std::to_string(server_.clock().now_us());
  } else if (command == "flush-seconds" || command == "cleanup-seconds") {
    auto time = duration();
    if (!time) return invalid("invalid time \"" + argument + "\"");
    std::lock_guard lock(server_.store().mutex());
    if (command == "flush-seconds") {
      server_.store().jobs().set_flush_duration(*time);
    } else {
      server_.store().jobs().set_cleanup_duration(*time);
    }
  } else if (command == "job-status") {
    std::lock_guard lock(server_.store().mutex());
    server_.store().jobs().set_open_status(argument);
  } else if (command == "manifest") {
    return set_manifest(argument);
  } else if (command == "prune") {
    server_.prune(argument);
  } else if (command == "restart") {
    server_.restart();
    if (relay_ != nullptr) relay_->cut(0);
  } else if (command == "cut") {
    if (relay_ == nullptr) return Status::failure(kFailedPrecondition, "there is no relay (--no-relay)");
    relay_->cut(0);
  } else if (command == "nodes") {
    auto list = nlohmann::json::parse(argument, nullptr, false);
    if (!list.is_array()) return invalid("nodes wants a JSON array");
    std::vector<ClusterNode> nodes;
    for (const auto& entry : list) {
      if (!entry.is_object()) return invalid("a node is a JSON object");
      nodes.push_back({entry.value("node_id", int64_t{2}), entry.value("rpc_addr", ""), entry.value("api_addr", ""),
                       entry.value("is_leader", false)});
    }
    server_.set_nodes(std::move(nodes));
  } else if (command == "fill") {
    return with_table(command, argument, [this](const TableDef& table, int64_t rows) {
      std::string error = server_.store().fill(table, rows);
      return error.empty() ? Status{} : Status::failure(kFailedPrecondition, error);
    });
  } else if (command == "flush") {
    return with_table(command, argument, [&](const TableDef& table, int64_t most) {
      result = std::to_string(server_.store().flush_table(table, most));
      return Status{};
    });
  } else if (command == "stop") {
    stop_();
  } else {
    return invalid("unknown command \"" + command + "\"");
  }
  return {};
}

}  // namespace kalam::stub
