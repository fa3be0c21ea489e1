/* Where paths meet: is one state covered by another, and what covers both.
 *
 * Ids are names that each state gives to its unknowns; an id of the old state stands for a form of
 * the new one (cover), or for a pair of forms, one from each side (join).  So a loop's counter, old
 * id + 1 in the next round, is covered by the id that the loop's head gave it.
 *
 * Ids below `fixed` are names that a caller has given and wants to find again: they keep their
 * meaning. */
#include "verify/engine.h"

enum { MERGE_MOST = 192 }; /* unknowns in one comparison; more: no match */

/* ---- covering */

struct cover {
    struct verifier *v;
    const struct state *old, *new;
    u32 fixed;
    u32 n_ids, n_tags;
    struct cover_id {
        struct form form; /* first: what finds one finds the other */
        u32 id;
        value_id
            value; /* of the new cell that gave it its meaning, which is `add` above; 0: none */
        u64 add;
    } ids[MERGE_MOST];
    struct {
        u32 old, new;
    } tags[MERGE_MOST];
    value_id value; /* of the new cell that is looked at */
};

/* The tag of what is NULL, a number now, by that of what it may have been. */
#define COVER_NULL 0x80000000u

static bool cover_tag(struct cover *c, u32 old, u32 new)
{
    if (!old || !new)
        return old == new;
    for (u32 i = 0; i < c->n_tags; i++)
        if (c->tags[i].old == old || c->tags[i].new == new)
            return c->tags[i].old == old && c->tags[i].new == new;
    if (c->n_tags == MERGE_MOST)
        return false;
    c->tags[c->n_tags].old = old;
    c->tags[c->n_tags++].new = new;
    return true;
}

static const struct form *cover_find(const struct cover *c, u32 id)
{
    for (u32 i = 0; i < c->n_ids; i++)
        if (c->ids[i].id == id)
            return &c->ids[i].form;
    return NULL;
}

static bool cover_id(struct cover *c, u32 id, struct form form)
{
    const struct form *known = cover_find(c, id);
    if (known)
        return form_equal(*known, form);
    if (id < c->fixed && !form_equal(form, (struct form){ .plus = id }))
        return false;
    if (c->n_ids == MERGE_MOST)
        return false;
    c->ids[c->n_ids++] = (struct cover_id){ .id = id, .form = form };
    return true;
}

/* The same of a number that is the id and add. */
static bool cover_offset(struct cover *c, u32 id, u64 add, struct form form)
{
    u32 n = c->n_ids;
    if (!cover_id(c, id, form))
        return false;
    if (c->n_ids > n) {
        c->ids[n].value = c->value;
        c->ids[n].add = add;
    }
    return true;
}

/* The new form must be what the old one is, with the ids' meanings put in. */
static bool cover_form(struct cover *c, struct form old, struct form new)
{
    if (form_is_constant(old))
        return form_equal(old, new);
    if (form_is_offset(old)) {
        new.add -= old.add;
        return cover_offset(c, old.plus, old.add, new);
    }
    const struct form *plus = cover_find(c, old.plus), *minus = cover_find(c, old.minus);
    struct form difference;
    if (!minus || (old.plus && !plus)) /* nothing gives the ids a meaning: the same one, then */
        return form_equal(old, new) &&
               (!old.plus || cover_id(c, old.plus, (struct form){ .plus = old.plus })) &&
               cover_id(c, old.minus, (struct form){ .plus = old.minus });
    struct form zero = { 0 };
    if (!form_difference(plus ? *plus : zero, *minus, &difference))
        return false;
    difference.add += old.add;
    return form_equal(difference, new);
}

static bool cover_cell(struct cover *c, const struct cell *old, const struct cell *new)
{
    if (cell_is_none(old))
        return true;
    const struct value *a = cell_value(c->v, old), *b = cell_value(c->v, new);
    bool null = (a->flags & VALUE_NULLABLE) && b->kind == VALUE_SCALAR && b->range.umax == 0;
    if (null) /* whatever shares the tag must be NULL as well */
        return !old->ref && cover_tag(c, old->tag, COVER_NULL | old->tag);
    if (a->kind != b->kind || a->object != b->object || a->bytes != b->bytes)
        return false;
    u8 more = VALUE_NULLABLE | VALUE_READ_ONLY, less = VALUE_OF_HOST;
    if ((b->flags & ~a->flags & ~less) || (a->flags & ~b->flags & ~more))
        return false;
    if (old->value != new->value && !scalar_contains(a->range, b->range))
        return false;
    c->value = new->value;
    return cover_tag(c, old->tag, new->tag) && cover_tag(c, old->ref, new->ref) &&
           cover_form(c, form_of(old), form_of(new));
}

