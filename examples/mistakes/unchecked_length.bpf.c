/* Mistake: a length from the packet is the size of a copy to the stack.
 *
 * It may be 256, the buffer has 64 bytes. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int first_letter(struct xdp_md *ctx)
{
    char name[64] = { 0 };
    __u8 *length = (void *)(long)ctx->data;
    if (length + 1 > (__u8 *)(long)ctx->data_end)
        return XDP_PASS;
    __u32 bytes = *length;
#ifdef FIXED
    bytes %= sizeof(name);
#endif
    if (bpf_xdp_load_bytes(ctx, 1, name, bytes + 1))
        return XDP_PASS;
    return name[0] == 'x' ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
