/* Pass: maps declared by their types, in the section .maps.
 *
 * libbpf's "BTF-defined maps": a variable whose struct type has the members type, key, value … of
 * which the types, not the contents, say the values: `int (*max_entries)[16]`, `struct key *key`,
 * `enum { unique = 1 << 40 } *map_extra`.
 *
 * Needs: types, symbols.  Gives: maps with origin MAP_FROM_BTF. */
#include "load/object.h"

#define LOAD_DECL_MEMBERS_MAX 64u /* there are a dozen names */

/* What is being declared; failures name the section and the map. */
struct load_decl {
    struct object *o;
    struct object_map map;
    u32 key_bytes, value_bytes; /* from the types of key and value */
    u32 values_offset;
    enum load_values values;
    u32 inner_type; /* the struct that declares the inner maps; 0: none */
    skep_error *err;
};

static skep_status load_bad_decl(const struct load_decl *d, const char *what)
{
    return RAISE(d->err, SKEP_MALFORMED, LOAD_MAP, STR(d->map.section), STR(d->map.spec.name),
                 STR(what));
}

/* What a pointer points to, without modifiers; 0 (void) when it is no pointer. */
static u32 load_pointee(const struct btf *btf, u32 type)
{
    u32 ptr = btf_skip_modifiers(btf, type);
    return btf_kind(btf, ptr) == BTF_PTR ? btf_skip_modifiers(btf, btf_target(btf, ptr)) : 0;
}

/* __uint(name, n) is `int (*name)[n]`; __ulong(name, n) is `enum { unique = n } *name`. */
static bool load_number_of(const struct btf *btf, u32 type, u64 *number)
{
    u32 to = load_pointee(btf, type);
    enum btf_kind kind = btf_kind(btf, to);
    if (kind == BTF_ARRAY) {
        *number = btf_array_count(btf, to);
        return true;
    }
    if ((kind != BTF_ENUM && kind != BTF_ENUM64) || !btf_vlen(btf, to))
        return false;
    *number = btf_member(btf, to, 0).value;
    return true;
}

/* Fields ------------------------------------------------------------------------------------------
 */

static skep_status load_field_number(struct load_decl *d, const struct btf_member *m, u32 *out)
{
    u64 number;
    if (!load_number_of(&d->o->btf, m->type, &number) || number > UINT32_MAX)
        return load_bad_decl(d, "a number is not declared as __uint(name, value) does it");
    *out = (u32)number;
    return SKEP_OK;
}

static skep_status load_field_type(struct load_decl *d, const struct btf_member *m)
{
    return load_field_number(d, m, &d->map.spec.type);
}

static skep_status load_field_key_size(struct load_decl *d, const struct btf_member *m)
{
    return load_field_number(d, m, &d->map.spec.key_size);
}

static skep_status load_field_value_size(struct load_decl *d, const struct btf_member *m)
{
    return load_field_number(d, m, &d->map.spec.value_size);
}

static skep_status load_field_max_entries(struct load_decl *d, const struct btf_member *m)
{
    return load_field_number(d, m, &d->map.spec.max_entries);
}

static skep_status load_field_map_flags(struct load_decl *d, const struct btf_member *m)
{
    return load_field_number(d, m, &d->map.spec.flags);
}

static skep_status load_field_pinning(struct load_decl *d, const struct btf_member *m)
{
    return load_field_number(d, m, &d->map.pinning);
}

static skep_status load_field_map_extra(struct load_decl *d, const struct btf_member *m)
{
    if (!load_number_of(&d->o->btf, m->type, &d->map.spec.map_extra))
        return load_bad_decl(d, "map_extra is no number");
    return SKEP_OK;
}

static skep_status load_field_ignored(struct load_decl *d, const struct btf_member *m)
{
    u32 number;
    return load_field_number(d, m, &number);
}

