// Texts of the keys that are looked for (spec 7.3), in UTF-8: equal texts are equal keys for the server.
#pragma once

#include "extension/base/compat.h"

// Each text once, in the order of their bytes.
struct KalamKeySet {
  int count;
  char** texts;
};

// Text of an integer of any width, or of a text; of a domain over one of them as well. palloc'd.
char* kalam_key_text(Oid type, Datum value);

// The set of texts, which are put in order in the array itself.
KalamKeySet kalam_key_set_make(char** texts, int count);

bool kalam_key_set_contains(const KalamKeySet* keys, const char* text);
