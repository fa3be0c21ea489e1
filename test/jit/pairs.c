/* Every operation on the result of every other one, with numbers that matter as the rest: what
 * selection makes one instruction of.  The outer operation's result as a value, as the condition of
 * a branch, and as that of a select.  Needs nothing but the library. */
#include "jit/jit.h"
#include "support/ssa_eval.h"
#include "support/ssa_random.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 24, DATA = 10, FIRST = SSA_ADD, LAST = SSA_SLE };

enum use { AS_VALUE, AS_SELECT, AS_BRANCH, USES };

/* outer(inner(x, b), d), or outer(d, inner(x, b)); b and d: a number, or y */
struct pair {
    u8 outer, outer_width, inner, inner_width, use;
    bool swapped, b_is_y, d_is_y;
    u64 b, d;
};

struct batch {
    struct pair pairs[BATCH];
    u32 n;
};

static u64 state = 88172645463325252;

/* ---- what it is */

static bool divides(u32 op) { return op >= SSA_DIV && op <= SSA_SMOD; }

static u64 pair_value(const struct pair *p, u64 x, u64 y)
{
    u64 b = p->b_is_y ? y : p->b, d = p->d_is_y ? y : p->d;
    u64 inner = ssa_eval_op(p->inner, p->inner_width, x, b);
    u64 outer = p->swapped ? ssa_eval_op(p->outer, p->outer_width, d, inner)
                           : ssa_eval_op(p->outer, p->outer_width, inner, d);
    return p->use == AS_VALUE ? outer : outer ? x : y;
}

/* ---- its code */

struct maker {
    struct ssa_func *func;
    u32 block, memory, x, y;
};

static u32 put(struct maker *m, u32 op, u32 width, u32 a, u32 b)
{
    u32 value = ssa_new(
        m->func, (struct ssa_insn){
                     .op = (u16)op, .width = (u8)width, .arg = { a, b }, .origin = CODE_NONE });
    ssa_append(m->func, m->block, value);
    return value;
}

static u32 put_access(struct maker *m, u32 op, u32 b, u32 place)
{
    u32 value = put(m, op, 8, m->memory, b);
    ssa_at(m->func, value)->off = 8 * (s64)place;
    return value;
}

static void put_branch(struct maker *m, u32 condition, u32 place)
{
    u32 from = m->block, after = ssa_block_new(m->func);
    put(m, SSA_BRANCH, 8, condition, 0);
    for (u32 slot = 0; slot < 2; slot++) {
        m->block = ssa_block_new(m->func);
        ssa_add_edge(m->func, from, slot, m->block);
        put_access(m, SSA_STORE, slot ? m->y : m->x, place);
        put(m, SSA_JUMP, 8, 0, 0);
        ssa_add_edge(m->func, m->block, 0, after);
    }
    m->block = after;
}

static void put_pair(struct maker *m, const struct pair *p, u32 place)
{
    u32 b = p->b_is_y ? m->y : ssa_const(m->func, p->b);
    u32 d = p->d_is_y ? m->y : ssa_const(m->func, p->d);
    u32 inner = put(m, p->inner, p->inner_width, m->x, b);
    u32 outer = put(m, p->outer, p->outer_width, p->swapped ? d : inner, p->swapped ? inner : d);
    if (p->use == AS_BRANCH) {
        put_branch(m, outer, place);
        return;
    }
    u32 value = outer;
    if (p->use == AS_SELECT) {
        value = put(m, SSA_SELECT, 8, outer, m->x);
        ssa_at(m->func, value)->arg[2] = m->y;
    }
    put_access(m, SSA_STORE, value, place);
}

static struct jit_code *compile(const struct jit_gate *gate, struct mem *mem,
                                const struct batch *batch, u32 features_off)
{
    struct arena arena;
    struct ssa_func func;
    struct ssa_program program = { .n_funcs = 1, .funcs = &func };
    struct jit_code *code;
    struct maker m = { .func = &func };
    arena_init(&arena, mem);
    if (!ssa_func_init(&func, &program, &arena, 0))
        abort();
    m.block = ssa_block_new(&func);
    m.memory = put(&m, SSA_PARAM, 8, 0, 0);
    m.x = put_access(&m, SSA_LOAD, 0, 0);
    m.y = put_access(&m, SSA_LOAD, 0, 1);
    for (u32 i = 0; i < batch->n; i++)
        put_pair(&m, &batch->pairs[i], 2 + i);
    put(&m, SSA_RETURN, 8, m.x, 0);
    const struct jit_options options = { .features_off = features_off };
    if (!ssa_split_critical(&func) || jit_compile(gate, &program, &options, &code, NULL) != SKEP_OK)
        abort();
    arena_drop(&arena);
    return code;
}

