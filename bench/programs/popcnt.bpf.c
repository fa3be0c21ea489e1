/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The bits set in 128 words, twice, counted in parallel within each word. */
#include "program.h"

PROGRAM(popcnt)
{
    u32 bits = 0;
    for (u32 i = 0; i < 128; i++) {
        u64 pair[2] = { w->a64[i], w->a64[i] ^ w->b64[i] };
        for (u32 k = 0; k < 2; k++) {
            u64 x = pair[k];
            x -= x >> 1 & 0x5555555555555555u;
            x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
            x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
            bits += (u32)(x * 0x0101010101010101u >> 56);
        }
    }
    return bits;
}
