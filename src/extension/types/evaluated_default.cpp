#include "extension/types/evaluated_default.h"

#include "extension/base/snowflake.h"

extern "C" {
#include "datatype/timestamp.h"
#include "mb/pg_wchar.h"
#include "utils/datetime.h"
#include "utils/uuid.h"
}

using kalam::RemoteKind;
using kalam::Value;
using kalam::ValueKind;

// ---------------------------------------------------------------- literals

static bool starts_with(const char* text, const char* prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

// What is between `prefix` and a closing bracket at the end; NULL when that is not the form.
static char* inside(const char* shown, const char* prefix) {
  size_t size = strlen(shown);
  size_t before = strlen(prefix);
  if (!starts_with(shown, prefix) || size < before + 1 || shown[size - 1] != ')') return nullptr;
  return pnstrdup(shown + before, size - before - 1);
}

static int append_utf8(char* to, pg_wchar code) {
  unicode_to_utf8(code, (unsigned char*)to);
  return pg_utf_mblen((unsigned char*)to);
}

// "it's \"so\"": the text that a quoted one means, in place. NULL for an escape that is not known.
static char* unquoted(char* quoted) {
  size_t size = strlen(quoted);
  if (size < 2 || quoted[0] != '"' || quoted[size - 1] != '"') return nullptr;
  quoted[size - 1] = '\0';
  char* to = quoted;
  for (const char* from = quoted + 1; *from != '\0'; from++) {
    if (*from != '\\') {
      *to++ = *from;
      continue;
    }
    switch (*++from) {
      case 'n':
        *to++ = '\n';
        break;
      case 'r':
        *to++ = '\r';
        break;
      case 't':
        *to++ = '\t';
        break;
      case '"':
      case '\'':
      case '\\':
        *to++ = *from;
        break;
      case 'u': {
        char* end;
        if (from[1] != '{') return nullptr;
        unsigned long code = strtoul(from + 2, &end, 16);
        if (*end != '}' || end == from + 2 || code == 0 || code > 0x10FFFF) return nullptr;
        to += append_utf8(to, (pg_wchar)code);
        from = end;
        break;
      }
      default:
        return nullptr;
    }
  }
  *to = '\0';
  return quoted;
}

static void set_bytes(Value* value, const char* text) {
  value->kind = ValueKind::bytes;
  value->bytes.data = text;
  value->bytes.size = strlen(text);
}

// ---------------------------------------------------------------- numbers

static bool read_integer(const char* text, int64* number) {
  char* end;
  errno = 0;
  if (*text == '\0' || isspace((unsigned char)*text)) return false;
  *number = strtoll(text, &end, 10);
  if (errno != 0) return false;
  // A number with decimals is cut (spec 6.4).
  if (*end == '.') end += 1 + strspn(end + 1, "0123456789");
  return *end == '\0';
}

static bool fits_integer(RemoteKind kind, int64 number) {
  switch (kind) {
    case RemoteKind::smallint:
      return number >= PG_INT16_MIN && number <= PG_INT16_MAX;
    case RemoteKind::integer:
    case RemoteKind::date:
      return number >= PG_INT32_MIN && number <= PG_INT32_MAX;
    default:
      return true;
  }
}

static bool read_double(const char* text, double* number) {
  char* end;
  if (*text == '\0' || isspace((unsigned char)*text)) return false;
  *number = strtod(text, &end);
  return *end == '\0';
}

static bool read_boolean(const char* text, bool* truth) {
  static const char* const yes[] = {"true", "t", "yes", "y", "on", "1"};
  static const char* const no[] = {"false", "f", "no", "n", "off", "0"};
  for (size_t i = 0; i < lengthof(yes); i++) {
    *truth = pg_strcasecmp(text, yes[i]) == 0;
    if (*truth || pg_strcasecmp(text, no[i]) == 0) return true;
  }
  return false;
}

// Decimal text with no more decimals than the column has: rounded half away from zero, as KalamDB does. NULL: no
// number.
static char* rounded(const char* text, int scale) {
  const char* sign = *text == '-' ? "-" : "";
  if (*text == '-' || *text == '+') text++;
  size_t whole = strspn(text, "0123456789");
  const char* decimals = text[whole] == '.' ? text + whole + 1 : text + whole;
  size_t count = strspn(decimals, "0123456789");
  if (whole + count == 0 || decimals[count] != '\0') return nullptr;
  size_t kept = Min(count, (size_t)scale);
  char* digits = psprintf("0%.*s%.*s", (int)whole, text, (int)kept, decimals);
  if (count > kept && decimals[kept] >= '5') {
    char* digit = digits + strlen(digits) - 1;
    for (; *digit == '9'; digit--) *digit = '0';
    (*digit)++;
  }
  int before = (int)(whole + 1);
  return kept > 0 ? psprintf("%s%.*s.%s", sign, before, digits, digits + before) : psprintf("%s%s", sign, digits);
}

// ---------------------------------------------------------------- dates and times

// `count` digits; the text behind them, or NULL.
static const char* read_digits(const char* text, int count, int* number) {
  if (text == nullptr) return nullptr;
  *number = 0;
  for (int i = 0; i < count; i++) {
    if (!isdigit((unsigned char)text[i])) return nullptr;
    *number = *number * 10 + (text[i] - '0');
  }
  return text + count;
}

static const char* read_character(const char* text, char wanted) {
  return text != nullptr && *text == wanted ? text + 1 : nullptr;
}

// Days since 1970 of yyyy-mm-dd.
static const char* read_date(const char* text, int64* days) {
  int year;
  int month;
  int day;
  text = read_digits(read_character(read_digits(text, 4, &year), '-'), 2, &month);
  text = read_digits(read_character(text, '-'), 2, &day);
  if (text == nullptr || year < 1 || month < 1 || month > 12 || day < 1 || day > day_tab[isleap(year)][month - 1])
    return nullptr;
  *days = date2j(year, month, day) - UNIX_EPOCH_JDATE;
  return text;
}

// Microseconds of hh:mm[:ss[.f…]]; digits behind the sixth are cut.
static const char* read_time(const char* text, bool needs_seconds, int64* micros) {
  int hour;
  int minute;
  int second = 0;
  int64 fraction = 0;
  text = read_digits(read_character(read_digits(text, 2, &hour), ':'), 2, &minute);
  if (text == nullptr || hour > 23 || minute > 59) return nullptr;
  if (*text == ':') {
    text = read_digits(text + 1, 2, &second);
    if (text == nullptr || second > 59) return nullptr;
    if (*text == '.') {
      int64 unit = 100000;
      if (!isdigit((unsigned char)*++text)) return nullptr;
      for (; isdigit((unsigned char)*text); text++, unit /= 10) fraction += (*text - '0') * unit;
    }
  } else if (needs_seconds) {
    return nullptr;
  }
  *micros = ((int64)hour * 3600 + minute * 60 + second) * USECS_PER_SEC + fraction;
  return text;
}

// Microseconds since 1970 in UTC of a date alone or with a time, and a zone.
static bool read_timestamp(const char* text, int64* micros) {
  int64 days;
  int64 time = 0;
  text = read_date(text, &days);
  if (text == nullptr) return false;
  if (*text == ' ' || *text == 'T') {
    text = read_time(text + 1, true, &time);
    if (text == nullptr) return false;
    if (*text == 'Z') {
      text++;
    } else if (*text == '+' || *text == '-') {
      int sign = *text == '-' ? 1 : -1;
      int hours;
      int minutes = 0;
      text = read_digits(text + 1, 2, &hours);
      if (text != nullptr && *text == ':') text = read_digits(text + 1, 2, &minutes);
      if (text == nullptr || hours > 23 || minutes > 59) return false;
      time += sign * ((int64)hours * 3600 + minutes * 60) * USECS_PER_SEC;
    }
  }
  *micros = days * USECS_PER_DAY + time;
  return *text == '\0';
}

// ---------------------------------------------------------------- others

// The sixteen bytes of a UUID in any usual spelling.
static bool read_uuid(const char* text, Value* value) {
  auto* bytes = (unsigned char*)palloc0(UUID_LEN);
  int digits = 0;
  if (pg_strncasecmp(text, "urn:uuid:", 9) == 0) text += 9;
  for (; *text != '\0'; text++) {
    if (*text == '-' || *text == '{' || *text == '}') continue;
    if (!isxdigit((unsigned char)*text) || digits == 2 * UUID_LEN) return false;
    int digit = isdigit((unsigned char)*text) ? *text - '0' : pg_tolower((unsigned char)*text) - 'a' + 10;
    bytes[digits / 2] |= (unsigned char)(digit << (digits % 2 == 0 ? 4 : 0));
    digits++;
  }
  value->kind = ValueKind::bytes;
  value->bytes.data = bytes;
  value->bytes.size = UUID_LEN;
  return digits == 2 * UUID_LEN;
}

// [0.5,1]: as many numbers as the column has dimensions.
static bool read_vector(const char* text, uint32 dimension, Value* value) {
  auto* numbers = (float*)palloc(sizeof(float) * Max(dimension, 1));
  uint32 count = 0;
  const char* p = text + strspn(text, " ");
  if (*p++ != '[') return false;
  while (count < dimension) {
    char* end;
    numbers[count++] = strtof(p, &end);
    if (end == p) return false;
    p = end + strspn(end, " ");
    if (*p != ',') break;
    p++;
  }
  if (count != dimension || *p++ != ']' || p[strspn(p, " ")] != '\0') return false;
  value->kind = ValueKind::vector;
  value->bytes.data = numbers;
  value->bytes.size = dimension;
  return true;
}

// A literal's text as a value of the column, as the server's casts do it (spec 6.4). False: they would refuse it.
static bool value_of_text(const char* text, const kalam::RemoteType* type, Value* value) {
  switch (type->kind) {
    case RemoteKind::boolean:
      value->kind = ValueKind::boolean;
      return read_boolean(text, &value->b);
    case RemoteKind::smallint:
    case RemoteKind::integer:
    case RemoteKind::bigint:
      value->kind = ValueKind::integer;
      return read_integer(text, &value->i) && fits_integer(type->kind, value->i);
    case RemoteKind::real: {
      double number;
      if (!read_double(text, &number)) return false;
      value->kind = ValueKind::real;
      value->f = (float)number;
      return true;
    }
    case RemoteKind::double_precision:
      value->kind = ValueKind::double_precision;
      return read_double(text, &value->d);
    case RemoteKind::text:
    case RemoteKind::json:
    case RemoteKind::file:
    case RemoteKind::bytes:
      set_bytes(value, text);
      return true;
    case RemoteKind::decimal: {
      const char* number = rounded(text, type->scale);
      if (number != nullptr) set_bytes(value, number);
      return number != nullptr;
    }
    case RemoteKind::date: {
      value->kind = ValueKind::integer;
      const char* end = read_date(text, &value->i);
      return end != nullptr && (*end == '\0' || *end == 'T');
    }
    case RemoteKind::time: {
      value->kind = ValueKind::integer;
      const char* end = read_time(text, false, &value->i);
      return end != nullptr && *end == '\0';
    }
    case RemoteKind::timestamp:
    case RemoteKind::datetime:
      value->kind = ValueKind::integer;
      return read_timestamp(text, &value->i);
    case RemoteKind::uuid:
      return read_uuid(text, value);
    case RemoteKind::embedding:
      return read_vector(text, type->dimension, value);
    case RemoteKind::other:
      return false;
  }
  return false;
}

// A number written without quotes: days, microseconds and truth as well.
static bool value_of_number(const char* text, const kalam::RemoteType* type, Value* value) {
  switch (type->kind) {
    case RemoteKind::boolean: {
      double number;
      if (!read_double(text, &number)) return false;
      value->kind = ValueKind::boolean;
      value->b = number != 0;
      return true;
    }
    case RemoteKind::date:
    case RemoteKind::time:
    case RemoteKind::timestamp:
    case RemoteKind::datetime:
      value->kind = ValueKind::integer;
      return read_integer(text, &value->i) && fits_integer(type->kind, value->i);
    case RemoteKind::decimal: {
      // The server reads a number with decimals as a double, whose binary value it rounds.
      double number;
      if (text[strspn(text, "+-0123456789")] == '\0') return value_of_text(text, type, value);
      return read_double(text, &number) && value_of_text(psprintf("%.60f", number), type, value);
    }
    default:
      return value_of_text(text, type, value);
  }
}

static bool value_of_boolean(const char* text, const kalam::RemoteType* type, Value* value) {
  bool is_number = type->kind != RemoteKind::boolean && type->kind != RemoteKind::text;
  if (type->kind == RemoteKind::decimal) return false;
  return value_of_text(!is_number ? text : strcmp(text, "true") == 0 ? "1" : "0", type, value);
}

// ---------------------------------------------------------------- functions

// Milliseconds, as the server's clock has them.
static int64 now_micros() {
  int64 micros = GetCurrentTimestamp() + (int64)(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
  return micros - micros % 1000;
}

static bool value_of_now(const kalam::RemoteType* type, Value* value) {
  value->kind = ValueKind::integer;
  value->i = now_micros();
  if (type->kind == RemoteKind::date) value->i /= USECS_PER_DAY;
  return type->kind == RemoteKind::timestamp || type->kind == RemoteKind::datetime || type->kind == RemoteKind::date;
}

static void random_bytes(unsigned char* bytes, size_t size) {
  if (!pg_strong_random(bytes, size))
    ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
}

// Forty-eight bits of Unix milliseconds, then chance: what UUIDs of version 7 and ULIDs have in common.
static void ordered_bytes(unsigned char* bytes) {
  uint64 milliseconds = (uint64)(now_micros() / 1000);
  random_bytes(bytes, UUID_LEN);
  for (int i = 0; i < 6; i++) bytes[i] = (unsigned char)(milliseconds >> (40 - 8 * i));
}

static bool value_of_uuid(const kalam::RemoteType* type, Value* value) {
  auto* bytes = (unsigned char*)palloc(UUID_LEN);
  ordered_bytes(bytes);
  bytes[6] = (unsigned char)((bytes[6] & 0x0F) | 0x70);
  bytes[8] = (unsigned char)((bytes[8] & 0x3F) | 0x80);
  if (type->kind == RemoteKind::uuid) {
    value->kind = ValueKind::bytes;
    value->bytes.data = bytes;
    value->bytes.size = UUID_LEN;
    return true;
  }
  char* text = (char*)palloc(2 * UUID_LEN + 5);
  char* to = text;
  for (int i = 0; i < UUID_LEN; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *to++ = '-';
    to += sprintf(to, "%02x", bytes[i]);
  }
  set_bytes(value, text);
  return type->kind == RemoteKind::text;
}

static bool value_of_ulid(const kalam::RemoteType* type, Value* value) {
  static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  constexpr int LENGTH = 26;  // of five bits each, the first ones of which are zero
  unsigned char bytes[UUID_LEN];
  ordered_bytes(bytes);
  char* text = (char*)palloc0(LENGTH + 1);
  for (int i = LENGTH - 1, bit = 0; i >= 0; i--, bit += 5) {
    unsigned five = 0;
    for (int k = 0; k < 5 && bit + k < 8 * UUID_LEN; k++) {
      int place = bit + k;
      five |= (unsigned)((bytes[UUID_LEN - 1 - place / 8] >> (place % 8)) & 1) << k;
    }
    text[i] = digits[five];
  }
  set_bytes(value, text);
  return type->kind == RemoteKind::text;
}

static bool value_of_snowflake(const kalam::RemoteType* type, Value* value) {
  return value_of_text(psprintf(INT64_FORMAT, kalam_snowflake_next()), type, value);
}

static bool evaluate(const char* shown, const kalam::RemoteType* type, Value* value) {
  if (char* quoted = inside(shown, "String("); quoted != nullptr) {
    char* text = unquoted(quoted);
    return text != nullptr && value_of_text(text, type, value);
  }
  if (char* text = inside(shown, "Number("); text != nullptr) return value_of_number(text, type, value);
  if (char* text = inside(shown, "Bool("); text != nullptr) return value_of_boolean(text, type, value);
  if (pg_strcasecmp(shown, "NOW()") == 0 || pg_strcasecmp(shown, "CURRENT_TIMESTAMP()") == 0)
    return value_of_now(type, value);
  if (pg_strcasecmp(shown, "SNOWFLAKE_ID()") == 0) return value_of_snowflake(type, value);
  if (pg_strcasecmp(shown, "UUID_V7()") == 0) return value_of_uuid(type, value);
  if (pg_strcasecmp(shown, "ULID()") == 0) return value_of_ulid(type, value);
  return false;
}

static bool is_declared(const KalamRelation* relation, const KalamRemoteColumn* column) {
  for (int i = 0; i < relation->attribute_count; i++)
    if (relation->attribute_column[i] == column - relation->columns) return true;
  return false;
}

bool kalam_has_remote_default(const KalamRemoteColumn* column) {
  const char* shown = column->default_value;
  return !column->is_system && shown != nullptr && shown[0] != '\0' && strcmp(shown, "Null") != 0;
}

void kalam_evaluate_default(const KalamRelation* relation, const KalamRemoteColumn* column, Value* value) {
  char* shown = pg_server_to_any(column->default_value, (int)strlen(column->default_value), PG_UTF8);
  if (evaluate(shown, &column->type, value)) return;
  // A literal that no INSERT of KalamDB's SQL could store either.
  if (starts_with(shown, "String(") && !column->not_null) {
    value->kind = ValueKind::null_value;
    return;
  }
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("cannot evaluate the default of column \"%s\" of KalamDB table \"%s\"", column->name,
                         relation->remote_name),
                  errdetail("An INSERT request applies no defaults, and KalamDB's is %s.", column->default_value),
                  is_declared(relation, column)
                      ? errhint("Give the column a value, or a default in PostgreSQL.")
                      : errhint("Add the column to foreign table \"%s\", and give it a value or a default there.",
                                relation->local_name)));
}
