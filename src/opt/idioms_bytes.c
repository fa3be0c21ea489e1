/* Rotations, and values whose bytes are those of another value or of memory, in another order. */
#include "opt/idioms.h"

enum { IDIOM_DEPTH = 12, IDIOM_NODES = 48 };

static u64 idiom_ones(u32 width) { return width == 8 ? UINT64_MAX : ((u64)1 << 8 * width) - 1; }

static bool idiom_constant(const struct ssa_func *func, u32 value, u64 *number)
{
    *number = ssa_at(func, value)->imm;
    return ssa_is_const(func, value);
}

/* ---- rotations */

/* Amounts as their shifts take them, that add up to the rotation's width. */
static bool idiom_amounts_meet(const struct ssa_func *func, const struct ssa_insn *left,
                               const struct ssa_insn *right, u32 bits)
{
    u64 l, r;
    if (!idiom_constant(func, left->arg[1], &l) || !idiom_constant(func, right->arg[1], &r))
        return false;
    l &= 8u * left->width - 1;
    r &= 8u * right->width - 1;
    return l != 0 && r != 0 && l + r == bits;
}

/* An amount without what shifts do not look at. */
static u32 idiom_amount(const struct ssa_func *func, u32 value, u32 bits)
{
    u64 mask;
    const struct ssa_insn *insn = ssa_at(func, value);
    while (insn->op == SSA_ZEXT ||
           (insn->op == SSA_AND && idiom_constant(func, insn->arg[1], &mask) &&
            (mask & (bits - 1)) == bits - 1)) {
        value = insn->arg[0];
        insn = ssa_at(func, value);
    }
    return value;
}

/* b = -a, or a multiple of bits minus a. */
static bool idiom_is_rest(const struct ssa_func *func, u32 a, u32 b, u32 bits)
{
    u64 whole;
    const struct ssa_insn *insn = ssa_at(func, idiom_amount(func, b, bits));
    a = idiom_amount(func, a, bits);
    if (insn->op == SSA_NEG)
        return idiom_amount(func, insn->arg[0], bits) == a;
    return insn->op == SSA_SUB && idiom_constant(func, insn->arg[0], &whole) &&
           (whole & (bits - 1)) == 0 && idiom_amount(func, insn->arg[1], bits) == a;
}

static bool idiom_rotate_of(struct idioms *p, u32 at, u32 left_value, u32 right_value)
{
    struct ssa_func *func = p->func;
    const struct ssa_insn *insn = ssa_at(func, at);
    const struct ssa_insn *left = ssa_at(func, left_value), *right = ssa_at(func, right_value);
    u32 width = insn->width == 4 ? 4 : left->width, bits = 8 * width;
    bool same = left->width == width && right->width == width;
    /* What comes down in an 8-byte shift of a 4-byte number is what does in a 4-byte one. */
    bool low = width == 4 && (right->width == 4 || func->ranges[right->arg[0]].hi <= UINT32_MAX);
    if (left->op != SSA_SHL || right->op != SSA_SHR || left->arg[0] != right->arg[0])
        return false;
    /* A variable amount may be 0: then both sides are x, and only OR makes x of that. */
    bool fixed = (same || low) && idiom_amounts_meet(func, left, right, bits);
    bool variable = insn->op == SSA_OR && same &&
                    (idiom_is_rest(func, left->arg[1], right->arg[1], bits) ||
                     idiom_is_rest(func, right->arg[1], left->arg[1], bits));
    if (!fixed && !variable)
        return false;
    make_into(func, at, SSA_ROTL, width, left->arg[0], left->arg[1]);
    return true;
}

bool idiom_rotate(struct idioms *p, u32 at)
{
    const struct ssa_insn *insn = ssa_at(p->func, at);
    u32 a = insn->arg[0], b = insn->arg[1];
    return idiom_rotate_of(p, at, a, b) || idiom_rotate_of(p, at, b, a);
}

/* ---- where bytes come from */

struct idiom_walk {
    struct idioms *p;
    u32 nodes;
};

