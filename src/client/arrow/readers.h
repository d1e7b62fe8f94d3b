// The kinds of column readers, one constructor a file.
#pragma once

#include "client/wall.h"

#include <memory>
#include <vector>

#include "client/arrow/column_reader.h"

namespace kalam::arrow {

using ReaderPtr = std::unique_ptr<ColumnReader>;

ReaderPtr make_null_reader(const ColumnType& type);
ReaderPtr make_bits_reader(const ColumnType& type);
ReaderPtr make_fixed_reader(const ColumnType& type);
ReaderPtr make_offsets_reader(const ColumnType& type);
ReaderPtr make_views_reader(const ColumnType& type);
ReaderPtr make_list_reader(const ColumnType& type, ReaderPtr child);
ReaderPtr make_fixed_list_reader(const ColumnType& type, ReaderPtr child);
ReaderPtr make_rendered_reader(const ColumnType& type, std::vector<ReaderPtr> children, RenderedTotal* total);

}  // namespace kalam::arrow
