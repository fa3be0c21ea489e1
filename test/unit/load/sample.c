/* What an object with some of everything holds, and how its programs link. */
#include "support/loaded.h"

/* A test of the four forms that the sample has: both byte orders, both forms of relocations. */
static void in_each_form(void (*check)(struct loaded *l, bool big_endian, bool rela))
{
    for (int form = 0; form < 4; form++) {
        struct loaded l;
        loaded_sample(&l, form & 1, form & 2);
        check(&l, form & 1, form & 2);
        loaded_close(&l);
    }
}
#define FORM_TEST(name)                                                                            \
    static void name##_in(struct loaded *l, bool big_endian, bool rela);                           \
    TEST(name) { in_each_form(name##_in); }                                                        \
    static void name##_in(struct loaded *l, bool big_endian, bool rela)

FORM_TEST(programs_are_those_outside_text)
{
    static const char *const names[] = { "prog",    "tail",     "configured",
                                         "unlucky", "poisoned", "plain" };
    assert_int_equal(load_n_programs(l->object), ARRAY_LEN(names));
    for (u32 i = 0; i < ARRAY_LEN(names); i++)
        assert_string_equal(load_program(l->object, i)->name, names[i]);
    const struct object_program *prog = load_program(l->object, 0);
    assert_string_equal(prog->section, "xdp");
    assert_string_equal(prog->hook->name, "xdp");
    assert_string_equal(prog->attach, "");
    assert_int_equal(prog->n_slots, 14);
    assert_string_equal(load_program(l->object, 5)->hook->name, "sched_cls");
    assert_int_equal(load_find_program(l->object, "static_fn"), CODE_NONE);
    assert_string_equal(load_license(l->object), "GPL");
    assert_int_equal(load_kernel_version(l->object), 0x60c00);
    assert_int_equal(load_elf(l->object)->big_endian, big_endian);
    assert_int_equal(load_btf(l->object)->n, SAMPLE_TYPE_COUNT);
}

FORM_TEST(maps_are_declared_by_types_contents_and_data_sections)
{
    const struct object_map *m = loaded_map(l, "counters");
    assert_int_equal(m->origin, MAP_FROM_BTF);
    assert_int_equal(m->spec.type, 1);
    assert_int_equal(m->spec.key_size, 8);
    assert_int_equal(m->spec.value_size, 16);
    assert_int_equal(m->spec.max_entries, 16);
    assert_int_equal(m->spec.flags, 1);
    assert_int_equal(m->spec.map_extra, (u64)1 << 40);
    assert_int_equal(m->pinning, 1);
    assert_int_equal(m->btf_key, SAMPLE_U64);
    assert_int_equal(m->btf_value, SAMPLE_POINT);
    m = loaded_map(l, "legacy");
    assert_int_equal(m->origin, MAP_FROM_LEGACY);
    assert_int_equal(m->spec.max_entries, 8);
    assert_string_equal(m->spec.inner->name, "legacy_inner");
    assert_int_equal(m->inner, load_find_map(l->object, "legacy_inner"));
    m = loaded_map(l, ".rodata");
    assert_int_equal(m->origin, MAP_FROM_DATA);
    assert_true(m->read_only);
    assert_int_equal(m->spec.value_size, 8);
    assert_int_equal(m->contents[7], 8);
    m = loaded_map(l, ".bss");
    assert_int_equal(m->spec.value_size, 4096);
    assert_null(m->contents);
    assert_int_equal(load_find_map(l->object, "none"), CODE_NONE);
}

FORM_TEST(maps_of_maps_and_program_arrays_have_initial_values)
{
    const struct object_map *jumps = loaded_map(l, "jumps");
    assert_int_equal(jumps->spec.key_size, 4); /* not declared: handles have four bytes */
    assert_int_equal(jumps->n_initial, 1);
    assert_int_equal(jumps->initial[0].key, 1);
    assert_true(jumps->initial[0].is_program);
    assert_int_equal(jumps->initial[0].target, load_find_program(l->object, "tail"));
    const struct object_map *outer = loaded_map(l, "outer_map");
    assert_int_equal(outer->spec.inner->value_size, 8);
    assert_int_equal(outer->n_initial, 1);
    assert_int_equal(outer->initial[0].key, 0);
    assert_false(outer->initial[0].is_program);
    assert_int_equal(outer->initial[0].target, load_find_map(l->object, "inner_map"));
}

FORM_TEST(data_is_relocated_to_offsets)
{
    const struct object_map *data = loaded_map(l, ".data");
    bool big = big_endian;
    u64 pointer = load_u64(data->contents + 8, big);
    assert_int_equal(pointer, rela ? 6 : 4); /* limit + 2; this REL has no addend */
}

FORM_TEST(references_become_indexes)
{
    assert_int_equal(loaded_link(l, "prog"), SKEP_OK);
    assert_int_equal(l->linked.big_endian, big_endian);
    assert_int_equal(l->linked.n_maps, 4);
    static const char *const names[] = { "counters", ".rodata", ".bss", "legacy" };
    for (u32 i = 0; i < 4; i++)
        assert_string_equal(loaded_map_name(l, i), names[i]);
    const struct insn *insns = l->linked.code.insns;
    assert_int_equal(insns[0].op, ISA_LDDW_MAP);
    assert_int_equal(insn_map_index(&insns[0]), 0);
    assert_int_equal(insns[1].op, ISA_LDDW_MAP_VALUE);
    assert_int_equal(insn_map_index(&insns[1]), 1);
    assert_int_equal(insn_map_offset(&insns[1]), 4);
    assert_int_equal(insn_map_index(&insns[2]), 2);
    assert_int_equal(insn_map_offset(&insns[2]), 4);
    assert_int_equal(insns[3].op, ISA_LDDW_CODE);
    assert_int_equal(insn_map_index(&insns[4]), 3);
}

FORM_TEST(subprograms_follow_the_program)
{
    assert_int_equal(loaded_link(l, "prog"), SKEP_OK);
    const struct code *code = &l->linked.code;
    assert_int_equal(code->n_funcs, 3);
    assert_string_equal(code->funcs[0].name, "prog");
    assert_string_equal(code->funcs[1].name, "static_fn");
    assert_string_equal(code->funcs[2].name, "global_fn");
    assert_false(code->funcs[1].is_global);
    assert_true(code->funcs[2].is_global);
    assert_int_equal(code->target[3], code->funcs[1].entry); /* the address */
    assert_int_equal(code->target[5], code->funcs[1].entry); /* by section and offset */
    assert_int_equal(code->target[6], code->funcs[2].entry);
    assert_int_equal(code->target[code->funcs[2].entry], code->funcs[1].entry);
    assert_int_equal(loaded_link(l, "tail"), SKEP_OK);
    assert_int_equal(l->linked.code.n_insns, 2);
    assert_int_equal(l->linked.n_maps, 0);
}

FORM_TEST(lines_are_those_of_the_program)
{
    assert_int_equal(loaded_link(l, "prog"), SKEP_OK);
    const struct code_line *line = code_line_at(&l->linked.code, 0);
    assert_non_null(line);
    assert_int_equal(line->line, 7);
    assert_string_equal(line->file, "prog.c");
    assert_int_equal(code_line_at(&l->linked.code, 2)->line, 8); /* at slot 4 */
    assert_int_equal(loaded_link(l, "tail"), SKEP_OK);
    assert_null(code_line_at(&l->linked.code, 0));
}

FORM_TEST(unresolved_core_accesses_are_poisoned_and_named)
{
    assert_int_equal(loaded_link(l, "poisoned"), SKEP_OK);
    assert_string_equal(loaded_insn(l, 3), "call 0xbad2310");
    const struct code_note *note = code_note_at(&l->linked.code, 3);
    assert_non_null(note);
    assert_non_null(strstr(note->text, "struct outer.p[2].y"));
    assert_string_equal(loaded_insn(l, 4), "call 0xbad2310");
    assert_string_equal(loaded_insn(l, 5), "goto +0x0"); /* the other half of the LDDW */
    assert_non_null(strstr(code_note_at(&l->linked.code, 4)->text, "enum color.GREEN"));
    assert_null(code_note_at(&l->linked.code, 6));
}

/* Externs
 * ------------------------------------------------------------------------------------------- */

FORM_TEST(a_missing_function_refuses_only_the_program_that_calls_it)
{
    char text[300];
    assert_int_equal(loaded_link(l, "unlucky"), SKEP_UNSUPPORTED);
    assert_string_equal(skep_error_id(&l->err), "load-missing-extern");
    skep_error_text(&l->err, text, sizeof(text));
    assert_non_null(strstr(text, "memset"));
    assert_int_equal(loaded_link(l, "plain"), SKEP_OK);
}

FORM_TEST(externs_are_recorded_with_their_kind)
{
    static const struct {
        const char *name;
        enum extern_kind kind;
        bool weak;
    } rows[] = { { "LINUX_KERNEL_VERSION", EXTERN_KCONFIG, false },
                 { "CONFIG_DEBUG", EXTERN_KCONFIG, true },
                 { "CONFIG_NAME", EXTERN_KCONFIG, true },
                 { "jiffies_like", EXTERN_KSYM_VARIABLE, true },
                 { "kfunc", EXTERN_KSYM_FUNCTION, true },
                 { "memset", EXTERN_UNKNOWN, false } };
    assert_int_equal(load_n_externs(l->object), ARRAY_LEN(rows));
    for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
        const struct object_extern *e = load_extern(l->object, i);
        assert_string_equal(e->name, rows[i].name);
        assert_int_equal(e->kind, rows[i].kind);
        assert_int_equal(e->weak, rows[i].weak);
    }
}

FORM_TEST(configuration_has_defaults_and_weak_externs_are_zero)
{
    const struct object_map *m = loaded_map(l, ".kconfig");
    assert_int_equal(m->origin, MAP_FROM_KCONFIG);
    assert_int_equal(load_extern(l->object, 0)->kconfig_offset, 4);
    assert_int_equal(load_u32(m->contents + 4, big_endian), 0x60c00);
    assert_int_equal(m->contents[0], 0);
    assert_int_equal(loaded_link(l, "configured"), SKEP_OK);
    assert_string_equal(loaded_map_name(l, 0), ".kconfig");
    assert_int_equal(l->linked.n_maps, 1);
    const struct insn *insns = l->linked.code.insns;
    assert_int_equal(insn_map_offset(&insns[0]), 4);
    assert_int_equal(insn_map_offset(&insns[1]), 0);
    assert_int_equal(insns[2].op, ISA_LDDW_IMM); /* a weak kernel variable is no address */
    assert_int_equal(insns[2].imm, 0);
    assert_int_equal(insn_map_offset(&insns[3]), 8 + 8);
    assert_non_null(strstr(code_note_at(&l->linked.code, 4)->text, "kfunc"));
}

static void link_with_function(struct loaded *l, u8 personality)
{
    static const struct skep_helper row = {
        .size = sizeof(row), .name = "kfunc", .id = 77, .family = SKEP_FAMILY_BASE
    };
    static struct skep_helper function;
    function = row;
    function.personality = personality;
    assert_int_equal(registry_add_helper(&l->registry, &function, NULL), SKEP_OK);
    assert_int_equal(loaded_link(l, "configured"), SKEP_OK);
}

FORM_TEST(a_kernel_function_is_bound_by_its_name)
{
    link_with_function(l, SKEP_KFUNC);
    const struct insn *call = &l->linked.code.insns[4];
    assert_int_equal(call->op, ISA_CALL_KFUNC);
    assert_int_equal(call->imm, 77);
    assert_null(code_note_at(&l->linked.code, 4));
}

FORM_TEST(a_helper_of_that_name_is_no_kernel_function)
{
    link_with_function(l, SKEP_APPLICATION);
    assert_int_equal(l->linked.code.insns[4].op, ISA_CALL_HELPER); /* poisoned */
    assert_non_null(code_note_at(&l->linked.code, 4));
}

static void open_with_value(struct loaded *l, const char *name, const char *value,
                            skep_status expected)
{
    struct load_kconfig row = { name, value };
    struct load_options options = { .name = "sample", .kconfig = &row, .n_kconfig = 1 };
    size_t size;
    u8 *file = sample_object(false, false, &size);
    assert_int_equal(loaded_open(l, file, size, &options), expected);
    free(file);
}

TEST(configuration_values_are_stored_as_their_types_want)
{
    struct loaded l;
    open_with_value(&l, "CONFIG_DEBUG", "y", SKEP_OK);
    assert_int_equal(loaded_map(&l, ".kconfig")->contents[0], 1);
    loaded_close(&l);
    open_with_value(&l, "CONFIG_NAME", "\"a name that is longer\"", SKEP_OK);
    assert_string_equal((const char *)loaded_map(&l, ".kconfig")->contents + 8, "a name that is ");
    loaded_close(&l);
    open_with_value(&l, "LINUX_KERNEL_VERSION", "-2147483648", SKEP_OK);
    assert_int_equal(load_u32(loaded_map(&l, ".kconfig")->contents + 4, false), 0x80000000u);
    loaded_close(&l);
}

TEST(configuration_values_that_do_not_fit_are_refused)
{
    static const char *const rows[][2] = {
        { "CONFIG_DEBUG", "m" },
        { "CONFIG_DEBUG", "\"yes\"" },
        { "CONFIG_DEBUG", "256" },
        { "CONFIG_NAME", "7" },
        { "CONFIG_NAME", "\"open" },
        { "LINUX_KERNEL_VERSION", "2147483648" },
        { "LINUX_KERNEL_VERSION", "0x" },
        { "LINUX_KERNEL_VERSION", "12x" },
        { "LINUX_KERNEL_VERSION", "99999999999999999999" },
        { "LINUX_KERNEL_VERSION", "" },
    };
    for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
        struct loaded l;
        open_with_value(&l, rows[i][0], rows[i][1], SKEP_BAD_ARG);
        assert_string_equal(skep_error_id(&l.err), "load-bad-kconfig");
        loaded_close(&l);
    }
}

