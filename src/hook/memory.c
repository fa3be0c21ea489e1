/* memory: r1 = data, r2 = its size.  Not a program type of Linux: it is how the bpf_conformance
 * suite and most user-space runtimes call a program. */
#include "hook/fields.h"

const struct skep_hook hook_memory = {
    HOOK_NAMED("memory", 0x10000),
    .personality = SKEP_APPLICATION,
    .ctx_kind = SKEP_CTX_MEMORY,
    .families = HOOK_BASE_FAMILIES | SKEP_FAMILY_TASK | SKEP_FAMILY_APPLICATION,
    .flags = SKEP_HOOK_CTX_WRITABLE,
};
