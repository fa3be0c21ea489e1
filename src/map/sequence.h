/* Values in the order in which they came: what QUEUE and STACK have in common.  Every operation
 * takes the map's lock, as in Linux; values are copied under it.
 * Semantics: Documentation/bpf/map_queue_stack.rst. */
#ifndef SKEP_SRC_MAP_SEQUENCE_H
#define SKEP_SRC_MAP_SEQUENCE_H

#include "rt/rt.h"

enum sequence_end { SEQUENCE_OLDEST, SEQUENCE_NEWEST };

int sequence_check(const struct skep_map_spec *spec);
int sequence_create(struct skep_map *map);
void sequence_destroy(struct skep_map *map);
/* flags: SKEP_MAP_EXIST makes room by dropping the oldest.  -E2BIG, -EINVAL. */
int sequence_push(struct skep_map *map, const void *value, u64 flags);
/* -ENOENT and zeros when it is empty. */
int sequence_get(struct skep_map *map, enum sequence_end end, bool take, void *value);
u64 sequence_memory_bytes(const struct skep_map *map);
/* Keys mean nothing here: -EINVAL. */
int sequence_no_update(struct skep_map *map, const void *key, const void *value, u64 flags,
                       u32 cpu);
int sequence_no_remove(struct skep_map *map, const void *key);
int sequence_no_next_key(struct skep_map *map, const void *key, void *next);

#endif
