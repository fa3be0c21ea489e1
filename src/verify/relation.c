/* What is known of differences: U(a) - U(b) <= most, of ids as unsigned integers.
 *
 * Few are kept, the latest; they come from branches that compare two unknowns and from operations
 * whose result is bounded by an operand (x % n, x & y, x >> 1).  Questions are answered by paths
 * through them. */
#include "verify/engine.h"

/* ---- the list */

static bool relation_stops(struct verifier *v, const struct state *s, const struct cell *cell,
                           void *user)
{
    (void)v, (void)s, (void)cell, (void)user;
    return false;
}

static bool relation_id_in_use(struct verifier *v, const struct state *s, u32 id)
{
    return !state_read_cells_of(v, s, id, relation_stops, NULL);
}

/* The oldest goes, unless one is about what nobody holds any more. */
static void relation_make_room(struct verifier *v, struct state *s)
{
    u32 out = 0;
    for (u32 i = 0; i < s->n_relations; i++)
        if (!relation_id_in_use(v, s, s->relations[i].a) ||
            !relation_id_in_use(v, s, s->relations[i].b)) {
            out = i;
            break;
        }
    memmove(&s->relations[out], &s->relations[out + 1],
            (s->n_relations - out - 1u) * sizeof(struct relation));
    s->n_relations--;
}

void relation_add(struct verifier *v, struct state *s, u32 a, u32 b, s64 most)
{
    if (a == b || !a || !b)
        return;
    for (u32 i = 0; i < s->n_relations; i++)
        if (s->relations[i].a == a && s->relations[i].b == b) {
            if (most < s->relations[i].most)
                s->relations[i].most = most;
            return;
        }
    if (s->n_relations == STATE_MAX_RELATIONS)
        relation_make_room(v, s);
    s->relations[s->n_relations++] = (struct relation){ .a = a, .b = b, .most = most };
}

/* ---- paths */

struct relation_reach {
    u32 n;
    u32 id[STATE_MAX_RELATIONS + 1];
    s64 most[STATE_MAX_RELATIONS + 1]; /* U(from) - U(id) <= most */
};

static bool relation_reach_note(struct relation_reach *reach, u32 id, s64 most)
{
    for (u32 i = 0; i < reach->n; i++)
        if (reach->id[i] == id) {
            bool better = most < reach->most[i];
            if (better)
                reach->most[i] = most;
            return better;
        }
    reach->id[reach->n] = id;
    reach->most[reach->n++] = most;
    return true;
}

/* What an id is bounded by.  A few rounds: each is a step further; stopping early loses bounds,
 * never soundness. */
static void relation_reach_from(const struct state *s, u32 from, struct relation_reach *reach)
{
    enum { RELATION_ROUNDS = 4 };
    reach->n = 0;
    relation_reach_note(reach, from, 0);
    bool changed = true;
    for (u32 round = 0; round < RELATION_ROUNDS && changed; round++) {
        changed = false;
        for (u32 i = 0; i < s->n_relations; i++) {
            const struct relation *r = &s->relations[i];
            for (u32 k = 0; k < reach->n; k++) {
                s64 most;
                if (reach->id[k] == r->a &&
                    !__builtin_add_overflow(reach->most[k], r->most, &most)) {
                    changed |= relation_reach_note(reach, r->b, most);
                    break;
                }
            }
        }
    }
}

bool relation_most(const struct state *s, u32 a, u32 b, s64 *most)
{
    struct relation_reach reach;
    relation_reach_from(s, a, &reach);
    for (u32 i = 0; i < reach.n; i++)
        if (reach.id[i] == b) {
            *most = reach.most[i];
            return true;
        }
    return false;
}

/* ---- ranges of ids */

struct relation_knowledge {
    u32 id;
    struct bounds bounds;
    struct scalar range;
};

static bool relation_meets_bounds(struct verifier *v, const struct state *s,
                                  const struct cell *cell, void *user)
{
    (void)s;
    struct relation_knowledge *known = user;
    const struct scalar *range = &cell_value(v, cell)->range;
    if (cell->plus == known->id && !cell->minus)
        known->bounds = bounds_meet(known->bounds, bounds_of_sum(range, 0 - cell->add));
    else if (cell->minus == known->id && !cell->plus)
        known->bounds = bounds_meet(known->bounds, bounds_turn(bounds_of(range), cell->add));
    return true;
}

struct bounds relation_id_bounds(struct verifier *v, const struct state *s, u32 id)
{
    struct relation_knowledge known = { .id = id, .bounds = bounds_any() };
    state_read_cells_of(v, s, id, relation_meets_bounds, &known);
    return known.bounds;
}

