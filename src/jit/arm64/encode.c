/* The forms of the A64 instruction set: which operand goes to which bits.  The words they start
 * from are the rows of encode.h.  Follows DDI 0487, chapter C4. */
#include "jit/arm64/encode.h"

enum a64_form {
    A64_FORM_SHIFTED,
    A64_FORM_EXTENDED,
    A64_FORM_IMM12,
    A64_FORM_LOGIC_IMM,
    A64_FORM_MOV_WIDE,
    A64_FORM_UNARY,
    A64_FORM_BINARY,
    A64_FORM_TERNARY,
    A64_FORM_BITFIELD,
    A64_FORM_EXTRACT,
    A64_FORM_SELECT,
    A64_FORM_CCMP,
    A64_FORM_CCMP_IMM,
    A64_FORM_MEMORY,
    A64_FORM_PAIR,
    A64_FORM_ORDERED,
    A64_FORM_ATOMIC,
    A64_FORM_BRANCH,
    A64_FORM_BRANCH_IF,
    A64_FORM_COMPARE,
    A64_FORM_TEST_BIT,
    A64_FORM_INDIRECT,
    A64_FORM_ADDRESS,
    A64_FORM_TRAP,
    A64_FORM_PLAIN,
};

static const struct a64_row {
    u32 word, flip;
    u8 form;
} a64_rows[A64_OP_COUNT] = {
#define A64_ROW(name, form, word, flip) { word, flip, A64_FORM_##form },
    A64_ROWS(A64_ROW)
#undef A64_ROW
};

/* Where registers go */
static u32 a64_rd(u32 reg) { return assert(reg < 32), reg; }
static u32 a64_rn(u32 reg) { return a64_rd(reg) << 5; }
static u32 a64_ra(u32 reg) { return a64_rd(reg) << 10; }
static u32 a64_rm(u32 reg) { return a64_rd(reg) << 16; }

static u32 a64_word(enum a64_op op, bool wide)
{
    return a64_rows[op].word ^ (wide ? a64_rows[op].flip : 0);
}

#define A64_ASSERT_FORM(op, wanted) assert(a64_rows[op].form == A64_FORM_##wanted)

/* The low bits of a signed field, moved to where it is; what is above it is checked elsewhere. */
static u32 a64_field(s64 value, u32 bits, u32 at)
{
    return ((u32)(u64)value & (((u32)1 << bits) - 1)) << at;
}

static bool a64_fits_signed(s64 value, u32 bits)
{
    s64 limit = (s64)1 << (bits - 1);
    return value >= -limit && value < limit;
}

/* Arithmetic and logic */

void a64_shifted(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u32 rm,
                 enum a64_shift shift, u32 amount)
{
    A64_ASSERT_FORM(op, SHIFTED);
    assert(amount < (wide ? 64u : 32u));
    assert(shift != A64_ROR || (op >= A64_AND && op <= A64_BICS));
    jit_put32(out, a64_word(op, wide) | a64_rd(rd) | a64_rn(rn) | a64_rm(rm) | (u32)shift << 22 |
                       amount << 10);
}

void a64_extended(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u32 rm,
                  enum a64_extend extend, u32 amount)
{
    A64_ASSERT_FORM(op, EXTENDED);
    assert(amount <= 4);
    jit_put32(out, a64_word(op, wide) | a64_rd(rd) | a64_rn(rn) | a64_rm(rm) | (u32)extend << 13 |
                       amount << 10);
}

static bool a64_high_imm12(u64 imm) { return !(imm & 0xfff) && imm >> 24 == 0; }

bool a64_fits_imm12(u64 imm) { return imm >> 12 == 0 || a64_high_imm12(imm); }

void a64_imm12(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u64 imm)
{
    A64_ASSERT_FORM(op, IMM12);
    assert(a64_fits_imm12(imm));
    bool high = imm >> 12 != 0;
    u32 field = (u32)(high ? imm >> 12 : imm);
    jit_put32(out, a64_word(op, wide) | a64_rd(rd) | a64_rn(rn) | field << 10 | (u32)high << 22);
}

static u64 a64_rotate_left(u64 value, u32 by) { return value << (by & 63) | value >> (-by & 63); }

