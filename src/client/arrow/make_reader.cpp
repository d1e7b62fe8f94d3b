#include <utility>
#include <vector>

#include "client/arrow/decode_context.h"
#include "client/arrow/readers.h"

namespace kalam::arrow {

ReaderPtr make_value_reader(const ColumnType& type, DecodeContext* context) {
  std::vector<ReaderPtr> children;
  // A map's readers are those of its keys and values; the struct between them holds nothing of its own.
  const std::vector<ColumnType>& below = type.layout == Layout::map ? type.children[0].children : type.children;
  for (const ColumnType& child : below) children.push_back(make_reader(child, context));
  switch (type.layout) {
    case Layout::nothing:
      return make_null_reader(type);
    case Layout::bits:
      return make_bits_reader(type);
    case Layout::fixed:
      return make_fixed_reader(type);
    case Layout::offsets:
      return make_offsets_reader(type);
    case Layout::views:
      return make_views_reader(type);
    case Layout::list:
      return make_list_reader(type, std::move(children[0]));
    case Layout::fixed_list:
      return make_fixed_list_reader(type, std::move(children[0]));
    case Layout::structure:
    case Layout::map:
    case Layout::sparse_union:
    case Layout::dense_union:
    case Layout::list_view:
      break;
  }
  return make_rendered_reader(type, std::move(children), &context->rendered);
}

ReaderPtr make_reader(const ColumnType& type, DecodeContext* context) {
  return type.dictionary.used ? make_dictionary_reader(type, &context->dictionaries) : make_value_reader(type, context);
}

}  // namespace kalam::arrow
