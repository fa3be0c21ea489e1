/* TRACEPOINT: the context is the record that the tracepoint writes, laid out as its format file
 * says.  At most PERF_MAX_TRACE_SIZE bytes. */
#include "hook/fields.h"

const struct skep_hook hook_tracepoint = {
    HOOK_NAMED("tracepoint", 5),       HOOK_SECTIONS("tracepoint+", "tp+"),
    .ctx_kind = SKEP_CTX_MEMORY,       .ctx_size = 8192,
    .families = HOOK_TRACING_FAMILIES, .flags = SKEP_HOOK_SLEEPABLE,
};
