/* SK_REUSEPORT: which of the sockets that share a port gets a packet? */
#include "hook/fields.h"

static const struct skep_ctx_field sk_reuseport_fields[] = {
    HOOK_HIDDEN_POINTER("data", 0, 8, SKEP_FIELD_PACKET, HOOK_R),
    HOOK_HIDDEN_POINTER("data_end", 8, 8, SKEP_FIELD_PACKET_END, HOOK_R),
    HOOK_HIDDEN("len", 16, 4, HOOK_R),
    HOOK_HIDDEN("eth_protocol", 20, 4, HOOK_R),
    HOOK_HIDDEN("ip_protocol", 24, 4, HOOK_R),
    HOOK_HIDDEN("bind_inany", 28, 4, HOOK_R),
    HOOK_HIDDEN("hash", 32, 4, HOOK_R | HOOK_WHOLE),
    HOOK_SOCKET_FULL("sk", 40),
    HOOK_SOCKET("migrating_sk", 48),
};

static const char *const sk_reuseport_verdicts[] = { "SK_DROP", "SK_PASS", NULL };

const struct skep_hook hook_sk_reuseport = {
    HOOK_NAMED("sk_reuseport", 21),
    .ctx_type = "sk_reuseport_md",
    HOOK_SECTIONS("sk_reuseport+"),
    HOOK_CONTEXT(sk_reuseport_fields, 56),
    .families = HOOK_BASE_FAMILIES | SKEP_FAMILY_REUSEPORT,
    .flags = SKEP_HOOK_PUTS_SOCKETS | SKEP_HOOK_DROPS_SOCKETS | SKEP_HOOK_PACKET |
             SKEP_HOOK_CONTRACT_ONLY,
    .verdicts = sk_reuseport_verdicts,
};
