/* The encoder of x86-64: names for what selection emits, and the only place that knows opcodes.
 *
 * Follows the Intel SDM, volume 2 (chapter 2: instruction format; 3 to 5: the opcodes).  One table
 * says how operations are encoded; a few functions, one per shape of operands, write them, in the
 * shortest form there is.  Jumps take displacements: labels are the driver's business. */
#ifndef SKEP_SRC_JIT_X86_64_ENCODE_H
#define SKEP_SRC_JIT_X86_64_ENCODE_H

#include "jit/buffer.h"

/* clang-format off */
enum x86_reg {
    X86_RAX, X86_RCX, X86_RDX, X86_RBX, X86_RSP, X86_RBP, X86_RSI, X86_RDI,
    X86_R8, X86_R9, X86_R10, X86_R11, X86_R12, X86_R13, X86_R14, X86_R15,
    X86_NO_REG, /* no base or no index */
};

/* Conditions, with the numbers that Jcc, SETcc and CMOVcc know them by; ^ 1 inverts. */
enum x86_cc {
    X86_O, X86_NO, X86_B, X86_AE, X86_E, X86_NE, X86_BE, X86_A,
    X86_S, X86_NS, X86_P, X86_NP, X86_L, X86_GE, X86_LE, X86_G,
};
/* clang-format on */

/* What an r/m field can name: a register or memory. */
struct x86_rm {
    u8 base;  /* or the register itself */
    u8 index; /* any but rsp, unless scale is 1 and base can take its place */
    u8 scale; /* 1, 2, 4, 8; 0: no memory but the register `base` */
    s32 disp;
};

static inline struct x86_rm x86_r(u8 reg)
{
    return (struct x86_rm){ .base = reg, .index = X86_NO_REG };
}
static inline struct x86_rm x86_m(u8 base, s32 disp)
{
    return (struct x86_rm){ .base = base, .index = X86_NO_REG, .scale = 1, .disp = disp };
}
static inline struct x86_rm x86_mx(u8 base, u8 index, u8 scale, s32 disp)
{
    return (struct x86_rm){ .base = base, .index = index, .scale = scale, .disp = disp };
}

/* clang-format off */
/* Opcodes by the shape of operands, 0 where there is none; digit: the reg field of the last two.
 * Prefix and map follow the VEX numbering.  In the rm column, shifts are those by cl.
 * Flags: B: the opcode before is the 8-bit one; S: a short opcode (| 2) for immediates of 8 bits;
 *        I: the immediate has 8 bits always; A: a short form for rax; R: r/m is of 8 bits;
 *        Q: 64 bits without asking. */
