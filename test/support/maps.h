/* Maps for tests: an account and an epoch, and specs that suit a type's traits. */
#ifndef SKEP_TEST_MAPS_H
#define SKEP_TEST_MAPS_H

#include "map/map.h"
#include "support/unit.h"

#include <errno.h>
#include <stdlib.h>

struct maps_fixture {
    struct mem mem;
    struct epoch *epoch;
};

static inline void maps_setup(struct maps_fixture *f)
{
    mem_init(&f->mem, NULL, 0);
    assert_int_equal(epoch_new(&f->mem, &f->epoch), SKEP_OK);
}

/* Everything that was made must be gone. */
static inline void maps_teardown(struct maps_fixture *f)
{
    epoch_delete(f->epoch);
    assert_int_equal(f->mem.used, 0);
}

enum { MAPS_CPUS = 3, MAPS_SEED = 12345 };

static inline int maps_try(struct maps_fixture *f, const struct skep_map_type *type,
                           const struct skep_map_spec *spec, struct skep_map **map)
{
    return map_new(type, spec, MAPS_CPUS, MAPS_SEED, &f->mem, f->epoch, map);
}

static inline struct skep_map *maps_make(struct maps_fixture *f, const struct skep_map_type *type,
                                         const struct skep_map_spec *spec)
{
    struct skep_map *map = NULL;
    assert_int_equal(maps_try(f, type, spec, &map), 0);
    return map;
}

static const struct skep_map_spec maps_inner_spec = { .size = sizeof(struct skep_map_spec),
                                                      .name = "inner",
                                                      .type = 2,
                                                      .key_size = 4,
                                                      .value_size = 8,
                                                      .max_entries = 4 };

/* A spec that the type accepts: keys and values of 8 bytes where it leaves a choice. */
static inline struct skep_map_spec maps_spec(const struct skep_map_type *type, u32 entries)
{
    bool no_key = type->traits & SKEP_MAP_NO_KEY, no_value = type->traits & SKEP_MAP_NO_VALUE;
    bool pages = type->traits & SKEP_MAP_ENTRIES_POWER_OF_2_PAGES;
    struct skep_map_spec spec = {
        .size = sizeof(spec),
        .name = type->name,
        .type = type->id,
        .key_size = no_key               ? 0
                    : type->key_size_min ? type->key_size_min
                                         : 8,
        .value_size = no_value               ? 0
                      : type->value_size_min ? type->value_size_min
                                             : 8,
        .max_entries = pages ? 4096 : entries,
        .inner = type->traits & SKEP_MAP_HOLDS_MAPS ? &maps_inner_spec : NULL,
    };
    if (type->id == 11) { /* LPM_TRIE: four bytes of prefix; never preallocated */
        spec.key_size = 8;
        spec.value_size = 8;
        spec.flags = MAP_F_NO_PREALLOC;
    }
    return spec;
}

static inline const struct skep_map_type *maps_type(u32 id)
{
    for (u32 i = 0; i < n_map_types; i++)
        if (map_types[i]->id == id)
            return map_types[i];
    return NULL;
}

/* The i-th key of a type: distinct, spread over the key's bytes; indexes for arrays. */
static inline void maps_key(const struct skep_map *map, u32 i, void *key)
{
    u64 spread = (u64)(i + 1) * 0x9e3779b97f4a7c15;
    u32 size = map->spec.key_size;
    if (map->type->traits & SKEP_MAP_KEYS_ARE_INDEXES) {
        memcpy(key, &i, sizeof(i));
    } else if (map->type->id == 11) {
        u32 data = i * 0x9e3779b1u, length = 32;
        memcpy(key, &length, 4);
        memcpy((u8 *)key + 4, &data, 4);
    } else {
        memset(key, 0, size);
        memcpy((u8 *)key, &i, size < 4 ? size : 4);
        if (size >= 12)
            memcpy((u8 *)key + size - 8, &spread, 8);
    }
}

/* Keys and values can be put in and found. */
static inline bool maps_is_table(const struct skep_map_type *type)
{
    u32 both = SKEP_MAP_LOOKUP | SKEP_MAP_UPDATE;
    u32 held = SKEP_MAP_HOLDS_MAPS | SKEP_MAP_HOLDS_PROGRAMS | SKEP_MAP_HOLDS_HANDLES;
    return (type->classes & both) == both && !(type->traits & held) &&
           !(type->traits & SKEP_MAP_NO_KEY);
}

#endif
