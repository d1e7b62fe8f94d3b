#include "extension/catalog/relation.h"

#include "extension/base/definition_epoch.h"
#include "extension/base/report.h"
#include "extension/catalog/new_table.h"
#include "extension/catalog/rights.h"
#include "extension/options/options.h"
#include "extension/remote/query.h"

extern "C" {
#include "foreign/fdwapi.h"
#include "mb/pg_wchar.h"
#include "utils/formatting.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/syscache.h"
}

// The catalog is read in pages: the server gives no more rows (spec 9.3). Wider tables than PostgreSQL can have are not
// read, whatever they are said to be.
constexpr int PAGE_ROWS = 1000;
constexpr int MAX_COLUMNS = MaxTupleAttributeNumber;
// How often it is read again when the table changes between two pages.
constexpr int MAX_ATTEMPTS = 3;
// How long a node of a cluster may not know a table that was just created (spec 10.3), and the pause between questions.
constexpr int FOLLOWER_LAG_MS = 2000;
constexpr long FOLLOWER_PAUSE_MS = 50;

namespace {

struct CacheEntry {
  Oid relid;  // hash key
  bool valid;
  MemoryContext context;  // holds `relation`; NULL when there is none
  KalamRelation* relation;
  KalamDefinitionMoment validated;  // as of when `relation` is what the server has
  char* identity;                   // version and time of creation, as the server shows them
  bool is_missing_some;             // attributes stand for columns that KalamDB did not have
  TimestampTz asked_in;             // when the statement began that asked for it
  double rows;                      // -1: not known
  int64 flushed_before;
};

}  // namespace

static HTAB* cache;
static uint64 invalidations;  // counts the calls of the callbacks, to notice one during a wait

static void invalidate_relation(Datum, Oid relid) {
  if (cache == nullptr) return;
  invalidations++;
  if (OidIsValid(relid)) {
    auto* entry = (CacheEntry*)hash_search(cache, &relid, HASH_FIND, nullptr);
    if (entry != nullptr) entry->valid = false;
    return;
  }
  HASH_SEQ_STATUS scan;
  hash_seq_init(&scan, cache);
  while (auto* entry = (CacheEntry*)hash_seq_search(&scan)) entry->valid = false;
}

static void invalidate_all(Datum argument, KalamSyscacheId, uint32) {
  invalidate_relation(argument, InvalidOid);
}

static CacheEntry* find_entry(Oid relid) {
  bool found;

  if (cache == nullptr) {
    HASHCTL control = {};
    control.keysize = sizeof(Oid);
    control.entrysize = sizeof(CacheEntry);
    control.hcxt = CacheMemoryContext;
    HTAB* table = hash_create("KalamDB relations", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    CacheRegisterRelcacheCallback(invalidate_relation, (Datum)0);
    // Another server may stand behind the table now.
    CacheRegisterSyscacheCallback(FOREIGNSERVEROID, invalidate_all, (Datum)0);
    cache = table;
  }
  auto* entry = (CacheEntry*)hash_search(cache, &relid, HASH_ENTER, &found);
  if (!found) {
    memset((char*)entry + sizeof(Oid), 0, sizeof(CacheEntry) - sizeof(Oid));
    entry->rows = -1;
  }
  return entry;
}

static bool text_is_true(const char* text) {
  return text != nullptr && strcmp(text, "true") == 0;
}

static bool is_system_column(const char* name) {
  return strcmp(name, "_seq") == 0 || strcmp(name, "_version") == 0 || strcmp(name, "_deleted") == 0 ||
         strcmp(name, "_timestamp") == 0;
}

static char* name_condition(const char* alias, const KalamTableOptions* options) {
  // The server keeps names in lower case.
  return psprintf("%snamespace_id = %s AND %stable_name = %s", alias,
                  kalam_quote_literal(asc_tolower(options->name_space, strlen(options->name_space))), alias,
                  kalam_quote_literal(asc_tolower(options->table, strlen(options->table))));
}

[[noreturn]] static void table_does_not_exist(const KalamTableOptions* options, const ForeignServer* server) {
  ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                  errmsg("KalamDB table \"%s.%s\" does not exist", options->name_space, options->table),
                  errdetail("Server \"%s\" has no such table in its catalog.", server->servername)));
  pg_unreachable();
}

[[noreturn]] static void unexpected_form(const ForeignServer* server) {
  ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                  errmsg("the catalog of KalamDB server \"%s\" has an unexpected form", server->servername)));
  pg_unreachable();
}

