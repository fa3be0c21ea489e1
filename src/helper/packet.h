/* What helpers on packets share. */
#ifndef SKEP_SRC_HELPER_PACKET_H
#define SKEP_SRC_HELPER_PACKET_H

#include "helper/define.h"

/* Does an XDP program ask, or a traffic control one?  Redirects return another number in each. */
static inline bool helper_in_xdp(const struct skep_thread *thread)
{
    return thread->program->hook->families & SKEP_FAMILY_XDP;
}

enum {
    SKB_ETHER_IPV4 = 0x0800,
    SKB_ETHER_IPV6 = 0x86dd,
    SKB_ETHER_VLAN = 0x8100,
    SKB_ETHER_QINQ = 0x88a8,
};

/* An EtherType as it stands in a packet, and in the fields that hold one. */
static inline u32 helper_ether(u32 type)
{
    const u8 bytes[2] = { (u8)(type >> 8), (u8)type };
    u16 stored;
    memcpy(&stored, bytes, sizeof(stored));
    return stored;
}

/* The length of the network header's fixed part, 0 when it is no IP. */
static inline u32 helper_ip_header(const struct skep_packet *packet)
{
    if (packet->protocol == helper_ether(SKB_ETHER_IPV4))
        return 20;
    return packet->protocol == helper_ether(SKB_ETHER_IPV6) ? 40 : 0;
}

#endif
