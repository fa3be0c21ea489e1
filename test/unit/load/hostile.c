/* Objects that lie: truncated, changed at random, and made to cost more than they are. */
#include "support/loaded.h"

/* Links all programs and lists all that there is to list. */
static u32 use_all(struct loaded *l)
{
    u32 linked = 0;
    for (u32 i = 0; i < load_n_programs(l->object); i++) {
        struct arena arena;
        struct linked out;
        arena_init(&arena, &l->mem);
        linked += load_link(l->object, i, &arena, &out, NULL) == SKEP_OK;
        arena_drop(&arena);
    }
    load_print_relocs(l->object, &l->listing);
    text_drop(&l->listing);
    return linked;
}

TEST(survives_every_truncation)
{
    size_t size;
    u8 *file = sample_object(false, false, &size);
    for (size_t n = 0; n < size; n++) {
        struct loaded l;
        assert_int_not_equal(loaded_open(&l, file, n, NULL), SKEP_OK);
        assert_string_not_equal(skep_error_id(&l.err), "");
        loaded_close(&l);
    }
    free(file);
}

static void survives_changes(bool big_endian, bool rela, u64 random)
{
    size_t size;
    u8 *file = sample_object(big_endian, rela, &size), *changed = malloc(size);
    u32 opened = 0, linked = 0;
    for (int round = 0; round < 2500; round++) {
        struct loaded l;
        memcpy(changed, file, size);
        for (int k = 0; k <= round % 5; k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            changed[(random >> 33) % size] = (u8)(random >> 20);
        }
        if (loaded_open(&l, changed, size, NULL) == SKEP_OK) {
            opened++;
            assert_true(l.mem.peak <= 32 * size + (1u << 20));
            linked += use_all(&l);
        } else {
            assert_string_not_equal(skep_error_id(&l.err), "");
        }
        loaded_close(&l);
    }
    assert_true(opened > 200);
    assert_true(linked > 1000);
    free(changed);
    free(file);
}

TEST(survives_random_changes)
{
    survives_changes(false, false, 1);
    survives_changes(true, true, 2);
}

TEST(reports_exhausted_memory_wherever_it_happens)
{
    size_t size;
    u8 *file = sample_object(false, false, &size);
    u32 failed = 0;
    for (size_t limit = 100; limit < 200000; limit += limit / 16) {
        struct mem mem;
        struct object *object = NULL;
        skep_error err = { 0 };
        mem_init(&mem, NULL, limit);
        struct registry registry;
        registry_init(&registry, &mem);
        skep_status status = load_open(&mem, &registry, NULL, file, size, &object, &err);
        if (status != SKEP_OK) {
            assert_int_equal(status, SKEP_NOMEM);
            assert_string_equal(skep_error_id(&err), "out-of-memory");
            failed++;
        }
        load_close(object);
        registry_drop(&registry);
        assert_int_equal(mem.used, 0);
    }
    assert_true(failed > 10);
    free(file);
}

/* Costs
 * --------------------------------------------------------------------------------------------- */

/* Opens within the promised memory; what is not linear would run into the time limit of the test.
 */
static void expect_bounded(struct elf_build *b, skep_status expected)
{
    struct loaded l;
    size_t size;
    u8 *file = elf_build_finish(b, &size);
    assert_int_equal(loaded_open(&l, file, size, NULL), expected);
    assert_true(l.mem.peak <= 32 * size + (1u << 20));
    loaded_close(&l);
    free(file);
}

TEST(a_hundred_thousand_equal_symbols_cost_their_size)
{
    struct elf_build b;
    elf_build_init(&b, false);
    u32 code = elf_build_section(&b, "xdp", 1, 6, "\267\0\0\0\0\0\0\0\225\0\0\0\0\0\0\0", 16);
    u32 named = elf_build_symbol(&b, "same", 1, 2, code, 0, 8);
    u8 *first = b.symbols.data + 24 * (size_t)named;
    u8 copy[24];
    memcpy(copy, first, sizeof(copy));
    for (u32 i = 0; i < 100000; i++) {
        store_u64(copy + 8, 8 * (i % 2), false);
        out_copy(&b.symbols, copy, sizeof(copy));
    }
    store_u16(copy + 6, 0, false); /* undefined: externs */
    for (u32 i = 0; i < 100000; i++)
        out_copy(&b.symbols, copy, sizeof(copy));
    expect_bounded(&b, SKEP_OK);
}

TEST(a_large_zero_section_costs_nothing)
{
    struct elf_build b;
    elf_build_init(&b, false);
    elf_build_section(&b, ".bss", 8, 3, NULL, 1u << 30);
    expect_bounded(&b, SKEP_OK);
    elf_build_init(&b, false);
    elf_build_section(&b, ".bss", 8, 3, NULL, (size_t)1 << 40);
    expect_bounded(&b, SKEP_LIMIT);
}

/* Ten thousand functions that call one another. */
TEST(many_functions_cost_their_size)
{
    enum { MANY = 10000 };
    struct elf_build b;
    elf_build_init(&b, false);
    u32 text = elf_build_section(&b, ".text", 1, 6, "", 0);
    u32 xdp = elf_build_section(&b, "xdp", 1, 6, "", 0);
    struct out_bytes *out = elf_build_content(&b, xdp);
    out_copy(out, "\205\20\0\0\377\377\377\377\225\0\0\0\0\0\0\0", 16);
    u32 first = elf_build_symbol(&b, "f", 0, 2, text, 0, 16);
    elf_build_reloc(&b, xdp, 0, 10, first, 0);
    for (u32 i = 0; i < MANY; i++) { /* call the next one; exit */
        out = elf_build_content(&b, text);
        out_copy(out, "\205\20\0\0\1\0\0\0\225\0\0\0\0\0\0\0", 16);
    }
    out_copy(elf_build_content(&b, text), "\225\0\0\0\0\0\0\0", 8);
    size_t size;
    struct loaded l;
    u8 *file = elf_build_finish(&b, &size);
    assert_int_equal(loaded_open(&l, file, size, NULL), SKEP_OK);
    assert_true(l.mem.peak <= 32 * size + (1u << 20));
    assert_int_equal(loaded_link(&l, "xdp"), SKEP_OK);
    assert_int_equal(l.linked.code.n_funcs, MANY + 2);
    loaded_close(&l);
    free(file);
}

UNIT_TESTS(UNIT(survives_every_truncation), UNIT(survives_random_changes),
           UNIT(reports_exhausted_memory_wherever_it_happens),
           UNIT(a_hundred_thousand_equal_symbols_cost_their_size),
           UNIT(a_large_zero_section_costs_nothing), UNIT(many_functions_cost_their_size))
