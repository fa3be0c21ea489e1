/* Selection and encoding for x86-64 by themselves: random functions are selected, every virtual
 * register is kept in a slot of the frame, and what runs gives what the SSA gives.  What is wrong
 * here is not the allocator's fault. */
#include "jit/gate.h"
#include "jit/select.h"
#include "jit/x86_64/insn.h"
#include "os/os.h"
#include "support/ssa_eval.h"

#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__x86_64__)

/* ---- random functions */

enum { MEMORY = 512, MOST_VALUES = 4096 };

struct gen {
    struct ssa_func *func;
    u64 seed;
    u32 block;
    u32 values[MOST_VALUES], n;
    bool calls;
};

static u64 any(struct gen *g)
{
    u64 x = g->seed += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}
static u32 below(struct gen *g, u32 n) { return (u32)(any(g) % n); }
static u32 width(struct gen *g) { return below(g, 2) ? 4 : 8; }

/* The largest result, as far as it is easily told. */
static u64 most(const struct ssa_func *func, const struct ssa_insn *insn)
{
    u64 a = func->ranges[insn->arg[0]].hi, b = func->ranges[insn->arg[1]].hi, sum;
    if (insn->op == SSA_LOAD || insn->op == SSA_ZEXT)
        return insn->width == 8 ? UINT64_MAX : ((u64)1 << 8 * insn->width) - 1;
    if (insn->op == SSA_AND)
        return min_u64(a, b);
    if (insn->op == SSA_ADD && insn->width == 8 && add_ok(a, b, &sum))
        return sum;
    if (insn->op == SSA_SHL && insn->width == 8 && a <= UINT32_MAX && b < 32)
        return a << b;
    if (insn->op >= SSA_EQ && insn->op <= SSA_SLE)
        return 1;
    bool value_of_4 = insn->width == 4 && insn->op >= SSA_ADD && insn->op <= SSA_NOT;
    return value_of_4 ? UINT32_MAX : UINT64_MAX;
}

static u32 put(struct gen *g, struct ssa_insn insn)
{
    insn.origin = CODE_NONE;
    u32 value = ssa_new(g->func, insn);
    g->func->ranges[value].hi = most(g->func, &insn);
    ssa_append(g->func, g->block, value);
    return value;
}

static u32 put2(struct gen *g, enum ssa_op op, u32 w, u32 a, u32 b)
{
    return put(g, (struct ssa_insn){ .op = (u16)op, .width = (u8)w, .arg = { a, b } });
}

static u32 constant(struct gen *g)
{
    static const u64 numbers[] = { 0,
                                   1,
                                   2,
                                   3,
                                   4,
                                   5,
                                   7,
                                   8,
                                   9,
                                   15,
                                   31,
                                   63,
                                   127,
                                   128,
                                   255,
                                   256,
                                   0xffff,
                                   0x7fffffff,
                                   1u << 31,
                                   0xffffffff,
                                   1ull << 32,
                                   1ull << 40,
                                   1ull << 63,
                                   ~0ull,
                                   (u64)-128,
                                   (u64)-129,
                                   (u64)INT32_MIN,
                                   0x123456789abcdef };
    u64 number = numbers[below(g, ARRAY_LEN(numbers))];
    return ssa_const(g->func, below(g, 8) ? number : any(g));
}

/* Mostly one of the last values, which then has one use. */
static u32 value(struct gen *g)
{
    if (below(g, 5) == 0)
        return constant(g);
    u32 back = below(g, 3) ? below(g, min_u32(g->n, 4)) : below(g, g->n);
    return g->values[g->n - 1 - back];
}

static void keep(struct gen *g, u32 v)
{
    if (g->n < MOST_VALUES)
        g->values[g->n++] = v;
}

