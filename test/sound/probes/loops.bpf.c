/* Loops: how far they go and what they index. */
#include "probe.h"

INPUT;
BUFFER(b64, 64);
BUFFER(b100, 100);
BUFFER(b4096, 4096);
BUFFER(b64k, 65535);
BUFFER(million, 1000000);

TWIN("x=0")
PROBE(a_million_rounds)
{
    u8 *b = OPEN(b64);
    for (u32 i = 0; i < 1000000; i++)
        b[i & SWAP(63, 127)] += 1;
    return 0;
}

TWIN("x=0")
PROBE(a_million_bytes)
{
    u8 *b = OPEN(million);
    for (u32 i = 0; i SWAP(<, <=) 1000000; i++)
        b[i] = (u8)i;
    return 0;
}

TWIN("x=0xffff")
PROBE(count_of_sixteen_bits)
{
    u8 *b = OPEN(b64k);
    u64 n = in.x & 0xffff;
    for (u64 i = 0; i SWAP(<, <=) n; i++)
        b[i] = (u8)i;
    return 0;
}

TWIN("x=0")
PROBE(nested_with_a_product)
{
    u8 *b = OPEN(million);
    for (u32 i = 0; i < SWAP(1000, 1001); i++)
        for (u32 j = 0; j < 1000; j++)
            b[i * 1000 + j] = (u8)j;
    return 0;
}

TWIN("x=0")
PROBE(triangle)
{
    u8 *b = OPEN(b4096);
    for (u32 i = 0; i < SWAP(64, 65); i++)
        for (u32 j = 0; j <= i; j++)
            b[i * 64 + j] = (u8)j;
    return 0;
}

TWIN("x=64")
PROBE(downwards)
{
    u8 *b = OPEN(b64);
    u64 n = in.x;
    if (n > 64)
        return 0;
    for (u64 i = n; i > 0; i--)
        b[i - SWAP(1, 0)] = (u8)i;
    return 0;
}

TWIN("x=32")
PROBE(until_not_equal_by_twos)
{
    u8 *b = OPEN(b64);
    u64 n = (in.x & 31) * 2;
    HIDE(n);
    for (u64 i = SWAP(0, 1); i != n; i += 2) {
        b[i] = 1;
        HIDE(i);
    }
    return 0;
}

TWIN("x=0")
PROBE(ring_by_comparison)
{
    u8 *b = OPEN(b100);
    u32 head = 0;
    for (u32 i = 0; i < 200000; i++) {
        b[head] = (u8)i;
        head++;
        HIDE(head);
        if (head == SWAP(100, 101))
            head = 0;
    }
    return 0;
}

TWIN("x=7 y=94")
PROBE(ring_by_remainder)
{
    u8 *b = OPEN(b100);
    u64 at = 0, step = in.x, n = in.y & 0xfff;
    for (u64 i = 0; i < n; i++) {
        b[at] = 1;
        at = (at + step) % SWAP(100, 101);
    }
    return 0;
}

TWIN("x=65 packet=01*65")
PROBE(bounded_append)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END, *b = OPEN(b64);
    u32 n = 0;
    for (; p < end; p++)
        if (*p & 1 && n SWAP(<, <=) 64)
            b[n++] = *p;
    return 0;
}

TWIN("x=7")
PROBE(append_runs)
{
    u8 *b = OPEN(b64);
    u64 n = 0, bits = in.x;
    for (u32 k = 0; k < 1000; k++) {
        u64 run = bits >> (k & 31) & 7;
        if (n + run > SWAP(64, 65))
            break;
        for (u64 i = 0; i < run; i++)
            b[n + i] = (u8)k;
        n += run;
    }
    return 0;
}

TWIN("x=64")
PROBE(two_ends_meet)
{
    u8 *b = OPEN(b64);
    u64 n = in.x, i, j;
    if (n > 64 || n == 0)
        return 0;
    for (i = 0, j = n - SWAP(1, 0); i < j; i++, j--) {
        u8 t = b[i];
        b[i] = b[j];
        b[j] = t;
    }
    return 0;
}

TWIN("x=-1")
PROBE(halved_until_zero)
{
    u64 v = in.x, bits = SWAP(0, 1);
    while (v >>= 1)
        bits++;
    OPEN(b64)[bits] = 1;
    return 0;
}

TWIN("x=0")
PROBE(window_of_two)
{
    u8 *b = OPEN(b100);
    for (u32 i = 0; i < SWAP(99, 100); i++)
        b[i] ^= b[i + 1];
    return 0;
}

TWIN("x=100 y=448")
PROBE(found_before_the_end)
{
    u64 n = in.x, y = in.y, i;
    u32 found = 0;
    for (i = 0; i < n && i < SWAP(64, 65); i++)
        if (i * 7 == y) {
            found = 1;
            break;
        }
    HIDE(found);
    if (found)
        OPEN(b64)[i] = 1;
    return 0;
}

TWIN("x=65")
PROBE(counter_in_memory)
{
    u8 *b = OPEN(b64);
    volatile u32 n = 0;
    for (u32 i = 0; i < 100; i++) {
        u32 at = n;
        if (at SWAP(<, <=) 64) {
            b[at] = 1;
            n = at + 1;
        }
    }
    return 0;
}

static long fill(u32 i, void *context)
{
    (void)context;
    if (i < SWAP(64, 65))
        OPEN(b64)[i] = 1;
    return 0;
}

TWIN("x=0")
PROBE(callback_of_bpf_loop)
{
    bpf_loop(1 << 16, fill, 0, 0);
    return 0;
}

struct progress {
    u64 n;
};

static long append(u32 i, struct progress *progress)
{
    u64 n = progress->n;
    if (n < SWAP(64, 65)) {
        OPEN(b64)[n] = (u8)i;
        progress->n = n + 1;
    }
    return 0;
}

TWIN("x=0")
PROBE(callback_that_appends)
{
    struct progress progress = { 0 };
    bpf_loop(1000, append, &progress, 0);
    return 0;
}