#define X86_OPS(X) \
    /*name      prefix map  reg,rm rm,reg rm,imm rm   digit flags */ \
    X(ADD,       NONE, 1,   0x03,  0x01,  0x81,  0,    0,  B|S|A)    \
    X(OR,        NONE, 1,   0x0b,  0x09,  0x81,  0,    1,  B|S|A)    \
    X(ADC,       NONE, 1,   0x13,  0x11,  0x81,  0,    2,  B|S|A)    \
    X(SBB,       NONE, 1,   0x1b,  0x19,  0x81,  0,    3,  B|S|A)    \
    X(AND,       NONE, 1,   0x23,  0x21,  0x81,  0,    4,  B|S|A)    \
    X(SUB,       NONE, 1,   0x2b,  0x29,  0x81,  0,    5,  B|S|A)    \
    X(XOR,       NONE, 1,   0x33,  0x31,  0x81,  0,    6,  B|S|A)    \
    X(CMP,       NONE, 1,   0x3b,  0x39,  0x81,  0,    7,  B|S|A)    \
    X(MOV,       NONE, 1,   0x8b,  0x89,  0xc7,  0,    0,  B)        \
    X(TEST,      NONE, 1,   0x85,  0x85,  0xf7,  0,    0,  B|A)      \
    X(XCHG,      NONE, 1,   0,     0x87,  0,     0,    0,  B)        \
    X(LEA,       NONE, 1,   0x8d,  0,     0,     0,    0,  0)        \
    X(MOVSXD,    NONE, 1,   0x63,  0,     0,     0,    0,  0)        \
    X(MOVZX8,    NONE, 0F,  0xb6,  0,     0,     0,    0,  R)        \
    X(MOVZX16,   NONE, 0F,  0xb7,  0,     0,     0,    0,  0)        \
    X(MOVSX8,    NONE, 0F,  0xbe,  0,     0,     0,    0,  R)        \
    X(MOVSX16,   NONE, 0F,  0xbf,  0,     0,     0,    0,  0)        \
    X(NOT,       NONE, 1,   0,     0,     0,     0xf7, 2,  B)        \
    X(NEG,       NONE, 1,   0,     0,     0,     0xf7, 3,  B)        \
    X(MUL,       NONE, 1,   0,     0,     0,     0xf7, 4,  B)        \
    X(IMUL_WIDE, NONE, 1,   0,     0,     0,     0xf7, 5,  B)        \
    X(DIV,       NONE, 1,   0,     0,     0,     0xf7, 6,  B)        \
    X(IDIV,      NONE, 1,   0,     0,     0,     0xf7, 7,  B)        \
    X(INC,       NONE, 1,   0,     0,     0,     0xff, 0,  B)        \
    X(DEC,       NONE, 1,   0,     0,     0,     0xff, 1,  B)        \
    X(IMUL,      NONE, 0F,  0xaf,  0,     0,     0,    0,  0)        \
    X(IMUL_IMM,  NONE, 1,   0x69,  0,     0,     0,    0,  S)        \
    X(ROL,       NONE, 1,   0,     0,     0xc1,  0xd3, 0,  B|I)      \
    X(ROR,       NONE, 1,   0,     0,     0xc1,  0xd3, 1,  B|I)      \
    X(SHL,       NONE, 1,   0,     0,     0xc1,  0xd3, 4,  B|I)      \
    X(SHR,       NONE, 1,   0,     0,     0xc1,  0xd3, 5,  B|I)      \
    X(SAR,       NONE, 1,   0,     0,     0xc1,  0xd3, 7,  B|I)      \
    X(SHLD_CL,   NONE, 0F,  0,     0xa5,  0,     0,    0,  0)        \
    X(SHRD_CL,   NONE, 0F,  0,     0xad,  0,     0,    0,  0)        \
    X(SHLD,      NONE, 0F,  0,     0xa4,  0,     0,    0,  0)        \
    X(SHRD,      NONE, 0F,  0,     0xac,  0,     0,    0,  0)        \
    X(BT,        NONE, 0F,  0,     0xa3,  0xba,  0,    4,  I)        \
    X(BTS,       NONE, 0F,  0,     0xab,  0xba,  0,    5,  I)        \
    X(BTR,       NONE, 0F,  0,     0xb3,  0xba,  0,    6,  I)        \
    X(BTC,       NONE, 0F,  0,     0xbb,  0xba,  0,    7,  I)        \
    X(POPCNT,    F3,   0F,  0xb8,  0,     0,     0,    0,  0)        \
    X(TZCNT,     F3,   0F,  0xbc,  0,     0,     0,    0,  0)        \
    X(LZCNT,     F3,   0F,  0xbd,  0,     0,     0,    0,  0)        \
    X(BSF,       NONE, 0F,  0xbc,  0,     0,     0,    0,  0)        \
    X(BSR,       NONE, 0F,  0xbd,  0,     0,     0,    0,  0)        \
    X(XADD,      NONE, 0F,  0,     0xc1,  0,     0,    0,  B)        \
    X(CMPXCHG,   NONE, 0F,  0,     0xb1,  0,     0,    0,  B)        \
    X(MOVBE,     NONE, 0F38, 0xf0, 0xf1,  0,     0,    0,  0)        \
    X(CMOV,      NONE, 0F,  0x40,  0,     0,     0,    0,  0)        \
    X(SET,       NONE, 0F,  0,     0,     0,     0x90, 0,  0)        \
    X(CALL,      NONE, 1,   0,     0,     0,     0xff, 2,  Q)        \
    X(JMP,       NONE, 1,   0,     0,     0,     0xff, 4,  Q)        \
    X(PUSH,      NONE, 1,   0,     0,     0,     0xff, 6,  Q)        \
    X(POP,       NONE, 1,   0,     0,     0,     0x8f, 0,  Q)        \
    /* VEX: reg, another register, rm */                             \
    X(ANDN,      NONE, 0F38, 0xf2, 0,     0,     0,    0,  0)        \
    X(SHLX,      66,   0F38, 0xf7, 0,     0,     0,    0,  0)        \
    X(SARX,      F3,   0F38, 0xf7, 0,     0,     0,    0,  0)        \
    X(SHRX,      F2,   0F38, 0xf7, 0,     0,     0,    0,  0)        \
    X(BZHI,      NONE, 0F38, 0xf5, 0,     0,     0,    0,  0)        \
    X(MULX,      F2,   0F38, 0xf6, 0,     0,     0,    0,  0)        \
    X(RORX,      F2,   0F3A, 0xf0, 0,     0,     0,    0,  0)

