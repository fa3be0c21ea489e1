/* What is known of pairs of unknowns that move together: m U(y) = k U(x) + c, as integers.
 *
 * A loop that counts rounds in one register and bytes in another has them in step; the test bounds
 * one of them, the access needs the other.  Such lines come from joins, where two points, or a
 * line and what it becomes one round later, lie on one line; and from multiplication by
 * constants. */
#include "verify/engine.h"

#define AFFINE_FAR ((u64)1 << 60) /* numbers below do not overflow in a few operations */

void affine_add(struct state *s, struct affine line)
{
    if (!line.x || !line.y || line.x == line.y || !line.k)
        return;
    for (u32 i = 0; i < s->n_affines; i++)
        if (s->affines[i].y == line.y && s->affines[i].x == line.x)
            return;
    if (s->n_affines == STATE_MAX_AFFINES) {
        memmove(s->affines, s->affines + 1, (STATE_MAX_AFFINES - 1) * sizeof(line));
        s->n_affines--;
    }
    s->affines[s->n_affines++] = line;
}

/* k n + c */
static bool affine_at(s64 k, s64 c, u64 n, s64 *out)
{
    return n <= AFFINE_FAR && !__builtin_mul_overflow(k, (s64)n, out) &&
           !__builtin_add_overflow(*out, c, out);
}

static s64 affine_floor(s64 a, s64 b) /* b > 0 */ { return a >= 0 ? a / b : -((-a + b - 1) / b); }

static u64 affine_gcd(u64 a, u64 b)
{
    while (b) {
        u64 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static u64 affine_size(s64 a) { return a < 0 ? 0 - (u64)a : (u64)a; }

/* The same line with the smallest numbers, and m > 0; false: none. */
static bool affine_normalise(struct affine *line)
{
    u64 g =
        affine_gcd(affine_gcd(affine_size(line->m), affine_size(line->k)), affine_size(line->c));
    if (line->m == 0 || line->k == 0 || g > AFFINE_FAR)
        return false;
    s64 by = line->m < 0 ? -(s64)g : (s64)g;
    line->m /= by;
    line->k /= by;
    line->c /= by;
    return true;
}

static struct affine affine_reversed(struct affine line)
{
    struct affine other = { .x = line.y, .y = line.x, .m = line.k, .k = line.m, .c = -line.c };
    affine_normalise(&other);
    return other;
}

/* m U(y) = k U(x) + c for x between bounds. */
static bool affine_y(const struct affine *line, struct bounds x, struct bounds *y)
{
    s64 a, b;
    if (!affine_at(line->k, line->c, x.lo, &a) || !affine_at(line->k, line->c, x.hi, &b))
        return false;
    s64 least = line->k > 0 ? a : b, most = line->k > 0 ? b : a;
    if (least < -(s64)AFFINE_FAR || most > (s64)AFFINE_FAR)
        return false;
    least = -affine_floor(-least, line->m);
    most = affine_floor(most, line->m);
    y->lo = most < 0 ? 1 : least < 0 ? 0 : (u64)least;
    y->hi = most < 0 ? 0 : (u64)most;
    return true;
}

bool affine_other(const struct affine *line, u32 id, struct bounds bounds, u32 *other,
                  struct bounds *out)
{
    if (line->x != id && line->y != id)
        return false;
    struct affine to = line->x == id ? *line : affine_reversed(*line);
    *other = to.y;
    return to.x == id && affine_y(&to, bounds, out);
}

/* Of a and b, which are their ids and something: m U(b) = k U(a) + c. */
static bool affine_shift(struct affine *line, u64 a, u64 b)
{
    s64 down, up;
    return !__builtin_mul_overflow(line->k, (s64)a, &down) &&
           !__builtin_mul_overflow(line->m, (s64)b, &up) &&
           !__builtin_sub_overflow(line->c, down, &line->c) &&
           !__builtin_add_overflow(line->c, up, &line->c) && affine_normalise(line);
}

bool affine_between(const struct state *s, struct form a, struct bounds ba, struct form b,
                    struct bounds bb, struct affine *line, bool *point)
{
    *point = form_is_constant(a) && form_is_constant(b);
    if (*point)
        return a.add <= AFFINE_FAR && b.add <= AFFINE_FAR;
    if (!form_is_offset(a) || !form_is_offset(b) || !form_is_exact(a, ba) || !form_is_exact(b, bb))
        return false;
    if (a.plus == b.plus) {
        *line = (struct affine){ .m = 1, .k = 1 };
        return affine_shift(line, a.add, b.add);
    }
    for (u32 i = 0; i < s->n_affines; i++) {
        const struct affine *known = &s->affines[i];
        bool along = known->x == a.plus && known->y == b.plus;
        if (!along && (known->x != b.plus || known->y != a.plus))
            continue;
        *line = along ? *known : affine_reversed(*known);
        return affine_shift(line, a.add, b.add);
    }
    return false;
}

bool affine_holds_at(const struct affine *line, u64 x, u64 y)
{
    s64 left = 0, right = 0;
    return affine_at(line->k, line->c, x, &right) && affine_at(line->m, 0, y, &left) &&
           left == right;
}

bool affine_same(const struct affine *a, const struct affine *b)
{
    return a->m == b->m && a->k == b->k && a->c == b->c;
}

bool affine_through(u64 x0, u64 y0, u64 x1, u64 y1, struct affine *line)
{
    const u64 near = (u64)1 << 30;
    if (x0 > near || x1 > near || y0 > near || y1 > near)
        return false;
    line->m = (s64)x1 - (s64)x0;
    line->k = (s64)y1 - (s64)y0;
    line->c = line->m * (s64)y0 - line->k * (s64)x0;
    return affine_normalise(line);
}

void affine_note_product(struct verifier *v, struct state *s, const struct cell *result,
                         const struct cell *a, u64 k)
{
    const struct scalar *ra = &cell_value(v, a)->range;
    struct form fa = form_of(a);
    struct affine line = { .x = fa.plus, .y = result->plus, .m = 1, .k = (s64)k };
    if (!form_is_offset(fa) || result->minus || result->add || !form_is_exact(fa, bounds_of(ra)) ||
        k < 2 || k > UINT32_MAX || ra->umax > AFFINE_FAR / k ||
        __builtin_mul_overflow((s64)fa.add, (s64)k, &line.c))
        return;
    affine_add(s, line);
}

#undef AFFINE_FAR
