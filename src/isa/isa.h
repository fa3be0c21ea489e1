/* THE TABLE: every instruction that Skep knows, from which decode, encode, assembler, disassembler,
 * structural check, interpreter, folding, documentation and generators come.
 *
 * RFC 9669 and the Linux extensions after it.  A row is one defined encoding, keyed by the opcode
 * and by the fixed values of the fields that it does not use as operands (RFC 9669 §3: unused
 * fields are zero); families (one operation in its widths and operand forms) expand to rows. */
#ifndef SKEP_SRC_ISA_ISA_H
#define SKEP_SRC_ISA_ISA_H

#include "base/base.h"
#include <skep/isa.h>

/* clang-format off */

/* ALU operations on two operands: F(NAME, name, code, offset field, group, text).
 * Each is four rows, NAME64_REG NAME64_IMM NAME32_REG NAME32_IMM; eval.h has name##64, name##32. */
#define ISA_BINARY(F) \
    F(ADD,  add,  0x00, 0, BASE,   "+=")   \
    F(SUB,  sub,  0x10, 0, BASE,   "-=")   \
    F(MUL,  mul,  0x20, 0, DIVMUL, "*=")   \
    F(DIV,  div,  0x30, 0, DIVMUL, "/=")   \
    F(SDIV, sdiv, 0x30, 1, DIVMUL, "s/=")  \
    F(OR,   or,   0x40, 0, BASE,   "|=")   \
    F(AND,  and,  0x50, 0, BASE,   "&=")   \
    F(LSH,  lsh,  0x60, 0, BASE,   "<<=")  \
    F(RSH,  rsh,  0x70, 0, BASE,   ">>=")  \
    F(MOD,  mod,  0x90, 0, DIVMUL, "%=")   \
    F(SMOD, smod, 0x90, 1, DIVMUL, "s%=")  \
    F(XOR,  xor,  0xa0, 0, BASE,   "^=")   \
    F(MOV,  mov,  0xb0, 0, BASE,   "=")    \
    F(ARSH, arsh, 0xc0, 0, BASE,   "s>>=")

/* Conditional jumps: F(NAME, name, code, text).  Four rows each, as above. */
#define ISA_COND(F) \
    F(JEQ,  jeq,  0x10, "==")  \
    F(JGT,  jgt,  0x20, ">")   \
    F(JGE,  jge,  0x30, ">=")  \
    F(JSET, jset, 0x40, "&")   \
    F(JNE,  jne,  0x50, "!=")  \
    F(JSGT, jsgt, 0x60, "s>")  \
    F(JSGE, jsge, 0x70, "s>=") \
    F(JLT,  jlt,  0xa0, "<")   \
    F(JLE,  jle,  0xb0, "<=")  \
    F(JSLT, jslt, 0xc0, "s<")  \
    F(JSLE, jsle, 0xd0, "s<=")

/* Atomic read-modify-write: F(NAME, name, imm, text).  Rows NAME_W NAME_DW, FETCH_NAME_W, …_DW. */
#define ISA_ATOMIC(F) \
    F(ADD, add, 0x00, "+=") \
    F(OR,  or,  0x40, "|=") \
    F(AND, and, 0x50, "&=") \
    F(XOR, xor, 0xa0, "^=")

/* Memory sizes: F(NAME, bits of the opcode, bytes, unsigned C type, signed C type). */
#define ISA_SIZES(F) \
    F(B, 0x10, 1, u8, s8) F(H, 0x08, 2, u16, s16) F(W, 0x00, 4, u32, s32) F(DW, 0x18, 8, u64, s64)

/* Which fields are operands; the others hold the row's fixed value. */
#define ISA_D 1u /* dst  */
#define ISA_S 2u /* src  */
#define ISA_O 4u /* off  */
#define ISA_I 8u /* imm  */

/* The rows.  X(ID, opcode, operands, src, off, imm, kind, size, group, text, classic)
 *   operands  which fields are free; src, off, imm are the values of those that are not
 *   kind      enum isa_kind: the operation's shape, in text and in meaning
 *   size      bytes operated on (ALU, jump: width of the comparison; memory: of the access)
 *   text      the operator or word of the canonical text; LDDW: the form of its operand (format.h)
 *   classic   the mnemonic of the classic spelling, without its width suffix */
