/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The program that the embedding example of README.md runs: counts packets in a map, and their
 * bytes in a global variable. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
} packets SEC(".maps");

__u64 bytes;

SEC("xdp")
int count(struct xdp_md *ctx)
{
    __u32 key = 0;
    __u64 *counter = bpf_map_lookup_elem(&packets, &key);
    if (counter)
        __sync_fetch_and_add(counter, 1);
    __sync_fetch_and_add(&bytes, ctx->data_end - ctx->data);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
