/* Liveness: by hand, and on random programs that must not notice when what is dead is overwritten.
 */
#include "support/bytecode.h"

#define SLOT(off) ((u64)1 << (-(off) / 8 - 1))
#define REG(n) (1u << (n))
#define ALL_SLOTS (~(u64)0)
#define UP_FROM(off) (SLOT(off) | (SLOT(off) - 1))

static const struct skep_helper read_8 = {
    .args = { { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ, .bytes = 8 } },
};
static const struct skep_helper read_sized = {
    .args = { { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ }, { .kind = SKEP_ARG_SIZE } },
};
static const struct skep_helper write_sized = {
    .args = { { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_WRITE }, { .kind = SKEP_ARG_SIZE } },
};
static const struct skep_helper print_any = { .args = { { .kind = SKEP_ARG_ANYTHING } } };
static const struct skep_helper call_twice = {
    .args = { { .kind = SKEP_ARG_SCALAR },
              { .kind = SKEP_ARG_CALLBACK },
              { .kind = SKEP_ARG_CALLBACK_CTX },
              { .kind = SKEP_ARG_SCALAR } },
    .effects = SKEP_CALLS_BACK,
};

struct lived {
    struct bytecode code;
    const struct skep_helper *helpers[32];
    struct live live;
};

static void lived_analyse(struct lived *l)
{
    const struct skep_helper *const *helpers = l->code.code.n_insns <= 32 ? l->helpers : NULL;
    assert_int_equal(live_build(&l->code.arena, &l->code.code, &l->code.cfg, helpers, &l->live),
                     SKEP_OK);
}

/* All calls of helpers are of `helper`. */
static void lived_build(struct lived *l, const struct insn *insns, u32 n,
                        const struct skep_helper *helper)
{
    memset(l->helpers, 0, sizeof(l->helpers));
    for (u32 i = 0; i < n && i < ARRAY_LEN(l->helpers); i++)
        l->helpers[i] = insns[i].op == ISA_CALL_HELPER ? helper : NULL;
    bytecode_build(&l->code, insns, n);
    lived_analyse(l);
}

static void lived_close(struct lived *l) { bytecode_close(&l->code); }

TEST(a_register_lives_from_its_write_to_its_last_read)
{
    BYTECODE(insns, OP(MOV64_IMM, .dst = 6), OP(MOV64_IMM, .dst = 0),
             OP(ADD64_REG, .dst = 0, .src = 6), OP(MOV64_IMM, .dst = 6), OP(EXIT, ));
    static struct lived l;
    lived_build(&l, insns, 5, NULL);
    assert_int_equal(l.live.regs[0], 0);
    assert_int_equal(l.live.regs[1], REG(6));
    assert_int_equal(l.live.regs[2], REG(0) | REG(6));
    assert_int_equal(l.live.regs[3], REG(0));
    assert_int_equal(l.live.regs[4], REG(0));
    lived_close(&l);
}

TEST(what_a_loop_reads_lives_all_around_it)
{
    BYTECODE(insns, OP(MOV64_IMM, .dst = 0), OP(LDX_DW, .dst = 3, .src = 10, .off = -16),
             OP(ADD64_REG, .dst = 0, .src = 2), OP(JNE64_IMM, .dst = 0, .imm = 9, .off = -3),
             OP(EXIT, ));
    static struct lived l;
    lived_build(&l, insns, 5, NULL);
    assert_int_equal(l.live.regs[3], REG(0) | REG(2));
    assert_int_equal(l.live.slots[3], SLOT(-16));
    assert_int_equal(l.live.slots[4], 0);
    lived_close(&l);
}

