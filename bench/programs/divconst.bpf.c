/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Divisions by constants, which a compiler turns into multiplications. */
#include "program.h"

PROGRAM(divconst)
{
    u64 sum = 0;
    for (u32 i = 0; i < 128; i++) {
        u64 wide = w->a64[i];
        u32 narrow = w->b32[i];
        sum += wide / 1000 + wide % 7 + wide / 86400;
        sum ^= narrow / 10 + narrow % 641;
    }
    return fold(sum);
}
