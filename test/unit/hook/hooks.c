/* Every hook registers, every section name that libbpf knows has its program type, and accesses to
 * every field keep the rules: generated from the tables. */
#include "hook/hook.h"

#include "support/unit.h"

static struct mem mem;
static struct registry registry;

static void register_all(void)
{
    skep_error err = { 0 };
    mem_init(&mem, NULL, 0);
    registry_init(&registry, &mem);
    for (u32 i = 0; i < n_hooks; i++)
        if (registry_add_hook(&registry, hooks[i], &err) != SKEP_OK) {
            char text[256];
            skep_error_text(&err, text, sizeof(text));
            fail_msg("%s", text);
        }
}

/* The sections of libbpf 1.8 (its documentation: "Program Types and ELF Sections"), with a rest
 * where one may follow. */
static const struct {
    const char *section, *hook;
    bool sleepable;
} sections[] = {
    { "socket", "socket_filter", false },
    { "sk_reuseport/migrate", "sk_reuseport", false },
    { "sk_reuseport", "sk_reuseport", false },
    { "kprobe/f", "kprobe", false },
    { "uprobe/f:g", "kprobe", false },
    { "uprobe.s/f:g", "kprobe", true },
    { "kretprobe/f", "kprobe", false },
    { "uretprobe/f:g", "kprobe", false },
    { "uretprobe.s/f:g", "kprobe", true },
    { "kprobe.multi/f", "kprobe", false },
    { "kretprobe.multi/f", "kprobe", false },
    { "kprobe.session/f", "kprobe", false },
    { "uprobe.multi/f", "kprobe", false },
    { "uretprobe.multi/f", "kprobe", false },
    { "uprobe.session/f", "kprobe", false },
    { "uprobe.multi.s/f", "kprobe", true },
    { "uretprobe.multi.s/f", "kprobe", true },
    { "uprobe.session.s/f", "kprobe", true },
    { "ksyscall/f", "kprobe", false },
    { "kretsyscall/f", "kprobe", false },
    { "usdt/f", "kprobe", false },
    { "usdt.s/f", "kprobe", true },
    { "tc/ingress", "sched_cls", false },
    { "tc/egress", "sched_cls", false },
    { "tcx/ingress", "sched_cls", false },
    { "tcx/egress", "sched_cls", false },
    { "tc", "sched_cls", false },
    { "classifier", "sched_cls", false },
    { "classifier/any", "sched_cls", false },
    { "action", "sched_act", false },
    { "netkit/primary", "sched_cls", false },
    { "netkit/peer", "sched_cls", false },
    { "tracepoint/a/b", "tracepoint", false },
    { "tp/a/b", "tracepoint", false },
    { "tracepoint.s/a/b", "tracepoint", true },
    { "tp.s/a/b", "tracepoint", true },
    { "raw_tracepoint/a", "raw_tracepoint", false },
    { "raw_tp/a", "raw_tracepoint", false },
    { "raw_tracepoint.s/a", "raw_tracepoint", true },
    { "raw_tp.s/a", "raw_tracepoint", true },
    { "raw_tracepoint.w/a", "raw_tracepoint_writable", false },
    { "raw_tp.w/a", "raw_tracepoint_writable", false },
    { "tp_btf/a", "tracing", false },
    { "tp_btf.s/a", "tracing", true },
    { "fentry/f", "tracing", false },
    { "fmod_ret/f", "tracing", false },
    { "fexit/f", "tracing", false },
    { "fentry.s/f", "tracing", true },
    { "fmod_ret.s/f", "tracing", true },
    { "fexit.s/f", "tracing", true },
    { "fsession/f", "tracing", false },
    { "fsession.s/f", "tracing", true },
    { "freplace/f", "ext", false },
    { "lsm/h", "lsm", false },
    { "lsm.s/h", "lsm", true },
    { "lsm_cgroup/h", "lsm", false },
    { "iter/t", "tracing", false },
    { "iter.s/t", "tracing", true },
    { "syscall", "syscall", true },
    { "xdp.frags/devmap", "xdp", false },
    { "xdp/devmap", "xdp", false },
    { "xdp.frags/cpumap", "xdp", false },
    { "xdp/cpumap", "xdp", false },
    { "xdp.frags", "xdp", false },
    { "xdp", "xdp", false },
    { "perf_event", "perf_event", false },
    { "lwt_in", "lwt_in", false },
    { "lwt_out", "lwt_out", false },
    { "lwt_xmit", "lwt_xmit", false },
    { "lwt_seg6local", "lwt_seg6local", false },
    { "sockops", "sock_ops", false },
    { "sk_skb/stream_parser", "sk_skb", false },
    { "sk_skb/stream_verdict", "sk_skb", false },
    { "sk_skb/verdict", "sk_skb", false },
    { "sk_skb", "sk_skb", false },
    { "sk_msg", "sk_msg", false },
    { "lirc_mode2", "lirc_mode2", false },
    { "flow_dissector", "flow_dissector", false },
    { "cgroup_skb/ingress", "cgroup_skb", false },
    { "cgroup_skb/egress", "cgroup_skb", false },
    { "cgroup/skb", "cgroup_skb", false },
    { "cgroup/sock_create", "cgroup_sock", false },
    { "cgroup/sock_release", "cgroup_sock", false },
    { "cgroup/sock", "cgroup_sock", false },
    { "cgroup/post_bind4", "cgroup_sock", false },
    { "cgroup/post_bind6", "cgroup_sock", false },
    { "cgroup/bind4", "cgroup_sock_addr", false },
    { "cgroup/bind6", "cgroup_sock_addr", false },
    { "cgroup/connect4", "cgroup_sock_addr", false },
    { "cgroup/connect6", "cgroup_sock_addr", false },
    { "cgroup/connect_unix", "cgroup_sock_addr", false },
    { "cgroup/sendmsg4", "cgroup_sock_addr", false },
    { "cgroup/sendmsg6", "cgroup_sock_addr", false },
    { "cgroup/sendmsg_unix", "cgroup_sock_addr", false },
    { "cgroup/recvmsg4", "cgroup_sock_addr", false },
    { "cgroup/recvmsg6", "cgroup_sock_addr", false },
    { "cgroup/recvmsg_unix", "cgroup_sock_addr", false },
    { "cgroup/getpeername4", "cgroup_sock_addr", false },
    { "cgroup/getpeername6", "cgroup_sock_addr", false },
    { "cgroup/getpeername_unix", "cgroup_sock_addr", false },
    { "cgroup/getsockname4", "cgroup_sock_addr", false },
    { "cgroup/getsockname6", "cgroup_sock_addr", false },
    { "cgroup/getsockname_unix", "cgroup_sock_addr", false },
    { "cgroup/sysctl", "cgroup_sysctl", false },
    { "cgroup/getsockopt", "cgroup_sockopt", false },
    { "cgroup/setsockopt", "cgroup_sockopt", false },
    { "cgroup/dev", "cgroup_device", false },
    { "struct_ops/f", "struct_ops", false },
    { "struct_ops.s/f", "struct_ops", true },
    { "sk_lookup", "sk_lookup", false },
    { "netfilter", "netfilter", false },
    /* older habits */
    { "xdp_prog1", "xdp", false },
    { "socket1", "socket_filter", false },
    { "lirc_mode2/rc5", "lirc_mode2", false },
    { "classifier_main", "sched_cls", false },
};

