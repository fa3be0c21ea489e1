/* Pass: what each section is for, by its name and flags; licence and version.
 *
 * Names are those of libbpf's documentation ("Program Types and ELF Sections") and of older loaders
 * ("maps", "X/maps", "maps/NAME"). */
#include "load/object.h"

struct load_section_name {
    const char *name;
    enum load_role role;
    bool with_suffix; /* NAME.anything too */
};
/* clang-format off */
static const struct load_section_name load_section_names[] = {
    { "license",  ROLE_LICENSE,     false },
    { "version",  ROLE_VERSION,     false },
    { ".maps",    ROLE_BTF_MAPS,    false },
    { "maps",     ROLE_LEGACY_MAPS, false },
    { ".BTF",     ROLE_BTF,         false },
    { ".BTF.ext", ROLE_BTF_EXT,     false },
    { ".data",    ROLE_DATA,        true  },
    { ".rodata",  ROLE_DATA,        true  },
    { ".bss",     ROLE_DATA,        true  },
};
/* clang-format on */

static bool load_name_matches(const struct load_section_name *row, const char *name)
{
    size_t n = strlen(row->name);
    return !strcmp(name, row->name) ||
           (row->with_suffix && !strncmp(name, row->name, n) && name[n] == '.');
}

/* maps/NAME, and X/maps with any X. */
static bool load_is_legacy_maps(const char *name)
{
    size_t n = strlen(name);
    return !strncmp(name, "maps/", 5) || (n > 5 && !strcmp(name + n - 5, "/maps"));
}

static enum load_role load_role_of(const struct elf_section *s)
{
    if (!s->size || (s->type != ELF_SHT_PROGBITS && s->type != ELF_SHT_NOBITS))
        return ROLE_NONE;
    if (s->type == ELF_SHT_PROGBITS && s->flags & ELF_SHF_EXECINSTR)
        return ROLE_CODE;
    enum load_role role = load_is_legacy_maps(s->name) ? ROLE_LEGACY_MAPS : ROLE_NONE;
    for (u32 i = 0; i < ARRAY_LEN(load_section_names); i++)
        if (load_name_matches(&load_section_names[i], s->name))
            role = load_section_names[i].role;
    if (s->type == ELF_SHT_NOBITS)
        return role == ROLE_DATA ? ROLE_ZERO : ROLE_NONE;
    return role;
}

static skep_status load_read_license(struct object *o, const struct elf_section *s, skep_error *err)
{
    const char *license = arena_strndup(&o->arena, (const char *)s->data, (size_t)s->size);
    if (!license)
        return load_nomem(err, "licence");
    o->license = license;
    return SKEP_OK;
}

static skep_status load_read_version(struct object *o, const struct elf_section *s, skep_error *err)
{
    if (s->size != 4)
        return RAISE(err, SKEP_MALFORMED, LOAD_SECTION_SIZE, STR(s->name), NUM(s->size), NUM(4));
    o->version = load_u32(s->data, o->elf.big_endian);
    return SKEP_OK;
}

u32 *load_none_array(struct arena *arena, u32 n)
{
    u32 *array = arena_array(arena, u32, (u64)n + 1);
    for (u32 i = 0; array && i <= n; i++)
        array[i] = CODE_NONE;
    return array;
}

skep_status load_pass_sections(struct object *o, skep_error *err)
{
    u32 n = o->elf.n_sections;
    o->roles = arena_array(&o->arena, u8, n);
    o->code_of = load_none_array(&o->arena, n);
    o->data_map_of = load_none_array(&o->arena, n);
    if (!o->roles || !o->code_of || !o->data_map_of)
        return load_nomem(err, "sections");
    for (u32 i = 1; i < n; i++) {
        const struct elf_section *s = load_section(o, i);
        o->roles[i] = (u8)load_role_of(s);
        if (o->roles[i] == ROLE_LICENSE)
            TRY(load_read_license(o, s, err));
        if (o->roles[i] == ROLE_VERSION)
            TRY(load_read_version(o, s, err));
    }
    return SKEP_OK;
}
