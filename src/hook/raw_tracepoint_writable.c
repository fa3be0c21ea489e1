/* RAW_TRACEPOINT_WRITABLE: as RAW_TRACEPOINT, of tracepoints whose first argument points to memory
 * that programs may write. */
#include "hook/fields.h"

const struct skep_hook hook_raw_tracepoint_writable = {
    HOOK_NAMED("raw_tracepoint_writable", 24),
    .ctx_type = "bpf_raw_tracepoint_args",
    HOOK_SECTIONS("raw_tracepoint.w+", "raw_tp.w+"),
    .ctx_kind = SKEP_CTX_ARGS,
    .ctx_size = HOOK_ARGS_BYTES,
    .families = HOOK_TRACING_FAMILIES,
};
