// The hooks: which statements are looked at, and what is done with them.
#include "extension/base/preload.h"
#include "extension/catalog/own.h"
#include "extension/ddl/ddl.h"
#include "extension/ddl/statements/skip.h"

extern "C" {
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "parser/analyze.h"
#include "utils/lsyscache.h"
}

constexpr const char* ACCESS_METHOD = "kalamdb";

static ProcessUtility_hook_type previous_hook;
static post_parse_analyze_hook_type previous_analyze_hook;

static bool names_access_method(const char* name) {
  if (name == nullptr) name = default_table_access_method;
  return name != nullptr && strcmp(name, ACCESS_METHOD) == 0 && OidIsValid(get_table_am_oid(ACCESS_METHOD, true));
}

// Whether PostgreSQL would give the new relation the access method kalamdb.
static bool creates_kalamdb_table(const CreateStmt* statement) {
  if (statement->partspec != nullptr && statement->accessMethod == nullptr) return false;
  return names_access_method(statement->accessMethod);
}

// default_table_access_method is for tables that KalamDB can hold: others are made as PostgreSQL makes them by itself.
// It creates temporary tables of its own, too (REFRESH MATERIALIZED VIEW CONCURRENTLY).
static bool only_default_names(const char* access_method, const RangeVar* relation, bool is_view) {
  if (access_method != nullptr || !names_access_method(nullptr)) return false;
  return is_view || kalam_is_temporary(relation);
}

static bool is_on_own_server(const CreateForeignTableStmt* statement) {
  ForeignServer* server = GetForeignServerByName(statement->servername, true);
  Oid fdw = kalam_fdw_oid();
  return server != nullptr && OidIsValid(fdw) && server->fdwid == fdw;
}

[[noreturn]] static void refuse_materialized_view() {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("access method \"%s\" does not support materialized views", ACCESS_METHOD)));
  pg_unreachable();
}

// COMMENT ON TABLE means these tables too.
static bool comments_on_kalamdb_table(const CommentStmt* statement) {
  if (statement->objtype != OBJECT_TABLE || !OidIsValid(kalam_fdw_oid())) return false;
  return kalam_is_kalamdb_table(RangeVarGetRelid(makeRangeVarFromNameList((List*)statement->object), NoLock, true));
}

static PlannedStmt* wrap(const KalamUtility* utility, Node* statement) {
  PlannedStmt* planned = makeNode(PlannedStmt);
  planned->commandType = CMD_UTILITY;
  planned->canSetTag = utility->planned->canSetTag;
  planned->utilityStmt = statement;
  planned->stmt_location = utility->planned->stmt_location;
  planned->stmt_len = utility->planned->stmt_len;
  // pg_stat_statements counts a statement by this id; with none it would not count it at all.
  planned->queryId = utility->planned->queryId;
  return planned;
}

// As PostgreSQL does, but before the server is asked anything.
static void refuse_if_read_only(Node* statement) {
  const char* name = CreateCommandName(statement);
  PreventCommandIfReadOnly(name);
  PreventCommandIfParallelMode(name);
  PreventCommandDuringRecovery(name);
}

static void alter_table(const KalamUtility* utility) {
  const AlterTableStmt* statement = (const AlterTableStmt*)utility->planned->utilityStmt;
  if (statement->objtype == OBJECT_INDEX && kalam_alter_skipped_index(statement)) return;
  if (!kalam_is_kalamdb_table(RangeVarGetRelid(statement->relation, NoLock, true)))
    statement = (const AlterTableStmt*)kalam_without_references((const Node*)statement);
  if (kalam_is_kalamdb_table(RangeVarGetRelid(statement->relation, NoLock, true)))
    refuse_if_read_only((Node*)statement);
  kalam_refuse_divergence((const Node*)statement);
  const AlterTableStmt* changed = kalam_without_skipped(utility, kalam_without_needless(statement));
  KalamUtility rest = *utility;
  if (changed != (const AlterTableStmt*)utility->planned->utilityStmt) {
    rest.planned = wrap(utility, (Node*)copyObjectImpl(changed));
    rest.read_only_tree = false;
  }
  kalam_alter_table(&rest, changed);
}

