/* Mistake: a pointer into the packet is used after the packet was moved.
 *
 * bpf_xdp_adjust_head may copy the packet somewhere else.  data and data_end must be read, and
 * compared, again. */
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int encapsulate(struct xdp_md *ctx)
{
    struct ethhdr *ethernet = (void *)(long)ctx->data;
    if ((void *)(ethernet + 1) > (void *)(long)ctx->data_end)
        return XDP_PASS;
    if (bpf_xdp_adjust_head(ctx, -8))
        return XDP_DROP;
#ifdef FIXED
    ethernet = (void *)(long)ctx->data;
    if ((void *)(ethernet + 1) > (void *)(long)ctx->data_end)
        return XDP_DROP;
#endif
    ethernet->h_proto = bpf_htons(ETH_P_8021Q);
    return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
