/* RAW_TRACEPOINT: the context is the tracepoint's arguments, 8 bytes each. */
#include "hook/fields.h"

const struct skep_hook hook_raw_tracepoint = {
    HOOK_NAMED("raw_tracepoint", 17),
    .ctx_type = "bpf_raw_tracepoint_args",
    HOOK_SECTIONS("raw_tracepoint+", "raw_tp+"),
    .ctx_kind = SKEP_CTX_ARGS,
    .ctx_size = HOOK_ARGS_BYTES,
    .families = HOOK_TRACING_FAMILIES,
    .flags = SKEP_HOOK_SLEEPABLE,
};
