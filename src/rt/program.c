/* Runs that are more than a call (run.h), and tail calls.
 *
 * Nothing here may be slow: the thread is not cleared, only what the last run can have left behind.
 */
#include "rt/run.h"

#include "rt/map.h"

void rt_tell_nothing(struct skep_thread *thread)
{
    thread->fuel = thread->fuel_given = 0;
    thread->insns = 0;
    thread->stop = SKEP_OK;
}

bool rt_tail_call(struct skep_thread *thread, struct skep_map *map, u32 index)
{
    if (thread->tail_calls >= RT_MAX_TAIL_CALLS)
        return false;
    const struct rt_program *target = rt_tail_target(map, index);
    if (!target || target->compatibility != thread->program->compatibility ||
        target->hook != thread->program->hook || rt_lacks_ctx(target, thread->ctx) ||
        rt_ignores_fuel(thread, target))
        return false;
    thread->tail_calls++;
    thread->tail_target = target;
    return true;
}

/* Programs one after the other, as long as each calls the next and nothing stops. */
static skep_status rt_follow_tail_calls(struct skep_thread *thread, skep_status status, u64 *r0)
{
    while (status == SKEP_OK && thread->tail_target) {
        const struct rt_program *target = thread->tail_target;
        thread->tail_target = NULL;
        thread->program = target;
        status = target->run(thread, target, thread->ctx, r0);
    }
    return status;
}

skep_status rt_run_tail_target(struct skep_thread *thread, u64 *r0)
{
    const struct rt_program *caller = thread->program;
    void *engine = thread->engine;
    void *native_stack = thread->native_stack;
    rt_call_back_fn *call_back = thread->call_back;
    thread->depth--; /* the caller's frame is the target's */
    skep_status status = rt_follow_tail_calls(thread, SKEP_OK, r0);
    thread->depth++;
    thread->program = caller;
    thread->engine = engine;
    thread->native_stack = native_stack;
    thread->call_back = call_back;
    return status;
}

/* A budget beyond what fits is none. */
static inline s64 rt_budget(u64 fuel) { return fuel - 1 < INT64_MAX - 1 ? (s64)fuel : INT64_MAX; }

static inline void rt_begin(struct skep_thread *thread, const struct rt_program *program, void *ctx)
{
    u64 limit = thread->fuel_limit;
    thread->fuel = thread->fuel_given = rt_budget(UNLIKELY(limit) ? limit : program->fuel);
    thread->insns = 0;
    thread->tail_target = NULL;
    thread->tail_calls = 0;
    thread->retval = 0;
    thread->depth = 0;
    thread->stop = SKEP_OK;
    thread->thrown = false;
    thread->ctx = ctx;
    thread->packet = program->hook->flags & SKEP_HOOK_PACKET ? ctx : NULL;
    thread->dynptrs_before = thread->dynptrs_made;
    thread->program = program;
}

/* Stopped, or ended without giving something back. */
static COLD void rt_clean_up(struct skep_thread *thread, skep_status status)
{
    rt_release_all(thread);
    thread->stop = status;
    if (status == SKEP_CANCELLED)
        atomic_store_explicit(&thread->cancel, false, memory_order_relaxed);
}

static inline void rt_end(struct skep_thread *thread, skep_status status)
{
    if (UNLIKELY(status != SKEP_OK || thread->n_held > 0))
        rt_clean_up(thread, status);
    thread->program = NULL;
    epoch_leave(&thread->epoch_slot);
}

skep_status rt_run_whole(struct skep_thread *thread, const struct rt_program *program, void *ctx,
                         u64 *r0)
{
    rt_begin(thread, program, ctx);
    skep_status status = program->run(thread, program, ctx, r0);
    if (UNLIKELY(thread->tail_target != NULL))
        status = rt_follow_tail_calls(thread, status, r0);
    rt_end(thread, status);
    return status;
}

skep_status rt_run_prepared(struct skep_thread *thread, const struct rt_program *program, void *ctx,
                            u64 *r0)
{
    program->hook->prepare(ctx);
    return rt_run_ready(thread, program, ctx, r0);
}

skep_status rt_run_slot(struct skep_thread *thread, const struct rt_slot *slot, void *ctx, u64 *r0)
{
    if (UNLIKELY(thread->program))
        return SKEP_STATE;
    epoch_enter(thread->epoch, &thread->epoch_slot);
    const struct rt_program *program = atomic_load_explicit(&slot->program, memory_order_acquire);
    if (UNLIKELY(!rt_may_run(thread, program, ctx))) {
        epoch_leave(&thread->epoch_slot);
        return SKEP_BAD_ARG;
    }
    return rt_run_entered(thread, program, ctx, r0);
}

skep_status rt_run_callback(struct skep_thread *thread, const struct rt_program *program,
                            const struct rt_callback *callback)
{
    u64 r0;
    if (UNLIKELY(rt_ignores_fuel(thread, program)))
        return SKEP_BAD_ARG;
    epoch_enter(thread->epoch, &thread->epoch_slot);
    rt_begin(thread, program, NULL);
    skep_status status = program->run_callback(thread, program, callback, &r0);
    rt_end(thread, status);
    return status;
}
