/* Places in memory: an address is a root, what is added to it within known bounds, and an offset.
 */
#include "opt/alias.h"

#define ALIAS_STEPS 4u
#define ALIAS_REACH ((u64)1 << 32)

static enum alias_class alias_class_of(const struct ssa_func *func, const struct ssa_insn *insn)
{
    static const u8 classes[] = {
        [HOST_REGION_ANY] = ALIAS_UNKNOWN,      [HOST_REGION_STACK] = ALIAS_STACK,
        [HOST_REGION_CTX] = ALIAS_CTX,          [HOST_REGION_PACKET] = ALIAS_PACKET,
        [HOST_REGION_MAP_VALUE] = ALIAS_SHARED, [HOST_REGION_HOST] = ALIAS_SHARED,
    };
    u32 base = func->insns[insn->arg[0]].op;
    if (base == SSA_THREAD)
        return ALIAS_THREAD;
    return base == SSA_FRAME ? ALIAS_STACK : (enum alias_class)classes[insn->region];
}

/* How much a value adds at least and at the most; false: too much to say. */
static bool alias_bounds(const struct ssa_func *func, u32 value, s64 *lo, s64 *hi)
{
    u64 number = func->insns[value].imm;
    struct ssa_range range = func->ranges[value];
    if (ssa_is_const(func, value)) {
        *lo = *hi = (s64)number;
        return number + ALIAS_REACH < 2 * ALIAS_REACH;
    }
    *lo = (s64)range.lo;
    *hi = (s64)range.hi;
    return range.hi < ALIAS_REACH;
}

/* The root is a sum of a value and a bounded one: the value, and the bounds. */
static bool alias_step(const struct ssa_func *func, u32 root, u32 *next, s64 *lo, s64 *hi)
{
    const struct ssa_insn *insn = ssa_at(func, root);
    if (insn->op != SSA_ADD || insn->width != 8)
        return false;
    for (u32 i = 0; i < 2; i++) {
        *next = insn->arg[i];
        if (alias_bounds(func, insn->arg[1 - i], lo, hi))
            return true;
    }
    return false;
}

struct alias_place alias_place_at(const struct ssa_func *func, enum alias_class in, u32 base,
                                  s64 off, u32 width)
{
    struct alias_place place = { .in = in,
                                 .base = base,
                                 .off = off,
                                 .width = width,
                                 .root = base,
                                 .lo = off,
                                 .hi = off + width };
    u32 next;
    s64 lo, hi;
    for (u32 i = 0; i < ALIAS_STEPS && alias_step(func, place.root, &next, &lo, &hi); i++) {
        place.root = next;
        place.lo += lo;
        place.hi += hi;
    }
    return place;
}

struct alias_place alias_place_of(const struct ssa_func *func, const struct ssa_insn *insn)
{
    return alias_place_at(func, alias_class_of(func, insn), insn->arg[0], insn->off, insn->width);
}

bool alias_may_meet(const struct alias_place *a, const struct alias_place *b)
{
    if (a->base == b->base)
        return a->off < b->off + b->width && b->off < a->off + a->width;
    return a->root != b->root || (a->lo < b->hi && b->lo < a->hi);
}

u32 alias_writes(const struct ssa_func *func, const struct ssa_insn *insn)
{
    if (!ssa_has(insn, SSA_WRITES))
        return 0;
    if (!alias_is_memory(insn))
        return ALIAS_ALL;
    enum alias_class in = alias_class_of(func, insn);
    return in == ALIAS_SHARED    ? 0
           : in == ALIAS_UNKNOWN ? ALIAS_ALL & ~(1u << ALIAS_THREAD)
                                 : 1u << in;
}

#undef ALIAS_STEPS
#undef ALIAS_REACH
