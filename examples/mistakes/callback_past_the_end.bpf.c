/* Mistake: bpf_loop calls back more often than the array has elements. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct sums {
    __u32 of[32];
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct sums);
} sums SEC(".maps");

static long clear_one(__u32 index, void *context)
{
    struct sums *all = *(struct sums **)context;
#ifdef FIXED
    if (index >= 32)
        return 1;
#endif
    all->of[index] = 0;
    return 0;
}

SEC("xdp")
int clear(struct xdp_md *ctx)
{
    __u32 zero = 0;
    struct sums *all = bpf_map_lookup_elem(&sums, &zero);
    if (!all)
        return XDP_PASS;
    bpf_loop(64, clear_one, &all, 0);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
