// Sending the journals at PRE_COMMIT: reduced to one change a key, as one request where that suffices, else in a
// transaction of the server (architecture section 5).
#pragma once

#include "extension/base/compat.h"

// Sends everything that the journals hold and waits for the outcome. Raises when it was not committed: 57014 or the
// server's error when nothing was applied, 40001 for a row that is gone, 08007 when the outcome is not known.
void kalam_commit_journals();
