/* Register allocation by random machine programs of a toy target: the checker finds nothing wrong,
 * and an interpreter of machine code sees the same before and after.  And how good it is: loads and
 * stores that remain in loops that need as many registers as there are, and more. */
#include "jit/regalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- the toy: eight registers, calls destroy the first four, shifts count in register 2 */

enum toy_op {
    TOY_CONST = MACH_OP_COUNT, /* [0] = imm */
    TOY_ADD,                   /* [0] = [1] + [2] */
    TOY_MIX,                   /* [0] = [0] * 31 ^ [1] */
    TOY_SHIFT,                 /* [0] = [0] << register 2 */
    TOY_EARLY,                 /* [0] = [1] ^ [2], [0] is written first */
    TOY_LATE,                  /* [0] = [1] - [2], [2] is read last */
    TOY_MANY,                  /* [0] = [1] + 3 [2] + 5 [3] + 7 [4] */
    TOY_CALL,                  /* register 0 = what depends on registers 0 and 1 */
    TOY_OUT,                   /* [0] is seen by the world */
    TOY_TEST,                  /* flag = [0] < [1] */
};
#define TOY_REGS 8u

static bool toy_can_use_slot(const struct mach_insn *insn, u32 i)
{
    return (insn->op == TOY_MIX) || (insn->op == TOY_ADD && i == 2) || insn->op == TOY_OUT;
}
static void toy_use_slot(struct mach_insn *insn, u32 i, u32 slot)
{
    (void)i;
    insn->flags |= MACH_SLOT;
    insn->disp = (s32)slot;
}
static const u8 toy_order[TOY_REGS] = { 0, 1, 2, 3, 4, 5, 6, 7 };
static const struct jit_target toy = { .name = "toy",
                                       .order = toy_order,
                                       .n_order = TOY_REGS,
                                       .caller_saved = 0x0f,
                                       .can_use_slot = toy_can_use_slot,
                                       .use_slot = toy_use_slot };

/* ---- running it, before (by `reg`) and after (by `given`) */

struct run {
    const struct mach_func *func;
    bool allocated, flag;
    u64 machine[MACH_REGS], *values, *slots;
    u64 trace;
    u32 steps;
};

static u64 *run_place(struct run *run, const struct mach_insn *insn, u32 k)
{
    const struct mach_operand *o = &insn->operand[k];
    if (run->allocated && o->role == MACH_NONE)
        return &run->slots[insn->disp];
    if (run->allocated)
        return &run->machine[o->given];
    return o->reg < MACH_REGS ? &run->machine[o->reg] : &run->values[o->reg];
}
static u64 run_read(struct run *run, const struct mach_insn *insn, u32 k)
{
    return *run_place(run, insn, k);
}

static u64 mixed(u64 a, u64 b) { return (a ^ (b + 0x9e3779b97f4a7c15)) * 0xff51afd7ed558ccd; }

static void run_call(struct run *run)
{
    u64 result = mixed(run->machine[0], run->machine[1]);
    for (u32 r = 0; r < 4; r++)
        run->machine[r] = mixed(result, r) + run->allocated; /* nobody may count on these */
    run->machine[0] = result;
    run->trace = mixed(run->trace, result);
}

static void run_shared_op(struct run *run, const struct mach_insn *insn)
{
    u64 swapped;
    switch (insn->op) {
    case MACH_COPY: *run_place(run, insn, 0) = run_read(run, insn, 1); break;
    case MACH_RELOAD: run->machine[insn->operand[0].given] = run->slots[insn->disp]; break;
    case MACH_SPILL: run->slots[insn->disp] = run->machine[insn->operand[0].given]; break;
    case MACH_SWAP:
        swapped = run_read(run, insn, 0);
        *run_place(run, insn, 0) = run_read(run, insn, 1);
        *run_place(run, insn, 1) = swapped;
        break;
    default: break;
    }
}

