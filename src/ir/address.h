/* Which registers may hold addresses of the stack, and at which offset from r10: what liveness has
 * to know of pointers.
 *
 * Rests on what every engine and the verifier agree on: a pointer lives in registers and in the
 * stack.  Stored elsewhere (map values, packets) it becomes a number, through which no program can
 * access anything, and a pointer to a frame is worth nothing once its function has returned. */
#ifndef SKEP_SRC_IR_ADDRESS_H
#define SKEP_SRC_IR_ADDRESS_H

#include "ir/cfg.h"
#include "ir/queue.h"
#include <skep/contract.h>

#define ADDRESS_REGS 10u  /* r0..r9 */
#define ADDRESS_BYTES 512 /* of a frame, from its top; what lies deeper is not told apart */

enum address_kind {
    ADDRESS_OWN = 1,   /* perhaps made from the address of the running function's frame */
    ADDRESS_OUTER = 2, /* perhaps of the frame of a function that is waiting for this one */
    ADDRESS_EXACT = 4, /* with OWN alone: it is r10 + off */
};

struct address {
    s16 off;
    u16 kind; /* enum address_kind; 0: certainly no address of a frame */
};

struct address_state {
    struct address reg[ADDRESS_REGS];
};

/* What is known of a function. */
struct address_func {
    bool is_called; /* by a program's call, or back by a helper */
    bool is_callback;
    bool keeps;   /* perhaps stores an address from outside into a frame outside */
    bool escapes; /* its frame's address is perhaps in a frame outside, or was put into its own by
                     somebody else: any load may bring it back */
    bool consulted;
    u16 reads;    /* registers that are live at its entry */
    u64 own_at;   /* slots of its frame that may hold an address of the frame */
    u64 outer_at; /* … of outer frames */
};

struct address_flow {
    const struct code *code;
    const struct cfg *cfg;
    const struct skep_helper *const *helpers; /* by instruction; may be NULL */
    struct address_func *funcs;
    struct address_state *at_entry; /* by block */
    bool *reached;                  /* by block: at_entry means something */
    struct queue queue;
    bool callbacks_keep, callbacks_consulted;
    bool changed; /* a fact about the running function that holds at all its instructions */
};

/* A call: who is called, as far as that is known. */
struct address_call {
    const struct address_func *local; /* or NULL */
    const struct skep_helper *helper; /* or NULL */
    u16 args;                         /* the registers that it may read */
    bool keeps;
};

bool address_flow_init(struct address_flow *flow, struct arena *arena);
/* The state at every block's entry of a function, and its summary. */
void address_solve(struct address_flow *flow, u32 func);
/* Over one instruction. */
void address_step(struct address_flow *flow, u32 insn, struct address_state *state);

/* r0..r10 */
struct address address_of(const struct address_state *state, u32 reg);
/* Requires: the instruction is a call. */
struct address_call address_call(struct address_flow *flow, u32 insn);
/* All that may be among the arguments: OWN, OUTER. */
u16 address_of_args(const struct address_flow *flow, u32 insn, const struct address_call *call,
                    const struct address_state *state);

bool address_is_call(const struct insn *insn);
/* Whether it reads memory through a register other than by a call, and what is in that. */
bool address_loads(const struct insn *insn, const struct address_state *state,
                   struct address *base);
/* Whether it only writes, all of 8 bytes, and through what. */
bool address_stores_whole(const struct insn *insn, const struct address_state *state,
                          struct address *base);
/* The slots of the running function's frame that an access through base may touch. */
u64 address_places(struct address base, const struct insn *insn);

/* The slots that the bytes [off, off + bytes) from r10 lie in; bit i: r10 - 8 * (i + 1). */
static inline u64 address_slots(s64 off, s64 bytes)
{
    s64 lo = off < -ADDRESS_BYTES ? -ADDRESS_BYTES : off, hi = off + bytes > 0 ? 0 : off + bytes;
    if (lo >= hi)
        return 0;
    return (~(u64)0 >> (63 - (-lo - 1) / 8)) & (~(u64)0 << (-hi / 8));
}

#endif