TEST(only_a_store_of_the_whole_slot_overwrites_it)
{
    BYTECODE(insns, OP(ST_DW, .dst = 10, .off = -8), OP(ST_W, .dst = 10, .off = -16),
             OP(ST_DW, .dst = 10, .off = -28), OP(MOV64_REG, .dst = 2, .src = 10),
             OP(ADD64_IMM, .dst = 2, .imm = (u64)(s64)-40),
             OP(STX_DW, .dst = 2, .src = 0, .off = 8), OP(LDX_B, .dst = 1, .src = 10, .off = -1),
             OP(LDX_DW, .dst = 1, .src = 10, .off = -20), OP(LDX_H, .dst = 0, .src = 2, .off = 8),
             OP(EXIT, ));
    static struct lived l;
    lived_build(&l, insns, 10, NULL);
    assert_int_equal(l.live.slots[8], SLOT(-32));
    assert_int_equal(l.live.slots[7], SLOT(-16) | SLOT(-24) | SLOT(-32));
    assert_int_equal(l.live.slots[6], UP_FROM(-32));
    assert_int_equal(l.live.slots[5], UP_FROM(-24)); /* through r2 = r10 - 40 */
    assert_int_equal(l.live.slots[0], SLOT(-16) | SLOT(-24));
    lived_close(&l);
}

TEST(atomics_read_their_slot)
{
    BYTECODE(insns, OP(XCHG_DW, .dst = 10, .src = 3, .off = -8),
             OP(CMPXCHG_DW, .dst = 10, .src = 2, .off = -16), OP(EXIT, ));
    static struct lived l;
    lived_build(&l, insns, 3, NULL);
    assert_int_equal(l.live.slots[0], SLOT(-8) | SLOT(-16));
    assert_int_equal(l.live.regs[0], REG(0) | REG(2) | REG(3));
    lived_close(&l);
}

/* What is live before a call that gets r1 = r10 - 32. */
static u64 slots_before_call(const struct skep_helper *helper, u16 *regs)
{
    BYTECODE(insns, OP(MOV64_REG, .dst = 1, .src = 10),
             OP(ADD64_IMM, .dst = 1, .imm = (u64)(s64)-32), OP(CALL_HELPER, .imm = 1), OP(EXIT, ));
    static struct lived l;
    lived_build(&l, insns, 4, helper);
    u64 slots = l.live.slots[2];
    *regs = l.live.regs[2];
    lived_close(&l);
    return slots;
}

TEST(a_helper_reads_what_its_descriptor_says)
{
    u16 regs;
    assert_int_equal(slots_before_call(&read_8, &regs), SLOT(-32));
    assert_int_equal(regs, REG(1));
    assert_int_equal(slots_before_call(&read_sized, &regs), UP_FROM(-32));
    assert_int_equal(regs, REG(1) | REG(2));
    assert_int_equal(slots_before_call(&write_sized, &regs), 0);
    assert_int_equal(slots_before_call(&print_any, &regs), UP_FROM(-32));
    assert_int_equal(slots_before_call(NULL, &regs), ALL_SLOTS);
    assert_int_equal(regs, REG(1) | REG(2) | REG(3) | REG(4) | REG(5));
}

TEST(a_pointer_that_is_stored_leads_helpers_anywhere)
{
    BYTECODE(insns, OP(MOV64_REG, .dst = 1, .src = 10), OP(STX_DW, .dst = 10, .src = 1, .off = -16),
             OP(ADD64_IMM, .dst = 1, .imm = (u64)(s64)-16), OP(CALL_HELPER, .imm = 1),
             OP(LDX_DW, .dst = 2, .src = 10, .off = -16), OP(LDX_B, .dst = 0, .src = 2),
             OP(EXIT, ));
    static struct lived l;
    lived_build(&l, insns, 7, &read_sized);
    assert_int_equal(l.live.slots[3], ALL_SLOTS);
    assert_int_equal(l.live.slots[5], ALL_SLOTS); /* through what came back from the stack */
    assert_int_equal(l.live.slots[6], 0);
    lived_close(&l);
}

TEST(a_load_at_an_unknown_offset_reads_every_slot)
{
    BYTECODE(insns, OP(JEQ64_IMM, .dst = 1, .off = 3), OP(MOV64_REG, .dst = 2, .src = 10),
             OP(ADD64_IMM, .dst = 2, .imm = (u64)(s64)-8), OP(JA, .off = 2),
             OP(MOV64_REG, .dst = 2, .src = 10), OP(ADD64_IMM, .dst = 2, .imm = (u64)(s64)-16),
             OP(ST_DW, .dst = 2), OP(LDX_DW, .dst = 0, .src = 2), OP(EXIT, ));
    static struct lived l;
    lived_build(&l, insns, 9, NULL);
    assert_int_equal(l.live.slots[7], ALL_SLOTS);
    assert_int_equal(l.live.slots[6], ALL_SLOTS); /* a store to one of two slots ends neither */
    lived_close(&l);
}

