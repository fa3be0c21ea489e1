/* HOST CODE: what engines run.  Its ops are those of the ISA whose meaning lowering leaves alone
 * (enum isa_op), and the host's own after them.  Context fields have become host loads, map
 * references host pointers, calls direct pointers; charges and guards are ops. */
#ifndef SKEP_SRC_IR_HOST_H
#define SKEP_SRC_IR_HOST_H

#include "ir/charge.h"
#include "ir/code.h"
#include <skep/contract.h>

/* clang-format off */
#define HOST_OPS(H) \
    H(CHARGE)        /* fuel -= imm; below 0: stop                                       */ \
    H(CONST)         /* dst = imm (map pointers, value addresses, callback tokens too)   */ \
    H(CTX_LOAD_B) H(CTX_LOAD_H) H(CTX_LOAD_W) H(CTX_LOAD_DW)   /* dst = host context     */ \
    H(CTX_STORE_B) H(CTX_STORE_H) H(CTX_STORE_W) H(CTX_STORE_DW)                            \
    H(CALL)          /* r0 = ((skep_helper_fn *)imm)(thread, r1..r5); then look at stops */ \
    H(CALL_PURE)     /* the same, of a helper that never stops a run                     */ \
    H(TAIL_CALL)     /* ctx r1, map r2, index r3                                         */ \
    H(GUARD)         /* [dst + off, + bytes) is in the packet, or in the first `limit` bytes of  */ \
                     /* what dst was made from; else a fault (host_guard_imm)                    */ \
    H(TRAP)          /* what may not be executed: the origin's note says why             */
/* clang-format on */

enum host_op {
    HOST_FIRST = ISA_OP_COUNT - 1,
#define H(NAME) HOST_##NAME,
    HOST_OPS(H)
#undef H
        HOST_OP_COUNT,
};

/* r0..r10 and one that only lowering writes. */
#define HOST_SCRATCH 11u
#define HOST_REGS 12u

/* Of a GUARD: how many bytes are accessed, and of how many. */
static inline u64 host_guard_imm(u32 bytes, u32 limit) { return (u64)limit << 32 | bytes; }
static inline u32 host_guard_bytes(u64 imm) { return (u32)imm; }
static inline u32 host_guard_limit(u64 imm) { return (u32)(imm >> 32); }

/* A callback token, as LDDW_CODE gives it: the CODE function's number, never 0. */
static inline u64 host_callback_token(u32 func) { return (u64)func + 1; }

/* What a memory op may touch; for alias analysis and guards. */
enum host_region {
    HOST_REGION_ANY,
    HOST_REGION_STACK,
    HOST_REGION_CTX,
    HOST_REGION_PACKET,
    HOST_REGION_MAP_VALUE,
    HOST_REGION_HOST, /* what programs have no pointer to: the thread, what maps are made of */
};

struct host_insn {
    u16 op; /* enum isa_op or enum host_op */
    u8 dst, src;
    u8 region; /* enum host_region */
    u8 flags;
#define HOST_PROVED 1u /* the access needs no guard */
    s32 off;           /* memory: displacement; jumps and local calls: unused, see target */
    u32 target;        /* host instruction index */
    u32 origin;        /* CODE instruction */
    u64 imm;
};

struct host_func {
    u32 entry, end;
    u32 origin; /* code function */
};

struct host_code {
    u32 n_insns, n_funcs;
    const struct host_insn *insns;
    const struct host_func *funcs;
    const struct code *code;                  /* for faults and listings */
    const struct skep_helper *const *helpers; /* by CODE instruction, for those who hold them to
                                                 their contracts; or NULL */
};

void host_print_insn(struct text *out, const struct host_insn *insn);
/* All of it, with functions and the slots that instructions come from. */
void host_print(struct text *out, const struct host_code *host);

#endif
