#include <algorithm>

#include "stub/arrow/coerce.h"
#include "stub/ddl/column_parser.h"
#include "stub/ddl/statements.h"

namespace kalam::stub::ddl {

namespace {

SqlOutcome column_exists(const std::string& name) {
  return SqlOutcome::failure("Invalid operation: Column '" + name + "' already exists");
}
SqlOutcome column_missing(const std::string& name) {
  return SqlOutcome::failure("Invalid operation: Column '" + name + "' does not exist");
}
SqlOutcome syntax_error(const std::string& error) {
  return SqlOutcome::failure("Invalid SQL: " + error);
}

// One operation on a copy of the definition.
class Alteration {
 public:
  Alteration(Store& store, const TableDef& before, Cursor& cursor) : store_(store), table_(before), cursor_(cursor) {}

  SqlOutcome run();

 private:
  ColumnDef* find(const std::string& name) {
    for (ColumnDef& column : table_.columns) {
      if (column.name == name) return &column;
    }
    return nullptr;
  }

  SqlOutcome add_column();
  SqlOutcome drop_column();
  SqlOutcome rename_column();
  SqlOutcome modify_column();
  SqlOutcome alter_column();
  SqlOutcome set_properties();
  SqlOutcome done(const std::string& operation, int64_t version);
  SqlOutcome save(const std::string& operation);

