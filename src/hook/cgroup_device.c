/* CGROUP_DEVICE: may a process of the cgroup use a device? */
#include "hook/fields.h"

static const struct skep_ctx_field cgroup_device_fields[] = {
    HOOK_HIDDEN("access_type", 0, 4, HOOK_R),
    HOOK_HIDDEN("major", 4, 4, HOOK_R | HOOK_WHOLE),
    HOOK_HIDDEN("minor", 8, 4, HOOK_R | HOOK_WHOLE),
};

const struct skep_hook hook_cgroup_device = {
    HOOK_NAMED("cgroup_device", 15),
    .ctx_type = "bpf_cgroup_dev_ctx",
    HOOK_SECTIONS("cgroup/dev"),
    HOOK_CONTEXT(cgroup_device_fields, 12),
    .families = HOOK_CGROUP_FAMILIES,
    .flags = SKEP_HOOK_CONTRACT_ONLY,
    .ret_lo = 0,
    .ret_hi = 1,
};
