// Rows of the journal for the relation as it is now. The transaction may have altered it since they were written:
// columns were added, dropped, or have another type, and stand for other columns of KalamDB then.
#include "extension/journal/journal.h"

extern "C" {
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
}

void kalam_journal_deform(MinimalTuple tuple, TupleDesc tupdesc, Datum* values, bool* nulls) {
  HeapTupleData heap;
  heap.t_len = tuple->t_len + MINIMAL_TUPLE_OFFSET;
  heap.t_tableOid = InvalidOid;
  ItemPointerSetInvalid(&heap.t_self);
  heap.t_data = (HeapTupleHeader)((char*)tuple - MINIMAL_TUPLE_OFFSET);
  heap_deform_tuple(&heap, tupdesc, values, nulls);
}

// Whether a row's values stand where the relation has its attributes. A dropped one is as wide as it was.
static bool is_same_layout(TupleDesc before, TupleDesc now) {
  if (before->natts != now->natts) return false;
  for (int i = 0; i < now->natts; i++) {
    Form_pg_attribute a = TupleDescAttr(before, i);
    Form_pg_attribute b = TupleDescAttr(now, i);
    if (!a->attisdropped && !b->attisdropped && (a->atttypid != b->atttypid || a->atttypmod != b->atttypmod))
      return false;
  }
  return true;
}

// What an attribute stands for; NULL: for nothing that could be found again.
static const char* remote_name(const KalamRelation* relation, int index) {
  if (index >= relation->attribute_count) return nullptr;
  int column = relation->attribute_column[index];
  if (column == KALAM_ATTRIBUTE_USER_ID) return "_userid";
  return column >= 0 ? relation->columns[column].name : nullptr;
}

static bool is_integer(Oid type) {
  return type == INT2OID || type == INT4OID || type == INT8OID;
}

static int64 to_integer(Form_pg_attribute attribute, Datum value) {
  switch (attribute->atttypid) {
    case INT2OID:
      return DatumGetInt16(value);
    case INT4OID:
      return DatumGetInt32(value);
    default:
      return DatumGetInt64(value);
  }
}

// A whole number may have got a wider type.
static Datum value_for(Form_pg_attribute now, Form_pg_attribute before, Datum value) {
  if (now->atttypid == before->atttypid || !is_integer(now->atttypid)) return value;
  int64 number = to_integer(before, value);
  return now->atttypid == INT8OID ? Int64GetDatum(number) : Int32GetDatum((int32)number);
}

static bool takes_value(Form_pg_attribute now, Form_pg_attribute before) {
  if (is_integer(now->atttypid) && is_integer(before->atttypid)) return now->attlen >= before->attlen;
  return now->atttypid == before->atttypid || IsBinaryCoercible(before->atttypid, now->atttypid);
}

// The attribute of the row that stands for the same column, and whose values are right for this one; -1: none.
static int source_of(const KalamJournalShape* shape, const KalamRelation* remote, TupleDesc tupdesc, int index) {
  Form_pg_attribute attribute = TupleDescAttr(tupdesc, index);
  const char* name = remote_name(remote, index);
  if (attribute->attisdropped || name == nullptr) return -1;
  // It stands where it stood, for nearly all.
  for (int i = -1; i < shape->tupdesc->natts; i++) {
    int candidate = i < 0 ? index : i;
    if (candidate >= shape->tupdesc->natts) continue;
    const char* name_before = remote_name(shape->relation, candidate);
    if (name_before == nullptr || strcmp(name_before, name) != 0) continue;
    return takes_value(attribute, TupleDescAttr(shape->tupdesc, candidate)) ? candidate : -1;
  }
  return -1;
}

void kalam_journal_values(KalamJournal* journal, const KalamJournalEntry* entry, const KalamRelation* remote,
                          TupleDesc tupdesc, Datum* values, bool* nulls) {
  const KalamJournalShape* shape = &journal->shapes[entry->shape];
  MinimalTuple tuple = kalam_journal_tuple(journal, entry);
  if (is_same_layout(shape->tupdesc, tupdesc)) {
    kalam_journal_deform(tuple, tupdesc, values, nulls);
    return;
  }
  int natts = shape->tupdesc->natts;
  Datum* old_values = (Datum*)palloc(sizeof(Datum) * Max(natts, 1));
  bool* old_nulls = (bool*)palloc(sizeof(bool) * Max(natts, 1));
  kalam_journal_deform(tuple, shape->tupdesc, old_values, old_nulls);
  for (int i = 0; i < tupdesc->natts; i++) {
    int source = source_of(shape, remote, tupdesc, i);
    nulls[i] = source < 0 || old_nulls[source];
    values[i] = nulls[i]
                    ? (Datum)0
                    : value_for(TupleDescAttr(tupdesc, i), TupleDescAttr(shape->tupdesc, source), old_values[source]);
  }
}
