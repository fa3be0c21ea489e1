/* The fixpoint: states are joined where paths meet, widened where loops begin, until nothing new
 * arrives.  What holds then holds on all paths.
 *
 * A point may keep several states apart (most_states): one is the classical analysis, more keep
 * apart what different paths know, for as long as there is room.
 *
 * Work is done in the weak topological order, inner loops before what follows them. */
#include "verify/fixpoint.h"

enum {
    FIX_JOINS_BEFORE_WIDENING = 2,
    FIX_SHAPES = 24, /* states that cannot be joined without loss, at one point */
    FIX_NARROWINGS = 2,
    FIX_MOST_JOINS = 1 << 12, /* at one point; chains end long before */
};

/* ---- order */

/* The position of an instruction among those of its function. */
static u64 fix_position(const struct verifier *v, u32 insn)
{
    u32 block = v->in->cfg->block_of[insn];
    return (u64)v->order.position[block] << 32 | insn;
}

static u32 fix_path(const struct verifier *v, const struct fix_node *node,
                    u64 path[STATE_MAX_FRAMES + 1])
{
    u32 n = v->contexts.data[node->context].depth + 1u;
    u32 insn = node->insn;
    for (u32 c = node->context, i = n; i-- > 0; c = v->contexts.data[c].parent) {
        path[i] = fix_position(v, insn);
        insn = v->contexts.data[c].call;
    }
    return n;
}

static u32 fix_root(const struct verifier *v, u32 context)
{
    while (v->contexts.data[context].parent != VERIFY_NONE)
        context = v->contexts.data[context].parent;
    return context;
}

static bool fix_before(const struct fix *f, u32 a, u32 b)
{
    u64 pa[STATE_MAX_FRAMES + 1], pb[STATE_MAX_FRAMES + 1];
    const struct fix_node *na = &f->nodes.data[a], *nb = &f->nodes.data[b];
    u32 ra = fix_root(f->v, na->context), rb = fix_root(f->v, nb->context);
    if (ra != rb)
        return ra < rb;
    u32 la = fix_path(f->v, na, pa), lb = fix_path(f->v, nb, pb);
    for (u32 i = 0; i < la && i < lb; i++)
        if (pa[i] != pb[i])
            return pa[i] < pb[i];
    return la != lb ? la > lb : a < b;
}

static void fix_sift_up(struct fix *f, u32 i)
{
    for (u32 *heap = f->heap.data; i && fix_before(f, heap[i], heap[(i - 1) / 2]);
         i = (i - 1) / 2) {
        u32 node = heap[i];
        heap[i] = heap[(i - 1) / 2];
        heap[(i - 1) / 2] = node;
    }
}

static bool fix_queue(struct fix *f, u32 node)
{
    if (f->nodes.data[node].queued)
        return true;
    f->nodes.data[node].queued = true;
    if (!vec_push(&f->v->mem, &f->heap, node))
        return verify_fails(f->v, SKEP_NOMEM);
    fix_sift_up(f, f->heap.n - 1);
    return true;
}

static u32 fix_next(struct fix *f)
{
    u32 *heap = f->heap.data, first = heap[0], n = --f->heap.n;
    heap[0] = heap[n];
    for (u32 i = 0;;) {
        u32 least = i;
        for (u32 c = 2 * i + 1; c <= 2 * i + 2 && c < n; c++)
            if (fix_before(f, heap[c], heap[least]))
                least = c;
        if (least == i)
            break;
        u32 node = heap[i];
        heap[i] = heap[least];
        heap[least] = node;
        i = least;
    }
    f->nodes.data[first].queued = false;
    return first;
}

/* ---- nodes */

static u32 fix_find(struct fix *f, u32 context, u32 insn)
{
    u64 key = (u64)context << 32 | insn;
    u64 hash = hash_bytes(&key, sizeof(key), 1);
    for (struct hash_probe p = hash_probe(&f->index, hash); hash_next(&f->index, &p);)
        if (f->nodes.data[p.position].context == context && f->nodes.data[p.position].insn == insn)
            return p.position;
    struct fix_node node = { .context = context, .insn = insn };
    if (!vec_push(&f->v->mem, &f->nodes, node) ||
        !hash_index_add(&f->index, hash, f->nodes.n - 1)) {
        verify_fails(f->v, SKEP_NOMEM);
        return VERIFY_NONE;
    }
    return f->nodes.n - 1;
}

