/* Mistake: <= where < is meant.
 *
 * An array of 16 has no element 16. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct histogram {
    __u64 buckets[16];
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct histogram);
} sizes SEC(".maps");

SEC("xdp")
int count_size(struct xdp_md *ctx)
{
    __u32 zero = 0, bucket = (__u32)(ctx->data_end - ctx->data) / 64;
    struct histogram *histogram = bpf_map_lookup_elem(&sizes, &zero);
    if (!histogram)
        return XDP_PASS;
#ifdef FIXED
    if (bucket < 16)
#else
    if (bucket <= 16)
#endif
        histogram->buckets[bucket]++;
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
