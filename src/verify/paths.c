/* Paths: every path is walked, depth first, until it ends or comes to a state that one walked
 * before covers.  Nothing is joined, so what a path knows stays known; the price is bounded by the
 * limits.
 *
 * A state that is covered by one on its own path has gone in a circle.  When it is the same state,
 * the program may never end, unless the host bounds the circle (may_goto, iterators, callbacks):
 * at such points states are joined, since rounds are not counted.
 *
 * Why every circle is bounded.  A way leads down the walk, or from a state to one that covers it.
 * Those go to states with no more rounds than their own, and to one that is still open only with
 * fewer, or by way of an iterator; so a circle that closes by rounds has passed one that the host
 * counts.  One that closes by an iterator alone follows the walk itself, since no state covers
 * others while such a circle that it is on is open. */
#include "verify/engine.h"

/* A state that was kept, and how much of what follows from it is still to be walked. */
struct path_node {
    u32 parent;
    u32 open;
    u32 next;   /* of the same place */
    u32 circle; /* the first kept state to which an iterator leads back from here; VERIFY_NONE */
    u32 hits, misses;
    struct state *state;
};

struct path_item {
    struct state *state;
    u32 owner; /* the last kept state before it */
};

/* The states kept at a place, the latest first. */
struct path_place {
    u32 context, insn, first;
};

struct paths {
    struct verifier *v;
    VEC(struct path_node) nodes;
    VEC(struct path_item) stack;
    struct hash_index index;
    VEC(struct path_place) places;
    u32 rounds_apart; /* of a circle that the host counts, before its rounds are joined */
    bool joined;
};

static u32 *path_find_place(struct paths *p, const struct state *s)
{
    u64 key = (u64)s->context << 32 | s->insn;
    u64 hash = hash_bytes(&key, sizeof(key), 1);
    for (struct hash_probe probe = hash_probe(&p->index, hash); hash_next(&p->index, &probe);)
        if (p->places.data[probe.position].context == s->context &&
            p->places.data[probe.position].insn == s->insn)
            return &p->places.data[probe.position].first;
    struct path_place place = { .context = s->context, .insn = s->insn, .first = VERIFY_NONE };
    if (!vec_push(&p->v->mem, &p->places, place) ||
        !hash_index_add(&p->index, hash, p->places.n - 1)) {
        verify_fails(p->v, SKEP_NOMEM);
        return NULL;
    }
    return &vec_last(&p->places).first;
}

/* One of the ways from a kept state has been walked to its end. */
static void path_finish(struct paths *p, u32 owner)
{
    while (owner != VERIFY_NONE && --p->nodes.data[owner].open == 0)
        owner = p->nodes.data[owner].parent;
}

static bool path_push(struct paths *p, struct state *s, u32 owner)
{
    struct path_item item = { .state = s, .owner = owner };
    if (vec_push(&p->v->mem, &p->stack, item))
        return true;
    state_drop(p->v, s);
    return verify_fails(p->v, SKEP_NOMEM);
}

/* ---- where paths may meet */

static bool path_meets(const struct verifier *v, u32 insn) { return v->point[insn] >= POINT_MEETS; }

/* On the way that is being walked only the same state again is of interest. */
static bool path_looks_same(const struct state *a, const struct state *b)
{
    const struct frame *fa = state_top(a), *fb = state_top(b);
    for (u32 r = 0; r < STATE_REGS; r++)
        if (fa->reg[r].value != fb->reg[r].value)
            return false;
    return true;
}

/* Does the way from a kept state to here take elements from an iterator that was there already? */
static bool path_iterates(const struct paths *p, u32 from, u32 ancestor)
{
    if (p->nodes.data[ancestor].state->n_held == 0)
        return false;
    for (u32 n = from; n != VERIFY_NONE; n = p->nodes.data[n].parent) {
        if (owned_bounds_rounds(p->v, p->nodes.data[n].state, p->nodes.data[ancestor].state))
            return true;
        if (n == ancestor)
            break;
    }
    return false;
}

/* The way from `from` to here is part of a circle by an iterator, which begins at `ancestor`. */
static void path_note_circle(struct paths *p, u32 from, u32 ancestor)
{
    for (u32 n = from; n != VERIFY_NONE && n != ancestor; n = p->nodes.data[n].parent)
        p->nodes.data[n].circle = min_u32(p->nodes.data[n].circle, ancestor);
}

static bool path_is_on_open_circle(const struct paths *p, u32 n)
{
    while (n != VERIFY_NONE && p->nodes.data[n].circle != VERIFY_NONE) {
        n = p->nodes.data[n].circle;
        if (p->nodes.data[n].open)
            return true;
    }
    return false;
}

/* May a state that covers s stand for it, as far as circles go? */
static bool path_may_stand(struct paths *p, u32 n, const struct state *s, u32 owner, bool *iterates)
{
    const struct path_node *node = &p->nodes.data[n];
    *iterates = false;
    if (p->v->in->fuel)
        return true;
    if (node->open == 0)
        return s->rounds >= node->state->rounds && !path_is_on_open_circle(p, n);
    if (s->rounds > node->state->rounds)
        return true;
    *iterates = path_iterates(p, owner, n);
    return *iterates;
}

enum path_meeting { PATH_NEW, PATH_COVERED, PATH_CIRCLE };