static void run_insn(struct run *run, const struct mach_insn *insn)
{
    u64 v[MACH_OPERANDS] = { 0 };
    for (u32 k = 0; k < insn->n_operands && insn->op >= MACH_OP_COUNT; k++)
        v[k] = run_read(run, insn, k);
    switch (insn->op) {
    case TOY_CONST: *run_place(run, insn, 0) = (u64)insn->imm; break;
    case TOY_ADD: *run_place(run, insn, 0) = v[1] + v[2]; break;
    case TOY_MIX: *run_place(run, insn, 0) = v[0] * 31 ^ v[1]; break;
    case TOY_SHIFT: *run_place(run, insn, 0) = v[0] << (run->machine[2] & 7); break;
    case TOY_EARLY:
        *run_place(run, insn, 0) = ~(u64)0;
        *run_place(run, insn, 0) = run_read(run, insn, 1) ^ run_read(run, insn, 2);
        break;
    case TOY_LATE:
        *run_place(run, insn, 0) = v[1];
        *run_place(run, insn, 0) = v[1] - run_read(run, insn, 2);
        break;
    case TOY_MANY: *run_place(run, insn, 0) = v[1] + 3 * v[2] + 5 * v[3] + 7 * v[4]; break;
    case TOY_CALL: run_call(run); break;
    case TOY_OUT: run->trace = mixed(run->trace, v[0]); break;
    case TOY_TEST: run->flag = v[0] < v[1]; break;
    default: run_shared_op(run, insn);
    }
}

static void run_insns(struct run *run, const struct mach_block *block)
{
    for (u32 i = block->begin; i < block->end; i++)
        run_insn(run, &run->func->insns[i]);
}

static bool run_is_tail(const struct mach_func *func, u32 b)
{
    return func->blocks[b].n_preds == 1 && func->blocks[func->blocks[b].preds[0]].tail == b;
}

/* What the world sees of at most so many blocks. */
static u64 run_func(const struct mach_func *func, bool allocated, u32 blocks)
{
    struct run run = { .func = func, .allocated = allocated };
    run.values = calloc(func->n_regs, sizeof *run.values);
    run.slots = calloc(func->n_slots + 1, sizeof *run.slots);
    run.machine[0] = 11;
    run.machine[1] = 22;
    for (u32 b = 0; b != CODE_NONE && run.steps < blocks; run.steps++) {
        const struct mach_block *block = &func->blocks[b];
        if (!run_is_tail(func, b))
            run_insns(&run, block);
        if (block->tail)
            run_insns(&run, &func->blocks[block->tail]);
        b = block->exit.to[0] != CODE_NONE && run.flag ? block->exit.to[0] : block->exit.to[1];
    }
    free(run.values);
    free(run.slots);
    return run.trace;
}

/* ---- random programs */

static struct mem mem;
static u64 random_state = 0x853c49e6748fea9b;
static u32 below(u32 n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (u32)(random_state >> 33) % n;
}

struct maker {
    struct mach_func func;
    struct arena arena;
    u32 n_values; /* registers that are defined at the entry */
    u32 level;
};

static struct mach_insn *put(struct maker *maker, struct mach_insn insn)
{
    struct mach_func *func = &maker->func;
    assert_true(func->n < func->room);
    insn.origin = MACH_NO_ORIGIN;
    func->insns[func->n] = insn;
    return &func->insns[func->n++];
}
#define O(REG, ROLE) mach_operand((REG), MACH_##ROLE)

static void put1(struct maker *m, u8 op, u32 a, enum mach_role role)
{
    put(m, (struct mach_insn){ .op = op, .n_operands = 1, .operand = { mach_operand(a, role) } });
}
static void put_copy(struct maker *m, u32 to, u32 from)
{
    put(m, (struct mach_insn){
               .op = MACH_COPY, .n_operands = 2, .operand = { O(to, DEF), O(from, USE) } });
}
static void put_const(struct maker *m, u32 to, s64 imm)
{
    put(m, (struct mach_insn){ .op = TOY_CONST,
                               .flags = MACH_REMAT,
                               .n_operands = 1,
                               .imm = imm,
                               .operand = { O(to, DEF) } });
}
static void put_two(struct maker *m, u8 op, u32 a, u32 b)
{
    enum mach_role role = op == TOY_MIX ? MACH_CHANGE : MACH_USE;
    put(m, (struct mach_insn){
               .op = op, .n_operands = 2, .operand = { mach_operand(a, role), O(b, USE) } });
}
static void put_three(struct maker *m, u8 op, u32 to, u32 a, u32 b)
{
    enum mach_role def = op == TOY_EARLY ? MACH_EARLY_DEF : MACH_DEF;
    enum mach_role use = op == TOY_LATE ? MACH_LATE_USE : MACH_USE;
    put(m, (struct mach_insn){
               .op = op,
               .n_operands = 3,
               .operand = { mach_operand(to, def), O(a, USE), mach_operand(b, use) } });
}
static void put_many(struct maker *m, u32 to, const u32 *from)
{
    put(m, (struct mach_insn){ .op = TOY_MANY,
                               .n_operands = 5,
                               .operand = { O(to, DEF), O(from[0], USE), O(from[1], USE),
                                            O(from[2], USE), O(from[3], USE) } });
}
static void put_call(struct maker *m, u32 to, u32 a, u32 b)
{
    put_copy(m, 0, a);
    put_copy(m, 1, b);
    put(m, (struct mach_insn){ .op = TOY_CALL,
                               .flags = MACH_CALL,
                               .reads = 3,
                               .n_operands = 1,
                               .operand = { O(0, DEF) } });
    put_copy(m, to, 0);
}
static void put_shift(struct maker *m, u32 to, u32 count)
{
    put_copy(m, 2, count);
    put(m, (struct mach_insn){
               .op = TOY_SHIFT, .n_operands = 2, .operand = { O(to, CHANGE), O(2, USE) } });
}

