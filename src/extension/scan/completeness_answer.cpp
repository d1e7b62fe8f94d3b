#include "extension/scan/completeness_answer.h"

#include "extension/base/report.h"

using kalam::ColumnKind;
using kalam::ColumnView;

constexpr uint32 WINDOW_ROWS = 8192;

void kalam_answer_report(const KalamCompleteness* check, const kalam::Status* status) {
  KalamErrorContext context = {};
  context.server = check->connection->server_name;
  context.remote_table = check->remote->remote_name;
  context.relation = check->remote->local_name;
  kalam_report(status, &context);
}

// The next window, or false at the end of the answer.
static bool next_window(const KalamCompleteness* check, kalam::Call* call, kalam::Window* window) {
  kalam::Status status;
  CHECK_FOR_INTERRUPTS();
  if (kalam::call_result_next(call, WINDOW_ROWS, window, &status)) {
    if ((int)window->column_count > Max(check->version_index, check->key_index)) return true;
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                    errmsg("KalamDB server \"%s\" sent %u columns, fewer than were asked for",
                           check->connection->server_name, window->column_count)));
  }
  if (status.error != kalam::ErrorClass::none) kalam_answer_report(check, &status);
  return false;
}

void kalam_answer_rewind(const KalamCompleteness* check, kalam::Call* call, bool keep) {
  kalam::Status status;
  if (!kalam::call_result_rewind(call, keep || check->keeps_answer, &status)) kalam_answer_report(check, &status);
}

// What the next reading of the answer needs; -1: nothing but the number of rows.
static void select_column(kalam::Call* call, int index) {
  uint32 column = (uint32)Max(index, 0);
  kalam::call_result_select(call, &column, index >= 0 ? 1 : 0);
}

static const int64_t* versions_of(const KalamCompleteness* check, const kalam::Window* window) {
  const ColumnView* view = &window->columns[check->version_index];
  if (view->kind != ColumnKind::int64) {
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION), errmsg("KalamDB server \"%s\" sent row versions of type %s",
                                                                check->connection->server_name, view->type_name)));
  }
  return (const int64_t*)view->values;
}

KalamAnswerRows kalam_answer_read_versions(KalamCompleteness* check, kalam::Call* call, int64 flushed_before) {
  kalam::Window window;
  KalamAnswerRows rows = {};
  int64 highest = -1;
  select_column(call, check->version_index);
  while (next_window(check, call, &window)) {
    rows.all += window.rows;
    if (check->version_index < 0) continue;
    const int64_t* versions = versions_of(check, &window);
    for (uint32 i = 0; i < window.rows; i++) {
      highest = Max(highest, versions[i]);
      rows.unflushed += versions[i] >= flushed_before ? 1 : 0;
    }
  }
  if (check->version_index < 0) rows.unflushed = rows.all;
  check->highest = highest;
  return rows;
}

// Text of a key as a query's answer renders it, in `buffer` or palloc'd; NULL for types that are not compared.
static const char* key_text(const ColumnView* view, uint32 row, char* buffer, size_t size) {
  switch (view->kind) {
    case ColumnKind::boolean:
      return ((const uint8_t*)view->values)[row] != 0 ? "true" : "false";
    case ColumnKind::int16:
      snprintf(buffer, size, "%d", ((const int16_t*)view->values)[row]);
      return buffer;
    case ColumnKind::int32:
      snprintf(buffer, size, "%d", ((const int32_t*)view->values)[row]);
      return buffer;
    case ColumnKind::int64:
      snprintf(buffer, size, INT64_FORMAT, (int64)((const int64_t*)view->values)[row]);
      return buffer;
    case ColumnKind::utf8: {
      const kalam::Slice* slice = &((const kalam::Slice*)view->values)[row];
      return kalam_text_from_remote(slice->data, slice->size);
    }
    default:
      return nullptr;
  }
}

bool kalam_answer_has_comparable_key(const KalamRelation* remote) {
  switch (remote->columns[remote->key_column].type.kind) {
    case kalam::RemoteKind::boolean:
    case kalam::RemoteKind::smallint:
    case kalam::RemoteKind::integer:
    case kalam::RemoteKind::bigint:
    case kalam::RemoteKind::text:
      return true;
    default:
      return false;
  }
}

static int compare_texts(const void* a, const void* b) {
  return strcmp(*(const char* const*)a, *(const char* const*)b);
}

bool kalam_answer_has_any_key(const KalamCompleteness* check, kalam::Call* call, char** keys, int count) {
  kalam::Window window;
  char buffer[32];
  bool found = false;
  qsort(keys, (size_t)count, sizeof(char*), compare_texts);
  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB keys", ALLOCSET_DEFAULT_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  select_column(call, check->key_index);
  while (!found && next_window(check, call, &window)) {
    for (uint32 i = 0; i < window.rows && !found; i++) {
      const char* text = key_text(&window.columns[check->key_index], i, buffer, sizeof(buffer));
      found = text != nullptr && bsearch(&text, keys, (size_t)count, sizeof(char*), compare_texts) != nullptr;
    }
    MemoryContextReset(context);
  }
  MemoryContextSwitchTo(old);
  MemoryContextDelete(context);
  return found;
}
