/* Threads and runs (include/skep/thread.h). */
#include "api/api.h"

struct api_thread {
    struct skep_thread rt;
    struct skep_env *env;
};

static struct api_thread *thread_api(struct skep_thread *thread)
{
    return CONTAINER_OF(thread, struct api_thread, rt);
}

/* CPU slots */

static skep_status thread_take_slot(struct skep_env *env, u32 wanted, u32 *out)
{
    u32 first = wanted ? wanted - 1 : 0;
    u32 end = wanted ? wanted : env->n_cpus;
    if (end > env->n_cpus)
        return SKEP_BAD_ARG;
    os_lock(&env->lock);
    u32 i = first;
    while (i < end && bit_get(env->cpu_slots, i))
        i++;
    if (i < end)
        bit_set(env->cpu_slots, i);
    os_unlock(&env->lock);
    if (i == end)
        return wanted ? SKEP_EXISTS : SKEP_LIMIT;
    *out = i;
    return SKEP_OK;
}

static void thread_give_slot(struct skep_env *env, u32 slot)
{
    os_lock(&env->lock);
    bit_clear(env->cpu_slots, slot);
    os_unlock(&env->lock);
}

/* Life */

skep_status skep_thread_new(skep_env *env, const struct skep_thread_options *options,
                            skep_thread **out)
{
    static const struct skep_thread_options defaults = { .size = sizeof(defaults) };
    if (!options)
        options = &defaults;
    if (!env || !out || options->size != sizeof(*options))
        return SKEP_BAD_ARG;
    u32 slot;
    TRY(thread_take_slot(env, options->cpu, &slot));
    struct api_thread *thread = mem_new(&env->mem, struct api_thread);
    skep_status status = SKEP_NOMEM;
    if (thread)
        status = rt_thread_init(&thread->rt, &env->mem, &env->host, env->epoch, slot, env->n_cpus);
    if (status != SKEP_OK) {
        mem_free(&env->mem, thread, sizeof(*thread));
        thread_give_slot(env, slot);
        return status;
    }
    thread->env = env;
    thread->rt.timers = &env->timers;
    thread->rt.secret = env->secret;
    if (options->random_seed)
        rt_seed(&thread->rt, options->random_seed);
    *out = &thread->rt;
    return SKEP_OK;
}

void skep_thread_free(skep_thread *thread)
{
    if (!thread)
        return;
    struct api_thread *api = thread_api(thread);
    struct skep_env *env = api->env;
    u32 slot = thread->cpu;
    rt_thread_fini(thread);
    mem_delete(&env->mem, api);
    thread_give_slot(env, slot);
}

/* Runs */

skep_status skep_run(skep_thread *thread, const skep_program *program, void *ctx, uint64_t *r0)
{
    return rt_run(thread, &program->rt, ctx, r0);
}

skep_status skep_run_batch(skep_thread *thread, const skep_program *program, void *const *ctxs,
                           size_t n, uint64_t *results, skep_status *statuses)
{
    skep_status first = SKEP_OK;
    for (size_t i = 0; i < n; i++) {
        u64 r0 = 0;
        skep_status status = rt_run(thread, &program->rt, ctxs[i], &r0);
        if (results && status == SKEP_OK)
            results[i] = r0;
        if (statuses)
            statuses[i] = status;
        if (first == SKEP_OK)
            first = status;
    }
    return first;
}

skep_status skep_thread_run_timers(skep_thread *thread, uint64_t now_ns, uint64_t *next_ns)
{
    u64 next = UINT64_MAX;
    skep_status status = rt_run_timers(thread, now_ns, &next);
    if (next_ns && status != SKEP_STATE)
        *next_ns = next;
    return status;
}

uint64_t skep_thread_timers_run(const skep_thread *thread) { return thread->timers_run; }

skep_status skep_run_once(const skep_program *program, void *ctx, uint64_t *r0, skep_error *err)
{
    skep_thread *thread;
    TRY(skep_thread_new(program->env, NULL, &thread));
    skep_status status = rt_run(thread, &program->rt, ctx, r0);
    if (status == SKEP_BAD_ARG && program->rt.ctx_bytes)
        RAISE(err, status, CTX_SMALL, STR(program->linked.name), NUM(program->rt.ctx_bytes),
              NUM(rt_ctx_bytes(&program->rt, ctx)));
    const struct skep_fault *fault = skep_thread_fault(thread);
    if (fault && err)
        *err = fault->error;
    skep_thread_free(thread);
    return status;
}

void skep_thread_set_fuel(skep_thread *thread, uint64_t fuel) { thread->fuel_limit = fuel; }

uint64_t skep_thread_fuel_used(const skep_thread *thread)
{
    return (u64)(thread->fuel_given - thread->fuel);
}

uint64_t skep_thread_insns(const skep_thread *thread) { return thread->insns; }

void skep_thread_cancel(skep_thread *thread)
{
    atomic_store_explicit(&thread->cancel, true, memory_order_relaxed);
}

const struct skep_fault *skep_thread_fault(const skep_thread *thread)
{
    return thread->stop == SKEP_TRAP ? &thread->fault : NULL;
}

/* For helpers of an application */

uint32_t skep_thread_cpu(const skep_thread *thread) { return thread->cpu; }

void *skep_thread_ctx(const skep_thread *thread) { return thread->ctx; }

bool skep_call_back(skep_thread *thread, uint64_t token, const uint64_t args[5], uint64_t *r0)
{
    return rt_call(thread, token, args, r0);
}

bool skep_hold(skep_thread *thread, const struct skep_held *held) { return rt_hold(thread, held); }

bool skep_drop(skep_thread *thread, void *what) { return rt_drop(thread, what); }
