/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Bubble sort of 32 numbers: loads, compares, swaps in memory. */
#include "program.h"

PROGRAM(bubble)
{
    for (u32 i = 0; i < 32; i++)
        w->c32[i] = w->a32[i];
    for (u32 last = 31; last; last--) {
        for (u32 i = 0; i < last; i++) {
            u32 left = w->c32[i], right = w->c32[i + 1];
            if (left > right) {
                w->c32[i] = right;
                w->c32[i + 1] = left;
            }
        }
    }
    u32 sum = 0;
    for (u32 i = 0; i < 32; i++)
        sum = sum * 31 + w->c32[i];
    return sum;
}