/* f reads r2 only: r1 and r3 are dead before the call; r6 is not f's to read. */
TEST(a_call_reads_the_arguments_that_the_callee_reads)
{
    BYTECODE(insns, OP(MOV64_IMM, .dst = 6), OP(MOV64_REG, .dst = 1, .src = 10),
             OP(CALL_LOCAL, .imm = 2), OP(ADD64_REG, .dst = 0, .src = 6), OP(EXIT, ),
             OP(MOV64_REG, .dst = 0, .src = 2), OP(EXIT, ));
    static struct lived l;
    lived_build(&l, insns, 7, NULL);
    assert_int_equal(l.live.regs[2], REG(2) | REG(6));
    assert_int_equal(l.live.regs[1], REG(2) | REG(6));
    assert_int_equal(l.live.slots[2], 0); /* r1 points to the stack, but nobody looks */
    lived_close(&l);
}

TEST(a_callee_that_gets_a_pointer_may_read_the_whole_frame)
{
    BYTECODE(insns, OP(MOV64_REG, .dst = 1, .src = 10), OP(CALL_LOCAL, .imm = 1), OP(EXIT, ),
             OP(LDX_DW, .dst = 0, .src = 1, .off = -8), OP(EXIT, ));
    static struct lived l;
    lived_build(&l, insns, 5, NULL);
    assert_int_equal(l.live.slots[1], ALL_SLOTS);
    assert_int_equal(l.live.slots[2], 0);
    assert_int_equal(l.live.slots[3], 0); /* its own frame is another */
    lived_close(&l);
}

/* g stores one pointer behind another: what its caller loads afterwards may be a pointer. */
TEST(a_callee_that_keeps_a_pointer_makes_every_load_suspect)
{
    BYTECODE(insns, OP(MOV64_REG, .dst = 1, .src = 10), OP(CALL_LOCAL, .imm = 3),
             OP(LDX_DW, .dst = 2, .src = 10, .off = -64), OP(LDX_B, .dst = 0, .src = 2), OP(EXIT, ),
             OP(STX_DW, .dst = 1, .src = 1, .off = -64), OP(EXIT, ));
    static struct lived l;
    lived_build(&l, insns, 7, NULL);
    assert_int_equal(l.live.slots[3], ALL_SLOTS);
    lived_close(&l);
}

/* In each program the load at `at` goes through what may be an address of its own frame. */
static void check_reads_all(const struct insn *insns, u32 n, u32 at,
                            const struct skep_helper *helper)
{
    static struct lived l;
    lived_build(&l, insns, n, helper);
    assert_int_equal(l.live.slots[at], ALL_SLOTS);
    assert_int_equal(l.live.slots[at + 1], 0);
    lived_close(&l);
}

TEST(a_pointer_comes_back_from_where_a_callee_put_it)
{
    /* f spills its argument, takes it back and stores it behind itself. */
    BYTECODE(spilled, OP(MOV64_REG, .dst = 1, .src = 10), OP(CALL_LOCAL, .imm = 3),
             OP(LDX_DW, .dst = 2, .src = 10, .off = -64), OP(LDX_B, .dst = 0, .src = 2), OP(EXIT, ),
             OP(STX_DW, .dst = 10, .src = 1, .off = -8), OP(LDX_DW, .dst = 2, .src = 10, .off = -8),
             OP(STX_DW, .dst = 2, .src = 2, .off = -64), OP(EXIT, ));
    /* f hands its argument to g inside its own frame, and g stores it. */
    BYTECODE(handed_on, OP(MOV64_REG, .dst = 1, .src = 10), OP(CALL_LOCAL, .imm = 3),
             OP(LDX_DW, .dst = 2, .src = 10, .off = -64), OP(LDX_B, .dst = 0, .src = 2), OP(EXIT, ),
             OP(STX_DW, .dst = 10, .src = 1, .off = -8), OP(MOV64_REG, .dst = 1, .src = 10),
             OP(CALL_LOCAL, .imm = 1), OP(EXIT, ), OP(LDX_DW, .dst = 2, .src = 1, .off = -8),
             OP(STX_DW, .dst = 2, .src = 2, .off = -64), OP(EXIT, ));
    /* f stores its own frame's address in its caller's. */
    BYTECODE(outside, OP(MOV64_REG, .dst = 1, .src = 10), OP(CALL_LOCAL, .imm = 1), OP(EXIT, ),
             OP(STX_DW, .dst = 1, .src = 10, .off = -8), OP(LDX_DW, .dst = 2, .src = 1, .off = -8),
             OP(LDX_B, .dst = 0, .src = 2), OP(EXIT, ));
    check_reads_all(spilled, 9, 3, NULL);
    check_reads_all(handed_on, 12, 3, NULL);
    check_reads_all(outside, 7, 5, NULL);
}

