/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The firewall's rules: a text file with one rule on each line; # begins a comment.
 *     block ADDRESS/BITS      close tcp|udp PORT      limit PACKETS      fragments accept|drop */
#ifndef FIREWALL_RULES_H
#define FIREWALL_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firewall.h"

#define RULES_MAX 1024

struct rules {
    struct firewall_prefix4 blocked4[RULES_MAX];
    struct firewall_prefix6 blocked6[RULES_MAX];
    struct firewall_port closed[RULES_MAX];
    size_t n_blocked4, n_blocked6, n_closed;
    uint64_t source_limit; /* 0: none */
    bool drop_fragments;
};

/* false: the file cannot be read or a line is wrong; a message is on stderr. */
bool rules_read(const char *path, struct rules *rules);

#endif
