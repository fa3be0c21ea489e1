/* Helpers that steer a program: tail calls and loops. */
#include "helper/define.h"

/* Engines know the effect and look at thread->tail_target; a result means that the call failed. */
static u64 helper_tail(struct skep_thread *thread, u64 ctx, u64 map, u64 index, u64 a4, u64 a5)
{
    (void)ctx, (void)a4, (void)a5;
    return rt_tail_call(thread, helper_map(map), (u32)index) ? 0 : helper_errno(-ENOENT);
}

const struct skep_helper helper_tail_call = {
    HELPER_HEAD("bpf_tail_call", 12, BASE, helper_tail),
    .args = { ARG_CTX, ARG_MAP, ARG_ANY },
    .ret = RET_VOID,
    .effects = SKEP_TAIL_CALLS | SKEP_MOVES_PACKET, /* as Linux, where control may come back */
    .maps = SKEP_MAP_PROGRAMS,
};

enum { HELPER_MAX_LOOPS = 8 << 20 }; /* BPF_MAX_LOOPS */

static u64 helper_repeat(struct skep_thread *thread, u64 n, u64 callback, u64 ctx, u64 flags,
                         u64 a5)
{
    (void)a5;
    u64 stop = 0;
    if (flags)
        return helper_errno(-EINVAL);
    if ((u32)n > HELPER_MAX_LOOPS)
        return helper_errno(-E2BIG);
    for (u64 i = 0; i < (u32)n; i++) {
        const u64 args[5] = { i, ctx, 0, 0, 0 };
        if (!rt_call(thread, callback, args, &stop) || stop)
            return i + 1;
    }
    return (u32)n;
}

const struct skep_helper helper_loop = {
    HELPER_HEAD("bpf_loop", 181, BASE, helper_repeat),
    .args = { ARG_ANY, ARG_CALLBACK, ARG_CALLBACK_CTX, ARG_ANY },
    .effects = SKEP_CALLS_BACK,
    .callback = { .params = { SKEP_PARAM_INDEX, SKEP_PARAM_CTX }, .lo = 0, .hi = 1 },
};
