/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Five hundred calls of a local function. */
#include "program.h"

static __noinline u64 step(u64 x, u64 key) { return (x ^ key) * 0x9e3779b97f4a7c15u + (x >> 7); }

PROGRAM(calls)
{
    u64 x = w->a64[0];
    for (u32 i = 0; i < 500; i++)
        x = step(x, w->a64[i & 127]);
    return fold(x);
}
