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
/* The packet as it is now; valid until it is changed. */
SKEP_API const void *skep_packet_data(const skep_packet *packet, size_t *size);

/* A field by its name in the hook's context ("ingress_ifindex", "mark", "protocol", …), as the
 * program will see it.  SKEP_NOT_FOUND. */
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
