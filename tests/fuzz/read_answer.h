// Reads an answer to its end and touches every byte that a window hands out.
#pragma once

#include <cstdint>
#include <string_view>

#include "client/arrow/result_reader.h"

namespace kalam::fuzz {

// `slice_size` 0: one slice. Stops after some thousand windows: a stream of very many rows without content is valid.
void read_answer(std::string_view message, size_t slice_size, uint32_t max_rows, ResultReader::Answer answer);

}  // namespace kalam::fuzz
