/* Packet buffers: one block with head- and tailroom around the packet, and fragments behind it.
 * Limits and errors are those of the kernel's XDP buffers (bpf-helpers(7): bpf_xdp_adjust_head,
 * _tail, _meta). */
#include "rt/packet.h"

#include <errno.h>

/* What packet_new allocates: the context that programs see, and what the buffer needs. */
struct packet_buffer {
    struct skep_packet packet;
    struct mem *mem;
    size_t block_bytes;
    u32 capacity;
    struct packet_frags frags;
    u8 *frag_block; /* all fragments' memory */
    size_t frag_block_bytes;
    _Alignas(16) u8 bytes[];
};

static struct packet_buffer *packet_buffer(struct skep_packet *packet)
{
    return CONTAINER_OF(packet, struct packet_buffer, packet);
}

struct skep_packet *packet_new(struct mem *mem, u32 capacity)
{
    size_t room = (size_t)PACKET_HEADROOM + capacity + PACKET_TAILROOM;
    size_t block_bytes = sizeof(struct packet_buffer) + room;
    struct packet_buffer *buffer = mem_zalloc(mem, block_bytes);
    if (!buffer)
        return NULL;
    buffer->mem = mem;
    buffer->block_bytes = block_bytes;
    buffer->capacity = capacity;
    buffer->packet.hard_start = buffer->bytes;
    buffer->packet.hard_end = buffer->bytes + room;
    packet_set(&buffer->packet, NULL, 0);
    return &buffer->packet;
}

static void packet_drop_frags(struct packet_buffer *buffer)
{
    mem_free(buffer->mem, buffer->frag_block, buffer->frag_block_bytes);
    buffer->frag_block = NULL;
    buffer->frag_block_bytes = 0;
    buffer->frags.n = 0;
}

void packet_delete(struct skep_packet *packet)
{
    if (!packet)
        return;
    struct packet_buffer *buffer = packet_buffer(packet);
    packet_drop_frags(buffer);
    mem_free(buffer->mem, buffer, buffer->block_bytes);
}

/* Everything but where the buffer is.  The headroom is cleared, so that nothing of an earlier
 * packet shows when the head grows. */
static void packet_reset(struct skep_packet *packet, u32 linear)
{
    u8 *start = packet->hard_start, *end = packet->hard_end;
    u8 *data = start + PACKET_HEADROOM;
    memset(start, 0, PACKET_HEADROOM);
    *packet = (struct skep_packet){ .hard_start = start,
                                    .hard_end = end,
                                    .data = data,
                                    .data_meta = data,
                                    .data_end = data + linear,
                                    .length = linear };
}

skep_status packet_set(struct skep_packet *packet, const void *frame, size_t size)
{
    struct packet_buffer *buffer = packet_buffer(packet);
    if (size > buffer->capacity)
        return SKEP_LIMIT;
    packet_drop_frags(buffer);
    packet_reset(packet, (u32)size);
    if (size > 0)
        memcpy(packet->data, frame, size);
    return SKEP_OK;
}

skep_status packet_set_frags(struct skep_packet *packet, const void *frame, size_t size, u32 linear,
                             u32 frag_bytes)
{
    struct packet_buffer *buffer = packet_buffer(packet);
    if (size <= linear)
        return packet_set(packet, frame, size);
    u64 rest = size - linear;
    if (linear > buffer->capacity || frag_bytes == 0 || rest > (u64)PACKET_FRAGS * frag_bytes)
        return SKEP_LIMIT;
    u32 n = (u32)((rest + frag_bytes - 1) / frag_bytes);
    u8 *block = mem_zalloc(buffer->mem, (size_t)n * frag_bytes);
    if (!block)
        return SKEP_NOMEM;
    packet_set(packet, frame, linear);
    buffer->frag_block = block;
    buffer->frag_block_bytes = (size_t)n * frag_bytes;
    memcpy(block, (const u8 *)frame + linear, rest);
    for (u32 i = 0; i < n; i++) {
        u32 used = (u32)min_u64(rest - (u64)i * frag_bytes, frag_bytes);
        buffer->frags.frag[i] =
            (struct packet_frag){ block + (size_t)i * frag_bytes, used, frag_bytes };
    }
    buffer->frags.n = n;
    packet->frags = &buffer->frags;
    packet->length = (u32)size;
    return SKEP_OK;
}

