/* Which positions of which machine registers are taken: bit maps over chunks of 64 positions answer
 * whether a register is free, lists per chunk tell who has it. */
#include "jit/ra.h"

bool ra_place_init(struct ra *ra)
{
    ra->n_chunks = ra->func->n * 2 / 64 + 1;
    u64 n = (u64)ra->n_chunks * MACH_REGS;
    ra->taken = arena_array(ra->arena, u64, n);
    ra->fixed = arena_array(ra->arena, u64, n);
    ra->nodes = arena_array(ra->arena, struct ra_node *, n);
    return ra->taken && ra->fixed && ra->nodes;
}

/* The part of [from, to) that lies in the chunk. */
static u64 ra_place_mask(u32 chunk, u32 from, u32 to)
{
    u32 base = chunk * 64;
    u64 low = from > base ? ~(u64)0 << (from - base) : ~(u64)0;
    u64 high = to - base < 64 ? ((u64)1 << (to - base)) - 1 : ~(u64)0;
    return low & high;
}

void ra_place_fixed(struct ra *ra, u32 reg, u32 from, u32 to)
{
    for (u32 chunk = from / 64; chunk <= (to - 1) / 64; chunk++) {
        u64 mask = ra_place_mask(chunk, from, to);
        ra->taken[chunk * MACH_REGS + reg] |= mask;
        ra->fixed[chunk * MACH_REGS + reg] |= mask;
    }
}

u32 ra_place_busy(const struct ra_piece *piece, u32 among, const u64 *map)
{
    u32 busy = 0;
    for (const struct ra_seg *seg = piece->segs; seg; seg = seg->next)
        for (u32 chunk = seg->from / 64; chunk <= (seg->to - 1) / 64; chunk++) {
            u64 mask = ra_place_mask(chunk, seg->from, seg->to);
            const u64 *row = &map[(size_t)chunk * MACH_REGS];
            for (u32 left = among & ~busy; left; left &= left - 1) {
                u32 reg = (u32)__builtin_ctz(left);
                busy |= (u32)((row[reg] & mask) != 0) << reg;
            }
            if (busy == among)
                return busy;
        }
    return busy;
}

static void ra_place_note(struct ra *ra, u32 at, const struct ra_seg *seg, struct ra_piece *piece)
{
    struct ra_node *node = ra->free_nodes;
    if (node)
        ra->free_nodes = node->next;
    else
        node = arena_new(ra->arena, struct ra_node);
    if (!node) {
        ra->failed = true;
        return;
    }
    *node = (struct ra_node){ seg->from, seg->to, piece, ra->nodes[at] };
    ra->nodes[at] = node;
}

void ra_place_take(struct ra *ra, struct ra_piece *piece, u32 reg)
{
    piece->reg = (u8)reg;
    for (const struct ra_seg *seg = piece->segs; seg; seg = seg->next)
        for (u32 chunk = seg->from / 64; chunk <= (seg->to - 1) / 64; chunk++) {
            u32 at = chunk * MACH_REGS + reg;
            ra->taken[at] |= ra_place_mask(chunk, seg->from, seg->to);
            ra_place_note(ra, at, seg, piece);
        }
}

static void ra_place_forget(struct ra *ra, u32 at, const struct ra_piece *piece)
{
    struct ra_node **link = &ra->nodes[at];
    while (*link) {
        struct ra_node *node = *link;
        if (node->piece != piece) {
            link = &node->next;
            continue;
        }
        *link = node->next;
        node->next = ra->free_nodes;
        ra->free_nodes = node;
    }
}

void ra_place_release(struct ra *ra, struct ra_piece *piece)
{
    for (const struct ra_seg *seg = piece->segs; seg; seg = seg->next)
        for (u32 chunk = seg->from / 64; chunk <= (seg->to - 1) / 64; chunk++) {
            u32 at = chunk * MACH_REGS + piece->reg;
            ra->taken[at] &= ~ra_place_mask(chunk, seg->from, seg->to);
            ra_place_forget(ra, at, piece);
        }
    piece->reg = RA_NONE;
}