  Store& store_;
  TableDef table_;
  Cursor& cursor_;
};

SqlOutcome Alteration::done(const std::string& operation, int64_t version) {
  return SqlOutcome::done("Table " + table_.name_space + "." + table_.name + " altered successfully: " + operation +
                          " (version " + std::to_string(version) + ")");
}

SqlOutcome Alteration::save(const std::string& operation) {
  table_.version++;
  table_.key_hidden = false;
  table_.options_json = options_json(table_);
  int64_t version = table_.version;
  store_.replace_table(table_);
  return done(operation, version);
}

SqlOutcome Alteration::add_column() {
  if (cursor_.accept("IF")) {
    cursor_.accept("NOT");
    cursor_.accept("EXISTS");
  }
  Token name = cursor_.next();
  ColumnDef column;
  column.name = to_lower(name.value);
  std::string error;
  if (!parse_column_body(cursor_, column, error)) return syntax_error(error);
  if (cursor_.is(",")) return syntax_error("Only one ALTER TABLE operation is supported per statement");
  if (find(column.name) != nullptr) return column_exists(column.name);
  column.primary_key = false;
  std::string operation = "ADD COLUMN " + column.name + " " + column.sql_type;
  bool fill = !column.nullable;
  std::string added = column.name;
  // Values of a column of this name that was dropped come back, unless they were of another type.
  auto stored = table_.stored_columns.find(added);
  if (stored != table_.stored_columns.end()) {
    auto old_type = table_.stored_types.find(added);
    if (old_type == table_.stored_types.end() || old_type->second != column.sql_type)
      table_.stored_columns.erase(stored);
  }
  table_.columns.push_back(std::move(column));
  SqlOutcome outcome = save(operation);
  if (fill) {
    auto table = store_.find_table(table_.name_space, table_.name);
    const ColumnDef* now = table->find_column(added);
    store_.fill_column(*table, *now, zero_value(now->type));
  }
  return outcome;
}

SqlOutcome Alteration::drop_column() {
  if (cursor_.accept("IF")) cursor_.accept("EXISTS");
  std::string name = to_lower(cursor_.next().value);
  ColumnDef* column = find(name);
  if (column == nullptr) return column_missing(name);
  if (column->system_column) {
    return SqlOutcome::failure("Invalid operation: Cannot drop column '" + name +
                               "': system column cannot be modified");
  }
  std::string operation = "DROP COLUMN " + name;
  if (column->primary_key) {
    // The server answers success and only loses the catalog's entry, until the next ALTER.
    table_.key_hidden = true;
    int64_t version = table_.version + 1;
    store_.replace_table(table_);
    return done(operation, version);
  }
  table_.columns.erase(table_.columns.begin() + (column - table_.columns.data()));
  return save(operation);
}

SqlOutcome Alteration::rename_column() {
  cursor_.accept("COLUMN");
  std::string from = to_lower(cursor_.next().value);
  if (!cursor_.accept("TO")) return syntax_error(expected("TO", cursor_.peek()));
  std::string to = to_lower(cursor_.next().value);
  ColumnDef* column = find(from);
  if (column == nullptr) return column_missing(from);
  if (find(to) != nullptr) return column_exists(to);
  // Stored values belong to the old name: rows show nothing under the new one.
  column->name = to;
  column->id = 0;
  bool fill = !column->nullable;
  SqlOutcome outcome = save("RENAME COLUMN " + from + " TO " + to);
  if (fill) {
    auto table = store_.find_table(table_.name_space, table_.name);
    const ColumnDef* now = table->find_column(to);
    store_.fill_column(*table, *now, zero_value(now->type));
  }
  return outcome;
}

SqlOutcome Alteration::modify_column() {
  cursor_.accept("COLUMN");
  std::string name = to_lower(cursor_.next().value);
  ColumnDef* column = find(name);
  if (column == nullptr) return column_missing(name);
  ColumnDef changed;
  std::string error;
  if (!parse_column_body(cursor_, changed, error)) return syntax_error(error);
  DataType old_type = column->type;
  int old_storage = column->id;
  column->sql_type = changed.sql_type;
  column->type = changed.type;
  if (!column->primary_key) column->nullable = changed.nullable;
  auto kept_as_integer = [](const DataType& type) {
    return type.id == TypeId::int16 || type.id == TypeId::int32 || type.id == TypeId::int64;
  };
  bool same_encoding = kept_as_integer(old_type) && kept_as_integer(column->type);
  if (!same_encoding && !(old_type == column->type)) {
    column->id = 0;
    table_.stored_columns.erase(name);
  }
  table_.stored_types[name] = changed.sql_type;
  SqlOutcome outcome = save("MODIFY COLUMN " + name + " " + changed.sql_type);
  auto table = store_.find_table(table_.name_space, table_.name);
  store_.convert_column(*table, old_storage, old_type, *table->find_column(name));
  return outcome;
}

SqlOutcome Alteration::alter_column() {
  cursor_.accept("COLUMN");
  std::string name = to_lower(cursor_.next().value);
  ColumnDef* column = find(name);
  std::string operation = "ALTER COLUMN " + name;
  if (cursor_.is("SET") && cursor_.is("NOT", 1)) {
    if (column == nullptr) return column_missing(name);
    column->nullable = false;
    return save(operation + " SET NOT NULL");
  }
  if (cursor_.is("DROP") && cursor_.is("NOT", 1)) {
    if (column == nullptr) return column_missing(name);
    column->nullable = column->primary_key ? false : true;
    return save(operation + " DROP NOT NULL");
  }
  if (cursor_.is("SET") && cursor_.is("DEFAULT", 1)) {
    if (column == nullptr) return column_missing(name);
    cursor_.next();
    cursor_.next();
    std::string shown;
    parse_default(cursor_, *column, shown);
    return save(operation + " SET DEFAULT " + shown);
  }
  if (cursor_.is("DROP") && cursor_.is("DEFAULT", 1)) {
    if (column == nullptr) return column_missing(name);
    column->default_kind = DefaultKind::none;
    column->default_value.clear();
    return save(operation + " DROP DEFAULT");
  }
  return syntax_error("Unsupported ALTER COLUMN operation");
}

SqlOutcome Alteration::set_properties() {
  std::string level;
  if (cursor_.accept("TBLPROPERTIES")) {
    if (!cursor_.accept("(") || !cursor_.accept("ACCESS_LEVEL") || !cursor_.accept("=")) {
      return syntax_error("Unsupported ALTER TABLE operation");
    }
    level = to_lower(cursor_.next().value);
  } else if (cursor_.accept("ACCESS") && cursor_.accept("LEVEL")) {
    level = to_lower(cursor_.next().value);
  } else {
    return syntax_error("Unsupported ALTER TABLE operation");
  }
  bool known = level == "public" || level == "private" || level == "restricted" || level == "dba";
  if (!known || table_.kind != TableKind::shared) return syntax_error("Unsupported ALTER TABLE operation");
  table_.access_level = level;
  return save("SET ACCESS LEVEL " + capitalized(level));
}

SqlOutcome Alteration::run() {
  if (cursor_.accept("ADD")) {
    cursor_.accept("COLUMN");
    return add_column();
  }
  if (cursor_.accept("DROP")) {
    cursor_.accept("COLUMN");
    return drop_column();
  }
  if (cursor_.is("RENAME") && !cursor_.is("TO", 1)) {
    cursor_.next();
    return rename_column();
  }
  if (cursor_.accept("MODIFY")) return modify_column();
  if (cursor_.accept("ALTER")) return alter_column();
  if (cursor_.accept("SET")) return set_properties();
  return syntax_error("Unsupported ALTER TABLE operation");
}

}  // namespace

SqlOutcome alter_table(Store& store, SqlContext&, std::string_view sql) {
  Cursor cursor(tokenize(sql));
  cursor.next();  // ALTER
  for (const char* kind : {"USER", "SHARED", "STREAM"}) cursor.accept(kind);
  cursor.accept("TABLE");
  std::string name = cursor.next().value;
  while (cursor.accept(".")) name += "." + cursor.next().value;
  auto [name_space, table_name] = split_table_name(name);
  std::lock_guard lock(store.mutex());
  auto table = store.find_table(name_space, table_name);
  if (table == nullptr) return SqlOutcome::failure(table_not_found(name_space, table_name));
  return Alteration(store, *table, cursor).run();
}

}  // namespace kalam::stub::ddl
