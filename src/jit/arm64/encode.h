/* Named encoders of the A64 instruction set.  A row of A64_ROWS is one instruction; a form function
 * takes the operands that the rows of its form share.  `wide` chooses X registers over W registers.
 *
 * Displacements count bytes from the instruction itself.  What must fit is asserted; a question of
 * the form a64_fits_... says beforehand whether it does.
 *
 * Follows the Arm Architecture Reference Manual for A-profile (DDI 0487), chapter C4 and C6. */
#ifndef SKEP_SRC_JIT_ARM64_ENCODE_H
#define SKEP_SRC_JIT_ARM64_ENCODE_H

#include "jit/buffer.h"

enum a64_reg {
    A64_X0,
    A64_X1,
    A64_X2,
    A64_X3,
    A64_X4,
    A64_X5,
    A64_X6,
    A64_X7,
    A64_X8,
    A64_X9,
    A64_X10,
    A64_X11,
    A64_X12,
    A64_X13,
    A64_X14,
    A64_X15,
    A64_X16,
    A64_X17,
    A64_X18,
    A64_X19,
    A64_X20,
    A64_X21,
    A64_X22,
    A64_X23,
    A64_X24,
    A64_X25,
    A64_X26,
    A64_X27,
    A64_X28,
    A64_FP, /* x29 */
    A64_LR, /* x30 */
    A64_ZR, /* or, as the instruction has it, */
    A64_SP = A64_ZR,
};

enum a64_cond {
    A64_EQ,
    A64_NE,
    A64_HS,
    A64_LO,
    A64_MI,
    A64_PL,
    A64_VS,
    A64_VC,
    A64_HI,
    A64_LS,
    A64_GE,
    A64_LT,
    A64_GT,
    A64_LE,
    A64_AL,
};
static inline enum a64_cond a64_cond_not(enum a64_cond cond) { return (enum a64_cond)(cond ^ 1); }

enum a64_shift { A64_LSL, A64_LSR, A64_ASR, A64_ROR };

enum a64_extend {
    A64_UXTB,
    A64_UXTH,
    A64_UXTW,
    A64_UXTX, /* of an address: lsl */
    A64_SXTB,
    A64_SXTH,
    A64_SXTW,
    A64_SXTX,
};

enum a64_index { A64_POST = 1, A64_OFFSET, A64_PRE };

/* clang-format off */
/* What follows the name: the form; the word for W registers; what X registers flip in it, 0 where
 * the instruction has one width. */
