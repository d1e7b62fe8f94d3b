// manifest_json of system.manifest, as of a shared table and of one user's rows.
#include <cstdint>
#include <cstdlib>
#include <initializer_list>

#include "client/api.h"

static void expect_sound(const kalam::Manifest& manifest, bool read) {
  if (manifest.row_count < 0 || manifest.max_seq < -1 || manifest.version < 0) std::abort();
  if (!read && (manifest.segment_count != 0 || manifest.row_count != 0 || manifest.max_seq != -1)) std::abort();
  if ((manifest.segment_count == 0) != (manifest.max_seq == -1)) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const char* text = reinterpret_cast<const char*>(data);
  kalam::Manifest manifest;
  for (const char* table : {"ns.sync", "ns.both", "ns.u"}) {
    for (const char* user : {static_cast<const char*>(nullptr), "alice", "bob"}) {
      const bool read = kalam::parse_manifest(text, size, table, user, &manifest);
      expect_sound(manifest, read);
    }
  }
  return 0;
}
