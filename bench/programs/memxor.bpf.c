/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The exclusive or of two blocks, word by word: loads and stores. */
#include "program.h"

PROGRAM(memxor)
{
    u64 all = 0;
    for (u32 i = 0; i < 128; i++) {
        w->c64[i] = w->a64[i] ^ w->b64[i];
        all += w->c64[i];
    }
    return fold(all);
}
