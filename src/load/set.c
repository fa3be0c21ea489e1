/* What a host may change between opening and linking: the sizes of maps, the values of variables,
 * the type of a program. */
#include "load/object.h"

skep_status load_set_map_entries(struct object *o, u32 map, u32 max_entries, skep_error *err)
{
    if (map >= o->maps.n)
        return RAISE(err, SKEP_NOT_FOUND, LOAD_NOT_FOUND, STR("map"), STR("?"));
    struct object_map *m = &o->maps.data[map];
    if (m->contents || m->origin == MAP_FROM_DATA || m->origin == MAP_FROM_KCONFIG)
        return RAISE(err, SKEP_BAD_ARG, LOAD_MAP, STR(m->section), STR(m->spec.name),
                     STR("a data section has one entry"));
    m->spec.max_entries = max_entries;
    return SKEP_OK;
}

/* Static variables count too, so the index of global symbols is no help. */
static u32 load_find_variable(const struct object *o, const char *name)
{
    for (u32 i = 1; i < o->elf.n_symbols; i++) {
        struct elf_symbol symbol = elf_symbol(&o->elf, i);
        if (elf_symbol_is_defined(&symbol) && o->data_map_of[symbol.section] != CODE_NONE &&
            symbol.type != ELF_STT_SECTION && !strcmp(symbol.name, name))
            return i;
    }
    return CODE_NONE;
}

static u8 *load_contents_to_write(struct object *o, struct object_map *map)
{
    if (!map->contents)
        map->contents = arena_alloc(&o->arena, map->spec.value_size);
    return map->contents;
}

skep_status load_set_rodata(struct object *o, const char *name, const void *value, size_t size,
                            skep_error *err)
{
    u32 i = load_find_variable(o, name);
    if (i == CODE_NONE)
        return RAISE(err, SKEP_NOT_FOUND, LOAD_NOT_FOUND, STR("variable"), STR(name));
    struct elf_symbol symbol = elf_symbol(&o->elf, i);
    struct object_map *map = &o->maps.data[o->data_map_of[symbol.section]];
    if (symbol.size != size)
        return RAISE(err, SKEP_BAD_ARG, LOAD_VARIABLE_SIZE, STR(name), NUM(symbol.size), NUM(size));
    if (symbol.value > map->spec.value_size || size > map->spec.value_size - symbol.value)
        return RAISE(err, SKEP_MALFORMED, LOAD_SYMBOL_OFFSET, STR(name), NUM(symbol.value),
                     STR(map->section));
    u8 *contents = load_contents_to_write(o, map);
    if (!contents)
        return load_nomem(err, "data");
    memcpy(contents + symbol.value, value, size);
    return SKEP_OK;
}

skep_status load_set_hook(struct object *o, u32 program, const struct skep_hook *hook,
                          skep_error *err)
{
    if (program >= o->programs.n)
        return RAISE(err, SKEP_NOT_FOUND, LOAD_NOT_FOUND, STR("program"), STR("?"));
    o->programs.data[program].hook = hook;
    return SKEP_OK;
}