/* The memory at r1, addressed in one of many ways; *off. */
static u32 address(struct gen *g, s32 *off)
{
    u32 base = put(g, (struct ssa_insn){ .op = SSA_PARAM, .width = 8 });
    *off = (s32)below(g, 128);
    if (below(g, 2))
        base = put2(g, SSA_ADD, 8, base, ssa_const(g->func, below(g, 128)));
    if (below(g, 2)) {
        u32 index = put2(g, SSA_AND, width(g), value(g), ssa_const(g->func, below(g, 8)));
        if (below(g, 2))
            index = put2(g, SSA_SHL, 8, index, ssa_const(g->func, below(g, 4)));
        base = below(g, 2) ? put2(g, SSA_ADD, 8, base, index) : put2(g, SSA_ADD, 8, index, base);
    }
    if (below(g, 4) == 0)
        base = put2(g, SSA_ADD, 8, base, ssa_const(g->func, below(g, 64)));
    return base;
}

static u32 memory_width(struct gen *g) { return 1u << below(g, 4); }

static u32 load(struct gen *g)
{
    s32 off;
    u32 base = address(g, &off);
    return put(g, (struct ssa_insn){ .op = below(g, 4) ? SSA_LOAD : SSA_LOADS,
                                     .width = (u8)memory_width(g),
                                     .arg = { base },
                                     .off = off });
}

static void store(struct gen *g)
{
    s32 off;
    u32 base = address(g, &off);
    u8 w = (u8)memory_width(g);
    u32 what = value(g);
    if (below(g, 3) == 0) { /* [m] = [m] op x */
        static const u16 ops[] = { SSA_ADD, SSA_SUB, SSA_AND, SSA_OR, SSA_XOR };
        u32 was =
            put(g, (struct ssa_insn){ .op = SSA_LOAD, .width = w, .arg = { base }, .off = off });
        what = put2(g, (enum ssa_op)ops[below(g, 5)], w == 8 ? 8 : width(g), was, value(g));
    }
    put(g, (struct ssa_insn){ .op = below(g, 8) ? SSA_STORE : SSA_STORE_RELEASE,
                              .width = w,
                              .arg = { base, what },
                              .off = off });
}

static void atomic(struct gen *g)
{
    static const u16 ops[] = { SSA_ATOMIC_ADD, SSA_ATOMIC_OR, SSA_ATOMIC_AND, SSA_ATOMIC_XOR,
                               SSA_FETCH_ADD,  SSA_FETCH_OR,  SSA_FETCH_AND,  SSA_FETCH_XOR,
                               SSA_XCHG,       SSA_CMPXCHG };
    s32 off;
    u32 base = address(g, &off);
    u16 op = ops[below(g, ARRAY_LEN(ops))];
    u32 v = put(
        g, (struct ssa_insn){
               .op = op, .width = (u8)width(g), .arg = { base, value(g), value(g) }, .off = off });
    if (ssa_rows[op].effects & SSA_VALUE)
        keep(g, v);
}

/* A divisor that is positive as a signed number of either width. */
static u32 divisor(struct gen *g)
{
    u32 small = put2(g, SSA_AND, 8, value(g), ssa_const(g->func, 0x7fff));
    return put2(g, SSA_OR, 8, small, ssa_const(g->func, 1));
}

static void divide(struct gen *g, u32 w)
{
    u32 a = value(g), b = divisor(g), first = below(g, 4),
        second = below(g, 3) ? first ^ 1 : first ^ 2;
    /* DIV, SDIV, MOD, SMOD */
    keep(g, put2(g, (enum ssa_op)(SSA_DIV + first), w, a, b));
    if (below(g, 2))
        keep(g, put2(g, (enum ssa_op)(SSA_DIV + second), w, a, b));
}

/* a + x with the carry added to it again */
static void add_with_carry(struct gen *g, u32 w)
{
    u32 x = value(g), sum = put2(g, SSA_ADD, w, value(g), x);
    keep(g, put2(g, SSA_ADD, w, sum, put2(g, SSA_LT, w, sum, x)));
    if (below(g, 3) == 0)
        keep(g, sum);
}