#define A64_ROWS(X) \
    X(ADD,      SHIFTED,    0x0b000000, 0x80000000) \
    X(ADDS,     SHIFTED,    0x2b000000, 0x80000000) \
    X(SUB,      SHIFTED,    0x4b000000, 0x80000000) \
    X(SUBS,     SHIFTED,    0x6b000000, 0x80000000) \
    X(AND,      SHIFTED,    0x0a000000, 0x80000000) \
    X(BIC,      SHIFTED,    0x0a200000, 0x80000000) \
    X(ORR,      SHIFTED,    0x2a000000, 0x80000000) \
    X(ORN,      SHIFTED,    0x2a200000, 0x80000000) \
    X(EOR,      SHIFTED,    0x4a000000, 0x80000000) \
    X(EON,      SHIFTED,    0x4a200000, 0x80000000) \
    X(ANDS,     SHIFTED,    0x6a000000, 0x80000000) \
    X(BICS,     SHIFTED,    0x6a200000, 0x80000000) \
    X(ADD_EXT,  EXTENDED,   0x0b200000, 0x80000000) \
    X(ADDS_EXT, EXTENDED,   0x2b200000, 0x80000000) \
    X(SUB_EXT,  EXTENDED,   0x4b200000, 0x80000000) \
    X(SUBS_EXT, EXTENDED,   0x6b200000, 0x80000000) \
    X(ADD_IMM,  IMM12,      0x11000000, 0x80000000) \
    X(ADDS_IMM, IMM12,      0x31000000, 0x80000000) \
    X(SUB_IMM,  IMM12,      0x51000000, 0x80000000) \
    X(SUBS_IMM, IMM12,      0x71000000, 0x80000000) \
    X(AND_IMM,  LOGIC_IMM,  0x12000000, 0x80000000) \
    X(ORR_IMM,  LOGIC_IMM,  0x32000000, 0x80000000) \
    X(EOR_IMM,  LOGIC_IMM,  0x52000000, 0x80000000) \
    X(ANDS_IMM, LOGIC_IMM,  0x72000000, 0x80000000) \
    X(MOVN,     MOV_WIDE,   0x12800000, 0x80000000) \
    X(MOVZ,     MOV_WIDE,   0x52800000, 0x80000000) \
    X(MOVK,     MOV_WIDE,   0x72800000, 0x80000000) \
    X(RBIT,     UNARY,      0x5ac00000, 0x80000000) \
    X(REV16,    UNARY,      0x5ac00400, 0x80000000) \
    X(REV,      UNARY,      0x5ac00800, 0x80000400) \
    X(REV32,    UNARY,      0xdac00800, 0) \
    X(CLZ,      UNARY,      0x5ac01000, 0x80000000) \
    X(UDIV,     BINARY,     0x1ac00800, 0x80000000) \
    X(SDIV,     BINARY,     0x1ac00c00, 0x80000000) \
    X(LSLV,     BINARY,     0x1ac02000, 0x80000000) \
    X(LSRV,     BINARY,     0x1ac02400, 0x80000000) \
    X(ASRV,     BINARY,     0x1ac02800, 0x80000000) \
    X(RORV,     BINARY,     0x1ac02c00, 0x80000000) \
    X(SMULH,    BINARY,     0x9b407c00, 0) \
    X(UMULH,    BINARY,     0x9bc07c00, 0) \
    X(MADD,     TERNARY,    0x1b000000, 0x80000000) \
    X(MSUB,     TERNARY,    0x1b008000, 0x80000000) \
    X(SMADDL,   TERNARY,    0x9b200000, 0) \
    X(SMSUBL,   TERNARY,    0x9b208000, 0) \
    X(UMADDL,   TERNARY,    0x9ba00000, 0) \
    X(UMSUBL,   TERNARY,    0x9ba08000, 0) \
    X(SBFM,     BITFIELD,   0x13000000, 0x80400000) \
    X(BFM,      BITFIELD,   0x33000000, 0x80400000) \
    X(UBFM,     BITFIELD,   0x53000000, 0x80400000) \
    X(EXTR,     EXTRACT,    0x13800000, 0x80400000) \
    X(CSEL,     SELECT,     0x1a800000, 0x80000000) \
    X(CSINC,    SELECT,     0x1a800400, 0x80000000) \
    X(CSINV,    SELECT,     0x5a800000, 0x80000000) \
    X(CSNEG,    SELECT,     0x5a800400, 0x80000000) \
    X(CCMN,     CCMP,       0x3a400000, 0x80000000) \
    X(CCMP,     CCMP,       0x7a400000, 0x80000000) \
    X(CCMN_IMM, CCMP_IMM,   0x3a400800, 0x80000000) \
    X(CCMP_IMM, CCMP_IMM,   0x7a400800, 0x80000000) \
    X(STRB,     MEMORY,     0x39000000, 0) \
    X(STRH,     MEMORY,     0x79000000, 0) \
    X(STR,      MEMORY,     0xb9000000, 0x40000000) \
    X(LDRB,     MEMORY,     0x39400000, 0) \
    X(LDRH,     MEMORY,     0x79400000, 0) \
    X(LDR,      MEMORY,     0xb9400000, 0x40000000) \
    X(LDRSB,    MEMORY,     0x39c00000, 0x00400000) \
    X(LDRSH,    MEMORY,     0x79c00000, 0x00400000) \
    X(LDRSW,    MEMORY,     0xb9800000, 0) \
    X(STP,      PAIR,       0x28000000, 0x80000000) \
    X(LDP,      PAIR,       0x28400000, 0x80000000) \
    X(LDARB,    ORDERED,    0x08dffc00, 0) \
    X(LDARH,    ORDERED,    0x48dffc00, 0) \
    X(LDAR,     ORDERED,    0x88dffc00, 0x40000000) \
    X(STLRB,    ORDERED,    0x089ffc00, 0) \
    X(STLRH,    ORDERED,    0x489ffc00, 0) \
    X(STLR,     ORDERED,    0x889ffc00, 0x40000000) \
    X(LDXR,     ORDERED,    0x885f7c00, 0x40000000) \
    X(LDAXR,    ORDERED,    0x885ffc00, 0x40000000) \
    X(STXR,     ATOMIC,     0x88007c00, 0x40000000) \
    X(STLXR,    ATOMIC,     0x8800fc00, 0x40000000) \
    X(LDADD,    ATOMIC,     0xb8200000, 0x40000000) \
    X(LDCLR,    ATOMIC,     0xb8201000, 0x40000000) \
    X(LDEOR,    ATOMIC,     0xb8202000, 0x40000000) \
    X(LDSET,    ATOMIC,     0xb8203000, 0x40000000) \
    X(LDADDAL,  ATOMIC,     0xb8e00000, 0x40000000) \
    X(LDCLRAL,  ATOMIC,     0xb8e01000, 0x40000000) \
    X(LDEORAL,  ATOMIC,     0xb8e02000, 0x40000000) \
    X(LDSETAL,  ATOMIC,     0xb8e03000, 0x40000000) \
    X(SWPAL,    ATOMIC,     0xb8e08000, 0x40000000) \
    X(CASAL,    ATOMIC,     0x88e0fc00, 0x40000000) \
    X(B,        BRANCH,     0x14000000, 0) \
    X(BL,       BRANCH,     0x94000000, 0) \
    X(B_COND,   BRANCH_IF,  0x54000000, 0) \
    X(CBZ,      COMPARE,    0x34000000, 0x80000000) \
    X(CBNZ,     COMPARE,    0x35000000, 0x80000000) \
    X(TBZ,      TEST_BIT,   0x36000000, 0) \
    X(TBNZ,     TEST_BIT,   0x37000000, 0) \
    X(BR,       INDIRECT,   0xd61f0000, 0) \
    X(BLR,      INDIRECT,   0xd63f0000, 0) \
    X(RET,      INDIRECT,   0xd65f0000, 0) \
    X(ADR,      ADDRESS,    0x10000000, 0) \
    X(ADRP,     ADDRESS,    0x90000000, 0) \
    X(BRK,      TRAP,       0xd4200000, 0) \
    X(NOP,      PLAIN,      0xd503201f, 0) \
    X(BTI_C,    PLAIN,      0xd503245f, 0) \
    X(BTI_J,    PLAIN,      0xd503249f, 0) \
    X(DMB_ISH,  PLAIN,      0xd5033bbf, 0)