/* Setters and listings
 * ------------------------------------------------------------------------------ */

TEST(setters_change_sizes_variables_and_types)
{
    struct loaded l;
    loaded_sample(&l, false, false);
    u32 counters = load_find_map(l.object, "counters");
    assert_int_equal(load_set_map_entries(l.object, counters, 99, &l.err), SKEP_OK);
    assert_int_equal(load_map(l.object, counters)->spec.max_entries, 99);
    u32 inner = load_find_map(l.object, "legacy_inner");
    assert_int_equal(load_set_map_entries(l.object, inner, 5, &l.err), SKEP_OK);
    assert_int_equal(loaded_map(&l, "legacy")->spec.inner->max_entries, 5);
    assert_int_equal(load_set_rodata(l.object, "limit", "\1\2\3\4", 4, &l.err), SKEP_OK);
    assert_memory_equal(loaded_map(&l, ".rodata")->contents + 4, "\1\2\3\4", 4);
    assert_int_equal(load_set_rodata(l.object, "zeros", "12345678", 8, &l.err), SKEP_OK);
    assert_memory_equal(loaded_map(&l, ".bss")->contents + 4, "12345678", 8);
    assert_int_equal(loaded_map(&l, ".bss")->contents[12], 0);
    const struct skep_hook *tc = load_program(l.object, 5)->hook;
    assert_int_equal(load_set_hook(l.object, 0, tc, &l.err), SKEP_OK);
    assert_int_equal(loaded_link(&l, "prog"), SKEP_OK);
    assert_ptr_equal(l.linked.hook, tc);
    loaded_close(&l);
}

