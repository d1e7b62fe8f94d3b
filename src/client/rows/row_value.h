// One value of a row in KalamDB's tagged JSON.
#pragma once

#include "client/wall.h"

#include <string>

#include "client/api.h"

namespace kalam {

// Appends `value` with the tag of the column's type (spec 6.2, 6.3). False and a Status that names the column when the
// value does not fit; `out` then ends somewhere in the value.
bool append_row_value(const std::string& column, const RemoteType& type, bool not_null, const Value& value,
                      std::string* out, Status* status);

}  // namespace kalam
