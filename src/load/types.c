/* Pass: type information.
 *
 * Needs: data relocations.  Gives: o->btf, o->ext. */
#include "load/object.h"

static u32 load_find_role(const struct object *o, enum load_role role)
{
    for (u32 i = 1; i < o->elf.n_sections; i++)
        if (o->roles[i] == role)
            return i;
    return 0;
}

skep_status load_pass_types(struct object *o, skep_error *err)
{
    u32 section = load_find_role(o, ROLE_BTF);
    if (!section)
        return SKEP_OK;
    const struct elf_section *s = load_section(o, section);
    TRY(btf_parse(&o->btf, &o->arena, s->data, s->size, NULL, err));
    o->has_btf = true;
    section = load_find_role(o, ROLE_BTF_EXT);
    if (!section)
        return SKEP_OK;
    s = load_section(o, section);
    TRY(btf_ext_parse(&o->ext, &o->arena, s->data, s->size, &o->btf, err));
    o->has_ext = true;
    return SKEP_OK;
}