TEST(setters_say_what_is_wrong)
{
    struct loaded l;
    loaded_sample(&l, false, false);
    u32 data = load_find_map(l.object, ".data");
    assert_int_equal(load_set_map_entries(l.object, data, 2, NULL), SKEP_BAD_ARG);
    assert_int_equal(load_set_map_entries(l.object, 1000, 2, NULL), SKEP_NOT_FOUND);
    assert_int_equal(load_set_rodata(l.object, "limit", "12", 2, NULL), SKEP_BAD_ARG);
    assert_int_equal(load_set_rodata(l.object, "nothing", "12", 2, NULL), SKEP_NOT_FOUND);
    assert_int_equal(load_set_hook(l.object, 1000, NULL, NULL), SKEP_NOT_FOUND);
    loaded_close(&l);
}

TEST(relocations_are_listed_by_section)
{
    struct loaded l;
    loaded_sample(&l, false, true);
    assert_int_equal(load_print_relocs(l.object, &l.listing), SKEP_OK);
    const char *text = text_cstr(&l.listing);
    assert_non_null(strstr(text, "xdp:\n"));
    assert_non_null(strstr(text, "  0000000000000000  R_BPF_64_64        counters\n"));
    assert_non_null(strstr(text, "  0000000000000020  R_BPF_64_64        .bss+4\n"));
    assert_non_null(strstr(text, "  00000000000000e8  R_BPF_64_32        memset\n"));
    loaded_close(&l);
}

UNIT_TESTS(UNIT(programs_are_those_outside_text),
           UNIT(maps_are_declared_by_types_contents_and_data_sections),
           UNIT(maps_of_maps_and_program_arrays_have_initial_values),
           UNIT(data_is_relocated_to_offsets), UNIT(references_become_indexes),
           UNIT(subprograms_follow_the_program), UNIT(lines_are_those_of_the_program),
           UNIT(unresolved_core_accesses_are_poisoned_and_named),
           UNIT(a_missing_function_refuses_only_the_program_that_calls_it),
           UNIT(externs_are_recorded_with_their_kind),
           UNIT(configuration_has_defaults_and_weak_externs_are_zero),
           UNIT(a_kernel_function_is_bound_by_its_name),
           UNIT(a_helper_of_that_name_is_no_kernel_function),
           UNIT(configuration_values_are_stored_as_their_types_want),
           UNIT(configuration_values_that_do_not_fit_are_refused),
           UNIT(setters_change_sizes_variables_and_types), UNIT(setters_say_what_is_wrong),
           UNIT(relocations_are_listed_by_section))
