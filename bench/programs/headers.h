/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packet headers for the two packet programs (IEEE 802.1Q, RFC 791, 8200, 768, 9293). */
#ifndef SKEP_BENCH_HEADERS_H
#define SKEP_BENCH_HEADERS_H

#include "program.h"

struct ether {
    u8 to[6], from[6];
    u16 type;
};
struct vlan {
    u16 tag, type;
};
struct ip4 {
    u8 version_words, tos;
    u16 length, id, fragment;
    u8 ttl, protocol;
    u16 sum;
    u32 from, to;
};
struct ip6 {
    u32 flow;
    u16 length;
    u8 next, hops;
    u32 from[4], to[4];
};
struct ports {
    u16 from, to;
};

#define NET16(x) ((u16)((x) << 8 | (x) >> 8)) /* a constant in network byte order */
enum { TYPE_IP4 = 0x0800, TYPE_IP6 = 0x86dd, TYPE_VLAN = 0x8100, TCP = 6, UDP = 17 };

#endif
