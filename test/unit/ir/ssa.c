/* SSA: making and changing it, what the analyses find, and that ssa_check sees every broken rule.
 */
#include "ir/ir.h"

#include "support/unit.h"

struct fixture {
    struct mem mem;
    struct arena arena;
    struct ssa_program program;
    struct ssa_func func;
};

static void open_with_blocks(struct fixture *f, u32 n_blocks)
{
    memset(f, 0, sizeof(*f));
    mem_init(&f->mem, NULL, 0);
    arena_init(&f->arena, &f->mem);
    f->program.n_funcs = 1;
    assert_true(ssa_func_init(&f->func, &f->program, &f->arena, 0));
    for (u32 b = 0; b < n_blocks; b++)
        assert_int_equal(ssa_block_new(&f->func), b);
}

static void close_fixture(struct fixture *f)
{
    arena_drop(&f->arena);
    assert_int_equal(f->mem.used, 0);
}

static u32 put(struct fixture *f, u32 block, u32 op, u32 a, u32 b, u64 imm)
{
    struct ssa_insn insn = { .op = (u16)op, .width = 8, .arg = { a, b }, .origin = 0, .imm = imm };
    u32 value = ssa_new(&f->func, insn);
    ssa_append(&f->func, block, value);
    return value;
}

static void put_jump(struct fixture *f, u32 from, u32 to)
{
    put(f, from, SSA_JUMP, 0, 0, 0);
    ssa_add_edge(&f->func, from, 0, to);
}

static void put_branch(struct fixture *f, u32 from, u32 value, u32 yes, u32 no)
{
    put(f, from, SSA_BRANCH, value, 0, 0);
    ssa_add_edge(&f->func, from, 0, yes);
    ssa_add_edge(&f->func, from, 1, no);
}

static u32 put_phi(struct fixture *f, u32 block, const u32 *args, u32 n)
{
    u32 phi = ssa_new_many(&f->func, (struct ssa_insn){ .op = SSA_PHI, .width = 8 }, args, n);
    ssa_insert_phi(&f->func, block, phi);
    return phi;
}

/* 0 → 1 ⇄ 2, 1 → 3: counts a parameter down. */
struct loop {
    struct fixture f;
    u32 param, phi, less, test, back, exit;
};

static void open_loop(struct loop *l)
{
    struct fixture *f = &l->f;
    open_with_blocks(f, 4);
    l->param = put(f, 0, SSA_PARAM, 0, 0, 0);
    u32 one = ssa_const(&f->func, 1), zero = ssa_const(&f->func, 0);
    put_jump(f, 0, 1);
    l->test = put(f, 1, SSA_EQ, l->param, zero, 0);
    put_branch(f, 1, l->test, 3, 2);
    l->less = put(f, 2, SSA_SUB, l->param, one, 0);
    put_jump(f, 2, 1);
    l->back = f->func.blocks[2].last;
    l->exit = put(f, 3, SSA_RETURN, l->param, 0, 0);
    l->phi = put_phi(f, 1, (u32[]){ l->param, l->less }, 2);
    ssa_at(&f->func, l->test)->arg[0] = l->phi;
    ssa_at(&f->func, l->less)->arg[0] = l->phi;
    ssa_at(&f->func, l->exit)->arg[0] = l->phi;
}

static const char *wrong(struct loop *l) { return ssa_check(&l->f.func, NULL); }

TEST(nothing_is_wrong_with_a_loop)
{
    struct loop l;
    open_loop(&l);
    assert_null(wrong(&l));
    close_fixture(&l.f);
}

TEST(a_loop_is_printed)
{
    struct loop l;
    char buffer[600];
    struct text out;
    open_loop(&l);
    assert_true(ssa_analyse(&l.f.func));
    l.f.func.ranges[l.less] = (struct ssa_range){ 0, 0x100000 };
    text_init_fixed(&out, buffer, sizeof(buffer));
    ssa_print(&out, &l.f.func);
    assert_string_equal(text_cstr(&out), "function 0\n"
                                         "block 0\n"
                                         "  v3 = const 0\n"
                                         "  v2 = const 1\n"
                                         "  v1 = param 0\n"
                                         "  jump 1\n"
                                         "block 1 of loop 1, from 0 2\n"
                                         "  v10 = phi v1 v7\n"
                                         "  v5 = eq8 v10 v3\n"
                                         "  branch v5 3 2\n"
                                         "block 3, from 1\n"
                                         "  return v10\n"
                                         "block 2 of loop 1, from 1\n"
                                         "  v7 = sub8 v10 v2  in 0..0x100000\n"
                                         "  jump 1\n");
    close_fixture(&l.f);
}

