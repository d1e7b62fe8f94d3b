#include "client/settings/settings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "client/settings/host_name.h"

namespace kalam {
namespace {

using std::string_view;

constexpr uint32_t kDefaultConnectTimeout = 10'000;
// Certificates are some kilobytes; a path to something else must not fill the memory.
constexpr size_t kLargestPem = size_t{4} << 20;

string_view option(const char* text) {
  return text == nullptr ? string_view{} : string_view(text);
}

string_view trim(string_view text) {
  constexpr string_view kBlank = " \t\r\n";
  size_t start = text.find_first_not_of(kBlank);
  if (start == string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlank) - start + 1);
}

// What gRPC accepts as a header's value; it aborts the process on anything else.
bool is_header_value(string_view text) {
  for (char c : text) {
    if (c < 0x20 || c > 0x7E) return false;
  }
  return true;
}

std::string base64(string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (size_t k = 0; k < 4; ++k) {
      text += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

bool refuse(Status* status, ErrorClass error, string_view message, string_view detail = {}, string_view hint = {}) {
  set_status(status, error, message, detail, hint);
  return false;
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

// `value` is a path, or PEM text when it holds a PEM header.
bool load_pem(string_view value, string_view name, std::string* pem, Status* status) {
  value = trim(value);
  if (value.empty()) return true;
  const std::string message = "cannot use option \"" + std::string(name) + "\"";
  if (value.find("-----BEGIN") != string_view::npos) {
    *pem = value;
    return true;
  }
  const std::string path(value);
  auto cannot_open = [&] {
    return refuse(status, ErrorClass::tls, message,
                  "Could not open file \"" + path + "\": " + std::strerror(errno) + ".",
                  "Give the path of a PEM file that this process can read, or the PEM text itself.");
  };
  // A pipe or a device could keep this process waiting for ever: opened without waiting, and not read.
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat facts{};
  if (file.fd() < 0 || fstat(file.fd(), &facts) != 0) return cannot_open();
  if (!S_ISREG(facts.st_mode)) {
    return refuse(status, ErrorClass::tls, message, "File \"" + path + "\" is not a regular file.",
                  "Give the path of a PEM file, or the PEM text itself.");
  }
  char block[4096];
  for (;;) {
    const ssize_t size = read(file.fd(), block, sizeof block);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return cannot_open();
    if (size == 0 || pem->size() > kLargestPem) break;
    pem->append(block, static_cast<size_t>(size));
  }
  if (pem->find("-----BEGIN") == std::string::npos || pem->size() > kLargestPem) {
    pem->clear();
    return refuse(status, ErrorClass::tls, message, "File \"" + path + "\" holds no PEM text.");
  }
  return true;
}

bool read_authentication(const ConnectionOptions& options, Settings* settings, Status* status) {
  switch (options.auth_mode) {
    case AuthMode::none:
      return true;
    case AuthMode::static_header: {
      string_view header = trim(option(options.auth_header));
      if (header.empty()) return refuse(status, ErrorClass::invalid_request, "the authorization header is empty");
      if (!is_header_value(header)) {
        return refuse(status, ErrorClass::invalid_request, "the authorization header contains an invalid character");
      }
      settings->authorization = header;
      settings->secrets.add(header);
      // A server may quote the credentials without their scheme.
      if (size_t blank = header.find(' '); blank != string_view::npos) {
        settings->secrets.add(trim(header.substr(blank)));
      }
      return true;
    }
    case AuthMode::account_login: {
      string_view user = option(options.login_user);
      string_view password = option(options.login_password);
      if (user.empty()) return refuse(status, ErrorClass::invalid_request, "the login user is empty");
      if (user.find(':') != string_view::npos) {
        return refuse(status, ErrorClass::invalid_request, "the login user contains a colon");
      }
      if (!is_valid_utf8(user) || !is_valid_utf8(password)) {
        return refuse(status, ErrorClass::invalid_request, "the login user or password is not valid UTF-8");
      }
      const std::string encoded = base64(std::string(user).append(":").append(password));
      settings->authorization = "Basic " + encoded;
      settings->secrets.add(password);
      settings->secrets.add(encoded);
      return true;
    }
  }
  return refuse(status, ErrorClass::invalid_request, "unknown authentication mode");
}

bool read_tls(const ConnectionOptions& options, Settings* settings, Status* status) {
  const bool has_cert = !trim(option(options.client_cert)).empty();
  const bool has_key = !trim(option(options.client_key)).empty();
  settings->use_tls = options.use_tls || !trim(option(options.ca_cert)).empty();
  if (has_cert != has_key) {
    return refuse(status, ErrorClass::tls, "a client certificate needs both a certificate and a key");
  }
  if (has_cert && !settings->use_tls) {
    return refuse(status, ErrorClass::tls, "a client certificate can be used with TLS only");
  }
  settings->tls_server_name = without_brackets(trim(option(options.tls_server_name)));
  if (!settings->tls_server_name.empty() && !is_certificate_name(settings->tls_server_name)) {
    return refuse(status, ErrorClass::invalid_request, "the TLS server name is not valid",
                  "It must be a host name, or an IPv4 or IPv6 address.");
  }
  if (settings->use_tls && settings->tls_server_name.empty() && settings->home.host.find('%') != string_view::npos) {
    return refuse(status, ErrorClass::invalid_request, "no certificate can name the host", {},
                  "Set option \"tls_server_name\" to the name that the server's certificate carries.");
  }
  return load_pem(option(options.ca_cert), "ca_cert", &settings->ca_pem, status) &&
         load_pem(option(options.client_cert), "client_cert", &settings->client_cert_pem, status) &&
         load_pem(option(options.client_key), "client_key", &settings->client_key_pem, status);
}

std::string lower(string_view text) {
  std::string folded(text);
  for (char& c : folded) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (folded.ends_with('.')) folded.pop_back();
  return folded;
}

bool read_leader_hosts(string_view list, Settings* settings, Status* status) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const string_view host = without_brackets(trim(list.substr(0, comma)));
    list.remove_prefix(comma == string_view::npos ? list.size() : comma + 1);
    if (host.empty()) continue;
    if (!check_host(host.data(), host.size(), HostUse::leaders, status)) return false;
    settings->leader_hosts.push_back(lower(host));
  }
  return true;
}

}  // namespace

bool Settings::allows_leader(string_view host) const {
  const std::string name = lower(host);
  if (name == lower(home.host)) return true;
  return std::any_of(leader_hosts.begin(), leader_hosts.end(), [&](const std::string& allowed) {
    if (allowed == "*" || allowed == name) return true;
    return allowed.starts_with("*.") && name.size() >= allowed.size() && name.ends_with(allowed.substr(1));
  });
}

string_view without_brackets(string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') return host.substr(1, host.size() - 2);
  return host;
}

std::string Endpoint::text() const {
  const std::string number = std::to_string(port);
  return host.find(':') == std::string::npos ? host + ":" + number : "[" + host + "]:" + number;
}

bool parse_endpoint(string_view text, Endpoint* endpoint) {
  text = trim(text);
  if (size_t scheme = text.find("://"); scheme != string_view::npos) text.remove_prefix(scheme + 3);
  text = text.substr(0, text.find_first_of("/?#"));
  if (size_t user = text.rfind('@'); user != string_view::npos) text.remove_prefix(user + 1);
  size_t colon = text.rfind(':');
  if (colon == string_view::npos) return false;
  string_view host = text.substr(0, colon);
  string_view number = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != string_view::npos) {
    return false;
  }
  if (!is_certificate_name(host)) return false;
  uint16_t port = 0;
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), port);
  if (error != std::errc{} || end != number.data() + number.size() || port == 0) return false;
  endpoint->host = host;
  endpoint->port = port;
  return true;
}

bool read_settings(const ConnectionOptions& options, Settings* settings, Status* status) {
  const string_view host = without_brackets(trim(option(options.host)));
  if (host.empty()) return refuse(status, ErrorClass::invalid_request, "the host is empty");
  if (!check_host(host.data(), host.size(), HostUse::connect, status)) return false;
  if (options.port == 0) return refuse(status, ErrorClass::invalid_request, "the port is 0");
  settings->home = {std::string(host), options.port};
  settings->connect_timeout_ms = options.connect_timeout_ms == 0 ? kDefaultConnectTimeout : options.connect_timeout_ms;
  settings->call_timeout_ms = options.call_timeout_ms;
  settings->max_response_bytes = options.max_response_bytes;
  settings->quick_ack = options.quick_ack;
  return read_leader_hosts(option(options.leader_hosts), settings, status) &&
         read_authentication(options, settings, status) && read_tls(options, settings, status);
}

}  // namespace kalam