static bool fix_is_head(const struct verifier *v, u32 insn)
{
    u32 block = v->in->cfg->block_of[insn];
    bool entry = v->in->code->funcs[v->in->code->func_of[insn]].entry == insn;
    return entry || v->point[insn] == POINT_JOINS ||
           (v->order.head[block] == block && v->in->cfg->blocks[block].start == insn);
}

/* The state takes a place of its own. */
static bool fix_keep(struct fix *f, u32 n, struct state *s)
{
    struct fix_node *node = &f->nodes.data[n];
    if (!vec_push(&f->v->mem, &node->states, s)) {
        state_drop(f->v, s);
        return verify_fails(f->v, SKEP_NOMEM);
    }
    return fix_queue(f, n);
}

/* The i-th state of a node becomes another; it is to be stepped again. */
static bool fix_replace(struct fix *f, u32 n, u32 i, struct state *s)
{
    struct fix_node *node = &f->nodes.data[n];
    state_drop(f->v, node->states.data[i]);
    if (i < node->n_done) {
        f->again = true;
        node->states.data[i] = node->states.data[node->n_done - 1];
        node->states.data[node->n_done - 1] = s;
        node->n_done--;
    } else {
        node->states.data[i] = s;
    }
    return fix_queue(f, n);
}

/* The i-th state and s become one, if they can. */
static bool fix_join_with(struct fix *f, u32 n, u32 i, struct state *s, bool lossy, bool *joined)
{
    struct fix_node *node = &f->nodes.data[n];
    bool lossless, widen = f->widens && fix_is_head(f->v, node->insn) &&
                           node->joins >= FIX_JOINS_BEFORE_WIDENING;
    f->widened |= widen;
    struct state *both = merge_join(f->v, node->states.data[i], s, widen, &lossless);
    if (!both)
        return true;
    if (!lossless && !lossy) {
        state_drop(f->v, both);
        return true;
    }
    if (node->joins++ > FIX_MOST_JOINS)
        f->most_visited = 0; /* another engine may do better */
    state_drop(f->v, s);
    *joined = true;
    return fix_replace(f, n, i, both);
}

/* With one that agrees about what decides, if there is one; else with any. */
static bool fix_join_into(struct fix *f, u32 n, struct state *s, bool lossy, bool *joined)
{
    struct verifier *v = f->v;
    bool choose = f->most_states > 1 && v->decides;
    u64 key = choose ? decide_key(v, s) : 0;
    *joined = false;
    for (u32 round = choose ? 0 : 1; round < 2; round++)
        for (u32 i = f->nodes.data[n].states.n; i-- > 0 && !*joined;)
            if ((round == 1 || decide_key(v, f->nodes.data[n].states.data[i]) == key) &&
                !fix_join_with(f, n, i, s, lossy, joined))
                return false;
    return *joined || v->failure == SKEP_OK;
}

static void fix_forget_dead(struct verifier *v, struct state *s)
{
    merge_forget_dead(v, s, s->n_frames - 1u, v->live.regs[s->insn], v->live.slots[s->insn]);
}

/* Is there room for one more state, and one that says something else than those there? */
static bool fix_is_apart(const struct fix *f, const struct fix_node *node, const struct state *s)
{
    if (f->most_states == 1 || !f->v->decides || node->states.n >= FIX_SHAPES ||
        f->v->point[s->insn] == POINT_JOINS)
        return false;
    u64 key = decide_key(f->v, s);
    for (u32 i = 0; i < node->states.n; i++)
        if (decide_key(f->v, node->states.data[i]) == key)
            return false;
    return true;
}

/* A state arrives where others may be.  Consumes it. */
bool fix_arrive(struct fix *f, struct state *s)
{
    struct verifier *v = f->v;
    fix_forget_dead(v, s);
    s->splits = 0;
    if (f->loop && loop_takes(f->loop, v, s))
        return v->failure == SKEP_OK;
    u32 n = fix_find(f, s->context, s->insn);
    if (n == VERIFY_NONE) {
        state_drop(v, s);
        return false;
    }
    struct fix_node *node = &f->nodes.data[n];
    for (u32 i = 0; i < node->states.n; i++)
        if (node->states.data[i]->rounds <= s->rounds &&
            merge_covers(v, node->states.data[i], s, f->fixed)) {
            state_drop(v, s);
            return true;
        }
    bool joined;
    if (node->states.n < f->most_states && node->joins == 0 &&
        (f->most_states == 1 || v->point[s->insn] != POINT_JOINS))
        return fix_keep(f, n, s);
    if (fix_is_apart(f, node, s))
        return fix_keep(f, n, s);
    if (!fix_join_into(f, n, s, false, &joined) || joined)
        return joined || (state_drop(v, s), false);
    if (node->states.n < FIX_SHAPES)
        return fix_keep(f, n, s);
    if (!fix_join_into(f, n, s, true, &joined) || joined)
        return joined || (state_drop(v, s), false);
    f->most_visited = 0; /* too many shapes for this engine */
    return fix_keep(f, n, s);
}

