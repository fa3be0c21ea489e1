/* The gate: the code through which runs enter compiled programs, and to which a stop goes back
 * wherever it happens.  It is the same for all programs but for fuel, so an env has it once. */
#include "jit/gate.h"

#include "base/diag.h"

static void jit_gate_no_reloc(struct jit_emit *emit, u32 at, u8 kind,
                              enum jit_reloc_special special, u64 to)
{
    (void)emit, (void)at, (void)kind, (void)special, (void)to; /* the gate calls what it is given */
}

struct jit_gate_plan {
    struct jit_buffer buffer;
    u32 enter[2], stop[2]; /* offsets */
};

static void jit_gate_emit(struct jit_gate_plan *plan, const struct jit_target *target)
{
    struct jit_emit emit = { .buffer = &plan->buffer,
                             .target = target,
                             .reloc = jit_gate_no_reloc };
    for (u32 i = 0; i < 2; i++) {
        emit.metered = i == 1;
        target->pad(&emit, (JIT_ALIGN - plan->buffer.n % JIT_ALIGN) % JIT_ALIGN);
        plan->enter[i] = plan->buffer.n;
        target->emit_entry(&emit, &plan->stop[i]);
    }
}

static bool jit_gate_make(struct jit_gate *gate, const struct jit_target *target,
                          struct jit_gate_plan *plan)
{
    jit_gate_emit(plan, target);
    gate->bytes = plan->buffer.n;
    if (jit_pages_put(&gate->pages, target, &plan->buffer, true) != JIT_PAGES_DONE) {
        jit_pages_drop(&gate->pages);
        if (jit_pages_put(&gate->pages, target, &plan->buffer, false) != JIT_PAGES_DONE)
            return false;
    }
    for (u32 i = 0; i < 2; i++) {
        gate->way[i].enter = (jit_enter_fn *)(uintptr_t)(gate->pages.start + plan->enter[i]);
        gate->way[i].stop = (u64)(uintptr_t)(gate->pages.start + plan->stop[i]);
    }
    return jit_pages_seal(&gate->pages);
}

skep_status jit_gate_new(struct mem *mem, struct jit_gate **out, skep_error *err)
{
    const struct jit_target *target = jit_host_target;
    struct jit_gate_plan plan = { .buffer = { .mem = mem } };
    struct jit_gate *gate = mem_new(mem, struct jit_gate);
    if (gate) {
        *gate = (struct jit_gate){ .mem = mem, .pages = { .mem = mem } };
        gate->features = target->features();
    }
    bool ok = gate && jit_gate_make(gate, target, &plan);
    jit_buffer_drop(&plan.buffer);
    if (ok) {
        *out = gate;
        return SKEP_OK;
    }
    jit_gate_drop(gate);
    return RAISE(err, SKEP_NOMEM, NOMEM, STR("compiled code"));
}

void jit_gate_drop(struct jit_gate *gate)
{
    if (!gate)
        return;
    jit_pages_drop(&gate->pages);
    mem_delete(gate->mem, gate);
}

const u8 *jit_gate_code(const struct jit_gate *gate, u32 *bytes)
{
    *bytes = gate->bytes;
    return gate->pages.start;
}
