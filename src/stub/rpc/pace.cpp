#include "stub/rpc/pace.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace kalam::stub {

namespace {

using nlohmann::json;

const char kPace04[] =
#include "stub/rpc/pace-0.4.inc"
    ;

constexpr size_t kLongestFile = 65536;
constexpr size_t kMostPoints = 64;
constexpr double kLongestCall = 600000;  // ms
constexpr double kMostRows = 1e12;

const char* const kCallNames[] = {"Ping",
                                  "OpenSession",
                                  "CloseSession",
                                  "BeginTransaction",
                                  "CommitTransaction",
                                  "RollbackTransaction",
                                  "Insert",
                                  "Update",
                                  "Delete",
                                  "staged.Insert",
                                  "staged.Update",
                                  "staged.Delete",
                                  "Scan.key",
                                  "Scan.table",
                                  "ExecuteQuery.no_table",
                                  "ExecuteQuery.catalog",
                                  "ExecuteQuery.behind_last_version",
                                  "ExecuteQuery.count_all",
                                  "ExecuteQuery.table"};

[[noreturn]] void wrong(const std::string& text) {
  throw std::invalid_argument(text);
}

double number_in(const json& value, double most, const std::string& where) {
  if (!value.is_number()) wrong(where + " is not a number");
  auto number = value.get<double>();
  if (!std::isfinite(number) || number < 0 || number > most) wrong(where + " is out of range");
  return number;
}

}  // namespace

class PaceReader {
 public:
  static Pace read(const json& document) {
    if (!document.is_object()) wrong("a pace is a JSON object");
    Pace pace;
    for (const auto& [name, value] : document.items()) {
      if (name == "about" || name == "notes") continue;
      if (name != "calls") wrong("unknown member \"" + name + "\"");
      if (!value.is_object()) wrong("\"calls\" is not an object");
      for (const auto& [call, body] : value.items()) pace.calls_[call] = read_call(call, body);
    }
    if (pace.calls_.empty()) wrong("\"calls\" is missing or empty");
    return pace;
  }

 private:
  static Pace::Call read_call(const std::string& name, const json& body) {
    const std::string call = "call \"" + name + "\"";
    if (std::find(std::begin(kCallNames), std::end(kCallNames), name) == std::end(kCallNames)) wrong("unknown " + call);
    if (!body.is_object()) wrong(call + " is not an object");
    Pace::Call result;
    for (const auto& [member, value] : body.items()) {
      const std::string where = call + ", \"" + member + "\"";
      if (member == "alone_ms") {
        result.flat.alone_ms = number_in(value, kLongestCall, where);
      } else if (member == "serial_ms") {
        result.flat.serial_ms = number_in(value, kLongestCall, where);
      } else if (member == "per_row_us") {
        result.per_row_us = number_in(value, kLongestCall, where);
      } else if (member == "per_table_of_the_server_us") {
        result.per_table_us = number_in(value, kLongestCall, where);
      } else if (member == "hot" || member == "cold") {
        (member == "hot" ? result.hot : result.cold) = read_points(value, where);
      } else {
        wrong("unknown member \"" + member + "\" of " + call);
      }
    }
    bool flat = body.contains("alone_ms") && body.contains("serial_ms");
    bool by_rows = body.contains("hot") && body.contains("cold");
    bool mixed =
        body.contains("alone_ms") || body.contains("serial_ms") ? body.contains("hot") || body.contains("cold") : false;
    if (mixed || flat == by_rows) wrong(call + " needs either \"alone_ms\" and \"serial_ms\" or \"hot\" and \"cold\"");
    return result;
  }

  static std::vector<Pace::Point> read_points(const json& state, const std::string& where) {
    if (!state.is_object() || state.size() != 1 || !state.contains("points")) {
      wrong(where + " is not an object with \"points\" alone");
    }
    const json& list = state["points"];
    if (!list.is_array() || list.empty() || list.size() > kMostPoints) {
      wrong(where + " needs 1 to " + std::to_string(kMostPoints) + " points");
    }
    std::vector<Pace::Point> points;
    for (const json& entry : list) {
      if (!entry.is_array() || entry.size() != 3) wrong(where + ": a point is [rows, alone_ms, serial_ms]");
      Pace::Point point;
      point.rows = number_in(entry[0], kMostRows, where + ", rows");
      point.cost.alone_ms = number_in(entry[1], kLongestCall, where + ", alone_ms");
      point.cost.serial_ms = number_in(entry[2], kLongestCall, where + ", serial_ms");
      if (!points.empty() && point.rows <= points.back().rows) wrong(where + ": rows do not rise");
      points.push_back(point);
    }
    return points;
  }
};

