#include "client/transport/tls_probe.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "client/base/clock.h"
#include "client/base/status.h"
#include "client/transport/peer_address.h"
#include "client/transport/tls_errors.h"

namespace kalam {
namespace {

constexpr int64_t kProbeUs = 3'000'000;
constexpr int kPollMs = 50;
// TLS 1.3 servers refuse a client's certificate after the client thinks that the handshake is over.
constexpr int64_t kLateAlertUs = 1'000'000;

template <auto Free>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using ContextPtr = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using ConnectionPtr = std::unique_ptr<SSL, FreeBy<SSL_free>>;
using CertificatePtr = std::unique_ptr<X509, FreeBy<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

BioPtr memory(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

void load_certificates(SSL_CTX* context, const Settings& settings) {
  if (settings.ca_pem.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (BioPtr bio = memory(settings.ca_pem)) {
    while (CertificatePtr authority{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
    }
  }
  if (settings.client_cert_pem.empty()) return;
  BioPtr certificate_text = memory(settings.client_cert_pem);
  BioPtr key_text = memory(settings.client_key_pem);
  // A password would have to be asked for: there is none.
  auto no_password = [](char*, int, int, void*) { return 0; };
  CertificatePtr certificate(PEM_read_bio_X509(certificate_text.get(), nullptr, no_password, nullptr));
  KeyPtr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, no_password, nullptr));
  if (certificate) SSL_CTX_use_certificate(context, certificate.get());
  if (key) SSL_CTX_use_PrivateKey(context, key.get());
}

std::string last_tls_error() {
  char text[256] = "";
  if (unsigned long code = ERR_peek_last_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  return text;
}

struct Handshake {
  bool finished = false;
  bool certificate_requested = false;
  long verification = X509_V_OK;
  std::string error;  // of the TLS library; empty: none, or the peer just closed the connection
};

int note_certificate_request(SSL* connection, void* requested) {
  static_cast<void>(connection);
  *static_cast<bool*>(requested) = true;
  return 1;
}

// Runs one step of the TLS library until it is done or fails. False: over.
template <class Step>
bool drive(SSL* connection, int fd, int64_t until_us, const std::atomic<bool>& stop, Step step) {
  for (;;) {
    ERR_clear_error();
    const int result = step();
    if (result > 0) return true;
    const int reason = SSL_get_error(connection, result);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return false;
    pollfd wait{fd, static_cast<short>(reason == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
    while (poll(&wait, 1, kPollMs) <= 0) {
      if (stop.load(std::memory_order_relaxed) || monotonic_us() >= until_us) return false;
    }
  }
}

bool connect_to(const PeerAddress& address, int fd, int64_t until_us, const std::atomic<bool>& stop) {
  if (connect(fd, address.get(), address.size) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd wait{fd, POLLOUT, 0};
  while (poll(&wait, 1, kPollMs) <= 0) {
    if (stop.load(std::memory_order_relaxed) || monotonic_us() >= until_us) return false;
  }
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

Handshake shake_hands(const Settings& settings, const std::string& name, const PeerAddress& address,
                      const std::atomic<bool>& stop) {
  Handshake handshake;
  const int64_t until_us = monotonic_us() + kProbeUs;
  Socket socket_fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket_fd.fd() < 0 || !connect_to(address, socket_fd.fd(), until_us, stop)) return handshake;
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return handshake;
  load_certificates(context.get(), settings);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // Verification is looked at afterwards, so that the handshake goes on and shows what else is wrong.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_cert_cb(context.get(), note_certificate_request, &handshake.certificate_requested);
  ConnectionPtr connection(SSL_new(context.get()));
  if (!connection) return handshake;
  constexpr unsigned char kProtocols[] = {2, 'h', '2'};
  SSL_set_alpn_protos(connection.get(), kProtocols, sizeof kProtocols);
  SSL_set_tlsext_host_name(connection.get(), name.c_str());
  SSL_set_fd(connection.get(), socket_fd.fd());
  handshake.finished =
      drive(connection.get(), socket_fd.fd(), until_us, stop, [&] { return SSL_connect(connection.get()); });
  if (handshake.finished) {
    handshake.verification = SSL_get_verify_result(connection.get());
    char byte = 0;
    drive(connection.get(), socket_fd.fd(), monotonic_us() + kLateAlertUs, stop,
          [&] { return SSL_read(connection.get(), &byte, 1); });
  }
  handshake.error = last_tls_error();
  ERR_clear_error();
  return handshake;
}

void set_reason(Status* failure, const char* message, const char* hint) {
  copy_text(failure->message, sizeof failure->message, message);
  copy_text(failure->hint, sizeof failure->hint, hint);
  failure->error = ErrorClass::tls;
}

void add_detail(Status* failure, std::string_view text) {
  if (text.empty()) return;
  const std::string detail = std::string(failure->detail).append(" (").append(text).append(")");
  copy_text(failure->detail, sizeof failure->detail, detail);
}

void explain(const Settings& settings, const Handshake& handshake, Status* failure) {
  if (!settings.use_tls) {
    if (!handshake.finished) return;
    return set_reason(failure, "the server speaks TLS on this port", "Set option \"ca_cert\" or switch TLS on.");
  }
  if (handshake.finished && handshake.verification != X509_V_OK) {
    const char* reason = X509_verify_cert_error_string(handshake.verification);
    Status found;
    // The reasons are sentences of the TLS library, for which there are rules.
    if (classify_tls_failure(reason, failure->detail, &found)) {
      set_reason(failure, found.message, found.hint);
    }
    return add_detail(failure, reason);
  }
  if (handshake.certificate_requested && (settings.client_cert_pem.empty() || !handshake.error.empty())) {
    if (settings.client_cert_pem.empty()) {
      set_reason(failure, "the server requires a client certificate",
                 "Set options \"client_cert\" and \"client_key\".");
    } else {
      set_reason(failure, "the server refused the client certificate",
                 "Use a certificate that the server's authority has signed.");
    }
    return add_detail(failure, handshake.error);
  }
  Status found;
  if (!handshake.error.empty() && classify_tls_failure(handshake.error, failure->detail, &found)) {
    set_reason(failure, found.message, found.hint);
    add_detail(failure, handshake.error);
  }
}

}  // namespace

void probe_tls(const Settings& settings, const Endpoint& endpoint, const std::atomic<bool>& stop,
               Status* failure) noexcept {
  try {
    PeerAddress address;
    if (!find_peer_address(failure->detail, &address)) return;
    const std::string& name = settings.tls_server_name.empty() ? endpoint.host : settings.tls_server_name;
    explain(settings, shake_hands(settings, name, address, stop), failure);
  } catch (...) {
    // The failure stays as gRPC described it.
  }
}

}  // namespace kalam
