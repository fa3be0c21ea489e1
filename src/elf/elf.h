/* The door of elf/: a bounds-checked, read-only view of ELF64 files of both byte orders.
 *
 * Follows the System V gABI, chapters "ELF Header" to "Relocation".  It knows nothing of BPF: who
 * opens a view says which machine is expected.  Everything that a view hands out has been checked
 * when the view was opened or is checked when it is read; names are NUL-terminated and at most
 * ELF_NAME_MAX long, and the sections together are no larger than the file, so that whoever works
 * through all sections, symbols and names does work in proportion to the file. */
#ifndef SKEP_SRC_ELF_ELF_H
#define SKEP_SRC_ELF_ELF_H

#include "base/base.h"

#define ELF_NAME_MAX 4096u

/* e_type */
#define ELF_ET_REL 1u

/* sh_type */
#define ELF_SHT_NULL 0u
#define ELF_SHT_PROGBITS 1u
#define ELF_SHT_SYMTAB 2u
#define ELF_SHT_STRTAB 3u
#define ELF_SHT_RELA 4u
#define ELF_SHT_NOBITS 8u
#define ELF_SHT_REL 9u
#define ELF_SHT_SYMTAB_SHNDX 18u

/* sh_flags */
#define ELF_SHF_WRITE 1u
#define ELF_SHF_ALLOC 2u
#define ELF_SHF_EXECINSTR 4u

/* Symbol types and bindings. */
#define ELF_STT_NOTYPE 0u
#define ELF_STT_OBJECT 1u
#define ELF_STT_FUNC 2u
#define ELF_STT_SECTION 3u
#define ELF_STT_FILE 4u
#define ELF_STB_LOCAL 0u
#define ELF_STB_GLOBAL 1u
#define ELF_STB_WEAK 2u
#define ELF_STV_HIDDEN 2u

/* Where a symbol is that lies in no section.  Other values are positions in elf.sections. */
#define ELF_UNDEF 0u
#define ELF_ABS 0xfffffff1u
#define ELF_COMMON 0xfffffff2u

struct elf_section {
    const char *name;
    const u8 *data; /* size bytes; NULL for NOBITS */
    u64 flags, offset, size, entsize, align;
    u32 type, link, info;
};

struct elf_symbol {
    const char *name;
    u64 value, size;
    u32 section; /* < n_sections, or ELF_ABS, ELF_COMMON */
    u8 type, bind, visibility;
};

struct elf_reloc {
    u64 offset; /* in the section that is relocated */
    s64 addend;
    u32 symbol; /* < n_symbols */
    u32 type;
    bool has_addend; /* RELA; for REL the addend lies in the relocated field */
};

/* A view; the bytes belong to the caller and must outlive it. */
struct elf {
    const u8 *data;
    u64 size;
    struct elf_section *sections;
    u32 n_sections;
    u32 n_symbols;
    u32 symtab; /* position of the symbol table, 0: none */
    u32 symtab_shndx;
    u16 type, machine;
    u32 flags;
    bool big_endian;
};

/* Checks the whole file and fills *out; sections come from the arena.  SKEP_MALFORMED names the
 * section and the offset; SKEP_UNSUPPORTED when it is another machine or another class than ELF64.
 */
skep_status elf_open(struct elf *out, struct arena *arena, const void *data, u64 size, u16 machine,
                     skep_error *err);

/* i < n_symbols. */
struct elf_symbol elf_symbol(const struct elf *elf, u32 i);

/* How many relocations a REL or RELA section has, 0 for others. */
u32 elf_n_relocs(const struct elf *elf, u32 section);
/* The i-th.  SKEP_MALFORMED when its symbol or offset does not exist. */
skep_status elf_reloc(const struct elf *elf, u32 section, u32 i, struct elf_reloc *out,
                      skep_error *err);

/* The first section of that name; 0: none. */
u32 elf_find_section(const struct elf *elf, const char *name);

/* Whether a symbol's section is one of the file's. */
static inline bool elf_symbol_is_defined(const struct elf_symbol *symbol)
{
    return symbol->section != ELF_UNDEF && symbol->section < ELF_ABS;
}

/* Finds the next relocatable ELF64 file for a machine that lies inside other bytes (skeletons embed
 * objects in programs), from an offset on.  false: no more. */
bool elf_find_embedded(const void *data, u64 size, u16 machine, u64 from, u64 *offset,
                       u64 *object_size);

#endif
