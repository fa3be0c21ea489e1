/* The weak topological order of a graph, by Bourdoncle's recursive strategy turned into rounds.
 *
 * A round takes the strongly connected components of every region (the first regions are the
 * functions) by Tarjan's algorithm and puts them into the region's places in topological order.
 * A component's head goes to its first place, and what is left of the component is a region of the
 * next round.  The walk visits blocks in the graph's reverse postorder, so that the block by which
 * a loop is entered becomes its head.
 *
 * A round costs O(blocks left + edges), and there are as many rounds as loops are nested.  A
 * hostile graph can nest n / 2 loops, so after ORDER_ROUNDS what is left of a region is put down in
 * reverse postorder, unsplit; the whole is O(ORDER_ROUNDS × n).  That is a good order still,
 * because the components are not taken from the rounds but read off the finished row: each head
 * spans at least the places up to the last edge back to it, and spans that cross are made to nest.
 * This gives exactly the strongly connected components where the rounds found them (the edges back
 * inside one form a chain of spans from its first place to its last, none of which leaves it), and
 * a well- parenthesised order, which is all that the definition asks, for any row whatever. */
#include "ir/order.h"

/* Compiled programs nest loops less than ten deep. */
#define ORDER_ROUNDS 32u

struct order_visit {
    u32 block;
    u32 next; /* the edge to look at next */
};

/* By block unless it says otherwise. */
struct order_builder {
    const struct cfg *cfg;
    u32 *position; /* of all functions in one row */
    u32 *head, *depth;
    u32 *region; /* the first place of the region it is in; CODE_NONE: its place is final */
    u32 *number; /* the round's visits, from 1; 0: not yet */
    u32 *low;    /* the lowest number known to be reached from it, among open blocks */
    bool *open;  /* visited, and its component is not complete */
    u32 *fill;   /* by region: the places from here on are taken (at the end: up to here) */
    u32 *active; /* the blocks without a final place, in reverse postorder */
    u32 n_active;
    u32 n_numbers;
    u32 *tarjan; /* the open blocks as a stack */
    u32 n_tarjan;
    struct order_visit *visits;
    u32 n_visits;
    u32 *at;   /* by place: the block, CODE_NONE: none */
    u32 *last; /* by place: from where the last edge back to it comes; CODE_NONE: none */
};

static bool order_alloc(struct order_builder *b, struct arena *arena, struct arena *scratch)
{
    u32 n = b->cfg->n_blocks;
    b->position = arena_array(arena, u32, n);
    b->head = arena_array(arena, u32, n);
    b->depth = arena_array(arena, u32, n);
    b->region = arena_array(scratch, u32, n);
    b->number = arena_array(scratch, u32, n);
    b->low = arena_array(scratch, u32, n);
    b->open = arena_array(scratch, bool, n);
    b->fill = arena_array(scratch, u32, n);
    b->active = arena_array(scratch, u32, n);
    b->tarjan = arena_array(scratch, u32, n);
    b->visits = arena_array(scratch, struct order_visit, n);
    b->at = arena_array(scratch, u32, n);
    b->last = arena_array(scratch, u32, n);
    return b->position && b->head && b->depth && b->region && b->number && b->low && b->open &&
           b->fill && b->active && b->tarjan && b->visits && b->at && b->last;
}

/* The blocks of one function are neighbours, so a function's region begins at its first block. */
static void order_begin(struct order_builder *b)
{
    const struct cfg *cfg = b->cfg;
    for (u32 i = 0; i < cfg->n_blocks; i++)
        b->at[i] = b->position[i] = b->region[i] = CODE_NONE;
    for (u32 i = 0, first = 0; i < cfg->n_blocks; i++) {
        const struct cfg_block *block = &cfg->blocks[i];
        if (block->func != cfg->blocks[first].func)
            first = i;
        if (!block->reachable)
            continue;
        b->region[i] = first;
        b->fill[first]++;
        b->at[first + block->order] = i;
    }
    for (u32 i = 0; i < cfg->n_blocks; i++) {
        if (b->at[i] != CODE_NONE)
            b->active[b->n_active++] = b->at[i];
        if (b->fill[i])
            b->fill[i] += i;
    }
}

static void order_open(struct order_builder *b, u32 block)
{
    b->number[block] = b->low[block] = ++b->n_numbers;
    b->open[block] = true;
    b->tarjan[b->n_tarjan++] = block;
    b->visits[b->n_visits++] = (struct order_visit){ .block = block };
}

/* The open blocks from `root` on are a component: the last of those without a place. */
static void order_place(struct order_builder *b, u32 root)
{
    u32 region = b->region[root], size = 0;
    while (b->tarjan[b->n_tarjan - 1 - size] != root)
        size++;
    u32 place = b->fill[region] -= size + 1;
    for (u32 i = 0; i < size; i++) {
        u32 block = b->tarjan[--b->n_tarjan];
        b->open[block] = false;
        b->region[block] = place + 1;
    }
    if (size)
        b->fill[place + 1] = place + 1 + size;
    b->n_tarjan--;
    b->open[root] = false;
    b->region[root] = CODE_NONE;
    b->position[root] = place;
}

