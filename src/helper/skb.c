/* Socket buffers: reading, writing and reshaping packets in traffic control programs. */
#include "helper/packet.h"

enum { SKB_MAX_BYTES = 65536 };

/* Bytes */

static u64 helper_skb_read(const struct skep_packet *packet, u64 offset, u64 to, u64 size)
{
    if ((u32)offset <= INT32_MAX &&
        packet_load(packet, (u32)offset, helper_pointer(to), (u32)size) == 0)
        return 0;
    memset(helper_pointer(to), 0, size);
    return helper_errno(-EFAULT);
}

static u64 helper_skb_load(struct skep_thread *thread, u64 skb, u64 offset, u64 to, u64 size,
                           u64 a5)
{
    (void)skb, (void)a5;
    return helper_skb_read(thread->packet, offset, to, size);
}

const struct skep_helper helper_skb_load_bytes = {
    HELPER_HEAD("bpf_skb_load_bytes", 26, SKB_READ, helper_skb_load),
    .args = { ARG_CTX, ARG_ANY, ARG_W, ARG_SIZE },
    .cost = 10,
};

/* Headers may lie before the data (cgroup programs). */
static u64 helper_skb_load_from(struct skep_thread *thread, u64 skb, u64 offset, u64 to, u64 size,
                                u64 start)
{
    enum { SKB_FROM_MAC, SKB_FROM_NETWORK };
    (void)skb;
    const struct skep_packet *packet = thread->packet;
    s64 header =
        (s32)(start == SKB_FROM_MAC ? packet->mac_header_offset : packet->network_header_offset);
    if (start <= SKB_FROM_NETWORK && (u32)offset <= 0xffff &&
        packet_load_from(packet, header + (u32)offset, helper_pointer(to), (u32)size) == 0)
        return 0;
    memset(helper_pointer(to), 0, size);
    return helper_errno(-EFAULT);
}

const struct skep_helper helper_skb_load_bytes_relative = {
    HELPER_HEAD("bpf_skb_load_bytes_relative", 68, SKB_READ, helper_skb_load_from),
    .args = { ARG_CTX, ARG_ANY, ARG_W, ARG_SIZE, ARG_ANY },
    .cost = 10,
};

static u64 helper_skb_store(struct skep_thread *thread, u64 skb, u64 offset, u64 from, u64 size,
                            u64 flags)
{
    enum { SKB_RECOMPUTE_SUM = 1, SKB_INVALIDATE_HASH = 2 };
    (void)skb;
    if (flags & ~(u64)(SKB_RECOMPUTE_SUM | SKB_INVALIDATE_HASH))
        return helper_errno(-EINVAL);
    if ((u32)offset > INT32_MAX ||
        packet_store(thread->packet, (u32)offset, helper_pointer(from), (u32)size) != 0)
        return helper_errno(-EFAULT);
    if (flags & SKB_INVALIDATE_HASH)
        thread->packet->hash = 0;
    return 0;
}

const struct skep_helper helper_skb_store_bytes = {
    HELPER_HEAD("bpf_skb_store_bytes", 9, SKB_EDIT, helper_skb_store),
    .args = { ARG_CTX, ARG_ANY, ARG_R, ARG_SIZE, ARG_ANY },
    .effects = SKEP_MOVES_PACKET,
    .cost = 10,
};

static u64 helper_skb_pull(struct skep_thread *thread, u64 skb, u64 size, u64 a3, u64 a4, u64 a5)
{
    (void)skb, (void)a3, (void)a4, (void)a5;
    return helper_errno(packet_pull(thread->packet, (u32)size));
}

const struct skep_helper helper_skb_pull_data = {
    HELPER_HEAD("bpf_skb_pull_data", 39, SKB_READ, helper_skb_pull),
    .args = { ARG_CTX, ARG_ANY },
    .effects = SKEP_MOVES_PACKET,
};

/* Length */

