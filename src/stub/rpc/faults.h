// Faults that tests order: which call they hit, and what happens to it.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>

#include "stub/base/status.h"

namespace kalam::stub {

struct Fault {
  enum class Cut { none, before, after };
  enum class Damage { none, message, arrow };

  std::string method = "*";  // "Scan" …, "*": any
  std::string match;         // only calls whose request holds this text
  int64_t call = 0;          // the k-th matching call from now on; 0: every one
  int64_t times = 0;         // how many calls it hits from there; 0: one with `call`, else all
  bool after = false;        // the error comes after the call was applied
  int code = kOk;
  std::string message;
  std::string not_leader;  // the leader's address; "none": unknown
  int64_t delay_ms = 0;
  bool black_hole = false;
  bool stall = false;  // nothing goes through the call's connection any more
  Cut cut = Cut::none;
  Damage wrong_bytes = Damage::none;
  Damage truncate = Damage::none;
  std::string spoil;      // a text of the answer that becomes bytes which are not UTF-8
  uint64_t oversize = 0;  // bytes added to the answer
  uint64_t repeat = 1;    // how often the answer's Arrow streams come
  bool prune = false;     // the session is pruned before the call
  bool restart = false;   // all sessions and transactions are gone before the call
  bool abort = false;     // all open transactions are aborted before the call
  bool kill = false;      // the process dies, before or (`after`) behind the call

  int64_t seen = 0;
  int64_t hit = 0;
};

class Faults {
 public:
  // From JSON; nullopt: `error` says what is wrong with it.
  static std::optional<Fault> parse(const std::string& text, std::string& error);

  void add(Fault fault);
  void clear();
  // The fault that hits this call, if any; counts the call. `request`: the bytes of its message.
  std::optional<Fault> take(const std::string& method, const std::string& request = "");
  std::string describe();  // JSON array

 private:
  std::mutex mutex_;
  std::list<Fault> faults_;
};

}  // namespace kalam::stub