/* clang-format on */

/* What loads and stores flip for an offset that is not scaled, and for an offset in a register. */
#define A64_UNSCALED 0x01000000
#define A64_INDEXED 0x01200800

enum a64_op {
#define A64_ENUM(name, form, word, flip) A64_##name,
    A64_ROWS(A64_ENUM)
#undef A64_ENUM
        A64_OP_COUNT
};

/* rd = rn op (rm shifted by amount).  The logic rows alone take ror. */
void a64_shifted(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u32 rm,
                 enum a64_shift shift, u32 amount);
/* rd = rn op (part of rm, extended, << amount <= 4).  rd and rn may be sp. */
void a64_extended(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u32 rm,
                  enum a64_extend extend, u32 amount);
/* rd = rn op imm.  rn may be sp, and rd too unless flags are set. */
void a64_imm12(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u64 imm);
bool a64_fits_imm12(u64 imm);
/* rd = rn op imm.  rd may be sp unless flags are set. */
void a64_logic_imm(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u64 imm);
bool a64_fits_logic(u64 imm, bool wide);
/* imm << (16 * half) */
void a64_mov_wide(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 imm, u32 half);

void a64_unary(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn);
void a64_binary(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u32 rm);
/* rd = ra + rn * rm, or ra - rn * rm */
void a64_ternary(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u32 rm, u32 ra);
void a64_bitfield(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u32 immr,
                  u32 imms);
/* rd = the low half of (rn:rm >> lsb) */
void a64_extract(struct jit_buffer *out, bool wide, u32 rd, u32 rn, u32 rm, u32 lsb);
/* rd = cond ? rn : what the row makes of rm */
void a64_select_by(struct jit_buffer *out, enum a64_op op, bool wide, u32 rd, u32 rn, u32 rm,
                   enum a64_cond cond);
