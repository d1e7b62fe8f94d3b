// TLS and mutual TLS: what works, and what the person who set it up wrongly is told.
#include <gmock/gmock.h>

#include "unit/client/certificates.h"
#include "unit/client/client_fixture.h"

namespace kalam::test {
namespace {

using ::testing::HasSubstr;

class TlsTest : public ClientTest {
 protected:
  static std::shared_ptr<grpc::ServerCredentials> credentials(const KeyPair& pair, const std::string& client_ca = {}) {
    grpc::SslServerCredentialsOptions options(client_ca.empty()
                                                  ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                  : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_key_cert_pairs.push_back({pair.key, pair.certificate});
    options.pem_root_certs = client_ca;
    return grpc::SslServerCredentials(options);
  }

  Status ping_with(const FakeServer& server, const std::string& ca, const std::string& name = {},
                   const KeyPair& client = {}) {
    ConnectionOptions options = options_for(server);
    options.ca_cert = ca.c_str();
    options.tls_server_name = name.c_str();
    options.client_cert = client.certificate.c_str();
    options.client_key = client.key.c_str();
    return ping(connect(options));
  }

  Authority authority_;
};

constexpr char kNames[] = "DNS:localhost,IP:127.0.0.1";

TEST_F(TlsTest, AuthorityFromPathAndFromText) {
  FakeServer server({.credentials = credentials(authority_.issue("server", kNames))});
  Status status = ping_with(server, authority_.certificate());
  EXPECT_EQ(status.error, ErrorClass::none) << status.detail;
  status = ping_with(server, authority_.certificate_path());
  EXPECT_EQ(status.error, ErrorClass::none) << status.detail;
}

TEST_F(TlsTest, NameOfTheCertificateCanBeNamed) {
  FakeServer server({.credentials = credentials(authority_.issue("server", "DNS:kalam.example"))});
  Status status = ping_with(server, authority_.certificate());
  EXPECT_EQ(status.error, ErrorClass::tls) << status.detail;
  EXPECT_STREQ(status.message, "the server's certificate does not match the host name") << status.detail;
  EXPECT_THAT(status.hint, HasSubstr("\"tls_server_name\""));
  status = ping_with(server, authority_.certificate(), "kalam.example");
  EXPECT_EQ(status.error, ErrorClass::none) << status.detail;
}

TEST_F(TlsTest, ClientCertificate) {
  const KeyPair pair = authority_.issue("server", kNames);
  FakeServer server({.credentials = credentials(pair, authority_.certificate())});
  Status status = ping_with(server, authority_.certificate(), {}, authority_.issue("kalamdb-pg-test", "DNS:x"));
  EXPECT_EQ(status.error, ErrorClass::none) << status.detail;

  status = ping_with(server, authority_.certificate());
  EXPECT_EQ(status.error, ErrorClass::tls) << status.detail;
  EXPECT_STREQ(status.message, "the server requires a client certificate");

  Authority stranger;
  status = ping_with(server, authority_.certificate(), {}, stranger.issue("kalamdb-pg-test", "DNS:x"));
  EXPECT_EQ(status.error, ErrorClass::tls) << status.detail;
  EXPECT_STREQ(status.message, "the server refused the client certificate");
}

TEST_F(TlsTest, UntrustedCertificate) {
  Authority stranger;
  FakeServer server({.credentials = credentials(stranger.issue("server", kNames))});
  Status status = ping_with(server, authority_.certificate());
  EXPECT_EQ(status.error, ErrorClass::tls) << status.detail;
  EXPECT_STREQ(status.message, "the server's certificate is not signed by a trusted authority") << status.detail;
  EXPECT_THAT(status.hint, HasSubstr("ca_cert"));
  EXPECT_FALSE(status.maybe_executed);
}

TEST_F(TlsTest, ExpiredCertificate) {
  FakeServer server({.credentials = credentials(authority_.issue("server", kNames, 0))});
  Status status = ping_with(server, authority_.certificate());
  EXPECT_EQ(status.error, ErrorClass::tls) << status.detail;
  EXPECT_STREQ(status.message, "the server's certificate has expired") << status.detail;
}

TEST_F(TlsTest, ServerWithoutTls) {
  FakeServer server;
  Status status = ping_with(server, authority_.certificate());
  EXPECT_EQ(status.error, ErrorClass::tls) << status.detail;
  EXPECT_STREQ(status.message, "the server does not speak TLS on this port") << status.detail;
}

TEST_F(TlsTest, ClientWithoutTls) {
  FakeServer server({.credentials = credentials(authority_.issue("server", kNames))});
  Status status = ping(connect(server));
  EXPECT_EQ(status.error, ErrorClass::tls) << status.message << status.detail;
  EXPECT_STREQ(status.message, "the server speaks TLS on this port") << status.detail;
}

}  // namespace
}  // namespace kalam::test
