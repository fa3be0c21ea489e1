/* Moves where a web goes from one piece to another, or to its slot and back: within blocks, where a
 * piece begins or ends, and on edges, where the two ends disagree.  With critical edges split
 * there is a place for those of each edge: the end of a block with one successor, or the beginning
 * of one with one predecessor.
 *
 * A piece that only read what was loaded from the slot is clean and goes back without a move.  What
 * was written is stored where it goes to the slot, or, if that is cheaper, wherever it is
 * written. */
#include "jit/ra.h"

struct ra_tile { /* where a web is, but in its slot */
    u32 from, to;
    struct ra_piece *piece;
};

struct ra_step { /* from one place to another; NULL: the slot */
    struct ra_piece *from, *to;
    u32 order;
    u8 level;
};

struct ra_mover {
    struct ra *ra;
    struct ra_moves *moves;
    struct ra_tile *tiles, *tiles_spare;
    u32 n_tiles, tiles_room;
    struct ra_step *steps;
    u32 n_steps, steps_room;
};

/* ---- tiles */

static bool ra_mover_room_for_tiles(struct ra_mover *mover, u32 n)
{
    if (n <= mover->tiles_room)
        return true;
    mover->tiles = arena_array(mover->ra->arena, struct ra_tile, (u64)n * 2);
    mover->tiles_spare = arena_array(mover->ra->arena, struct ra_tile, (u64)n * 2);
    mover->tiles_room = n * 2;
    return mover->tiles && mover->tiles_spare;
}

static void ra_tiles_merge(const struct ra_tile *in, struct ra_tile *out, u32 low, u32 middle,
                           u32 high)
{
    u32 a = low, b = middle;
    for (u32 i = low; i < high; i++)
        out[i] = a < middle && (b >= high || in[a].from <= in[b].from) ? in[a++] : in[b++];
}

static u32 ra_min_u32(u32 a, u32 b) { return a < b ? a : b; }

static void ra_tiles_sort(struct ra_mover *mover)
{
    u32 n = mover->n_tiles;
    for (u32 width = 1; width < n; width *= 2) {
        for (u32 low = 0; low < n; low += 2 * width)
            ra_tiles_merge(mover->tiles, mover->tiles_spare, low, ra_min_u32(low + width, n),
                           ra_min_u32(low + 2 * width, n));
        struct ra_tile *sorted = mover->tiles_spare;
        mover->tiles_spare = mover->tiles;
        mover->tiles = sorted;
    }
}

static bool ra_tiles_of(struct ra_mover *mover, const struct ra_web *web)
{
    u32 n = 0;
    for (const struct ra_piece *piece = web->pieces; piece; piece = piece->next)
        for (const struct ra_seg *seg = piece->segs; seg; seg = seg->next)
            n++;
    if (!ra_mover_room_for_tiles(mover, n))
        return false;
    mover->n_tiles = 0;
    for (struct ra_piece *piece = web->pieces; piece; piece = piece->next)
        for (const struct ra_seg *seg = piece->segs; seg; seg = seg->next)
            mover->tiles[mover->n_tiles++] = (struct ra_tile){ seg->from, seg->to, piece };
    ra_tiles_sort(mover);
    return true;
}

