/* Unknowns of which every m-th number is possible only: U(id) = r modulo m, as integers.
 *
 * A loop that a compiler has unrolled in part counts in steps of as many rounds and ends where its
 * counter is unequal to something.  Known bits tell steps that are powers of two; all others are
 * told here.  They come from joins of constants, and shrink ranges to the numbers that are
 * possible.
 */
#include "verify/engine.h"

#define STRIDE_MOST ((u64)1 << 31)

static u64 stride_gcd(u64 a, u64 b)
{
    while (b) {
        u64 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static const struct stride *stride_find(const struct state *s, u32 id)
{
    for (u32 i = 0; i < s->n_strides; i++)
        if (s->strides[i].id == id)
            return &s->strides[i];
    return NULL;
}

/* What is known of a form: it is rest modulo m; m 0: it is rest.  false: nothing. */
static bool stride_of_form(const struct state *s, struct form f, struct bounds bounds, u64 *m,
                           u64 *rest)
{
    *m = 0;
    *rest = f.add;
    if (form_is_constant(f))
        return true;
    const struct stride *known = form_is_offset(f) ? stride_find(s, f.plus) : NULL;
    if (!known || !form_is_exact(f, bounds))
        return false;
    s64 shifted = (s64)known->rest + (s64)f.add % (s64)known->step;
    *m = known->step;
    *rest = (u64)(shifted < 0 ? shifted + (s64)known->step : shifted) % known->step;
    return true;
}

void stride_join(struct state *out, u32 id, const struct stride_side *a,
                 const struct stride_side *b)
{
    u64 ma, mb, ra, rb;
    if (out->n_strides == STATE_MAX_STRIDES || stride_find(out, id) ||
        !stride_of_form(a->state, a->form, a->bounds, &ma, &ra) ||
        !stride_of_form(b->state, b->form, b->bounds, &mb, &rb))
        return;
    u64 step = stride_gcd(stride_gcd(ma, mb), ra > rb ? ra - rb : rb - ra);
    if (step >= 2 && step < STRIDE_MOST)
        out->strides[out->n_strides++] =
            (struct stride){ .id = id, .step = (u32)step, .rest = (u32)(ra % step) };
}

bool stride_holds(const struct state *s, struct form f, struct bounds bounds,
                  const struct stride *stride)
{
    u64 m, rest;
    return stride_of_form(s, f, bounds, &m, &rest) && m % stride->step == 0 &&
           rest % stride->step == stride->rest;
}

struct bounds stride_align(const struct state *s, u32 id, struct bounds bounds)
{
    const struct stride *known = stride_find(s, id);
    if (!known)
        return bounds;
    u64 step = known->step, up = (known->rest + step - bounds.lo % step) % step;
    u64 down = (bounds.hi % step + step - known->rest) % step;
    bool any =
        bounds.lo <= UINT64_MAX - up && bounds.hi >= down && bounds.lo + up <= bounds.hi - down;
    return any ? (struct bounds){ bounds.lo + up, bounds.hi - down } : (struct bounds){ 1, 0 };
}

#undef STRIDE_MOST
