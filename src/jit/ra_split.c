/* A piece for which there is no register becomes smaller pieces. */
#include "jit/ra.h"

/* ---- operands in memory */

static bool ra_use_is_alone(struct ra *ra, const struct ra_piece *piece, const struct ra_use *use)
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
    if (insn->flags & MACH_SLOT || !ra_use_is_alone(ra, piece, use))
        return false;
    if (insn->op == MACH_COPY && insn->flags & MACH_REMAT)
        return false;            /* has become a constant */
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
        insn->flags = (u8)((insn->flags | MACH_SLOT) & ~MACH_REMAT);
    }
    insn->slot_read = ra_reads(use->role);
    insn->slot_written = ra_writes(use->role);
    insn->operand[use->operand].role = MACH_NONE;
    web->in_slot |= !remat;
    return true;
}

/* ---- pieces */

/* It stays in the web's list, empty: looking for its place there would take too long. */
static void ra_drop_piece(struct ra *ra, struct ra_piece *piece)
{
    piece->segs = NULL;
    piece->uses = NULL;
    ra->webs[piece->web].split = true;
}

/* What of the segments lies in [from, to); new ones. */
static struct ra_seg *ra_segs_within(struct ra *ra, const struct ra_seg *seg, u32 from, u32 to)
{
    struct ra_seg *first = NULL, **link = &first;
    for (; seg && seg->from < to; seg = seg->next) {
        u32 low = seg->from > from ? seg->from : from, high = seg->to < to ? seg->to : to;
        if (low >= high)
            continue;
        struct ra_seg *part = arena_new(ra->arena, struct ra_seg);
        if (!part) {
            ra->failed = true;
            return NULL;
        }
        *part = (struct ra_seg){ low, high, NULL };
        *link = part;
        link = &part->next;
    }
    return first;
}

/* Part of a piece: its uses from `first` to `last`. */
struct ra_part {
    struct ra_use *first, *last;
    u32 from, to; /* where the first and the last one need the register */
};

static void ra_part_add(struct ra_part *part, struct ra_use *use)
{
    u32 from = ra_role_from(use->insn, use->role), to = ra_role_to(use->insn, use->role);
    part->from = !part->first || from < part->from ? from : part->from;
    part->to = !part->first || to > part->to ? to : part->to;
    part->first = part->first ? part->first : use;
    part->last = use;
}

/* The part becomes a piece where the old one is live in [from, to), or a memory operand. */
static void ra_part_queue(struct ra *ra, struct ra_piece *piece, struct ra_part *part, u32 from,
                          u32 to)
{
    if (!part->first || ra->failed)
        return;
    bool alone = part->first == part->last;
    part->last->next = NULL;
    if (alone && ra_is_remat(&ra->webs[piece->web]) && ra_writes(part->first->role))
        return; /* it is made where it is needed */
    if (alone && part->from == from && part->to == to && ra_use_slot(ra, piece, part->first))
        return;
    struct ra_seg *segs = ra_segs_within(ra, piece->segs, from, to);
    if (segs)
        ra_piece_new(ra, piece->web, segs, part->first);
}

static void ra_part_queue_trimmed(struct ra *ra, struct ra_piece *piece, struct ra_part *part)
{
    ra_part_queue(ra, piece, part, part->from, part->to);
}

/* ---- by loops: what is executed more often is for itself */

/* How often the blocks in which the piece is live are executed: most, and least. */
static void ra_levels_of(const struct ra *ra, const struct ra_piece *piece, u8 *top, u8 *bottom)
{
    const struct mach_func *func = ra->func;
    *top = 0;
    *bottom = RA_LEVELS;
    u32 b = 0;
    for (const struct ra_seg *seg = piece->segs; seg; seg = seg->next) {
        if (2 * func->blocks[b].end <= seg->from)
            b = ra_block_of(ra, seg->from / 2);
        for (; b < func->n_blocks && 2 * func->blocks[b].begin < seg->to; b++) {
            *top = ra->level[b] > *top ? ra->level[b] : *top;
            *bottom = ra->level[b] < *bottom ? ra->level[b] : *bottom;
        }
        b -= b > 0;
    }
}

/* The blocks around that are all executed at least as often as `level`, or all less. */
struct ra_run {
    u32 from, to; /* positions */
    bool inside;
};

static struct ra_run ra_run_around(const struct ra *ra, u32 insn, u8 level)
{
    const struct mach_func *func = ra->func;
    u32 first = ra_block_of(ra, insn), last = first;
    bool inside = ra->level[first] >= level;
    while (first > 0 && (ra->level[first - 1] >= level) == inside)
        first--;
    while (last + 1 < func->n_blocks && (ra->level[last + 1] >= level) == inside)
        last++;
    return (struct ra_run){ 2 * func->blocks[first].begin, 2 * func->blocks[last].end, inside };
}