/* Of a piece of stack that the old state knows. */
static bool cover_run(struct cover *c, const struct slot *old, u32 p, const struct slot *new)
{
    for (u32 q = 0; new &&q < 2; q++)
        if (new->run[q].size == old->run[p].size &&new->run[q].at == old->run[p].at)
            return cover_cell(c, &old->part[p], &new->part[q]);
    u8 mask = (u8)(((1u << old->run[p].size) - 1) << old->run[p].at);
    if (!new || (new->zero &mask) != mask)
        return false;
    struct cell zero = cell_constant(c->v, 0);
    return cover_cell(c, &old->part[p], &zero);
}

static bool cover_slot(struct cover *c, const struct slot *old, const struct slot *new)
{
    static const struct slot nothing;
    bool strict = c->v->in->profile == SKEP_PROFILE_STRICT;
    if (!new)
        new = &nothing;
    if (old->kind != new->kind || (old->zero & ~new->zero) ||
        (strict && (old->written & ~new->written)))
        return false;
    for (u32 p = 0; p < 2; p++)
        if (old->run[p].size && !cover_run(c, old, p, new))
            return false;
    return true;
}

static bool cover_frame(struct cover *c, const struct frame *old, const struct frame *new)
{
    for (u32 r = 0; r < STATE_REGS; r++)
        if (!cover_cell(c, &old->reg[r], &new->reg[r]))
            return false;
    for (u32 i = 0; i < old->n_slots; i++)
        if (!cover_slot(c, &old->slot[i], i < new->n_slots ? &new->slot[i] : NULL))
            return false;
    for (u32 i = old->n_slots; i < new->n_slots; i++)
        if (new->slot[i].kind != SLOT_DATA)
            return false;
    return true;
}

static struct bounds merge_form_bounds(struct verifier *v, const struct state *s, struct form f)
{
    if (form_is_constant(f))
        return (struct bounds){ f.add, f.add };
    return f.minus ? bounds_any() : bounds_shift(relation_id_bounds(v, s, f.plus), f.add);
}

/* The numbers that an id of the old state can stand for: by its form, and by the cell that gave it.
 */
static struct bounds cover_bounds(const struct cover *c, const struct form *form)
{
    const struct cover_id *id = (const struct cover_id *)(const void *)form;
    struct bounds bounds = merge_form_bounds(c->v, c->new, *form);
    if (!id->value)
        return bounds;
    const struct scalar *cell = &value_at(&c->v->values, id->value)->range;
    return bounds_meet(bounds, bounds_of_sum(cell, 0 - id->add));
}

/* Do bounds alone tell that U(a) - U(b) <= most? */
static bool cover_apart(struct bounds a, struct bounds b, s64 most)
{
    u64 limit = b.lo + (u64)most;
    bool wraps = most >= 0 ? limit < b.lo : limit > b.lo;
    return most >= 0 ? wraps || a.hi <= limit : !wraps && a.hi <= limit;
}

/* Is U(a) - U(b) <= most in the new state, of what two ids stand for? */
static bool cover_within(const struct cover *c, const struct form *pa, const struct form *pb,
                         s64 most)
{
    const struct state *s = c->new;
    struct form a = *pa, b = *pb;
    struct bounds ba = cover_bounds(c, pa), bb = cover_bounds(c, pb);
    s64 known, shifted;
    if (cover_apart(ba, bb, most))
        return true;
    if (!form_is_offset(a) || !form_is_offset(b) || !form_is_exact(a, ba) ||
        !form_is_exact(b, bb) || __builtin_sub_overflow(most, (s64)a.add, &shifted) ||
        __builtin_add_overflow(shifted, (s64)b.add, &shifted))
        return false;
    if (a.plus == b.plus)
        return shifted >= 0;
    return relation_most(s, a.plus, b.plus, &known) && known <= shifted;
}

/* What the old state knows of a and others by way of an unknown that nothing holds any more. */
static bool cover_indirect(struct cover *c, u32 a, const struct form *form)
{
    for (u32 i = 0; i < c->old->n_relations; i++) {
        const struct relation *r = &c->old->relations[i];
        const struct form *b = cover_find(c, r->a) ? NULL : cover_find(c, r->b);
        s64 most;
        if (b && r->b != a && relation_most(c->old, a, r->b, &most) &&
            !cover_within(c, form, b, most))
            return false;
    }
    return true;
}

static bool cover_relations(struct cover *c)
{
    for (u32 i = 0; i < c->old->n_relations; i++) {
        const struct relation *r = &c->old->relations[i];
        const struct form *a = cover_find(c, r->a), *b = cover_find(c, r->b);
        if (a && (b ? !cover_within(c, a, b, r->most) : !cover_indirect(c, r->a, a)))
            return false;
    }
    return true;
}

