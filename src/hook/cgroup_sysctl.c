/* CGROUP_SYSCTL: reads and writes of kernel settings by processes of a cgroup. */
#include "hook/fields.h"

static const struct skep_ctx_field cgroup_sysctl_fields[] = {
    HOOK_HIDDEN("write", 0, 4, HOOK_R),
    HOOK_HIDDEN("file_pos", 4, 4, HOOK_RW),
};

const struct skep_hook hook_cgroup_sysctl = {
    HOOK_NAMED("cgroup_sysctl", 23),
    .ctx_type = "bpf_sysctl",
    HOOK_SECTIONS("cgroup/sysctl"),
    HOOK_CONTEXT(cgroup_sysctl_fields, 8),
    .families = HOOK_CGROUP_FAMILIES,
    .flags = SKEP_HOOK_CONTRACT_ONLY,
    .ret_lo = 0,
    .ret_hi = 1,
};