/* A logical immediate is one run of ones, rotated, in an element of 2 to 64 bits that repeats.  So
 * the places where a run begins, if they are a power of two in number, say how long an element is,
 * and a value that is the same when rotated by that length is such an immediate.  Gives the fields
 * N:immr:imms as one number. */
static bool a64_logic_fields(u64 imm, bool wide, u32 *fields)
{
    if (!wide) {
        if (imm >> 32)
            return false;
        imm |= imm << 32;
    }
    u64 begins = imm & ~a64_rotate_left(imm, 1);
    u32 runs = (u32)__builtin_popcountll(begins);
    if (runs == 0 || (runs & (runs - 1)))
        return false;
    u32 length = 64 / runs;
    if (a64_rotate_left(imm, length) != imm)
        return false;
    u32 first = (u32)__builtin_ctzll(begins);
    u32 ones = (u32)__builtin_popcountll(imm) / runs;
    u32 n = length == 64, immr = (length - first) % length;
    u32 imms = (~(2 * length - 1) & 0x3f) | (ones - 1);
    *fields = n << 12 | immr << 6 | imms;
    return true;
}

bool a64_fits_logic(u64 imm, bool wide)
{
    u32 fields;
    return a64_logic_fields(imm, wide, &fields);
}

void a64_logic_imm(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u64 imm)
{
    A64_ASSERT_FORM(op, LOGIC_IMM);
    u32 fields = 0;
    bool fits = a64_logic_fields(imm, wide, &fields);
    (void)fits, assert(fits);
    jit_put32(out, a64_word(op, wide) | a64_rd(rd) | a64_rn(rn) | fields << 10);
}

void a64_mov_wide(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 imm, u32 half)
{
    A64_ASSERT_FORM(op, MOV_WIDE);
    assert(imm <= 0xffff && half < (wide ? 4u : 2u));
    jit_put32(out, a64_word(op, wide) | a64_rd(rd) | imm << 5 | half << 21);
}

void a64_unary(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn)
{
    A64_ASSERT_FORM(op, UNARY);
    jit_put32(out, a64_word(op, wide) | a64_rd(rd) | a64_rn(rn));
}

void a64_binary(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u32 rm)
{
    A64_ASSERT_FORM(op, BINARY);
    jit_put32(out, a64_word(op, wide) | a64_rd(rd) | a64_rn(rn) | a64_rm(rm));
}

void a64_ternary(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u32 rm, u32 ra)
{
    A64_ASSERT_FORM(op, TERNARY);
    jit_put32(out, a64_word(op, wide) | a64_rd(rd) | a64_rn(rn) | a64_rm(rm) | a64_ra(ra));
}

void a64_bitfield(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u32 immr,
                  u32 imms)
{
    A64_ASSERT_FORM(op, BITFIELD);
    assert((immr | imms) < (wide ? 64u : 32u));
    jit_put32(out, a64_word(op, wide) | a64_rd(rd) | a64_rn(rn) | immr << 16 | imms << 10);
}

void a64_extract(struct jit_buffer *out, bool wide, u32 rd, u32 rn, u32 rm, u32 lsb)
{
    assert(lsb < (wide ? 64u : 32u));
    jit_put32(out, a64_word(A64_EXTR, wide) | a64_rd(rd) | a64_rn(rn) | a64_rm(rm) | lsb << 10);
}

void a64_select_by(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u32 rm,
                   enum a64_cond cond)
{
    A64_ASSERT_FORM(op, SELECT);
    jit_put32(out, a64_word(op, wide) | a64_rd(rd) | a64_rn(rn) | a64_rm(rm) | (u32)cond << 12);
}

void a64_ccmp(struct jit_buffer *out, enum a64_op op, bool wide, u32 rn, u32 rm_or_imm, u32 flags,
              enum a64_cond cond)
{
    assert(a64_rows[op].form == A64_FORM_CCMP || a64_rows[op].form == A64_FORM_CCMP_IMM);
    assert(flags < 16);
    jit_put32(out, a64_word(op, wide) | a64_rn(rn) | a64_rm(rm_or_imm) | (u32)cond << 12 | flags);
}

/* Memory */

u32 a64_access_scale(enum a64_op op, bool wide) { return a64_word(op, wide) >> 30; }

