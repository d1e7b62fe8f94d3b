// The second run: the same conversation under other names and keys, so that no answer can be a recorded one.
#pragma once

#include <string>

#include "transcript.h"

namespace kalam::conformance {

// Renames in every request and every expected answer, as renames.json says.
void rename_topic(const std::string& renames_file, Topic* topic);

}  // namespace kalam::conformance
