/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A packet’s headers: Ethernet, up to two VLAN tags, IPv4 or IPv6, TCP or UDP. */
#include "headers.h"

PACKET_PROGRAM(parse)
{
    const struct ether *ether = (const struct ether *)data;
    if ((u8 *)(ether + 1) > end)
        return 0;
    u16 type = ether->type;
    u8 *at = (u8 *)(ether + 1);
    for (int i = 0; i < 2 && type == NET16(TYPE_VLAN); i++) {
        const struct vlan *vlan = (const struct vlan *)at;
        if ((u8 *)(vlan + 1) > end)
            return 0;
        type = vlan->type;
        at = (u8 *)(vlan + 1);
    }

    u32 key;
    u8 protocol;
    if (type == NET16(TYPE_IP4)) {
        const struct ip4 *ip = (const struct ip4 *)at;
        if ((u8 *)(ip + 1) > end || (ip->version_words & 15) < 5)
            return 0;
        key = ip->from ^ rotl32(ip->to, 16);
        protocol = ip->protocol;
        at += (ip->version_words & 15) * 4;
    } else if (type == NET16(TYPE_IP6)) {
        const struct ip6 *ip = (const struct ip6 *)at;
        if ((u8 *)(ip + 1) > end)
            return 0;
        key = ip->from[3] ^ rotl32(ip->to[3], 16);
        protocol = ip->next;
        at = (u8 *)(ip + 1);
    } else {
        return 0;
    }
    if (protocol != TCP && protocol != UDP)
        return 0;
    const struct ports *ports = (const struct ports *)at;
    if ((u8 *)(ports + 1) > end)
        return 0;
    return key ^ (u32)ports->from << 16 ^ ports->to ^ protocol;
}