static u64 helper_skb_tail(struct skep_thread *thread, u64 skb, u64 length, u64 flags, u64 a4,
                           u64 a5)
{
    (void)skb, (void)a4, (void)a5;
    struct skep_packet *packet = thread->packet;
    u32 wanted = (u32)length;
    if (flags || wanted > SKB_MAX_BYTES || wanted < packet->network_header_offset)
        return helper_errno(-EINVAL);
    if (packet_pull(packet, packet->length) != 0)
        return helper_errno(-ENOMEM);
    s64 delta = (s64)wanted - packet->length;
    if (delta > packet->hard_end - packet->data_end)
        return helper_errno(-ENOMEM);
    if (delta > 0)
        memset(packet->data_end, 0, (size_t)delta);
    packet->data_end += delta;
    packet->length = wanted;
    return 0;
}

const struct skep_helper helper_skb_change_tail = {
    HELPER_HEAD("bpf_skb_change_tail", 38, SKB_EDIT, helper_skb_tail),
    .args = { ARG_CTX, ARG_ANY, ARG_ANY },
    .effects = SKEP_MOVES_PACKET,
};

static u64 helper_skb_head(struct skep_thread *thread, u64 skb, u64 room, u64 flags, u64 a4, u64 a5)
{
    (void)skb, (void)a4, (void)a5;
    struct skep_packet *packet = thread->packet;
    u64 length = (u64)packet->length + (u32)room;
    if (flags || length > SKB_MAX_BYTES)
        return helper_errno(-EINVAL);
    int error = packet_resize_at(packet, 0, (s32)room);
    if (!error)
        packet->network_header_offset += (u32)room;
    return helper_errno(error);
}

const struct skep_helper helper_skb_change_head = {
    HELPER_HEAD("bpf_skb_change_head", 43, SKB_EDIT, helper_skb_head),
    .args = { ARG_CTX, ARG_ANY, ARG_ANY },
    .effects = SKEP_MOVES_PACKET,
};

/* Where the kernel would move bytes from behind a packet that ends before its headers do, the
 * answer here is -EINVAL. */
static u64 helper_skb_room(struct skep_thread *thread, u64 skb, u64 delta, u64 mode, u64 flags,
                           u64 a5)
{
    enum {
        ROOM_AFTER_NETWORK,
        ROOM_AFTER_MAC,
        ROOM_FLAGS = 0xff7f | 0xff << 16,
        ROOM_KEEP_SUMS = 1 << 5,
        ROOM_MAX = 0xfff
    };
    (void)skb, (void)a5;
    struct skep_packet *packet = thread->packet;
    s32 by = (s32)delta;
    u32 base = helper_ip_header(packet), network = packet->network_header_offset;
    if (flags & ~(u64)ROOM_FLAGS)
        return helper_errno(-EINVAL);
    if (by > ROOM_MAX || by < -ROOM_MAX)
        return helper_errno(-EFAULT);
    if (!base || mode > ROOM_AFTER_MAC)
        return helper_errno(-HELPER_ENOTSUPP);
    s64 rest = (s64)packet->length - network;
    if ((by < 0 && rest + by < base) || (by > 0 && packet->length + (u32)by > SKB_MAX_BYTES))
        return helper_errno(-HELPER_ENOTSUPP);
    packet->hash = 0;
    if (!(flags & ROOM_KEEP_SUMS))
        packet->sums_verified = 0;
    return helper_errno(
        packet_resize_at(packet, network + (mode == ROOM_AFTER_NETWORK ? base : 0), by));
}

const struct skep_helper helper_skb_adjust_room = {
    HELPER_HEAD("bpf_skb_adjust_room", 50, SKB_WRITE, helper_skb_room),
    .args = { ARG_CTX, ARG_ANY, ARG_ANY, ARG_ANY },
    .effects = SKEP_MOVES_PACKET,
};

