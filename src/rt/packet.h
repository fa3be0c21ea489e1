/* Packet buffers: the host's side of XDP and skb contexts.  struct skep_packet itself is in
 * contract/layout.h, since lowered code reads it. */
#ifndef SKEP_SRC_RT_PACKET_H
#define SKEP_SRC_RT_PACKET_H

#include "contract/contract.h"

#define PACKET_HEADROOM 256u  /* bytes before the packet, as XDP promises */
#define PACKET_TAILROOM 320u  /* what skb_shared_info takes in the kernel */
#define PACKET_MAX 65535u     /* bytes of one packet */
#define PACKET_FRAME 40u      /* the head's first bytes, which the kernel keeps for itself */
#define PACKET_LINK_BYTES 14u /* an Ethernet header: what must be left of a packet */
#define PACKET_META_MAX 252u
#define PACKET_FRAGS 17u

struct packet_frags {
    u32 n;
    struct packet_frag {
        u8 *data;
        u32 size, room; /* room: bytes at data, size of which are in use */
    } frag[PACKET_FRAGS];
};

/* A packet of its own buffer: headroom, capacity, tailroom.  NULL: no memory. */
struct skep_packet *packet_new(struct mem *mem, u32 capacity);
void packet_delete(struct skep_packet *packet);
/* Copies a frame in and resets everything else.  SKEP_LIMIT: it is larger than the capacity. */
skep_status packet_set(struct skep_packet *packet, const void *frame, size_t size);
/* The same with all but the first `linear` bytes in fragments of at most frag_bytes each.
 * SKEP_LIMIT, SKEP_NOMEM. */
skep_status packet_set_frags(struct skep_packet *packet, const void *frame, size_t size, u32 linear,
                             u32 frag_bytes);

static inline u32 packet_linear(const struct skep_packet *packet)
{
    return (u32)(packet->data_end - packet->data);
}

/* Moves data by delta (negative: grow the head).  -EINVAL past the head or over the end; metadata
 * travels with it.  As bpf_xdp_adjust_head: bytes that come back are as they were. */
int packet_adjust_head(struct skep_packet *packet, s64 delta);
/* Moves the end, the last fragment's when there are any.  As bpf_xdp_adjust_tail; grown bytes are
 * zero. */
int packet_adjust_tail(struct skep_packet *packet, s64 delta);
/* Moves data_meta.  As bpf_xdp_adjust_meta: a multiple of 4, at most 252 bytes in all, else
 * -EACCES; -EINVAL when there is no room. */
int packet_adjust_meta(struct skep_packet *packet, s64 delta);
/* Makes room for `bytes` at an offset of the linear part, or takes them out (negative); what lies
 * before moves.  New bytes are zero.  -ENOMEM: no headroom.  Metadata is dropped. */
int packet_resize_at(struct skep_packet *packet, u32 offset, s32 bytes);
/* What the link header's type field at an offset says is in the packet, in network byte order:
 * below 0x600 it is a length, and what follows is IEEE 802.2 (4) or, after all ones, 802.3 (1). */
u32 packet_protocol_at(const struct skep_packet *packet, u32 offset);
/* Moves bytes from the fragments until the linear part has `size` (0: as it is).  -ENOMEM: the
 * packet is shorter, or there is no room. */
int packet_pull(struct skep_packet *packet, u32 size);
/* Copies across fragments.  -EFAULT outside the packet. */
int packet_load(const struct skep_packet *packet, u32 offset, void *out, u32 size);
/* The same from before the data on, down to where the buffer begins. */
int packet_load_from(const struct skep_packet *packet, s64 offset, void *out, u32 size);
int packet_store(struct skep_packet *packet, u32 offset, const void *in, u32 size);
/* LD_ABS, LD_IND: 1, 2 or 4 packet bytes as a number in network order.  False: not in the packet,
 * or there is none (NULL). */
bool packet_word(const struct skep_packet *packet, s32 offset, u32 bytes, u64 *value);

/* The one's complement sum of bytes, added to seed, not folded: network byte order sums in the
 * host's, as in the kernel. */
u32 checksum_partial(const void *bytes, u32 size, u32 seed);
u16 checksum_fold(u32 sum);

#endif
