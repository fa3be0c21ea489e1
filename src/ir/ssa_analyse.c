/* What the graph of an SSA function looks like: reverse postorder, dominators, loops.
 *
 * Dominators: T. Lengauer, R. E. Tarjan, "A fast algorithm for finding dominators in a flowgraph"
 * (1979), the simple version, O(edges × log blocks) whatever the graph.  Nothing recurses: programs
 * choose how deep a graph is.
 *
 * Loops are natural ones, found from the innermost outwards; what is in an inner loop is passed
 * over by going on at its head.  A cycle of which no block dominates the others is no loop. */
#include "ir/ssa.h"

/* By number in preorder of one depth-first walk, from 1; 0 is none. */
struct analyse_vertex {
    u32 block;
    u32 parent;   /* in the walk's tree */
    u32 semi;     /* semidominator */
    u32 idom;     /* vertex */
    u32 ancestor; /* in the forest of what is linked, its paths compressed */
    u32 label;    /* of least semi on the way to the ancestor */
    u32 bucket;   /* the first of those whose semidominator this is */
    u32 next;     /* in its bucket */
};

struct analyse {
    struct ssa_func *func;
    struct arena scratch;
    u32 n;                           /* vertices */
    struct analyse_vertex *vertices; /* [1..n] */
    u32 *number_of;                  /* by block: its vertex, 0: unreachable */
    u32 *stack;                      /* of blocks or vertices */
    u8 *next_succ;                   /* by block: the edge to look at next */
};

static bool analyse_begin(struct analyse *a)
{
    struct ssa_func *func = a->func;
    u32 n = func->n_blocks;
    a->vertices = arena_array(&a->scratch, struct analyse_vertex, (u64)n + 1);
    a->number_of = arena_array(&a->scratch, u32, n);
    a->stack = arena_array(&a->scratch, u32, (u64)n + 1);
    a->next_succ = arena_array(&a->scratch, u8, n);
    if (func->order_room < n) {
        func->order = arena_array(func->arena, u32, func->blocks_room);
        func->order_room = func->order ? func->blocks_room : 0;
    }
    return a->vertices && a->number_of && a->stack && a->next_succ && func->order;
}

/* ---- the walk */

static void analyse_visit(struct analyse *a, u32 block, u32 parent)
{
    u32 v = ++a->n;
    a->number_of[block] = v;
    a->vertices[v] = (struct analyse_vertex){
        .block = block,
        .parent = parent,
        .semi = v,
        .label = v,
    };
}

/* Postorder, backwards into func->order; the first successor is walked last and so comes first. */
static void analyse_walk(struct analyse *a)
{
    struct ssa_func *func = a->func;
    u32 depth = 0, n_done = 0;
    analyse_visit(a, 0, 0);
    a->stack[depth++] = 0;
    while (depth > 0) {
        u32 top = a->stack[depth - 1];
        if (a->next_succ[top] == 2) {
            func->order[n_done++] = top;
            depth--;
            continue;
        }
        u32 succ = func->blocks[top].succ[1 - a->next_succ[top]++];
        if (succ == CODE_NONE || a->number_of[succ])
            continue;
        analyse_visit(a, succ, a->number_of[top]);
        a->stack[depth++] = succ;
    }
    for (u32 i = 0; i < n_done / 2; i++) {
        u32 other = func->order[n_done - 1 - i];
        func->order[n_done - 1 - i] = func->order[i];
        func->order[i] = other;
    }
    func->n_order = n_done;
    for (u32 i = 0; i < n_done; i++)
        func->blocks[func->order[i]].order = i;
}

/* ---- what is not reached */

static void analyse_empty_block(struct ssa_func *func, u32 b)
{
    struct ssa_block *block = &func->blocks[b];
    while (block->first)
        ssa_remove(func, block->first);
    block->succ[0] = block->succ[1] = CODE_NONE;
    block->n_preds = 0;
}

/* Keeps those predecessors of a block that are reached, and what phis have for them. */
static void analyse_keep_preds(const struct analyse *a, struct ssa_block *block)
{
    struct ssa_func *func = a->func;
    u32 n_kept = 0;
    for (u32 p = block->first; p && func->insns[p].op == SSA_PHI; p = func->insns[p].next) {
        u32 *args = ssa_args(func, &func->insns[p]);
        u32 n = 0;
        for (u32 i = 0; i < block->n_preds; i++)
            if (a->number_of[block->preds[i]])
                args[n++] = args[i];
        func->insns[p].n_args = n;
    }
    for (u32 i = 0; i < block->n_preds; i++)
        if (a->number_of[block->preds[i]])
            block->preds[n_kept++] = block->preds[i];
    block->n_preds = n_kept;
}

