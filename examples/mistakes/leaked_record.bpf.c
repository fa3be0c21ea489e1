/* Mistake: a record of a ring buffer that is not given back on every path.
 *
 * What bpf_ringbuf_reserve returns must go to bpf_ringbuf_submit or bpf_ringbuf_discard.  Readers
 * wait for a record that was reserved, so one that is forgotten stops them for ever. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct event {
    __u32 queue, bytes;
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int report(struct xdp_md *ctx)
{
    __u32 bytes = ctx->data_end - ctx->data;
    struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
    if (!event)
        return XDP_PASS;
    event->queue = ctx->rx_queue_index;
    event->bytes = bytes;
    if (bytes < 64) {
#ifdef FIXED
        bpf_ringbuf_discard(event, 0);
#endif
        return XDP_PASS;
    }
    bpf_ringbuf_submit(event, 0);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
