// Names of KalamDB (spec 10.1), checked before anything is sent: what the server refuses half-way may leave a namespace
// behind, and some names end the server.
#include "extension/ddl/definition/definition.h"
#include "extension/remote/query.h"

extern "C" {
#include "utils/formatting.h"
}

namespace {

constexpr size_t MAX_NAME = 64;

const char* const reserved_words[] = {"alter",
                                      "analyze",
                                      "anti",
                                      "asof",
                                      "cluster",
                                      "connect",
                                      "create",
                                      "cross",
                                      "database",
                                      "delete",
                                      "distribute",
                                      "drop",
                                      "end",
                                      "except",
                                      "exclude",
                                      "exists",
                                      "explain",
                                      "fetch",
                                      "for",
                                      "format",
                                      "from",
                                      "full",
                                      "global",
                                      "group",
                                      "having",
                                      "index",
                                      "inner",
                                      "insert",
                                      "intersect",
                                      "interval",
                                      "into",
                                      "join",
                                      "lateral",
                                      "left",
                                      "limit",
                                      "match_condition",
                                      "match_recognize",
                                      "minus",
                                      "natural",
                                      "offset",
                                      "on",
                                      "open",
                                      "order",
                                      "outer",
                                      "partition",
                                      "pivot",
                                      "prewhere",
                                      "qualify",
                                      "returning",
                                      "right",
                                      "sample",
                                      "schema",
                                      "select",
                                      "semi",
                                      "set",
                                      "settings",
                                      "sort",
                                      "start",
                                      "struct",
                                      "table",
                                      "tables",
                                      "tablesample",
                                      "tablespace",
                                      "top",
                                      "trim",
                                      "union",
                                      "unpivot",
                                      "update",
                                      "using",
                                      "view",
                                      "where",
                                      "window",
                                      "with"};

const char* const reserved_namespaces[] = {"system",
                                           "sys",
                                           "root",
                                           "kalamdb",
                                           "kalam",
                                           "main",
                                           "default",
                                           "sql",
                                           "admin",
                                           "internal",
                                           "information_schema",
                                           "pg_catalog",
                                           "datafusion"};

// These begin a constraint in CREATE TABLE's list, so that the server's parser takes no column of the name.
const char* const constraint_words[] = {"check", "constraint", "foreign", "primary", "unique"};

bool is_one_of(const char* name, const char* const* words, int count) {
  for (int i = 0; i < count; i++) {
    if (strcmp(name, words[i]) == 0) return true;
  }
  return false;
}

enum class NameOf : uint8_t { name_space, table, column };

void check_name(const char* name, NameOf what) {
  const char* why = nullptr;
  const char* hint = nullptr;
  const char* noun = what == NameOf::name_space ? "namespace" : what == NameOf::table ? "table" : "column";
  char* folded = kalam_folded_name(name);

  if (strlen(name) > MAX_NAME) {
    why = "It has more than 64 characters.";
  } else if (name[0] == '_') {
    why = "KalamDB keeps names that start with an underscore to itself.";
  } else if (!kalam_is_plain_name(name)) {
    why = "Only ASCII letters, digits and underscores are allowed, and no digit first.";
  } else if (is_one_of(folded, reserved_words, lengthof(reserved_words)) ||
             (what == NameOf::column && is_one_of(folded, constraint_words, lengthof(constraint_words)))) {
    why = "It is a reserved word of KalamDB.";
  } else if (kalam_replaced_word(name, true) != nullptr) {
    why = "KalamDB replaces this word wherever it stands in a statement.";
  } else if (what == NameOf::name_space && is_one_of(folded, reserved_namespaces, lengthof(reserved_namespaces))) {
    why = "KalamDB keeps this name to itself.";
  }
  if (why == nullptr) return;

  switch (what) {
    case NameOf::name_space:
      hint = "The namespace is named after the schema. WITH (namespace = ...) names another one.";
      break;
    case NameOf::table:
      hint = "CREATE FOREIGN TABLE with option \"table\" gives the KalamDB table another name.";
      break;
    case NameOf::column:
      hint =
          "Give the KalamDB column another name, with OPTIONS (column_name '...') in CREATE FOREIGN TABLE or ADD "
          "COLUMN.";
      break;
  }
  ereport(ERROR, (errcode(ERRCODE_INVALID_NAME), errmsg("\"%s\" cannot be the name of a KalamDB %s", name, noun),
                  errdetail_internal("%s", why), errhint("%s", hint)));
}

}  // namespace

char* kalam_folded_name(const char* name) {
  return asc_tolower(name, strlen(name));
}

void kalam_check_names(const KalamTableDefinition* definition) {
  check_name(definition->name_space, NameOf::name_space);
  check_name(definition->table, NameOf::table);
  for (int i = 0; i < list_length(definition->columns); i++) {
    const auto* column = (const KalamColumnDefinition*)list_nth(definition->columns, i);
    check_name(column->name, NameOf::column);
    for (int j = 0; j < i; j++) {
      const auto* other = (const KalamColumnDefinition*)list_nth(definition->columns, j);
      if (strcmp(column->name, other->name) != 0) continue;
      if (strcmp(column->local_name, other->local_name) == 0) {
        ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
                        errmsg("column \"%s\" specified more than once", column->local_name)));
      }
      ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
                      errmsg("columns \"%s\" and \"%s\" would be one column of the KalamDB table", other->local_name,
                             column->local_name),
                      errdetail("KalamDB keeps no upper-case letters.")));
    }
  }
}
