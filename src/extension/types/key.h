// Keys of KalamDB tables (spec 7.3): which types can be keys, which comparisons of them mean the same on the server,
// and how their values are written as text. The server compares these texts: equal texts are equal keys, in every
// request that names a row. No other file turns a key into text.
#pragma once

#include "extension/types/datum_to_row.h"

// How PostgreSQL compares the key of a foreign table, where the server compares it the same way.
enum class KalamKeyComparison : uint8_t {
  none,     // the server's equality is another one: conditions stay local
  integer,  // by value; no other type has an order that is the same on both sides
  text,     // byte by byte
  uuid,     // likewise, as each has one text that PostgreSQL writes
};

// Whether KalamDB can store rows with a key of the kind. It takes tables with any key, and then refuses every row.
bool kalam_key_is_storable(kalam::RemoteKind kind);

// Whether equal values of a type that KalamDB keeps as text have equal texts.
bool kalam_key_has_one_text(Oid type, Oid collation);

// How the key of the relation is compared; KalamKeyComparison::none also where the relation has none, or does not show
// it.
KalamKeyComparison kalam_key_comparison(const KalamRelation* relation, TupleDesc tupdesc);

// The strategy (BTEqualStrategyNumber and its kin) of an operator that the server can stand for when it compares a key
// with a value of the type; InvalidStrategy: it cannot.
int kalam_key_strategy(Oid opno, Oid collation, Oid value_type);

// Raises 55000: the table has got another key since the statement was planned.
[[noreturn]] void kalam_report_other_key(const KalamRelation* relation);

// Writes values of a type, which need not be the attribute's own (a bigint is compared with an integer key), as texts
// of the relation's key. Both belong to the current memory context.
KalamColumnWriter* kalam_key_writer_create(const KalamRelation* relation, Oid type);
KalamColumnWriter* kalam_key_writer_of_attribute(const KalamRelation* relation, TupleDesc tupdesc);

// Whether KalamDB may have several rows whose keys are one uuid, each with another text: nobody says that all texts are
// those that PostgreSQL writes (option canonical).
bool kalam_key_has_many_texts(const KalamRelation* relation, TupleDesc tupdesc);

// Whether the server may keep a key of the relation as another text than the one that PostgreSQL writes for its value:
// the type reads several texts as one value. Such a row can be read; it is neither found nor changed by its key.
bool kalam_key_text_may_differ(const KalamRelation* relation, TupleDesc tupdesc);

// Raises 55000: the text that the server keeps, in UTF-8, is another one than `text`, which PostgreSQL writes for the
// same key. `relation`: the foreign table.
[[noreturn]] void kalam_key_refuse_text(const char* relation, Oid type, const kalam::Slice* stored, const char* text);

// The text of a key, in UTF-8, palloc'd.
char* kalam_key_text(KalamColumnWriter* writer, Datum key);
char* kalam_key_text_of_integer(int64 key);
char* kalam_key_text_of_value(const kalam::Value* key);

// The value of a key's text for an attribute of the type. False: the type has no such values. Raises 22xxx for a text
// that is not one of them.
bool kalam_key_from_text(const char* text, Oid type, int32 typmod, Datum* key);

// Of a row that the writer writes.
static inline char* kalam_row_writer_key(KalamRowWriter* writer, Datum key) {
  return kalam_key_text(&writer->columns[writer->key_column], key);
}