namespace {

enum Field {
  TABLE_TYPE,
  VERSION,
  CREATED_AT,
  COLUMN_NAME,
  DATA_TYPE,
  NULLABLE,
  PRIMARY_KEY,
  DEFAULT_VALUE,
  FIELD_COUNT
};

}  // namespace

static KalamQueryResult* fetch_page(const KalamTableOptions* options, KalamConnection* connection,
                                    const ForeignServer* server, int offset) {
  KalamQueryResult* page = kalam_query(
      connection,
      psprintf("SELECT t.table_type, t.version, t.created_at, c.column_name, c.data_type, c.nullable, c.primary_key, "
               "c.default_value FROM system.columns c JOIN system.tables t ON t.namespace_id = c.namespace_id AND "
               "t.table_name = c.table_name WHERE %s ORDER BY c.ordinal, c.column_name LIMIT %d%s",
               name_condition("c.", options), PAGE_ROWS, offset > 0 ? psprintf(" OFFSET %d", offset) : ""));
  if (page->row_count > 0 && page->column_count != FIELD_COUNT) unexpected_form(server);
  return page;
}

static char* identity_of(char** row) {
  return psprintf("%s %s", row[VERSION] != nullptr ? row[VERSION] : "",
                  row[CREATED_AT] != nullptr ? row[CREATED_AT] : "");
}

namespace {

// Columns by their names in lower case.
struct NamedColumn {
  char name[sizeof(KalamRemoteColumn::name)];  // hash key
  int index;                                   // into KalamRelation::columns
};

}  // namespace

static HTAB* create_names() {
  HASHCTL control = {};
  control.keysize = sizeof(NamedColumn::name);
  control.entrysize = sizeof(NamedColumn);
  control.hcxt = CurrentMemoryContext;
  return hash_create("KalamDB columns", 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

static NamedColumn* find_name(HTAB* names, const char* name, HASHACTION action, bool* found) {
  char* folded = asc_tolower(name, strlen(name));
  auto* entry = (NamedColumn*)hash_search(names, folded, action, found);
  pfree(folded);
  return entry;
}

static int find_column(HTAB* names, const char* name) {
  if (strlen(name) >= sizeof(NamedColumn::name)) return -1;
  const NamedColumn* entry = find_name(names, name, HASH_FIND, nullptr);
  return entry != nullptr ? entry->index : -1;
}

static void add_column(KalamRelation* relation, HTAB* names, char** row, const ForeignServer* server) {
  const char* name = row[COLUMN_NAME];
  bool found;

  if (name == nullptr || name[0] == '\0' || strlen(name) >= sizeof(NamedColumn::name)) unexpected_form(server);
  NamedColumn* entry = find_name(names, name, HASH_ENTER, &found);
  if (found) unexpected_form(server);
  if (relation->column_count == MAX_COLUMNS) {
    ereport(ERROR, (errcode(ERRCODE_TOO_MANY_COLUMNS),
                    errmsg("KalamDB table \"%s\" has more than %d columns", relation->remote_name, MAX_COLUMNS)));
  }
  entry->index = relation->column_count++;
  KalamRemoteColumn* column = &relation->columns[entry->index];
  strlcpy(column->name, name, sizeof(column->name));
  column->type_name = pstrdup(row[DATA_TYPE] != nullptr ? row[DATA_TYPE] : "");
  if (!kalam::parse_remote_type(column->type_name, &column->type)) column->type.kind = kalam::RemoteKind::other;
  column->is_key = text_is_true(row[PRIMARY_KEY]);
  column->not_null = column->is_key || !text_is_true(row[NULLABLE]);
  column->default_value = row[DEFAULT_VALUE] != nullptr ? pstrdup(row[DEFAULT_VALUE]) : nullptr;
  column->is_system = is_system_column(column->name);
  if (column->is_key) relation->key_column = entry->index;
  if (strcmp(column->name, "_seq") == 0 || strcmp(column->name, "_version") == 0)
    relation->version_column = entry->index;
}

// Of the table's part of the first row.
static KalamRelation* start_relation(Relation local, const KalamTableOptions* options, const ForeignServer* server,
                                     char** first) {
  KalamRelation* relation = (KalamRelation*)palloc0(sizeof(KalamRelation));
  relation->relid = RelationGetRelid(local);
  relation->serverid = server->serverid;
  relation->name_space = asc_tolower(options->name_space, strlen(options->name_space));
  relation->table = asc_tolower(options->table, strlen(options->table));
  relation->remote_name = psprintf("%s.%s", relation->name_space, relation->table);
  relation->local_name = pstrdup(RelationGetRelationName(local));
  relation->created_at = first[CREATED_AT] != nullptr ? pstrdup(first[CREATED_AT]) : nullptr;
  relation->schema_version = first[VERSION] != nullptr ? strtoll(first[VERSION], nullptr, 10) : 0;
  const char* kind = first[TABLE_TYPE] != nullptr ? first[TABLE_TYPE] : "";
  if (!kalam_table_kind_from_text(kind, &relation->kind)) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("KalamDB table \"%s\" is of unknown kind \"%s\"",
                                                                   relation->remote_name, kalam_printable(kind))));
  }
  relation->key_column = relation->version_column = -1;
  return relation;
}

