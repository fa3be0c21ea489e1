/* LWT_IN, LWT_OUT, LWT_XMIT, LWT_SEG6LOCAL: programs on routes (light-weight tunnels). */
#include "hook/skb.h"

static const struct skep_ctx_field lwt_fields[] = {
#define SKB_TYPE SKB_LWT
#include "hook/skb_fields.h"
#undef SKB_TYPE
};

static const char *const lwt_verdicts[] = { "BPF_OK", "1", "BPF_DROP", NULL };

#define LWT_HOOK(SYMBOL, NAME, ID, FLAGS, FAMILIES)                                                \
    const struct skep_hook SYMBOL = {                                                              \
        HOOK_NAMED(NAME, ID),                                                                      \
        .ctx_type = "__sk_buff",                                                                   \
        HOOK_SECTIONS(NAME),                                                                       \
        HOOK_CONTEXT(lwt_fields, SKB_BYTES),                                                       \
        .families = HOOK_BASE_FAMILIES | SKEP_FAMILY_NET | SKEP_FAMILY_SKB_READ |                  \
                    SKEP_FAMILY_LWT | (FAMILIES),                                                  \
        .flags = SKEP_HOOK_PACKET | (FLAGS),                                                       \
        .verdicts = lwt_verdicts,                                                                  \
        .prepare = skb_prepare_network,                                                            \
    }

LWT_HOOK(hook_lwt_in, "lwt_in", 10, 0, 0);
LWT_HOOK(hook_lwt_out, "lwt_out", 11, 0, 0);
LWT_HOOK(hook_lwt_xmit, "lwt_xmit", 12, SKEP_HOOK_PACKET_WRITE, SKEP_FAMILY_SKB_EDIT);
LWT_HOOK(hook_lwt_seg6local, "lwt_seg6local", 19, 0, 0);
#undef LWT_HOOK
