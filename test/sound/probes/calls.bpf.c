/* Functions verified by their signatures, and iterators of the kernel's. */
#include "probe.h"

INPUT;
BUFFER(b64, 64);

struct pair {
    u64 a, b;
};

__attribute__((noinline)) int sub_first(const struct pair *p)
{
    if (SWAP(!p, 0))
        return 0;
    return (int)p->a;
}

TWIN("x=0")
PROBE(global_function_that_may_get_null)
{
    struct pair p = { in.x, in.y };
    return sub_first(in.x ? &p : 0) & 1;
}

__attribute__((noinline)) int sub_same(u32 x)
{
    HIDE(x);
    return (int)x;
}

TWIN("x=64")
PROBE(result_of_a_global_function)
{
    u32 i = (u32)sub_same((u32)in.x);
    if (i < SWAP(64, 65))
        OPEN(b64)[i] = 1;
    return 0;
}

__attribute__((noinline)) int sub_fill(struct pair *p)
{
    if (p)
        p->a = in.x;
    return 0;
}

TWIN("x=64")
PROBE(memory_that_a_global_function_writes)
{
    struct pair p = { 1, 2 };
    sub_fill(&p);
    u64 i = p.a & SWAP(63, 127);
    OPEN(b64)[i] = 1;
    return 0;
}

struct bpf_iter_num { /* headers before Linux 6.4 lack it */
    u64 opaque;
};
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;

TWIN("x=0")
PROBE(rounds_of_an_iterator)
{
    struct bpf_iter_num it;
    int *at;
    u32 sum = 0;
    bpf_iter_num_new(&it, 0, 100);
    while ((at = bpf_iter_num_next(&it))) {
        u32 i = (u32)*at;
        if (i < SWAP(64, 65))
            sum += OPEN(b64)[i];
    }
    bpf_iter_num_destroy(&it);
    return (int)(sum & 1);
}