TEST(a_pointer_comes_back_from_where_a_helper_or_callback_put_it)
{
    BYTECODE(unknown, OP(MOV64_REG, .dst = 1, .src = 10), OP(CALL_HELPER, .imm = 1),
             OP(LDX_DW, .dst = 2, .src = 10, .off = -64), OP(LDX_B, .dst = 0, .src = 2),
             OP(EXIT, ));
    BYTECODE(callback, OP(LDDW_CODE, .dst = 2, .imm = 6), OP(MOV64_REG, .dst = 3, .src = 10),
             OP(CALL_HELPER, .imm = 1), OP(LDX_DW, .dst = 2, .src = 10, .off = -64),
             OP(LDX_B, .dst = 0, .src = 2), OP(EXIT, ), OP(STX_DW, .dst = 2, .src = 2, .off = -64),
             OP(EXIT, ));
    check_reads_all(unknown, 5, 3, NULL);
    check_reads_all(callback, 8, 4, &call_twice);
}

TEST(a_helper_may_follow_a_pointer_that_is_stored)
{
    BYTECODE(own, OP(STX_DW, .dst = 10, .src = 10, .off = -16), OP(MOV64_REG, .dst = 1, .src = 10),
             OP(ADD64_IMM, .dst = 1, .imm = (u64)(s64)-16), OP(CALL_HELPER, .imm = 1),
             OP(MOV64_IMM, .dst = 0), OP(EXIT, ));
    /* f's frame's address is in its caller's, whose address the helper gets. */
    BYTECODE(outside, OP(MOV64_REG, .dst = 1, .src = 10), OP(CALL_LOCAL, .imm = 1), OP(EXIT, ),
             OP(STX_DW, .dst = 1, .src = 10, .off = -8), OP(CALL_HELPER, .imm = 1), OP(EXIT, ));
    check_reads_all(own, 6, 3, &read_8);
    check_reads_all(outside, 6, 4, &read_8);
}

TEST(a_callback_with_a_pointer_may_read_the_whole_frame)
{
    BYTECODE(insns, OP(LDDW_CODE, .dst = 2, .imm = 5), OP(MOV64_REG, .dst = 3, .src = 10),
             OP(CALL_HELPER, .imm = 1), OP(MOV64_IMM, .dst = 0), OP(EXIT, ),
             OP(MOV64_IMM, .dst = 0), OP(EXIT, ));
    static struct lived l;
    lived_build(&l, insns, 7, &call_twice);
    assert_int_equal(l.live.slots[2], ALL_SLOTS);
    assert_int_equal(l.live.regs[2], REG(1) | REG(2) | REG(3) | REG(4));
    assert_int_equal(l.live.slots[3], 0);
    lived_close(&l);
}

TEST(a_global_function_may_be_another_one_when_it_is_called)
{
    BYTECODE(insns, OP(CALL_LOCAL, .imm = 1), OP(EXIT, ), OP(MOV64_IMM, .dst = 0), OP(EXIT, ));
    const struct code_func funcs[] = { { .entry = 0, .name = "main" },
                                       { .entry = 2, .name = "f", .is_global = true } };
    static struct lived l;
    memset(l.helpers, 0, sizeof(l.helpers));
    bytecode_open(&l.code, insns, 4);
    struct code_input in = {
        .slots = l.code.slots, .n_slots = l.code.n_slots, .funcs = funcs, .n_funcs = 2
    };
    assert_int_equal(code_build(&l.code.arena, &in, &l.code.code, &l.code.err), SKEP_OK);
    bytecode_graph(&l.code);
    lived_analyse(&l);
    assert_int_equal(l.live.regs[0], REG(1) | REG(2) | REG(3) | REG(4) | REG(5));
    lived_close(&l);
}