static u32 comparison(struct gen *g)
{
    enum ssa_op op = (enum ssa_op)(SSA_EQ + below(g, SSA_SLE - SSA_EQ + 1));
    u32 a = value(g), w = width(g);
    if (below(g, 4) == 0)
        a = put2(g, SSA_AND, w, a, value(g));
    if (below(g, 8) == 0) { /* one bit, several */
        u64 mask = below(g, 2) ? (u64)1 << below(g, 64) : any(g);
        u32 bit = below(g, 2) ? put2(g, SSA_SHL, w, ssa_const(g->func, 1), value(g))
                              : ssa_const(g->func, mask);
        a = put2(g, SSA_AND, w, a, bit);
        return put2(g, op, w, a, ssa_const(g->func, 0));
    }
    if (below(g, 4) == 0)
        a = load(g);
    return below(g, 8) ? put2(g, op, w, a, value(g)) : put2(g, op, w, value(g), a);
}

static u64 mix(struct skep_thread *thread, u64 a, u64 b, u64 c, u64 d, u64 e)
{
    return thread->fuel_limit + a * 3 + b * 5 + c * 7 + d * 11 + e * 13;
}

static void call(struct gen *g)
{
    u32 thread = put(g, (struct ssa_insn){ .op = SSA_THREAD, .width = 8 });
    bool local = below(g, 2) && g->calls;
    u32 args[7] = { thread }, n = 1;
    if (local)
        args[n++] = ssa_const(g->func, 0);
    for (u32 i = 0; i < 5; i++)
        args[n++] =
            local && i == 0 ? put(g, (struct ssa_insn){ .op = SSA_PARAM, .width = 8 }) : value(g);
    static const u16 ops[] = { SSA_CALL, SSA_CALL_QUIET, SSA_CALL_PURE };
    u32 v = ssa_new_many(g->func,
                         (struct ssa_insn){ .op = local ? SSA_CALL_LOCAL : ops[below(g, 3)],
                                            .width = 8,
                                            .imm = local ? 1 : (u64)(uintptr_t)mix,
                                            .origin = CODE_NONE },
                         args, n);
    ssa_append(g->func, g->block, v);
    keep(g, v);
}

/* Only metered programs have charges. */
static void charge(struct gen *g)
{
    if (g->func->program->metered)
        put(g, (struct ssa_insn){ .op = SSA_CHARGE, .width = 8, .imm = 1 + below(g, 200) });
}

static void operation(struct gen *g)
{
    u32 w = width(g), kind = below(g, 16);
    static const u16 plain[] = { SSA_ADD, SSA_ADD, SSA_SUB, SSA_MUL, SSA_MULH, SSA_SMULH, SSA_AND,
                                 SSA_OR,  SSA_XOR, SSA_SHL, SSA_SHR, SSA_SAR,  SSA_ROTL };
    if (kind == 6 && below(g, 2)) { /* up and down */
        u32 by = ssa_const(g->func, 8 * (1 + below(g, w - 1)));
        u32 up = put2(g, SSA_SHL, w, below(g, 2) ? value(g) : load(g), by);
        keep(g, put2(g, below(g, 4) ? SSA_SAR : SSA_SHR, w, up, by));
    } else if (kind < 7)
        keep(g, put2(g, (enum ssa_op)plain[below(g, ARRAY_LEN(plain))], w, value(g), value(g)));
    else if (kind == 7)
        divide(g, w);
    else if (kind == 8)
        keep(g, put2(g, below(g, 2) ? SSA_NEG : SSA_NOT, w, value(g), 0));
    else if (kind == 9)
        keep(g, put2(g, SSA_BSWAP, 2u << below(g, 3), below(g, 2) ? value(g) : load(g), 0));
    else if (kind == 10)
        keep(g, put2(g, below(g, 2) ? SSA_ZEXT : SSA_SEXT, 1u << below(g, 3),
                     below(g, 2) ? value(g) : load(g), 0));
    else if (kind == 11)
        keep(g, comparison(g));
    else if (kind == 12) {
        u32 c = below(g, 4) ? comparison(g) : value(g);
        keep(g, put(g, (struct ssa_insn){
                           .op = SSA_SELECT, .width = (u8)w, .arg = { c, value(g), value(g) } }));
    } else if (kind == 13)
        keep(g, load(g));
    else if (kind == 14)
        below(g, 2) ? store(g) : atomic(g);
    else if (g->calls)
        call(g);
    else if (below(g, 2))
        add_with_carry(g, w);
    else
        keep(g, put2(g, SSA_ADD, w, comparison(g), value(g)));
}

