/* Every field of every context is where <linux/bpf.h> puts it, and every program type has the
 * number that it has there. */
#include "hook/hook.h"

#include "support/unit.h"

#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>

struct uapi_field {
    const char *hook, *name;
    size_t offset, size;
};

#define F(hook, type, member)                                                                      \
    {                                                                                              \
        hook, #member, offsetof(struct type, member), sizeof(((struct type *)0)->member)           \
    }
#define XDP(member) F("xdp", xdp_md, member)
#define SKB(member) F("sched_cls", __sk_buff, member)
#define SOCK(member) F("cgroup_sock", bpf_sock, member)
#define ADDR(member) F("cgroup_sock_addr", bpf_sock_addr, member)
#define OPS(member) F("sock_ops", bpf_sock_ops, member)
#define REG(hook, member) F(hook, pt_regs, member)
#define REGS(h)                                                                                    \
    REG(h, r15), REG(h, r14), REG(h, r13), REG(h, r12), REG(h, rbp), REG(h, rbx), REG(h, r11),     \
        REG(h, r10), REG(h, r9), REG(h, r8), REG(h, rax), REG(h, rcx), REG(h, rdx), REG(h, rsi),   \
        REG(h, rdi), REG(h, orig_rax), REG(h, rip), REG(h, cs), REG(h, eflags), REG(h, rsp),       \
        REG(h, ss)
#define MSG(member) F("sk_msg", sk_msg_md, member)
#define REUSE(member) F("sk_reuseport", sk_reuseport_md, member)
#define LOOKUP(member) F("sk_lookup", bpf_sk_lookup, member)
#define OPT(member) F("cgroup_sockopt", bpf_sockopt, member)

/* clang-format off */
static const struct uapi_field uapi_fields[] = {
    XDP(data), XDP(data_end), XDP(data_meta), XDP(ingress_ifindex), XDP(rx_queue_index),
    XDP(egress_ifindex),

    SKB(len), SKB(pkt_type), SKB(mark), SKB(queue_mapping), SKB(protocol), SKB(vlan_present),
    SKB(vlan_tci), SKB(vlan_proto), SKB(priority), SKB(ingress_ifindex), SKB(ifindex),
    SKB(tc_index), SKB(cb), SKB(hash), SKB(tc_classid), SKB(data), SKB(data_end), SKB(napi_id),
    SKB(family), SKB(remote_ip4), SKB(local_ip4), SKB(remote_ip6[0]), SKB(remote_ip6[1]),
    SKB(remote_ip6[2]), SKB(remote_ip6[3]), SKB(local_ip6[0]), SKB(local_ip6[1]),
    SKB(local_ip6[2]), SKB(local_ip6[3]), SKB(remote_port), SKB(local_port), SKB(data_meta),
    SKB(flow_keys), SKB(tstamp), SKB(wire_len), SKB(gso_segs), SKB(sk), SKB(gso_size),
    SKB(tstamp_type), SKB(hwtstamp),

    SOCK(bound_dev_if), SOCK(family), SOCK(type), SOCK(protocol), SOCK(mark), SOCK(priority),
    SOCK(src_ip4), SOCK(src_ip6), SOCK(src_port), SOCK(dst_port), SOCK(dst_ip4), SOCK(dst_ip6),
    SOCK(state), SOCK(rx_queue_mapping),

    ADDR(user_family), ADDR(user_ip4), ADDR(user_ip6), ADDR(user_port), ADDR(family), ADDR(type),
    ADDR(protocol), ADDR(msg_src_ip4), ADDR(msg_src_ip6), ADDR(sk),

    OPS(op), OPS(args), OPS(family), OPS(remote_ip4), OPS(local_ip4), OPS(remote_ip6),
    OPS(local_ip6), OPS(remote_port), OPS(local_port), OPS(is_fullsock), OPS(snd_cwnd),
    OPS(srtt_us), OPS(bpf_sock_ops_cb_flags), OPS(state), OPS(rtt_min), OPS(snd_ssthresh),
    OPS(rcv_nxt), OPS(snd_nxt), OPS(snd_una), OPS(mss_cache), OPS(ecn_flags), OPS(rate_delivered),
    OPS(rate_interval_us), OPS(packets_out), OPS(retrans_out), OPS(total_retrans), OPS(segs_in),
    OPS(data_segs_in), OPS(segs_out), OPS(data_segs_out), OPS(lost_out), OPS(sacked_out),
    OPS(sk_txhash), OPS(bytes_received), OPS(bytes_acked), OPS(sk), OPS(skb_data),
    OPS(skb_data_end), OPS(skb_len), OPS(skb_tcp_flags),
    { "sock_ops", "skb_hwtstamp", 216, 8 }, /* newer than the headers of Debian 12 */

#ifdef __x86_64__ /* the other CPUs' tables have names that their headers write as an array */
    REGS("kprobe"), REGS("perf_event"), F("perf_event", bpf_perf_event_data, sample_period),
    F("perf_event", bpf_perf_event_data, addr),
#endif

    MSG(data), MSG(data_end), MSG(family), MSG(remote_ip4), MSG(local_ip4), MSG(remote_ip6),
    MSG(local_ip6), MSG(remote_port), MSG(local_port), MSG(size), MSG(sk),

    REUSE(data), REUSE(data_end), REUSE(len), REUSE(eth_protocol), REUSE(ip_protocol),
    REUSE(bind_inany), REUSE(hash), REUSE(sk), REUSE(migrating_sk),

    LOOKUP(sk), LOOKUP(family), LOOKUP(protocol), LOOKUP(remote_ip4), LOOKUP(remote_ip6),
    { "sk_lookup", "remote_port", offsetof(struct bpf_sk_lookup, remote_port), 4 }, /* padded */
    LOOKUP(local_ip4), LOOKUP(local_ip6), LOOKUP(local_port), LOOKUP(ingress_ifindex),

    OPT(sk), OPT(optval), OPT(optval_end), OPT(level), OPT(optname), OPT(optlen), OPT(retval),

    F("cgroup_device", bpf_cgroup_dev_ctx, access_type),
    F("cgroup_device", bpf_cgroup_dev_ctx, major),
    F("cgroup_device", bpf_cgroup_dev_ctx, minor),
    F("cgroup_sysctl", bpf_sysctl, write), F("cgroup_sysctl", bpf_sysctl, file_pos),
    { "lirc_mode2", "sample", 0, 4 },
    { "netfilter", "state", 0, 8 }, { "netfilter", "skb", 8, 8 },
};
/* clang-format on */

