// The one value of an answer that has one row and one column.
#pragma once

#include "client/wall.h"

#include <grpcpp/support/byte_buffer.h>

#include <string>

namespace kalam {

// False when the answer of an ExecuteQuery is not a text in the first column of its first row.
bool read_single_text(grpc::ByteBuffer* response, std::string* text);

}  // namespace kalam
