/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writes a small capture for the demonstration, where there is no real one: packets of every kind
 * that the firewall tells apart, the same ones always.
 *
 *     make_capture FILE */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 100
#define MAX_BYTES 256u

/* A packet being built, front to back. */
struct build {
    uint8_t bytes[MAX_BYTES];
    size_t size;
};

static void put(struct build *b, const void *bytes, size_t size)
{
    if (size <= MAX_BYTES - b->size) {
        memcpy(b->bytes + b->size, bytes, size);
        b->size += size;
    }
}

static void put_u8(struct build *b, unsigned value) { put(b, &(uint8_t){ (uint8_t)value }, 1); }

static void put_u16(struct build *b, unsigned value)
{
    put_u8(b, value >> 8);
    put_u8(b, value & 255);
}

static void put_zeros(struct build *b, size_t n) { put(b, (const uint8_t[64]){ 0 }, n); }

static void put_ethernet(struct build *b, const uint16_t *tags, size_t n_tags)
{
    static const uint8_t to_from[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
    put(b, to_from, sizeof to_from);
    for (size_t i = 0; i < n_tags; i++) {
        put_u16(b, i + 1 < n_tags ? 0x88a8 : 0x8100);
        put_u16(b, tags[i]);
    }
}

struct flow {
    const char *from, *to;
    uint8_t protocol;
    uint16_t port;
};

/* option_words: 4-byte words of no-operation options; fragment: the flags and offset field. */
static void put_ip4(struct build *b, const struct flow *flow, unsigned option_words,
                    unsigned fragment)
{
    uint8_t address[4];
    put_u16(b, 0x0800);
    put_u8(b, 0x45 + option_words);
    put_u8(b, 0);
    put_u16(b, 20 + option_words * 4 + 20 + 32);
    put_u16(b, 1);
    put_u16(b, fragment);
    put_u8(b, 64);
    put_u8(b, flow->protocol);
    put_u16(b, 0);
    inet_pton(AF_INET, flow->from, address);
    put(b, address, 4);
    inet_pton(AF_INET, flow->to, address);
    put(b, address, 4);
    for (unsigned i = 0; i < option_words * 4; i++)
        put_u8(b, 1);
}

/* hops: with a hop-by-hop header of padding. */
static void put_ip6(struct build *b, const struct flow *flow, bool hops)
{
    static const uint8_t padding[6] = { 1, 4 };
    uint8_t address[16];
    put_u16(b, 0x86dd);
    put_u16(b, 0x6000);
    put_u16(b, 0);
    put_u16(b, (hops ? 8 : 0) + 20 + 32);
    put_u8(b, hops ? IPPROTO_HOPOPTS : flow->protocol);
    put_u8(b, 64);
    inet_pton(AF_INET6, flow->from, address);
    put(b, address, 16);
    inet_pton(AF_INET6, flow->to, address);
    put(b, address, 16);
    if (hops) {
        put_u8(b, flow->protocol);
        put_u8(b, 0);
        put(b, padding, sizeof padding);
    }
}

static void put_transport(struct build *b, const struct flow *flow)
{
    if (flow->protocol == IPPROTO_TCP) {
        put_u16(b, 49152);
        put_u16(b, flow->port);
        put_zeros(b, 8);
        put_u16(b, 0x5010);
        put_zeros(b, 6);
    } else if (flow->protocol == IPPROTO_UDP) {
        put_u16(b, 49152);
        put_u16(b, flow->port);
        put_u16(b, 8 + 32);
        put_u16(b, 0);
    } else {
        put_u16(b, (uint16_t)((unsigned)flow->port << 8)); /* ICMP: type and code */
        put_zeros(b, 6);
    }
    put_zeros(b, 32);
}

/* What is written in each round. */
static const struct packet {
    struct flow flow;
    uint16_t tags[2];
    uint8_t n_tags, option_words, cut;
    uint16_t fragment;
    bool hops;
} packets[] = {
    { .flow = { "192.0.2.1", "198.51.100.1", IPPROTO_TCP, 443 } },
    { .flow = { "192.0.2.1", "198.51.100.1", IPPROTO_TCP, 443 } },
    { .flow = { "192.0.2.2", "198.51.100.1", IPPROTO_TCP, 80 }, .option_words = 2 },
    { .flow = { "192.0.2.3", "198.51.100.2", IPPROTO_UDP, 53 } },
    { .flow = { "192.0.2.3", "198.51.100.2", IPPROTO_UDP, 123 } },
    { .flow = { "192.0.2.4", "198.51.100.2", IPPROTO_ICMP, 8 } },
    { .flow = { "192.0.2.5", "198.51.100.2", IPPROTO_UDP, 53 }, .tags = { 7 }, .n_tags = 1 },
    { .flow = { "192.0.2.6", "198.51.100.3", IPPROTO_TCP, 8080 }, .tags = { 7, 8 }, .n_tags = 2 },
    { .flow = { "192.0.2.7", "198.51.100.3", IPPROTO_UDP, 5000 }, .fragment = 0x2000 },
    { .flow = { "192.0.2.7", "198.51.100.3", IPPROTO_UDP, 5000 }, .fragment = 0x00b9 },
    { .flow = { "203.0.113.9", "198.51.100.1", IPPROTO_TCP, 443 } },
    { .flow = { "192.0.2.8", "198.51.100.1", IPPROTO_TCP, 443 }, .cut = 50 },
    { .flow = { "2001:db8::1", "2001:db8::2", IPPROTO_TCP, 443 } },
    { .flow = { "2001:db8::1", "2001:db8::2", IPPROTO_UDP, 53 }, .hops = true },
    { .flow = { "2001:db8::3", "2001:db8::2", IPPROTO_ICMPV6, 128 } },
    { .flow = { "fe80::1", "2001:db8::2", IPPROTO_UDP, 5353 } },
};

static void build_packet(struct build *b, const struct packet *packet)
{
    put_ethernet(b, packet->tags, packet->n_tags);
    if (strchr(packet->flow.from, ':'))
        put_ip6(b, &packet->flow, packet->hops);
    else
        put_ip4(b, &packet->flow, packet->option_words, packet->fragment);
    put_transport(b, &packet->flow);
    if (packet->cut)
        b->size = packet->cut;
}

int main(int n, char **args)
{
    if (n != 2) {
        fprintf(stderr, "usage: %s FILE\n", args[0]);
        return 2;
    }
    pcap_t *format = pcap_open_dead(DLT_EN10MB, 65535);
    pcap_dumper_t *out = format ? pcap_dump_open(format, args[1]) : NULL;
    if (!out) {
        fprintf(stderr, "%s: %s\n", args[1], format ? pcap_geterr(format) : "no memory");
        return 1;
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
            struct build b = { .size = 0 };
            build_packet(&b, &packets[i]);
            struct pcap_pkthdr header = { .ts = { .tv_sec = round, .tv_usec = (int)i },
                                          .caplen = (bpf_u_int32)b.size,
                                          .len = (bpf_u_int32)b.size };
            pcap_dump((u_char *)out, &header, b.bytes);
        }
    }
    bool good = pcap_dump_flush(out) == 0;
    pcap_dump_close(out);
    pcap_close(format);
    return good ? 0 : 1;
}
