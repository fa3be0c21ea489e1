/* branches: fewer and straighter ones. */
#include "support/ssa_hand.h"

static u32 number(struct fixture *f, u64 x) { return ssa_const(&f->func, x); }

static u32 put_phi(struct fixture *f, u32 block, u32 a, u32 b)
{
    u32 phi =
        ssa_new_many(&f->func, (struct ssa_insn){ .op = SSA_PHI, .width = 8 }, (u32[]){ a, b }, 2);
    ssa_insert_phi(&f->func, block, phi);
    return phi;
}

static u32 blocks_left(const struct fixture *f)
{
    u32 n = 0;
    for (u32 b = 0; b < f->func.n_blocks; b++)
        n += f->func.blocks[b].first != 0;
    return n;
}

/* 0 → yes, no; both → meet. */
struct diamond {
    struct fixture f;
    u32 yes, no, meet;
};

static void open_diamond(struct diamond *d, u32 condition)
{
    open_fixture(&d->f);
    d->yes = ssa_block_new(&d->f.func);
    d->no = ssa_block_new(&d->f.func);
    d->meet = ssa_block_new(&d->f.func);
    branch(&d->f, condition ? condition : put2(&d->f, SSA_LT, d->f.packet, d->f.ctx), d->yes,
           d->no);
    d->f.block = d->yes;
    jump(&d->f, d->meet);
    d->f.block = d->no;
    jump(&d->f, d->meet);
    d->f.block = d->meet;
}

TEST(a_branch_on_a_number_is_a_jump_and_the_blocks_become_one)
{
    struct fixture f;
    open_fixture(&f);
    u32 yes = ssa_block_new(&f.func), no = ssa_block_new(&f.func);
    branch(&f, number(&f, 0), yes, no);
    f.block = yes;
    put2(&f, SSA_RETURN, f.packet, 0);
    f.block = no;
    put2(&f, SSA_RETURN, f.ctx, 0);
    hand_run(&f, opt_branches);
    assert_int_equal(blocks_left(&f), 1);
    assert_int_equal(f.func.insns[f.func.blocks[0].last].arg[0], f.ctx);
    close_fixture(&f);
}

TEST(a_branch_whose_ways_do_the_same_goes)
{
    struct diamond d;
    open_diamond(&d, 0);
    put2(&d.f, SSA_RETURN, d.f.packet, 0);
    hand_run(&d.f, opt_branches);
    assert_int_equal(count(&d.f, SSA_BRANCH), 0);
    assert_int_equal(blocks_left(&d.f), 1);
    close_fixture(&d.f);
}

TEST(a_branch_that_chooses_a_value_stays)
{
    struct diamond d;
    open_diamond(&d, 0);
    u32 phi = put_phi(&d.f, d.meet, d.f.packet, d.f.ctx);
    put2(&d.f, SSA_RETURN, phi, 0);
    hand_run(&d.f, opt_branches);
    assert_int_equal(count(&d.f, SSA_BRANCH), 1);
    assert_int_equal(count(&d.f, SSA_PHI), 1);
    close_fixture(&d.f);
}

TEST(jumps_are_threaded_through_branches_that_are_decided)
{
    struct diamond d;
    open_diamond(&d, 0);
    struct ssa_func *func = &d.f.func;
    u32 small = ssa_block_new(func), great = ssa_block_new(func);
    u32 phi = put_phi(&d.f, d.meet, number(&d.f, 1), number(&d.f, 9));
    branch(&d.f, put2(&d.f, SSA_LT, phi, number(&d.f, 5)), small, great);
    d.f.block = small;
    put2(&d.f, SSA_RETURN, d.f.packet, 0);
    d.f.block = great;
    put2(&d.f, SSA_RETURN, d.f.ctx, 0);
    hand_run(&d.f, opt_branches);
    assert_int_equal(count(&d.f, SSA_PHI), 0);
    assert_int_equal(count(&d.f, SSA_BRANCH), 1);
    assert_int_equal(blocks_left(&d.f), 3);
    const struct ssa_block *entry = &func->blocks[0];
    const struct ssa_insn *end = ssa_at(func, func->blocks[entry->succ[0]].last);
    assert_int_equal(end->arg[0], d.f.packet);
    close_fixture(&d.f);
}

TEST(jumps_are_not_threaded_where_the_phi_is_needed_elsewhere)
{
    struct diamond d;
    open_diamond(&d, 0);
    u32 small = ssa_block_new(&d.f.func), great = ssa_block_new(&d.f.func);
    u32 phi = put_phi(&d.f, d.meet, number(&d.f, 1), number(&d.f, 9));
    branch(&d.f, put2(&d.f, SSA_LT, phi, number(&d.f, 5)), small, great);
    d.f.block = small;
    put2(&d.f, SSA_RETURN, phi, 0);
    d.f.block = great;
    put2(&d.f, SSA_RETURN, d.f.ctx, 0);
    hand_run(&d.f, opt_branches);
    assert_int_equal(count(&d.f, SSA_PHI), 1);
    assert_int_equal(count(&d.f, SSA_BRANCH), 2);
    close_fixture(&d.f);
}

TEST(what_only_leads_to_a_cold_block_is_cold)
{
    struct diamond d;
    open_diamond(&d, 0);
    u32 phi = put_phi(&d.f, d.meet, d.f.packet, d.f.ctx);
    put2(&d.f, SSA_RETURN, phi, 0);
    d.f.func.blocks[d.meet].cold = true;
    hand_run(&d.f, opt_branches);
    for (u32 b = 0; b < d.f.func.n_blocks; b++)
        assert_true(d.f.func.blocks[b].cold || !d.f.func.blocks[b].first);
    close_fixture(&d.f);
}

UNIT_TESTS(UNIT(a_branch_on_a_number_is_a_jump_and_the_blocks_become_one),
           UNIT(a_branch_whose_ways_do_the_same_goes), UNIT(a_branch_that_chooses_a_value_stays),
           UNIT(jumps_are_threaded_through_branches_that_are_decided),
           UNIT(jumps_are_not_threaded_where_the_phi_is_needed_elsewhere),
           UNIT(what_only_leads_to_a_cold_block_is_cold))
