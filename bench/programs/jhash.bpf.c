/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Bob Jenkins’ lookup3 hash of 120 bytes: additions, subtractions and rotations. */
#include "program.h"

PROGRAM(jhash)
{
    u32 a = 0xdeadbeefu + 120, b = a, c = a;
    for (u32 i = 0; i < 30; i += 3) {
        a += w->a32[i];
        b += w->a32[i + 1];
        c += w->a32[i + 2];
        /* clang-format off */
        a -= c; a ^= rotl32(c, 4);  c += b;
        b -= a; b ^= rotl32(a, 6);  a += c;
        c -= b; c ^= rotl32(b, 8);  b += a;
        a -= c; a ^= rotl32(c, 16); c += b;
        b -= a; b ^= rotl32(a, 19); a += c;
        c -= b; c ^= rotl32(b, 4);  b += a;
        /* clang-format on */
    }
    c ^= b, c -= rotl32(b, 14);
    a ^= c, a -= rotl32(c, 11);
    b ^= a, b -= rotl32(a, 25);
    c ^= b, c -= rotl32(b, 16);
    return c;
}
