/* Spin locks in map values; see spin_lock.h. */
#include "map/spin_lock.h"

#include "os/os.h"

#include <errno.h>

enum {
    SPIN_LOCK_TRIES = 200, /* before the first nap */
    SPIN_LOCK_NAPS = 5000,
    SPIN_LOCK_NAP_NS = 50000,
};

static _Atomic u32 *spin_lock_of(void *value, u32 lock_at)
{
    return (_Atomic u32 *)(void *)((u8 *)value + lock_at - 1);
}

static bool spin_lock_try(_Atomic u32 *lock)
{
    u32 free = 0;
    return atomic_load_explicit(lock, memory_order_relaxed) == 0 &&
           atomic_compare_exchange_strong_explicit(lock, &free, 1, memory_order_acquire,
                                                   memory_order_relaxed);
}

bool spin_lock_take(void *value, u32 lock_at)
{
    _Atomic u32 *lock = spin_lock_of(value, lock_at);
    _Atomic u32 nobody_wakes = 0;
    for (u32 i = 0; i < SPIN_LOCK_TRIES + SPIN_LOCK_NAPS; i++) {
        if (spin_lock_try(lock))
            return true;
        if (i >= SPIN_LOCK_TRIES)
            os_wait(&nobody_wakes, 0, SPIN_LOCK_NAP_NS);
    }
    return false;
}

void spin_lock_give(void *value, u32 lock_at)
{
    atomic_store_explicit(spin_lock_of(value, lock_at), 0, memory_order_release);
}

/* The parts before and behind the lock.  The lock is a half word: what is before it ends on a
 * multiple of 4, and what is behind it may begin in the middle of a word. */
static void spin_lock_put_around(u8 *to, const u8 *from, u32 size, u32 offset)
{
    u32 behind = offset + (u32)sizeof(u32);
    words_put(to, from, offset);
    if (behind % 8 && size - behind >= 4) {
        half_word_store(to + behind, half_word_at(from + behind));
        behind += 4;
    }
    for (; behind % 8 && behind < size; behind++)
        byte_store(to + behind, from[behind]);
    words_put(to + behind, from + behind, size - behind);
}

int spin_lock_put(void *value, const void *from, u32 size, u32 lock_at, bool locked)
{
    if (!lock_at) {
        words_put(value, from, size);
        return 0;
    }
    if (locked && !spin_lock_take(value, lock_at))
        return -ETIMEDOUT;
    spin_lock_put_around(value, from, size, lock_at - 1);
    if (locked)
        spin_lock_give(value, lock_at);
    return 0;
}
