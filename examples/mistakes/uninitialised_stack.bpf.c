/* Mistake: a key whose padding nobody wrote.
 *
 * Helpers read the whole key.  The bytes between its fields are whatever the stack held before: the
 * lookup finds the entry on some days only, and a map that keeps such a key shows old stack
 * contents to whoever reads it.  Profile strict refuses it; Linux does for programs without
 * CAP_PERFMON. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct key {
    __u8 protocol; /* three bytes of padding follow */
    __u32 queue;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 256);
    __type(key, struct key);
    __type(value, __u64);
} seen SEC(".maps");

SEC("xdp")
int remember(struct xdp_md *ctx)
{
    __u64 one = 1;
    struct key key;
#ifdef FIXED
    __builtin_memset(&key, 0, sizeof(key));
#endif
    key.protocol = 6;
    key.queue = ctx->rx_queue_index;
    bpf_map_update_elem(&seen, &key, &one, BPF_ANY);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
