/* Blocks lie in the order that selection chose.  Those without instructions are left out and
 * jumps to them go on to where they lead; a jump to the next block is none, and a branch around
 * a jump is the other branch.  All jumps are taken to be short first, and those that do not reach
 * become long until all do: jumps only grow, and few of them. */
#include "jit/layout.h"

#define LAYOUT_ROUNDS 16u /* then all jumps become long */
#define LAYOUT_SMALL 24u  /* instructions of blocks that are compared with others */
#define LAYOUT_TRIES 8u   /* with so many */
#define LAYOUT_ALIGN 16u  /* of loops */
#define LAYOUT_LOOP 32u   /* blocks: longer ones are not aligned */

static bool layout_emits_nothing(const struct mach_insn *insn)
{
    return insn->op == MACH_ALIAS || insn->op == MACH_END ||
           (insn->op == MACH_COPY && insn->operand[0].given == insn->operand[1].given);
}

static bool layout_is_empty(const struct mach_func *func, u32 b)
{
    const struct mach_block *block = &func->blocks[b];
    if (b == 0 || block->exit.to[0] != CODE_NONE || block->exit.to[1] == CODE_NONE)
        return false;
    if (block->n_preds == 1 && func->blocks[block->preds[0]].tail == b)
        return true;
    for (u32 i = block->begin; i < block->end; i++)
        if (!layout_emits_nothing(&func->insns[i]))
            return false;
    return true;
}

/* Where a jump to the empty block really goes.  Of a circle of empty blocks, an endless loop of its
 * own, one stays. */
static void layout_resolve(struct layout *layout, u32 start)
{
    u32 b = start;
    while (layout->blocks[b].empty && layout->blocks[b].leads_to == CODE_NONE) {
        if (layout->blocks[b].passed == start + 1)
            layout->blocks[b].empty = false;
        layout->blocks[b].passed = start + 1;
        if (layout->blocks[b].empty)
            b = layout->func->blocks[b].exit.to[1];
    }
    u32 final = layout->blocks[b].empty ? layout->blocks[b].leads_to : b;
    for (b = start; layout->blocks[b].empty && layout->blocks[b].leads_to == CODE_NONE;
         b = layout->func->blocks[b].exit.to[1])
        layout->blocks[b].leads_to = final;
}

static u32 layout_lead(const struct layout *layout, u32 to)
{
    return to != CODE_NONE && layout->blocks[to].empty ? layout->blocks[to].leads_to : to;
}

static void layout_follow_leads(struct layout *layout)
{
    for (u32 b = 0; b < layout->func->n_blocks; b++)
        for (u32 k = 0; k < 2; k++) {
            u32 *to = &layout->func->blocks[b].exit.to[k];
            *to = layout_lead(layout, *to);
        }
}

/* ---- blocks that do the same and go on to the same are one */

static bool layout_same_insn(const struct mach_insn *a, const struct mach_insn *b)
{
    if (a->op != b->op || a->size != b->size || a->cond != b->cond || a->scale != b->scale ||
        a->extra != b->extra || a->flags != b->flags || a->n_operands != b->n_operands ||
        a->disp != b->disp || a->imm != b->imm)
        return false;
    for (u32 k = 0; k < a->n_operands; k++)
        if (a->operand[k].role != b->operand[k].role || a->operand[k].given != b->operand[k].given)
            return false;
    return true;
}

/* The next instruction of the block from i that emits something; the block's end. */
static u32 layout_next_insn(const struct mach_func *func, const struct mach_block *block, u32 i)
{
    while (i < block->end && layout_emits_nothing(&func->insns[i]))
        i++;
    return i;
}

static bool layout_same_block(const struct mach_func *func, u32 a, u32 b)
{
    const struct mach_block *x = &func->blocks[a], *y = &func->blocks[b];
    u32 i = layout_next_insn(func, x, x->begin), k = layout_next_insn(func, y, y->begin);
    while (i < x->end && k < y->end) {
        if (!layout_same_insn(&func->insns[i], &func->insns[k]))
            return false;
        i = layout_next_insn(func, x, i + 1);
        k = layout_next_insn(func, y, k + 1);
    }
    return i == x->end && k == y->end && x->cold == y->cold;
}

/* One that was kept and is the same as b; CODE_NONE: none.  kept[to]: the last one that goes on to
 * block `to`; others are linked by `passed`. */
static u32 layout_find_same(const struct layout *layout, u32 kept, u32 b)
{
    for (u32 tries = 0; kept != CODE_NONE && tries < LAYOUT_TRIES; tries++) {
        if (layout_same_block(layout->func, kept, b))
            return kept;
        kept = layout->blocks[kept].passed;
    }
    return CODE_NONE;
}

static bool layout_merge_same(struct arena *arena, struct layout *layout)
{
    const struct mach_func *func = layout->func;
    u32 *kept = arena_array(arena, u32, func->n_blocks), next = CODE_NONE;
    if (!kept)
        return false;
    memset(kept, 0xff, func->n_blocks * sizeof *kept);
    for (u32 b = func->n_blocks; b-- > 0;) {
        const struct mach_block *block = &func->blocks[b];
        if (layout->blocks[b].empty)
            continue;
        u32 to = block->exit.to[1];
        bool leads_on = b != 0 && to != CODE_NONE && block->exit.to[0] == CODE_NONE;
        bool small = leads_on && block->end - block->begin <= LAYOUT_SMALL;
        u32 same = small && to != next ? layout_find_same(layout, kept[to], b) : CODE_NONE;
        if (same != CODE_NONE) {
            layout->blocks[b].empty = true;
            layout->blocks[b].leads_to = same;
            continue;
        }
        if (small) {
            layout->blocks[b].passed = kept[to];
            kept[to] = b;
        }
        next = b;
    }
    return true;
}

