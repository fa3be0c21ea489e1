/* A register for each piece, the long ones first: one that is free, of those the one that saves
 * most copies; or one whose holders all weigh less, who have to look for another.  A piece that
 * finds none is split.
 *
 * It ends because a piece takes registers only from lighter ones and what is split becomes
 * smaller; a budget of evictions keeps it linear. */
#include "jit/ra.h"

#define PICK_SIBLINGS 8u /* pieces of the same web that are looked at */

/* ---- the queue */

static u32 ra_queue_of(const struct ra_piece *piece)
{
    return piece->length ? 32 - (u32)__builtin_clz(piece->length) : 0;
}

void ra_enqueue(struct ra *ra, struct ra_piece *piece)
{
    u32 q = ra_queue_of(piece);
    piece->next_queued = NULL;
    if (!ra->queue[q])
        ra->queue_end[q] = &ra->queue[q];
    *ra->queue_end[q] = piece;
    ra->queue_end[q] = &piece->next_queued;
    if (q > ra->top_queue)
        ra->top_queue = q;
}

static struct ra_piece *ra_dequeue(struct ra *ra)
{
    while (ra->top_queue && !ra->queue[ra->top_queue])
        ra->top_queue--;
    struct ra_piece *piece = ra->queue[ra->top_queue];
    if (piece)
        ra->queue[ra->top_queue] = piece->next_queued;
    return piece;
}

/* ---- pieces */

static void ra_piece_weigh(const struct ra *ra, struct ra_piece *piece)
{
    float uses = 0;
    piece->length = 0;
    for (const struct ra_seg *seg = piece->segs; seg; seg = seg->next)
        piece->length += seg->to - seg->from;
    for (const struct ra_use *use = piece->uses; use; use = use->next)
        uses += ra_frequency(use->level);
    if (ra_is_remat(&ra->webs[piece->web]))
        uses /= 2;
    piece->weight = uses / (float)(piece->length + 8);
    piece->small = !piece->segs->next && piece->segs->from / 2 == (piece->segs->to - 1) / 2;
    if (piece->small)
        piece->weight = 1e30f;
    else if (piece->length <= 3)
        piece->weight = 1e20f; /* from one instruction to the next: splitting would not help */
}

struct ra_piece *ra_piece_new(struct ra *ra, u32 web, struct ra_seg *segs, struct ra_use *uses)
{
    struct ra_piece *piece = arena_new(ra->arena, struct ra_piece);
    if (!piece) {
        ra->failed = true;
        return NULL;
    }
    *piece = (struct ra_piece){
        .next = ra->webs[web].pieces, .segs = segs, .uses = uses, .web = web, .reg = RA_NONE
    };
    ra->webs[web].pieces = piece;
    ra_piece_weigh(ra, piece);
    ra_enqueue(ra, piece);
    return piece;
}

/* ---- registers */

/* The register that the other side of a copy has or will have; RA_NONE: unknown. */
static u32 ra_pick_other_side(struct ra *ra, const struct ra_use *use)
{
    const struct mach_insn *insn = &ra->func->insns[use->insn];
    const struct mach_operand *other = &insn->operand[1 - use->operand];
    if (other->reg < MACH_REGS)
        return other->reg;
    const struct ra_web *web = &ra->webs[ra_web_of(ra, other->reg)];
    return web->pieces && !web->split ? web->pieces->reg : RA_NONE;
}

