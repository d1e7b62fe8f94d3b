#include "extension/journal/row_lock.h"

extern "C" {
#include "access/xlog.h"
#include "catalog/pg_control.h"
#include "common/hmac.h"
#include "common/sha2.h"
}

// pg_advisory_lock() uses classes 1 and 2.
constexpr uint16 ROW_LOCK_CLASS = 0x4B41;

// The table of locks has room for max_locks_per_transaction of every session; most sessions need few. Changes do with
// the share of some sessions, since rows beyond it are compared instead; a locking clause, which fails then, gets a
// part of all the room.
constexpr int64 SHARES = 4;
constexpr int64 PARTS = 4;

static int64 taken;                    // by the transaction, those that a savepoint gave back included
static LocalTransactionId counted_in;  // the transaction
static uint64 acquired;                // by the session, ever

static int64 count_taken() {
  LocalTransactionId transaction = kalam_local_transaction_id();
  if (counted_in != transaction) taken = 0;
  counted_in = transaction;
  return taken;
}

// The end of a text counts, so that "a", "bc" is not "ab", "c".
static bool add_text(pg_hmac_ctx* hash, const char* text) {
  return pg_hmac_update(hash, (const uint8*)text, strlen(text) + 1) >= 0;
}

static bool add_row(pg_hmac_ctx* hash, const KalamRelation* relation, const char* subject, const char* key) {
  if (relation->created_at == nullptr) {
    // Nothing was proved: the lock holds for this foreign server alone.
    Oid local[2] = {MyDatabaseId, relation->serverid};
    if (pg_hmac_update(hash, (const uint8*)local, sizeof(local)) < 0) return false;
  }
  return add_text(hash, relation->created_at != nullptr ? relation->created_at : "") &&
         add_text(hash, relation->remote_name) && add_text(hash, subject != nullptr ? subject : "") &&
         add_text(hash, key);
}

// The nonce was drawn when the cluster was made. All its processes have it, and no SQL function shows it.
static LOCKTAG row_tag(const KalamRelation* relation, const char* subject, const char* key) {
  uint8 digest[PG_SHA256_DIGEST_LENGTH];
  uint32 field[2];
  pg_hmac_ctx* hash = pg_hmac_create(PG_SHA256);
  bool done = hash != nullptr &&
              pg_hmac_init(hash, (const uint8*)GetMockAuthenticationNonce(), MOCK_AUTH_NONCE_LEN) >= 0 &&
              add_row(hash, relation, subject, key) && pg_hmac_final(hash, digest, sizeof(digest)) >= 0;
  if (!done) {
    ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute the lock of a KalamDB row: %s",
                                                            hash != nullptr ? pg_hmac_error(hash) : "out of memory")));
  }
  pg_hmac_free(hash);
  memcpy(field, digest, sizeof(field));
  LOCKTAG tag;
  SET_LOCKTAG_ADVISORY(tag, InvalidOid, field[0], field[1], ROW_LOCK_CLASS);
  return tag;
}

// Of the lock modes, four conflict with each other just as the locks of an ordinary table's rows do.
static LOCKMODE lock_mode(LockClauseStrength strength) {
  switch (strength) {
    case LCS_NONE:
    case LCS_FORKEYSHARE:
      return AccessShareLock;
    case LCS_FORSHARE:
      return RowShareLock;
    case LCS_FORNOKEYUPDATE:
      return ExclusiveLock;
    case LCS_FORUPDATE:
      break;
  }
  return AccessExclusiveLock;
}

// Whether the transaction has a lock that is as strong at least.
static bool is_held(const LOCKTAG* tag, LockClauseStrength strength) {
  for (int stronger = strength; stronger <= LCS_FORUPDATE; stronger++)
    if (kalam_lock_is_held(tag, lock_mode((LockClauseStrength)stronger))) return true;
  return false;
}

// Rows that one transaction gets to lock by clauses.
static int64 clause_rows() {
  return (int64)max_locks_per_xact * Max(SHARES, MaxBackends / PARTS);
}

// What an attempt to lock a row may come to.
struct Attempt {
  bool waits;
  bool raises_full;  // 53200 when the server's table of locks is full
  int64 most;        // rows that the transaction may lock
};

// A lock that is held is not asked for again, whatever the bound.
static KalamRowLock acquire(const KalamRelation* relation, const char* subject, const char* key,
                            LockClauseStrength strength, const Attempt* attempt) {
  LOCKTAG tag = row_tag(relation, subject, key);
  if (is_held(&tag, strength)) return KalamRowLock::held;
  bool is_counted = is_held(&tag, LCS_FORKEYSHARE);
  if (count_taken() >= attempt->most && !is_counted) return KalamRowLock::none;
  if (kalam_lock_acquire(&tag, lock_mode(strength), !attempt->waits, attempt->raises_full) == LOCKACQUIRE_NOT_AVAIL)
    return attempt->waits ? KalamRowLock::none : KalamRowLock::busy;
  if (!is_counted) taken++;
  acquired++;
  return KalamRowLock::taken;
}

uint64 kalam_row_locks_acquired() {
  return acquired;
}

KalamRowLock kalam_lock_row(const KalamRelation* relation, const char* subject, const char* key,
                            LockClauseStrength strength) {
  Attempt attempt = {true, false, SHARES * max_locks_per_xact};
  return acquire(relation, subject, key, strength, &attempt);
}

KalamRowLock kalam_try_lock_row(const KalamRelation* relation, const char* subject, const char* key,
                                LockClauseStrength strength) {
  Attempt attempt = {false, false, clause_rows()};
  return acquire(relation, subject, key, strength, &attempt);
}

void kalam_lock_new_row(const KalamRelation* relation, const char* subject, const char* key) {
  Attempt attempt = {true, false, max_locks_per_xact};
  acquire(relation, subject, key, LCS_FORNOKEYUPDATE, &attempt);
}

KalamRowLock kalam_lock_row_for_clause(const KalamRelation* relation, const char* subject, const char* key,
                                       LockClauseStrength strength, LockWaitPolicy wait) {
  Attempt attempt = {wait == LockWaitBlock, true, clause_rows()};
  KalamRowLock lock = acquire(relation, subject, key, strength, &attempt);
  if (lock == KalamRowLock::none) {
    ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY),
                    errmsg("cannot lock more rows of KalamDB table \"%s\" in one transaction", relation->local_name),
                    errdetail("Locks of " INT64_FORMAT " rows are all that one transaction gets.", taken),
                    errhint("You might need to increase %s.", "max_locks_per_transaction")));
  }
  if (lock == KalamRowLock::busy && wait == LockWaitError) {
    ereport(ERROR, (errcode(ERRCODE_LOCK_NOT_AVAILABLE),
                    errmsg("could not obtain lock on row in relation \"%s\"", relation->local_name)));
  }
  return lock;
}

void kalam_unlock_row(const KalamRelation* relation, const char* subject, const char* key,
                      LockClauseStrength strength) {
  LOCKTAG tag = row_tag(relation, subject, key);
  if (LockRelease(&tag, lock_mode(strength), false) && !is_held(&tag, LCS_FORKEYSHARE)) taken--;
}
