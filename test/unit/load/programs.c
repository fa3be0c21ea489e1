/* Which functions of an object are programs, what they are called, and what their references may
 * be: the shapes that compilers of all ages leave. */
#include "support/loaded.h"

static const u8 two[16] = { 0xb7, 0, 0, 0, 2, 0, 0, 0, 0x95 };
static const u8 call_then_exit[16] = { 0x85, 0x10, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x95 };
static const u8 address_then_exit[24] = { [0] = 0x18, [1] = 1, [16] = 0x95 };

static skep_status open_built(struct loaded *l, struct elf_build *b)
{
    size_t size;
    u8 *file = elf_build_finish(b, &size);
    skep_status status = loaded_open(l, file, size, NULL);
    free(file);
    return status;
}

static u32 code_section(struct elf_build *b, const char *name, const u8 *code, size_t size)
{
    return elf_build_section(b, name, 1, 6, code, size);
}

static struct elf_build new_build(void)
{
    struct elf_build b;
    elf_build_init(&b, false);
    return b;
}

static void expect_programs(struct elf_build *b, u32 n, const char *const *names)
{
    struct loaded l;
    assert_int_equal(open_built(&l, b), SKEP_OK);
    assert_int_equal(load_n_programs(l.object), n);
    for (u32 i = 0; i < n; i++)
        assert_string_equal(load_program(l.object, i)->name, names[i]);
    loaded_close(&l);
}
#define EXPECT_PROGRAMS(b, ...)                                                                    \
    expect_programs((b), sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *),            \
                    (const char *const[]){ __VA_ARGS__ })

/* Which functions are programs
 * ---------------------------------------------------------------------- */

TEST(a_section_without_symbols_is_a_program_of_its_name)
{
    struct elf_build b = new_build();
    code_section(&b, "xdp", two, sizeof(two));
    EXPECT_PROGRAMS(&b, "xdp");
}

TEST(global_symbols_without_a_type_name_programs_and_local_labels_do_not)
{
    struct elf_build b = new_build();
    u32 xdp = code_section(&b, "xdp", two, sizeof(two));
    out_copy(elf_build_content(&b, xdp), two, sizeof(two));
    elf_build_symbol(&b, "LBB0_1", 0, 0, xdp, 8, 0);
    elf_build_symbol(&b, "first", 1, 0, xdp, 0, 0);
    elf_build_symbol(&b, "second", 1, 0, xdp, 16, 0);
    EXPECT_PROGRAMS(&b, "first", "second");
}

TEST(functions_make_symbols_without_a_type_irrelevant)
{
    struct elf_build b = new_build();
    u32 xdp = code_section(&b, "xdp", two, sizeof(two));
    elf_build_symbol(&b, "label", 1, 0, xdp, 8, 0);
    elf_build_symbol(&b, "function", 1, 2, xdp, 0, 0);
    EXPECT_PROGRAMS(&b, "function");
}

TEST(a_static_function_is_a_program_unless_it_is_called)
{
    for (int called = 0; called < 2; called++) {
        struct elf_build b = new_build();
        u32 xdp = code_section(&b, "xdp", two, sizeof(two));
        u32 tc = code_section(&b, "tc", call_then_exit, sizeof(call_then_exit));
        u32 only = elf_build_symbol(&b, "only_static", 0, 2, xdp, 0, 16);
        u32 other = elf_build_symbol(&b, "other", 1, 2, tc, 0, 16);
        elf_build_reloc(&b, tc, 0, 10, called ? only : other, 0);
        if (called)
            EXPECT_PROGRAMS(&b, "other");
        else
            EXPECT_PROGRAMS(&b, "only_static", "other");
    }
}

