/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an XDP program with maps, compiled for this host, and its runner say to each other.  The
 * code is native; the maps are Skep's, reached through the operations of their type. */
#ifndef SKEP_BENCH_NATIVE_H
#define SKEP_BENCH_NATIVE_H

#include <skep/skep.h>

/* The one CPU slot that native programs run on. */
#define NATIVE_CPU 0u

struct native_map {
    skep_map *map;
    const struct skep_map_type *type;
};

/* A map of the program: the runner points *at to what bears the name. */
struct native_map_name {
    const char *name;
    const struct native_map **at;
};

struct xdp_md;
struct native_xdp {
    const char *program;
    int (*run)(struct xdp_md *ctx);
    const struct native_map_name *maps;
    size_t n_maps;
};

extern const struct native_xdp native_firewall, march_firewall;

#endif
