/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Binary search: 16 keys among 256 ascending numbers; branches nobody can foretell. */
#include "program.h"

PROGRAM(bsearch)
{
    u32 sum = w->a32[200];
    for (u32 i = 0; i < 16; i++) {
        u32 key = w->a32[i], at = 0;
        for (u32 half = 128; half; half >>= 1) {
            if (w->b32[(at + half) & 255] <= key)
                at += half;
        }
        sum = sum * 31 + at;
    }
    return sum;
}
