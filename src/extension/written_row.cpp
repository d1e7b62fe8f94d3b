#include "extension/written_row.h"

#include "extension/errors.h"
#include "extension/transaction.h"

extern "C" {
#include "access/detoast.h"
}

void kalam_flatten_values(TupleDesc tupdesc, Datum* values, const bool* nulls) {
  for (int i = 0; i < tupdesc->natts; i++) {
    if (nulls[i] || TupleDescAttr(tupdesc, i)->attlen != -1) continue;
    auto* value = (struct varlena*)DatumGetPointer(values[i]);
    if (VARATT_IS_EXTERNAL(value)) values[i] = PointerGetDatum(detoast_external_attr(value));
  }
}

// A row that is nearly as large as a request is measured.
static void check_size(KalamJournal* journal, const KalamJournalRow* row) {
  if ((int64)row->sent.size + row->rest.size < KALAM_REQUEST_BYTES / 2) return;
  kalam::RowBuffer* rows = journal->writer->rows;
  kalam::TableRef table = kalam_table_ref(journal->relation, journal->subject);
  kalam::RowMembers members[] = {{row->sent.text, row->sent.size}, {row->rest.text, row->rest.size}};
  kalam::Status status;
  kalam::row_buffer_clear(rows);
  bool fits = kalam::row_buffer_append_members(rows, members, lengthof(members), &status) &&
              kalam::row_buffer_fit(rows, &table, 0, &status) > 0;
  kalam::row_buffer_clear(rows);
  if (fits) return;
  KalamErrorContext context = {};
  context.remote_table = journal->relation->remote_name;
  context.relation = journal->relation->local_name;
  kalam_report(&status, &context);
}

void kalam_written_row(KalamJournal* journal, KalamChange change, Datum* values, bool* nulls,
                       const KalamJournalEntry* before, KalamJournalRow* row) {
  *row = {};
  kalam_flatten_values(journal->tupdesc, values, nulls);
  row->tuple = kalam_form_minimal_tuple(journal->tupdesc, values, nulls);
  row->sent = kalam_row_writer_encode(journal->writer, values, nulls);
  if (change == KalamChange::insert) {
    row->rest = kalam_row_writer_rest(journal->writer);
  } else if (before != nullptr && kalam_journal_makes_row(journal, before)) {
    KalamMembers sent;
    kalam_journal_members(journal, before, &sent, &row->rest);
  }
  check_size(journal, row);
}
