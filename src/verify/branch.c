/* Branches: which way control can go, and what each way tells.
 *
 * A comparison tells three things: the ranges of both sides (the domain's refinement), an order of
 * the two unknowns (a relation), and, of a pointer that may be NULL, whether it is. */
#include "verify/engine.h"

typedef struct scalar_pair branch_refiner(struct scalar a, struct scalar b);

/* The order that a condition tells of a and b. */
enum branch_order { ORDER_NONE, ORDER_EQ, ORDER_NE, ORDER_LT, ORDER_LE, ORDER_GT, ORDER_GE };

struct branch_rule {
    branch_refiner *holds, *fails;
    u8 order, opposite; /* enum branch_order */
    bool is_signed;
};

/* clang-format off */
#define BRANCH_RULE(NAME, name, opp, ORDER, OPPOSITE, SIGNED) \
    [ISA_##NAME##64_REG] = { scalar_refine_##name##64, scalar_refine_##opp##64, ORDER_##ORDER, ORDER_##OPPOSITE, SIGNED }, \
    [ISA_##NAME##64_IMM] = { scalar_refine_##name##64, scalar_refine_##opp##64, ORDER_##ORDER, ORDER_##OPPOSITE, SIGNED }, \
    [ISA_##NAME##32_REG] = { scalar_refine_##name##32, scalar_refine_##opp##32, ORDER_##ORDER, ORDER_##OPPOSITE, SIGNED }, \
    [ISA_##NAME##32_IMM] = { scalar_refine_##name##32, scalar_refine_##opp##32, ORDER_##ORDER, ORDER_##OPPOSITE, SIGNED },
static const struct branch_rule branch_rules[ISA_OP_COUNT] = {
    BRANCH_RULE(JEQ,  jeq,  jne,   EQ,   NE,   false)
    BRANCH_RULE(JNE,  jne,  jeq,   NE,   EQ,   false)
    BRANCH_RULE(JGT,  jgt,  jle,   GT,   LE,   false)
    BRANCH_RULE(JGE,  jge,  jlt,   GE,   LT,   false)
    BRANCH_RULE(JLT,  jlt,  jge,   LT,   GE,   false)
    BRANCH_RULE(JLE,  jle,  jgt,   LE,   GT,   false)
    BRANCH_RULE(JSGT, jsgt, jsle,  GT,   LE,   true)
    BRANCH_RULE(JSGE, jsge, jslt,  GE,   LT,   true)
    BRANCH_RULE(JSLT, jslt, jsge,  LT,   GE,   true)
    BRANCH_RULE(JSLE, jsle, jsgt,  LE,   GT,   true)
    BRANCH_RULE(JSET, jset, jnset, NONE, NONE, false)
};
#undef BRANCH_RULE
/* clang-format on */

/* A comparison of two numbers: registers, or the offsets of two pointers. */
struct branch {
    const struct branch_rule *rule;
    struct cell a, b;
    bool ordered; /* the order is that of the unsigned numbers */
};

/* ---- one side */

static bool branch_order_possible(struct verifier *v, const struct state *s,
                                  const struct branch *branch, enum branch_order order)
{
    const struct cell *a = &branch->a, *b = &branch->b;
    switch (order) {
    case ORDER_NONE: return true;
    case ORDER_EQ: return !relation_holds(v, s, a, b, -1) && !relation_holds(v, s, b, a, -1);
    case ORDER_NE: return !(relation_holds(v, s, a, b, 0) && relation_holds(v, s, b, a, 0));
    case ORDER_LT: return !relation_holds(v, s, b, a, 0);
    case ORDER_LE: return !relation_holds(v, s, b, a, -1);
    case ORDER_GT: return !relation_holds(v, s, a, b, 0);
    case ORDER_GE: return !relation_holds(v, s, a, b, -1);
    }
    return true;
}

static void branch_note_order(struct verifier *v, struct state *s, const struct branch *branch,
                              enum branch_order order)
{
    const struct cell *a = &branch->a, *b = &branch->b;
    switch (order) {
    case ORDER_NONE: break;
    case ORDER_EQ:
        relation_note(v, s, a, b, 0);
        relation_note(v, s, b, a, 0);
        break;
    case ORDER_NE:
        if (relation_holds(v, s, a, b, 0))
            relation_note(v, s, a, b, -1);
        else if (relation_holds(v, s, b, a, 0))
            relation_note(v, s, b, a, -1);
        break;
    case ORDER_LT: relation_note(v, s, a, b, -1); break;
    case ORDER_LE: relation_note(v, s, a, b, 0); break;
    case ORDER_GT: relation_note(v, s, b, a, -1); break;
    case ORDER_GE: relation_note(v, s, b, a, 0); break;
    }
}

/* The range of a, one end of which is known not to be reached. */
static struct scalar branch_trim(struct verifier *v, const struct state *s,
                                 const struct branch *branch, enum branch_order order,
                                 struct scalar range)
{
    const struct scalar *b = &cell_value(v, &branch->b)->range;
    if (order != ORDER_NE || !branch->ordered || b->umin == b->umax)
        return range;
    if (relation_holds(v, s, &branch->a, &branch->b, 0) && b->umax > 0)
        return scalar_meet(range, scalar_range(0, b->umax - 1));
    if (relation_holds(v, s, &branch->b, &branch->a, 0) && b->umin < UINT64_MAX)
        return scalar_meet(range, scalar_range(b->umin + 1, UINT64_MAX));
    return range;
}

/* What the ranges are where the branch goes one way. */
static struct scalar_pair branch_ranges(struct verifier *v, const struct branch *branch, bool taken)
{
    branch_refiner *refine = taken ? branch->rule->holds : branch->rule->fails;
    return refine(cell_value(v, &branch->a)->range, cell_value(v, &branch->b)->range);
}

static bool branch_is_possible(struct verifier *v, const struct state *s,
                               const struct branch *branch, const struct scalar_pair *pair,
                               bool taken)
{
    enum branch_order order = taken ? branch->rule->order : branch->rule->opposite;
    if (scalar_is_empty(pair->a) || scalar_is_empty(pair->b))
        return false;
    return !branch->ordered || branch_order_possible(v, s, branch, order);
}

/* What the branch tells; false: it cannot go this way after all. */
static bool branch_tells(struct verifier *v, struct state *s, const struct branch *branch,
                         const struct scalar_pair *pair, bool taken)
{
    enum branch_order order = taken ? branch->rule->order : branch->rule->opposite;
    struct scalar range = branch_trim(v, s, branch, order, pair->a);
    if (branch->ordered)
        branch_note_order(v, s, branch, order);
    return state_refine(v, s, &branch->a, range) && state_refine(v, s, &branch->b, pair->b);
}

/* ---- pointers */

static bool branch_compares_with_null(const struct verifier *v, const struct insn *insn,
                                      const struct cell *b)
{
    u64 constant;
    enum branch_order order = branch_rules[insn->op].order;
    return (order == ORDER_EQ || order == ORDER_NE) && insn_row(insn)->size == 8 &&
           cell_value(v, b)->kind == VALUE_SCALAR && cell_constant_of(v, b, &constant) &&
           constant == 0;
}

struct branch_null {
    u32 tag, ref;
    bool is_null;
};

static void branch_settle_null(struct verifier *v, struct state *s, struct cell *cell, void *user)
{
    (void)s;
    const struct branch_null *null = user;
    struct value value = *cell_value(v, cell);
    if (cell->tag != null->tag || !(value.flags & VALUE_NULLABLE))
        return;
    if (null->is_null) {
        *cell = cell_constant(v, 0);
        return;
    }
    value.flags &= (u8)~VALUE_NULLABLE;
    cell->value = value_intern(&v->values, &value);
}

static void branch_forget_held(struct state *s, u32 ref)
{
    for (u32 i = 0; i < s->n_held; i++)
        if (s->held[i].ref == ref) {
            memmove(&s->held[i], &s->held[i + 1], (s->n_held - i - 1u) * sizeof(struct held));
            s->n_held--;
            return;
        }
}

/* All copies of the pointer are NULL, or none; nothing is held where it is. */
static void branch_settle(struct verifier *v, struct state *s, const struct cell *pointer,
                          bool is_null)
{
    struct branch_null null = { .tag = pointer->tag, .ref = pointer->ref, .is_null = is_null };
    bool part = cell_value(v, pointer)->flags & VALUE_PART;
    state_each_cell(v, s, branch_settle_null, &null);
    if (is_null && null.ref && !part)
        branch_forget_held(s, null.ref);
}

/* Is an offset so small, either way, that addresses do not wrap? */
static bool branch_is_near(const struct scalar *range)
{
    const s64 far = (s64)1 << 29;
    return (s64)range->smin >= -far && (s64)range->smax <= far;
}

/* Pointers that helpers and lookups gave, compared with NULL before: as in Linux, not those that
 * programs begin with.  What was moved by a number that can be anything can be NULL. */
static bool branch_never_null(const struct value *value)
{
    bool given = value->kind == VALUE_MAP || value->kind == VALUE_MAP_VALUE ||
                 value->kind == VALUE_MAP_KEY || value->kind == VALUE_MEMORY ||
                 value->kind == VALUE_SOCK;
    return given && !(value->flags & VALUE_NULLABLE) && branch_is_near(&value->range);
}

/* Of two pointers, the one that is not NULL either where they are equal; NULL: none. */
static const struct cell *branch_shown_by_equality(const struct verifier *v,
                                                   const struct branch *branch)
{
    const struct value *a = cell_value(v, &branch->a), *b = cell_value(v, &branch->b);
    if ((a->flags & VALUE_NULLABLE) && value_is_pointer(a) && branch_never_null(b))
        return &branch->a;
    if ((b->flags & VALUE_NULLABLE) && value_is_pointer(b) && branch_never_null(a))
        return &branch->b;
    return NULL;
}

/* An offset from the frame's top is negative; the frame's top itself is 0.  Both become offsets
 * from far below, so that their order is that of the addresses. */
static struct cell branch_from_below(struct verifier *v, const struct cell *cell)
{
    const u64 below = (u64)1 << 30;
    struct cell out = *cell;
    struct value value = *cell_value(v, cell);
    value.range = scalar_add64(value.range, scalar_const(below));
    out.value = value_intern(&v->values, &value);
    out.add += below;
    return out;
}

/* The offset of a pointer in the region of the other, when the two can be compared. */
static bool branch_offsets(struct verifier *v, const struct state *s, struct branch *branch)
{
    struct value va = *cell_value(v, &branch->a), vb = *cell_value(v, &branch->b);
    struct cell *cells[2] = { &branch->a, &branch->b };
    const struct value *values[2] = { &va, &vb };
    bool packets = true, memory = true, meta = true;
    for (u32 i = 0; i < 2; i++) {
        u8 kind = values[i]->kind;
        packets &= kind == VALUE_PACKET || kind == VALUE_PACKET_END;
        memory &=
            (kind == VALUE_MEMORY && values[i]->flags & VALUE_DYNAMIC) || kind == VALUE_MEMORY_END;
        meta &= kind == VALUE_META || (kind == VALUE_PACKET && values[i]->range.umax == 0);
        if (values[i]->flags & VALUE_NULLABLE)
            return false;
    }
    meta &= va.kind != vb.kind;
    bool stack = va.kind == VALUE_STACK && vb.kind == VALUE_STACK && va.object == vb.object;
    if (!packets && !memory && !meta && !stack)
        return false;
    for (u32 i = 0; i < 2; i++) {
        struct value number = { .kind = VALUE_SCALAR, .range = values[i]->range };
        if (meta && values[i]->kind == VALUE_PACKET)
            *cells[i] = s->extent[EXTENT_META];
        else
            cells[i]->value = value_intern(&v->values, &number);
        /* Addresses do not wrap for offsets that are no larger than any memory. */
        if (stack ? !branch_is_near(&values[i]->range)
                  : cell_value(v, cells[i])->range.umax > (u64)1 << 46)
            return false;
        if (stack)
            *cells[i] = branch_from_below(v, cells[i]);
    }
    return true;
}

/* ---- the instruction */

static bool branch_read(struct verifier *v, const struct state *s, const struct insn *insn,
                        struct branch *branch)
{
    bool by_register = insn_kind(insn) == ISA_KIND_COND_REG;
    branch->rule = &branch_rules[insn->op];
    branch->a = *state_reg(s, insn->dst);
    branch->b = by_register ? *state_reg(s, insn->src) : cell_constant(v, insn->imm);
    if (cell_is_none(&branch->a))
        return REJECT(v, insn->dst, VERIFY_UNSET, NUM(insn->dst));
    if (cell_is_none(&branch->b))
        return REJECT(v, insn->src, VERIFY_UNSET, NUM(insn->src));
    return true;
}

static bool branch_is_ordered(struct verifier *v, const struct insn *insn,
                              const struct branch *branch)
{
    const struct scalar *a = &cell_value(v, &branch->a)->range;
    const struct scalar *b = &cell_value(v, &branch->b)->range;
    bool wide = insn_row(insn)->size == 8;
    u64 limit = branch->rule->is_signed ? (wide ? (u64)INT64_MAX : (u64)INT32_MAX)
                                        : (wide ? UINT64_MAX : (u64)UINT32_MAX);
    return branch->rule->order != ORDER_NONE && a->umax <= limit && b->umax <= limit;
}

static struct state *branch_side(struct verifier *v, struct state *s, const struct branch *branch,
                                 const struct scalar_pair *pair, bool taken)
{
    if (!s || branch_tells(v, s, branch, pair, taken))
        return s;
    state_drop(v, s);
    return NULL;
}

static void branch_numbers(struct verifier *v, struct state *s, const struct branch *branch,
                           struct state **taken, struct state **not_taken)
{
    struct scalar_pair holds = branch_ranges(v, branch, true);
    struct scalar_pair fails = branch_ranges(v, branch, false);
    bool can = branch_is_possible(v, s, branch, &holds, true);
    bool can_not = branch_is_possible(v, s, branch, &fails, false);
    *taken = can ? (can_not ? state_copy(v, s) : s) : NULL;
    *not_taken = can_not ? s : NULL;
    if (!can && !can_not)
        state_drop(v, s);
    *taken = branch_side(v, *taken, branch, &holds, true);
    *not_taken = branch_side(v, *not_taken, branch, &fails, false);
}

static void branch_null_check(struct verifier *v, struct state *s, const struct branch *branch,
                              struct state **taken, struct state **not_taken)
{
    bool equal = branch->rule->order == ORDER_EQ;
    bool nullable = cell_value(v, &branch->a)->flags & VALUE_NULLABLE;
    struct state *null = nullable ? state_copy(v, s) : NULL;
    if (null)
        branch_settle(v, null, &branch->a, true);
    if (nullable)
        branch_settle(v, s, &branch->a, false);
    *taken = equal ? null : s;
    *not_taken = equal ? s : null;
}

/* Nothing is known of which way it goes, but that what equals something there is there. */
static void branch_pointers(struct verifier *v, struct state *s, const struct insn *insn,
                            const struct branch *branch, struct state **taken,
                            struct state **not_taken)
{
    const struct cell *shown = branch_shown_by_equality(v, branch);
    enum branch_order order = branch->rule->order;
    *taken = state_copy(v, s);
    *not_taken = s;
    struct state *equal = order == ORDER_EQ ? *taken : order == ORDER_NE ? *not_taken : NULL;
    if (shown && equal && insn_row(insn)->size == 8)
        branch_settle(v, equal, shown, false);
}

bool branch_step(struct verifier *v, struct state *s, const struct insn *insn, struct state **taken,
                 struct state **not_taken)
{
    struct branch branch;
    *taken = *not_taken = NULL;
    if (!branch_read(v, s, insn, &branch))
        return false;
    const struct value *va = cell_value(v, &branch.a), *vb = cell_value(v, &branch.b);
    bool pointers = value_is_pointer(va) || value_is_pointer(vb);
    bool null = pointers && branch_compares_with_null(v, insn, &branch.b);
    if (null && ((va->flags & VALUE_NULLABLE) || branch_never_null(va))) {
        branch_null_check(v, s, &branch, taken, not_taken);
        return true;
    }
    /* Offsets are ordered as addresses are, but have other bits. */
    bool ordered = branch.rule->order != ORDER_NONE && insn_row(insn)->size == 8;
    if (pointers && (!ordered || !branch_offsets(v, s, &branch))) {
        if (v->in->profile == SKEP_PROFILE_STRICT && !null) {
            u32 reg = value_is_pointer(va) ? insn->dst : insn->src;
            return REJECT(v, reg, VERIFY_POINTER_COMPARED, NUM(reg));
        }
        branch_pointers(v, s, insn, &branch, taken, not_taken);
        return true;
    }
    branch.ordered = branch_is_ordered(v, insn, &branch);
    branch_numbers(v, s, &branch, taken, not_taken);
    return true;
}
