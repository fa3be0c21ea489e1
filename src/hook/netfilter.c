/* NETFILTER: struct bpf_nf_ctx holds two typed kernel pointers. */
#include "hook/fields.h"

static const struct skep_ctx_field netfilter_fields[] = {
    HOOK_HIDDEN_TYPED("state", 0, NF_STATE),
    HOOK_HIDDEN_TYPED("skb", 8, SKB),
};

static const char *const netfilter_verdicts[] = { "NF_DROP", "NF_ACCEPT", NULL };

const struct skep_hook hook_netfilter = {
    HOOK_NAMED("netfilter", 32),
    .ctx_type = "bpf_nf_ctx",
    HOOK_SECTIONS("netfilter"),
    HOOK_CONTEXT(netfilter_fields, 16),
    .families = HOOK_BASE_FAMILIES,
    .flags = SKEP_HOOK_CONTRACT_ONLY,
    .ret_lo = 0,
    .ret_hi = 1,
    .verdicts = netfilter_verdicts,
};