static bool relation_meets_range(struct verifier *v, const struct state *s, const struct cell *cell,
                                 void *user)
{
    (void)s;
    struct relation_knowledge *known = user;
    if (cell->plus == known->id && !cell->minus) {
        struct scalar shifted = scalar_sub64(cell_value(v, cell)->range, scalar_const(cell->add));
        known->range = scalar_meet(known->range, shifted);
    } else if (cell->minus == known->id && !cell->plus) {
        struct scalar turned = scalar_sub64(scalar_const(cell->add), cell_value(v, cell)->range);
        known->range = scalar_meet(known->range, turned);
    }
    return true;
}

/* Bits and all. */
static struct scalar relation_id_range(struct verifier *v, const struct state *s, u32 id)
{
    struct relation_knowledge known = { .id = id, .range = scalar_any() };
    state_read_cells_of(v, s, id, relation_meets_range, &known);
    return known.range;
}

/* What a state knows of a single unknown is in its cells, where covering looks.  So an unknown that
 * no cell has stands between others (relation_reach), but bounds none by being a number. */

/* U(id) <= U(x) + most for the ids reached. */
static u64 relation_upper(struct verifier *v, const struct state *s, u32 id)
{
    struct relation_reach reach;
    relation_reach_from(s, id, &reach);
    u64 upper = UINT64_MAX;
    for (u32 i = 0; i < reach.n; i++) {
        u64 top = relation_id_bounds(v, s, reach.id[i]).hi;
        if (top == UINT64_MAX)
            continue;
        s64 most = reach.most[i];
        u64 bound = top + (u64)most;
        bool wraps = most >= 0 ? bound < top : bound > top;
        if (!wraps)
            upper = min_u64(upper, bound);
    }
    return upper;
}

/* U(x) - U(id) <= most, so U(id) >= U(x) - most, for the x that have a bound by id. */
static u64 relation_lower(struct verifier *v, const struct state *s, u32 id)
{
    u64 lower = relation_id_bounds(v, s, id).lo;
    for (u32 i = 0; i < s->n_relations; i++) {
        const struct relation *r = &s->relations[i];
        if (r->b != id)
            continue;
        u64 least = relation_id_bounds(v, s, r->a).lo;
        u64 bound = least - (u64)r->most;
        bool wraps = r->most >= 0 ? bound > least : bound < least;
        if (!wraps && bound > lower && relation_id_in_use(v, s, r->a))
            lower = bound;
    }
    return lower;
}

/* plus - minus + add, when the difference is bounded on both sides. */
static struct scalar relation_difference_range(struct verifier *v, const struct state *s,
                                               struct form f)
{
    s64 most, back, lo, hi;
    struct bounds a = relation_id_bounds(v, s, f.plus), b = relation_id_bounds(v, s, f.minus);
    bool has_most = relation_most(s, f.plus, f.minus, &most);
    bool has_back = relation_most(s, f.minus, f.plus, &back);
    bool small = a.hi <= INT64_MAX && b.hi <= INT64_MAX;
    if (small) {
        s64 by_range = (s64)a.hi - (s64)b.lo;
        most = has_most && most < by_range ? most : by_range;
        s64 back_by_range = (s64)b.hi - (s64)a.lo;
        back = has_back && back < back_by_range ? back : back_by_range;
    } else if (!has_most || !has_back) {
        return scalar_any();
    }
    if (__builtin_sub_overflow((s64)f.add, back, &lo) ||
        __builtin_add_overflow((s64)f.add, most, &hi) || lo > hi)
        return scalar_any();
    return scalar_srange((u64)lo, (u64)hi);
}

struct scalar relation_tighten(struct verifier *v, const struct state *s, const struct cell *cell)
{
    struct scalar range = cell_value(v, cell)->range;
    struct form f = form_of(cell);
    if (form_is_constant(f))
        return range;
    if (!f.plus) { /* add - id */
        struct scalar id = relation_id_range(v, s, f.minus);
        return scalar_meet(range, scalar_sub64(scalar_const(f.add), id));
    }
    if (s->n_relations == 0)
        return range;
    if (f.plus && f.minus)
        return scalar_meet(range, relation_difference_range(v, s, f));
    if (!form_is_offset(f))
        return range;
    struct bounds id = { relation_lower(v, s, f.plus), relation_upper(v, s, f.plus) };
    struct bounds shifted = bounds_shift(id, f.add);
    if (shifted.lo <= range.umin && shifted.hi >= range.umax) /* nothing new */
        return range;
    return scalar_meet(range, scalar_range(shifted.lo, shifted.hi));
}

