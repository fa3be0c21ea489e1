/* What traffic control marks packets with: congestion in the IP header, the time of departure. */
#include "helper/packet.h"

enum { ECN_BITS = 3 };

/* IPv4: the sum over the header changes with its second byte. */
static void helper_ecn_mark_ipv4(u8 *header, u8 tos)
{
    u32 sum = checksum_partial(header, 2, 0);
    u16 stored;
    header[1] = tos | ECN_BITS;
    u32 change = checksum_partial(header, 2, ~sum & 0xffff);
    memcpy(&stored, header + 10, sizeof(stored));
    stored = checksum_fold((u32)(u16)~stored + change);
    memcpy(header + 10, &stored, sizeof(stored));
}

/* 1: the packet is marked now, or was; 0: its ends do not know of marks, or it is no IP. */
static u64 helper_ecn_mark(struct skep_packet *packet, u32 version)
{
    u8 *header = packet->data + packet->network_header_offset;
    u8 class = version == 4 ? header[1] : (u8)(header[0] << 4 | header[1] >> 4);
    if (!(class & ECN_BITS))
        return 0;
    if ((class & ECN_BITS) == ECN_BITS)
        return 1;
    if (version == 4)
        helper_ecn_mark_ipv4(header, class);
    else
        header[1] |= ECN_BITS << 4;
    return 1;
}

static u64 helper_ecn(struct skep_thread *thread, u64 skb, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)skb, (void)a2, (void)a3, (void)a4, (void)a5;
    struct skep_packet *packet = thread->packet;
    u32 bytes = helper_ip_header(packet);
    if (!bytes || packet_pull(packet, packet->network_header_offset + bytes) != 0)
        return 0;
    return helper_ecn_mark(packet, bytes == 20 ? 4 : 6);
}

const struct skep_helper helper_skb_ecn_set_ce = {
    HELPER_HEAD("bpf_skb_ecn_set_ce", 97, SKB_READ, helper_ecn),
    .args = { ARG_CTX },
    .ret = { .lo = 0, .hi = 1 },
    .effects = SKEP_MOVES_PACKET,
};

static u64 helper_set_time(struct skep_thread *thread, u64 skb, u64 time, u64 kind, u64 a4, u64 a5)
{
    /* BPF_SKB_CLOCK_…, whose first two were once called BPF_SKB_TSTAMP_UNSPEC, …_DELIVERY_MONO.  Of
     * the real time alone 0 is one: none. */
    enum { TIME_REAL, TIME_MONOTONIC, TIME_TAI };
    (void)skb, (void)a4, (void)a5;
    struct skep_packet *packet = thread->packet;
    if (!helper_ip_header(packet))
        return helper_errno(-EOPNOTSUPP);
    if (kind > TIME_TAI || (kind != TIME_REAL && time == 0))
        return helper_errno(-EINVAL);
    packet->tstamp = time;
    packet->tstamp_type = (u32)kind;
    return 0;
}

const struct skep_helper helper_skb_set_tstamp = {
    HELPER_HEAD("bpf_skb_set_tstamp", 192, SKB_WRITE, helper_set_time),
    .args = { ARG_CTX, ARG_ANY, ARG_ANY },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 0 },
};
