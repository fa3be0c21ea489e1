/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The Toeplitz hash that network cards use to spread flows, of 8 flows of 12 bytes. */
#include "program.h"

PROGRAM(toeplitz)
{
    u32 all = 0;
    for (u32 flow = 0; flow < 8; flow++) {
        const u32 *tuple = &w->a32[flow * 3];
        u32 hash = 0;
        for (u32 i = 0; i < 3; i++) {
            u64 window = (u64)w->b32[i] << 32 | w->b32[i + 1];
            for (u32 bit = tuple[i]; bit; bit <<= 1) {
                hash ^= (u32)(window >> 32) & (0u - (bit >> 31));
                window <<= 1;
            }
        }
        all = all * 31 + hash;
    }
    return all;
}
