/* Slots to CODE: targets, functions, lines, and what is refused. */
#include "support/bytecode.h"

static void refused(const struct insn *insns, u32 n, const char *id)
{
    struct bytecode b;
    bytecode_open(&b, insns, n);
    assert_int_equal(bytecode_code(&b), SKEP_MALFORMED);
    assert_string_equal(skep_error_id(&b.err), id);
    bytecode_close(&b);
}

TEST(counts_lddw_as_one_instruction_and_resolves_across_it)
{
    BYTECODE(insns, OP(JA, .off = 2), OP(LDDW_IMM, .dst = 0, .imm = 0x123456789abcdef0),
             OP(MOV64_IMM, .dst = 0, .imm = 1), OP(EXIT, ));
    struct bytecode b;
    bytecode_build(&b, insns, 4);
    assert_int_equal(b.code.n_insns, 4);
    assert_int_equal(b.code.n_slots, 5);
    assert_int_equal(b.code.target[0], 2);
    assert_int_equal(b.code.slot_of[2], 3);
    assert_int_equal(b.code.slot_of[4], 5);
    assert_true(b.code.insns[1].imm == 0x123456789abcdef0);
    bytecode_close(&b);
}

TEST(finds_functions_by_calls_and_addresses)
{
    BYTECODE(insns, OP(CALL_LOCAL, .src = 1, .imm = 3), OP(LDDW_CODE, .dst = 2, .src = 4, .imm = 3),
             OP(EXIT, ), OP(EXIT, ), OP(EXIT, ));
    struct bytecode b;
    bytecode_build(&b, insns, 5);
    assert_int_equal(b.code.n_funcs, 3);
    assert_int_equal(b.code.funcs[0].entry, 0);
    assert_int_equal(b.code.funcs[0].end, 3);
    assert_int_equal(b.code.target[0], 3);
    assert_int_equal(b.code.funcs[1].entry, 3);
    assert_int_equal(b.code.target[1], 4);
    assert_int_equal(b.code.func_of[4], 2);
    assert_string_equal(b.code.funcs[0].name, "main");
    assert_string_equal(b.code.funcs[2].name, "func_5");
    bytecode_close(&b);
}

TEST(refuses_a_jump_into_the_second_half_of_lddw)
{
    BYTECODE(insns, OP(JA, .off = 1), OP(LDDW_IMM, .dst = 0), OP(EXIT, ));
    refused(insns, 3, "isa-jump-into-instruction");
}

TEST(refuses_a_jump_outside)
{
    BYTECODE(insns, OP(JA, .off = -2), OP(EXIT, ));
    refused(insns, 2, "isa-jump-outside");
}

TEST(refuses_a_jump_into_another_function)
{
    BYTECODE(insns, OP(CALL_LOCAL, .src = 1, .imm = 2), OP(JEQ64_IMM, .dst = 0, .off = 2),
             OP(EXIT, ), OP(MOV64_IMM, .dst = 0), OP(EXIT, ));
    refused(insns, 5, "code-jump-leaves-function");
}

TEST(refuses_a_function_that_runs_into_the_next)
{
    BYTECODE(insns, OP(CALL_LOCAL, .src = 1, .imm = 1), OP(MOV64_IMM, .dst = 0), OP(EXIT, ));
    refused(insns, 3, "code-falls-out-of-function");
}

TEST(refuses_an_empty_program) { refused(NULL, 0, "code-bad-size"); }

TEST(lines_hold_until_the_next_and_stay_in_their_function)
{
    BYTECODE(insns, OP(CALL_LOCAL, .src = 1, .imm = 2), OP(MOV64_IMM, .dst = 0), OP(EXIT, ),
             OP(MOV64_IMM, .dst = 0), OP(EXIT, ));
    const struct code_line lines[] = {
        { .insn = 1, .line = 20, .file = "a.c", .source = "" },
        { .insn = 0, .line = 10, .file = "a.c", .source = "" },
        { .insn = 99, .line = 30, .file = "a.c", .source = "" },
    };
    const struct code_note notes[] = { { .insn = 4, .text = "poisoned" } };
    struct bytecode b;
    bytecode_open(&b, insns, 5);
    struct code_input in = { .slots = b.slots,
                             .n_slots = b.n_slots,
                             .lines = lines,
                             .n_lines = 3,
                             .notes = notes,
                             .n_notes = 1 };
    assert_int_equal(code_build(&b.arena, &in, &b.code, &b.err), SKEP_OK);
    assert_int_equal(code_line_at(&b.code, 0)->line, 10);
    assert_int_equal(code_line_at(&b.code, 2)->line, 20);
    assert_null(code_line_at(&b.code, 3));
    assert_string_equal(code_note_at(&b.code, 4)->text, "poisoned");
    assert_null(code_note_at(&b.code, 3));
    bytecode_close(&b);
}

TEST(a_refused_allocation_is_an_error_not_a_crash)
{
    BYTECODE(insns, OP(CALL_LOCAL, .src = 1, .imm = 1), OP(EXIT, ), OP(EXIT, ));
    struct bytecode b;
    bytecode_open(&b, insns, 3);
    b.mem.limit = 1;
    assert_int_equal(bytecode_code(&b), SKEP_NOMEM);
    bytecode_close(&b);
}

UNIT_TESTS(UNIT(counts_lddw_as_one_instruction_and_resolves_across_it),
           UNIT(finds_functions_by_calls_and_addresses),
           UNIT(refuses_a_jump_into_the_second_half_of_lddw), UNIT(refuses_a_jump_outside),
           UNIT(refuses_a_jump_into_another_function),
           UNIT(refuses_a_function_that_runs_into_the_next), UNIT(refuses_an_empty_program),
           UNIT(lines_hold_until_the_next_and_stay_in_their_function),
           UNIT(a_refused_allocation_is_an_error_not_a_crash))
