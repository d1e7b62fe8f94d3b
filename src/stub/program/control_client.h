// `kalam-stub control`: one command to a running stub.
#pragma once

#include <string>
#include <vector>

namespace kalam::stub {

int run_control(const std::vector<std::string>& arguments);

// A file's content, or the text itself when it is inline PEM. Throws std::runtime_error.
std::string read_pem(const std::string& file_or_pem);

}  // namespace kalam::stub
