// The handle of a call: its operation, and what reading its results needs. Used by the caller's thread alone.
#pragma once

#include "client/wall.h"

#include <memory>
#include <string>

#include "client/api.h"
#include "client/arrow/result_reader.h"
#include "client/base/status.h"
#include "client/session/operation.h"

namespace kalam {

struct Call {
  std::shared_ptr<Operation> operation;

  // Made when results are asked for the first time; takes the response with it.
  mutable std::unique_ptr<ResultReader> reader;
  mutable bool reader_made = false;
  bool keep_response = false;  // for another reader
  bool is_lookup = false;      // a scan with filters
  uint64_t waited_us = 0;
  mutable KeptStatus reader_status;
  mutable std::string message;
};

}  // namespace kalam
