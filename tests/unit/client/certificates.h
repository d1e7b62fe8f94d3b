// Certificates made with the openssl program when a test starts: nothing secret and nothing that expires is in the
// tree.
#pragma once

#include <string>

namespace kalam::test {

struct KeyPair {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

// A folder of its own, removed with the object, that holds one certificate authority.
class Authority {
 public:
  Authority();
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  const std::string& certificate() const { return own_.certificate; }
  const std::string& certificate_path() const { return path_; }

  // `names` in openssl's form ("DNS:localhost,IP:127.0.0.1"). Valid for the given days; 0: has expired.
  KeyPair issue(const std::string& common_name, const std::string& names, int days = 30);

  // Writes a file into the folder and returns its path.
  std::string write(const std::string& name, const std::string& content);

 private:
  void run(const std::string& arguments);
  std::string read(const std::string& name) const;

  std::string folder_;
  std::string path_;
  KeyPair own_;
  int issued_ = 0;
};

}  // namespace kalam::test