static struct idiom_bytes idiom_own_bytes(const struct ssa_func *func, u32 value)
{
    const struct ssa_insn *insn = ssa_at(func, value);
    u64 hi = insn->op == SSA_CONST ? insn->imm : func->ranges[value].hi;
    struct idiom_bytes bytes = { 0 };
    u32 n = insn->op == SSA_LOAD ? insn->width : 8;
    for (u32 i = 0; i < n && hi >> 8 * i; i++) {
        bool zero = insn->op == SSA_CONST && !(hi >> 8 * i & 0xff);
        bytes.from[i] = zero ? 0 : value;
        bytes.at[i] = zero ? 0 : (u8)i;
    }
    return bytes;
}

static struct idiom_bytes idiom_low(struct idiom_bytes bytes, u32 width)
{
    for (u32 i = width; i < 8; i++)
        bytes.from[i] = bytes.at[i] = 0;
    return bytes;
}

/* Byte i becomes what byte i + by was, within width; around: what goes out comes in again. */
static struct idiom_bytes idiom_moved(const struct idiom_bytes *bytes, s32 by, u32 width,
                                      bool around)
{
    struct idiom_bytes out = { 0 };
    for (u32 i = 0; i < width; i++) {
        s32 source = (s32)i + by;
        if (around)
            source = (source + (s32)width) % (s32)width;
        if (source < 0 || source >= (s32)width)
            continue;
        out.from[i] = bytes->from[source];
        out.at[i] = bytes->at[source];
    }
    return out;
}

static struct idiom_bytes idiom_swapped(const struct idiom_bytes *bytes, u32 width)
{
    struct idiom_bytes out = { 0 };
    for (u32 i = 0; i < width; i++) {
        out.from[i] = bytes->from[width - 1 - i];
        out.at[i] = bytes->at[width - 1 - i];
    }
    return out;
}

/* Bytes that are masked whole; false: some are masked in part. */
static bool idiom_masked(struct idiom_bytes *bytes, u64 mask, u32 width)
{
    for (u32 i = 0; i < width; i++) {
        u64 kept = mask >> 8 * i & 0xff;
        if (kept == 0)
            bytes->from[i] = bytes->at[i] = 0;
        else if (kept != 0xff && bytes->from[i])
            return false;
    }
    *bytes = idiom_low(*bytes, width);
    return true;
}

/* Bytes of which one side has nothing; false: both have something somewhere. */
static bool idiom_joined(struct idiom_bytes *a, const struct idiom_bytes *b, u32 width)
{
    for (u32 i = 0; i < width; i++) {
        if (a->from[i] && b->from[i])
            return false;
        if (b->from[i]) {
            a->from[i] = b->from[i];
            a->at[i] = b->at[i];
        }
    }
    *a = idiom_low(*a, width);
    return true;
}

static bool idiom_walk(struct idiom_walk *w, u32 value, u32 depth, struct idiom_bytes *out);

static bool idiom_walk_shift(struct idiom_walk *w, const struct ssa_insn *insn, u32 depth,
                             struct idiom_bytes *out)
{
    u64 number;
    struct idiom_bytes a;
    if (!idiom_constant(w->p->func, insn->arg[1], &number) || number % 8)
        return false;
    s32 by = (s32)(number % (8u * insn->width) / 8);
    if (!idiom_walk(w, insn->arg[0], depth, &a))
        return false;
    *out = idiom_moved(&a, insn->op == SSA_SHR ? by : -by, insn->width, insn->op == SSA_ROTL);
    return true;
}

static bool idiom_walk_inner(struct idiom_walk *w, u32 value, u32 depth, struct idiom_bytes *out)
{
    struct idiom_bytes other;
    const struct ssa_insn *insn = ssa_at(w->p->func, value);
    u64 mask;
    switch ((u32)insn->op) {
    case SSA_ZEXT:
        if (!idiom_walk(w, insn->arg[0], depth, out))
            return false;
        *out = idiom_low(*out, insn->width);
        return true;
    case SSA_BSWAP:
        if (!idiom_walk(w, insn->arg[0], depth, &other))
            return false;
        *out = idiom_swapped(&other, insn->width);
        return true;
    case SSA_AND:
        return idiom_constant(w->p->func, insn->arg[1], &mask) &&
               idiom_walk(w, insn->arg[0], depth, out) && idiom_masked(out, mask, insn->width);
    case SSA_SHL:
    case SSA_SHR:
    case SSA_ROTL: return idiom_walk_shift(w, insn, depth, out);
    case SSA_OR:
    case SSA_ADD:
    case SSA_XOR:
        return idiom_walk(w, insn->arg[0], depth, out) &&
               idiom_walk(w, insn->arg[1], depth, &other) && idiom_joined(out, &other, insn->width);
    default: return false;
    }
}

