#include "extension/lookup/key_set.h"

static int compare_texts(const void* a, const void* b) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

KalamKeySet kalam_key_set_make(char** texts, int count) {
  if (count < 2) return {count, texts};
  qsort(texts, (size_t)count, sizeof(char*), compare_texts);
  int kept = 1;
  for (int i = 1; i < count; i++)
    if (strcmp(texts[i], texts[kept - 1]) != 0) texts[kept++] = texts[i];
  return {kept, texts};
}

int kalam_key_set_find(const KalamKeySet* keys, const char* text) {
  char** found = (char**)bsearch(&text, keys->texts, (size_t)keys->count, sizeof(char*), compare_texts);
  return found != nullptr ? (int)(found - keys->texts) : -1;
}

bool kalam_key_set_contains(const KalamKeySet* keys, const char* text) {
  return kalam_key_set_find(keys, text) >= 0;
}
