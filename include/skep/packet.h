/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets: the host context of XDP and skb programs.
 *
 * Thread safety: a packet is used by one thread at a time. */
#ifndef SKEP_PACKET_H
#define SKEP_PACKET_H

#include <skep/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct skep_packet skep_packet;

/* A buffer that can hold `capacity` bytes of packet beside headroom (256) and tailroom (320). */
SKEP_API skep_status skep_packet_new(skep_env *env, size_t capacity, skep_packet **packet);
SKEP_API void skep_packet_free(skep_packet *packet);

/* Copies a frame in, resets the head- and tailroom and all metadata.  SKEP_LIMIT: does not fit. */
SKEP_API skep_status skep_packet_set(skep_packet *packet, const void *frame, size_t size);
/* The same for a multi-buffer packet: the first `linear` bytes (at most the capacity) lie where
 * programs reach them directly, the rest in fragments of fragment_bytes, which helpers reach
 * (bpf_xdp_load_bytes, bpf_xdp_store_bytes, bpf_skb_load_bytes …).  The last fragment can grow to
 * fragment_bytes.  Linux gives such frames to XDP programs of the section xdp.frags only; here
 * every program takes them.  SKEP_LIMIT: the linear part does not fit, more than 17 fragments or
 * 65535 bytes; SKEP_NOMEM. */
SKEP_API skep_status skep_packet_set_frags(skep_packet *packet, const void *frame, size_t size,
                                           size_t linear, size_t fragment_bytes);
/* The packet's linear part as it is now: all of it, unless it has fragments.  Valid until it is
 * changed. */
SKEP_API const void *skep_packet_data(const skep_packet *packet, size_t *size);
/* How long the packet is, fragments included; and some of its bytes, copied across fragments.
 * SKEP_BAD_ARG: it has no such bytes. */
SKEP_API size_t skep_packet_size(const skep_packet *packet);
SKEP_API skep_status skep_packet_read(const skep_packet *packet, size_t offset, void *out,
                                      size_t size);

/* A field by its name in the hook's context ("ingress_ifindex", "mark", "protocol", …), as the
 * program will see it.  SKEP_NOT_FOUND; SKEP_BAD_ARG: "len", which follows from the bytes. */
SKEP_API skep_status skep_packet_set_field(skep_packet *packet, const char *field, uint64_t value);
SKEP_API skep_status skep_packet_field(const skep_packet *packet, const char *field,
                                       uint64_t *value);

/* What the program asked for with a redirect helper in its last run. */
struct skep_redirect {
    uint32_t ifindex;
    uint32_t flags;
    skep_map *map; /* NULL: by ifindex */
    uint64_t key;
};
SKEP_API struct skep_redirect skep_packet_redirect(const skep_packet *packet);

#ifdef __cplusplus
}
#endif
#endif
