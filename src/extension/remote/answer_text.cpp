#include "extension/remote/answer_text.h"

#include <cmath>

#include "extension/base/report.h"

extern "C" {
#include "common/jsonapi.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
}

namespace {

using kalam::ColumnKind;
using kalam::ColumnView;
using kalam::TimeUnit;

// Longest text that is looked at to see whether it is JSON.
constexpr size_t MAX_JSON_TEXT = 64 * 1024 * 1024;

template <typename T>
T value_at(const ColumnView* column, uint64 row) {
  return static_cast<const T*>(column->values)[row];
}

struct UnitScale {
  int64 per_second;
  int digits;
};

UnitScale unit_scale(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::second:
      return {1, 0};
    case TimeUnit::millisecond:
      return {1000, 3};
    case TimeUnit::microsecond:
      return {1000000, 6};
    case TimeUnit::nanosecond:
      return {1000000000, 9};
  }
  return {1, 0};
}

int64 floor_divide(int64 value, int64 divisor, int64* remainder) {
  int64 quotient = value / divisor;
  *remainder = value % divisor;
  if (*remainder < 0) {
    *remainder += divisor;
    quotient--;
  }
  return quotient;
}

// ".25" for 250,000 of 1,000,000; nothing for 0.
void append_fraction(StringInfo out, int64 fraction, int digits) {
  if (fraction == 0) return;
  char buffer[32];
  snprintf(buffer, sizeof(buffer), "%0*lld", digits, (long long)fraction);
  int size = digits;
  while (buffer[size - 1] == '0') size--;
  appendStringInfo(out, ".%.*s", size, buffer);
}

// Proleptic Gregorian date of a day number, for the whole range of int64 / 86400 (KalamDB stores any number, far
// outside of PostgreSQL's range). True for years before 1, which are written with "BC" at the very end.
bool append_date(StringInfo out, int64 days_since_1970) {
  int64 day_of_era;
  int64 era = floor_divide(days_since_1970 + 719468, 146097, &day_of_era);
  int64 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64 shifted_month = (5 * day_of_year + 2) / 153;  // March is 0
  int day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  int month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  int64 year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);

  bool before_christ = year <= 0;
  if (before_christ) year = 1 - year;
  appendStringInfo(out, "%04lld-%02d-%02d", (long long)year, month, day);
  return before_christ;
}

void append_time(StringInfo out, int64 value, TimeUnit unit) {
  UnitScale scale = unit_scale(unit);
  if (value < 0) appendStringInfoChar(out, '-');  // not a time of day, but KalamDB stores any number
  uint64 magnitude = value < 0 ? 0 - (uint64)value : (uint64)value;
  uint64 seconds = magnitude / (uint64)scale.per_second;
  appendStringInfo(out, "%02llu:%02llu:%02llu", (unsigned long long)(seconds / 3600),
                   (unsigned long long)(seconds / 60 % 60), (unsigned long long)(seconds % 60));
  append_fraction(out, (int64)(magnitude % (uint64)scale.per_second), scale.digits);
}

void append_timestamp(StringInfo out, const ColumnView* column, int64 value, char separator) {
  UnitScale scale = unit_scale(column->unit);
  int64 fraction, second_of_day;
  int64 seconds = floor_divide(value, scale.per_second, &fraction);
  int64 days = floor_divide(seconds, 86400, &second_of_day);

  bool before_christ = append_date(out, days);
  appendStringInfo(out, "%c%02d:%02d:%02d", separator, (int)(second_of_day / 3600), (int)(second_of_day / 60 % 60),
                   (int)(second_of_day % 60));
  append_fraction(out, fraction, scale.digits);
  if (column->has_timezone) appendStringInfoString(out, "+00:00");
  if (before_christ) appendStringInfoString(out, " BC");
}

