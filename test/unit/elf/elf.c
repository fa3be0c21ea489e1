/* The view of ELF files: what it opens, what it refuses, and what it costs. */
#include "elf/elf.h"

#include "support/samples.h"
#include "support/unit.h"

#include <stdlib.h>

struct opened {
    struct mem mem;
    struct arena arena;
    struct elf elf;
    skep_error err;
    u8 *file; /* exactly as large as the file, so that a sanitizer sees what is read past it */
    size_t size;
};

static skep_status open_bytes(struct opened *o, const u8 *bytes, size_t size)
{
    *o = (struct opened){ .size = size, .file = malloc(size ? size : 1) };
    assert_non_null(o->file);
    if (size)
        memcpy(o->file, bytes, size);
    mem_init(&o->mem, NULL, 0);
    arena_init(&o->arena, &o->mem);
    return elf_open(&o->elf, &o->arena, o->file, size, 247, &o->err);
}

static void close_opened(struct opened *o)
{
    arena_drop(&o->arena);
    assert_int_equal(o->mem.used, 0);
    free(o->file);
}

/* Reads all that a view offers. */
static u64 read_all(const struct elf *elf)
{
    u64 sum = 0;
    for (u32 i = 0; i < elf->n_symbols; i++)
        sum += strlen(elf_symbol(elf, i).name) + elf_symbol(elf, i).value;
    for (u32 i = 0; i < elf->n_sections; i++) {
        const struct elf_section *s = &elf->sections[i];
        sum += strlen(s->name);
        for (u64 k = 0; s->data && k < s->size; k++)
            sum += s->data[k];
        for (u32 k = 0; k < elf_n_relocs(elf, i); k++) {
            struct elf_reloc r;
            if (elf_reloc(elf, i, k, &r, NULL) == SKEP_OK)
                sum += elf->sections[s->info].size - r.offset + elf_symbol(elf, r.symbol).size;
        }
    }
    return sum;
}

static void expect_refused(const u8 *bytes, size_t size, const char *id)
{
    struct opened o;
    assert_int_not_equal(open_bytes(&o, bytes, size), SKEP_OK);
    assert_string_equal(skep_error_id(&o.err), id);
    close_opened(&o);
}

static void sees_sections_symbols_and_relocations(bool big_endian, bool rela)
{
    size_t size;
    u8 *file = sample_object(big_endian, rela, &size);
    struct opened o;
    assert_int_equal(open_bytes(&o, file, size), SKEP_OK);
    assert_int_equal(o.elf.big_endian, big_endian);
    u32 rodata = elf_find_section(&o.elf, ".rodata");
    assert_int_equal(o.elf.sections[rodata].size, 8);
    assert_int_equal(o.elf.sections[rodata].data[3], 4);
    u32 bss = elf_find_section(&o.elf, ".bss");
    assert_int_equal(o.elf.sections[bss].size, 4096);
    assert_null(o.elf.sections[bss].data);
    assert_int_equal(elf_find_section(&o.elf, "nowhere"), 0);
    struct elf_symbol limit = elf_symbol(&o.elf, 4);
    assert_string_equal(limit.name, "limit");
    assert_int_equal(limit.section, rodata);
    assert_int_equal(limit.value, 4);
    assert_int_equal(limit.type, ELF_STT_OBJECT);
    assert_int_equal(limit.bind, ELF_STB_LOCAL);
    u32 rel = elf_find_section(&o.elf, rela ? ".rela" : ".rel");
    struct elf_reloc r;
    assert_int_equal(elf_n_relocs(&o.elf, rel), 14);
    assert_int_equal(elf_reloc(&o.elf, rel, 2, &r, &o.err), SKEP_OK);
    assert_int_equal(r.offset, 32);
    assert_int_equal(r.type, 1);
    assert_int_equal(r.addend, rela ? 4 : 0);
    assert_int_equal(r.has_addend, rela);
    close_opened(&o);
    free(file);
}

TEST(opens_both_byte_orders_and_both_relocation_forms)
{
    for (int i = 0; i < 4; i++)
        sees_sections_symbols_and_relocations(i & 1, i & 2);
}

TEST(survives_every_truncation)
{
    size_t size;
    u8 *file = sample_object(false, false, &size);
    for (size_t n = 0; n < size; n++) {
        struct opened o;
        if (open_bytes(&o, file, n) == SKEP_OK)
            read_all(&o.elf);
        else
            assert_string_not_equal(skep_error_id(&o.err), "");
        close_opened(&o);
    }
    free(file);
}

TEST(survives_random_changes_within_bounded_memory)
{
    size_t size;
    u8 *file = sample_object(true, true, &size), *changed = malloc(size);
    u64 random = 1;
    u32 opened = 0;
    for (int round = 0; round < 3000; round++) {
        memcpy(changed, file, size);
        for (int k = 0; k <= round % 4; k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            changed[(random >> 33) % size] = (u8)(random >> 20);
        }
        struct opened o;
        if (open_bytes(&o, changed, size) == SKEP_OK) {
            read_all(&o.elf);
            opened++;
        }
        assert_true(o.mem.peak <= 4 * size + 65536);
        close_opened(&o);
    }
    assert_true(opened > 100);
    free(changed);
    free(file);
}

