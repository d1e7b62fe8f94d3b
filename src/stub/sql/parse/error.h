// How a statement ends when it does not end with an answer. Thrown inside the SQL engine only; execute_statement turns
// it into a status.
#pragma once

#include <string>
#include <utility>

#include "stub/arrow/cast.h"
#include "stub/sql/parse/outcome.h"

namespace kalam::stub::sql {

struct SqlError {
  int grpc_code;
  std::string text;
};

// The statement fails on the real server too, with this text.
[[noreturn]] inline void fail(std::string text) {
  throw SqlError{kInternal, std::move(text)};
}

// The statement may well succeed on the real server, but its answer there is not known here. The prefix makes such an
// answer recognisable in tests.
[[noreturn]] inline void refuse(const std::string& what) {
  throw SqlError{kInternal, "kalam-stub does not evaluate: " + what};
}

}  // namespace kalam::stub::sql
