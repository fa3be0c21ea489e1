/* Pass: maps declared by their contents, in sections "maps", "X/maps" and "maps/NAME".
 *
 * A declaration begins with struct bpf_map_def of older libbpf (type, key_size, value_size,
 * max_entries, map_flags); how it goes on depends on the loader that it was written for, which its
 * size tells: samples/bpf of Linux adds the inner map's position and a NUMA node; iproute2 adds id,
 * pinning, the inner map's id and a position.  What is behind a known layout must be zero.
 *
 * Needs: symbols.  Gives: maps with origin MAP_FROM_LEGACY. */
#include "load/object.h"

#define LOAD_DEF_MIN 16u
#define LOAD_DEF_LIBBPF 20u
#define LOAD_DEF_SAMPLES 28u
#define LOAD_DEF_IPROUTE2 36u

struct load_def {
    u32 type, key_size, value_size, max_entries, flags;
    u32 id, pinning, inner_id, inner_index;
    u32 known; /* bytes */
};

static u32 load_def_word(const struct object *o, const u8 *p, u32 i)
{
    return load_u32(p + 4 * i, o->elf.big_endian);
}

static bool load_is_map_of_maps(u32 type)
{
    return type == LOAD_MAP_TYPE_ARRAY_OF_MAPS || type == LOAD_MAP_TYPE_HASH_OF_MAPS;
}

/* Requires: size ≥ LOAD_DEF_MIN. */
static struct load_def load_read_def(const struct object *o, const u8 *p, u32 size)
{
    struct load_def def = {
        .type = load_def_word(o, p, 0),
        .key_size = load_def_word(o, p, 1),
        .value_size = load_def_word(o, p, 2),
        .max_entries = load_def_word(o, p, 3),
        .flags = size >= LOAD_DEF_LIBBPF ? load_def_word(o, p, 4) : 0,
        .inner_index = CODE_NONE,
        .known = min_u32(size, LOAD_DEF_LIBBPF),
    };
    if (size == LOAD_DEF_SAMPLES) {
        if (load_is_map_of_maps(def.type))
            def.inner_index = load_def_word(o, p, 5);
        def.known = LOAD_DEF_SAMPLES;
    }
    if (size == LOAD_DEF_IPROUTE2) {
        def.id = load_def_word(o, p, 5);
        def.pinning = load_def_word(o, p, 6);
        def.inner_id = load_def_word(o, p, 7);
        def.known = LOAD_DEF_IPROUTE2;
    }
    return def;
}

static skep_status load_bad_def(const struct object *o, u32 section, const char *name,
                                const char *what, skep_error *err)
{
    return RAISE(err, SKEP_MALFORMED, LOAD_MAP, STR(load_section(o, section)->name), STR(name),
                 STR(what));
}

static bool load_all_zero(const u8 *p, u64 size)
{
    for (u64 i = 0; i < size; i++)
        if (p[i])
            return false;
    return true;
}

static skep_status load_add_def(struct object *o, u32 section, const char *name, u32 offset,
                                u32 size, struct load_def *out, skep_error *err)
{
    const struct elf_section *s = load_section(o, section);
    if (size < LOAD_DEF_MIN)
        return load_bad_def(o, section, name, "too short for a map's definition", err);
    struct load_def def = load_read_def(o, s->data + offset, size);
    if (!load_all_zero(s->data + offset + def.known, size - def.known))
        return load_bad_def(o, section, name,
                            "something unknown follows the definition and is not zero", err);
    struct object_map map = {
        .spec = { .size = sizeof(struct skep_map_spec),
                  .name = name,
                  .type = def.type,
                  .key_size = def.key_size,
                  .value_size = def.value_size,
                  .max_entries = def.max_entries,
                  .flags = def.flags },
        .section = s->name,
        .origin = MAP_FROM_LEGACY,
        .pinning = def.pinning,
        .inner = CODE_NONE,
    };
    struct load_place place = { .section = section, .offset = offset, .size = size };
    *out = def;
    return load_add_map(o, &map, &place, err);
}

/* Where definitions begin
 * -------------------------------------------------------------------------- */

/* A table with an entry for each word of a section: the symbol of the definition + 1. */
static skep_status load_mark_def(struct object *o, u32 *const *starts, u32 i,
                                 const struct elf_symbol *symbol, skep_error *err)
{
    const struct elf_section *s = load_section(o, symbol->section);
    if (symbol->type == ELF_STT_SECTION || symbol->type == ELF_STT_FILE)
        return SKEP_OK;
    if (symbol->bind == ELF_STB_LOCAL)
        return load_bad_def(o, symbol->section, symbol->name, "static maps have no identity", err);
    if (symbol->value % 4 || symbol->value >= s->size)
        return load_bad_def(o, symbol->section, symbol->name, "it lies outside its section", err);
    starts[symbol->section][symbol->value / 4] = i + 1;
    return SKEP_OK;
}

static skep_status load_mark_defs(struct object *o, u32 *const *starts, skep_error *err)
{
    for (u32 i = 1; i < o->elf.n_symbols; i++) {
        struct elf_symbol symbol = elf_symbol(&o->elf, i);
        if (elf_symbol_is_defined(&symbol) && o->roles[symbol.section] == ROLE_LEGACY_MAPS)
            TRY(load_mark_def(o, starts, i, &symbol, err));
    }
    return SKEP_OK;
}

