#include "client/transport/tls_errors.h"

#include "client/base/status.h"

namespace kalam {
namespace {

struct TlsRule {
  const char* part;
  const char* message;
  const char* hint;
};

// The first that fits decides. OpenSSL's names for reasons, then what gRPC's handshaker adds.
constexpr TlsRule kTlsRules[] = {
    {"WRONG_VERSION_NUMBER", "the server does not speak TLS on this port",
     "Remove the TLS options, or use the port on which the server speaks TLS."},
    {"wrong version number", "the server does not speak TLS on this port",
     "Remove the TLS options, or use the port on which the server speaks TLS."},
    {"packet length too long", "the server does not speak TLS on this port",
     "Remove the TLS options, or use the port on which the server speaks TLS."},
    {"certificate has expired", "the server's certificate has expired", "Renew the server's certificate."},
    {"certificate is not yet valid", "the server's certificate is not yet valid", "Check the clocks of both machines."},
    {"not verified", "the server's certificate does not match the host name",
     "Use a host name that the certificate names, or set option \"tls_server_name\" to one that it names."},
    {"Peer name ", "the server's certificate does not match the host name",
     "Use a host name that the certificate names, or set option \"tls_server_name\" to one that it names."},
    {"ostname verification", "the server's certificate does not match the host name",
     "Use a host name that the certificate names, or set option \"tls_server_name\" to one that it names."},
    {"self-signed certificate", "the server's certificate is not signed by a trusted authority",
     "Set option \"ca_cert\" to the authority's certificate."},
    {"unable to get", "the server's certificate is not signed by a trusted authority",
     "Set option \"ca_cert\" to the authority's certificate."},
    {"CERTIFICATE_VERIFY_FAILED", "the server's certificate is not trusted",
     "Set option \"ca_cert\" to the authority's certificate, and check the certificate's dates."},
    {"certificate verify failed", "the server's certificate is not trusted",
     "Set option \"ca_cert\" to the authority's certificate, and check the certificate's dates."},
    {"certificate required", "the server requires a client certificate",
     "Set options \"client_cert\" and \"client_key\"."},
    {"CERTIFICATE_REQUIRED", "the server requires a client certificate",
     "Set options \"client_cert\" and \"client_key\"."},
    {"bad certificate", "the server refused the client certificate",
     "Use a certificate that the server's authority has signed."},
    {"unknown ca", "the server does not trust the client certificate's authority",
     "Use a certificate that the server's authority has signed."},
    {"TLSV1_ALERT", "the server refused the TLS handshake", ""},
    {"SSL_ERROR_SSL", "the TLS handshake with the server failed", ""},
    {"Ssl handshake failed", "the TLS handshake with the server failed", ""},
    {"Tls handshake failed", "the TLS handshake with the server failed", ""},
    {"Cannot check peer", "the TLS handshake with the server failed", ""},
};

}  // namespace

bool classify_tls_failure(std::string_view text, std::string_view detail, Status* status) {
  for (const TlsRule& rule : kTlsRules) {
    if (text.find(rule.part) == std::string_view::npos) continue;
    set_status(status, ErrorClass::tls, rule.message, detail, rule.hint);
    return true;
  }
  return false;
}

}  // namespace kalam
