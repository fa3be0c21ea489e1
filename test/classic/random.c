/* Random classic programs: results as libpcap's interpreter has them, what is accepted and what
 * results as the kernel has it (SO_ATTACH_FILTER on a pair of sockets; skipped where that is
 * refused). */
#include "support/classic.h"

#include <errno.h>
#include <linux/filter.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* <linux/filter.h> and libpcap both have macros of these names; libpcap's type is struct bpf_insn.
 */
_Static_assert(sizeof(struct sock_filter) == sizeof(struct skep_classic_insn), "one layout");
_Static_assert(offsetof(struct sock_filter, k) == offsetof(struct skep_classic_insn, k),
               "one layout");

enum { INSNS_MAX = 40, PACKET_BYTES = 64 };

static uint64_t random_state = 7;
static uint32_t random_u32(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 32);
}
static uint32_t random_below(uint32_t n) { return (uint32_t)((uint64_t)random_u32() * n >> 32); }

static const uint16_t codes[] = {
    0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0xb1, 0x80, 0x81, 0x00, 0x01, 0x60, 0x61,
    0x02, 0x03, 0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54,
    0x5c, 0x64, 0x6c, 0x74, 0x7c, 0x84, 0x94, 0x9c, 0xa4, 0xac, 0x05, 0x15, 0x1d,
    0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d, 0x06, 0x16, 0x07, 0x87,
};
enum { N_CODES = sizeof(codes) / sizeof(codes[0]) };

static bool is_jump(uint16_t code) { return (code & 7) == 5; }
static bool is_cell(uint16_t code)
{
    return code == 0x60 || code == 0x61 || (code & 7) == 2 || (code & 7) == 3;
}

static uint32_t random_k(uint16_t code)
{
    uint32_t k = random_below(4) ? random_below(PACKET_BYTES + 8) : random_u32();
    if (code == 0x64 || code == 0x74)
        return k % 32;
    if (is_cell(code))
        return k % 16;
    if (code == 0x34 || code == 0x94)
        return k ? k : 1;
    if (code == 0x20 || code == 0x28 || code == 0x30 || code == 0xb1)
        return random_below(16) ? random_below(PACKET_BYTES) : k & 0x7fffffff;
    return k;
}

/* A program that is accepted: jumps inside, the first instructions store all of M[]. */
static size_t make_valid(struct skep_classic_insn *out)
{
    size_t n = 24 + random_below(INSNS_MAX - 24);
    for (size_t i = 0; i < n; i++) {
        struct skep_classic_insn *insn = &out[i];
        *insn = (struct skep_classic_insn){ .code = codes[random_below(N_CODES)] };
        if (i < 16)
            insn->code = 2;
        while (i >= 16 && (insn->code & 7) == 6 && random_below(8))
            insn->code = codes[random_below(N_CODES)];
        if (i == n - 1)
            insn->code = random_below(4) ? 0x16 : 0x06;
        insn->k = i < 16 ? (uint32_t)i : random_k(insn->code);
        uint32_t room = (uint32_t)(n - i - 1);
        if (is_jump(insn->code)) {
            insn->jt = (uint8_t)random_below(room);
            insn->jf = (uint8_t)random_below(room);
            if (insn->code == 5)
                insn->k = random_below(room);
        }
    }
    return n;
}

/* Does libpcap mean something else?  Shifts by 32 and more, and X + k that wraps. */
static bool is_of_linux_only(uint16_t code)
{
    return code == 0x6c || code == 0x7c || code == 0x40 || code == 0x48 || code == 0x50;
}

static void make_packet(uint8_t packet[PACKET_BYTES])
{
    for (size_t i = 0; i < PACKET_BYTES; i++)
        packet[i] = (uint8_t)(random_below(3) ? random_u32() : random_below(2));
}