/* The first tile that ends after the position. */
static u32 ra_tile_after(const struct ra_mover *mover, u32 position)
{
    u32 low = 0, high = mover->n_tiles;
    while (low < high) {
        u32 middle = low + (high - low) / 2;
        if (mover->tiles[middle].to <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct ra_piece *ra_piece_at(const struct ra_mover *mover, u32 position)
{
    u32 i = ra_tile_after(mover, position);
    return i < mover->n_tiles && mover->tiles[i].from <= position ? mover->tiles[i].piece : NULL;
}

/* ---- steps */

static void ra_step(struct ra_mover *mover, struct ra_piece *from, struct ra_piece *to, u32 order,
                    u8 level)
{
    if (from == to)
        return;
    if (mover->n_steps == mover->steps_room) {
        u32 room = mover->steps_room * 2 + 64;
        struct ra_step *steps = arena_array(mover->ra->arena, struct ra_step, room);
        if (!steps) {
            mover->ra->failed = true;
            return;
        }
        if (mover->n_steps)
            memcpy(steps, mover->steps, mover->n_steps * sizeof *steps);
        mover->steps = steps;
        mover->steps_room = room;
    }
    mover->steps[mover->n_steps++] = (struct ra_step){ from, to, order, level };
}

/* Within a block.  Between an instruction's reading and its writing a piece begins only to be
 * written, and the value of one that ends there can go to the slot before the instruction. */
static void ra_step_within(struct ra_mover *mover, struct ra_piece *from, struct ra_piece *to,
                           u32 position)
{
    u32 insn = position / 2, block = ra_block_of(mover->ra, insn);
    if ((position % 2 && to) || position == 2 * mover->ra->func->blocks[block].begin)
        return;
    ra_step(mover, from, to, 4 * insn + position % 2, mover->ra->level[block]);
}

static void ra_steps_within(struct ra_mover *mover, const struct ra_seg *seg)
{
    u32 position = seg->from;
    struct ra_piece *at = ra_piece_at(mover, position);
    for (u32 i = ra_tile_after(mover, position);
         i < mover->n_tiles && mover->tiles[i].from < seg->to; i++) {
        const struct ra_tile *tile = &mover->tiles[i];
        if (tile->from > position && at) { /* a gap between two tiles */
            ra_step_within(mover, at, NULL, position);
            at = NULL;
        }
        if (tile->from > seg->from)
            ra_step_within(mover, at, tile->piece, tile->from);
        at = tile->piece;
        position = tile->to;
    }
    if (position < seg->to && at)
        ra_step_within(mover, at, NULL, position);
}

static u32 ra_order_on_edge(const struct ra *ra, u32 pred, u32 succ, u8 *level)
{
    const struct mach_block *before = &ra->func->blocks[pred], *after = &ra->func->blocks[succ];
    bool at_end = before->exit.to[0] == CODE_NONE;
    *level = ra->level[at_end ? pred : succ];
    return at_end ? 4 * (before->end - 1) + 1 : 4 * after->begin;
}

static void ra_steps_into(struct ra_mover *mover, u32 b)
{
    const struct mach_block *blocks = mover->ra->func->blocks;
    struct ra_piece *to = ra_piece_at(mover, 2 * blocks[b].begin);
    for (u32 i = 0; i < blocks[b].n_preds; i++) {
        u32 pred = blocks[b].preds[i];
        struct ra_piece *from = ra_piece_at(mover, 2 * blocks[pred].end - 1);
        u8 level;
        u32 order = ra_order_on_edge(mover->ra, pred, b, &level);
        ra_step(mover, from, to, order, level);
    }
}

static void ra_steps_on_edges(struct ra_mover *mover, const struct ra_seg *seg)
{
    const struct mach_func *func = mover->ra->func;
    u32 b = ra_block_of(mover->ra, seg->from / 2);
    for (; b < func->n_blocks && 2 * func->blocks[b].begin < seg->to; b++)
        if (2 * func->blocks[b].begin >= seg->from)
            ra_steps_into(mover, b);
}

/* ---- moves */

static void ra_move(struct ra_mover *mover, struct ra_move move)
{
    struct ra_moves *moves = mover->moves;
    if (moves->n == moves->room) {
        u32 room = moves->room * 2 + 64;
        struct ra_move *list = arena_array(mover->ra->arena, struct ra_move, room);
        if (!list) {
            mover->ra->failed = true;
            return;
        }
        if (moves->n)
            memcpy(list, moves->list, moves->n * sizeof *list);
        moves->list = list;
        moves->room = room;
    }
    moves->list[moves->n++] = move;
}

static float ra_cost_of_definitions(const struct ra_web *web)
{
    float cost = 0;
    for (const struct ra_piece *piece = web->pieces; piece; piece = piece->next)
        for (const struct ra_use *use = piece->uses; use; use = use->next)
            cost += ra_writes(use->role) ? ra_frequency(use->level) : 0;
    return cost;
}

/* Written, and so not what the slot holds; or moved from such a register. */
static void ra_find_dirty(struct ra_mover *mover, const struct ra_web *web)
{
    for (struct ra_piece *piece = web->pieces; piece; piece = piece->next)
        for (const struct ra_use *use = piece->uses; use; use = use->next)
            piece->dirty |= ra_writes(use->role);
    bool more = true;
    for (u32 rounds = 0; more; rounds++) {
        more = false;
        for (u32 i = 0; i < mover->n_steps; i++) {
            struct ra_step *step = &mover->steps[i];
            if (step->from && step->to && !step->to->dirty && (step->from->dirty || rounds > 8))
                more = step->to->dirty = true;
        }
    }
}

static float ra_cost_of_stores(const struct ra_mover *mover)
{
    float cost = 0;
    for (u32 i = 0; i < mover->n_steps; i++) {
        const struct ra_step *step = &mover->steps[i];
        if (step->from && step->from->dirty && !step->to)
            cost += ra_frequency(step->level);
    }
    return cost;
}

static void ra_store_definitions(struct ra_mover *mover, u32 w)
{
    for (const struct ra_piece *piece = mover->ra->webs[w].pieces; piece; piece = piece->next)
        for (const struct ra_use *use = piece->uses; use; use = use->next)
            if (ra_writes(use->role))
                ra_move(mover, (struct ra_move){ 4 * (use->insn + 1), w, piece->reg, RA_MEMORY });
}

static void ra_moves_of(struct ra_mover *mover, u32 w)
{
    struct ra_web *web = &mover->ra->webs[w];
    bool remat = ra_is_remat(web), stores = false;
    if (!remat) {
        ra_find_dirty(mover, web);
        float at_steps = ra_cost_of_stores(mover);
        stores = at_steps > 0 && at_steps <= ra_cost_of_definitions(web);
        if (at_steps > 0 && !stores)
            ra_store_definitions(mover, w);
    }
    for (u32 i = 0; i < mover->n_steps; i++) {
        const struct ra_step *step = &mover->steps[i];
        u8 from = step->from ? step->from->reg : RA_MEMORY;
        u8 to = step->to ? step->to->reg : RA_MEMORY;
        web->in_slot |= !remat && (!step->from || !step->to);
        if (from != to && (step->to || (stores && step->from->dirty)))
            ra_move(mover, (struct ra_move){ step->order, w, from, to });
    }
}

static bool ra_moves_of_web(struct ra_mover *mover, u32 w)
{
    const struct ra_web *web = &mover->ra->webs[w];
    if (!ra_tiles_of(mover, web))
        return false;
    mover->n_steps = 0;
    for (const struct ra_seg *seg = web->segs; seg; seg = seg->next) {
        ra_steps_within(mover, seg);
        ra_steps_on_edges(mover, seg);
    }
    ra_moves_of(mover, w);
    return !mover->ra->failed;
}

/* By place, keeping the order of what is at the same. */
static bool ra_moves_sort(struct ra *ra, struct ra_moves *moves)
{
    if (moves->n == 0)
        return true;
    u32 n = ra->func->n + 1;
    u32 *first = arena_array(ra->arena, u32, 2 * (u64)n + 1);
    struct ra_move *sorted = arena_array(ra->arena, struct ra_move, moves->n);
    if (!first || !sorted)
        return false;
    for (u32 i = 0; i < moves->n; i++)
        first[moves->list[i].order / 4 * 2 + moves->list[i].order % 4 + 1]++;
    for (u32 i = 1; i <= 2 * n; i++)
        first[i] += first[i - 1];
    for (u32 i = 0; i < moves->n; i++)
        sorted[first[moves->list[i].order / 4 * 2 + moves->list[i].order % 4]++] = moves->list[i];
    moves->list = sorted;
    return true;
}

bool ra_make_moves(struct ra *ra, struct ra_moves *moves)
{
    struct ra_mover mover = { .ra = ra, .moves = moves };
    for (u32 w = 0; w < ra->n_webs; w++)
        if (ra->webs[w].split && !ra_moves_of_web(&mover, w))
            return false;
    return ra_moves_sort(ra, moves);
}