static bool a64_scaled_offset(s64 offset, u32 scale)
{
    return offset >= 0 && offset >> scale << scale == offset && offset >> scale < 4096;
}

bool a64_fits_offset(enum a64_op op, bool wide, s64 offset)
{
    return a64_fits_signed(offset, 9) || a64_scaled_offset(offset, a64_access_scale(op, wide));
}

void a64_memory(struct jit_buffer *out, enum a64_op op, bool wide, u32 rt, u32 rn, s64 offset)
{
    A64_ASSERT_FORM(op, MEMORY);
    assert(a64_fits_offset(op, wide, offset));
    u32 word = a64_word(op, wide) | a64_rd(rt) | a64_rn(rn), scale = a64_access_scale(op, wide);
    bool scaled = a64_scaled_offset(offset, scale);
    jit_put32(out, scaled ? word | a64_field(offset >> scale, 12, 10)
                          : (word ^ A64_UNSCALED) | a64_field(offset, 9, 12));
}

void a64_memory_indexed(struct jit_buffer *out, enum a64_op op, bool wide, u32 rt, u32 rn, u32 rm,
                        enum a64_extend extend, bool scaled)
{
    A64_ASSERT_FORM(op, MEMORY);
    assert(extend & 2); /* of 32 or 64 bits */
    jit_put32(out, (a64_word(op, wide) ^ A64_INDEXED) | a64_rd(rt) | a64_rn(rn) | a64_rm(rm) |
                       (u32)extend << 13 | (u32)scaled << 12);
}

bool a64_fits_pair(bool wide, s64 offset)
{
    s64 size = wide ? 8 : 4;
    return offset % size == 0 && a64_fits_signed(offset / size, 7);
}

void a64_pair(struct jit_buffer *out, enum a64_op op, bool wide, enum a64_index index, u32 rt,
              u32 rt2, u32 rn, s64 offset)
{
    A64_ASSERT_FORM(op, PAIR);
    assert(a64_fits_pair(wide, offset));
    jit_put32(out, a64_word(op, wide) | a64_rd(rt) | a64_ra(rt2) | a64_rn(rn) | (u32)index << 23 |
                       a64_field(offset / (wide ? 8 : 4), 7, 15));
}

void a64_ordered(struct jit_buffer *out, enum a64_op op, bool wide, u32 rt, u32 rn)
{
    A64_ASSERT_FORM(op, ORDERED);
    jit_put32(out, a64_word(op, wide) | a64_rd(rt) | a64_rn(rn));
}

void a64_atomic(struct jit_buffer *out, enum a64_op op, bool wide, u32 rs, u32 rt, u32 rn)
{
    A64_ASSERT_FORM(op, ATOMIC);
    jit_put32(out, a64_word(op, wide) | a64_rd(rt) | a64_rn(rn) | a64_rm(rs));
}

/* Control */

static const struct a64_reach {
    u8 bits, at; /* the field, of words of 4 bytes; no bits: no displacement */
} a64_reaches[] = {
    [A64_FORM_BRANCH] = { 26, 0 },  [A64_FORM_BRANCH_IF] = { 19, 5 },
    [A64_FORM_COMPARE] = { 19, 5 }, [A64_FORM_TEST_BIT] = { 14, 5 },
    [A64_FORM_PLAIN] = { 0, 0 },
};

/* adr and adrp: the low two bits of the field come apart from the others */
static u32 a64_address_field(s64 units)
{
    return a64_field(units, 2, 29) | a64_field(units >> 2, 19, 5);
}

bool a64_fits_displacement(enum a64_op op, s64 displacement)
{
    const struct a64_reach *reach = &a64_reaches[a64_rows[op].form];
    if (op == A64_ADRP)
        return displacement % 4096 == 0 && a64_fits_signed(displacement / 4096, 21);
    if (op == A64_ADR)
        return a64_fits_signed(displacement, 21);
    return displacement % 4 == 0 && a64_fits_signed(displacement / 4, reach->bits);
}

