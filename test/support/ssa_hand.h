/* Small SSA functions made by hand, for tests of single passes. */
#ifndef SKEP_TEST_SSA_HAND_H
#define SKEP_TEST_SSA_HAND_H

#include "opt/pass.h"

#include "support/unit.h"

typedef bool hand_pass(struct opt *opt, struct ssa_func *func);

/* Block 0 has the frame, r2 as a packet's address and r1 as the context's. */
struct fixture {
    struct mem mem;
    struct arena arena;
    struct ssa_program program;
    struct ssa_func func;
    u32 block, frame, packet, ctx;
    const struct host_code *host; /* what the pass sees; NULL: nothing */
};

static inline u32 put(struct fixture *f, struct ssa_insn insn)
{
    insn.width = insn.width ? insn.width : 8;
    insn.origin = CODE_NONE;
    u32 value = ssa_new(&f->func, insn);
    ssa_append(&f->func, f->block, value);
    return value;
}

static inline u32 put2(struct fixture *f, u32 op, u32 a, u32 b)
{
    return put(f, (struct ssa_insn){ .op = (u16)op, .arg = { a, b } });
}

static inline void open_fixture(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    mem_init(&f->mem, NULL, 0);
    arena_init(&f->arena, &f->mem);
    assert_true(ssa_func_init(&f->func, &f->program, &f->arena, 0));
    ssa_block_new(&f->func);
    f->frame = put(f, (struct ssa_insn){ .op = SSA_FRAME });
    f->packet = put(f, (struct ssa_insn){ .op = SSA_PARAM, .imm = 1 });
    f->ctx = put(f, (struct ssa_insn){ .op = SSA_PARAM });
}

static inline void hand_run(struct fixture *f, hand_pass *pass)
{
    struct opt_input in = { .host = f->host };
    struct opt opt = { .in = &in };
    u32 where;
    assert_null(ssa_check(&f->func, &where));
    arena_init(&opt.scratch, &f->mem);
    pass(&opt, &f->func);
    opt_dce(&opt, &f->func);
    arena_drop(&opt.scratch);
    assert_null(ssa_check(&f->func, &where));
}

static inline void close_fixture(struct fixture *f)
{
    arena_drop(&f->arena);
    assert_int_equal(f->mem.used, 0);
}

static inline struct ssa_insn access(u32 op, u32 width, u8 region, u32 base, s64 off, u32 what)
{
    struct ssa_insn insn = {
        .op = (u16)op, .width = (u8)width, .region = region, .arg = { base, what }
    };
    insn.off = off;
    return insn;
}

static inline u32 load(struct fixture *f, u32 width, u8 region, u32 base, s64 off)
{
    return put(f, access(SSA_LOAD, width, region, base, off, 0));
}
static inline void store(struct fixture *f, u32 width, u8 region, u32 base, s64 off, u32 what)
{
    put(f, access(SSA_STORE, width, region, base, off, what));
}

static inline u32 count(const struct fixture *f, u32 op)
{
    u32 n = 0;
    for (u32 b = 0; b < f->func.n_blocks; b++)
        for (u32 v = f->func.blocks[b].first; v; v = f->func.insns[v].next)
            n += f->func.insns[v].op == op;
    return n;
}

static inline void jump(struct fixture *f, u32 to)
{
    put2(f, SSA_JUMP, 0, 0);
    ssa_add_edge(&f->func, f->block, 0, to);
}
static inline void branch(struct fixture *f, u32 condition, u32 yes, u32 no)
{
    put2(f, SSA_BRANCH, condition, 0);
    ssa_add_edge(&f->func, f->block, 0, yes);
    ssa_add_edge(&f->func, f->block, 1, no);
}

#endif