/* Never deeper than IDIOM_DEPTH; a value that is not taken apart is its own bytes.  false: too many
 * nodes. */
static bool idiom_walk(struct idiom_walk *w, u32 value, u32 depth, struct idiom_bytes *out)
{
    if (w->nodes++ >= IDIOM_NODES)
        return false;
    if (value < w->p->room && w->p->instead[value])
        value = w->p->instead[value];
    if (depth == 0 || !idiom_walk_inner(w, value, depth - 1, out))
        *out = idiom_own_bytes(w->p->func, value);
    return true;
}

struct idiom_bytes idiom_bytes_of(struct idioms *p, u32 value)
{
    struct idiom_walk w = { .p = p };
    struct idiom_bytes bytes = { 0 };
    idiom_walk(&w, value, IDIOM_DEPTH, &bytes);
    return bytes;
}

/* ---- made in one */

/* All n bytes are `value`'s, from `first` on, upwards (step 1) or downwards (-1). */
static bool idiom_runs(const struct idiom_bytes *bytes, u32 n, s32 step, s32 *first)
{
    *first = step > 0 ? bytes->at[0] : bytes->at[n - 1];
    for (u32 i = 0; i < n; i++)
        if (bytes->from[i] != bytes->from[0] || bytes->at[i] != bytes->at[0] + (s32)i * step)
            return false;
    return bytes->from[0] != 0;
}

static u32 idiom_from_value(struct idioms *p, u32 at, const struct idiom_bytes *bytes, u32 n)
{
    s32 first, step = bytes->at[0] < bytes->at[1] ? 1 : -1;
    u32 value = bytes->from[0];
    if (!idiom_runs(bytes, n, step, &first))
        return 0;
    if (first)
        value = make_with(p->func, at, SSA_SHR, 8, value, 8 * (u64)first);
    if (step < 0)
        return make_op(p->func, at, SSA_BSWAP, n, value, 0);
    return n == 8 ? value : make_op(p->func, at, SSA_ZEXT, n, value, 0);
}

/* n == 4 or 8: byte i is byte i + s of a value, modulo n. */
static u32 idiom_from_rotation(struct idioms *p, u32 at, const struct idiom_bytes *bytes, u32 n)
{
    if (n < 4 || !bytes->from[0])
        return 0;
    for (u32 i = 1; i < n; i++)
        if (bytes->from[i] != bytes->from[0] || bytes->at[i] != (bytes->at[0] + i) % n)
            return 0;
    return make_with(p->func, at, SSA_ROTL, n, bytes->from[0], 8 * ((n - bytes->at[0]) % n));
}

struct idiom_loads {
    s64 off;   /* of the lowest byte */
    s32 step;  /* 1: upwards, -1: downwards */
    u32 first; /* one of the loads */
    u32 last;  /* in the block */
    u8 region;
    u16 flags;
};

static bool idiom_is_load(const struct idioms *p, u32 value)
{
    return value && value < p->room && ssa_at(p->func, value)->op == SSA_LOAD && p->place[value];
}

