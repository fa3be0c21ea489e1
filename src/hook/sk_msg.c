/* SK_MSG: messages sent through sockets in a socket map. */
#include "hook/fields.h"

static const struct skep_ctx_field sk_msg_fields[] = {
    HOOK_HIDDEN_POINTER("data", 0, 8, SKEP_FIELD_PACKET, HOOK_R),
    HOOK_HIDDEN_POINTER("data_end", 8, 8, SKEP_FIELD_PACKET_END, HOOK_R),
    HOOK_HIDDEN("family", 16, 4, HOOK_R | HOOK_WHOLE),
    HOOK_HIDDEN("remote_ip4", 20, 4, HOOK_R | HOOK_WHOLE),
    HOOK_HIDDEN("local_ip4", 24, 4, HOOK_R | HOOK_WHOLE),
    HOOK_HIDDEN("remote_ip6", 28, 16, HOOK_R),
    HOOK_HIDDEN("local_ip6", 44, 16, HOOK_R),
    HOOK_HIDDEN("remote_port", 60, 4, HOOK_R | HOOK_WHOLE),
    HOOK_HIDDEN("local_port", 64, 4, HOOK_R | HOOK_WHOLE),
    HOOK_HIDDEN("size", 68, 4, HOOK_R | HOOK_WHOLE),
    HOOK_SOCKET_FULL("sk", 72),
};

static const char *const sk_msg_verdicts[] = { "SK_DROP", "SK_PASS", NULL };

const struct skep_hook hook_sk_msg = {
    HOOK_NAMED("sk_msg", 16),
    .ctx_type = "sk_msg_md",
    HOOK_SECTIONS("sk_msg"),
    HOOK_CONTEXT(sk_msg_fields, 80),
    .families = HOOK_BASE_FAMILIES | SKEP_FAMILY_TASK | SKEP_FAMILY_SK_MSG,
    .flags = SKEP_HOOK_PACKET | SKEP_HOOK_PACKET_WRITE | SKEP_HOOK_CONTRACT_ONLY,
    .verdicts = sk_msg_verdicts,
};
