// Reads a JSON text that came from the network from its beginning to its end, once, without allocating. Every function
// returns false on what is not JSON as RFC 8259 has it (and on UTF-8 that is not), or goes deeper than kMaxDepth; the
// scanner stays failed from there on.
#pragma once

#include "client/wall.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kalam {

class JsonScanner {
 public:
  static constexpr int kMaxDepth = 32;

  JsonScanner(const char* text, size_t size) : at_(text), end_(text + size) {}

  // Steps into an object or array. Its members or elements follow by next_member() or next_element(), which return
  // false at its end as well.
  bool open(char bracket);
  bool next_member(std::string_view* name);
  bool next_element();

  // A value of the kind. integer(): without fraction or exponent, of 64 bits. string(): whether it is this text,
  // escapes resolved. skip(): any value.
  bool integer(int64_t* value);
  bool string(std::string_view expected, bool* equal);
  bool null() { return literal("null"); }
  bool skip();

  // Whether nothing but blanks is left.
  bool at_end();
  bool failed() const { return failed_; }

 private:
  // Reads an escape or one character of UTF-8 as its bytes, at most 4 of them; 0: there is none.
  size_t character(char* bytes);
  size_t escape(char* bytes);
  bool hex(uint32_t* code);
  bool literal(std::string_view word);
  bool number();
  bool scalar();
  bool text();
  bool expect(char c);
  bool step(char close);
  void blanks();
  bool fail();

  const char* at_;
  const char* end_;
  int depth_ = 0;
  uint32_t opened_ = 0;  // one bit for each level: nothing was read in it yet
  bool failed_ = false;
};

}  // namespace kalam
