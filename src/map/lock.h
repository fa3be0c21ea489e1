/* The lock of writers, which is also the version that readers look at.
 *
 * Odd: somebody writes.  Writers hold it for some tens of nanoseconds; whoever finds it held spins
 * a while and then sleeps in short naps, so that a holder that lost its CPU gets it back.  A reader
 * that must be sure reads the version before and after and starts again when it moved. */
#ifndef SKEP_SRC_MAP_LOCK_H
#define SKEP_SRC_MAP_LOCK_H

#include "os/os.h"

struct map_lock {
    _Atomic u32 version;
};

/* Waits until the version is even and returns it. */
u32 map_lock_await(const struct map_lock *lock);

static inline u32 map_lock_read(const struct map_lock *lock)
{
    u32 version = atomic_load_explicit(&lock->version, memory_order_acquire);
    return LIKELY(!(version & 1)) ? version : map_lock_await(lock);
}
/* Was nothing written since map_lock_read gave `version`? */
static inline bool map_lock_same(const struct map_lock *lock, u32 version)
{
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&lock->version, memory_order_relaxed) == version;
}

static inline void map_lock_take(struct map_lock *lock)
{
    u32 version = atomic_load_explicit(&lock->version, memory_order_relaxed) & ~1u;
    while (!atomic_compare_exchange_weak_explicit(&lock->version, &version, version + 1,
                                                  memory_order_acquire, memory_order_relaxed))
        version = map_lock_await(lock);
    atomic_thread_fence(memory_order_release);
}
static inline void map_lock_give(struct map_lock *lock)
{
    u32 version = atomic_load_explicit(&lock->version, memory_order_relaxed);
    atomic_store_explicit(&lock->version, version + 1, memory_order_release);
}

#endif
