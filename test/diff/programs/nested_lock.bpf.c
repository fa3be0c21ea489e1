/* A lock in a struct in a struct, for objects_kernel.c: kernels before 6.11 do not find it. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct counters {
    __u32 n;
    struct bpf_spin_lock lock;
};
struct flow {
    __u16 port;
    struct counters counters;
};
struct value {
    __u64 before;
    struct flow flow;
    __u64 results[8];
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct value);
} locked SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64[8]);
} out SEC(".maps");

SEC("tc")
int count(struct __sk_buff *skb)
{
    __u32 zero = 0, n;
    struct value *v = bpf_map_lookup_elem(&locked, &zero);
    __u64 *r = bpf_map_lookup_elem(&out, &zero);
    if (!v || !r)
        return 0;
    bpf_spin_lock(&v->flow.counters.lock);
    n = ++v->flow.counters.n;
    bpf_spin_unlock(&v->flow.counters.lock);
    r[0] = n;
    return 2;
}

char _license[] SEC("license") = "GPL";
