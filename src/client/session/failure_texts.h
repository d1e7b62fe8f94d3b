// From what an RPC answered to one structured error. All knowledge about KalamDB's texts lives here
// (spec 2.5, 3.2, 7.5, 8.6, 9.2, 10, 13) and about gRPC's own texts for a broken connection (connection_texts.cpp);
// the TLS library's are in transport/tls_errors.h. The rest of the client and the extension see classes and facts.
#pragma once

#include "client/wall.h"

#include <string>
#include <string_view>

#include "client/base/method.h"
#include "client/base/status.h"

namespace kalam {

// What to do about a server that cannot be reached. Options are named as users of the extension know them.
inline constexpr const char* kCheckServer =
    "Check that KalamDB is running and that options \"host\" and \"port\" name its RPC listener, not its HTTP port.";

// The gRPC status codes, named here so that this file needs no gRPC header.
enum class Code : int {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

// One failed RPC.
struct Failure {
  Method method;
  int code;
  std::string_view text;      // the status message; untrusted
  std::string_view endpoint;  // "host:port" of the node, for the detail
  bool is_read;               // changes nothing on the server, so nothing can have been applied
};

// Fills `status`: class, texts, named column and value, and whether the request may have been applied.
void classify_failure(const Failure& failure, const Secrets& secrets, Status* status);

// The session of the RPC is unknown to the server; the RPC did not run (spec 2.5).
bool means_session_gone(Method method, int code, std::string_view text);

// The node is not the leader of the data group, or could not reach it to forward the request. The RPC did not run.
bool means_not_leader(int code, std::string_view text);

// The connection went away, or the server refused the stream, before the request was looked at: it was certainly not
// executed. Exactly the texts of gRPC for a stream that was never sent, or that the peer has named as left out (RFC
// 9113, 6.8 and 8.7): the same words in another text prove nothing.
bool means_not_executed(int code, std::string_view text);

// The leader's HTTP API address in a "not leader" text, without scheme, path and quotes; empty when the text names
// none.
std::string named_leader(std::string_view text);

// Whether `failure` may be a handshake's whose reason is not known yet (transport/tls_probe.h), and its text names the
// address that was tried.
bool is_worth_probing(const Status& failure, bool use_tls);

// Puts gRPC's text in the detail of a failed connection into the words of the person who has to mend it:
//
//     127.0.0.1:9188: connection refused
//     kalam.example:9188 (10.0.0.7): connection refused
//     kalam.example:9188: the server's certificate has expired
//
// Other failures are left as they are. For the end of an operation, since the client itself reads gRPC's text.
void reword_connection_failure(Status* status) noexcept;

// Headers beyond the bound were received: gRPC may count those of later answers on the same connection with them, so
// that every call there fails until it is replaced.
bool spoils_connection(int code, std::string_view text);

}  // namespace kalam
