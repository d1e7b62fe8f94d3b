#include "stub/sql/functions/patterns.h"

#include <re2/re2.h>

#include <algorithm>

#include "stub/arrow/text_forms.h"
#include "stub/sql/functions/letters.h"
#include "stub/sql/parse/error.h"

namespace kalam::stub::sql {

namespace {

size_t character_at(std::string_view text, size_t at) {
  size_t length = 1;
  while (at + length < text.size() && (text[at + length] & 0xc0) == 0x80) length++;
  return length;
}

// Greedy with one point to come back to: the last %.
bool match(std::string_view text, std::string_view pattern) {
  size_t t = 0;
  size_t p = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  while (t < text.size()) {
    bool stepped = false;
    if (p < pattern.size()) {
      if (pattern[p] == '%') {
        star = ++p;
        resume = t;
        continue;
      }
      if (pattern[p] == '_') {
        p++;
        t += character_at(text, t);
        stepped = true;
      } else {
        size_t quoted = pattern[p] == '\\' && p + 1 < pattern.size() ? 1 : 0;
        if (pattern[p + quoted] == text[t]) {
          p += quoted + 1;
          t++;
          stepped = true;
        }
      }
    }
    if (stepped) continue;
    if (star == std::string_view::npos) return false;
    p = star;
    resume += character_at(text, resume);
    t = resume;
  }
  while (p < pattern.size() && pattern[p] == '%') p++;
  return p == pattern.size();
}

bool dangling_backslash(std::string_view pattern) {
  size_t count = 0;
  while (count < pattern.size() && pattern[pattern.size() - 1 - count] == '\\') count++;
  return count % 2 == 1;
}

}  // namespace

bool like_matches(std::string_view text, std::string_view pattern, bool fold_case) {
  if (dangling_backslash(pattern)) return false;
  if (!fold_case) return match(text, pattern);
  return match(fold_letters(text), fold_letters(pattern));
}

Regex::Regex(const std::string& pattern, const std::string& flags) {
  for (size_t i = 0; i + 1 < pattern.size(); i++) {
    if (pattern[i] == '\\') {
      char c = pattern[i + 1];
      if (std::string_view("dDwWsSbB").find(c) != std::string_view::npos) has_classes_ = true;
      if (std::string_view("CQEpPuUx0123456789<>").find(c) != std::string_view::npos) refuse("this regular expression");
      i++;
    } else if (pattern[i] == '(' && pattern[i + 1] == '?') {
      refuse("a regular expression with groups of special kinds");
    } else if (pattern[i] == '[' && pattern.find("&&", i) != std::string::npos) {
      refuse("this regular expression");
    }
  }
  re2::RE2::Options options(re2::RE2::Quiet);
  for (char flag : flags) {
    if (flag != 'i') refuse("these flags of a regular expression");
    options.set_case_sensitive(false);
  }
  regex_ = std::make_unique<re2::RE2>(pattern, options);
  if (!regex_->ok()) refuse("this regular expression");
}

Regex::~Regex() = default;

void Regex::check_text(const std::string& text) const {
  bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
  if (has_classes_ && !ascii) refuse("character classes on text that is not ASCII");
}

bool Regex::found_in(const std::string& text) const {
  check_text(text);
  return re2::RE2::PartialMatch(text, *regex_);
}

std::optional<std::vector<std::optional<std::string>>> Regex::groups(const std::string& text) const {
  check_text(text);
  int count = regex_->NumberOfCapturingGroups();
  std::vector<re2::StringPiece> found(static_cast<size_t>(count) + 1);
  if (!regex_->Match(text, 0, text.size(), re2::RE2::UNANCHORED, found.data(), count + 1)) return std::nullopt;
  std::vector<std::optional<std::string>> groups;
  for (size_t i = count == 0 ? 0 : 1; i < found.size(); i++) {
    if (found[i].data() == nullptr) {
      groups.push_back(std::nullopt);
    } else {
      groups.push_back(std::string(found[i]));
    }
  }
  return groups;
}

std::string Regex::replaced(const std::string& text, const std::string& replacement, bool all) const {
  check_text(text);
  if (replacement.find_first_of("\\$") != std::string::npos) refuse("a replacement with references");
  std::string result = text;
  if (all) {
    re2::RE2::GlobalReplace(&result, *regex_, replacement);
  } else {
    re2::RE2::Replace(&result, *regex_, replacement);
  }
  return result;
}

int64_t Regex::count(const std::string& text) const {
  check_text(text);
  int64_t count = 0;
  size_t at = 0;
  re2::StringPiece found;
  while (at <= text.size() && regex_->Match(text, at, text.size(), re2::RE2::UNANCHORED, &found, 1)) {
    if (found.empty()) refuse("counting empty matches");
    count++;
    at = static_cast<size_t>(found.data() - text.data()) + found.size();
  }
  return count;
}

}  // namespace kalam::stub::sql
