// The table of options itself; options.cpp reads it for the accessors, option_validator.cpp checks values with it.
#pragma once

#include "extension/base/compat.h"

enum class KalamOptionType : uint8_t {
  text,      // no control characters
  host,      // to connect to
  tls_name,  // that a certificate can carry
  hosts,     // list of hosts, "*" and "*.domain"
  secret,    // as text; never shown in messages; a NOTICE when it is on a server
  file,      // path, or inline PEM; paths only for those who may read the server's files
  integer,   // between low and high
  size,      // kilobytes, with the units of PostgreSQL's settings
  boolean,
  choice,      // one of `choices`
  identifier,  // namespace or table of KalamDB
  namespaces,  // list of them, separated by commas
  column,      // column of KalamDB
  subject,     // user id
  names,       // array of names, as PostgreSQL writes it
};

struct KalamOption {
  const char* name;
  Oid catalog;  // where it is valid
  KalamOptionType type;
  int64 low, high;      // integer
  const char* choices;  // choice: "a, b, c"
  bool remote;          // table: goes into the WITH list of the remote CREATE TABLE (spec 10.3)
  const char* doc;      // one sentence for the reference
};

extern const KalamOption kalam_option_table[];
extern const int kalam_option_count;

// The definition, or NULL.
const KalamOption* kalam_option_find(const char* name, Oid catalog);

// Checks one value, blanks around it left aside; raises 22023 when it is not good. A blank value stands for none.
void kalam_option_check_value(const KalamOption* option, const char* text);

// Raises the error for an option that does not exist there, with the one that is meant where that can be guessed.
// `in_with`: of the WITH list of CREATE TABLE, which takes the options of the remote CREATE TABLE and some of its own.
[[noreturn]] void kalam_option_unknown(const char* name, Oid catalog, bool in_with);
