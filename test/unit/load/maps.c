/* Declarations of maps: what is read from types and from definitions, and what is refused. */
#include "support/loaded.h"

static skep_status open_built(struct loaded *l, struct elf_build *b)
{
    size_t size;
    u8 *file = elf_build_finish(b, &size);
    skep_status status = loaded_open(l, file, size, NULL);
    free(file);
    return status;
}

static void expect_refused(struct elf_build *b, const char *id, const char *what)
{
    struct loaded l;
    char text[400];
    assert_int_not_equal(open_built(&l, b), SKEP_OK);
    assert_string_equal(skep_error_id(&l.err), id);
    skep_error_text(&l.err, text, sizeof(text));
    assert_non_null(strstr(text, what));
    loaded_close(&l);
}

/* Definitions
 * --------------------------------------------------------------------------------------- */

#define DEF_WORDS 16u

/* A section of definitions, each of `size` bytes. */
static struct elf_build with_definitions(const char *section, const u32 words[DEF_WORDS], u32 size)
{
    struct elf_build b;
    elf_build_init(&b, false);
    u32 maps = elf_build_section(&b, section, 1, 3, "", 0);
    out_words(elf_build_content(&b, maps), words, size / 4);
    return b;
}

static const u32 plain_hash[DEF_WORDS] = { 1, 4, 8, 16, 1 };

TEST(definitions_have_many_lengths)
{
    static const u32 sizes[] = { 16, 20, 24, 28, 32, 36, 64 };
    for (u32 i = 0; i < ARRAY_LEN(sizes); i++) {
        struct elf_build b = with_definitions("maps", plain_hash, sizes[i]);
        struct loaded l;
        elf_build_symbol(&b, "m", 1, 1, 3, 0, 0);
        assert_int_equal(open_built(&l, &b), SKEP_OK);
        const struct object_map *m = loaded_map(&l, "m");
        assert_int_equal(m->spec.value_size, 8);
        assert_int_equal(m->spec.max_entries, 16);
        assert_int_equal(m->spec.flags, sizes[i] > 16);
        loaded_close(&l);
    }
}

TEST(sections_of_definitions_have_three_names)
{
    static const char *const names[] = { "maps", "lirc_mode2/maps", "maps/m" };
    for (u32 i = 0; i < ARRAY_LEN(names); i++) {
        struct elf_build b = with_definitions(names[i], plain_hash, 20);
        struct loaded l;
        if (i < 2)
            elf_build_symbol(&b, "m", 1, 1, 3, 0, 20);
        assert_int_equal(open_built(&l, &b), SKEP_OK);
        assert_string_equal(loaded_map(&l, "m")->section, names[i]);
        loaded_close(&l);
    }
}

TEST(an_inner_map_is_named_by_position_or_by_id)
{
    static const u32 by_position[DEF_WORDS] = { 12, 4, 4, 2, 0, 1, 0, 1, 4, 8, 5, 0, 0, 0 };
    struct elf_build b = with_definitions("maps", by_position, 56);
    struct loaded l;
    elf_build_symbol(&b, "outer", 1, 1, 3, 0, 28);
    elf_build_symbol(&b, "inner", 1, 1, 3, 28, 28);
    assert_int_equal(open_built(&l, &b), SKEP_OK);
    assert_int_equal(loaded_map(&l, "outer")->inner, 1);
    assert_int_equal(loaded_map(&l, "outer")->spec.inner->max_entries, 5);
    assert_int_equal(loaded_map(&l, "inner")->inner, CODE_NONE);
    loaded_close(&l);
}

TEST(definitions_that_say_more_or_less_than_is_known_are_refused)
{
    static const u32 trailing[DEF_WORDS] = { 1, 4, 8, 16, 0, 7 };
    static const u32 bad_inner[DEF_WORDS] = { 12, 4, 4, 2, 0, 9, 0 };
    static const u32 bad_id[DEF_WORDS] = { 12, 4, 4, 2, 0, 0, 0, 9, 0 };
    struct elf_build b = with_definitions("maps", trailing, 24);
    elf_build_symbol(&b, "m", 1, 1, 3, 0, 24);
    expect_refused(&b, "load-bad-map", "map m");
    b = with_definitions("maps", plain_hash, 12);
    elf_build_symbol(&b, "m", 1, 1, 3, 0, 12);
    expect_refused(&b, "load-bad-map", "too short");
    b = with_definitions("maps", bad_inner, 28);
    elf_build_symbol(&b, "m", 1, 1, 3, 0, 28);
    expect_refused(&b, "load-bad-map", "inner map");
    b = with_definitions("maps", bad_id, 36);
    elf_build_symbol(&b, "m", 1, 1, 3, 0, 36);
    expect_refused(&b, "load-bad-map", "inner map");
    b = with_definitions("maps", plain_hash, 20);
    elf_build_symbol(&b, "m", 0, 1, 3, 0, 20);
    expect_refused(&b, "load-bad-map", "static");
    b = with_definitions("maps", plain_hash, 40);
    elf_build_symbol(&b, "m", 1, 1, 3, 20, 20);
    expect_refused(&b, "load-bad-map", "no symbol");
    b = with_definitions("maps", plain_hash, 20);
    elf_build_symbol(&b, "m", 1, 1, 3, 2, 20);
    expect_refused(&b, "load-bad-map", "outside");
    b = with_definitions("maps", plain_hash, 20);
    out_u8(elf_build_content(&b, 3), 0);
    expect_refused(&b, "load-bad-section-size", "maps");
}

