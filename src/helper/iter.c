/* Open-coded iterators: kernel functions that begin one on the program's stack, give its next
 * element, and end it (Linux's Documentation/bpf/bpf_iterators.rst).
 *
 * What stands on the stack are plain numbers: a program that overwrites them changes what it is
 * given, and reaches nothing. */
#include "helper/define.h"

enum { ITER_MAX_NUMBERS = 8 << 20 }; /* as many as bpf_loop goes round */

struct iter_num { /* struct bpf_iter_num */
    s32 at, end;  /* the last one given, or the one before the first */
};

static u64 helper_iter_num_new(struct skep_thread *thread, u64 to, u64 start, u64 end, u64 a4,
                               u64 a5)
{
    (void)thread, (void)a4, (void)a5;
    struct iter_num *iter = helper_pointer(to);
    s64 first = (s32)(u32)start, last = (s32)(u32)end;
    *iter = (struct iter_num){ 0 };
    if (first > last)
        return helper_errno(-EINVAL);
    if (last - first > ITER_MAX_NUMBERS)
        return helper_errno(-E2BIG);
    iter->at = (s32)((u32)start - 1u);
    iter->end = (s32)(u32)end;
    return 0;
}

static u64 helper_iter_num_next(struct skep_thread *thread, u64 at, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)thread, (void)a2, (void)a3, (void)a4, (void)a5;
    struct iter_num *iter = helper_pointer(at);
    s32 next = (s32)((u32)iter->at + 1u);
    if (next >= iter->end) {
        *iter = (struct iter_num){ 0 };
        return 0;
    }
    iter->at = next;
    return (u64)(uintptr_t)&iter->at;
}

static u64 helper_iter_num_destroy(struct skep_thread *thread, u64 at, u64 a2, u64 a3, u64 a4,
                                   u64 a5)
{
    (void)thread, (void)a2, (void)a3, (void)a4, (void)a5;
    *(struct iter_num *)helper_pointer(at) = (struct iter_num){ 0 };
    return 0;
}

const struct skep_helper kfunc_iter_num_new = {
    KFUNC_HEAD("bpf_iter_num_new", 1, BASE, helper_iter_num_new),
    .args = { ARG_ITER_NEW(sizeof(struct iter_num)), ARG_ANY, ARG_ANY },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 0 },
    .iterator = SKEP_ITER_NUM,
};

const struct skep_helper kfunc_iter_num_next = {
    KFUNC_HEAD("bpf_iter_num_next", 2, BASE, helper_iter_num_next),
    .args = { ARG_ITER_NEXT(sizeof(struct iter_num)) },
    .ret = { .kind = SKEP_RET_MEM,
             .flags = SKEP_RET_NULLABLE | SKEP_RET_READ_ONLY,
             .bytes = sizeof(s32) },
    .effects = SKEP_ITERATES,
    .iterator = SKEP_ITER_NUM,
};

const struct skep_helper kfunc_iter_num_destroy = {
    KFUNC_HEAD("bpf_iter_num_destroy", 3, BASE, helper_iter_num_destroy),
    .args = { ARG_ITER_END(sizeof(struct iter_num)) },
    .ret = RET_VOID,
    .iterator = SKEP_ITER_NUM,
};
