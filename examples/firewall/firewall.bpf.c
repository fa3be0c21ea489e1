/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A packet filter for XDP.  Drops what comes from or goes to a blocked prefix, goes to a closed
 * port, is a fragment, is malformed, or comes from a source that has used up its packets; counts by
 * reason, by port and by source; reports each drop through a ring buffer.
 *
 * Ordinary BPF for Linux: it is compiled with clang and libbpf's headers as they are, and the
 * kernel loads the same object. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "firewall.h"

#define MAX_VLAN_TAGS 2
#define MAX_IPV6_HEADERS 6
#define IP4_OFFSET_MASK 0x1fff
#define IP4_MORE_FRAGMENTS 0x2000
#define IP6_OFFSET_MASK 0xfff8
#define IP6_MORE_FRAGMENTS 1

/* Set by the host before the program is loaded. */
const volatile bool drop_fragments = true;
const volatile __u64 source_limit = 0; /* packets; 0: none */

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(max_entries, 16384);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct firewall_prefix4);
    __type(value, __u32); /* the number of the rule */
} blocked4 SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(max_entries, 16384);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct firewall_prefix6);
    __type(value, __u32);
} blocked6 SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, struct firewall_port);
    __type(value, __u32); /* the number of the rule */
} closed SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4096);
    __type(key, struct firewall_port);
    __type(value, struct firewall_counter);
} ports SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 4096);
    __type(key, struct firewall_address);
    __type(value, struct firewall_counter);
} sources SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, FIREWALL_REASON_COUNT);
    __type(key, __u32);
    __type(value, struct firewall_counter);
} reasons SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 256 * 1024);
} events SEC(".maps");

struct vlan_tag {
    __be16 tag, type;
};
struct ip6_extension {
    __u8 next, length; /* in 8 bytes beyond the first 8; of AH: in 4 bytes beyond the first 8 */
    __be16 rest[3];
};
struct ip6_fragment {
    __u8 next, zero;
    __be16 offset;
    __be32 id;
};

/* What is read of a packet so far. */
struct packet {
    void *at, *end; /* the first byte not yet looked at, and the limit */
    struct firewall_address from, to;
    __u32 bytes;
    __u16 from_port, to_port;
    __u8 protocol;
    bool is_ip, is_ip4, is_fragment, is_later_fragment;
};

/* What parsing steps return: go on, or the packet breaks off or contradicts itself. */
enum { GO_ON = 0, BROKEN = -1 };

static __always_inline void map_ip4(struct firewall_address *out, __be32 address)
{
    __builtin_memset(out->bytes, 0, 10);
    out->bytes[10] = 0xff;
    out->bytes[11] = 0xff;
    __builtin_memcpy(out->bytes + 12, &address, 4);
}

/* Ethernet with up to two tags (802.1Q, 802.1ad).  type: host byte order. */
static __always_inline int read_ethernet(struct packet *p, __u16 *type)
{
    struct ethhdr *ether = p->at;
    if ((void *)(ether + 1) > p->end)
        return BROKEN;
    *type = bpf_ntohs(ether->h_proto);
    p->at = ether + 1;
#pragma unroll
    for (int i = 0; i < MAX_VLAN_TAGS; i++) {
        if (*type != ETH_P_8021Q && *type != ETH_P_8021AD)
            break;
        struct vlan_tag *vlan = p->at;
        if ((void *)(vlan + 1) > p->end)
            return BROKEN;
        *type = bpf_ntohs(vlan->type);
        p->at = vlan + 1;
    }
    return GO_ON;
}

static __always_inline int read_ip4(struct packet *p)
{
    struct iphdr *ip = p->at;
    if ((void *)(ip + 1) > p->end)
        return BROKEN;
    __u32 header = ip->ihl * 4;
    if (ip->version != 4 || header < sizeof *ip || bpf_ntohs(ip->tot_len) < header)
        return BROKEN;
    __u16 fragment = bpf_ntohs(ip->frag_off);
    p->is_fragment = fragment & (IP4_OFFSET_MASK | IP4_MORE_FRAGMENTS);
    p->is_later_fragment = fragment & IP4_OFFSET_MASK;
    p->protocol = ip->protocol;
    p->is_ip = p->is_ip4 = true;
    map_ip4(&p->from, ip->saddr);
    map_ip4(&p->to, ip->daddr);
    p->at = (void *)ip + header;
    return GO_ON;
}

/* Steps over the extension headers of RFC 8200 §4 and AH (RFC 4302). */
static __always_inline int read_ip6_extensions(struct packet *p)
{
    for (int i = 0; i < MAX_IPV6_HEADERS; i++) {
        struct ip6_extension *header = p->at;
        __u32 bytes;
        switch (p->protocol) {
        case IPPROTO_FRAGMENT:
        case IPPROTO_HOPOPTS:
        case IPPROTO_ROUTING:
        case IPPROTO_DSTOPTS:
        case IPPROTO_AH:
            if ((void *)(header + 1) > p->end)
                return BROKEN;
            break;
        default: return GO_ON;
        }
        if (p->protocol == IPPROTO_FRAGMENT) {
            __u16 fragment = bpf_ntohs(((struct ip6_fragment *)header)->offset);
            p->is_fragment = fragment & (IP6_OFFSET_MASK | IP6_MORE_FRAGMENTS);
            p->is_later_fragment = fragment & IP6_OFFSET_MASK;
            bytes = sizeof(struct ip6_fragment);
        } else if (p->protocol == IPPROTO_AH) {
            bytes = 8 + header->length * 4;
        } else {
            bytes = 8 + header->length * 8;
        }
        p->protocol = header->next;
        p->at = (void *)header + bytes;
        if (p->is_later_fragment)
            return GO_ON; /* what follows is not a header */
    }
    return BROKEN;
}