static void order_leave(struct order_builder *b)
{
    u32 block = b->visits[--b->n_visits].block;
    u32 low = b->low[block];
    if (low == b->number[block])
        order_place(b, block);
    if (b->n_visits) {
        u32 from = b->visits[b->n_visits - 1].block;
        b->low[from] = min_u32(b->low[from], low);
    }
}

static void order_walk(struct order_builder *b, u32 root)
{
    order_open(b, root);
    while (b->n_visits) {
        struct order_visit *top = &b->visits[b->n_visits - 1];
        u32 block = top->block;
        if (top->next == 2) {
            order_leave(b);
            continue;
        }
        u32 succ = b->cfg->blocks[block].succ[top->next++];
        if (succ == CODE_NONE || b->region[succ] != b->region[block])
            continue;
        if (!b->number[succ])
            order_open(b, succ);
        else if (b->open[succ])
            b->low[block] = min_u32(b->low[block], b->number[succ]);
    }
}

static void order_round(struct order_builder *b)
{
    u32 left = 0;
    b->n_numbers = 0;
    for (u32 i = 0; i < b->n_active; i++)
        b->number[b->active[i]] = 0;
    for (u32 i = 0; i < b->n_active; i++)
        if (!b->number[b->active[i]])
            order_walk(b, b->active[i]);
    for (u32 i = 0; i < b->n_active; i++)
        if (b->region[b->active[i]] != CODE_NONE)
            b->active[left++] = b->active[i];
    b->n_active = left;
}

/* What the rounds left, in reverse postorder. */
static void order_put_down(struct order_builder *b)
{
    for (u32 i = 0; i < b->n_active; i++)
        b->fill[b->region[b->active[i]]] = b->region[b->active[i]];
    for (u32 i = 0; i < b->n_active; i++)
        b->position[b->active[i]] = b->fill[b->region[b->active[i]]]++;
}

/* The last place from which an edge leads back to a block, or to itself; by place. */
static void order_span_edges(struct order_builder *b)
{
    for (u32 i = 0; i < b->cfg->n_blocks; i++)
        b->last[i] = b->at[i] = CODE_NONE;
    for (u32 i = 0; i < b->cfg->n_blocks; i++) {
        u32 from = b->position[i];
        if (from == CODE_NONE)
            continue;
        b->at[from] = i;
        for (u32 e = 0; e < 2; e++) {
            u32 succ = b->cfg->blocks[i].succ[e];
            u32 to = succ == CODE_NONE ? CODE_NONE : b->position[succ];
            if (to <= from && (b->last[to] == CODE_NONE || b->last[to] < from))
                b->last[to] = from;
        }
    }
}

/* Spans that are open close in the order of a stack, so one that begins inside another keeps that
 * one open to its own end: this is how spans that cross come to nest. */
static void order_name_heads(struct order_builder *b)
{
    u32 *inside = b->tarjan, n = 0;
    for (u32 place = 0; place < b->cfg->n_blocks; place++) {
        while (n && b->last[inside[n - 1]] < place)
            n--;
        if (b->last[place] != CODE_NONE)
            inside[n++] = place;
        if (b->at[place] == CODE_NONE)
            continue;
        b->head[b->at[place]] = n ? b->at[inside[n - 1]] : CODE_NONE;
        b->depth[b->at[place]] = n;
    }
}

/* Ranks within the function, from places in the row of all. */
static void order_count_from_entries(struct order_builder *b)
{
    for (u32 i = 0, first = 0; i < b->cfg->n_blocks; i++) {
        if (b->cfg->blocks[i].func != b->cfg->blocks[first].func)
            first = i;
        if (b->position[i] == CODE_NONE)
            b->head[i] = CODE_NONE;
        else
            b->position[i] -= first;
    }
}

static skep_status order_make(struct order_builder *b, struct arena *arena, struct arena *scratch)
{
    if (!order_alloc(b, arena, scratch))
        return SKEP_NOMEM;
    order_begin(b);
    for (u32 round = 0; round < ORDER_ROUNDS && b->n_active; round++)
        order_round(b);
    order_put_down(b);
    order_span_edges(b);
    order_name_heads(b);
    order_count_from_entries(b);
    return SKEP_OK;
}

skep_status order_build(struct arena *arena, const struct cfg *cfg, struct order *out)
{
    struct order_builder b = { .cfg = cfg };
    struct arena scratch;
    arena_init(&scratch, arena->mem);
    skep_status status = order_make(&b, arena, &scratch);
    arena_drop(&scratch);
    if (status == SKEP_OK)
        *out = (struct order){ .position = b.position, .head = b.head, .depth = b.depth };
    return status;
}

#undef ORDER_ROUNDS