static void operations(struct gen *g, u32 n)
{
    while (n--)
        operation(g);
}

static void jump(struct gen *g, u32 to)
{
    put(g, (struct ssa_insn){ .op = SSA_JUMP, .width = 8 });
    ssa_add_edge(g->func, g->block, 0, to);
}

static void branch(struct gen *g, u32 condition, u32 yes, u32 no)
{
    put(g, (struct ssa_insn){ .op = SSA_BRANCH, .width = 8, .arg = { condition } });
    ssa_add_edge(g->func, g->block, 0, yes);
    ssa_add_edge(g->func, g->block, 1, no);
}

/* One argument for each predecessor so far. */
static u32 phi(struct gen *g, u32 a, u32 b)
{
    u32 args[2] = { a, b };
    u32 v =
        ssa_new_many(g->func, (struct ssa_insn){ .op = SSA_PHI, .width = 8, .origin = CODE_NONE },
                     args, g->func->blocks[g->block].n_preds);
    ssa_append(g->func, g->block, v);
    return v;
}

static void diamond(struct gen *g)
{
    u32 yes = ssa_block_new(g->func), no = ssa_block_new(g->func), join = ssa_block_new(g->func);
    u32 n = g->n;
    branch(g, below(g, 4) ? comparison(g) : value(g), yes, no);
    g->block = yes;
    operations(g, below(g, 6));
    u32 a = value(g);
    jump(g, join);
    g->n = n;
    g->block = no;
    operations(g, below(g, 6));
    u32 b = value(g);
    jump(g, join);
    g->n = n;
    g->block = join;
    keep(g, phi(g, a, b));
}

/* do … while (++i < 5) */
static void loop(struct gen *g)
{
    u32 head = ssa_block_new(g->func), after = ssa_block_new(g->func), n = g->n;
    u32 start = value(g);
    jump(g, head);
    g->block = head;
    u32 i = phi(g, ssa_const(g->func, 0), 0), sum = phi(g, start, 0);
    keep(g, i);
    keep(g, sum);
    charge(g);
    operations(g, 1 + below(g, 8));
    u32 next = put2(g, SSA_ADD, 8, i, ssa_const(g->func, 1)), end = value(g);
    u32 more = put2(g, SSA_LT, 8, next, ssa_const(g->func, 5));
    branch(g, more, head, after);
    ssa_args(g->func, ssa_at(g->func, i))[1] = next;
    ssa_args(g->func, ssa_at(g->func, sum))[1] = end;
    g->block = after;
    g->n = n;
    keep(g, sum);
    keep(g, end);
}

static void generate(struct gen *g, u32 n)
{
    g->n = 0;
    g->block = ssa_block_new(g->func);
    u32 first = put(g, (struct ssa_insn){ .op = SSA_PARAM, .width = 8 });
    for (u32 i = 0; i < 4; i++)
        keep(g, put(g, (struct ssa_insn){
                           .op = SSA_LOAD, .width = 8, .arg = { first }, .off = (s64)i * 8 }));
    for (u32 i = 1; i < 5 && g->func->number == 1; i++)
        keep(g, put(g, (struct ssa_insn){ .op = SSA_PARAM, .width = 8, .imm = i }));
    for (u32 i = 0; i < n; i++) {
        u32 kind = below(g, 12);
        if (kind == 0)
            diamond(g);
        else if (kind == 1)
            loop(g);
        else
            operation(g);
    }
    u32 sum = value(g);
    for (u32 i = 0; i < 6; i++)
        sum = put2(g, SSA_XOR, 8, put2(g, SSA_ROTL, 8, sum, ssa_const(g->func, 5)), value(g));
    put(g, (struct ssa_insn){ .op = SSA_RETURN, .width = 8, .arg = { sum } });
}