TEST(memory_and_calls_are_printed)
{
    struct fixture f;
    char buffer[600];
    struct text out;
    open_with_blocks(&f, 1);
    u32 thread = put(&f, 0, SSA_THREAD, 0, 0, 0);
    u32 frame = put(&f, 0, SSA_FRAME, 0, 0, 0);
    u32 load = put(&f, 0, SSA_LOAD, frame, 0, (u64)-8);
    ssa_at(&f.func, load)->region = HOST_REGION_STACK;
    ssa_at(&f.func, load)->width = 2;
    put(&f, 0, SSA_STORE, frame, load, 16);
    struct ssa_insn call = { .op = SSA_CALL, .width = 8, .imm = 0x123456789 };
    ssa_append(&f.func, 0, ssa_new_many(&f.func, call, (u32[]){ thread, load }, 2));
    put(&f, 0, SSA_RETURN, load, 0, 0);
    assert_null(ssa_check(&f.func, NULL));
    text_init_fixed(&out, buffer, sizeof(buffer));
    ssa_print(&out, &f.func);
    assert_string_equal(text_cstr(&out), "function 0\n"
                                         "block 0\n"
                                         "  v1 = thread\n"
                                         "  v2 = frame\n"
                                         "  v3 = load2 [v2 - 8]  stack\n"
                                         "  store8 [v2 + 16] v3\n"
                                         "  v5 = call 0x123456789 v1 v3\n"
                                         "  return v3\n");
    close_fixture(&f);
}

/* ---- changing */

TEST(a_number_has_one_constant_until_that_is_removed)
{
    struct fixture f;
    open_with_blocks(&f, 1);
    u32 first[100];
    for (u32 i = 0; i < 100; i++)
        first[i] = ssa_const(&f.func, (u64)i << 32);
    for (u32 i = 0; i < 100; i++)
        assert_int_equal(ssa_const(&f.func, (u64)i << 32), first[i]);
    assert_int_equal(f.func.ranges[first[7]].lo, (u64)7 << 32);
    ssa_remove(&f.func, first[7]);
    u32 again = ssa_const(&f.func, (u64)7 << 32);
    assert_int_not_equal(again, first[7]);
    assert_int_equal(ssa_const(&f.func, (u64)7 << 32), again);
    close_fixture(&f);
}

TEST(replacements_of_replacements_are_followed)
{
    struct loop l;
    open_loop(&l);
    u32 map[64];
    for (u32 i = 0; i < l.f.func.n; i++)
        map[i] = i;
    map[l.phi] = l.less;
    map[l.less] = l.param;
    ssa_replace_all(&l.f.func, map);
    assert_int_equal(ssa_at(&l.f.func, l.exit)->arg[0], l.param);
    assert_int_equal(ssa_at(&l.f.func, l.test)->arg[0], l.param);
    assert_int_equal(map[l.phi], l.param);
    close_fixture(&l.f);
}

TEST(uses_are_counted)
{
    struct loop l;
    u32 uses[64];
    open_loop(&l);
    ssa_count_uses(&l.f.func, uses);
    assert_int_equal(uses[l.phi], 3);
    assert_int_equal(uses[l.less], 1);
    assert_int_equal(uses[l.exit], 0);
    close_fixture(&l.f);
}

TEST(a_branch_that_loses_an_edge_is_a_jump)
{
    struct loop l;
    open_loop(&l);
    ssa_remove_edge(&l.f.func, 1, 3);
    assert_int_equal(ssa_at(&l.f.func, l.f.func.blocks[1].last)->op, SSA_JUMP);
    assert_int_equal(l.f.func.blocks[1].succ[0], 2);
    assert_int_equal(l.f.func.blocks[1].succ[1], CODE_NONE);
    assert_null(wrong(&l));
    assert_int_equal(ssa_at(&l.f.func, l.exit)->op, SSA_NONE);
    close_fixture(&l.f);
}

TEST(phis_lose_what_they_have_for_a_removed_edge)
{
    struct loop l;
    open_loop(&l);
    ssa_remove_edge(&l.f.func, 2, 1);
    assert_int_equal(ssa_at(&l.f.func, l.phi)->n_args, 1);
    assert_int_equal(ssa_args(&l.f.func, ssa_at(&l.f.func, l.phi))[0], l.param);
    close_fixture(&l.f);
}

