/* Pass: .data*, .rodata* and .bss* as array maps of one entry.
 *
 * Contents of sections that are zero (.bss*) are not kept until somebody sets a variable: their
 * size is a number in the file that costs its author nothing.
 *
 * Needs: sections, data relocations.  Gives: maps with origin MAP_FROM_DATA, o->data_map_of. */
#include "load/object.h"

static bool load_is_read_only(const char *section) { return !strncmp(section, ".rodata", 7); }

static skep_status load_add_data_map(struct object *o, u32 section, skep_error *err)
{
    const struct elf_section *s = load_section(o, section);
    if (s->size > INT32_MAX)
        return RAISE(err, SKEP_LIMIT, LOAD_SECTION_SIZE, STR(s->name), NUM(s->size),
                     NUM(INT32_MAX));
    bool read_only = load_is_read_only(s->name);
    struct object_map map = {
        .spec = { .size = sizeof(struct skep_map_spec),
                  .name = s->name,
                  .type = LOAD_MAP_TYPE_ARRAY,
                  .key_size = 4,
                  .value_size = (u32)s->size,
                  .max_entries = 1,
                  .flags = read_only ? LOAD_MAP_RDONLY_PROG : 0 },
        .section = s->name,
        .origin = MAP_FROM_DATA,
        .read_only = read_only,
        .inner = CODE_NONE,
    };
    if (o->roles[section] == ROLE_DATA) {
        map.contents = arena_copy(&o->arena, s->data, (size_t)s->size);
        if (!map.contents)
            return load_nomem(err, "data");
    }
    struct load_place place = { .section = section, .size = (u32)s->size };
    o->data_map_of[section] = o->maps.n;
    return load_add_map(o, &map, &place, err);
}

skep_status load_pass_data_maps(struct object *o, skep_error *err)
{
    for (u32 i = 1; i < o->elf.n_sections; i++)
        if (o->roles[i] == ROLE_DATA || o->roles[i] == ROLE_ZERO)
            TRY(load_add_data_map(o, i, err));
    return SKEP_OK;
}
