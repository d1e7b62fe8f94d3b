#include "extension/plan/key_values.h"

#include "extension/types/key.h"

extern "C" {
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
}

// Of lists and ranges whose values are parameters.
constexpr double ASSUMED_KEYS = 10;

struct KalamKeyValues {
  kalam::RemoteKind kind;
  int count;
  KalamKeyTerm* terms;
  Oid* types;                   // base types of the values, or of their elements
  KalamColumnWriter** writers;  // for texts of keys; NULL for bounds
  ExprState** states;           // NULL for one that is a constant
};

namespace {

// Keys between two, both included.
struct Range {
  int64 lowest;
  int64 highest;
  bool is_empty;
};

}  // namespace

// All that the remote column can hold.
static Range range_of_kind(kalam::RemoteKind kind) {
  switch (kind) {
    case kalam::RemoteKind::smallint:
      return {PG_INT16_MIN, PG_INT16_MAX, false};
    case kalam::RemoteKind::integer:
      return {PG_INT32_MIN, PG_INT32_MAX, false};
    default:
      return {PG_INT64_MIN, PG_INT64_MAX, false};
  }
}

static bool is_integer(Oid type) {
  return type == INT2OID || type == INT4OID || type == INT8OID;
}

static int64 integer_of(Oid type, Datum value) {
  if (type == INT2OID) return DatumGetInt16(value);
  return type == INT4OID ? DatumGetInt32(value) : DatumGetInt64(value);
}

static void narrow(Range* range, KalamTermKind kind, int64 value) {
  switch (kind) {
    case KalamTermKind::above:
      range->is_empty = range->is_empty || value == PG_INT64_MAX;
      range->lowest = Max(range->lowest, range->is_empty ? value : value + 1);
      break;
    case KalamTermKind::at_least:
      range->lowest = Max(range->lowest, value);
      break;
    case KalamTermKind::below:
      range->is_empty = range->is_empty || value == PG_INT64_MIN;
      range->highest = Min(range->highest, range->is_empty ? value : value - 1);
      break;
    case KalamTermKind::at_most:
      range->highest = Min(range->highest, value);
      break;
    case KalamTermKind::equals:
    case KalamTermKind::any:
      return;
  }
  range->is_empty = range->is_empty || range->lowest > range->highest;
}

// How many keys are in a range, or one more than are listed.
static int64 span(const Range* range) {
  if (range->is_empty) return 0;
  uint64 distance = (uint64)range->highest - (uint64)range->lowest;
  return distance >= KALAM_RANGE_KEYS_MAX ? KALAM_RANGE_KEYS_MAX + 1 : (int64)distance + 1;
}

// ---------------------------------------------------------------- for the planner

static double array_length(const Expr* array) {
  if (IsA(array, Const)) {
    if (((const Const*)array)->constisnull) return 0;
    ArrayType* value = DatumGetArrayTypeP(((const Const*)array)->constvalue);
    return ArrayGetNItems(ARR_NDIM(value), ARR_DIMS(value));
  }
  if (IsA(array, ArrayExpr) && !((const ArrayExpr*)array)->multidims)
    return list_length(((const ArrayExpr*)array)->elements);
  return ASSUMED_KEYS;
}

static bool has_known_length(const Expr* array) {
  return IsA(array, Const) || (IsA(array, ArrayExpr) && !((const ArrayExpr*)array)->multidims);
}

namespace {

struct Arm {
  Range range;
  bool has_list;
  bool is_known;
  double listed;
};

}  // namespace

static void count_term(Arm* arm, const KalamKeyTerm* term) {
  const Const* constant = IsA(term->value, Const) ? (const Const*)term->value : nullptr;
  if (kalam_term_is_list(term->kind)) {
    arm->has_list = true;
    arm->listed = term->kind == KalamTermKind::any ? array_length(term->value) : 1;
    if (constant != nullptr && constant->constisnull) arm->listed = 0;
    if (term->kind == KalamTermKind::any) arm->is_known = arm->is_known && has_known_length(term->value);
  } else if (constant == nullptr) {
    arm->is_known = false;
  } else if (constant->constisnull) {
    arm->range.is_empty = true;
  } else {
    narrow(&arm->range, term->kind, integer_of(getBaseType(constant->consttype), constant->constvalue));
  }
}

static void count_arm(KalamKeyCount* count, const Arm* arm) {
  if (arm->has_list) {
    // Whether bounds beside a list are known decides no more than how many of it are left.
    count->is_known = count->is_known && arm->is_known;
    count->keys += arm->range.is_empty ? 0 : arm->listed;
    return;
  }
  int64 keys = span(&arm->range);
  count->is_known = count->is_known && (arm->is_known || keys <= KALAM_RANGE_KEYS_MAX);
  count->is_open = count->is_open || (arm->is_known && keys > KALAM_RANGE_KEYS_MAX);
  count->keys += arm->is_known || keys < ASSUMED_KEYS ? (double)keys : ASSUMED_KEYS;
}

// ---------------------------------------------------------------- when a scan starts

namespace {

// The texts of the keys of all arms, as they come.
struct Collector {
  char** texts;
  int count;
  int room;
};

}  // namespace

static void add_text(Collector* collector, char* text) {
  if (collector->count == collector->room) {
    collector->room = Max(collector->room * 2, 8);
    Size size = sizeof(char*) * (Size)collector->room;
    collector->texts = (char**)(collector->texts != nullptr ? repalloc_huge(collector->texts, size)
                                                            : MemoryContextAllocHuge(CurrentMemoryContext, size));
  }
  collector->texts[collector->count++] = text;
}

