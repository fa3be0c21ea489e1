/* Opening a view of an ELF64 file: header, section headers, names, symbol table.
 *
 * gABI "ELF Header", "Sections", "String Table", "Symbol Table".  Nothing is read before it is
 * known to lie inside the file. */
#include "elf/elf.h"

/* clang-format off */
#define ELF_EHDR_SIZE     64u
#define ELF_SHDR_SIZE     64u
#define ELF_SYM_SIZE      24u
#define ELF_REL_SIZE      16u
#define ELF_RELA_SIZE     24u
#define ELF_CLASS_64      2u
#define ELF_DATA_LITTLE   1u
#define ELF_DATA_BIG      2u
#define ELF_SHN_LORESERVE 0xff00u
#define ELF_SHN_ABS       0xfff1u
#define ELF_SHN_COMMON    0xfff2u
#define ELF_SHN_XINDEX    0xffffu
/* clang-format on */

/* What the file header says about the section headers. */
struct elf_header {
    u64 shoff;
    u32 shnum, shstrndx;
    u16 type, machine, ehsize, shentsize;
    u32 flags;
    bool big_endian;
};

static bool elf_has_magic(const u8 *data, u64 size)
{
    return size >= ELF_EHDR_SIZE && !memcmp(data, "\177ELF", 4);
}

static bool elf_order_known(u8 ei_data)
{
    return ei_data == ELF_DATA_LITTLE || ei_data == ELF_DATA_BIG;
}

/* Requires: size ≥ ELF_EHDR_SIZE. */
static struct elf_header elf_header_read(const u8 *p)
{
    bool big = p[5] == ELF_DATA_BIG;
    return (struct elf_header){
        .type = load_u16(p + 16, big),
        .machine = load_u16(p + 18, big),
        .shoff = load_u64(p + 40, big),
        .flags = load_u32(p + 48, big),
        .ehsize = load_u16(p + 52, big),
        .shentsize = load_u16(p + 58, big),
        .shnum = load_u16(p + 60, big),
        .shstrndx = load_u16(p + 62, big),
        .big_endian = big,
    };
}

/* Name and data are filled in when they have been checked. */
static struct elf_section elf_section_read(const u8 *p, bool big)
{
    return (struct elf_section){
        .name = "",
        .type = load_u32(p + 4, big),
        .flags = load_u64(p + 8, big),
        .offset = load_u64(p + 24, big),
        .size = load_u64(p + 32, big),
        .link = load_u32(p + 40, big),
        .info = load_u32(p + 44, big),
        .align = load_u64(p + 48, big),
        .entsize = load_u64(p + 56, big),
    };
}

static bool elf_range_ok(u64 offset, u64 count, u64 item, u64 size)
{
    u64 bytes, end;
    return mul_ok(count, item, &bytes) && add_ok(offset, bytes, &end) && end <= size;
}

/* Counts that do not fit into the file header stand in the first section header. */
static void elf_header_extend(struct elf_header *h, const u8 *data)
{
    struct elf_section first = elf_section_read(data + h->shoff, h->big_endian);
    if (!h->shnum)
        h->shnum = (u32)min_u64(first.size, UINT32_MAX);
    if (h->shstrndx == ELF_SHN_XINDEX)
        h->shstrndx = first.link;
}

static skep_status elf_check_header(struct elf_header *h, const u8 *data, u64 size, u16 machine,
                                    skep_error *err)
{
    if (!elf_has_magic(data, size))
        return RAISE(err, SKEP_MALFORMED, ELF_MAGIC, NUM(size));
    if (data[4] != ELF_CLASS_64 || !elf_order_known(data[5]) || data[6] != 1)
        return RAISE(err, SKEP_UNSUPPORTED, ELF_CLASS, NUM(data[4]), NUM(data[5]), NUM(data[6]));
    *h = elf_header_read(data);
    if (h->machine != machine)
        return RAISE(err, SKEP_UNSUPPORTED, ELF_MACHINE, NUM(h->machine), NUM(machine));
    if (h->type != ELF_ET_REL)
        return RAISE(err, SKEP_UNSUPPORTED, ELF_TYPE, NUM(h->type));
    if (h->shentsize != ELF_SHDR_SIZE || !elf_range_ok(h->shoff, 1, ELF_SHDR_SIZE, size))
        return RAISE(err, SKEP_MALFORMED, ELF_HEADERS, NUM(h->shoff), NUM(h->shnum), NUM(size));
    elf_header_extend(h, data);
    if (!h->shnum || !elf_range_ok(h->shoff, h->shnum, ELF_SHDR_SIZE, size))
        return RAISE(err, SKEP_MALFORMED, ELF_HEADERS, NUM(h->shoff), NUM(h->shnum), NUM(size));
    return SKEP_OK;
}