/* __type(name, T) is `T *name`. */
static skep_status load_pointed_type(struct load_decl *d, const struct btf_member *m, u32 *type,
                                     u32 *bytes)
{
    const struct btf *btf = &d->o->btf;
    u32 ptr = btf_skip_modifiers(btf, m->type);
    if (btf_kind(btf, ptr) != BTF_PTR)
        return load_bad_decl(d, "a type is not declared as __type(name, type) does it");
    *type = btf_target(btf, ptr);
    *bytes = (u32)btf_size(btf, *type);
    return SKEP_OK;
}

static skep_status load_field_key(struct load_decl *d, const struct btf_member *m)
{
    return load_pointed_type(d, m, &d->map.btf_key, &d->key_bytes);
}

static skep_status load_field_value(struct load_decl *d, const struct btf_member *m)
{
    return load_pointed_type(d, m, &d->map.btf_value, &d->value_bytes);
}

/* __array(values, T) is `T *values[]`: T a map's declaration, or a function. */
static skep_status load_field_values(struct load_decl *d, const struct btf_member *m)
{
    const struct btf *btf = &d->o->btf;
    u32 array = btf_skip_modifiers(btf, m->type);
    u32 to = btf_kind(btf, array) == BTF_ARRAY ? load_pointee(btf, btf_target(btf, array)) : 0;
    if (btf_kind(btf, to) != BTF_STRUCT && btf_kind(btf, to) != BTF_FUNC_PROTO)
        return load_bad_decl(d, "values are neither maps nor programs");
    bool maps = btf_kind(btf, to) == BTF_STRUCT;
    d->values = maps ? VALUES_MAPS : VALUES_PROGRAMS;
    d->inner_type = maps ? to : 0;
    d->values_offset = m->bit_offset / 8;
    return SKEP_OK;
}

struct load_decl_field {
    const char *name;
    skep_status (*read)(struct load_decl *d, const struct btf_member *m);
};
/* clang-format off */
static const struct load_decl_field load_decl_fields[] = {
    { "type",        load_field_type },        { "key",        load_field_key },
    { "key_size",    load_field_key_size },    { "value",      load_field_value },
    { "value_size",  load_field_value_size },  { "values",     load_field_values },
    { "max_entries", load_field_max_entries }, { "map_flags",  load_field_map_flags },
    { "map_extra",   load_field_map_extra },   { "numa_node",  load_field_ignored },
    { "pinning",     load_field_pinning },
};
/* clang-format on */

static skep_status load_read_field(struct load_decl *d, const struct btf_member *m)
{
    for (u32 i = 0; i < ARRAY_LEN(load_decl_fields); i++)
        if (!strcmp(load_decl_fields[i].name, m->name))
            return load_decl_fields[i].read(d, m);
    return RAISE(d->err, SKEP_UNSUPPORTED, LOAD_MAP_FIELD, STR(d->map.section),
                 STR(d->map.spec.name), STR(m->name));
}

/* Declarations ------------------------------------------------------------------------------------
 */

/* A size may be given as a number and as a type; then they must agree. */
static skep_status load_settle_size(const struct load_decl *d, u32 from_type, u32 *size)
{
    if (from_type && *size && *size != from_type)
        return load_bad_decl(d, "the size of key or value is not that of its type");
    *size = from_type ? from_type : *size;
    return SKEP_OK;
}

static skep_status load_read_decl(struct load_decl *d, u32 type)
{
    const struct btf *btf = &d->o->btf;
    u32 def = btf_skip_modifiers(btf, type);
    if (btf_kind(btf, def) != BTF_STRUCT || btf_vlen(btf, def) > LOAD_DECL_MEMBERS_MAX)
        return load_bad_decl(d, "the declaration is no struct of a map's fields");
    for (u32 i = 0; i < btf_vlen(btf, def); i++) {
        struct btf_member m = btf_member(btf, def, i);
        TRY(load_read_field(d, &m));
    }
    TRY(load_settle_size(d, d->key_bytes, &d->map.spec.key_size));
    TRY(load_settle_size(d, d->value_bytes, &d->map.spec.value_size));
    if (!load_find_specials(btf, d->map.btf_value, &d->map.spec))
        return load_bad_decl(d, "too many fields of its values belong to helpers");
    return d->map.spec.type ? SKEP_OK : load_bad_decl(d, "the type is missing");
}