/* Types
 * --------------------------------------------------------------------------------------------- */

enum { INT = 1, NUM_1, NUM_1_PTR, INT_PTR, CHAR, CHAR_PTR, INT_PROTO };

/* The beginning of types for one map "m" in .maps: int, int[1] and a pointer to it, … */
static struct btf_build new_types(void)
{
    struct btf_build b;
    btf_build_init(&b, false);
    BTF_BUILD(&b, BTF_INT, "int", 0, 4, 1u << 24 | 32);
    BTF_BUILD(&b, BTF_ARRAY, "", 0, 0, INT, INT, 1);
    BTF_BUILD_PLAIN(&b, BTF_PTR, "", 0, NUM_1);
    BTF_BUILD_PLAIN(&b, BTF_PTR, "", 0, INT);
    BTF_BUILD(&b, BTF_INT, "char", 0, 1, 8);
    BTF_BUILD_PLAIN(&b, BTF_PTR, "", 0, CHAR);
    BTF_BUILD_PLAIN(&b, BTF_FUNC_PROTO, "", 0, INT);
    return b;
}

/* An object with the variable m of a type in .maps. */
static struct elf_build with_types(struct btf_build *types, u32 type, const void *contents,
                                   u32 size)
{
    struct elf_build b;
    struct out_bytes blob;
    u32 var = BTF_BUILD(types, BTF_VAR, "m", 0, type, BTF_GLOBAL);
    BTF_BUILD(types, BTF_DATASEC, ".maps", 1, 0, var, 0, size);
    btf_build_finish(types, &blob);
    elf_build_init(&b, false);
    u32 maps = elf_build_section(&b, ".maps", 1, 3, contents, size);
    elf_build_symbol(&b, "m", 1, 1, maps, 0, size);
    elf_build_section(&b, ".BTF", 1, 0, blob.data, blob.size);
    out_free(&blob);
    return b;
}

static const u8 zeros[64];

/* A struct of two members, type and one more. */
static struct elf_build with_member(const char *name, u32 type)
{
    struct btf_build b = new_types();
    u32 first = btf_build_name(&b, "type"), second = btf_build_name(&b, name);
    u32 map = BTF_BUILD(&b, BTF_STRUCT, "", 2, 16, first, NUM_1_PTR, 0, second, type, 64);
    return with_types(&b, map, zeros, 16);
}

TEST(fields_that_are_not_what_they_must_be_are_refused)
{
    struct elf_build b = with_member("max_entries", INT_PTR);
    expect_refused(&b, "load-bad-map", "__uint");
    b = with_member("max_entries", INT);
    expect_refused(&b, "load-bad-map", "__uint");
    b = with_member("key", INT);
    expect_refused(&b, "load-bad-map", "__type");
    b = with_member("map_extra", INT_PTR);
    expect_refused(&b, "load-bad-map", "map_extra");
    b = with_member("values", INT);
    expect_refused(&b, "load-bad-map", "neither");
    b = with_member("max_entires", NUM_1_PTR);
    expect_refused(&b, "load-unknown-map-field", "max_entires");
}

TEST(a_declaration_needs_a_type_and_a_struct)
{
    struct btf_build types = new_types();
    u32 name = btf_build_name(&types, "max_entries");
    u32 map = BTF_BUILD(&types, BTF_STRUCT, "", 1, 8, name, NUM_1_PTR, 0);
    struct elf_build b = with_types(&types, map, zeros, 8);
    expect_refused(&b, "load-bad-map", "type is missing");
    types = new_types();
    b = with_types(&types, INT, zeros, 4);
    expect_refused(&b, "load-bad-map", "no struct");
}

TEST(sizes_given_twice_must_agree)
{
    struct btf_build b = new_types();
    u32 type = btf_build_name(&b, "type"), key = btf_build_name(&b, "key");
    u32 key_size = btf_build_name(&b, "key_size");
    u32 map = BTF_BUILD(&b, BTF_STRUCT, "", 3, 24, type, NUM_1_PTR, 0, key, INT_PTR, 64, key_size,
                        NUM_1_PTR, 128);
    struct elf_build object = with_types(&b, map, zeros, 24);
    expect_refused(&object, "load-bad-map", "size of key");
    b = new_types();
    type = btf_build_name(&b, "type"), key = btf_build_name(&b, "key");
    key_size = btf_build_name(&b, "key_size");
    map = BTF_BUILD(&b, BTF_STRUCT, "", 3, 24, type, NUM_1_PTR, 0, key, CHAR_PTR, 64, key_size,
                    NUM_1_PTR, 128);
    object = with_types(&b, map, zeros, 24);
    struct loaded l;
    assert_int_equal(open_built(&l, &object), SKEP_OK);
    assert_int_equal(loaded_map(&l, "m")->spec.key_size, 1);
    loaded_close(&l);
}