TEST(an_edge_is_split_where_it_is_and_phis_stay)
{
    struct loop l;
    open_loop(&l);
    u32 middle = ssa_split_edge(&l.f.func, 2, 0);
    assert_int_equal(l.f.func.blocks[1].preds[1], middle);
    assert_int_equal(l.f.func.blocks[middle].preds[0], 2);
    assert_null(wrong(&l));
    close_fixture(&l.f);
}

TEST(phis_grow_with_the_edges)
{
    struct fixture f;
    open_with_blocks(&f, 40);
    u32 param = put(&f, 0, SSA_PARAM, 0, 0, 0);
    u32 phi = put_phi(&f, 39, &param, 0);
    put(&f, 39, SSA_RETURN, phi, 0, 0);
    for (u32 b = 0; b < 39; b++) {
        put(&f, b, SSA_BRANCH, param, 0, 0);
        ssa_add_edge(&f.func, b, 0, 39);
        assert_int_equal(ssa_at(&f.func, phi)->n_args, b + 1);
        ssa_args(&f.func, ssa_at(&f.func, phi))[b] = param;
        if (b < 38)
            ssa_add_edge(&f.func, b, 1, b + 1);
    }
    ssa_remove(&f.func, f.func.blocks[38].last);
    put(&f, 38, SSA_JUMP, 0, 0, 0);
    assert_null(ssa_check(&f.func, NULL));
    assert_int_equal(f.func.blocks[39].idom, 0);
    assert_int_equal(ssa_pred_index(&f.func, 39, 17), 17);
    assert_int_equal(ssa_pred_index(&f.func, 39, 39), CODE_NONE);
    close_fixture(&f);
}

TEST(instructions_are_put_where_they_are_wanted)
{
    struct loop l;
    open_loop(&l);
    struct ssa_insn copy = { .op = SSA_NOT, .width = 8, .arg = { l.phi } };
    u32 first = ssa_new(&l.f.func, copy), last = ssa_new(&l.f.func, copy),
        before = ssa_new(&l.f.func, copy);
    ssa_insert_first(&l.f.func, 1, first);
    ssa_insert_last(&l.f.func, 1, last);
    ssa_insert_before(&l.f.func, l.test, before);
    assert_int_equal(ssa_at(&l.f.func, l.phi)->next, first);
    assert_int_equal(ssa_at(&l.f.func, l.test)->prev, before);
    assert_int_equal(ssa_at(&l.f.func, l.test)->next, last);
    assert_null(wrong(&l));
    ssa_take(&l.f.func, first);
    ssa_insert_first(&l.f.func, 2, first);
    assert_int_equal(l.f.func.blocks[2].first, first);
    assert_null(wrong(&l));
    close_fixture(&l.f);
}

TEST(what_is_compacted_is_the_same_without_what_was_removed)
{
    struct loop l;
    struct arena other;
    open_loop(&l);
    arena_init(&other, &l.f.mem);
    put(&l.f, ssa_block_new(&l.f.func), SSA_RETURN, l.phi, 0, 0);
    ssa_split_edge(&l.f.func, 1, 0);
    ssa_insert_before(&l.f.func, l.back,
                      ssa_new(&l.f.func, (struct ssa_insn){ .op = SSA_THREAD, .width = 8 }));
    l.f.func.ranges[l.less].hi = 9;
    assert_null(wrong(&l));
    assert_true(ssa_compact(&l.f.func, &other));
    assert_null(wrong(&l));
    assert_int_equal(l.f.func.n_blocks, 5);
    assert_int_equal(l.f.func.n, 13);
    for (u32 b = 0, last = 0; b < 5; b++)
        for (u32 i = l.f.func.blocks[b].first; i; i = l.f.func.insns[i].next)
            assert_int_equal(i, ++last);
    u32 sub = l.f.func.blocks[4].first;
    assert_int_equal(ssa_at(&l.f.func, sub)->op, SSA_SUB);
    assert_int_equal(l.f.func.ranges[sub].hi, 9);
    assert_int_equal(l.f.func.blocks[4].loop_head, 1);
    assert_int_equal(ssa_args(&l.f.func, ssa_at(&l.f.func, l.f.func.blocks[1].first))[1], sub);
    for (u32 b = 0; b < 3; b++) /* phis have room, preds grow */
        ssa_add_edge(&l.f.func, ssa_block_new(&l.f.func), 0, 1);
    assert_int_equal(ssa_at(&l.f.func, l.f.func.blocks[1].first)->n_args, 5);
    arena_drop(&other);
    close_fixture(&l.f);
}

