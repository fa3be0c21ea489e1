/* The beginning and the end of a run, inline in those who start it: an empty program takes as long
 * as this does.  What is rare is behind calls, and calls are at the ends of functions, which keeps
 * registers free. */
#ifndef SKEP_SRC_RT_RUN_H
#define SKEP_SRC_RT_RUN_H

#include "rt/epoch.h"
#include "rt/program.h"
#include "rt/thread.h"

/* How much plain memory a context is; 0 for contexts of other kinds. */
static inline size_t rt_ctx_bytes(const struct rt_program *program, const void *ctx)
{
    const struct skep_memory *memory = ctx;
    return ctx && program->hook->ctx_kind == SKEP_CTX_MEMORY ? memory->size : 0;
}

static inline bool rt_lacks_ctx(const struct rt_program *program, const void *ctx)
{
    if (UNLIKELY(!ctx) && program->hook->flags & SKEP_HOOK_PACKET)
        return true;
    return UNLIKELY(program->ctx_bytes) && rt_ctx_bytes(program, ctx) < program->ctx_bytes;
}

/* The thread's budget must bind, and the program's code does not look at any. */
static inline bool rt_ignores_fuel(const struct skep_thread *thread,
                                   const struct rt_program *program)
{
    return UNLIKELY(thread->fuel_limit) && !program->metered;
}

/* Per-CPU values are found by the thread's slot, which is one of its env, and its epoch keeps what
 * runs alive: threads of another env do not run a program. */
static inline bool rt_may_run(const struct skep_thread *thread, const struct rt_program *program,
                              const void *ctx)
{
    return LIKELY(program->epoch == thread->epoch) && LIKELY(!rt_lacks_ctx(program, ctx)) &&
           LIKELY(!rt_ignores_fuel(thread, program));
}

/* What a thread tells of its last run, when that was of a leaf. */
COLD void rt_tell_nothing(struct skep_thread *thread);

/* From inside the epoch to its end, all of the run; and what the hook wants done before. */
skep_status rt_run_whole(struct skep_thread *thread, const struct rt_program *program, void *ctx,
                         u64 *r0);
skep_status rt_run_prepared(struct skep_thread *thread, const struct rt_program *program, void *ctx,
                            u64 *r0);

/* It needs nothing that a run sets up, and leaves nothing to tell of; runs of other kinds have a
 * budget. */
static inline skep_status rt_run_leaf(struct skep_thread *thread, const struct rt_program *program,
                                      void *ctx, u64 *r0)
{
    if (UNLIKELY(thread->fuel_given != 0))
        rt_tell_nothing(thread);
    *r0 = program->leaf(thread, ctx);
    epoch_leave(&thread->epoch_slot);
    return SKEP_OK;
}

static inline skep_status rt_run_ready(struct skep_thread *thread, const struct rt_program *program,
                                       void *ctx, u64 *r0)
{
    return LIKELY(program->leaf != NULL) ? rt_run_leaf(thread, program, ctx, r0)
                                         : rt_run_whole(thread, program, ctx, r0);
}

static inline skep_status rt_run_entered(struct skep_thread *thread,
                                         const struct rt_program *program, void *ctx, u64 *r0)
{
    return UNLIKELY(program->hook->prepare != NULL) ? rt_run_prepared(thread, program, ctx, r0)
                                                    : rt_run_ready(thread, program, ctx, r0);
}

/* One whole run of a thread that runs nothing (else SKEP_STATE): enters the epoch, sets fuel,
 * follows tail calls, releases what the ledger holds. SKEP_OK, SKEP_TRAP, SKEP_FUEL,
 * SKEP_CANCELLED; SKEP_BAD_ARG: a packet program without a packet, too little memory, or a thread
 * with a budget and a program that is not metered, or of another env than the program. */
static inline skep_status rt_run(struct skep_thread *thread, const struct rt_program *program,
                                 void *ctx, u64 *r0)
{
    if (UNLIKELY(thread->program))
        return SKEP_STATE;
    if (UNLIKELY(!rt_may_run(thread, program, ctx)))
        return SKEP_BAD_ARG;
    epoch_enter(thread->epoch, &thread->epoch_slot);
    return rt_run_entered(thread, program, ctx, r0);
}

#endif
