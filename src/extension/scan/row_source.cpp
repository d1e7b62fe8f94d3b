#include "extension/scan/row_source.h"

#include "extension/base/report.h"
#include "extension/journal/hidden_values.h"
#include "extension/stats/counters.h"

void kalam_row_source_report(const KalamRowSource* source, const kalam::Status* status) {
  KalamErrorContext context = {};
  context.server = source->connection->server_name;
  context.remote_table = source->remote->remote_name;
  context.relation = source->remote->local_name;
  kalam_hide_values(&context, source->remote);
  kalam_relation_invalidate_on_error(source->remote->relid, status);
  kalam_report(status, &context);
}

bool kalam_row_source_read(const KalamRowSource* source, kalam::Call* call, kalam::Window* window) {
  kalam::Status status;
  CHECK_FOR_INTERRUPTS();
  if (kalam::call_result_next(call, KALAM_WINDOW_ROWS, window, &status)) {
    source->counters->rows += window->rows;
    kalam_count(source->remote->serverid, source->remote->relid, KalamCounter::rows_read, window->rows);
    return true;
  }
  if (status.error != kalam::ErrorClass::none) kalam_row_source_report(source, &status);
  return false;
}

void kalam_row_source_bind(const KalamRowSource* source, kalam::Call* call) {
  kalam::Status status;
  kalam::Window schema;
  source->columns->is_bound = false;
  if (kalam::call_result_schema(call, &schema, &status)) {
    kalam_scan_columns_bind(source->columns, &schema);
  } else if (status.error != kalam::ErrorClass::none) {
    kalam_row_source_report(source, &status);
  }
}