static void process_utility(PlannedStmt* planned, const char* query_string, bool read_only_tree,
                            ProcessUtilityContext context, ParamListInfo params, QueryEnvironment* environment,
                            DestReceiver* receiver, QueryCompletion* completion) {
  KalamUtility utility = {planned, query_string, read_only_tree, context, params, environment, receiver, completion};
  Node* statement = planned->utilityStmt;

  kalam_hook_was_called();
  // pg_upgrade restores what the old cluster had, and KalamDB is as it was.
  if (IsBinaryUpgrade) {
    kalam_utility_pass(&utility);
    return;
  }
  switch (nodeTag(statement)) {
    case T_CreateStmt:
      if (only_default_names(((CreateStmt*)statement)->accessMethod, ((CreateStmt*)statement)->relation, false)) {
        auto* create = (CreateStmt*)copyObjectImpl(statement);
        create->accessMethod = pstrdup(DEFAULT_TABLE_ACCESS_METHOD);
        kalam_utility_replace(&utility, (Node*)create);
        return;
      }
      if (creates_kalamdb_table((CreateStmt*)statement)) {
        refuse_if_read_only(statement);
        kalam_create_table(&utility, (CreateStmt*)statement);
        return;
      }
      if (const Node* changed = kalam_without_references(statement); changed != statement) {
        kalam_utility_replace(&utility, (Node*)changed);
        return;
      }
      break;
    case T_CreateForeignTableStmt:
      if (is_on_own_server((CreateForeignTableStmt*)statement)) {
        refuse_if_read_only(statement);
        kalam_create_foreign_table(&utility, (CreateForeignTableStmt*)statement);
        return;
      }
      break;
    case T_CreateTableAsStmt: {
      auto* create = (CreateTableAsStmt*)statement;
      bool is_view = create->objtype == OBJECT_MATVIEW;
      if (only_default_names(create->into->accessMethod, create->into->rel, is_view)) {
        create = (CreateTableAsStmt*)copyObjectImpl(create);
        create->into->accessMethod = pstrdup(DEFAULT_TABLE_ACCESS_METHOD);
        kalam_utility_replace(&utility, (Node*)create);
        return;
      }
      if (!names_access_method(create->into->accessMethod)) break;
      if (is_view) refuse_materialized_view();
      refuse_if_read_only(statement);
      kalam_create_table_as(&utility, create);
      return;
    }
    case T_DropStmt:
      if (OidIsValid(kalam_fdw_oid())) {
        if (((DropStmt*)statement)->removeType == OBJECT_INDEX) {
          kalam_drop_index(&utility, (DropStmt*)statement);
        } else {
          kalam_drop(&utility, (DropStmt*)statement);
        }
        return;
      }
      break;
    case T_DropOwnedStmt:
      if (OidIsValid(kalam_fdw_oid())) {
        kalam_drop_owned(&utility);
        return;
      }
      break;
    case T_CopyStmt:
      if (OidIsValid(kalam_fdw_oid())) {
        kalam_copy(&utility, (CopyStmt*)statement);
        return;
      }
      break;
    case T_CommentStmt:
      if (comments_on_kalamdb_table((CommentStmt*)statement)) {
        auto* comment = (CommentStmt*)copyObjectImpl(statement);
        comment->objtype = OBJECT_FOREIGN_TABLE;
        kalam_utility_replace(&utility, (Node*)comment);
        return;
      }
      break;
    case T_IndexStmt:
      if (OidIsValid(kalam_fdw_oid())) {
        Oid relid = RangeVarGetRelid(((IndexStmt*)statement)->relation, NoLock, true);
        if (!kalam_is_kalamdb_table(relid)) break;
        refuse_if_read_only(statement);
        kalam_skip_index(&utility, relid, (IndexStmt*)statement);
        return;
      }
      break;
    case T_AlterTableStmt:
      if (OidIsValid(kalam_fdw_oid())) {
        alter_table(&utility);
        return;
      }
      break;
    case T_RenameStmt:
      if (((RenameStmt*)statement)->renameType == OBJECT_INDEX && OidIsValid(kalam_fdw_oid()) &&
          kalam_rename_skipped_index(&utility, (RenameStmt*)statement))
        return;
      [[fallthrough]];
    case T_AlterObjectSchemaStmt:
      if (OidIsValid(kalam_fdw_oid())) kalam_keep_names(&utility, statement);
      break;
    default:
      break;
  }
  kalam_utility_pass(&utility);
}

static void run(const KalamUtility* utility, PlannedStmt* planned, bool read_only_tree, ProcessUtilityContext context,
                QueryCompletion* completion) {
  ProcessUtility_hook_type next = previous_hook != nullptr ? previous_hook : standard_ProcessUtility;
  next(planned, utility->query_string, read_only_tree, context, utility->params, utility->environment,
       utility->receiver, completion);
}

// The last argument is const in some majors.
template <typename Jumble>
static void check_analyzed(ParseState* state, Query* query, Jumble jumble) {
  kalam_check_copied(query);
  if (previous_analyze_hook != nullptr) previous_analyze_hook(state, query, jumble);
}

void kalam_utility_pass(const KalamUtility* utility) {
  run(utility, utility->planned, utility->read_only_tree, utility->context, utility->completion);
}

void kalam_utility_replace(const KalamUtility* utility, Node* statement) {
  run(utility, wrap(utility, statement), false, utility->context, utility->completion);
}

void kalam_utility_subcommand(const KalamUtility* utility, Node* statement) {
  PlannedStmt* planned = wrap(utility, statement);
  planned->canSetTag = false;
  planned->queryId = 0;
  run(utility, planned, false, PROCESS_UTILITY_SUBCOMMAND, nullptr);
  CommandCounterIncrement();
}

void kalam_ddl_init() {
  previous_hook = ProcessUtility_hook;
  ProcessUtility_hook = process_utility;
  previous_analyze_hook = post_parse_analyze_hook;
  post_parse_analyze_hook = check_analyzed;
  kalam_drop_init();
}
