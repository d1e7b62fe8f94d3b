// Values as plain JSON, which is half as long as the tagged form, where the server makes exactly the column's value of
// them (spec 6.1, 6.4); and from there to the tagged form.
//
// The server coerces plain values where rows are inserted outside of its transactions or in one that inserts into one
// table alone, and where rows are updated: an integer into every integer type, a DATE (days), a TIME, TIMESTAMP or
// DATETIME (microseconds); text into FLOAT and DOUBLE, into UUID, and into DECIMAL, whose digits it reads one by one:
// "1e2" is refused there. BYTES would store the characters of a text, and what an EMBEDDING makes of a number is not
// known: these stay tagged, as does the TIME 24:00:00.
#pragma once

#include "client/wall.h"

#include <string>
#include <string_view>

#include "client/api.h"

namespace kalam {

enum class PlainValue {
  no,  // it must be tagged, or does not fit the column, which the tagged form tells; `out` ends somewhere in it
  yes,
  like_a_tag,  // as yes, but the server would take a row of such values alone for a tagged one
};

PlainValue append_plain_value(const RemoteType& type, const Value& value, std::string* out);

// How many bytes the tagged form of a plain value takes more, at most.
size_t most_added_by_tag(const RemoteType& type);

// Appends the tagged form of a value that append_plain_value() has made for the same type. False: it has not made that;
// `out` ends somewhere in it.
bool append_tagged(const RemoteType& type, std::string_view plain, std::string* out);

}  // namespace kalam
