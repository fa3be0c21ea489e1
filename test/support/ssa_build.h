/* Functions of SSA by hand, for the tests of passes. */
#ifndef SKEP_TEST_SSA_BUILD_H
#define SKEP_TEST_SSA_BUILD_H

#include "opt/pass.h"
#include "support/ssa_eval.h"
#include "support/unit.h"

struct ssa_build {
    struct mem mem;
    struct arena arena;
    struct ssa_program program;
    struct ssa_func *func;
    struct opt_input input;
    struct opt opt;
    u32 block; /* where what is made is appended */
};

static inline void ssa_build_open(struct ssa_build *b)
{
    memset(b, 0, sizeof(*b));
    mem_init(&b->mem, NULL, 0);
    arena_init(&b->arena, &b->mem);
    arena_init(&b->opt.scratch, &b->mem);
    b->program.n_funcs = 1;
    b->program.funcs = arena_array(&b->arena, struct ssa_func, 1);
    assert_non_null(b->program.funcs);
    b->func = &b->program.funcs[0];
    b->opt.in = &b->input;
    b->opt.program = &b->program;
    assert_true(ssa_func_init(b->func, &b->program, &b->arena, 0));
    b->block = ssa_block_new(b->func);
}

static inline void ssa_build_close(struct ssa_build *b)
{
    arena_drop(&b->opt.scratch);
    arena_drop(&b->arena);
    assert_int_equal(b->mem.used, 0);
}

static inline u32 ssa_build_insn(struct ssa_build *b, struct ssa_insn insn)
{
    insn.origin = CODE_NONE;
    u32 value = ssa_new(b->func, insn);
    assert_int_not_equal(value, 0);
    ssa_append(b->func, b->block, value);
    return value;
}

static inline u32 ssa_build_op(struct ssa_build *b, enum ssa_op op, u32 width, u32 a, u32 c)
{
    return ssa_build_insn(b,
                          (struct ssa_insn){ .op = (u16)op, .width = (u8)width, .arg = { a, c } });
}

/* With a number on the right. */
static inline u32 ssa_build_with(struct ssa_build *b, enum ssa_op op, u32 width, u32 a, u64 number)
{
    return ssa_build_op(b, op, width, a, ssa_const(b->func, number));
}

/* r1 + i, of which nothing is known. */
static inline u32 ssa_build_param(struct ssa_build *b, u32 i)
{
    return ssa_build_insn(b, (struct ssa_insn){ .op = SSA_PARAM, .width = 8, .imm = i });
}

static inline u32 ssa_build_load(struct ssa_build *b, enum ssa_op op, u32 width, u32 base, s64 off)
{
    return ssa_build_insn(
        b, (struct ssa_insn){ .op = (u16)op, .width = (u8)width, .arg = { base }, .off = off });
}

static inline u32 ssa_build_store(struct ssa_build *b, u32 width, u32 base, s64 off, u32 value)
{
    return ssa_build_insn(
        b, (struct ssa_insn){
               .op = SSA_STORE, .width = (u8)width, .arg = { base, value }, .off = off });
}

static inline void ssa_build_return(struct ssa_build *b, u32 value)
{
    ssa_build_op(b, SSA_RETURN, 8, value, 0);
}

/* Nothing is wrong with it. */
static inline void ssa_build_check(struct ssa_build *b)
{
    u32 where = 0;
    const char *wrong = ssa_check(b->func, &where);
    if (!wrong && !b->func->failed)
        return;
    struct text text;
    text_init(&text, &b->mem);
    ssa_print(&text, b->func);
    fail_msg("%s at %u in\n%s", wrong ? wrong : "memory", where, text_cstr(&text));
}

static inline u32 ssa_build_count(const struct ssa_build *b, enum ssa_op op)
{
    u32 n = 0;
    for (u32 block = 0; block < b->func->n_blocks; block++)
        for (u32 at = b->func->blocks[block].first; at; at = ssa_at(b->func, at)->next)
            n += ssa_at(b->func, at)->op == op;
    return n;
}

#endif
