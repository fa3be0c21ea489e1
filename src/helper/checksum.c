/* Internet checksums in packets (RFC 1071, RFC 1624; bpf-helpers(7)). */
#include "helper/packet.h"

static u32 helper_sum_add(u32 a, u32 b)
{
    u32 sum = a + b;
    return sum + (sum < b);
}
static u32 helper_sum_sub(u32 a, u32 b) { return helper_sum_add(a, ~b); }

/* To 16 bits, not complemented. */
static u16 helper_sum_fold(u32 sum) { return (u16)~checksum_fold(sum); }

static u64 helper_diff(struct skep_thread *thread, u64 from, u64 from_size, u64 to, u64 to_size,
                       u64 seed)
{
    if (!helper_pay(thread, (u64)(u32)from_size + (u32)to_size))
        return 0;
    u32 sum = (u32)seed;
    if (to_size)
        sum = checksum_partial(helper_pointer(to), (u32)to_size, sum);
    if (from_size && to_size)
        sum = helper_sum_sub(sum, checksum_partial(helper_pointer(from), (u32)from_size, 0));
    else if (from_size) /* the same, but for which zero comes out */
        sum = ~checksum_partial(helper_pointer(from), (u32)from_size, ~sum);
    return helper_sum_fold(sum);
}

/* As since Linux 6.13: the result is folded to 16 bits, and sizes need be no multiples of 4. */
const struct skep_helper helper_csum_diff = {
    HELPER_HEAD("bpf_csum_diff", 28, NET, helper_diff),
    .args = { ARG_R0, ARG_SIZE0, ARG_R0, ARG_SIZE0, ARG_ANY },
    .cost = 10,
};

/* Replacing */

enum {
    SUM_FIELD_MASK = 0xf,
    SUM_PSEUDO_HEADER = 1 << 4,
    SUM_MANGLED_0 = 1 << 5,
    SUM_ENFORCE = 1 << 6,
    SUM_IPV6 = 1 << 7,
};

/* The 16-bit form of the kernel differs from the 32-bit one in which zero it gives. */
static u16 helper_sum_add16(u16 a, u16 b)
{
    u16 sum = (u16)(a + b);
    return (u16)(sum + (sum < b));
}

static u16 helper_sum_replace2(u16 sum, u16 from, u16 to)
{
    return (u16)~helper_sum_add16(helper_sum_add16((u16)~sum, (u16)~from), to);
}

static u16 helper_sum_replace4(u16 sum, u32 from, u32 to)
{
    return checksum_fold(helper_sum_add(helper_sum_sub((u16)~sum, from), to));
}

/* size 0: `to` is a difference (bpf_csum_diff).  false: no such size. */
static bool helper_sum_replace(u16 *sum, u64 from, u64 to, u64 size)
{
    switch (size) {
    case 0: *sum = checksum_fold(helper_sum_add((u16) ~*sum, (u32)to)); return from == 0;
    case 2: *sum = helper_sum_replace2(*sum, (u16)from, (u16)to); return true;
    case 4: *sum = helper_sum_replace4(*sum, (u32)from, (u32)to); return true;
    default: return false;
    }
}

/* -EFAULT where a checksum cannot be. */
static int helper_sum_load(const struct skep_packet *packet, u64 offset, u16 *sum)
{
    if ((u32)offset > 0xffff || offset % 2 != 0)
        return -EFAULT;
    return packet_load(packet, (u32)offset, sum, sizeof(*sum));
}

static u64 helper_l3_replace(struct skep_thread *thread, u64 skb, u64 offset, u64 from, u64 to,
                             u64 flags)
{
    (void)skb;
    u16 sum;
    if (flags & ~(u64)SUM_FIELD_MASK)
        return helper_errno(-EINVAL);
    int error = helper_sum_load(thread->packet, offset, &sum);
    if (error)
        return helper_errno(error);
    if (!helper_sum_replace(&sum, from, to, flags & SUM_FIELD_MASK))
        return helper_errno(-EINVAL);
    return helper_errno(packet_store(thread->packet, (u32)offset, &sum, sizeof(sum)));
}

const struct skep_helper helper_l3_csum_replace = {
    HELPER_HEAD("bpf_l3_csum_replace", 10, SKB_EDIT, helper_l3_replace),
    .args = { ARG_CTX, ARG_ANY, ARG_ANY, ARG_ANY, ARG_ANY },
    .effects = SKEP_MOVES_PACKET,
};

static u64 helper_l4_replace(struct skep_thread *thread, u64 skb, u64 offset, u64 from, u64 to,
                             u64 flags)
{
    (void)skb;
    const u64 known = SUM_FIELD_MASK | SUM_PSEUDO_HEADER | SUM_MANGLED_0 | SUM_ENFORCE | SUM_IPV6;
    u16 sum;
    if (flags & ~known)
        return helper_errno(-EINVAL);
    int error = helper_sum_load(thread->packet, offset, &sum);
    if (error)
        return helper_errno(error);
    /* UDP: zero says that there is no checksum, and must not come about. */
    bool zero_is_none = flags & SUM_MANGLED_0;
    if (zero_is_none && !(flags & SUM_ENFORCE) && sum == 0)
        return 0;
    if (!helper_sum_replace(&sum, from, to, flags & SUM_FIELD_MASK))
        return helper_errno(-EINVAL);
    if (zero_is_none && sum == 0)
        sum = 0xffff;
    return helper_errno(packet_store(thread->packet, (u32)offset, &sum, sizeof(sum)));
}

const struct skep_helper helper_l4_csum_replace = {
    HELPER_HEAD("bpf_l4_csum_replace", 11, SKB_EDIT, helper_l4_replace),
    .args = { ARG_CTX, ARG_ANY, ARG_ANY, ARG_ANY, ARG_ANY },
    .effects = SKEP_MOVES_PACKET,
};

/* Our packets come with no checksum that the hardware counted, so there is none to update. */
static u64 helper_sum_update(struct skep_thread *thread, u64 skb, u64 sum, u64 a3, u64 a4, u64 a5)
{
    (void)thread, (void)skb, (void)sum, (void)a3, (void)a4, (void)a5;
    return helper_errno(-HELPER_ENOTSUPP);
}

const struct skep_helper helper_csum_update = {
    HELPER_HEAD("bpf_csum_update", 40, SKB_EDIT, helper_sum_update),
    .args = { ARG_CTX, ARG_ANY },
};

/* The level counts from 0; a packet without any verified sum has none. */
static u64 helper_sum_level(struct skep_thread *thread, u64 skb, u64 level, u64 a3, u64 a4, u64 a5)
{
    enum { SUM_QUERY, SUM_INCREMENT, SUM_DECREMENT, SUM_RESET, SUM_MAX_LEVELS = 4 };
    (void)skb, (void)a3, (void)a4, (void)a5;
    u32 *verified = &thread->packet->sums_verified;
    switch (level) {
    case SUM_QUERY: return *verified ? *verified - 1 : helper_errno(-EACCES);
    case SUM_INCREMENT: *verified = min_u32(*verified + 1, SUM_MAX_LEVELS); return 0;
    case SUM_DECREMENT: *verified -= *verified > 0; return 0;
    case SUM_RESET: *verified = 0; return 0;
    default: return helper_errno(-EINVAL);
    }
}

const struct skep_helper helper_csum_level = {
    HELPER_HEAD("bpf_csum_level", 135, SKB_EDIT, helper_sum_level),
    .args = { ARG_CTX, ARG_ANY },
};
