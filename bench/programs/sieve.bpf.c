/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The primes below 1,024 by Eratosthenes’ sieve: strided byte stores and a count. */
#include "program.h"

PROGRAM(sieve)
{
    for (u32 i = 0; i < 128; i++)
        w->c64[i] = 0x0101010101010101u;
    for (u32 i = 2; i < 32; i++) {
        if (!w->c8[i])
            continue;
        for (u32 k = i * i; k < 1024; k += i)
            w->c8[k] = 0;
    }
    u32 primes = 0;
    for (u32 i = 2; i < 1024; i++)
        primes += w->c8[i];
    return primes;
}
