#include "extension/row_lock.h"

extern "C" {
#include "common/hashfn.h"
}

// pg_advisory_lock() uses classes 1 and 2.
constexpr uint16 ROW_LOCK_CLASS = 0x4B41;

// The table of locks has room for max_locks_per_transaction of every session; most sessions need few.
constexpr int64 SHARES = 4;

static int64 taken;                    // by the transaction, those that a savepoint gave back included
static LocalTransactionId counted_in;  // the transaction

static uint64 mix(uint64 hash, const char* text) {
  // The end of a text counts, so that "a", "bc" is not "ab", "c".
  return hash_bytes_extended((const unsigned char*)text, (int)strlen(text) + 1, hash);
}

static LOCKTAG row_tag(const KalamRelation* relation, const char* subject, const char* key) {
  uint64 hash = mix(mix(mix(relation->serverid, relation->remote_name), subject != nullptr ? subject : ""), key);
  LOCKTAG tag;
  SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32)(hash >> 32), (uint32)hash, ROW_LOCK_CLASS);
  return tag;
}

KalamRowLock kalam_lock_row(const KalamRelation* relation, const char* subject, const char* key) {
  LocalTransactionId transaction = kalam_local_transaction_id();
  if (counted_in != transaction) taken = 0;
  counted_in = transaction;

  LOCKTAG tag = row_tag(relation, subject, key);
  // A held lock is counted up by LockAcquire, without a look at the shared table.
  if (taken >= SHARES * max_locks_per_xact && !kalam_lock_is_held(&tag, ExclusiveLock)) return KalamRowLock::none;
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

// False: somebody else has the row, and it is to be passed over.
static bool lock_for_clause(const KalamRelation* relation, const char* subject, const KalamLocking* locking,
                            const char* key) {
  LOCKTAG tag = row_tag(relation, subject, key);
  LOCKMODE mode = locking->strength >= LCS_FORNOKEYUPDATE ? ExclusiveLock : ShareLock;
  if (LockAcquire(&tag, mode, false, locking->wait != LockWaitBlock) != LOCKACQUIRE_NOT_AVAIL) return true;
  if (locking->wait == LockWaitError)
    ereport(ERROR, (errcode(ERRCODE_LOCK_NOT_AVAILABLE),
                    errmsg("could not obtain lock on row in relation \"%s\"", relation->local_name)));
  return false;
}

int kalam_lock_keys(const KalamRelation* relation, const char* subject, const KalamLocking* locking, char** keys,
                    int count) {
  int left = 0;
  if (locking->changes ? locking->is_late : locking->strength == LCS_NONE) return count;
  for (int i = 0; i < count; i++) {
    if (locking->changes)
      kalam_lock_row(relation, subject, keys[i]);
    else if (!lock_for_clause(relation, subject, locking, keys[i]))
      continue;
    keys[left++] = keys[i];
  }
  return left;
}
