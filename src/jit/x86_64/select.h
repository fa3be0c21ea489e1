/* What the files of x86-64's instruction selection share.  See docs/jit.md, "Selection". */
#ifndef SKEP_SRC_JIT_X86_64_SELECT_H
#define SKEP_SRC_JIT_X86_64_SELECT_H

#include "jit/x86_64/insn.h"

/* An r/m operand over virtual registers. */
struct x86_place {
    bool memory;
    u8 scale;        /* log2 */
    u32 base, index; /* or MACH_NO_REG */
    s32 disp;
};

/* ---- operands (operand.c) */

struct x86_place x86_place_of_reg(u32 reg);
/* The memory at value + off, as much of the sum as possible in the address. */
struct x86_place x86_address(struct select *s, u32 value, s64 off);
/* A sum as the address that LEA computes, of which the low `width` bytes are wanted. */
struct x86_place x86_sum(struct select *s, const struct ssa_insn *sum, u32 width);
/* The value for an operation of `size` bytes: a load that becomes part of it, or a register. */
struct x86_place x86_operand(struct select *s, u32 value, u32 size);
bool x86_can_be_memory(const struct select *s, u32 value, u32 size);
/* A constant that fits the immediates of operations of `size` bytes. */
bool x86_immediate(const struct select *s, u32 value, u32 size, s32 *imm);
bool x86_constant(const struct select *s, u32 value, u64 *imm);

/* ---- instructions (operand.c) */

void x86_give_place(struct mach_insn *insn, struct x86_place place, enum mach_role role);
/* op reg, r/m */
void x86_do(struct select *s, enum x86_op op, u32 size, u32 reg, enum mach_role role,
            struct x86_place place);
void x86_do_imm(struct select *s, enum x86_op op, u32 size, u32 reg, s32 imm);
void x86_do_one(struct select *s, enum x86_op op, u32 size, u32 reg);
/* cmp or test */
struct mach_insn *x86_do_test(struct select *s, enum x86_op op, u32 size, u32 reg,
                              struct x86_place place);
void x86_do_test_imm(struct select *s, enum x86_op op, u32 size, struct x86_place place, s32 imm);
/* The register of the result; a new one when nobody needs it. */
u32 x86_result(struct select *s);

/* ---- conditions (compare.c) */

/* Sets the flags so that the condition returned holds when the value is not 0. */
enum x86_cc x86_condition(struct select *s, u32 value);
/* The same of a comparison. */
enum x86_cc x86_compare(struct select *s, const struct ssa_insn *comparison);
bool x86_is_comparison(const struct ssa_insn *insn);

#endif
