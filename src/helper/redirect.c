/* Sending packets elsewhere: noted in the packet, and done by the host after the run; copies are
 * the host's at once. */
#include "helper/packet.h"

enum { REDIRECT_XDP_ABORTED = 0, REDIRECT_XDP = 4, REDIRECT_TC_SHOT = 2, REDIRECT_TC = 7 };
enum { REDIRECT_INGRESS = 1 };                                   /* BPF_F_INGRESS */
enum { REDIRECT_BROADCAST = 1 << 3, REDIRECT_EXCLUDE = 1 << 4 }; /* of device maps */
enum { REDIRECT_ELSE = 3 }; /* flags' lowest bits: what to return when nothing is found */

static void helper_note_redirect(struct skep_packet *packet, struct skep_map *map, u64 key,
                                 u64 flags)
{
    packet->redirect_map = map;
    packet->redirect_key = key;
    packet->redirect_ifindex = map ? 0 : (u32)key;
    packet->redirect_flags = (u32)flags;
}

static u64 helper_redirect_to(struct skep_thread *thread, u64 ifindex, u64 flags, u64 a3, u64 a4,
                              u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    bool xdp = helper_in_xdp(thread);
    if (flags & ~(u64)(xdp ? 0 : REDIRECT_INGRESS))
        return xdp ? REDIRECT_XDP_ABORTED : REDIRECT_TC_SHOT;
    helper_note_redirect(thread->packet, NULL, (u32)ifindex, flags);
    return xdp ? REDIRECT_XDP : REDIRECT_TC;
}

const struct skep_helper helper_redirect = {
    HELPER_HEAD("bpf_redirect", 23, NET, helper_redirect_to),
    .args = { ARG_ANY, ARG_ANY },
};

static u64 helper_redirect_by_map(struct skep_thread *thread, u64 map, u64 key, u64 flags, u64 a4,
                                  u64 a5)
{
    (void)a4, (void)a5;
    const u64 known = REDIRECT_ELSE | REDIRECT_BROADCAST | REDIRECT_EXCLUDE;
    struct skep_map *m = helper_map(map);
    u32 index = (u32)key;
    if (flags & ~known)
        return REDIRECT_XDP_ABORTED;
    if (!(flags & REDIRECT_BROADCAST) && !m->type->lookup(m, &index, thread->cpu))
        return flags & REDIRECT_ELSE;
    helper_note_redirect(thread->packet, m, index, flags);
    return REDIRECT_XDP;
}

const struct skep_helper helper_redirect_map = {
    HELPER_HEAD("bpf_redirect_map", 51, XDP, helper_redirect_by_map),
    .args = { ARG_MAP, ARG_ANY, ARG_ANY },
    .maps = SKEP_MAP_REDIRECTS,
};

const struct skep_helper helper_redirect_neigh = {
    HELPER_HEAD("bpf_redirect_neigh", 152, SKB_WRITE, NULL),
    .args = { ARG_ANY, ARG_R0, ARG_SIZE0, ARG_ANY },
};
const struct skep_helper helper_redirect_peer = {
    HELPER_HEAD("bpf_redirect_peer", 155, SKB_WRITE, NULL),
    .args = { ARG_ANY, ARG_ANY },
};

/* The host sends the copy while the program goes on with its own. */
static u64 helper_clone(struct skep_thread *thread, u64 skb, u64 ifindex, u64 flags, u64 a4, u64 a5)
{
    (void)skb, (void)a4, (void)a5;
    const struct skep_host *host = thread->host;
    struct skep_packet *packet = thread->packet;
    if (flags & ~(u64)REDIRECT_INGRESS || !host->send)
        return helper_errno(-EINVAL);
    if (!helper_pay(thread, packet->length))
        return 0;
    if (packet_pull(packet, packet->length) != 0)
        return helper_errno(-ENOMEM);
    bool sent = host->send(host->user, (u32)ifindex, flags, packet->data, packet->length);
    return sent ? 0 : helper_errno(-EINVAL);
}

const struct skep_helper helper_clone_redirect = {
    HELPER_HEAD("bpf_clone_redirect", 13, SKB_EDIT, helper_clone),
    .args = { ARG_CTX, ARG_ANY, ARG_ANY },
    .effects = SKEP_MOVES_PACKET,
    .cost = 100,
};

/* Does the packet, or one of the length that *mtu_len says, fit?  What else the kernel looks at are
 * the segments of packets that its network cards put together. */
static u64 helper_fits(struct skep_thread *thread, u64 ctx, u64 ifindex, u64 mtu_len, u64 delta,
                       u64 flags)
{
    enum { MTU_USUAL = 1500, MTU_SEGMENTS = 1, MTU_TOO_LONG = 1 };
    (void)ctx;
    const struct skep_host *host = thread->host;
    u32 wanted;
    memcpy(&wanted, helper_pointer(mtu_len), sizeof(wanted));
    bool segments = !helper_in_xdp(thread) && (flags & MTU_SEGMENTS);
    if (flags & ~(u64)(segments ? MTU_SEGMENTS : 0) || (segments && ((s32)delta || wanted)))
        return helper_errno(-EINVAL);
    u32 mtu = host->mtu ? host->mtu(host->user, (u32)ifindex) : (u32)ifindex ? 0 : MTU_USUAL;
    if (!mtu)
        return helper_errno(-ENODEV);
    s64 length = wanted ? (s64)wanted + PACKET_LINK_BYTES : thread->packet->length;
    memcpy(helper_pointer(mtu_len), &mtu, sizeof(mtu));
    return length + (s32)delta > (s64)mtu + PACKET_LINK_BYTES ? MTU_TOO_LONG : 0;
}

const struct skep_helper helper_check_mtu = {
    HELPER_HEAD("bpf_check_mtu", 163, NET, helper_fits),
    .args = { ARG_CTX, ARG_ANY, ARG_RW_WORD(4), ARG_ANY, ARG_ANY },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 2 },
};