TEST(libbpfs_sections_have_their_program_types)
{
    register_all();
    for (u32 i = 0; i < ARRAY_LEN(sections); i++) {
        bool sleepable = false;
        const struct skep_hook *hook =
            registry_hook_by_section(&registry, sections[i].section, &sleepable);
        if (!hook || strcmp(hook->name, sections[i].hook) != 0)
            fail_msg("%s is %s, not %s", sections[i].section, hook ? hook->name : "nothing",
                     sections[i].hook);
        if (sleepable != sections[i].sleepable)
            fail_msg("%s is %ssleepable", sections[i].section, sleepable ? "" : "not ");
    }
    static const char *const none[] = { ".text", "license", "version", "maps", "sk", "cgroup", "" };
    for (u32 i = 0; i < ARRAY_LEN(none); i++) {
        bool sleepable;
        assert_null(registry_hook_by_section(&registry, none[i], &sleepable));
    }
    registry_drop(&registry);
}

/* The rules, said again as a search over all fields. */
static const struct skep_ctx_field *expected_field(const struct skep_hook *hook, u32 offset,
                                                   u32 size)
{
    for (u32 i = 0; i < hook->n_fields; i++) {
        const struct skep_ctx_field *f = &hook->fields[i];
        bool whole = offset == f->offset && size == f->size;
        bool inside = offset >= f->offset && offset + size <= (u32)f->offset + f->size;
        bool narrow = f->kind == SKEP_FIELD_SCALAR && !(f->access & SKEP_FIELD_NO_NARROW);
        if (whole || (inside && narrow && offset % size == 0))
            return f;
    }
    return NULL;
}

