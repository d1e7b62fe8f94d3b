// Names of KalamDB (spec 10.1), checked before anything is sent: what the server refuses half-way may leave a namespace
// behind, and some names end the server.
#include "extension/ddl/definition/definition.h"
#include "extension/remote/query.h"

extern "C" {
#include "utils/formatting.h"
}

constexpr size_t MAX_NAME = 64;

static const char* const reserved_words[] = {"alter",
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

static const char* const reserved_namespaces[] = {"system",
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
static const char* const constraint_words[] = {"check", "constraint", "foreign", "primary", "unique"};

static bool is_one_of(const char* name, const char* const* words, int count) {
  for (int i = 0; i < count; i++) {
    if (strcmp(name, words[i]) == 0) return true;
  }
  return false;
}

static const char* noun_of(KalamNameOf what) {
  return what == KalamNameOf::name_space ? "namespace" : what == KalamNameOf::table ? "table" : "column";
}

// Why KalamDB does not take a name; NULL: it does.
static const char* find_fault(const char* name, KalamNameOf what) {
  const char* folded = kalam_folded_name(name);
  if (strlen(name) > MAX_NAME) return "It has more than 64 characters.";
  if (name[0] == '_') return "KalamDB keeps names that start with an underscore to itself.";
  if (!kalam_is_plain_name(name)) return "Only ASCII letters, digits and underscores are allowed, and no digit first.";
  if (is_one_of(folded, reserved_words, lengthof(reserved_words)) ||
      (what == KalamNameOf::column && is_one_of(folded, constraint_words, lengthof(constraint_words)))) {
    return "It is a reserved word of KalamDB.";
  }
  if (kalam_replaced_word(name, true) != nullptr)
    return "KalamDB replaces this word wherever it stands in a statement.";
  if (what == KalamNameOf::name_space && is_one_of(folded, reserved_namespaces, lengthof(reserved_namespaces))) {
    return "KalamDB keeps this name to itself.";
  }
  return nullptr;
}

static void check_name(const char* name, KalamNameOf what) {
  const char* why = find_fault(name, what);
  if (why == nullptr) return;
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_NAME), errmsg("\"%s\" cannot be the name of a KalamDB %s", name, noun_of(what)),
           errdetail_internal("%s", why)));
}

// Letters, digits and underscores alone, of which a letter is the first.
static char* plain_name(const char* folded) {
  StringInfoData name;
  const char* start = folded + strspn(folded, "_");
  initStringInfo(&name);
  if (*start == '\0' || isdigit((unsigned char)*start)) appendStringInfoChar(&name, 'n');
  for (const char* p = start; *p != '\0'; p++) {
    bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');
    // One underscore for a character of several bytes.
    if (is_plain) {
      appendStringInfoChar(&name, *p);
    } else if (name.len == 0) {
      appendStringInfoChar(&name, 'n');
    } else if (name.data[name.len - 1] != '_' || *p == '_') {
      appendStringInfoChar(&name, '_');
    }
  }
  return name.data;
}

// The same name for the same local one at all times; `*why`: KalamDB does not take that one.
static char* choose_name(const char* local_name, KalamNameOf what, const char** why) {
  char* folded = kalam_folded_name(local_name);
  *why = find_fault(folded, what);
  if (*why == nullptr) return folded;
  char* name = plain_name(folded);
  return find_fault(name, what) != nullptr ? psprintf("%s_", name) : name;
}

void kalam_tell_name(const char* local_name, const char* name, KalamNameOf what, const char* why) {
  ereport(NOTICE, (errmsg("%s \"%s\" is named \"%s\" in KalamDB", noun_of(what), local_name, name),
                   errdetail_internal("%s", why)));
}

static bool is_taken(const KalamTableDefinition* definition, const char* name) {
  ListCell* cell;
  foreach (cell, definition->columns) {
    const auto* column = (const KalamColumnDefinition*)lfirst(cell);
    if (column->name != nullptr && strcmp(column->name, name) == 0) return true;
  }
  return false;
}

char* kalam_folded_name(const char* name) {
  return asc_tolower(name, strlen(name));
}

char* kalam_chosen_name(const char* local_name, KalamNameOf what, const char** why) {
  const char* fault;
  char* name = choose_name(local_name, what, &fault);
  if (why != nullptr) {
    *why = fault;
  } else if (fault != nullptr) {
    kalam_tell_name(local_name, name, what, fault);
  }
  return name;
}

void kalam_choose_column_names(KalamTableDefinition* definition) {
  ListCell* cell;
  foreach (cell, definition->columns) {
    auto* column = (KalamColumnDefinition*)lfirst(cell);
    const char* why;
    if (column->name == nullptr &&
        strcmp(choose_name(column->local_name, KalamNameOf::column, &why), column->local_name) == 0)
      column->name = column->local_name;
  }
  // Names that are as they were written come first.
  foreach (cell, definition->columns) {
    auto* column = (KalamColumnDefinition*)lfirst(cell);
    if (column->name != nullptr) continue;
    const char* why;
    const char* chosen = choose_name(column->local_name, KalamNameOf::column, &why);
    const char* name = chosen;
    for (int number = 2; is_taken(definition, name); number++) name = psprintf("%s_%d", chosen, number);
    if (name != chosen && why == nullptr) why = "KalamDB keeps no upper-case letters.";
    if (why != nullptr) kalam_tell_name(column->local_name, name, KalamNameOf::column, why);
    column->name = name;
  }
}

void kalam_check_names(const KalamTableDefinition* definition) {
  check_name(definition->name_space, KalamNameOf::name_space);
  check_name(definition->table, KalamNameOf::table);
  for (int i = 0; i < list_length(definition->columns); i++) {
    const auto* column = (const KalamColumnDefinition*)list_nth(definition->columns, i);
    check_name(column->name, KalamNameOf::column);
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
