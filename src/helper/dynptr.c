/* Dynamic pointers: memory whose size is known at run time only (bpf-helpers(7)).
 *
 * What stands on the program's stack is no address but a number, so that a program which overwrites
 * it can lose its memory but never reach another's: the thread keeps, for each aligned place of the
 * stack, what the dynptr there means (rt/dynptr.h).  A dynptr means nothing once its place was
 * written by anybody else, and of a ring buffer's record only while the run holds it. */
#include "helper/define.h"

enum {
    DYNPTR_RECORD_FLAGS = 3, /* BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP */
};

/* The bytes [offset, + length) of a dynptr, or NULL and the errno. */
static u8 *helper_dynptr_bytes(struct skep_thread *thread, u64 at, u64 offset, u64 length,
                               int *error)
{
    const struct rt_dynptr *dynptr = rt_dynptr_at(thread, at);
    *error = -EINVAL;
    if (!dynptr)
        return NULL;
    *error = -E2BIG;
    if (offset > dynptr->bytes || length > dynptr->bytes - offset)
        return NULL;
    *error = 0;
    return dynptr->data + offset;
}

/* The memory is a map's value, which stays where it is as long as the map does. */
static u64 helper_dynptr_make(struct skep_thread *thread, u64 data, u64 size, u64 flags, u64 at,
                              u64 a5)
{
    (void)a5;
    const struct rt_dynptr dynptr = { .data = helper_pointer(data), .bytes = (u32)size };
    rt_dynptr_clear(thread, at);
    if ((u32)size > RT_DYNPTR_MAX)
        return helper_errno(-E2BIG);
    if (flags)
        return helper_errno(-EINVAL);
    return helper_errno(rt_dynptr_set(thread, at, &dynptr));
}

const struct skep_helper helper_dynptr_from_mem = {
    HELPER_HEAD("bpf_dynptr_from_mem", 197, BASE, helper_dynptr_make),
    .args = { ARG_RW_KEPT, ARG_SIZE0, ARG_ANY, ARG_DYNPTR_W },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 0 },
};

static u64 helper_dynptr_get(struct skep_thread *thread, u64 to, u64 size, u64 at, u64 offset,
                             u64 flags)
{
    int error;
    if (!helper_pay(thread, size))
        return 0;
    if (flags)
        return helper_errno(-EINVAL);
    const u8 *from = helper_dynptr_bytes(thread, at, (u32)offset, size, &error);
    if (from)
        memmove(helper_pointer(to), from, size);
    return helper_errno(error);
}

const struct skep_helper helper_dynptr_read = {
    HELPER_HEAD("bpf_dynptr_read", 201, BASE, helper_dynptr_get),
    .args = { ARG_W, ARG_SIZE0, ARG_DYNPTR, ARG_ANY, ARG_ANY },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 0 },
};

static u64 helper_dynptr_put(struct skep_thread *thread, u64 at, u64 offset, u64 from, u64 size,
                             u64 flags)
{
    int error;
    if (!helper_pay(thread, size))
        return 0;
    u8 *to = helper_dynptr_bytes(thread, at, (u32)offset, size, &error);
    if (to && flags)
        return helper_errno(-EINVAL);
    if (to)
        memmove(to, helper_pointer(from), size);
    return helper_errno(error);
}

const struct skep_helper helper_dynptr_write = {
    HELPER_HEAD("bpf_dynptr_write", 202, BASE, helper_dynptr_put),
    .args = { ARG_DYNPTR, ARG_ANY, ARG_R, ARG_SIZE0, ARG_ANY },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 0 },
};

static u64 helper_dynptr_slice(struct skep_thread *thread, u64 at, u64 offset, u64 length, u64 a4,
                               u64 a5)
{
    (void)a4, (void)a5;
    int error;
    return (u64)(uintptr_t)helper_dynptr_bytes(thread, at, (u32)offset, (u32)length, &error);
}

const struct skep_helper helper_dynptr_data = {
    HELPER_HEAD("bpf_dynptr_data", 203, BASE, helper_dynptr_slice),
    .args = { ARG_DYNPTR, ARG_ANY, ARG_ALLOC },
    .ret = RET_MEM0,
};

/* Records of a ring buffer: in the ledger under a name of their own, so that no call on plain
 * records ends them. */

static void helper_dynptr_abandon(struct skep_thread *thread, const struct skep_held *held)
{
    (void)thread;
    held->map->type->commit(held->map, held->what, true, 0);
}

