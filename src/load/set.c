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

skep_status load_set_map_value_size(struct object *o, u32 map, u32 bytes, skep_error *err)
{
    if (map >= o->maps.n)
        return RAISE(err, SKEP_NOT_FOUND, LOAD_NOT_FOUND, STR("map"), STR("?"));
    struct object_map *m = &o->maps.data[map];
    if (m->contents || m->origin == MAP_FROM_DATA || m->origin == MAP_FROM_KCONFIG ||
        m->spec.lock_at || m->spec.specials[0].kind != SKEP_SPECIAL_NONE)
        return RAISE(err, SKEP_BAD_ARG, LOAD_MAP, STR(m->section), STR(m->spec.name),
                     STR("what lies in its values says how large they are"));
    m->spec.value_size = bytes;
    return SKEP_OK;
}

/* What a symbol of a data section names; false: it is no variable, or lies outside the section. */
static bool load_variable(const struct object *o, const struct elf_symbol *symbol,
                          struct object_variable *out)
{
    if (!elf_symbol_is_defined(symbol) || o->data_map_of[symbol->section] == CODE_NONE ||
        symbol->type == ELF_STT_SECTION || !symbol->name[0] || !symbol->size)
        return false;
    u32 map = o->data_map_of[symbol->section];
    u64 room = o->maps.data[map].spec.value_size;
    if (symbol->value > room || symbol->size > room - symbol->value)
        return false;
    *out = (struct object_variable){
        .name = symbol->name, .map = map, .offset = (u32)symbol->value, .size = (u32)symbol->size
    };
    return true;
}

/* Static variables count too, so the index of global symbols is no help. */
bool load_next_variable(const struct object *o, size_t *position, struct object_variable *out)
{
    for (u64 i = *position + 1; i < o->elf.n_symbols; i++) {
        struct elf_symbol symbol = elf_symbol(&o->elf, (u32)i);
        *position = i;
        if (load_variable(o, &symbol, out))
            return true;
    }
    return false;
}

static bool load_find_variable(const struct object *o, const char *name,
                               struct object_variable *out)
{
    size_t position = 0;
    while (load_next_variable(o, &position, out))
        if (!strcmp(out->name, name))
            return true;
    return false;
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
    struct object_variable variable;
    if (!load_find_variable(o, name, &variable))
        return RAISE(err, SKEP_NOT_FOUND, LOAD_NOT_FOUND, STR("variable"), STR(name));
    if (variable.size != size)
        return RAISE(err, SKEP_BAD_ARG, LOAD_VARIABLE_SIZE, STR(name), NUM(variable.size),
                     NUM(size));
    u8 *contents = load_contents_to_write(o, &o->maps.data[variable.map]);
    if (!contents)
        return load_nomem(err, "data");
    memcpy(contents + variable.offset, value, size);
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