// ISO 8601.
void append_duration(StringInfo out, int64 value, TimeUnit unit) {
  UnitScale scale = unit_scale(unit);
  uint64 magnitude = value < 0 ? 0 - (uint64)value : (uint64)value;
  appendStringInfo(out, "PT%s%llu", value < 0 ? "-" : "", (unsigned long long)(magnitude / (uint64)scale.per_second));
  append_fraction(out, (int64)(magnitude % (uint64)scale.per_second), scale.digits);
  appendStringInfoChar(out, 'S');
}

void append_interval(StringInfo out, const kalam::Interval& interval) {
  appendStringInfo(out, "P%dM%dD", interval.months, interval.days);
  // "PT…S" without its "P".
  StringInfoData time;
  initStringInfo(&time);
  append_duration(&time, interval.nanoseconds, TimeUnit::nanosecond);
  appendStringInfoString(out, time.data + 1);
  pfree(time.data);
}

void append_decimal(StringInfo out, const kalam::Int256& value, int scale) {
  uint32 limb[8];  // most significant first
  uint64 word[4];
  bool negative = (value.word[3] >> 63) != 0;
  uint64 carry = 1;

  for (int i = 0; i < 4; i++) {
    word[i] = value.word[i];
    if (negative) {
      word[i] = ~word[i] + carry;
      carry = carry != 0 && word[i] == 0 ? 1 : 0;
    }
  }
  for (int i = 0; i < 4; i++) {
    limb[7 - 2 * i] = (uint32)word[i];
    limb[6 - 2 * i] = (uint32)(word[i] >> 32);
  }

  char digits[80];  // 2^255 has 77 digits; from the back
  int count = 0;
  for (bool more = true; more;) {
    uint64 remainder = 0;
    more = false;
    for (uint32& part : limb) {
      uint64 current = (remainder << 32) | part;
      part = (uint32)(current / 10);
      remainder = current % 10;
      if (part != 0) more = true;
    }
    digits[count++] = (char)('0' + remainder);
  }

  if (negative) appendStringInfoChar(out, '-');
  if (scale < 0) {
    bool zero = count == 1 && digits[0] == '0';
    while (count > 0) appendStringInfoChar(out, digits[--count]);
    for (int i = 0; i < -scale && !zero; i++) appendStringInfoChar(out, '0');
    return;
  }
  int whole = count > scale ? count - scale : 0;
  if (whole == 0) appendStringInfoChar(out, '0');
  for (int i = 0; i < whole; i++) appendStringInfoChar(out, digits[count - 1 - i]);
  if (scale == 0) return;
  appendStringInfoChar(out, '.');
  for (int i = count; i < scale; i++) appendStringInfoChar(out, '0');
  for (int i = Min(count, scale) - 1; i >= 0; i--) appendStringInfoChar(out, digits[i]);
}

// JSON knows no infinities: they become strings, as PostgreSQL's to_json does.
void append_double(StringInfo out, double value, const char* shortest, KalamTextStyle style) {
  bool quote = style == KalamTextStyle::json && !std::isfinite(value);
  const char* text = std::isnan(value) ? "NaN" : std::isinf(value) ? (value < 0 ? "-Infinity" : "Infinity") : shortest;
  appendStringInfo(out, quote ? "\"%s\"" : "%s", text);
}

void append_hex(StringInfo out, const char* data, size_t size) {
  static const char digits[] = "0123456789abcdef";
  appendStringInfoString(out, "\\x");
  for (size_t i = 0; i < size; i++) {
    appendStringInfoChar(out, digits[(unsigned char)data[i] >> 4]);
    appendStringInfoChar(out, digits[(unsigned char)data[i] & 0xf]);
  }
}

void append_uuid(StringInfo out, const unsigned char* data) {
  for (int i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) appendStringInfoChar(out, '-');
    appendStringInfo(out, "%02x", data[i]);
  }
}

