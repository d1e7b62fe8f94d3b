// The catalog's rendering is made for people: String("it's"), Number(5), Bool(true), Null, NOW(), SNOWFLAKE_ID().
#include "extension/ddl/definition/remote_default.h"

#include "extension/base/report.h"
#include "extension/catalog/own.h"
#include "extension/remote/answer_text.h"

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
}

// What stands between "NAME(" and ")"; NULL when it is no such form.
static char* argument_of(const char* rendered, const char* name) {
  size_t begin = strlen(name);
  size_t end = strlen(rendered);
  if (strncmp(rendered, name, begin) != 0 || rendered[begin] != '(' || rendered[end - 1] != ')') return nullptr;
  return pnstrdup(rendered + begin + 1, end - begin - 2);
}

// A character that is written as u{…}; where it ends, or NULL.
static const char* append_code_point(StringInfo out, const char* text) {
  unsigned long code = 0;
  const char* p = text + 1;
  if (*p++ != '{') return nullptr;
  for (; isxdigit((unsigned char)*p) && code <= 0x10ffff; p++) {
    code =
        code * 16 + (unsigned long)(isdigit((unsigned char)*p) ? *p - '0' : (pg_tolower((unsigned char)*p) - 'a' + 10));
  }
  if (*p != '}' || code == 0 || code > 0x10ffff) return nullptr;
  unsigned char utf8[8] = {};
  unicode_to_utf8((pg_wchar)code, utf8);
  char* converted = kalam_text_from_remote((const char*)utf8, (size_t)pg_utf_mblen(utf8));
  appendStringInfoString(out, converted);
  return p;
}

// The text of String("…"), whose escapes are those of Rust; NULL when it is another form.
static char* text_of(const char* rendered) {
  char* quoted = argument_of(rendered, "String");
  size_t size = quoted != nullptr ? strlen(quoted) : 0;
  if (size < 2 || quoted[0] != '"' || quoted[size - 1] != '"') return nullptr;
  quoted[size - 1] = '\0';

  StringInfoData text;
  initStringInfo(&text);
  for (const char* p = quoted + 1; *p != '\0'; p++) {
    if (*p != '\\') {
      if (*p == '"') return nullptr;
      appendStringInfoChar(&text, *p);
      continue;
    }
    switch (*++p) {
      case '"':
      case '\\':
      case '\'':
        appendStringInfoChar(&text, *p);
        break;
      case 'n':
        appendStringInfoChar(&text, '\n');
        break;
      case 'r':
        appendStringInfoChar(&text, '\r');
        break;
      case 't':
        appendStringInfoChar(&text, '\t');
        break;
      case 'u':
        p = append_code_point(&text, p);
        if (p == nullptr) return nullptr;
        break;
      default:
        return nullptr;
    }
  }
  return text.data;
}

// Number(5), and String("-5"), which is how negative ones come. `fraction`: 1.5 as well.
static char* number_of(const char* rendered, bool fraction) {
  char* text = argument_of(rendered, "Number");
  if (text == nullptr) text = text_of(rendered);
  if (text == nullptr) return nullptr;
  const char* p = text + (*text == '-' ? 1 : 0);
  size_t digits = strspn(p, "0123456789");
  if (digits == 0) return nullptr;
  p += digits;
  if (fraction && *p == '.') {
    digits = strspn(++p, "0123456789");
    if (digits == 0) return nullptr;
    p += digits;
  }
  return *p == '\0' ? text : nullptr;
}

static char* integer_of(const char* rendered, int64 low, int64 high) {
  char* text = number_of(rendered, false);
  if (text == nullptr) return nullptr;
  errno = 0;
  long long value = strtoll(text, nullptr, 10);
  // The lowest one cannot be written with its sign alone.
  return errno == 0 && value > low && value <= high ? text : nullptr;
}

static bool is_date(const char* text) {
  int year, month, day, length = 0;
  if (strspn(text, "0123456789-") != 10 || sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &length) != 3)
    return false;
  return length == 10 && year >= 1 && month >= 1 && month <= MONTHS_PER_YEAR && day >= 1 &&
         day <= day_tab[isleap(year)][month - 1];
}

