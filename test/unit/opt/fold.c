/* fold: chains of operations on numbers that matter compute what they did, and the rules that
 * programs live by apply. */
#include "opt/pass.h"

#include "support/ssa_random.h"
#include "support/unit.h"

#include <stdlib.h>

#define CHAINS 60000u
#define RUNS 5u

static void make_function(struct ssa_random *r, struct mem *mem)
{
    arena_init(&r->arena, mem);
    r->program = (struct ssa_program){ .n_funcs = 1, .funcs = &r->func };
    assert_true(ssa_func_init(&r->func, &r->program, &r->arena, 0));
    assert_int_equal(ssa_block_new(&r->func), 0);
}

static u32 put(struct ssa_random *r, struct ssa_insn insn)
{
    insn.width = insn.width ? insn.width : 8;
    insn.origin = CODE_NONE;
    u32 value = ssa_new(&r->func, insn);
    ssa_append(&r->func, 0, value);
    return value;
}

static u32 put2(struct ssa_random *r, u32 op, u32 width, u32 a, u32 b)
{
    return put(r, (struct ssa_insn){ .op = (u16)op, .width = (u8)width, .arg = { a, b } });
}

static u32 number(struct ssa_random *r, u64 x) { return ssa_const(&r->func, x); }

/* A loaded value: nothing is known of it. */
static u32 put_load(struct ssa_random *r, u32 width, s64 off)
{
    u32 param = put(r, (struct ssa_insn){ .op = SSA_PARAM });
    struct ssa_insn load = { .op = SSA_LOAD, .width = (u8)width, .arg = { param } };
    load.off = off;
    return put(r, load);
}

static void run_fold(struct ssa_random *r, struct mem *mem)
{
    struct opt_input in = { .off = 0 };
    struct opt opt = { .in = &in, .program = &r->program };
    u32 where;
    assert_true(ssa_analyse(&r->func));
    arena_init(&opt.scratch, mem);
    opt_fold(&opt, &r->func);
    assert_null(ssa_check(&r->func, &where));
    opt_dce(&opt, &r->func);
    arena_drop(&opt.scratch);
}

/* ---- chains */

static u64 chain_number(u64 *state)
{
    static const u64 numbers[] = { 0,
                                   1,
                                   2,
                                   3,
                                   7,
                                   8,
                                   16,
                                   24,
                                   31,
                                   32,
                                   33,
                                   48,
                                   56,
                                   63,
                                   64,
                                   0x80,
                                   0xff,
                                   0x8000,
                                   0xffff,
                                   0xff00,
                                   1 << 20,
                                   0x7fffffff,
                                   0x80000000,
                                   0xffffffff,
                                   0xffffff00,
                                   0x100000000,
                                   0x7fffffffffffffff,
                                   0x8000000000000000 };
    u64 x = ssa_random_next(state) >> 8;
    u64 chosen = numbers[x % ARRAY_LEN(numbers)];
    return x >> 32 & 7 ? chosen : x >> 32 & 8 ? 0 - chosen : ssa_random_number(state);
}

static u32 chain_operand(struct ssa_random *r, const u32 *values, u32 n, u64 *state)
{
    u64 kind = ssa_random_next(state) >> 32;
    if (kind % 2)
        return number(r, chain_number(state));
    return values[kind / 2 % n];
}

static u32 chain_step(struct ssa_random *r, const u32 *values, u32 n, u64 *state)
{
    static const u8 narrow[] = { 1, 2, 4 };
    u64 x = ssa_random_next(state) >> 16;
    u32 op = SSA_ADD + (u32)(x % (SSA_SELECT - SSA_ADD + 1)), width = x >> 20 & 1 ? 4 : 8;
    u32 a = x >> 21 & 3 ? values[n - 1] : chain_operand(r, values, n, state);
    u32 b = chain_operand(r, values, n, state), c = chain_operand(r, values, n, state);
    if (op >= SSA_DIV && op <= SSA_SMOD)
        b = number(r, x >> 30 & 1 ? (u64)1 << (x >> 24 & 15) : 1 + (x >> 24 & 63));
    if (op == SSA_BSWAP)
        width = x >> 24 & 1 ? 2 : width;
    if (op == SSA_ZEXT || op == SSA_SEXT)
        width = narrow[(x >> 24) % 3];
    if (op == SSA_SELECT)
        width = 8;
    return put(r, (struct ssa_insn){ .op = (u16)op, .width = (u8)width, .arg = { a, b, c } });
}

