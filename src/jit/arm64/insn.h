/* Machine instructions of arm64 as selection makes them and emit.c encodes them: the shape of the
 * operands, an operation of the encoder (`extra`), registers by role.  `size` is 8 for X registers,
 * 4 for W registers. */
#ifndef SKEP_SRC_JIT_ARM64_INSN_H
#define SKEP_SRC_JIT_ARM64_INSN_H

#include "jit/arm64/encode.h"
#include "jit/target.h"

/* Where operands are, whatever the shape; one that is absent is the zero register. */
enum a64_operand {
    A64_RD, /* or rt of loads and stores */
    A64_RN, /* or the base of an address */
    A64_RM, /* or its index */
    A64_RA,
};

enum a64_shape {
    A64_DO_SHIFTED = MACH_OP_COUNT, /* op rd, rn, rm, `scale` (enum a64_shift) imm */
    A64_DO_EXTENDED,                /* op rd, rn, rm, `scale` (enum a64_extend) imm */
    A64_DO_IMM12,                   /* op rd, rn, imm */
    A64_DO_LOGIC_IMM,               /* op rd, rn, imm */
    A64_DO_CONST,                   /* rd = imm, in as many instructions as it takes */
    A64_DO_UNARY,                   /* op rd, rn */
    A64_DO_BINARY,                  /* op rd, rn, rm */
    A64_DO_TERNARY,                 /* op rd, rn, rm, ra */
    A64_DO_BITFIELD,                /* op rd, rn, imm, disp: immr and imms */
    A64_DO_EXTRACT,                 /* rd = rn:rm >> imm */
    A64_DO_SELECT,                  /* op rd, rn, rm, cond */
    A64_DO_MEMORY,                  /* op rd, [rn + disp] */
    A64_DO_INDEXED,                 /* op rd, [rn + rm, `scale` (enum a64_extend)], times its size
                                       if imm */
    A64_DO_ORDERED,                 /* op rd, [rn] */
    A64_DO_ATOMIC,                  /* op: rm goes in, rd comes out of [rn] */
    A64_DO_CAS,                     /* rd: expected, then what was there; [rn] = rm */
    A64_DO_LOOP,                    /* the same without LSE: rd = [rn]; [rn] = rd op rm */
    A64_DO_SWAP_LOOP,               /* rd = [rn]; [rn] = rm */
    A64_DO_CAS_LOOP,                /* rd = [rn]; if it is ra, [rn] = rm */
    A64_DO_CALL_HOST,               /* imm: the address */
    A64_DO_CALL_FUNC,               /* imm: the function */
    A64_DO_CHECK_STOP,              /* to the stop label if the thread (rn) says so */
    A64_DO_READ_FUEL,               /* rd = fuel */
    A64_DO_CHARGE,                  /* fuel -= imm, or to the stop label unless `extra`, as there
                                       is enough; rn: the thread, or none: not cancelled here */
    A64_DO_SAVE_FUEL,               /* into the thread (rn) */
    A64_DO_LOAD_FUEL,               /* and back */
    A64_SHAPE_COUNT,
};

/* CPU features: bits of jit_emit.features. */
enum a64_feature {
    A64_HAS_LSE = 1, /* atomic operations on memory in one instruction */
};

/* What ends a block: mach_exit.test. */
enum a64_test {
    A64_TEST_NONE,
    A64_TEST_COND, /* plus enum a64_cond */
    A64_TEST_ZERO = A64_TEST_COND + A64_AL + 1,
    A64_TEST_NOT_ZERO,
    A64_TEST_BIT_CLEAR,
    A64_TEST_BIT_SET,
};

/* What jit_reloc.kind says is to be patched: a branch of 26, or of 19 bits. */
enum a64_reloc {
    A64_RELOC_BRANCH,
    A64_RELOC_BRANCH_IF,
    A64_RELOC_COMPARE,
};

/* The registers of the convention: the thread, r1 to r5, the frame, the result; what is left of the
 * fuel.  x16 and x17 are emit.c's own, x18 is the system's. */
#define A64_THREAD A64_X0
#define A64_PARAM A64_X1 /* and those after it */
#define A64_FRAME A64_X6
#define A64_RESULT A64_X0
#define A64_FUEL A64_X28
#define A64_TEMP A64_X16
#define A64_TEMP2 A64_X17

/* The shape of the stack frame, from the stack pointer up: what links frames, saved registers, the
 * thread where the function stops, slots. */
struct a64_frame {
    u32 saved; /* registers x19 to x28 */
    u32 saved_at, thread_at, slots_at, bytes;
    bool linked; /* x29 and x30 are saved */
};
struct a64_frame a64_frame_of(const struct mach_func *func);

void a64_emit(struct jit_emit *emit, const struct mach_insn *insn);
void a64_emit_load_stack(struct jit_emit *emit, u32 reg, u32 at);
void a64_emit_store_stack(struct jit_emit *emit, u32 reg, u32 at);
void a64_emit_reloc(struct jit_emit *emit, u8 kind, enum jit_reloc_special special, u64 to);
void a64_select(struct select *s);
void a64_select_end(struct select *s, struct mach_exit *exit);
void a64_select_entry(struct select *s);
void a64_select_const(struct select *s, u32 to, u64 imm);

#endif
