// A key that KalamDB has already is a unique violation of the statement that inserts it, inside of transaction blocks
// too: EXCEPTION WHEN unique_violation and savepoints rest on that. The keys that a statement has inserted are asked
// for at its end (stored_keys.h), where their number is known, and before AFTER triggers see the rows. That they are
// absent then is no promise: KalamDB checks again at COMMIT.
//
// Not asked for are keys of which the transaction knows that nobody else has them: it has looked them up or removed
// their rows, it has created the table, or the key is new from snowflake_id() or KalamDB's default. A statement that is
// all of its transaction leaves the question to KalamDB, which answers it at once.
#pragma once

#include "extension/modify/modify_state.h"
#include "extension/modify/stored_keys.h"

// Sets the executor's hook, which sees the end of statements.
void kalam_key_check_init();

// Begins the check for the rows that a statement is going to insert; none where it is not wanted. The state is
// otherwise complete.
void kalam_key_check_begin(KalamModifyState* state, const ModifyTableState* mtstate);

// What a new row of the key, which the journal has no row of, starts from: whether the key is to be asked for.
KalamJournalBase kalam_key_check_base(KalamModifyState* state, const char* key);

// After a row was written: asks at once where the end of the statement comes too late.
void kalam_key_check_row(KalamModifyState* state);

// Asks for what was not asked for yet, and ends the check. 23505 for the first key that is stored.
void kalam_key_check_end(KalamModifyState* state);

// ---------------------------------------------------------------- EXPLAIN

enum class KalamKeyCheckWay : uint8_t {
  none,       // KalamDB answers at once, or there is no key to be asked for
  at_commit,  // kalam.check_keys
  lookups,
  scan,
  earlier_scan,
  not_needed,
};

// How the keys of an INSERT will be asked for, which has not begun.
KalamKeyCheckWay kalam_key_check_planned(const ModifyTableState* mtstate, const ResultRelInfo* result);

// How those of a statement that has run were, which has a check; and what that has cost.
KalamKeyCheckWay kalam_key_check_done(const KalamModifyState* state, KalamStoredKeyCounters* counters);
