/* Mistake: an early return between lock and unlock.
 *
 * Whoever wants the lock next waits for ever. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct bucket {
    struct bpf_spin_lock lock;
    __u32 tokens;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct bucket);
} buckets SEC(".maps");

SEC("xdp")
int limit(struct xdp_md *ctx)
{
    __u32 zero = 0;
    struct bucket *bucket = bpf_map_lookup_elem(&buckets, &zero);
    if (!bucket)
        return XDP_PASS;
    bpf_spin_lock(&bucket->lock);
    if (bucket->tokens == 0) {
#ifdef FIXED
        bpf_spin_unlock(&bucket->lock);
#endif
        return XDP_DROP;
    }
    bucket->tokens--;
    bpf_spin_unlock(&bucket->lock);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
