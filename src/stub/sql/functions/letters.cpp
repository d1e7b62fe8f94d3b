#include "stub/sql/functions/letters.h"

#include <clocale>
#include <cwctype>

#include "stub/sql/parse/error.h"

namespace kalam::stub::sql {

namespace {

// glibc's C.UTF-8 has Unicode's simple case mappings and no country's habits.
locale_t unicode() {
  static locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", static_cast<locale_t>(nullptr));
  return locale;
}

char32_t simple_upper(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  if (unicode() == static_cast<locale_t>(nullptr)) refuse("letters beyond ASCII without the locale C.UTF-8");
  return static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), unicode()));
}

char32_t simple_lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if (unicode() == static_cast<locale_t>(nullptr)) refuse("letters beyond ASCII without the locale C.UTF-8");
  return static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), unicode()));
}

// Letters with special mappings (Unicode's SpecialCasing): ligatures, Greek with iota, final sigma, dotted I.
bool special(char32_t c) {
  return c == 0x130 || c == 0x149 || c == 0x1f0 || c == 0x390 || c == 0x3b0 || c == 0x587 || c == 0x3a3 ||
         (c >= 0x1e96 && c <= 0x1e9a) || (c >= 0x1f50 && c <= 0x1ffc) || (c >= 0xfb00 && c <= 0xfb17) ||
         (c >= 0x10d0 && c <= 0x10ff) || (c >= 0x13a0 && c <= 0x13ff) || (c >= 0xab70 && c <= 0xabbf);
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string result;
  for (size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    char32_t c = length == 1 ? lead : lead & (0x7fU >> length);
    for (size_t k = 1; k < length && i + k < text.size(); k++) {
      c = (c << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3f);
    }
    result += c;
    i += length;
  }
  return result;
}

std::string encode_utf8(const std::u32string& text) {
  std::string result;
  for (char32_t c : text) {
    if (c < 0x80) {
      result += static_cast<char>(c);
    } else if (c < 0x800) {
      result += static_cast<char>(0xc0 | (c >> 6));
      result += static_cast<char>(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
      result += static_cast<char>(0xe0 | (c >> 12));
      result += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
      result += static_cast<char>(0x80 | (c & 0x3f));
    } else {
      result += static_cast<char>(0xf0 | (c >> 18));
      result += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
      result += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
      result += static_cast<char>(0x80 | (c & 0x3f));
    }
  }
  return result;
}

std::string upper_letters(std::string_view text) {
  std::u32string result;
  for (char32_t c : decode_utf8(text)) {
    if (c == 0xdf) {
      result += U"SS";
      continue;
    }
    if (special(c) && c != 0x3a3) refuse("the upper case of this letter");
    result += simple_upper(c);
  }
  return encode_utf8(result);
}

std::string lower_letters(std::string_view text) {
  std::u32string result;
  for (char32_t c : decode_utf8(text)) {
    if (special(c)) refuse("the lower case of this letter");
    result += simple_lower(c);
  }
  return encode_utf8(result);
}

std::string fold_letters(std::string_view text) {
  std::u32string result;
  for (char32_t c : decode_utf8(text)) {
    if (special(c) && c != 0x3a3) refuse("comparing this letter without regard to case");
    result += simple_lower(c);
  }
  return encode_utf8(result);
}

std::string initcap_letters(std::string_view text) {
  std::u32string result;
  bool inside = false;
  for (char32_t c : decode_utf8(text)) {
    if (c >= 0x80) refuse("initcap on letters beyond ASCII");
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    result += inside ? simple_lower(c) : simple_upper(c);
    inside = letter;
  }
  return encode_utf8(result);
}

}  // namespace kalam::stub::sql
