/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where a string of four letters stands in 1,024 letters, the plain way. */
#include "program.h"

PROGRAM(strsearch)
{
    u32 found = 0;
    for (u32 i = 0; i < 1020; i++) {
        if (w->c8[i] != 'c' || w->c8[i + 1] != 'a')
            continue;
        if (w->c8[i + 2] == 'f' && w->c8[i + 3] == 'e')
            found += i;
        found += 1u << 16;
    }
    return found;
}
