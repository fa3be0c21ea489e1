/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fibonacci numbers: a loop of dependent additions. */
#include "program.h"

PROGRAM(fib)
{
    u64 x = w->a64[0], y = w->a64[1];
    for (u32 i = 0; i < 2800; i++) {
        u64 next = x + y;
        x = y;
        y = next;
    }
    return fold(y);
}
