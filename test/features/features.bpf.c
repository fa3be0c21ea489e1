/* What programs do, one function each: as it stands it must be accepted; with the second argument
 * of SWAP in place of the first (-DUNSAFE) it must be refused, with the report that the tag names.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#ifdef UNSAFE
#define SWAP(safe, unsafe) unsafe
#else
#define SWAP(safe, unsafe) safe
#endif
#define REFUSED(id) __attribute__((btf_decl_tag("refused " id)))
#define NOINLINE static __attribute__((noinline))

struct value {
    __u64 words[8];
};
struct inner_map {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, __u32);
    __type(value, struct value);
} inner SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1);
    __type(key, __u32);
    __array(values, struct inner_map);
} outer SEC(".maps") = { .values = { &inner } };
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, struct value);
} table SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 4);
    __type(key, __u32);
    __type(value, __u32);
} programs SEC(".maps");
struct locked {
    struct bpf_spin_lock lock;
    __u32 n;
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct locked);
} locks SEC(".maps");
struct timed {
    struct bpf_timer timer;
    __u64 n[4];
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct timed);
} timers SEC(".maps");
const __u8 sizes[8] = { 1, 2, 4, 8, 16, 32, 48, 63 };

#define DATA(ctx) ((__u8 *)(long)(ctx)->data)
#define END(ctx) ((__u8 *)(long)(ctx)->data_end)

/* ---- packets */

SEC("xdp") REFUSED("verify-packet-bounds") int packet_range(struct xdp_md *ctx)
{
    __u8 *data = DATA(ctx);
    return data + SWAP(14, 13) <= END(ctx) ? data[13] & 1 : 0;
}

NOINLINE int byte_of(const __u8 *data, const __u8 *end)
{
    return data + SWAP(21, 20) <= end ? data[20] : 0;
}
SEC("xdp") REFUSED("verify-packet-bounds") int packet_in_subprogram(struct xdp_md *ctx)
{
    return byte_of(DATA(ctx), END(ctx)) & 1;
}

SEC("xdp") REFUSED("verify-packet-bounds") int packet_metadata(struct xdp_md *ctx)
{
    __u8 *meta = (__u8 *)(long)ctx->data_meta;
    return meta + SWAP(4, 3) <= DATA(ctx) ? meta[3] & 1 : 0;
}

SEC("xdp") REFUSED("verify-not-a-pointer") int packet_moved(struct xdp_md *ctx)
{
    __u8 *data = DATA(ctx);
    if (data + 14 > END(ctx) || bpf_xdp_adjust_head(ctx, 4))
        return 0;
    __u8 *again = DATA(ctx);
    return again + 14 <= END(ctx) ? *SWAP(again, data) & 1 : 0;
}

/* ---- maps */

SEC("xdp") REFUSED("verify-may-be-null") int value_that_may_not_be_there(struct xdp_md *ctx)
{
    __u32 key = 1;
    struct value *value = bpf_map_lookup_elem(&table, &key);
    return SWAP(value != 0, 1) ? value->words[7] & 1 : 0;
}

SEC("xdp") REFUSED("verify-out-of-bounds") int value_of_an_inner_map(struct xdp_md *ctx)
{
    __u32 key = 0;
    void *map = bpf_map_lookup_elem(&outer, &key);
    struct value *value = map ? bpf_map_lookup_elem(map, &key) : 0;
    return value ? value->words[ctx->ingress_ifindex & SWAP(7, 15)] & 1 : 0;
}

SEC("xdp") REFUSED("verify-out-of-bounds") int index_from_a_constant_table(struct xdp_md *ctx)
{
    __u32 key = 1;
    __u8 *value = bpf_map_lookup_elem(&table, &key);
    return value ? value[sizes[ctx->ingress_ifindex & 7] + SWAP(0, 1)] & 1 : 0;
}

SEC("xdp") REFUSED("verify-no-access") int constants_are_not_written(struct xdp_md *ctx)
{
    static volatile __u8 own[8];
    *(volatile __u8 *)SWAP(&own[1], &sizes[1]) = 1;
    return own[ctx->ingress_ifindex & 7] & 1;
}

SEC("xdp") REFUSED("verify-out-of-bounds") int atomic_addition(struct xdp_md *ctx)
{
    __u32 key = 1;
    struct value *value = bpf_map_lookup_elem(&table, &key);
    if (value)
        __sync_fetch_and_add(&value->words[SWAP(7, 8)], 1);
    return 0;
}

/* ---- the stack */

SEC("xdp") REFUSED("verify-out-of-bounds") int frame_of_512_bytes(struct xdp_md *ctx)
{
    asm volatile("*(u8 *)(r10 - %[at]) = %[n]" ::[at] "i"(SWAP(512, 513)), [n] "r"(1) : "memory");
    return 0;
}

SEC("xdp") REFUSED("verify-out-of-bounds") int spilled_in_parts(struct xdp_md *ctx)
{
    volatile struct {
        __u8 low, high, more[6];
    } __attribute__((aligned(8))) kept = { .low = ctx->ingress_ifindex & 31, .high = SWAP(7, 255) };
    __u32 key = 1;
    __u8 *value = bpf_map_lookup_elem(&table, &key);
    return value ? value[kept.low + kept.high] & 1 : 0;
}

/* ---- helpers */

