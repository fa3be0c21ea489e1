/* Arrays of handles: small values that the host gives a meaning (an interface, a queue, a socket,
 * a control group, an event).  A slot is one word: empty (0), or a value of 4 bytes below a mark,
 * or a value of 8 bytes that begins with a handle other than 0.  Programs look, the host writes.
 * Every operation is one atomic load or store; a reader sees a slot's old value, its new one, or
 * none. */
#ifndef SKEP_SRC_MAP_HANDLE_ARRAY_H
#define SKEP_SRC_MAP_HANDLE_ARRAY_H

#include "map/index.h"
#include "map/region.h"

struct handle_array {
    _Atomic u64 *slots;
    struct region region;
};

int handle_array_create(struct skep_map *map);
void handle_array_destroy(struct skep_map *map);
void *handle_array_lookup(struct skep_map *map, const void *key, u32 cpu);
void handle_array_put(struct skep_map *map, u32 index, const void *value);
/* What the slot held is gone; was there something? */
bool handle_array_clear(struct skep_map *map, u32 index);
int handle_array_next_key(struct skep_map *map, const void *key, void *next);
int handle_array_next_element(struct skep_map *map, u64 *position, void *key, void **value,
                              u32 cpu);
u64 handle_array_memory_bytes(const struct skep_map *map);

/* For arrays of file descriptors in Linux: flags must be 0; deleting an empty slot is -ENOENT. */
int handle_array_update(struct skep_map *map, const void *key, const void *value, u64 flags,
                        u32 cpu);
int handle_array_remove(struct skep_map *map, const void *key);

#endif
