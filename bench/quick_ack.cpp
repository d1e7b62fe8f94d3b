#include "quick_ack.h"

#include <cstdio>
#include <memory>
#include <vector>

#include "client_side.h"
#include "relay.h"
#include "statistics.h"

namespace kalam::bench {
namespace {

struct Measured {
  double with_body = 0;  // medians, microseconds
  double without_body = 0;
};

Measured measure(ClientSide* side, size_t calls) {
  std::vector<double> with_body, without_body;
  for (size_t i = 0; i < calls; i++) {
    with_body.push_back(side->timed_lookup(static_cast<int64_t>(i)));
    without_body.push_back(side->timed_ping());
  }
  return {quantile(with_body, 0.5), quantile(without_body, 0.5)};
}

// The first call after the cut may find the old connection; the client retries it.
Measured measure_case(const std::string& what, Relay* relay, ClientSide* side, ClientSide* other, size_t calls) {
  if (what == "after a reconnect") relay->cut_connections();
  side->timed_lookup(0);
  if (other != nullptr) {
    other->timed_lookup(0);
    // Both have calls on their own connection in turn: each must find its own socket.
    for (size_t i = 0; i < 3; i++) {
      side->timed_lookup(0);
      other->timed_lookup(0);
    }
  }
  return measure(side, calls);
}

}  // namespace

bool measure_quick_ack(const Server& plain, const Server& tls, size_t calls) {
  printf("\nQuick acknowledgements, server with Nagle's algorithm and two writes an answer: median of %zu calls, ms\n",
         calls);
  printf("%-10s %-5s %-22s | %10s %10s | %10s %10s %6s\n", "transport", "IP", "connection", "off: body", "no body",
         "on: body", "no body", "ratio");
  bool good = true;
  for (const Server& server : {plain, tls}) {
    bool is_tls = !server.ca_file.empty();
    if (server.port == 0) continue;
    for (bool ipv6 : {false, true}) {
      Relay relay(ipv6, server.host, server.port);
      Server through = server;
      through.host = relay.host();
      through.port = relay.port();
      for (const char* what : {"fresh", "after a reconnect", "two to one address"}) {
        Measured off, on;
        bool two = what == std::string("two to one address");
        for (bool quick_ack : {false, true}) {
          ClientSide side(through, quick_ack);
          std::unique_ptr<ClientSide> other = two ? std::make_unique<ClientSide>(through, quick_ack) : nullptr;
          side.timed_lookup(0);
          (quick_ack ? on : off) = measure_case(what, &relay, &side, other.get(), calls);
        }
        double ratio = on.with_body / on.without_body;
        good = good && ratio <= 3;
        printf("%-10s %-5s %-22s | %10.2f %10.2f | %10.2f %10.2f %6.2f%s\n", is_tls ? "TLS" : "plain",
               ipv6 ? "v6" : "v4", what, off.with_body / 1000, off.without_body / 1000, on.with_body / 1000,
               on.without_body / 1000, ratio, ratio <= 3 ? "" : "  above 3");
        fflush(stdout);
      }
    }
  }
  return good;
}

}  // namespace kalam::bench
