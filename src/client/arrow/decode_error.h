// How decoding fails inside this folder; ResultReader turns it into a Status.
#pragma once

#include "client/wall.h"

#include <stdexcept>
#include <string>

#include "client/api.h"

namespace kalam::arrow {

// `what` is a sentence for Status::detail.
struct DecodeError : std::runtime_error {
  explicit DecodeError(const std::string& what, ErrorClass error_class = ErrorClass::protocol)
      : std::runtime_error(what), error(error_class) {}
  DecodeError(const std::string& what, const std::string& column_name)
      : std::runtime_error(what), column(column_name) {}
  ErrorClass error = ErrorClass::protocol;
  std::string column;  // empty: none
};

}  // namespace kalam::arrow
