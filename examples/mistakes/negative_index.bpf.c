/* Mistake: a signed index is compared with its upper limit only.
 *
 * It comes from the packet, and a sender may write -1. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct slots {
    __u32 seen[64];
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct slots);
} slots SEC(".maps");

SEC("xdp")
int count_slot(struct xdp_md *ctx)
{
    int *slot = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    __u32 zero = 0;
    struct slots *all = bpf_map_lookup_elem(&slots, &zero);
    if (!all || slot + 1 > end)
        return XDP_PASS;
    int index = *slot;
#ifdef FIXED
    if (index < 0)
        return XDP_PASS;
#endif
    if (index < 64)
        all->seen[index]++;
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