/* Does the old state know of anything else by way of an unknown that nothing holds any more? */
static bool cover_leads_on(const struct cover *c, const struct affine *line, u32 id)
{
    for (u32 i = 0; i < c->old->n_affines; i++) {
        const struct affine *other = &c->old->affines[i];
        if (other != line && (other->x == id || other->y == id))
            return true;
    }
    for (u32 i = 0; i < c->old->n_relations; i++)
        if (c->old->relations[i].a == id || c->old->relations[i].b == id)
            return true;
    return false;
}

/* Two ids of the old state lie on a line: do what they stand for? */
static bool cover_line(struct cover *c, const struct affine *line)
{
    const struct form *x = cover_find(c, line->x), *y = cover_find(c, line->y);
    struct affine known;
    bool point;
    if (!x && !y)
        return true;
    if (!x || !y)
        return !cover_leads_on(c, line, x ? line->y : line->x);
    struct bounds bx = merge_form_bounds(c->v, c->new, *x);
    struct bounds by = merge_form_bounds(c->v, c->new, *y);
    if (!affine_between(c->new, *x, bx, *y, by, &known, &point))
        return false;
    return point ? affine_holds_at(line, x->add, y->add) : affine_same(&known, line);
}

static bool cover_lines(struct cover *c)
{
    for (u32 i = 0; i < c->old->n_affines; i++)
        if (!cover_line(c, &c->old->affines[i]))
            return false;
    return true;
}

/* U(y) = U(a) + U(b) + c in the new state, of what three ids stand for? */
static bool cover_sum_holds(const struct cover *c, const struct sum *sum, const struct form *y,
                            const struct form *a, const struct form *b)
{
    for (u32 i = 0; i < STATE_MAX_SUMS; i++) {
        const struct sum *known = &c->new->sums[i];
        bool same =
            known->y && known->c == sum->c && form_equal(*y, (struct form){ .plus = known->y });
        const struct form first = { .plus = known->a }, second = { .plus = known->b };
        if (same && ((form_equal(*a, first) && form_equal(*b, second)) ||
                     (form_equal(*a, second) && form_equal(*b, first))))
            return true;
    }
    const struct form *constant = form_is_constant(*a) ? a : b, *other = constant == a ? b : a;
    u64 add = constant->add + (u64)sum->c, top;
    struct form together = *other;
    together.add += add;
    return form_is_constant(*constant) && constant->add <= UINT32_MAX && form_equal(*y, together) &&
           !__builtin_add_overflow(cover_bounds(c, other).hi, add, &top);
}

/* Sums tell of their parts when one of them is known better, later.  Those with a part that nothing
 * holds are forgotten where states meet. */
static bool cover_sums(const struct cover *c)
{
    for (u32 i = 0; i < STATE_MAX_SUMS; i++) {
        const struct sum *sum = &c->old->sums[i];
        const struct form *y = cover_find(c, sum->y), *a = cover_find(c, sum->a),
                          *b = cover_find(c, sum->b);
        if (sum->y && (!y || !a || !b || !cover_sum_holds(c, sum, y, a, b)))
            return false;
    }
    return true;
}

/* What the old state's unknowns step by, the new one's do. */
static bool cover_strides(struct cover *c)
{
    for (u32 i = 0; i < c->old->n_strides; i++) {
        const struct form *form = cover_find(c, c->old->strides[i].id);
        if (form && !stride_holds(c->new, *form, cover_bounds(c, form), &c->old->strides[i]))
            return false;
    }
    return true;
}

static bool cover_held(struct cover *c)
{
    if (c->old->n_held != c->new->n_held)
        return false;
    for (u32 i = 0; i < c->old->n_held; i++)
        if (c->old->held[i].kind != c->new->held[i].kind ||
            c->old->held[i].frame != c->new->held[i].frame ||
            !cover_tag(c, c->old->held[i].ref, c->new->held[i].ref))
            return false;
    return true;
}

static bool merge_same_modes(const struct state *a, const struct state *b)
{
    return a->n_frames == b->n_frames && a->rcu == b->rcu && a->preempt == b->preempt &&
           !a->lock == !b->lock && a->lock_map == b->lock_map;
}

bool merge_covers(struct verifier *v, const struct state *old, const struct state *new, u32 fixed)
{
    struct cover c;
    c.v = v;
    c.old = old;
    c.new = new;
    c.fixed = fixed;
    c.n_ids = c.n_tags = 0;
    if (!merge_same_modes(old, new) || !cover_held(&c) || !cover_tag(&c, old->lock, new->lock))
        return false;
    for (u32 i = old->n_frames; i-- > 0;)
        if (!cover_frame(&c, old->frames[i], new->frames[i]))
            return false;
    for (u32 e = 0; e < EXTENT_COUNT; e++)
        if (!cover_cell(&c, &old->extent[e], &new->extent[e]))
            return false;
    return cover_relations(&c) && cover_lines(&c) && cover_sums(&c) && cover_strides(&c);
}

