/* The maps of an object: by number, by name, by the place of their declaration. */
#include "load/object.h"

static u64 load_place_hash(const struct object *o, u32 section, u64 offset)
{
    u64 key[2] = { section, offset };
    return hash_bytes(key, sizeof(key), o->map_places.seed);
}

u32 load_map_at(const struct object *o, u32 section, u64 offset)
{
    u64 hash = load_place_hash(o, section, offset);
    for (struct hash_probe p = hash_probe(&o->map_places, hash); hash_next(&o->map_places, &p);) {
        const struct load_place *place = &o->places.data[p.position];
        if (place->section == section && place->offset == offset)
            return p.position;
    }
    return CODE_NONE;
}

u32 load_find_map(const struct object *o, const char *name)
{
    u64 hash = hash_string(name, o->map_names.seed);
    for (struct hash_probe p = hash_probe(&o->map_names, hash); hash_next(&o->map_names, &p);)
        if (!strcmp(o->maps.data[p.position].spec.name, name))
            return p.position;
    return CODE_NONE;
}

/* Maps of program and perf-event handles are of 32-bit handles, whether their declaration says so
 * or not; so are the values of maps of maps. */
static void load_default_sizes(struct skep_map_spec *spec)
{
    enum { PERF_EVENT_ARRAY = 4, CGROUP_ARRAY = 8 };
    bool handles = spec->type == LOAD_MAP_TYPE_PROG_ARRAY || spec->type == PERF_EVENT_ARRAY ||
                   spec->type == CGROUP_ARRAY || spec->type == LOAD_MAP_TYPE_ARRAY_OF_MAPS;
    if (handles && !spec->key_size)
        spec->key_size = 4;
    if ((handles || spec->type == LOAD_MAP_TYPE_HASH_OF_MAPS) && !spec->value_size)
        spec->value_size = 4;
}

skep_status load_add_map(struct object *o, const struct object_map *map,
                         const struct load_place *place, skep_error *err)
{
    const char *name = map->spec.name;
    if (load_map_at(o, place->section, place->offset) != CODE_NONE)
        return RAISE(err, SKEP_MALFORMED, LOAD_MAP, STR(map->section), STR(name),
                     STR("another map begins at the same place"));
    u32 index = o->maps.n;
    bool named = load_find_map(o, name) == CODE_NONE;
    if (!vec_push(o->mem, &o->maps, *map) || !vec_push(o->mem, &o->places, *place) ||
        !hash_index_add(&o->map_places, load_place_hash(o, place->section, place->offset), index) ||
        (named && !hash_index_add(&o->map_names, hash_string(name, o->map_names.seed), index)))
        return load_nomem(err, "maps");
    load_default_sizes(&o->maps.data[index].spec);
    return SKEP_OK;
}
