/* SCHED_CLS: traffic control classifiers, and tcx and netkit, which run them too. */
#include "hook/skb.h"

static const struct skep_ctx_field sched_cls_fields[] = {
#define SKB_TYPE SKB_TC
#include "hook/skb_fields.h"
#undef SKB_TYPE
};

static const char *const sched_cls_verdicts[] = {
    "TC_ACT_OK",     "TC_ACT_RECLASSIFY", "TC_ACT_SHOT",     "TC_ACT_PIPE", "TC_ACT_STOLEN",
    "TC_ACT_QUEUED", "TC_ACT_REPEAT",     "TC_ACT_REDIRECT", "TC_ACT_TRAP", NULL,
};

const struct skep_hook hook_sched_cls = {
    HOOK_NAMED("sched_cls", 3),
    .ctx_type = "__sk_buff",
    HOOK_SECTIONS("tc+", "tc_*", "tcx/", "classifier+", "classifier*", "netkit/"),
    HOOK_CONTEXT(sched_cls_fields, SKB_BYTES),
    .families = HOOK_BASE_FAMILIES | SKEP_FAMILY_NET | SKEP_FAMILY_SKB_READ |
                SKEP_FAMILY_SKB_WRITE | SKEP_FAMILY_SKB_EDIT | SKEP_FAMILY_LOOKUP |
                SKEP_FAMILY_SOCKET,
    .flags = SKEP_HOOK_PUTS_SOCKETS | SKEP_HOOK_DROPS_SOCKETS | SKEP_HOOK_PACKET |
             SKEP_HOOK_PACKET_WRITE | SKEP_HOOK_LD_ABS,
    .verdicts = sched_cls_verdicts,
    .prepare = skb_prepare,
};
