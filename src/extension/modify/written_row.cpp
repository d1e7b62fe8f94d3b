#include "extension/modify/written_row.h"

#include "extension/base/report.h"
#include "extension/transaction/atomic.h"
#include "extension/types/evaluated_default.h"
#include "extension/types/key.h"

extern "C" {
#include "access/detoast.h"
#include "access/sysattr.h"
#include "utils/lsyscache.h"
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
  kalam::RowMembers members[] = {kalam_row_members(&row->sent), kalam_row_members(&row->rest)};
  kalam::Status status;
  kalam::row_buffer_clear(rows);
  bool fits = kalam::row_buffer_append_members(rows, members, lengthof(members), row->sent.form, &status) &&
              kalam::row_buffer_fit(rows, &table, 0, &status) > 0;
  kalam::row_buffer_clear(rows);
  if (fits) return;
  KalamErrorContext context = {};
  context.remote_table = journal->relation->remote_name;
  context.relation = journal->relation->local_name;
  kalam_report(&status, &context);
}

void kalam_written_row(KalamJournal* journal, Datum* values, bool* nulls, const Bitmapset* defaulted,
                       KalamJournalRow* row) {
  kalam_flatten_values(journal->tupdesc, values, nulls);
  row->tuple = kalam_form_minimal_tuple(journal->tupdesc, values, nulls);
  row->sent = kalam_row_writer_encode(journal->writer, values, nulls, defaulted);
  if (row->rest.size > 0 && row->sent.form != row->rest.form) {
    row->sent = kalam_row_writer_tagged(journal->writer, &row->sent);
    row->rest = kalam_row_writer_tagged(journal->writer, &row->rest);
  }
  row->defaulted = defaulted;
  check_size(journal, row);
}

KalamMembers kalam_entry_rest(KalamJournal* journal, const KalamJournalEntry* entry) {
  KalamMembers sent;
  KalamMembers rest;
  kalam_journal_members(journal, entry, &sent, &rest);
  if (entry->shape == journal->shape) return rest;
  KalamMembers added = kalam_row_writer_added_rest(journal->writer, journal->shapes[entry->shape].relation);
  if (added.size == 0) return rest;
  if (rest.size == 0) return added;
  if (rest.form != added.form) {
    rest = kalam_row_writer_tagged(journal->writer, &rest);
    added = kalam_row_writer_tagged(journal->writer, &added);
  }
  char* text = (char*)palloc((Size)rest.size + added.size + 1);
  memcpy(text, rest.text, rest.size);
  text[rest.size] = ',';
  memcpy(text + rest.size + 1, added.text, added.size);
  return {text, rest.size + added.size + 1, rest.most_tagged + added.most_tagged + 1, rest.form};
}

// ---------------------------------------------------------------- columns that are left to KalamDB

// Whether PostgreSQL fills the column in by itself.
static bool has_local_default(Form_pg_attribute attribute) {
  if (attribute->atthasdef || attribute->attidentity != '\0' || attribute->attgenerated != '\0') return true;
  return get_typdefault(attribute->atttypid) != nullptr;
}

Bitmapset* kalam_unnamed_attributes(ResultRelInfo* result, EState* estate, const KalamRelation* remote) {
  TupleDesc tupdesc = RelationGetDescr(result->ri_RelationDesc);
  Bitmapset* unnamed = nullptr;
  Bitmapset* named = nullptr;
  for (int i = 0; i < tupdesc->natts && i < remote->attribute_count; i++) {
    int column = remote->attribute_column[i];
    Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);
    if (column < 0 || !kalam_has_remote_default(&remote->columns[column]) || has_local_default(attribute)) continue;
    if (named == nullptr) named = ExecGetInsertedCols(result, estate);
    if (!bms_is_member(attribute->attnum - FirstLowInvalidHeapAttributeNumber, named))
      unnamed = bms_add_member(unnamed, attribute->attnum);
  }
  return unnamed;
}

Bitmapset* kalam_null_attributes(const Bitmapset* attributes, const bool* nulls) {
  Bitmapset* found = nullptr;
  for (int attnum = bms_next_member(attributes, -1); attnum >= 0; attnum = bms_next_member(attributes, attnum))
    if (nulls[attnum - 1]) found = bms_add_member(found, attnum);
  return found;
}

[[noreturn]] static void refuse_key(const KalamRelation* remote, Form_pg_attribute attribute) {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("cannot use KalamDB's default of key \"%s\" of foreign table \"%s\" as a value of type %s",
                         NameStr(attribute->attname), remote->local_name, format_type_be(attribute->atttypid)),
                  errhint("Give the column a value.")));
}

Datum kalam_default_key(const KalamRelation* remote, Form_pg_attribute attribute) {
  kalam::Value value;
  Datum key;
  kalam_evaluate_default(remote, &remote->columns[remote->key_column], &value);
  if (!kalam_key_from_text(kalam_key_text_of_value(&value), attribute->atttypid, attribute->atttypmod, &key))
    refuse_key(remote, attribute);
  return key;
}

// ---------------------------------------------------------------- constraints

// PostgreSQL's own check of a relation that differs from the real one in this: some columns may be NULL.
static ResultRelInfo* without_not_null(ResultRelInfo* result, const Bitmapset* exempt) {
  Relation relation = (Relation)palloc(sizeof(RelationData));
  *relation = *result->ri_RelationDesc;
  relation->rd_att = CreateTupleDescCopyConstr(RelationGetDescr(result->ri_RelationDesc));
  for (int attnum = bms_next_member(exempt, -1); attnum >= 0; attnum = bms_next_member(exempt, attnum))
    TupleDescAttr(relation->rd_att, attnum - 1)->attnotnull = false;
  ResultRelInfo* copy = makeNode(ResultRelInfo);
  *copy = *result;
  copy->ri_RelationDesc = relation;
  return copy;
}

void kalam_check_constraints(ResultRelInfo* result, TupleTableSlot* slot, EState* estate, const Bitmapset* exempt,
                             KalamConstraintCheck* check) {
  if (RelationGetDescr(result->ri_RelationDesc)->constr != nullptr) {
    ResultRelInfo* checked = result;
    if (!bms_is_empty(exempt)) {
      if (check->result == nullptr || !bms_equal(check->exempt, exempt)) {
        MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
        check->exempt = bms_copy(exempt);
        check->result = without_not_null(result, exempt);
        MemoryContextSwitchTo(old);
      }
      checked = check->result;
    }
    ExecConstraints(checked, slot, estate);
  }
  if (result->ri_RelationDesc->rd_rel->relispartition) ExecPartitionCheck(result, slot, estate, true);
}