static __always_inline int read_ip6(struct packet *p)
{
    struct ipv6hdr *ip = p->at;
    if ((void *)(ip + 1) > p->end || ip->version != 6)
        return BROKEN;
    p->protocol = ip->nexthdr;
    p->is_ip = true;
    __builtin_memcpy(&p->from, &ip->saddr, sizeof p->from);
    __builtin_memcpy(&p->to, &ip->daddr, sizeof p->to);
    p->at = ip + 1;
    return read_ip6_extensions(p);
}

static __always_inline int read_transport(struct packet *p)
{
    if (p->is_later_fragment)
        return GO_ON;
    if (p->protocol == IPPROTO_TCP) {
        struct tcphdr *tcp = p->at;
        if ((void *)(tcp + 1) > p->end || tcp->doff < 5)
            return BROKEN;
        p->from_port = bpf_ntohs(tcp->source);
        p->to_port = bpf_ntohs(tcp->dest);
    } else if (p->protocol == IPPROTO_UDP) {
        struct udphdr *udp = p->at;
        if ((void *)(udp + 1) > p->end || bpf_ntohs(udp->len) < sizeof *udp)
            return BROKEN;
        p->from_port = bpf_ntohs(udp->source);
        p->to_port = bpf_ntohs(udp->dest);
    } else if (p->protocol == IPPROTO_ICMP || p->protocol == IPPROTO_ICMPV6) {
        __u8 *type = p->at;
        if ((void *)(type + 1) > p->end)
            return BROKEN;
        p->to_port = *type;
    }
    return GO_ON;
}

static __always_inline int read_packet(struct packet *p)
{
    __u16 type;
    if (read_ethernet(p, &type))
        return BROKEN;
    if (type == ETH_P_IP) {
        if (read_ip4(p))
            return BROKEN;
    } else if (type == ETH_P_IPV6) {
        if (read_ip6(p))
            return BROKEN;
    } else {
        return GO_ON;
    }
    return read_transport(p);
}

static __always_inline bool is_blocked(const struct packet *p,
                                       const struct firewall_address *address)
{
    if (p->is_ip4) {
        struct firewall_prefix4 key = { .bits = 32 };
        __builtin_memcpy(key.address, address->bytes + 12, 4);
        return bpf_map_lookup_elem(&blocked4, &key);
    }
    struct firewall_prefix6 key = { .bits = 128 };
    __builtin_memcpy(key.address, address->bytes, 16);
    return bpf_map_lookup_elem(&blocked6, &key);
}

/* Counts a packet under a key that may be new; returns how many there are of it now. */
static __always_inline __u64 count(void *map, const void *key, __u32 bytes)
{
    struct firewall_counter *counter = bpf_map_lookup_elem(map, key);
    if (!counter) {
        struct firewall_counter none = {};
        bpf_map_update_elem(map, key, &none, BPF_NOEXIST);
        counter = bpf_map_lookup_elem(map, key);
        if (!counter)
            return 0; /* the map is full */
    }
    __sync_fetch_and_add(&counter->packets, 1);
    __sync_fetch_and_add(&counter->bytes, bytes);
    return counter->packets;
}

static __always_inline enum firewall_reason judge(const struct packet *p)
{
    if (!p->is_ip)
        return FIREWALL_NOT_IP;
    if (is_blocked(p, &p->from))
        return FIREWALL_BLOCKED_SOURCE;
    if (is_blocked(p, &p->to))
        return FIREWALL_BLOCKED_DESTINATION;
    if (p->is_fragment && drop_fragments)
        return FIREWALL_FRAGMENT;
    __u64 sent = count(&sources, &p->from, p->bytes);
    if (source_limit && sent > source_limit)
        return FIREWALL_SOURCE_LIMIT;
    struct firewall_port port = { .number = p->to_port, .protocol = p->protocol };
    if (bpf_map_lookup_elem(&closed, &port))
        return FIREWALL_CLOSED_PORT;
    count(&ports, &port, p->bytes);
    return FIREWALL_ACCEPTED;
}

static __always_inline void report(const struct packet *p, enum firewall_reason reason)
{
    struct firewall_event *event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
    if (!event)
        return;
    event->time_ns = bpf_ktime_get_ns();
    event->from = p->from;
    event->to = p->to;
    event->bytes = p->bytes;
    event->from_port = p->from_port;
    event->to_port = p->to_port;
    event->protocol = p->protocol;
    event->reason = reason;
    __builtin_memset(event->zero, 0, sizeof event->zero);
    bpf_ringbuf_submit(event, 0);
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
    struct packet p = { .at = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end };
    p.bytes = p.end - p.at;
    __u32 reason = read_packet(&p) ? FIREWALL_MALFORMED : judge(&p);
    /* Its own packets only: no other CPU writes this one's slot. */
    struct firewall_counter *counter = bpf_map_lookup_elem(&reasons, &reason);
    if (counter) {
        counter->packets++;
        counter->bytes += p.bytes;
    }
    if (reason == FIREWALL_ACCEPTED || reason == FIREWALL_NOT_IP)
        return XDP_PASS;
    report(&p, reason);
    return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