// Whether there may be more behind a page. A server can be set to give fewer rows; its own columns come behind the
// first ones, so that what has no version is not whole.
static bool is_cut_off(const KalamRelation* relation, const KalamQueryResult* page) {
  if (page->row_count == 0) return false;
  return page->row_count == PAGE_ROWS || (relation->version_column < 0 && relation->kind != kalam::TableKind::system);
}

// Reads the definition into `context`; NULL when the table has changed meanwhile.
static KalamRelation* try_fetch(Relation local, const KalamTableOptions* options, KalamConnection* connection,
                                const ForeignServer* server, MemoryContext context, HTAB* names, char** identity) {
  KalamRelation* relation = nullptr;
  KalamQueryResult* page;
  int rows = 0;

  do {
    page = fetch_page(options, connection, server, rows);
    if (rows == 0 && page->row_count == 0) table_does_not_exist(options, server);
    MemoryContext previous = MemoryContextSwitchTo(context);
    if (relation == nullptr) {
      relation = start_relation(local, options, server, page->values[0]);
      *identity = identity_of(page->values[0]);
    }
    rows += page->row_count;
    Size size = (Size)Min(rows, MAX_COLUMNS) * sizeof(KalamRemoteColumn);
    relation->columns =
        (KalamRemoteColumn*)(relation->columns == nullptr ? palloc(size) : repalloc(relation->columns, size));
    memset(&relation->columns[relation->column_count], 0, size - relation->column_count * sizeof(KalamRemoteColumn));
    for (int i = 0; i < page->row_count; i++) {
      if (strcmp(identity_of(page->values[i]), *identity) != 0) {
        MemoryContextSwitchTo(previous);
        return nullptr;
      }
      add_column(relation, names, page->values[i], server);
    }
    MemoryContextSwitchTo(previous);
  } while (is_cut_off(relation, page));
  return relation;
}

static KalamRelation* fetch(Relation local, const KalamTableOptions* options, KalamConnection* connection,
                            const ForeignServer* server, MemoryContext context, HTAB** names, char** identity) {
  for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    MemoryContextReset(context);
    *names = create_names();
    KalamRelation* relation = try_fetch(local, options, connection, server, context, *names, identity);
    if (relation != nullptr) return relation;
    hash_destroy(*names);
  }
  ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                  errmsg("KalamDB table \"%s.%s\" changes while its definition is read", options->name_space,
                         options->table)));
  return nullptr;
}

// What two attributes wrote would be one value, and RETURNING would show another.
[[noreturn]] static void shown_twice(Relation local, const KalamRelation* relation, int column, int first, int second) {
  TupleDesc descriptor = RelationGetDescr(local);
  ereport(ERROR,
          (errcode(ERRCODE_DUPLICATE_COLUMN),
           errmsg("columns \"%s\" and \"%s\" of foreign table \"%s\" are one column of KalamDB table \"%s\"",
                  NameStr(TupleDescAttr(descriptor, first)->attname),
                  NameStr(TupleDescAttr(descriptor, second)->attname), relation->local_name, relation->remote_name),
           errdetail("Its name there is \"%s\".", column >= 0 ? relation->columns[column].name : "_userid"),
           errhint("ALTER FOREIGN TABLE ... ALTER COLUMN ... OPTIONS (SET column_name '...') names another one, or "
                   "create the foreign table again without one of them.")));
  pg_unreachable();
}

