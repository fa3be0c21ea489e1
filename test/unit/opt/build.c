/* HOST CODE → SSA: every operation gives what the interpreter gives, for every pair of telling
 * operands, and what is built has the shape that docs/jit.md says. */
#include "support/engines.h"

static const struct skep_hook hook = {
    .size = sizeof(hook),
    .name = "memory",
    .ctx_kind = SKEP_CTX_MEMORY,
    .flags = SKEP_HOOK_CTX_WRITABLE,
};
#define NO_PASS ((1u << OPT_PASS_COUNT) - 1)
static const struct engines_options plain = { .hook = &hook, .passes_off = NO_PASS };

static const u64 telling[] = { 0,
                               1,
                               2,
                               7,
                               31,
                               32,
                               63,
                               64,
                               0x7f,
                               0x80,
                               0x8000,
                               INT32_MAX,
                               1ull << 31,
                               UINT32_MAX,
                               1ull << 32,
                               INT64_MAX,
                               (u64)1 << 63,
                               UINT64_MAX,
                               0xfedcba9876543210ull };

static u64 result(struct engines *e, enum engine engine, u64 a, u64 b)
{
    u64 memory[2] = { a, b }, r0;
    struct skep_memory ctx = { memory, sizeof(memory) };
    assert_int_equal(engines_run(e, engine, &ctx, &r0), SKEP_OK);
    return r0 + 3 * memory[0] + 5 * memory[1];
}

static void agree(struct engines *e, const char *name)
{
    for (u32 i = 0; i < ARRAY_LEN(telling); i++)
        for (u32 j = 0; j < ARRAY_LEN(telling); j++) {
            u64 expected = result(e, ENGINE_INTERP, telling[i], telling[j]);
            u64 found = result(e, ENGINE_SSA, telling[i], telling[j]);
            if (found != expected)
                fail_msg("%s of %llx and %llx: %llx, not %llx", name,
                         (unsigned long long)telling[i], (unsigned long long)telling[j],
                         (unsigned long long)found, (unsigned long long)expected);
        }
}

static bool is_arithmetic(enum isa_kind kind)
{
    return kind == ISA_KIND_BINARY_REG || kind == ISA_KIND_BINARY_IMM || kind == ISA_KIND_MOVSX ||
           kind == ISA_KIND_NEG || kind == ISA_KIND_END;
}

/* r0 = the first number, r2 = the second; the operation on both; r0. */
static void try_arithmetic(u16 op, u64 imm)
{
    const struct isa_row *row = &isa_rows[op];
    struct insn insns[] = {
        OP(LDX_DW, .dst = 2, .src = 1, .off = 8),
        OP(LDX_DW, .dst = 0, .src = 1),
        { .op = op,
          .dst = 0,
          .src = row->operands & ISA_S ? 2 : row->src,
          .off = row->off,
          .imm = row->operands & ISA_I ? imm : (u64)(s64)row->imm },
        OP(EXIT, ),
    };
    struct engines e;
    engines_open_insns(&e, insns, ARRAY_LEN(insns), &plain);
    agree(&e, row->name);
    engines_close(&e);
}

TEST(arithmetic_is_the_interpreter_s)
{
    for (u16 op = 0; op < ISA_OP_COUNT; op++) {
        enum isa_kind kind = (enum isa_kind)isa_rows[op].kind;
        for (u32 i = 0; kind == ISA_KIND_BINARY_IMM && i < ARRAY_LEN(telling); i++)
            try_arithmetic(op, (u64)(s64)(s32)telling[i]);
        if (is_arithmetic(kind) && kind != ISA_KIND_BINARY_IMM)
            try_arithmetic(op, 0);
    }
}

static void try_jump(u16 op, u64 imm)
{
    const struct isa_row *row = &isa_rows[op];
    struct insn insns[] = {
        OP(LDX_DW, .dst = 2, .src = 1, .off = 8),
        OP(LDX_DW, .dst = 3, .src = 1),
        OP(MOV64_IMM, .dst = 0, .imm = 1),
        { .op = op,
          .dst = 3,
          .src = row->operands & ISA_S ? 2 : 0,
          .off = 1,
          .imm = row->operands & ISA_I ? imm : 0 },
        OP(MOV64_IMM, .dst = 0, .imm = 2),
        OP(EXIT, ),
    };
    struct engines e;
    engines_open_insns(&e, insns, ARRAY_LEN(insns), &plain);
    agree(&e, row->name);
    engines_close(&e);
}

TEST(jumps_are_the_interpreter_s)
{
    for (u16 op = 0; op < ISA_OP_COUNT; op++) {
        if (isa_rows[op].kind == ISA_KIND_COND_REG)
            try_jump(op, 0);
        for (u32 i = 0; isa_rows[op].kind == ISA_KIND_COND_IMM && i < ARRAY_LEN(telling); i++)
            try_jump(op, (u64)(s64)(s32)telling[i]);
    }
}

/* r0 and r2 are the numbers, r3 the memory of the first. */
static void try_access(u16 op)
{
    const struct isa_row *row = &isa_rows[op];
    bool load = row->kind == ISA_KIND_LOAD || row->kind == ISA_KIND_LOAD_SX ||
                row->kind == ISA_KIND_LOAD_ACQ;
    struct insn insns[] = {
        OP(MOV64_REG, .dst = 3, .src = 1),
        OP(LDX_DW, .dst = 2, .src = 1, .off = 8),
        OP(LDX_DW, .dst = 0, .src = 1),
        { .op = op,
          .dst = load ? 2 : 3,
          .src = load                    ? 3
                 : row->operands & ISA_S ? 2
                                         : 0,
          .imm = row->operands & ISA_I ? (u64)-3 : (u64)(s64)row->imm },
        OP(ADD64_REG, .dst = 0, .src = 2),
        OP(EXIT, ),
    };
    struct engines e;
    engines_open_insns(&e, insns, ARRAY_LEN(insns), &plain);
    agree(&e, row->name);
    engines_close(&e);
}