#define ISA_ROWS_BINARY(X, NAME, name, code, off, g, sym) \
    X(NAME##64_REG, 0x0f | code, ISA_D|ISA_S, 0, off, 0, BINARY_REG, 8, g##64, sym, #name) \
    X(NAME##64_IMM, 0x07 | code, ISA_D|ISA_I, 0, off, 0, BINARY_IMM, 8, g##64, sym, #name) \
    X(NAME##32_REG, 0x0c | code, ISA_D|ISA_S, 0, off, 0, BINARY_REG, 4, g##32, sym, #name) \
    X(NAME##32_IMM, 0x04 | code, ISA_D|ISA_I, 0, off, 0, BINARY_IMM, 4, g##32, sym, #name)
#define ISA_ROWS_COND(X, NAME, name, code, sym) \
    X(NAME##64_REG, 0x0d | code, ISA_D|ISA_S|ISA_O, 0, 0, 0, COND_REG, 8, BASE64, sym, #name) \
    X(NAME##64_IMM, 0x05 | code, ISA_D|ISA_I|ISA_O, 0, 0, 0, COND_IMM, 8, BASE64, sym, #name) \
    X(NAME##32_REG, 0x0e | code, ISA_D|ISA_S|ISA_O, 0, 0, 0, COND_REG, 4, BASE32, sym, #name) \
    X(NAME##32_IMM, 0x06 | code, ISA_D|ISA_I|ISA_O, 0, 0, 0, COND_IMM, 4, BASE32, sym, #name)
#define ISA_ROWS_ATOMIC(X, NAME, name, op, sym) \
    X(ATOMIC_##NAME##_W,  0xc3, ISA_D|ISA_S|ISA_O, 0, 0, op,     ATOMIC, 4, ATOMIC32, sym, #name) \
    X(ATOMIC_##NAME##_DW, 0xdb, ISA_D|ISA_S|ISA_O, 0, 0, op,     ATOMIC, 8, ATOMIC64, sym, #name) \
    X(FETCH_##NAME##_W,   0xc3, ISA_D|ISA_S|ISA_O, 0, 0, op | 1, FETCH,  4, ATOMIC32, #name, #name) \
    X(FETCH_##NAME##_DW,  0xdb, ISA_D|ISA_S|ISA_O, 0, 0, op | 1, FETCH,  8, ATOMIC64, #name, #name)
#define ISA_ROWS_MEMORY(X, SZ, bits, bytes, g) \
    X(LDX_##SZ, 0x61 | bits, ISA_D|ISA_S|ISA_O, 0, 0, 0, LOAD,      bytes, g, "", "ldx") \
    X(ST_##SZ,  0x62 | bits, ISA_D|ISA_O|ISA_I, 0, 0, 0, STORE_IMM, bytes, g, "", "st")  \
    X(STX_##SZ, 0x63 | bits, ISA_D|ISA_S|ISA_O, 0, 0, 0, STORE_REG, bytes, g, "", "stx") \
    X(LOAD_ACQ_##SZ,  0xc3 | bits, ISA_D|ISA_S|ISA_O, 0, 0, 0x100, LOAD_ACQ,  bytes, LINUX_ACQ_REL, "load_acquire", "load_acquire") \
    X(STORE_REL_##SZ, 0xc3 | bits, ISA_D|ISA_S|ISA_O, 0, 0, 0x110, STORE_REL, bytes, LINUX_ACQ_REL, "store_release", "store_release")
#define ISA_ROWS_END(X, n, bytes, g) \
    X(LE##n,    0xd4, ISA_D, 0, 0, n, END, bytes, g, "le"    #n, "le"   #n) \
    X(BE##n,    0xdc, ISA_D, 0, 0, n, END, bytes, g, "be"    #n, "be"   #n) \
    X(BSWAP##n, 0xd7, ISA_D, 0, 0, n, END, bytes, g, "bswap" #n, "swap" #n)
#define ISA_ROWS_LDDW(X, NAME, n, text) \
    X(LDDW_##NAME, 0x18, ISA_D|ISA_I, n, 0, 0, LDDW, 8, BASE64, text, "lddw")
#define ISA_ROWS_PACKET(X, SZ, bits, bytes) \
    X(LD_ABS_##SZ, 0x20 | bits, ISA_I,       0, 0, 0, LD_ABS, bytes, PACKET, "", "ldabs") \
    X(LD_IND_##SZ, 0x40 | bits, ISA_S|ISA_I, 0, 0, 0, LD_IND, bytes, PACKET, "", "ldind")

/* To expand: define ISA_X(ID, opcode, operands, src, off, imm, kind, size, group, text, classic)
 * and include "isa/rows.h". */

/* The shape of an operation: how its text is built and which rule gives its meaning. */
#define ISA_KINDS(K) \
    K(BINARY_REG) K(BINARY_IMM) /* dst = dst op src | imm             */ \
    K(MOVSX)                    /* dst = (sN)src, size = N / 8        */ \
    K(NEG)                      /* dst = -dst                         */ \
    K(END)                      /* dst = byte-swapped dst             */ \
    K(ADDR_SPACE_CAST)          /* dst = addr_space_cast(src, imm)    */ \
    K(LOAD) K(LOAD_SX)          /* dst = *(size *)(src + off)         */ \
    K(STORE_REG) K(STORE_IMM)   /* *(size *)(dst + off) = src | imm   */ \
    K(ATOMIC) K(FETCH)          /* *(size *)(dst + off) op= src       */ \
    K(XCHG) K(CMPXCHG)                                                   \
    K(LOAD_ACQ) K(STORE_REL)                                             \
    K(LDDW)                     /* dst = 64-bit immediate, two slots  */ \
    K(LD_ABS) K(LD_IND)         /* r0 = packet bytes, network order   */ \
    K(COND_REG) K(COND_IMM)     /* if dst op src | imm goto off       */ \
    K(JUMP)                     /* goto off                           */ \
    K(JUMP_LONG)                /* goto imm                           */ \
    K(MAY_GOTO)                 /* may leave a loop: goto off         */ \
    K(JUMP_INDIRECT)            /* goto dst                           */ \
    K(CALL_HELPER) K(CALL_LOCAL) K(CALL_KFUNC) K(CALL_INDIRECT)          \
    K(EXIT)

/* Conformance groups (RFC 9669 §2.4) and the Linux extensions. */
#define ISA_GROUPS(G) \
    G(BASE32, "base32") G(BASE64, "base64") G(DIVMUL32, "divmul32") G(DIVMUL64, "divmul64") \
    G(ATOMIC32, "atomic32") G(ATOMIC64, "atomic64") G(PACKET, "packet") \
    G(LINUX_MAY_GOTO, "linux-may-goto") G(LINUX_ACQ_REL, "linux-acquire-release") \
    G(LINUX_ARENA, "linux-addr-space-cast") G(LINUX_GOTOX, "linux-gotox") G(LINUX_CALLX, "linux-callx")
/* clang-format on */

enum isa_op {
#define ISA_X(ID, ...) ISA_##ID,
#include "isa/rows.h"
#undef ISA_X
    ISA_OP_COUNT,
};

enum isa_kind {
#define K(NAME) ISA_KIND_##NAME,
    ISA_KINDS(K)
#undef K
        ISA_KIND_COUNT,
};

enum isa_group {
#define G(NAME, text) ISA_GROUP_##NAME,
    ISA_GROUPS(G)
#undef G
        ISA_GROUP_COUNT,
};

struct isa_row {
    const char *name; /* "ADD64_REG" */
    const char *text;
    const char *classic;
    s32 imm; /* imm, src, off: of fields that are no operands */
    u8 opcode;
    u8 operands; /* ISA_D … ISA_I */
    u8 src;
    u8 off;
    u8 kind;  /* enum isa_kind */
    u8 size;  /* bytes */
    u8 group; /* enum isa_group */
    u8 slots; /* 1, or 2 for LDDW */
};

/* One row per enum isa_op. */
extern const struct isa_row isa_rows[ISA_OP_COUNT];
/* "base64" */
const char *isa_group_name(enum isa_group group);

/* One 8-byte slot, its fields taken apart, not judged. */
struct isa_slot {
    u8 opcode, dst, src;
    s16 off;
    s32 imm;
};

/* A decoded instruction; LDDW is one.  imm is sign-extended except for LDDW, where it is both
 * halves: the 64-bit value, or reference | offset << 32 (the offset is 0 unless LDDW_*_VALUE).
 * Of END, ATOMIC and the like, off and imm are the fixed values of the row. */
struct insn {
    u16 op; /* enum isa_op */
    u8 dst, src;
    s32 off; /* jumps: in slots, relative to the next slot */
    u64 imm;
};

static inline const struct isa_row *insn_row(const struct insn *insn)
{
    return &isa_rows[insn->op];
}
static inline enum isa_kind insn_kind(const struct insn *insn)
{
    return (enum isa_kind)insn_row(insn)->kind;
}
static inline u32 insn_slots(const struct insn *insn) { return insn_row(insn)->slots; }

/* Where the fields of a slot lie (RFC 9669 §3): big-endian objects swap the register nibbles too.
 */
struct isa_slot isa_slot_read(const u8 bytes[8], bool big_endian);
void isa_slot_write(struct isa_slot slot, u8 bytes[8], bool big_endian);

/* The instruction that begins at slots[0] of n (> 0).  SKEP_MALFORMED when no row has that encoding
 * (unknown opcode, a reserved field that is not zero, a register > 10, half of an LDDW, address
 * spaces other than 0 and 1); err names the slot `at` and the field.  r10 as a destination is
 * refused where it would be written. */
skep_status isa_decode(const struct isa_slot *slots, u32 n, u32 at, struct insn *out,
                       skep_error *err);
/* Fills insn_slots(insn) slots.  The operands must fit (asserted). */
u32 isa_encode(const struct insn *insn, struct isa_slot out[2]);

/* The registers an instruction reads and writes, as bit masks of r0..r10; calls read r1..r5 at the
 * most and clobber r0..r5. */
u16 isa_reads(const struct insn *insn);
u16 isa_writes(const struct insn *insn);

/* Whether control can go on to the next instruction. */
bool insn_falls_through(const struct insn *insn);
/* Whether the instruction names a jump target in the same function (MAY_GOTO and COND included). */
bool insn_is_jump(const struct insn *insn);
/* The distance of a jump or local call in slots, from the slot after the instruction. */
s64 insn_jump_slots(const struct insn *insn);
/* Whether the instruction accesses memory through a register (LOAD … STORE_REL). */
bool insn_is_memory(const struct insn *insn);

/* The canonical text of one instruction, without address or label: llvm-objdump's, except where
 * that loses bits.  There local calls (`call pc+0x3`), kfuncs (`call kfunc 0x5`), references
 * (`r1 = map[fd:0x5]`) and indexed packet loads have texts of their own, so that isa_assemble gives
 * back the same bytes. */
void isa_print(struct text *out, const struct insn *insn);
/* llvm-objdump's text in every case: for sections before linking. */
void isa_print_objdump(struct text *out, const struct insn *insn);

/* Assembles text: one instruction per line or `;`, comments (//, #, C comments), labels `name:`.
 * Reads the canonical text, decimal and hex numbers, the kernel's spellings and the classic
 * mnemonics. Appends slots; err names line and column. */
struct isa_asm {
    struct mem *mem;
    VEC(struct isa_slot) slots;
    VEC(u32) line_of_slot; /* 1-based source line */
};
skep_status isa_assemble(struct isa_asm *out, const char *source, size_t length, skep_error *err);
void isa_asm_drop(struct isa_asm *out);

/* Structural check of a whole program, before any CFG: every slot decodes, jumps land on the first
 * slot of an instruction inside the program, the last instruction does not fall off the end. */
skep_status isa_check_structure(const struct isa_slot *slots, u32 n, skep_error *err);

#endif
