/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Stands in for libbpf's header of this name where a BPF source is compiled for the host: maps are
 * variables that the runner points to Skep's maps, helpers are inline functions over these.  Only
 * what the firewall uses. */
#ifndef SKEP_BENCH_NATIVE_BPF_HELPERS_H
#define SKEP_BENCH_NATIVE_BPF_HELPERS_H

#include "../../native.h"

#include <linux/types.h>

#include <time.h>

#define SEC(name)
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* A map's variable begins with `type`, which holds the map. */
#define __uint(name, value) const struct native_map *name
#define __type(name, type) type *name

static __always_inline const struct native_map *native_map(const void *variable)
{
    return *(const struct native_map *const *)variable;
}

static __always_inline void *bpf_map_lookup_elem(const void *variable, const void *key)
{
    const struct native_map *of = native_map(variable);
    return of->type->lookup(of->map, key, NATIVE_CPU);
}

static __always_inline long bpf_map_update_elem(const void *variable, const void *key,
                                                const void *value, __u64 flags)
{
    const struct native_map *of = native_map(variable);
    return of->type->update(of->map, key, value, flags, NATIVE_CPU);
}

/* The ring that reserved last: a record is handed back without naming its ring, and before another
 * is reserved. */
static const struct native_map *native_ring;

static __always_inline void *bpf_ringbuf_reserve(const void *variable, __u64 size, __u64 flags)
{
    native_ring = native_map(variable);
    return native_ring->type->reserve(native_ring->map, size, flags);
}

static __always_inline void bpf_ringbuf_submit(void *record, __u64 flags)
{
    native_ring->type->commit(native_ring->map, record, false, flags);
}

static __always_inline __u64 bpf_ktime_get_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (__u64)now.tv_sec * 1000000000u + (__u64)now.tv_nsec;
}

#endif