TEST(accesses_are_the_interpreter_s)
{
    for (u16 op = 0; op < ISA_OP_COUNT; op++) {
        struct insn probe = { .op = op };
        if (insn_is_memory(&probe))
            try_access(op);
    }
}

/* ---- shapes */

static const struct ssa_func *built(struct engines *e, const char *source)
{
    engines_open(e, source, &plain);
    return &e->ssa.funcs[0];
}

static u32 count_of(const struct ssa_func *func, enum ssa_op op)
{
    u32 n = 0;
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 i = func->blocks[b].first; i; i = func->insns[i].next)
            n += func->insns[i].op == op;
    return n;
}

TEST(a_loop_has_phis_for_what_it_changes_only)
{
    struct engines e;
    const struct ssa_func *func =
        built(&e, "r6 = r1; r7 = 5; r0 = 0; loop: r0 += r7; r0 += r6; if r0 < 100 goto loop;"
                  "r0 += r7; exit");
    assert_int_equal(count_of(func, SSA_PHI), 1);
    engines_close(&e);
}

TEST(what_is_not_read_again_has_no_phi)
{
    struct engines e;
    const struct ssa_func *func =
        built(&e, "r0 = 1; r2 = 0; if r1 == 0 goto over; r0 = 2; r2 = 7; over: exit");
    assert_int_equal(count_of(func, SSA_PHI), 1);
    engines_close(&e);
}

TEST(a_loop_at_the_entry_has_a_block_before_it)
{
    struct engines e;
    const struct ssa_func *func = built(&e, "again: r0 = r1; r1 -= 1; if r1 > 5 goto again; exit");
    assert_int_equal(func->blocks[0].n_preds, 0);
    assert_int_equal(count_of(func, SSA_PHI), 1);
    engines_close(&e);
}

/* Both ways into the cycle; the counter is written in it, r6 is not. */
TEST(a_cycle_with_two_entries_is_built_right)
{
    struct engines e;
    built(&e, "r2 = *(u64 *)(r1 + 0); r6 = *(u64 *)(r1 + 8); r0 = 0; if r2 s> 3 goto second;"
              "first: r0 += r6; r2 &= 63; second: r2 -= 1; r0 ^= r2; if r2 s> 0 goto first; exit");
    agree(&e, "a cycle with two entries");
    engines_close(&e);
}

TEST(critical_edges_are_split)
{
    struct engines e;
    const struct ssa_func *func =
        built(&e, "r0 = 0; if r1 == 7 goto out; r0 = 1; if r1 == 8 goto out; r0 = 2; out: exit");
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 s = 0; s < 2 && func->blocks[b].succ[1] != CODE_NONE; s++) {
            const struct ssa_block *to = &func->blocks[func->blocks[b].succ[s]];
            assert_true(to->n_preds == 1 && func->insns[to->first].op != SSA_PHI);
        }
    engines_close(&e);
}

TEST(a_call_hands_over_what_the_callee_reads_and_a_frame_if_it_needs_one)
{
    struct engines e;
    const struct ssa_func *func =
        built(&e, "r1 = 1; r2 = 2; r3 = 3; call plain; r1 = r0; call stack; exit;"
                  "plain: r0 = r3; r0 += r1; exit; stack: *(u64 *)(r10 - 8) = r1;"
                  "r0 = *(u64 *)(r10 - 8); exit");
    u32 n_args[3] = { 0 };
    bool has_frame[3] = { false };
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 i = func->blocks[b].first; i; i = func->insns[i].next)
            if (func->insns[i].op == SSA_CALL_LOCAL) {
                u32 frame = ssa_args(func, ssa_at(func, i))[1];
                n_args[func->insns[i].imm] = func->insns[i].n_args;
                has_frame[func->insns[i].imm] = !ssa_is_const(func, frame);
            }
    assert_int_equal(n_args[1], 2 + 3);
    assert_int_equal(n_args[2], 2 + 1);
    assert_false(has_frame[1]);
    assert_true(has_frame[2]);
    assert_false(e.ssa.funcs[1].uses_frame);
    assert_true(e.ssa.funcs[2].uses_frame);
    assert_false(e.ssa.funcs[1].makes_calls);
    assert_true(func->makes_calls);
    agree(&e, "local calls");
    engines_close(&e);
}

TEST(functions_that_nobody_calls_are_not_built)
{
    struct engines e;
    built(&e, "r0 = 0; exit");
    assert_int_equal(e.ssa.n_order, 1);
    engines_close(&e);
}

UNIT_TESTS(UNIT(arithmetic_is_the_interpreter_s), UNIT(jumps_are_the_interpreter_s),
           UNIT(accesses_are_the_interpreter_s), UNIT(a_loop_has_phis_for_what_it_changes_only),
           UNIT(what_is_not_read_again_has_no_phi), UNIT(a_loop_at_the_entry_has_a_block_before_it),
           UNIT(a_cycle_with_two_entries_is_built_right), UNIT(critical_edges_are_split),
           UNIT(a_call_hands_over_what_the_callee_reads_and_a_frame_if_it_needs_one),
           UNIT(functions_that_nobody_calls_are_not_built))
