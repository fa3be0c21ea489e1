/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Nothing: what it costs to get into a program and out of it. */
#include "program.h"

PACKET_PROGRAM(empty)
{
    (void)data, (void)end;
    return 2;
}
