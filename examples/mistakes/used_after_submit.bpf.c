/* Mistake: a record is written to after it was submitted.
 *
 * From then on it belongs to the reader, and the ring may give its place to somebody else. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct event {
    __u32 queue;
    volatile __u32 bytes;
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
#ifdef FIXED
    event->bytes = bytes;
#endif
    bpf_ringbuf_submit(event, 0);
#ifndef FIXED
    event->bytes = bytes;
#endif
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