/* Sections ---------------------------------------------------------------------------------- */

static bool elf_has_content(const struct elf_section *s)
{
    return s->type != ELF_SHT_NOBITS && s->type != ELF_SHT_NULL;
}

static skep_status elf_place_section(const struct elf *elf, struct elf_section *s, skep_error *err)
{
    if (!elf_range_ok(s->offset, s->size, 1, elf->size))
        return RAISE(err, SKEP_MALFORMED, ELF_SECTION_RANGE, STR(s->name), NUM(s - elf->sections),
                     NUM(s->offset), NUM(s->size), NUM(elf->size));
    s->data = elf->data + s->offset;
    return SKEP_OK;
}

/* Every section lies inside the file; together they are no larger than the file, since sections
 * that overlap would make the work larger than the file. */
static skep_status elf_place_sections(const struct elf *elf, skep_error *err)
{
    u64 total = 0;
    for (u32 i = 0; i < elf->n_sections; i++) {
        struct elf_section *s = &elf->sections[i];
        if (!elf_has_content(s))
            continue;
        TRY(elf_place_section(elf, s, err));
        total += s->size; /* cannot overflow: the first excess leaves the loop */
        if (total > elf->size)
            return RAISE(err, SKEP_MALFORMED, ELF_SECTION_OVERLAP, STR(s->name), NUM(i),
                         NUM(s->offset));
    }
    return SKEP_OK;
}

/* A string table that ends in NUL: then every offset inside it begins a terminated string. */
static bool elf_is_strtab(const struct elf *elf, u32 i)
{
    if (i >= elf->n_sections || elf->sections[i].type != ELF_SHT_STRTAB)
        return false;
    const struct elf_section *s = &elf->sections[i];
    return s->size && !s->data[s->size - 1];
}

/* NULL when the name lies outside or is too long. */
static const char *elf_name_at(const struct elf_section *strtab, u32 offset)
{
    if (offset >= strtab->size)
        return NULL;
    u64 room = min_u64(strtab->size - offset, (u64)ELF_NAME_MAX + 1);
    const char *name = (const char *)strtab->data + offset;
    return memchr(name, 0, room) ? name : NULL;
}

static skep_status elf_name_sections(const struct elf *elf, u64 shoff, u32 shstrndx,
                                     skep_error *err)
{
    if (shstrndx < elf->n_sections && elf_has_content(&elf->sections[shstrndx]))
        TRY(elf_place_section(elf, &elf->sections[shstrndx], err));
    if (!elf_is_strtab(elf, shstrndx))
        return RAISE(err, SKEP_MALFORMED, ELF_STRTAB, NUM(shstrndx), STR("the section names"));
    for (u32 i = 0; i < elf->n_sections; i++) {
        u32 offset = load_u32(elf->data + shoff + (u64)i * ELF_SHDR_SIZE, elf->big_endian);
        const char *name = elf_name_at(&elf->sections[shstrndx], offset);
        if (!name)
            return RAISE(err, SKEP_MALFORMED, ELF_SECTION_NAME, NUM(i), NUM(offset));
        elf->sections[i].name = name;
    }
    return SKEP_OK;
}

/* Symbols ------------------------------------------------------------------------------------ */

static skep_status elf_check_table(const struct elf_section *s, u64 entry, skep_error *err)
{
    if (s->size % entry || (s->entsize && s->entsize != entry) || s->size / entry > UINT32_MAX)
        return RAISE(err, SKEP_MALFORMED, ELF_TABLE, STR(s->name), NUM(s->size), NUM(entry));
    return SKEP_OK;
}

/* One symbol table per file (gABI); the extended section numbers that belong to it, if any. */
static skep_status elf_find_symtab(struct elf *elf, skep_error *err)
{
    for (u32 i = 1; i < elf->n_sections; i++) {
        const struct elf_section *s = &elf->sections[i];
        if (s->type == ELF_SHT_SYMTAB_SHNDX)
            elf->symtab_shndx = i;
        if (s->type != ELF_SHT_SYMTAB)
            continue;
        if (elf->symtab)
            return RAISE(err, SKEP_MALFORMED, ELF_SYMTAB_TWICE, NUM(elf->symtab), NUM(i));
        TRY(elf_check_table(s, ELF_SYM_SIZE, err));
        if (!elf_is_strtab(elf, s->link))
            return RAISE(err, SKEP_MALFORMED, ELF_STRTAB, NUM(s->link), STR(s->name));
        elf->symtab = i;
        elf->n_symbols = (u32)(s->size / ELF_SYM_SIZE);
    }
    return SKEP_OK;
}

