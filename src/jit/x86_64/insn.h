/* Machine instructions of x86-64 as selection makes them and emit.c encodes them: the shape of the
 * operands, an operation of the encoder (`extra`), registers by role. */
#ifndef SKEP_SRC_JIT_X86_64_INSN_H
#define SKEP_SRC_JIT_X86_64_INSN_H

#include "jit/target.h"
#include "jit/x86_64/encode.h"
#include "rt/rt.h"

/* Where operands are, whatever the shape. */
enum x86_operand {
    X86_REG,   /* the reg field */
    X86_BASE,  /* the r/m field: a register, or with X86_MEMORY the base */
    X86_INDEX, /* with `scale` as its log2 */
    X86_OTHER, /* VEX's second register, or one that the instruction demands */
    X86_MORE,  /* the same */
};

/* In mach_insn.flags: the r/m field is memory. */
#define X86_MEMORY 128u

enum x86_shape {
    X86_DO_REG_RM = MACH_OP_COUNT, /* op reg, r/m */
    X86_DO_RM_REG,                 /* op r/m, reg */
    X86_DO_RM_IMM,                 /* op r/m, imm */
    X86_DO_RM,                     /* op r/m */
    X86_DO_TEST_IMM,               /* test r/m, imm */
    X86_DO_IMUL_IMM,               /* imul reg, r/m, imm */
    X86_DO_MOV_IMM,                /* mov reg, imm; xor for 0 where flags may change */
    X86_DO_CMOV,                   /* cmov<cond> reg, r/m */
    X86_DO_SET,                    /* set<cond> r/m */
    X86_DO_BSWAP,                  /* bswap reg */
    X86_DO_VEX,                    /* op reg, other, r/m */
    X86_DO_MULX,                   /* reg = high half of rdx * r/m */
    X86_DO_RORX,                   /* rorx reg, r/m, imm */
    X86_DO_LOCKED,                 /* lock op r/m, reg */
    X86_DO_LOCKED_IMM,             /* lock op r/m, imm */
    X86_DO_PLAIN,                  /* `extra` without operands */
    X86_DO_FETCH,      /* rax = [r/m]; [r/m] op= reg, by compare and exchange; MORE: scratch */
    X86_DO_CALL_HOST,  /* imm: the address */
    X86_DO_CALL_FUNC,  /* imm: the function */
    X86_DO_CHECK_STOP, /* to the stop label if the thread (BASE) says so */
    X86_DO_READ_FUEL,  /* reg = fuel */
    X86_DO_CHARGE,     /* fuel -= imm, or to the stop label unless `extra`, as there is enough;
                          BASE: the thread, or none: not cancelled here */
    X86_DO_SAVE_FUEL,  /* into the thread (BASE) */
    X86_DO_LOAD_FUEL,  /* and back */
    X86_SHAPE_COUNT,
};

/* CPU features: bits of jit_emit.features. */
enum x86_feature {
    X86_HAS_BMI1 = 1,
    X86_HAS_BMI2 = 2,
    X86_HAS_MOVBE = 4,
};

/* The registers of the convention: the thread, r1 to r5, the frame, the result; what is left of the
 * fuel. */
#define X86_THREAD X86_RDI
#define X86_FRAME X86_R10
#define X86_RESULT X86_RAX
#define X86_FUEL X86_R15
extern const u8 x86_params[5];

/* The shape of the stack frame: registers saved, then bytes. */
struct x86_frame {
    u64 saved; /* registers */
    u32 n_saved;
    u32 bytes;  /* slots, and the thread where the function stops */
    bool below; /* they lie below the stack pointer: nothing is called */
};
struct x86_frame x86_frame_of(const struct mach_func *func, bool metered);
/* The place of a slot, the thread's being slot n_slots. */
struct x86_rm x86_slot(const struct mach_func *func, bool metered, u32 slot);

void x86_emit(struct jit_emit *emit, const struct mach_insn *insn);
void x86_select(struct select *s);
void x86_select_end(struct select *s, struct mach_exit *exit);
void x86_select_entry(struct select *s);
void x86_select_const(struct select *s, u32 to, u64 imm);
bool x86_can_use_slot(const struct mach_insn *insn, u32 i);
void x86_use_slot(struct mach_insn *insn, u32 i, u32 slot);

#endif