TEST(everything_is_live_where_control_never_comes)
{
    BYTECODE(insns, OP(JA, .off = 1), OP(MOV64_IMM, .dst = 0), OP(EXIT, ));
    static struct lived l;
    lived_build(&l, insns, 3, NULL);
    assert_int_equal(l.live.regs[1], 0x3ff);
    assert_int_equal(l.live.slots[1], ALL_SLOTS);
    assert_int_equal(l.live.regs[0], REG(0));
    lived_close(&l);
}

/* f calls g with r2 for r1, g calls f; f reads r1: so it reads r2 too. */
TEST(functions_that_call_each_other_come_to_an_end)
{
    BYTECODE(insns, OP(CALL_LOCAL, .imm = 1), OP(EXIT, ), OP(JEQ64_IMM, .dst = 1, .off = 2),
             OP(MOV64_REG, .dst = 3, .src = 2), OP(CALL_LOCAL, .imm = 1), OP(EXIT, ),
             OP(MOV64_REG, .dst = 1, .src = 3), OP(CALL_LOCAL, .imm = (u64)(s64)-6), OP(EXIT, ));
    static struct lived l;
    lived_build(&l, insns, 9, NULL);
    assert_int_equal(l.code.code.n_funcs, 3);
    assert_int_equal(l.live.regs[2] & (REG(1) | REG(2)), REG(1) | REG(2));
    assert_int_equal(l.live.regs[0] & REG(2), REG(2));
    lived_close(&l);
}

/* Each of 3,900 functions calls the two after it; the last calls the first. */
TEST(many_functions_in_circles_cost_little)
{
    static struct insn insns[11700];
    static struct lived l;
    u32 n = ARRAY_LEN(insns) / 3;
    for (u32 i = 0; i < n; i++) {
        u32 to[2] = { i + 1 < n ? i + 1 : 0, i + 2 < n ? i + 2 : 0 };
        for (u32 c = 0; c < 2; c++)
            insns[3 * i + c] =
                (struct insn){ .op = ISA_CALL_LOCAL,
                               .imm = (u64)((s64)(3 * to[c]) - (s64)(3 * i + c) - 1) };
        insns[3 * i + 2] = (struct insn){ .op = ISA_EXIT };
    }
    lived_build(&l, insns, 3 * n, NULL);
    assert_int_equal(l.code.code.n_funcs, n);
    lived_close(&l);
}

UNIT_TESTS(UNIT(a_register_lives_from_its_write_to_its_last_read),
           UNIT(what_a_loop_reads_lives_all_around_it),
           UNIT(only_a_store_of_the_whole_slot_overwrites_it), UNIT(atomics_read_their_slot),
           UNIT(a_helper_reads_what_its_descriptor_says),
           UNIT(a_pointer_that_is_stored_leads_helpers_anywhere),
           UNIT(a_load_at_an_unknown_offset_reads_every_slot),
           UNIT(a_call_reads_the_arguments_that_the_callee_reads),
           UNIT(a_callee_that_gets_a_pointer_may_read_the_whole_frame),
           UNIT(a_callee_that_keeps_a_pointer_makes_every_load_suspect),
           UNIT(a_pointer_comes_back_from_where_a_callee_put_it),
           UNIT(a_pointer_comes_back_from_where_a_helper_or_callback_put_it),
           UNIT(a_helper_may_follow_a_pointer_that_is_stored),
           UNIT(a_callback_with_a_pointer_may_read_the_whole_frame),
           UNIT(a_global_function_may_be_another_one_when_it_is_called),
           UNIT(everything_is_live_where_control_never_comes),
           UNIT(functions_that_call_each_other_come_to_an_end),
           UNIT(many_functions_in_circles_cost_little))