/* "maps/NAME" needs no symbol. */
static const char *load_def_name(const struct object *o, u32 section, u32 mark)
{
    const char *name = load_section(o, section)->name;
    if (mark)
        return elf_symbol(&o->elf, mark - 1).name;
    return strncmp(name, "maps/", 5) ? NULL : name + 5;
}

/* A definition goes on to the next one, or as far as its symbol says, if it does. */
static u32 load_def_size(const struct object *o, u32 mark, u32 distance)
{
    u64 size = mark ? elf_symbol(&o->elf, mark - 1).size : 0;
    return size && size < distance ? (u32)size : distance;
}

static skep_status load_add_defs(struct object *o, u32 section, const u32 *starts, u32 n_words,
                                 struct load_def *defs, skep_error *err)
{
    for (u32 at = 0, end; at < n_words; at = end) {
        for (end = at + 1; end < n_words && !starts[end];)
            end++;
        const char *name = load_def_name(o, section, starts[at]);
        if (!name)
            return load_bad_def(o, section, "?", "there is no symbol at its beginning", err);
        u32 size = load_def_size(o, starts[at], (end - at) * 4);
        TRY(load_add_def(o, section, name, at * 4, size, &defs[o->maps.n], err));
    }
    return SKEP_OK;
}

/* Inner maps
 * --------------------------------------------------------------------------------------- */

static skep_status load_index_ids(const struct load_def *defs, u32 first, u32 n,
                                  struct hash_index *ids)
{
    for (u32 i = first; i < n; i++) {
        u64 hash = hash_bytes(&defs[i].id, sizeof(defs[i].id), ids->seed);
        struct hash_probe p = hash_probe(ids, hash);
        bool known = false;
        while (!known && hash_next(ids, &p))
            known = defs[p.position].id == defs[i].id;
        if (defs[i].id && !known && !hash_index_add(ids, hash, i))
            return SKEP_NOMEM;
    }
    return SKEP_OK;
}

static u32 load_map_by_id(const struct load_def *defs, const struct hash_index *ids, u32 id)
{
    u64 hash = hash_bytes(&id, sizeof(id), ids->seed);
    for (struct hash_probe p = hash_probe(ids, hash); hash_next(ids, &p);)
        if (defs[p.position].id == id)
            return p.position;
    return CODE_NONE;
}

static skep_status load_link_inner(struct object *o, const struct load_def *defs, u32 first,
                                   skep_error *err)
{
    struct hash_index ids;
    hash_index_init(&ids, o->mem);
    skep_status status = load_index_ids(defs, first, o->maps.n, &ids);
    for (u32 i = first; i < o->maps.n && status == SKEP_OK; i++) {
        struct object_map *map = &o->maps.data[i];
        u32 index = defs[i].inner_index;
        if (defs[i].inner_id)
            map->inner = load_map_by_id(defs, &ids, defs[i].inner_id);
        else if (index != CODE_NONE)
            map->inner = index < o->maps.n - first ? first + index : CODE_NONE;
        else
            continue;
        if (map->inner == CODE_NONE || map->inner == i)
            status = load_bad_def(o, o->places.data[i].section, map->spec.name,
                                  "its inner map does not exist", err);
    }
    hash_index_drop(&ids);
    return status == SKEP_NOMEM ? load_nomem(err, "maps") : status;
}

/* Maximal number of definitions that fit into the sections of this role, and the tables. */
static skep_status load_new_tables(struct object *o, u32 **starts, u64 *n_defs, skep_error *err)
{
    for (u32 i = 1; i < o->elf.n_sections; i++) {
        if (o->roles[i] != ROLE_LEGACY_MAPS)
            continue;
        const struct elf_section *s = load_section(o, i);
        if (s->size % 4 || s->size > UINT32_MAX)
            return RAISE(err, SKEP_MALFORMED, LOAD_SECTION_SIZE, STR(s->name), NUM(s->size),
                         NUM(4));
        starts[i] = arena_array(&o->arena, u32, s->size / 4);
        if (!starts[i])
            return load_nomem(err, "maps");
        *n_defs += s->size / LOAD_DEF_MIN + 1;
    }
    return SKEP_OK;
}

skep_status load_pass_legacy_maps(struct object *o, skep_error *err)
{
    u64 n_defs = 0;
    u32 first = o->maps.n;
    u32 **starts = arena_array(&o->arena, u32 *, o->elf.n_sections);
    if (!starts)
        return load_nomem(err, "maps");
    TRY(load_new_tables(o, starts, &n_defs, err));
    if (!n_defs)
        return SKEP_OK;
    struct load_def *defs = arena_array(&o->arena, struct load_def, first + n_defs);
    if (!defs)
        return load_nomem(err, "maps");
    TRY(load_mark_defs(o, starts, err));
    for (u32 i = 1; i < o->elf.n_sections; i++)
        if (starts[i])
            TRY(load_add_defs(o, i, starts[i], (u32)(load_section(o, i)->size / 4), defs, err));
    return load_link_inner(o, defs, first, err);
}

#undef LOAD_DEF_MIN
#undef LOAD_DEF_LIBBPF
#undef LOAD_DEF_SAMPLES
#undef LOAD_DEF_IPROUTE2
