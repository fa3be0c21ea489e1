/* Open-coded iterators: kernel functions that begin one on the program's stack, give its next
 * element, and end it (Linux's Documentation/bpf/bpf_iterators.rst).
 *
 * What stands on the stack are plain numbers: a program that overwrites them changes what it is
 * given, and reaches nothing. */
#include "helper/define.h"
#include "os/os.h"

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

/* Bits that are set, of one word or of as many as a run may hold: those are in the ledger, and what
 * stands on the stack is believed only when it is found there. */

enum { ITER_MAX_WORDS = 511 };

struct iter_bits { /* struct bpf_iter_bits */
    u64 words;     /* the word itself, or where they are */
    s32 n;         /* bits */
    s32 at;        /* the last one given, -1 before the first */
};

static void helper_iter_bits_free(struct skep_thread *thread, const struct skep_held *held)
{
    mem_free(thread->mem, held->what, held->bytes);
}

static u64 *helper_iter_bits_hold(struct skep_thread *thread, u32 bytes)
{
    struct skep_held held = { .what = mem_alloc(thread->mem, bytes),
                              .release = helper_iter_bits_free,
                              .bytes = bytes };
    if (held.what && rt_hold(thread, &held))
        return held.what;
    mem_free(thread->mem, held.what, bytes);
    return NULL;
}

static u64 helper_iter_bits_new(struct skep_thread *thread, u64 to, u64 from, u64 n_words, u64 a4,
                                u64 a5)
{
    (void)a4, (void)a5;
    struct iter_bits *iter = helper_pointer(to);
    u32 n = (u32)n_words, bytes = n * 8;
    *iter = (struct iter_bits){ .at = -1 };
    if (!from || !n)
        return helper_errno(-EINVAL);
    if (n > ITER_MAX_WORDS)
        return helper_errno(-E2BIG);
    if (!helper_pay(thread, bytes))
        return 0;
    u64 *words = n == 1 ? &iter->words : helper_iter_bits_hold(thread, bytes);
    if (!words)
        return helper_errno(-ENOMEM);
    if (os_safe_copy(words, from, bytes) != bytes) {
        if (n > 1 && rt_drop(thread, words))
            mem_free(thread->mem, words, bytes);
        iter->words = 0;
        return helper_errno(-EFAULT);
    }
    if (n > 1)
        iter->words = (u64)(uintptr_t)words;
    iter->n = (s32)(n * 64);
    return 0;
}

/* The words, of which there are as many as bits say; NULL: the program has meddled. */
static const u64 *helper_iter_bits_words(struct skep_thread *thread, const struct iter_bits *iter)
{
    if (iter->n == 64)
        return &iter->words;
    const struct skep_held *held = rt_find_held(thread, helper_pointer(iter->words));
    bool own = held && held->release == helper_iter_bits_free && iter->n > 0 &&
               (u32)iter->n / 8 == held->bytes;
    return own ? held->what : NULL;
}

static u64 helper_iter_bits_next(struct skep_thread *thread, u64 at, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    struct iter_bits *iter = helper_pointer(at);
    const u64 *words = helper_iter_bits_words(thread, iter);
    if (!words || iter->at < -1 || iter->at >= iter->n)
        return 0;
    for (s32 bit = iter->at + 1; bit < iter->n; bit++)
        if (words[bit / 64] >> (bit % 64) & 1) {
            iter->at = bit;
            return (u64)(uintptr_t)&iter->at;
        }
    iter->at = iter->n;
    return 0;
}

static u64 helper_iter_bits_destroy(struct skep_thread *thread, u64 at, u64 a2, u64 a3, u64 a4,
                                    u64 a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    struct iter_bits *iter = helper_pointer(at);
    const u64 *words = helper_iter_bits_words(thread, iter);
    if (words && words != &iter->words) {
        rt_drop(thread, helper_pointer(iter->words));
        mem_free(thread->mem, helper_pointer(iter->words), (u32)iter->n / 8);
    }
    *iter = (struct iter_bits){ 0 };
    return 0;
}

const struct skep_helper kfunc_iter_bits_new = {
    KFUNC_HEAD("bpf_iter_bits_new", 4, BASE, helper_iter_bits_new),
    .args = { ARG_ITER_NEW(sizeof(struct iter_bits)), ARG_ANY, ARG_ANY },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 0 },
    .iterator = SKEP_ITER_BITS,
};

const struct skep_helper kfunc_iter_bits_next = {
    KFUNC_HEAD("bpf_iter_bits_next", 5, BASE, helper_iter_bits_next),
    .args = { ARG_ITER_NEXT(sizeof(struct iter_bits)) },
    .ret = { .kind = SKEP_RET_MEM,
             .flags = SKEP_RET_NULLABLE | SKEP_RET_READ_ONLY,
             .bytes = sizeof(s32) },
    .effects = SKEP_ITERATES,
    .iterator = SKEP_ITER_BITS,
};

const struct skep_helper kfunc_iter_bits_destroy = {
    KFUNC_HEAD("bpf_iter_bits_destroy", 6, BASE, helper_iter_bits_destroy),
    .args = { ARG_ITER_END(sizeof(struct iter_bits)) },
    .ret = RET_VOID,
    .iterator = SKEP_ITER_BITS,
};

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