/* Room for the other IP's header; the program writes it, and the EtherType. */
static u64 helper_skb_proto(struct skep_thread *thread, u64 skb, u64 proto, u64 flags, u64 a4,
                            u64 a5)
{
    (void)skb, (void)a4, (void)a5;
    struct skep_packet *packet = thread->packet;
    u32 ipv4 = helper_ether(SKB_ETHER_IPV4), ipv6 = helper_ether(SKB_ETHER_IPV6);
    u32 wanted = (u16)proto;
    if (flags)
        return helper_errno(-EINVAL);
    bool grows = packet->protocol == ipv4 && wanted == ipv6;
    if (!grows && !(packet->protocol == ipv6 && wanted == ipv4))
        return helper_errno(-HELPER_ENOTSUPP);
    int error = packet_resize_at(packet, packet->network_header_offset, grows ? 20 : -20);
    if (error)
        return helper_errno(error);
    packet->protocol = wanted;
    packet->hash = 0;
    return 0;
}

const struct skep_helper helper_skb_change_proto = {
    HELPER_HEAD("bpf_skb_change_proto", 31, SKB_WRITE, helper_skb_proto),
    .args = { ARG_CTX, ARG_ANY, ARG_ANY },
    .effects = SKEP_MOVES_PACKET,
};

/* Tags: the outermost is a field beside the packet, the others are in it, as in the kernel, to
 * which what follows the addresses and the type is the network header, be it a tag. */

static bool helper_is_vlan(u32 protocol)
{
    return protocol == helper_ether(SKB_ETHER_VLAN) || protocol == helper_ether(SKB_ETHER_QINQ);
}

enum { SKB_TAG_AT = 12, SKB_TAG_BYTES = 4 };

static void helper_tag_write(struct skep_packet *packet, u32 proto, u32 tci)
{
    u16 type = (u16)proto;
    memcpy(packet->data + SKB_TAG_AT, &type, sizeof(type));
    store_u16(packet->data + SKB_TAG_AT + 2, (u16)tci, true);
}

static u64 helper_vlan_push(struct skep_thread *thread, u64 skb, u64 proto, u64 tci, u64 a4, u64 a5)
{
    (void)skb, (void)a4, (void)a5;
    struct skep_packet *packet = thread->packet;
    u32 wanted = helper_is_vlan((u16)proto) ? (u16)proto : helper_ether(SKB_ETHER_VLAN);
    if (packet->vlan_present) {
        int error = packet_resize_at(packet, SKB_TAG_AT, SKB_TAG_BYTES);
        if (error)
            return helper_errno(error);
        helper_tag_write(packet, packet->vlan_proto, packet->vlan_tci);
        packet->protocol = packet->vlan_proto;
    }
    packet->vlan_present = 1;
    packet->vlan_proto = wanted;
    packet->vlan_tci = (u16)tci;
    packet->hash = 0;
    return 0;
}

const struct skep_helper helper_skb_vlan_push = {
    HELPER_HEAD("bpf_skb_vlan_push", 18, SKB_WRITE, helper_vlan_push),
    .args = { ARG_CTX, ARG_ANY, ARG_ANY },
    .effects = SKEP_MOVES_PACKET,
};

/* Takes the packet's own outermost tag out of it. */
static int helper_tag_take(struct skep_packet *packet, u32 *tci)
{
    if (packet_linear(packet) < PACKET_LINK_BYTES + SKB_TAG_BYTES)
        return -EFAULT;
    *tci = load_u16(packet->data + SKB_TAG_AT + 2, true);
    packet->protocol = packet_protocol_at(packet, SKB_TAG_AT + SKB_TAG_BYTES);
    packet->network_header_offset =
        max_u32(packet->network_header_offset, PACKET_LINK_BYTES + SKB_TAG_BYTES) - SKB_TAG_BYTES;
    return packet_resize_at(packet, SKB_TAG_AT, -SKB_TAG_BYTES);
}

