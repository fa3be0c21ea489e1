/* Programs that promises_kernel.c runs here and in the kernel, each with results that must be
 * equal. Where two hosts may well differ (clocks, random numbers, ids) the result is whether what
 * bpf-helpers(7) promises was kept. */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

enum { RESULTS = 32 };
struct results {
    __u64 value[RESULTS];
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct results);
} out SEC(".maps");

/* All of it, so that nothing of an earlier program is left. */
static struct results *results(void)
{
    __u32 zero = 0;
    struct results *r = bpf_map_lookup_elem(&out, &zero);
    if (r)
        __builtin_memset(r, 0, sizeof(*r));
    return r;
}

#define PROGRAM(section, name, context)                                                            \
    static __always_inline int name##_body(context *ctx, struct results *r);                       \
    SEC(section) int name(context *ctx)                                                            \
    {                                                                                              \
        struct results *r = results();                                                             \
        return r ? name##_body(ctx, r) : -1;                                                       \
    }                                                                                              \
    static __always_inline int name##_body(context *ctx, struct results *r)

/* ---- clocks and numbers */

PROGRAM("xdp", clocks, struct xdp_md)
{
    __u64 coarse = bpf_ktime_get_coarse_ns(), mono = bpf_ktime_get_ns();
    __u64 boot = bpf_ktime_get_boot_ns(), tai = bpf_ktime_get_tai_ns();
    __u64 jiffies = bpf_jiffies64(), later = bpf_ktime_get_ns();
    r->value[0] = mono <= later;
    r->value[1] = coarse <= mono;
    r->value[2] = mono - coarse < 100000000;
    r->value[3] = boot >= mono;
    r->value[4] = tai > 1500000000000000000ull;
    r->value[5] = jiffies <= bpf_jiffies64();
    r->value[6] = later - mono < 1000000000;
    return 1;
}

PROGRAM("xdp", numbers, struct xdp_md)
{
    __u32 a = bpf_get_prandom_u32(), differ = 0;
    for (int i = 0; i < 16; i++)
        differ += bpf_get_prandom_u32() != a;
    r->value[0] = differ > 8;
    r->value[1] = bpf_get_smp_processor_id() < 4096;
    r->value[2] = bpf_get_smp_processor_id() == bpf_get_smp_processor_id();
    r->value[3] = (__s64)bpf_get_numa_node_id() >= 0;
    return 2;
}

/* ---- maps */

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4);
    __type(key, __u32);
    __type(value, __u64);
} table SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_QUEUE);
    __uint(max_entries, 3);
    __type(value, __u64);
} queue SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_STACK);
    __uint(max_entries, 3);
    __type(value, __u64);
} stack SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 2);
    __type(key, __u32);
    __type(value, __u64);
} per_cpu SEC(".maps");

PROGRAM("xdp", elements, struct xdp_md)
{
    __u64 value = 7, *found;
    __u32 key;
    for (int i = 0; i < 6; i++) {
        key = i;
        r->value[i] = bpf_map_update_elem(&table, &key, &value, BPF_NOEXIST);
    }
    key = 1;
    r->value[6] = bpf_map_update_elem(&table, &key, &value, BPF_NOEXIST);
    r->value[7] = bpf_map_update_elem(&table, &key, &value, BPF_EXIST);
    r->value[8] = bpf_map_update_elem(&table, &key, &value, 99);
    r->value[9] = bpf_map_delete_elem(&table, &key);
    r->value[10] = bpf_map_delete_elem(&table, &key);
    r->value[11] = bpf_map_lookup_elem(&table, &key) == NULL;
    r->value[12] = bpf_map_update_elem(&table, &key, &value, BPF_EXIST);
    for (int i = 0; i < 6; i++) {
        key = i;
        found = bpf_map_lookup_elem(&table, &key);
        r->value[13] += found ? *found : 100;
        bpf_map_delete_elem(&table, &key);
    }
    return 3;
}

