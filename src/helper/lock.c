/* struct bpf_spin_lock, of 4 bytes in a map value: 0 is free.  Waiting costs fuel, so that a lock
 * whose holder never lets go stops the run instead of the host; and a run that is stopped lets go,
 * since the lock is in its ledger. */
#include "helper/define.h"

static void helper_lock_let_go(struct skep_thread *thread, const struct skep_held *held)
{
    (void)thread;
    atomic_store_explicit((_Atomic u32 *)held->what, 0, memory_order_release);
}

static bool helper_lock_take(_Atomic u32 *lock)
{
    u32 free = 0;
    return atomic_load_explicit(lock, memory_order_relaxed) == 0 &&
           atomic_compare_exchange_weak_explicit(lock, &free, 1, memory_order_acquire,
                                                 memory_order_relaxed);
}

static u64 helper_lock(struct skep_thread *thread, u64 lock, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    struct skep_held held = { .what = helper_pointer(lock),
                              .release = helper_lock_let_go,
                              .bytes = sizeof(u32) };
    while (!helper_lock_take(held.what))
        if (!rt_charge(thread, 10))
            return 0;
    if (!rt_hold(thread, &held))
        helper_lock_let_go(thread, &held);
    return 0;
}

const struct skep_helper helper_spin_lock = {
    HELPER_HEAD("bpf_spin_lock", 93, LOCK, helper_lock),
    .args = { ARG_LOCK },
    .ret = RET_VOID,
    .effects = SKEP_LOCKS,
};

static u64 helper_unlock(struct skep_thread *thread, u64 lock, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    struct skep_held held = { .what = helper_pointer(lock) };
    if (rt_drop(thread, held.what))
        helper_lock_let_go(thread, &held);
    return 0;
}

const struct skep_helper helper_spin_unlock = {
    HELPER_HEAD("bpf_spin_unlock", 94, LOCK, helper_unlock),
    .args = { ARG_LOCK },
    .ret = RET_VOID,
    .effects = SKEP_UNLOCKS,
};