void append_text(StringInfo out, const ColumnView* column, const kalam::Slice& slice, KalamTextStyle style) {
  if (style == KalamTextStyle::plain || (column->is_json && memchr(slice.data, '\0', slice.size) == nullptr)) {
    char* text = kalam_text_from_remote(slice.data, slice.size);
    // The server does not check what it stores in JSON columns (spec 5.1).
    bool as_it_is = style == KalamTextStyle::plain || kalam_is_valid_json(text, strlen(text));
    if (as_it_is) appendStringInfoString(out, text);
    pfree(text);
    if (as_it_is) return;
  }
  kalam_append_json_string(out, slice.data, slice.size);
}

void append_list(StringInfo out, const ColumnView* child, uint64 first, uint64 count) {
  check_stack_depth();
  appendStringInfoChar(out, '[');
  for (uint64 i = 0; i < count; i++) {
    CHECK_FOR_INTERRUPTS();
    if (i > 0) appendStringInfoChar(out, ',');
    kalam_append_value(out, child, first + i, KalamTextStyle::json);
  }
  appendStringInfoChar(out, ']');
}

// Values that are strings in JSON and never need an escape.
void append_simple(StringInfo out, const ColumnView* column, uint64 row) {
  switch (column->kind) {
    case ColumnKind::date_days:
      if (append_date(out, value_at<int32_t>(column, row))) appendStringInfoString(out, " BC");
      break;
    case ColumnKind::date_millis: {
      int64 ignored;
      int64 days = floor_divide(value_at<int64_t>(column, row), 86400000, &ignored);
      if (append_date(out, days)) appendStringInfoString(out, " BC");
      break;
    }
    case ColumnKind::time_of_day:
      append_time(out, value_at<int64_t>(column, row), column->unit);
      break;
    case ColumnKind::timestamp:
      append_timestamp(out, column, value_at<int64_t>(column, row), 'T');
      break;
    case ColumnKind::duration:
      append_duration(out, value_at<int64_t>(column, row), column->unit);
      break;
    case ColumnKind::interval:
      append_interval(out, value_at<kalam::Interval>(column, row));
      break;
    default:
      break;
  }
}

}  // namespace

bool kalam_is_valid_json(const char* text, size_t size) {
  if (size == 0 || size > MAX_JSON_TEXT) return false;
  char* copy = pnstrdup(text, size);
#if PG_VERSION_NUM >= 170000
  JsonLexContext* lex = makeJsonLexContextCstringLen(nullptr, copy, size, GetDatabaseEncoding(), false);
#else
  JsonLexContext* lex = makeJsonLexContextCstringLen(copy, (int)size, GetDatabaseEncoding(), false);
#endif
  bool valid = pg_parse_json(lex, &nullSemAction) == JSON_SUCCESS;
  pfree(copy);
  return valid;
}

void kalam_append_json_string(StringInfo out, const char* text, size_t size) {
  appendStringInfoChar(out, '"');
  while (size > 0) {
    // In pieces between zero bytes, which text of the database's encoding cannot hold.
    size_t piece = strnlen(text, size);
    char* converted = kalam_text_from_remote(text, piece);
    for (const char* p = converted; *p != '\0'; p++) {
      switch (*p) {
        case '"':
        case '\\':
          appendStringInfoChar(out, '\\');
          appendStringInfoChar(out, *p);
          break;
        case '\n':
          appendStringInfoString(out, "\\n");
          break;
        case '\r':
          appendStringInfoString(out, "\\r");
          break;
        case '\t':
          appendStringInfoString(out, "\\t");
          break;
        default:
          if ((unsigned char)*p < 0x20) {
            appendStringInfo(out, "\\u%04x", (unsigned char)*p);
          } else {
            appendStringInfoChar(out, *p);
          }
      }
    }
    pfree(converted);
    text += piece;
    size -= piece;
    if (size > 0) {
      appendStringInfoString(out, "\\u0000");
      text++;
      size--;
    }
  }
  appendStringInfoChar(out, '"');
}

bool kalam_value_is_null(const ColumnView* column, uint64 row) {
  return column->kind == ColumnKind::null_type || (column->nulls != nullptr && column->nulls[row] != 0);
}

