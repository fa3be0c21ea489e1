/* Jumps as far as they go, and farther: functions whose branches, loops, calls and stops have so
 * much code between them and where they lead that each size of jump is at its end.  Needs nothing
 * but the library.
 *
 *     jit_far [quick] */
#include "jit/jit.h"
#include "rt/rt.h"

#include <stdio.h>
#include <stdlib.h>

enum shape { BRANCH_ZERO, BRANCH_BIT, BRANCH_COMPARE, LOOP, CHARGE, SHAPES };
static const char *const shape_names[SHAPES] = { "a test for zero", "a test of a bit",
                                                 "a comparison", "a loop", "a stop" };

struct far {
    struct mem mem;
    struct arena arena;
    struct ssa_program program;
    struct ssa_func func;
    u32 block, x, y; /* parameters */
};

static u32 put(struct far *f, u32 op, u32 width, u32 a, u32 b)
{
    u32 value = ssa_new(
        &f->func, (struct ssa_insn){
                      .op = (u16)op, .width = (u8)width, .arg = { a, b }, .origin = CODE_NONE });
    ssa_append(&f->func, f->block, value);
    return value;
}
static u32 number(struct far *f, u64 imm) { return ssa_const(&f->func, imm); }
static u32 load(struct far *f, u32 base, s64 off)
{
    u32 value = put(f, SSA_LOAD, 8, base, 0);
    ssa_at(&f->func, value)->off = off;
    return value;
}

/* v, v rotated and xored with x in turn, n times: what nobody makes shorter. */
static u32 filler(struct far *f, u32 value, u32 n)
{
    for (u32 i = 0; i < n; i++)
        value = put(f, SSA_XOR, 8, put(f, SSA_ROTL, 8, value, number(f, 5)), f->x);
    return value;
}
static u64 filled(u64 value, u64 x, u32 n)
{
    for (u32 i = 0; i < n; i++)
        value = (value << 5 | value >> 59) ^ x;
    return value;
}

/* if x is 3 then y, else y with the filler */
static void make_branch(struct far *f, enum shape shape, u32 n)
{
    u32 test = shape == BRANCH_ZERO
                   ? put(f, SSA_EQ, 8, put(f, SSA_SUB, 8, f->x, number(f, 3)), number(f, 0))
               : shape == BRANCH_BIT ? put(f, SSA_AND, 8, f->x, number(f, 2))
                                     : put(f, SSA_LT, 8, f->x, number(f, 4));
    u32 from = f->block, far = ssa_block_new(&f->func), near = ssa_block_new(&f->func);
    put(f, SSA_BRANCH, 8, test, 0);
    ssa_add_edge(&f->func, from, 0, far);
    ssa_add_edge(&f->func, from, 1, near);
    f->block = near;
    put(f, SSA_RETURN, 8, filler(f, f->y, n), 0);
    f->block = far;
    put(f, SSA_RETURN, 8, f->y, 0);
}
static u64 branch_result(u64 x, u64 y, u32 n) { return x == 3 ? y : filled(y, x, n); }

/* y with the filler, x times */
static void make_loop(struct far *f, u32 n)
{
    u32 from = f->block, head = ssa_block_new(&f->func), back, after;
    u32 first[2][2] = { { f->x, 0 }, { f->y, 0 } }, phi[2];
    put(f, SSA_JUMP, 8, 0, 0);
    ssa_add_edge(&f->func, from, 0, head);
    f->block = head;
    for (u32 i = 0; i < 2; i++) {
        phi[i] =
            ssa_new_many(&f->func, (struct ssa_insn){ .op = SSA_PHI, .width = 8 }, first[i], 1);
        ssa_insert_phi(&f->func, head, phi[i]);
    }
    u32 value = filler(f, phi[1], n), left = put(f, SSA_SUB, 8, phi[0], number(f, 1));
    back = ssa_block_new(&f->func), after = ssa_block_new(&f->func);
    put(f, SSA_BRANCH, 8, left, 0);
    ssa_add_edge(&f->func, head, 0, back);
    ssa_add_edge(&f->func, head, 1, after);
    f->block = back;
    put(f, SSA_JUMP, 8, 0, 0);
    ssa_add_edge(&f->func, back, 0, head);
    ssa_args(&f->func, ssa_at(&f->func, phi[0]))[1] = left;
    ssa_args(&f->func, ssa_at(&f->func, phi[1]))[1] = value;
    f->block = after;
    put(f, SSA_RETURN, 8, value, 0);
}
static u64 loop_result(u64 x, u64 y, u32 n)
{
    for (u64 i = 0; i < x; i++)
        y = filled(y, x, n);
    return y;
}

