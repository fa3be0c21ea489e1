/* Constants that say more than 16 bits are not there any more, and mean the same. */
#include "support/ssa_build.h"

static const u64 telling[] = { 0x10000,    0x7fffffff,         0xcc90cc90,         0xfffeffff,
                               0x11223344, 0x1122334455667788, 0xffffffff00000000, (u64)INT64_MIN };
static const u64 silent[] = { 0, 1, 0xffff, 0xffff8000, UINT32_MAX, UINT64_MAX, (u64)-32768 };

static void blind(struct ssa_build *b, u64 seed)
{
    b->input.blind_seed = seed;
    opt_blind(&b->opt, b->func);
    opt_dce(&b->opt, b->func);
    ssa_build_check(b);
}

static bool appears(const struct ssa_build *b, u64 number)
{
    for (u32 block = 0; block < b->func->n_blocks; block++)
        for (u32 at = b->func->blocks[block].first; at; at = ssa_at(b->func, at)->next)
            if (ssa_is_const(b->func, at) && ssa_at(b->func, at)->imm == number)
                return true;
    return false;
}

/* r1 ^ number, after the pass. */
static bool appears_after(u64 number)
{
    struct ssa_build b;
    bool there = false;
    for (u64 seed = 0; seed < 8; seed++) {
        ssa_build_open(&b);
        u32 x = ssa_build_param(&b, 0);
        ssa_build_return(&b, ssa_build_with(&b, SSA_XOR, 8, x, number));
        blind(&b, seed);
        there |= appears(&b, number);
        assert_int_equal(ssa_eval_func(b.func, (const u64[5]){ 99 }), 99 ^ number);
        ssa_build_close(&b);
    }
    return there;
}

TEST(telling_constants_disappear)
{
    for (u32 i = 0; i < ARRAY_LEN(telling); i++)
        assert_false(appears_after(telling[i]));
}

TEST(short_constants_stay)
{
    for (u32 i = 0; i < ARRAY_LEN(silent); i++)
        assert_true(appears_after(silent[i]));
}

TEST(constants_of_phis_disappear)
{
    struct ssa_build b;
    ssa_build_open(&b);
    struct ssa_func *func = b.func;
    u32 test = ssa_build_param(&b, 0), yes = ssa_block_new(func), join = ssa_block_new(func);
    u32 one = ssa_const(func, 0xcafecafe), two = ssa_const(func, 0x12345678);
    ssa_build_op(&b, SSA_BRANCH, 8, test, 0);
    ssa_add_edge(func, 0, 0, yes);
    ssa_add_edge(func, 0, 1, join);
    b.block = yes;
    ssa_build_op(&b, SSA_JUMP, 8, 0, 0);
    ssa_add_edge(func, yes, 0, join);
    u32 phi = ssa_new_many(func, (struct ssa_insn){ .op = SSA_PHI, .width = 8 },
                           (const u32[]){ two, one }, 2);
    ssa_append(func, join, phi);
    b.block = join;
    ssa_build_return(&b, phi);
    ssa_build_check(&b);
    blind(&b, 5);
    assert_false(appears(&b, 0xcafecafe) || appears(&b, 0x12345678));
    assert_int_equal(ssa_eval_func(func, (const u64[5]){ 1 }), 0xcafecafe);
    assert_int_equal(ssa_eval_func(func, (const u64[5]){ 0 }), 0x12345678);
    ssa_build_close(&b);
}

TEST(displacements_disappear)
{
    struct ssa_build b;
    u64 memory = 42;
    ssa_build_open(&b);
    u32 base = ssa_build_param(&b, 0);
    u32 load = ssa_build_load(&b, SSA_LOAD, 8, base, 0x11223344);
    ssa_build_return(&b, load);
    blind(&b, 7);
    assert_int_equal(ssa_at(b.func, load)->off, 0);
    assert_false(appears(&b, 0x11223344));
    const u64 params[5] = { (u64)(uintptr_t)&memory - 0x11223344 };
    assert_int_equal(ssa_eval_func(b.func, params), 42);
    ssa_build_close(&b);
}

UNIT_TESTS(UNIT(telling_constants_disappear), UNIT(short_constants_stay),
           UNIT(constants_of_phis_disappear), UNIT(displacements_disappear))