SEC("xdp") REFUSED("verify-out-of-bounds") int memory_of_a_size(struct xdp_md *ctx)
{
    __u8 bytes[16] = { 0 };
    __u32 n = (ctx->ingress_ifindex & SWAP(15, 31)) + 1;
    bpf_xdp_load_bytes(ctx, 0, bytes, n);
    return bytes[0] & 1;
}

SEC("xdp") REFUSED("verify-bad-argument") int size_that_must_be_constant(struct xdp_md *ctx)
{
    void *record = bpf_ringbuf_reserve(&ring, SWAP(8, ctx->ingress_ifindex & 15), 0);
    if (record)
        bpf_ringbuf_discard(record, 0);
    return 0;
}

SEC("xdp") REFUSED("verify-wrong-map-type") int map_of_the_right_type(struct xdp_md *ctx)
{
    bpf_tail_call(ctx, SWAP((void *)&programs, (void *)&table), 1);
    return 0;
}

SEC("xdp") REFUSED("verify-leaks-reference") int record_given_back(struct xdp_md *ctx)
{
    void *record = bpf_ringbuf_reserve(&ring, 8, 0);
    if (record && SWAP(1, ctx->ingress_ifindex == 1))
        bpf_ringbuf_submit(record, 0);
    return 0;
}

SEC("xdp") REFUSED("verify-leaks-reference") int dynptr_given_back(struct xdp_md *ctx)
{
    struct bpf_dynptr record;
    bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &record);
    if (SWAP(1, ctx->ingress_ifindex == 1))
        bpf_ringbuf_discard_dynptr(&record, 0);
    return 0;
}

SEC("xdp") REFUSED("verify-out-of-bounds") int slice_of_a_dynptr(struct xdp_md *ctx)
{
    struct bpf_dynptr record;
    bpf_ringbuf_reserve_dynptr(&ring, 64, 0, &record);
    __u8 *slice = bpf_dynptr_data(&record, 8, 16);
    if (slice)
        slice[SWAP(15, 16)] = 1;
    bpf_ringbuf_submit_dynptr(&record, 0);
    return 0;
}

SEC("xdp") REFUSED("verify-leaks-reference") int two_dynptrs(struct xdp_md *ctx)
{
    struct bpf_dynptr records[2];
    bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &records[0]);
    bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &records[1]);
    bpf_ringbuf_submit_dynptr(&records[0], 0);
    if (SWAP(1, ctx->ingress_ifindex == 1))
        bpf_ringbuf_discard_dynptr(&records[1], 0);
    return 0;
}

SEC("xdp") REFUSED("verify-lock-held") int locked(struct xdp_md *ctx)
{
    __u32 key = 0;
    struct locked *value = bpf_map_lookup_elem(&locks, &key);
    if (!value)
        return 0;
    bpf_spin_lock(&value->lock);
    value->n++;
    if (SWAP(1, ctx->ingress_ifindex == 1))
        bpf_spin_unlock(&value->lock);
    return 0;
}

/* ---- callbacks */

static long one_of_many(__u32 i, __u8 *bytes)
{
    bytes[i & SWAP(15, 31)] = 1;
    return 0;
}
SEC("xdp") REFUSED("verify-out-of-bounds") int callback_of_bpf_loop(struct xdp_md *ctx)
{
    __u8 bytes[16] = { 0 };
    bpf_loop(ctx->ingress_ifindex, one_of_many, bytes, 0);
    return bytes[3] & 1;
}

static long each_element(void *map, __u32 *key, struct value *value, void *user)
{
    value->words[*key & SWAP(7, 15)] = 1;
    return 0;
}
SEC("xdp") REFUSED("verify-out-of-bounds") int callback_of_for_each(struct xdp_md *ctx)
{
    bpf_for_each_map_elem(&table, each_element, 0, 0);
    return 0;
}

static int rings(void *map, __u32 *key, struct timed *value)
{
    value->n[*key & SWAP(3, 7)] = 1;
    return 0;
}
SEC("xdp") REFUSED("verify-out-of-bounds") int callback_of_a_timer(struct xdp_md *ctx)
{
    __u32 key = 0;
    struct timed *value = bpf_map_lookup_elem(&timers, &key);
    if (value && !bpf_timer_init(&value->timer, &timers, 1) &&
        !bpf_timer_set_callback(&value->timer, rings))
        bpf_timer_start(&value->timer, 1000, 0);
    return 0;
}

/* ---- functions, loops, contexts */

__attribute__((noinline)) int by_its_signature(const struct value *value)
{
    return SWAP(value != 0, 1) ? value->words[7] & 1 : 0;
}
SEC("xdp") REFUSED("verify-may-be-null") int global_function(struct xdp_md *ctx)
{
    struct value value = { { 1 } };
    return by_its_signature(&value);
}

SEC("xdp") REFUSED("verify-endless-loop") int loop_of_a_million(struct xdp_md *ctx)
{
    __u32 n = 0;
    for (__u32 i = 0; i < 1000000; i += SWAP(1, ctx->ingress_ifindex & 1)) {
        n += i;
        asm volatile("" : "+r"(i), "+r"(n));
    }
    return n & 1;
}

SEC("tc") REFUSED("verify-bad-context-access") int field_that_may_be_written(struct __sk_buff *skb)
{
    skb->SWAP(mark, len) = 1;
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
