/* See ssa_random.h.  Blocks nest: a region is a row of operations, branches whose arms meet again,
 * and loops with a counter and carried values; values are used where their block dominates. */
#include "support/ssa_random.h"

#include "support/ssa_eval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOL 512u
#define FRAME_BYTES_USED 64u

struct maker {
    struct ssa_func *func;
    u64 state;
    u32 block;
    u32 pool[POOL]; /* values that can be used here */
    u32 n_pool;
    u32 left; /* operations still to be made */
    u32 frame, param, thread;
    struct ssa_random_shape shape;
};

u64 ssa_random_next(u64 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

u64 ssa_random_number(u64 *state)
{
    u64 x = ssa_random_next(state), bit = (u64)1 << (x >> 20 & 63);
    switch (x >> 61) {
    case 0: return x & 15;
    case 1: return bit + (x & 3) - 1;
    case 2: return 0 - bit + (x & 3);
    case 3: return x & UINT32_MAX;
    case 4: return x & 63;
    case 5: return x & 1 ? UINT32_MAX - (x >> 8 & 7) : (u64)0xffff >> (x >> 8 & 8);
    case 6: return 32;
    default: return x;
    }
}

static u64 below(struct maker *m, u64 n) { return (ssa_random_next(&m->state) >> 16) % n; }

static u32 add_insn(struct maker *m, struct ssa_insn insn)
{
    insn.origin = CODE_NONE;
    insn.width = insn.width ? insn.width : 8;
    u32 value = ssa_new(m->func, insn);
    ssa_append(m->func, m->block, value);
    return value;
}

static u32 operation(struct maker *m, u32 op, u32 width, u32 a, u32 b)
{
    return add_insn(m, (struct ssa_insn){ .op = (u16)op, .width = (u8)width, .arg = { a, b } });
}

static void put(struct maker *m, u32 value)
{
    if (m->n_pool < POOL)
        m->pool[m->n_pool++] = value;
}

/* Mostly one of the newest. */
static u32 pick(struct maker *m)
{
    u32 span = below(m, 4) ? 5 : m->n_pool;
    return m->pool[m->n_pool - 1 - below(m, span < m->n_pool ? span : m->n_pool)];
}

static u32 pick_or_number(struct maker *m)
{
    return below(m, 3) ? pick(m) : ssa_const(m->func, ssa_random_number(&m->state));
}

static u32 random_width(struct maker *m) { return below(m, 2) ? 4 : 8; }

/* ---- single operations */

/* Divisors are positive and small. */
static u32 make_division(struct maker *m, u32 op)
{
    u32 cut = operation(m, SSA_AND, 8, pick_or_number(m), ssa_const(m->func, 0x7ff));
    u32 divisor = operation(m, SSA_OR, 8, cut, ssa_const(m->func, 1 + below(m, 4)));
    if (below(m, 3) == 0)
        divisor = ssa_const(m->func, (u64)1 << below(m, 16));
    return operation(m, op, random_width(m), pick(m), divisor);
}

static u32 make_arithmetic(struct maker *m)
{
    static const u8 narrow[] = { 1, 2, 4, 8 };
    u32 op = SSA_ADD + (u32)below(m, SSA_SELECT - SSA_ADD + 1);
    if (below(m, 4) == 0)
        op = SSA_ADD;
    if (op >= SSA_DIV && op <= SSA_SMOD)
        return make_division(m, op);
    u32 width = random_width(m);
    if (op == SSA_BSWAP)
        width = narrow[1 + below(m, 3)];
    if (op == SSA_ZEXT || op == SSA_SEXT)
        width = narrow[below(m, 3)];
    if (op == SSA_SELECT)
        return add_insn(
            m, (struct ssa_insn){ .op = SSA_SELECT,
                                  .arg = { pick(m), pick_or_number(m), pick_or_number(m) } });
    return operation(m, op, width, below(m, 5) ? pick(m) : pick_or_number(m), pick_or_number(m));
}

/* A place of a few bytes: in the frame, in the packet or in the context, by number or by value. */
static u32 make_place(struct maker *m, u32 width, u8 *region, s64 *off)
{
    u32 kind = (u32)below(m, 3);
    s64 start = kind == 0 ? -(s64)FRAME_BYTES_USED : kind == 1 ? 0 : SSA_RANDOM_MEMORY / 2;
    u32 base = kind == 0 ? m->frame : m->param;
    *region = kind == 0 ? HOST_REGION_STACK : kind == 1 ? HOST_REGION_PACKET : HOST_REGION_CTX;
    if (below(m, 8) == 0)
        *region = HOST_REGION_ANY;
    *off = start + (s64)(below(m, 4) * 8 + below(m, 8 / width) * width);
    if (below(m, 4) == 0) {
        u32 index = operation(m, SSA_AND, 8, pick(m), ssa_const(m->func, 24));
        base = operation(m, SSA_ADD, 8, base, index);
    }
    if (below(m, 4) == 0) {
        base = operation(m, SSA_ADD, 8, base, ssa_const(m->func, (u64)*off));
        *off = 0;
    }
    return base;
}

static void make_access(struct maker *m)
{
    static const u8 widths[] = { 1, 2, 4, 8 },
                    ops[] = { SSA_LOAD, SSA_LOADS,     SSA_STORE,  SSA_STORE,
                              SSA_LOAD, SSA_FETCH_ADD, SSA_CMPXCHG };
    u32 op = ops[below(m, sizeof(ops))];
    if (m->shape.atomics && op > SSA_STORE)
        op = SSA_LOAD_ACQUIRE + (u32)below(m, SSA_CMPXCHG - SSA_LOAD_ACQUIRE + 1);
    u32 width = widths[op > SSA_STORE_RELEASE ? 2 + below(m, 2) : below(m, 4)];
    struct ssa_insn insn = { .op = (u16)op, .width = (u8)width };
    insn.arg[0] = make_place(m, width, &insn.region, &insn.off);
    if (ssa_rows[op].n_args > 1)
        insn.arg[1] = pick_or_number(m);
    if (ssa_rows[op].n_args > 2)
        insn.arg[2] = pick_or_number(m);
    u32 value = add_insn(m, insn);
    if (ssa_rows[op].effects & SSA_VALUE)
        put(m, value);
}

/* A host function: gives a number made of all its arguments; a STOPPING one stops the run for some
 * of them. */
static u64 mix(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    u64 all = (u64)(thread->n_cpus + 1);
    const u64 args[] = { a1, a2, a3, a4, a5 };
    for (u32 i = 0; i < 5; i++)
        all = (all ^ args[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return all ^ all >> 29;
}
static u64 mix_or_stop(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    u64 all = mix(thread, a1, a2, a3, a4, a5);
    thread->fuel -= (s64)(all & 7);
    if (all >> 58 == 0)
        thread->stop = SKEP_TRAP;
    return all;
}

static u32 make_call(struct maker *m)
{
    bool stops = below(m, 2);
    skep_helper_fn *called = stops ? mix_or_stop : mix;
    u32 args[6] = { m->thread };
    for (u32 i = 1; i < 6; i++)
        args[i] = pick_or_number(m);
    struct ssa_insn call = { .op = stops ? SSA_CALL : SSA_CALL_QUIET,
                             .width = 8,
                             .origin = CODE_NONE,
                             .imm = (u64)(uintptr_t)called };
    u32 value = ssa_new_many(m->func, call, args, 6);
    ssa_append(m->func, m->block, value);
    return value;
}

static void make_row(struct maker *m)
{
    for (u64 n = 1 + below(m, 6); n > 0 && m->left > 0; n--) {
        m->left--;
        if (m->shape.calls && below(m, 8) == 0)
            put(m, make_call(m));
        else if (m->shape.charges && below(m, 8) == 0)
            add_insn(m,
                     (struct ssa_insn){ .op = SSA_CHARGE, .imm = ssa_random_next(&m->state) & 63 });
        else if (m->shape.memory && below(m, 3) == 0)
            make_access(m);
        else
            put(m, make_arithmetic(m));
    }
}

/* ---- blocks */

static void make_region(struct maker *m, u32 depth);

static void jump(struct maker *m, u32 to)
{
    operation(m, SSA_JUMP, 8, 0, 0);
    ssa_add_edge(m->func, m->block, 0, to);
}

static u32 make_condition(struct maker *m)
{
    if (below(m, 4) == 0)
        return pick_or_number(m);
    return operation(m, SSA_EQ + (u32)below(m, 6), random_width(m), pick(m), pick_or_number(m));
}

static u32 add_phi(struct maker *m, u32 block, const u32 *args, u32 n)
{
    u32 phi = ssa_new_many(m->func, (struct ssa_insn){ .op = SSA_PHI, .width = 8 }, args, n);
    ssa_insert_phi(m->func, block, phi);
    return phi;
}

static void make_if(struct maker *m, u32 depth)
{
    bool half = below(m, 3) == 0; /* one arm only */
    u32 arm[2] = { ssa_block_new(m->func), half ? 0 : ssa_block_new(m->func) };
    u32 meet = ssa_block_new(m->func), n_pool = m->n_pool, value[2][3];
    u32 condition = make_condition(m);
    operation(m, SSA_BRANCH, 8, condition, 0);
    ssa_add_edge(m->func, m->block, 0, arm[0]);
    ssa_add_edge(m->func, m->block, 1, half ? meet : arm[1]);
    if (half)
        for (u32 i = 0; i < 3; i++)
            value[0][i] = pick_or_number(m);
    for (u32 side = half; side < 2; side++) {
        m->block = arm[half ? 0 : side];
        if (below(m, 4))
            make_region(m, depth - 1);
        for (u32 i = 0; i < 3; i++)
            value[side][i] = pick_or_number(m);
        jump(m, meet);
        m->n_pool = n_pool;
    }
    m->block = meet;
    for (u64 i = 0, n = below(m, 4); i < n; i++)
        put(m, add_phi(m, meet, (u32[]){ value[0][i], value[1][i] }, 2));
}

/* A loop of up to 5 rounds, tested at its end or at its head. */
static void make_loop(struct maker *m, u32 depth)
{
    u32 head = ssa_block_new(m->func), after = ssa_block_new(m->func), n_pool = m->n_pool;
    u32 rounds = 1 + (u32)below(m, 5), n_carried = (u32)below(m, 3), phi[3],
        at_end = (u32)below(m, 2);
    u32 first[3] = { ssa_const(m->func, 0), pick_or_number(m), pick_or_number(m) };
    jump(m, head);
    m->block = head;
    for (u32 i = 0; i <= n_carried; i++) {
        phi[i] = add_phi(m, head, first, 1);
        *ssa_args(m->func, ssa_at(m->func, phi[i])) = first[i];
        put(m, phi[i]);
    }
    u32 limit = ssa_const(m->func, rounds), width = random_width(m);
    if (!at_end) {
        u32 inside = ssa_block_new(m->func);
        operation(m, SSA_BRANCH, 8, operation(m, SSA_LT, width, phi[0], limit), 0);
        ssa_add_edge(m->func, head, 0, inside);
        ssa_add_edge(m->func, head, 1, after);
        m->block = inside;
    }
    make_region(m, depth - 1);
    u32 next = operation(m, SSA_ADD, width, phi[0], ssa_const(m->func, 1));
    u32 last = m->block;
    u32 carried[3] = { next, pick_or_number(m), pick_or_number(m) };
    if (at_end) {
        u32 back = ssa_block_new(m->func);
        operation(m, SSA_BRANCH, 8, operation(m, SSA_LT, width, next, limit), 0);
        ssa_add_edge(m->func, last, 0, back);
        ssa_add_edge(m->func, last, 1, after);
        m->block = back;
    }
    jump(m, head);
    for (u32 i = 0; i <= n_carried; i++)
        ssa_args(m->func, ssa_at(m->func, phi[i]))[1] = carried[i];
    m->n_pool = n_pool;
    if (!at_end)
        for (u32 i = 0; i <= n_carried; i++)
            put(m, phi[i]);
    m->block = after;
}

static void make_region(struct maker *m, u32 depth)
{
    make_row(m);
    while (m->left > 0 && depth > 0 && below(m, 5)) {
        if (below(m, 2))
            make_if(m, depth);
        else
            make_loop(m, depth);
        make_row(m);
    }
}

/* r0 mixes what can be seen at the end. */
static void make_return(struct maker *m)
{
    u32 sum = pick(m);
    for (u32 i = 0; i < 3; i++) {
        u32 turned = operation(m, SSA_ROTL, 8, sum, ssa_const(m->func, 13));
        sum = operation(m, SSA_XOR, 8, turned, pick(m));
    }
    operation(m, SSA_RETURN, 8, sum, 0);
}

void ssa_random_make(struct ssa_random *r, struct mem *mem, u64 seed, struct ssa_random_shape shape)
{
    arena_init(&r->arena, mem);
    r->program = (struct ssa_program){ .n_funcs = 1, .funcs = &r->func };
    if (!ssa_func_init(&r->func, &r->program, &r->arena, 0))
        abort();
    r->func.uses_frame = true;
    struct maker m = { .func = &r->func,
                       .state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1,
                       .left = shape.insns,
                       .shape = shape };
    m.block = ssa_block_new(&r->func);
    m.frame = operation(&m, SSA_FRAME, 8, 0, 0);
    m.param = operation(&m, SSA_PARAM, 8, 0, 0);
    if (shape.calls)
        m.thread = operation(&m, SSA_THREAD, 8, 0, 0);
    r->func.makes_calls = shape.calls;
    r->program.metered = shape.charges;
    for (u32 i = 0; i < 4; i++) {
        struct ssa_insn load = { .op = SSA_LOAD, .width = (u8)(1u << i), .arg = { m.param } };
        load.off = 32 + 8 * i;
        load.region = HOST_REGION_PACKET;
        put(&m, add_insn(&m, load));
    }
    for (s64 off = -(s64)FRAME_BYTES_USED; off < 0; off += 8) {
        struct ssa_insn store = {
            .op = SSA_STORE, .width = 8, .region = HOST_REGION_STACK, .arg = { m.frame, pick(&m) }
        };
        store.off = off;
        add_insn(&m, store);
    }
    do
        make_region(&m, shape.depth);
    while (m.left > 0);
    make_return(&m);
}

void ssa_random_drop(struct ssa_random *r) { arena_drop(&r->arena); }

struct ssa_random_result ssa_random_run(struct ssa_random *r, u64 data_seed)
{
    struct ssa_eval eval = { .ssa = &r->program, .most_steps = 20000 };
    return ssa_random_run_as(ssa_eval_run, &eval, data_seed, INT64_MAX);
}

struct ssa_random_result ssa_random_run_as(rt_run_fn *run, const void *engine, u64 data_seed,
                                           u64 fuel)
{
    static u8 stack[RT_FRAME_BYTES * RT_MAX_FRAMES];
    static const struct skep_hook hook;
    struct ssa_random_result result = { .r0 = 0 };
    struct skep_thread *thread = calloc(1, sizeof(*thread));
    struct rt_program program = { .engine = engine, .hook = &hook };
    if (!thread)
        abort();
    for (u32 i = 0; i < SSA_RANDOM_MEMORY; i += 8) {
        u64 number = ssa_random_number(&data_seed);
        memcpy(result.memory + i, &number, 8);
    }
    thread->stack = stack;
    thread->fuel = (s64)fuel;
    thread->program = &program;
    result.status = run(thread, &program, result.memory, &result.r0);
    result.fuel = thread->fuel;
    free(thread);
    return result;
}

void ssa_random_show(const struct ssa_random *r, const char *title)
{
    struct mem mem;
    mem_init(&mem, NULL, 0);
    struct text text;
    text_init(&text, &mem);
    ssa_print(&text, &r->func);
    fprintf(stderr, "--- %s\n%s\n", title, text_cstr(&text));
    text_drop(&text);
}