TEST(code_in_text_alone_is_a_program_of_unknown_type)
{
    struct elf_build b = new_build();
    struct loaded l;
    u32 text = code_section(&b, ".text", two, sizeof(two));
    elf_build_symbol(&b, "main", 1, 2, text, 0, 16);
    assert_int_equal(open_built(&l, &b), SKEP_OK);
    assert_int_equal(load_n_programs(l.object), 1);
    assert_null(load_program(l.object, 0)->hook);
    assert_int_equal(loaded_link(&l, "main"), SKEP_OK);
    assert_null(l.linked.hook);
    loaded_close(&l);
}

TEST(the_global_one_of_two_names_counts)
{
    struct elf_build b = new_build();
    u32 xdp = code_section(&b, "xdp", two, sizeof(two));
    elf_build_symbol(&b, "alias", 0, 2, xdp, 0, 16);
    elf_build_symbol(&b, "name", 1, 2, xdp, 0, 16);
    elf_build_symbol(&b, "alias2", 0, 2, xdp, 0, 16);
    EXPECT_PROGRAMS(&b, "name");
}

TEST(section_names_say_type_and_target)
{
    static const struct {
        const char *section, *hook, *attach;
    } rows[] = {
        { "xdp", "xdp", "" },
        { "?xdp", "xdp", "" },
        { "xdp/ingress", "xdp", "ingress" },
        { "kprobe/do_exit", "kprobe", "do_exit" },
        { "tp/sched/sched_switch", "tracepoint", "sched/sched_switch" },
        { "fentry.s/vfs_read", "tracing", "vfs_read" },
        { "nothing/known", NULL, "known" },
    };
    for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
        struct elf_build b = new_build();
        struct loaded l;
        code_section(&b, rows[i].section, two, sizeof(two));
        assert_int_equal(open_built(&l, &b), SKEP_OK);
        const struct object_program *p = load_program(l.object, 0);
        if (rows[i].hook)
            assert_string_equal(p->hook->name, rows[i].hook);
        else
            assert_null(p->hook);
        assert_string_equal(p->attach, rows[i].attach);
        assert_string_equal(p->section, rows[i].section);
        loaded_close(&l);
    }
}

/* Calls
 * --------------------------------------------------------------------------------------------- */

TEST(a_call_of_a_place_without_a_symbol_finds_a_function)
{
    struct elf_build b = new_build();
    struct loaded l;
    u32 xdp = code_section(&b, "xdp", call_then_exit, sizeof(call_then_exit));
    u32 text = code_section(&b, ".text", two, sizeof(two));
    out_copy(elf_build_content(&b, text), two, sizeof(two));
    u32 section = elf_build_symbol(&b, "", 0, 3, text, 0, 0);
    elf_build_symbol(&b, "prog", 1, 2, xdp, 0, 16);
    store_u32(elf_build_content(&b, xdp)->data + 4, 1, false); /* (1 + 1) × 8: .text + 16 */
    elf_build_reloc(&b, xdp, 0, 10, section, 0);
    assert_int_equal(open_built(&l, &b), SKEP_OK);
    assert_int_equal(loaded_link(&l, "prog"), SKEP_OK);
    assert_int_equal(l.linked.code.n_funcs, 2);
    assert_string_equal(l.linked.code.funcs[1].name, ".text+0x10");
    loaded_close(&l);
}

TEST(recursion_and_calls_back_and_forth_link_once)
{
    struct elf_build b = new_build();
    struct loaded l;
    u32 xdp = code_section(&b, "xdp", call_then_exit, sizeof(call_then_exit));
    u32 text = code_section(&b, ".text", call_then_exit, sizeof(call_then_exit));
    u32 prog = elf_build_symbol(&b, "prog", 1, 2, xdp, 0, 16);
    u32 sub = elf_build_symbol(&b, "sub", 1, 2, text, 0, 16);
    elf_build_reloc(&b, xdp, 0, 10, sub, 0);
    elf_build_reloc(&b, text, 0, 10, prog, 0);
    assert_int_equal(open_built(&l, &b), SKEP_OK);
    assert_int_equal(loaded_link(&l, "prog"), SKEP_OK);
    assert_int_equal(l.linked.code.n_funcs, 2);
    assert_int_equal(l.linked.code.n_slots, 4);
    loaded_close(&l);
}

