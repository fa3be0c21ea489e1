/* Weak topological orders: what the definition asks, on graphs of every shape. */
#include "support/bytecode.h"

struct ordered {
    struct bytecode code;
    struct order order;
};

static void ordered_build(struct ordered *o, const struct insn *insns, u32 n)
{
    bytecode_build(&o->code, insns, n);
    assert_int_equal(order_build(&o->code.arena, &o->code.cfg, &o->order), SKEP_OK);
}

static void ordered_close(struct ordered *o) { bytecode_close(&o->code); }

/* 0: r0 = 0   1: head: if r0 > 9 goto 4   2: r0 += 1   3: goto 1   4: exit */
TEST(the_body_of_a_loop_stands_between_its_head_and_its_exit)
{
    BYTECODE(insns, OP(MOV64_IMM, .dst = 0), OP(JGT64_IMM, .dst = 0, .imm = 9, .off = 2),
             OP(ADD64_IMM, .dst = 0, .imm = 1), OP(JA, .off = -3), OP(EXIT, ));
    static const u32 position[] = { 0, 1, 2, 3 }, depth[] = { 0, 1, 1, 0 };
    static const u32 head[] = { CODE_NONE, 1, 1, CODE_NONE };
    static struct ordered o;
    ordered_build(&o, insns, 5);
    assert_memory_equal(o.order.position, position, sizeof(position));
    assert_memory_equal(o.order.depth, depth, sizeof(depth));
    assert_memory_equal(o.order.head, head, sizeof(head));
    ordered_close(&o);
}

/* The exit comes first in the program, last in the order. */
TEST(an_exit_placed_before_its_loop_comes_after_it)
{
    BYTECODE(insns, OP(JA, .off = 1), OP(EXIT, ), OP(JEQ64_IMM, .dst = 1, .off = -2),
             OP(JEQ64_IMM, .dst = 2, .off = -2), OP(JA, .off = -3));
    static struct ordered o;
    ordered_build(&o, insns, 5);
    assert_int_equal(o.order.position[1], 4);
    assert_int_equal(o.order.depth[1], 0);
    assert_int_equal(o.order.head[2], 2);
    assert_int_equal(o.order.depth[3], 1);
    ordered_close(&o);
}

/* 0: entry  1: outer head  2: inner head, a block of its own loop  3: back to 1  4: exit */
TEST(loops_nest_and_a_block_can_be_its_own_loop)
{
    BYTECODE(insns, OP(MOV64_IMM, .dst = 0), OP(JEQ64_IMM, .dst = 1, .off = 0),
             OP(JEQ64_IMM, .dst = 2, .off = -1), OP(JEQ64_IMM, .dst = 3, .off = -3), OP(EXIT, ));
    static struct ordered o;
    ordered_build(&o, insns, 5);
    assert_int_equal(o.code.cfg.n_blocks, 5);
    assert_int_equal(o.order.head[1], 1);
    assert_int_equal(o.order.head[2], 2);
    assert_int_equal(o.order.depth[2], 2);
    assert_int_equal(o.order.head[3], 1);
    assert_int_equal(o.order.depth[4], 0);
    ordered_close(&o);
}

TEST(functions_have_orders_of_their_own_and_unreachable_blocks_none)
{
    BYTECODE(insns, OP(CALL_LOCAL, .imm = 2), OP(EXIT, ), OP(EXIT, ), OP(MAY_GOTO, .off = -1),
             OP(EXIT, ));
    static struct ordered o;
    ordered_build(&o, insns, 5);
    assert_int_equal(o.code.code.n_funcs, 2);
    assert_int_equal(o.order.position[o.code.cfg.block_of[1]], 0);
    assert_int_equal(o.order.position[o.code.cfg.block_of[2]], CODE_NONE);
    assert_int_equal(o.order.head[o.code.cfg.block_of[2]], CODE_NONE);
    assert_int_equal(o.order.position[o.code.cfg.block_of[3]], 0);
    assert_int_equal(o.order.head[o.code.cfg.block_of[3]], o.code.cfg.block_of[3]);
    ordered_close(&o);
}

/* ---- any graph ----------------------------------------------------------------------------- */

#define MANY 40u

static u32 next_random(u64 *random, u32 below)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (u32)(*random >> 33) % below;
}

static u32 random_jumps(struct insn *insns, u64 *random)
{
    static const u16 ops[] = { ISA_JEQ64_IMM, ISA_JEQ64_IMM, ISA_JEQ64_IMM, ISA_JA, ISA_MOV64_IMM };
    u32 n = 3 + next_random(random, MANY - 3), reach = 1 + next_random(random, n);
    for (u32 i = 0; i < n - 1; i++) {
        u32 near = min_u32(i + 1 + next_random(random, reach), n - 1);
        u32 to = next_random(random, 2) ? near : next_random(random, n);
        u16 op = ops[next_random(random, ARRAY_LEN(ops))];
        insns[i] = (struct insn){ .op = op, .off = op == ISA_MOV64_IMM ? 0 : (s32)to - (s32)i - 1 };
    }
    insns[n - 1] = (struct insn){ .op = ISA_EXIT };
    return n;
}

static u32 block_at(const struct ordered *o, u32 position)
{
    for (u32 i = 0; i < o->code.cfg.n_blocks; i++)
        if (o->order.position[i] == position)
            return i;
    return CODE_NONE;
}

