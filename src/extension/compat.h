// PostgreSQL's headers for every file of the extension, and the only place where its majors are told apart (15 to 19).
// Further PostgreSQL headers are included after this one, inside extern "C" as well.
#pragma once

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/xact.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#if PG_VERSION_NUM >= 180000
#include "storage/waiteventset.h"
#endif
}

#if PG_VERSION_NUM < 150000
#error "pg_kalam needs PostgreSQL 15 or later"
#endif

// PostgreSQL 16: functions declared by PG_FUNCTION_INFO_V1 are exported by themselves, and pg_class_aclcheck's
// siblings became object_aclcheck.
#define KALAM_SQL_FUNCTION(name)            \
  extern "C" {                              \
  PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
  PG_FUNCTION_INFO_V1(name);                \
  }                                         \
  extern "C" Datum name(PG_FUNCTION_ARGS)

static inline AclResult kalam_server_aclcheck(Oid serverid, Oid roleid, AclMode mode) {
#if PG_VERSION_NUM >= 160000
  return object_aclcheck(ForeignServerRelationId, serverid, roleid, mode);
#else
  return pg_foreign_server_aclcheck(serverid, roleid, mode);
#endif
}

// PostgreSQL 17: a wait event set belongs to a resource owner (NULL: to the session) instead of a memory context.
static inline WaitEventSet* kalam_create_session_wait_event_set(int event_count) {
#if PG_VERSION_NUM >= 170000
  return CreateWaitEventSet(nullptr, event_count);
#else
  return CreateWaitEventSet(TopMemoryContext, event_count);
#endif
}

// PostgreSQL 17: extensions may name their wait events.
static inline uint32 kalam_wait_event_new(const char* name) {
#if PG_VERSION_NUM >= 170000
  return WaitEventExtensionNew(name);
#else
  (void)name;
  return PG_WAIT_EXTENSION;
#endif
}

// PostgreSQL 17: the local transaction id became part of PGPROC.vxid.
static inline LocalTransactionId kalam_local_transaction_id() {
#if PG_VERSION_NUM >= 170000
  return MyProc->vxid.lxid;
#else
  return MyProc->lxid;
#endif
}