/* ---- numbers */

/* U(a) - U(b) <= most of exact forms is U(plus a) - U(plus b) <= most - add a + add b. */
static bool relation_shift(struct verifier *v, const struct cell *a, const struct cell *b, s64 most,
                           s64 *shifted)
{
    struct form fa = form_of(a), fb = form_of(b);
    if (!form_is_exact(fa, bounds_of(&cell_value(v, a)->range)) ||
        !form_is_exact(fb, bounds_of(&cell_value(v, b)->range)))
        return false;
    s64 sum;
    return !__builtin_sub_overflow(most, (s64)fa.add, &sum) &&
           !__builtin_add_overflow(sum, (s64)fb.add, shifted);
}

void relation_note(struct verifier *v, struct state *s, const struct cell *a, const struct cell *b,
                   s64 most)
{
    s64 shifted;
    if (a->plus && b->plus && relation_shift(v, a, b, most, &shifted))
        relation_add(v, s, a->plus, b->plus, shifted);
}

bool relation_holds(struct verifier *v, const struct state *s, const struct cell *a,
                    const struct cell *b, s64 most)
{
    const struct scalar *ra = &cell_value(v, a)->range, *rb = &cell_value(v, b)->range;
    u64 limit = rb->umin + (u64)most;
    bool wraps = most >= 0 ? limit < rb->umin : limit > rb->umin;
    if (most >= 0 ? wraps || ra->umax <= limit : !wraps && ra->umax <= limit)
        return true;
    s64 shifted, known;
    if (!a->plus || !b->plus || !relation_shift(v, a, b, most, &shifted))
        return false;
    if (a->plus == b->plus)
        return shifted >= 0;
    return relation_most(s, a->plus, b->plus, &known) && known <= shifted;
}

/* ---- what follows when a number is known better */

struct relation_refinement {
    struct form form; /* the number that is known better */
    struct scalar exact;
    u32 id;              /* of which it is an offset; 0: none */
    struct scalar range; /* of the id */
    bool possible;
    struct cell before, after; /* the last cell that was looked at: copies are many */
};

/* What is known of a cell by the refinement. */
static struct scalar relation_refined(const struct relation_refinement *r, const struct cell *cell)
{
    if (form_equal(form_of(cell), r->form))
        return r->exact;
    if (r->id && cell->plus == r->id && !cell->minus)
        return scalar_add64(r->range, scalar_const(cell->add));
    if (r->id && cell->minus == r->id && !cell->plus)
        return scalar_sub64(scalar_const(cell->add), r->range);
    return scalar_any();
}

static void relation_refine_range(struct verifier *v, struct relation_refinement *r,
                                  struct cell *cell)
{
    if (cell_same(cell, &r->before)) {
        *cell = r->after;
        return;
    }
    r->before = *cell;
    const struct scalar *known = &cell_value(v, cell)->range;
    struct scalar refined = relation_refined(r, cell);
    if (!scalar_contains(refined, *known)) {
        struct scalar range = scalar_meet(*known, refined);
        if (scalar_is_empty(range))
            r->possible = false;
        else
            *cell = cell_with_range(v, cell, range);
    }
    r->after = *cell;
}

static void relation_refine_cell(struct verifier *v, struct state *s, struct cell *cell, void *user)
{
    (void)s;
    struct relation_refinement *r = user;
    struct form f = form_of(cell);
    bool alone = !f.plus || !f.minus;
    bool concerned =
        form_equal(f, r->form) || (r->id && alone && (f.plus == r->id || f.minus == r->id));
    if (concerned) {
        relation_refine_range(v, r, cell);
    } else if (r->id && r->range.umin == r->range.umax && (f.plus == r->id || f.minus == r->id)) {
        cell->add += f.plus == r->id ? r->range.umin : 0 - r->range.umin;
        *(f.plus == r->id ? &cell->plus : &cell->minus) = 0;
    }
}

static void relation_refine_cells(struct verifier *v, struct state *s,
                                  struct relation_refinement *r)
{
    state_each_cell_of(v, s, r->id ? r->id : r->form.plus, relation_refine_cell, r);
}

void relation_note_sum(struct verifier *v, struct state *s, const struct cell *result,
                       const struct cell *a, const struct cell *b)
{
    struct form fa = form_of(a), fb = form_of(b);
    if (!form_is_offset(fa) || !form_is_offset(fb) || result->minus || result->add ||
        !form_is_exact(fa, bounds_of(&cell_value(v, a)->range)) ||
        !form_is_exact(fb, bounds_of(&cell_value(v, b)->range)) || fa.add > UINT32_MAX ||
        fb.add > UINT32_MAX)
        return;
    memmove(s->sums + 1, s->sums, (STATE_MAX_SUMS - 1) * sizeof(s->sums[0]));
    s->sums[0] =
        (struct sum){ .y = result->plus, .a = fa.plus, .b = fb.plus, .c = (s64)(fa.add + fb.add) };
}