static enum path_meeting path_meet(struct paths *p, u32 *first, const struct state *s, u32 owner)
{
    struct verifier *v = p->v;
    for (u32 *link = first; *link != VERIFY_NONE;) {
        u32 n = *link;
        struct path_node *node = &p->nodes.data[n];
        bool iterates, stands = path_may_stand(p, n, s, owner, &iterates);
        bool same = !stands && node->open && path_looks_same(node->state, s);
        if ((stands || same) && merge_covers(v, node->state, s, 0)) {
            /* Walked to its end, or a circle that somebody counts. */
            node->hits++;
            if (iterates)
                path_note_circle(p, owner, n);
            if (stands)
                return PATH_COVERED;
            if (merge_covers(v, s, node->state, 0))
                return PATH_CIRCLE;
        }
        /* One that never helps is no longer asked. */
        if (++node->misses > 3 * node->hits + 8 && node->open == 0) {
            *link = node->next;
            state_drop(v, node->state);
            node->state = NULL;
            continue;
        }
        link = &node->next;
    }
    return PATH_NEW;
}

/* At points that the host bounds, rounds are joined with those before. */
static struct state *path_join(struct paths *p, u32 first, struct state *s)
{
    u32 rounds = 0;
    for (u32 n = first; n != VERIFY_NONE; n = p->nodes.data[n].next) {
        bool lossless;
        if (++rounds < p->rounds_apart)
            continue;
        p->joined = true;
        struct state *both = merge_join(p->v, p->nodes.data[first].state, s, true, &lossless);
        if (both && lossless) {
            state_drop(p->v, s);
            return both;
        }
        if (both)
            state_drop(p->v, both);
        break;
    }
    return s;
}

static bool path_keep(struct paths *p, u32 *first, struct state **s, u32 *owner)
{
    if (p->v->point[(*s)->insn] == POINT_JOINS)
        *s = path_join(p, *first, *s);
    struct path_node node = { .parent = *owner, .open = 1, .next = *first, .circle = VERIFY_NONE };
    node.state = state_copy_to_keep(p->v, *s);
    if (!node.state)
        return false;
    if (!vec_push(&p->v->mem, &p->nodes, node)) {
        state_drop(p->v, node.state);
        return verify_fails(p->v, SKEP_NOMEM);
    }
    *first = *owner = p->nodes.n - 1;
    return true;
}

/* ---- the walk */

static bool path_walk(struct paths *p, struct state *s, u32 owner)
{
    struct verifier *v = p->v;
    if (path_meets(v, s->insn)) {
        merge_forget_dead(v, s, s->n_frames - 1u, v->live.regs[s->insn], v->live.slots[s->insn]);
        u32 *first = path_find_place(p, s);
        enum path_meeting meeting = first ? path_meet(p, first, s, owner) : PATH_NEW;
        if (!first || v->failure != SKEP_OK || meeting != PATH_NEW) {
            if (meeting == PATH_CIRCLE) {
                v->at = s->insn;
                v->last_trace = s->trace;
                verify_reject(v, STATE_REGS);
                RAISE(&v->report->error, SKEP_REJECTED, VERIFY_LOOP,
                      NUM(v->in->code->slot_of[s->insn]));
                verify_note_path(v);
            }
            state_drop(v, s);
            path_finish(p, owner);
            return meeting == PATH_COVERED;
        }
        if (!path_keep(p, first, &s, &owner)) {
            state_drop(v, s);
            return false;
        }
    }
    if (!verify_witness(v, s)) {
        state_drop(v, s);
        return false;
    }
    if (!step(v, s))
        return false;
    if (owner != VERIFY_NONE)
        p->nodes.data[owner].open += v->n_next;
    bool ok = true;
    for (u32 i = 0; i < v->n_next; i++)
        ok = ok ? path_push(p, v->next[i], owner) : (state_drop(v, v->next[i]), false);
    v->n_next = 0;
    path_finish(p, owner);
    return ok;
}

static void paths_drop(struct paths *p)
{
    struct verifier *v = p->v;
    for (u32 i = 0; i < p->stack.n; i++)
        state_drop(v, p->stack.data[i].state);
    for (u32 i = 0; i < p->nodes.n; i++)
        state_drop(v, p->nodes.data[i].state);
    vec_drop(&v->mem, &p->stack);
    vec_drop(&v->mem, &p->nodes);
    vec_drop(&v->mem, &p->places);
    hash_index_drop(&p->index);
}

static enum outcome paths_walk(struct verifier *v, u32 rounds_apart, bool *joined)
{
    struct paths p = { .v = v, .rounds_apart = rounds_apart };
    hash_index_init(&p.index, &v->mem);
    bool ok = true;
    for (u32 r = 0; ok && r < v->roots.n; r++) {
        struct state *root = state_copy(v, v->roots.data[r]);
        ok = root && path_push(&p, root, VERIFY_NONE);
        while (ok && p.stack.n) {
            struct path_item item = vec_last(&p.stack);
            p.stack.n--;
            ok = path_walk(&p, item.state, item.owner);
        }
    }
    *joined = p.joined;
    paths_drop(&p);
    return ok ? OUTCOME_ACCEPTED : v->failure != SKEP_OK ? OUTCOME_FAILED : OUTCOME_REJECTED;
}

enum outcome paths_run(struct verifier *v)
{
    enum { PATH_FEW_ROUNDS = 2, PATH_MANY_ROUNDS = 4096 };
    bool joined;
    enum outcome outcome = paths_walk(v, PATH_FEW_ROUNDS, &joined);
    if (outcome != OUTCOME_REJECTED || !joined)
        return outcome;
    struct verify_report report = *v->report;
    verify_again(v);
    outcome = paths_walk(v, PATH_MANY_ROUNDS, &joined);
    if (outcome == OUTCOME_FAILED && v->failure == SKEP_LIMIT) {
        v->failure = SKEP_OK; /* the first walk's answer stands */
        v->limit = NULL;
        *v->report = report;
        outcome = OUTCOME_REJECTED;
    }
    return outcome;
}
