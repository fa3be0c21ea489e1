/* Mistake: a loop whose progress is decided by its input.
 *
 * Each option says how long it is.  One that says 0 keeps the loop where it is, for ever: every
 * round must be shown to make progress. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int count_options(struct xdp_md *ctx)
{
    __u8 *option = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    int options = 0;
    while (option + 2 <= end) {
        __u8 bytes = option[1];
#ifdef FIXED
        if (bytes < 2)
            return XDP_DROP;
#endif
        option += bytes;
        options++;
    }
    return options < 10 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