void relation_forget_sums(struct verifier *v, struct state *s)
{
    for (u32 i = 0; i < STATE_MAX_SUMS; i++) {
        struct sum *sum = &s->sums[i];
        if (sum->y && !(relation_id_in_use(v, s, sum->y) && relation_id_in_use(v, s, sum->a) &&
                        relation_id_in_use(v, s, sum->b)))
            *sum = (struct sum){ 0 };
    }
}

/* A summand that is known better bounds the distance of the other from the sum. */
static void relation_sums_tell(struct verifier *v, struct state *s, u32 id, struct bounds known)
{
    for (u32 i = 0; i < STATE_MAX_SUMS; i++) {
        struct sum sum = s->sums[i];
        if (!sum.y || (sum.a != id && sum.b != id) || known.hi > INT32_MAX)
            continue;
        u32 other = sum.a == id ? sum.b : sum.a;
        relation_add(v, s, other, sum.y, -(s64)known.lo - sum.c);
        relation_add(v, s, sum.y, other, (s64)known.hi + sum.c);
    }
}

/* One step along the relations: what bounds the id bounds its neighbours. */
static bool relation_propagate(struct verifier *v, struct state *s, u32 id, struct bounds known,
                               u32 depth);

static void relation_settle(struct state *s, u32 id, u64 value)
{
    memmove(s->settled + 1, s->settled, (STATE_MAX_SETTLED - 1) * sizeof(s->settled[0]));
    s->settled[0] = (struct settled){ .id = id, .value = value };
}

static struct scalar relation_align(const struct state *s, u32 id, struct scalar range)
{
    struct bounds known = bounds_of(&range), aligned = stride_align(s, id, known);
    if (aligned.lo == known.lo && aligned.hi == known.hi)
        return range;
    return scalar_meet(range, scalar_range(aligned.lo, aligned.hi));
}

static bool relation_refine_id(struct verifier *v, struct state *s, u32 id, struct scalar range,
                               u32 depth)
{
    range = relation_align(s, id, range);
    if (scalar_is_empty(range))
        return false;
    struct relation_refinement r = {
        .form = { .plus = id }, .exact = range, .id = id, .range = range, .possible = true
    };
    if (range.umin == range.umax)
        relation_settle(s, id, range.umin);
    relation_refine_cells(v, s, &r);
    return r.possible && relation_propagate(v, s, id, bounds_of(&range), depth);
}

/* An unknown has these bounds; none: it is nothing at all. */
static bool relation_tells(struct verifier *v, struct state *s, u32 other, struct bounds told,
                           u32 depth)
{
    struct bounds known = relation_id_bounds(v, s, other);
    if (told.lo <= known.lo && told.hi >= known.hi)
        return true;
    if (!relation_id_in_use(v, s, other)) /* nobody would keep it, and be told again */
        return true;
    if (told.lo > told.hi || told.lo > known.hi || told.hi < known.lo)
        return false;
    struct bounds better = bounds_meet(known, told);
    struct scalar range =
        scalar_meet(relation_id_range(v, s, other), scalar_range(better.lo, better.hi));
    return !scalar_is_empty(range) && relation_refine_id(v, s, other, range, depth + 1);
}

/* U(a) - U(b) <= most: what the bounds of b tell of a; none: it cannot be. */
static struct bounds relation_bounds_first(s64 most, struct bounds b)
{
    u64 hi = b.hi + (u64)most;
    if (most >= 0 ? hi < b.hi : hi > b.hi)
        return most >= 0 ? bounds_any() : (struct bounds){ 1, 0 };
    return (struct bounds){ 0, hi };
}

/* What the bounds of a tell of b. */
static struct bounds relation_bounds_second(s64 most, struct bounds a)
{
    u64 lo = a.lo - (u64)most;
    if (most >= 0 ? lo > a.lo : lo < a.lo)
        return most >= 0 ? bounds_any() : (struct bounds){ 1, 0 };
    return (struct bounds){ lo, UINT64_MAX };
}

