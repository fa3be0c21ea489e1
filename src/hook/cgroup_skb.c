/* CGROUP_SKB: packets that sockets of a cgroup send and receive.  Data begins at the network
 * header. */
#include "hook/skb.h"

static const struct skep_ctx_field cgroup_skb_fields[] = {
#define SKB_TYPE SKB_CGROUP
#include "hook/skb_fields.h"
#undef SKB_TYPE
};

const struct skep_hook hook_cgroup_skb = {
    HOOK_NAMED("cgroup_skb", 8),
    .ctx_type = "__sk_buff",
    HOOK_SECTIONS("cgroup_skb/ingress", "cgroup_skb/egress", "cgroup/skb+", "cgroup_skb+"),
    HOOK_CONTEXT(cgroup_skb_fields, SKB_BYTES),
    .families = HOOK_CGROUP_FAMILIES | SKEP_FAMILY_SKB_READ | SKEP_FAMILY_LOOKUP,
    .flags = SKEP_HOOK_PACKET,
    .ret_lo = 0,
    .ret_hi = 1,
    HOOK_RETURNS({ "cgroup_skb/egress", 0, 3 }),
    .prepare = skb_prepare_network,
};
