// Single Arrow values in the textual form of the transcripts.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace kalam::conformance {

std::string render_binary(std::string_view bytes);  // "0x…"
nlohmann::json render_float(double value);          // a number, or "NaN", "inf", "-inf", "-0.0"
std::string render_decimal128(std::string_view bytes, int32_t scale);
std::string render_date(int64_t days);
std::string render_time(int64_t microseconds);  // hours may pass 23: the value is never taken modulo a day
std::string render_timestamp(int64_t value, int64_t per_second);

// A decimal in plain or exponent form, as its digits without leading zeros and trailing fraction zeros: two texts of
// one number are equal afterwards. Text that is no decimal comes back as it is.
std::string normalize_decimal(const std::string& text);

}  // namespace kalam::conformance
