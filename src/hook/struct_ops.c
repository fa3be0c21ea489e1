/* STRUCT_OPS: members of a kernel's table of functions; the context is the member's arguments. */
#include "hook/fields.h"

const struct skep_hook hook_struct_ops = {
    HOOK_NAMED("struct_ops", 27),
    HOOK_SECTIONS("struct_ops+"),
    .ctx_kind = SKEP_CTX_ARGS,
    .ctx_size = HOOK_ARGS_BYTES,
    .families = HOOK_TRACING_FAMILIES | HOOK_SYNC_FAMILIES | SKEP_FAMILY_SOCKET,
    .flags = SKEP_HOOK_SLEEPABLE | SKEP_HOOK_CONTRACT_ONLY,
};
