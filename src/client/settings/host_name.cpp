#include "client/settings/host_name.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "client/api.h"
#include "client/base/status.h"
#include "client/settings/settings.h"

namespace kalam {
namespace {

using std::string_view;

constexpr size_t kLongestName = 253;
constexpr size_t kLongestLabel = 63;
// The longest IPv6 address, and the longest name of an interface.
constexpr size_t kLongestAddress = 45;
constexpr size_t kLongestScope = 15;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

bool is_dns_name(string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kLongestName) return false;
  size_t label = 0;
  for (char c : text) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (!is_name_character(c) || ++label > kLongestLabel) {
      return false;
    }
  }
  return label > 0;
}

bool is_address(string_view text, bool allows_scope) {
  if (size_t percent = text.find('%'); percent != string_view::npos) {
    const string_view scope = text.substr(percent + 1);
    if (!allows_scope || scope.empty() || scope.size() > kLongestScope ||
        !std::all_of(scope.begin(), scope.end(), [](char c) { return is_name_character(c) || c == '.'; })) {
      return false;
    }
    text = text.substr(0, percent);
    if (text.find(':') == string_view::npos) return false;
  }
  if (text.size() > kLongestAddress) return false;
  const std::string address(text);
  in6_addr parsed{};
  return inet_pton(address.find(':') == std::string::npos ? AF_INET : AF_INET6, address.c_str(), &parsed) == 1;
}

bool is_certificate_name(string_view text) {
  return is_dns_name(text) || is_address(text, false);
}

bool check_host(const char* host, size_t size, HostUse use, Status* status) noexcept {
  clear_status(status);
  const string_view name = without_brackets({host, size});
  bool good = false;
  try {
    good = is_certificate_name(name) || (use == HostUse::connect && is_address(name, true)) ||
           (use == HostUse::leaders && (name == "*" || (name.starts_with("*.") && is_dns_name(name.substr(2)))));
  } catch (...) {
    status_from_exception(status);
    return false;
  }
  if (good) return true;
  set_status(status, ErrorClass::invalid_request, "the host name is not valid",
             use == HostUse::connect ? "It must be a host name, or an IPv4 or IPv6 address."
             : use == HostUse::verify
                 ? "It must be a name that a certificate can carry: a host name, or an IPv4 or IPv6 address."
                 : "It must be a host name, an IPv4 or IPv6 address, or \"*.\" and a domain.");
  return false;
}

}  // namespace kalam
