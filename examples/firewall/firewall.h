/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the firewall in BPF (firewall.bpf.c) and its host (firewall.c) say to each other: the keys
 * and values of its maps, and its drop events.  Addresses are 16 bytes; IPv4 ones are mapped
 * (::ffff:a.b.c.d, RFC 4291 §2.5.5.2). */
#ifndef FIREWALL_H
#define FIREWALL_H

#include <linux/types.h>

/* Why a packet got its verdict; an index into the map `reasons`. */
#define FIREWALL_REASONS(R)                                                                        \
    R(ACCEPTED, "accepted")                                                                        \
    R(NOT_IP, "not IP: accepted")                                                                  \
    R(MALFORMED, "malformed")                                                                      \
    R(BLOCKED_SOURCE, "blocked source")                                                            \
    R(BLOCKED_DESTINATION, "blocked destination")                                                  \
    R(FRAGMENT, "fragment")                                                                        \
    R(CLOSED_PORT, "closed port")                                                                  \
    R(SOURCE_LIMIT, "source over its limit")

enum firewall_reason {
#define R(NAME, text) FIREWALL_##NAME,
    FIREWALL_REASONS(R)
#undef R
        FIREWALL_REASON_COUNT,
};

/* Keys of the longest-prefix maps: as bpf(2) wants them, the length in bits first. */
struct firewall_prefix4 {
    __u32 bits;
    __u8 address[4];
};
struct firewall_prefix6 {
    __u32 bits;
    __u8 address[16];
};

struct firewall_address {
    __u8 bytes[16];
};

/* A destination port, or the type of an ICMP message. */
struct firewall_port {
    __u16 number; /* host byte order */
    __u8 protocol;
    __u8 zero;
};

struct firewall_counter {
    __u64 packets, bytes;
};

/* A dropped packet. */
struct firewall_event {
    __u64 time_ns;
    struct firewall_address from, to;
    __u32 bytes;
    __u16 from_port, to_port; /* host byte order; 0: unknown */
    __u8 protocol;
    __u8 reason; /* enum firewall_reason */
    __u8 zero[6];
};

#endif
