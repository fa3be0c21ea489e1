/* Random SSA functions, made by hand of what passes look for, and what comes of running them: r0
 * and all memory.  They always end, and access only what is theirs. */
#ifndef SKEP_TEST_SSA_RANDOM_H
#define SKEP_TEST_SSA_RANDOM_H

#include "ir/ir.h"
#include "rt/program.h"
#include "rt/rt.h"

#define SSA_RANDOM_MEMORY 256u

struct ssa_random {
    struct arena arena;
    struct ssa_program program;
    struct ssa_func func;
};

struct ssa_random_result {
    skep_status status;
    u64 r0;
    s64 fuel;                     /* what is left */
    u8 memory[SSA_RANDOM_MEMORY]; /* what the parameter points to */
};

struct ssa_random_shape {
    u32 insns;    /* about */
    u32 depth;    /* of blocks in blocks; 0: one block */
    bool memory;  /* loads and stores */
    bool atomics; /* all of them, too */
    bool calls;   /* of host functions, some of which stop the run */
    bool charges;
};

u64 ssa_random_next(u64 *state);
/* A number of the kinds that make a difference. */
u64 ssa_random_number(u64 *state);

void ssa_random_make(struct ssa_random *r, struct mem *mem, u64 seed,
                     struct ssa_random_shape shape);
void ssa_random_drop(struct ssa_random *r);
struct ssa_random_result ssa_random_run(struct ssa_random *r, u64 data_seed);
/* By another engine, and with so much fuel.  What it has read and written tells r0 and memory apart
 * only when status says that the run ended well. */
struct ssa_random_result ssa_random_run_as(rt_run_fn *run, const void *engine, u64 data_seed,
                                           u64 fuel);
/* Prints the function to stderr. */
void ssa_random_show(const struct ssa_random *r, const char *title);

#endif