static void make_chain(struct ssa_random *r, struct mem *mem, u64 seed)
{
    static const u8 widths[] = { 1, 2, 4, 8, 8 };
    u64 state = seed * UINT64_C(0x9e3779b97f4a7c15) + 99;
    u32 values[8], n = 0;
    make_function(r, mem);
    for (u32 i = 0; i < 2; i++)
        values[n++] = put_load(r, widths[(ssa_random_next(&state) >> 20) % 5], 8 * i);
    for (u64 length = 2 + seed % 4; length > 0; length--) {
        values[n] = chain_step(r, values, n, &state);
        n++;
    }
    put2(r, SSA_RETURN, 8, values[n - 1], 0);
}

TEST(chains_of_operations_compute_what_they_did)
{
    struct mem mem;
    mem_init(&mem, NULL, 0);
    const char *first = getenv("FIRST");
    u64 from = first ? strtoull(first, NULL, 0) : 1;
    for (u64 seed = from; seed < from + CHAINS; seed++) {
        struct ssa_random r;
        u64 before[RUNS];
        make_chain(&r, &mem, seed);
        for (u32 i = 0; i < RUNS; i++)
            before[i] = ssa_random_run(&r, seed + i).r0;
        run_fold(&r, &mem);
        for (u32 i = 0; i < RUNS; i++) {
            u64 now = ssa_random_run(&r, seed + i).r0;
            if (now == before[i])
                continue;
            struct ssa_random was;
            make_chain(&was, &mem, seed);
            ssa_random_show(&was, "before");
            ssa_random_show(&r, "after");
            fail_msg("chain %" PRIu64 ": 0x%" PRIx64 ", was 0x%" PRIx64, seed, now, before[i]);
        }
        ssa_random_drop(&r);
    }
}

/* ---- rules */

struct fixture {
    struct mem mem;
    struct ssa_random r;
    u32 x, y; /* nothing is known of them */
};

static void open_fixture(struct fixture *f)
{
    mem_init(&f->mem, NULL, 0);
    make_function(&f->r, &f->mem);
    f->x = put_load(&f->r, 8, 0);
    f->y = put_load(&f->r, 8, 8);
}

static u32 op2(struct fixture *f, u32 op, u32 width, u32 a, u32 b)
{
    return put2(&f->r, op, width, a, b);
}
static u32 op2n(struct fixture *f, u32 op, u32 width, u32 a, u64 b)
{
    return put2(&f->r, op, width, a, number(&f->r, b));
}

/* What the function returns after folding. */
static struct ssa_insn folded(struct fixture *f, u32 value)
{
    put2(&f->r, SSA_RETURN, 8, value, 0);
    run_fold(&f->r, &f->mem);
    const struct ssa_func *func = &f->r.func;
    struct ssa_insn result = func->insns[func->insns[func->blocks[0].last].arg[0]];
    return result;
}

static void assert_is(struct fixture *f, u32 value, u32 op, u32 width, u32 a)
{
    struct ssa_insn insn = folded(f, value);
    assert_int_equal(insn.op, op);
    assert_int_equal(insn.width, width);
    assert_int_equal(insn.arg[0], a);
    ssa_random_drop(&f->r);
}

static void assert_is_with(struct fixture *f, u32 value, u32 op, u32 width, u32 a, u64 b)
{
    struct ssa_insn insn = folded(f, value);
    assert_int_equal(insn.op, op);
    assert_int_equal(insn.width, width);
    assert_int_equal(insn.arg[0], a);
    assert_int_equal(f->r.func.insns[insn.arg[1]].imm, b);
    ssa_random_drop(&f->r);
}