static void map_attributes(Relation local, KalamRelation* relation, HTAB* names, MemoryContext context) {
  TupleDesc descriptor = RelationGetDescr(local);
  // Attribute that shows a column, from 1; the last place is the user's.
  int* shown_by = (int*)palloc0((relation->column_count + 1) * sizeof(int));

  relation->attribute_count = descriptor->natts;
  relation->attribute_column = (int*)MemoryContextAlloc(context, Max(descriptor->natts, 1) * sizeof(int));
  for (int i = 0; i < descriptor->natts; i++) {
    int* target = &relation->attribute_column[i];
    if (TupleDescAttr(descriptor, i)->attisdropped) {
      *target = KALAM_ATTRIBUTE_DROPPED;
      continue;
    }
    char* name = kalam_column_name(relation->relid, (AttrNumber)(i + 1));
    *target = find_column(names, name);
    if (*target < 0) {
      if (strcmp(name, "_userid") == 0 && relation->kind != kalam::TableKind::shared) {
        *target = KALAM_ATTRIBUTE_USER_ID;
      } else if (strcmp(name, "_seq") == 0 && relation->version_column >= 0) {
        *target = relation->version_column;  // KalamDB 0.7 calls it _version
      } else {
        *target = KALAM_ATTRIBUTE_MISSING;
      }
    } else if (*target == relation->key_column) {
      relation->key_attribute = (AttrNumber)(i + 1);
      relation->key_is_canonical = kalam_column_is_canonical(relation->relid, (AttrNumber)(i + 1));
    }
    pfree(name);
    if (*target == KALAM_ATTRIBUTE_MISSING) continue;
    int* shown = &shown_by[*target >= 0 ? *target : relation->column_count];
    if (*shown != 0) shown_twice(local, relation, *target, *shown - 1, i);
    *shown = i + 1;
  }
  pfree(shown_by);
}

static bool is_missing_some(const KalamRelation* relation) {
  for (int i = 0; i < relation->attribute_count; i++)
    if (relation->attribute_column[i] == KALAM_ATTRIBUTE_MISSING) return true;
  return false;
}

KalamRelation* kalam_relation_of_stand_in(Oid relid, KalamConnection* connection, const char* name_space,
                                          const char* table, const char* stand_in) {
  KalamTableOptions options = {};
  HTAB* names;
  char* identity;
  options.name_space = name_space;
  options.table = stand_in;
  ForeignServer* server = GetForeignServer(connection->key.serverid);
  TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), FOLLOWER_LAG_MS);
  while (fetch_page(&options, connection, server, 0)->row_count == 0 && GetCurrentTimestamp() < until)
    kalam_pause(KalamWait::query, FOLLOWER_PAUSE_MS);
  Relation local = RelationIdGetRelation(relid);
  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB stand-in", ALLOCSET_SMALL_SIZES);
  KalamRelation* definition = fetch(local, &options, connection, server, context, &names, &identity);
  RelationClose(local);
  hash_destroy(names);
  definition->table = asc_tolower(table, strlen(table));
  definition->remote_name = psprintf("%s.%s", definition->name_space, definition->table);
  definition->awaits_commit = true;
  definition = kalam_relation_copy(definition);
  MemoryContextDelete(context);
  return definition;
}

// What fetch() would return of a table that KalamDB does not have before COMMIT.
static KalamRelation* copy_new_table(const KalamRelation* definition, MemoryContext context, HTAB** names,
                                     char** identity) {
  MemoryContext old = MemoryContextSwitchTo(context);
  KalamRelation* relation = kalam_relation_copy(definition);
  *identity = pstrdup("");
  MemoryContextSwitchTo(old);
  *names = create_names();
  for (int i = 0; i < relation->column_count; i++)
    find_name(*names, relation->columns[i].name, HASH_ENTER, nullptr)->index = i;
  return relation;
}

static bool is_same_key(const KalamRelation* before, const KalamRelation* after) {
  if (before->key_attribute != after->key_attribute) return false;
  return before->key_attribute == InvalidAttrNumber ||
         before->columns[before->key_column].type.kind == after->columns[after->key_column].type.kind;
}

