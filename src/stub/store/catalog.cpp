// Catalog relations that follow from the store: namespaces, tables, columns, jobs, data types (specification 12).
#include <algorithm>

#include "stub/arrow/types.h"
#include "stub/store/fields.h"
#include "stub/store/store.h"

namespace kalam::stub {

namespace {

Value text(std::string value) {
  return {std::move(value)};
}
Value text_or_null(const std::string& value) {
  return value.empty() ? Value{} : Value{value};
}
Value number(int64_t value) {
  return {value};
}

ResultSet namespaces_relation(const Store& store) {
  ResultSet result;
  result.fields = {system_field("namespace_id", TypeId::utf8, false, true), system_field("name", TypeId::utf8),
                   system_field("created_at", TypeId::timestamp), system_field("options", TypeId::utf8, true),
                   system_field("table_count", TypeId::int32)};
  result.fields[3].metadata["kalam_data_type"] = "\"Json\"";
  for (const auto& [name, name_space] : store.namespaces()) {
    // KalamDB fills a column of microseconds with milliseconds, and never counts the tables.
    result.rows.push_back({text(name), text(name), number(name_space.created_ms), text("{}"), number(0)});
  }
  return result;
}

ResultSet tables_relation(const Store& store) {
  ResultSet result;
  result.fields = {system_field("namespace_id", TypeId::utf8),   system_field("table_name", TypeId::utf8),
                   system_field("table_type", TypeId::utf8),     system_field("storage_id", TypeId::utf8, true),
                   system_field("version", TypeId::int64),       system_field("options", TypeId::utf8, true),
                   system_field("comment", TypeId::utf8, true),  system_field("updated_at", TypeId::timestamp),
                   system_field("created_at", TypeId::timestamp)};
  for (const auto& table : store.tables()) {
    Value storage = table->kind == TableKind::stream ? Value{} : text(table->storage_id);
    result.rows.push_back({text(table->name_space),
                           text(table->name),
                           text(kind_name(table->kind)),
                           storage,
                           number(table->version),
                           text(table->options_json),
                           {},
                           number(table->updated_us),
                           number(table->created_us)});
  }
  return result;
}

ResultSet columns_relation(const Store& store) {
  ResultSet result;
  result.fields = {system_field("namespace_id", TypeId::utf8),   system_field("table_name", TypeId::utf8),
                   system_field("version", TypeId::int64),       system_field("column_id", TypeId::int64),
                   system_field("column_name", TypeId::utf8),    system_field("comment", TypeId::utf8, true),
                   system_field("data_type", TypeId::utf8),      system_field("default_value", TypeId::utf8, true),
                   system_field("ordinal", TypeId::int64),       system_field("nullable", TypeId::boolean),
                   system_field("primary_key", TypeId::boolean), system_field("primary_key_pos", TypeId::int64, true)};
  for (const auto& table : store.tables()) {
    int64_t ordinal = 0;
    for (const ColumnDef& column : table->columns) {
      if (column.primary_key && table->key_hidden) continue;
      Value comment;
      if (column.system_column) {
        comment = text(column.name == "_deleted" ? "Soft delete flag" : "Version ID (MVCC) with embedded timestamp");
      }
      result.rows.push_back({text(table->name_space),
                             text(table->name),
                             number(table->version),
                             number(column.catalog_id),
                             text(column.name),
                             comment,
                             text(column.sql_type),
                             text_or_null(column.default_rendering()),
                             number(++ordinal),
                             {column.nullable},
                             {column.primary_key},
                             column.primary_key ? number(1) : Value{}});
    }
  }
  return result;
}

ResultSet jobs_relation(Store& store) {
  ResultSet result;
  result.fields = {system_field("job_id", TypeId::utf8),
                   system_field("job_type", TypeId::utf8),
                   system_field("status", TypeId::utf8),
                   system_field("leader_status", TypeId::utf8, true),
                   system_field("parameters", TypeId::utf8, true),
                   system_field("idempotency_key", TypeId::utf8, true),
                   system_field("message", TypeId::utf8, true),
                   system_field("exception_trace", TypeId::utf8, true),
                   system_field("created_at", TypeId::timestamp),
                   system_field("started_at", TypeId::timestamp, true),
                   system_field("finished_at", TypeId::timestamp, true),
                   system_field("node_id", TypeId::int64)};
  for (const Job& job : store.jobs().all()) {
    const std::string& status = store.jobs().shown_status(job);
    if (status.empty()) continue;
    bool finished = job.finished_us != 0;
    result.rows.push_back({text(job.id),
                           text(job.type),
                           text(status),
                           {},
                           text_or_null(job.parameters),
                           text(job.idempotency_key),
                           finished ? text_or_null(job.message) : Value{},
                           {},
                           number(job.created_us),
                           number(job.started_us),
                           finished ? number(job.finished_us) : Value{},
                           number(1)});
  }
  return result;
}

ResultSet datatypes_relation() {
  static const char* const types[][4] = {
      {"Boolean", "Boolean", "BOOLEAN", "True/false boolean value"},
      {"Int8", "SmallInt", "TINYINT", "8-bit signed integer"},
      {"Int16", "SmallInt", "SMALLINT", "16-bit signed integer"},
      {"Int32", "Int", "INT", "32-bit signed integer"},
      {"Int64", "BigInt", "BIGINT", "64-bit signed integer"},
      {"UInt8", "Int", "TINYINT UNSIGNED", "8-bit unsigned integer"},
      {"UInt16", "Int", "SMALLINT UNSIGNED", "16-bit unsigned integer"},
      {"UInt32", "BigInt", "INT UNSIGNED", "32-bit unsigned integer"},
      {"UInt64", "BigInt", "BIGINT UNSIGNED", "64-bit unsigned integer"},
      {"Float32", "Float", "FLOAT", "32-bit floating point"},
      {"Float64", "Double", "DOUBLE", "64-bit floating point"},
      {"Utf8", "Text", "TEXT", "Variable-length UTF-8 string"},
      {"LargeUtf8", "Text", "TEXT", "Large variable-length UTF-8 string"},
      {"Binary", "Bytes", "BYTES", "Variable-length binary data"},
      {"LargeBinary", "Bytes", "BYTES", "Large variable-length binary data"},
      {"Timestamp(Microsecond, None)", "Timestamp", "TIMESTAMP", "Timestamp with microsecond precision"},
      {"Timestamp(Millisecond, None)", "Timestamp", "TIMESTAMP", "Timestamp with millisecond precision"},
      {"Timestamp(Nanosecond, None)", "Timestamp", "TIMESTAMP", "Timestamp with nanosecond precision"},
      {"Timestamp(Second, None)", "Timestamp", "TIMESTAMP", "Timestamp with second precision"},
      {"Timestamp(Microsecond, Some(\"UTC\"))", "DateTime", "DATETIME", "DateTime with timezone (UTC)"},
      {"Timestamp(Millisecond, Some(\"UTC\"))", "DateTime", "DATETIME", "DateTime with timezone (UTC)"},
      {"Date32", "Date", "DATE", "Date (days since epoch)"},
      {"Date64", "Date", "DATE", "Date (milliseconds since epoch)"},
      {"Time64(Microsecond)", "Time", "TIME", "Time of day with microsecond precision"},
      {"Time32(Second)", "Time", "TIME", "Time of day with second precision"},
      {"Time32(Millisecond)", "Time", "TIME", "Time of day with millisecond precision"},
      {"FixedSizeBinary(16)", "Uuid", "UUID", "128-bit universally unique identifier"},
      {"Decimal128", "Decimal", "DECIMAL", "Fixed-point decimal number"},
      {"FixedSizeList", "Embedding", "EMBEDDING", "Fixed-size float32 vector for ML embeddings"},
  };
  ResultSet result;
  result.fields = {system_field("arrow_type", TypeId::utf8), system_field("kalam_type", TypeId::utf8),
                   system_field("sql_name", TypeId::utf8), system_field("description", TypeId::utf8)};
  for (const auto& type : types) result.rows.push_back({text(type[0]), text(type[1]), text(type[2]), text(type[3])});
  return result;
}

ResultSet information_schema_tables(const Store& store) {
  ResultSet result;
  result.fields = {plain_field("table_catalog", TypeId::utf8), plain_field("table_schema", TypeId::utf8),
                   plain_field("table_name", TypeId::utf8), plain_field("table_type", TypeId::utf8)};
  for (const auto& table : store.tables()) {
    result.rows.push_back({text("kalam"), text(table->name_space), text(table->name), text("BASE TABLE")});
  }
  return result;
}

ResultSet information_schema_columns(const Store& store) {
  ResultSet result;
  result.fields = {plain_field("table_catalog", TypeId::utf8),
                   plain_field("table_schema", TypeId::utf8),
                   plain_field("table_name", TypeId::utf8),
                   plain_field("column_name", TypeId::utf8),
                   plain_field("ordinal_position", TypeId::uint64),
                   plain_field("column_default", TypeId::utf8, true),
                   plain_field("is_nullable", TypeId::utf8),
                   plain_field("data_type", TypeId::utf8),
                   plain_field("character_maximum_length", TypeId::uint64, true),
                   plain_field("character_octet_length", TypeId::uint64, true),
                   plain_field("numeric_precision", TypeId::uint64, true),
                   plain_field("numeric_precision_radix", TypeId::uint64, true),
                   plain_field("numeric_scale", TypeId::uint64, true),
                   plain_field("datetime_precision", TypeId::uint64, true),
                   plain_field("interval_type", TypeId::utf8, true)};
  for (const auto& table : store.tables()) {
    uint64_t ordinal = 0;
    for (const ColumnDef& column : table->columns) {
      Row row(result.fields.size());
      row[0] = text("kalam");
      row[1] = text(table->name_space);
      row[2] = text(table->name);
      row[3] = text(column.name);
      row[4] = {ordinal++};
      row[6] = text(column.nullable ? "YES" : "NO");
      row[7] = text(arrow_name(column.type));
      result.rows.push_back(std::move(row));
    }
  }
  return result;
}

ResultSet information_schema_schemata(const Store& store) {
  ResultSet result;
  result.fields = {plain_field("catalog_name", TypeId::utf8), plain_field("schema_name", TypeId::utf8),
                   plain_field("schema_owner", TypeId::utf8, true)};
  for (const auto& [name, name_space] : store.namespaces()) result.rows.push_back({text("kalam"), text(name), {}});
  return result;
}

}  // namespace

std::optional<ResultSet> Store::catalog_relation(const std::string& name_space, const std::string& name) {
  if (name_space == "information_schema") {
    if (name == "tables") return information_schema_tables(*this);
    if (name == "columns") return information_schema_columns(*this);
    if (name == "schemata") return information_schema_schemata(*this);
    return std::nullopt;
  }
  if (name_space != "system") return std::nullopt;
  if (name == "namespaces") return namespaces_relation(*this);
  if (name == "tables") return tables_relation(*this);
  if (name == "columns") return columns_relation(*this);
  if (name == "jobs") return jobs_relation(*this);
  if (name == "manifest") return manifest_relation();
  if (name == "datatypes") return datatypes_relation();
  if (system_provider_) return system_provider_(name);
  return std::nullopt;
}

}  // namespace kalam::stub