static void assert_is_number(struct fixture *f, u32 value, u64 x)
{
    struct ssa_insn insn = folded(f, value);
    assert_int_equal(insn.op, SSA_CONST);
    assert_int_equal(insn.imm, x);
    ssa_random_drop(&f->r);
}

TEST(sums_with_numbers_become_one)
{
    struct fixture f;
    open_fixture(&f);
    u32 v = op2n(&f, SSA_ADD, 8, op2n(&f, SSA_SUB, 8, f.x, 3), 10);
    assert_is_with(&f, v, SSA_ADD, 8, f.x, 7);
}

TEST(shifts_up_and_down_are_extensions)
{
    struct fixture f;
    open_fixture(&f);
    assert_is(&f, op2n(&f, SSA_SHR, 8, op2n(&f, SSA_SHL, 8, f.x, 32), 32), SSA_ZEXT, 4, f.x);
    open_fixture(&f);
    assert_is(&f, op2n(&f, SSA_SAR, 8, op2n(&f, SSA_SHL, 8, f.x, 48), 48), SSA_SEXT, 2, f.x);
}

TEST(a_4_byte_result_needs_no_extension)
{
    struct fixture f;
    open_fixture(&f);
    u32 sum = op2(&f, SSA_ADD, 4, f.x, f.y);
    assert_is(&f, op2(&f, SSA_ZEXT, 4, sum, 0), SSA_ADD, 4, f.x);
}

TEST(divisions_of_small_numbers_are_narrow)
{
    struct fixture f;
    open_fixture(&f);
    u32 a = op2n(&f, SSA_AND, 8, f.x, 0xfffff),
        b = op2n(&f, SSA_OR, 8, op2n(&f, SSA_AND, 8, f.y, 0xff0), 1);
    struct ssa_insn insn = folded(&f, op2(&f, SSA_SDIV, 8, a, b));
    assert_int_equal(insn.op, SSA_DIV);
    assert_int_equal(insn.width, 4);
    ssa_random_drop(&f.r);
}

TEST(division_by_a_power_of_two_is_a_shift_and_the_remainder_a_mask)
{
    struct fixture f;
    open_fixture(&f);
    assert_is_with(&f, op2n(&f, SSA_DIV, 8, f.x, 64), SSA_SHR, 8, f.x, 6);
    open_fixture(&f);
    assert_is_with(&f, op2n(&f, SSA_MOD, 8, f.x, 64), SSA_AND, 4, f.x, 63);
}

TEST(guards_of_divisors_that_are_not_0_vanish)
{
    struct fixture f;
    open_fixture(&f);
    u32 divisor = op2n(&f, SSA_OR, 8, f.y, 4);
    u32 is_zero = op2n(&f, SSA_EQ, 8, divisor, 0);
    u32 quotient = op2(&f, SSA_DIV, 8, f.x, op2(&f, SSA_OR, 8, divisor, is_zero));
    struct ssa_insn select = { .op = SSA_SELECT,
                               .width = 8,
                               .arg = { is_zero, number(&f.r, 0), quotient } };
    struct ssa_insn insn = folded(&f, put(&f.r, select));
    assert_int_equal(insn.op, SSA_DIV);
    assert_int_equal(insn.arg[1], divisor);
    ssa_random_drop(&f.r);
}

TEST(bounds_decide_comparisons)
{
    struct fixture f;
    open_fixture(&f);
    u32 small = op2n(&f, SSA_AND, 8, f.x, 0x3f);
    assert_is_number(&f, op2n(&f, SSA_LT, 8, small, 64), 1);
    open_fixture(&f);
    f.r.func.ranges[f.x] = (struct ssa_range){ 10, 20 };
    assert_is_number(&f, op2n(&f, SSA_SLT, 8, f.x, 10), 0);
}

