#include "extension/transaction/transaction.h"

#include "extension/journal/journal.h"
#include "extension/remote/wait.h"
#include "extension/transaction/atomic.h"
#include "extension/transaction/commit/commit.h"
#include "extension/transaction/commit/new_tables.h"
#include "extension/transaction/new_table.h"
#include "extension/transaction/remote_ddl.h"
#include "extension/transaction/snapshot.h"
#include "extension/transaction/undo.h"

static bool is_sent;  // the rows are with the server: what is written now would never get there

void kalam_transaction_check_open() {
  if (!is_sent) return;
  ereport(ERROR, (errcode(ERRCODE_INVALID_TRANSACTION_STATE),
                  errmsg("cannot change KalamDB tables while the transaction commits"),
                  errdetail("Its changes have been sent to KalamDB already.")));
}

// ---------------------------------------------------------------- the steps at the end

// Rows of the transaction, and keys that must not be stored.
static void send_rows() {
  if (kalam_transaction_has_work()) kalam_commit_journals();
  kalam_journal_close_all();
  is_sent = true;
}

// Before PostgreSQL commits. Any step may raise, and the transaction aborts then.
//
// Rows come first: remote DDL that has waited for this moment (DROP TABLE, DROP COLUMN, defaults) would take away what
// they are written to, and what was created for them is there since its statement. The order is the same for all
// tables: rows that were written before DROP TABLE may come and go with it.
// A snapshot that was read ends first: it has changed nothing, and the rows may need the session for a transaction.
//
// Tables that get the names of dropped ones are made at the end, so that they need an order of their own.
static void run_commit_steps() {
  kalam_snapshot_end();
  if (kalam_new_tables_exist()) {
    kalam_commit_new_tables();
    kalam_journal_close_all();
    is_sent = true;
    return;
  }
  send_rows();
  kalam_remote_ddl_send();
}

// What is there to be sent would have to be kept until COMMIT PREPARED, in a place that survives this session.
static void run_prepare_steps() {
  if (kalam_changed_journals() > 0) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot PREPARE a transaction that has changed KalamDB tables")));
  }
  kalam_remote_ddl_refuse_prepare();
  kalam_snapshot_end();
  send_rows();
}

// PostgreSQL has committed. Nothing here raises.
static void run_forget_steps() {
  kalam_journal_forget_all();
  kalam_remote_ddl_forget();
  is_sent = false;
}

// PostgreSQL's side is rolled back. Rows were not sent, or their sending failed and has told what became of them: they
// are forgotten before anything is waited for. Nothing here raises.
static void run_abort_steps() {
  kalam_journal_forget_all();
  kalam_snapshot_end();
  kalam_remote_ddl_undo(0, kalam_wait_was_left());
  is_sent = false;
}

// The same for one subtransaction and its children. Its rows are given up first, so that what they kept open may end.
static void run_subtransaction_abort_steps(SubTransactionId subid) {
  kalam_journal_abort_subtransaction(subid);
  kalam_remote_ddl_undo(GetCurrentTransactionNestLevel(), kalam_wait_was_left());
}

// ---------------------------------------------------------------- callbacks

static void transaction_callback(XactEvent event, void*) {
  switch (event) {
    case XACT_EVENT_PRE_COMMIT:
      run_commit_steps();
      break;
    case XACT_EVENT_PRE_PREPARE:
      run_prepare_steps();
      break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PREPARE:
      run_forget_steps();
      break;
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PARALLEL_ABORT:
      run_abort_steps();
      break;
    // A parallel worker changes nothing.
    case XACT_EVENT_PARALLEL_PRE_COMMIT:
    case XACT_EVENT_PARALLEL_COMMIT:
      break;
  }
}

static void subtransaction_callback(SubXactEvent event, SubTransactionId subid, SubTransactionId, void*) {
  // Entries of the journal keep the number of the subtransaction that wrote them: a parent has a lower one.
  if (event == SUBXACT_EVENT_COMMIT_SUB) kalam_remote_ddl_commit_subtransaction(GetCurrentTransactionNestLevel());
  if (event == SUBXACT_EVENT_ABORT_SUB) run_subtransaction_abort_steps(subid);
}

void kalam_transaction_init() {
  kalam_new_table_init();
  RegisterXactCallback(transaction_callback, nullptr);
  RegisterSubXactCallback(subtransaction_callback, nullptr);
}