/* Takes 3 of the fuel, then the filler. */
static void make_charge(struct far *f, u32 n)
{
    u32 charge = put(f, SSA_CHARGE, 8, 0, 0);
    ssa_at(&f->func, charge)->imm = 3;
    put(f, SSA_RETURN, 8, filler(f, f->y, n), 0);
}

static void make(struct far *f, enum shape shape, u32 n)
{
    mem_init(&f->mem, NULL, 0);
    arena_init(&f->arena, &f->mem);
    f->program = (struct ssa_program){ .n_funcs = 1, .funcs = &f->func };
    if (!ssa_func_init(&f->func, &f->program, &f->arena, 0))
        abort();
    f->program.metered = shape == CHARGE;
    f->block = ssa_block_new(&f->func);
    u32 memory = put(f, SSA_PARAM, 8, 0, 0);
    f->x = load(f, memory, 0);
    f->y = load(f, memory, 8);
    if (shape == LOOP)
        make_loop(f, n);
    else if (shape == CHARGE)
        make_charge(f, n);
    else
        make_branch(f, shape, n);
    if (!ssa_split_critical(&f->func))
        abort();
}

static u64 expected(enum shape shape, u64 x, u64 y, u32 n)
{
    return shape == LOOP     ? loop_result(x, y, n)
           : shape == CHARGE ? filled(y, x, n)
                             : branch_result(x, y, n);
}

/* x: 3 takes the far way, 8 the near one; loops go around so often.  The fuel is enough for 8. */
static bool runs_right(const struct jit_code *code, enum shape shape, u64 x, u32 n)
{
    static u8 stack[RT_FRAME_BYTES * RT_MAX_FRAMES];
    static const struct skep_hook hook;
    const u64 memory[2] = { x, 0x0123456789abcdef };
    u64 r0 = 0;
    struct rt_program program = { .engine = code, .hook = &hook };
    struct skep_thread *thread = calloc(1, sizeof(*thread));
    if (!thread)
        abort();
    thread->stack = stack;
    thread->fuel = x == 3 ? 2 : 5;
    thread->program = &program;
    skep_status status = jit_run(thread, &program, (void *)(uintptr_t)memory, &r0);
    s64 fuel = thread->fuel;
    free(thread);
    if (shape == CHARGE && x == 3)
        return status == SKEP_FUEL && fuel == -1;
    return status == SKEP_OK && r0 == expected(shape, x, memory[1], n);
}

/* How many bytes the program is; 0: it is wrong. */
static size_t check(enum shape shape, u32 n)
{
    struct far f;
    struct jit_gate *gate;
    struct jit_code *code;
    size_t bytes = 0;
    make(&f, shape, n);
    if (jit_gate_new(&f.mem, &gate, NULL) != SKEP_OK)
        abort();
    if (jit_compile(gate, &f.program, NULL, &code, NULL) == SKEP_OK) {
        bytes = jit_code_bytes(code);
        if (!runs_right(code, shape, 3, n) || !runs_right(code, shape, 8, n))
            bytes = 0;
        jit_drop(code);
    }
    jit_gate_drop(gate);
    arena_drop(&f.arena);
    if (!bytes)
        printf("# wrong with %u rounds in between\n", n);
    return f.mem.used ? 0 : bytes;
}

/* All distances within `around` rounds of one that takes so many bytes. */
static bool check_distance(enum shape shape, u32 bytes, u32 around)
{
    size_t few = check(shape, 100), more = check(shape, 200);
    u32 each = (u32)(more - few) / 100, middle = few && more ? bytes / each : 0;
    bool ok = middle != 0;
    for (u32 n = middle > around ? middle - around : 0; ok && n <= middle + around; n++)
        ok = check(shape, n) != 0;
    printf("%s - %s over about %u bytes\n", ok ? "ok" : "not ok", shape_names[shape], bytes);
    return ok;
}

int main(int argc, char **argv)
{
    bool quick = argc > 1 && strcmp(argv[1], "quick") == 0, ok = true;
    if (!jit_is_available()) {
        printf("1..0 # skipped: no compiler for this machine\n");
        return 0;
    }
    for (enum shape shape = 0; shape < SHAPES; shape++) {
        ok &= check_distance(shape, 128, 40);
        ok &= check_distance(shape, 32 << 10, quick ? 12 : 24);
        ok &= check_distance(shape, 1 << 20, quick ? 0 : 3);
    }
    printf("1..%d\n", SHAPES * 3);
    return ok ? 0 : 1;
}
