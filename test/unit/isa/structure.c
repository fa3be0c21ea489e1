/* The structural check and the public functions of skep/isa.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <skep/isa.h>

#include <cmocka.h>

/* The id of the report that the check makes of assembled text; "" for a good program. */
static const char *verdict(const char *source)
{
    static skep_error err;
    skep_insn *insns = NULL;
    size_t n = 0;
    err = (skep_error){ 0 };
    assert_int_equal(skep_assemble(source, &insns, &n, &err), SKEP_OK);
    skep_status status = skep_check_structure(insns, n, &err);
    assert_int_equal(status, skep_error_id(&err)[0] ? SKEP_MALFORMED : SKEP_OK);
    free(insns);
    return skep_error_id(&err);
}

static void accepts_control_that_stays_inside(void **state)
{
    (void)state;
    assert_string_equal(verdict("exit"), "");
    assert_string_equal(verdict("a: r1 = 1 ll; if r1 == 1 goto a; call a; exit; goto a"), "");
    assert_string_equal(verdict("goto +0; gotol -2"), "");
    assert_string_equal(verdict("r2 = code[f]; exit; f: exit"), "");
    assert_string_equal(verdict("gotox r1"), "");
}

static void refuses_control_that_leaves(void **state)
{
    (void)state;
    assert_string_equal(verdict(""), "isa-empty-program");
    assert_string_equal(verdict("r0 = 1"), "isa-falls-off-the-end");
    assert_string_equal(verdict("exit; may_goto -1"), "isa-falls-off-the-end");
    assert_string_equal(verdict("exit; call 1"), "isa-falls-off-the-end");
    assert_string_equal(verdict("goto +1; exit"), "isa-jump-outside");
    assert_string_equal(verdict("goto -2; exit"), "isa-jump-outside");
    assert_string_equal(verdict("gotol 0x7fffffff; exit"), "isa-jump-outside");
    assert_string_equal(verdict("if w1 == 1 goto +0x7fff; exit"), "isa-jump-outside");
    assert_string_equal(verdict("call pc-5; exit"), "isa-jump-outside");
    assert_string_equal(verdict("goto +1; r1 = 5 ll; exit"), "isa-jump-into-instruction");
    assert_string_equal(verdict("call pc+1; r1 = 5 ll; exit"), "isa-jump-into-instruction");
    assert_string_equal(verdict("r1 = code[+0]; exit"), "isa-jump-into-instruction");
    assert_string_equal(verdict("r1 = code[-3]; exit"), "isa-jump-outside");
}

static void refuses_what_is_no_instruction(void **state)
{
    (void)state;
    assert_string_equal(verdict(".8byte 0xff; exit"), "isa-unknown-opcode");
    assert_string_equal(verdict(".8byte 0x0b07; exit"), "isa-bad-register");
    assert_string_equal(verdict(".8byte 0x10007; exit"), "isa-undefined-field");
    assert_string_equal(verdict(".8byte 0x0118"), "isa-half-instruction");
    assert_string_equal(verdict(".8byte 0x0118; exit"), "isa-half-instruction");
    assert_string_equal(verdict(".8byte 0xe2000000c3; exit"), "isa-undefined-field");
}

static void a_slot_that_is_no_instruction_goes_through_text(void **state)
{
    (void)state;
    const skep_insn insns[] = { { .opcode = 0xff, .imm = 7 },
                                { .opcode = 0x95 },
                                { 0x18, 1, 0, 5 } };
    char *text = NULL;
    assert_int_equal(skep_disassemble(insns, 3, &text), SKEP_OK);
    assert_string_equal(text, ".8byte 0x00000007000000ff\nexit\n.8byte 0x0000000500000118\n");
    skep_insn *back = NULL;
    size_t n = 0;
    assert_int_equal(skep_assemble(text, &back, &n, NULL), SKEP_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(back, insns, sizeof insns);
    free(back);
    free(text);
}

static void nothing_assembles_to_nothing(void **state)
{
    (void)state;
    skep_insn *insns = NULL;
    size_t n = 1;
    char *text = NULL;
    assert_int_equal(skep_assemble("# only a comment\n", &insns, &n, NULL), SKEP_OK);
    assert_int_equal(n, 0);
    assert_int_equal(skep_disassemble(insns, n, &text), SKEP_OK);
    assert_string_equal(text, "");
    free(insns);
    free(text);
}

static void an_error_leaves_the_outputs_alone(void **state)
{
    (void)state;
    skep_insn *insns = (skep_insn *)&state;
    size_t n = 42;
    assert_int_equal(skep_assemble("r1 =", &insns, &n, NULL), SKEP_MALFORMED);
    assert_ptr_equal(insns, &state);
    assert_int_equal(n, 42);
    assert_int_equal(skep_assemble(NULL, &insns, &n, NULL), SKEP_BAD_ARG);
    assert_int_equal(skep_check_structure(NULL, 1, NULL), SKEP_BAD_ARG);
}

static void groups_can_be_listed(void **state)
{
    (void)state;
    static const char *const wanted[] = { "base32",   "base64",   "divmul32", "divmul64",
                                          "atomic32", "atomic64", "packet" };
    for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
        unsigned found = 0;
        for (unsigned i = 0; skep_isa_group(i); i++)
            found += strcmp(skep_isa_group(i), wanted[w]) == 0;
        assert_int_equal(found, 1);
    }
    assert_null(skep_isa_group(~0u));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_control_that_stays_inside),
        cmocka_unit_test(refuses_control_that_leaves),
        cmocka_unit_test(refuses_what_is_no_instruction),
        cmocka_unit_test(a_slot_that_is_no_instruction_goes_through_text),
        cmocka_unit_test(nothing_assembles_to_nothing),
        cmocka_unit_test(an_error_leaves_the_outputs_alone),
        cmocka_unit_test(groups_can_be_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
