/* CGROUP_SOCKOPT: socket options that processes of a cgroup read and set. */
#include "hook/fields.h"

static const struct skep_ctx_field cgroup_sockopt_fields[] = {
    HOOK_SOCKET_FULL("sk", 0),
    HOOK_HIDDEN_POINTER("optval", 8, 8, SKEP_FIELD_PACKET, HOOK_R),
    HOOK_HIDDEN_POINTER("optval_end", 16, 8, SKEP_FIELD_PACKET_END, HOOK_R),
    HOOK_HIDDEN("level", 24, 4, HOOK_RW | HOOK_WHOLE),
    HOOK_HIDDEN("optname", 28, 4, HOOK_RW | HOOK_WHOLE),
    HOOK_HIDDEN("optlen", 32, 4, HOOK_RW | HOOK_WHOLE),
    HOOK_HIDDEN("retval", 36, 4, HOOK_RW | HOOK_WHOLE),
};

const struct skep_hook hook_cgroup_sockopt = {
    HOOK_NAMED("cgroup_sockopt", 25),
    .ctx_type = "bpf_sockopt",
    HOOK_SECTIONS("cgroup/getsockopt", "cgroup/setsockopt"),
    HOOK_CONTEXT(cgroup_sockopt_fields, 40),
    .families = HOOK_CGROUP_FAMILIES | SKEP_FAMILY_SOCKET,
    .flags = SKEP_HOOK_PACKET | SKEP_HOOK_PACKET_WRITE | SKEP_HOOK_CONTRACT_ONLY,
    .ret_lo = 0,
    .ret_hi = 1,
};