static struct load_decl load_new_decl(struct object *o, const char *section, const char *name,
                                      skep_error *err)
{
    return (struct load_decl){
        .o = o,
        .map = { .spec = { .size = sizeof(struct skep_map_spec), .name = name },
                 .section = section,
                 .origin = MAP_FROM_BTF,
                 .inner = CODE_NONE },
        .err = err,
    };
}

/* The maps inside a map have a declaration, but no name of their own. */
static skep_status load_read_inner(struct load_decl *outer)
{
    struct object *o = outer->o;
    struct text name;
    char buffer[64];
    text_init_fixed(&name, buffer, sizeof(buffer));
    text_printf(&name, "%.32s.inner", outer->map.spec.name);
    const char *inner_name = arena_strdup(&o->arena, text_cstr(&name));
    struct skep_map_spec *spec = arena_new(&o->arena, struct skep_map_spec);
    if (!inner_name || !spec)
        return load_nomem(outer->err, "maps");
    struct load_decl inner = load_new_decl(o, outer->map.section, inner_name, outer->err);
    TRY(load_read_decl(&inner, outer->inner_type));
    if (inner.inner_type)
        return load_bad_decl(&inner, "maps of maps do not nest");
    *spec = inner.map.spec;
    outer->map.spec.inner = spec;
    return SKEP_OK;
}

/* Where a variable lies: its symbol says, or, if it is static, the data section's entry, which has
 * been relocated. */
static u32 load_offset_of(const struct object *o, u32 section, const struct btf_member *var)
{
    u32 i = load_find_symbol(o, var->name);
    struct elf_symbol symbol = { 0 };
    if (i != CODE_NONE)
        symbol = elf_symbol(&o->elf, i);
    return symbol.section == section ? (u32)min_u64(symbol.value, UINT32_MAX) : var->offset;
}

static skep_status load_add_btf_map(struct object *o, u32 section, const struct btf_member *var,
                                    u64 *room, skep_error *err)
{
    struct load_decl d = load_new_decl(o, load_section(o, section)->name, var->name, err);
    u64 size = btf_size(&o->btf, var->type);
    struct load_place place = { .section = section,
                                .offset = load_offset_of(o, section, var),
                                .size = (u32)max_u64(size, var->size) };
    if (place.size > *room || (u64)place.offset + place.size > load_section(o, section)->size)
        return load_bad_decl(&d, "it lies outside its section");
    *room -= place.size;
    TRY(load_read_decl(&d, btf_target(&o->btf, var->type)));
    if (d.inner_type)
        TRY(load_read_inner(&d));
    place.values = d.values;
    place.values_offset = d.values_offset;
    return load_add_map(o, &d.map, &place, err);
}

skep_status load_pass_btf_maps(struct object *o, skep_error *err)
{
    u32 section = elf_find_section(&o->elf, ".maps");
    if (!section || o->roles[section] != ROLE_BTF_MAPS)
        return SKEP_OK;
    u32 datasec = o->has_btf ? btf_find(&o->btf, BTF_DATASEC, ".maps") : 0;
    if (!datasec)
        return RAISE(err, SKEP_MALFORMED, LOAD_NO_TYPES, STR(".maps"));
    u64 room = load_section(o, section)->size; /* declarations do not overlap */
    u32 n = btf_vlen(&o->btf, datasec);
    for (u32 i = 0; i < n; i++) {
        struct btf_member var = btf_member(&o->btf, datasec, i);
        TRY(load_add_btf_map(o, section, &var, &room, err));
    }
    return SKEP_OK;
}

#undef LOAD_DECL_MEMBERS_MAX
