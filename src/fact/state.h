/* The abstract state of a program at one instruction: what is known on every path that the state
 * stands for.  Plain data; verify/ computes it, witnesses hold it, the checked engine compares
 * concrete states with it.
 *
 * Identities.  A number that is not a constant is `plus - minus + add` modulo 2^64, where plus and
 * minus are ids of unknown numbers (0: none).  A copy has the same form, so what a branch tells of
 * one is known of all; `n - i - 1` keeps its meaning.  Relations bound differences of two ids.
 * A pointer's form is its offset's. */
#ifndef SKEP_SRC_FACT_STATE_H
#define SKEP_SRC_FACT_STATE_H

#include "fact/value.h"

#define STATE_MAX_FRAMES 8u
#define STATE_MAX_RELATIONS 24u
#define STATE_MAX_AFFINES 8u
#define STATE_MAX_SETTLED 8u
#define STATE_MAX_SUMS 4u
#define STATE_MAX_STRIDES 8u
#define STATE_MAX_HELD 64u
#define STATE_REGS 11u

struct cell {
    value_id value;
    u32 tag; /* pointers that are NULL together, packet generations; 0: none */
    u32 ref; /* what must be given back, and this belongs to; 0: nothing */
    u32 plus, minus;
    u64 add;
};

/* Eight bytes of stack.  Of the bytes written, up to two runs are known as values: a spilled
 * register, or the halves of one slot. */
struct slot {
    u8 written; /* bytes, lowest address first */
    u8 zero;    /* of those, bytes known to be 0 */
    u8 kind;    /* enum slot_kind */
    struct {
        u8 at, size; /* size 0: unused */
    } run[2];
    struct cell part[2];
};

enum slot_kind {
    SLOT_DATA = 0,
    SLOT_OBJECT,      /* the first 8 bytes of a dynptr or iterator: part[0] says which */
    SLOT_OBJECT_REST, /* the others */
};

/* Shared by the frames that have them, changed only by a frame that has them alone. */
struct slot_room {
    u32 references;
    u32 cap;
    struct slot at[];
};

/* Shared by the states that have it, changed only by a state that has it alone. */
struct frame {
    u32 references;
    u32 n_slots;            /* slot i: the bytes from -8 (i + 1); none deeper was written */
    struct slot_room *room; /* NULL: none */
    struct slot *slot;      /* in it */
    struct cell reg[STATE_REGS];
};

/* U(a) - U(b) <= most, of the numbers as unsigned 64-bit integers, without wrapping. */
struct relation {
    u32 a, b;
    s64 most;
};

/* m U(y) = k U(x) + c, as integers; m > 0. */
struct affine {
    u32 x, y;
    s64 m, k, c;
};

/* U(y) = U(a) + U(b) + c, without wrapping. */
struct sum {
    u32 y, a, b;
    s64 c;
};

/* U(id) = rest modulo step, as integers; rest < step. */
struct stride {
    u32 id, step, rest;
};

/* An unknown that turned out to be a constant on this path; no cell has its name any more. */
struct settled {
    u32 id;
    u64 value;
};

struct held {
    u32 ref;
    u32 insn; /* where it was acquired */
    u8 kind;  /* enum held_what */
    u8 frame; /* who acquired it: a callback must give back what it takes */
};
enum held_what {
    HELD_RECORD,
    HELD_OBJECT,
    HELD_DYNPTR,
    HELD_ITERATOR,
    HELD_RCU, /* sections */
    HELD_PREEMPT,
};

enum state_extent { EXTENT_PACKET, EXTENT_META, EXTENT_MEMORY, EXTENT_COUNT };

struct state {
    u32 insn;
    u32 context;     /* who called whom: verify's call strings */
    u32 trace;       /* how control came here; not part of what is known */
    u32 rounds;      /* how often it passed what the host counts (may_goto, callbacks); neither */
    u32 next_id;     /* ids below are in use */
    u32 bytes;       /* that it has: of one that is only kept, what is behind its last part is not
                        there */
    u32 packet;      /* tag of packet pointers that are valid */
    u32 lock;        /* tag of the value whose spin lock is held; 0: none */
    u16 lock_map;    /* its map */
    u8 rcu, preempt; /* how often read-locked, preemption disabled */
    u8 n_frames;
    u8 n_relations;
    u8 n_held;
    u8 n_affines;
    u8 n_strides;
    u8 splits; /* how often it was split since it was joined; not part of what is known */
    struct frame *frames[STATE_MAX_FRAMES];
    struct cell extent[EXTENT_COUNT]; /* numbers: sizes of what grows and shrinks */
    struct affine affines[STATE_MAX_AFFINES];
    struct stride strides[STATE_MAX_STRIDES];
    struct sum sums[STATE_MAX_SUMS];           /* the latest; y 0: unused */
    struct settled settled[STATE_MAX_SETTLED]; /* the latest; 0: unused */
    struct relation relations[STATE_MAX_RELATIONS];
    struct held held[STATE_MAX_HELD];
};

#endif
