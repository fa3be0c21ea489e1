/* Innermost loops begin with the block that costs least to jump to.
 *
 * A loop's blocks may lie in any of the orders that come from turning them around: what follows on
 * one another stays so but at one place.  As selection has them, that place is the way back to the
 * head, which is taken each time.  Where several paths meet before that, as in
 *     head: if … continue; … ; next: i++; if … goto head
 * it is better to put `next` first, and to fall through into the head.
 *
 * How often edges are taken is guessed: both ways out of a block alike, but for unlikely ones. */
#include "jit/layout.h"

#define ROTATE_GAIN 0.2f /* of an iteration: what a jump into the loop may cost */

struct rotate {
    struct layout *layout;
    float *frequency; /* by block: in an iteration of its loop */
};

static float rotate_share(const struct mach_exit *exit, u32 k)
{
    if (exit->to[0] == CODE_NONE)
        return k == 1;
    return exit->unlikely ? (k == 0 ? 0.05f : 0.95f) : 0.5f;
}

/* How often block b goes on to block `to`. */
static float rotate_edge(const struct rotate *rotate, u32 b, u32 to)
{
    const struct mach_exit *exit = &rotate->layout->func->blocks[b].exit;
    float share = 0;
    for (u32 k = 0; k < 2; k++)
        if (exit->to[k] == to)
            share += rotate_share(exit, k);
    return rotate->frequency[b] * share;
}

/* The blocks order[first … end - 1] are a loop with the head in front. */
static void rotate_estimate(struct rotate *rotate, const u32 *order, u32 first, u32 end)
{
    for (u32 i = first; i < end; i++)
        rotate->frequency[order[i]] = i == first;
    for (u32 i = first; i < end; i++) {
        const struct mach_exit *exit = &rotate->layout->func->blocks[order[i]].exit;
        for (u32 k = 0; k < 2; k++) {
            u32 to = exit->to[k];
            if (to != CODE_NONE && to > order[i] && to <= order[end - 1])
                rotate->frequency[to] += rotate->frequency[order[i]] * rotate_share(exit, k);
        }
    }
}

/* Which block should come first; `first`: it is well as it is. */
static u32 rotate_best(const struct rotate *rotate, const u32 *order, u32 first, u32 end)
{
    u32 best = first;
    float least = rotate_edge(rotate, order[end - 1], order[first]) - ROTATE_GAIN;
    for (u32 i = first + 1; i < end; i++) {
        float edge = rotate_edge(rotate, order[i - 1], order[i]);
        if (edge < least) {
            least = edge;
            best = i;
        }
    }
    return best;
}

static void rotate_reverse(u32 *order, u32 first, u32 end)
{
    for (; first + 1 < end; first++, end--) {
        u32 b = order[first];
        order[first] = order[end - 1];
        order[end - 1] = b;
    }
}

static void rotate_loop(struct rotate *rotate, u32 *order, u32 first, u32 end)
{
    rotate_estimate(rotate, order, first, end);
    u32 best = rotate_best(rotate, order, first, end);
    if (best == first)
        return;
    rotate_reverse(order, first, best);
    rotate_reverse(order, best, end);
    rotate_reverse(order, first, end);
}

/* The end of the innermost loop that begins at `first`; `first`: there is none.  Its blocks are
 * together, of the same depth, and the last one leads back. */
static u32 rotate_loop_end(const struct layout *layout, u32 first)
{
    const struct mach_func *func = layout->func;
    u32 head = layout->order[first], depth = func->blocks[head].loop_depth, end = first;
    for (u32 i = first; i < layout->n_order; i++) {
        const struct mach_block *block = &func->blocks[layout->order[i]];
        if (block->loop_depth != depth || block->cold)
            break;
        if (block->exit.to[0] == head || block->exit.to[1] == head)
            end = i + 1;
    }
    return end;
}

bool jit_layout_rotate(struct arena *arena, struct layout *layout)
{
    struct rotate rotate = { .layout = layout };
    rotate.frequency = arena_array(arena, float, layout->func->n_blocks);
    if (!rotate.frequency)
        return false;
    for (u32 i = 0; i < layout->n_order;) {
        bool in_loop = layout->func->blocks[layout->order[i]].loop_depth != 0;
        u32 end = in_loop ? rotate_loop_end(layout, i) : i;
        if (end > i + 1)
            rotate_loop(&rotate, layout->order, i, end);
        i = end > i ? end : i + 1;
    }
    return true;
}

#undef ROTATE_GAIN