/* Moving the limits */

static s64 packet_meta_bytes(const struct skep_packet *packet)
{
    return packet->data - packet->data_meta;
}

int packet_adjust_head(struct skep_packet *packet, s64 delta)
{
    s64 head = packet->data - packet->hard_start, meta = packet_meta_bytes(packet);
    s64 linear = packet->data_end - packet->data;
    if (delta < PACKET_FRAME + meta - head || delta > linear - PACKET_LINK_BYTES)
        return -EINVAL;
    memmove(packet->data_meta + delta, packet->data_meta, (size_t)meta);
    packet->data += delta;
    packet->data_meta += delta;
    packet->length = (u32)((s64)packet->length - delta);
    return 0;
}

int packet_adjust_meta(struct skep_packet *packet, s64 delta)
{
    s64 head = packet->data - packet->hard_start;
    s64 meta = packet_meta_bytes(packet) - delta;
    if (meta < 0 || meta > head - PACKET_FRAME)
        return -EINVAL;
    if (meta % 4 != 0 || meta > PACKET_META_MAX)
        return -EACCES;
    packet->data_meta += delta;
    return 0;
}

static int packet_adjust_linear_tail(struct skep_packet *packet, s64 delta)
{
    s64 room = packet->hard_end - packet->data_end, linear = packet->data_end - packet->data;
    if (delta > room || linear + delta < PACKET_LINK_BYTES)
        return -EINVAL;
    if (delta > 0)
        memset(packet->data_end, 0, (size_t)delta);
    packet->data_end += delta;
    packet->length = (u32)((s64)packet->length + delta);
    return 0;
}

static int packet_grow_frag(struct skep_packet *packet, s64 delta)
{
    struct packet_frag *last = &packet->frags->frag[packet->frags->n - 1];
    if (delta > (s64)(last->room - last->size))
        return -EINVAL;
    memset(last->data + last->size, 0, (size_t)delta);
    last->size += (u32)delta;
    packet->length += (u32)delta;
    return 0;
}

/* Takes from the last fragments first; what is then still to go comes off the linear part. */
static int packet_shrink_frags(struct skep_packet *packet, s64 by)
{
    struct packet_frags *frags = packet->frags;
    if (by > (s64)packet->length - PACKET_LINK_BYTES)
        return -EINVAL;
    packet->length -= (u32)by;
    while (by > 0 && frags->n > 0) {
        struct packet_frag *last = &frags->frag[frags->n - 1];
        u32 taken = (u32)min_u64((u64)by, last->size);
        last->size -= taken;
        by -= taken;
        if (last->size == 0)
            frags->n--;
    }
    packet->data_end -= by;
    if (frags->n == 0)
        packet->frags = NULL;
    return 0;
}

int packet_adjust_tail(struct skep_packet *packet, s64 delta)
{
    if (!packet->frags)
        return packet_adjust_linear_tail(packet, delta);
    return delta < 0 ? packet_shrink_frags(packet, -delta) : packet_grow_frag(packet, delta);
}

int packet_resize_at(struct skep_packet *packet, u32 offset, s32 bytes)
{
    s64 head = packet->data - packet->hard_start;
    if (bytes == 0)
        return 0;
    if (bytes > head - PACKET_FRAME)
        return -ENOMEM;
    if (offset > packet_linear(packet) ||
        (bytes < 0 && (s64)offset - bytes > packet_linear(packet)))
        return -EINVAL;
    memmove(packet->data - bytes, packet->data, offset);
    packet->data -= bytes;
    packet->data_meta = packet->data;
    if (bytes > 0)
        memset(packet->data + offset, 0, (size_t)bytes);
    packet->length = (u32)((s64)packet->length + bytes);
    return 0;
}

/* Takes bytes off the front of the first fragment. */
static void packet_consume_frag(struct skep_packet *packet, u32 bytes)
{
    struct packet_frags *frags = packet->frags;
    struct packet_frag *first = &frags->frag[0];
    first->data += bytes;
    first->size -= bytes;
    first->room -= bytes;
    if (first->size > 0)
        return;
    frags->n--;
    memmove(first, first + 1, frags->n * sizeof(*first));
    if (frags->n == 0)
        packet->frags = NULL;
}

