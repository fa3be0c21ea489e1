/* The relocations of an object as text, a section at a time. */
#include "load/object.h"

static const char *load_reloc_name(u32 type)
{
    switch (type) {
    case ELF_BPF_NONE: return "R_BPF_NONE";
    case ELF_BPF_64_64: return "R_BPF_64_64";
    case ELF_BPF_64_ABS64: return "R_BPF_64_ABS64";
    case ELF_BPF_64_ABS32: return "R_BPF_64_ABS32";
    case ELF_BPF_64_NODYLD32: return "R_BPF_64_NODYLD32";
    case ELF_BPF_64_32: return "R_BPF_64_32";
    default: return "?";
    }
}

static void load_print_reloc(const struct object *o, struct text *out, const struct elf_reloc *r)
{
    struct elf_symbol symbol = elf_symbol(&o->elf, r->symbol);
    bool section = symbol.type == ELF_STT_SECTION && elf_symbol_is_defined(&symbol);
    const char *name = section ? load_section(o, symbol.section)->name : symbol.name;
    text_printf(out, "  %016" PRIx64 "  %-18s %s", r->offset, load_reloc_name(r->type), name);
    if (r->addend)
        text_printf(out, "%+" PRId64, r->addend);
    text_char(out, '\n');
}

skep_status load_print_relocs(const struct object *o, struct text *out)
{
    for (u32 i = 1; i < o->elf.n_sections; i++) {
        u32 n = elf_n_relocs(&o->elf, i);
        if (n)
            text_printf(out, "%s:\n", load_section(o, load_section(o, i)->info)->name);
        for (u32 k = 0; k < n; k++) {
            struct elf_reloc r;
            TRY(elf_reloc(&o->elf, i, k, &r, NULL));
            load_print_reloc(o, out, &r);
        }
    }
    return out->failed ? SKEP_NOMEM : SKEP_OK;
}
