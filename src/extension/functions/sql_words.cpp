#include "extension/functions/sql_words.h"

constexpr const char* BLANKS = " \t\r\n\f\v";

static bool is_word_character(char c) {
  return isalnum((unsigned char)c) || c == '_' || IS_HIGHBIT_SET(c);
}

// Behind the comment that begins here; `doubtful` when servers differ in where it ends. An open one ends with the text.
static const char* skip_comment(const char* at, bool* doubtful) {
  const char* begin = at;
  size_t size;
  if (at[1] == '-') {
    size = strcspn(at, "\n");
    at += size;
    // A line may end with a carriage return alone.
    const char* line_end = (const char*)memchr(begin, '\r', size);
    if (line_end != nullptr && line_end + 1 != at) *doubtful = true;
    return at;
  }
  const char* end = strstr(at + 2, "*/");
  if (end == nullptr) {
    *doubtful = true;
    return at + strlen(at);
  }
  // Comments may be nested.
  const char* inner = strstr(begin + 2, "/*");
  if (inner != nullptr && inner < end) *doubtful = true;
  return end + 2;
}

static bool begins_comment(const char* at) {
  return (at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*');
}

// Behind a literal or a quoted name, in which the quote stands twice.
static const char* skip_quoted(const char* at) {
  char quote = *at++;
  for (; *at != '\0'; at++) {
    if (*at != quote) continue;
    if (at[1] != quote) return at + 1;
    at++;
  }
  return at;
}

static KalamSqlWord word_at(const char* at) {
  KalamSqlWord word = {at, 0};
  while (is_word_character(at[word.size])) word.size++;
  return word;
}

static KalamSqlWord first_word(const char* sql, bool* doubtful) {
  for (;;) {
    sql += strspn(sql, BLANKS);
    if (*sql == '(') {
      sql++;
    } else if (begins_comment(sql)) {
      sql = skip_comment(sql, doubtful);
    } else {
      return word_at(sql);
    }
  }
}

static bool is_one_of(const KalamSqlWord* word, const char* const* words, int count) {
  for (int i = 0; i < count; i++)
    if (kalam_sql_word_is(word, words[i])) return true;
  return false;
}

// Whether a later word could be one of a part that writes, or a second statement follows.
static bool may_write(const char* at) {
  static const char* const writing[] = {"INSERT", "UPDATE",   "DELETE",  "MERGE", "INTO",  "CREATE", "DROP",
                                        "ALTER",  "TRUNCATE", "EXECUTE", "COPY",  "GRANT", "REVOKE"};
  bool doubtful = false;
  while (*at != '\0' && !doubtful) {
    if (begins_comment(at)) {
      at = skip_comment(at, &doubtful);
    } else if (*at == '\'' || *at == '"' || *at == '`') {
      at = skip_quoted(at);
    } else if (is_word_character(*at)) {
      KalamSqlWord word = word_at(at);
      if (is_one_of(&word, writing, lengthof(writing))) return true;
      at += word.size;
    } else if (*at == ';' && first_word(at + 1, &doubtful).size > 0) {
      return true;
    } else {
      at++;
    }
  }
  return doubtful;
}

KalamSqlWord kalam_sql_first_word(const char* sql) {
  bool ignored = false;
  return first_word(sql, &ignored);
}

bool kalam_sql_word_is(const KalamSqlWord* word, const char* text) {
  return word->size == strlen(text) && pg_strncasecmp(word->begin, text, word->size) == 0;
}

bool kalam_sql_only_reads(const char* sql) {
  static const char* const reading[] = {"SELECT", "WITH", "VALUES", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"};
  bool doubtful = false;
  KalamSqlWord first = first_word(sql, &doubtful);
  if (doubtful || !is_one_of(&first, reading, lengthof(reading))) return false;
  // Whether a backslash or a dollar sign is part of a quote depends on the server.
  return strpbrk(sql, "\\$") == nullptr && !may_write(sql);
}
