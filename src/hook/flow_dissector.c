/* FLOW_DISSECTOR: finds the headers of a packet and fills struct bpf_flow_keys. */
#include "hook/skb.h"

static const struct skep_ctx_field flow_dissector_fields[] = {
#define SKB_TYPE SKB_DISSECTOR
#include "hook/skb_fields.h"
#undef SKB_TYPE
};

const struct skep_hook hook_flow_dissector = {
    HOOK_NAMED("flow_dissector", 22),
    .ctx_type = "__sk_buff",
    HOOK_SECTIONS("flow_dissector"),
    HOOK_CONTEXT(flow_dissector_fields, SKB_BYTES),
    .families = HOOK_BASE_FAMILIES | SKEP_FAMILY_SKB_READ,
    .flags = SKEP_HOOK_PUTS_SOCKETS | SKEP_HOOK_DROPS_SOCKETS | SKEP_HOOK_PACKET |
             SKEP_HOOK_CONTRACT_ONLY,
};
