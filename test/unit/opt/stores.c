/* stores: which stores to the frame go. */
#include "support/ssa_hand.h"

static u32 call(struct fixture *f, u32 op, u32 argument)
{
    u32 thread = put(f, (struct ssa_insn){ .op = SSA_THREAD });
    u32 value =
        ssa_new_many(&f->func, (struct ssa_insn){ .op = (u16)op, .width = 8, .origin = CODE_NONE },
                     (u32[]){ thread, argument }, argument ? 2 : 1);
    ssa_append(&f->func, f->block, value);
    return value;
}

static u32 stores_left(struct fixture *f, u32 result)
{
    put2(f, SSA_RETURN, result, 0);
    hand_run(f, opt_stores);
    u32 n = count(f, SSA_STORE);
    close_fixture(f);
    return n;
}

TEST(what_is_never_read_is_not_stored)
{
    struct fixture f;
    open_fixture(&f);
    store(&f, 8, HOST_REGION_STACK, f.frame, -8, f.ctx);
    call(&f, SSA_CALL_QUIET, 0);
    assert_int_equal(stores_left(&f, f.ctx), 0);
}

TEST(what_is_overwritten_is_not_stored)
{
    struct fixture f;
    open_fixture(&f);
    store(&f, 4, HOST_REGION_STACK, f.frame, -8, f.ctx);
    store(&f, 8, HOST_REGION_STACK, f.frame, -8, f.packet);
    assert_int_equal(stores_left(&f, load(&f, 4, HOST_REGION_STACK, f.frame, -4)), 1);
}

TEST(what_is_half_overwritten_stays)
{
    struct fixture f;
    open_fixture(&f);
    store(&f, 8, HOST_REGION_STACK, f.frame, -8, f.ctx);
    store(&f, 4, HOST_REGION_STACK, f.frame, -8, f.packet);
    assert_int_equal(stores_left(&f, load(&f, 8, HOST_REGION_STACK, f.frame, -8)), 2);
}

TEST(a_load_at_a_variable_place_reads_what_it_may_reach)
{
    struct fixture f;
    open_fixture(&f);
    u32 index = put2(&f, SSA_AND, f.ctx, ssa_const(&f.func, 7));
    f.func.ranges[index] = (struct ssa_range){ 0, 7 };
    u32 place = put2(&f, SSA_ADD, f.frame, index);
    store(&f, 8, HOST_REGION_STACK, f.frame, -8, f.ctx);
    store(&f, 8, HOST_REGION_STACK, f.frame, -16, f.ctx);
    store(&f, 8, HOST_REGION_STACK, f.frame, -24, f.ctx);
    assert_int_equal(stores_left(&f, load(&f, 1, HOST_REGION_STACK, place, -16)), 1);
}

TEST(calls_read_the_frame_that_they_are_given)
{
    struct fixture f;
    open_fixture(&f);
    store(&f, 8, HOST_REGION_STACK, f.frame, -8, f.ctx);
    u32 key = put2(&f, SSA_ADD, f.frame, ssa_const(&f.func, (u64)-8));
    assert_int_equal(stores_left(&f, call(&f, SSA_CALL, key)), 1);
}

TEST(what_a_helper_is_given_it_reads_upwards)
{
    static const struct skep_helper lookup = {
        .args = { { .kind = SKEP_ARG_MAP }, { .kind = SKEP_ARG_MAP_KEY } },
    };
    const struct skep_helper *helpers[] = { &lookup };
    struct host_code host = { .helpers = helpers };
    struct fixture f;
    open_fixture(&f);
    f.host = &host;
    store(&f, 8, HOST_REGION_STACK, f.frame, -8, f.ctx);
    store(&f, 8, HOST_REGION_STACK, f.frame, -16, f.ctx);
    u32 key = put2(&f, SSA_ADD, f.frame, ssa_const(&f.func, (u64)-8));
    u32 thread = put(&f, (struct ssa_insn){ .op = SSA_THREAD });
    struct ssa_insn call = { .op = SSA_CALL, .width = 8, .origin = 0 };
    u32 value = ssa_new_many(&f.func, call, (u32[]){ thread, f.packet, key }, 3);
    ssa_append(&f.func, f.block, value);
    assert_int_equal(stores_left(&f, value), 1);
}

TEST(an_address_that_goes_away_keeps_all_stores)
{
    struct fixture f;
    open_fixture(&f);
    store(&f, 8, HOST_REGION_STACK, f.frame, -8, f.ctx);
    store(&f, 8, HOST_REGION_PACKET, f.packet, 0, f.frame);
    assert_int_equal(stores_left(&f, f.ctx), 2);
}

TEST(loops_read_what_they_stored_before)
{
    struct fixture f;
    open_fixture(&f);
    u32 head = ssa_block_new(&f.func), after = ssa_block_new(&f.func);
    store(&f, 8, HOST_REGION_STACK, f.frame, -8, f.ctx);
    jump(&f, head);
    f.block = head;
    u32 value = load(&f, 8, HOST_REGION_STACK, f.frame, -8);
    store(&f, 8, HOST_REGION_STACK, f.frame, -8, f.packet);
    store(&f, 8, HOST_REGION_STACK, f.frame, -16, f.packet);
    branch(&f, value, head, after);
    f.block = after;
    assert_int_equal(stores_left(&f, value), 2);
}

UNIT_TESTS(UNIT(what_is_never_read_is_not_stored), UNIT(what_is_overwritten_is_not_stored),
           UNIT(what_is_half_overwritten_stays),
           UNIT(a_load_at_a_variable_place_reads_what_it_may_reach),
           UNIT(calls_read_the_frame_that_they_are_given),
           UNIT(what_a_helper_is_given_it_reads_upwards),
           UNIT(an_address_that_goes_away_keeps_all_stores),
           UNIT(loops_read_what_they_stored_before))
