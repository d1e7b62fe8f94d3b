// Filling kalam::Status: fixed-size texts, always valid UTF-8, never with a secret in them.
#pragma once

#include "client/wall.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/api.h"

namespace kalam {

// Success: every text empty, grpc_code -1. What lies behind a text's end is left as it was: a Status is 3 KB, and every
// call clears several.
void clear_status(Status* status) noexcept;

// A failure found before any call. Texts are cut to their fields.
void set_status(Status* status, ErrorClass error, std::string_view message, std::string_view detail = {},
                std::string_view hint = {}) noexcept;

// Copies `text` into a field of `capacity` bytes: cut at a character's boundary, terminated. What a terminal or a log
// would not show as it is gets replaced here, for every text of a server: line breaks and other separators by a blank,
// controls (C0 and C1), marks that change the direction of writing, invisible characters and invalid UTF-8 by '?'.
void copy_text(char* field, size_t capacity, std::string_view text) noexcept;

// Length of the valid UTF-8 character at the start of `text`, 0 when there is none.
size_t utf8_character_size(std::string_view text) noexcept;
bool is_valid_utf8(std::string_view text) noexcept;

// The reserve for code that must not throw: turns the exception being handled into a Status.
void status_from_exception(Status* status) noexcept;

// The outcome of a call, kept. Most are successes, so the 3 KB of a failure are taken only for one; without memory its
// texts are lost, but never that it happened.
class KeptStatus {
 public:
  void set(const Status& status) noexcept;
  void set_success(int32_t grpc_code) noexcept;
  void get(Status* status) const noexcept;

  ErrorClass error() const { return error_; }
  bool maybe_executed() const { return maybe_executed_; }

 private:
  ErrorClass error_ = ErrorClass::none;
  bool maybe_executed_ = false;
  int32_t grpc_code_ = -1;
  std::unique_ptr<Status> failure_;
};

// What must not appear in a text that leaves the library.
class Secrets {
 public:
  // Values of fewer than four bytes are not remembered: replacing them would tear every text apart.
  void add(std::string_view secret);

  // `text` with every remembered value replaced, and with it whatever looks like credentials in an "authorization"
  // value ("Basic …", "Bearer …").
  std::string scrub(std::string_view text) const;

 private:
  std::vector<std::string> values_;
};

}  // namespace kalam
