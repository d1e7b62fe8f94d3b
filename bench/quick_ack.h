// What quick acknowledgements save against a server with Nagle's algorithm on (kalamdb-in-practice: 44 ms a call).
#pragma once

#include "work.h"

namespace kalam::bench {

// Prints a table: plain and, if `tls` has a CA file, TLS; IPv4 and IPv6; fresh, after a reconnect and with two
// connections to one address; with and without quick acknowledgements. Returns false when, with them, the median call
// with a body takes more than three times the median call without one.
bool measure_quick_ack(const Server& plain, const Server& tls, size_t calls);

}  // namespace kalam::bench
