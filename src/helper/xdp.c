/* XDP frames: moving their limits, reading and writing across fragments, and questions to a network
 * stack that an ordinary process does not have. */
#include "helper/packet.h"

#define HELPER_ADJUST(SYMBOL, NAME, ID, WORK)                                                      \
    static u64 SYMBOL##_run(struct skep_thread *thread, u64 xdp, u64 delta, u64 a3, u64 a4,        \
                            u64 a5)                                                                \
    {                                                                                              \
        (void)xdp, (void)a3, (void)a4, (void)a5;                                                   \
        return helper_errno(WORK(thread->packet, (s32)delta));                                     \
    }                                                                                              \
    const struct skep_helper SYMBOL = {                                                            \
        HELPER_HEAD(NAME, ID, XDP, SYMBOL##_run),                                                  \
        .args = { ARG_CTX, ARG_ANY },                                                              \
        .effects = SKEP_MOVES_PACKET,                                                              \
    }

HELPER_ADJUST(helper_xdp_adjust_head, "bpf_xdp_adjust_head", 44, packet_adjust_head);
HELPER_ADJUST(helper_xdp_adjust_meta, "bpf_xdp_adjust_meta", 54, packet_adjust_meta);
HELPER_ADJUST(helper_xdp_adjust_tail, "bpf_xdp_adjust_tail", 65, packet_adjust_tail);
#undef HELPER_ADJUST

static u64 helper_frame_length(struct skep_thread *thread, u64 xdp, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)xdp, (void)a2, (void)a3, (void)a4, (void)a5;
    return thread->packet->length;
}

const struct skep_helper helper_xdp_get_buff_len = {
    HELPER_HEAD("bpf_xdp_get_buff_len", 188, XDP, helper_frame_length),
    .args = { ARG_CTX },
    .ret = { .lo = 0, .hi = UINT32_MAX },
};

/* Outside of what a frame can be: -EFAULT; of what this one is: -EINVAL. */
static int helper_frame_range(const struct skep_packet *packet, u64 offset, u64 size)
{
    if ((u32)offset > 0xffff || size > 0xffff)
        return -EFAULT;
    return (u32)offset + size > packet->length ? -EINVAL : 0;
}

static u64 helper_frame_load(struct skep_thread *thread, u64 xdp, u64 offset, u64 to, u64 size,
                             u64 a5)
{
    (void)xdp, (void)a5;
    int error = helper_frame_range(thread->packet, offset, size);
    if (!error)
        error = packet_load(thread->packet, (u32)offset, helper_pointer(to), (u32)size);
    return helper_errno(error);
}

const struct skep_helper helper_xdp_load_bytes = {
    HELPER_HEAD("bpf_xdp_load_bytes", 189, XDP, helper_frame_load),
    .args = { ARG_CTX, ARG_ANY, ARG_W, ARG_SIZE },
    .cost = 10,
};

static u64 helper_frame_store(struct skep_thread *thread, u64 xdp, u64 offset, u64 from, u64 size,
                              u64 a5)
{
    (void)xdp, (void)a5;
    int error = helper_frame_range(thread->packet, offset, size);
    if (!error)
        error = packet_store(thread->packet, (u32)offset, helper_pointer(from), (u32)size);
    return helper_errno(error);
}

const struct skep_helper helper_xdp_store_bytes = {
    HELPER_HEAD("bpf_xdp_store_bytes", 190, XDP, helper_frame_store),
    .args = { ARG_CTX, ARG_ANY, ARG_R, ARG_SIZE },
    .cost = 10,
};

/* Without routes no packet is forwarded: BPF_FIB_LKUP_RET_NOT_FWDED.  The lookup's parameters are
 * left as they are, as the kernel leaves them. */
static u64 helper_route(struct skep_thread *thread, u64 ctx, u64 params, u64 size, u64 flags,
                        u64 a5)
{
    enum { ROUTE_BYTES = 64, ROUTE_FLAGS = 0x7f, ROUTE_NOT_FORWARDED = 4 };
    enum { ROUTE_IPV4 = 2, ROUTE_IPV6 = 10 };
    (void)thread, (void)ctx, (void)a5;
    if (size < ROUTE_BYTES || flags & ~(u64)ROUTE_FLAGS)
        return helper_errno(-EINVAL);
    u8 family = *(const u8 *)helper_pointer(params);
    return family == ROUTE_IPV4 || family == ROUTE_IPV6 ? ROUTE_NOT_FORWARDED
                                                        : helper_errno(-EAFNOSUPPORT);
}

const struct skep_helper helper_fib_lookup = {
    HELPER_HEAD("bpf_fib_lookup", 69, NET, helper_route),
    .args = { ARG_CTX, ARG_RW, ARG_SIZE, ARG_ANY },
    .effects = SKEP_GPL_ONLY,
};
