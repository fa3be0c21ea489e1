/* Records for a ring buffer's consumer.  A reserved record is in the thread's ledger until it is
 * submitted or discarded; a run that is stopped discards it. */
#include "helper/define.h"

enum { HELPER_RINGBUF_NO_WAKEUP = 1, HELPER_RINGBUF_FORCE_WAKEUP = 2 };
#define HELPER_RINGBUF_FLAGS ((u64)(HELPER_RINGBUF_NO_WAKEUP | HELPER_RINGBUF_FORCE_WAKEUP))

static u64 helper_ringbuf_out(struct skep_thread *thread, u64 map, u64 data, u64 size, u64 flags,
                              u64 a5)
{
    (void)a5;
    struct skep_map *m = helper_map(map);
    if (flags & ~HELPER_RINGBUF_FLAGS)
        return helper_errno(-EINVAL);
    if (!helper_pay(thread, size))
        return 0;
    void *record = m->type->reserve(m, size, 0);
    if (!record)
        return helper_errno(-EAGAIN);
    memcpy(record, helper_pointer(data), size);
    m->type->commit(m, record, false, flags);
    return 0;
}

const struct skep_helper helper_ringbuf_output = {
    HELPER_HEAD("bpf_ringbuf_output", 130, BASE, helper_ringbuf_out),
    .args = { ARG_MAP, ARG_R, ARG_SIZE0, ARG_ANY },
    .maps = SKEP_MAP_RINGBUF_OUT,
};

static void helper_ringbuf_abandon(struct skep_thread *thread, const struct skep_held *held)
{
    (void)thread;
    held->map->type->commit(held->map, held->what, true, 0);
}

static u64 helper_ringbuf_take(struct skep_thread *thread, u64 map, u64 size, u64 flags, u64 a4,
                               u64 a5)
{
    (void)a4, (void)a5;
    struct skep_map *m = helper_map(map);
    void *record = flags || size > UINT32_MAX ? NULL : m->type->reserve(m, size, 0);
    struct skep_held held = {
        .what = record, .map = m, .release = helper_ringbuf_abandon, .bytes = (u32)size
    };
    if (!record || rt_hold(thread, &held))
        return (u64)(uintptr_t)record;
    m->type->commit(m, record, true, 0);
    return 0;
}

const struct skep_helper helper_ringbuf_reserve = {
    HELPER_HEAD("bpf_ringbuf_reserve", 131, BASE, helper_ringbuf_take),
    .args = { ARG_MAP, ARG_ALLOC, ARG_ANY },
    .ret = { .kind = SKEP_RET_MEM, .flags = SKEP_RET_NULLABLE | SKEP_RET_ACQUIRES },
    .maps = SKEP_MAP_RINGBUF_OUT,
};

static u64 helper_ringbuf_end(struct skep_thread *thread, u64 record, bool discard, u64 flags)
{
    void *what = helper_pointer(record);
    const struct skep_held *held = rt_find_held(thread, what);
    if (!held || held->release != helper_ringbuf_abandon)
        return 0;
    struct skep_map *map = held->map;
    rt_drop(thread, what);
    map->type->commit(map, what, discard, flags & HELPER_RINGBUF_FLAGS);
    return 0;
}

static u64 helper_ringbuf_give(struct skep_thread *thread, u64 record, u64 flags, u64 a3, u64 a4,
                               u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    return helper_ringbuf_end(thread, record, false, flags);
}

const struct skep_helper helper_ringbuf_submit = {
    HELPER_HEAD("bpf_ringbuf_submit", 132, BASE, helper_ringbuf_give),
    .args = { ARG_RECORD, ARG_ANY },
    .ret = RET_VOID,
};

static u64 helper_ringbuf_drop(struct skep_thread *thread, u64 record, u64 flags, u64 a3, u64 a4,
                               u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    return helper_ringbuf_end(thread, record, true, flags);
}

const struct skep_helper helper_ringbuf_discard = {
    HELPER_HEAD("bpf_ringbuf_discard", 133, BASE, helper_ringbuf_drop),
    .args = { ARG_RECORD, ARG_ANY },
    .ret = RET_VOID,
};

static u64 helper_ringbuf_ask(struct skep_thread *thread, u64 map, u64 what, u64 a3, u64 a4, u64 a5)
{
    (void)thread, (void)a3, (void)a4, (void)a5;
    struct skep_map *m = helper_map(map);
    return m->type->query(m, what);
}

const struct skep_helper helper_ringbuf_query = {
    HELPER_HEAD("bpf_ringbuf_query", 134, BASE, helper_ringbuf_ask),
    .args = { ARG_MAP, ARG_ANY },
    .maps = SKEP_MAP_RINGBUF_OUT,
};
#undef HELPER_RINGBUF_FLAGS
