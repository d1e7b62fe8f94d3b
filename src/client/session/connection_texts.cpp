// gRPC's texts for a connection that could not be made, or broke.
#include <string>

#include "client/session/failure_texts.h"
#include "client/transport/peer_address.h"

namespace kalam {
namespace {

using std::string_view;

constexpr const char* kOtherPort =
    "Option \"port\" probably names the server's HTTP port: its RPC listener has a port of its own.";

bool contains(string_view text, string_view part) {
  return text.find(part) != string_view::npos;
}

// Two texts of gRPC's for a server that answers, but not in HTTP/2, and what to read in their place.
constexpr string_view kNoHttp2 = "Failed parsing HTTP/2";
constexpr string_view kOldHttp = "Trying to connect an http1.x server";
constexpr string_view kNotHttp2 = "the answer is not HTTP/2, which a KalamDB server speaks on its RPC port";

struct Wording {
  string_view text;
  string_view instead;  // empty: only the part behind it
};

constexpr Wording kWordings[] = {
    {"Failed to connect to remote host: ", ""},
    {kNoHttp2, kNotHttp2},
    {kOldHttp, kNotHttp2},
    {"connection attempt timed out before receiving SETTINGS frame", "the connection was accepted, but not answered"},
    {"FD Shutdown", "the connection attempt timed out"},
    {"Deadline Exceeded", "the connection attempt timed out"},
    {"Domain name not found", "host name not found"},
};

// What stands behind the last occurrence of `part`; the whole text when it does not occur.
string_view after_last(string_view text, string_view part) {
  const size_t at = text.rfind(part);
  return at == string_view::npos ? text : text.substr(at + part.size());
}

// Takes "ipv4:10.0.0.7:9188: " or "ipv6:%5B::1%5D:9188: " off the text; the address alone, or empty.
string_view take_address(string_view* text) {
  const bool v6 = text->starts_with("ipv6:");
  if (!v6 && !text->starts_with("ipv4:")) return {};
  string_view address = text->substr(5);
  const size_t end = address.find(": ");
  if (end == string_view::npos) return {};
  text->remove_prefix(5 + end + 2);
  address = address.substr(0, end);
  address = address.substr(0, address.rfind(':'));
  if (!v6) return address;
  if (const size_t open = address.find("%5B"); open != string_view::npos) address.remove_prefix(open + 3);
  if (address.starts_with('[')) address.remove_prefix(1);
  return address.substr(0, address.find_first_of("%]"));
}

// The cause in gRPC's text, and the address that was tried.
std::string find_reason(string_view text, string_view* address) {
  constexpr string_view kLastError = "last error: ";
  if (text.starts_with("DNS resolution failed")) {
    text = after_last(text, ": ");
  } else {
    if (contains(text, kLastError)) {
      text = after_last(text, kLastError);
      // "UNAVAILABLE: "
      const size_t code = text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
      if (code != 0 && code != string_view::npos && text.substr(code).starts_with(": ")) text.remove_prefix(code + 2);
    }
    *address = take_address(&text);
  }
  for (const Wording& wording : kWordings) {
    if (!text.starts_with(wording.text)) continue;
    if (!wording.instead.empty()) return std::string(wording.instead);
    text.remove_prefix(wording.text.size());
  }
  // "Connection refused" starts a sentence; "SSL" and "DNS" do not.
  std::string reason(text);
  auto is_between = [&](size_t at, char first, char last) { return reason[at] >= first && reason[at] <= last; };
  if (reason.size() > 1 && is_between(0, 'A', 'Z') && is_between(1, 'a', 'z'))
    reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
  return reason;
}

}  // namespace

bool is_worth_probing(const Status& failure, bool use_tls) {
  const string_view detail = failure.detail;
  PeerAddress address;
  if (!find_peer_address(detail, &address)) return false;
  if (failure.error == ErrorClass::tls)
    return use_tls && (contains(detail, "certificate verify failed") || contains(detail, "CERTIFICATE_VERIFY_FAILED"));
  // The peer took the connection and closed it again, before any call.
  return failure.error == ErrorClass::unreachable &&
         (contains(detail, "Socket closed") || contains(detail, "Connection reset") || contains(detail, "EOF"));
}

void reword_connection_failure(Status* status) noexcept try {
  if (status->error != ErrorClass::unreachable && status->error != ErrorClass::tls &&
      status->error != ErrorClass::connection_lost)
    return;
  const std::string detail = status->detail;
  if (status->error == ErrorClass::unreachable) {
    copy_text(status->hint, sizeof status->hint,
              contains(detail, kNoHttp2) || contains(detail, kOldHttp) ? kOtherPort : kCheckServer);
  }
  const size_t colon = detail.find(": ");
  if (colon == string_view::npos || detail.find(' ') < colon) return;
  std::string words = detail.substr(0, colon);
  string_view address;
  const std::string reason = find_reason(string_view(detail).substr(colon + 2), &address);
  const string_view message = status->message;
  if (status->error == ErrorClass::tls) {
    words.append(": ").append(message);
    // Otherwise the TLS library was not understood, and its own words are worth showing.
    if (contains(message, "handshake") || contains(message, "is not trusted"))
      words.append(" (").append(reason).append(")");
  } else {
    if (!address.empty() && !contains(words, address)) words.append(" (").append(address).append(")");
    words.append(": ").append(reason);
  }
  copy_text(status->detail, sizeof status->detail, words);
} catch (...) {
  // The detail stays as gRPC has worded it.
}

}  // namespace kalam
