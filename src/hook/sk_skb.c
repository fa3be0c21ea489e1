/* SK_SKB: parsers and verdicts of streams in socket maps. */
#include "hook/skb.h"

static const struct skep_ctx_field sk_skb_fields[] = {
#define SKB_TYPE SKB_STREAM
#include "hook/skb_fields.h"
#undef SKB_TYPE
};

static const char *const sk_skb_verdicts[] = { "SK_DROP", "SK_PASS", NULL };

const struct skep_hook hook_sk_skb = {
    HOOK_NAMED("sk_skb", 14),
    .ctx_type = "__sk_buff",
    HOOK_SECTIONS("sk_skb+"),
    HOOK_CONTEXT(sk_skb_fields, SKB_BYTES),
    .families = HOOK_BASE_FAMILIES | SKEP_FAMILY_SKB_READ | SKEP_FAMILY_SK_SKB | SKEP_FAMILY_LOOKUP,
    .flags = SKEP_HOOK_PACKET | SKEP_HOOK_PACKET_WRITE | SKEP_HOOK_CONTRACT_ONLY,
    .verdicts = sk_skb_verdicts,
};
