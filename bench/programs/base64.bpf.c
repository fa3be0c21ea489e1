/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Base64 (RFC 4648) of 384 bytes: shifts, masks and a table of 64. */
#include "program.h"

static const u8 alphabet[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

PROGRAM(base64)
{
    u32 out = 0, all = 0;
    for (u32 i = 0; i < 384; i += 3) {
        u32 three = (u32)w->a8[i] << 16 | (u32)w->a8[i + 1] << 8 | w->a8[i + 2];
        u32 four = (u32)alphabet[three >> 18] | (u32)alphabet[three >> 12 & 63] << 8 |
                   (u32)alphabet[three >> 6 & 63] << 16 | (u32)alphabet[three & 63] << 24;
        w->c32[out++] = four;
        all = all * 31 + four;
    }
    return all;
}
