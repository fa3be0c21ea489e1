/* EXT: replaces a global function of another program, whose type decides what the context is; until
 * that program is known, the arguments are all that can be said. */
#include "hook/fields.h"

const struct skep_hook hook_ext = {
    HOOK_NAMED("ext", 28),
    HOOK_SECTIONS("freplace+"),
    .ctx_kind = SKEP_CTX_ARGS,
    .ctx_size = HOOK_ARGS_BYTES,
    .families = HOOK_TRACING_FAMILIES | HOOK_SYNC_FAMILIES | SKEP_FAMILY_XDP | SKEP_FAMILY_NET |
                SKEP_FAMILY_SKB_READ | SKEP_FAMILY_SKB_WRITE | SKEP_FAMILY_SKB_EDIT,
    .flags = SKEP_HOOK_CONTRACT_ONLY,
};