u32 a64_displaced(enum a64_op op, u32 word, s64 displacement)
{
    assert(a64_fits_displacement(op, displacement));
    if (op == A64_ADR || op == A64_ADRP) {
        s64 units = op == A64_ADRP ? displacement / 4096 : displacement;
        return (word & ~a64_address_field(-1)) | a64_address_field(units);
    }
    const struct a64_reach *reach = &a64_reaches[a64_rows[op].form];
    return (word & ~a64_field(-1, reach->bits, reach->at)) |
           a64_field(displacement / 4, reach->bits, reach->at);
}

void a64_branch(struct jit_buffer *out, enum a64_op op, s64 displacement)
{
    A64_ASSERT_FORM(op, BRANCH);
    jit_put32(out, a64_displaced(op, a64_word(op, false), displacement));
}

void a64_branch_if(struct jit_buffer *out, enum a64_cond cond, s64 displacement)
{
    u32 word = a64_word(A64_B_COND, false) | (u32)cond;
    jit_put32(out, a64_displaced(A64_B_COND, word, displacement));
}

void a64_compare_branch(struct jit_buffer *out, enum a64_op op, bool wide, u32 rt, s64 displacement)
{
    A64_ASSERT_FORM(op, COMPARE);
    jit_put32(out, a64_displaced(op, a64_word(op, wide) | a64_rd(rt), displacement));
}

void a64_test_branch(struct jit_buffer *out, enum a64_op op, u32 rt, u32 bit, s64 displacement)
{
    A64_ASSERT_FORM(op, TEST_BIT);
    assert(bit < 64);
    u32 word = a64_word(op, false) | a64_rd(rt) | (bit & 31) << 19 | bit >> 5 << 31;
    jit_put32(out, a64_displaced(op, word, displacement));
}

void a64_indirect(struct jit_buffer *out, enum a64_op op, u32 rn)
{
    A64_ASSERT_FORM(op, INDIRECT);
    jit_put32(out, a64_word(op, false) | a64_rn(rn));
}

void a64_address(struct jit_buffer *out, enum a64_op op, u32 rd, s64 displacement)
{
    A64_ASSERT_FORM(op, ADDRESS);
    jit_put32(out, a64_displaced(op, a64_word(op, false) | a64_rd(rd), displacement));
}

void a64_trap(struct jit_buffer *out, u32 imm)
{
    assert(imm <= 0xffff);
    jit_put32(out, a64_word(A64_BRK, false) | imm << 5);
}

void a64_plain(struct jit_buffer *out, enum a64_op op)
{
    A64_ASSERT_FORM(op, PLAIN);
    jit_put32(out, a64_word(op, false));
}

/* Aliases */

void a64_mov(struct jit_buffer *out, bool wide, u32 rd, u32 rn)
{
    a64_shifted(out, A64_ORR, wide, rd, A64_ZR, rn, A64_LSL, 0);
}

void a64_mul(struct jit_buffer *out, bool wide, u32 rd, u32 rn, u32 rm)
{
    a64_ternary(out, A64_MADD, wide, rd, rn, rm, A64_ZR);
}

void a64_ubfx(struct jit_buffer *out, bool wide, u32 rd, u32 rn, u32 lsb, u32 width)
{
    a64_bitfield(out, A64_UBFM, wide, rd, rn, lsb, lsb + width - 1);
}

void a64_sbfx(struct jit_buffer *out, bool wide, u32 rd, u32 rn, u32 lsb, u32 width)
{
    a64_bitfield(out, A64_SBFM, wide, rd, rn, lsb, lsb + width - 1);
}

void a64_ubfiz(struct jit_buffer *out, bool wide, u32 rd, u32 rn, u32 lsb, u32 width)
{
    a64_bitfield(out, A64_UBFM, wide, rd, rn, -lsb & (wide ? 63u : 31u), width - 1);
}

void a64_bfi(struct jit_buffer *out, bool wide, u32 rd, u32 rn, u32 lsb, u32 width)
{
    a64_bitfield(out, A64_BFM, wide, rd, rn, -lsb & (wide ? 63u : 31u), width - 1);
}

void a64_shift_imm(struct jit_buffer *out, enum a64_shift shift, bool wide, u32 rd, u32 rn,
                   u32 amount)
{
    u32 bits = wide ? 64 : 32;
    assert(amount < bits);
    switch (shift) {
    case A64_LSL: a64_ubfiz(out, wide, rd, rn, amount, bits - amount); break;
    case A64_LSR: a64_ubfx(out, wide, rd, rn, amount, bits - amount); break;
    case A64_ASR: a64_sbfx(out, wide, rd, rn, amount, bits - amount); break;
    case A64_ROR: a64_extract(out, wide, rd, rn, rn, amount); break;
    }
}