static u32 any(const struct maker *m) { return MACH_REGS + below(m->n_values); }

static void put_random(struct maker *m)
{
    u32 from[4] = { any(m), any(m), any(m), any(m) }, temporary;
    switch (below(12)) {
    case 0: put_const(m, any(m), below(1000)); break;
    case 1: /* used soon, and constant */
        temporary = m->func.n_regs++;
        put_const(m, temporary, below(1000));
        put_three(m, TOY_ADD, any(m), any(m), temporary);
        break;
    case 2: put_copy(m, any(m), any(m)); break;
    case 3: /* as two-address operations come */
        temporary = m->func.n_regs++;
        put_copy(m, temporary, any(m));
        put_two(m, TOY_MIX, temporary, any(m));
        put_copy(m, any(m), temporary);
        break;
    case 4: put_two(m, TOY_MIX, any(m), any(m)); break;
    case 5: put_shift(m, any(m), any(m)); break;
    case 6:
        temporary = m->func.n_regs++;
        put_three(m, TOY_EARLY, temporary, from[0], from[1]);
        put_copy(m, any(m), temporary);
        break;
    case 7:
        temporary = m->func.n_regs++;
        put_three(m, TOY_LATE, temporary, from[0], from[1]);
        put_copy(m, any(m), temporary);
        break;
    case 8: put_many(m, any(m), from); break;
    case 9:
        if (below(3) == 0)
            put_call(m, any(m), any(m), any(m));
        break;
    case 10: put1(m, TOY_OUT, any(m), MACH_USE); break;
    default: put_three(m, TOY_ADD, any(m), any(m), any(m));
    }
}

static void end_block(struct maker *m, u32 b)
{
    put(m, (struct mach_insn){ .op = MACH_END, .n_operands = 1 });
    m->func.blocks[b].end = m->func.n;
}

/* Blocks 0 … n-1 lead anywhere but to the first; behind them come those on critical edges. */
static void make_exits(struct maker *m, u32 n)
{
    struct mach_func *func = &m->func;
    u32 n_blocks = n;
    for (u32 b = 0; b < n; b++) {
        struct mach_exit *exit = &func->blocks[b].exit;
        *exit = (struct mach_exit){ .to = { CODE_NONE, CODE_NONE }, .test = 1 };
        if (n == 1 || (b + 1 == n && below(2)))
            continue;
        exit->to[1] = b + 1 < n && below(3) ? b + 1 : 1 + below(n - 1);
        if (below(3))
            exit->to[0] = 1 + below(n - 1);
    }
    u32 *entered = arena_array(&m->arena, u32, 3 * n);
    for (u32 b = 0; b < n; b++)
        for (u32 k = 0; k < 2; k++)
            if (func->blocks[b].exit.to[k] != CODE_NONE)
                entered[func->blocks[b].exit.to[k]]++;
    for (u32 b = 0; b < n; b++)
        for (u32 k = 0; k < 2 && func->blocks[b].exit.to[0] != CODE_NONE; k++) {
            u32 to = func->blocks[b].exit.to[k];
            if (entered[to] < 2)
                continue;
            func->blocks[n_blocks].exit.to[0] = CODE_NONE;
            func->blocks[n_blocks].exit.to[1] = to;
            func->blocks[b].exit.to[k] = n_blocks++;
        }
    func->n_blocks = n_blocks;
}

