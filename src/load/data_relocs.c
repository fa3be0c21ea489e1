/* Pass: relocations of data, of type information and of .BTF.ext.
 *
 * LLVM's "eBPF ELF relocation types": the value is symbol + addend.  Addresses inside an object are
 * offsets in sections, so a pointer stored in data becomes an offset, which is what other loaders
 * leave there too: a program cannot use it as a pointer.  Before LLVM 12 data was relocated with
 * the types of instructions (64_64 for eight bytes, 64_32 for four).
 *
 * Needs: sections.  Gives: contents in which every offset of .BTF and .BTF.ext is final. */
#include "load/object.h"

static bool load_is_relocated_data(enum load_role role)
{
    return role == ROLE_DATA || role == ROLE_BTF || role == ROLE_BTF_EXT;
}

/* Bytes that a relocation changes in data; 0: the type does not occur there. */
static u32 load_data_reloc_width(u32 type)
{
    switch (type) {
    case ELF_BPF_64_64:
    case ELF_BPF_64_ABS64: return 8;
    case ELF_BPF_64_ABS32:
    case ELF_BPF_64_NODYLD32:
    case ELF_BPF_64_32: return 4;
    default: return 0;
    }
}

/* Contents are relocated in a copy: the view of the file has been checked and must not change. */
static u8 *load_own_contents(struct object *o, u32 section, skep_error *err)
{
    struct elf_section *s = &o->elf.sections[section];
    u8 *copy = arena_copy(&o->arena, s->data, (size_t)s->size);
    if (copy)
        s->data = copy;
    else
        load_nomem(err, "relocated data");
    return copy;
}

static void load_add_at(u8 *p, u32 width, bool big, bool has_addend, u64 value)
{
    if (width == 8)
        store_u64(p, value + (has_addend ? 0 : load_u64(p, big)), big);
    else
        store_u32(p, (u32)value + (has_addend ? 0 : load_u32(p, big)), big);
}

static skep_status load_relocate_data(struct object *o, u32 rel_section, u8 *data, skep_error *err)
{
    const struct elf_section *rel = load_section(o, rel_section);
    const struct elf_section *target = load_section(o, rel->info);
    u32 n = elf_n_relocs(&o->elf, rel_section);
    for (u32 i = 0; i < n; i++) {
        struct elf_reloc r;
        TRY(elf_reloc(&o->elf, rel_section, i, &r, err));
        if (r.type == ELF_BPF_NONE)
            continue;
        u32 width = load_data_reloc_width(r.type);
        if (!width || target->size - r.offset < width)
            return RAISE(err, SKEP_MALFORMED, LOAD_RELOC_TYPE, STR(rel->name), NUM(r.offset),
                         NUM(r.type));
        struct elf_symbol symbol = elf_symbol(&o->elf, r.symbol);
        u64 value = elf_symbol_is_defined(&symbol) ? symbol.value : 0;
        load_add_at(data + r.offset, width, o->elf.big_endian, r.has_addend, value + (u64)r.addend);
    }
    return SKEP_OK;
}

skep_status load_pass_data_relocs(struct object *o, skep_error *err)
{
    for (u32 i = 1; i < o->elf.n_sections; i++) {
        if (!elf_n_relocs(&o->elf, i))
            continue;
        u32 target = load_section(o, i)->info;
        if (!load_is_relocated_data((enum load_role)o->roles[target]))
            continue;
        u8 *data = load_own_contents(o, target, err);
        if (!data)
            return SKEP_NOMEM;
        TRY(load_relocate_data(o, i, data, err));
    }
    return SKEP_OK;
}
