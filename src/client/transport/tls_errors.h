// What the TLS library says about a handshake that failed, in the words of the person who has to repair it.
#pragma once

#include "client/wall.h"

#include <string_view>

#include "client/api.h"

namespace kalam {

// True, with ErrorClass::tls in `status`, when `text` (of gRPC or OpenSSL) is about a TLS handshake. `detail` goes into
// the status as it is.
bool classify_tls_failure(std::string_view text, std::string_view detail, Status* status);

}  // namespace kalam
