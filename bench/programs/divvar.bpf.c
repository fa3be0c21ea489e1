/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Divisions by variables, 32 and 64 bits wide. */
#include "program.h"

PROGRAM(divvar)
{
    u64 sum = 0;
    for (u32 i = 0; i < 128; i++) {
        u64 divisor = w->b64[i] >> 24 | 1;
        u32 small = w->b32[i] | 1;
        sum += w->a64[i] / divisor;
        sum ^= w->a32[i] % small;
    }
    return fold(sum);
}