#define PUSH_POP(name, map)                                                                        \
    PROGRAM("xdp", name, struct xdp_md)                                                            \
    {                                                                                              \
        __u64 value = 0;                                                                           \
        for (int i = 0; i < 5; i++) {                                                              \
            value = 10 + i;                                                                        \
            r->value[i] = bpf_map_push_elem(&map, &value, i == 4 ? BPF_EXIST : BPF_ANY);           \
        }                                                                                          \
        value = 5;                                                                                 \
        r->value[5] = bpf_map_push_elem(&map, &value, BPF_NOEXIST);                                \
        r->value[6] = bpf_map_peek_elem(&map, &value);                                             \
        r->value[7] = value;                                                                       \
        for (int i = 0; i < 4; i++) {                                                              \
            value = 1;                                                                             \
            r->value[8 + 2 * i] = bpf_map_pop_elem(&map, &value);                                  \
            r->value[9 + 2 * i] = value;                                                           \
        }                                                                                          \
        r->value[16] = bpf_map_peek_elem(&map, &value);                                            \
        return 4;                                                                                  \
    }
PUSH_POP(queued, queue)
PUSH_POP(stacked, stack)

PROGRAM("xdp", other_cpus, struct xdp_md)
{
    __u32 key = 1, cpu = bpf_get_smp_processor_id();
    __u64 *mine = bpf_map_lookup_elem(&per_cpu, &key);
    if (!mine)
        return 0;
    *mine = 77;
    __u64 *same = bpf_map_lookup_percpu_elem(&per_cpu, &key, cpu);
    r->value[0] = same ? *same : 0;
    r->value[1] = bpf_map_lookup_percpu_elem(&per_cpu, &key, 100000) == NULL;
    key = 2;
    r->value[2] = bpf_map_lookup_percpu_elem(&per_cpu, &key, cpu) == NULL;
    *mine = 0;
    return 5;
}

/* ---- ring buffers */

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

/* What earlier runs left is still in it: only differences count. */
PROGRAM("xdp", records, struct xdp_md)
{
    char bytes[24] = "a record of 24 bytes";
    __u64 before = bpf_ringbuf_query(&ring, BPF_RB_PROD_POS);
    r->value[0] = bpf_ringbuf_query(&ring, BPF_RB_RING_SIZE);
    r->value[1] = bpf_ringbuf_query(&ring, BPF_RB_CONS_POS);
    r->value[2] = bpf_ringbuf_query(&ring, 99);
    void *record = bpf_ringbuf_reserve(&ring, 13, 0);
    if (record)
        bpf_ringbuf_discard(record, 0);
    record = bpf_ringbuf_reserve(&ring, 16, 0);
    if (record) {
        __builtin_memset(record, 1, 16);
        bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
    }
    r->value[3] = bpf_ringbuf_output(&ring, bytes, sizeof(bytes), 0);
    r->value[4] = bpf_ringbuf_output(&ring, bytes, 8, 99);
    r->value[5] = bpf_ringbuf_query(&ring, BPF_RB_PROD_POS) - before;
    r->value[6] =
        bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) -
        (bpf_ringbuf_query(&ring, BPF_RB_PROD_POS) - bpf_ringbuf_query(&ring, BPF_RB_CONS_POS));
    record = bpf_ringbuf_reserve(&ring, 5000, 0);
    r->value[7] = record != NULL;
    if (record)
        bpf_ringbuf_discard(record, 0);
    return 6;
}

PROGRAM("xdp", dynptr_records, struct xdp_md)
{
    struct bpf_dynptr record;
    __u64 word = 5;
    r->value[0] = bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &record);
    r->value[1] = bpf_dynptr_write(&record, 8, &word, 8, 0);
    r->value[2] = bpf_dynptr_write(&record, 9, &word, 8, 0);
    r->value[3] = bpf_dynptr_data(&record, 0, 17) == NULL;
    bpf_ringbuf_discard_dynptr(&record, 0);
    r->value[4] = bpf_ringbuf_reserve_dynptr(&ring, 10000, 0, &record);
    r->value[5] = bpf_dynptr_write(&record, 0, &word, 8, 0);
    bpf_ringbuf_submit_dynptr(&record, 0);
    return 7;
}

/* ---- timers */

struct element {
    struct bpf_timer timer;
    __u64 count;
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, __u32);
    __type(value, struct element);
} timed SEC(".maps");

static int on_time(void *map, __u32 *key, struct element *element)
{
    element->count++;
    return 0;
}

