/* The hash table under every hash map type: HASH, its per-CPU and LRU relatives, HASH_OF_MAPS,
 * DEVMAP_HASH, and the index of exact prefixes in LPM_TRIE.
 *
 * Shape.  Elements (key and value) lie in a region and are named by 32-bit numbers.  Buckets of 32
 * bytes, two to a cache line, have six slots: a tag byte each (a part of the hash; 0: free), all in
 * one word, and the element's number.  A key lives in its home bucket or, when that is full, in the
 * first bucket after it with a free slot; every bucket that was full on the way counts how many
 * keys went past it, so a search ends where nothing went past.  An element never moves, which is
 * why iteration returns each stable key exactly once, in the order of buckets.  There are two to
 * four slots per possible element; nothing is ever rehashed or moved.
 *
 * Readers take no lock.  They look at the tags (one load), follow matching slots and compare keys.
 *   - A stable key is always found: its tag and the counts on its way do not change.  Replacing its
 *     value puts another element's number into the slot; a reader that saw the old number may find
 *     the old element reused for another key.  So a search that met a matching tag but not its key
 *     is repeated under the version of the key's stripe, until nothing was written meanwhile.
 *   - A value pointer stays valid while the map lives, but once its key is deleted or replaced the
 *     element may be reused for another key: what Linux does for preallocated maps.  Keys and
 *     values are atomic words (words.h).
 *
 * Writers of a key hold the lock of its stripe, which is chosen by the hash.  Tags and counts,
 * which writers of other stripes may change too, are changed by compare-and-swap.  An update of an
 * existing key writes a spare element and swaps it in, so a reader sees the old value or the new
 * one; per-CPU values are written in place, as in Linux.
 *
 * The hash is keyed with the map's random seed; who chooses keys cannot choose their buckets. */
#ifndef SKEP_SRC_MAP_HASHTAB_H
#define SKEP_SRC_MAP_HASHTAB_H

#include "map/lock.h"
#include "map/lru.h"
#include "map/region.h"
#include "map/spin_lock.h"

enum {
    HASHTAB_SLOTS = 6,
    HASHTAB_STRIPES = 4096,
    HASHTAB_LISTS = 64,
    HASHTAB_KEY_MAX = 512, /* bytes; Linux has no limit of its own for keys */
};

struct hashtab_bucket {
    _Atomic u64 tags; /* a byte per slot; in the upper 16 bits, how many keys went past */
    _Atomic u32 slots[HASHTAB_SLOTS]; /* element numbers; 0: being filled or emptied */
};

/* A writers' lock.  Many, since who waits for one waits for all that its holder waits for. */
struct hashtab_stripe {
    struct map_lock lock;
    u32 spare; /* the element that the next replacement takes */
};

/* Elements that are free, last freed first.  Few, since who finds one empty looks at the others. */
struct hashtab_list {
    _Atomic u64 head; /* number of changes << 32 | element */
    u8 padding_[56];  /* a cache line each */
};

/* What a type asks for. */
struct hashtab_options {
    u32 value_size; /* bytes as stored */
    bool per_cpu;
    bool lru;      /* when full, an insertion evicts */
    bool pointers; /* values begin with a pointer that readers follow, even in a reused element */
    u32 lock_at;   /* of values, as in the spec */
    int full;      /* what an insertion returns when the table is full */
};

struct hashtab {
    struct hashtab_bucket *buckets;
    u64 mask;     /* buckets - 1 */
    u8 *elements; /* number 0 is never used */
    u32 element_size;
    u32 key_size, key_at, value_size;
    u64 keys[4]; /* of the hash */
    u8 *values;  /* of element 0, slot 0 */
    u64 value_stride, cpu_stride;
    u32 n_cpus; /* 1: one value for all */

    struct hashtab_stripe *stripes;
    struct hashtab_list *lists;
    u32 stripe_mask, list_mask;
    u32 end;    /* one past the last element number */
    bool grows; /* regions are committed when needed */
    bool evicts;
    bool pointers;
    int full;
    u32 lock_at;
    u32 host_stride;   /* bytes between the values of two CPUs in the host's form */
    _Atomic u32 fresh; /* the first number that was never used */
    _Atomic u32 count;
    struct map_lock growing;
    struct lru lru;
    struct skep_map *map;
    struct region table, store;
};

int hashtab_check(const struct skep_map_spec *spec, bool per_cpu, bool lru);
int hashtab_new(struct skep_map *map, const struct hashtab_options *options, struct hashtab **out);
void hashtab_delete(struct hashtab *table);

/* The number of a key's element, or 0. */
u32 hashtab_find(const struct hashtab *table, const void *key);
/* previous: value_size bytes, what the key had until now, or NULL.  *inserted: NULL or whether the
 * key is new.  0, -EINVAL, -EEXIST, -ENOENT, options.full, -ENOMEM. */
int hashtab_put(struct hashtab *table, const void *key, const void *value, u64 flags, u32 cpu,
                void *previous, bool *inserted);
/* value: NULL, or gets what the key had, in the form that cpu says. */
int hashtab_take(struct hashtab *table, const void *key, void *value, u32 cpu);
/* The position after a key; the start when it is not there. */
u64 hashtab_position(const struct hashtab *table, const void *key);
/* The element after a position; its key is copied out.  0: there is none. */
u32 hashtab_next(const struct hashtab *table, u64 *position, void *key);
/* Removes one element if it still is not touched within the window. */
bool hashtab_evict(struct hashtab *table, u32 element, const struct lru_window *window);
u64 hashtab_memory_bytes(const struct hashtab *table);

static inline u8 *hashtab_element(const struct hashtab *table, u32 element)
{
    return table->elements + (u64)element * table->element_size;
}
static inline u8 *hashtab_key(const struct hashtab *table, u32 element)
{
    return hashtab_element(table, element) + table->key_at;
}
static inline void *hashtab_value(const struct hashtab *table, u32 element, u32 cpu)
{
    return table->values + element * table->value_stride + cpu * table->cpu_stride;
}

/* The functions of map types whose private part is a hashtab. */
int hashtab_map_create(struct skep_map *map, const struct hashtab_options *options);
void hashtab_map_destroy(struct skep_map *map);
void *hashtab_map_lookup(struct skep_map *map, const void *key, u32 cpu);
/* The same, without its being a use (LRU). */
void *hashtab_map_look(struct skep_map *map, const void *key, u32 cpu);
/* Of those whose lookup that is. */
skep_helper_fn *hashtab_map_finder(const struct skep_map *map);
int hashtab_map_update(struct skep_map *map, const void *key, const void *value, u64 flags,
                       u32 cpu);
int hashtab_map_remove(struct skep_map *map, const void *key);
int hashtab_map_next_key(struct skep_map *map, const void *key, void *next);
int hashtab_map_next_element(struct skep_map *map, u64 *position, void *key, void **value, u32 cpu);
int hashtab_map_take(struct skep_map *map, const void *key, void *value, u32 cpu);
void *hashtab_map_locate(struct skep_map *map, const void *inside, void *key);
u64 hashtab_map_memory_bytes(const struct skep_map *map);

/* The columns that are the table's own, whatever the values mean. */
/* clang-format off */
#define HASHTAB_MAP_OPS                                                                            \
    .destroy = hashtab_map_destroy, .lookup = hashtab_map_lookup, .remove = hashtab_map_remove,    \
    .next_key = hashtab_map_next_key, .next_element = hashtab_map_next_element,                    \
    .memory_bytes = hashtab_map_memory_bytes
/* clang-format on */

#endif