/* The register among `free` whose taking makes most copies unnecessary, or the target's first. */
static u32 ra_pick_best(struct ra *ra, const struct ra_piece *piece, u32 free)
{
    float saved[MACH_REGS] = { 0 };
    bool any = false;
    for (const struct ra_use *use = piece->uses; use; use = use->next) {
        u32 reg = use->copies ? ra_pick_other_side(ra, use) : RA_NONE;
        if (reg < MACH_REGS && free >> reg & 1) {
            saved[reg] += ra_frequency(use->level);
            any = true;
        }
    }
    const struct ra_piece *other = ra->webs[piece->web].pieces;
    for (u32 i = 0; other && i < PICK_SIBLINGS; i++, other = other->next)
        if (other->reg < MACH_REGS && free >> other->reg & 1) {
            saved[other->reg] += ra_frequency(0); /* pieces of a web may be neighbours */
            any = true;
        }
    u32 best = RA_NONE;
    for (u32 i = 0; i < ra->target->n_order; i++) {
        u32 reg = ra->target->order[i];
        if (!(free >> reg & 1))
            continue;
        if (best == RA_NONE || (any && saved[reg] > saved[best]))
            best = reg;
    }
    return best;
}

/* The weight of the heaviest that would have to leave; no further than `limit`. */
static float ra_pick_price(const struct ra *ra, const struct ra_piece *piece, u32 reg, float limit)
{
    float price = 0;
    for (const struct ra_seg *seg = piece->segs; seg; seg = seg->next)
        for (u32 chunk = seg->from / 64; chunk <= (seg->to - 1) / 64; chunk++) {
            struct ra_within within = ra_within_chunk(chunk, seg->from, seg->to);
            u32 node = ra->holders[ra_cell(ra, chunk, reg)];
            while ((node = ra_place_overlapping(ra, node, within)) != 0) {
                if (ra->nodes[node].piece->weight > price)
                    price = ra->nodes[node].piece->weight;
                if (price >= limit)
                    return price;
                node = ra->nodes[node].next;
            }
        }
    return price;
}

static u32 ra_pick_cheapest(const struct ra *ra, const struct ra_piece *piece, u32 among)
{
    u32 best = RA_NONE;
    float limit = piece->weight;
    for (u32 i = 0; i < ra->target->n_order; i++) {
        u32 reg = ra->target->order[i];
        if (!(among >> reg & 1))
            continue;
        float price = ra_pick_price(ra, piece, reg, limit);
        if (price < limit) {
            limit = price;
            best = reg;
        }
    }
    return best;
}

/* Whoever overlaps the piece gives up the register. */
static void ra_pick_evict(struct ra *ra, const struct ra_piece *piece, u32 reg)
{
    for (const struct ra_seg *seg = piece->segs; seg; seg = seg->next)
        for (u32 chunk = seg->from / 64; chunk <= (seg->to - 1) / 64; chunk++) {
            struct ra_within within = ra_within_chunk(chunk, seg->from, seg->to);
            const u32 *first = &ra->holders[ra_cell(ra, chunk, reg)];
            u32 node;
            while ((node = ra_place_overlapping(ra, *first, within)) != 0) {
                struct ra_piece *holder = ra->nodes[node].piece;
                ra_place_release(ra, holder);
                ra_enqueue(ra, holder);
            }
        }
}

static void ra_pick_for(struct ra *ra, struct ra_piece *piece)
{
    u32 free = ra->usable & ~ra_place_busy(ra, piece, ra->usable, ra->taken);
    if (free) {
        ra_place_take(ra, piece, ra_pick_best(ra, piece, free));
        return;
    }
    u32 among = ra->usable & ~ra_place_busy(ra, piece, ra->usable, ra->fixed);
    u32 reg = RA_NONE;
    if (among && (ra->evictions_left || piece->length <= 3))
        reg = ra_pick_cheapest(ra, piece, among);
    if (reg == RA_NONE) {
        ra_split(ra, piece);
        return;
    }
    ra->evictions_left -= ra->evictions_left != 0;
    ra_pick_evict(ra, piece, reg);
    ra_place_take(ra, piece, reg);
}

bool ra_pick(struct ra *ra)
{
    struct ra_piece *piece;
    ra->evictions_left = 32 * (u64)ra->n_webs + 1000;
    while (!ra->failed && (piece = ra_dequeue(ra)) != NULL)
        ra_pick_for(ra, piece);
    return !ra->failed;
}

#undef PICK_SIBLINGS
