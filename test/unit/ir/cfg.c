/* Blocks, loop heads, charges. */
#include "support/bytecode.h"

/* 0: r0 = 0   1: head: if r0 > 9 goto 4   2: r0 += 1   3: goto 1   4: exit */
BYTECODE(counting_loop, OP(MOV64_IMM, .dst = 0), OP(JGT64_IMM, .dst = 0, .imm = 9, .off = 2),
         OP(ADD64_IMM, .dst = 0, .imm = 1), OP(JA, .off = -3), OP(EXIT, ));

TEST(finds_the_blocks_and_the_head_of_a_loop)
{
    struct bytecode b;
    bytecode_build(&b, counting_loop, 5);
    assert_int_equal(b.cfg.n_blocks, 4);
    const struct cfg_block *head = &b.cfg.blocks[b.cfg.block_of[1]];
    assert_true(head->is_loop_head);
    assert_int_equal(head->succ[0], 2);
    assert_int_equal(head->succ[1], 3);
    assert_int_equal(b.cfg.blocks[2].succ[1], 1);
    assert_int_equal(b.cfg.blocks[2].succ[0], CODE_NONE);
    assert_int_equal(b.cfg.blocks[0].order, 0);
    assert_int_equal(b.cfg.blocks[1].order, 1);
    bytecode_close(&b);
}

TEST(charges_the_longest_way_to_the_next_charge)
{
    struct bytecode b;
    bytecode_build(&b, counting_loop, 5);
    assert_int_equal(b.charges.by_insn[0], 1);
    assert_int_equal(b.charges.by_insn[1], 3); /* head, add, jump */
    assert_int_equal(b.charges.by_insn[2], 0);
    bytecode_close(&b);
}

TEST(charges_helper_costs_and_saturates)
{
    const u32 cost[] = { 1, 7, 1, UINT32_MAX, 1 };
    struct bytecode b;
    struct charge_plan plan;
    bytecode_build(&b, counting_loop, 5);
    assert_int_equal(charge_build(&b.arena, &b.code, &b.cfg, cost, &plan), SKEP_OK);
    assert_int_equal(plan.by_insn[1], UINT32_MAX);
    bytecode_close(&b);
}

/* Two blocks that jump to each other, entered at both: no natural loop, yet a cycle. */
TEST(cuts_every_cycle_of_an_irreducible_graph)
{
    BYTECODE(insns, OP(JEQ64_IMM, .dst = 1, .off = 2), OP(MOV64_IMM, .dst = 0), OP(JA, .off = 1),
             OP(JEQ64_IMM, .dst = 0, .off = 1), OP(JEQ64_IMM, .dst = 2, .off = -2), OP(EXIT, ));
    struct bytecode b;
    bytecode_build(&b, insns, 6);
    u32 heads = 0;
    for (u32 i = 0; i < b.cfg.n_blocks; i++)
        heads += b.cfg.blocks[i].is_loop_head;
    assert_int_equal(heads, 1);
    assert_true(b.charges.by_insn[3] || b.charges.by_insn[4]);
    bytecode_close(&b);
}

TEST(may_goto_has_two_successors)
{
    BYTECODE(insns, OP(MAY_GOTO, .off = 1), OP(JA, .off = -2), OP(EXIT, ));
    struct bytecode b;
    bytecode_build(&b, insns, 3);
    assert_int_equal(b.cfg.blocks[0].succ[0], 1);
    assert_int_equal(b.cfg.blocks[0].succ[1], 2);
    assert_true(b.cfg.blocks[0].is_loop_head);
    bytecode_close(&b);
}

TEST(indirect_jumps_are_refused_by_name)
{
    BYTECODE(insns, OP(GOTOX, .dst = 1), OP(EXIT, ));
    struct bytecode b;
    bytecode_open(&b, insns, 2);
    assert_int_equal(bytecode_code(&b), SKEP_OK);
    assert_int_equal(cfg_build(&b.arena, &b.code, &b.cfg, &b.err), SKEP_UNSUPPORTED);
    assert_string_equal(skep_error_id(&b.err), "cfg-indirect-jump");
    bytecode_close(&b);
}

TEST(unreachable_code_is_named)
{
    BYTECODE(insns, OP(JA, .off = 1), OP(MOV64_IMM, .dst = 0), OP(EXIT, ));
    struct bytecode b;
    bytecode_build(&b, insns, 3);
    assert_int_equal(cfg_check_reachable(&b.cfg, &b.code, &b.err), SKEP_REJECTED);
    assert_string_equal(skep_error_id(&b.err), "cfg-unreachable-code");
    assert_int_equal(b.cfg.blocks[1].order, CODE_NONE);
    bytecode_close(&b);
}

TEST(a_deep_graph_costs_no_stack_and_little_time)
{
    static struct insn insns[BYTECODE_SLOTS - 2];
    u32 n = ARRAY_LEN(insns);
    for (u32 i = 0; i < n - 1; i++)
        insns[i] = (struct insn){ .op = ISA_JEQ64_IMM, .dst = 1, .off = i % 2 ? -1 : 0 };
    insns[n - 1] = (struct insn){ .op = ISA_EXIT };
    struct bytecode b;
    bytecode_build(&b, insns, n);
    assert_int_equal(b.cfg.n_blocks, n);
    bytecode_close(&b);
}

TEST(prints_blocks_with_edges_and_charges)
{
    struct bytecode b;
    struct text text;
    bytecode_build(&b, counting_loop, 5);
    text_init(&text, &b.mem);
    cfg_print(&text, &b.cfg, &b.code, &b.charges);
    assert_non_null(strstr(text_cstr(&text), "main:\nb0 -> b1\n"));
    assert_non_null(strstr(text_cstr(&text), "b1 -> b2, b3  loop head\n          charge 3\n"));
    text_drop(&text);
    bytecode_close(&b);
}

UNIT_TESTS(UNIT(finds_the_blocks_and_the_head_of_a_loop),
           UNIT(charges_the_longest_way_to_the_next_charge),
           UNIT(charges_helper_costs_and_saturates), UNIT(cuts_every_cycle_of_an_irreducible_graph),
           UNIT(may_goto_has_two_successors), UNIT(indirect_jumps_are_refused_by_name),
           UNIT(unreachable_code_is_named), UNIT(a_deep_graph_costs_no_stack_and_little_time),
           UNIT(prints_blocks_with_edges_and_charges))