TEST(results_are_those_of_libpcap)
{
    struct classic_bed bed;
    uint32_t n_results = 0, n_zero = 0;
    classic_bed_open(&bed);
    for (int round = 0; round < 4000; round++) {
        struct skep_classic_insn insns[INSNS_MAX];
        struct classic_filter filter;
        uint8_t packet[PACKET_BYTES];
        size_t n = make_valid(insns);
        for (size_t i = 0; i < n; i++)
            if (is_of_linux_only(insns[i].code))
                insns[i].code = 0x04;
        assert_int_equal(classic_open(&bed, insns, n, &filter, NULL), SKEP_OK);
        for (int i = 0; i < 4; i++) {
            make_packet(packet);
            const void *theirs = insns;
            struct bpf_program program = { (u_int)n, (struct bpf_insn *)(uintptr_t)theirs };
            const struct pcap_pkthdr header = { .len = PACKET_BYTES, .caplen = PACKET_BYTES };
            uint32_t expected = (uint32_t)pcap_offline_filter(&program, &header, packet);
            assert_int_equal(classic_verdict(&bed, &filter, packet, PACKET_BYTES), expected);
            n_results++;
            n_zero += expected == 0;
        }
        classic_close(&filter);
    }
    assert_true(n_zero < n_results * 3 / 4);
    classic_bed_close(&bed);
}

/* ---- the kernel */

