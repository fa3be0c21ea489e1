/* XDP: programs that see a frame before the network stack does (struct xdp_md in <linux/bpf.h>). */
#include "hook/fields.h"

#define XDP_FIELD(name, offset, kind, host_size, member)                                           \
    {                                                                                              \
        name, offset, 4, kind, HOOK_R | HOOK_WHOLE, host_size,                                     \
            offsetof(struct skep_packet, member), 0                                                \
    }

static const struct skep_ctx_field xdp_fields[] = {
    XDP_FIELD("data", 0, SKEP_FIELD_PACKET, 8, data),
    XDP_FIELD("data_end", 4, SKEP_FIELD_PACKET_END, 8, data_end),
    XDP_FIELD("data_meta", 8, SKEP_FIELD_PACKET_META, 8, data_meta),
    XDP_FIELD("ingress_ifindex", 12, SKEP_FIELD_SCALAR, 4, ingress_ifindex),
    XDP_FIELD("rx_queue_index", 16, SKEP_FIELD_SCALAR, 4, rx_queue_index),
    XDP_FIELD("egress_ifindex", 20, SKEP_FIELD_SCALAR, 4, egress_ifindex),
};
#undef XDP_FIELD

static const char *const xdp_verdicts[] = { "XDP_ABORTED", "XDP_DROP",     "XDP_PASS",
                                            "XDP_TX",      "XDP_REDIRECT", NULL };

const struct skep_hook hook_xdp = {
    HOOK_NAMED("xdp", 6),
    .ctx_type = "xdp_md",
    HOOK_SECTIONS("xdp+", "xdp*"),
    HOOK_CONTEXT(xdp_fields, 24),
    .families = HOOK_BASE_FAMILIES | SKEP_FAMILY_XDP | SKEP_FAMILY_NET | SKEP_FAMILY_LOOKUP,
    .flags = SKEP_HOOK_PUTS_SOCKETS | SKEP_HOOK_DROPS_SOCKETS | SKEP_HOOK_PACKET |
             SKEP_HOOK_PACKET_WRITE,
    .verdicts = xdp_verdicts,
};
