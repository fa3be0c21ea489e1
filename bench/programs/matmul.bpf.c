/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The product of two 16 × 16 matrices of u32. */
#include "program.h"

PROGRAM(matmul)
{
    u32 all = 0;
    for (u32 i = 0; i < 16; i++) {
        for (u32 k = 0; k < 16; k++) {
            u32 sum = 0;
            for (u32 n = 0; n < 16; n++)
                sum += w->a32[i * 16 + n] * w->b32[n * 16 + k];
            w->c32[i * 16 + k] = sum;
            all ^= sum;
        }
    }
    return all;
}