/* ---- every virtual register in its slot */

struct plain_code {
    struct jit_emit emit;
    struct jit_buffer buffer;
    u64 seed;
    struct jit_reloc relocs[4096];
    u32 n_relocs, func_at[2], stop_label, caller_at;
    struct mach_insn insns[16384];
    u32 n_insns;
};

static void note_reloc(struct jit_emit *emit, u32 at, u8 kind, enum jit_reloc_special special,
                       u64 to)
{
    struct plain_code *c = CONTAINER_OF(emit, struct plain_code, emit);
    assert_true(c->n_relocs < ARRAY_LEN(c->relocs));
    c->relocs[c->n_relocs++] =
        (struct jit_reloc){ .at = at, .kind = kind, .special = (u8)special, .to = to };
}

static void add_insn(struct plain_code *c, const struct mach_insn *insn)
{
    assert_true(c->n_insns < ARRAY_LEN(c->insns));
    c->insns[c->n_insns++] = *insn;
}

static void add_move(struct plain_code *c, u8 op, u32 reg, u32 virtual)
{
    struct mach_insn move = { .op = op,
                              .size = 8,
                              .disp = (s32)(virtual - MACH_REGS),
                              .n_operands = 1,
                              .operand = { { .role = MACH_USE, .given = reg % MACH_REGS } } };
    add_insn(c, &move);
}

static bool occurs_once(const struct mach_insn *insn, u32 reg)
{
    u32 n = 0;
    for (u32 i = 0; i < insn->n_operands; i++)
        n += insn->operand[i].role != MACH_NONE && insn->operand[i].reg == reg;
    return n == 1;
}

/* At random one operand stays in its slot where the target says it can. */
static void leave_one_in_slot(struct plain_code *c, struct mach_insn *insn)
{
    c->seed = c->seed * 6364136223846793005u + 1442695040888963407u;
    for (u32 i = 0; i < insn->n_operands && insn->op >= MACH_OP_COUNT; i++) {
        const struct mach_operand *o = &insn->operand[i];
        if (o->role != MACH_NONE && o->reg >= MACH_REGS && o->reg != MACH_NO_REG &&
            occurs_once(insn, o->reg) && (c->seed >> (40 + i) & 1) &&
            jit_x86_64.can_use_slot(insn, i)) {
            jit_x86_64.use_slot(insn, i, o->reg - MACH_REGS);
            return;
        }
    }
}

static void allocate_insn(struct plain_code *c, struct mach_insn insn)
{
    /* Registers that no instruction demands; what is left of the fuel is in r15. */
    static const u8 scratch[] = { X86_R11, X86_RBX, X86_RBP, X86_R12, X86_R13, X86_R14, X86_R15 };
    u32 n_scratch = ARRAY_LEN(scratch) - c->emit.metered;
    leave_one_in_slot(c, &insn);
    u32 n = (u32)(c->seed >> 50); /* each is every operand's now and then */
    for (u32 i = 0; i < insn.n_operands; i++) {
        struct mach_operand *o = &insn.operand[i];
        if (o->role == MACH_NONE || o->reg == MACH_NO_REG)
            continue;
        o->given = o->reg % MACH_REGS;
        if (o->reg < MACH_REGS)
            continue;
        o->given = scratch[n++ % n_scratch] % MACH_REGS;
        for (u32 k = 0; k < i; k++)
            if (insn.operand[k].role != MACH_NONE && insn.operand[k].reg == o->reg)
                o->given = insn.operand[k].given;
        if (o->role != MACH_DEF && o->role != MACH_EARLY_DEF)
            add_move(c, MACH_RELOAD, o->given, o->reg);
    }
    add_insn(c, &insn);
    for (u32 i = 0; i < insn.n_operands; i++) {
        const struct mach_operand *o = &insn.operand[i];
        if (o->role >= MACH_DEF && o->reg >= MACH_REGS && o->reg != MACH_NO_REG)
            add_move(c, MACH_SPILL, o->given, o->reg);
    }
}