static void add_value(Collector* collector, const Range* range, KalamColumnWriter* writer, Datum value) {
  if (is_integer(writer->type)) {
    int64 key = integer_of(writer->type, value);
    if (key < range->lowest || key > range->highest) return;
  }
  add_text(collector, kalam_key_text(writer, value));
}

static void add_elements(Collector* collector, const Range* range, KalamColumnWriter* writer, Datum value) {
  ArrayType* array = DatumGetArrayTypeP(value);
  Oid type = ARR_ELEMTYPE(array);
  Datum* elements;
  bool* nulls;
  int count;
  int16 length;
  bool by_value;
  char alignment;
  get_typlenbyvalalign(type, &length, &by_value, &alignment);
  deconstruct_array(array, type, length, by_value, alignment, &elements, &nulls, &count);
  for (int i = 0; i < count; i++)
    if (!nulls[i]) add_value(collector, range, writer, elements[i]);
}

static Datum evaluate(const KalamKeyValues* values, int index, ExprContext* econtext, bool* is_null) {
  if (values->states[index] != nullptr) return ExecEvalExpr(values->states[index], econtext, is_null);
  const Const* constant = (const Const*)values->terms[index].value;
  *is_null = constant->constisnull;
  return constant->constvalue;
}

// The terms of one arm, from `first` on. Returns where the next one starts; false in `is_listed` for a range that spans
// too many keys.
static int add_arm(const KalamKeyValues* values, int first, ExprContext* econtext, Collector* collector,
                   bool* is_listed) {
  // A list is not bounded by what the column can hold: the server knows what to make of other values.
  Range range = {PG_INT64_MIN, PG_INT64_MAX, false};
  int list = -1, next = first;
  Datum list_value = 0;
  for (; next < values->count && values->terms[next].arm == values->terms[first].arm; next++) {
    KalamTermKind kind = values->terms[next].kind;
    bool is_null;
    Datum value = evaluate(values, next, econtext, &is_null);
    if (is_null) {
      // All operators are strict: no key fulfils it.
      range.is_empty = true;
    } else if (kalam_term_is_list(kind)) {
      list = next;
      list_value = value;
    } else {
      narrow(&range, kind, integer_of(values->types[next], value));
    }
  }
  if (range.is_empty) return next;
  if (list >= 0) {
    if (values->terms[list].kind == KalamTermKind::any) {
      add_elements(collector, &range, values->writers[list], list_value);
    } else {
      add_value(collector, &range, values->writers[list], list_value);
    }
    return next;
  }
  Range all = range_of_kind(values->kind);
  narrow(&range, KalamTermKind::at_least, all.lowest);
  narrow(&range, KalamTermKind::at_most, all.highest);
  int64 keys = span(&range);
  if (keys > KALAM_RANGE_KEYS_MAX) {
    *is_listed = false;
  } else {
    for (int64 i = 0; i < keys; i++) add_text(collector, kalam_key_text_of_integer(range.lowest + i));
  }
  return next;
}

KalamKeyCount kalam_key_terms_count(const KalamKeyTerms* terms, kalam::RemoteKind kind) {
  KalamKeyCount count = {true, false, 0};
  int all = kalam_key_term_count(terms);
  for (int i = 0; i < all;) {
    Arm arm = {range_of_kind(kind), false, true, 0};
    int number = kalam_key_term(terms, i).arm;
    for (; i < all; i++) {
      KalamKeyTerm term = kalam_key_term(terms, i);
      if (term.arm != number) break;
      count_term(&arm, &term);
    }
    count_arm(&count, &arm);
  }
  return count;
}

static Oid type_of(const KalamKeyTerm* term) {
  Oid type = getBaseType(exprType((Node*)term->value));
  return term->kind == KalamTermKind::any ? getBaseType(get_element_type(type)) : type;
}

KalamKeyValues* kalam_key_values_create(const KalamKeyTerms* terms, const KalamRelation* remote, PlanState* parent) {
  KalamKeyValues* values = (KalamKeyValues*)palloc0(sizeof(KalamKeyValues));
  values->kind = remote->columns[remote->key_column].type.kind;
  values->count = kalam_key_term_count(terms);
  values->terms = (KalamKeyTerm*)palloc(sizeof(KalamKeyTerm) * Max(values->count, 1));
  values->types = (Oid*)palloc(sizeof(Oid) * Max(values->count, 1));
  values->writers = (KalamColumnWriter**)palloc0(sizeof(KalamColumnWriter*) * Max(values->count, 1));
  values->states = (ExprState**)palloc0(sizeof(ExprState*) * Max(values->count, 1));
  for (int i = 0; i < values->count; i++) {
    values->terms[i] = kalam_key_term(terms, i);
    values->types[i] = type_of(&values->terms[i]);
    if (kalam_term_is_list(values->terms[i].kind))
      values->writers[i] = kalam_key_writer_create(remote, values->types[i]);
    if (!IsA(values->terms[i].value, Const)) values->states[i] = ExecInitExpr(values->terms[i].value, parent);
  }
  return values;
}

KalamNamedKeys kalam_key_values_list(const KalamKeyValues* values, ExprContext* econtext) {
  Collector collector = {};
  bool is_listed = true;
  for (int i = 0; i < values->count && is_listed;) i = add_arm(values, i, econtext, &collector, &is_listed);
  if (!is_listed) return {true, {}};
  return {false, kalam_key_set_make(collector.texts, collector.count)};
}
