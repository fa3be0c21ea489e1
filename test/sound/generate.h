/* Random programs with structure: branches, loops, spills, subprograms, callbacks, packets, maps,
 * records; most of them safe, some a token away from it. */
#ifndef SKEP_TEST_SOUND_GENERATE_H
#define SKEP_TEST_SOUND_GENERATE_H

#include "isa/isa.h"

#define GENERATE_MAX 700u /* instructions */

/* Jumps, local calls and addresses of code refer to instructions by position. */
struct generated_insn {
    struct insn insn;
    u32 target;
};
#define GENERATE_NO_TARGET UINT32_MAX

enum generated_hook {
    HOOK_XDP,
    HOOK_SCHED_CLS,
    HOOK_SOCKET_FILTER,
    HOOK_MEMORY,
    HOOK_THINGS, /* world.c's own: its context has pointers of every kind; it never runs */
    HOOK_COUNT
};

/* A function that is verified by its signature, or for exceptions. */
enum generated_arg { ARG_OF_NUMBER, ARG_OF_CTX, ARG_OF_MEMORY, ARG_OF_DYNPTR, ARG_OF_TYPED };
struct generated_func {
    u32 at;
    bool exception;
    u8 n_args;
    struct {
        u8 kind, bytes; /* enum generated_arg */
        bool nullable;
    } args[5];
};
#define GENERATE_MOST_FUNCS 12u

struct generated {
    u32 n;
    enum generated_hook hook;
    bool strict; /* to be held to that profile in any case */
    u32 n_funcs;
    struct generated_func funcs[GENERATE_MOST_FUNCS];
    struct generated_insn insns[GENERATE_MAX];
};

/* The maps that every program has, by index; random.c makes them. */
enum generated_map {
    MAP_ARRAY,  /* 4 → 64, 4 elements */
    MAP_HASH,   /* 4 → 32, 8 elements */
    MAP_RING,   /* 4096 bytes */
    MAP_RODATA, /* 4 → 64, 1 element that nobody changes */
    MAP_PERCPU, /* an array, 4 → 16, 2 elements */
    MAP_WIDE,   /* 8 → 128, a hash, 8 elements */
    MAP_LOCK,   /* an array, 4 → 32, 1 element, the first 4 bytes of which are a spin lock */
    MAP_OUTER,  /* an array of 4 arrays, 4 → 40 with 2 elements, or fewer */
    MAP_QUEUE,  /* of 4 numbers */
    MAP_PROGRAMS,
    MAP_TIMER,   /* an array, 4 → 32, 1 element that begins with a timer */
    MAP_USER,    /* a ring buffer from the host */
    MAP_KEPT,    /* an array, 4 → 48, 1 element: a timer, two kernel pointers, numbers */
    MAP_WRITTEN, /* an array, 4 → 16, 1 element that programs may not read */
    MAP_COUNT,
};

/* The next number of a sequence that its start decides. */
static inline u64 random_next(u64 *state)
{
    u64 x = (*state += 0x9e3779b97f4a7c15u);
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}
static inline u32 random_below(u64 *state, u32 n) { return (u32)(random_next(state) >> 32) % n; }
/* A number that is likely to be at a border of something. */
u64 random_number(u64 *state);

/* What engines run; with all else that the verifier knows; of that, a use of one pointer; a near
 * miss. */
enum generate_what { GENERATE_RUNNABLE, GENERATE_ALL, GENERATE_BRIEF, GENERATE_NEAR };
/* The program that a seed decides. */
void generate(struct generated *out, u64 seed, enum generate_what what);
/* Changes one instruction or constant. */
void generate_mutate(struct generated *program, u64 *state);
/* Takes one instruction out; false: something refers to it alone. */
void generate_remove(struct generated *program, u32 at);
void generate_make_nop(struct generated *program, u32 at);

/* The slot of each instruction, and of the end: slot_of has program->n + 1 entries. */
u32 generate_slots(const struct generated *program, u32 *slot_of);
/* Bytecode; at least 2 * GENERATE_MAX slots of room.  How many there are; 0: a jump is too far. */
u32 generate_encode(const struct generated *program, skep_insn *out);

#endif