int packet_pull(struct skep_packet *packet, u32 size)
{
    u32 linear = packet_linear(packet);
    if (size <= linear)
        return 0;
    if (size > packet->length || size - linear > packet->hard_end - packet->data_end)
        return -ENOMEM;
    for (u32 left = size - linear; left > 0;) {
        u32 n = min_u32(left, packet->frags->frag[0].size);
        memcpy(packet->data_end, packet->frags->frag[0].data, n);
        packet->data_end += n;
        packet_consume_frag(packet, n);
        left -= n;
    }
    return 0;
}

/* Copying */

struct packet_piece {
    u8 *data;
    u32 size;
};

/* The linear part (i = 0) or fragment i - 1. */
static struct packet_piece packet_part(const struct skep_packet *packet, u32 i)
{
    if (i == 0)
        return (struct packet_piece){ packet->data, packet_linear(packet) };
    struct packet_frag frag = packet->frags->frag[i - 1];
    return (struct packet_piece){ frag.data, frag.size };
}

static int packet_copy(const struct skep_packet *packet, u32 offset, u8 *out, const u8 *in,
                       u32 size)
{
    if ((u64)offset + size > packet->length)
        return -EFAULT;
    for (u32 i = 0; size > 0; i++) {
        struct packet_piece part = packet_part(packet, i);
        if (offset >= part.size) {
            offset -= part.size;
            continue;
        }
        u32 n = min_u32(part.size - offset, size);
        if (out) {
            memmove(out, part.data + offset, n);
            out += n;
        } else {
            memmove(part.data + offset, in, n); /* programs may copy within the packet */
            in += n;
        }
        size -= n;
        offset = 0;
    }
    return 0;
}

int packet_load(const struct skep_packet *packet, u32 offset, void *out, u32 size)
{
    return packet_copy(packet, offset, out, NULL, size);
}

static u32 packet_stored_u16(u16 number)
{
    u8 bytes[2];
    u16 stored;
    store_u16(bytes, number, true);
    memcpy(&stored, bytes, sizeof(stored));
    return stored;
}

u32 packet_protocol_at(const struct skep_packet *packet, u32 offset)
{
    enum { FIRST_TYPE = 0x600, IEEE_802_3 = 1, IEEE_802_2 = 4 };
    u8 field[4] = { 0 };
    if (packet_load(packet, offset, field, 4) != 0)
        packet_load(packet, offset, field, 2);
    u16 type = load_u16(field, true);
    if (type >= FIRST_TYPE)
        return packet_stored_u16(type);
    return packet_stored_u16(load_u16(field + 2, true) == 0xffff ? IEEE_802_3 : IEEE_802_2);
}

int packet_load_from(const struct skep_packet *packet, s64 offset, void *out, u32 size)
{
    if (offset >= 0)
        return offset <= UINT32_MAX ? packet_load(packet, (u32)offset, out, size) : -EFAULT;
    if (offset < packet->hard_start - packet->data || offset + size > packet_linear(packet))
        return -EFAULT;
    memmove(out, packet->data + offset, size);
    return 0;
}

int packet_store(struct skep_packet *packet, u32 offset, const void *in, u32 size)
{
    return packet_copy(packet, offset, NULL, in, size);
}

/* Where an offset points, from the data on: offsets from SKF_LL_OFF and SKF_NET_OFF on
 * (<linux/filter.h>) count from the link and the network header, which may lie before the data.
 * INT64_MIN: nowhere. */
static s64 packet_position(const struct skep_packet *packet, s32 offset)
{
    enum { PACKET_FROM_NETWORK = -0x100000, PACKET_FROM_LINK = -0x200000 };
    if (offset >= 0)
        return offset;
    if (offset >= PACKET_FROM_NETWORK)
        return (s64)offset - PACKET_FROM_NETWORK + (s32)packet->network_header_offset;
    if (offset >= PACKET_FROM_LINK)
        return (s64)offset - PACKET_FROM_LINK + (s32)packet->mac_header_offset;
    return INT64_MIN;
}

bool packet_word(const struct skep_packet *packet, s32 offset, u32 bytes, u64 *value)
{
    u8 at[4];
    u64 number = 0;
    if (!packet || packet_load_from(packet, packet_position(packet, offset), at, bytes) != 0)
        return false;
    for (u32 i = 0; i < bytes; i++)
        number = number << 8 | at[i];
    *value = number;
    return true;
}
