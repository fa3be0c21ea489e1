/* Objects that clang makes: for every -mcpu and both byte orders the same programs, maps and values
 * come out.  Skipped where there is no clang. */
#include "support/loaded.h"

#include <stdio.h>

static bool open_object(struct loaded *l, const char *name)
{
    static u8 bytes[1 << 20];
    char path[512];
    snprintf(path, sizeof(path), "%s/test/elf/%s.o", BUILD_DIR, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        print_message("skipped: %s was not made, because there is no clang\n", path);
        skip();
    }
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    assert_int_equal(loaded_open(l, bytes, size, NULL), SKEP_OK);
    assert_true(l->mem.peak <= 32 * size + (1u << 20));
    return true;
}

static void in_each_variant(void (*check)(struct loaded *l))
{
    static const char *const cpus[] = { "v1", "v2", "v3", "v4" };
    for (u32 i = 0; i < 8; i++) {
        struct loaded l;
        char name[64];
        snprintf(name, sizeof(name), "everything-%s-%s", cpus[i / 2], i % 2 ? "bpfeb" : "bpfel");
        if (open_object(&l, name))
            check(&l);
        loaded_close(&l);
    }
}

static void check_programs(struct loaded *l)
{
    static const struct {
        const char *name, *section, *hook, *attach;
        u32 n_funcs;
    } rows[] = { { "next", "xdp", "xdp", "", 1 },
                 { "count", "xdp", "xdp", "", 5 },
                 { "configured", "tc", "sched_cls", "", 3 },
                 { "relocated", "kprobe/do_something", "kprobe", "do_something", 1 } };
    assert_int_equal(load_n_programs(l->object), ARRAY_LEN(rows));
    assert_string_equal(load_license(l->object), "GPL");
    for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
        const struct object_program *p =
            load_program(l->object, load_find_program(l->object, rows[i].name));
        assert_string_equal(p->section, rows[i].section);
        assert_string_equal(p->hook->name, rows[i].hook);
        assert_string_equal(p->attach, rows[i].attach);
        assert_int_equal(loaded_link(l, rows[i].name), SKEP_OK);
        assert_int_equal(l->linked.code.n_funcs, rows[i].n_funcs);
        assert_true(l->linked.code.n_lines > 0);
    }
}

TEST(programs_link_with_what_they_reach) { in_each_variant(check_programs); }

static void check_maps(struct loaded *l)
{
    const struct object_map *m = loaded_map(l, "per_flow");
    assert_int_equal(m->spec.key_size, 8);
    assert_int_equal(m->spec.value_size, 16);
    assert_int_equal(m->spec.max_entries, 1024);
    m = loaded_map(l, "table");
    assert_int_equal(m->n_initial, 2);
    assert_int_equal(m->initial[0].target, load_find_map(l->object, "second_inner"));
    assert_int_equal(m->initial[1].target, load_find_map(l->object, "first_inner"));
    assert_int_equal(m->initial[1].key, 1);
    assert_int_equal(m->spec.inner->max_entries, 4);
    m = loaded_map(l, "jumps");
    assert_int_equal(m->n_initial, 1);
    assert_int_equal(m->initial[0].key, 2);
    assert_int_equal(m->initial[0].target, load_find_program(l->object, "next"));
    m = loaded_map(l, ".data");
    assert_int_equal(load_u64(m->contents, load_elf(l->object)->big_endian), 5);
    assert_int_equal(loaded_map(l, ".bss")->spec.value_size, 32);
}

TEST(maps_and_their_values_are_found) { in_each_variant(check_maps); }

static void check_variables(struct loaded *l)
{
    bool big = load_elf(l->object)->big_endian;
    u8 value[4];
    store_u32(value, 77, big);
    assert_int_equal(load_set_rodata(l->object, "limit", value, 4, NULL), SKEP_OK);
    assert_int_equal(load_set_rodata(l->object, "hidden_limit", value, 4, NULL), SKEP_OK);
    const struct object_map *m = loaded_map(l, ".rodata");
    assert_int_equal(load_u32(m->contents, big), 77);
    assert_int_equal(load_u32(m->contents + 4, big), 77);
}

TEST(variables_are_found_by_their_symbols) { in_each_variant(check_variables); }

static void check_field(struct loaded *l)
{
    assert_int_equal(loaded_link(l, "relocated"), SKEP_OK);
    assert_int_equal(l->linked.code.n_notes, 2);
    assert_non_null(strstr(l->linked.code.notes[0].text, "struct remote.in.b[2]"));
    assert_non_null(strstr(l->linked.code.notes[1].text, "field_exists of struct remote.a"));
}

TEST(unresolved_fields_are_named) { in_each_variant(check_field); }

static void check_legacy(const char *name)
{
    struct loaded l;
    open_object(&l, name);
    const struct object_map *m = loaded_map(&l, "plain");
    assert_int_equal(m->spec.flags, 1);
    assert_int_equal(m->spec.max_entries, 16);
    m = loaded_map(&l, "pinned");
    assert_int_equal(m->pinning, 2);
    assert_int_equal(m->spec.max_entries, 4);
    m = loaded_map(&l, "named");
    assert_int_equal(m->spec.type, 6);
    assert_string_equal(m->section, "maps/named");
    assert_null(load_btf(l.object));
    assert_int_equal(load_kernel_version(l.object), 263168);
    assert_string_equal(load_license(l.object), "Dual MIT/GPL");
    assert_int_equal(loaded_link(&l, "look"), SKEP_OK);
    assert_int_equal(l.linked.n_maps, 3);
    loaded_close(&l);
}

TEST(legacy_definitions_of_two_lengths_share_a_section)
{
    check_legacy("legacy-bpfel");
    check_legacy("legacy-bpfeb");
}

UNIT_TESTS(UNIT(programs_link_with_what_they_reach), UNIT(maps_and_their_values_are_found),
           UNIT(variables_are_found_by_their_symbols), UNIT(unresolved_fields_are_named),
           UNIT(legacy_definitions_of_two_lengths_share_a_section))
