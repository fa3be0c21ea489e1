/* LPM_TRIE: the value of the longest prefix that an address lies in.
 * Semantics: Documentation/bpf/map_lpm_trie.rst.
 *
 * The prefixes are the elements of a hash table, which knows them exactly, counts them and walks
 * over them; a trie (lpm.h) finds the longest that covers an address.  Lookups take no lock
 * and never wait; updates and deletions take the map's lock.  A value stays where it is while the
 * map lives, but once its prefix is deleted or replaced the place may be reused, as in HASH.
 *
 * An update keeps the key as it was given, bits past the prefix included, for whoever walks over
 * the map; it lies behind the value. */
#include "map/lpm.h"
#include "map/map.h"

#include <errno.h>

enum {
    LPM_KEY_MIN = 5,
    LPM_KEY_MAX = 4 + LPM_DATA_MAX,
    LPM_VALUE_MAX = (1 << 22) - LPM_DATA_MAX - 40, /* Linux: what kmalloc and its node leave */
};

struct lpm_key {
    u32 length; /* bits */
    u8 data[LPM_DATA_MAX];
};

/* A key with what lies past its prefix cleared.  false: the prefix is longer than the data. */
static bool lpm_normalise(const struct lpm_trie *trie, const void *key, struct lpm_key *out)
{
    memcpy(out, key, 4 + trie->data_size);
    if (out->length > trie->max_bits)
        return false;
    u32 whole = out->length / 8, rest = out->length % 8;
    if (rest)
        out->data[whole] &= (u8)(0xff00u >> rest);
    whole += rest != 0;
    memset(out->data + whole, 0, trie->data_size - whole);
    return true;
}

static int lpm_check(const struct skep_map_spec *spec)
{
    bool fits = spec->value_size <= LPM_VALUE_MAX;
    return spec->flags & MAP_F_NO_PREALLOC && fits ? 0 : -EINVAL;
}

static u32 lpm_value_room(const struct skep_map *map)
{
    return (u32)round_up_u64(map->spec.value_size, 8);
}

static int lpm_create(struct skep_map *map)
{
    struct lpm_trie *trie = mem_new(map->mem, struct lpm_trie);
    if (!trie)
        return -ENOMEM;
    struct hashtab_options options = { .value_size = lpm_value_room(map) + map->spec.key_size,
                                       .full = -ENOSPC };
    trie->map = map;
    trie->data_size = map->spec.key_size - 4;
    trie->max_bits = 8 * trie->data_size;
    int result = hashtab_new(map, &options, &trie->prefixes);
    if (!result)
        result = lpm_trie_build(trie);
    if (result) {
        lpm_trie_drop(trie);
        if (trie->prefixes)
            hashtab_delete(trie->prefixes);
        mem_delete(map->mem, trie);
        return result;
    }
    map->impl = trie;
    return 0;
}

static void lpm_destroy(struct skep_map *map)
{
    struct lpm_trie *trie = map->impl;
    lpm_trie_drop(trie);
    hashtab_delete(trie->prefixes);
    mem_delete(map->mem, trie);
}

/* A key that is itself a prefix: the longest of at most its length. */
static COLD u32 lpm_find_prefix(const struct lpm_trie *trie, const void *key)
{
    struct lpm_key prefix;
    if (!lpm_normalise(trie, key, &prefix))
        return 0;
    for (;; prefix.length--) {
        u32 found = atomic_load_explicit(&trie->lengths[prefix.length], memory_order_relaxed)
                        ? hashtab_find(trie->prefixes, &prefix)
                        : 0;
        if (found || prefix.length == 0)
            return found;
        u32 last = prefix.length - 1;
        prefix.data[last / 8] &= (u8) ~(0x80u >> last % 8);
    }
}

static void *lpm_lookup(struct skep_map *map, const void *key, u32 cpu)
{
    (void)cpu;
    const struct lpm_trie *trie = map->impl;
    u32 element = LIKELY(half_word_at(key) == trie->max_bits)
                      ? lpm_trie_find(trie, (const u8 *)key + 4)
                      : lpm_find_prefix(trie, key);
    return element ? hashtab_value(trie->prefixes, element, 0) : NULL;
}

static u64 lpm_find(struct skep_thread *thread, u64 map, u64 key, u64 a3, u64 a4, u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    return (u64)(uintptr_t)lpm_lookup((struct skep_map *)(uintptr_t)map,
                                      (const void *)(uintptr_t)key, thread->cpu);
}

static skep_helper_fn *lpm_finder(const struct skep_map *map)
{
    (void)map;
    return lpm_find;
}

static void lpm_count(struct lpm_trie *trie, u32 length, u32 by)
{
    atomic_fetch_add_explicit(&trie->lengths[length], by, memory_order_relaxed);
}

