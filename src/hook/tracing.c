/* TRACING: fentry, fexit, fmod_ret, BTF tracepoints and iterators; the context is the function's
 * arguments, and its result after them. */
#include "hook/fields.h"

const struct skep_hook hook_tracing = {
    HOOK_NAMED("tracing", 26),
    HOOK_SECTIONS("fentry+", "fexit+", "fmod_ret+", "fsession+", "tp_btf+", "iter+"),
    .ctx_kind = SKEP_CTX_ARGS,
    .ctx_size = HOOK_ARGS_BYTES,
    .families = HOOK_TRACING_FAMILIES | HOOK_SYNC_FAMILIES,
    .flags = SKEP_HOOK_SLEEPABLE,
    HOOK_RETURNS({ "fentry+", 0, 0 }, { "fexit+", 0, 0 }, { "fsession+", 0, 0 }, { "iter+", 0, 1 }),
};
