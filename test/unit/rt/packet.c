/* Packet buffers at their edges, and checksums against a naive count. */
#include "rt/packet.h"

#include "support/unit.h"

#include <errno.h>

static struct mem mem;
static u8 frame[2000];

static struct skep_packet *make(u32 size)
{
    mem_init(&mem, NULL, 0);
    for (u32 i = 0; i < sizeof(frame); i++)
        frame[i] = (u8)(i * 31 + i / 256 + 1);
    struct skep_packet *packet = packet_new(&mem, 1500);
    assert_non_null(packet);
    assert_int_equal(packet_set(packet, frame, size), SKEP_OK);
    return packet;
}

static void drop(struct skep_packet *packet)
{
    packet_delete(packet);
    assert_int_equal(mem.used, 0);
}

TEST(a_set_packet_is_the_frame)
{
    struct skep_packet *p = make(60);
    assert_int_equal(packet_linear(p), 60);
    assert_int_equal(p->length, 60);
    assert_memory_equal(p->data, frame, 60);
    assert_ptr_equal(p->data, p->data_meta);
    assert_int_equal(p->data - p->hard_start, PACKET_HEADROOM);
    p->mark = 7;
    assert_int_equal(packet_set(p, frame, 1501), SKEP_LIMIT);
    assert_int_equal(packet_set(p, frame, 1500), SKEP_OK);
    assert_int_equal(p->mark, 0);
    assert_int_equal(p->hard_end - p->data_end, PACKET_TAILROOM);
    drop(p);
}

TEST(the_head_moves_between_the_kernels_part_and_the_link_header)
{
    struct skep_packet *p = make(60);
    assert_int_equal(packet_adjust_head(p, -(s64)(PACKET_HEADROOM - PACKET_FRAME) - 1), -EINVAL);
    assert_int_equal(packet_adjust_head(p, 47), -EINVAL);
    assert_int_equal(packet_adjust_head(p, 46), 0);
    assert_int_equal(p->length, 14);
    assert_memory_equal(p->data, frame + 46, 14);
    assert_int_equal(packet_adjust_head(p, -46), 0);
    assert_memory_equal(p->data, frame, 60);
    assert_int_equal(packet_adjust_head(p, -(s64)(PACKET_HEADROOM - PACKET_FRAME)), 0);
    for (u32 i = 0; i < PACKET_HEADROOM - PACKET_FRAME; i++)
        assert_int_equal(p->data[i], 0);
    assert_int_equal(p->length, 60 + 216);
    assert_int_equal(packet_adjust_head(p, -1), -EINVAL);
    assert_int_equal(packet_adjust_head(p, INT32_MIN), -EINVAL);
    assert_int_equal(packet_adjust_head(p, INT32_MAX), -EINVAL);
    drop(p);
}

TEST(metadata_travels_with_the_head)
{
    struct skep_packet *p = make(60);
    assert_int_equal(packet_adjust_meta(p, -4), 0);
    assert_int_equal(packet_adjust_meta(p, -3), -EACCES);
    assert_int_equal(packet_adjust_meta(p, 5), -EINVAL);
    assert_int_equal(packet_adjust_meta(p, -4), 0);
    memcpy(p->data_meta, "metadata", 8);
    assert_int_equal(packet_adjust_head(p, -20), 0);
    assert_memory_equal(p->data_meta, "metadata", 8);
    assert_int_equal(p->data - p->data_meta, 8);
    assert_memory_equal(p->data + 20, frame, 40);
    assert_int_equal(packet_adjust_head(p, 40), 0);
    assert_memory_equal(p->data_meta, "metadata", 8);
    assert_memory_equal(p->data, frame + 20, 40);
    assert_int_equal(packet_adjust_meta(p, 8), 0);
    assert_int_equal(packet_adjust_meta(p, -256), -EINVAL);
    assert_int_equal(packet_adjust_head(p, -20), 0);
    assert_int_equal(packet_adjust_meta(p, -216), 0);
    assert_int_equal(packet_adjust_meta(p, -4), -EINVAL);
    assert_int_equal(packet_adjust_head(p, -1), -EINVAL);
    drop(p);
}

TEST(the_tail_moves_between_the_link_header_and_the_room)
{
    struct skep_packet *p = make(60);
    assert_int_equal(packet_adjust_tail(p, -47), -EINVAL);
    assert_int_equal(packet_adjust_tail(p, -46), 0);
    assert_int_equal(packet_adjust_tail(p, 46), 0);
    for (u32 i = 14; i < 60; i++)
        assert_int_equal(p->data[i], 0);
    s64 room = p->hard_end - p->data_end;
    assert_int_equal(packet_adjust_tail(p, room + 1), -EINVAL);
    assert_int_equal(packet_adjust_tail(p, room), 0);
    assert_int_equal(p->length, 60 + room);
    assert_int_equal(packet_adjust_tail(p, INT32_MIN), -EINVAL);
    drop(p);
}