PROGRAM("xdp", timers, struct xdp_md)
{
    __u32 zero = 0;
    struct element *e = bpf_map_lookup_elem(&timed, &zero);
    if (!e)
        return 0;
    /* The first run makes it; what that gives is for the second one to say. */
    bpf_timer_init(&e->timer, &timed, 1);
    r->value[0] = bpf_timer_init(&e->timer, &timed, 1);
    r->value[1] = bpf_timer_init(&e->timer, &timed, 5);
    r->value[2] = bpf_timer_set_callback(&e->timer, on_time);
    r->value[3] = bpf_timer_start(&e->timer, 3600000000000ull, 0);
    r->value[4] = bpf_timer_start(&e->timer, 1, 99);
    r->value[5] = bpf_timer_cancel(&e->timer);
    r->value[6] = bpf_timer_cancel(&e->timer);
    __u32 one = 1;
    e = bpf_map_lookup_elem(&timed, &one);
    if (!e)
        return 0;
    r->value[7] = bpf_timer_start(&e->timer, 1, 0);
    r->value[8] = bpf_timer_cancel(&e->timer);
    r->value[9] = bpf_timer_set_callback(&e->timer, on_time);
    return 8;
}

/* ---- events, prints, redirects */

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(max_entries, 2);
    __type(key, __u32);
    __type(value, __u32);
} events SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_DEVMAP);
    __uint(max_entries, 2);
    __type(key, __u32);
    __type(value, __u32);
} devices SEC(".maps");

PROGRAM("xdp", printed, struct xdp_md)
{
    static const char number[] = "%d and %s\n", text[] = "text";
    __u64 args[2] = { 42, (__u64)(long)text };
    r->value[0] = bpf_trace_printk("", 1);
    r->value[1] = bpf_trace_printk("twelve bytes", 13);
    r->value[2] = bpf_trace_vprintk(number, sizeof(number), args, sizeof(args));
    r->value[3] = bpf_trace_vprintk(number, sizeof(number), args, 8);
    return 9;
}

PROGRAM("xdp", redirected, struct xdp_md)
{
    r->value[0] = bpf_redirect(1, 0);
    r->value[1] = bpf_redirect(1, 1);
    r->value[2] = bpf_redirect_map(&devices, 0, 0);
    r->value[3] = bpf_redirect_map(&devices, 1, XDP_DROP);
    r->value[4] = bpf_redirect_map(&devices, 5, XDP_TX);
    r->value[5] = bpf_redirect_map(&devices, 0, 0x100);
    return XDP_PASS;
}

PROGRAM("tc", tc_redirected, struct __sk_buff)
{
    r->value[0] = bpf_redirect(1, 0);
    r->value[1] = bpf_redirect(1, BPF_F_INGRESS);
    r->value[2] = bpf_redirect(1, 0x100);
    bpf_set_hash_invalid(ctx);
    r->value[3] = bpf_skb_ecn_set_ce(ctx);
    return TC_ACT_OK;
}

PROGRAM("tc", stamped, struct __sk_buff)
{
    for (int i = 0; i < 8; i++) { /* kinds of clocks, without and with a time */
        r->value[3 * i] = bpf_skb_set_tstamp(ctx, i & 1 ? 1000 + i : 0, i / 2);
        r->value[3 * i + 1] = ctx->tstamp;
        r->value[3 * i + 2] = ctx->tstamp_type;
    }
    return TC_ACT_OK;
}

PROGRAM("xdp", unheard_events, struct xdp_md)
{
    __u64 word = 1;
    r->value[0] = bpf_perf_event_output(ctx, &events, 0, &word, sizeof(word));
    r->value[1] = bpf_perf_event_output(ctx, &events, 7, &word, sizeof(word));
    r->value[2] = bpf_perf_event_output(ctx, &events, 1ull << 40, &word, sizeof(word));
    r->value[3] = bpf_perf_event_output(ctx, &events, 1ull << 52, &word, sizeof(word));
    r->value[4] = bpf_perf_event_output(ctx, &events, 1000ull << 32, &word, sizeof(word));
    return 10;
}

/* Nobody listens on these ports. */
PROGRAM("tc", no_sockets, struct __sk_buff)
{
    struct bpf_sock_tuple tuple = { .ipv4 = { .saddr = 1, .daddr = 2, .sport = 3, .dport = 4 } };
    struct bpf_sock *sock = bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), -1, 0);
    r->value[0] = sock == NULL;
    if (sock)
        bpf_sk_release(sock);
    sock = bpf_sk_lookup_udp(ctx, &tuple, sizeof(tuple.ipv4), -1, 0);
    r->value[1] = sock == NULL;
    if (sock)
        bpf_sk_release(sock);
    sock = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), -1, 0);
    r->value[2] = sock == NULL;
    if (sock)
        bpf_sk_release(sock);
    sock = bpf_sk_lookup_tcp(ctx, &tuple, 5, -1, 0);
    r->value[3] = sock == NULL;
    if (sock)
        bpf_sk_release(sock);
    return 11;
}