/* ---- joining */

struct join_id {
    u32 id;
    struct form a, b;
    struct bounds in_a, in_b;
};

struct join {
    struct verifier *v;
    const struct state *a, *b;
    struct state *out;
    bool widen;
    bool dropped; /* something that both sides knew is lost */
    u32 n_ids, n_tags;
    struct join_id ids[MERGE_MOST];
    struct {
        u32 a, b, id;
    } tags[MERGE_MOST];
};

/* In place of the tag of what is NULL, a number now.  It is not 0: what is there on this side has
 * no tag either, and must not be taken for NULL together with what is NULL. */
#define JOIN_NULL 0x80000000u

static u32 join_tag(struct join *j, u32 a, u32 b)
{
    if (a == b)
        return a;
    for (u32 i = 0; i < j->n_tags; i++)
        if (j->tags[i].a == a && j->tags[i].b == b)
            return j->tags[i].id;
    u32 id = state_fresh_id(j->out);
    if (j->n_tags < MERGE_MOST) {
        j->tags[j->n_tags].a = a;
        j->tags[j->n_tags].b = b;
        j->tags[j->n_tags++].id = id;
    }
    return id;
}

static void join_note_id(struct join *j, u32 id, struct form a, struct form b, struct bounds in_a,
                         struct bounds in_b)
{
    if (j->n_ids < MERGE_MOST)
        j->ids[j->n_ids++] =
            (struct join_id){ .id = id, .a = a, .b = b, .in_a = in_a, .in_b = in_b };
}

/* What an unknown turned out to be in a state; false: that is not known. */
static bool join_settled_at(const struct state *s, u32 id, u64 *value)
{
    for (u32 i = 0; i < STATE_MAX_SETTLED; i++)
        if (s->settled[i].id == id) {
            *value = s->settled[i].value;
            return true;
        }
    return false;
}

/* Is the constant what the form is, in a state that knows its unknown? */
static bool join_is_settled(const struct state *s, struct form constant, struct form f)
{
    u64 value;
    return form_is_constant(constant) && form_is_offset(f) && join_settled_at(s, f.plus, &value) &&
           value + f.add == constant.add;
}

/* A form that is fa on one side and fb on the other, in a name that either side has given up. */
static bool join_named(const struct join *j, struct form fa, struct form fb, struct form *out)
{
    if (join_is_settled(j->a, fa, fb) || join_is_settled(j->b, fb, fa)) {
        *out = form_is_constant(fa) ? fb : fa;
        return true;
    }
    for (u32 i = 0; form_is_constant(fa) && form_is_constant(fb) && i < STATE_MAX_SETTLED; i++) {
        const struct settled *a = &j->a->settled[i];
        u64 b;
        if (a->id && join_settled_at(j->b, a->id, &b) && fa.add - a->value == fb.add - b) {
            *out = (struct form){ .plus = a->id, .add = fa.add - a->value };
            return true;
        }
    }
    return false;
}

static void join_sums(struct join *j)
{
    for (u32 i = 0; i < STATE_MAX_SUMS; i++) {
        struct sum *a = &j->out->sums[i];
        bool same = false;
        for (u32 k = 0; k < STATE_MAX_SUMS; k++) {
            const struct sum *b = &j->b->sums[k];
            same |= a->y == b->y && a->a == b->a && a->b == b->b && a->c == b->c;
        }
        if (!same)
            *a = (struct sum){ 0 };
    }
}

static void join_settled(struct join *j)
{
    for (u32 i = 0; i < STATE_MAX_SETTLED; i++) {
        struct settled *a = &j->out->settled[i];
        bool same = false;
        for (u32 k = 0; k < STATE_MAX_SETTLED; k++)
            same |= a->id == j->b->settled[k].id && a->value == j->b->settled[k].value;
        if (!same)
            *a = (struct settled){ 0 };
    }
}

/* Numbers below 0 are far above all others as unsigned ones.  A counter that begins there is an
 * offset, from its first value, of an unknown that begins at 0 and has no need to wrap. */
static u64 join_origin(struct form fa, const struct scalar *ra, struct form fb,
                       const struct scalar *rb)
{
    bool constants = form_is_constant(fa) && form_is_constant(fb);
    if (constants)
        return (s64)(fa.add ^ fb.add) < 0 ? ((s64)fa.add < 0 ? fa.add : fb.add) : 0;
    if (form_is_offset(fa) && (s64)fa.add < 0 && !form_is_exact(fa, bounds_of(ra)))
        return fa.add;
    if (form_is_offset(fb) && (s64)fb.add < 0 && !form_is_exact(fb, bounds_of(rb)))
        return fb.add;
    return 0;
}

