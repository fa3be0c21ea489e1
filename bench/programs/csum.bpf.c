/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The Internet checksum (RFC 1071) of 768 bytes. */
#include "program.h"

PROGRAM(csum)
{
    const u16 *half = (const u16 *)w->a8;
    u64 sum = 0;
    for (u32 i = 0; i < 384; i++)
        sum += half[i];
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (u32)(~sum & 0xffff);
}
