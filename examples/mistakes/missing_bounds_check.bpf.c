/* Mistake: a header is read from a packet that may end before it.
 *
 * Packets are as long as their sender made them.  Before a byte is read, the pointer behind it must
 * have been compared with data_end, and the program must leave when it lies beyond. */
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int drop_ipv6(struct xdp_md *ctx)
{
    struct ethhdr *ethernet = (void *)(long)ctx->data;
#ifdef FIXED
    void *end = (void *)(long)ctx->data_end;
    if ((void *)(ethernet + 1) > end)
        return XDP_PASS;
#endif
    return ethernet->h_proto == bpf_htons(ETH_P_IPV6) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