/* ---- tail calls */

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 4);
    __type(key, __u32);
    __type(value, __u32);
} programs SEC(".maps");

PROGRAM("xdp", no_target, struct xdp_md)
{
    bpf_tail_call(ctx, &programs, 1);
    r->value[0] = 1;
    bpf_tail_call(ctx, &programs, 100);
    r->value[1] = 1;
    return 12;
}

/* ---- who asks: both sides run in the same process */

PROGRAM("syscall", task, void)
{
    char comm[16] = { 0 };
    r->value[0] = bpf_get_current_pid_tgid();
    r->value[1] = bpf_get_current_uid_gid();
    r->value[2] = bpf_get_current_comm(comm, sizeof(comm));
    __builtin_memcpy(&r->value[3], comm, 16);
    char small[4] = { 0 };
    r->value[5] = bpf_get_current_comm(small, sizeof(small));
    __builtin_memcpy(&r->value[6], small, 4);
    r->value[7] = bpf_get_current_task() != 0 || true;
    return 13;
}

static const char constant[] = "a constant string";

PROGRAM("syscall", reads, void)
{
    __u64 word = 0x1122334455667788, copy = 1;
    char text[8] = { 0 };
    r->value[0] = bpf_probe_read_kernel(&copy, 8, &word);
    r->value[1] = copy;
    copy = 9;
    /* Which error is the host's matter: no kernel has user space where this address is. */
    r->value[2] = bpf_probe_read_kernel(&copy, 8, NULL) < 0;
    r->value[3] = copy;
    r->value[4] = bpf_probe_read_kernel(&copy, 3, &word);
    r->value[5] = copy;
    copy = 9;
    r->value[6] = bpf_probe_read_kernel(&copy, 0, &word);
    r->value[7] = bpf_probe_read_kernel_str(text, sizeof(text), constant);
    __builtin_memcpy(&r->value[8], text, 8);
    r->value[9] = bpf_probe_read_kernel_str(text, 3, constant);
    r->value[10] = bpf_probe_read_kernel_str(text, sizeof(text), NULL) < 0;
    copy = 9;
    r->value[11] = bpf_probe_read_user(&copy, 8, NULL);
    r->value[12] = copy;
    r->value[13] = bpf_probe_read_user_str(text, sizeof(text), NULL);
    r->value[14] = bpf_copy_from_user(&copy, 8, NULL);
    r->value[15] = copy;
    return 14;
}

PROGRAM("syscall", texts, void)
{
    static const char good[] = "-0x1f", bad[] = "zz", big[] = "99999999999999999999";
    long s = 3;
    unsigned long u = 4;
    r->value[0] = bpf_strtol(good, sizeof(good), 0, &s);
    r->value[1] = s;
    r->value[2] = bpf_strtoul(good, sizeof(good), 0, &u);
    r->value[3] = u;
    r->value[4] = bpf_strtol(bad, sizeof(bad), 10, &s);
    r->value[5] = bpf_strtoul(big, sizeof(big), 10, &u);
    r->value[6] = u;
    r->value[7] = bpf_strtol(good, sizeof(good), 77, &s);
    return 15;
}

/* Types are each host's own, and so is the text of an object. */
PROGRAM("syscall", refused_types, void)
{
    char text[16] = "untouched";
    struct btf_ptr what = { .ptr = &text };
    r->value[0] = bpf_snprintf_btf(text, sizeof(text), &what, sizeof(what), 0);
    what.type_id = 1;
    r->value[1] = bpf_snprintf_btf(text, sizeof(text), &what, sizeof(what) - 1, 0);
    r->value[2] = bpf_snprintf_btf(text, sizeof(text), &what, sizeof(what), 1 << 10);
    __builtin_memcpy(&r->value[3], text, sizeof(text));
    return 20;
}

/* ---- iterators and exceptions */

