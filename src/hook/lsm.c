/* LSM: security hooks; the context is the hook's arguments. */
#include "hook/fields.h"

const struct skep_hook hook_lsm = {
    HOOK_NAMED("lsm", 29),
    HOOK_SECTIONS("lsm+", "lsm_cgroup+"),
    .ctx_kind = SKEP_CTX_ARGS,
    .ctx_size = HOOK_ARGS_BYTES,
    .families = HOOK_TRACING_FAMILIES | HOOK_SYNC_FAMILIES | SKEP_FAMILY_LSM,
    .flags = SKEP_HOOK_SLEEPABLE | SKEP_HOOK_CONTRACT_ONLY,
    HOOK_RETURNS({ "lsm_cgroup+", 0, 1 }),
};
