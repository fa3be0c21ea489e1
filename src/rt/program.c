/* One run from beginning to end, and tail calls.
 *
 * Nothing here may be slow: the cost of running an empty program is the cost of this file.  So the
 * thread is not cleared, only what the last run can have left behind. */
#include "rt/program.h"

#include "rt/map.h"
#include "rt/thread.h"

size_t rt_ctx_bytes(const struct rt_program *program, const void *ctx)
{
    const struct skep_memory *memory = ctx;
    return ctx && program->hook->ctx_kind == SKEP_CTX_MEMORY ? memory->size : 0;
}

static inline bool rt_lacks_ctx(const struct rt_program *program, const void *ctx)
{
    if (!ctx && program->hook->flags & SKEP_HOOK_PACKET)
        return true;
    return UNLIKELY(program->ctx_bytes) && rt_ctx_bytes(program, ctx) < program->ctx_bytes;
}

bool rt_tail_call(struct skep_thread *thread, struct skep_map *map, u32 index)
{
    if (thread->tail_calls >= RT_MAX_TAIL_CALLS)
        return false;
    const struct rt_program *target = rt_tail_target(map, index);
    if (!target || target->compatibility != thread->program->compatibility ||
        target->hook != thread->program->hook || rt_lacks_ctx(target, thread->ctx))
        return false;
    thread->tail_calls++;
    thread->tail_target = target;
    return true;
}

/* A budget beyond what fits is none. */
static s64 rt_budget(const struct skep_thread *thread, const struct rt_program *program)
{
    u64 fuel = thread->fuel_limit ? thread->fuel_limit : program->fuel;
    return fuel && fuel < INT64_MAX ? (s64)fuel : INT64_MAX;
}

static void rt_begin(struct skep_thread *thread, const struct rt_program *program, void *ctx)
{
    thread->fuel = thread->fuel_given = rt_budget(thread, program);
    thread->insns = 0;
    thread->stop = SKEP_OK;
    thread->thrown = false;
    thread->fault.error.id = 0;
    thread->ctx = ctx;
    thread->packet = program->hook->flags & SKEP_HOOK_PACKET ? ctx : NULL;
    thread->tail_calls = 0;
    thread->retval = 0;
    thread->dynptrs_before = thread->dynptrs_made;
    thread->depth = 0;
}

/* Stopped, or ended without giving something back. */
static COLD void rt_clean_up(struct skep_thread *thread, skep_status status)
{
    rt_release_all(thread);
    thread->stop = status;
    if (status == SKEP_CANCELLED)
        atomic_store_explicit(&thread->cancel, false, memory_order_relaxed);
}

/* From inside the epoch to its end. */
static inline skep_status rt_run_entered(struct skep_thread *thread,
                                         const struct rt_program *program, void *ctx, u64 *r0)
{
    rt_begin(thread, program, ctx);
    if (program->hook->prepare)
        program->hook->prepare(ctx);
    skep_status status;
    do {
        thread->program = program;
        thread->tail_target = NULL;
        status = program->run(thread, program, ctx, r0);
        program = thread->tail_target;
    } while (UNLIKELY(program != NULL) && status == SKEP_OK);
    if (UNLIKELY(status != SKEP_OK || thread->n_held > 0))
        rt_clean_up(thread, status);
    thread->program = NULL;
    epoch_leave(&thread->epoch_slot);
    return status;
}

skep_status rt_run(struct skep_thread *thread, const struct rt_program *program, void *ctx, u64 *r0)
{
    if (UNLIKELY(thread->program))
        return SKEP_STATE;
    if (UNLIKELY(rt_lacks_ctx(program, ctx)))
        return SKEP_BAD_ARG;
    epoch_enter(thread->epoch, &thread->epoch_slot);
    return rt_run_entered(thread, program, ctx, r0);
}

skep_status rt_run_slot(struct skep_thread *thread, const struct rt_slot *slot, void *ctx, u64 *r0)
{
    if (UNLIKELY(thread->program))
        return SKEP_STATE;
    epoch_enter(thread->epoch, &thread->epoch_slot);
    const struct rt_program *program = atomic_load_explicit(&slot->program, memory_order_acquire);
    if (UNLIKELY(rt_lacks_ctx(program, ctx))) {
        epoch_leave(&thread->epoch_slot);
        return SKEP_BAD_ARG;
    }
    return rt_run_entered(thread, program, ctx, r0);
}

skep_status rt_run_callback(struct skep_thread *thread, const struct rt_program *program,
                            const struct rt_callback *callback)
{
    u64 r0;
    epoch_enter(thread->epoch, &thread->epoch_slot);
    rt_begin(thread, program, NULL);
    thread->program = program;
    thread->tail_target = NULL;
    skep_status status = program->run_callback(thread, program, callback, &r0);
    if (status != SKEP_OK || thread->n_held > 0)
        rt_clean_up(thread, status);
    thread->program = NULL;
    epoch_leave(&thread->epoch_slot);
    return status;
}
