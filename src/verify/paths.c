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
    u32 like;   /* of the same bucket */
    u32 circle; /* the first kept state to which an iterator leads back from here; VERIFY_NONE */
    u32 hits;
    u32 born;            /* how often its place had been asked by then */
    struct state *state; /* NULL: it never helped, and is no longer asked */
};

struct path_item {
    struct state *state;
    u32 owner; /* the last kept state before it */
};

/* The states kept at a place, the latest first. */
struct path_place {
    u32 context, insn, first;
    u32 asked;
    u32 swept;  /* the last one that was looked at for whether it helps; VERIFY_NONE: begin anew */
    u32 shapes; /* the first */
};

/* States at a place that have constants in the same cells: one of them covers only what has the
 * same constants there, so that few have to be asked. */
struct path_shape {
    u32 next;
    u64 cells;
};

/* Those of one shape with the same constants. */
struct path_bucket {
    u32 shape, first;
    u64 constants; /* their hash */
};

struct paths {
    struct verifier *v;
    VEC(struct path_node) nodes;
    VEC(struct path_item) stack;
    struct hash_index index;
    VEC(struct path_place) places;
    VEC(struct path_shape) shapes;
    VEC(struct path_bucket) buckets;
    struct hash_index bucket_index;
    u32 rounds_apart; /* of a circle that the host counts, before its rounds are joined */
    bool joined;
};

