/* What becomes one instruction on x86-64: small functions, and what is selected for their results.
 * Copies are left out, registers are all `r`. */
#include "jit/select.h"
#include "jit/x86_64/insn.h"

#include "support/unit.h"

#include <stdio.h>

static const char *const op_names[] = {
#define X(NAME, ...) #NAME,
    X86_OPS(X)
#undef X
};
static const char *const conditions[] = { "o", "no", "b", "ae", "e", "ne", "be", "a",
                                          "s", "ns", "p", "np", "l", "ge", "le", "g" };

/* ---- listing */

static bool has(const struct mach_insn *insn, u32 i)
{
    return insn->operand[i].role != MACH_NONE && insn->operand[i].reg != MACH_NO_REG;
}

static void list_rm(struct text *out, const struct mach_insn *insn)
{
    if (!(insn->flags & X86_MEMORY)) {
        text_string(out, "r");
        return;
    }
    text_string(out, has(insn, X86_BASE) ? "[r" : "[");
    if (has(insn, X86_INDEX))
        text_printf(out, "+r*%d", 1 << insn->scale);
    if (insn->disp)
        text_printf(out, "%+d", insn->disp);
    text_string(out, "]");
}

static void list_insn(struct text *out, const struct mach_insn *insn)
{
    static const u32 with_reg = 1u << X86_DO_REG_RM | 1u << X86_DO_IMUL_IMM | 1u << X86_DO_MULX |
                                1u << X86_DO_CMOV | 1u << X86_DO_VEX | 1u << X86_DO_RORX;
    static const u32 with_imm = 1u << X86_DO_RM_IMM | 1u << X86_DO_TEST_IMM |
                                1u << X86_DO_IMUL_IMM | 1u << X86_DO_RORX | 1u << X86_DO_LOCKED_IMM;
    if (insn->op == X86_DO_MOV_IMM) {
        text_printf(out, "const %" PRId64, insn->imm);
        return;
    }
    text_printf(out, "%s.%u", op_names[insn->extra], insn->size);
    if (insn->op == X86_DO_CMOV || insn->op == X86_DO_SET)
        text_printf(out, " if %s", conditions[insn->cond]);
    if (with_reg >> insn->op & 1)
        text_string(out, " r,");
    if (insn->op == X86_DO_VEX)
        text_string(out, " r,");
    text_string(out, " ");
    list_rm(out, insn);
    if (insn->op == X86_DO_RM_REG || insn->op == X86_DO_LOCKED)
        text_string(out, ", r");
    if (with_imm >> insn->op & 1)
        text_printf(out, ", %" PRId64, insn->imm);
}

static void list_func(struct text *out, const struct mach_func *func)
{
    for (u32 i = 0; i < func->n; i++) {
        if (func->insns[i].op < MACH_OP_COUNT)
            continue;
        text_string(out, out->length ? "; " : "");
        list_insn(out, &func->insns[i]);
    }
    for (u32 b = 0; b < func->n_blocks; b++)
        if (func->blocks[b].exit.test)
            text_printf(out, "; if %s", conditions[func->blocks[b].exit.test]);
}

/* ---- building */

static struct mem mem;
static struct arena arena;
static struct ssa_func func;
static u32 p[5]; /* r1..r5 */

static u32 op3(enum ssa_op op, u32 width, u32 a, u32 b, u32 c)
{
    u32 v = ssa_new(
        &func, (struct ssa_insn){
                   .op = (u16)op, .width = (u8)width, .arg = { a, b, c }, .origin = CODE_NONE });
    ssa_append(&func, 0, v);
    return v;
}
static u32 op(enum ssa_op o, u32 width, u32 a, u32 b) { return op3(o, width, a, b, 0); }
static u32 k(u64 number) { return ssa_const(&func, number); }
static u32 load(u32 width, u32 address, s64 off)
{
    u32 v = op(SSA_LOAD, width, address, 0);
    ssa_at(&func, v)->off = off;
    return v;
}
static u32 store(u32 width, u32 address, s64 off, u32 what)
{
    u32 v = op(SSA_STORE, width, address, what);
    ssa_at(&func, v)->off = off;
    return v;
}

