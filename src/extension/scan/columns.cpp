#include "extension/scan/columns.h"

static int add_name(KalamScanColumns* columns, const char* name) {
  for (int i = 0; i < columns->count; i++)
    if (strcmp(columns->names[i], name) == 0) return i;
  columns->names[columns->count] = name;
  return columns->count++;
}

int kalam_scan_columns_add(KalamScanColumns* columns, int remote_column) {
  return add_name(columns, columns->remote->columns[remote_column].name);
}

static void add_attribute(KalamScanColumns* columns, TupleDesc tupdesc, AttrNumber attnum) {
  const KalamRelation* remote = columns->remote;
  Form_pg_attribute attribute = TupleDescAttr(tupdesc, attnum - 1);
  int column = remote->attribute_column[attnum - 1];
  switch (column) {
    case KALAM_ATTRIBUTE_DROPPED:
      return;
    case KALAM_ATTRIBUTE_USER_ID:
      columns->user_id_attributes[columns->user_id_count++] = attnum;
      return;
    case KALAM_ATTRIBUTE_MISSING:
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                      errmsg("column \"%s\" of foreign table \"%s\" does not exist in KalamDB table \"%s\"",
                             NameStr(attribute->attname), remote->local_name, remote->remote_name)));
    default:
      break;
  }
  if (attnum == remote->key_attribute) columns->key_reader = columns->reader_count;
  kalam_column_reader_init(&columns->readers[columns->reader_count], attribute, remote->local_name);
  columns->readers[columns->reader_count].is_canonical = attnum == remote->key_attribute && remote->key_is_canonical;
  columns->reader_column[columns->reader_count] = (uint32_t)kalam_scan_columns_add(columns, column);
  columns->reader_count++;
}

KalamScanColumns* kalam_scan_columns_create(const KalamRelation* remote, const char* server_name, TupleDesc tupdesc,
                                            List* attributes, bool needs_key, bool needs_version, const char* subject) {
  KalamScanColumns* columns = (KalamScanColumns*)palloc0(sizeof(KalamScanColumns));
  int most = tupdesc->natts + 3;  // the key, and what completeness needs
  columns->remote = remote;
  columns->server_name = server_name;
  columns->names = (const char**)palloc(sizeof(char*) * most);
  columns->readers = (KalamColumnReader*)palloc(sizeof(KalamColumnReader) * most);
  columns->ready = (KalamReadyColumn*)palloc(sizeof(KalamReadyColumn) * most);
  columns->reader_column = (uint32_t*)palloc(sizeof(uint32_t) * most);
  columns->user_id_attributes = (AttrNumber*)palloc(sizeof(AttrNumber) * most);
  columns->key_reader = -1;
  columns->changes_rows = needs_version;
  if (subject != nullptr) columns->user_id_value = CStringGetTextDatum(subject);

  ListCell* cell;
  foreach (cell, attributes) add_attribute(columns, tupdesc, (AttrNumber)lfirst_int(cell));
  if (needs_key && columns->key_reader < 0) add_attribute(columns, tupdesc, remote->key_attribute);
  // Behind what is read into attributes, so that a scan decodes it as well.
  bool has_version = needs_version && remote->version_column >= 0;
  columns->version_index = has_version ? kalam_scan_columns_add(columns, remote->version_column) : -1;
  columns->reader_column[columns->reader_count] = (uint32_t)columns->version_index;
  return columns;
}

void kalam_scan_columns_complete(KalamScanColumns* columns) {
  const KalamRelation* remote = columns->remote;
  if (columns->count > 0) return;
  // The cheapest one will do (spec 4.4).
  int column = remote->key_column >= 0 ? remote->key_column : remote->version_column;
  kalam_scan_columns_add(columns, Max(column, 0));
}

void kalam_scan_columns_bind(KalamScanColumns* columns, const kalam::Window* schema) {
  if ((int)schema->column_count < columns->count) {
    ereport(ERROR,
            (errcode(ERRCODE_PROTOCOL_VIOLATION), errmsg("KalamDB server \"%s\" sent %u columns instead of %d",
                                                         columns->server_name, schema->column_count, columns->count)));
  }
  columns->reads_text = false;
  for (int i = 0; i < columns->reader_count; i++) {
    KalamColumnReader* reader = &columns->readers[i];
    kalam_column_reader_bind(reader, &schema->columns[columns->reader_column[i]]);
    columns->reads_text = columns->reads_text || reader->reads_text;
  }
  // The rows of another key's table: what is known of it is asked for again before they are changed.
  if (columns->changes_rows && columns->key_reader >= 0 &&
      !schema->columns[columns->reader_column[columns->key_reader]].is_key)
    kalam_relation_forget(columns->remote->relid);
  columns->is_bound = true;
}

bool kalam_scan_columns_window(KalamScanColumns* columns, const kalam::Window* window) {
  bool is_converted = true;
  if (window->rows > 0 && !columns->is_bound) kalam_scan_columns_bind(columns, window);
  for (int i = 0; i < columns->reader_count; i++) {
    KalamColumnReader* reader = &columns->readers[i];
    kalam_column_reader_window(reader, &window->columns[columns->reader_column[i]]);
    columns->ready[i] = {reader->datums, reader->view->nulls, reader->attnum - 1};
    is_converted = is_converted && reader->datums != nullptr;
  }
  return is_converted;
}
