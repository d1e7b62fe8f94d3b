// Row JSON (specification 6): tagged or plain, decided per row.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stub/arrow/coerce.h"

namespace kalam::stub {

// Column name -> value with the type it was sent in.
using SentRow = std::map<std::string, TypedValue>;

struct RowJsonError {
  std::string message;        // "invalid row JSON: …"
  bool kills_server = false;  // an Embedding whose size is not the number of its values (6.2)
};

std::optional<SentRow> read_row_json(std::string_view text, RowJsonError& error);

// updates_json: an object or an array of objects, of which only the first counts; an empty array is no update.
std::optional<SentRow> read_updates_json(std::string_view text, RowJsonError& error);

}  // namespace kalam::stub