static void refresh(Relation local, CacheEntry* entry, KalamConnection* connection) {
  Oid relid = RelationGetRelid(local);
  KalamTableOptions options;
  char* identity;
  HTAB* names;
  uint64 invalidations_before = invalidations;
  KalamDefinitionMoment asked = kalam_definition_now();
  ForeignServer* server = GetForeignServer(connection->key.serverid);
  // Below the caller's context until it is complete: an error frees it.
  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "KalamDB relation", ALLOCSET_SMALL_SIZES);

  kalam_table_options(relid, &options);
  const KalamRelation* awaited = kalam_new_table_definition(relid);
  KalamRelation* relation = awaited != nullptr ? copy_new_table(awaited, context, &names, &identity)
                                               : fetch(local, &options, connection, server, context, &names, &identity);
  if (options.has_kind && options.kind != relation->kind) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("KalamDB table \"%s\" is a %s table, not a %s table", relation->remote_name,
                           kalam_table_kind_text(relation->kind), kalam_table_kind_text(options.kind)),
                    errhint("Correct option \"table_type\" of foreign table \"%s\".", relation->local_name)));
  }
  map_attributes(local, relation, names, context);
  hash_destroy(names);

  // What was flushed was another table, perhaps: ALTER ... OPTIONS, or created again.
  if (entry->relation == nullptr || entry->relation->serverid != relation->serverid ||
      strcmp(entry->relation->remote_name, relation->remote_name) != 0 || strcmp(entry->identity, identity) != 0)
    entry->flushed_before = 0;
  // Plans look rows up by the key that the table had.
  if (entry->relation != nullptr && !is_same_key(entry->relation, relation)) ResetPlanCache();
  MemoryContextSetParent(context, CacheMemoryContext);
  if (entry->context != nullptr) MemoryContextDelete(entry->context);
  entry->context = context;
  entry->relation = relation;
  entry->identity = identity;
  entry->is_missing_some = is_missing_some(relation);
  entry->asked_in = GetCurrentStatementStartTimestamp();
  entry->validated = asked;
  entry->valid = invalidations == invalidations_before;
}

// A column that was not there may be there now, so that each statement asks for it before it says so.
static bool is_cached(const CacheEntry* entry) {
  if (!entry->valid || entry->relation == nullptr || entry->relation->awaits_commit) return false;
  return !entry->is_missing_some || entry->asked_in == GetCurrentStatementStartTimestamp();
}

// Before the server is asked anything, and for what is known as well: rights and options may have changed since.
static void check_use(const CacheEntry* entry, Oid relid, Oid userid) {
  if (is_cached(entry)) {
    kalam_check_use(entry->relation->serverid, userid, entry->relation->name_space, entry->relation->table);
    return;
  }
  KalamTableOptions options;
  kalam_table_options(relid, &options);
  kalam_check_use(GetForeignServerIdByRelId(relid), userid, options.name_space, options.table);
}

// Whether the answer to a validation is what the cache has. The wait may serve an invalidation.
static bool is_unchanged(const CacheEntry* entry, KalamPendingQuery* question) {
  KalamQueryResult* answer = kalam_query_finish(question);
  if (!is_cached(entry) || answer->row_count != 1 || answer->column_count != 2) return false;
  char** row = answer->values[0];
  char* identity = psprintf("%s %s", row[0] != nullptr ? row[0] : "", row[1] != nullptr ? row[1] : "");
  return strcmp(identity, entry->identity) == 0;
}

static KalamRelation* copy_cached(const CacheEntry* entry) {
  return kalam_relation_copy(entry->relation);
}

KalamRelation* kalam_relation_copy(const KalamRelation* source) {
  KalamRelation* copy = (KalamRelation*)palloc(sizeof(KalamRelation));
  *copy = *source;
  copy->name_space = pstrdup(source->name_space);
  copy->table = pstrdup(source->table);
  copy->remote_name = pstrdup(source->remote_name);
  copy->local_name = pstrdup(source->local_name);
  if (source->created_at != nullptr) copy->created_at = pstrdup(source->created_at);
  copy->columns = (KalamRemoteColumn*)palloc(source->column_count * sizeof(KalamRemoteColumn));
  memcpy(copy->columns, source->columns, source->column_count * sizeof(KalamRemoteColumn));
  for (int i = 0; i < source->column_count; i++) {
    copy->columns[i].type_name = pstrdup(source->columns[i].type_name);
    if (source->columns[i].default_value != nullptr) {
      copy->columns[i].default_value = pstrdup(source->columns[i].default_value);
    }
  }
  copy->attribute_column = (int*)palloc(Max(source->attribute_count, 1) * sizeof(int));
  memcpy(copy->attribute_column, source->attribute_column, source->attribute_count * sizeof(int));
  return copy;
}

struct KalamValidation {
  KalamPendingQuery* question;
  KalamDefinitionMoment asked;
};

static KalamValidation* start_validation(const CacheEntry* entry, Oid userid) {
  KalamTableOptions options = {};
  options.name_space = entry->relation->name_space;
  options.table = entry->relation->table;
  auto* validation = (KalamValidation*)palloc(sizeof(KalamValidation));
  validation->asked = kalam_definition_now();
  validation->question = kalam_query_start(
      kalam_connection_get(entry->relation->serverid, userid),
      psprintf("SELECT version, created_at FROM system.tables WHERE %s LIMIT 1", name_condition("", &options)));
  return validation;
}