TEST(loads_and_stores_cross_fragments)
{
    struct skep_packet *p = make(60);
    assert_int_equal(packet_set_frags(p, frame, 1000, 100, 300), SKEP_OK);
    assert_int_equal(p->length, 1000);
    assert_int_equal(packet_linear(p), 100);
    assert_int_equal(p->frags->n, 3);
    u8 out[1000];
    for (u32 offset = 0; offset <= 1000; offset += 7)
        for (u32 size = 0; offset + size <= 1000; size += 37) {
            assert_int_equal(packet_load(p, offset, out, size), 0);
            assert_memory_equal(out, frame + offset, size);
        }
    assert_int_equal(packet_load(p, 999, out, 2), -EFAULT);
    assert_int_equal(packet_load(p, UINT32_MAX, out, 2), -EFAULT);
    assert_int_equal(packet_store(p, 90, "across the first border", 23), 0);
    assert_memory_equal(p->data + 90, "across the", 10);
    assert_memory_equal(p->frags->frag[0].data, " first border", 13);
    assert_int_equal(packet_store(p, 990, out, 11), -EFAULT);
    drop(p);
}

TEST(the_tail_of_fragments_shrinks_into_the_linear_part)
{
    struct skep_packet *p = make(60);
    assert_int_equal(packet_set_frags(p, frame, 650, 100, 300), SKEP_OK);
    assert_int_equal(packet_adjust_tail(p, 51), -EINVAL);
    assert_int_equal(packet_adjust_tail(p, 50), 0);
    assert_int_equal(p->length, 700);
    assert_int_equal(packet_adjust_tail(p, -301), 0);
    assert_int_equal(p->frags->n, 1);
    assert_int_equal(p->length, 399);
    assert_int_equal(packet_adjust_tail(p, -386), -EINVAL);
    assert_int_equal(packet_adjust_tail(p, -385), 0);
    assert_null(p->frags);
    assert_int_equal(p->length, 14);
    assert_int_equal(packet_linear(p), 14);
    assert_int_equal(packet_set_frags(p, frame, 1000, 100, 50), SKEP_LIMIT);
    drop(p);
}

TEST(bytes_are_put_in_and_taken_out_behind_what_stays)
{
    struct skep_packet *p = make(60);
    assert_int_equal(packet_resize_at(p, 14, 8), 0);
    assert_memory_equal(p->data, frame, 14);
    assert_memory_equal(p->data + 22, frame + 14, 46);
    assert_int_equal(p->data[14] | p->data[21], 0);
    assert_int_equal(p->length, 68);
    assert_int_equal(packet_resize_at(p, 14, -8), 0);
    assert_memory_equal(p->data, frame, 60);
    assert_int_equal(packet_resize_at(p, 61, 1), -EINVAL);
    assert_int_equal(packet_resize_at(p, 61, 0), 0);
    assert_int_equal(packet_resize_at(p, 50, -11), -EINVAL);
    assert_int_equal(packet_resize_at(p, 0, 217), -ENOMEM);
    assert_int_equal(packet_resize_at(p, 0, 216), 0);
    drop(p);
}

/* RFC 1071 §4.1, a word at a time in the host's order. */
static u16 naive_checksum(const u8 *bytes, u32 size, u32 seed)
{
    u64 sum = seed;
    for (u32 i = 0; i < size; i += 2) {
        u8 pair[2] = { bytes[i], i + 1 < size ? bytes[i + 1] : 0 };
        u16 word;
        memcpy(&word, pair, sizeof(word));
        sum += word;
    }
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (u16)~sum;
}

TEST(checksums_equal_the_naive_count)
{
    u32 seeds[] = { 0, 1, 0xffff, 0x10000, 0xffffffff, 0x12345678 };
    for (u32 i = 0; i < sizeof(frame); i++)
        frame[i] = (u8)(i % 5 == 0 ? 0xff : i * 197);
    for (u32 start = 0; start < 9; start++)
        for (u32 size = 0; size < 200; size++)
            for (u32 s = 0; s < ARRAY_LEN(seeds); s++)
                assert_int_equal(checksum_fold(checksum_partial(frame + start, size, seeds[s])),
                                 naive_checksum(frame + start, size, seeds[s]));
    memset(frame, 0xff, sizeof(frame));
    assert_int_equal(checksum_fold(checksum_partial(frame, sizeof(frame), 0)),
                     naive_checksum(frame, sizeof(frame), 0));
}

UNIT_TESTS(UNIT(a_set_packet_is_the_frame),
           UNIT(the_head_moves_between_the_kernels_part_and_the_link_header),
           UNIT(metadata_travels_with_the_head),
           UNIT(the_tail_moves_between_the_link_header_and_the_room),
           UNIT(loads_and_stores_cross_fragments),
           UNIT(the_tail_of_fragments_shrinks_into_the_linear_part),
           UNIT(bytes_are_put_in_and_taken_out_behind_what_stays),
           UNIT(checksums_equal_the_naive_count))