static void analyse_drop_unreachable(const struct analyse *a)
{
    struct ssa_func *func = a->func;
    if (a->n == func->n_blocks)
        return;
    for (u32 i = 0; i < func->n_order; i++)
        analyse_keep_preds(a, &func->blocks[func->order[i]]);
    for (u32 b = 0; b < func->n_blocks; b++)
        if (!a->number_of[b])
            analyse_empty_block(func, b);
}

/* ---- dominators */

/* The vertex of least semidominator between v and the root of its tree, the root excluded. */
static u32 analyse_eval(struct analyse *a, u32 v)
{
    struct analyse_vertex *at = a->vertices;
    u32 depth = 0;
    if (!at[v].ancestor)
        return v;
    for (u32 u = v; at[at[u].ancestor].ancestor; u = at[u].ancestor)
        a->stack[depth++] = u;
    while (depth > 0) {
        struct analyse_vertex *u = &at[a->stack[--depth]];
        const struct analyse_vertex *above = &at[u->ancestor];
        if (at[above->label].semi < at[u->label].semi)
            u->label = above->label;
        u->ancestor = above->ancestor;
    }
    return at[v].label;
}

static void analyse_semidominator(struct analyse *a, u32 v)
{
    const struct ssa_block *block = &a->func->blocks[a->vertices[v].block];
    for (u32 i = 0; i < block->n_preds; i++) {
        u32 best = analyse_eval(a, a->number_of[block->preds[i]]);
        a->vertices[v].semi = min_u32(a->vertices[v].semi, a->vertices[best].semi);
    }
}

static void analyse_empty_bucket(struct analyse *a, u32 parent)
{
    struct analyse_vertex *at = a->vertices;
    for (u32 v = at[parent].bucket; v; v = at[v].next) {
        u32 best = analyse_eval(a, v);
        at[v].idom = at[best].semi < at[v].semi ? best : parent;
    }
    at[parent].bucket = 0;
}

static void analyse_dominators(struct analyse *a)
{
    struct analyse_vertex *at = a->vertices;
    for (u32 v = a->n; v > 1; v--) {
        analyse_semidominator(a, v);
        at[v].next = at[at[v].semi].bucket;
        at[at[v].semi].bucket = v;
        at[v].ancestor = at[v].parent;
        analyse_empty_bucket(a, at[v].parent);
    }
    for (u32 v = 2; v <= a->n; v++) {
        if (at[v].idom != at[v].semi)
            at[v].idom = at[at[v].idom].idom;
        a->func->blocks[at[v].block].idom = at[at[v].idom].block;
    }
}

/* A dominator comes before what it dominates in reverse postorder, so sizes add up backwards and
 * numbers are handed out forwards. */
static void analyse_number_tree(struct analyse *a)
{
    struct ssa_func *func = a->func;
    u32 *next = a->stack; /* by block: the first number that is free below it */
    for (u32 i = func->n_order; i-- > 0;) {
        struct ssa_block *block = &func->blocks[func->order[i]];
        block->dom_count++;
        if (i > 0)
            func->blocks[block->idom].dom_count += block->dom_count;
    }
    for (u32 i = 0; i < func->n_order; i++) {
        struct ssa_block *block = &func->blocks[func->order[i]];
        block->dom_first = i > 0 ? next[block->idom] : 0;
        if (i > 0)
            next[block->idom] += block->dom_count;
        next[func->order[i]] = block->dom_first + 1;
    }
}

bool ssa_dominates(const struct ssa_func *func, u32 a, u32 b)
{
    return func->blocks[b].dom_first - func->blocks[a].dom_first < func->blocks[a].dom_count;
}

/* ---- loops */

/* The head of the outermost loop found so far that a block is in; the block itself: none.  `up`
 * leads from heads outwards and is shortened on the way. */