/* A component goes on while blocks are as deep as its head and do not begin one beside it. */
static bool is_in_component(const struct ordered *o, u32 head, u32 block)
{
    if (o->order.position[block] < o->order.position[head])
        return false;
    for (u32 p = o->order.position[head] + 1; p <= o->order.position[block]; p++) {
        u32 at = block_at(o, p);
        bool begins_beside = o->order.head[at] == at && o->order.depth[at] == o->order.depth[head];
        if (o->order.depth[at] < o->order.depth[head] || begins_beside)
            return false;
    }
    return true;
}

static void check_positions(const struct ordered *o)
{
    u32 reachable = 0;
    for (u32 i = 0; i < o->code.cfg.n_blocks; i++)
        reachable += o->code.cfg.blocks[i].reachable;
    for (u32 p = 0; p < reachable; p++)
        assert_int_not_equal(block_at(o, p), CODE_NONE);
    for (u32 i = 0; i < o->code.cfg.n_blocks; i++)
        assert_true(o->code.cfg.blocks[i].reachable ? o->order.position[i] < reachable
                                                    : o->order.position[i] == CODE_NONE);
}

static void check_edges(const struct ordered *o)
{
    for (u32 i = 0; i < 2 * o->code.cfg.n_blocks; i++) {
        u32 from = i / 2, to = o->code.cfg.blocks[from].succ[i % 2];
        if (to == CODE_NONE || !o->code.cfg.blocks[from].reachable ||
            o->order.position[to] > o->order.position[from])
            continue;
        assert_int_equal(o->order.head[to], to);
        assert_true(is_in_component(o, to, from));
    }
}

static void check_heads(const struct ordered *o)
{
    for (u32 i = 0; i < o->code.cfg.n_blocks; i++) {
        u32 head = o->order.head[i];
        assert_int_equal(head == CODE_NONE, o->order.depth[i] == 0);
        if (head == CODE_NONE)
            continue;
        assert_int_equal(o->order.head[head], head);
        assert_int_equal(o->order.depth[head], o->order.depth[i]);
        assert_true(is_in_component(o, head, i));
    }
}

static void find_ways(const struct cfg *cfg, bool way[MANY][MANY])
{
    memset(way, 0, MANY * sizeof(way[0]));
    for (u32 i = 0; i < 2 * cfg->n_blocks; i++)
        if (cfg->blocks[i / 2].succ[i % 2] != CODE_NONE)
            way[i / 2][cfg->blocks[i / 2].succ[i % 2]] = true;
    for (u32 k = 0; k < cfg->n_blocks; k++)
        for (u32 i = 0; i < cfg->n_blocks; i++)
            for (u32 j = 0; j < cfg->n_blocks; j++)
                way[i][j] |= way[i][k] && way[k][j];
}

/* The outermost components are the strongly connected ones, and their order is topological. */
static void check_outermost(const struct ordered *o)
{
    bool way[MANY][MANY];
    u32 outermost[MANY], open = CODE_NONE;
    u32 n = o->code.cfg.n_blocks;
    find_ways(&o->code.cfg, way);
    for (u32 p = 0, at = block_at(o, 0); at != CODE_NONE; at = block_at(o, ++p)) {
        bool begins = o->order.head[at] == at && o->order.depth[at] == 1;
        open = begins || o->order.depth[at] == 0 ? at : open;
        outermost[at] = open;
    }
    for (u32 i = 0; i < n * n; i++) {
        u32 a = i / n, b = i % n;
        if (!o->code.cfg.blocks[a].reachable || !o->code.cfg.blocks[b].reachable || a == b)
            continue;
        assert_int_equal(outermost[a] == outermost[b], way[a][b] && way[b][a]);
        if (way[a][b] && !way[b][a])
            assert_true(o->order.position[a] < o->order.position[b]);
    }
}

TEST(every_edge_back_leads_to_a_head_whose_component_it_comes_from)
{
    static struct ordered o;
    struct insn insns[MANY];
    u64 random = 1;
    for (u32 round = 0; round < 3000; round++) {
        u32 n = random_jumps(insns, &random);
        ordered_build(&o, insns, n);
        check_positions(&o);
        check_edges(&o);
        check_heads(&o);
        check_outermost(&o);
        ordered_close(&o);
    }
}

/* Each block jumps back to the one before: as many loops as blocks, one inside the other. */
TEST(nesting_without_end_costs_little_and_gives_an_order_still)
{
    static struct insn insns[BYTECODE_SLOTS - 2];
    static u32 at[BYTECODE_SLOTS];
    static struct ordered o;
    u32 n = ARRAY_LEN(insns);
    for (u32 i = 0; i < n - 1; i++)
        insns[i] = (struct insn){ .op = ISA_JEQ64_IMM, .dst = 1, .off = i ? -2 : 0 };
    insns[n - 1] = (struct insn){ .op = ISA_EXIT };
    ordered_build(&o, insns, n);
    u32 n_blocks = o.code.cfg.n_blocks;
    for (u32 i = 0; i < n_blocks; i++)
        at[o.order.position[i]] = i;
    for (u32 i = 0; i + 2 < n_blocks; i++) {
        assert_int_equal(at[i], i);
        assert_int_equal(o.order.depth[i], i + 1);
    }
    assert_int_equal(o.order.depth[n_blocks - 1], 0);
    ordered_close(&o);
}

UNIT_TESTS(UNIT(the_body_of_a_loop_stands_between_its_head_and_its_exit),
           UNIT(an_exit_placed_before_its_loop_comes_after_it),
           UNIT(loops_nest_and_a_block_can_be_its_own_loop),
           UNIT(functions_have_orders_of_their_own_and_unreachable_blocks_none),
           UNIT(every_edge_back_leads_to_a_head_whose_component_it_comes_from),
           UNIT(nesting_without_end_costs_little_and_gives_an_order_still))
