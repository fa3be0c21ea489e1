/* A runnable program's common part: what engines, PROG_ARRAYs and threads need to know of it. */
#ifndef SKEP_SRC_RT_PROGRAM_H
#define SKEP_SRC_RT_PROGRAM_H

#include "contract/contract.h"
#include "rt/epoch.h"

#include <stdatomic.h>

struct rt_program;

/* Runs to EXIT, to a stop, or to a tail call.  SKEP_OK: *r0 is set.  When thread->tail_target is
 * set on return, the caller goes on with that program (its reference is the epoch's). */
typedef skep_status rt_run_fn(struct skep_thread *thread, const struct rt_program *program,
                              void *ctx, u64 *r0);

/* Machine code that is called as C. */
typedef u64 rt_leaf_fn(struct skep_thread *thread, void *ctx);

/* A function of a program that a timer enters: its token, and r1..r3. */
struct rt_callback {
    u64 token;
    struct skep_map *map;
    void *key, *value;
};
typedef skep_status rt_callback_fn(struct skep_thread *thread, const struct rt_program *program,
                                   const struct rt_callback *callback, u64 *r0);

struct rt_program {
    rt_run_fn *run;
    rt_leaf_fn *leaf; /* all of the program, when it needs nothing of a run; or NULL */
    rt_callback_fn *run_callback;
    const void *engine; /* the engine's own */
    const struct skep_hook *hook;
    const struct epoch *epoch; /* its env's, as of the threads that may run it */
    const struct code *code;
    const struct skep_helper *const *helpers; /* by CODE instruction; or NULL */
    u64 fuel;                                 /* default budget of a run; 0: none */
    bool metered;      /* its code pays fuel, and looks whether it is cancelled */
    u32 ctx_bytes;     /* of plain memory, that every run must give */
    u32 compatibility; /* programs that may tail-call one another have the same */
    _Atomic u32 references;
    struct epoch_returns returns;                /* of references that maps held */
    void (*release)(struct rt_program *program); /* at 0 references */
};

static inline void rt_program_get(struct rt_program *program)
{
    atomic_fetch_add_explicit(&program->references, 1, memory_order_relaxed);
}
static inline void rt_program_put(struct rt_program *program)
{
    if (atomic_fetch_sub_explicit(&program->references, 1, memory_order_acq_rel) == 1)
        program->release(program);
}

/* What is to be run now; others may put another program there at any time, and drop the old one's
 * reference: the epoch keeps it for the runs that have begun. */
struct rt_slot {
    _Atomic(const struct rt_program *) program;
};
skep_status rt_run_slot(struct skep_thread *thread, const struct rt_slot *slot, void *ctx, u64 *r0);

/* The same for a callback; there is no context. */
skep_status rt_run_callback(struct skep_thread *thread, const struct rt_program *program,
                            const struct rt_callback *callback);

/* The program at an index of a PROG_ARRAY, or NULL: what its type's lookup gives. */
struct rt_program *rt_tail_target(struct skep_map *map, u32 index);
/* bpf_tail_call: sets thread->tail_target.  false when there is no such program, or it is the 34th
 * call of the run, or the program may not follow the running one, or it needs more memory than the
 * run has; the caller then goes on. */
bool rt_tail_call(struct skep_thread *thread, struct skep_map *map, u32 index);
/* Runs thread->tail_target, and what follows it, in place of the frame that called it. */
skep_status rt_run_tail_target(struct skep_thread *thread, u64 *r0);

#endif
