/* Pass: initial values of maps of maps and of program arrays: relocations of the section .maps.
 *
 * Nothing but these relocations may give a declaration contents.
 *
 * Needs: programs, BTF maps.  Gives: initial and n_initial of maps. */
#include "load/object.h"

#define LOAD_VALUE 8u /* bytes of an entry of `values`: a pointer */

struct load_initials {
    struct object *o;
    u32 section;
    u32 *map_of;   /* by 8 bytes of the section: the map declared there, or CODE_NONE */
    u32 *value_of; /* by 8 bytes: the relocation's target + 1 (a map or a program); 0: none */
    skep_error *err;
};

static const char *load_name_at(const struct load_initials *in, u64 offset)
{
    u32 map = in->map_of[offset / LOAD_VALUE];
    return map == CODE_NONE ? "?" : in->o->maps.data[map].spec.name;
}

static skep_status load_bad_value(const struct load_initials *in, u64 offset, const char *what)
{
    return RAISE(in->err, SKEP_MALFORMED, LOAD_MAP, STR(load_section(in->o, in->section)->name),
                 STR(load_name_at(in, offset)), STR(what));
}

/* Declarations do not overlap in sum (btf_maps.c), so this is linear. */
static void load_spread_maps(struct load_initials *in)
{
    const struct object *o = in->o;
    for (u32 i = 0; i < o->maps.n; i++) {
        const struct load_place *place = &o->places.data[i];
        if (place->section != in->section)
            continue;
        for (u64 at = place->offset; at < (u64)place->offset + place->size; at += LOAD_VALUE)
            in->map_of[at / LOAD_VALUE] = i;
    }
}

/* The map or program that an initial value names, + 1; 0 when there is none such. */
static u32 load_value_target(const struct object *o, const struct elf_reloc *r,
                             enum load_values values, u64 in_place)
{
    struct elf_symbol symbol = elf_symbol(&o->elf, r->symbol);
    u64 offset = symbol.value + (r->has_addend ? (u64)r->addend : in_place);
    if (!elf_symbol_is_defined(&symbol))
        return 0;
    if (values == VALUES_MAPS)
        return load_map_at(o, symbol.section, offset) + 1;
    u32 func = load_func_at(o, symbol.section, offset);
    return func == CODE_NONE ? 0 : o->funcs.data[func].program + 1;
}

static skep_status load_read_value(struct load_initials *in, const struct elf_reloc *r)
{
    struct object *o = in->o;
    const struct elf_section *s = load_section(o, in->section);
    if (r->type == ELF_BPF_NONE)
        return SKEP_OK;
    if ((r->type != ELF_BPF_64_ABS64 && r->type != ELF_BPF_64_64) ||
        s->size - r->offset < LOAD_VALUE)
        return load_bad_value(in, r->offset, "a relocation that is no initial value");
    u32 map = in->map_of[r->offset / LOAD_VALUE];
    const struct load_place *place = map == CODE_NONE ? NULL : &o->places.data[map];
    if (!place || place->values == VALUES_NONE ||
        r->offset < (u64)place->offset + place->values_offset ||
        (r->offset - place->offset - place->values_offset) % LOAD_VALUE || r->offset % LOAD_VALUE ||
        in->value_of[r->offset / LOAD_VALUE])
        return load_bad_value(in, r->offset, "an initial value outside its `values`");
    u64 in_place = load_u64(s->data + r->offset, o->elf.big_endian);
    u32 target = load_value_target(o, r, place->values, in_place);
    if (!target)
        return load_bad_value(in, r->offset, "an initial value that is no map or program");
    in->value_of[r->offset / LOAD_VALUE] = target;
    o->maps.data[map].n_initial++;
    return SKEP_OK;
}

static skep_status load_read_values(struct load_initials *in)
{
    for (u32 i = 1; i < in->o->elf.n_sections; i++) {
        u32 n = load_section(in->o, i)->info == in->section ? elf_n_relocs(&in->o->elf, i) : 0;
        for (u32 k = 0; k < n; k++) {
            struct elf_reloc r;
            TRY(elf_reloc(&in->o->elf, i, k, &r, in->err));
            TRY(load_read_value(in, &r));
        }
    }
    return SKEP_OK;
}

static skep_status load_check_rest(const struct load_initials *in)
{
    const struct elf_section *s = load_section(in->o, in->section);
    for (u64 at = 0; at < s->size; at++)
        if (s->data[at] && !in->value_of[at / LOAD_VALUE])
            return load_bad_value(in, at, "a declaration has contents");
    return SKEP_OK;
}

static skep_status load_collect_values(const struct load_initials *in, u32 map)
{
    struct object *o = in->o;
    struct object_map *m = &o->maps.data[map];
    const struct load_place *place = &o->places.data[map];
    struct map_initial *values = arena_array(&o->arena, struct map_initial, m->n_initial);
    if (!values)
        return load_nomem(in->err, "initial values");
    u64 first = ((u64)place->offset + place->values_offset) / LOAD_VALUE, n = 0;
    for (u64 at = first; n < m->n_initial; at++)
        if (in->value_of[at])
            values[n++] = (struct map_initial){ .key = (u32)(at - first),
                                                .is_program = place->values == VALUES_PROGRAMS,
                                                .target = in->value_of[at] - 1 };
    m->initial = values;
    return SKEP_OK;
}

skep_status load_pass_initial_values(struct object *o, skep_error *err)
{
    u32 section = elf_find_section(&o->elf, ".maps");
    if (!section || o->roles[section] != ROLE_BTF_MAPS)
        return SKEP_OK;
    u64 units = load_section(o, section)->size / LOAD_VALUE + 1;
    struct load_initials in = {
        .o = o,
        .section = section,
        .map_of = load_none_array(&o->arena, (u32)units),
        .value_of = arena_array(&o->arena, u32, units),
        .err = err,
    };
    if (!in.map_of || !in.value_of)
        return load_nomem(err, "initial values");
    load_spread_maps(&in);
    TRY(load_read_values(&in));
    TRY(load_check_rest(&in));
    for (u32 i = 0; i < o->maps.n; i++)
        if (o->maps.data[i].n_initial)
            TRY(load_collect_values(&in, i));
    return SKEP_OK;
}

#undef LOAD_VALUE
