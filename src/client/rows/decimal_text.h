// Decimal text to the unscaled integer of a DECIMAL(p, s), exactly.
#pragma once

#include "client/wall.h"

#include <string>
#include <string_view>

namespace kalam {

enum class DecimalFit { exact, not_a_number, too_many_digits, too_large };

// Reads plain decimal text ("-12.50": a sign, digits, a point) and appends the digits of its value times 10^scale to
// `out`, without leading zeros. Nothing is rounded: digits behind the scale must be zeros (too_many_digits otherwise),
// and the result may have at most `precision` digits (too_large otherwise; KalamDB itself does not check it, spec 5.1).
// `out` is unchanged unless the result is exact.
DecimalFit append_unscaled(std::string_view text, int precision, int scale, std::string* out);

}  // namespace kalam
