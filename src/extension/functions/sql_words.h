// What can be told of a statement of KalamDB's that a user has written, without understanding it.
#pragma once

#include "extension/base/compat.h"

// A word of a statement, in place. Size 0: there is none.
struct KalamSqlWord {
  const char* begin;
  size_t size;
};

// The first word behind blanks, comments and parentheses.
KalamSqlWord kalam_sql_first_word(const char* sql);

// Whether it is this one, in any case.
bool kalam_sql_word_is(const KalamSqlWord* word, const char* text);

// Whether the statement surely changes nothing: it begins as a query, SHOW, DESCRIBE or EXPLAIN, and nothing in it
// could be a part that writes. What may be read in two ways counts as writing.
bool kalam_sql_only_reads(const char* sql);