/* The state that a loop's body begins with: it arrives without coming back. */
static bool fix_begin(struct fix *f)
{
    struct state *s = f->begin ? state_copy(f->v, f->begin) : NULL;
    u32 n = s ? fix_find(f, s->context, s->insn) : VERIFY_NONE;
    if (n != VERIFY_NONE)
        return fix_keep(f, n, s);
    state_drop(f->v, s);
    return !f->begin;
}

/* ---- passes */

static void fix_note_failure(struct fix *f)
{
    if (!f->any_failed)
        f->first = *f->v->report;
    f->any_failed = true;
    f->v->report->error.id = 0;
}

/* A successor goes on, where no states are kept, or arrives.  Consumes it. */
static bool fix_pass_on(struct fix *f, struct fix *into, struct state *s)
{
    struct verifier *v = f->v;
    if (v->point[s->insn] != POINT_NONE)
        return fix_arrive(into, s);
    fix_forget_dead(v, s);
    if (vec_push(&v->mem, &f->pending, s))
        return true;
    state_drop(v, s);
    return verify_fails(v, SKEP_NOMEM);
}

static bool fix_step_once(struct fix *f, struct fix *into, struct state *s)
{
    struct verifier *v = f->v;
    if (!step(v, s)) {
        if (v->failure == SKEP_OK)
            fix_note_failure(f);
        return v->failure == SKEP_OK;
    }
    struct state *next[ARRAY_LEN(v->next)];
    u32 n = v->n_next;
    memcpy(next, v->next, n * sizeof(next[0]));
    v->n_next = 0;
    bool ok = true;
    for (u32 i = 0; i < n; i++)
        ok = ok ? fix_pass_on(f, into, next[i]) : (state_drop(v, next[i]), false);
    return ok;
}

/* From a state that was kept to all places where the next ones are.  Consumes it. */
static bool fix_step_state(struct fix *f, struct fix *into, struct state *s)
{
    bool ok = s && fix_step_once(f, into, s);
    while (f->pending.n) {
        s = vec_last(&f->pending);
        f->pending.n--;
        ok = ok ? fix_step_once(f, into, s) : (state_drop(f->v, s), false);
    }
    return ok;
}

/* Can a state arrive at a place again after all that comes before it was stepped?  Not outside of
 * loops, whoever called, unless somebody calls back. */
static bool fix_is_passed_once(const struct verifier *v, const struct fix_node *node)
{
    u32 insn = node->insn;
    for (u32 c = node->context; c != VERIFY_NONE; c = v->contexts.data[c].parent) {
        u32 block = v->in->cfg->block_of[insn];
        if (v->order.depth[block] || v->point[insn] == POINT_JOINS ||
            v->contexts.data[c].kind == CONTEXT_CALLBACK)
            return false;
        insn = v->contexts.data[c].call;
    }
    return true;
}

/* What is stepped from is a copy, or the state itself, when it is not needed again.  (Should one
 * arrive here all the same, it is kept and stepped as any other.) */
static struct state *fix_take(struct fix *f, u32 n)
{
    struct fix_node *node = &f->nodes.data[n];
    u32 i = node->n_done;
    if (!f->releases || !fix_is_passed_once(f->v, node)) {
        node->n_done++;
        return state_copy(f->v, node->states.data[i]);
    }
    struct state *s = node->states.data[i];
    node->states.data[i] = vec_last(&node->states);
    if (--node->states.n == 0)
        vec_drop(&f->v->mem, &node->states);
    f->released = true;
    return s;
}

static bool fix_take_roots(struct fix *f)
{
    struct verifier *v = f->v;
    while (f->n_roots < v->roots.n) {
        struct state *root = state_copy(v, v->roots.data[f->n_roots++]);
        if (!root || !fix_arrive(f, root))
            return false;
    }
    return true;
}

/* Given up: it has failed then. */
static bool fix_is_exhausted(struct fix *f)
{
    if (f->v->visited >= f->most_visited)
        f->any_failed = true;
    return f->v->visited >= f->most_visited;
}

