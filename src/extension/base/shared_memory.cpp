#include "extension/base/shared_memory.h"

extern "C" {
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#if PG_VERSION_NUM >= 170000
#include "storage/dsm_registry.h"
#endif
}

#if PG_VERSION_NUM < 170000

static Size requested;
static shmem_request_hook_type previous_shmem_request_hook;

static void request_shared_memory() {
  if (previous_shmem_request_hook != nullptr) previous_shmem_request_hook();
  RequestAddinShmemSpace(requested);
}

void kalam_shared_memory_request(const KalamSharedStruct* shared) {
  if (!process_shared_preload_libraries_in_progress) return;
  if (requested == 0) {
    previous_shmem_request_hook = shmem_request_hook;
    shmem_request_hook = request_shared_memory;
  }
  requested += MAXALIGN(shared->size);
}

void* kalam_shared_memory_attach(const KalamSharedStruct* shared) {
  bool found;
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  void* memory = ShmemInitStruct(shared->name, shared->size, &found);
  if (!found) shared->init(memory);
  LWLockRelease(AddinShmemInitLock);
  return memory;
}

void* kalam_shared_memory_try_attach(const KalamSharedStruct* shared) {
  void* volatile memory = nullptr;
  MemoryContext context = CurrentMemoryContext;
  PG_TRY();
  {
    memory = kalam_shared_memory_attach(shared);
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    if (geterrcode() != ERRCODE_OUT_OF_MEMORY) PG_RE_THROW();
    FlushErrorState();
    // The error has reset the count of reasons to hold interrupts back, of which the lock is one.
    HOLD_INTERRUPTS();
    if (LWLockHeldByMe(AddinShmemInitLock)) {
      LWLockRelease(AddinShmemInitLock);
    } else {
      RESUME_INTERRUPTS();
    }
  }
  PG_END_TRY();
  return memory;
}

#else

#if PG_VERSION_NUM >= 190000
static void init_shared(void* memory, void* shared) {
  ((const KalamSharedStruct*)shared)->init(memory);
}
#endif

void kalam_shared_memory_request(const KalamSharedStruct*) {}

void* kalam_shared_memory_attach(const KalamSharedStruct* shared) {
  bool found;
#if PG_VERSION_NUM >= 190000
  return GetNamedDSMSegment(shared->name, shared->size, init_shared, &found, (KalamSharedStruct*)shared);
#else
  return GetNamedDSMSegment(shared->name, shared->size, shared->init, &found);
#endif
}

// A dynamic segment needs no reserve: what fails here is an exhausted machine.
void* kalam_shared_memory_try_attach(const KalamSharedStruct* shared) {
  return kalam_shared_memory_attach(shared);
}

#endif