static void make_preds(struct maker *m)
{
    struct mach_func *func = &m->func;
    for (u32 b = 0; b < func->n_blocks; b++) {
        u32 *preds = arena_array(&m->arena, u32, 2 * func->n_blocks), n = 0;
        for (u32 p = 0; p < func->n_blocks; p++)
            for (u32 k = 0; k < 2; k++)
                if (func->blocks[p].exit.to[k] == b)
                    preds[n++] = p;
        func->blocks[b].preds = preds;
        func->blocks[b].n_preds = n;
    }
}

static void make_block(struct maker *m, u32 b, u32 length)
{
    struct mach_func *func = &m->func;
    func->blocks[b].begin = func->n;
    func->blocks[b].loop_depth = (u16)below(3);
    func->blocks[b].cold = below(8) == 0;
    if (b == 0)
        for (u32 v = 0; v < m->n_values; v++) {
            if (v < 2)
                put_copy(m, MACH_REGS + v, v);
            else
                put_const(m, MACH_REGS + v, below(100));
        }
    for (u32 i = 0; i < length; i++)
        put_random(m);
    if (func->blocks[b].exit.to[0] != CODE_NONE)
        put_two(m, TOY_TEST, any(m), any(m));
    if (func->blocks[b].exit.to[1] == CODE_NONE)
        put1(m, TOY_OUT, any(m), MACH_USE);
    end_block(m, b);
}

static void make_start(struct maker *m, u32 n_values, u32 n_blocks, u32 room)
{
    *m = (struct maker){ .n_values = n_values };
    arena_init(&m->arena, &mem);
    m->func = (struct mach_func){
        .arena = &m->arena, .n_regs = MACH_REGS + n_values, .room = room, .n_blocks = n_blocks
    };
    m->func.insns = arena_array(&m->arena, struct mach_insn, room);
    m->func.blocks = arena_array(&m->arena, struct mach_block, 3 * n_blocks);
}

static void make_random(struct maker *m, u32 n_values, u32 n_blocks, u32 length)
{
    make_start(m, n_values, n_blocks, 3 * n_blocks * (5 * length + 4) + n_values);
    make_exits(m, n_blocks);
    for (u32 b = 0; b < m->func.n_blocks; b++)
        make_block(m, b, b < n_blocks ? 1 + below(length) : 0);
    make_preds(m);
}

/* ---- the tests */

static bool concerns(const struct mach_insn *insn, u8 reg, bool writes)
{
    bool found = writes && insn->flags & MACH_CALL && toy.caller_saved >> reg & 1;
    for (u32 k = 0; k < insn->n_operands && insn->op != MACH_ALIAS; k++) {
        const struct mach_operand *o = &insn->operand[k];
        bool reads = o->role == MACH_USE || o->role == MACH_LATE_USE || o->role == MACH_CHANGE;
        found |= o->role != MACH_NONE && o->given == reg && reads != writes;
    }
    return found || (!writes && insn->flags & MACH_CALL && insn->reads >> reg & 1);
}

/* The register of a move is overwritten in the same block, and nobody has read it. */
static bool is_for_nothing(const struct mach_func *func, u32 i, u32 end)
{
    u8 reg = func->insns[i].operand[0].given;
    for (u32 k = i + 1; k < end && !concerns(&func->insns[k], reg, false); k++)
        if (concerns(&func->insns[k], reg, true))
            return true;
    return false;
}

static void assert_no_move_is_for_nothing(const struct mach_func *func)
{
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 i = func->blocks[b].begin; i < func->blocks[b].end; i++)
            if (func->insns[i].flags & MACH_INSERTED && func->insns[i].op == MACH_RELOAD)
                assert_false(is_for_nothing(func, i, func->blocks[b].end));
}

static void allocate(struct maker *m)
{
    struct arena scratch;
    u32 where = 0;
    arena_init(&scratch, &mem);
    assert_true(jit_regalloc(&scratch, &toy, 0xff, &m->func));
    const char *wrong;
    assert_true(jit_check_allocation(&scratch, &toy, &m->func, &wrong, &where));
    if (wrong)
        fail_msg("instruction %u: %s", where, wrong);
    arena_drop(&scratch);
}

