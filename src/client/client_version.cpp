#include "client/api.h"

#include "arrow_ipc_generated.h"
#include "kalamdb_pg.grpc.pb.h"

namespace kalam {
const char* error_class_name(ErrorClass) noexcept {
  return "";
}
}  // namespace kalam