static u64 helper_vlan_pop(struct skep_thread *thread, u64 skb, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)skb, (void)a2, (void)a3, (void)a4, (void)a5;
    struct skep_packet *packet = thread->packet;
    u32 tci;
    int error = 0;
    packet->hash = 0;
    if (packet->vlan_present)
        packet->vlan_present = packet->vlan_tci = packet->vlan_proto = 0;
    else if (helper_is_vlan(packet->protocol))
        error = helper_tag_take(packet, &tci);
    if (error || !helper_is_vlan(packet->protocol))
        return helper_errno(error);
    u32 proto = packet->protocol;
    error = helper_tag_take(packet, &tci);
    if (error)
        return helper_errno(error);
    packet->vlan_present = 1;
    packet->vlan_proto = proto;
    packet->vlan_tci = tci;
    return 0;
}

const struct skep_helper helper_skb_vlan_pop = {
    HELPER_HEAD("bpf_skb_vlan_pop", 19, SKB_WRITE, helper_vlan_pop),
    .args = { ARG_CTX },
    .effects = SKEP_MOVES_PACKET,
};

/* Fields */

static u64 helper_skb_type(struct skep_thread *thread, u64 skb, u64 type, u64 a3, u64 a4, u64 a5)
{
    enum { SKB_OTHER_HOST = 3 };
    (void)skb, (void)a3, (void)a4, (void)a5;
    if (thread->packet->pkt_type > SKB_OTHER_HOST || (u32)type > SKB_OTHER_HOST)
        return helper_errno(-EINVAL);
    thread->packet->pkt_type = (u32)type;
    return 0;
}

const struct skep_helper helper_skb_change_type = {
    HELPER_HEAD("bpf_skb_change_type", 32, SKB_WRITE, helper_skb_type),
    .args = { ARG_CTX, ARG_ANY },
};

/* The kernel's hash is keyed at random when it boots.  Ours is not, so that runs repeat: it depends
 * on addresses and ports alone, and is never 0. */
static u32 helper_flow_hash(const struct skep_packet *packet)
{
    u32 at = packet->network_header_offset, base = helper_ip_header(packet);
    u8 key[40] = { 0 };
    u32 from = base == 40 ? at + 8 : at + 12, size = base == 40 ? 36 : 12; /* to the ports' end */
    if (!base || packet_load(packet, from, key, size) != 0)
        packet_load(packet, 0, key, min_u32(packet->length, sizeof(key)));
    u32 hash = (u32)hash_bytes(key, sizeof(key), 0);
    return hash ? hash : 1;
}

static u64 helper_skb_hash(struct skep_thread *thread, u64 skb, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)skb, (void)a2, (void)a3, (void)a4, (void)a5;
    if (!thread->packet->hash)
        thread->packet->hash = helper_flow_hash(thread->packet);
    return thread->packet->hash;
}

const struct skep_helper helper_get_hash_recalc = {
    HELPER_HEAD("bpf_get_hash_recalc", 34, SKB_READ, helper_skb_hash),
    .args = { ARG_CTX },
    .ret = { .lo = 0, .hi = UINT32_MAX },
    .cost = 20,
};

static u64 helper_skb_forget_hash(struct skep_thread *thread, u64 skb, u64 a2, u64 a3, u64 a4,
                                  u64 a5)
{
    (void)skb, (void)a2, (void)a3, (void)a4, (void)a5;
    thread->packet->hash = 0;
    return 0;
}

const struct skep_helper helper_set_hash_invalid = {
    HELPER_HEAD("bpf_set_hash_invalid", 41, SKB_EDIT, helper_skb_forget_hash),
    .args = { ARG_CTX },
};

static u64 helper_skb_set_hash(struct skep_thread *thread, u64 skb, u64 hash, u64 a3, u64 a4,
                               u64 a5)
{
    (void)skb, (void)a3, (void)a4, (void)a5;
    thread->packet->hash = (u32)hash;
    return 0;
}

const struct skep_helper helper_set_hash = {
    HELPER_HEAD("bpf_set_hash", 48, SKB_WRITE, helper_skb_set_hash),
    .args = { ARG_CTX, ARG_ANY },
};