struct bpf_iter_num___old { /* younger than some systems' headers */
    __u64 opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_num_new(struct bpf_iter_num___old *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num___old *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num___old *it) __weak __ksym;
extern void bpf_throw(__u64 cookie) __weak __ksym;
struct bpf_iter_bits___old {
    __u64 opaque[2];
} __attribute__((aligned(8)));
extern int bpf_iter_bits_new(struct bpf_iter_bits___old *it, const __u64 *words,
                             __u32 n) __weak __ksym;
extern int *bpf_iter_bits_next(struct bpf_iter_bits___old *it) __weak __ksym;
extern void bpf_iter_bits_destroy(struct bpf_iter_bits___old *it) __weak __ksym;
extern void bpf_preempt_disable(void) __weak __ksym;
extern void bpf_preempt_enable(void) __weak __ksym;

PROGRAM("xdp", iterated, struct xdp_md)
{
    struct bpf_iter_num___old it;
    int *i;
    r->value[0] = bpf_iter_num_new(&it, -3, 5);
    while ((i = bpf_iter_num_next(&it)))
        r->value[1] = r->value[1] * 10 + *i;
    r->value[2] = bpf_iter_num_next(&it) == NULL;
    bpf_iter_num_destroy(&it);
    r->value[3] = bpf_iter_num_new(&it, 5, 3);
    r->value[4] = bpf_iter_num_next(&it) == NULL;
    bpf_iter_num_destroy(&it);
    r->value[5] = bpf_iter_num_new(&it, 0, 1 << 30);
    r->value[6] = bpf_iter_num_next(&it) == NULL;
    bpf_iter_num_destroy(&it);
    return 16;
}

PROGRAM("xdp", bits_iterated, struct xdp_md)
{
    struct bpf_iter_bits___old it;
    __u64 words[2] = { 0x8000000000000005, 0x11 };
    int *bit;
    r->value[0] = bpf_iter_bits_new(&it, words, 2);
    while ((bit = bpf_iter_bits_next(&it)))
        r->value[1] = r->value[1] * 131 + *bit;
    bpf_iter_bits_destroy(&it);
    r->value[2] = bpf_iter_bits_new(&it, words, 0);
    r->value[3] = bpf_iter_bits_next(&it) == NULL;
    bpf_iter_bits_destroy(&it);
    r->value[4] = bpf_iter_bits_new(&it, words, 100000);
    r->value[5] = bpf_iter_bits_next(&it) == NULL;
    bpf_iter_bits_destroy(&it);
    return 18;
}

PROGRAM("xdp", undisturbed, struct xdp_md)
{
    bpf_preempt_disable();
    bpf_preempt_disable();
    r->value[0] = 1;
    bpf_preempt_enable();
    bpf_preempt_enable();
    return 19;
}

static __noinline int deeper(struct results *r, __u64 n)
{
    r->value[0] = n;
    if (n > 2)
        bpf_throw(n);
    return 5;
}

SEC("tc") int thrown(struct __sk_buff *ctx)
{
    struct results *r = results();
    if (!r)
        return -1;
    deeper(r, ctx->len);
    r->value[1] = 1;
    return 17;
}

/* ---- what only tracing may call: a raw tracepoint's arguments are 1, 2, 3 …, and at the end the
 * device and inode of the process's pid namespace */

struct {
    __uint(type, BPF_MAP_TYPE_STACK_TRACE);
    __uint(max_entries, 4);
    __type(key, __u32);
    __type(value, __u64[8]);
} stacks SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
    __uint(max_entries, 2);
    __type(key, __u32);
    __type(value, __u32);
} groups SEC(".maps");

PROGRAM("raw_tp/sys_enter", raw_reads, struct bpf_raw_tracepoint_args)
{
    __u64 word = 0x1122334455667788, copy = 1;
    char text[8] = { 0 };
    r->value[0] = ctx->args[0] * 100 + ctx->args[1] * 10 + ctx->args[2];
    r->value[1] = bpf_probe_read(&copy, 8, &word);
    r->value[2] = copy;
    r->value[3] = (__s64)bpf_probe_read(&copy, 8, NULL) < 0;
    r->value[4] = copy;
    r->value[5] = bpf_probe_read(&copy, 3, &word);
    r->value[6] = copy;
    r->value[7] = bpf_probe_read(&copy, 0, &word);
    r->value[8] = bpf_probe_read_str(text, sizeof(text), constant);
    __builtin_memcpy(&r->value[9], text, 8);
    r->value[10] = bpf_probe_read_str(text, 3, constant);
    __builtin_memcpy(&r->value[11], text, 8);
    r->value[12] = (__s64)bpf_probe_read_str(text, sizeof(text), NULL) < 0;
    r->value[13] = bpf_probe_read_str(text, sizeof(text), constant + sizeof(constant) - 1);
    return 0;
}