/* ---- analyses */

/* A graph by its edges; a block with two successors branches on a parameter. */
static void open_graph(struct fixture *f, u32 n_blocks, const u32 (*succs)[2])
{
    open_with_blocks(f, n_blocks);
    u32 param = put(f, 0, SSA_PARAM, 0, 0, 0);
    for (u32 b = 0; b < n_blocks; b++)
        if (succs[b][1] != CODE_NONE)
            put_branch(f, b, param, succs[b][0], succs[b][1]);
        else if (succs[b][0] != CODE_NONE)
            put_jump(f, b, succs[b][0]);
        else
            put(f, b, SSA_RETURN, param, 0, 0);
    assert_null(ssa_check(&f->func, NULL));
}
#define NO CODE_NONE

/* By definition: a dominates b when b cannot be reached around a. */
static bool reached_around(const struct ssa_func *func, u32 a, u32 b)
{
    u64 seen = 1, before = 0;
    if (a == 0)
        return false;
    while (seen != before) {
        before = seen;
        for (u32 i = 0; i < func->n_blocks; i++)
            for (u32 s = 0; s < 2 && before >> i & 1; s++)
                if (func->blocks[i].succ[s] != NO && func->blocks[i].succ[s] != a)
                    seen |= (u64)1 << func->blocks[i].succ[s];
    }
    return seen >> b & 1;
}

TEST(dominators_of_random_graphs_are_those_of_the_definition)
{
    u64 random = 7;
    for (u32 round = 0; round < 300; round++) {
        u32 succs[24][2];
        struct fixture f;
        for (u32 b = 0; b < 24; b++)
            for (u32 s = 0; s < 2; s++) {
                random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
                succs[b][s] = 1 + (u32)(random >> 33) % 23;
                if (s == 1 && (succs[b][0] == succs[b][1] || random >> 60 < 6))
                    succs[b][s] = NO;
            }
        open_graph(&f, 24, (const u32(*)[2])succs);
        for (u32 a = 0; a < 24; a++)
            for (u32 b = 0; b < 24; b++)
                if (f.func.blocks[b].order != NO && f.func.blocks[a].order != NO)
                    assert_int_equal(ssa_dominates(&f.func, a, b),
                                     a == b || !reached_around(&f.func, a, b));
        for (u32 i = 1; i < f.func.n_order; i++) {
            u32 b = f.func.order[i], idom = f.func.blocks[b].idom;
            assert_true(idom != b && ssa_dominates(&f.func, idom, b));
            assert_true(f.func.blocks[idom].order < f.func.blocks[b].order);
        }
        close_fixture(&f);
    }
}

TEST(nested_loops_have_heads_parents_and_depths)
{
    /* 1 heads the outer loop of 1 2 3 4, 2 the inner one of 2 3; 5 is after. */
    const u32 succs[][2] = { { 1, NO }, { 2, 5 }, { 3, NO }, { 2, 4 }, { 1, NO }, { NO, NO } };
    struct fixture f;
    open_graph(&f, 6, succs);
    const struct ssa_block *blocks = f.func.blocks;
    assert_int_equal(blocks[0].loop_head, NO);
    assert_int_equal(blocks[1].loop_head, 1);
    assert_int_equal(blocks[2].loop_head, 2);
    assert_int_equal(blocks[3].loop_head, 2);
    assert_int_equal(blocks[4].loop_head, 1);
    assert_int_equal(blocks[5].loop_head, NO);
    assert_int_equal(blocks[2].loop_parent, 1);
    assert_int_equal(blocks[1].loop_parent, NO);
    assert_int_equal(blocks[3].loop_depth, 2);
    assert_int_equal(blocks[4].loop_depth, 1);
    assert_int_equal(blocks[5].loop_depth, 0);
    close_fixture(&f);
}

TEST(a_block_that_leads_to_itself_is_a_loop)
{
    const u32 succs[][2] = { { 1, NO }, { 1, 2 }, { NO, NO } };
    struct fixture f;
    open_graph(&f, 3, succs);
    assert_int_equal(f.func.blocks[1].loop_head, 1);
    assert_int_equal(f.func.blocks[1].loop_depth, 1);
    assert_int_equal(f.func.blocks[2].loop_depth, 0);
    close_fixture(&f);
}

