// Remote DDL and PostgreSQL's transaction (architecture section 6): KalamDB's DDL is not transactional, so a remote
// CREATE happens at once and is undone when its (sub)transaction aborts, and a remote DROP waits for PRE_COMMIT.
//
// The undo runs in the abort callback: it sends DROP TABLE and waits at most three seconds, without ever raising; what
// could not be undone is reported as a WARNING.
#pragma once

#include "extension/compat.h"
#include "extension/connection.h"

struct KalamPendingChange;

// The remote table is about to be created by the current (sub)transaction: known before the request is sent, because
// the wait for its answer may be interrupted. Lives as long as the transaction.
KalamPendingChange* kalam_pending_create(KalamConnection* connection, const char* name_space, const char* table);

// It is certain that the table was not created.
void kalam_pending_not_created(KalamPendingChange* change);

// The remote table is to be dropped when the transaction commits.
void kalam_pending_drop(KalamConnection* connection, const char* name_space, const char* table);

// Whether a drop of that table is waiting.
bool kalam_pending_is_dropped(const KalamConnection* connection, const char* name_space, const char* table);

// Transaction callbacks.
void kalam_pending_init();