struct plain_jump {
    u32 at, to;
};

static void emit_jump(struct plain_code *c, u8 test, u32 to, struct plain_jump *jumps, u32 *n)
{
    struct jit_jump jump = { .test = test, .is_long = true };
    jit_x86_64.emit_jump(&c->emit, &jump, 0);
    jumps[(*n)++] = (struct plain_jump){ c->buffer.n - 4, to };
}

/* Blocks keep their numbers; instructions become those of c->insns. */
static void allocate_func(struct plain_code *c, struct mach_func *func)
{
    c->n_insns = 0;
    for (u32 b = 0; b < func->n_blocks; b++) {
        struct mach_block *block = &func->blocks[b];
        u32 begin = c->n_insns;
        for (u32 i = block->begin; i < block->end; i++)
            if (func->insns[i].op == MACH_END)
                add_insn(c, &func->insns[i]);
            else if (func->insns[i].op != MACH_ALIAS)
                allocate_insn(c, func->insns[i]);
        block->begin = begin;
        block->end = c->n_insns;
    }
    func->insns = c->insns;
    func->n_slots = func->n_regs - MACH_REGS;
    func->used = 1 << X86_RBX | 1 << X86_RBP | 1 << X86_R12 | 1 << X86_R13 | 1 << X86_R14;
    if (!c->emit.metered)
        func->used |= 1 << X86_R15;
}

static void emit_func(struct plain_code *c, struct mach_func *func)
{
    struct plain_jump jumps[2048];
    u32 n = 0, block_at[1024];
    allocate_func(c, func);
    c->emit.func = func;
    jit_x86_64.prologue(&c->emit);
    assert_true(func->n_blocks <= ARRAY_LEN(block_at));
    for (u32 b = 0; b < func->n_blocks; b++) {
        const struct mach_block *block = &func->blocks[b];
        block_at[b] = c->buffer.n;
        for (u32 i = block->begin; i < block->end; i++)
            if (func->insns[i].op != MACH_END)
                jit_x86_64.emit(&c->emit, &func->insns[i]);
        if (block->exit.test)
            emit_jump(c, block->exit.test, block->exit.to[0], jumps, &n);
        if (block->exit.to[1] == CODE_NONE)
            jit_x86_64.epilogue(&c->emit);
        else
            emit_jump(c, 0, block->exit.to[1], jumps, &n);
    }
    for (u32 i = 0; i < n; i++) {
        struct jit_reloc reloc = { .at = jumps[i].at };
        assert_true(jit_x86_64.patch(c->buffer.bytes, 0, &reloc, block_at[jumps[i].to]));
    }
    c->stop_label = c->buffer.n;
    if (func->stops)
        jit_x86_64.stop_label(&c->emit);
}

/* What belongs to the function just emitted. */
static void patch_stops(struct plain_code *c, u32 from)
{
    for (u32 i = from; i < c->n_relocs; i++)
        if (c->relocs[i].special == JIT_TO_STOP)
            assert_true(jit_x86_64.patch(c->buffer.bytes, 0, &c->relocs[i], c->stop_label));
}

static void patch_rest(struct plain_code *c, u8 *code)
{
    u64 base = (u64)(uintptr_t)code;
    for (u32 i = 0; i < c->n_relocs; i++) {
        const struct jit_reloc *r = &c->relocs[i];
        u64 to = r->special == JIT_TO_FUNC ? base + c->func_at[r->to] : r->to;
        if (r->special != JIT_TO_STOP)
            assert_true(jit_x86_64.patch(code, base, r, to));
    }
}

