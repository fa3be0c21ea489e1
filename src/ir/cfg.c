/* The control-flow graph: blocks between the places where control arrives or parts, edges, and the
 * loop heads of one depth-first walk per function.
 *
 * A retreating edge of that walk leads to a block that the walk is still inside of.  Cutting those
 * edges leaves no cycle, whatever the graph's shape, so irreducible graphs need no special care.
 * The walk keeps its own stack: programs choose how deep it goes. */
#include "ir/cfg.h"

#include "base/bits.h"
#include "ir/charge.h"

struct cfg_builder {
    struct arena *arena;
    const struct code *code;
    skep_error *err;
    struct cfg_block *blocks;
    u32 *block_of;
    u32 n_blocks;
};

static skep_status cfg_nomem(const struct cfg_builder *b)
{
    return RAISE(b->err, SKEP_NOMEM, NOMEM, STR("control-flow graph"));
}

static bool cfg_ends_block(const struct insn *insn)
{
    return insn_is_jump(insn) || !insn_falls_through(insn);
}

static skep_status cfg_mark_leaders(const struct cfg_builder *b, u64 *leaders)
{
    const struct code *code = b->code;
    for (u32 f = 0; f < code->n_funcs; f++)
        bit_set(leaders, code->funcs[f].entry);
    for (u32 i = 0; i < code->n_insns; i++) {
        const struct insn *insn = &code->insns[i];
        if (insn->op == ISA_GOTOX)
            return RAISE(b->err, SKEP_UNSUPPORTED, CFG_INDIRECT_JUMP, NUM(code->slot_of[i]));
        if (insn_is_jump(insn))
            bit_set(leaders, code->target[i]);
        if (cfg_ends_block(insn) && i + 1 < code->n_insns)
            bit_set(leaders, i + 1);
    }
    return SKEP_OK;
}

static skep_status cfg_cut_blocks(struct cfg_builder *b)
{
    const struct code *code = b->code;
    u64 *leaders = arena_array(b->arena, u64, bits_words(code->n_insns));
    b->block_of = arena_array(b->arena, u32, code->n_insns);
    if (!leaders || !b->block_of)
        return cfg_nomem(b);
    TRY(cfg_mark_leaders(b, leaders));
    for (u32 i = 0; i < code->n_insns; i++)
        b->n_blocks += bit_get(leaders, i);
    b->blocks = arena_array(b->arena, struct cfg_block, b->n_blocks);
    if (!b->blocks)
        return cfg_nomem(b);
    for (u32 i = 0, block = 0; i < code->n_insns; i++) {
        if (bit_get(leaders, i))
            b->blocks[block++] = (struct cfg_block){ .start = i, .func = code->func_of[i] };
        b->block_of[i] = block - 1;
        b->blocks[block - 1].end = i + 1;
    }
    return SKEP_OK;
}

static void cfg_link_blocks(struct cfg_builder *b)
{
    for (u32 i = 0; i < b->n_blocks; i++) {
        struct cfg_block *block = &b->blocks[i];
        const struct insn *last = &b->code->insns[block->end - 1];
        block->succ[0] = insn_falls_through(last) ? i + 1 : CODE_NONE;
        block->succ[1] =
            insn_is_jump(last) ? b->block_of[b->code->target[block->end - 1]] : CODE_NONE;
        block->order = CODE_NONE;
    }
}

struct cfg_visit {
    u32 block;
    u32 next; /* the edge to look at next */
};

/* Numbers what one function's entry reaches; visits has room for all its blocks.  A block on the
 * stack is reachable and has no order yet: that is how retreating edges show. */
static void cfg_walk(struct cfg_builder *b, u32 entry, struct cfg_visit *visits, u32 *postorder)
{
    u32 depth = 0, n_done = 0;
    b->blocks[entry].reachable = true;
    visits[depth++] = (struct cfg_visit){ .block = entry };
    while (depth > 0) {
        struct cfg_visit *top = &visits[depth - 1];
        struct cfg_block *block = &b->blocks[top->block];
        if (top->next == 2) {
            block->order = 0; /* done; its number follows below */
            postorder[n_done++] = top->block;
            depth--;
            continue;
        }
        u32 succ = block->succ[top->next++];
        if (succ == CODE_NONE)
            continue;
        if (!b->blocks[succ].reachable) {
            b->blocks[succ].reachable = true;
            visits[depth++] = (struct cfg_visit){ .block = succ };
        } else if (b->blocks[succ].order == CODE_NONE) {
            b->blocks[succ].is_loop_head = true;
        }
    }
    for (u32 i = 0; i < n_done; i++)
        b->blocks[postorder[i]].order = n_done - 1 - i;
}

static skep_status cfg_order_blocks(struct cfg_builder *b)
{
    struct cfg_visit *visits = arena_array(b->arena, struct cfg_visit, b->n_blocks);
    u32 *postorder = arena_array(b->arena, u32, b->n_blocks);
    if (!visits || !postorder)
        return cfg_nomem(b);
    for (u32 f = 0; f < b->code->n_funcs; f++)
        cfg_walk(b, b->block_of[b->code->funcs[f].entry], visits, postorder);
    return SKEP_OK;
}

skep_status cfg_build(struct arena *arena, const struct code *code, struct cfg *out,
                      skep_error *err)
{
    struct cfg_builder b = { .arena = arena, .code = code, .err = err };
    TRY(cfg_cut_blocks(&b));
    cfg_link_blocks(&b);
    TRY(cfg_order_blocks(&b));
    *out = (struct cfg){ .n_blocks = b.n_blocks, .blocks = b.blocks, .block_of = b.block_of };
    return SKEP_OK;
}

skep_status cfg_check_reachable(const struct cfg *cfg, const struct code *code, skep_error *err)
{
    for (u32 i = 0; i < cfg->n_blocks; i++)
        if (!cfg->blocks[i].reachable)
            return RAISE(err, SKEP_REJECTED, CFG_UNREACHABLE,
                         NUM(code->slot_of[cfg->blocks[i].start]));
    return SKEP_OK;
}

static void cfg_print_edges(struct text *out, const struct cfg_block *block)
{
    if (block->succ[0] != CODE_NONE)
        text_printf(out, " -> b%u", block->succ[0]);
    if (block->succ[1] != CODE_NONE)
        text_printf(out, "%s b%u", block->succ[0] == CODE_NONE ? " ->" : ",", block->succ[1]);
}

static void cfg_print_block(struct text *out, const struct cfg *cfg, u32 i, const struct code *code,
                            const struct charge_plan *charges)
{
    const struct cfg_block *block = &cfg->blocks[i];
    text_printf(out, "b%u", i);
    cfg_print_edges(out, block);
    text_printf(out, "%s%s\n", block->is_loop_head ? "  loop head" : "",
                block->reachable ? "" : "  unreachable");
    for (u32 at = block->start; at < block->end; at++) {
        if (charges && charges->by_insn[at])
            text_printf(out, "          charge %u\n", charges->by_insn[at]);
        text_printf(out, "%8u  ", code->slot_of[at]);
        isa_print(out, &code->insns[at]);
        text_char(out, '\n');
    }
}

void cfg_print(struct text *out, const struct cfg *cfg, const struct code *code,
               const struct charge_plan *charges)
{
    for (u32 i = 0; i < cfg->n_blocks; i++) {
        const struct code_func *func = &code->funcs[cfg->blocks[i].func];
        if (cfg->blocks[i].start == func->entry)
            text_printf(out, "%s%s:\n", i ? "\n" : "", func->name);
        cfg_print_block(out, cfg, i, code, charges);
    }
}