KalamValidation* kalam_relation_validate_start(Relation relation, Oid userid) {
  CacheEntry* entry = find_entry(RelationGetRelid(relation));
  check_use(entry, RelationGetRelid(relation), userid);
  return is_cached(entry) && !kalam_definition_is_recent(&entry->validated) ? start_validation(entry, userid) : nullptr;
}

KalamRelation* kalam_relation_validate_finish(Relation relation, Oid userid, KalamValidation* validation) {
  CacheEntry* entry = find_entry(RelationGetRelid(relation));
  check_use(entry, RelationGetRelid(relation), userid);
  bool unchanged = validation != nullptr ? is_unchanged(entry, validation->question) : is_cached(entry);
  if (!unchanged) {
    refresh(relation, entry, kalam_connection_get(GetForeignServerIdByRelId(RelationGetRelid(relation)), userid));
  } else if (validation != nullptr) {
    entry->validated = validation->asked;
  }
  return copy_cached(entry);
}

KalamRelation* kalam_relation_get(Relation relation, Oid userid, KalamFreshness freshness) {
  CacheEntry* entry = find_entry(RelationGetRelid(relation));
  check_use(entry, RelationGetRelid(relation), userid);
  bool is_validated = freshness == KalamFreshness::validated && is_cached(entry);
  return kalam_relation_validate_finish(relation, userid, is_validated ? start_validation(entry, userid) : nullptr);
}

void kalam_relation_forget(Oid relid) {
  invalidate_relation((Datum)0, relid);
}

void kalam_relation_invalidate_on_error(Oid relid, const kalam::Status* status) {
  switch (status->error) {
    case kalam::ErrorClass::table_not_found:
    case kalam::ErrorClass::invalid_request:
    case kalam::ErrorClass::bad_value:
    case kalam::ErrorClass::not_null:
    case kalam::ErrorClass::sql_error:
    case kalam::ErrorClass::protocol:
    case kalam::ErrorClass::internal:
      kalam_relation_forget(relid);
      break;
    default:
      break;
  }
}

double kalam_relation_rows(Oid relid) {
  return find_entry(relid)->rows;
}

void kalam_relation_note_rows(Oid relid, double rows) {
  find_entry(relid)->rows = rows;
}

int64 kalam_relation_flushed_before(Oid relid) {
  return find_entry(relid)->flushed_before;
}

void kalam_relation_note_flush(Oid relid, int64 version) {
  find_entry(relid)->flushed_before = version;
}

kalam::TableRef kalam_table_ref(const KalamRelation* relation, const char* subject) {
  bool per_user = relation->kind == kalam::TableKind::user || relation->kind == kalam::TableKind::stream;
  const char* user_id = nullptr;
  if (per_user && subject != nullptr) user_id = pg_server_to_any(subject, (int)strlen(subject), PG_UTF8);
  return kalam::TableRef{relation->name_space, relation->table, relation->kind, user_id};
}

char* kalam_local_type_name(const kalam::RemoteType* type) {
  using kalam::RemoteKind;
  switch (type->kind) {
    case RemoteKind::boolean:
      return pstrdup("boolean");
    case RemoteKind::smallint:
      return pstrdup("smallint");
    case RemoteKind::integer:
      return pstrdup("integer");
    case RemoteKind::bigint:
      return pstrdup("bigint");
    case RemoteKind::real:
      return pstrdup("real");
    case RemoteKind::double_precision:
      return pstrdup("double precision");
    case RemoteKind::json:
    case RemoteKind::file:
      return pstrdup("jsonb");
    case RemoteKind::bytes:
      return pstrdup("bytea");
    case RemoteKind::timestamp:
      return pstrdup("timestamp without time zone");
    case RemoteKind::datetime:
      return pstrdup("timestamp with time zone");
    case RemoteKind::date:
      return pstrdup("date");
    case RemoteKind::time:
      return pstrdup("time without time zone");
    case RemoteKind::uuid:
      return pstrdup("uuid");
    case RemoteKind::decimal:
      return psprintf("numeric(%d,%d)", type->precision, type->scale);
    case RemoteKind::embedding:
      return pstrdup("real[]");
    case RemoteKind::text:
    case RemoteKind::other:
      break;
  }
  return pstrdup("text");
}
