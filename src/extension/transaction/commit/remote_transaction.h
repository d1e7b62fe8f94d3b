// Changes as one transaction of the server: lookups, Begin, staged changes, Commit.
//
// Its data requests carry no transaction id (spec 8.1). What the server receives after it has ended the transaction, by
// itself or for a Rollback, it executes at once and on its own. So changes are staged one after the other: the first
// that is refused is the last that was sent, and none is left to be executed alone. A transaction with a change whose
// answer is missing is ended with its session, under whose id a late change is refused.
#pragma once

#include "extension/transaction/commit/sender.h"

// The changes of the journals (list of KalamJournal*) as one; without their inserts when these were sent before.
void kalam_send_in_transaction(KalamSender* sender, List* journals, bool with_inserts);
