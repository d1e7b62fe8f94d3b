// What the readers of one answer share.
#pragma once

#include "client/wall.h"

#include "client/arrow/dictionary.h"
#include "client/arrow/json_text_sink.h"

namespace kalam::arrow {

struct DecodeContext {
  DictionarySet dictionaries;
  RenderedTotal rendered;
};

}  // namespace kalam::arrow
