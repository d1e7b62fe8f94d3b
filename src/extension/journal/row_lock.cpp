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

KalamRowLock kalam_lock_row(const KalamRelation* relation, const char* subject, const char* key) {
  LOCKTAG tag = row_tag(relation, subject, key);
  // A held lock is counted up by LockAcquire, without a look at the shared table.
  if (count_taken() >= SHARES * max_locks_per_xact && !kalam_lock_is_held(&tag, ExclusiveLock))
    return KalamRowLock::none;
  switch (kalam_lock_acquire(&tag, ExclusiveLock)) {
    case LOCKACQUIRE_ALREADY_HELD:
    case LOCKACQUIRE_ALREADY_CLEAR:
      return KalamRowLock::held;
    case LOCKACQUIRE_NOT_AVAIL:
      return KalamRowLock::none;
    case LOCKACQUIRE_OK:
      break;
  }
  taken++;
  return KalamRowLock::taken;
}

void kalam_lock_new_row(const KalamRelation* relation, const char* subject, const char* key) {
  if (count_taken() < max_locks_per_xact) kalam_lock_row(relation, subject, key);
}

void kalam_unlock_row(const KalamRelation* relation, const char* subject, const char* key) {
  LOCKTAG tag = row_tag(relation, subject, key);
  if (LockRelease(&tag, ExclusiveLock, false)) taken--;
}

// False: somebody else has the row, and it is to be passed over.
static bool lock_for_clause(const KalamRelation* relation, const char* subject, const KalamLocking* locking,
                            const char* key) {
  LOCKTAG tag = row_tag(relation, subject, key);
  LOCKMODE mode = locking->strength >= LCS_FORNOKEYUPDATE ? ExclusiveLock : ShareLock;
  if (count_taken() >= (int64)max_locks_per_xact * Max(SHARES, MaxBackends / PARTS) &&
      !kalam_lock_is_held(&tag, mode)) {
    ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY),
                    errmsg("cannot lock more rows of KalamDB table \"%s\" in one transaction", relation->local_name),
                    errdetail("Locks of " INT64_FORMAT " rows are all that one transaction gets.", taken),
                    errhint("You might need to increase %s.", "max_locks_per_transaction")));
  }
  switch (LockAcquire(&tag, mode, false, locking->wait != LockWaitBlock)) {
    case LOCKACQUIRE_OK:
      taken++;
      return true;
    case LOCKACQUIRE_ALREADY_HELD:
    case LOCKACQUIRE_ALREADY_CLEAR:
      return true;
    case LOCKACQUIRE_NOT_AVAIL:
      break;
  }
  if (locking->wait == LockWaitError) {
    ereport(ERROR, (errcode(ERRCODE_LOCK_NOT_AVAILABLE),
                    errmsg("could not obtain lock on row in relation \"%s\"", relation->local_name)));
  }
  return false;
}

int kalam_lock_keys(const KalamRelation* relation, const char* subject, const KalamLocking* locking, char** keys,
                    int count) {
  int left = 0;
  if (locking->changes ? locking->is_late : locking->strength == LCS_NONE) return count;
  for (int i = 0; i < count; i++) {
    if (locking->changes) {
      kalam_lock_row(relation, subject, keys[i]);
    } else if (!lock_for_clause(relation, subject, locking, keys[i])) {
      continue;
    }
    keys[left++] = keys[i];
  }
  return left;
}