static bool is_time(const char* text) {
  int hour, minute, second, length = 0;
  if (sscanf(text, "%2d:%2d:%2d%n", &hour, &minute, &second, &length) != 3 || length != 8) return false;
  if (strspn(text, "0123456789:") != 8 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 59)
    return false;
  text += length;
  if (*text == '\0') return true;
  size_t digits = strspn(text + 1, "0123456789");
  return *text == '.' && digits >= 1 && digits <= 6 && text[1 + digits] == '\0';
}

static bool is_timestamp(const char* text) {
  return strlen(text) > 11 && (text[10] == ' ' || text[10] == 'T') && is_date(pnstrdup(text, 10)) && is_time(text + 11);
}

static bool is_uuid(const char* text) {
  if (strlen(text) != 36) return false;
  for (int i = 0; i < 36; i++) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i])) return false;
  }
  return true;
}

static char* typed_literal(const char* type, const char* text) {
  return psprintf("%s %s", type, quote_literal_cstr(text));
}

static bool is_now(const char* rendered) {
  return strcmp(rendered, "NOW()") == 0 || strcmp(rendered, "CURRENT_TIMESTAMP()") == 0;
}

static char* snowflake_call() {
  ForeignDataWrapper* wrapper = GetForeignDataWrapperByName(KALAM_FDW_NAME, false);
  const char* schema = get_namespace_name(get_func_namespace(wrapper->fdwhandler));
  return psprintf("%s()", quote_qualified_identifier(schema, "snowflake_id"));
}

char* kalam_local_default(const char* rendered, const kalam::RemoteType* type) {
  using kalam::RemoteKind;
  char* text;

  if (rendered == nullptr) return nullptr;
  switch (type->kind) {
    case RemoteKind::boolean:
      if (strcmp(rendered, "Bool(true)") == 0) return pstrdup("true");
      return strcmp(rendered, "Bool(false)") == 0 ? pstrdup("false") : nullptr;
    case RemoteKind::smallint:
      return integer_of(rendered, PG_INT16_MIN, PG_INT16_MAX);
    case RemoteKind::integer:
      return integer_of(rendered, PG_INT32_MIN, PG_INT32_MAX);
    case RemoteKind::bigint:
      if (strcmp(rendered, "SNOWFLAKE_ID()") == 0) return snowflake_call();
      return integer_of(rendered, PG_INT64_MIN, PG_INT64_MAX);
    case RemoteKind::real:
    case RemoteKind::double_precision:
    case RemoteKind::decimal:
      return number_of(rendered, true);
    case RemoteKind::text:
      text = text_of(rendered);
      return text != nullptr ? quote_literal_cstr(text) : nullptr;
    case RemoteKind::json:
      text = text_of(rendered);
      return text != nullptr && kalam_is_valid_json(text, strlen(text)) ? quote_literal_cstr(text) : nullptr;
    case RemoteKind::uuid:
      text = text_of(rendered);
      return text != nullptr && is_uuid(text) ? typed_literal("uuid", text) : nullptr;
    case RemoteKind::date:
      text = text_of(rendered);
      return text != nullptr && is_date(text) ? typed_literal("date", text) : nullptr;
    case RemoteKind::time:
      text = text_of(rendered);
      return text != nullptr && is_time(text) ? typed_literal("time", text) : nullptr;
    case RemoteKind::datetime:
      if (is_now(rendered)) return pstrdup("now()");
      text = text_of(rendered);
      return text != nullptr && is_timestamp(text) ? typed_literal("timestamptz", psprintf("%s+00", text)) : nullptr;
    case RemoteKind::timestamp:
      if (is_now(rendered)) return pstrdup("(now() AT TIME ZONE 'UTC')");
      text = text_of(rendered);
      return text != nullptr && is_timestamp(text) ? typed_literal("timestamp", text) : nullptr;
    default:
      return nullptr;
  }
}
