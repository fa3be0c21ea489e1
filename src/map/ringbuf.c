/* RINGBUF: records of any size, from any number of producers to one consumer, in the order in which
 * they were reserved.  Semantics: Documentation/bpf/ringbuf.rst.
 *
 * Positions count bytes since the map was made; a position's place is position & mask.  A record is
 * a header of 8 bytes (length, busy and discard bits) and its data, rounded up to 8.  Producers
 * reserve under a lock that is held for a few stores, and commit without one.  The consumer goes
 * from header to header and stops at one that is busy.  The data block's pages
 * appear a second time behind its end, so that a record which crosses the end lies in one piece.
 *
 * A record that does not fit is counted in `lost`.  The consumer is not trusted with the ring's
 * state: its position is not in memory that it is shown, the lengths that it goes by are checked
 * against what was reserved, and only one drain runs at a time.  A consumer that scribbles over
 * records, never returns or never comes costs records (counted), not the producers.
 *
 * Waiting: the consumer sleeps on `signals`.  It first says that it waits and then looks for
 * records once more; a producer first commits and then looks for waiters; both sides order the two
 * with full fences, so a record is never slept through. */
#include "map/ringbuf.h"

#include <errno.h>

enum {
    RINGBUF_RECORD_MAX = UINT32_MAX / 4,
    RINGBUF_NO_WAKEUP = 1, /* BPF_RB_… of <linux/bpf.h> */
    RINGBUF_FORCE_WAKEUP = 2,
};
enum ringbuf_query_kind {
    RINGBUF_AVAIL_DATA,
    RINGBUF_RING_SIZE,
    RINGBUF_CONS_POS,
    RINGBUF_PROD_POS,
};

int ringbuf_create(struct skep_map *map)
{
    struct ringbuf *ring = mem_new(map->mem, struct ringbuf);
    if (!ring)
        return -ENOMEM;
    int result = region_new_mirrored(map, &ring->region, map->spec.max_entries);
    if (result) {
        mem_delete(map->mem, ring);
        return result;
    }
    ring->data = ring->region.base;
    ring->mask = map->spec.max_entries - 1;
    ring->room = ring->mask;
    map->impl = ring;
    return 0;
}

void ringbuf_destroy(struct skep_map *map)
{
    struct ringbuf *ring = map->impl;
    region_free(map, &ring->region);
    mem_delete(map->mem, ring);
}

/* ---- producers ---- */

void *ringbuf_reserve(struct skep_map *map, u64 size, u64 flags)
{
    struct ringbuf *ring = map->impl;
    if (flags || size > RINGBUF_RECORD_MAX)
        return NULL;
    u64 bytes = ringbuf_record_bytes(size);
    if (bytes > ring->mask + 1)
        return NULL;
    map_lock_take(&ring->producing);
    u64 at = atomic_load_explicit(&ring->produced, memory_order_relaxed);
    u64 consumed = atomic_load_explicit(&ring->consumed, memory_order_acquire);
    struct ringbuf_header *header = NULL;
    if (at + bytes - consumed <= ring->room) {
        header = ringbuf_header_at(ring, at);
        atomic_store_explicit(&header->length, (u32)size | RINGBUF_BUSY, memory_order_relaxed);
        atomic_store_explicit(&ring->produced, at + bytes, memory_order_release);
    } else {
        atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
        atomic_store_explicit(&ring->refused, bytes, memory_order_relaxed);
    }
    map_lock_give(&ring->producing);
    return header ? header + 1 : NULL;
}

void ringbuf_notify(struct ringbuf *ring)
{
    atomic_fetch_add_explicit(&ring->signals, 1, memory_order_release);
    os_wake_all(&ring->signals);
}

/* Unless told otherwise, wakes the consumer when it has come as far as this record: else it is
 * still busy with those before, or will be woken by them. */
static bool ringbuf_should_notify(struct ringbuf *ring, const struct ringbuf_header *header,
                                  u64 flags)
{
    if (flags & RINGBUF_FORCE_WAKEUP)
        return true;
    if (flags & RINGBUF_NO_WAKEUP || !atomic_load_explicit(&ring->waiters, memory_order_seq_cst))
        return false;
    u64 consumed = atomic_load_explicit(&ring->consumed, memory_order_seq_cst);
    return ringbuf_header_at(ring, consumed) == header;
}

void ringbuf_end(void *record, bool discard)
{
    struct ringbuf_header *header = (struct ringbuf_header *)record - 1;
    u32 length = atomic_load_explicit(&header->length, memory_order_relaxed) & RINGBUF_LENGTH;
    atomic_exchange_explicit(&header->length, length | (discard ? RINGBUF_DISCARD : 0),
                             memory_order_seq_cst);
}

static void ringbuf_commit(struct skep_map *map, void *record, bool discard, u64 flags)
{
    struct ringbuf *ring = map->impl;
    ringbuf_end(record, discard);
    if (ringbuf_should_notify(ring, (struct ringbuf_header *)record - 1, flags))
        ringbuf_notify(ring);
}

u64 ringbuf_query(struct skep_map *map, u64 what)
{
    const struct ringbuf *ring = map->impl;
    u64 consumed = atomic_load_explicit(&ring->consumed, memory_order_acquire);
    u64 produced = atomic_load_explicit(&ring->produced, memory_order_acquire);
    switch (what) {
    case RINGBUF_AVAIL_DATA: return produced - consumed;
    case RINGBUF_RING_SIZE: return ring->mask + 1;
    case RINGBUF_CONS_POS: return consumed;
    case RINGBUF_PROD_POS: return produced;
    default: return 0;
    }
}