static bool relation_propagate(struct verifier *v, struct state *s, u32 id, struct bounds known,
                               u32 depth)
{
    enum { RELATION_DEPTH = 3, RELATION_MOST_DEPTH = 32 };
    /* A constant leaves the relations with its name: they must have told all they know by then. */
    if (depth >= RELATION_DEPTH && known.lo != known.hi)
        return true;
    /* Without memory nothing gets to know anything. */
    if (depth >= RELATION_MOST_DEPTH || v->values.failed)
        return true;
    relation_sums_tell(v, s, id, known);
    for (u32 i = 0; i < s->n_affines; i++) {
        u32 other;
        struct bounds told;
        if (affine_other(&s->affines[i], id, known, &other, &told) &&
            !relation_tells(v, s, other, told, depth))
            return false;
    }
    for (u32 i = 0; i < s->n_relations; i++) {
        struct relation r = s->relations[i];
        if (r.a == r.b || (r.a != id && r.b != id))
            continue;
        struct bounds told = r.b == id ? relation_bounds_first(r.most, known)
                                       : relation_bounds_second(r.most, known);
        if (!relation_tells(v, s, r.b == id ? r.a : r.b, told, depth))
            return false;
    }
    return true;
}

/* U(a) - U(b) <= most is new, of numbers far from wrapping; false: it cannot be. */
static bool relation_learn(struct verifier *v, struct state *s, u32 a, u32 b, s64 most)
{
    struct bounds in_a = relation_id_bounds(v, s, a), in_b = relation_id_bounds(v, s, b);
    relation_add(v, s, a, b, most);
    return relation_tells(v, s, a, relation_bounds_first(most, in_b), 0) &&
           relation_tells(v, s, b, relation_bounds_second(most, in_a), 0);
}

/* What the range of plus - minus + add tells of the two: as signed numbers it is exact when the
 * ids are far from wrapping.  false: it cannot be. */
static bool relation_from_difference(struct verifier *v, struct state *s, struct form f,
                                     const struct scalar *range)
{
    const u64 far = (u64)1 << 62;
    s64 most, least;
    if (relation_id_bounds(v, s, f.plus).hi > far || relation_id_bounds(v, s, f.minus).hi > far)
        return true;
    if ((s64)f.add > (s64)far || (s64)f.add < -(s64)far)
        return true;
    if (!__builtin_sub_overflow((s64)range->smax, (s64)f.add, &most) &&
        !relation_learn(v, s, f.plus, f.minus, most))
        return false;
    return __builtin_sub_overflow((s64)f.add, (s64)range->smin, &least) ||
           relation_learn(v, s, f.minus, f.plus, least);
}

bool state_tighten_lines(struct verifier *v, struct state *s)
{
    for (u32 i = 0; i < s->n_affines; i++) {
        struct affine line = s->affines[i];
        const u32 ends[2] = { line.x, line.y };
        for (u32 e = 0; e < 2; e++) {
            u32 other;
            struct bounds told;
            if (affine_other(&line, ends[e], relation_id_bounds(v, s, ends[e]), &other, &told) &&
                !relation_tells(v, s, other, told, 0))
                return false;
        }
    }
    return true;
}

bool state_tighten_strides(struct verifier *v, struct state *s)
{
    for (u32 i = 0; i < s->n_strides; i++) {
        u32 id = s->strides[i].id;
        struct bounds known = relation_id_bounds(v, s, id), better = stride_align(s, id, known);
        bool tighter = better.lo != known.lo || better.hi != known.hi;
        if (tighter && !relation_refine_id(v, s, id, relation_id_range(v, s, id), 0))
            return false;
    }
    return true;
}

bool state_refine(struct verifier *v, struct state *s, const struct cell *cell, struct scalar range)
{
    struct relation_refinement r = { .form = form_of(cell), .exact = range, .possible = true };
    if (scalar_is_empty(range))
        return false;
    if (form_is_constant(r.form))
        return true;
    if (!r.form.plus) { /* add - id */
        r.id = r.form.minus;
        r.range = relation_align(s, r.id, scalar_sub64(scalar_const(r.form.add), range));
        if (scalar_is_empty(r.range))
            return false;
    } else if (form_is_offset(r.form)) {
        r.id = r.form.plus;
        r.range = relation_align(s, r.id, scalar_sub64(range, scalar_const(r.form.add)));
        r.exact = scalar_meet(range, scalar_add64(r.range, scalar_const(r.form.add)));
        if (scalar_is_empty(r.range) || scalar_is_empty(r.exact))
            return false;
    } else if (!relation_from_difference(v, s, r.form, &range)) {
        return false;
    }
    if (r.id && r.range.umin == r.range.umax)
        relation_settle(s, r.id, r.range.umin);
    relation_refine_cells(v, s, &r);
    return r.possible && (!r.id || relation_propagate(v, s, r.id, bounds_of(&r.range), 0));
}
