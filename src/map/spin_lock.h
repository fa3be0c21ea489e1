/* The struct bpf_spin_lock in a value: four bytes, 0 when it is free (helper/lock.c).
 *
 * Copies leave the lock alone, and hosts read it as 0.  With BPF_F_LOCK they are made while holding
 * it, so that a whole value is seen old or new.  Its holder is a program that may have been written
 * by anybody: whoever waits gives up after as long as Linux's resilient locks do.
 * lock_at: 1 + the lock's offset, 0: none. */
#ifndef SKEP_SRC_MAP_SPIN_LOCK_H
#define SKEP_SRC_MAP_SPIN_LOCK_H

#include "map/words.h"

/* false: it could not be had. */
bool spin_lock_take(void *value, u32 lock_at);
void spin_lock_give(void *value, u32 lock_at);

/* Writes all of a value but its lock; `locked`: holding it.  0, -ETIMEDOUT. */
int spin_lock_put(void *value, const void *from, u32 size, u32 lock_at, bool locked);

/* In a copy of a value. */
static inline void spin_lock_hide(void *copy, u32 lock_at)
{
    if (lock_at)
        memset((u8 *)copy + lock_at - 1, 0, sizeof(u32));
}

#endif