static void random_programs_mean_the_same_when_allocated(void **state)
{
    (void)state;
    for (u32 i = 0; i < 6000; i++) {
        struct maker m;
        make_random(&m, 2 + below(20), 1 + below(12), 1 + below(24));
        u64 before = run_func(&m.func, false, 200);
        allocate(&m);
        assert_no_move_is_for_nothing(&m.func);
        assert_int_equal(run_func(&m.func, true, 200), before);
        arena_drop(&m.arena);
    }
}

/* A loop that changes n values in turn: entry, the loop, the edge back, the end. */
static void make_ladder(struct maker *m, u32 n, bool with_call)
{
    make_start(m, n, 4, 6 * n + 32);
    struct mach_func *func = &m->func;
    func->blocks[0].exit = (struct mach_exit){ .to = { CODE_NONE, 1 } };
    func->blocks[1].exit = (struct mach_exit){ .to = { 2, 3 }, .test = 1 };
    func->blocks[2].exit = (struct mach_exit){ .to = { CODE_NONE, 1 } };
    func->blocks[3].exit = (struct mach_exit){ .to = { CODE_NONE, CODE_NONE } };
    func->blocks[1].loop_depth = func->blocks[2].loop_depth = 1;
    for (u32 v = 0; v < n; v++)
        put_const(m, MACH_REGS + v, (s64)v + 2);
    end_block(m, 0);
    func->blocks[1].begin = func->n;
    for (u32 v = 0; v < n; v++) { /* phi-like: a new value, copied to the old one */
        u32 next = func->n_regs++;
        put_copy(m, next, MACH_REGS + v);
        put_two(m, TOY_MIX, next, MACH_REGS + (v + 1) % n);
        put_copy(m, MACH_REGS + v, next);
    }
    put_two(m, TOY_TEST, MACH_REGS, MACH_REGS + 1);
    end_block(m, 1);
    func->blocks[2].begin = func->n;
    end_block(m, 2);
    func->blocks[3].begin = func->n;
    if (with_call)
        put_call(m, MACH_REGS, MACH_REGS, MACH_REGS + 1);
    for (u32 v = 0; v < n; v++)
        put1(m, TOY_OUT, MACH_REGS + v, MACH_USE);
    end_block(m, 3);
    make_preds(m);
}

/* What the allocator added to the blocks from `first` to `last`; memory operands count too. */
static u32 count_moves(const struct mach_func *func, u32 first, u32 last)
{
    u32 n = 0;
    for (u32 i = func->blocks[first].begin; i < func->blocks[last].end; i++) {
        const struct mach_insn *insn = &func->insns[i];
        bool copies = insn->op == MACH_COPY && insn->operand[0].given != insn->operand[1].given;
        n += copies || insn->flags & (MACH_SLOT | MACH_INSERTED);
    }
    return n;
}

static u32 moves_in_ladder(u32 n, bool with_call)
{
    struct maker m;
    make_ladder(&m, n, with_call);
    u64 before = run_func(&m.func, false, 50);
    allocate(&m);
    assert_int_equal(run_func(&m.func, true, 50), before);
    u32 moves = count_moves(&m.func, 1, 2);
    arena_drop(&m.arena);
    return moves;
}

static void loops_that_fit_have_no_moves(void **state)
{
    (void)state;
    for (u32 n = 2; n <= TOY_REGS; n++) {
        assert_int_equal(moves_in_ladder(n, false), 0);
        assert_int_equal(moves_in_ladder(n, true), 0); /* though four registers do not last */
    }
}

/* Each value too many is changed in memory, and read there by the one before it. */
static void loops_that_do_not_fit_have_few(void **state)
{
    (void)state;
    for (u32 n = TOY_REGS + 1; n <= 3 * TOY_REGS; n++)
        assert_in_range(moves_in_ladder(n, false), 1, 2 * (n - TOY_REGS) + 4);
}

int main(void)
{
    mem_init(&mem, NULL, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_programs_mean_the_same_when_allocated),
        cmocka_unit_test(loops_that_fit_have_no_moves),
        cmocka_unit_test(loops_that_do_not_fit_have_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
