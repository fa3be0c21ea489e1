/* SOCKET_FILTER: what a packet socket lets through; r0 is how many bytes of it, 0 for none.  Data
 * begins at the link header, as an AF_PACKET socket of type SOCK_RAW has it. */
#include "hook/skb.h"

static const struct skep_ctx_field socket_filter_fields[] = {
#define SKB_TYPE SKB_FILTER
#include "hook/skb_fields.h"
#undef SKB_TYPE
};

const struct skep_hook hook_socket_filter = {
    HOOK_NAMED("socket_filter", 1),
    .ctx_type = "__sk_buff",
    HOOK_SECTIONS("socket+", "socket*"),
    HOOK_CONTEXT(socket_filter_fields, SKB_BYTES),
    .families = SKEP_FAMILY_BASE | SKEP_FAMILY_TIMER | SKEP_FAMILY_SKB_READ,
    .flags = SKEP_HOOK_PUTS_SOCKETS | SKEP_HOOK_DROPS_SOCKETS | SKEP_HOOK_PACKET | SKEP_HOOK_LD_ABS,
    .prepare = skb_prepare,
};
