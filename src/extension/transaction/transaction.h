// The extension's part in PostgreSQL's transactions: which of them it takes part in, and what is done at their end, in
// which order. This is the only file that PostgreSQL calls at the end of a transaction or subtransaction.
#pragma once

// Registers the extension with PostgreSQL's transactions. Called once, when the library is loaded, so that no change
// can come before it.
void kalam_transaction_init();

// Checked before a foreign table is written: refuses (25000) a change by what other modules run in a transaction whose
// changes were sent already.
void kalam_transaction_check_open();