static u32 analyse_outermost(const struct ssa_func *func, u32 *up, u32 block)
{
    u32 head = func->blocks[block].loop_head, top;
    if (head == CODE_NONE)
        return block;
    for (top = head; up[top] != CODE_NONE;)
        top = up[top];
    while (head != top) {
        u32 above = up[head];
        up[head] = top;
        head = above;
    }
    return top;
}

/* Block `from`, in the loop of `head`, or the loop that it is in, joins the loop. */
static void analyse_join_loop(struct analyse *a, u32 *up, u32 head, u32 from, u32 *depth)
{
    struct ssa_func *func = a->func;
    u32 top = analyse_outermost(func, up, from);
    if (top == head)
        return;
    if (func->blocks[top].loop_head == CODE_NONE) {
        func->blocks[top].loop_head = head;
    } else {
        func->blocks[top].loop_parent = head;
        up[top] = head;
    }
    a->stack[(*depth)++] = top;
}

/* Backwards from the ends of the loop: all that is met is dominated by the head. */
static void analyse_collect_loop(struct analyse *a, u32 *up, u32 head)
{
    struct ssa_func *func = a->func;
    u32 depth = 0;
    bool is_head = false;
    const struct ssa_block *block = &func->blocks[head];
    for (u32 i = 0; i < block->n_preds; i++)
        is_head |= ssa_dominates(func, head, block->preds[i]);
    if (!is_head)
        return;
    func->blocks[head].loop_head = head;
    for (u32 i = 0; i < block->n_preds; i++)
        if (ssa_dominates(func, head, block->preds[i]))
            analyse_join_loop(a, up, head, block->preds[i], &depth);
    while (depth > 0) {
        const struct ssa_block *top = &func->blocks[a->stack[--depth]];
        for (u32 i = 0; i < top->n_preds; i++)
            analyse_join_loop(a, up, head, top->preds[i], &depth);
    }
}

static bool analyse_loops(struct analyse *a)
{
    struct ssa_func *func = a->func;
    u32 *up = arena_array(&a->scratch, u32, func->n_blocks);
    if (!up)
        return false;
    memset(up, 0xff, func->n_blocks * sizeof(*up));
    for (u32 i = func->n_order; i-- > 0;)
        analyse_collect_loop(a, up, func->order[i]);
    for (u32 i = 0; i < func->n_order; i++) {
        struct ssa_block *block = &func->blocks[func->order[i]];
        u32 around = block->loop_head == func->order[i] ? block->loop_parent : block->loop_head;
        u32 depth = around == CODE_NONE ? 0 : func->blocks[around].loop_depth;
        depth += block->loop_head == func->order[i];
        block->loop_depth = (u16)min_u32(depth, UINT16_MAX);
    }
    return true;
}

/* ---- all */

static void analyse_forget(struct ssa_func *func)
{
    for (u32 b = 0; b < func->n_blocks; b++) {
        struct ssa_block *block = &func->blocks[b];
        block->idom = block->order = block->loop_head = block->loop_parent = CODE_NONE;
        block->dom_first = block->dom_count = 0;
        block->loop_depth = 0;
    }
}

static bool analyse_run(struct analyse *a)
{
    analyse_forget(a->func);
    if (!analyse_begin(a))
        return false;
    analyse_walk(a);
    analyse_drop_unreachable(a);
    analyse_dominators(a);
    analyse_number_tree(a);
    return analyse_loops(a);
}

static bool analyse_is_known(const struct ssa_func *func)
{
    if (func->n_analysed != func->n_blocks)
        return false;
    for (u32 b = 0; b < func->n_blocks; b++) {
        const struct ssa_block *block = &func->blocks[b];
        if (block->succ[0] != block->analysed[0] || block->succ[1] != block->analysed[1])
            return false;
    }
    return true;
}

static void analyse_remember(struct ssa_func *func)
{
    func->n_analysed = func->n_blocks;
    for (u32 b = 0; b < func->n_blocks; b++)
        memcpy(func->blocks[b].analysed, func->blocks[b].succ, sizeof(func->blocks[b].succ));
}

bool ssa_analyse(struct ssa_func *func)
{
    if (analyse_is_known(func))
        return true;
    struct analyse a = { .func = func };
    arena_init(&a.scratch, func->arena->mem);
    bool ok = analyse_run(&a);
    arena_drop(&a.scratch);
    func->failed |= !ok;
    if (ok)
        analyse_remember(func);
    return ok;
}