TEST(accesses_to_every_field_keep_the_rules)
{
    static const u32 sizes[] = { 1, 2, 4, 8 };
    u32 n = 0;
    for (u32 i = 0; i < n_hooks; i++) {
        const struct skep_hook *hook = hooks[i];
        if (hook->ctx_kind != SKEP_CTX_FIELDS)
            continue;
        for (u32 offset = 0; offset < hook->ctx_size + 16u; offset++)
            for (u32 s = 0; s < ARRAY_LEN(sizes); s++, n++) {
                const struct skep_ctx_field *f = expected_field(hook, offset, sizes[s]);
                assert_ptr_equal(hook_field_at(hook, offset, sizes[s]), f);
                bool reads = f && (f->access & SKEP_FIELD_READ);
                assert_ptr_equal(hook_field_to_load(hook, offset, sizes[s]), reads ? f : NULL);
                bool writes = f && (f->access & SKEP_FIELD_WRITE) && f->kind == SKEP_FIELD_SCALAR &&
                              (f->host_size > 8 || sizes[s] == f->size);
                assert_ptr_equal(hook_field_to_store(hook, offset, sizes[s]), writes ? f : NULL);
            }
    }
    assert_in_range(n, 4000, 1000000);
}

static bool may(const char *hook_name, const char *field_name, bool write)
{
    for (u32 i = 0; i < n_hooks; i++)
        for (u32 k = 0; strcmp(hooks[i]->name, hook_name) == 0 && k < hooks[i]->n_fields; k++) {
            const struct skep_ctx_field *f = &hooks[i]->fields[k];
            if (strcmp(f->name, field_name) == 0)
                return write ? hook_field_to_store(hooks[i], f->offset, f->size > 8 ? 4 : f->size)
                             : hook_field_to_load(hooks[i], f->offset, f->size > 8 ? 4 : f->size);
        }
    fail_msg("no %s.%s", hook_name, field_name);
    return false;
}

TEST(program_types_see_their_part_of_an_skb)
{
    assert_true(may("sched_cls", "mark", true));
    assert_false(may("socket_filter", "mark", true));
    assert_true(may("socket_filter", "mark", false));
    assert_true(may("socket_filter", "cb", true));
    assert_false(may("socket_filter", "data", false));
    assert_true(may("sched_cls", "data", false));
    assert_false(may("sched_cls", "data", true));
    assert_false(may("sched_cls", "family", false));
    assert_true(may("cgroup_skb", "family", false));
    assert_false(may("cgroup_skb", "tc_classid", false));
    assert_true(may("sched_act", "tc_classid", true));
    assert_true(may("flow_dissector", "flow_keys", false));
    assert_false(may("flow_dissector", "mark", false));
    assert_true(may("lwt_xmit", "priority", true));
    assert_false(may("sk_skb", "cb", true));
    assert_false(may("sk_skb", "data_meta", false));
    assert_false(may("xdp", "ingress_ifindex", true));
}

static const struct skep_hook *find(const char *name)
{
    for (u32 i = 0; i < n_hooks; i++)
        if (strcmp(hooks[i]->name, name) == 0)
            return hooks[i];
    fail_msg("no hook %s", name);
    return NULL;
}

TEST(frames_are_understood_as_ethernet)
{
    u8 frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x86, 0xdd, 0x60 };
    mem_init(&mem, NULL, 0);
    struct skep_packet *packet = packet_new(&mem, 100);
    assert_int_equal(packet_set(packet, frame, 60), SKEP_OK);
    find("sched_cls")->prepare(packet);
    const u8 ipv6[4] = { 0x86, 0xdd, 0, 0 };
    assert_memory_equal(&packet->protocol, ipv6, 4);
    assert_int_equal(packet->pkt_type, 1);
    assert_int_equal(packet->wire_len, 60);
    assert_int_equal(packet->network_header_offset, 14);
    packet->protocol = 77;
    find("socket_filter")->prepare(packet);
    assert_int_equal(packet->protocol, 77);

    memcpy(frame, "\001\0\0\0\0\0", 6);
    memcpy(frame + 12, "\0\056", 2);
    assert_int_equal(packet_set(packet, frame, 60), SKEP_OK);
    packet->mark = 5;
    find("cgroup_skb")->prepare(packet);
    find("cgroup_skb")->prepare(packet);
    const u8 llc[4] = { 0, 4, 0, 0 };
    assert_memory_equal(&packet->protocol, llc, 4);
    assert_int_equal(packet->pkt_type, 2);
    assert_int_equal(packet->data[0], 0x60);
    assert_int_equal(packet->length, 46);
    assert_int_equal(packet->mark, 5);

    assert_int_equal(packet_set(packet, frame, 13), SKEP_OK);
    find("sched_cls")->prepare(packet);
    assert_int_equal(packet->protocol, 0);
    packet_delete(packet);
}

UNIT_TESTS(UNIT(libbpfs_sections_have_their_program_types),
           UNIT(accesses_to_every_field_keep_the_rules),
           UNIT(program_types_see_their_part_of_an_skb), UNIT(frames_are_understood_as_ethernet))
