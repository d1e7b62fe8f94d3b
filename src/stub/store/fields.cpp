#include "stub/store/fields.h"

#include "stub/arrow/types.h"

namespace kalam::stub {

namespace {

const char* sql_type_of(TypeId id) {
  switch (id) {
    case TypeId::boolean:
      return "BOOLEAN";
    case TypeId::int32:
      return "INT";
    case TypeId::int64:
      return "BIGINT";
    case TypeId::timestamp:
      return "TIMESTAMP";
    default:
      return "TEXT";
  }
}

}  // namespace

Field field_of(const ColumnDef& column) {
  Field field;
  field.name = column.name;
  field.type = column.type;
  field.nullable = column.nullable;
  field.metadata["kalam_data_type"] = kalam_data_type(column.sql_type, column.type);
  if (column.primary_key) {
    field.metadata["kalam_column_flags"] = R"(["pk","nn","uq"])";
  } else if (!column.nullable) {
    field.metadata["kalam_column_flags"] = R"(["nn"])";
  }
  return field;
}

Field system_field(const char* name, TypeId id, bool nullable, bool primary_key) {
  ColumnDef column;
  column.name = name;
  column.sql_type = sql_type_of(id);
  column.type = type_of(id);
  column.nullable = nullable;
  column.primary_key = primary_key;
  return field_of(column);
}

Field plain_field(const char* name, TypeId id, bool nullable) {
  Field field;
  field.name = name;
  field.type = type_of(id);
  field.nullable = nullable;
  return field;
}

}  // namespace kalam::stub
