/* Rows of context field tables that many hooks have in common.  HIDDEN fields have no place in the
 * host: they belong to hooks that are described but do not run here, or read as 0. */
#ifndef SKEP_SRC_HOOK_FIELDS_H
#define SKEP_SRC_HOOK_FIELDS_H

#include "hook/hook.h"

#define HOOK_R SKEP_FIELD_READ
#define HOOK_RW (SKEP_FIELD_READ | SKEP_FIELD_WRITE)
#define HOOK_WHOLE SKEP_FIELD_NO_NARROW

/* { name, offset, size, kind, access, host size, host offset, bytes } */
#define HOOK_HIDDEN(name, offset, size, access)                                                    \
    {                                                                                              \
        name, offset, size, SKEP_FIELD_SCALAR, access, (size) > 8 ? (size) : 0, 0, 0               \
    }
#define HOOK_HIDDEN_POINTER(name, offset, size, kind, access)                                      \
    {                                                                                              \
        name, offset, size, kind, (access) | HOOK_WHOLE, 0, 0, 0                                   \
    }
#define HOOK_HIDDEN_TYPED(name, offset, of)                                                        \
    {                                                                                              \
        name, offset, 8, SKEP_FIELD_BTF_PTR, HOOK_R | HOOK_WHOLE, 0, 0, SKEP_TYPE_##of             \
    }
#define HOOK_SOCKET(name, offset)                                                                  \
    {                                                                                              \
        name, offset, 8, SKEP_FIELD_SOCK, HOOK_R | HOOK_WHOLE | SKEP_FIELD_NULLABLE, 0, 0, 0       \
    }
/* One that is there, in full; perhaps there. */
#define HOOK_SOCKET_FULL(name, offset)                                                             \
    {                                                                                              \
        name, offset, 8, SKEP_FIELD_SOCK, HOOK_R | HOOK_WHOLE, 0, 0, SKEP_SOCK_FULL                \
    }
#define HOOK_SOCKET_FULL0(name, offset)                                                            \
    {                                                                                              \
        name, offset, 8, SKEP_FIELD_SOCK, HOOK_R | HOOK_WHOLE | SKEP_FIELD_NULLABLE, 0, 0,         \
            SKEP_SOCK_FULL                                                                         \
    }

/* The usual head of a hook. */
#define HOOK_NAMED(NAME, ID) .size = sizeof(struct skep_hook), .name = NAME, .id = ID
#define HOOK_SECTIONS(...)                                                                         \
    .sections = (const char *const[]) { __VA_ARGS__, NULL }
#define HOOK_CONTEXT(TABLE, BYTES)                                                                 \
    .ctx_kind = SKEP_CTX_FIELDS, .ctx_size = BYTES, .fields = TABLE, .n_fields = ARRAY_LEN(TABLE)

#define HOOK_RETURNS(...)                                                                          \
    .returns = (const struct skep_hook_returns[]){ __VA_ARGS__ },                                  \
    .n_returns =                                                                                   \
        sizeof((struct skep_hook_returns[]){ __VA_ARGS__ }) / sizeof(struct skep_hook_returns)

/* What programs of nearly all types may call.  Not those that interrupt what may hold the lock:
 * kprobe, tracepoint, perf_event, raw_tracepoint. */
#define HOOK_SYNC_FAMILIES (SKEP_FAMILY_LOCK | SKEP_FAMILY_TIMER)
#define HOOK_BASE_FAMILIES (SKEP_FAMILY_BASE | HOOK_SYNC_FAMILIES)
/* What tracing programs may call, and what attaches to a cgroup's sockets. */
#define HOOK_TRACING_FAMILIES (SKEP_FAMILY_BASE | SKEP_FAMILY_TASK | SKEP_FAMILY_TRACING)
#define HOOK_CGROUP_FAMILIES (HOOK_BASE_FAMILIES | SKEP_FAMILY_TASK | SKEP_FAMILY_CGROUP)

/* Twelve arguments of 8 bytes each: MAX_BPF_FUNC_ARGS in the kernel. */
#define HOOK_ARGS_BYTES 96u

#endif