/* If cond, the flags of a comparison of rn with rm or imm (below 32), else flags (NZCV). */
void a64_ccmp(struct jit_buffer *out, enum a64_op op, bool wide, u32 rn, u32 rm_or_imm, u32 flags,
              enum a64_cond cond);

/* Loads and stores of rt at rn + offset; rn may be sp. */
void a64_memory(struct jit_buffer *out, enum a64_op op, bool wide, u32 rt, u32 rn, s64 offset);
bool a64_fits_offset(enum a64_op op, bool wide, s64 offset);
/* At rn + rm, of which extend says what counts (UXTW, UXTX, SXTW, SXTX); `scaled` multiplies it by
 * the size of the access. */
void a64_memory_indexed(struct jit_buffer *out, enum a64_op op, bool wide, u32 rt, u32 rn, u32 rm,
                        enum a64_extend extend, bool scaled);
u32 a64_access_scale(enum a64_op op, bool wide); /* log2 of its bytes */
void a64_pair(struct jit_buffer *out, enum a64_op op, bool wide, enum a64_index index, u32 rt,
              u32 rt2, u32 rn, s64 offset);
bool a64_fits_pair(bool wide, s64 offset);
/* rt at [rn]: with order, or exclusive */
void a64_ordered(struct jit_buffer *out, enum a64_op op, bool wide, u32 rt, u32 rn);
/* rs goes in (of an exclusive store: says whether it failed), rt is read, or written by cas. */
void a64_atomic(struct jit_buffer *out, enum a64_op op, bool wide, u32 rs, u32 rt, u32 rn);

void a64_branch(struct jit_buffer *out, enum a64_op op, s64 displacement);
void a64_branch_if(struct jit_buffer *out, enum a64_cond cond, s64 displacement);
void a64_compare_branch(struct jit_buffer *out, enum a64_op op, bool wide, u32 rt,
                        s64 displacement);
void a64_test_branch(struct jit_buffer *out, enum a64_op op, u32 rt, u32 bit, s64 displacement);
/* Of the direct branches, and adr. */
bool a64_fits_displacement(enum a64_op op, s64 displacement);
/* The word of such a branch, whatever its displacement was, with this one. */
u32 a64_displaced(enum a64_op op, u32 word, s64 displacement);
void a64_indirect(struct jit_buffer *out, enum a64_op op, u32 rn);
/* rd = this address + displacement; of adrp: this page + a multiple of 4096 */
void a64_address(struct jit_buffer *out, enum a64_op op, u32 rd, s64 displacement);
void a64_trap(struct jit_buffer *out, u32 imm);
void a64_plain(struct jit_buffer *out, enum a64_op op);

/* Aliases */

void a64_mov(struct jit_buffer *out, bool wide, u32 rd, u32 rn); /* not sp */
void a64_mul(struct jit_buffer *out, bool wide, u32 rd, u32 rn, u32 rm);
void a64_shift_imm(struct jit_buffer *out, enum a64_shift shift, bool wide, u32 rd, u32 rn,
                   u32 amount);
/* rd = bits [lsb, lsb + width) of rn, with zeros or copies of the highest above */
void a64_ubfx(struct jit_buffer *out, bool wide, u32 rd, u32 rn, u32 lsb, u32 width);
void a64_sbfx(struct jit_buffer *out, bool wide, u32 rd, u32 rn, u32 lsb, u32 width);
/* rd = the low width bits of rn << lsb, with zeros elsewhere, or with what rd had there */
void a64_ubfiz(struct jit_buffer *out, bool wide, u32 rd, u32 rn, u32 lsb, u32 width);
void a64_bfi(struct jit_buffer *out, bool wide, u32 rd, u32 rn, u32 lsb, u32 width);
void a64_cset(struct jit_buffer *out, u32 rd, enum a64_cond cond);

/* rd = value, in as few instructions as a64_constant_length says (1 to 4). */
void a64_constant(struct jit_buffer *out, u32 rd, u64 value);
u32 a64_constant_length(u64 value);

#endif
