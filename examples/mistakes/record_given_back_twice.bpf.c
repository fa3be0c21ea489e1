/* Mistake: one path submits a record and then goes on to where it is discarded. */
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
    if (bytes > 60) {
        bpf_ringbuf_submit(event, 0);
#ifdef FIXED
        return XDP_PASS;
#endif
    }
    bpf_ringbuf_discard(event, 0);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
