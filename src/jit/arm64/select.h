/* What the files of arm64's instruction selection share.  See docs/jit.md, "Selection". */
#ifndef SKEP_SRC_JIT_ARM64_SELECT_H
#define SKEP_SRC_JIT_ARM64_SELECT_H

#include "jit/arm64/insn.h"

/* ---- instructions (operand.c) */

/* rd = op(rn, ...); MACH_NO_REG: the zero register */
void a64_do_unary(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn);
void a64_do_binary(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn, u32 rm);
void a64_do_ternary(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn, u32 rm, u32 ra);
void a64_do_shifted(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn, u32 rm);
void a64_do_imm(struct select *s, enum a64_shape shape, enum a64_op op, u32 width, u32 rd, u32 rn,
                u64 imm);
/* rd = bits [lsb, lsb + bits) of rn, op: UBFM or SBFM; or the lowest bits of rn << lsb */
void a64_do_extract(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn, u32 lsb, u32 bits);
void a64_do_insert(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn, u32 lsb, u32 bits);
/* The register of the result; a new one when nobody needs it. */
u32 a64_result(struct select *s);
static inline const struct ssa_insn *a64_insn(const struct select *s)
{
    return ssa_at(s->ssa, s->at);
}

/* ---- operands (operand.c) */

/* A constant that may be an immediate. */
bool a64_constant_value(const struct select *s, u32 value, u32 width, u64 *imm);
/* The instruction that makes the value, if it can become part of the one under selection; NULL: it
 * cannot, or it is of another width. */
const struct ssa_insn *a64_foldable(const struct select *s, u32 value, u32 width);
/* The same of one of these operations with a constant second argument. */
const struct ssa_insn *a64_foldable_by(const struct select *s, u32 value, u32 width, enum ssa_op op,
                                       u64 *by);
/* 2^bits - 1, which is not all ones of its width? */
bool a64_low_mask(u64 imm, u32 width, u32 *bits);
/* How many low bits of what value is extended, and from which value; false: it is no extension that
 * can be folded. */
struct a64_extension {
    u32 from;
    u8 bytes; /* 1, 2, 4 */
    bool is_signed;
};
bool a64_extension_of(const struct select *s, u32 value, struct a64_extension *ext);

/* An arithmetic operation in its forms: registers, extended registers, an immediate, and which
 * operation does the same with the immediate negated. */
struct a64_arith {
    u8 op, extended, imm, negated;
};
extern const struct a64_arith a64_arith_add, a64_arith_sub, a64_arith_compare;
bool a64_arith_fits(u64 imm, u32 width);
/* rd = a op b; rd MACH_NO_REG: only the flags */
void a64_do_arith(struct select *s, const struct a64_arith *arith, u32 width, u32 rd, u32 a, u32 b);
/* Is b better the second operand than the first: a shift or an extension that costs nothing there?
 */
bool a64_is_flexible(const struct select *s, u32 b, u32 width);
/* A logic operation, with b shifted if it can be; `inverted` does it with the bits of b inverted.
 * rd MACH_NO_REG: only the flags */
void a64_do_logic(struct select *s, enum a64_op op, enum a64_op imm_op, enum a64_op inverted,
                  u32 width, u32 rd, u32 a, u32 b);

/* ---- memory (memory.c) */

/* A load or store of `reg` (role USE or DEF, or MACH_NO_REG) at value + off. */
void a64_do_memory(struct select *s, enum a64_op op, u32 width, u32 reg, enum mach_role role,
                   u32 value, s64 off);
void a64_select_load(struct select *s);
void a64_select_store(struct select *s);
void a64_select_load_acquire(struct select *s);
void a64_select_store_release(struct select *s);
void a64_select_atomic(struct select *s);
void a64_select_fetch(struct select *s);
void a64_select_cmpxchg(struct select *s);
/* A load that sign-extends, of what is being loaded at `load`. */
void a64_do_load(struct select *s, const struct ssa_insn *load, u32 rd, bool is_signed);

/* ---- conditions (compare.c) */

/* Sets the flags so that the condition returned holds when the value is not 0. */
enum a64_cond a64_condition(struct select *s, u32 value);
/* The same of a comparison. */
enum a64_cond a64_compare(struct select *s, const struct ssa_insn *comparison);
bool a64_is_comparison(const struct ssa_insn *insn);

#endif