static u32 elf_extended_section(const struct elf *elf, u32 symbol)
{
    const struct elf_section *s = &elf->sections[elf->symtab_shndx];
    if (!elf->symtab_shndx || s->link != elf->symtab || s->size / 4 <= symbol)
        return UINT32_MAX;
    return load_u32(s->data + (u64)symbol * 4, elf->big_endian);
}

/* The section of a symbol as elf.h has it; a reserved number that it does not name is UINT32_MAX.
 */
static u32 elf_symbol_section(const struct elf *elf, u32 symbol, u16 shndx)
{
    if (shndx < ELF_SHN_LORESERVE)
        return shndx;
    if (shndx == ELF_SHN_XINDEX)
        return elf_extended_section(elf, symbol);
    if (shndx == ELF_SHN_ABS)
        return ELF_ABS;
    return shndx == ELF_SHN_COMMON ? ELF_COMMON : UINT32_MAX;
}

/* The name may be NULL and the section UINT32_MAX here; elf_open refuses such symbols. */
static struct elf_symbol elf_symbol_read(const struct elf *elf, u32 i)
{
    const struct elf_section *table = &elf->sections[elf->symtab];
    const u8 *p = table->data + (u64)i * ELF_SYM_SIZE;
    bool big = elf->big_endian;
    return (struct elf_symbol){
        .name = elf_name_at(&elf->sections[table->link], load_u32(p, big)),
        .type = p[4] & 0xf,
        .bind = p[4] >> 4,
        .visibility = p[5] & 3,
        .section = elf_symbol_section(elf, i, load_u16(p + 6, big)),
        .value = load_u64(p + 8, big),
        .size = load_u64(p + 16, big),
    };
}

/* What value and size mean is for the reader of the symbol to judge: producers leave odd ones in
 * symbols that nobody refers to. */
static skep_status elf_check_symbols(const struct elf *elf, skep_error *err)
{
    for (u32 i = 0; i < elf->n_symbols; i++) {
        struct elf_symbol symbol = elf_symbol_read(elf, i);
        if (!symbol.name)
            return RAISE(err, SKEP_MALFORMED, ELF_SYMBOL_NAME, NUM(i));
        if (symbol.section >= elf->n_sections && symbol.section != ELF_ABS &&
            symbol.section != ELF_COMMON)
            return RAISE(err, SKEP_MALFORMED, ELF_SYMBOL_SECTION, STR(symbol.name), NUM(i));
    }
    return SKEP_OK;
}

struct elf_symbol elf_symbol(const struct elf *elf, u32 i)
{
    assert(i < elf->n_symbols);
    return elf_symbol_read(elf, i);
}

/* Relocations -------------------------------------------------------------------------------- */

static u64 elf_reloc_size(const struct elf_section *s)
{
    return s->type == ELF_SHT_REL ? ELF_REL_SIZE : s->type == ELF_SHT_RELA ? ELF_RELA_SIZE : 0;
}

static skep_status elf_check_reloc_sections(const struct elf *elf, skep_error *err)
{
    for (u32 i = 1; i < elf->n_sections; i++) {
        const struct elf_section *s = &elf->sections[i];
        if (!elf_reloc_size(s))
            continue;
        TRY(elf_check_table(s, elf_reloc_size(s), err));
        if (s->size && (s->info >= elf->n_sections || !elf->symtab || s->link != elf->symtab))
            return RAISE(err, SKEP_MALFORMED, ELF_RELOC_LINK, STR(s->name), NUM(s->link),
                         NUM(s->info));
    }
    return SKEP_OK;
}

u32 elf_n_relocs(const struct elf *elf, u32 section)
{
    const struct elf_section *s = &elf->sections[section];
    u64 entry = elf_reloc_size(s);
    return entry ? (u32)(s->size / entry) : 0;
}

