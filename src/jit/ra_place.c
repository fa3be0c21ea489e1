/* Which positions of which machine registers are taken: bit maps over chunks of 64 positions answer
 * whether a register is free, lists per chunk tell who has it. */
#include "jit/ra.h"

bool ra_place_init(struct ra *ra)
{
    u32 n_chunks = ra->func->n * 2 / 64 + 1;
    ra->n_cell_regs = 32 - (u32)__builtin_clz(ra->usable | 1);
    u64 n = (u64)n_chunks * ra->n_cell_regs;
    ra->taken = arena_array(ra->arena, u64, n);
    ra->fixed = arena_array(ra->arena, u64, n);
    ra->holders = arena_array(ra->arena, u32, n);
    ra->n_nodes = 1;
    return ra->taken && ra->fixed && ra->holders;
}

static u64 ra_place_mask(u32 chunk, u32 from, u32 to)
{
    struct ra_within within = ra_within_chunk(chunk, from, to);
    u64 low = ~(u64)0 << within.from;
    return within.to < 64 ? low & (((u64)1 << within.to) - 1) : low;
}

void ra_place_fixed(struct ra *ra, u32 reg, u32 from, u32 to)
{
    if (reg >= ra->n_cell_regs) /* never usable */
        return;
    for (u32 chunk = from / 64; chunk <= (to - 1) / 64; chunk++) {
        u64 mask = ra_place_mask(chunk, from, to);
        ra->taken[ra_cell(ra, chunk, reg)] |= mask;
        ra->fixed[ra_cell(ra, chunk, reg)] |= mask;
    }
}

bool ra_place_is_taken(const struct ra *ra, u32 reg, u32 position)
{
    return reg >= ra->n_cell_regs ||
           ra->taken[ra_cell(ra, position / 64, reg)] >> position % 64 & 1;
}

u32 ra_place_busy(const struct ra *ra, const struct ra_piece *piece, u32 among, const u64 *map)
{
    u32 busy = 0;
    for (const struct ra_seg *seg = piece->segs; seg; seg = seg->next)
        for (u32 chunk = seg->from / 64; chunk <= (seg->to - 1) / 64; chunk++) {
            u64 mask = ra_place_mask(chunk, seg->from, seg->to);
            const u64 *row = &map[ra_cell(ra, chunk, 0)];
            for (u32 left = among & ~busy; left; left &= left - 1) {
                u32 reg = (u32)__builtin_ctz(left);
                busy |= (u32)((row[reg] & mask) != 0) << reg;
            }
            if (busy == among)
                return busy;
        }
    return busy;
}

u32 ra_place_overlapping(const struct ra *ra, u32 node, struct ra_within within)
{
    while (node && (ra->nodes[node].from >= within.to || within.from >= ra->nodes[node].to))
        node = ra->nodes[node].next;
    return node;
}

static u32 ra_place_node(struct ra *ra)
{
    u32 node = ra->free_nodes;
    if (node) {
        ra->free_nodes = ra->nodes[node].next;
        return node;
    }
    if (ra->n_nodes >= ra->nodes_room) {
        u32 room = ra->nodes_room + ra->nodes_room / 4 + 64;
        struct ra_node *nodes = arena_resize(ra->arena, ra->nodes, ra->nodes_room * sizeof *nodes,
                                             room * sizeof *nodes);
        if (!nodes) {
            ra->failed = true;
            return 0;
        }
        ra->nodes = nodes;
        ra->nodes_room = room;
    }
    return ra->n_nodes++;
}

void ra_place_take(struct ra *ra, struct ra_piece *piece, u32 reg)
{
    piece->reg = (u8)reg;
    for (const struct ra_seg *seg = piece->segs; seg; seg = seg->next)
        for (u32 chunk = seg->from / 64; chunk <= (seg->to - 1) / 64; chunk++) {
            size_t cell = ra_cell(ra, chunk, reg);
            struct ra_within within = ra_within_chunk(chunk, seg->from, seg->to);
            u32 node = ra_place_node(ra);
            if (!node)
                return;
            ra->nodes[node] = (struct ra_node){ piece, ra->holders[cell], within.from, within.to };
            ra->holders[cell] = node;
            ra->taken[cell] |= ra_place_mask(chunk, seg->from, seg->to);
        }
}

static void ra_place_forget(struct ra *ra, size_t cell, const struct ra_piece *piece)
{
    u32 *link = &ra->holders[cell];
    while (*link) {
        struct ra_node *node = &ra->nodes[*link];
        if (node->piece != piece) {
            link = &node->next;
            continue;
        }
        u32 freed = *link;
        *link = node->next;
        node->next = ra->free_nodes;
        ra->free_nodes = freed;
    }
}

void ra_place_release(struct ra *ra, struct ra_piece *piece)
{
    for (const struct ra_seg *seg = piece->segs; seg; seg = seg->next)
        for (u32 chunk = seg->from / 64; chunk <= (seg->to - 1) / 64; chunk++) {
            size_t cell = ra_cell(ra, chunk, piece->reg);
            ra->taken[cell] &= ~ra_place_mask(chunk, seg->from, seg->to);
            ra_place_forget(ra, cell, piece);
        }
    piece->reg = RA_NONE;
}