/* ---- running it */

static void run(const struct jit_code *code, u64 *memory)
{
    static const struct skep_hook hook;
    static u8 stack[RT_FRAME_BYTES * RT_MAX_FRAMES];
    static struct skep_thread thread;
    struct rt_program program = { .engine = code, .hook = &hook };
    u64 r0;
    thread.stack = stack;
    thread.program = &program;
    if (jit_run(&thread, &program, memory, &r0) != SKEP_OK || r0 != memory[0])
        abort();
}

static u32 count_wrong(const struct batch *batch, const u64 *memory)
{
    u32 wrong = 0;
    for (u32 i = 0; i < batch->n; i++) {
        const struct pair *p = &batch->pairs[i];
        u64 expected = pair_value(p, memory[0], memory[1]);
        if (memory[2 + i] == expected)
            continue;
        printf("# %s%u(%s%u(x, %s%" PRIx64 "), %s%" PRIx64 ")%s use %u, x %" PRIx64 " y %" PRIx64
               ": %" PRIx64 ", not %" PRIx64 "\n",
               ssa_rows[p->outer].text, p->outer_width, ssa_rows[p->inner].text, p->inner_width,
               p->b_is_y ? "y " : "", p->b, p->d_is_y ? "y " : "", p->d,
               p->swapped ? " swapped" : "", p->use, memory[0], memory[1], memory[2 + i], expected);
        wrong++;
    }
    return wrong;
}

/* The numbers, and what makes comparisons come out equal. */
static void choose_data(const struct batch *batch, u64 *memory, u32 turn)
{
    const struct pair *p = &batch->pairs[turn % batch->n];
    memory[0] = ssa_random_number(&state);
    memory[1] = ssa_random_number(&state);
    if (turn % 3 == 1)
        memory[1] = ssa_eval_op(p->inner, p->inner_width, memory[0], p->b_is_y ? 1 : p->b);
    if (turn % 3 == 2)
        memory[0] = p->d;
}

static u32 check_batch(const struct jit_gate *gate, struct mem *mem, struct batch *batch,
                       u32 features_off)
{
    u64 memory[2 + BATCH];
    u32 wrong = 0;
    struct jit_code *code = compile(gate, mem, batch, features_off);
    for (u32 turn = 0; turn < DATA; turn++) {
        choose_data(batch, memory, turn);
        run(code, memory);
        wrong += count_wrong(batch, memory);
    }
    jit_drop(code);
    batch->n = 0;
    return wrong;
}

/* ---- all of them */

static u64 number(void) { return ssa_random_number(&state); }

static u8 width_of(u32 op, u32 turn)
{
    static const u8 extended[] = { 1, 2, 4 }, swapped[] = { 2, 4, 8 };
    return op == SSA_ZEXT || op == SSA_SEXT ? extended[turn % 3]
           : op == SSA_BSWAP                ? swapped[turn % 3]
           : turn & 1                       ? 8
                                            : 4;
}

static struct pair make_pair(u32 outer, u32 inner, u32 turn)
{
    struct pair p = { .outer = (u8)outer, .inner = (u8)inner, .use = (u8)(turn % USES) };
    p.outer_width = width_of(outer, turn / 2);
    p.inner_width = width_of(inner, turn);
    p.swapped = !divides(outer) && turn / 4 % 2;
    p.b_is_y = !divides(inner) && turn % 5 == 0;
    p.d_is_y = !divides(outer) && turn % 4 < 2;
    p.b = divides(inner) ? 3 + turn : number();
    p.d = divides(outer) ? 3 + turn : number();
    return p;
}

int main(void)
{
    enum { TURNS = 12 };
    struct mem mem;
    struct jit_gate *gate;
    struct batch batch = { .n = 0 };
    u32 wrong = 0, n = 0;
    if (!jit_is_available()) {
        printf("1..0 # skipped: no compiler for this machine\n");
        return 0;
    }
    mem_init(&mem, NULL, 0);
    if (jit_gate_new(&mem, &gate, NULL) != SKEP_OK)
        abort();
    for (u32 outer = FIRST; outer <= LAST && wrong < 20; outer++)
        for (u32 inner = FIRST; inner <= LAST; inner++)
            for (u32 turn = 0; turn < TURNS; turn++, n++) {
                batch.pairs[batch.n++] = make_pair(outer, inner, turn);
                if (batch.n == BATCH)
                    wrong += check_batch(gate, &mem, &batch, n & 1 ? UINT32_MAX : 0);
            }
    jit_gate_drop(gate);
    printf("%s - every operation on the result of every other one\n1..1\n",
           wrong ? "not ok" : "ok");
    printf("# %u pairs\n", n);
    return wrong || mem.used ? 1 : 0;
}
