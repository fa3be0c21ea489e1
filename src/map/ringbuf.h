/* What RINGBUF and USER_RINGBUF share: records in a ring of memory, put there by reserve and
 * commit. ringbuf.c says how it works. */
#ifndef SKEP_SRC_MAP_RINGBUF_H
#define SKEP_SRC_MAP_RINGBUF_H

#include "map/lock.h"
#include "map/map.h"
#include "map/region.h"

#define RINGBUF_BUSY ((u32)1 << 31)
#define RINGBUF_DISCARD ((u32)1 << 30)
#define RINGBUF_LENGTH (RINGBUF_DISCARD - 1)

enum { RINGBUF_HEADER = 8 };

struct ringbuf_header {
    _Atomic u32 length; /* and the two bits */
    u32 unused;
};

/* What producers, the consumer and everybody use lie on cache lines of their own. */
struct ringbuf {
    u8 *data;
    u64 mask;
    u64 room; /* bytes that may be reserved at once */
    struct region region;
    u8 padding0_[16];

    struct map_lock producing;
    u32 padding1_;
    _Atomic u64 produced; /* position */
    _Atomic u64 lost;
    _Atomic u64 refused; /* bytes of the record that found no room last */
    u8 padding2_[32];

    _Atomic u64 consumed; /* position */
    _Atomic u32 draining; /* 1: a drain is under way */
    _Atomic u32 waiters;
    _Atomic u32 signals; /* changes with every notification */
};

static inline struct ringbuf_header *ringbuf_header_at(const struct ringbuf *ring, u64 position)
{
    return (struct ringbuf_header *)(void *)(ring->data + (position & ring->mask));
}
static inline u64 ringbuf_record_bytes(u64 size) { return round_up_u64(size + RINGBUF_HEADER, 8); }

/* Of both descriptors. */
int ringbuf_create(struct skep_map *map);
void ringbuf_destroy(struct skep_map *map);
u64 ringbuf_memory_bytes(const struct skep_map *map);
void *ringbuf_reserve(struct skep_map *map, u64 size, u64 flags);
u64 ringbuf_query(struct skep_map *map, u64 what);
u64 ringbuf_lost(const struct skep_map *map);

/* Ends a record; afterwards it may be the consumer's already. */
void ringbuf_end(void *record, bool discard);
/* Wakes whoever waits. */
void ringbuf_notify(struct ringbuf *ring);
/* Until `ready` says so: 0, or -ETIMEDOUT. */
int ringbuf_wait_for(struct ringbuf *ring, bool (*ready)(const struct ringbuf *ring),
                     s64 timeout_ns);
/* Somebody scribbled over a header, so where the next record begins is not known: all that was
 * reserved is given up and counts as one loss. */
void ringbuf_give_up(struct ringbuf *ring, u64 produced);

#endif
