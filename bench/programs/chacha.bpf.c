/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One block of ChaCha20 (RFC 8439 §2.3). */
#include "program.h"

#define QUARTER(a, b, c, d)                                                                        \
    do {                                                                                           \
        x[a] += x[b], x[d] = rotl32(x[d] ^ x[a], 16);                                              \
        x[c] += x[d], x[b] = rotl32(x[b] ^ x[c], 12);                                              \
        x[a] += x[b], x[d] = rotl32(x[d] ^ x[a], 8);                                               \
        x[c] += x[d], x[b] = rotl32(x[b] ^ x[c], 7);                                               \
    } while (0)

PROGRAM(chacha)
{
    const u32 *in = w->a32;
    u32 x[16], all = 0;
    for (u32 i = 0; i < 16; i++)
        x[i] = in[i];
    for (u32 round = 0; round < 10; round++) {
        QUARTER(0, 4, 8, 12);
        QUARTER(1, 5, 9, 13);
        QUARTER(2, 6, 10, 14);
        QUARTER(3, 7, 11, 15);
        QUARTER(0, 5, 10, 15);
        QUARTER(1, 6, 11, 12);
        QUARTER(2, 7, 8, 13);
        QUARTER(3, 4, 9, 14);
    }
    for (u32 i = 0; i < 16; i++) {
        w->c32[i] = x[i] + in[i];
        all = all * 31 + w->c32[i];
    }
    return all;
}
