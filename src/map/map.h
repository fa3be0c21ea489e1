/* The door of map/: every map type of Skep, through its descriptor. */
#ifndef SKEP_SRC_MAP_MAP_H
#define SKEP_SRC_MAP_MAP_H

#include "rt/rt.h"

/* list.h: MAP(symbol), one line per type, in its own file. */
#define MAP(symbol) extern const struct skep_map_type symbol;
#include "map/list.h"
#undef MAP

extern const struct skep_map_type *const map_types[];
extern const u32 n_map_types;

/* Types that are known by contract only (create is NULL); NULL past the last. */
const struct skep_map_type *map_type_described(u32 i);

/* Copies a value out of a map in which others may be writing: aligned words are old or new, never
 * torn. */
void map_read_value(void *to, const void *value, u32 size);
/* The same for a value that may have a spin lock, which reads as 0.  flags: SKEP_MAP_F_LOCK or 0.
 * 0, -ETIMEDOUT. */
int map_read_locked_value(const struct skep_map *map, void *to, void *value, u64 flags);

#endif
