/* USER_RINGBUF: records from the host to programs, which take them with bpf_user_ringbuf_drain.
 * Semantics: bpf-helpers(7), Documentation/bpf/ringbuf.rst; the ring is that of ringbuf.c.
 *
 * Any number of the host's threads put records; one program at a time drains.  Here it is the
 * producer that is not trusted: its position is not in memory that it is shown, and the lengths
 * that the drain goes by are read once and checked against what was reserved and against what a
 * dynptr can name.  A producer that scribbles over headers costs records (counted as one loss), one
 * that goes on writing to a record after handing it over changes what the program reads, and no
 * more.
 *
 * A host that found the ring full waits until the record that was refused last would fit. */
#include "map/ringbuf.h"

#include <errno.h>

enum {
    USER_RINGBUF_STEPS_MAX = 128 * 1024, /* of one drain */
};

/* Unlike a RINGBUF, it can be filled to its last byte. */
static int user_ringbuf_create(struct skep_map *map)
{
    int result = ringbuf_create(map);
    struct ringbuf *ring = map->impl;
    if (result == 0)
        ring->room = ring->mask + 1;
    return result;
}

static void *user_ringbuf_reserve(struct skep_map *map, u64 size, u64 flags)
{
    return size <= RT_DYNPTR_MAX ? ringbuf_reserve(map, size, flags) : NULL;
}

/* Nobody is woken: programs come when they like. */
static void user_ringbuf_commit(struct skep_map *map, void *record, bool discard, u64 flags)
{
    (void)map, (void)flags;
    ringbuf_end(record, discard);
}

/* What is wrong with a record that claims to be so long; 0: nothing. */
static s64 user_ringbuf_fault(u32 length, u64 reserved)
{
    if (ringbuf_record_bytes(length) > reserved)
        return -EINVAL;
    return length > RT_DYNPTR_MAX ? -E2BIG : 0;
}

static s64 user_ringbuf_drain_records(struct ringbuf *ring,
                                      int (*record)(void *user, const void *data, size_t size),
                                      void *user)
{
    s64 n = 0;
    int stop = 0;
    u64 at = atomic_load_explicit(&ring->consumed, memory_order_relaxed);
    for (u32 step = 0; step < USER_RINGBUF_STEPS_MAX && !stop; step++) {
        u64 produced = atomic_load_explicit(&ring->produced, memory_order_acquire);
        if (at == produced)
            break;
        struct ringbuf_header *header = ringbuf_header_at(ring, at);
        u32 word = atomic_load_explicit(&header->length, memory_order_acquire);
        u32 length = word & RINGBUF_LENGTH;
        s64 fault = user_ringbuf_fault(length, produced - at);
        if (fault) {
            ringbuf_give_up(ring, produced);
            return fault;
        }
        if (!(word & RINGBUF_DISCARD) && (word & RINGBUF_BUSY))
            break;
        if (!(word & RINGBUF_DISCARD)) {
            stop = record(user, header + 1, length);
            n++;
        }
        at += ringbuf_record_bytes(length);
        atomic_store_explicit(&ring->consumed, at, memory_order_seq_cst);
    }
    return n;
}

static s64 user_ringbuf_drain(struct skep_map *map,
                              int (*record)(void *user, const void *data, size_t size), void *user)
{
    struct ringbuf *ring = map->impl;
    if (atomic_exchange_explicit(&ring->draining, 1, memory_order_acquire))
        return -EBUSY;
    s64 n = user_ringbuf_drain_records(ring, record, user);
    atomic_store_explicit(&ring->draining, 0, memory_order_release);
    return n;
}

static bool user_ringbuf_has_room(const struct ringbuf *ring)
{
    u64 wanted = atomic_load_explicit(&ring->refused, memory_order_relaxed);
    u64 consumed = atomic_load_explicit(&ring->consumed, memory_order_seq_cst);
    u64 produced = atomic_load_explicit(&ring->produced, memory_order_seq_cst);
    return produced - consumed + wanted <= ring->room;
}

static int user_ringbuf_wait(struct skep_map *map, s64 timeout_ns)
{
    return ringbuf_wait_for(map->impl, user_ringbuf_has_room, timeout_ns);
}

static void user_ringbuf_notify(struct skep_map *map)
{
    struct ringbuf *ring = map->impl;
    if (atomic_load_explicit(&ring->waiters, memory_order_seq_cst))
        ringbuf_notify(ring);
}

const struct skep_map_type map_user_ringbuf = {
    .size = sizeof(struct skep_map_type),
    .name = "user_ringbuf",
    .id = 31,
    .classes = SKEP_MAP_USER_RINGBUF,
    .traits = SKEP_MAP_NO_KEY | SKEP_MAP_NO_VALUE | SKEP_MAP_ENTRIES_POWER_OF_2_PAGES,
    .flags_allowed = MAP_F_NUMA_NODE,
    .create = user_ringbuf_create,
    .destroy = ringbuf_destroy,
    .memory_bytes = ringbuf_memory_bytes,
    .reserve = user_ringbuf_reserve,
    .commit = user_ringbuf_commit,
    .query = ringbuf_query,
    .drain = user_ringbuf_drain,
    .wait = user_ringbuf_wait,
    .notify = user_ringbuf_notify,
    .lost = ringbuf_lost,
};
