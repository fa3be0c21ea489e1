/* Where redirected packets may go, by index: what DEVMAP, CPUMAP and XSKMAP have in common.  A
 * value begins with a number (an interface, a queue length, a socket) that the host gives a
 * meaning; 0 where a type says so means nothing is there.
 * Semantics: Documentation/bpf/{map_devmap,map_cpumap,map_xskmap}.rst. */
#ifndef SKEP_SRC_MAP_REDIRECT_H
#define SKEP_SRC_MAP_REDIRECT_H

#include "map/handle_array.h"

/* A value has 4 bytes, or 8 with a program's handle behind the number. */
int redirect_check(const struct skep_map_spec *spec);
/* -EINVAL: flags; -E2BIG: index; -EEXIST: NOEXIST, slots always exist. */
int redirect_check_update(const struct skep_map *map, const void *key, u64 flags);
/* Number 0 empties the slot. */
int redirect_update(struct skep_map *map, const void *key, const void *value, u64 flags, u32 cpu);
/* 0 even if the slot was empty; -EINVAL: index. */
int redirect_remove(struct skep_map *map, const void *key);

#endif