/* Stacks are each host's own; what is refused, and with which error, is not. */
PROGRAM("raw_tp/sys_enter", raw_refusals, struct bpf_raw_tracepoint_args)
{
    __u64 addresses[4];
    r->value[0] = bpf_get_stackid(ctx, &stacks, 1 << 20);
    r->value[1] = bpf_get_stack(ctx, addresses, sizeof(addresses), 1 << 20);
    r->value[2] = bpf_get_stack(ctx, addresses, 12, 0);
    r->value[3] = bpf_current_task_under_cgroup(&groups, 1);
    r->value[4] = bpf_current_task_under_cgroup(&groups, 2);
    return 0;
}

PROGRAM("raw_tp/sys_enter", raw_task, struct bpf_raw_tracepoint_args)
{
    struct bpf_pidns_info ids = { 7, 8 };
    r->value[0] = bpf_get_current_pid_tgid();
    r->value[1] = bpf_get_current_uid_gid();
    r->value[2] = bpf_get_ns_current_pid_tgid(ctx->args[10], ctx->args[11], &ids, sizeof(ids));
    r->value[3] = (__u64)ids.pid << 32 | ids.tgid;
    ids.pid = 9;
    r->value[4] = bpf_get_ns_current_pid_tgid(1, 2, &ids, 4);
    r->value[5] = ids.pid;
    return 0;
}

PROGRAM("raw_tp/sys_enter", raw_cookie, struct bpf_raw_tracepoint_args)
{
    r->value[0] = bpf_get_attach_cookie(ctx);
    return 0;
}

PROGRAM("raw_tp/sys_enter", raw_group, struct bpf_raw_tracepoint_args)
{
    r->value[0] = bpf_get_current_cgroup_id();
    return 0;
}

/* ---- values with a spin lock */

struct locked {
    struct bpf_spin_lock lock;
    __u64 count;
};
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 2);
    __type(key, __u32);
    __type(value, struct locked);
} locked SEC(".maps");

PROGRAM("tc", counted, struct __sk_buff)
{
    struct locked begun = { .count = 40 };
    __u32 key = 1;
    bpf_map_update_elem(&locked, &key, &begun, BPF_ANY);
    struct locked *l = bpf_map_lookup_elem(&locked, &key);
    for (int i = 0; l && i < 3; i++) {
        bpf_spin_lock(&l->lock);
        r->value[1 + i] = ++l->count;
        bpf_spin_unlock(&l->lock);
    }
    begun.count = 7;
    r->value[4] = bpf_map_update_elem(&locked, &key, &begun, BPF_F_LOCK);
    r->value[5] = l ? l->count : 0;
    return TC_ACT_OK;
}

/* Devices and routes are each host's own; requests that make no sense are refused alike. */
PROGRAM("tc", tc_refusals, struct __sk_buff)
{
    struct bpf_fib_lookup route = { .family = 99, .ifindex = 1 };
    r->value[0] = bpf_clone_redirect(ctx, 1 << 30, 0);
    r->value[1] = bpf_clone_redirect(ctx, 1, 1 << 10);
    r->value[2] = bpf_fib_lookup(ctx, &route, sizeof(route) - 1, 0);
    r->value[3] = bpf_fib_lookup(ctx, &route, sizeof(route), 1 << 20);
    r->value[4] = bpf_fib_lookup(ctx, &route, sizeof(route), 0);
    return TC_ACT_OK;
}

PROGRAM("xdp", xdp_routes, struct xdp_md)
{
    struct bpf_fib_lookup route = { .family = 99, .ifindex = 1 };
    r->value[0] = bpf_fib_lookup(ctx, &route, sizeof(route) - 1, 0);
    r->value[1] = bpf_fib_lookup(ctx, &route, sizeof(route), 1 << 20);
    r->value[2] = bpf_fib_lookup(ctx, &route, sizeof(route), 0);
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