static int begin(void **state)
{
    (void)state;
    static struct ssa_program program = { .n_funcs = 1, .funcs = &func };
    mem_init(&mem, NULL, 0);
    arena_init(&arena, &mem);
    if (!ssa_func_init(&func, &program, &arena, 0))
        return -1;
    ssa_block_new(&func);
    for (u32 i = 0; i < 5; i++) {
        p[i] = op(SSA_PARAM, 8, 0, 0);
        ssa_at(&func, p[i])->imm = i;
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_drop(&arena);
    return mem.used == 0 ? 0 : -1;
}

#define EVERYTHING (X86_HAS_BMI1 | X86_HAS_BMI2 | X86_HAS_MOVBE)

static void assert_selected(u32 features, const char *expected)
{
    struct select_options options = { &jit_x86_64, features, false };
    struct mach_func out;
    char buffer[1024];
    struct text text;
    text_init_fixed(&text, buffer, sizeof buffer);
    assert_false(func.failed);
    assert_true(ssa_split_critical(&func));
    assert_true(jit_select(&arena, &arena, &options, &func, &out));
    list_func(&text, &out);
    assert_string_equal(text_cstr(&text), expected);
}

/* The function returns the value. */
static void returns(u32 value, const char *expected)
{
    op(SSA_RETURN, 8, value, 0);
    assert_selected(EVERYTHING, expected);
}

/* The function branches on the value. */
static void branches(u32 value, const char *expected)
{
    op(SSA_BRANCH, 8, value, 0);
    for (u32 slot = 0; slot < 2; slot++) {
        u32 block = ssa_block_new(&func);
        ssa_add_edge(&func, 0, slot, block);
        u32 end_insn = ssa_new(
            &func, (struct ssa_insn){
                       .op = SSA_RETURN, .width = 8, .arg = { p[0] }, .origin = CODE_NONE });
        ssa_append(&func, block, end_insn);
    }
    assert_selected(EVERYTHING, expected);
}

/* ---- addresses */

TEST(a_sum_of_base_scaled_index_and_number_is_an_address)
{
    u32 address = op(SSA_ADD, 8, p[0], op(SSA_SHL, 8, p[1], k(3)));
    returns(load(8, op(SSA_ADD, 8, address, k(16)), 8), "MOV.8 r, [r+r*8+24]");
}
TEST(the_scaled_index_may_come_first)
{
    returns(load(4, op(SSA_ADD, 8, op(SSA_SHL, 8, p[1], k(2)), p[0]), 0), "MOV.4 r, [r+r*4]");
}
TEST(an_offset_that_others_need_too_is_in_the_address_all_the_same)
{
    u32 address = op(SSA_ADD, 8, p[0], k(64));
    store(8, address, 0, p[1]);
    store(8, address, 8, p[2]);
    returns(p[3], "MOV.8 [r+64], r; MOV.8 [r+72], r");
}
TEST(an_index_that_stays_is_in_each_of_several_addresses)
{
    u32 address = op(SSA_ADD, 8, p[0], op(SSA_SHL, 8, p[1], k(2)));
    store(4, address, 0, p[2]);
    store(4, address, 64, p[2]);
    returns(op(SSA_ADD, 8, p[0], p[1]), "MOV.4 [r+r*4], r; MOV.4 [r+r*4+64], r; ADD.8 r, r");
}
TEST(a_table_at_a_constant_address_is_a_base)
{
    returns(load(1, op(SSA_ADD, 8, p[0], k(0x7fb092175000)), 0),
            "const 140396341972992; MOVZX8.4 r, [r+r*1]");
}
TEST(sums_of_three_are_one_lea)
{
    u32 sum = op(SSA_ADD, 8, p[0], op(SSA_SHL, 8, p[1], k(1)));
    returns(op(SSA_ADD, 8, sum, k(5)), "LEA.8 r, [r+r*2+5]");
}
TEST(sums_of_4_bytes_are_no_addresses_of_8)
{
    returns(load(1, op(SSA_ADD, 4, p[0], p[1]), 0), "ADD.4 r, r; MOVZX8.4 r, [r]");
}

/* ---- loads and stores as operands */

TEST(a_load_becomes_part_of_the_operation)
{
    returns(op(SSA_XOR, 8, op(SSA_NEG, 8, p[0], 0), load(8, p[1], 8)), "NEG.8 r; XOR.8 r, [r+8]");
}
TEST(a_load_does_not_move_over_a_store)
{
    u32 value = load(8, p[1], 8);
    store(8, p[2], 0, p[3]);
    returns(op(SSA_XOR, 8, op(SSA_NEG, 8, p[0], 0), value),
            "MOV.8 r, [r+8]; MOV.8 [r], r; NEG.8 r; XOR.8 r, r");
}
TEST(a_narrower_load_is_no_operand)
{
    u32 loaded = load(4, p[1], 8), negated = op(SSA_NEG, 8, p[0], 0);
    returns(op(SSA_XOR, 8, negated, loaded), "MOV.4 r, [r+8]; NEG.8 r; XOR.8 r, r");
}
TEST(memory_is_changed_in_place)
{
    store(4, p[0], 4, op(SSA_ADD, 8, load(4, p[0], 4), k(7)));
    store(1, p[0], 0, op(SSA_OR, 8, p[1], load(1, p[0], 0)));
    returns(p[1], "ADD.4 [r+4], 7; OR.1 [r], r");
}
TEST(a_constant_is_stored_as_it_is)
{
    store(8, p[0], 0, k((u64)-1));
    store(8, p[0], 8, k(0x1234567890));
    returns(p[1], "MOV.8 [r], -1; const 78187493520; MOV.8 [r+8], r");
}
TEST(masks_before_a_narrow_store_are_not_computed)
{
    store(1, p[0], 0, op(SSA_AND, 8, p[1], k(0xff)));
    store(2, p[0], 2, op(SSA_ZEXT, 2, p[1], 0));
    returns(p[1], "MOV.1 [r], r; MOV.2 [r+2], r");
}
TEST(swapped_bytes_are_loaded_and_stored)
{
    store(4, p[0], 0, op(SSA_BSWAP, 4, p[1], 0));
    returns(op(SSA_BSWAP, 8, load(8, p[0], 8), 0), "MOVBE.4 [r], r; MOVBE.8 r, [r+8]");
}

/* ---- arithmetic */

TEST(masks_are_extensions)
{
    u32 word = op(SSA_AND, 8, p[1], k(0xffffffff)), byte = op(SSA_AND, 8, p[0], k(0xff));
    returns(op(SSA_ADD, 8, byte, word), "MOV.4 r, r; MOVZX8.4 r, r; ADD.8 r, r");
}
TEST(and_of_a_complement_is_andn)
{
    returns(op(SSA_AND, 8, p[0], op(SSA_XOR, 8, p[1], k(UINT64_MAX))), "ANDN.8 r, r, r");
}
TEST(up_and_down_is_an_extension)
{
    returns(op(SSA_SAR, 4, op(SSA_SHL, 4, load(1, p[0], 0), k(24)), k(24)), "MOVSX8.4 r, [r]");
}
TEST(products_with_3_5_9_are_lea)
{
    returns(op(SSA_MUL, 8, op(SSA_MUL, 4, p[0], k(3)), k(100)),
            "LEA.4 r, [r+r*2]; IMUL_IMM.8 r, r, 100");
}
TEST(shifts_by_registers_need_no_rcx)
{
    returns(op(SSA_SHR, 8, p[0], op(SSA_AND, 8, p[1], k(63))), "SHRX.8 r, r, r");
}
TEST(a_rotation_of_a_value_in_memory_is_rorx)
{
    returns(op(SSA_ROTL, 4, load(4, p[0], 0), k(7)), "RORX.4 r, [r], 25");
}
TEST(the_high_half_of_a_product_is_mulx)
{
    returns(op(SSA_MULH, 8, p[0], load(8, p[1], 0)), "MULX.8 r, [r]");
}
TEST(quotient_and_remainder_are_one_division)
{
    u32 quotient = op(SSA_DIV, 8, p[0], p[1]);
    returns(op(SSA_XOR, 8, quotient, op(SSA_MOD, 8, p[0], p[1])), "const 0; DIV.8 r; XOR.8 r, r");
}
TEST(a_carry_is_added_by_adc)
{
    u32 sum = op(SSA_ADD, 8, p[0], p[1]);
    returns(op(SSA_ADD, 8, sum, op(SSA_LT, 8, sum, p[1])), "ADD.8 r, r; ADC.8 r, 0");
}

/* ---- conditions */

TEST(a_byte_is_compared_in_memory)
{
    branches(op(SSA_EQ, 8, load(1, p[0], 9), k(17)), "CMP.1 [r+9], 17; if e");
}
TEST(signs_of_narrow_loads_are_not_those_of_their_own_width)
{
    branches(op(SSA_SLT, 8, load(1, p[0], 9), k(200)), "CMP.1 [r+9], 200; if b");
}
TEST(bits_of_memory_are_tested_there)
{
    branches(op(SSA_NE, 8, op(SSA_AND, 8, load(4, p[0], 0), k(0x10)), k(0)),
             "TEST.1 [r], 16; if ne");
}
TEST(a_high_bit_is_tested_by_its_number)
{
    branches(op(SSA_EQ, 8, op(SSA_AND, 8, p[0], k((u64)1 << 40)), k(0)), "BT.8 r, 40; if ae");
}
TEST(a_bit_at_a_variable_place_is_not_shifted)
{
    branches(op(SSA_NE, 8, op(SSA_AND, 8, p[0], op(SSA_SHL, 8, k(1), p[1])), k(0)),
             "BT.8 r, r; if b");
}
TEST(a_bit_of_a_constant_is_not_shifted)
{
    u64 set = 0x1008180000000001;
    branches(op(SSA_NE, 8, op(SSA_AND, 8, op(SSA_SHL, 8, k(1), p[0]), k(set)), k(0)),
             "const 1155199692699598849; BT.8 r, r; if b");
}
TEST(a_sign_is_tested) { branches(op(SSA_SLT, 4, p[0], k(0)), "TEST.4 r, r; if s"); }
TEST(a_choice_is_cmov)
{
    returns(op3(SSA_SELECT, 8, op(SSA_LT, 8, p[0], p[1]), p[2], p[3]),
            "CMP.8 r, r; CMOV.8 if b r, r");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(a_sum_of_base_scaled_index_and_number_is_an_address),
        T(the_scaled_index_may_come_first),
        T(an_offset_that_others_need_too_is_in_the_address_all_the_same),
        T(an_index_that_stays_is_in_each_of_several_addresses),
        T(a_table_at_a_constant_address_is_a_base),
        T(sums_of_three_are_one_lea),
        T(sums_of_4_bytes_are_no_addresses_of_8),
        T(a_load_becomes_part_of_the_operation),
        T(a_load_does_not_move_over_a_store),
        T(a_narrower_load_is_no_operand),
        T(memory_is_changed_in_place),
        T(a_constant_is_stored_as_it_is),
        T(masks_before_a_narrow_store_are_not_computed),
        T(swapped_bytes_are_loaded_and_stored),
        T(masks_are_extensions),
        T(and_of_a_complement_is_andn),
        T(up_and_down_is_an_extension),
        T(products_with_3_5_9_are_lea),
        T(shifts_by_registers_need_no_rcx),
        T(a_rotation_of_a_value_in_memory_is_rorx),
        T(the_high_half_of_a_product_is_mulx),
        T(quotient_and_remainder_are_one_division),
        T(a_carry_is_added_by_adc),
        T(a_byte_is_compared_in_memory),
        T(signs_of_narrow_loads_are_not_those_of_their_own_width),
        T(bits_of_memory_are_tested_there),
        T(a_high_bit_is_tested_by_its_number),
        T(a_bit_at_a_variable_place_is_not_shifted),
        T(a_bit_of_a_constant_is_not_shifted),
        T(a_sign_is_tested),
        T(a_choice_is_cmov),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