/* The same unknown on both sides keeps its name. */
static struct form join_form(struct join *j, const struct cell *a, const struct cell *b)
{
    struct form fa = form_of(a), fb = form_of(b);
    const struct scalar *ra = &cell_value(j->v, a)->range, *rb = &cell_value(j->v, b)->range;
    bool known = false;
    if (form_equal(fa, fb)) {
        for (u32 i = 0; i < j->n_ids; i++)
            known |= j->ids[i].id == fa.plus;
        if (form_is_offset(fa) && !known)
            join_note_id(j, fa.plus, (struct form){ .plus = fa.plus },
                         (struct form){ .plus = fa.plus }, bounds_of_sum(ra, 0 - fa.add),
                         bounds_of_sum(rb, 0 - fb.add));
        return fa;
    }
    struct form named;
    if (join_named(j, fa, fb, &named)) {
        for (u32 i = 0; i < j->n_ids; i++)
            known |= j->ids[i].id == named.plus;
        if (!known)
            join_note_id(j, named.plus,
                         form_is_constant(fa) ? (struct form){ .add = fa.add - named.add }
                                              : (struct form){ .plus = named.plus },
                         form_is_constant(fb) ? (struct form){ .add = fb.add - named.add }
                                              : (struct form){ .plus = named.plus },
                         bounds_of_sum(ra, 0 - named.add), bounds_of_sum(rb, 0 - named.add));
        return named;
    }
    for (u32 i = 0; i < j->n_ids; i++) {
        const struct join_id *k = &j->ids[i];
        if (k->a.plus == fa.plus && k->a.minus == fa.minus && k->b.plus == fb.plus &&
            k->b.minus == fb.minus && fa.add - k->a.add == fb.add - k->b.add)
            return (struct form){ .plus = k->id, .add = fa.add - k->a.add };
    }
    u32 id = state_fresh_id(j->out);
    u64 origin = join_origin(fa, ra, fb, rb);
    fa.add -= origin;
    fb.add -= origin;
    join_note_id(j, id, fa, fb, bounds_of_sum(ra, 0 - origin), bounds_of_sum(rb, 0 - origin));
    return (struct form){ .plus = id, .add = origin };
}

static struct cell join_lost(struct join *j)
{
    j->dropped = true;
    return cell_none();
}

/* NULL on one side, a pointer on the other.  The context and functions are never NULL: nobody who
 * wants one asks whether it may be, so that what is only one of them on some paths is nothing. */
static struct cell join_null(struct join *j, const struct cell *pointer, bool pointer_is_a)
{
    struct cell out = *pointer;
    struct value value = *cell_value(j->v, pointer);
    if (pointer->ref || value.kind == VALUE_CTX || value.kind == VALUE_FUNC)
        return join_lost(j);
    value.flags |= VALUE_NULLABLE;
    out.value = value_intern(&j->v->values, &value);
    out.tag =
        pointer_is_a ? join_tag(j, pointer->tag, JOIN_NULL) : join_tag(j, JOIN_NULL, pointer->tag);
    if (!form_is_constant(form_of(pointer)))
        form_set(&out, (struct form){ .plus = state_fresh_id(j->out) });
    return out;
}

static bool join_is_null(const struct value *value)
{
    return value->kind == VALUE_SCALAR && value->range.umax == 0;
}

static struct cell join_cell(struct join *j, const struct cell *a, const struct cell *b)
{
    if (cell_is_none(a) || cell_is_none(b))
        return cell_none();
    if (cell_same(a, b) && form_is_constant(form_of(a)))
        return *a;
    const struct value *va = cell_value(j->v, a), *vb = cell_value(j->v, b);
    if (value_is_pointer(vb) && join_is_null(va))
        return join_null(j, b, false);
    if (value_is_pointer(va) && join_is_null(vb))
        return join_null(j, a, true);
    u8 either = VALUE_NULLABLE | VALUE_READ_ONLY, both = VALUE_OF_HOST;
    if (va->kind != vb->kind || va->object != vb->object || va->bytes != vb->bytes ||
        ((va->flags ^ vb->flags) & ~(either | both)) || !a->ref != !b->ref)
        return join_lost(j);
    struct value value = *va;
    value.flags = (u8)(((va->flags | vb->flags) & ~both) | (va->flags & vb->flags));
    value.range =
        j->widen ? thresholds_widen(j->v, va->range, vb->range) : scalar_join(va->range, vb->range);
    struct cell out = { .tag = join_tag(j, a->tag, b->tag), .ref = join_tag(j, a->ref, b->ref) };
    if ((value.flags & VALUE_NULLABLE) && !out.tag)
        out.tag = state_fresh_id(j->out);
    out.value = value_intern(&j->v->values, &value);
    form_set(&out, value.range.umin == value.range.umax ? (struct form){ .add = value.range.umin }
                                                        : join_form(j, a, b));
    return out;
}

