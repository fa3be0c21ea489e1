/* Values in order, in a ring of max_entries places; see sequence.h. */
#include "map/sequence.h"

#include "map/lock.h"
#include "map/region.h"

#include <errno.h>

struct sequence {
    struct map_lock lock;
    u32 first, n; /* the oldest, and how many */
    struct region region;
};

enum { SEQUENCE_VALUE_MAX = 1 << 22 }; /* as in Linux */

int sequence_check(const struct skep_map_spec *spec)
{
    return spec->value_size > SEQUENCE_VALUE_MAX ? -E2BIG : 0;
}

int sequence_create(struct skep_map *map)
{
    struct sequence *s = mem_new(map->mem, struct sequence);
    if (!s)
        return -ENOMEM;
    int result = region_new(map, &s->region, (u64)map->spec.max_entries * map->spec.value_size);
    if (result) {
        mem_delete(map->mem, s);
        return result;
    }
    map->impl = s;
    return 0;
}

void sequence_destroy(struct skep_map *map)
{
    struct sequence *s = map->impl;
    region_free(map, &s->region);
    mem_delete(map->mem, s);
}

/* The i-th from the oldest. */
static u8 *sequence_at(const struct skep_map *map, const struct sequence *s, u32 i)
{
    u64 place = ((u64)s->first + i) % map->spec.max_entries;
    return s->region.base + place * map->spec.value_size;
}

static void sequence_drop_oldest(const struct skep_map *map, struct sequence *s)
{
    s->first = (u32)(((u64)s->first + 1) % map->spec.max_entries);
    s->n--;
}

int sequence_push(struct skep_map *map, const void *value, u64 flags)
{
    struct sequence *s = map->impl;
    if (flags != SKEP_MAP_ANY && flags != SKEP_MAP_EXIST)
        return -EINVAL;
    map_lock_take(&s->lock);
    bool full = s->n == map->spec.max_entries;
    if (full && flags == SKEP_MAP_EXIST)
        sequence_drop_oldest(map, s);
    bool room = !full || flags == SKEP_MAP_EXIST;
    if (room)
        memcpy(sequence_at(map, s, s->n++), value, map->spec.value_size);
    map_lock_give(&s->lock);
    return room ? 0 : -E2BIG;
}

int sequence_get(struct skep_map *map, enum sequence_end end, bool take, void *value)
{
    struct sequence *s = map->impl;
    map_lock_take(&s->lock);
    bool empty = s->n == 0;
    if (empty)
        memset(value, 0, map->spec.value_size);
    else
        memcpy(value, sequence_at(map, s, end == SEQUENCE_OLDEST ? 0 : s->n - 1),
               map->spec.value_size);
    if (!empty && take && end == SEQUENCE_OLDEST)
        sequence_drop_oldest(map, s);
    else if (!empty && take)
        s->n--;
    map_lock_give(&s->lock);
    return empty ? -ENOENT : 0;
}

u64 sequence_memory_bytes(const struct skep_map *map)
{
    const struct sequence *s = map->impl;
    return sizeof(*map) + sizeof(*s) + region_committed(&s->region);
}

int sequence_no_update(struct skep_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
    (void)map, (void)key, (void)value, (void)flags, (void)cpu;
    return -EINVAL;
}

int sequence_no_remove(struct skep_map *map, const void *key)
{
    (void)map, (void)key;
    return -EINVAL;
}

int sequence_no_next_key(struct skep_map *map, const void *key, void *next)
{
    (void)map, (void)key, (void)next;
    return -EINVAL;
}