/* One field of the file header with a value that it must not have. */
struct bad_field {
    u32 offset, width;
    u64 value;
    const char *id;
};

TEST(refuses_file_headers_that_lie)
{
    static const struct bad_field rows[] = {
        { 0, 1, 'x', "elf-bad-magic" },
        { 4, 1, 1, "elf-bad-class" },
        { 5, 1, 3, "elf-bad-class" },
        { 6, 1, 0, "elf-bad-class" },
        { 16, 2, 2, "elf-not-relocatable" },
        { 18, 2, 62, "elf-wrong-machine" },
        { 40, 8, UINT64_MAX - 63, "elf-headers-outside-file" },
        { 40, 8, 1u << 30, "elf-headers-outside-file" },
        { 58, 2, 40, "elf-headers-outside-file" },
        { 60, 2, 0xfeff, "elf-headers-outside-file" },
        { 62, 2, 0xfe, "elf-bad-string-table" },
        { 62, 2, 0, "elf-bad-string-table" },
    };
    size_t size;
    for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
        u8 *file = sample_object(false, false, &size);
        for (u32 k = 0; k < rows[i].width; k++)
            file[rows[i].offset + k] = (u8)(rows[i].value >> 8 * k);
        expect_refused(file, size, rows[i].id);
        free(file);
    }
}

/* Section headers
 * ---------------------------------------------------------------------------------- */

static u8 *header_of(u8 *file, u32 section)
{
    return file + load_u64(file + 40, false) + 64 * (u64)section;
}

static void refuses_with_header_word(u32 section, u32 offset, u64 value, const char *id)
{
    size_t size;
    u8 *file = sample_object(false, false, &size);
    store_u64(header_of(file, section) + offset, value, false);
    expect_refused(file, size, id);
    free(file);
}

TEST(refuses_section_headers_that_lie)
{
    refuses_with_header_word(3, 24, UINT64_MAX, "elf-section-outside-file");
    refuses_with_header_word(3, 32, UINT64_MAX, "elf-section-outside-file");
    refuses_with_header_word(2, 32, 25, "elf-bad-table-size");  /* .symtab */
    refuses_with_header_word(2, 56, 16, "elf-bad-table-size");  /* its entry size */
    refuses_with_header_word(2, 40, 3, "elf-bad-string-table"); /* its link */
    refuses_with_header_word(1, 32, 9, "elf-bad-section-name"); /* .strtab cut short */
    refuses_with_header_word(1, 32, 8, "elf-bad-string-table");
    refuses_with_header_word(15, 40, 3, "elf-bad-relocation-link");
    refuses_with_header_word(15, 44, 400, "elf-bad-relocation-link");
}

TEST(refuses_sections_that_overlap)
{
    size_t size;
    u8 *file = sample_object(false, false, &size);
    for (u32 section = 8; section < 12; section++) {
        store_u64(header_of(file, section) + 24, 0, false);
        store_u64(header_of(file, section) + 32, size, false);
    }
    expect_refused(file, size, "elf-sections-overlap");
    free(file);
}

TEST(refuses_a_second_symbol_table)
{
    size_t size;
    u8 *file = sample_object(false, false, &size);
    memcpy(header_of(file, 8) + 4, (const u8[4]){ 2 }, 4);
    expect_refused(file, size, "elf-two-symbol-tables");
    free(file);
}

TEST(refuses_names_longer_than_the_limit)
{
    struct elf_build b;
    size_t size;
    char *name = malloc(ELF_NAME_MAX + 2);
    memset(name, 'n', ELF_NAME_MAX + 1);
    name[ELF_NAME_MAX + 1] = 0;
    elf_build_init(&b, false);
    elf_build_section(&b, name, 1, 0, "", 0);
    u8 *file = elf_build_finish(&b, &size);
    expect_refused(file, size, "elf-bad-section-name");
    free(file);
    elf_build_init(&b, false);
    elf_build_section(&b, name + 1, 1, 0, "", 0);
    elf_build_symbol(&b, name, 1, 0, 1, 0, 0);
    file = elf_build_finish(&b, &size);
    expect_refused(file, size, "elf-bad-symbol-name");
    free(file);
    free(name);
}

/* Symbols and relocations
 * -------------------------------------------------------------------------- */