static struct slot join_slot(struct join *j, const struct slot *a, const struct slot *b)
{
    struct slot out = { .written = a->written & b->written, .zero = a->zero & b->zero };
    if (a->kind != b->kind) { /* an object on one side only is none */
        j->dropped = true;
        return (struct slot){ .kind = SLOT_DATA };
    }
    if (a->kind != SLOT_DATA) {
        out = *a;
        out.part[0] = join_cell(j, &a->part[0], &b->part[0]);
        return out;
    }
    bool strict = j->v->in->profile == SKEP_PROFILE_STRICT;
    for (u32 p = 0; p < 2; p++) {
        if (!a->run[p].size)
            continue;
        u8 mask = (u8)(((1u << a->run[p].size) - 1) << a->run[p].at);
        struct cell zero = cell_constant(j->v, 0);
        const struct cell *other = (b->zero & mask) == mask ? &zero : NULL;
        for (u32 q = 0; q < 2; q++)
            if (b->run[q].size == a->run[p].size && b->run[q].at == a->run[p].at)
                other = &b->part[q];
        bool lost = j->dropped;
        struct cell cell = other ? join_cell(j, &a->part[p], other) : cell_none();
        j->dropped = lost; /* what lies there can still be read, as a number */
        if (!cell_is_none(&cell)) {
            out.run[p].at = a->run[p].at;
            out.run[p].size = a->run[p].size;
            out.part[p] = cell;
        } else if (value_is_pointer(cell_value(j->v, &a->part[p]))) {
            j->dropped = true;
            if (strict)
                out.written = 0;
        }
    }
    /* What a knows as zero bytes, b as a value. */
    for (u32 q = 0; q < 2; q++) {
        u8 mask = (u8)(((1u << b->run[q].size) - 1) << b->run[q].at);
        bool free = !out.run[0].size || !out.run[1].size, taken = false;
        for (u32 p = 0; p < 2; p++)
            taken |= (mask & (((1u << a->run[p].size) - 1) << a->run[p].at)) != 0;
        if (!b->run[q].size || (a->zero & mask) != mask || !free || taken)
            continue;
        struct cell zero = cell_constant(j->v, 0);
        u32 p = out.run[0].size ? 1 : 0;
        out.part[p] = join_cell(j, &zero, &b->part[q]);
        if (!cell_is_none(&out.part[p])) {
            out.run[p].at = b->run[q].at;
            out.run[p].size = b->run[q].size;
        }
    }
    return out;
}

static bool join_frame(struct join *j, u32 i)
{
    static const struct slot nothing;
    const struct frame *a = j->a->frames[i], *b = j->b->frames[i];
    struct frame *out = state_own_frame(j->v, j->out, i, max_u32(a->n_slots, b->n_slots));
    if (!out)
        return false;
    for (u32 r = 0; r < STATE_REGS; r++)
        out->reg[r] = join_cell(j, &a->reg[r], &b->reg[r]);
    for (u32 k = 0; k < out->n_slots; k++)
        out->slot[k] = join_slot(j, k < a->n_slots ? &a->slot[k] : &nothing,
                                 k < b->n_slots ? &b->slot[k] : &nothing);
    return true;
}

/* The least of a few bounds that holds for two unknowns of the result on one side. */
static bool join_bound(const struct state *s, struct form fa, struct form fb, struct bounds a,
                       struct bounds b, s64 *most)
{
    s64 known;
    bool found = false;
    if (a.hi <= INT64_MAX && b.lo <= INT64_MAX) {
        *most = (s64)a.hi - (s64)b.lo;
        found = true;
    }
    if (fa.plus && fb.plus && form_is_exact(fa, a) && form_is_exact(fb, b)) {
        bool has =
            fa.plus == fb.plus ? (known = 0, true) : relation_most(s, fa.plus, fb.plus, &known);
        if (has && !__builtin_add_overflow(known, (s64)fa.add, &known) &&
            !__builtin_sub_overflow(known, (s64)fb.add, &known) && (!found || known < *most)) {
            *most = known;
            found = true;
        }
    }
    return found;
}

static void join_relate(struct join *j, const struct join_id *x, const struct join_id *y)
{
    s64 a, b;
    if (x->id == y->id || !join_bound(j->a, x->a, y->a, x->in_a, y->in_a, &a) ||
        !join_bound(j->b, x->b, y->b, x->in_b, y->in_b, &b))
        return;
    s64 most = a > b ? a : b;
    if (j->widen && b > a) { /* thresholds, then nothing */
        if (b > 0)
            return;
        most = b > -1 ? 0 : -1;
    }
    relation_add(j->v, j->out, x->id, y->id, most);
}