static bool fix_ascend(struct fix *f)
{
    while (f->heap.n) {
        if (f->any_failed && f->released)
            return true; /* all of it will be done again */
        u32 n = fix_next(f);
        while (f->nodes.data[n].n_done < f->nodes.data[n].states.n) {
            if (fix_is_exhausted(f))
                return true;
            if (!fix_step_state(f, f, fix_take(f, n)))
                return false;
        }
        if (!fix_take_roots(f))
            return false;
    }
    return true;
}

void fix_init(struct fix *f, struct verifier *v, u32 most_states)
{
    memset(f, 0, sizeof(*f));
    f->v = v;
    f->most_states = most_states;
    f->widens = true;
    f->most_visited = UINT64_MAX;
    hash_index_init(&f->index, &v->mem);
}

void fix_drop(struct fix *f)
{
    struct verifier *v = f->v;
    for (u32 n = 0; n < f->nodes.n; n++) {
        for (u32 i = 0; i < f->nodes.data[n].states.n; i++)
            state_drop(v, f->nodes.data[n].states.data[i]);
        vec_drop(&v->mem, &f->nodes.data[n].states);
    }
    vec_drop(&v->mem, &f->nodes);
    vec_drop(&v->mem, &f->heap);
    vec_drop(&v->mem, &f->pending);
    hash_index_drop(&f->index);
}

/* What follows from all states as they are, without what widening added.  Sound: what a post-
 * fixpoint leads to is one too; fix_ascend checks it all the same. */
bool fix_narrow(struct fix *f)
{
    struct fix narrow;
    fix_init(&narrow, f->v, f->most_states);
    narrow.widens = false;
    narrow.most_visited = f->most_visited;
    narrow.loop = f->loop;
    narrow.fixed = f->fixed;
    narrow.begin = f->begin;
    narrow.n_roots = f->loop ? f->n_roots : 0;
    bool ok = fix_begin(&narrow) && fix_take_roots(&narrow);
    for (u32 n = 0; ok && n < f->nodes.n; n++)
        for (u32 i = 0; ok && i < f->nodes.data[n].states.n; i++)
            ok = fix_step_state(f, &narrow, state_copy(f->v, f->nodes.data[n].states.data[i]));
    struct fix old = *f;
    *f = narrow;
    f->widens = true;
    f->any_failed = old.any_failed;
    f->first = old.first;
    old.any_failed = false;
    fix_drop(&old);
    return ok;
}

bool fix_close(struct fix *f)
{
    bool ok = fix_begin(f) && fix_take_roots(f) && fix_ascend(f);
    if (ok && f->any_failed && (f->released || !f->widened))
        return true; /* what was not kept cannot be narrowed, what was not widened need not be */
    for (u32 i = 0; ok && f->any_failed && i < FIX_NARROWINGS; i++) {
        if (f->v->visited >= f->most_visited)
            return true;
        ok = fix_narrow(f);
        f->again = true;
        f->any_failed = false;
        if (!f->loop)
            note_clear(f->v); /* all that is left is stepped over once more */
        ok = ok && fix_ascend(f);
    }
    return ok;
}

static bool fix_witness(struct fix *f)
{
    for (u32 n = 0; f->v->in->witness && n < f->nodes.n; n++)
        for (u32 i = 0; i < f->nodes.data[n].states.n; i++)
            if (!verify_witness(f->v, f->nodes.data[n].states.data[i]))
                return false;
    return true;
}

enum outcome fixpoint_run(struct verifier *v, u32 most_states, u64 most_visited)
{
    struct fix f;
    fix_init(&f, v, most_states);
    f.most_visited = most_visited;
    f.releases = !v->in->witness;
    bool ok = fix_close(&f);
    if (ok && f.any_failed && f.released && f.widened) {
        fix_drop(&f);
        verify_again(v);
        fix_init(&f, v, most_states);
        f.most_visited = most_visited;
        ok = fix_close(&f);
    }
    enum outcome outcome = !ok            ? OUTCOME_FAILED
                           : f.any_failed ? OUTCOME_UNDECIDED
                                          : OUTCOME_ACCEPTED;
    if (outcome == OUTCOME_ACCEPTED && !v->in->fuel)
        outcome = loops_end(&f);
    if (outcome == OUTCOME_ACCEPTED && !fix_witness(&f))
        outcome = OUTCOME_FAILED;
    if (f.any_failed)
        *v->report = f.first;
    fix_drop(&f);
    return outcome;
}