TEST(follows_extended_section_numbers)
{
    struct elf_build b;
    size_t size;
    elf_build_init(&b, true);
    u32 data = elf_build_section(&b, ".data", 1, 3, "12345678", 8);
    elf_build_symbol(&b, "far", 1, 1, 0xffff, 2, 1);
    elf_build_symbol(&b, "absolute", 1, 1, 0xfff1, 7, 0);
    elf_build_symbol(&b, "common", 1, 1, 0xfff2, 8, 0);
    u32 table = elf_build_section(&b, ".symtab_shndx", ELF_SHT_SYMTAB_SHNDX, 0, "", 0);
    b.sections[table].link = 2;
    out_words(elf_build_content(&b, table), (const u32[]){ 0, data, 0, 0 }, 4);
    u8 *file = elf_build_finish(&b, &size);
    struct opened o;
    assert_int_equal(open_bytes(&o, file, size), SKEP_OK);
    assert_int_equal(elf_symbol(&o.elf, 1).section, data);
    assert_int_equal(elf_symbol(&o.elf, 2).section, ELF_ABS);
    assert_int_equal(elf_symbol(&o.elf, 3).section, ELF_COMMON);
    struct elf_symbol far = elf_symbol(&o.elf, 1), absolute = elf_symbol(&o.elf, 2);
    assert_true(elf_symbol_is_defined(&far));
    assert_false(elf_symbol_is_defined(&absolute));
    close_opened(&o);
    free(file);
}

TEST(refuses_symbols_in_sections_that_do_not_exist)
{
    static const u16 sections[] = { 100, 0xff00, 0xffff };
    for (u32 i = 0; i < ARRAY_LEN(sections); i++) {
        struct elf_build b;
        size_t size;
        elf_build_init(&b, false);
        elf_build_symbol(&b, "lost", 1, 1, sections[i], 0, 0);
        u8 *file = elf_build_finish(&b, &size);
        expect_refused(file, size, "elf-bad-symbol-section");
        free(file);
    }
}

TEST(refuses_relocations_of_what_does_not_exist)
{
    struct elf_build b;
    struct opened o;
    struct elf_reloc r;
    size_t size;
    elf_build_init(&b, false);
    u32 data = elf_build_section(&b, ".data", 1, 3, "12345678", 8);
    elf_build_reloc(&b, data, 8, 2, 0, 0);
    elf_build_reloc(&b, data, 0, 2, 9, 0);
    elf_build_reloc(&b, data, 7, 2, 0, 0);
    u8 *file = elf_build_finish(&b, &size);
    assert_int_equal(open_bytes(&o, file, size), SKEP_OK);
    assert_int_equal(elf_n_relocs(&o.elf, data), 0);
    assert_int_equal(elf_reloc(&o.elf, data + 1, 0, &r, &o.err), SKEP_MALFORMED);
    assert_string_equal(skep_error_id(&o.err), "elf-bad-relocation-offset");
    o.err = (skep_error){ 0 };
    assert_int_equal(elf_reloc(&o.elf, data + 1, 1, &r, &o.err), SKEP_MALFORMED);
    assert_string_equal(skep_error_id(&o.err), "elf-bad-relocation-symbol");
    assert_int_equal(elf_reloc(&o.elf, data + 1, 2, &r, &o.err), SKEP_OK);
    close_opened(&o);
    free(file);
}

/* Files inside files
 * ------------------------------------------------------------------------------- */

TEST(finds_objects_inside_other_bytes)
{
    size_t size[2];
    u8 *first = sample_object(false, false, &size[0]),
       *second = sample_object(true, true, &size[1]);
    struct out_bytes all = { 0 };
    out_string(&all, "skeleton \177ELF not really");
    u64 at[2] = { all.size, 0 }, offset, found;
    out_copy(&all, first, size[0]);
    out_string(&all, "\177ELF");
    at[1] = all.size;
    out_copy(&all, second, size[1]);
    out_string(&all, "and so on");
    assert_true(elf_find_embedded(all.data, all.size, 247, 0, &offset, &found));
    assert_int_equal(offset, at[0]);
    assert_int_equal(found, size[0]);
    assert_true(elf_find_embedded(all.data, all.size, 247, offset + found, &offset, &found));
    assert_int_equal(offset, at[1]);
    assert_int_equal(found, size[1]);
    assert_false(elf_find_embedded(all.data, all.size, 247, offset + found, &offset, &found));
    assert_false(elf_find_embedded(all.data, all.size, 62, 0, &offset, &found));
    out_free(&all);
    free(first);
    free(second);
}

TEST(reports_exhausted_memory)
{
    size_t size;
    u8 *file = sample_object(false, false, &size);
    struct mem mem;
    struct arena arena;
    struct elf elf;
    mem_init(&mem, NULL, 64);
    arena_init(&arena, &mem);
    assert_int_equal(elf_open(&elf, &arena, file, size, 247, NULL), SKEP_NOMEM);
    arena_drop(&arena);
    free(file);
}

UNIT_TESTS(UNIT(opens_both_byte_orders_and_both_relocation_forms), UNIT(survives_every_truncation),
           UNIT(survives_random_changes_within_bounded_memory), UNIT(refuses_file_headers_that_lie),
           UNIT(refuses_section_headers_that_lie), UNIT(refuses_sections_that_overlap),
           UNIT(refuses_a_second_symbol_table), UNIT(refuses_names_longer_than_the_limit),
           UNIT(follows_extended_section_numbers),
           UNIT(refuses_symbols_in_sections_that_do_not_exist),
           UNIT(refuses_relocations_of_what_does_not_exist), UNIT(finds_objects_inside_other_bytes),
           UNIT(reports_exhausted_memory))
