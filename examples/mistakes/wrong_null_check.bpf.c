/* Mistake: two lookups, one check. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 256);
    __type(key, __u32);
    __type(value, __u64);
} packets SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 256);
    __type(key, __u32);
    __type(value, __u64);
} bytes SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx)
{
    __u32 queue = ctx->rx_queue_index;
    __u64 *n = bpf_map_lookup_elem(&packets, &queue);
    __u64 *sum = bpf_map_lookup_elem(&bytes, &queue);
#ifdef FIXED
    if (!n || !sum)
        return XDP_PASS;
#else
    if (!n)
        return XDP_PASS;
#endif
    *n += 1;
    *sum += ctx->data_end - ctx->data;
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
