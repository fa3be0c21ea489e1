/* tcpdump's expressions: libpcap compiles them, and its verdict on every packet of a capture must
 * be ours, on both engines.  The capture is made here; the one named by SKEP_CAPTURE, or
 * ../shared/data/traffic.pcap, is taken too when it is there. */
#include "support/classic.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const expressions[] = {
    "tcp",
    "udp",
    "icmp",
    "icmp6",
    "arp",
    "ip",
    "ip6",
    "not ip",
    "tcp port 443",
    "tcp port 80 or tcp port 8080",
    "udp port 53",
    "port 53",
    "src port 53",
    "dst port 443",
    "portrange 1000-2000",
    "tcp dst portrange 20-25",
    "host 10.0.0.1",
    "src host 10.0.0.1",
    "dst host 10.0.0.2",
    "host 2001:db8::1",
    "net 10.0.0.0/8",
    "net 192.168.0.0/16 and not port 22",
    "src net 172.16.0.0/12",
    "ip6 net 2001:db8::/32",
    "ether host 02:00:00:00:00:01",
    "ether src 02:00:00:00:00:01",
    "ether broadcast",
    "ether multicast",
    "ip multicast",
    "ip proto 47",
    "ip6 proto 17",
    "proto 6",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "tcp[tcpflags] == tcp-syn",
    "tcp[13] = 18",
    "tcp[12:1] >> 4 > 5",
    "ip[8] < 64",
    "ip[6:2] & 0x1fff != 0",
    "ip[6] & 0x20 != 0",
    "ip[0] & 0xf != 5",
    "ip6[6] = 17",
    "udp[4:2] > 100",
    "icmp[icmptype] = icmp-echo",
    "len > 100",
    "greater 200",
    "less 64",
    "ether[0] & 1 = 0 and ip[16] >= 224",
    "vlan",
    "vlan 7 and tcp",
    "vlan and vlan and ip",
    "mpls",
    "pppoes",
    "tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)",
    "(ip[2:2] / 10) % 7 = 3",
    "ip[2:2] * 3 - 7 ^ 0x55 > 1000",
    "-ip[8] < 0xffffff00",
    "len / ip[8] > 1",
    "ip src 10.0.0.1 and (udp or (tcp and dst port 443))",
    "tcp and not (src port 80 or dst port 80) and len <= 1514",
    "sctp or ip proto 50 or ip6 proto 58",
};
enum { N_EXPRESSIONS = sizeof(expressions) / sizeof(expressions[0]) };

/* ---- a capture */

static uint32_t random_state = 1;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)random_state * n >> 32);
}

struct frame {
    uint8_t bytes[400];
    size_t size;
};

static void frame_u8(struct frame *f, uint32_t value) { f->bytes[f->size++] = (uint8_t)value; }
static void frame_u16(struct frame *f, uint32_t value)
{
    frame_u8(f, value >> 8);
    frame_u8(f, value & 0xff);
}
static void frame_bytes(struct frame *f, const char *bytes, size_t size)
{
    memcpy(f->bytes + f->size, bytes, size);
    f->size += size;
}

static void frame_link(struct frame *f)
{
    static const char addresses[][7] = { "\x02\0\0\0\0\x01", "\x02\0\0\0\0\x02",
                                         "\xff\xff\xff\xff\xff\xff", "\x33\x33\0\0\0\x01" };
    frame_bytes(f, addresses[random_below(4)], 6);
    frame_bytes(f, addresses[random_below(2)], 6);
    for (uint32_t tags = random_below(6); tags > 3; tags--) {
        frame_u16(f, 0x8100);
        frame_u16(f, 6 + random_below(3));
    }
}

static uint32_t frame_port(void)
{
    static const uint16_t ports[] = { 22, 53, 80, 443, 1500, 8080, 50000 };
    return ports[random_below(7)];
}

static void frame_transport(struct frame *f, uint32_t proto)
{
    frame_u16(f, proto == 1 ? random_below(2) * 0x800 : frame_port());
    frame_u16(f, frame_port());
    if (proto == 17)
        frame_u16(f, 8 + random_below(200));
    for (uint32_t i = 0; i < 8; i++)
        frame_u8(f, random_below(256));
    frame_u8(f, 0x50 + 0x10 * random_below(4));
    frame_u8(f, random_below(2) ? 18 : 1u << random_below(6));
    for (uint32_t n = random_below(200); n > 0; n--)
        frame_u8(f, random_below(256));
}

static uint32_t frame_proto(void)
{
    static const uint8_t protos[] = { 6, 6, 17, 17, 1, 58, 47, 50, 132 };
    return protos[random_below(9)];
}