void a64_cset(struct jit_buffer *out, u32 rd, enum a64_cond cond)
{
    a64_select_by(out, A64_CSINC, false, rd, A64_ZR, A64_ZR, a64_cond_not(cond));
}

/* Constants */

static u32 a64_half(u64 value, u32 i) { return (u32)(value >> 16 * i) & 0xffff; }

static u64 a64_with_half(u64 value, u32 i, u32 half)
{
    return (value & ~((u64)0xffff << 16 * i)) | (u64)half << 16 * i;
}

/* How many of the n low halves differ from `fill`; one instruction each, and never none at all. */
static u32 a64_halves_other_than(u64 value, u32 n, u32 fill)
{
    u32 count = 0;
    for (u32 i = 0; i < n; i++)
        count += a64_half(value, i) != fill;
    return max_u32(count, 1);
}

/* How to make a constant: start with one instruction, then put halves in. */
struct a64_plan {
    u32 length;
    u64 start; /* what the first instruction gives, if it is an orr */
    u16 fill;  /* else: of the halves it does not give */
    bool orr, wide;
};

/* Is there a logical immediate that differs in one half?  It would be like one of the others, or of
 * zeros or ones. */
static bool a64_nearly_logic(u64 value, u64 *start)
{
    for (u32 i = 0; i < 4; i++) {
        for (u32 j = 0; j < 6; j++) {
            u32 half = j < 4 ? a64_half(value, j) : j == 4 ? 0 : 0xffff;
            *start = a64_with_half(value, i, half);
            if (a64_fits_logic(*start, true))
                return true;
        }
    }
    return false;
}

static struct a64_plan a64_plan_constant(u64 value)
{
    bool wide = value >> 32 != 0;
    u32 n = wide ? 4 : 2, zeros = a64_halves_other_than(value, n, 0),
        ones = a64_halves_other_than(value, n, 0xffff);
    struct a64_plan plan = { .length = zeros, .wide = wide };
    if (ones < zeros)
        plan = (struct a64_plan){ .length = ones, .fill = 0xffff, .wide = wide };
    u64 start = value;
    if (plan.length > 1 && a64_fits_logic(value, wide))
        return (struct a64_plan){ .length = 1, .start = value, .orr = true, .wide = wide };
    if (plan.length > 2 && a64_nearly_logic(value, &start))
        return (struct a64_plan){ .length = 2, .start = start, .orr = true, .wide = true };
    return plan;
}

u32 a64_constant_length(u64 value) { return a64_plan_constant(value).length; }

/* The first instruction of movz or movn gives the lowest half that is not the fill. */
static u64 a64_constant_begin(struct jit_buffer *out, const struct a64_plan *plan, u32 rd,
                              u64 value)
{
    if (plan->orr) {
        a64_logic_imm(out, A64_ORR_IMM, plan->wide, rd, A64_ZR, plan->start);
        return plan->start;
    }
    u32 n = plan->wide ? 4 : 2, first = 0;
    while (first < n && a64_half(value, first) == plan->fill)
        first++;
    first = first < n ? first : 0;
    u32 half = a64_half(value, first);
    a64_mov_wide(out, plan->fill ? A64_MOVN : A64_MOVZ, plan->wide, rd, half ^ plan->fill, first);
    u64 others = plan->fill ? UINT64_MAX >> (plan->wide ? 0 : 32) : 0;
    return a64_with_half(others, first, half);
}

void a64_constant(struct jit_buffer *out, u32 rd, u64 value)
{
    struct a64_plan plan = a64_plan_constant(value);
    u64 so_far = a64_constant_begin(out, &plan, rd, value);
    for (u32 i = 0; i < 4; i++) {
        if (a64_half(so_far, i) != a64_half(value, i))
            a64_mov_wide(out, A64_MOVK, plan.wide, rd, a64_half(value, i), i);
    }
}

#undef A64_ASSERT_FORM
