/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A policy for a server's requests: a program type that Linux does not know. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "request.h"

static long (*requests_this_second)(__u32 client) = (void *)REQUEST_HELPER_ID;

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, __u32);
    __type(value, __u64);
} denied SEC(".maps");

static __noinline int deny(__u32 client)
{
    __u64 one = 1, *count = bpf_map_lookup_elem(&denied, &client);
    if (count)
        __sync_fetch_and_add(count, 1);
    else
        bpf_map_update_elem(&denied, &client, &one, BPF_ANY);
    return REQUEST_DENY;
}

SEC("request")
int limit(struct request_ctx *ctx)
{
    const char *path = ctx->path;
    if (path[0] == '/' && path[1] == '.')
        return deny(ctx->client);
    if (ctx->bytes > 1 << 20)
        return deny(ctx->client);
    if (requests_this_second(ctx->client) > 2)
        return REQUEST_LATER;
    if (ctx->method == 'G')
        ctx->priority = 1;
    return REQUEST_ALLOW;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