static u64 helper_dynptr_reserve(struct skep_thread *thread, u64 map, u64 size, u64 flags, u64 at,
                                 u64 a5)
{
    (void)a5;
    struct skep_map *m = helper_map(map);
    rt_dynptr_clear(thread, at);
    if (flags)
        return helper_errno(-EINVAL);
    if ((u32)size > RT_DYNPTR_MAX)
        return helper_errno(-E2BIG);
    void *record = m->type->reserve(m, (u32)size, 0);
    if (!record)
        return helper_errno(-EINVAL);
    const struct skep_held held = {
        .what = record, .map = m, .release = helper_dynptr_abandon, .bytes = (u32)size
    };
    const struct rt_dynptr dynptr = { .data = record, .bytes = (u32)size, .record = record };
    int error = rt_dynptr_set(thread, at, &dynptr);
    if (!error && rt_hold(thread, &held))
        return 0;
    rt_dynptr_clear(thread, at);
    helper_dynptr_abandon(thread, &held);
    return helper_errno(error ? error : -EINVAL);
}

const struct skep_helper helper_ringbuf_reserve_dynptr = {
    HELPER_HEAD("bpf_ringbuf_reserve_dynptr", 198, BASE, helper_dynptr_reserve),
    .args = { ARG_MAP, ARG_ANY, ARG_ANY, ARG_DYNPTR_NEW },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 0 },
    .maps = SKEP_MAP_RINGBUF_OUT,
};

static u64 helper_dynptr_end(struct skep_thread *thread, u64 at, bool discard, u64 flags)
{
    const struct rt_dynptr *dynptr = rt_dynptr_at(thread, at);
    if (!dynptr || !dynptr->record)
        return 0;
    void *record = dynptr->record;
    struct skep_map *map = rt_find_held(thread, record)->map;
    rt_drop(thread, record);
    rt_dynptr_clear(thread, at);
    map->type->commit(map, record, discard, flags & DYNPTR_RECORD_FLAGS);
    return 0;
}

static u64 helper_dynptr_submit(struct skep_thread *thread, u64 at, u64 flags, u64 a3, u64 a4,
                                u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    return helper_dynptr_end(thread, at, false, flags);
}

static u64 helper_dynptr_discard(struct skep_thread *thread, u64 at, u64 flags, u64 a3, u64 a4,
                                 u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    return helper_dynptr_end(thread, at, true, flags);
}

const struct skep_helper helper_ringbuf_submit_dynptr = {
    HELPER_HEAD("bpf_ringbuf_submit_dynptr", 199, BASE, helper_dynptr_submit),
    .args = { ARG_DYNPTR_END, ARG_ANY },
    .ret = RET_VOID,
};
const struct skep_helper helper_ringbuf_discard_dynptr = {
    HELPER_HEAD("bpf_ringbuf_discard_dynptr", 200, BASE, helper_dynptr_discard),
    .args = { ARG_DYNPTR_END, ARG_ANY },
    .ret = RET_VOID,
};

/* Records from the host: each is lent to the callback as a dynptr. */

struct helper_drain {
    struct skep_thread *thread;
    u64 callback, ctx;
};

static int helper_drain_record(void *user, const void *data, size_t size)
{
    const struct helper_drain *drain = user;
    struct rt_dynptr_lent lent;
    u64 stop = 0;
    u64 dynptr =
        rt_dynptr_lend(drain->thread, &lent, helper_pointer((u64)(uintptr_t)data), (u32)size);
    const u64 args[5] = { dynptr, drain->ctx, 0, 0, 0 };
    bool goes_on = rt_call(drain->thread, drain->callback, args, &stop);
    rt_dynptr_take_back(drain->thread);
    return !goes_on || stop;
}

/* Pays for all the headers that there may be, since discarded records cost no callback. */
static u64 helper_drain_run(struct skep_thread *thread, u64 map, u64 callback, u64 ctx, u64 flags,
                            u64 a5)
{
    enum { DRAIN_NO_WAKEUP = 1, DRAIN_FORCE_WAKEUP = 2, DRAIN_AVAILABLE = 0 };
    (void)a5;
    struct skep_map *m = helper_map(map);
    struct helper_drain drain = { thread, callback, ctx };
    if (flags & ~(u64)(DRAIN_NO_WAKEUP | DRAIN_FORCE_WAKEUP))
        return helper_errno(-EINVAL);
    if (!helper_pay(thread, m->type->query(m, DRAIN_AVAILABLE)))
        return 0;
    s64 n = m->type->drain(m, helper_drain_record, &drain);
    if (flags & DRAIN_FORCE_WAKEUP || (n > 0 && !(flags & DRAIN_NO_WAKEUP)))
        m->type->notify(m);
    return (u64)n;
}

const struct skep_helper helper_user_ringbuf_drain = {
    HELPER_HEAD("bpf_user_ringbuf_drain", 209, BASE, helper_drain_run),
    .args = { ARG_MAP, ARG_CALLBACK, ARG_CALLBACK_CTX, ARG_ANY },
    .effects = SKEP_CALLS_BACK,
    .maps = SKEP_MAP_USER_RINGBUF,
    .cost = 20,
    .callback = { .params = { SKEP_PARAM_DYNPTR, SKEP_PARAM_CTX }, .lo = 0, .hi = 1 },
};
