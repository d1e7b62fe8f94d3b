// The one text of values of fixed width, as PostgreSQL writes them: at the top of an answer and inside of structs.
#pragma once

#include "client/wall.h"

#include <cstddef>

#include "client/api.h"

namespace kalam::arrow {

// What is known of a value besides its bytes, as in ColumnView.
struct ValueTextType {
  ColumnKind kind;
  TimeUnit unit;
  bool has_timezone;
  int scale;
};

// Writes the text of one value, which need not be aligned, and returns its size. 0 for other kinds.
size_t value_text(const ValueTextType& type, const void* value, char (&text)[kValueTextBytes]);

}  // namespace kalam::arrow
