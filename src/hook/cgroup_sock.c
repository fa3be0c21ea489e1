/* CGROUP_SOCK: sockets as they are made, bound and released (struct bpf_sock). */
#include "hook/fields.h"

static const struct skep_ctx_field cgroup_sock_fields[] = {
    HOOK_HIDDEN("bound_dev_if", 0, 4, HOOK_RW), HOOK_HIDDEN("family", 4, 4, HOOK_R),
    HOOK_HIDDEN("type", 8, 4, HOOK_R),          HOOK_HIDDEN("protocol", 12, 4, HOOK_R),
    HOOK_HIDDEN("mark", 16, 4, HOOK_RW),        HOOK_HIDDEN("priority", 20, 4, HOOK_RW),
    HOOK_HIDDEN("src_ip4", 24, 4, HOOK_R),      HOOK_HIDDEN("src_ip6", 28, 16, HOOK_R),
    HOOK_HIDDEN("src_port", 44, 4, HOOK_R),     HOOK_HIDDEN("dst_port", 48, 2, HOOK_R),
    HOOK_HIDDEN("dst_ip4", 52, 4, HOOK_R),      HOOK_HIDDEN("dst_ip6", 56, 16, HOOK_R),
    HOOK_HIDDEN("state", 72, 4, HOOK_R),        HOOK_HIDDEN("rx_queue_mapping", 76, 4, HOOK_R),
};

const struct skep_hook hook_cgroup_sock = {
    HOOK_NAMED("cgroup_sock", 9),
    .ctx_type = "bpf_sock",
    HOOK_SECTIONS("cgroup/sock_create", "cgroup/sock_release", "cgroup/sock", "cgroup/post_bind4",
                  "cgroup/post_bind6"),
    HOOK_CONTEXT(cgroup_sock_fields, 80),
    .families = HOOK_CGROUP_FAMILIES,
    .flags = SKEP_HOOK_CONTRACT_ONLY,
    .ret_lo = 0,
    .ret_hi = 1,
};