static const struct {
    const char *hook;
    u32 id;
    size_t ctx_size;
} uapi_types[] = {
    { "socket_filter", BPF_PROG_TYPE_SOCKET_FILTER, sizeof(struct __sk_buff) },
    { "kprobe", BPF_PROG_TYPE_KPROBE, sizeof(bpf_user_pt_regs_t) },
    { "sched_cls", BPF_PROG_TYPE_SCHED_CLS, sizeof(struct __sk_buff) },
    { "sched_act", BPF_PROG_TYPE_SCHED_ACT, sizeof(struct __sk_buff) },
    { "tracepoint", BPF_PROG_TYPE_TRACEPOINT, 8192 },
    { "xdp", BPF_PROG_TYPE_XDP, sizeof(struct xdp_md) },
    { "perf_event", BPF_PROG_TYPE_PERF_EVENT, sizeof(struct bpf_perf_event_data) },
    { "cgroup_skb", BPF_PROG_TYPE_CGROUP_SKB, sizeof(struct __sk_buff) },
    { "cgroup_sock", BPF_PROG_TYPE_CGROUP_SOCK, sizeof(struct bpf_sock) },
    { "lwt_in", BPF_PROG_TYPE_LWT_IN, sizeof(struct __sk_buff) },
    { "lwt_out", BPF_PROG_TYPE_LWT_OUT, sizeof(struct __sk_buff) },
    { "lwt_xmit", BPF_PROG_TYPE_LWT_XMIT, sizeof(struct __sk_buff) },
    { "sock_ops", BPF_PROG_TYPE_SOCK_OPS, 224 },
    { "sk_skb", BPF_PROG_TYPE_SK_SKB, sizeof(struct __sk_buff) },
    { "cgroup_device", BPF_PROG_TYPE_CGROUP_DEVICE, sizeof(struct bpf_cgroup_dev_ctx) },
    { "sk_msg", BPF_PROG_TYPE_SK_MSG, sizeof(struct sk_msg_md) },
    { "raw_tracepoint", BPF_PROG_TYPE_RAW_TRACEPOINT, 96 },
    { "cgroup_sock_addr", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, sizeof(struct bpf_sock_addr) },
    { "lwt_seg6local", BPF_PROG_TYPE_LWT_SEG6LOCAL, sizeof(struct __sk_buff) },
    { "lirc_mode2", BPF_PROG_TYPE_LIRC_MODE2, 4 },
    { "sk_reuseport", BPF_PROG_TYPE_SK_REUSEPORT, sizeof(struct sk_reuseport_md) },
    { "flow_dissector", BPF_PROG_TYPE_FLOW_DISSECTOR, sizeof(struct __sk_buff) },
    { "cgroup_sysctl", BPF_PROG_TYPE_CGROUP_SYSCTL, sizeof(struct bpf_sysctl) },
    { "raw_tracepoint_writable", BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, 96 },
    { "cgroup_sockopt", BPF_PROG_TYPE_CGROUP_SOCKOPT, sizeof(struct bpf_sockopt) },
    { "tracing", BPF_PROG_TYPE_TRACING, 96 },
    { "struct_ops", BPF_PROG_TYPE_STRUCT_OPS, 96 },
    { "ext", BPF_PROG_TYPE_EXT, 96 },
    { "lsm", BPF_PROG_TYPE_LSM, 96 },
    { "sk_lookup", BPF_PROG_TYPE_SK_LOOKUP, sizeof(struct bpf_sk_lookup) },
    { "syscall", BPF_PROG_TYPE_SYSCALL, 0 },
    { "netfilter", 32, 16 },
};