static bool kernel_attach(int fd, struct skep_classic_insn *insns, size_t n)
{
    void *filter = insns;
    struct sock_fprog program = { .len = (unsigned short)n, .filter = filter };
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

static bool kernel_open(int pair[2])
{
    struct skep_classic_insn all = { .code = 0x06, .k = 0xffffffff };
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    if (kernel_attach(pair[1], &all, 1))
        return true;
    close(pair[0]);
    close(pair[1]);
    return false;
}

/* How many bytes arrive. */
static uint64_t kernel_verdict(const int pair[2], const uint8_t *packet, size_t size)
{
    uint8_t arrived[PACKET_BYTES];
    assert_int_equal(send(pair[0], packet, size, 0), size);
    ssize_t n = recv(pair[1], arrived, sizeof(arrived), MSG_DONTWAIT);
    return n < 0 ? 0 : (uint64_t)n;
}

TEST(results_are_those_of_the_kernel)
{
    struct classic_bed bed;
    int pair[2];
    uint32_t whole = 0, none = 0, part = 0;
    if (!kernel_open(pair))
        skip();
    classic_bed_open(&bed);
    for (int round = 0; round < 3000; round++) {
        struct skep_classic_insn insns[INSNS_MAX + 1];
        struct classic_filter filter;
        uint8_t packet[PACKET_BYTES];
        size_t n = make_valid(insns);
        if (insns[n - 1].code == 0x16 && round % 2) { /* a result that shows: A modulo 64 */
            insns[n - 1] = (struct skep_classic_insn){ .code = 0x54, .k = PACKET_BYTES - 1 };
            insns[n++] = (struct skep_classic_insn){ .code = 0x16 };
        }
        assert_int_equal(classic_open(&bed, insns, n, &filter, NULL), SKEP_OK);
        assert_true(kernel_attach(pair[1], insns, n));
        for (int i = 0; i < 4; i++) {
            make_packet(packet);
            uint64_t theirs = kernel_verdict(pair, packet, PACKET_BYTES);
            uint64_t ours = classic_verdict(&bed, &filter, packet, PACKET_BYTES);
            assert_int_equal(ours > PACKET_BYTES ? PACKET_BYTES : ours, theirs);
            whole += theirs == PACKET_BYTES;
            none += theirs == 0;
            part += theirs > 0 && theirs < PACKET_BYTES;
        }
        classic_close(&filter);
    }
    printf("the kernel let %u packets through, %u in part, and dropped %u\n", whole, part, none);
    assert_true(whole > 100 && none > 100 && part > 100);
    close(pair[0]);
    close(pair[1]);
    classic_bed_close(&bed);
}

/* Attributes one behind the other, some inside of others, some of impossible lengths. */
static void make_attributes(uint8_t packet[PACKET_BYTES])
{
    make_packet(packet);
    for (size_t at = random_below(3) * 4; at + 4 <= PACKET_BYTES;) {
        const uint16_t lengths[] = { 4, 5, 8, 12, 16, 24, 3, 0, 60 };
        uint16_t length = lengths[random_below(random_below(4) ? 6 : 9)];
        uint16_t type = (uint16_t)(random_below(4) | (random_below(4) ? 0 : 0x8000));
        memcpy(packet + at, &length, 2);
        memcpy(packet + at + 2, &type, 2);
        at += random_below(4) ? (length + 3u) & ~3u : 4;
        at += length < 4 ? 4 : 0;
    }
}

TEST(attributes_are_found_where_the_kernel_finds_them)
{
    struct classic_bed bed;
    int pair[2];
    uint32_t found = 0, none = 0;
    if (!kernel_open(pair))
        skip();
    classic_bed_open(&bed);
    for (int round = 0; round < 1500; round++) {
        const struct skep_classic_insn insns[] = {
            { .code = 0x01, .k = random_below(5) },
            { .code = 0x00, .k = random_below(8) ? 4 * random_below(16) : random_u32() },
            { .code = 0x20, .k = (uint32_t)SKF_AD_OFF + (random_below(2) ? 12 : 16) },
            { .code = 0x16 },
        };
        struct classic_filter filter;
        uint8_t packet[PACKET_BYTES];
        assert_int_equal(classic_open(&bed, insns, 4, &filter, NULL), SKEP_OK);
        assert_true(kernel_attach(pair[1], (struct skep_classic_insn *)(uintptr_t)insns, 4));
        for (int i = 0; i < 8; i++) {
            make_attributes(packet);
            size_t size = PACKET_BYTES - random_below(8);
            uint64_t theirs = kernel_verdict(pair, packet, size);
            uint64_t ours = classic_verdict(&bed, &filter, packet, size);
            assert_int_equal(ours, theirs);
            found += theirs > 0;
            none += theirs == 0;
        }
        classic_close(&filter);
    }
    printf("%u attributes found, %u not there\n", found, none);
    assert_true(found > 500 && none > 500);
    close(pair[0]);
    close(pair[1]);
    classic_bed_close(&bed);
}

/* Valid but for a few changes; or anything. */
static size_t make_any(struct skep_classic_insn *out)
{
    size_t n = make_valid(out);
    size_t first = random_below(2) ? 16 - random_below(4) : random_below(17);
    memmove(out, out + first, (n - first) * sizeof(*out));
    n -= first;
    for (uint32_t changes = random_below(4); changes > 0; changes--) {
        struct skep_classic_insn *insn = &out[random_below((uint32_t)n)];
        switch (random_below(5)) {
        case 0: insn->code = (uint16_t)(random_below(8) ? random_below(256) : random_u32()); break;
        case 1: insn->jt = (uint8_t)random_below(32); break;
        case 2: insn->jf = (uint8_t)random_below(32); break;
        case 3: insn->k = random_below(40); break;
        default: insn->k = (uint32_t)SKF_AD_OFF + random_below(80);
        }
    }
    return n;
}

TEST(accepts_what_the_kernel_accepts)
{
    struct classic_bed bed;
    int pair[2];
    uint32_t accepted = 0, refused = 0;
    if (!kernel_open(pair))
        skip();
    classic_bed_open(&bed);
    for (int round = 0; round < 30000; round++) {
        struct skep_classic_insn insns[INSNS_MAX];
        skep_object *object = NULL;
        skep_error err = { 0 };
        size_t n = make_any(insns);
        bool theirs = kernel_attach(pair[1], insns, n);
        skep_status ours = skep_object_from_classic(bed.env, "any", insns, n, &object, &err);
        if (theirs != (ours != SKEP_MALFORMED)) {
            char text[256];
            skep_error_text(&err, text, sizeof(text));
            fail_msg("round %d: the kernel says %d, we say %s", round, theirs, text);
        }
        assert_true(ours == SKEP_OK || ours == SKEP_MALFORMED || ours == SKEP_UNSUPPORTED);
        accepted += theirs;
        refused += !theirs;
        skep_object_close(object);
    }
    printf("the kernel accepted %u programs and refused %u\n", accepted, refused);
    assert_true(accepted > 1000 && refused > 1000);
    close(pair[0]);
    close(pair[1]);
    classic_bed_close(&bed);
}

UNIT_TESTS(UNIT(results_are_those_of_libpcap), UNIT(results_are_those_of_the_kernel),
           UNIT(accepts_what_the_kernel_accepts),
           UNIT(attributes_are_found_where_the_kernel_finds_them))