/* Behind the code: a caller that keeps something in every register that C wants back, calls the
 * gate, and notes in *lost what has become of it. */
static void add_caller(struct plain_code *c, jit_enter_fn *enter, u64 *lost)
{
    static const u8 kept[] = { X86_RBX, X86_RBP, X86_R12, X86_R13, X86_R14, X86_R15 };
    struct jit_buffer *out = &c->buffer;
    c->caller_at = out->n;
    for (u32 i = 0; i < ARRAY_LEN(kept); i++)
        x86_op_rm(out, X86_PUSH, 8, x86_r(kept[i]));
    for (u32 i = 0; i < ARRAY_LEN(kept); i++)
        x86_mov_imm(out, 8, kept[i], 0x1234567 + i);
    x86_op_rm_imm(out, X86_SUB, 8, x86_r(X86_RSP), 8);
    for (u32 i = 0; i < 2; i++) /* the arguments on the stack, which lie equally far each time */
        x86_op_rm(out, X86_PUSH, 8, x86_m(X86_RSP, 8 * (6 + 1 + 2)));
    x86_mov_imm(out, 8, X86_RAX, (u64)(uintptr_t)enter);
    x86_op_rm(out, X86_CALL, 8, x86_r(X86_RAX));
    x86_op_rm_imm(out, X86_ADD, 8, x86_r(X86_RSP), 24);
    x86_mov_imm(out, 8, X86_RCX, (u64)(uintptr_t)lost);
    for (u32 i = 0; i < ARRAY_LEN(kept); i++) {
        x86_op_rm_imm(out, X86_XOR, 8, x86_r(kept[i]), (s32)(0x1234567 + i));
        x86_op_rm_reg(out, X86_OR, 8, x86_m(X86_RCX, 0), kept[i]);
    }
    for (u32 i = ARRAY_LEN(kept); i-- > 0;)
        x86_op_rm(out, X86_POP, 8, x86_r(kept[i]));
    x86_plain(out, X86_RET);
}

static struct mem mem;
static struct skep_thread thread;

static u64 run_machine_code(struct arena *arena, struct ssa_program *program, u32 features,
                            bool near, u64 seed, u64 r1)
{
    static struct plain_code c;
    struct jit_gate *gate;
    assert_int_equal(jit_gate_new(&mem, &gate, NULL), SKEP_OK);
    const struct jit_way *way = &gate->way[program->metered];
    c = (struct plain_code){ .seed = seed, .buffer = { .mem = &mem } };
    c.emit = (struct jit_emit){ .buffer = &c.buffer,
                                .target = &jit_x86_64,
                                .features = features,
                                .metered = program->metered,
                                .near = near,
                                .stop_code = way->stop,
                                .reloc = note_reloc };
    for (u32 f = 0; f < program->n_funcs; f++) {
        struct mach_func func;
        struct select_options options = { &jit_x86_64, features, program->metered };
        assert_true(ssa_split_critical(&program->funcs[f]));
        assert_true(jit_select(arena, arena, &options, &program->funcs[f], &func));
        c.func_at[f] = c.buffer.n;
        u32 relocs = c.n_relocs;
        emit_func(&c, &func);
        patch_stops(&c, relocs);
    }
    u64 lost = 0;
    add_caller(&c, way->enter, &lost);
    assert_false(c.buffer.failed);
    u8 *code = os_code_alloc(c.buffer.n, (const void *)(uintptr_t)mix, jit_x86_64.call_reach);
    assert_non_null(code);
    memcpy(code, c.buffer.bytes, c.buffer.n);
    patch_rest(&c, code);
    if (getenv("DUMP")) {
        FILE *f = fopen(getenv("DUMP"), "wb");
        fwrite(code, 1, c.buffer.n, f);
        fclose(f);
        print_message("functions at %x %x\n", c.func_at[0], c.func_at[1]);
    }
    assert_true(os_code_seal(code, c.buffer.n));
    union {
        u8 *bytes;
        jit_enter_fn *fn;
    } entry = { code + c.caller_at };
    u64 r0 = entry.fn(&thread, r1, 2, 3, 4, 5, (u64)(uintptr_t)thread.stack + 512,
                      (u64)(uintptr_t)(code + c.func_at[0]));
    assert_int_equal(lost, 0);
    os_code_free(code, c.buffer.n);
    jit_gate_drop(gate);
    jit_buffer_drop(&c.buffer);
    return r0;
}

