/* Programs that objects_kernel.c runs here and in the kernel: helpers that need BTF's callbacks, or
 * whose results may differ but must keep the same promises. */
#include <linux/bpf.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

typedef unsigned char u8;

struct {
    __uint(type, BPF_MAP_TYPE_USER_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

struct results {
    __u64 value[8];
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct results);
} out SEC(".maps");

static struct results *results(void)
{
    __u32 zero = 0;
    return bpf_map_lookup_elem(&out, &zero);
}

/* Not on the stack, where the kernel would follow what they count. */
struct seen {
    __u64 n, sum, sizes;
} seen_all;

/* 99 ends the drain. */
static long take(struct bpf_dynptr *record, void *ctx)
{
    struct seen *seen = &seen_all;
    __u64 first = 0, *slice;
    seen->n++;
    if (seen->n % 2) {
        bpf_dynptr_read(&first, sizeof(first), record, 0, 0);
    } else {
        slice = bpf_dynptr_data(record, 0, sizeof(*slice));
        if (slice) {
            first = *slice;
            *slice = 0;
        }
    }
    seen->sum = seen->sum * 31 + first;
    seen->sizes += bpf_dynptr_read(&first, sizeof(first), record, 8, 0) == 0;
    seen->sizes += bpf_dynptr_write(record, 16, &first, sizeof(first), 0) == 0 ? 100 : 0;
    return first == 99;
}

SEC("xdp")
int drain(struct xdp_md *ctx)
{
    struct results *r = results();
    struct seen *seen = &seen_all;
    if (!r)
        return 0;
    __builtin_memset(seen, 0, sizeof(*seen));
    r->value[0] = bpf_user_ringbuf_drain(&ring, take, NULL, 0);
    r->value[1] = seen->n;
    r->value[2] = seen->sum;
    r->value[3] = seen->sizes;
    r->value[4] = bpf_user_ringbuf_drain(&ring, take, NULL, 4);
    return 2;
}

/* The frame: 40 bytes of an IP header, 60 of TCP.  What the cookies are, nobody else can say; the
 * MSS, the errors, and that an ACK of the cookie is good and of another number is not. */
#define COOKIES(VERSION, IP_BYTES)                                                                 \
    SEC("xdp")                                                                                     \
    int cookies##VERSION(struct xdp_md *ctx)                                                       \
    {                                                                                              \
        struct results *r = results();                                                             \
        u8 *ip = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;                      \
        void *tcp = ip + 40;                                                                       \
        __u32 seq, ack;                                                                            \
        if (!r || ip + 100 > end)                                                                  \
            return 0;                                                                              \
        __u32 length = (ip[40 + 12] >> 4) * 4;                                                     \
        __s64 cookie = bpf_tcp_raw_gen_syncookie_ipv##VERSION((void *)ip, tcp, length);            \
        r->value[0] = cookie < 0 ? cookie : cookie >> 32;                                          \
        r->value[1] = bpf_tcp_raw_gen_syncookie_ipv##VERSION((void *)ip, tcp, 20);                 \
        r->value[1] = (__s64)r->value[1] < 0 ? r->value[1] : 0;                                    \
        __builtin_memcpy(&seq, ip + 44, 4);                                                        \
        seq = __builtin_bswap32(__builtin_bswap32(seq) + 1);                                       \
        ack = __builtin_bswap32((__u32)cookie + 1);                                                \
        __builtin_memcpy(ip + 44, &seq, 4);                                                        \
        __builtin_memcpy(ip + 48, &ack, 4);                                                        \
        r->value[2] = bpf_tcp_raw_check_syncookie_ipv##VERSION((void *)ip, tcp);                   \
        ack ^= 1;                                                                                  \
        __builtin_memcpy(ip + 48, &ack, 4);                                                        \
        r->value[3] = bpf_tcp_raw_check_syncookie_ipv##VERSION((void *)ip, tcp);                   \
        return 2;                                                                                  \
    }
COOKIES(4, 20)
COOKIES(6, 40)

char _license[] SEC("license") = "GPL";