TEST(a_truth_that_is_tested_again_is_the_comparison)
{
    struct fixture f;
    open_fixture(&f);
    u32 less = op2(&f, SSA_LT, 8, f.x, f.y);
    u32 again = op2n(&f, SSA_NE, 8, op2n(&f, SSA_XOR, 8, op2n(&f, SSA_EQ, 8, less, 0), 1), 0);
    assert_is(&f, again, SSA_LT, 8, f.x);
}

TEST(comparing_swapped_bytes_swaps_the_number)
{
    struct fixture f;
    open_fixture(&f);
    u32 half = put_load(&f.r, 2, 16);
    assert_is_with(&f, op2n(&f, SSA_EQ, 8, op2(&f, SSA_BSWAP, 2, half, 0), 0x0800), SSA_EQ, 4, half,
                   0x0008);
}

TEST(offsets_take_what_is_added_to_addresses)
{
    struct fixture f;
    open_fixture(&f);
    u32 index = op2n(&f, SSA_AND, 4, f.y, 15);
    u32 next = op2n(&f, SSA_ADD, 4, index, 3);
    u32 scaled = op2n(&f, SSA_SHL, 8, next, 2);
    u32 address = op2(&f, SSA_ADD, 8, f.x, scaled);
    struct ssa_insn load = { .op = SSA_LOAD, .width = 4, .arg = { address } };
    load.off = 100;
    struct ssa_insn insn = folded(&f, put(&f.r, load));
    assert_int_equal(insn.off, 112);
    ssa_random_drop(&f.r);
}

TEST(a_step_of_a_loop_stays_an_address)
{
    struct fixture f;
    open_fixture(&f);
    struct ssa_func *func = &f.r.func;
    u32 head = ssa_block_new(func), after = ssa_block_new(func);
    put2(&f.r, SSA_JUMP, 8, 0, 0);
    ssa_add_edge(func, 0, 0, head);
    u32 phi = ssa_new_many(func, (struct ssa_insn){ .op = SSA_PHI, .width = 8 }, (u32[]){ f.x }, 1);
    ssa_insert_phi(func, head, phi);
    u32 eight = number(&f.r, 8);
    u32 step = ssa_new(func, (struct ssa_insn){ .op = SSA_ADD, .width = 8, .arg = { phi, eight } });
    u32 load = ssa_new(func, (struct ssa_insn){ .op = SSA_LOAD, .width = 8, .arg = { step } });
    u32 branch = ssa_new(func, (struct ssa_insn){ .op = SSA_BRANCH, .width = 8, .arg = { load } });
    u32 end = ssa_new(func, (struct ssa_insn){ .op = SSA_RETURN, .width = 8, .arg = { load } });
    ssa_append(func, head, step);
    ssa_append(func, head, load);
    ssa_append(func, head, branch);
    ssa_add_edge(func, head, 0, head);
    ssa_add_edge(func, head, 1, after);
    ssa_args(func, ssa_at(func, phi))[1] = step;
    ssa_append(func, after, end);
    run_fold(&f.r, &f.mem);
    assert_int_equal(func->insns[load].arg[0], step);
    assert_int_equal(func->insns[load].off, 0);
    ssa_random_drop(&f.r);
}

UNIT_TESTS(UNIT(chains_of_operations_compute_what_they_did), UNIT(sums_with_numbers_become_one),
           UNIT(shifts_up_and_down_are_extensions), UNIT(a_4_byte_result_needs_no_extension),
           UNIT(divisions_of_small_numbers_are_narrow),
           UNIT(division_by_a_power_of_two_is_a_shift_and_the_remainder_a_mask),
           UNIT(guards_of_divisors_that_are_not_0_vanish), UNIT(bounds_decide_comparisons),
           UNIT(a_truth_that_is_tested_again_is_the_comparison),
           UNIT(comparing_swapped_bytes_swaps_the_number),
           UNIT(offsets_take_what_is_added_to_addresses), UNIT(a_step_of_a_loop_stays_an_address))