/* ---- both */

static void fill(u8 *memory, u64 seed)
{
    struct gen g = { .seed = seed };
    for (u32 i = 0; i < MEMORY; i++)
        memory[i] = (u8)(below(&g, 3) ? any(&g) : below(&g, 2) ? 0 : 0xff);
}

static void compare(u64 seed, u32 features)
{
    struct arena arena;
    struct ssa_func funcs[2];
    struct ssa_program program = { .n_funcs = 2, .funcs = funcs };
    u8 expected[MEMORY + 16], memory[MEMORY + 16];
    arena_init(&arena, &mem);
    struct gen g = { .seed = seed };
    for (u32 f = 0; f < 2; f++) {
        assert_true(ssa_func_init(&funcs[f], &program, &arena, f));
        g.func = &funcs[f];
        program.metered = seed & 4;
        g.calls = f == 0 && below(&g, 2);
        generate(&g, 4 + below(&g, f ? 10 : 40));
        assert_false(funcs[f].failed);
        u32 where = 0;
        const char *wrong = ssa_check(&funcs[f], &where);
        if (wrong)
            fail_msg("%s at %u", wrong, where);
    }
    memset(memory, 0, sizeof memory);
    fill(memory, seed);
    u64 r0, expected_r0;
    u8 *at = memory;
    struct ssa_eval eval = { .ssa = &program };
    static const struct skep_hook hook = { 0 };
    struct rt_program runnable = { .engine = &eval, .hook = &hook };
    thread.fuel = 5000;
    thread.stop = SKEP_OK;
    skep_status status = ssa_eval_run(&thread, &runnable, at, &expected_r0);
    s64 expected_fuel = thread.fuel;
    assert_true(status == SKEP_OK || status == SKEP_FUEL);
    memcpy(expected, memory, sizeof memory);
    memset(memory, 0, sizeof memory);
    fill(memory, seed);
    thread.fuel = 5000;
    thread.stop = SKEP_OK;
    r0 = run_machine_code(&arena, &program, features, seed & 1, seed, (u64)(uintptr_t)at);
    bool same = thread.stop == status && thread.fuel == expected_fuel;
    if (!same || (r0 != expected_r0 && status == SKEP_OK) ||
        memcmp(memory, expected, sizeof memory) != 0) {
        for (u32 f = 0; f < 2; f++) {
            struct text text;
            text_init(&text, &mem);
            ssa_print(&text, &funcs[f]);
            fprintf(stderr, "%s\n", text_cstr(&text));
            text_drop(&text);
        }
        fail_msg("seed %" PRIu64 " features %u: r0 = %" PRIx64 ", expected %" PRIx64, seed,
                 features, r0, expected_r0);
    }
    arena_drop(&arena);
    assert_int_equal(mem.used, 0);
}

TEST(random_functions_do_in_machine_code_what_they_do_as_ssa)
{
    mem_init(&mem, NULL, 0);
    thread.stack = calloc(RT_MAX_FRAMES, RT_FRAME_BYTES);
    u64 first = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : 0;
    u64 n = getenv("N") ? strtoull(getenv("N"), NULL, 0) : getenv("SEED") ? 1 : 2000;
    u32 features = jit_x86_64.features();
    for (u64 seed = first; seed < first + n; seed++)
        compare(seed, seed & 2 ? features : 0);
    free(thread.stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_functions_do_in_machine_code_what_they_do_as_ssa),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
int main(void) { return 0; }
#endif
