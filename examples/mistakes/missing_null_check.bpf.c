/* Mistake: what a lookup returns is used as if the key were always there.
 *
 * bpf_map_lookup_elem returns NULL for a key that the map does not hold.  A program must look at
 * the pointer before it looks through it, also where it has just stored the key itself. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 256);
    __type(key, __u32);
    __type(value, __u64);
} packets_of_queue SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx)
{
    __u32 queue = ctx->rx_queue_index;
    __u64 *packets = bpf_map_lookup_elem(&packets_of_queue, &queue);
#ifdef FIXED
    if (!packets)
        return XDP_PASS;
#endif
    *packets += 1;
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