skep_status elf_reloc(const struct elf *elf, u32 section, u32 i, struct elf_reloc *out,
                      skep_error *err)
{
    assert(i < elf_n_relocs(elf, section));
    const struct elf_section *s = &elf->sections[section];
    const struct elf_section *target = &elf->sections[s->info];
    const u8 *p = s->data + (u64)i * elf_reloc_size(s);
    bool big = elf->big_endian, has_addend = s->type == ELF_SHT_RELA;
    u64 info = load_u64(p + 8, big);
    struct elf_reloc reloc = {
        .offset = load_u64(p, big),
        .symbol = (u32)(info >> 32),
        .type = (u32)info,
        .addend = has_addend ? (s64)load_u64(p + 16, big) : 0,
        .has_addend = has_addend,
    };
    if (reloc.symbol >= elf->n_symbols)
        return RAISE(err, SKEP_MALFORMED, ELF_RELOC_SYMBOL, STR(s->name), NUM(i),
                     NUM(reloc.symbol));
    if (reloc.offset >= target->size)
        return RAISE(err, SKEP_MALFORMED, ELF_RELOC_OFFSET, STR(s->name), NUM(i), NUM(reloc.offset),
                     STR(target->name));
    *out = reloc;
    return SKEP_OK;
}

/* --------------------------------------------------------------------------------------------- */

u32 elf_find_section(const struct elf *elf, const char *name)
{
    for (u32 i = 1; i < elf->n_sections; i++)
        if (!strcmp(elf->sections[i].name, name))
            return i;
    return 0;
}

skep_status elf_open(struct elf *out, struct arena *arena, const void *data, u64 size, u16 machine,
                     skep_error *err)
{
    struct elf_header h;
    TRY(elf_check_header(&h, data, size, machine, err));
    struct elf elf = {
        .data = data,
        .size = size,
        .n_sections = h.shnum,
        .type = h.type,
        .machine = h.machine,
        .flags = h.flags,
        .big_endian = h.big_endian,
        .sections = arena_array(arena, struct elf_section, h.shnum),
    };
    if (!elf.sections)
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("ELF sections"));
    for (u32 i = 0; i < h.shnum; i++)
        elf.sections[i] =
            elf_section_read(elf.data + h.shoff + (u64)i * ELF_SHDR_SIZE, h.big_endian);
    TRY(elf_name_sections(&elf, h.shoff, h.shstrndx, err));
    TRY(elf_place_sections(&elf, err));
    TRY(elf_find_symtab(&elf, err));
    TRY(elf_check_symbols(&elf, err));
    TRY(elf_check_reloc_sections(&elf, err));
    *out = elf;
    return SKEP_OK;
}

/* Embedded objects --------------------------------------------------------------------------- */

/* Where the file ends that begins at p: the last of section headers and section contents.  0 when
 * it is no relocatable file for the machine, or does not fit. */
static u64 elf_extent(const u8 *p, u64 size, u16 machine)
{
    struct elf_header h;
    if (elf_check_header(&h, p, size, machine, NULL) != SKEP_OK)
        return 0;
    u64 end = h.shoff + (u64)h.shnum * ELF_SHDR_SIZE;
    for (u32 i = 0; i < h.shnum; i++) {
        struct elf_section s = elf_section_read(p + h.shoff + (u64)i * ELF_SHDR_SIZE, h.big_endian);
        if (!elf_has_content(&s))
            continue;
        if (!elf_range_ok(s.offset, s.size, 1, size))
            return 0;
        end = max_u64(end, s.offset + s.size);
    }
    return end;
}

bool elf_find_embedded(const void *data, u64 size, u16 machine, u64 from, u64 *offset,
                       u64 *object_size)
{
    const u8 *bytes = data;
    while (from < size) {
        const u8 *hit = memchr(bytes + from, 0x7f, size - from);
        if (!hit)
            return false;
        from = (u64)(hit - bytes);
        u64 extent = elf_extent(hit, size - from, machine);
        if (extent) {
            *offset = from;
            *object_size = extent;
            return true;
        }
        from++;
    }
    return false;
}

#undef ELF_EHDR_SIZE
#undef ELF_SHDR_SIZE
#undef ELF_SYM_SIZE
#undef ELF_REL_SIZE
#undef ELF_RELA_SIZE
#undef ELF_CLASS_64
#undef ELF_DATA_LITTLE
#undef ELF_DATA_BIG
#undef ELF_SHN_LORESERVE
#undef ELF_SHN_ABS
#undef ELF_SHN_COMMON
#undef ELF_SHN_XINDEX
