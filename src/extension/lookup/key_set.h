// Texts of the keys that are looked for (types/key.h).
#pragma once

#include "extension/base/compat.h"

// Each text once, in the order of their bytes.
struct KalamKeySet {
  int count;
  char** texts;
};

// The set of texts, which are put in order in the array itself.
KalamKeySet kalam_key_set_make(char** texts, int count);

// Where the text is in the set; -1: nowhere.
int kalam_key_set_find(const KalamKeySet* keys, const char* text);

bool kalam_key_set_contains(const KalamKeySet* keys, const char* text);