static struct path_place *path_find_place(struct paths *p, const struct state *s)
{
    u64 key = (u64)s->context << 32 | s->insn;
    u64 hash = hash_bytes(&key, sizeof(key), 1);
    for (struct hash_probe probe = hash_probe(&p->index, hash); hash_next(&p->index, &probe);)
        if (p->places.data[probe.position].context == s->context &&
            p->places.data[probe.position].insn == s->insn)
            return &p->places.data[probe.position];
    struct path_place place = { .context = s->context,
                                .insn = s->insn,
                                .first = VERIFY_NONE,
                                .swept = VERIFY_NONE,
                                .shapes = VERIFY_NONE };
    if (!vec_push(&p->v->mem, &p->places, place) ||
        !hash_index_add(&p->index, hash, p->places.n - 1)) {
        verify_fails(p->v, SKEP_NOMEM);
        return NULL;
    }
    return &vec_last(&p->places);
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

/* ---- constants, by which states are found */

enum { PATH_SLOTS = 64 - STATE_REGS };

/* What is known of a register of the running function, or of a slot that holds one.  A 0 may be
 * covered as a byte, so it does not count there. */
static u64 path_constant(const struct verifier *v, const struct state *s, u32 place)
{
    const struct frame *f = state_top(s);
    if (place < STATE_REGS)
        return decide_constant_of(v, &f->reg[place]);
    const struct slot *slot = &f->slot[place - STATE_REGS];
    for (u32 p = 0; p < 2; p++)
        if (slot->kind == SLOT_DATA && slot->run[p].size == 8 &&
            cell_value(v, &slot->part[p])->range.umax > 0)
            return decide_constant_of(v, &slot->part[p]);
    return 0;
}

static u32 path_places(const struct state *s)
{
    return STATE_REGS + min_u32(state_top(s)->n_slots, PATH_SLOTS);
}

static u64 path_constant_cells(const struct verifier *v, const struct state *s)
{
    u64 cells = 0;
    for (u32 i = 0; i < path_places(s); i++)
        cells |= (u64)(path_constant(v, s, i) != 0) << i;
    return cells;
}

/* The hash of the constants in those cells; false: some are not constant. */
static bool path_hash_constants(const struct verifier *v, const struct state *s, u64 cells,
                                u64 *hash)
{
    u32 n = path_places(s);
    *hash = 0;
    for (u64 left = cells; left; left &= left - 1) {
        u32 i = (u32)__builtin_ctzll(left);
        u64 constant = i < n ? path_constant(v, s, i) : 0;
        if (!constant)
            return false;
        *hash = (*hash ^ constant) * 0xc4ceb9fe1a85ec53u;
        *hash ^= *hash >> 32;
    }
    return true;
}

static struct path_bucket *path_bucket_at(struct paths *p, u32 shape, u64 constants)
{
    u64 key[2] = { shape, constants };
    u64 hash = hash_bytes(key, sizeof(key), 1);
    for (struct hash_probe probe = hash_probe(&p->bucket_index, hash);
         hash_next(&p->bucket_index, &probe);) {
        struct path_bucket *bucket = &p->buckets.data[probe.position];
        if (bucket->shape == shape && bucket->constants == constants)
            return bucket;
    }
    return NULL;
}

/* The states of a shape that may cover s. */
static struct path_bucket *path_find_bucket(struct paths *p, u32 shape, const struct state *s)
{
    u64 constants;
    return path_hash_constants(p->v, s, p->shapes.data[shape].cells, &constants)
               ? path_bucket_at(p, shape, constants)
               : NULL;
}

static u32 path_add_shape(struct paths *p, struct path_place *place, u64 cells)
{
    for (u32 k = place->shapes; k != VERIFY_NONE; k = p->shapes.data[k].next)
        if (p->shapes.data[k].cells == cells)
            return k;
    struct path_shape shape = { .next = place->shapes, .cells = cells };
    if (!vec_push(&p->v->mem, &p->shapes, shape))
        return VERIFY_NONE;
    place->shapes = p->shapes.n - 1;
    return place->shapes;
}

static bool path_add_to_bucket(struct paths *p, struct path_place *place, u32 n)
{
    struct path_node *node = &p->nodes.data[n];
    u64 constants, cells = path_constant_cells(p->v, node->state);
    u32 shape = path_add_shape(p, place, cells);
    if (shape == VERIFY_NONE || !path_hash_constants(p->v, node->state, cells, &constants))
        return false;
    struct path_bucket *bucket = path_bucket_at(p, shape, constants);
    if (!bucket) {
        struct path_bucket new = { .shape = shape, .first = VERIFY_NONE, .constants = constants };
        u64 key[2] = { shape, constants };
        if (!vec_push(&p->v->mem, &p->buckets, new) ||
            !hash_index_add(&p->bucket_index, hash_bytes(key, sizeof(key), 1), p->buckets.n - 1))
            return false;
        bucket = &vec_last(&p->buckets);
    }
    node->like = bucket->first;
    bucket->first = n;
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

/* Does a kept state stand for s?  *again: it does, and is the same. */
static bool path_stands_for(struct paths *p, u32 n, const struct state *s, u32 owner, bool *again)
{
    struct verifier *v = p->v;
    struct path_node *node = &p->nodes.data[n];
    bool iterates, stands = path_may_stand(p, n, s, owner, &iterates);
    bool same = !stands && node->open && path_looks_same(node->state, s);
    *again = false;
    if ((!stands && !same) || !merge_covers(v, node->state, s, 0))
        return false;
    /* Walked to its end, or a circle that somebody counts. */
    node->hits++;
    if (iterates)
        path_note_circle(p, owner, n);
    *again = !stands && merge_covers(v, s, node->state, 0);
    return stands;
}

static enum path_meeting path_meet_bucket(struct paths *p, struct path_bucket *bucket,
                                          const struct state *s, u32 owner)
{
    for (u32 *link = &bucket->first; *link != VERIFY_NONE;) {
        struct path_node *node = &p->nodes.data[*link];
        bool again;
        if (!node->state) {
            *link = node->like;
            continue;
        }
        if (path_stands_for(p, *link, s, owner, &again))
            return PATH_COVERED;
        if (again)
            return PATH_CIRCLE;
        link = &node->like;
    }
    return PATH_NEW;
}

/* States that never help are dropped by and by: as many are looked at as are kept. */
static void path_sweep(struct paths *p, struct path_place *place)
{
    enum { PATH_SWEEPS = 2, PATH_MISSES = 8 };
    for (u32 i = 0; i < PATH_SWEEPS; i++) {
        bool begins = place->swept == VERIFY_NONE;
        u32 *link = begins ? &place->first : &p->nodes.data[place->swept].next, n = *link;
        if (n == VERIFY_NONE) {
            place->swept = VERIFY_NONE;
            return;
        }
        struct path_node *node = &p->nodes.data[n];
        u32 misses = place->asked - node->born - node->hits;
        if (node->open == 0 && misses > 3 * node->hits + PATH_MISSES) {
            *link = node->next;
            state_drop(p->v, node->state);
            node->state = NULL;
        } else {
            place->swept = n;
        }
    }
}

static enum path_meeting path_meet(struct paths *p, struct path_place *place, const struct state *s,
                                   u32 owner)
{
    enum path_meeting meeting = PATH_NEW;
    place->asked++;
    for (u32 k = place->shapes; meeting == PATH_NEW && k != VERIFY_NONE;
         k = p->shapes.data[k].next) {
        struct path_bucket *bucket = path_find_bucket(p, k, s);
        meeting = bucket ? path_meet_bucket(p, bucket, s, owner) : PATH_NEW;
    }
    path_sweep(p, place);
    return meeting;
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

static bool path_keep(struct paths *p, struct path_place *place, struct state **s, u32 *owner)
{
    if (p->v->point[(*s)->insn] == POINT_JOINS)
        *s = path_join(p, place->first, *s);
    struct path_node node = { .parent = *owner,
                              .open = 1,
                              .next = place->first,
                              .circle = VERIFY_NONE,
                              .born = place->asked };
    node.state = state_copy_to_keep(p->v, *s);
    if (!node.state)
        return false;
    if (!vec_push(&p->v->mem, &p->nodes, node)) {
        state_drop(p->v, node.state);
        return verify_fails(p->v, SKEP_NOMEM);
    }
    place->first = *owner = p->nodes.n - 1;
    return path_add_to_bucket(p, place, *owner) || verify_fails(p->v, SKEP_NOMEM);
}

/* ---- the walk */

static bool path_walk(struct paths *p, struct state *s, u32 owner)
{
    struct verifier *v = p->v;
    if (path_meets(v, s->insn)) {
        merge_forget_dead(v, s, s->n_frames - 1u, v->live.regs[s->insn], v->live.slots[s->insn]);
        struct path_place *place = path_find_place(p, s);
        enum path_meeting meeting = place ? path_meet(p, place, s, owner) : PATH_NEW;
        if (!place || v->failure != SKEP_OK || meeting != PATH_NEW) {
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
        if (!path_keep(p, place, &s, &owner)) {
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
    vec_drop(&v->mem, &p->shapes);
    vec_drop(&v->mem, &p->buckets);
    hash_index_drop(&p->index);
    hash_index_drop(&p->bucket_index);
}

static enum outcome paths_walk(struct verifier *v, u32 rounds_apart, bool *joined)
{
    struct paths p = { .v = v, .rounds_apart = rounds_apart };
    hash_index_init(&p.index, &v->mem);
    hash_index_init(&p.bucket_index, &v->mem);
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