static void expect_link_error(struct elf_build *b, const char *program, const char *id)
{
    struct loaded l;
    assert_int_equal(open_built(&l, b), SKEP_OK);
    assert_int_not_equal(loaded_link(&l, program), SKEP_OK);
    assert_string_equal(skep_error_id(&l.err), id);
    loaded_close(&l);
}

TEST(calls_that_go_nowhere_are_refused_with_their_place)
{
    struct elf_build b = new_build();
    u32 xdp = code_section(&b, "xdp", call_then_exit, sizeof(call_then_exit));
    store_u32(elf_build_content(&b, xdp)->data + 4, 1000, false);
    expect_link_error(&b, "xdp", "load-bad-call-target");
    b = new_build(); /* a call of data */
    xdp = code_section(&b, "xdp", call_then_exit, sizeof(call_then_exit));
    u32 data = elf_build_section(&b, ".data", 1, 3, "12345678", 8);
    elf_build_reloc(&b, xdp, 0, 10, elf_build_symbol(&b, "d", 1, 1, data, 0, 8), 0);
    expect_link_error(&b, "xdp", "load-bad-reference");
}

TEST(a_function_that_begins_inside_a_wide_instruction_is_refused)
{
    struct elf_build b = new_build();
    u32 xdp = code_section(&b, "xdp", address_then_exit, sizeof(address_then_exit));
    u32 data = elf_build_section(&b, ".data", 1, 3, "12345678", 8);
    elf_build_reloc(&b, xdp, 0, 1, elf_build_symbol(&b, "d", 1, 1, data, 0, 8), 0);
    elf_build_symbol(&b, "prog", 1, 2, xdp, 0, 8);
    elf_build_symbol(&b, "half", 1, 2, xdp, 8, 16);
    expect_link_error(&b, "prog", "load-bad-call-target");
}

/* Addresses
 * ----------------------------------------------------------------------------------------- */

/* An LDDW of an offset in a section, by the section's symbol. */
static struct elf_build with_address(u32 section, u64 value)
{
    struct elf_build b = new_build();
    u32 xdp = code_section(&b, "xdp", address_then_exit, sizeof(address_then_exit));
    elf_build_section(&b, ".data", 1, 3, "12345678", 8);    /* 4 */
    elf_build_section(&b, "features", 1, 3, "12345678", 8); /* 5 */
    elf_build_section(&b, "maps", 1, 3, (const u8[20]){ 1, [4] = 4, [8] = 4, [12] = 1 }, 20);
    elf_build_symbol(&b, "a_map", 1, 1, 6, 0, 20);
    elf_build_reloc(&b, xdp, 0, 1, elf_build_symbol(&b, "s", 0, 3, section, value, 0), 0);
    return b;
}

TEST(addresses_of_maps_data_and_constants_link)
{
    static const struct {
        u32 section;
        u64 value;
        enum isa_op op;
        u64 imm;
    } rows[] = {
        { 4, 3, ISA_LDDW_MAP_VALUE, (u64)3 << 32 },
        { 4, 8, ISA_LDDW_MAP_VALUE, (u64)8 << 32 }, /* the end: `&array[n]` */
        { 6, 0, ISA_LDDW_MAP, 0 },
        { 0xfff1, 0x123456789a, ISA_LDDW_IMM, 0x123456789a },
    };
    for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
        struct elf_build b = with_address(rows[i].section, rows[i].value);
        struct loaded l;
        assert_int_equal(open_built(&l, &b), SKEP_OK);
        assert_int_equal(loaded_link(&l, "xdp"), SKEP_OK);
        assert_int_equal(l.linked.code.insns[0].op, rows[i].op);
        assert_int_equal(l.linked.code.insns[0].imm, rows[i].imm);
        loaded_close(&l);
    }
}

