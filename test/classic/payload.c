/* SKF_AD_PAY_OFFSET beside the kernel's: frames over the loopback device to a packet socket whose
 * filter lets as much through as lies before the payload (skipped where that is refused). */
#include "support/classic.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FRAME_BYTES = 200, ROUNDS = 2000 };

static uint64_t random_state = 11;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 32) * n >> 32);
}

static const struct skep_classic_insn payload[] = {
    { .code = 0x20, .k = (uint32_t)SKF_AD_OFF + 52 }, { .code = 0x16 }
};

/* The protocols that have a header of their own, and some that have none here. */
static uint8_t some_protocol(void)
{
    static const uint8_t protocols[] = { 6, 6, 17, 136, 1, 58, 2, 33, 132, 50, 89, 253 };
    return protocols[random_below(sizeof(protocols))];
}

static uint32_t make_ip4(uint8_t *at)
{
    uint32_t words = random_below(8) ? 5 + random_below(3) : random_below(16);
    at[0] = (uint8_t)(0x40 | words);
    at[6] = (uint8_t)(random_below(4) ? 0 : random_below(2) << 5);
    at[7] = (uint8_t)(random_below(4) ? 0 : random_below(3));
    at[9] = some_protocol();
    return 4 * words;
}

/* With up to two extension headers. */
static uint32_t make_ip6(uint8_t *at)
{
    static const uint8_t extensions[] = { 0, 43, 60 };
    uint32_t end = 40;
    uint8_t *next = at + 6;
    at[0] = 0x60;
    for (uint32_t n = random_below(3); n > 0; n--) {
        *next = extensions[random_below(3)];
        next = at + end;
        at[end + 1] = (uint8_t)random_below(2);
        end += 8u * (at[end + 1] + 1u);
    }
    *next = some_protocol();
    return end;
}

static size_t make_frame(uint8_t frame[FRAME_BYTES])
{
    bool six = random_below(2);
    for (size_t i = 0; i < FRAME_BYTES; i++)
        frame[i] = (uint8_t)random_below(256);
    memset(frame, 0, 12);
    uint16_t type = htons(random_below(20) ? (six ? ETH_P_IPV6 : ETH_P_IP) : 0x1234);
    memcpy(frame + 12, &type, sizeof(type));
    uint32_t end = 14 + (six ? make_ip6(frame + 14) : make_ip4(frame + 14));
    frame[end + 12] = (uint8_t)(random_below(16) << 4);
    return random_below(6) ? FRAME_BYTES : 60 + random_below(60);
}

static bool loopback_open(int *sender, int *receiver)
{
    const struct sockaddr_ll lo = { .sll_family = AF_PACKET,
                                    .sll_protocol = htons(ETH_P_ALL),
                                    .sll_ifindex = (int)if_nametoindex("lo") };
    struct sock_filter filter[2];
    struct sock_fprog program = { .len = 2, .filter = filter };
    int on = 1;
    memcpy(filter, payload, sizeof(filter));
    *receiver = socket(AF_PACKET, SOCK_RAW, 0);
    *sender = socket(AF_PACKET, SOCK_RAW, 0);
    return *receiver >= 0 && *sender >= 0 && lo.sll_ifindex &&
           !setsockopt(*receiver, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) &&
           !setsockopt(*receiver, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) &&
           !bind(*receiver, (const struct sockaddr *)&lo, sizeof(lo)) &&
           !bind(*sender, (const struct sockaddr *)&lo, sizeof(lo));
}

/* How much of the frame arrives; others' frames on the device are passed over. */
static size_t kernel_passes(int sender, int receiver, const uint8_t *frame, size_t size)
{
    uint8_t arrived[2048];
    assert_int_equal(send(sender, frame, size, 0), size);
    struct pollfd ready = { .fd = receiver, .events = POLLIN };
    while (poll(&ready, 1, 2) > 0) {
        ssize_t n = recv(receiver, arrived, sizeof(arrived), MSG_DONTWAIT);
        if (n > 0 && !memcmp(arrived, frame, (size_t)n))
            return (size_t)n;
    }
    return 0;
}

TEST(the_payload_begins_where_the_kernel_has_it)
{
    struct classic_bed bed;
    struct classic_filter filter;
    int sender, receiver;
    uint32_t n_offsets = 0;
    if (!loopback_open(&sender, &receiver)) {
        printf("skipped: no packet sockets on the loopback device\n");
        skip();
    }
    classic_bed_open(&bed);
    assert_int_equal(classic_open(&bed, payload, 2, &filter, NULL), SKEP_OK);
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t frame[FRAME_BYTES];
        size_t size = make_frame(frame);
        size_t theirs = kernel_passes(sender, receiver, frame, size);
        size_t ours = classic_verdict(&bed, &filter, frame, size);
        if ((ours > size ? size : ours) != theirs)
            fail_msg("round %d: type %02x%02x, %zu bytes: the kernel says %zu, we %zu", round,
                     frame[12], frame[13], size, theirs, ours);
        n_offsets += theirs > 34;
    }
    printf("%d frames, %u with a payload behind their IP header\n", ROUNDS, n_offsets);
    assert_true(n_offsets > ROUNDS / 2);
    classic_close(&filter);
    close(sender);
    close(receiver);
    classic_bed_close(&bed);
}

UNIT_TESTS(UNIT(the_payload_begins_where_the_kernel_has_it))