static void ra_split_by_loops(struct ra *ra, struct ra_piece *piece, u8 top)
{
    for (struct ra_use *use = piece->uses, *next; use; use = next) {
        struct ra_run run = ra_run_around(ra, use->insn, top);
        struct ra_part part = { 0 };
        for (next = use; next && 2 * next->insn < run.to; next = next->next)
            ra_part_add(&part, next);
        if (run.inside)
            ra_part_queue(ra, piece, &part, run.from, run.to);
        else
            ra_part_queue_trimmed(ra, piece, &part);
    }
}

/* ---- at calls: between them there are more registers */

/* The first call at or behind an instruction; its number. */
static u32 ra_call_from(const struct ra *ra, u32 insn)
{
    u32 low = 0, high = ra->n_calls;
    while (low < high) {
        u32 middle = low + (high - low) / 2;
        if (ra->calls[middle] < insn)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool ra_crosses_call(const struct ra *ra, const struct ra_piece *piece)
{
    for (const struct ra_seg *seg = piece->segs; seg; seg = seg->next) {
        u32 call = ra_call_from(ra, seg->from / 2);
        for (; call < ra->n_calls && 2 * ra->calls[call] + 1 < seg->to; call++)
            if (2 * ra->calls[call] + 1 >= seg->from)
                return true;
    }
    return false;
}

static void ra_split_at_calls(struct ra *ra, struct ra_piece *piece)
{
    for (struct ra_use *use = piece->uses, *next; use; use = next) {
        u32 call = ra_call_from(ra, use->insn + ra_writes(use->role));
        u32 end = call < ra->n_calls ? ra->calls[call] : CODE_NONE;
        struct ra_part part = { 0 };
        ra_part_add(&part, use);
        for (next = use->next;
             next && (next->insn < end || (next->insn == end && next->role == MACH_USE));
             next = next->next)
            ra_part_add(&part, next);
        ra_part_queue_trimmed(ra, piece, &part);
    }
}

/* ---- where it is not used for longest */

/* Counts positions at which a piece is live, going forwards. */
struct ra_meter {
    const struct ra_seg *seg;
    u32 before; /* of the segments that are behind */
};

static u32 ra_meter_at(struct ra_meter *meter, u32 position)
{
    for (; meter->seg && meter->seg->to <= position; meter->seg = meter->seg->next)
        meter->before += meter->seg->to - meter->seg->from;
    bool within = meter->seg && meter->seg->from < position;
    return meter->before + (within ? position - meter->seg->from : 0);
}

/* After which use, and for how long; how long before the first and behind the last. */
struct ra_gap {
    struct ra_use *after;
    u32 longest, around;
};

static struct ra_gap ra_longest_gap(const struct ra_piece *piece)
{
    struct ra_gap gap = { 0 };
    struct ra_meter meter = { .seg = piece->segs };
    const struct ra_use *last = NULL;
    u32 last_at = 0;
    for (struct ra_use *use = piece->uses; use; use = use->next) {
        u32 at = ra_meter_at(&meter, 2 * use->insn);
        if (!last)
            gap.around = at;
        if (use->next && use->next->insn != use->insn) {
            struct ra_meter further = meter;
            u32 length = ra_meter_at(&further, 2 * use->next->insn) - at;
            if (!gap.after || length > gap.longest) {
                gap.longest = length;
                gap.after = use;
            }
        }
        last = use;
        last_at = at;
    }
    u32 behind = piece->length - last_at;
    gap.around += behind > 2 ? behind - 2 : 0;
    return gap;
}

/* Two parts, on both sides of the longest time without use; or, if it is longest before the first
 * and behind the last, what lies between. */
static void ra_split_at_gap(struct ra *ra, struct ra_piece *piece)
{
    struct ra_part part = { 0 };
    struct ra_gap gap = ra_longest_gap(piece);
    struct ra_use *rest = gap.after ? gap.after->next : NULL;
    if (!gap.after || gap.around > gap.longest) {
        for (struct ra_use *use = piece->uses; use; use = use->next)
            ra_part_add(&part, use);
        ra_part_queue_trimmed(ra, piece, &part);
        return;
    }
    for (struct ra_use *use = piece->uses; use != rest; use = use->next)
        ra_part_add(&part, use);
    ra_part_queue(ra, piece, &part, piece->segs->from, part.to);
    part = (struct ra_part){ 0 };
    for (struct ra_use *use = rest; use; use = use->next)
        ra_part_add(&part, use);
    ra_part_queue(ra, piece, &part, part.from, CODE_NONE);
}

void ra_split(struct ra *ra, struct ra_piece *piece)
{
    if (piece->small) { /* an instruction with more operands than there are registers */
        ra->failed = true;
        return;
    }
    struct ra_piece whole = *piece;
    ra_drop_piece(ra, piece);
    if (!whole.uses)
        return;
    u8 top, bottom;
    ra_levels_of(ra, &whole, &top, &bottom);
    if (top > bottom)
        ra_split_by_loops(ra, &whole, top);
    else if (ra_crosses_call(ra, &whole))
        ra_split_at_calls(ra, &whole);
    else
        ra_split_at_gap(ra, &whole);
}