/* Pairs of unknowns of which one side has a relation. */
static void join_relations_of(struct join *j, const struct state *side, bool side_is_a)
{
    for (u32 i = 0; i < side->n_relations; i++) {
        const struct relation *r = &side->relations[i];
        for (u32 x = 0; x < j->n_ids; x++) {
            const struct form *fx = side_is_a ? &j->ids[x].a : &j->ids[x].b;
            if (fx->plus != r->a || fx->minus)
                continue;
            for (u32 y = 0; y < j->n_ids; y++) {
                const struct form *fy = side_is_a ? &j->ids[y].a : &j->ids[y].b;
                if (fy->plus == r->b && !fy->minus)
                    join_relate(j, &j->ids[x], &j->ids[y]);
            }
        }
    }
}

static s64 max_s64(s64 a, s64 b) { return a > b ? a : b; }

/* U(x) - U(y) <= most on one side, at a glance; true: x is not above. */
static bool join_is_below(struct form fx, struct bounds x, struct form fy, struct bounds y,
                          s64 *most)
{
    bool same = form_is_offset(fx) && fx.plus == fy.plus && !fy.minus;
    if (x.hi > INT64_MAX)
        return false;
    *most = y.lo > INT64_MAX ? 0 : (s64)x.hi - (s64)y.lo;
    if (same && form_is_exact(fx, x) && form_is_exact(fy, y) && (s64)(fx.add - fy.add) < *most)
        *most = (s64)(fx.add - fy.add);
    return *most <= 0;
}

/* What was below on both sides stays below, though the ranges overlap now: a pointer that is
 * compared with an end before the loop and in it. */
static void join_orders(struct join *j)
{
    for (u32 x = 0; x < j->n_ids; x++) {
        const struct join_id *ix = &j->ids[x];
        for (u32 y = 0; y < j->n_ids; y++) {
            const struct join_id *iy = &j->ids[y];
            bool same = form_equal(ix->a, ix->b) && form_equal(iy->a, iy->b);
            s64 a, b;
            if (x == y || same || !join_is_below(ix->a, ix->in_a, iy->a, iy->in_a, &a) ||
                !join_is_below(ix->b, ix->in_b, iy->b, iy->in_b, &b))
                continue;
            u64 top = max_u64(ix->in_a.hi, ix->in_b.hi);
            u64 low = min_u64(iy->in_a.lo, iy->in_b.lo);
            if ((s64)(top - low) > max_s64(a, b)) /* more than the ranges will tell */
                join_relate(j, ix, iy);
        }
    }
}

/* The line on which two unknowns lie on both sides. */
static void join_line(struct join *j, const struct join_id *x, const struct join_id *y)
{
    struct affine a, b, line;
    bool point_a, point_b;
    if (x->id == y->id || !affine_between(j->a, x->a, x->in_a, y->a, y->in_a, &a, &point_a) ||
        !affine_between(j->b, x->b, x->in_b, y->b, y->in_b, &b, &point_b))
        return;
    if (point_a && point_b) {
        if (!affine_through(x->a.add, y->a.add, x->b.add, y->b.add, &line))
            return;
    } else if (point_a) {
        line = b;
        if (!affine_holds_at(&line, x->a.add, y->a.add))
            return;
    } else if (point_b) {
        line = a;
        if (!affine_holds_at(&line, x->b.add, y->b.add))
            return;
    } else if (affine_same(&a, &b)) {
        line = a;
    } else {
        return;
    }
    line.x = x->id;
    line.y = y->id;
    affine_add(j->out, line);
}

/* Of what was constant on both sides, all are on lines with the one that moves least. */
static void join_lines_of_points(struct join *j)
{
    const struct join_id *least = NULL;
    u64 least_step = UINT64_MAX;
    for (u32 i = 0; i < j->n_ids; i++) {
        const struct join_id *k = &j->ids[i];
        u64 step = k->a.add < k->b.add ? k->b.add - k->a.add : k->a.add - k->b.add;
        if (form_is_constant(k->a) && form_is_constant(k->b) && step < least_step) {
            least = k;
            least_step = step;
        }
    }
    for (u32 i = 0; least && i < j->n_ids; i++)
        if (form_is_constant(j->ids[i].a) && form_is_constant(j->ids[i].b))
            join_line(j, least, &j->ids[i]);
}

