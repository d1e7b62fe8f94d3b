// Column types of KalamDB, beside what api.h declares.
#pragma once

#include "client/wall.h"

#include <string>

#include "client/api.h"

namespace kalam {

// The type as the catalog spells it, for messages.
std::string remote_type_name(const RemoteType& type);

}  // namespace kalam
