/* SOCK_OPS: events of TCP connections. */
#include "hook/fields.h"

#define SOCK_OPS_U32(name, offset) HOOK_HIDDEN(name, offset, 4, HOOK_R | HOOK_WHOLE)

static const struct skep_ctx_field sock_ops_fields[] = {
    SOCK_OPS_U32("op", 0),
    HOOK_HIDDEN("args", 4, 16, HOOK_RW), /* and reply, replylong */
    SOCK_OPS_U32("family", 20),
    SOCK_OPS_U32("remote_ip4", 24),
    SOCK_OPS_U32("local_ip4", 28),
    HOOK_HIDDEN("remote_ip6", 32, 16, HOOK_R),
    HOOK_HIDDEN("local_ip6", 48, 16, HOOK_R),
    SOCK_OPS_U32("remote_port", 64),
    SOCK_OPS_U32("local_port", 68),
    SOCK_OPS_U32("is_fullsock", 72),
    SOCK_OPS_U32("snd_cwnd", 76),
    SOCK_OPS_U32("srtt_us", 80),
    SOCK_OPS_U32("bpf_sock_ops_cb_flags", 84),
    SOCK_OPS_U32("state", 88),
    SOCK_OPS_U32("rtt_min", 92),
    SOCK_OPS_U32("snd_ssthresh", 96),
    SOCK_OPS_U32("rcv_nxt", 100),
    SOCK_OPS_U32("snd_nxt", 104),
    SOCK_OPS_U32("snd_una", 108),
    SOCK_OPS_U32("mss_cache", 112),
    SOCK_OPS_U32("ecn_flags", 116),
    SOCK_OPS_U32("rate_delivered", 120),
    SOCK_OPS_U32("rate_interval_us", 124),
    SOCK_OPS_U32("packets_out", 128),
    SOCK_OPS_U32("retrans_out", 132),
    SOCK_OPS_U32("total_retrans", 136),
    SOCK_OPS_U32("segs_in", 140),
    SOCK_OPS_U32("data_segs_in", 144),
    SOCK_OPS_U32("segs_out", 148),
    SOCK_OPS_U32("data_segs_out", 152),
    SOCK_OPS_U32("lost_out", 156),
    SOCK_OPS_U32("sacked_out", 160),
    HOOK_HIDDEN("sk_txhash", 164, 4, HOOK_RW | HOOK_WHOLE),
    HOOK_HIDDEN("bytes_received", 168, 8, HOOK_R | HOOK_WHOLE),
    HOOK_HIDDEN("bytes_acked", 176, 8, HOOK_R | HOOK_WHOLE),
    HOOK_SOCKET_FULL0("sk", 184),
    HOOK_HIDDEN_POINTER("skb_data", 192, 8, SKEP_FIELD_PACKET, HOOK_R),
    HOOK_HIDDEN_POINTER("skb_data_end", 200, 8, SKEP_FIELD_PACKET_END, HOOK_R),
    SOCK_OPS_U32("skb_len", 208),
    SOCK_OPS_U32("skb_tcp_flags", 212),
    HOOK_HIDDEN("skb_hwtstamp", 216, 8, HOOK_R | HOOK_WHOLE),
};
#undef SOCK_OPS_U32

const struct skep_hook hook_sock_ops = {
    HOOK_NAMED("sock_ops", 13),
    .ctx_type = "bpf_sock_ops",
    HOOK_SECTIONS("sockops"),
    HOOK_CONTEXT(sock_ops_fields, 224),
    .families = HOOK_BASE_FAMILIES | SKEP_FAMILY_SOCK_OPS | SKEP_FAMILY_SOCKET,
    .flags = SKEP_HOOK_DROPS_SOCKETS | SKEP_HOOK_PACKET | SKEP_HOOK_CONTRACT_ONLY,
    .ret_lo = 0,
    .ret_hi = 1,
};
