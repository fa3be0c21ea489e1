/* gvn: what is computed, loaded or decided twice is so once. */
#include "support/ssa_hand.h"

TEST(equal_sums_become_one_whatever_their_order)
{
    struct fixture f;
    open_fixture(&f);
    u32 a = put2(&f, SSA_ADD, f.packet, f.ctx), b = put2(&f, SSA_ADD, f.ctx, f.packet);
    put2(&f, SSA_RETURN, put2(&f, SSA_XOR, a, b), 0);
    hand_run(&f, opt_gvn);
    assert_int_equal(count(&f, SSA_ADD), 1);
    close_fixture(&f);
}

TEST(a_load_of_what_was_stored_is_the_value)
{
    struct fixture f;
    open_fixture(&f);
    u32 value = load(&f, 8, HOST_REGION_PACKET, f.packet, 0);
    store(&f, 8, HOST_REGION_STACK, f.frame, -8, value);
    store(&f, 8, HOST_REGION_STACK, f.frame, -16, f.ctx);
    store(&f, 4, HOST_REGION_PACKET, f.packet, 8, f.ctx);
    u32 again = load(&f, 8, HOST_REGION_STACK, f.frame, -8);
    put2(&f, SSA_RETURN, again, 0);
    hand_run(&f, opt_gvn);
    assert_int_equal(f.func.insns[f.func.blocks[0].last].arg[0], value);
    close_fixture(&f);
}

TEST(a_narrower_load_takes_its_bytes)
{
    struct fixture f;
    open_fixture(&f);
    u32 value = load(&f, 8, HOST_REGION_PACKET, f.packet, 0);
    put2(&f, SSA_RETURN, load(&f, 2, HOST_REGION_PACKET, f.packet, 4), 0);
    hand_run(&f, opt_gvn);
    assert_int_equal(count(&f, SSA_LOAD), 1);
    const struct ssa_insn *cut = ssa_at(&f.func, f.func.insns[f.func.blocks[0].last].arg[0]);
    assert_int_equal(cut->op, SSA_ZEXT);
    assert_int_equal(cut->width, 2);
    assert_int_equal(f.func.insns[cut->arg[0]].arg[0], value);
    close_fixture(&f);
}

TEST(a_wider_load_stays)
{
    struct fixture f;
    open_fixture(&f);
    store(&f, 4, HOST_REGION_STACK, f.frame, -8, f.ctx);
    put2(&f, SSA_RETURN, load(&f, 8, HOST_REGION_STACK, f.frame, -8), 0);
    hand_run(&f, opt_gvn);
    assert_int_equal(count(&f, SSA_LOAD), 1);
    close_fixture(&f);
}

TEST(calls_write_memory_and_pure_ones_do_not)
{
    for (u32 pure = 0; pure < 2; pure++) {
        struct fixture f;
        open_fixture(&f);
        u32 a = load(&f, 8, HOST_REGION_CTX, f.ctx, 0);
        u32 thread = put(&f, (struct ssa_insn){ .op = SSA_THREAD });
        u32 call = ssa_new_many(
            &f.func, (struct ssa_insn){ .op = pure ? SSA_CALL_PURE : SSA_CALL_QUIET, .width = 8 },
            (u32[]){ thread }, 1);
        ssa_append(&f.func, 0, call);
        u32 b = load(&f, 8, HOST_REGION_CTX, f.ctx, 0);
        put2(&f, SSA_RETURN, put2(&f, SSA_XOR, put2(&f, SSA_ADD, a, call), b), 0);
        hand_run(&f, opt_gvn);
        assert_int_equal(count(&f, SSA_LOAD), pure ? 1 : 2);
        close_fixture(&f);
    }
}

TEST(values_of_maps_are_loaded_as_often_as_the_program_says)
{
    struct fixture f;
    open_fixture(&f);
    u32 a = load(&f, 8, HOST_REGION_MAP_VALUE, f.packet, 0);
    u32 b = load(&f, 8, HOST_REGION_MAP_VALUE, f.packet, 0);
    put2(&f, SSA_RETURN, put2(&f, SSA_XOR, a, b), 0);
    hand_run(&f, opt_gvn);
    assert_int_equal(count(&f, SSA_LOAD), 2);
    close_fixture(&f);
}

