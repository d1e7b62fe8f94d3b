// Base64 with the error texts of the decoder that KalamDB uses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kalam::stub {

// Standard alphabet with padding, or the URL-safe one without. nullopt: `error` is "Invalid symbol 33, offset 0." …
std::optional<std::string> decode_base64(std::string_view text, bool url_safe, std::string& error);

}  // namespace kalam::stub
