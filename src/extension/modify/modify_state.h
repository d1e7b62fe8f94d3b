// A running INSERT, UPDATE, DELETE or COPY of one relation, and the steps that its rows go through. For the callbacks
// of the foreign data wrapper (modify.cpp) and for INSERT ... ON CONFLICT (upsert.cpp), which is both an INSERT and an
// UPDATE.
#pragma once

#include "extension/base/compat.h"
#include "extension/catalog/relation.h"
#include "extension/journal/journal.h"
#include "extension/modify/written_row.h"

extern "C" {
#include "nodes/lockoptions.h"
}

struct KalamValidation;
struct KalamRecheck;
struct KalamUpsert;
struct KalamKeyCheck;

struct KalamModifyState {
  Relation relation;
  Oid userid;
  EState* estate;
  ResultRelInfo* result;
  CmdType operation;
  WCOKind policies;  // of row-level security, that apply to the rows that are written
  List* plan_tlist;  // of the rows' plan; NIL: nothing there names stored rows
  KalamRelation* remote;
  // While the server is asked whether `remote` is still right, which takes no longer than finding the first row.
  KalamValidation* validation;
  KalamJournal* journal;  // NULL until the answer was read
  const char* subject;
  KalamRecheck* recheck;     // of rows that an UPDATE or DELETE has found; NULL: something else
  KalamUpsert* upsert;       // of INSERT ... ON CONFLICT; NULL: something else
  KalamKeyCheck* key_check;  // of the keys of new rows; NULL: none
  bool is_key_made;          // the row's key is KalamDB's default
  bool uses_own_command_id;  // COPY, which does not set es_output_cid
  CommandId command_id;
  AttrNumber user_id_attribute;  // InvalidAttrNumber: no such column
  AttrNumber version_attribute;
  bool names_columns;  // an INSERT or COPY, which may leave columns out
  bool knows_unnamed;  // `unnamed` was looked for
  Bitmapset* unnamed;  // attributes that it leaves to KalamDB's defaults
  Bitmapset* updated;  // attributes that an UPDATE names, offset as PostgreSQL does
  KalamConstraintCheck check;
  AttrNumber key_junk;   // in the plan's slot
  AttrNumber mark_junk;  // of the version
  AttrNumber whole_row_junk;
  Datum* values;  // one row
  bool* nulls;
  MemoryContext row_context;  // reset for every row
};

// Before the first row is written down: the table's identity is one that was compared with the server's not long ago.
void kalam_modify_open_journal(KalamModifyState* state);

// The command whose rows are written.
CommandId kalam_modify_command_id(const KalamModifyState* state, const EState* estate);

// How strongly the rows are locked that it changes: as PostgreSQL does, by whether the statement names the key.
LockClauseStrength kalam_modify_lock_strength(const KalamModifyState* state);

// Adds a row that the plan has found to those that are locked together (recheck.h).
void kalam_modify_add_ahead(KalamModifyState* state, TupleTableSlot* plan_slot);

// Text of the key of the row in state->values. 23502 for NULL. The journal is open.
char* kalam_modify_row_key(KalamModifyState* state);

// Writes the row in state->values as a new one. `defaulted`: attributes that are left to KalamDB. 23505 for a key that
// the transaction has written.
void kalam_modify_insert_row(KalamModifyState* state, EState* estate, const char* key, const Bitmapset* defaulted,
                             KalamJournalBase base);

// Writes the row in the slot in place of the row of `old_key`, which the caller has locked: system columns, policies of
// kind `policies`, constraints, and the key, which may be another one.
void kalam_modify_change_row(KalamModifyState* state, EState* estate, const char* old_key, TupleTableSlot* slot,
                             WCOKind policies, KalamJournalBase base);
