/* A piece for which there is no register becomes smaller pieces. */
#include "jit/ra.h"

/* ---- operands in memory */

static bool ra_use_is_alone(const struct ra *ra, const struct ra_piece *piece,
                            const struct ra_use *use)
{
    const struct mach_insn *insn = &ra->func->insns[use->insn];
    for (u32 k = 0; k < insn->n_operands; k++)
        if (k != use->operand && ra_is_virtual(insn->operand[k].reg) &&
            insn->operand[k].role != MACH_NONE && ra_web_of(ra, insn->operand[k].reg) == piece->web)
            return false;
    return true;
}

bool ra_use_slot(struct ra *ra, struct ra_piece *piece, struct ra_use *use)
{
    struct mach_insn *insn = &ra->func->insns[use->insn];
    struct ra_web *web = &ra->webs[piece->web];
    bool remat = ra_is_remat(web);
    if (insn->flags & (MACH_SLOT | MACH_REMAT) || !ra_use_is_alone(ra, piece, use))
        return false;
    if (insn->op == MACH_COPY) { /* becomes a reload, a spill, or the constant: see ra_write.c */
        if (remat && ra_writes(use->role))
            return false;
        insn->flags |= remat ? MACH_REMAT : MACH_SLOT;
        insn->disp = (s32)piece->web;
    } else {
        const struct jit_target *target = ra->target;
        if (insn->op < MACH_OP_COUNT || remat || !target->can_use_slot ||
            !target->can_use_slot(insn, use->operand))
            return false;
        target->use_slot(insn, use->operand, piece->web);
        insn->flags |= MACH_SLOT;
    }
    insn->operand[use->operand].was = use->role;
    insn->operand[use->operand].role = MACH_NONE;
    web->in_slot |= !remat;
    return true;
}

/* ---- pieces */

static void ra_drop_piece(struct ra *ra, const struct ra_piece *piece)
{
    struct ra_piece **link = &ra->webs[piece->web].pieces;
    while (*link != piece)
        link = &(*link)->next;
    *link = piece->next;
    ra->webs[piece->web].split = true;
}

static struct ra_seg *ra_seg_new(struct ra *ra, u32 from, u32 to)
{
    struct ra_seg *seg = arena_new(ra->arena, struct ra_seg);
    if (seg)
        *seg = (struct ra_seg){ from, to, NULL };
    else
        ra->failed = true;
    return seg;
}

/* The uses in one instruction, from `first`, become a piece or a memory operand; the next ones. */
static struct ra_use *ra_split_off_insn(struct ra *ra, struct ra_piece *piece, struct ra_use *first)
{
    struct ra_use *last = first;
    u32 from = ra_role_from(first->insn, first->role), to = ra_role_to(first->insn, first->role);
    while (last->next && last->next->insn == first->insn) {
        last = last->next;
        u32 more_from = ra_role_from(last->insn, last->role);
        u32 more_to = ra_role_to(last->insn, last->role);
        from = more_from < from ? more_from : from;
        to = more_to > to ? more_to : to;
    }
    struct ra_use *rest = last->next;
    last->next = NULL;
    if (last == first && ra_use_slot(ra, piece, first))
        return rest;
    if (ra_is_remat(&ra->webs[piece->web]) && ra_writes(first->role))
        return rest; /* it is made where it is needed */
    struct ra_seg *seg = ra_seg_new(ra, from, to);
    if (seg)
        ra_piece_new(ra, piece->web, seg, first);
    return rest;
}

void ra_split(struct ra *ra, struct ra_piece *piece)
{
    if (piece->small) { /* an instruction with more operands than there are registers */
        ra->failed = true;
        return;
    }
    ra_drop_piece(ra, piece);
    for (struct ra_use *use = piece->uses; use && !ra->failed;)
        use = ra_split_off_insn(ra, piece, use);
}