static void join_lines_of(struct join *j, const struct state *side, bool side_is_a)
{
    for (u32 i = 0; i < side->n_affines; i++)
        for (u32 x = 0; x < j->n_ids; x++) {
            const struct form *fx = side_is_a ? &j->ids[x].a : &j->ids[x].b;
            if (fx->plus != side->affines[i].x || fx->minus)
                continue;
            for (u32 y = 0; y < j->n_ids; y++) {
                const struct form *fy = side_is_a ? &j->ids[y].a : &j->ids[y].b;
                if (fy->plus == side->affines[i].y && !fy->minus)
                    join_line(j, &j->ids[x], &j->ids[y]);
            }
        }
}

static void join_lines(struct join *j)
{
    j->out->n_affines = 0;
    join_lines_of(j, j->a, true);
    join_lines_of(j, j->b, false);
    join_lines_of_points(j);
}

/* Counters that a loop moves together: what was constant, and is the other's offset now. */
static void join_relations(struct join *j)
{
    j->out->n_relations = 0;
    join_relations_of(j, j->a, true);
    join_relations_of(j, j->b, false);
    join_orders(j);
}

static void join_strides(struct join *j)
{
    j->out->n_strides = 0;
    for (u32 i = 0; i < j->n_ids; i++) {
        const struct join_id *id = &j->ids[i];
        struct stride_side a = { j->a, id->a, id->in_a }, b = { j->b, id->b, id->in_b };
        stride_join(j->out, id->id, &a, &b);
    }
}

static void join_held(struct join *j)
{
    for (u32 i = 0; i < j->a->n_held && i < j->b->n_held; i++)
        j->out->held[i].ref = join_tag(j, j->a->held[i].ref, j->b->held[i].ref);
}

static bool merge_held_match(const struct state *a, const struct state *b)
{
    if (a->n_held != b->n_held)
        return false;
    for (u32 i = 0; i < a->n_held; i++)
        if (a->held[i].kind != b->held[i].kind || a->held[i].frame != b->held[i].frame ||
            a->held[i].insn != b->held[i].insn)
            return false;
    return true;
}

skep_status merge_prepare(struct verifier *v)
{
    v->join = arena_new(&v->arena, struct join);
    return v->join ? SKEP_OK : SKEP_NOMEM;
}

struct state *merge_join(struct verifier *v, const struct state *a, const struct state *b,
                         bool widen, bool *lossless)
{
    struct join *j = v->join;
    if (!merge_same_modes(a, b) || !merge_held_match(a, b))
        return NULL;
    j->v = v;
    j->a = a;
    j->b = b;
    j->widen = widen;
    j->dropped = false;
    j->n_ids = j->n_tags = 0;
    j->out = state_copy(v, a);
    if (!j->out)
        return NULL;
    j->out->rounds = min_u32(a->rounds, b->rounds);
    j->out->next_id = max_u32(a->next_id, b->next_id);
    join_held(j);
    j->out->lock = join_tag(j, a->lock, b->lock);
    j->out->packet = join_tag(j, a->packet, b->packet);
    for (u32 i = 0; i < a->n_frames; i++)
        if (!join_frame(j, i)) {
            state_drop(v, j->out);
            return NULL;
        }
    for (u32 e = 0; e < EXTENT_COUNT; e++)
        j->out->extent[e] = join_cell(j, &a->extent[e], &b->extent[e]);
    join_settled(j);
    join_sums(j);
    join_relations(j);
    join_lines(j);
    join_strides(j);
    state_tighten_lines(v, j->out);
    state_tighten_strides(v, j->out);
    *lossless = !j->dropped;
    return j->out;
}

/* ---- what is dead */

void merge_forget_dead(struct verifier *v, struct state *s, u32 frame, u16 regs, u64 slots)
{
    struct frame *f = s->frames[frame];
    bool any_reg = false, any_slot = false;
    for (u32 r = 0; r < STATE_REGS - 1; r++)
        any_reg |= f->reg[r].value && !(regs >> r & 1);
    for (u32 i = 0; i < f->n_slots && i < 64; i++)
        any_slot |= !(slots >> i & 1) && f->slot[i].kind == SLOT_DATA && f->slot[i].written;
    if (any_reg)
        f = state_own_regs(v, s, frame);
    for (u32 r = 0; any_reg && f && r < STATE_REGS - 1; r++)
        if (!(regs >> r & 1))
            f->reg[r] = cell_none();
    if (any_slot)
        f = state_own_frame(v, s, frame, 0);
    for (u32 i = 0; any_slot && f && i < f->n_slots && i < 64; i++)
        if (!(slots >> i & 1) && f->slot[i].kind == SLOT_DATA)
            f->slot[i] = (struct slot){ .kind = SLOT_DATA };
    relation_forget_sums(v, s);
}

#undef COVER_NULL
#undef JOIN_NULL
