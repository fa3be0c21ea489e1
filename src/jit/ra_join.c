/* Webs: registers that a copy connects and that are never live at the same time become one, and the
 * copy another name.  Copies in the innermost loops come first,
 * and of these the ones at a loop's end: where no copy is left there, no block and no jump is.
 * Constants that can be made again stay by themselves: that they can is worth more.
 *
 * Joining walks both lists of segments; a budget keeps long ones from being walked too often. */
#include "jit/ra.h"

static bool ra_overlap(const struct ra_seg *a, const struct ra_seg *b, u64 *budget)
{
    while (a && b) {
        *budget -= *budget != 0;
        if (a->to <= b->from)
            a = a->next;
        else if (b->to <= a->from)
            b = b->next;
        else
            return true;
    }
    return false;
}

static struct ra_seg *ra_merged(struct ra_seg *a, struct ra_seg *b, u64 *budget)
{
    struct ra_seg *first = NULL, **link = &first, *last = NULL;
    while (a || b) {
        struct ra_seg **from = !b || (a && a->from < b->from) ? &a : &b;
        struct ra_seg *seg = *from;
        *from = seg->next;
        *budget -= *budget != 0;
        if (last && last->to == seg->from) {
            last->to = seg->to;
            continue;
        }
        *link = last = seg;
        link = &seg->next;
    }
    *link = NULL;
    return first;
}

static void ra_join_copy(struct ra *ra, const struct mach_insn *copy, u64 *budget)
{
    u32 to = ra_web_of(ra, copy->operand[0].reg), from = ra_web_of(ra, copy->operand[1].reg);
    struct ra_web *a = &ra->webs[to], *b = &ra->webs[from];
    if (to == from || ra_is_remat(a) || ra_is_remat(b) || !*budget ||
        ra_overlap(a->segs, b->segs, budget))
        return;
    a->segs = ra_merged(a->segs, b->segs, budget);
    a->n_defs = (a->n_defs + b->n_defs) & 0x3fffffffu;
    b->segs = NULL;
    b->joined = to;
}

static void ra_join_block(struct ra *ra, const struct mach_block *block, u64 *budget)
{
    for (u32 i = block->begin; i < block->end; i++) {
        const struct mach_insn *insn = &ra->func->insns[i];
        if (insn->op == MACH_COPY && ra_is_virtual(insn->operand[0].reg) &&
            ra_is_virtual(insn->operand[1].reg))
            ra_join_copy(ra, insn, budget);
    }
}

void ra_join(struct ra *ra)
{
    u64 budget = 64 * (u64)ra->func->n + 4096;
    for (u32 level = RA_LEVELS; level-- > 0;)
        for (u32 b = ra->func->n_blocks; b-- > 0;)
            if (ra->level[b] == level)
                ra_join_block(ra, &ra->func->blocks[b], &budget);
}
