/* Facts: what holds at an instruction in every run of an accepted program, in the form that a
 * compiler wants: one row per CODE instruction, the join of all that the verifier knew there.
 *
 * Everything here is true before the instruction executes, if it ever does; only `out`, TAKEN and
 * FALLS speak of what it does.  A program that was not verified has no facts at all. */
#ifndef SKEP_SRC_FACT_FACTS_H
#define SKEP_SRC_FACT_FACTS_H

#include "base/mem.h"
#include "ir/ir.h"

/* Numbers between lo and hi, as unsigned words of 64 bits.  Of what is no number: all. */
struct fact_range {
    u64 lo, hi;
};

enum fact_flag {
    FACT_REACHED = 1 << 0,   /* clear: no run comes here, and nothing else in the row counts */
    FACT_TAKEN = 1 << 1,     /* a conditional jump that may be taken */
    FACT_FALLS = 1 << 2,     /* … that may not be */
    FACT_OWN_FRAME = 1 << 3, /* STACK: always of the frame of the running function */
    FACT_OFFSET = 1 << 4,    /* `offset` is known */
    FACT_GUARD = 1 << 5,     /* memory: not shown to be good, but that its offset is one: it must be
                                checked to lie within the first `offset` bytes of its region's object
                                (PACKET: within the packet) before it happens */
};

#define FACT_NO_MAP UINT16_MAX

struct fact {
    struct fact_range dst, src; /* the registers' contents; an immediate is the instruction's */
    struct fact_range out; /* what it gives: dst of arithmetic and loads, r0 of helpers, what an
                              atomic operation fetched */
    s32 offset;            /* memory: of the first byte accessed, from the frame's top, from the
                              beginning of the map's value, of the packet, of the context; of calls
                              facts_call's own */
    u16 map;               /* MAP_VALUE: an LDDW_MAP index, if it is of that map only.  Maps of two
                              indexes may be one and the same */
    u8 region;             /* memory: enum host_region */
    u8 flags;              /* enum fact_flag */
};

enum fact_arg_kind {
    FACT_ARG_UNKNOWN,
    FACT_ARG_CONSTANT,  /* the number `value` */
    FACT_ARG_STACK,     /* a pointer into the running function's frame, `value` from its top */
    FACT_ARG_MAP,       /* the map `map` */
    FACT_ARG_MAP_VALUE, /* a pointer into a value of `map`, `value` from its beginning; not NULL */
};

struct fact_arg {
    u64 value;
    u16 map; /* FACT_NO_MAP: more than one, or one that is in a map */
    u8 kind; /* enum fact_arg_kind */
};

/* A call of a helper: r1 to r5. */
struct fact_call {
    struct fact_arg arg[5];
};

struct facts {
    struct mem *mem;
    u32 n, n_calls;
    const struct code *code; /* borrowed */
    struct fact *at;         /* by instruction */
    struct fact_call *calls; /* in the order of the code */
};

/* Room for a program's facts, none of them known: everything is dead. */
skep_status facts_init(struct facts *facts, struct mem *mem, const struct code *code);
/* Zeroed ones, or those of facts_init. */
void facts_drop(struct facts *facts);
/* As after facts_init. */
void facts_clear(struct facts *facts);

/* The row of a call's arguments; NULL: the instruction is no call of a helper. */
struct fact_call *facts_call(const struct facts *facts, u32 insn);

static inline struct fact_range fact_range_any(void)
{
    return (struct fact_range){ 0, UINT64_MAX };
}
static inline bool fact_is_constant(struct fact_range r) { return r.lo == r.hi; }

/* The access must be checked to be within `limit` bytes. */
void fact_guard(struct fact *fact, u32 limit);
/* A row becomes one that holds of another visit, too. */
void fact_join(struct fact *fact, const struct fact *visit);
void fact_join_arg(struct fact_arg *arg, const struct fact_arg *visit);

/* "dst 0 to 63; stack -8": what a row says. */
void fact_print(struct text *out, const struct facts *facts, u32 insn);

#endif
