// The same work as a bare loop of the code that gRPC generates: no decoding, no checks but the status. It is the limit
// that the client library is measured against.
#pragma once

#include <memory>

#include "work.h"

namespace kalam::bench {

// `async`: one completion queue that the calling thread drains; otherwise generated blocking calls.
std::unique_ptr<Side> make_grpc_side(const Server& server, bool async);

}  // namespace kalam::bench
