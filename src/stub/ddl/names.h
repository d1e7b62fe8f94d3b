// Which names KalamDB takes (specification 10.1). Each function gives the error text, or nullopt.
#pragma once

#include <optional>
#include <string>

namespace kalam::stub::ddl {

std::optional<std::string> check_name(const std::string& name);            // any identifier
std::optional<std::string> check_namespace_name(const std::string& name);  // and not a reserved namespace
std::optional<std::string> check_column_name(const std::string& name);     // and not a reserved column
bool plain_characters(const std::string& name);                            // ASCII letters, digits, underscores only

}  // namespace kalam::stub::ddl
