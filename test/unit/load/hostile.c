/* Objects that lie: truncated, changed at random, and made to cost more than they are. */
#include "btf/btf.h"
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
    if (l.mem.peak > 32 * size + (1u << 20))
        fail_msg("%zu bytes of memory for a file of %zu", (size_t)l.mem.peak, size);
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

/* Every slot a call of the next, and so a function without a symbol, in a section of a long name:
 * the most that eight bytes of a file can make. */
TEST(a_function_in_every_slot_costs_its_size)
{
    enum { MANY = 40000 };
    static const char name[] = "xdp/a_name_that_each_function_of_the_section_would_repeat_whole";
    struct elf_build b;
    elf_build_init(&b, false);
    u32 code = elf_build_section(&b, name, 1, 6, "", 0);
    for (u32 i = 0; i < MANY; i++)
        out_copy(elf_build_content(&b, code), "\205\20\0\0\0\0\0\0", 8);
    out_copy(elf_build_content(&b, code), "\225\0\0\0\0\0\0\0", 8);
    expect_bounded(&b, SKEP_OK);
}

/* Maps of maps that share one type: a variable, an entry and eight bytes of the section each. */
TEST(many_maps_of_one_type_cost_their_size)
{
    enum { INT = 1, NUM, NUM_PTR, INNER, INNER_PTR, VALUES, OUTER, MANY = 20000 };
    struct btf_build types;
    struct elf_build b;
    struct out_bytes blob;
    btf_build_init(&types, false);
    u32 type = btf_build_name(&types, "type"), values = btf_build_name(&types, "values");
    u32 name = btf_build_name(&types, "a_name_that_all_of_the_maps_have_in_common");
    BTF_BUILD(&types, BTF_INT, "int", 0, 4, 32);
    BTF_BUILD(&types, BTF_ARRAY, "", 0, 0, INT, INT, 12);
    BTF_BUILD_PLAIN(&types, BTF_PTR, "", 0, NUM);
    BTF_BUILD(&types, BTF_STRUCT, "", 1, 8, type, NUM_PTR, 0);
    BTF_BUILD_PLAIN(&types, BTF_PTR, "", 0, INNER);
    BTF_BUILD(&types, BTF_ARRAY, "", 0, 0, INNER_PTR, INT, 0);
    BTF_BUILD(&types, BTF_STRUCT, "", 2, 8, type, NUM_PTR, 0, values, VALUES, 64);
    for (u32 i = 0; i < MANY; i++)
        out_words(&types.types, (const u32[]){ name, (u32)BTF_VAR << 24, OUTER, BTF_GLOBAL }, 4);
    out_words(&types.types,
              (const u32[]){ btf_build_name(&types, ".maps"), (u32)BTF_DATASEC << 24 | MANY, 0 },
              3);
    for (u32 i = 0; i < MANY; i++)
        out_words(&types.types, (const u32[]){ OUTER + 1 + i, 8 * i, 8 }, 3);
    btf_build_finish(&types, &blob);
    elf_build_init(&b, false);
    u8 *zeros = calloc(MANY, 8);
    elf_build_section(&b, ".maps", 1, 3, zeros, (size_t)MANY * 8);
    elf_build_section(&b, ".BTF", 1, 0, blob.data, blob.size);
    expect_bounded(&b, SKEP_OK);
    free(zeros);
    out_free(&blob);
}

UNIT_TESTS(UNIT(survives_every_truncation), UNIT(survives_random_changes),
           UNIT(reports_exhausted_memory_wherever_it_happens),
           UNIT(a_hundred_thousand_equal_symbols_cost_their_size),
           UNIT(a_large_zero_section_costs_nothing), UNIT(many_functions_cost_their_size),
           UNIT(a_function_in_every_slot_costs_its_size),
           UNIT(many_maps_of_one_type_cost_their_size))
