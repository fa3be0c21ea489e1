/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The firewall of examples/ for this host.  Its names stay in this file, so that it can be linked
 * once per NATIVE_PREFIX. */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((internal_linkage)),                                    \
                             apply_to = any(function, variable(is_global)))
#include "../../examples/firewall/firewall.bpf.c"
#pragma clang attribute pop

#define MAP(name)                                                                                  \
    {                                                                                              \
#name, &name.type                                                                          \
    }
static const struct native_map_name maps[] = {
    MAP(blocked4), MAP(blocked6), MAP(closed), MAP(ports), MAP(sources), MAP(reasons), MAP(events),
};

#define JOIN_(prefix, name) prefix##name
#define JOIN(prefix, name) JOIN_(prefix, name)
const struct native_xdp JOIN(NATIVE_PREFIX, firewall) = {
    .program = "firewall",
    .run = firewall,
    .maps = maps,
    .n_maps = sizeof maps / sizeof maps[0],
};
