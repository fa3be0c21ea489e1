/* Waiting for a map_lock; see lock.h. */
#include "map/lock.h"

enum { MAP_LOCK_SPINS = 200, MAP_LOCK_NAP_NS = 20000 };

static void map_lock_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#else
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

u32 map_lock_await(const struct map_lock *lock)
{
    for (u32 spins = 0;; spins++) {
        u32 version = atomic_load_explicit(&lock->version, memory_order_acquire);
        if (!(version & 1))
            return version;
        if (spins < MAP_LOCK_SPINS)
            map_lock_pause();
        else
            os_wait(&lock->version, version, MAP_LOCK_NAP_NS);
    }
}
