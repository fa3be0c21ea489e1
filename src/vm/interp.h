/* Prepared code of the interpreter: what interp_prepare.c writes and interp.c executes.
 *
 * A handler is chosen by operation and variant.  Every handler that writes a register also leaves
 * the value in a local of the loop, the accumulator, so that a variant whose operand was written
 * last takes it from there: the way through memory, which costs more than the operation, is off the
 * chain of dependences.  A jump to a loop head pays the head's charge itself. */
#ifndef SKEP_SRC_VM_INTERP_H
#define SKEP_SRC_VM_INTERP_H

#include "vm/vm.h"

/* Labels as values are GNU C; without them (or with SKEP_INTERP_SWITCH) the loop is a switch. */
#if defined(__GNUC__) && !defined(SKEP_INTERP_SWITCH)
#define INTERP_THREADED 1
#else
#define INTERP_THREADED 0
#endif

enum interp_variant {
    INTERP_DST_IN_ACC = 1,
    INTERP_SRC_IN_ACC = 2,
    INTERP_TO_CHARGE = 4, /* the jump's target is a CHARGE */
    INTERP_VARIANTS = 8,
};

/* The interpreter's own ops, after the host's. */
enum interp_op {
    INTERP_FIRST = HOST_OP_COUNT - 1,
    INTERP_LOAD_IMM,   /* dst = imm, sign-extended */
    INTERP_BEGIN_LOOP, /* a function with may_goto begins */
    INTERP_OP_COUNT,
};

struct interp_insn {
    union {
        const void *label;
        u64 op;   /* op * INTERP_VARIANTS + variant */
        u64 wide; /* the second half of an instruction with a 64-bit immediate */
    };
    u8 dst, src;
    s16 off; /* memory: displacement; conditional jumps: from this instruction */
    s32 imm; /* other jumps and local calls: from this instruction */
};
_Static_assert(sizeof(struct interp_insn) == 16, "four to a cache line");

struct interp {
    struct mem *mem;
    const struct code *code;
    const struct skep_helper *const *helpers; /* by CODE instruction, or NULL */
    u32 n_insns, n_funcs;
    struct interp_insn *insns;
    u32 *origin; /* CODE instruction of each */
    u32 *entry;  /* by CODE function */
};

/* The handler of an op and variant. */
struct interp_insn interp_handler(u32 op, u32 variant);

#endif
