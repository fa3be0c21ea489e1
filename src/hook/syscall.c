/* SYSCALL: programs that user space runs with a block of memory of its own. */
#include "hook/fields.h"

const struct skep_hook hook_syscall = {
    HOOK_NAMED("syscall", 31),
    HOOK_SECTIONS("syscall+"),
    .ctx_kind = SKEP_CTX_MEMORY,
    .families = HOOK_TRACING_FAMILIES | HOOK_SYNC_FAMILIES | SKEP_FAMILY_SYSCALL,
    .flags = SKEP_HOOK_SLEEPABLE | SKEP_HOOK_ALWAYS_SLEEPS | SKEP_HOOK_CTX_WRITABLE,
};
