/* Mistake: what follows a header of variable size is not compared with the packet's end.
 *
 * That the IP header is there says nothing of the ports behind it: with options it is longer. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int drop_dns(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    struct iphdr *ip = data + sizeof(struct ethhdr);
    if ((void *)(ip + 1) > end)
        return XDP_PASS;
    __be16 *ports = (void *)ip + ip->ihl * 4;
#ifdef FIXED
    if ((void *)(ports + 2) > end)
        return XDP_PASS;
#endif
    return ports[1] == bpf_htons(53) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
