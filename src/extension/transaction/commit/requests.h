// Changes as single requests, each of which the server applies whole or not at all.
#pragma once

#include "extension/transaction/commit/sender.h"

// What a commit in several requests has done so far.
struct KalamProgress {
  int64 steps;  // requests or transactions of the server that were applied
  int64 rows;   // changes in them
};

// All inserts of the journal as one request. False when they do not fit one after all.
bool kalam_send_inserts_at_once(KalamSender* sender, KalamJournal* journal);

// The one update or removal of the journal.
void kalam_send_single_change(KalamSender* sender, KalamJournal* journal);

// The change of one row's key, as two requests where no transaction of the server takes them: the row is inserted under
// its new key, then the old one removed. What fails before the second one leaves nothing behind; what fails after it
// takes the new row back, or says that it is there.
void kalam_send_move(KalamSender* sender, KalamJournal* journal);

// All inserts of the journal, in as few requests as they fit: staged in the server's transaction; or with `progress`
// each request for itself.
void kalam_send_inserts(KalamSender* sender, KalamJournal* journal, KalamProgress* progress);
