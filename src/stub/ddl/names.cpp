#include "stub/ddl/names.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace kalam::stub::ddl {

namespace {

constexpr std::string_view kReservedNamespaces[] = {"system",
                                                    "sys",
                                                    "root",
                                                    "kalamdb",
                                                    "kalam",
                                                    "main",
                                                    "default",
                                                    "sql",
                                                    "admin",
                                                    "internal",
                                                    "information_schema",
                                                    "pg_catalog",
                                                    "datafusion"};

constexpr std::string_view kReservedColumns[] = {"_seq",     "_deleted", "_id",        "_row_id",  "_rowid", "_key",
                                                 "_updated", "_created", "_timestamp", "_version", "_hash"};

constexpr std::string_view kReservedWords[] = {"alter",
                                               "analyze",
                                               "anti",
                                               "asof",
                                               "cluster",
                                               "connect",
                                               "create",
                                               "cross",
                                               "database",
                                               "delete",
                                               "distribute",
                                               "drop",
                                               "end",
                                               "except",
                                               "exclude",
                                               "exists",
                                               "explain",
                                               "fetch",
                                               "for",
                                               "format",
                                               "from",
                                               "full",
                                               "global",
                                               "group",
                                               "having",
                                               "index",
                                               "inner",
                                               "insert",
                                               "intersect",
                                               "interval",
                                               "into",
                                               "join",
                                               "lateral",
                                               "left",
                                               "limit",
                                               "match_condition",
                                               "match_recognize",
                                               "minus",
                                               "natural",
                                               "offset",
                                               "on",
                                               "open",
                                               "order",
                                               "outer",
                                               "partition",
                                               "pivot",
                                               "prewhere",
                                               "qualify",
                                               "returning",
                                               "right",
                                               "sample",
                                               "schema",
                                               "select",
                                               "semi",
                                               "set",
                                               "settings",
                                               "sort",
                                               "start",
                                               "struct",
                                               "table",
                                               "tables",
                                               "tablesample",
                                               "tablespace",
                                               "top",
                                               "trim",
                                               "union",
                                               "unpivot",
                                               "update",
                                               "using",
                                               "view",
                                               "where",
                                               "window",
                                               "with"};

template <size_t N>
bool contains(const std::string_view (&words)[N], const std::string& name) {
  return std::find(std::begin(words), std::end(words), name) != std::end(words);
}

}  // namespace

bool plain_characters(const std::string& name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::optional<std::string> check_name(const std::string& name) {
  if (name.empty()) return "Name cannot be empty";
  if (name.size() > 64) return "Name is too long (" + std::to_string(name.size()) + " characters, max 64)";
  if (name[0] == '_') return "Name cannot start with underscore (reserved for system columns)";
  if (name[0] >= '0' && name[0] <= '9') return "Name cannot start with a number";
  if (name.find(' ') != std::string::npos) return "Name cannot contain spaces";
  if (!plain_characters(name)) {
    return "Name '" + name + "' contains invalid characters (only alphanumeric and underscore allowed)";
  }
  if (contains(kReservedWords, name)) return "Name '" + name + "' is a reserved SQL keyword and cannot be used";
  return std::nullopt;
}

std::optional<std::string> check_namespace_name(const std::string& name) {
  if (auto error = check_name(name)) return error;
  if (contains(kReservedNamespaces, name)) return "Namespace '" + name + "' is reserved and cannot be used";
  return std::nullopt;
}

std::optional<std::string> check_column_name(const std::string& name) {
  if (contains(kReservedColumns, name)) return "Column name '" + name + "' is reserved and cannot be used";
  return check_name(name);
}

}  // namespace kalam::stub::ddl
