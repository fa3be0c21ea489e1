/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Numbers of variable length (LEB128) in 160 bytes: a loop with an unforeseeable exit. */
#include "program.h"

PROGRAM(varint)
{
    u64 sum = 0, value = 0;
    u32 shift = 0;
    for (u32 i = 0; i < 160; i++) {
        u8 byte = w->a8[i];
        value |= (u64)(byte & 0x7f) << (shift & 63);
        shift += 7;
        if (!(byte & 0x80)) {
            sum += value;
            value = 0;
            shift = 0;
        }
    }
    return fold(sum);
}
