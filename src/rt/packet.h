/* Packet buffers: the host's side of XDP and skb contexts.  struct skep_packet itself is in
 * contract/layout.h, since lowered code reads it. */
#ifndef SKEP_SRC_RT_PACKET_H
#define SKEP_SRC_RT_PACKET_H

#include "contract/contract.h"

#define PACKET_HEADROOM 256u /* bytes before the packet, as XDP promises */
#define PACKET_TAILROOM 320u /* what skb_shared_info takes in the kernel */
#define PACKET_MAX 65535u    /* bytes of one packet */

struct packet_frags {
    u32 n;
    struct {
        u8 *data;
        u32 size;
    } frag[17];
};

/* Moves data by delta (negative: grow the head).  -EINVAL past the head or over the end; metadata
 * travels with it.  As bpf_xdp_adjust_head. */
int packet_adjust_head(struct skep_packet *packet, s64 delta);
/* Moves data_end.  As bpf_xdp_adjust_tail; grown bytes are zero. */
int packet_adjust_tail(struct skep_packet *packet, s64 delta);
/* Moves data_meta.  As bpf_xdp_adjust_meta: a multiple of 4, at most 252 bytes in all. */
int packet_adjust_meta(struct skep_packet *packet, s64 delta);
/* Copies across fragments.  -EFAULT outside the packet. */
int packet_load(const struct skep_packet *packet, u32 offset, void *out, u32 size);
int packet_store(struct skep_packet *packet, u32 offset, const void *in, u32 size);

/* The one's complement sum of bytes, added to seed, not folded. */
u32 checksum_partial(const void *bytes, u32 size, u32 seed);
u16 checksum_fold(u32 sum);

#endif
