/* Slots (include/skep/slot.h).  A replaced program's handle is freed at once; what runs still use
 * stays until the epoch has passed, as with every program. */
#include "api/api.h"

struct skep_slot {
    struct skep_env *env;
    struct rt_slot rt;
};

static struct skep_program *slot_program_of(const struct rt_program *rt)
{
    return program_of_rt((struct rt_program *)(uintptr_t)rt);
}

skep_status skep_slot_new(skep_env *env, skep_program *program, skep_slot **out)
{
    if (!env || !program || !out || program->env != env)
        return SKEP_BAD_ARG;
    struct skep_slot *slot = mem_new(&env->mem, struct skep_slot);
    if (!slot)
        return SKEP_NOMEM;
    slot->env = env;
    atomic_init(&slot->rt.program, &program->rt);
    *out = slot;
    return SKEP_OK;
}

void skep_slot_free(skep_slot *slot)
{
    if (!slot)
        return;
    skep_program_free(skep_slot_program(slot));
    mem_delete(&slot->env->mem, slot);
}

skep_program *skep_slot_program(const skep_slot *slot)
{
    return slot_program_of(atomic_load_explicit(&slot->rt.program, memory_order_acquire));
}

skep_status skep_slot_replace(skep_slot *slot, skep_program *expected, skep_program *replacement)
{
    if (!replacement || !expected || replacement == expected || replacement->env != slot->env ||
        replacement->rt.hook != expected->rt.hook)
        return SKEP_BAD_ARG;
    const struct rt_program *old = &expected->rt;
    if (!atomic_compare_exchange_strong_explicit(&slot->rt.program, &old, &replacement->rt,
                                                 memory_order_acq_rel, memory_order_acquire))
        return SKEP_STATE;
    skep_program_free(expected);
    return SKEP_OK;
}

skep_status skep_run_slot(skep_thread *thread, const skep_slot *slot, void *ctx, uint64_t *r0)
{
    return rt_run_slot(thread, &slot->rt, ctx, r0);
}