TEST(addresses_of_anything_else_are_refused_by_name)
{
    static const struct {
        u32 section;
        u64 value;
    } rows[] = { { 4, 9 }, { 5, 0 }, { 6, 4 }, { 0xfff2, 8 } };
    for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
        struct elf_build b = with_address(rows[i].section, rows[i].value);
        expect_link_error(&b, "xdp", "load-bad-reference");
    }
}

/* Refused when opened
 * ------------------------------------------------------------------------------- */

static void expect_refused(struct elf_build *b, const char *id)
{
    struct loaded l;
    assert_int_not_equal(open_built(&l, b), SKEP_OK);
    assert_string_equal(skep_error_id(&l.err), id);
    loaded_close(&l);
}

TEST(relocations_that_do_not_fit_are_refused)
{
    static const struct {
        u64 offset;
        u32 type;
    } rows[] = { { 4, 1 }, { 0, 10 }, { 0, 2 }, { 0, 99 }, { 16, 1 }, { 16, 10 } };
    for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
        struct elf_build b = new_build();
        u32 xdp = code_section(&b, "xdp", address_then_exit, sizeof(address_then_exit));
        elf_build_reloc(&b, xdp, rows[i].offset, rows[i].type, 0, 0);
        expect_refused(&b, "load-bad-relocation");
    }
    struct elf_build b = new_build(); /* two of one instruction */
    u32 xdp = code_section(&b, "xdp", address_then_exit, sizeof(address_then_exit));
    elf_build_reloc(&b, xdp, 0, 1, 0, 0);
    elf_build_reloc(&b, xdp, 0, 1, 0, 0);
    expect_refused(&b, "load-bad-relocation");
    b = new_build(); /* in data, past its end */
    u32 data = elf_build_section(&b, ".data", 1, 3, "12345678", 8);
    elf_build_reloc(&b, data, 1, 2, 0, 0);
    expect_refused(&b, "load-bad-relocation");
}

TEST(code_and_symbols_between_instructions_are_refused)
{
    struct elf_build b = new_build();
    code_section(&b, "xdp", two, sizeof(two) - 1);
    expect_refused(&b, "load-bad-code-size");
    b = new_build();
    u32 xdp = code_section(&b, "xdp", two, sizeof(two));
    elf_build_symbol(&b, "middle", 1, 2, xdp, 4, 0);
    expect_refused(&b, "load-bad-symbol-offset");
    b = new_build();
    xdp = code_section(&b, "xdp", two, sizeof(two));
    elf_build_symbol(&b, "end", 1, 2, xdp, 16, 0);
    expect_refused(&b, "load-bad-symbol-offset");
    b = new_build();
    elf_build_section(&b, "version", 1, 3, "12345", 5);
    expect_refused(&b, "load-bad-section-size");
}

UNIT_TESTS(UNIT(a_section_without_symbols_is_a_program_of_its_name),
           UNIT(global_symbols_without_a_type_name_programs_and_local_labels_do_not),
           UNIT(functions_make_symbols_without_a_type_irrelevant),
           UNIT(a_static_function_is_a_program_unless_it_is_called),
           UNIT(code_in_text_alone_is_a_program_of_unknown_type),
           UNIT(the_global_one_of_two_names_counts), UNIT(section_names_say_type_and_target),
           UNIT(a_call_of_a_place_without_a_symbol_finds_a_function),
           UNIT(recursion_and_calls_back_and_forth_link_once),
           UNIT(calls_that_go_nowhere_are_refused_with_their_place),
           UNIT(a_function_that_begins_inside_a_wide_instruction_is_refused),
           UNIT(addresses_of_maps_data_and_constants_link),
           UNIT(addresses_of_anything_else_are_refused_by_name),
           UNIT(relocations_that_do_not_fit_are_refused),
           UNIT(code_and_symbols_between_instructions_are_refused))
