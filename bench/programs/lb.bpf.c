/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A load balancer: picks one of 16 servers by the flow’s hash and rewrites the destination. */
#include "headers.h"

/* clang-format off */
static const u32 servers[16] = {
    0x0100000a, 0x0200000a, 0x0300000a, 0x0400000a, 0x0500000a, 0x0600000a, 0x0700000a, 0x0800000a,
    0x0900000a, 0x0a00000a, 0x0b00000a, 0x0c00000a, 0x0d00000a, 0x0e00000a, 0x0f00000a, 0x1000000a,
};
/* clang-format on */

/* RFC 1624: the checksum after the words of `was` have become those of `now`. */
static inline u16 sum_update(u16 sum, u32 was, u32 now)
{
    u32 fresh = (u16)~sum;
    fresh += (u16)~was + (u32)(u16) ~(was >> 16);
    fresh += (u16)now + (now >> 16);
    fresh = (fresh & 0xffff) + (fresh >> 16);
    fresh = (fresh & 0xffff) + (fresh >> 16);
    return (u16)~fresh;
}

PACKET_PROGRAM(lb)
{
    struct ether *ether = (struct ether *)data;
    struct vlan *vlan = (struct vlan *)(ether + 1);
    struct ip4 *ip = (struct ip4 *)(vlan + 1);
    struct ports *ports = (struct ports *)(ip + 1);
    if ((u8 *)(ports + 1) > end)
        return 0;
    if (ether->type != NET16(TYPE_VLAN) || vlan->type != NET16(TYPE_IP4))
        return 0;
    if (ip->version_words != 0x45 || ip->protocol != TCP)
        return 0;
    u32 hash = ip->from * 0x9e3779b1u ^ ((u32)ports->from << 16 | ports->to);
    hash ^= hash >> 15;
    hash *= 0x85ebca77u;
    hash ^= hash >> 13;
    u32 server = servers[hash & 15];
    ip->sum = sum_update(ip->sum, ip->to, server);
    ip->to = server;
    ether->to[5] = (u8)(hash & 15);
    return hash ^ server ^ ip->sum;
}