TEST(declarations_have_no_contents_but_initial_values)
{
    u8 contents[16] = { [9] = 1 };
    struct btf_build b = new_types();
    u32 type = btf_build_name(&b, "type"), key = btf_build_name(&b, "key");
    u32 map = BTF_BUILD(&b, BTF_STRUCT, "", 2, 16, type, NUM_1_PTR, 0, key, INT_PTR, 64);
    struct elf_build object = with_types(&b, map, contents, 16);
    expect_refused(&object, "load-bad-map", "map m: a declaration has contents");
}

/* values: `int (*values[2])(void)` or maps. */
static struct elf_build with_values(u32 reloc_at, u32 reloc_type, const char *target)
{
    struct btf_build b = new_types();
    u32 to_proto = BTF_BUILD_PLAIN(&b, BTF_PTR, "", 0, INT_PROTO);
    u32 array = BTF_BUILD(&b, BTF_ARRAY, "", 0, 0, to_proto, INT, 2);
    u32 type = btf_build_name(&b, "type"), values = btf_build_name(&b, "values");
    u32 map = BTF_BUILD(&b, BTF_STRUCT, "", 2, 24, type, NUM_1_PTR, 0, values, array, 64);
    struct elf_build object = with_types(&b, map, zeros, 24);
    u32 xdp = elf_build_section(&object, "xdp", 1, 6, "\225\0\0\0\0\0\0\0", 8);
    u32 prog = elf_build_symbol(&object, "prog", 1, 2, xdp, 0, 8);
    u32 none = elf_build_symbol(&object, "none", 1, 0, 0, 0, 0);
    u32 symbol = !strcmp(target, "prog") ? prog : !strcmp(target, "none") ? none : 1;
    elf_build_reloc(&object, 3, reloc_at, reloc_type, symbol, 0);
    return object;
}

TEST(initial_values_are_checked)
{
    struct elf_build b = with_values(16, 2, "prog");
    struct loaded l;
    assert_int_equal(open_built(&l, &b), SKEP_OK);
    assert_int_equal(loaded_map(&l, "m")->initial[0].key, 1);
    loaded_close(&l);
    b = with_values(16, 1, "prog"); /* as clang before 12 has it */
    assert_int_equal(open_built(&l, &b), SKEP_OK);
    loaded_close(&l);
    b = with_values(8, 2, "none");
    expect_refused(&b, "load-bad-map", "no map or program");
    b = with_values(8, 2, "m");
    expect_refused(&b, "load-bad-map", "no map or program");
    b = with_values(0, 2, "prog");
    expect_refused(&b, "load-bad-map", "outside its `values`");
    b = with_values(12, 2, "prog");
    expect_refused(&b, "load-bad-map", "outside its `values`");
    b = with_values(8, 10, "prog");
    expect_refused(&b, "load-bad-map", "no initial value");
}

TEST(a_maps_section_without_types_is_refused)
{
    struct elf_build b;
    elf_build_init(&b, false);
    elf_build_section(&b, ".maps", 1, 3, zeros, 32);
    expect_refused(&b, "load-no-types", ".maps");
}

TEST(declarations_that_overlap_or_leave_their_section_are_refused)
{
    struct btf_build types = new_types();
    u32 type = btf_build_name(&types, "type");
    u32 map = BTF_BUILD(&types, BTF_STRUCT, "", 1, 64, type, NUM_1_PTR, 0);
    struct elf_build b = with_types(&types, map, zeros, 16);
    expect_refused(&b, "load-bad-map", "outside its section");
    types = new_types();
    type = btf_build_name(&types, "type");
    map = BTF_BUILD(&types, BTF_STRUCT, "", 1, 8, type, NUM_1_PTR, 0);
    BTF_BUILD(&types, BTF_VAR, "m", 0, map, BTF_GLOBAL); /* outside any data section */
    b = with_types(&types, map, zeros, 8);
    struct loaded l;
    assert_int_equal(open_built(&l, &b), SKEP_OK);
    assert_int_equal(load_n_maps(l.object), 1);
    loaded_close(&l);
}

UNIT_TESTS(UNIT(definitions_have_many_lengths), UNIT(sections_of_definitions_have_three_names),
           UNIT(an_inner_map_is_named_by_position_or_by_id),
           UNIT(definitions_that_say_more_or_less_than_is_known_are_refused),
           UNIT(fields_that_are_not_what_they_must_be_are_refused),
           UNIT(a_declaration_needs_a_type_and_a_struct), UNIT(sizes_given_twice_must_agree),
           UNIT(declarations_have_no_contents_but_initial_values), UNIT(initial_values_are_checked),
           UNIT(a_maps_section_without_types_is_refused),
           UNIT(declarations_that_overlap_or_leave_their_section_are_refused))
