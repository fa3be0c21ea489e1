/* SK_LOOKUP: which socket gets a new connection? */
#include "hook/fields.h"

static const struct skep_ctx_field sk_lookup_fields[] = {
    HOOK_SOCKET_FULL0("sk", 0),
    HOOK_HIDDEN("family", 8, 4, HOOK_R),
    HOOK_HIDDEN("protocol", 12, 4, HOOK_R),
    HOOK_HIDDEN("remote_ip4", 16, 4, HOOK_R),
    HOOK_HIDDEN("remote_ip6", 20, 16, HOOK_R),
    HOOK_HIDDEN("remote_port", 36, 4, HOOK_R),
    HOOK_HIDDEN("local_ip4", 40, 4, HOOK_R),
    HOOK_HIDDEN("local_ip6", 44, 16, HOOK_R),
    HOOK_HIDDEN("local_port", 60, 4, HOOK_R),
    HOOK_HIDDEN("ingress_ifindex", 64, 4, HOOK_R),
};

static const char *const sk_lookup_verdicts[] = { "SK_DROP", "SK_PASS", NULL };

const struct skep_hook hook_sk_lookup = {
    HOOK_NAMED("sk_lookup", 30),
    .ctx_type = "bpf_sk_lookup",
    HOOK_SECTIONS("sk_lookup+"),
    HOOK_CONTEXT(sk_lookup_fields, 72),
    .families = HOOK_BASE_FAMILIES | SKEP_FAMILY_LOOKUP,
    .flags = SKEP_HOOK_PUTS_SOCKETS | SKEP_HOOK_DROPS_SOCKETS | SKEP_HOOK_CONTRACT_ONLY,
    .ret_lo = 0,
    .ret_hi = 1,
    .verdicts = sk_lookup_verdicts,
};
