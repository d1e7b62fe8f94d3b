// Values of a decoded answer as text, for answers that are not read into typed slots: catalog queries (plain) and
// kalam_exec (JSON).
#pragma once

#include "client/api.h"
#include "extension/base/compat.h"

enum class KalamTextStyle : uint8_t {
  plain,  // the text alone; the caller handles NULL
  json,   // a JSON value
};

// Whether text of the database's encoding is JSON. False for what is longer than 64 MB.
bool kalam_is_valid_json(const char* text, size_t size);

bool kalam_value_is_null(const kalam::ColumnView* column, uint64 row);

// Appends value `row` of the column in the database's encoding.
void kalam_append_value(StringInfo out, const kalam::ColumnView* column, uint64 row, KalamTextStyle style);

// Appends a JSON string made of remote text (UTF-8, not trusted; U+0000 is kept as an escape).
void kalam_append_json_string(StringInfo out, const char* text, size_t size);