static void frame_ip4(struct frame *f)
{
    static const char addresses[][5] = { "\x0a\0\0\x01", "\x0a\0\0\x02", "\xc0\xa8\x01\x01",
                                         "\xac\x10\x05\x05", "\xe0\0\0\x01" };
    uint32_t proto = frame_proto(), words = 5 + (random_below(4) == 0 ? random_below(4) : 0);
    frame_u16(f, 0x0800);
    frame_u8(f, 0x40 | words);
    frame_u8(f, 0);
    frame_u16(f, 20 + random_below(300));
    frame_u16(f, random_below(65536));
    frame_u16(f, random_below(4) ? 0x4000 : random_below(2) ? 0x2000 : random_below(0x2000));
    frame_u8(f, random_below(256));
    frame_u8(f, proto);
    frame_u16(f, 0);
    frame_bytes(f, addresses[random_below(4)], 4);
    frame_bytes(f, addresses[random_below(5)], 4);
    for (uint32_t i = 5; i < words; i++)
        frame_bytes(f, "\x01\x01\x01\x00", 4);
    frame_transport(f, proto);
}

static void frame_ip6(struct frame *f)
{
    uint32_t proto = frame_proto();
    frame_u16(f, 0x86dd);
    frame_bytes(f, "\x60\0\0\0", 4);
    frame_u16(f, random_below(300));
    frame_u8(f, proto);
    frame_u8(f, random_below(256));
    frame_bytes(f, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    frame_bytes(f, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
    frame_transport(f, proto);
}

static void frame_other(struct frame *f)
{
    static const uint16_t types[] = { 0x0806, 0x8847, 0x8864, 0x88cc, 0x0100 };
    frame_u16(f, types[random_below(5)]);
    for (uint32_t n = random_below(60); n > 0; n--)
        frame_u8(f, random_below(256));
}

static void frame_make(struct frame *f)
{
    f->size = 0;
    frame_link(f);
    uint32_t kind = random_below(10);
    if (kind < 6)
        frame_ip4(f);
    else if (kind < 9)
        frame_ip6(f);
    else
        frame_other(f);
    if (random_below(10) == 0)
        f->size = random_below((uint32_t)f->size + 1);
}

/* ---- comparing */

struct comparison {
    struct classic_bed bed;
    struct bpf_program theirs[N_EXPRESSIONS];
    struct classic_filter ours[N_EXPRESSIONS];
    uint32_t passed[N_EXPRESSIONS];
};

static void comparison_open(struct comparison *c, pcap_t *pcap)
{
    classic_bed_open(&c->bed);
    for (int i = 0; i < N_EXPRESSIONS; i++) {
        skep_error err = { 0 };
        if (pcap_compile(pcap, &c->theirs[i], expressions[i], 1, PCAP_NETMASK_UNKNOWN))
            fail_msg("%s: %s", expressions[i], pcap_geterr(pcap));
        const void *insns = c->theirs[i].bf_insns;
        assert_int_equal(classic_open(&c->bed, insns, c->theirs[i].bf_len, &c->ours[i], &err),
                         SKEP_OK);
        c->passed[i] = 0;
    }
}

static void comparison_close(struct comparison *c)
{
    for (int i = 0; i < N_EXPRESSIONS; i++) {
        pcap_freecode(&c->theirs[i]);
        classic_close(&c->ours[i]);
    }
    classic_bed_close(&c->bed);
}

static void compare(struct comparison *c, const uint8_t *bytes, uint32_t size)
{
    const struct pcap_pkthdr header = { .caplen = size, .len = size };
    for (int i = 0; i < N_EXPRESSIONS; i++) {
        int theirs = pcap_offline_filter(&c->theirs[i], &header, bytes);
        uint64_t ours = classic_verdict(&c->bed, &c->ours[i], bytes, size);
        if (ours != (uint32_t)theirs)
            fail_msg("%s: %llu, libpcap says %d", expressions[i], (unsigned long long)ours, theirs);
        c->passed[i] += theirs != 0;
    }
}

TEST(verdicts_on_made_packets_are_those_of_libpcap)
{
    static struct comparison c;
    pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
    assert_true(N_EXPRESSIONS >= 50);
    comparison_open(&c, pcap);
    for (int i = 0; i < 1500; i++) {
        struct frame frame;
        frame_make(&frame);
        compare(&c, frame.bytes, (uint32_t)frame.size);
    }
    for (int i = 0; i < N_EXPRESSIONS; i++) /* each says yes and says no */
        if (c.passed[i] == 0 || c.passed[i] == 1500)
            fail_msg("%s: %u of 1500", expressions[i], c.passed[i]);
    comparison_close(&c);
    pcap_close(pcap);
}

TEST(verdicts_on_a_capture_are_those_of_libpcap)
{
    static struct comparison c;
    char why[PCAP_ERRBUF_SIZE];
    const char *path = getenv("SKEP_CAPTURE");
    pcap_t *pcap = pcap_open_offline(path ? path : SOURCE_DIR "/../shared/data/traffic.pcap", why);
    if (!pcap)
        skip();
    comparison_open(&c, pcap);
    struct pcap_pkthdr *header;
    const u_char *bytes;
    uint32_t n = 0;
    for (; n < 3000 && pcap_next_ex(pcap, &header, &bytes) == 1; n++)
        compare(&c, bytes, header->caplen);
    assert_true(n > 0);
    printf("%d expressions, %u packets\n", (int)N_EXPRESSIONS, n);
    comparison_close(&c);
    pcap_close(pcap);
}

UNIT_TESTS(UNIT(verdicts_on_made_packets_are_those_of_libpcap),
           UNIT(verdicts_on_a_capture_are_those_of_libpcap))
