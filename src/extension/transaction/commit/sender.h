// What the sending of journals is made of: calls in flight, the wait for them with a deadline of its own, and rows as
// the server wants them. A sender lives in the memory context that it was opened in.
#pragma once

#include "extension/journal/journal.h"
#include "extension/lookup/keys_in_flight.h"
#include "extension/remote/wait.h"
#include "extension/transaction/deadline.h"

struct KalamSender;

// Lookups in flight of the rows of one journal.
struct KalamSenderLookups {
  const KalamSender* sender;
  const KalamJournal* journal;
  const char* columns[2];
  KalamKeysInFlight* keys;
};

struct KalamSender {
  KalamConnection* connection;  // pinned by the journals
  KalamCommitDeadline deadline;
  MemoryContext context;       // of the whole sending
  MemoryContext row_context;   // reset for every row
  KalamCallHolder* holder;     // of calls that nothing is in flight beside
  List* lookups;               // of KalamSenderLookups: of rows that changes start from
  int64 staged;                // requests that the server said it has staged in the open transaction
  kalam::RowForm insert_form;  // tagged where the server stores inserts as they are sent, without coercion (spec 8.5)
};

// Its deadline counts from here.
KalamSender* kalam_sender_open(KalamConnection* connection);

// Raises what a call for this journal (NULL: for none or several) failed with.
[[noreturn]] void kalam_sender_report(const KalamSender* sender, const KalamJournal* journal,
                                      const kalam::Status* status);

// Raises the status when the call could not be started.
void kalam_sender_check_started(const KalamSender* sender, const KalamJournal* journal, const kalam::Call* call,
                                const kalam::Status* status);

// Waits for the sender's single call and raises its failure.
void kalam_sender_finish_single(const KalamSender* sender, const KalamJournal* journal);

// 57014 when the deadline has passed.
void kalam_sender_check_deadline(const KalamSender* sender);

// Waits for the sender's single call, which makes changes permanent. After it was handed over nothing but its answer
// tells what happened, so an interrupt or the deadline ends in 08007 unless the client knows that the request was not
// executed, or that it succeeded all the same. `status` is the outcome of a call that was answered.
void kalam_sender_wait_for_outcome(KalamSender* sender, kalam::Status* status);

// Whether the row was read while it was locked, so that no session of this PostgreSQL has changed it since, and so
// lately that other clients of KalamDB have had no more time to than beside a look-up: by this very statement, which is
// in no transaction block and whose transaction is less than five seconds old.
bool kalam_sender_has_just_read(KalamJournalBase base);

// Looks the row up that an entry changes or removes: it must be there, in the version that the change starts from
// (40001). Many are in flight; waits for one of them to end when these are enough.
void kalam_sender_look_up(KalamSender* sender, const KalamJournal* journal, int32 index);

// Looks a key up that the transaction has inserted and removed again. It must not be there: the INSERT would have
// failed (23505).
void kalam_sender_look_for_duplicate(KalamSender* sender, const KalamJournal* journal, int32 index);

// Waits for all lookups in flight and raises the first failure.
void kalam_sender_drain(KalamSender* sender);

// Puts a staged change in the place of the single call, waits for its answer and raises its failure. 08007 when the
// server does not know the transaction that it said it has staged changes in.
void kalam_sender_stage(KalamSender* sender, const KalamJournal* journal, kalam::Call* call,
                        const kalam::Status* status);

// The table and subject of a journal.
kalam::TableRef kalam_sender_table(const KalamJournal* journal);

// Puts the row of an entry, which is encoded already, behind those in the writer's buffer.
void kalam_sender_add_row(KalamSender* sender, KalamJournal* journal, const KalamJournalEntry* entry);

// Whether entry `index` is to be sent as the change `wanted`: it is the newest of its key and has that effect.
bool kalam_sender_is_net(const KalamJournal* journal, int32 index, KalamNetChange wanted);

// Starts the update or removal that an entry stands for.
kalam::Call* kalam_sender_start_change(KalamSender* sender, KalamJournal* journal, int32 index, kalam::Status* status);
