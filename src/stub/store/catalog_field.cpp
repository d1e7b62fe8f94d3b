#include "stub/store/catalog_field.h"

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

Field system_field(const char* name, TypeId id, bool nullable, bool primary_key) {
  ColumnDef column;
  column.name = name;
  column.sql_type = sql_type_of(id);
  column.type = plain(id);
  column.nullable = nullable;
  column.primary_key = primary_key;
  return field_of(column);
}

Field plain_field(const char* name, TypeId id, bool nullable) {
  Field field;
  field.name = name;
  field.type = plain(id);
  field.nullable = nullable;
  return field;
}

}  // namespace kalam::stub