/* ---- the consumer ---- */

/* The record at the consumer's position.  false: none is ready. */
static bool ringbuf_ready(const struct ringbuf *ring, u64 consumed, u32 *length)
{
    if (consumed == atomic_load_explicit(&ring->produced, memory_order_seq_cst))
        return false;
    const struct ringbuf_header *header = ringbuf_header_at(ring, consumed);
    *length = atomic_load_explicit(&header->length, memory_order_seq_cst);
    return !(*length & RINGBUF_BUSY);
}

void ringbuf_give_up(struct ringbuf *ring, u64 produced)
{
    atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
    atomic_store_explicit(&ring->consumed, produced, memory_order_seq_cst);
}

static s64 ringbuf_drain_records(struct ringbuf *ring,
                                 int (*record)(void *user, const void *data, size_t size),
                                 void *user)
{
    s64 n = 0;
    int stop = 0;
    u32 length = 0;
    u64 at = atomic_load_explicit(&ring->consumed, memory_order_relaxed);
    while (!stop && ringbuf_ready(ring, at, &length)) {
        u64 produced = atomic_load_explicit(&ring->produced, memory_order_acquire);
        u64 bytes = ringbuf_record_bytes(length & RINGBUF_LENGTH);
        if (bytes > produced - at) {
            ringbuf_give_up(ring, produced);
            return -EIO;
        }
        if (!(length & RINGBUF_DISCARD)) {
            stop = record(user, ringbuf_header_at(ring, at) + 1, length & RINGBUF_LENGTH);
            n++;
        }
        at += bytes;
        atomic_store_explicit(&ring->consumed, at, memory_order_seq_cst);
    }
    return n;
}

static s64 ringbuf_drain(struct skep_map *map,
                         int (*record)(void *user, const void *data, size_t size), void *user)
{
    struct ringbuf *ring = map->impl;
    if (atomic_exchange_explicit(&ring->draining, 1, memory_order_acquire))
        return -EBUSY;
    s64 n = ringbuf_drain_records(ring, record, user);
    atomic_store_explicit(&ring->draining, 0, memory_order_release);
    return n;
}

static bool ringbuf_has_record(const struct ringbuf *ring)
{
    u32 length = 0;
    u64 at = atomic_load_explicit(&ring->consumed, memory_order_seq_cst);
    return ringbuf_ready(ring, at, &length);
}

/* false: the time is up. */
static bool ringbuf_sleep(struct ringbuf *ring, u32 seen, u64 deadline)
{
    if (deadline == OS_NO_TIMEOUT)
        return os_wait(&ring->signals, seen, OS_NO_TIMEOUT);
    u64 now = os_clock_ns(OS_CLOCK_MONOTONIC);
    return now < deadline && os_wait(&ring->signals, seen, deadline - now);
}

int ringbuf_wait_for(struct ringbuf *ring, bool (*ready)(const struct ringbuf *ring),
                     s64 timeout_ns)
{
    if (ready(ring))
        return 0;
    if (timeout_ns == 0)
        return -ETIMEDOUT;
    u64 deadline =
        timeout_ns < 0 ? OS_NO_TIMEOUT : os_clock_ns(OS_CLOCK_MONOTONIC) + (u64)timeout_ns;
    atomic_fetch_add_explicit(&ring->waiters, 1, memory_order_seq_cst);
    u32 seen = atomic_load_explicit(&ring->signals, memory_order_acquire);
    bool in_time = true;
    while (!ready(ring) && in_time) {
        in_time = ringbuf_sleep(ring, seen, deadline);
        seen = atomic_load_explicit(&ring->signals, memory_order_acquire);
    }
    atomic_fetch_sub_explicit(&ring->waiters, 1, memory_order_relaxed);
    return ready(ring) ? 0 : -ETIMEDOUT;
}

static int ringbuf_wait(struct skep_map *map, s64 timeout_ns)
{
    return ringbuf_wait_for(map->impl, ringbuf_has_record, timeout_ns);
}

u64 ringbuf_lost(const struct skep_map *map)
{
    const struct ringbuf *ring = map->impl;
    return atomic_load_explicit(&ring->lost, memory_order_relaxed);
}

u64 ringbuf_memory_bytes(const struct skep_map *map)
{
    const struct ringbuf *ring = map->impl;
    return sizeof(*map) + sizeof(*ring) + region_committed(&ring->region);
}

const struct skep_map_type map_ringbuf = {
    .size = sizeof(struct skep_map_type),
    .name = "ringbuf",
    .id = 27,
    .classes = SKEP_MAP_RINGBUF_OUT,
    .traits = SKEP_MAP_NO_KEY | SKEP_MAP_NO_VALUE | SKEP_MAP_ENTRIES_POWER_OF_2_PAGES,
    .flags_allowed = MAP_F_NUMA_NODE,
    .create = ringbuf_create,
    .destroy = ringbuf_destroy,
    .memory_bytes = ringbuf_memory_bytes,
    .reserve = ringbuf_reserve,
    .commit = ringbuf_commit,
    .query = ringbuf_query,
    .drain = ringbuf_drain,
    .wait = ringbuf_wait,
    .lost = ringbuf_lost,
};
