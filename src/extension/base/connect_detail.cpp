#include "extension/base/connect_detail.h"

namespace {

// Two texts of gRPC's for a server that answers, but not in HTTP/2.
constexpr const char* NO_HTTP2 = "Failed parsing HTTP/2";
constexpr const char* OLD_HTTP = "Trying to connect an http1.x server";

// What to read in place of a text of gRPC's; NULL: only the part behind it.
struct Wording {
  const char* text;
  const char* instead;
};

const Wording wordings[] = {
    {"Failed to connect to remote host: ", nullptr},
    {NO_HTTP2, "the answer is not HTTP/2, which a KalamDB server speaks on its RPC port"},
    {OLD_HTTP, "the answer is not HTTP/2, which a KalamDB server speaks on its RPC port"},
    {"connection attempt timed out before receiving SETTINGS frame", "the connection was accepted, but not answered"},
    {"FD Shutdown", "the connection attempt timed out"},
    {"Deadline Exceeded", "the connection attempt timed out"},
    {"Domain name not found", "host name not found"},
};

// Behind the last occurrence of `part`, or NULL.
const char* after_last(const char* text, const char* part) {
  const char* found = nullptr;
  for (const char* next = text; (next = strstr(next, part)) != nullptr;) found = next += strlen(part);
  return found;
}

// Takes "ipv4:10.0.0.7:9188: " or "ipv6:%5B::1%5D:9188: " off the text; returns the address alone, palloc'd, or NULL.
char* take_address(const char** text) {
  bool v6 = strncmp(*text, "ipv6:", 5) == 0;
  if (!v6 && strncmp(*text, "ipv4:", 5) != 0) return nullptr;
  const char* begin = *text + 5;
  const char* end = strstr(begin, ": ");
  if (end == nullptr) return nullptr;
  *text = end + 2;

  char* address = pnstrdup(begin, end - begin);
  char* port = strrchr(address, ':');
  if (port != nullptr) *port = '\0';
  if (!v6) return address;
  char* open = strstr(address, "%5B");
  if (open != nullptr) address = open + 3;
  if (*address == '[') address++;
  char* close = strpbrk(address, "%]");
  if (close != nullptr) *close = '\0';
  return address;
}

// "Connection refused" starts a sentence; "SSL" and "DNS" do not.
char* without_capital(const char* text) {
  char* copy = pstrdup(text);
  if (copy[0] >= 'A' && copy[0] <= 'Z' && copy[1] >= 'a' && copy[1] <= 'z') copy[0] = (char)(copy[0] - 'A' + 'a');
  return copy;
}

// The cause in gRPC's text, and the address that was tried.
char* find_reason(const char* text, char** address) {
  *address = nullptr;
  if (strncmp(text, "DNS resolution failed", strlen("DNS resolution failed")) == 0) {
    const char* cause = after_last(text, ": ");
    if (cause != nullptr) text = cause;
  } else {
    const char* last = after_last(text, "last error: ");
    if (last != nullptr) {
      // "UNAVAILABLE: "
      size_t code = strspn(last, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
      text = code > 0 && strncmp(last + code, ": ", 2) == 0 ? last + code + 2 : last;
    }
    *address = take_address(&text);
  }
  for (const Wording& wording : wordings) {
    if (strncmp(text, wording.text, strlen(wording.text)) != 0) continue;
    if (wording.instead != nullptr) return pstrdup(wording.instead);
    text += strlen(wording.text);
  }
  return without_capital(text);
}

// Whether the TLS library was understood; otherwise its own words are worth showing.
bool is_particular(const char* message) {
  return strstr(message, "handshake") == nullptr && strstr(message, "is not trusted") == nullptr;
}

}  // namespace

char* kalam_connect_detail(kalam::ErrorClass error, const char* message, const char* detail) {
  const char* colon = strstr(detail, ": ");
  if (colon == nullptr || strpbrk(detail, " ") < colon) return pstrdup(detail);
  char* endpoint = pnstrdup(detail, colon - detail);
  char* address;
  char* reason = find_reason(colon + 2, &address);

  if (error == kalam::ErrorClass::tls && message != nullptr) {
    if (is_particular(message)) return psprintf("%s: %s", endpoint, message);
    return psprintf("%s: %s (%s)", endpoint, message, reason);
  }
  if (address != nullptr && strstr(endpoint, address) == nullptr) {
    return psprintf("%s (%s): %s", endpoint, address, reason);
  }
  return psprintf("%s: %s", endpoint, reason);
}

const char* kalam_connect_hint(const char* detail) {
  if (strstr(detail, NO_HTTP2) != nullptr || strstr(detail, OLD_HTTP) != nullptr) {
    return "Option \"port\" probably names the server's HTTP port: its RPC listener has a port of its own.";
  }
  return "Check that KalamDB is running and that options \"host\" and \"port\" name its RPC listener, not its HTTP "
         "port.";
}