/* One after the other in memory, from one base, with nothing written between the loads. */
static bool idiom_adjacent(const struct idioms *p, const struct idiom_bytes *bytes, u32 n,
                           struct idiom_loads *loads)
{
    u32 first = bytes->from[0];
    if (!idiom_is_load(p, first) || !idiom_is_load(p, bytes->from[1]))
        return false;
    const struct ssa_insn *load = ssa_at(p->func, first);
    s64 from = load->off + bytes->at[0];
    s64 next = ssa_at(p->func, bytes->from[1])->off + bytes->at[1];
    *loads = (struct idiom_loads){ .step = next > from ? 1 : -1,
                                   .first = first,
                                   .last = first,
                                   .region = load->region,
                                   .flags = load->flags };
    for (u32 i = 0; i < n; i++) {
        u32 value = bytes->from[i];
        const struct ssa_insn *insn = ssa_at(p->func, value);
        if (!idiom_is_load(p, value) || insn->arg[0] != load->arg[0] ||
            insn->block != load->block || p->epoch[value] != p->epoch[first] ||
            insn->off + bytes->at[i] != from + loads->step * (s64)i)
            return false;
        if (p->place[value] > p->place[loads->last])
            loads->last = value;
        loads->region = insn->region == loads->region ? loads->region : HOST_REGION_ANY;
        loads->flags &= insn->flags;
    }
    loads->off = loads->step > 0 ? from : from - (s64)n + 1;
    return true;
}

/* The wide load is where the last of them is: all their addresses are good there. */
static u32 idiom_from_memory(struct idioms *p, u32 at, const struct idiom_bytes *bytes, u32 n)
{
    struct idiom_loads loads;
    if (!idiom_adjacent(p, bytes, n, &loads))
        return 0;
    struct ssa_insn insn = *ssa_at(p->func, loads.last);
    insn.width = (u8)n;
    insn.off = loads.off;
    insn.region = loads.region;
    insn.flags = loads.flags;
    u32 wide = ssa_new(p->func, insn);
    if (!wide)
        return 0;
    ssa_insert_before(p->func, loads.last, wide);
    p->func->ranges[wide].hi = idiom_ones(n);
    return loads.step > 0 ? wide : make_op(p->func, at, SSA_BSWAP, n, wide, 0);
}

u32 idiom_gather(struct idioms *p, u32 at, const struct idiom_bytes *bytes, u32 n)
{
    u32 value = idiom_from_value(p, at, bytes, n);
    if (!value)
        value = idiom_from_rotation(p, at, bytes, n);
    return value ? value : idiom_from_memory(p, at, bytes, n);
}

/* What a walk went through is not looked at again. */
static void idiom_mark(struct idioms *p, u32 value, u32 depth)
{
    const struct ssa_insn *insn = ssa_at(p->func, value);
    bool joins = insn->op == SSA_OR || insn->op == SSA_ADD || insn->op == SSA_XOR;
    bool shifts = insn->op == SSA_SHL || insn->op == SSA_SHR || insn->op == SSA_ZEXT;
    if (depth == 0 || value >= p->room || p->done[value] || (!joins && !shifts))
        return;
    p->done[value] = 1;
    idiom_mark(p, insn->arg[0], depth - 1);
    if (joins)
        idiom_mark(p, insn->arg[1], depth - 1);
}

/* Looked at before the walk, which costs more: one side is shifted to the left, or joins already.
 */
static bool idiom_may_join(const struct ssa_func *func, u32 value)
{
    u64 by;
    const struct ssa_insn *insn = ssa_at(func, value);
    if (insn->op == SSA_SHL)
        return idiom_constant(func, insn->arg[1], &by) && by % 8 == 0;
    return insn->op == SSA_OR || insn->op == SSA_AND;
}

bool idiom_put_together(struct idioms *p, u32 at)
{
    struct ssa_func *func = p->func;
    u32 a = ssa_at(func, at)->arg[0], b = ssa_at(func, at)->arg[1], n = 8;
    if (!idiom_may_join(func, a) && !idiom_may_join(func, b))
        return false;
    struct idiom_bytes bytes = idiom_bytes_of(p, at);
    while (n > 0 && !bytes.from[n - 1])
        n--;
    if (n != 2 && n != 4 && n != 8)
        return false;
    if (bytes.from[0] == at || bytes.from[0] == 0)
        return false;
    u32 value = idiom_gather(p, at, &bytes, n);
    if (!value)
        return false;
    idiom_mark(p, a, IDIOM_DEPTH);
    idiom_mark(p, b, IDIOM_DEPTH);
    p->instead[at] = value;
    return true;
}
