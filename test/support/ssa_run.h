/* Functions of r1 and r2 by hand, compiled and run. */
#ifndef SKEP_TEST_SSA_RUN_H
#define SKEP_TEST_SSA_RUN_H

#include "jit/jit.h"
#include "support/ssa_build.h"

static inline u32 ssa_run_block(struct ssa_build *b) { return ssa_block_new(b->func); }

static inline void ssa_run_jump(struct ssa_build *b, u32 to)
{
    ssa_build_op(b, SSA_JUMP, 8, 0, 0);
    ssa_add_edge(b->func, b->block, 0, to);
}

static inline void ssa_run_branch(struct ssa_build *b, u32 condition, u32 yes, u32 no)
{
    ssa_build_op(b, SSA_BRANCH, 8, condition, 0);
    ssa_add_edge(b->func, b->block, 0, yes);
    ssa_add_edge(b->func, b->block, 1, no);
}

static inline u32 ssa_run_phi(struct ssa_build *b, const u32 *args, u32 n)
{
    struct ssa_insn insn = { .op = SSA_PHI, .width = 8, .origin = CODE_NONE };
    u32 value = ssa_new_many(b->func, insn, args, n);
    assert_int_not_equal(value, 0);
    ssa_append(b->func, b->block, value);
    return value;
}

/* The phi of a loop, which has the argument of the way in, gets that of the way back. */
static inline void ssa_run_phi_again(struct ssa_build *b, u32 phi, u32 arg)
{
    u32 args[2] = { ssa_args(b->func, ssa_at(b->func, phi))[0], arg };
    u32 two = ssa_new_many(b->func, (struct ssa_insn){ .op = SSA_PHI, .width = 8 }, args, 2);
    assert_int_not_equal(two, 0);
    ssa_at(b->func, phi)->arg[0] = ssa_at(b->func, two)->arg[0];
    ssa_at(b->func, phi)->n_args = 2;
    *ssa_at(b->func, two) = (struct ssa_insn){ 0 };
}

/* What the function gives for each pair of arguments; it is gone then. */
static inline void ssa_run(struct ssa_build *b, const u64 (*args)[2], u32 n, u64 *results)
{
    static const struct skep_hook hook = { .ctx_kind = SKEP_CTX_MEMORY };
    static struct skep_thread thread;
    struct jit_options options = { 0 };
    struct jit_gate *gate;
    struct jit_code *code;
    u32 where;
    assert_true(ssa_analyse(b->func));
    assert_null(ssa_check(b->func, &where));
    assert_true(ssa_split_critical(b->func));
    assert_int_equal(jit_gate_new(&b->mem, &gate, NULL), SKEP_OK);
    assert_int_equal(jit_compile(gate, &b->program, &options, &code, NULL), SKEP_OK);
    struct rt_program program = { .engine = code, .hook = &hook };
    for (u32 i = 0; i < n; i++) {
        struct skep_memory memory = { .data = (void *)(uintptr_t)args[i][0],
                                      .size = (size_t)args[i][1] };
        assert_int_equal(jit_run(&thread, &program, &memory, &results[i]), SKEP_OK);
    }
    jit_drop(code);
    jit_gate_drop(gate);
    ssa_build_close(b);
}

static int ssa_run_needs_a_compiler(void **state)
{
    (void)state;
    if (!jit_is_available())
        skip();
    return 0;
}

#endif
