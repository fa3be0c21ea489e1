/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A program of about 16,000 instructions, for measuring how long loading takes: 16 functions of
 * many small steps, with map lookups, branches, line information and relocations. */
#include "program.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1024);
    __type(key, u32);
    __type(value, u64);
} table SEC(".maps");

static __always_inline u64 step(u64 x, u32 n)
{
    u32 key = (u32)(x ^ n) & 1023;
    u64 *value = bpf_map_lookup_elem(&table, &key);
    if (!value)
        return x + n;
    if (*value > x)
        x += *value * (2 * n + 1);
    else
        x = rotl64(x, 7) ^ n;
    *value = x;
    return x;
}

#define STEPS4(n) x = step(x, (n)), x = step(x, (n) + 1), x = step(x, (n) + 2), x = step(x, (n) + 3)
#define STEPS16(n) STEPS4(n), STEPS4((n) + 4), STEPS4((n) + 8), STEPS4((n) + 12)
#define PART(n)                                                                                    \
    static __noinline u64 part##n(u64 x)                                                           \
    {                                                                                              \
        STEPS16(n * 64), STEPS16(n * 64 + 16), STEPS4(n * 64 + 32), STEPS4(n * 64 + 36);           \
        return step(step(x, n * 64 + 40), n * 64 + 41);                                            \
    }
/* clang-format off */
#define PARTS(P) P(0) P(1) P(2) P(3) P(4) P(5) P(6) P(7) P(8) P(9) P(10) P(11) P(12) P(13) P(14) P(15)
/* clang-format on */
PARTS(PART)

PROGRAM(large)
{
    u64 x = w->a64[0];
#define CALL(n) x = part##n(x);
    PARTS(CALL)
    return fold(x);
}