void kalam_append_value(StringInfo out, const ColumnView* column, uint64 row, KalamTextStyle style) {
  if (kalam_value_is_null(column, row)) {
    appendStringInfoString(out, "null");
    return;
  }
  bool json = style == KalamTextStyle::json;
  switch (column->kind) {
    case ColumnKind::null_type:
      break;
    case ColumnKind::boolean:
      appendStringInfoString(out, value_at<uint8_t>(column, row) != 0 ? "true" : "false");
      break;
    case ColumnKind::int8:
      appendStringInfo(out, "%d", value_at<int8_t>(column, row));
      break;
    case ColumnKind::int16:
      appendStringInfo(out, "%d", value_at<int16_t>(column, row));
      break;
    case ColumnKind::int32:
      appendStringInfo(out, "%d", value_at<int32_t>(column, row));
      break;
    case ColumnKind::int64:
      appendStringInfo(out, "%lld", (long long)value_at<int64_t>(column, row));
      break;
    case ColumnKind::uint8:
      appendStringInfo(out, "%u", value_at<uint8_t>(column, row));
      break;
    case ColumnKind::uint16:
      appendStringInfo(out, "%u", value_at<uint16_t>(column, row));
      break;
    case ColumnKind::uint32:
      appendStringInfo(out, "%u", value_at<uint32_t>(column, row));
      break;
    case ColumnKind::uint64:
      appendStringInfo(out, "%llu", (unsigned long long)value_at<uint64_t>(column, row));
      break;
    case ColumnKind::float32: {
      char shortest[FLOAT_SHORTEST_DECIMAL_LEN];
      float value = value_at<float>(column, row);
      float_to_shortest_decimal_buf(value, shortest);
      append_double(out, value, shortest, style);
      break;
    }
    case ColumnKind::float64: {
      char shortest[DOUBLE_SHORTEST_DECIMAL_LEN];
      double value = value_at<double>(column, row);
      double_to_shortest_decimal_buf(value, shortest);
      append_double(out, value, shortest, style);
      break;
    }
    case ColumnKind::decimal:
      append_decimal(out, value_at<kalam::Int256>(column, row), column->scale);
      break;
    case ColumnKind::date_days:
    case ColumnKind::date_millis:
    case ColumnKind::time_of_day:
    case ColumnKind::timestamp:
    case ColumnKind::duration:
    case ColumnKind::interval:
      if (json) appendStringInfoChar(out, '"');
      append_simple(out, column, row);
      if (json) appendStringInfoChar(out, '"');
      break;
    case ColumnKind::utf8:
      append_text(out, column, value_at<kalam::Slice>(column, row), style);
      break;
    case ColumnKind::binary: {
      const kalam::Slice& slice = static_cast<const kalam::Slice*>(column->values)[row];
      // A backslash is an escape in JSON.
      appendStringInfoString(out, json ? "\"\\" : "");
      append_hex(out, slice.data, slice.size);
      appendStringInfoString(out, json ? "\"" : "");
      break;
    }
    case ColumnKind::fixed_binary: {
      const char* data = static_cast<const char*>(column->values) + row * column->byte_width;
      bool uuid = column->byte_width == 16;  // KalamDB's UUID type, and nothing else (spec 5.1)
      appendStringInfoString(out, json ? (uuid ? "\"" : "\"\\") : "");
      if (uuid) {
        append_uuid(out, reinterpret_cast<const unsigned char*>(data));
      } else {
        append_hex(out, data, column->byte_width);
      }
      appendStringInfoString(out, json ? "\"" : "");
      break;
    }
    case ColumnKind::list:
      append_list(out, column->child, column->list_offsets[row],
                  column->list_offsets[row + 1] - column->list_offsets[row]);
      break;
    case ColumnKind::fixed_list:
      append_list(out, column->child, row * column->list_size, column->list_size);
      break;
  }
}
