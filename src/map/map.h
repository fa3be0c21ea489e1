/* The door of map/: every map type of Skep, through its descriptor. */
#ifndef SKEP_SRC_MAP_MAP_H
#define SKEP_SRC_MAP_MAP_H

#include "rt/rt.h"

/* list.h: MAP_TYPE(symbol), one line per type, in its own file. */
#define MAP_TYPE(symbol) extern const struct skep_map_type symbol;
#include "map/list.h"
#undef MAP_TYPE

extern const struct skep_map_type *const map_types[];
extern const u32 n_map_types;

/* The consumer's side of a ring buffer (map/ringbuf.c).  Called by one thread at a time.  Returns
 * the number of records handed to `record`, which ends the drain by returning non-zero. */
s64 ringbuf_drain(struct skep_map *map, int (*record)(void *user, const void *data, size_t size),
                  void *user);
/* Waits until a record is there or the time is over (ns; negative: for ever).  0, -ETIMEDOUT. */
int ringbuf_wait(struct skep_map *map, s64 timeout_ns);
/* Records that were lost since the map was made: reservations that found it full. */
u64 ringbuf_lost(const struct skep_map *map);

#endif
