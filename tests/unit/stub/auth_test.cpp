#include "stub/server/auth.h"

#include <gtest/gtest.h>

#include "stub/base/base64.h"

namespace kalam::stub {
namespace {

class AuthTest : public testing::Test {
 protected:
  AuthTest() { clock_.freeze(1795386000000000); }
  Status login(const std::string& header) {
    Credentials credentials;
    credentials.authorization = header;
    return authenticator_.check(credentials, "missing");
  }
  Status certificate(const std::string& name) {
    options_.require_client_cert = true;
    Credentials credentials;
    credentials.authorization = "Bearer bridge-token-0123456789";
    credentials.has_certificate = true;
    credentials.common_name = name;
    return authenticator_.check(credentials, "missing");
  }

  Clock clock_;
  Options options_;
  Authenticator authenticator_{options_, clock_};
};

const char* const kBoss = "Basic Ym9zczpCb3NzLXBhc3MtMTp4";  // boss:Boss-pass-1:x
const char* const kBossWrong = "Basic Ym9zczp3cm9uZw==";     // boss:wrong

TEST_F(AuthTest, FiveWrongPasswordsLockForFifteenMinutes) {
  for (int i = 0; i < 5; i++) {
    EXPECT_EQ(login(kBossWrong).message, "authentication failed: Invalid credentials: Invalid credentials");
  }
  EXPECT_EQ(login(kBoss).message,
            "authentication failed: Account locked until 2026-11-22T22:35:00Z. Too many failed login attempts.");
  clock_.advance(15 * 60 * int64_t{1000000});
  EXPECT_TRUE(login(kBoss).ok());
}

TEST_F(AuthTest, ARightPasswordForgetsTheWrongOnes) {
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 4; i++) login(kBossWrong);
    EXPECT_TRUE(login(kBoss).ok());
  }
}

TEST_F(AuthTest, CertificatesDecideAloneInMutualTls) {
  EXPECT_TRUE(certificate("kalamdb-pg-bridge").ok());
  EXPECT_EQ(certificate("kalamdb-pg-").message, "PG extension CN has empty name suffix");
  EXPECT_EQ(certificate("kalamdb-node-2").message,
            "Cluster node 'kalamdb-node-2' is not a valid PG extension identity");
  EXPECT_EQ(certificate("x").message, "Unrecognised peer CN 'x': expected 'kalamdb-pg-{name}' or 'kalamdb-node-{id}'");
  EXPECT_EQ(certificate("x").code, kPermissionDenied);
  Credentials none;
  EXPECT_EQ(authenticator_.check(none, "missing").message, "Missing peer TLS certificate");
}

TEST_F(AuthTest, OnlyAStaticTokenIsConfigured) {
  options_.accounts.clear();
  EXPECT_EQ(login("Bearer other").message, "invalid or missing pg auth token");
  EXPECT_TRUE(login("  Bearer bridge-token-0123456789 ").ok());
}

TEST(Base64, Errors) {
  std::string error;
  EXPECT_EQ(decode_base64("YQ==", false, error), "a");
  EXPECT_FALSE(decode_base64("!!!", false, error));
  EXPECT_EQ(error, "Invalid symbol 33, offset 0.");
  EXPECT_FALSE(decode_base64("aaa", true, error));
  EXPECT_EQ(error, "Invalid last symbol 97, offset 2.");
  EXPECT_FALSE(decode_base64("YQ", false, error));
}

}  // namespace
}  // namespace kalam::stub