std::optional<Pace> Pace::parse(std::string_view text, std::string& error) {
  if (text.size() > kLongestFile) {
    error = "is longer than " + std::to_string(kLongestFile) + " bytes";
    return std::nullopt;
  }
  try {
    return PaceReader::read(json::parse(text));
  } catch (const json::exception& failure) {
    error = failure.what();
  } catch (const std::invalid_argument& failure) {
    error = failure.what();
  }
  return std::nullopt;
}

std::optional<Pace> Pace::load(const std::string& name, std::string& error) {
  if (name == "0.4") return parse(kPace04, error);
  std::ifstream file(name, std::ios::binary);
  std::string text(kLongestFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    error = "could not read pace \"" + name + "\"";
    return std::nullopt;
  }
  text.resize(static_cast<size_t>(file.gcount()));
  auto pace = parse(text, error);
  if (!pace) error = "invalid pace \"" + name + "\": " + error;
  return pace;
}

// Between points and beyond the last the line through two of them. Below the first the same line, as long as it does
// not fall faster than the rows do, nor below a Ping.
Cost Pace::by_rows(const std::vector<Point>& points, double rows) const {
  if (points.size() == 1) return points[0].cost;
  size_t above = 1;
  while (above + 1 < points.size() && points[above].rows < rows) above++;
  const Point& from = points[above - 1];
  const Point& to = points[above];
  double share = (rows - from.rows) / (to.rows - from.rows);
  double least = rows < from.rows ? rows / from.rows : 0;
  auto ping = calls_.find("Ping");
  Cost floor = ping == calls_.end() ? Cost{} : ping->second.flat;
  auto between = [&](double a, double b, double ping_ms) {
    return std::max({a + share * (b - a), least * a, std::min(a, ping_ms)});
  };
  return {between(from.cost.alone_ms, to.cost.alone_ms, floor.alone_ms),
          between(from.cost.serial_ms, to.cost.serial_ms, floor.serial_ms)};
}

Cost Pace::cost(const Work& work) const {
  auto found = calls_.find(pace_name(work));
  if (found == calls_.end()) found = calls_.find("Ping");
  if (found == calls_.end()) return {};
  const Call& call = found->second;
  Cost cost = call.flat;
  if (!call.hot.empty()) {
    // A table that is partly flushed costs of both by their share.
    auto hot = static_cast<double>(work.hot_rows);
    auto cold = static_cast<double>(work.cold_rows);
    double all = hot + cold;
    double flushed = all > 0 ? cold / all : 0;
    Cost of_hot = by_rows(call.hot, all);
    Cost of_cold = by_rows(call.cold, all);
    cost.alone_ms = of_hot.alone_ms + flushed * (of_cold.alone_ms - of_hot.alone_ms);
    cost.serial_ms = of_hot.serial_ms + flushed * (of_cold.serial_ms - of_hot.serial_ms);
  }
  double more =
      (call.per_row_us * static_cast<double>(work.rows) + call.per_table_us * static_cast<double>(work.tables)) / 1000;
  return {cost.alone_ms + more, cost.serial_ms + more};
}

std::string pace_name(const Work& work) {
  if (work.call != "ExecuteQuery" && work.call != "ExecuteSql") return work.call;
  switch (work.reads) {
    case Reads::no_table:
      return "ExecuteQuery.no_table";
    case Reads::catalog:
      return "ExecuteQuery.catalog";
    case Reads::behind_last_version:
      return "ExecuteQuery.behind_last_version";
    case Reads::count_all:
      return "ExecuteQuery.count_all";
    case Reads::table:
      break;
  }
  return "ExecuteQuery.table";
}

}  // namespace kalam::stub