static const struct skep_hook *hook_named(const char *name)
{
    for (u32 i = 0; i < n_hooks; i++)
        if (strcmp(hooks[i]->name, name) == 0)
            return hooks[i];
    fail_msg("no hook %s", name);
    return NULL;
}

TEST(program_types_have_linuxs_numbers_and_contexts)
{
    assert_int_equal(ARRAY_LEN(uapi_types), 32);
    for (u32 i = 0; i < ARRAY_LEN(uapi_types); i++) {
        const struct skep_hook *hook = hook_named(uapi_types[i].hook);
        assert_int_equal(hook->id, uapi_types[i].id);
        if (hook->ctx_size != uapi_types[i].ctx_size)
            fail_msg("%s: %u bytes, not %zu", hook->name, hook->ctx_size, uapi_types[i].ctx_size);
    }
}

/* Programs that see an skb all share one table, so its offsets are checked once. */
static const char *table_of(const struct skep_hook *hook)
{
    return hook->n_fields && hook->ctx_size == sizeof(struct __sk_buff) ? "sched_cls" : hook->name;
}

static const struct uapi_field *uapi_field(const char *hook, const char *name)
{
    for (u32 i = 0; i < ARRAY_LEN(uapi_fields); i++)
        if (strcmp(uapi_fields[i].hook, hook) == 0 && strcmp(uapi_fields[i].name, name) == 0)
            return &uapi_fields[i];
    fail_msg("%s.%s is not in the table of this test", hook, name);
    return NULL;
}

TEST(fields_lie_where_the_header_puts_them)
{
    u32 n = 0;
    for (u32 i = 0; i < n_hooks; i++)
        for (u32 k = 0; k < hooks[i]->n_fields; k++, n++) {
#ifndef __x86_64__
            if (hooks[i]->ctx_kind == SKEP_CTX_MEMORY)
                continue;
#endif
            const struct skep_ctx_field *field = &hooks[i]->fields[k];
            const struct uapi_field *expected = uapi_field(table_of(hooks[i]), field->name);
            u32 size = strcmp(field->name, "tstamp_type") == 0 ? 1 : (u32)expected->size;
            if (field->offset != expected->offset || field->size != size)
                fail_msg("%s.%s", hooks[i]->name, field->name);
        }
    assert_in_range(n, ARRAY_LEN(uapi_fields), 10000);
}

TEST(no_field_is_missing)
{
    for (u32 i = 0; i < ARRAY_LEN(uapi_fields); i++) {
        const struct skep_hook *hook = hook_named(uapi_fields[i].hook);
        u32 k = 0;
        while (k < hook->n_fields && strcmp(hook->fields[k].name, uapi_fields[i].name) != 0)
            k++;
        if (k == hook->n_fields)
            fail_msg("%s.%s", uapi_fields[i].hook, uapi_fields[i].name);
    }
}

UNIT_TESTS(UNIT(program_types_have_linuxs_numbers_and_contexts),
           UNIT(fields_lie_where_the_header_puts_them), UNIT(no_field_is_missing))
