/* What programs may read of a socket: struct bpf_sock and struct bpf_tcp_sock of <linux/bpf.h>, as
 * tables of the same kind as a context's. */
#include "contract/contract.h"

#define SOCKET_FIELD(NAME, OFFSET, SIZE, ACCESS)                                                   \
    {                                                                                              \
        .name = NAME, .offset = OFFSET, .size = SIZE, .access = ACCESS                             \
    }
#define SOCKET_READ SKEP_FIELD_READ
#define SOCKET_WHOLE (SKEP_FIELD_READ | SKEP_FIELD_NO_NARROW)

/* clang-format off */
/* FULL: what only full sockets have. */
#define SOCKET_FIELDS(FULL, FULL_WHOLE) \
    SOCKET_FIELD("bound_dev_if",  0, 4, SOCKET_WHOLE), \
    SOCKET_FIELD("family",        4, 4, SOCKET_READ),  \
    SOCKET_FIELD("type",          8, 4, FULL),         \
    SOCKET_FIELD("protocol",     12, 4, FULL),         \
    SOCKET_FIELD("mark",         16, 4, FULL_WHOLE),   \
    SOCKET_FIELD("priority",     20, 4, FULL_WHOLE),   \
    SOCKET_FIELD("src_ip4",      24, 4, SOCKET_READ),  \
    SOCKET_FIELD("src_ip6[0]",   28, 4, SOCKET_READ),  \
    SOCKET_FIELD("src_ip6[1]",   32, 4, SOCKET_READ),  \
    SOCKET_FIELD("src_ip6[2]",   36, 4, SOCKET_READ),  \
    SOCKET_FIELD("src_ip6[3]",   40, 4, SOCKET_READ),  \
    SOCKET_FIELD("src_port",     44, 4, SOCKET_READ),  \
    SOCKET_FIELD("dst_port",     48, 2, SOCKET_READ | SKEP_FIELD_WIDE), \
    SOCKET_FIELD("padding",      50, 2, 0),            \
    SOCKET_FIELD("dst_ip4",      52, 4, SOCKET_READ),  \
    SOCKET_FIELD("dst_ip6[0]",   56, 4, SOCKET_READ),  \
    SOCKET_FIELD("dst_ip6[1]",   60, 4, SOCKET_READ),  \
    SOCKET_FIELD("dst_ip6[2]",   64, 4, SOCKET_READ),  \
    SOCKET_FIELD("dst_ip6[3]",   68, 4, SOCKET_READ),  \
    SOCKET_FIELD("state",        72, 4, SOCKET_READ),  \
    SOCKET_FIELD("rx_queue_mapping", 76, 4, SOCKET_READ)
#define SOCKET_TCP(NAME, OFFSET, SIZE) SOCKET_FIELD(NAME, OFFSET, SIZE, SOCKET_WHOLE)

static const struct skep_ctx_field socket_common_fields[] = { SOCKET_FIELDS(0, 0) };
static const struct skep_ctx_field socket_full_fields[] = {
    SOCKET_FIELDS(SOCKET_READ, SOCKET_WHOLE)
};
static const struct skep_ctx_field socket_tcp_fields[] = {
    SOCKET_TCP("snd_cwnd",         0, 4),   SOCKET_TCP("srtt_us",          4, 4),
    SOCKET_TCP("rtt_min",          8, 4),   SOCKET_TCP("snd_ssthresh",     12, 4),
    SOCKET_TCP("rcv_nxt",          16, 4),  SOCKET_TCP("snd_nxt",          20, 4),
    SOCKET_TCP("snd_una",          24, 4),  SOCKET_TCP("mss_cache",        28, 4),
    SOCKET_TCP("ecn_flags",        32, 4),  SOCKET_TCP("rate_delivered",   36, 4),
    SOCKET_TCP("rate_interval_us", 40, 4),  SOCKET_TCP("packets_out",      44, 4),
    SOCKET_TCP("retrans_out",      48, 4),  SOCKET_TCP("total_retrans",    52, 4),
    SOCKET_TCP("segs_in",          56, 4),  SOCKET_TCP("data_segs_in",     60, 4),
    SOCKET_TCP("segs_out",         64, 4),  SOCKET_TCP("data_segs_out",    68, 4),
    SOCKET_TCP("lost_out",         72, 4),  SOCKET_TCP("sacked_out",       76, 4),
    SOCKET_TCP("bytes_received",   80, 8),  SOCKET_TCP("bytes_acked",      88, 8),
    SOCKET_TCP("dsack_dups",       96, 4),  SOCKET_TCP("delivered",        100, 4),
    SOCKET_TCP("delivered_ce",     104, 4), SOCKET_TCP("icsk_retransmits", 108, 4),
};
/* clang-format on */

/* A view is a hook of which nothing but the fields is read. */
#define SOCKET_VIEW(TABLE)                                                                         \
    {                                                                                              \
        .fields = TABLE, .n_fields = ARRAY_LEN(TABLE)                                              \
    }
static const struct skep_hook socket_views[] = {
    [SKEP_SOCK_COMMON] = SOCKET_VIEW(socket_common_fields),
    [SKEP_SOCK_FULL] = SOCKET_VIEW(socket_full_fields),
    [SKEP_SOCK_TCP] = SOCKET_VIEW(socket_tcp_fields),
};

bool contract_sock_may_load(u32 sock, u32 offset, u32 size)
{
    return sock < ARRAY_LEN(socket_views) && hook_field_to_load(&socket_views[sock], offset, size);
}

#undef SOCKET_FIELD
#undef SOCKET_READ
#undef SOCKET_WHOLE
#undef SOCKET_FIELDS
#undef SOCKET_TCP
#undef SOCKET_VIEW
