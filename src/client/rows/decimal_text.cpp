#include "client/rows/decimal_text.h"

namespace kalam {
namespace {

bool all_digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

DecimalFit append_unscaled(std::string_view text, int precision, int scale, std::string* out) {
  if (scale < 0) return DecimalFit::not_a_number;  // KalamDB has no such type
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const size_t point = text.find('.');
  std::string_view whole = text.substr(0, point);
  std::string_view fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if ((whole.empty() && fraction.empty()) || !all_digits(whole) || !all_digits(fraction)) {
    return DecimalFit::not_a_number;
  }

  const size_t kept = static_cast<size_t>(scale);
  if (fraction.size() > kept) {
    if (fraction.find_first_not_of('0', kept) != std::string_view::npos) return DecimalFit::too_many_digits;
    fraction = fraction.substr(0, kept);
  }
  const size_t padding = kept - fraction.size();

  // Leading zeros of the whole, and of the fraction when nothing is before it, are no digits of the value.
  const size_t first = whole.find_first_not_of('0');
  whole = first == std::string_view::npos ? std::string_view() : whole.substr(first);
  if (whole.empty()) {
    const size_t first_of_fraction = fraction.find_first_not_of('0');
    if (first_of_fraction == std::string_view::npos) {
      *out += '0';
      return DecimalFit::exact;
    }
    fraction = fraction.substr(first_of_fraction);
  }
  if (whole.size() + fraction.size() + padding > static_cast<size_t>(precision)) return DecimalFit::too_large;
  if (negative) *out += '-';
  out->append(whole).append(fraction).append(padding, '0');
  return DecimalFit::exact;
}

}  // namespace kalam