/* Those without operands. */
#define X86_PLAIN_OPS(X) \
    X(RET,     1, "\xc3")             \
    X(CDQ,     1, "\x99")             \
    X(CQO,     2, "\x48\x99")         \
    X(INT3,    1, "\xcc")             \
    X(UD2,     2, "\x0f\x0b")         \
    X(PAUSE,   2, "\xf3\x90")         \
    X(MFENCE,  3, "\x0f\xae\xf0")     \
    X(LOCK,    1, "\xf0") /* a prefix of the next */ \
    X(ENDBR64, 4, "\xf3\x0f\x1e\xfa")
/* clang-format on */

enum x86_op {
#define X(NAME, ...) X86_##NAME,
    X86_OPS(X)
#undef X
        X86_OP_COUNT,
};

enum x86_plain_op {
#define X(NAME, ...) X86_##NAME,
    X86_PLAIN_OPS(X)
#undef X
        X86_PLAIN_OP_COUNT,
};

/* In all of these, `size` is that of the operation in bytes: 1, 2, 4 or 8.  The op must have the
 * shape (a column of the table) and the size; anything else is a mistake of the caller's. */

/* op reg, r/m: loads and what computes into a register. */
void x86_op_reg_rm(struct jit_buffer *out, enum x86_op op, u32 size, u8 reg, struct x86_rm rm);
/* op r/m, reg: stores and what computes in memory. */
void x86_op_rm_reg(struct jit_buffer *out, enum x86_op op, u32 size, struct x86_rm rm, u8 reg);
/* op r/m, imm: the immediate is extended with its sign for 8 bytes, cut for 1 and 2; shift amounts
 * are taken modulo 64.  The shortest encoding of the same operation and size.  To move into a
 * register there is x86_mov_imm. */
void x86_op_rm_imm(struct jit_buffer *out, enum x86_op op, u32 size, struct x86_rm rm, s32 imm);
/* op r/m: one operand; shifts by cl; call and jump through a register or memory. */
void x86_op_rm(struct jit_buffer *out, enum x86_op op, u32 size, struct x86_rm rm);
void x86_plain(struct jit_buffer *out, enum x86_plain_op op);

/* reg = imm, the upper half cleared when size is 4: the shortest of the moves.  Flags stay. */
void x86_mov_imm(struct jit_buffer *out, u32 size, u8 reg, u64 imm);
/* Sets the flags of `r/m & imm`; a narrower test of a register when that gives the same flags. */
void x86_test_imm(struct jit_buffer *out, u32 size, struct x86_rm rm, s32 imm);
/* reg = r/m * imm */
void x86_imul_imm(struct jit_buffer *out, u32 size, u8 reg, struct x86_rm rm, s32 imm);
/* SHLD and SHRD by an immediate. */
void x86_double_shift(struct jit_buffer *out, enum x86_op op, u32 size, struct x86_rm rm, u8 reg,
                      u32 amount);
void x86_cmov(struct jit_buffer *out, enum x86_cc cc, u32 size, u8 reg, struct x86_rm rm);
void x86_set(struct jit_buffer *out, enum x86_cc cc, struct x86_rm rm);
void x86_bswap(struct jit_buffer *out, u32 size, u8 reg);

/* The VEX operations, sizes 4 and 8.  ANDN: reg = ~other & rm; SHLX, SHRX, SARX: reg = rm by other;
 * BZHI: reg = rm below bit other; MULX: reg:other = rdx * rm. */
void x86_vex(struct jit_buffer *out, enum x86_op op, u32 size, u8 reg, u8 other, struct x86_rm rm);
void x86_rorx(struct jit_buffer *out, u32 size, u8 reg, struct x86_rm rm, u32 amount);

/* Displacements count from the end of the jump. */
#define X86_JMP8_SIZE 2u
#define X86_JMP32_SIZE 5u
#define X86_JCC8_SIZE 2u
#define X86_JCC32_SIZE 6u
#define X86_CALL32_SIZE 5u
void x86_jmp8(struct jit_buffer *out, s8 disp);
void x86_jmp32(struct jit_buffer *out, s32 disp);
void x86_jcc8(struct jit_buffer *out, enum x86_cc cc, s8 disp);
void x86_jcc32(struct jit_buffer *out, enum x86_cc cc, s32 disp);
void x86_call32(struct jit_buffer *out, s32 disp);

/* Padding in as few instructions as possible. */
void x86_nops(struct jit_buffer *out, u32 n_bytes);

#endif
