/* licm: what moves out of a loop, and what may not. */
#include "support/ssa_hand.h"

/* 0 → head ⇄ body, head → after; what is put before the branch of the head or into the body. */
struct loop {
    struct fixture f;
    u32 head, body, after, invariant;
};

static void open_loop(struct loop *l)
{
    struct fixture *f = &l->f;
    open_fixture(f);
    l->invariant = load(f, 8, HOST_REGION_PACKET, f->packet, 64);
    l->head = ssa_block_new(&f->func);
    l->body = ssa_block_new(&f->func);
    l->after = ssa_block_new(&f->func);
    jump(f, l->head);
    f->block = l->head;
}

static void enter_body(struct loop *l)
{
    struct fixture *f = &l->f;
    branch(f, load(f, 1, HOST_REGION_MAP_VALUE, f->packet, 0), l->body, l->after);
    f->block = l->body;
}

/* Closes the loop, returns the value, and says in which block it is afterwards. */
static u32 moved_to(struct loop *l, u32 value)
{
    struct fixture *f = &l->f;
    store(f, 8, HOST_REGION_MAP_VALUE, f->packet, 8, value);
    jump(f, l->head);
    f->block = l->after;
    put2(f, SSA_RETURN, l->invariant, 0);
    hand_run(f, opt_licm);
    u32 block = f->func.insns[value].block;
    close_fixture(f);
    return block;
}

TEST(products_of_what_does_not_change_move)
{
    struct loop l;
    open_loop(&l);
    enter_body(&l);
    assert_int_equal(moved_to(&l, put2(&l.f, SSA_MUL, l.invariant, l.f.ctx)), 0);
}

TEST(divisions_and_cheap_sums_stay)
{
    struct loop l;
    open_loop(&l);
    enter_body(&l);
    assert_int_equal(moved_to(&l, put2(&l.f, SSA_DIV, l.invariant, l.f.ctx)), l.body);
    open_loop(&l);
    enter_body(&l);
    u32 eight = ssa_const(&l.f.func, 8);
    assert_int_equal(moved_to(&l, put2(&l.f, SSA_ADD, l.invariant, eight)), l.body);
}

TEST(what_moves_is_known_less_of)
{
    struct loop l;
    open_loop(&l);
    enter_body(&l);
    u32 value = put2(&l.f, SSA_MUL, l.invariant, l.f.ctx);
    l.f.func.ranges[value] = (struct ssa_range){ 1, 2 };
    store(&l.f, 8, HOST_REGION_MAP_VALUE, l.f.packet, 8, value);
    jump(&l.f, l.head);
    l.f.block = l.after;
    put2(&l.f, SSA_RETURN, l.invariant, 0);
    hand_run(&l.f, opt_licm);
    assert_true(l.f.func.ranges[value].hi == UINT64_MAX);
    close_fixture(&l.f);
}

TEST(loads_move_from_the_head_of_the_loop)
{
    struct loop l;
    open_loop(&l);
    u32 value = load(&l.f, 8, HOST_REGION_PACKET, l.f.packet, 8);
    enter_body(&l);
    assert_int_equal(moved_to(&l, value), 0);
}

TEST(loads_behind_a_branch_stay_unless_the_address_is_good)
{
    struct loop l;
    open_loop(&l);
    enter_body(&l);
    assert_int_equal(moved_to(&l, load(&l.f, 8, HOST_REGION_PACKET, l.f.packet, 8)), l.body);
    open_loop(&l);
    enter_body(&l);
    assert_int_equal(moved_to(&l, load(&l.f, 8, HOST_REGION_CTX, l.f.ctx, 8)), l.body);
    open_loop(&l);
    enter_body(&l);
    assert_int_equal(moved_to(&l, load(&l.f, 8, HOST_REGION_STACK, l.f.frame, -8)), 0);
}

TEST(loads_of_what_the_loop_writes_stay)
{
    struct loop l;
    open_loop(&l);
    u32 value = load(&l.f, 8, HOST_REGION_PACKET, l.f.packet, 8);
    enter_body(&l);
    store(&l.f, 4, HOST_REGION_PACKET, l.f.packet, 12, l.invariant);
    assert_int_equal(moved_to(&l, value), l.head);
    open_loop(&l);
    value = load(&l.f, 8, HOST_REGION_PACKET, l.f.packet, 8);
    enter_body(&l);
    store(&l.f, 4, HOST_REGION_PACKET, l.f.packet, 16, l.invariant);
    assert_int_equal(moved_to(&l, value), 0);
}

TEST(loads_of_maps_values_stay)
{
    struct loop l;
    open_loop(&l);
    u32 value = load(&l.f, 8, HOST_REGION_MAP_VALUE, l.f.packet, 8);
    enter_body(&l);
    assert_int_equal(moved_to(&l, value), l.head);
}

UNIT_TESTS(UNIT(products_of_what_does_not_change_move), UNIT(divisions_and_cheap_sums_stay),
           UNIT(what_moves_is_known_less_of), UNIT(loads_move_from_the_head_of_the_loop),
           UNIT(loads_behind_a_branch_stay_unless_the_address_is_good),
           UNIT(loads_of_what_the_loop_writes_stay), UNIT(loads_of_maps_values_stay))
