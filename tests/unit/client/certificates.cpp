#include "unit/client/certificates.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace kalam::test {

Authority::Authority() {
  std::string pattern = (std::filesystem::temp_directory_path() / "kalam-authority-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
  run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj '/CN=test authority' "
      "-addext 'keyUsage=critical,keyCertSign,cRLSign' -keyout ca.key -out ca.pem");
  path_ = folder_ + "/ca.pem";
  own_ = {read("ca.pem"), read("ca.key")};
}

Authority::~Authority() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

KeyPair Authority::issue(const std::string& common_name, const std::string& names, int days) {
  const std::string base = "c" + std::to_string(++issued_);
  write(base + ".ext", "subjectAltName=" + names + "\n");
  run("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=" + common_name + "' -keyout " + base +
      ".key -out " + base + ".csr");
  // x509 takes no start date, but with no days it ends in the second in which it begins: expired at once.
  run("x509 -req -in " + base + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -days " + std::to_string(days) +
      " -extfile " + base + ".ext -out " + base + ".pem");
  return {read(base + ".pem"), read(base + ".key")};
}

std::string Authority::write(const std::string& name, const std::string& content) {
  std::ofstream(folder_ + "/" + name) << content;
  return folder_ + "/" + name;
}

void Authority::run(const std::string& arguments) {
  const std::string command = "cd '" + folder_ + "' && openssl " + arguments + " >>log 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0) << command << "\n" << read("log");
}

std::string Authority::read(const std::string& name) const {
  std::ifstream file(folder_ + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace kalam::test
