// Small structures that all backends of the cluster share. Up to PostgreSQL 16 they are in the main segment, where
// preloading asks for their room; without it they come from the reserve that PostgreSQL keeps there. From 17 on each is
// a dynamic segment of its own, however the library is loaded.
#pragma once

#include "extension/base/compat.h"

struct KalamSharedStruct {
  const char* name;
  Size size;
  void (*init)(void* memory);  // of zeroes or anything
};

// Asks for the room, when the library is preloaded.
void kalam_shared_memory_request(const KalamSharedStruct* shared);

// The structure, made by the first backend that asks. Raises when there is no room for it.
void* kalam_shared_memory_attach(const KalamSharedStruct* shared);

// The same; NULL when there is no room.
void* kalam_shared_memory_try_attach(const KalamSharedStruct* shared);