/* ---- jumps */

static void layout_add_jump(struct layout *layout, u32 b, u8 test, u32 to)
{
    const struct mach_exit *exit = &layout->func->blocks[b].exit;
    struct layout_block *block = &layout->blocks[b];
    block->jump[block->n_jumps++] = (struct layout_jump){
        .jump = { .test = test, .size = exit->size, .bit = exit->bit, .reg = exit->operand.given },
        .to = to
    };
}

static void layout_jumps_of(struct layout *layout, u32 b, u32 next)
{
    const struct mach_exit *exit = &layout->func->blocks[b].exit;
    if (exit->to[1] == CODE_NONE)
        return;
    if (exit->to[0] == CODE_NONE || exit->to[0] == exit->to[1]) {
        if (exit->to[1] != next)
            layout_add_jump(layout, b, 0, exit->to[1]);
    } else if (exit->to[0] == next) {
        layout_add_jump(layout, b, layout->target->invert(exit->test), exit->to[1]);
    } else {
        layout_add_jump(layout, b, exit->test, exit->to[0]);
        if (exit->to[1] != next)
            layout_add_jump(layout, b, 0, exit->to[1]);
    }
}

static bool layout_is_innermost(const struct layout *layout, u32 first, u32 last)
{
    const struct mach_block *blocks = layout->func->blocks;
    u32 depth = blocks[layout->order[first]].loop_depth;
    while (first <= last && blocks[layout->order[first]].loop_depth == depth)
        first++;
    return first > last;
}

/* The last place from where a jump leads back to each place. */
static void layout_find_reach(const struct layout *layout, const u32 *place, u32 *reach)
{
    for (u32 i = 0; i < layout->n_order; i++) {
        const struct layout_block *from = &layout->blocks[layout->order[i]];
        for (u32 k = 0; k < from->n_jumps; k++)
            if (place[from->jump[k].to] <= i)
                reach[place[from->jump[k].to]] = i + 1;
    }
}

/* Innermost loops begin where the CPU fetches a line of instructions. */
static bool layout_align_loops(struct arena *arena, struct layout *layout)
{
    u32 *place = arena_array(arena, u32, layout->func->n_blocks);
    u32 *reach = arena_array(arena, u32, layout->func->n_blocks); /* + 1; 0: none */
    if (!place || !reach)
        return false;
    for (u32 i = 0; i < layout->n_order; i++)
        place[layout->order[i]] = i;
    layout_find_reach(layout, place, reach);
    for (u32 i = 0; i < layout->n_order; i++) {
        u32 b = layout->order[i];
        if (!reach[i] || reach[i] - i > LAYOUT_LOOP || layout->func->blocks[b].cold ||
            !layout_is_innermost(layout, i, reach[i] - 1))
            continue;
        layout->blocks[b].aligned = true;
        i = reach[i] - 1; /* jumps within the loop are not as many */
    }
    return true;
}

bool jit_layout_jumps(struct arena *arena, struct layout *layout)
{
    const struct mach_func *func = layout->func;
    layout->blocks = arena_array(arena, struct layout_block, func->n_blocks);
    if (!layout->blocks)
        return false;
    for (u32 b = 0; b < func->n_blocks; b++)
        layout->blocks[b] =
            (struct layout_block){ .empty = layout_is_empty(func, b), .leads_to = CODE_NONE };
    for (u32 b = 0; b < func->n_blocks; b++)
        layout_resolve(layout, b);
    layout_follow_leads(layout);
    if (!layout_merge_same(arena, layout))
        return false;
    layout_follow_leads(layout);
    layout->order = arena_array(arena, u32, func->n_blocks);
    for (u32 b = 0; layout->order && b < func->n_blocks; b++)
        if (!layout->blocks[b].empty)
            layout->order[layout->n_order++] = b;
    if (!layout->order || !jit_layout_rotate(arena, layout))
        return false;
    for (u32 i = 0; i < layout->n_order; i++)
        layout_jumps_of(layout, layout->order[i],
                        i + 1 < layout->n_order ? layout->order[i + 1] : CODE_NONE);
    return layout_align_loops(arena, layout);
}

static void layout_add_up(struct layout *layout)
{
    u32 at = 0;
    for (u32 i = 0; i < layout->n_order; i++) {
        struct layout_block *block = &layout->blocks[layout->order[i]];
        block->pad = block->aligned ? (u8)(-at % LAYOUT_ALIGN) : 0;
        at += block->pad;
        block->at = at;
        at += block->bytes;
        for (u32 k = 0; k < block->n_jumps; k++) {
            at += layout->target->jump_bytes(&block->jump[k].jump);
            block->jump[k].end = at;
        }
    }
    layout->bytes = at;
}

static bool layout_lengthen(struct layout *layout, bool all)
{
    bool changed = false;
    for (u32 b = 0; b < layout->func->n_blocks; b++)
        for (u32 k = 0; k < layout->blocks[b].n_jumps; k++) {
            struct layout_jump *jump = &layout->blocks[b].jump[k];
            s64 distance = (s64)layout->blocks[jump->to].at - (s64)jump->end;
            if (jump->jump.is_long || (!all && layout->target->jump_reaches(&jump->jump, distance)))
                continue;
            jump->jump.is_long = true;
            changed = true;
        }
    return changed;
}

void jit_layout_place(struct layout *layout)
{
    u32 round = 0;
    do
        layout_add_up(layout);
    while (layout_lengthen(layout, ++round > LAYOUT_ROUNDS));
}

#undef LAYOUT_ROUNDS
#undef LAYOUT_SMALL
#undef LAYOUT_TRIES
#undef LAYOUT_ALIGN
#undef LAYOUT_LOOP