TEST(a_cycle_with_two_entries_is_no_loop_but_those_around_it_and_in_it_are)
{
    /* 1 heads a loop around the cycle 2 ⇄ 3, entered at both; 4 is a loop of itself in it. */
    const u32 succs[][2] = { { 1, NO }, { 2, 3 }, { 4, NO }, { 2, 5 },
                             { 4, 3 },  { 1, 6 }, { NO, NO } };
    struct fixture f;
    open_graph(&f, 7, succs);
    assert_int_equal(f.func.blocks[2].loop_head, 1);
    assert_int_equal(f.func.blocks[3].loop_head, 1);
    assert_int_equal(f.func.blocks[4].loop_head, 4);
    assert_int_equal(f.func.blocks[4].loop_parent, 1);
    assert_int_equal(f.func.blocks[3].loop_depth, 1);
    assert_int_equal(f.func.blocks[6].loop_depth, 0);
    close_fixture(&f);
}

TEST(what_is_not_reached_loses_everything)
{
    const u32 succs[][2] = { { 2, NO }, { 2, 3 }, { 3, NO }, { NO, NO } };
    struct fixture f;
    open_graph(&f, 4, succs);
    assert_int_equal(f.func.blocks[1].first, 0);
    assert_int_equal(f.func.blocks[1].succ[0], NO);
    assert_int_equal(f.func.blocks[2].n_preds, 1);
    assert_int_equal(f.func.blocks[3].n_preds, 1);
    assert_int_equal(f.func.blocks[1].order, NO);
    close_fixture(&f);
}

TEST(phis_forget_predecessors_that_are_not_reached)
{
    struct fixture f;
    open_with_blocks(&f, 4);
    u32 one = ssa_const(&f.func, 1);
    put_jump(&f, 0, 3);
    u32 dead = put(&f, 1, SSA_NOT, one, 0, 0);
    put_jump(&f, 1, 3);
    put_jump(&f, 2, 3);
    u32 phi = put_phi(&f, 3, (u32[]){ one, dead, one }, 3);
    put(&f, 3, SSA_RETURN, phi, 0, 0);
    assert_null(ssa_check(&f.func, NULL));
    assert_int_equal(ssa_at(&f.func, phi)->n_args, 1);
    assert_int_equal(ssa_args(&f.func, ssa_at(&f.func, phi))[0], one);
    close_fixture(&f);
}

/* ---- every rule broken once */

#define BREAKS(change, message)                                                                    \
    do {                                                                                           \
        struct loop l;                                                                             \
        open_loop(&l);                                                                             \
        struct ssa_func *func = &l.f.func;                                                         \
        change;                                                                                    \
        const char *found = ssa_check(func, NULL);                                                 \
        assert_non_null(found);                                                                    \
        assert_string_equal(found, message);                                                       \
        close_fixture(&l.f);                                                                       \
    } while (0)

TEST(edges_that_do_not_fit_are_found)
{
    BREAKS(func->n_blocks = 0, "there is no block");
    BREAKS(func->blocks[1].succ[0] = 77, "an edge leads to no block");
    BREAKS(func->blocks[0].succ[1] = 1; func->blocks[0].succ[0] = CODE_NONE,
                                        "the second successor is there and the first is not");
    BREAKS(func->blocks[1].succ[0] = 2, "both edges lead to the same block");
    BREAKS(func->blocks[3].preds[0] = 2, "a predecessor has no edge to the block");
    BREAKS(func->blocks[1].preds[1] = 0, "a predecessor is there twice");
    BREAKS(func->blocks[3].n_preds = 0, "an edge is not among the predecessors of where it leads");
    BREAKS(func->blocks[2].succ[0] = CODE_NONE; func->blocks[1].n_preds = 1;
           ssa_add_edge(func, 2, 0, 0), "the entry has a predecessor");
}

TEST(lists_that_do_not_fit_are_found)
{
    BREAKS(ssa_remove(func, l.back), "nothing ends the block");
    BREAKS(ssa_at(func, l.back)->op = SSA_THREAD, "nothing ends the block");
    BREAKS(ssa_at(func, l.exit)->op = SSA_JUMP, "the block has other successors than its end says");
    BREAKS(ssa_at(func, l.less)->block = 3, "the instruction does not say where it is");
    BREAKS(ssa_at(func, l.test)->prev = 0, "the instruction does not say where it is");
    BREAKS(ssa_at(func, l.less)->next = l.less, "the list of the block does not end");
    BREAKS(func->blocks[2].last = l.less, "the last instruction of the block is another");
    BREAKS(ssa_take(func, l.phi);
           ssa_insert_last(func, 1, l.phi), "a phi after other instructions");
    BREAKS(put(&l.f, 2, SSA_RETURN, l.phi, 0, 0), "instructions after the end of the block");
}

