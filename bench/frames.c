/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets for the firewall: one of each kind that it tells apart. */
#include "frames.h"

#include <string.h>

#define ETHER 0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2
#define VLAN(id) 0x81, 0x00, 0x00, id
#define QINQ(id) 0x88, 0xa8, 0x00, id
#define IP4(words, flags, protocol, a, b, c, d)                                                    \
    0x08, 0x00, 0x40 | (words), 0, 0, 60, 0, 1, flags, 0, 64, protocol, 0, 0, a, b, c, d, 10, 0,   \
        0, 1
#define IP6_SITE(last) 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last
#define IP6(next) 0x86, 0xdd, 0x60, 0, 0, 0, 0, 40, next, 64, IP6_SITE(1), IP6_SITE(2)
#define TCP(port)                                                                                  \
    0xc0, 0, (port) >> 8, (port)&255, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0
#define UDP(port) 0xc0, 0, (port) >> 8, (port)&255, 0, 20, 0, 0
#define PAYLOAD 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12

/* clang-format off */
static const uint8_t tcp4[] = {ETHER, IP4(5, 0x40, 6, 192, 0, 2, 1), TCP(443), PAYLOAD};
static const uint8_t udp4[] = {ETHER, IP4(5, 0x40, 17, 192, 0, 2, 2), UDP(53), PAYLOAD};
static const uint8_t icmp4[] = {ETHER, IP4(5, 0, 1, 192, 0, 2, 3), 8, 0, 0, 0, PAYLOAD};
static const uint8_t options4[] = {ETHER, IP4(7, 0x40, 6, 192, 0, 2, 4), 1, 1, 1, 1, 1, 1, 1, 0, TCP(80), PAYLOAD};
static const uint8_t fragment4[] = {ETHER, IP4(5, 0x20, 17, 192, 0, 2, 5), UDP(53), PAYLOAD};
static const uint8_t blocked4[] = {ETHER, IP4(5, 0x40, 6, 203, 0, 113, 9), TCP(443), PAYLOAD};
static const uint8_t closed4[] = {ETHER, IP4(5, 0x40, 17, 192, 0, 2, 6), UDP(123), PAYLOAD};
static const uint8_t vlan4[] = {ETHER, VLAN(7), IP4(5, 0x40, 6, 192, 0, 2, 7), TCP(8080), PAYLOAD};
static const uint8_t qinq4[] = {ETHER, QINQ(7), VLAN(8), IP4(5, 0x40, 17, 192, 0, 2, 8), UDP(53), PAYLOAD};
static const uint8_t tcp6[] = {ETHER, IP6(6), TCP(443), PAYLOAD};
static const uint8_t udp6[] = {ETHER, IP6(17), UDP(53), PAYLOAD};
static const uint8_t hops6[] = {ETHER, IP6(0), 17, 0, 5, 2, 0, 0, 1, 0, UDP(53), PAYLOAD};
static const uint8_t arp[] = {ETHER, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1, PAYLOAD, PAYLOAD};
static const uint8_t cut4[] = {ETHER, IP4(5, 0x40, 6, 192, 0, 2, 9), 0xc0, 0};

#define FRAME(name) {name, sizeof name}
const struct bench_frame firewall_frames[] = {
    FRAME(tcp4), FRAME(udp4), FRAME(icmp4), FRAME(options4), FRAME(fragment4), FRAME(blocked4), FRAME(closed4),
    FRAME(vlan4), FRAME(qinq4), FRAME(tcp6), FRAME(udp6), FRAME(hops6), FRAME(arp), FRAME(cut4),
};
/* clang-format on */
const size_t n_firewall_frames = sizeof firewall_frames / sizeof firewall_frames[0];

/* A thousand blocked prefixes, 203.0.113.0/24 among them, and one closed port. */
bool fill_firewall(const struct bench_maps *maps)
{
    uint64_t seed = 3;
    uint32_t rule = 0;
    for (; rule < 1000; rule++) {
        struct firewall_prefix4 key = { .bits = 16 + rule % 17, .address = { 198, 18 } };
        uint32_t low = (uint32_t)bench_random(&seed);
        memcpy(key.address + 1, &low, 3);
        if (!maps->set(maps->state, "blocked4", &key, &rule))
            return false;
    }
    struct firewall_prefix4 key = { .bits = 24, .address = { 203, 0, 113 } };
    struct firewall_port port = { .number = 123, .protocol = 17 };
    return maps->set(maps->state, "blocked4", &key, &rule) &&
           maps->set(maps->state, "closed", &port, &rule);
}