/* A loop that stores at an offset: with what a load in it finds. */
static u32 loads_left_in_loop(s64 stored_at)
{
    struct fixture f;
    open_fixture(&f);
    u32 head = ssa_block_new(&f.func), after = ssa_block_new(&f.func);
    u32 first = load(&f, 8, HOST_REGION_CTX, f.ctx, 0);
    jump(&f, head);
    f.block = head;
    u32 inside = load(&f, 8, HOST_REGION_CTX, f.ctx, 0);
    store(&f, 8, stored_at < 0 ? HOST_REGION_STACK : HOST_REGION_CTX,
          stored_at < 0 ? f.frame : f.ctx, stored_at, inside);
    branch(&f, put2(&f, SSA_LT, inside, first), head, after);
    f.block = after;
    put2(&f, SSA_RETURN, first, 0);
    hand_run(&f, opt_gvn);
    u32 n = count(&f, SSA_LOAD);
    close_fixture(&f);
    return n;
}

TEST(loops_keep_what_they_do_not_write)
{
    assert_int_equal(loads_left_in_loop(-8), 1);
    assert_int_equal(loads_left_in_loop(0), 2);
}

TEST(what_a_branch_has_shown_is_not_asked_again)
{
    struct fixture f;
    open_fixture(&f);
    u32 yes = ssa_block_new(&f.func), no = ssa_block_new(&f.func);
    branch(&f, put2(&f, SSA_LT, f.packet, f.ctx), yes, no);
    f.block = yes;
    put2(&f, SSA_RETURN, put2(&f, SSA_LE, f.ctx, f.packet), 0);
    f.block = no;
    put2(&f, SSA_RETURN, put2(&f, SSA_LT, f.packet, f.ctx), 0);
    hand_run(&f, opt_gvn);
    for (u32 b = yes; b <= no; b++) {
        const struct ssa_insn *end = ssa_at(&f.func, f.func.blocks[b].last);
        assert_int_equal(f.func.insns[end->arg[0]].op, SSA_CONST);
        assert_int_equal(f.func.insns[end->arg[0]].imm, 0);
    }
    close_fixture(&f);
}

TEST(a_store_of_what_is_there_goes)
{
    struct fixture f;
    open_fixture(&f);
    u32 value = load(&f, 4, HOST_REGION_PACKET, f.packet, 0);
    store(&f, 4, HOST_REGION_PACKET, f.packet, 0, value);
    put2(&f, SSA_RETURN, value, 0);
    hand_run(&f, opt_gvn);
    assert_int_equal(count(&f, SSA_STORE), 0);
    close_fixture(&f);
}

TEST(what_all_ways_to_a_block_compute_is_computed_once)
{
    struct fixture f;
    open_fixture(&f);
    u32 yes = ssa_block_new(&f.func), no = ssa_block_new(&f.func), meet = ssa_block_new(&f.func);
    u32 back = ssa_const(&f.func, (u64)-80), sums[2];
    branch(&f, put2(&f, SSA_LT, f.packet, f.ctx), yes, no);
    for (u32 i = 0; i < 2; i++) {
        f.block = i ? no : yes;
        sums[i] = put2(&f, SSA_ADD, f.frame, back);
        jump(&f, meet);
    }
    u32 phi = ssa_new_many(&f.func, (struct ssa_insn){ .op = SSA_PHI, .width = 8 }, sums, 2);
    ssa_insert_phi(&f.func, meet, phi);
    f.block = meet;
    put2(&f, SSA_RETURN, phi, 0);
    hand_run(&f, opt_gvn);
    assert_int_equal(count(&f, SSA_PHI), 0);
    assert_int_equal(count(&f, SSA_ADD), 1);
    close_fixture(&f);
}

UNIT_TESTS(UNIT(what_all_ways_to_a_block_compute_is_computed_once),
           UNIT(equal_sums_become_one_whatever_their_order),
           UNIT(a_load_of_what_was_stored_is_the_value), UNIT(a_narrower_load_takes_its_bytes),
           UNIT(a_wider_load_stays), UNIT(calls_write_memory_and_pure_ones_do_not),
           UNIT(values_of_maps_are_loaded_as_often_as_the_program_says),
           UNIT(loops_keep_what_they_do_not_write),
           UNIT(what_a_branch_has_shown_is_not_asked_again), UNIT(a_store_of_what_is_there_goes))
