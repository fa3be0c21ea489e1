/* Arithmetic: numbers by the domain's operators, pointers by their offsets.
 *
 * The operators say which numbers can come out; the form says how the result relates to what went
 * in; where there is no form, relations keep at least the order (x % n is below n). */
#include "verify/engine.h"

typedef struct scalar alu_operator(struct scalar a, struct scalar b);

/* clang-format off */
static alu_operator *const alu_operators[ISA_OP_COUNT] = {
#define ALU_ROW(NAME, name, code, off, group, text) \
    [ISA_##NAME##64_REG] = scalar_##name##64, [ISA_##NAME##64_IMM] = scalar_##name##64, \
    [ISA_##NAME##32_REG] = scalar_##name##32, [ISA_##NAME##32_IMM] = scalar_##name##32,
    ISA_BINARY(ALU_ROW)
#undef ALU_ROW
};
/* clang-format on */

/* The operation, whatever its width and operand. */
/* clang-format off */
enum alu_shape {
    ALU_ADD, ALU_SUB, ALU_MUL, ALU_DIV, ALU_SDIV, ALU_OR, ALU_AND, ALU_LSH, ALU_RSH, ALU_MOD,
    ALU_SMOD, ALU_XOR, ALU_MOV, ALU_ARSH
};

static const u8 alu_shapes[ISA_OP_COUNT] = {
#define ALU_ROW(NAME, ...) \
    [ISA_##NAME##64_REG] = ALU_##NAME, [ISA_##NAME##64_IMM] = ALU_##NAME, \
    [ISA_##NAME##32_REG] = ALU_##NAME, [ISA_##NAME##32_IMM] = ALU_##NAME,
    ISA_BINARY(ALU_ROW)
#undef ALU_ROW
};
/* clang-format on */

static enum alu_shape alu_shape_of(u16 op) { return (enum alu_shape)alu_shapes[op]; }

/* ---- numbers */

/* The low half as a number of its own, when it is the whole. */
static bool alu_fits(const struct scalar *range, bool wide)
{
    return wide || range->umax <= UINT32_MAX;
}

/* Is a + b, or a - b, the sum in 32 bits as well?  (Of ranges; a may be known not to be below b.)
 */
static bool alu_exact32(const struct scalar *a, const struct scalar *b, bool subtract)
{
    if (a->umax > UINT32_MAX || b->umax > UINT32_MAX)
        return false;
    return subtract ? a->umin >= b->umax : a->umax + b->umax <= UINT32_MAX;
}

/* A 32-bit addition of a negative constant is a subtraction. */
static void alu_normalise(struct verifier *v, bool wide, enum alu_shape *shape, struct cell *b)
{
    u64 constant;
    if (wide || (*shape != ALU_ADD && *shape != ALU_SUB) || !cell_constant_of(v, b, &constant))
        return;
    u32 low = (u32)constant;
    if (low >> 31) {
        *b = cell_constant(v, (u32)(0 - low));
        *shape = *shape == ALU_ADD ? ALU_SUB : ALU_ADD;
    } else {
        *b = cell_constant(v, low);
    }
}

static bool alu_subtracts32(struct verifier *v, const struct state *s, const struct cell *a,
                            const struct cell *b)
{
    const struct scalar *ra = &cell_value(v, a)->range, *rb = &cell_value(v, b)->range;
    return alu_exact32(ra, rb, true) ||
           (alu_fits(ra, false) && alu_fits(rb, false) && relation_holds(v, s, b, a, 0));
}

/* a ^ c = c - a, where a has no bits but those of c: ~a, 63 ^ i. */
static bool alu_complements(const struct scalar *a, const struct scalar *b, bool wide)
{
    u64 constant = wide ? b->umin : (u32)b->umin;
    return b->umin == b->umax && alu_fits(a, wide) && !((a->bits.value | a->bits.mask) & ~constant);
}

static bool alu_form(struct verifier *v, const struct state *s, bool wide, enum alu_shape shape,
                     const struct cell *a, const struct cell *b, struct form *out)
{
    const struct scalar *ra = &cell_value(v, a)->range, *rb = &cell_value(v, b)->range;
    switch (shape) {
    case ALU_ADD:
        return (wide || alu_exact32(ra, rb, false)) && form_sum(form_of(a), form_of(b), out);
    case ALU_SUB:
        return (wide || alu_subtracts32(v, s, a, b)) &&
               form_difference(form_of(a), form_of(b), out);
    case ALU_MOV: *out = form_of(b); return alu_fits(rb, wide);
    case ALU_XOR:
        return alu_complements(ra, rb, wide) &&
               form_difference((struct form){ .add = wide ? rb->umin : (u32)rb->umin }, form_of(a),
                               out);
    case ALU_SDIV:
    case ALU_SMOD:
    case ALU_ARSH:
    case ALU_AND:
    case ALU_OR:
    case ALU_RSH:
    case ALU_DIV:
    case ALU_MOD:
    case ALU_MUL:
    case ALU_LSH: break;
    }
    return false;
}

/* result - operand: a shift by something makes every operand but 0 smaller. */
static s64 alu_shift_shrinks(const struct scalar *a, const struct scalar *b, bool wide)
{
    return a->umin >= 1 && b->umin >= 1 && b->umax <= (wide ? 63u : 31u) ? -1 : 0;
}

/* The order of the result and the operands. */
static void alu_relate(struct verifier *v, struct state *s, enum alu_shape shape, bool wide,
                       const struct cell *result, const struct cell *a, const struct cell *b)
{
    const struct scalar ra = cell_value(v, a)->range, rb = cell_value(v, b)->range;
    switch (shape) {
    case ALU_ADD:
        if (wide ? ra.umax + rb.umax >= ra.umax : alu_exact32(&ra, &rb, false)) {
            relation_note_sum(v, s, result, a, b);
            relation_note(v, s, a, result, -(s64)min_u64(rb.umin, INT64_MAX));
            relation_note(v, s, b, result, -(s64)min_u64(ra.umin, INT64_MAX));
            if (rb.umax <= INT64_MAX)
                relation_note(v, s, result, a, (s64)rb.umax);
            if (ra.umax <= INT64_MAX)
                relation_note(v, s, result, b, (s64)ra.umax);
        }
        break;
    case ALU_SUB:
        if (ra.umin >= rb.umax || relation_holds(v, s, b, a, 0)) {
            relation_note(v, s, result, a, -(s64)min_u64(rb.umin, INT64_MAX));
            if (rb.umax <= INT64_MAX)
                relation_note(v, s, a, result, (s64)rb.umax);
        }
        break;
    case ALU_AND:
        relation_note(v, s, result, a, 0);
        relation_note(v, s, result, b, 0);
        break;
    case ALU_OR:
        relation_note(v, s, a, result, 0);
        relation_note(v, s, b, result, 0);
        break;
    case ALU_RSH: relation_note(v, s, result, a, alu_shift_shrinks(&ra, &rb, wide)); break;
    case ALU_DIV: relation_note(v, s, result, a, rb.umin >= 2 && ra.umin >= 1 ? -1 : 0); break;
    case ALU_MOD:
        relation_note(v, s, result, a, 0);
        if (rb.umin >= 1)
            relation_note(v, s, result, b, -1);
        break;
    case ALU_MUL:
        if (rb.umin == rb.umax && rb.umin && ra.umax <= (wide ? UINT64_MAX : UINT32_MAX) / rb.umin)
            affine_note_product(v, s, result, a, rb.umin);
        break;
    case ALU_LSH:
        if (rb.umin == rb.umax && rb.umin < 32 &&
            ra.umax <= (wide ? UINT64_MAX : UINT32_MAX) >> rb.umin)
            affine_note_product(v, s, result, a, (u64)1 << rb.umin);
        break;
    case ALU_SDIV:
    case ALU_SMOD:
    case ALU_XOR:
    case ALU_ARSH:
    case ALU_MOV: break;
    }
}

static struct cell alu_number(struct verifier *v, struct state *s, u16 op, const struct cell *a,
                              struct cell b)
{
    bool wide = isa_rows[op].size == 8;
    enum alu_shape shape = alu_shape_of(op);
    struct scalar ra = cell_value(v, a)->range;
    struct scalar range = alu_operators[op](ra, cell_value(v, &b)->range);
    struct form form;
    if (range.umin == range.umax)
        return cell_constant(v, range.umin);
    alu_normalise(v, wide, &shape, &b);
    struct value value = { .kind = VALUE_SCALAR, .range = range };
    struct cell result = { .value = value_intern(&v->values, &value) };
    if (alu_form(v, s, wide, shape, a, &b, &form)) {
        if (form_is_constant(form)) /* i + (63 - i) */
            return cell_constant(v, form.add);
        form_set(&result, form);
        return form.minus ? cell_with_range(v, &result, relation_tighten(v, s, &result)) : result;
    }
    result.plus = state_fresh_id(s);
    if (wide || (alu_fits(&ra, false) && alu_fits(&cell_value(v, &b)->range, false)))
        alu_relate(v, s, shape, wide, &result, a, &b);
    else if (shape == ALU_MOV)
        relation_note(v, s, &result, &b, 0);
    return result;
}

/* ---- pointers */

static bool alu_pointer_refused(struct verifier *v, u32 reg, const struct value *value,
                                const char *what)
{
    return REJECT(v, reg, VERIFY_POINTER_ALU, NUM(reg), STR(value_kind_name(value->kind)),
                  STR(what));
}

static bool alu_may_move(const struct value *value)
{
    switch ((enum value_kind)value->kind) {
    case VALUE_CTX:
    case VALUE_STACK:
    case VALUE_PACKET:
    case VALUE_META:
    case VALUE_MAP_VALUE:
    case VALUE_MAP_KEY:
    case VALUE_MEMORY:
    case VALUE_TYPED: return true;
    case VALUE_NONE:
    case VALUE_SCALAR:
    case VALUE_PACKET_END:
    case VALUE_MAP:
    case VALUE_MEMORY_END:
    case VALUE_SOCK:
    case VALUE_PER_CPU:
    case VALUE_FUNC:
    case VALUE_DYNPTR:
    case VALUE_ITERATOR:
    case VALUE_KIND_COUNT: break;
    }
    return false;
}

/* The offset of a pointer, as a number. */
static struct cell alu_offset(struct verifier *v, const struct cell *pointer)
{
    struct value value = { .kind = VALUE_SCALAR, .range = cell_value(v, pointer)->range };
    struct cell offset = *pointer;
    offset.value = value_intern(&v->values, &value);
    offset.tag = offset.ref = 0;
    return offset;
}

static struct cell alu_at_offset(struct verifier *v, const struct cell *pointer,
                                 const struct cell *offset)
{
    struct cell moved = cell_with_range(v, pointer, cell_value(v, offset)->range);
    form_set(&moved, form_of(offset));
    return moved;
}

static bool alu_move_pointer(struct verifier *v, struct state *s, const struct insn *insn,
                             const struct cell *pointer, const struct cell *number)
{
    const struct value *value = cell_value(v, pointer);
    u64 by;
    bool still = cell_constant_of(v, number, &by) && by == 0;
    if (value->flags & VALUE_NULLABLE)
        return alu_pointer_refused(v, insn->dst, value, "it may be NULL");
    if (!alu_may_move(value) && !still)
        return alu_pointer_refused(v, insn->dst, value, "such pointers cannot be moved");
    struct cell offset = alu_offset(v, pointer);
    u16 op = alu_shape_of(insn->op) == ALU_ADD ? ISA_ADD64_REG : ISA_SUB64_REG;
    struct cell moved = alu_number(v, s, op, &offset, *number);
    const struct scalar *range = &cell_value(v, &moved)->range;
    const s64 far = (s64)1 << 29;
    if (v->in->profile != SKEP_PROFILE_RFC && ((s64)range->smin > far || (s64)range->smax < -far))
        return alu_pointer_refused(v, insn->dst, value, "it is moved further than any memory");
    state_set_reg(v, s, insn->dst, alu_at_offset(v, pointer, &moved));
    return true;
}

static bool alu_same_region(const struct value *va, const struct value *vb)
{
    bool packets = (va->kind == VALUE_PACKET || va->kind == VALUE_PACKET_END) &&
                   (vb->kind == VALUE_PACKET || vb->kind == VALUE_PACKET_END);
    bool stack = va->kind == vb->kind && va->kind == VALUE_STACK && va->object == vb->object;
    return (packets || stack) && !((va->flags | vb->flags) & VALUE_NULLABLE);
}

/* Pointers into the same region are as far apart as their offsets, which tells no address. */
static struct cell alu_distance(struct verifier *v, struct state *s, const struct cell *a,
                                const struct cell *b, bool wide)
{
    struct cell from = alu_offset(v, a), to = alu_offset(v, b);
    return alu_number(v, s, wide ? ISA_SUB64_REG : ISA_SUB32_REG, &from, to);
}

static bool alu_pointers(struct verifier *v, struct state *s, const struct insn *insn,
                         const struct cell *a, const struct cell *b)
{
    enum alu_shape shape = alu_shape_of(insn->op);
    bool wide = insn_row(insn)->size == 8, strict = v->in->profile == SKEP_PROFILE_STRICT;
    const struct value *va = cell_value(v, a), *vb = cell_value(v, b);
    bool pa = value_is_pointer(va), pb = value_is_pointer(vb);
    u32 reg = pa || shape == ALU_MOV ? insn->dst : insn->src;
    const struct value *first = pa ? va : vb;
    if (shape == ALU_MOV && !wide) {
        if (strict)
            return alu_pointer_refused(v, insn->src, vb, "only half of it would be copied");
        state_set_reg(v, s, insn->dst, cell_scalar(v, s, scalar_zext(scalar_any(), 4)));
        return true;
    }
    if (shape == ALU_SUB && alu_same_region(va, vb)) {
        state_set_reg(v, s, insn->dst, alu_distance(v, s, a, b, wide));
        return true;
    }
    if (shape == ALU_SUB && !strict && (!wide || (pa && pb))) {
        struct scalar any = wide ? scalar_any() : scalar_zext(scalar_any(), 4);
        state_set_reg(v, s, insn->dst, cell_scalar(v, s, any));
        return true;
    }
    if (pa && pb)
        return alu_pointer_refused(v, reg, first, "the other operand is a pointer too");
    if (!wide)
        return alu_pointer_refused(v, reg, first, "the operation has only 32 bits");
    if (shape == ALU_ADD)
        return alu_move_pointer(v, s, insn, pa ? a : b, pa ? b : a);
    if (shape == ALU_SUB && pa && va->kind == VALUE_STACK && v->in->profile != SKEP_PROFILE_RFC)
        return alu_pointer_refused(v, reg, va, "Linux takes only additions to stack pointers");
    if (shape == ALU_SUB && pa)
        return alu_move_pointer(v, s, insn, a, b);
    return alu_pointer_refused(v, reg, first, "only addition and subtraction keep pointers");
}

/* ---- one instruction */

/* What the standard defines and Linux refuses where it is reached: constants that divide by 0, or
 * shift by the width or more. */
static bool alu_linux_takes(struct verifier *v, const struct insn *insn)
{
    enum alu_shape shape = alu_shape_of(insn->op);
    bool divides = shape == ALU_DIV || shape == ALU_SDIV || shape == ALU_MOD || shape == ALU_SMOD;
    bool shifts = shape == ALU_LSH || shape == ALU_RSH || shape == ALU_ARSH;
    u32 bits = insn_row(insn)->size * 8u;
    if (insn_kind(insn) != ISA_KIND_BINARY_IMM)
        return true;
    if (divides && insn->imm == 0)
        return REJECT(v, insn->dst, POLICY_DIV_ZERO, NUM(v->in->code->slot_of[v->at]));
    if (shifts && insn->imm >= bits)
        return REJECT(v, insn->dst, POLICY_SHIFT, NUM(v->in->code->slot_of[v->at]), NUM(insn->imm),
                      NUM(bits));
    return true;
}

static bool alu_binary(struct verifier *v, struct state *s, const struct insn *insn, struct cell b)
{
    const struct cell a = *state_reg(s, insn->dst);
    bool move = alu_shape_of(insn->op) == ALU_MOV;
    if (cell_is_none(&b))
        return REJECT(v, insn->src, VERIFY_UNSET, NUM(insn->src));
    if (move && insn_row(insn)->size == 8) {
        state_set_reg(v, s, insn->dst, b);
        return true;
    }
    if (!move && cell_is_none(&a))
        return REJECT(v, insn->dst, VERIFY_UNSET, NUM(insn->dst));
    if ((!move && value_is_pointer(cell_value(v, &a))) || value_is_pointer(cell_value(v, &b)))
        return alu_pointers(v, s, insn, &a, &b);
    if (v->in->profile != SKEP_PROFILE_RFC && !alu_linux_takes(v, insn))
        return false;
    bool same = insn_kind(insn) == ISA_KIND_BINARY_REG && insn->src == insn->dst;
    bool zero = same && alu_shape_of(insn->op) == ALU_XOR; /* x ^ x */
    state_set_reg(v, s, insn->dst, zero ? cell_constant(v, 0) : alu_number(v, s, insn->op, &a, b));
    return true;
}

static struct scalar alu_unary(const struct insn *insn, struct scalar a)
{
    switch (insn->op) {
    case ISA_NEG64: return scalar_neg64(a);
    case ISA_NEG32: return scalar_neg32(a);
    case ISA_MOVSX8_64: return scalar_movsx8_64(a);
    case ISA_MOVSX16_64: return scalar_movsx16_64(a);
    case ISA_MOVSX32_64: return scalar_movsx32_64(a);
    case ISA_MOVSX8_32: return scalar_movsx8_32(a);
    case ISA_MOVSX16_32: return scalar_movsx16_32(a);
    case ISA_BE16: return HOST_IS_BIG ? scalar_zext(a, 2) : scalar_bswap16(a);
    case ISA_BE32: return HOST_IS_BIG ? scalar_zext(a, 4) : scalar_bswap32(a);
    case ISA_BE64: return HOST_IS_BIG ? a : scalar_bswap64(a);
    case ISA_LE16: return HOST_IS_BIG ? scalar_bswap16(a) : scalar_zext(a, 2);
    case ISA_LE32: return HOST_IS_BIG ? scalar_bswap32(a) : scalar_zext(a, 4);
    case ISA_LE64: return HOST_IS_BIG ? scalar_bswap64(a) : a;
    case ISA_BSWAP16: return scalar_bswap16(a);
    case ISA_BSWAP32: return scalar_bswap32(a);
    case ISA_BSWAP64: return scalar_bswap64(a);
    default: return scalar_any();
    }
}

/* Extensions leave a number as it is when they leave its range; exchanging bytes or signs can leave
 * the range of many numbers and none of them. */
static bool alu_is_extension(const struct insn *insn)
{
    bool zero = HOST_IS_BIG ? insn->op == ISA_BE16 || insn->op == ISA_BE32 || insn->op == ISA_BE64
                            : insn->op == ISA_LE16 || insn->op == ISA_LE32 || insn->op == ISA_LE64;
    return zero || insn_kind(insn) == ISA_KIND_MOVSX;
}

static bool alu_one(struct verifier *v, struct state *s, const struct insn *insn, u32 reg)
{
    const struct cell a = *state_reg(s, reg);
    if (cell_is_none(&a))
        return REJECT(v, reg, VERIFY_UNSET, NUM(reg));
    const struct value *value = cell_value(v, &a);
    bool pointer = value_is_pointer(value);
    if (pointer && v->in->profile == SKEP_PROFILE_STRICT)
        return alu_pointer_refused(v, reg, value, "only addition and subtraction keep pointers");
    struct scalar range = alu_unary(insn, pointer ? scalar_any() : value->range);
    struct cell result = cell_scalar(v, s, range);
    struct form form;
    if (!pointer && insn->op == ISA_NEG64 && range.umin != range.umax &&
        form_difference((struct form){ 0 }, form_of(&a), &form))
        form_set(&result, form);
    if (!pointer && alu_is_extension(insn) && scalar_equal(range, value->range))
        result = a;
    state_set_reg(v, s, insn->dst, result);
    return true;
}

static bool alu_load_constant(struct verifier *v, struct state *s, const struct insn *insn)
{
    struct value value = { .range = scalar_const(0) };
    struct cell cell;
    switch (insn->op) {
    case ISA_LDDW_MAP:
        value.kind = VALUE_MAP;
        value.object = (u16)insn_map_index(insn);
        cell = cell_pointer(v, value);
        break;
    case ISA_LDDW_MAP_VALUE:
        value.kind = VALUE_MAP_VALUE;
        value.object = (u16)insn_map_index(insn);
        cell = cell_pointer(v, value);
        cell = cell_with_range(v, &cell, scalar_const(insn_map_offset(insn)));
        break;
    case ISA_LDDW_CODE:
        value.kind = VALUE_FUNC;
        value.object = (u16)v->in->code->func_of[v->in->code->target[v->at]];
        cell = cell_pointer(v, value);
        break;
    case ISA_LDDW_IMM: cell = cell_constant(v, insn->imm); break;
    default: return verify_unsupported(v, insn);
    }
    state_set_reg(v, s, insn->dst, cell);
    return true;
}

/* clang-format off */
struct scalar alu_atomic(const struct insn *insn, struct scalar a, struct scalar b)
{
    switch (insn->op) {
#define ALU_ATOMIC(NAME, name, imm, text)                                                          \
    case ISA_ATOMIC_##NAME##_W: case ISA_ATOMIC_##NAME##_DW:                                       \
    case ISA_FETCH_##NAME##_W: case ISA_FETCH_##NAME##_DW:                                         \
        return scalar_##name##64(a, b);
    ISA_ATOMIC(ALU_ATOMIC)
#undef ALU_ATOMIC
    default: return scalar_any();
    }
}
/* clang-format on */

bool alu_step(struct verifier *v, struct state *s, const struct insn *insn)
{
    enum isa_kind kind = insn_kind(insn);
    if (kind == ISA_KIND_BINARY_REG)
        return alu_binary(v, s, insn, *state_reg(s, insn->src));
    if (kind == ISA_KIND_BINARY_IMM)
        return alu_binary(v, s, insn, cell_constant(v, insn->imm));
    if (kind == ISA_KIND_LDDW)
        return alu_load_constant(v, s, insn);
    return alu_one(v, s, insn, kind == ISA_KIND_MOVSX ? insn->src : insn->dst);
}
