#include "extension/lookup/key_set.h"

extern "C" {
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/lsyscache.h"
}

char* kalam_key_text(Oid type, Datum value) {
  switch (getBaseType(type)) {
    case INT2OID:
      return psprintf("%d", DatumGetInt16(value));
    case INT4OID:
      return psprintf("%d", DatumGetInt32(value));
    case INT8OID:
      return psprintf(INT64_FORMAT, DatumGetInt64(value));
    default: {
      char* key = TextDatumGetCString(value);
      return pg_server_to_any(key, (int)strlen(key), PG_UTF8);
    }
  }
}

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

bool kalam_key_set_contains(const KalamKeySet* keys, const char* text) {
  return bsearch(&text, keys->texts, (size_t)keys->count, sizeof(char*), compare_texts) != nullptr;
}