/* Puts the exact prefix into the hash table, and then into the trie. */
static int lpm_put_locked(struct lpm_trie *trie, const struct lpm_key *prefix, const void *stored,
                          u64 flags)
{
    u32 before = hashtab_find(trie->prefixes, prefix);
    lpm_trie_begin(trie);
    int result = hashtab_put(trie->prefixes, prefix, stored, flags, 0, NULL, NULL);
    if (result)
        return result;
    u32 element = hashtab_find(trie->prefixes, prefix);
    if (before) {
        lpm_trie_rename(trie, before, element);
        return 0;
    }
    lpm_count(trie, prefix->length, 1);
    if (lpm_trie_insert(trie, element))
        return 0;
    lpm_count(trie, prefix->length, (u32)-1);
    hashtab_take(trie->prefixes, prefix, NULL, 0);
    return -ENOMEM;
}

static int lpm_update(struct skep_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
    (void)cpu;
    struct lpm_trie *trie = map->impl;
    struct lpm_key prefix;
    if (flags > SKEP_MAP_EXIST || !lpm_normalise(trie, key, &prefix))
        return -EINVAL;
    u32 room = lpm_value_room(map), size = room + map->spec.key_size;
    u8 small[512], *stored = size <= sizeof(small) ? small : mem_alloc(map->mem, size);
    if (!stored)
        return -ENOMEM;
    memset(stored, 0, room);
    memcpy(stored, value, map->spec.value_size);
    memcpy(stored + room, key, map->spec.key_size);
    os_lock(&trie->lock);
    int result = lpm_put_locked(trie, &prefix, stored, flags);
    os_unlock(&trie->lock);
    if (stored != small)
        mem_free(map->mem, stored, size);
    return result;
}

static int lpm_remove(struct skep_map *map, const void *key)
{
    struct lpm_trie *trie = map->impl;
    struct lpm_key prefix;
    if (!lpm_normalise(trie, key, &prefix))
        return -EINVAL;
    os_lock(&trie->lock);
    u32 element = hashtab_find(trie->prefixes, &prefix);
    if (element) {
        lpm_trie_begin(trie);
        lpm_trie_remove(trie, element);
        hashtab_take(trie->prefixes, &prefix, NULL, 0);
        lpm_count(trie, prefix.length, (u32)-1);
    }
    os_unlock(&trie->lock);
    return element ? 0 : -ENOENT;
}

/* The key as it was given with the last update; or, if the element has just been reused for another
 * prefix, the prefix itself. */
static void lpm_given_key(const struct skep_map *map, u32 element, const struct lpm_key *exact,
                          void *key)
{
    const struct lpm_trie *trie = map->impl;
    const u8 *value = hashtab_value(trie->prefixes, element, 0);
    struct lpm_key prefix;
    words_get(key, value + lpm_value_room(map), map->spec.key_size);
    if (!lpm_normalise(trie, key, &prefix) || memcmp(&prefix, exact, map->spec.key_size))
        memcpy(key, exact, map->spec.key_size);
}

static int lpm_next_element(struct skep_map *map, u64 *position, void *key, void **value, u32 cpu)
{
    (void)cpu;
    const struct lpm_trie *trie = map->impl;
    struct lpm_key exact;
    u32 element = hashtab_next(trie->prefixes, position, &exact);
    if (!element)
        return -ENOENT;
    lpm_given_key(map, element, &exact, key);
    *value = hashtab_value(trie->prefixes, element, 0);
    return 0;
}

static int lpm_next_key(struct skep_map *map, const void *key, void *next)
{
    const struct lpm_trie *trie = map->impl;
    struct lpm_key prefix;
    u64 position = 0;
    void *value = NULL;
    if (key && lpm_normalise(trie, key, &prefix))
        position = hashtab_position(trie->prefixes, &prefix);
    return lpm_next_element(map, &position, next, &value, 0);
}

static u64 lpm_memory_bytes(const struct skep_map *map)
{
    const struct lpm_trie *trie = map->impl;
    return sizeof(*map) + sizeof(*trie) + hashtab_memory_bytes(trie->prefixes) +
           region_committed(&trie->region) + region_committed(&trie->nodes.region) +
           region_committed(&trie->lists.region);
}

const struct skep_map_type map_lpm_trie = {
    .size = sizeof(struct skep_map_type),
    .name = "lpm_trie",
    .id = 11,
    .classes = SKEP_MAP_LOOKUP | SKEP_MAP_UPDATE | SKEP_MAP_DELETE,
    .flags_allowed = MAP_F_USUAL | MAP_F_NO_PREALLOC,
    .key_size_min = LPM_KEY_MIN,
    .key_size_max = LPM_KEY_MAX,
    .check = lpm_check,
    .create = lpm_create,
    .destroy = lpm_destroy,
    .lookup = lpm_lookup,
    .finder = lpm_finder,
    .update = lpm_update,
    .remove = lpm_remove,
    .next_key = lpm_next_key,
    .next_element = lpm_next_element,
    .memory_bytes = lpm_memory_bytes,
};
