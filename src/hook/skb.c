/* A frame becomes an skb: what the kernel's eth_type_trans() finds out about it. */
#include "hook/skb.h"

enum {
    SKB_TO_HOST = 0,
    SKB_BROADCAST = 1,
    SKB_MULTICAST = 2
}; /* PACKET_* of <linux/if_packet.h> */

static u32 skb_destination(const u8 *address)
{
    static const u8 broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    if (memcmp(address, broadcast, sizeof(broadcast)) == 0)
        return SKB_BROADCAST;
    return address[0] & 1 ? SKB_MULTICAST : SKB_TO_HOST;
}

/* What the host set before stays; so does all when the packet runs again. */
void skb_prepare(void *host_ctx)
{
    struct skep_packet *packet = host_ctx;
    if (packet->network_header_offset || packet->mac_header_offset ||
        packet_linear(packet) < PACKET_LINK_BYTES)
        return;
    packet->network_header_offset = PACKET_LINK_BYTES;
    if (!packet->protocol)
        packet->protocol = packet_protocol_at(packet, 12);
    if (!packet->pkt_type)
        packet->pkt_type = skb_destination(packet->data);
    if (!packet->wire_len)
        packet->wire_len = packet->length;
}

/* The link header stays in the headroom, where load_bytes_relative finds it. */
void skb_prepare_network(void *host_ctx)
{
    struct skep_packet *packet = host_ctx;
    skb_prepare(packet);
    if (packet->network_header_offset == 0 || packet->mac_header_offset != 0)
        return;
    packet->data += packet->network_header_offset;
    packet->data_meta = packet->data;
    packet->length -= packet->network_header_offset;
    packet->mac_header_offset = 0u - packet->network_header_offset;
    packet->network_header_offset = 0;
}
