/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An interpreter of 512 instructions of an accumulator machine: one switch in a loop. */
#include "program.h"

static const u64 table[16] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3 };

PROGRAM(vmswitch)
{
    u64 acc = w->a64[0], x = w->a64[1], y = w->a64[2];
    for (u32 i = 0; i < 512; i++) {
        u8 code = w->a8[i];
        u64 arg = code >> 4;
        switch (code & 15) {
        case 0: acc += arg; break;
        case 1: acc -= x; break;
        case 2: acc ^= y; break;
        case 3: acc = acc * 5 + arg; break;
        case 4: x = acc; break;
        case 5: y = acc >> arg; break;
        case 6: acc = acc << 3 | acc >> 61; break;
        case 7: acc &= ~(x << arg); break;
        case 8: x += y; break;
        case 9: y ^= acc; break;
        case 10: acc |= arg << 20; break;
        case 11: x = ~x; break;
        case 12: acc = acc > y ? acc - y : y - acc; break;
        case 13: y = y * 3 + 1; break;
        case 14: acc += table[(acc + arg) & 15]; break;
        default: x = acc ^ y; break;
        }
    }
    return fold(acc ^ x ^ y);
}
