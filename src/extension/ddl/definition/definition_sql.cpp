// The remote CREATE TABLE statement (spec 10.3).
#include "extension/ddl/definition/definition.h"
#include "extension/options/option_table.h"
#include "extension/options/options.h"
#include "extension/remote/query.h"

extern "C" {
#include "catalog/pg_foreign_table.h"
#include "commands/defrem.h"
#include "utils/formatting.h"
}

void kalam_append_option_sql(StringInfo sql, const DefElem* element) {
  const KalamOption* option = kalam_option_find(element->defname, ForeignTableRelationId);
  char* value = defGetString((DefElem*)element);
  bool flag;

  appendStringInfo(sql, "%s = ", asc_toupper(element->defname, strlen(element->defname)));
  if (option->type == KalamOptionType::integer) {
    appendStringInfo(sql, "%lld", strtoll(value, nullptr, 10));
  } else if (option->type == KalamOptionType::boolean && parse_bool(value, &flag)) {
    appendStringInfoString(sql, flag ? "TRUE" : "FALSE");
  } else {
    appendStringInfoString(sql, kalam_quote_literal(value));
  }
}

void kalam_append_column_sql(StringInfo sql, const KalamColumnDefinition* column) {
  if (column->type_sql == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("column \"%s\" has a type that KalamDB does not have", column->local_name),
                    errdetail_internal("%s", column->no_type_why)));
  }
  appendStringInfo(sql, "%s %s", column->name, column->type_sql);
  if (column->is_key) {
    appendStringInfoString(sql, " PRIMARY KEY");
  } else if (column->not_null) {
    appendStringInfoString(sql, " NOT NULL");
  }
  if (column->default_sql != nullptr) appendStringInfo(sql, " DEFAULT %s", column->default_sql);
}

char* kalam_create_sql(const KalamTableDefinition* definition) {
  StringInfoData sql;
  const char* separator = "";
  ListCell* cell;

  initStringInfo(&sql);
  const char* kind = kalam_table_kind_text(definition->kind);
  appendStringInfo(&sql, "CREATE %s TABLE %s (", asc_toupper(kind, strlen(kind)),
                   kalam_quote_table(definition->name_space, definition->table));
  foreach (cell, definition->columns) {
    appendStringInfoString(&sql, separator);
    kalam_append_column_sql(&sql, (KalamColumnDefinition*)lfirst(cell));
    separator = ", ";
  }
  appendStringInfoChar(&sql, ')');

  separator = " WITH (";
  foreach (cell, definition->options) {
    appendStringInfoString(&sql, separator);
    kalam_append_option_sql(&sql, (DefElem*)lfirst(cell));
    separator = ", ";
  }
  if (definition->options != NIL) appendStringInfoChar(&sql, ')');
  return sql.data;
}
