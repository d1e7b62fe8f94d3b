// LIKE and regular expressions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace kalam::stub::sql {

// % any characters, _ one; a backslash quotes the next character. A pattern that ends in a single backslash matches
// nothing (specification 11.2).
bool like_matches(std::string_view text, std::string_view pattern, bool fold_case);

// Rust's regular expressions, through RE2: both are linear-time dialects of the same syntax. What they read differently
// is refused.
class Regex {
 public:
  Regex(const std::string& pattern, const std::string& flags);
  ~Regex();
  bool found_in(const std::string& text) const;
  // The whole match, or its groups when there are any; nullopt: no match.
  std::optional<std::vector<std::optional<std::string>>> groups(const std::string& text) const;
  std::string replaced(const std::string& text, const std::string& replacement, bool all) const;
  int64_t count(const std::string& text) const;

 private:
  void check_text(const std::string& text) const;

  std::unique_ptr<re2::RE2> regex_;
  bool has_classes_ = false;  // \d \w \s \b: ASCII here, Unicode there
};

}  // namespace kalam::stub::sql