TEST(instructions_that_do_not_fit_are_found)
{
    BREAKS(ssa_at(func, l.param)->op = SSA_NONE, "a removed instruction is in a block");
    BREAKS(ssa_at(func, l.less)->width = 3, "a width that is none");
    BREAKS(ssa_at(func, l.less)->n_args = 3, "the number of arguments is another");
    BREAKS(ssa_at(func, l.phi)->n_args = 1, "the number of arguments is another");
    BREAKS(ssa_at(func, l.phi)->arg[0] = 4000, "the number of arguments is another");
    BREAKS(ssa_at(func, l.param)->imm = 5, "there is no such parameter or function");
    BREAKS(func->ranges[l.less] = ((struct ssa_range){ 2, 1 }),
           "nothing is in the range of the value");
    BREAKS(func->ranges[ssa_const(func, 1)] = ((struct ssa_range){ 2, 3 }),
           "the constant is not in its range");
    BREAKS(ssa_at(func, func->blocks[1].last)->flags = SSA_BLIND,
           "a flag that the operation has no use for");
}

TEST(arguments_that_do_not_fit_are_found)
{
    BREAKS(ssa_at(func, l.less)->arg[1] = 0, "an argument is in no block");
    BREAKS(ssa_at(func, l.less)->arg[1] = 9999, "an argument is in no block");
    BREAKS(ssa_at(func, l.less)->arg[1] = l.back, "an argument is no value");
    BREAKS(ssa_at(func, l.less)->arg[1] = l.less, "a value is used where it is not there");
    BREAKS(ssa_at(func, l.exit)->arg[0] = l.less, "a value is used where it is not there");
    BREAKS(ssa_args(func, ssa_at(func, l.phi))[0] = l.less,
           "a value is used where it is not there");
}

TEST(calls_that_do_not_fit_are_found)
{
    for (u32 n = 0; n < 8; n++) {
        struct loop l;
        open_loop(&l);
        u32 args[8];
        for (u32 a = 0; a < 8; a++)
            args[a] = l.phi;
        struct ssa_insn local = { .op = SSA_CALL_LOCAL, .width = 8 };
        u32 call = ssa_new_many(&l.f.func, local, args, n);
        ssa_insert_before(&l.f.func, l.less, call);
        assert_true((wrong(&l) == NULL) == (n >= 2));
        ssa_at(&l.f.func, call)->op = SSA_CALL;
        assert_true((wrong(&l) == NULL) == (n >= 1 && n <= 6));
        ssa_at(&l.f.func, call)->op = SSA_CALL_LOCAL;
        ssa_at(&l.f.func, call)->imm = 1;
        assert_non_null(wrong(&l));
        close_fixture(&l.f);
    }
}

UNIT_TESTS(
    UNIT(nothing_is_wrong_with_a_loop), UNIT(a_loop_is_printed), UNIT(memory_and_calls_are_printed),
    UNIT(a_number_has_one_constant_until_that_is_removed),
    UNIT(replacements_of_replacements_are_followed), UNIT(uses_are_counted),
    UNIT(a_branch_that_loses_an_edge_is_a_jump), UNIT(phis_lose_what_they_have_for_a_removed_edge),
    UNIT(an_edge_is_split_where_it_is_and_phis_stay), UNIT(phis_grow_with_the_edges),
    UNIT(what_is_compacted_is_the_same_without_what_was_removed),
    UNIT(instructions_are_put_where_they_are_wanted),
    UNIT(dominators_of_random_graphs_are_those_of_the_definition),
    UNIT(nested_loops_have_heads_parents_and_depths), UNIT(a_block_that_leads_to_itself_is_a_loop),
    UNIT(a_cycle_with_two_entries_is_no_loop_but_those_around_it_and_in_it_are),
    UNIT(what_is_not_reached_loses_everything), UNIT(phis_forget_predecessors_that_are_not_reached),
    UNIT(edges_that_do_not_fit_are_found), UNIT(lists_that_do_not_fit_are_found),
    UNIT(instructions_that_do_not_fit_are_found), UNIT(arguments_that_do_not_fit_are_found),
    UNIT(calls_that_do_not_fit_are_found))
