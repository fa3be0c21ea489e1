/* Known answers of the helpers on packets. */
#include "unit/helper/helpers.h"

static u16 big(u16 host_order)
{
    u8 bytes[2] = { (u8)(host_order >> 8), (u8)host_order };
    u16 stored;
    memcpy(&stored, bytes, sizeof(stored));
    return stored;
}

/* An IPv4 and an IPv6 frame whose bytes count up after their headers. */
static u8 ipv4[64], ipv6[80];

static void make_frames(void)
{
    for (u32 i = 0; i < sizeof(ipv6); i++)
        ipv4[i % sizeof(ipv4)] = ipv6[i] = (u8)i;
    memcpy(ipv4 + 12, "\x08\0\x45", 3);
    memcpy(ipv6 + 12, "\x86\xdd\x60", 3);
    ipv4[0] = ipv6[0] = 2;
}

static void start(const char *hook, const u8 *bytes, size_t size)
{
    make_frames();
    begin(hook);
    frame(bytes, size);
}

/* XDP */

TEST(xdp_frames_are_moved_and_copied)
{
    u8 out[64];
    start("xdp", ipv4, 64);
    assert_int_equal(CALL(&helper_xdp_get_buff_len, 0), 64);
    assert_int_equal(CALL(&helper_xdp_adjust_head, 0, 14), 0);
    assert_memory_equal(packet->data, ipv4 + 14, 50);
    assert_int_equal(CALL(&helper_xdp_adjust_head, 0, (u32)-14), 0); /* 32 bits are read */
    assert_int_equal(CALL(&helper_xdp_adjust_head, 0, 51), -EINVAL);
    assert_int_equal(CALL(&helper_xdp_adjust_tail, 0, -4), 0);
    assert_int_equal(CALL(&helper_xdp_get_buff_len, 0), 60);
    assert_int_equal(CALL(&helper_xdp_adjust_meta, 0, -8), 0);
    assert_int_equal(CALL(&helper_xdp_adjust_meta, 0, -3), -EACCES);
    assert_int_equal(CALL(&helper_xdp_load_bytes, 0, 20, AT(out), 40), 0);
    assert_memory_equal(out, ipv4 + 20, 40);
    assert_int_equal(CALL(&helper_xdp_load_bytes, 0, 20, AT(out), 41), -EINVAL);
    assert_int_equal(CALL(&helper_xdp_load_bytes, 0, 0x10000, AT(out), 1), -EFAULT);
    assert_int_equal(CALL(&helper_xdp_load_bytes, 0, 0, AT(out), 0x10000), -EFAULT);
    assert_int_equal(CALL(&helper_xdp_store_bytes, 0, 58, AT("zz"), 2), 0);
    assert_memory_equal(packet->data + 58, "zz", 2);
    assert_int_equal(CALL(&helper_xdp_store_bytes, 0, 59, AT("zz"), 2), -EINVAL);
    assert_int_equal(packet_set_frags(packet, ipv4, 64, 30, 10), SKEP_OK);
    assert_int_equal(CALL(&helper_xdp_get_buff_len, 0), 64);
    assert_int_equal(CALL(&helper_xdp_load_bytes, 0, 0, AT(out), 64), 0);
    assert_memory_equal(out, ipv4, 64);
    end();
}

static char looked_up[8];
static void *one_entry(skep_map *map, const void *key, uint32_t cpu)
{
    (void)map, (void)cpu;
    u32 index;
    memcpy(&index, key, sizeof(index));
    return index == 7 ? looked_up : NULL;
}

TEST(redirects_are_noted_in_the_packet)
{
    static const struct skep_map_type type = { .lookup = one_entry };
    struct skep_map map = { .type = &type };
    start("xdp", ipv4, 64);
    assert_int_equal(CALL(&helper_redirect, 3, 1), 0);
    assert_int_equal(CALL(&helper_redirect, 3, 0), 4);
    assert_int_equal(packet->redirect_ifindex, 3);
    assert_null(packet->redirect_map);
    assert_int_equal(CALL(&helper_redirect_map, AT(&map), 7, 0), 4);
    assert_ptr_equal(packet->redirect_map, &map);
    assert_true(packet->redirect_key == 7);
    for (u64 otherwise = 0; otherwise < 4; otherwise++)
        assert_int_equal(CALL(&helper_redirect_map, AT(&map), 8, otherwise), otherwise);
    assert_int_equal(CALL(&helper_redirect_map, AT(&map), 8, 8), 4);
    assert_int_equal(CALL(&helper_redirect_map, AT(&map), 7, 32), 0);
    end();
    start("sched_cls", ipv4, 64);
    assert_int_equal(CALL(&helper_redirect, 3, 1), 7);
    assert_int_equal(packet->redirect_flags, 1);
    assert_int_equal(CALL(&helper_redirect, 3, 2), 2);
    end();
}

TEST(there_is_no_route)
{
    u8 params[64] = { 0 };
    start("xdp", ipv4, 64);
    params[0] = 2; /* AF_INET */
    assert_int_equal(CALL(&helper_fib_lookup, 0, AT(params), 64, 0), 4);
    params[0] = 0;
    assert_int_equal(CALL(&helper_fib_lookup, 0, AT(params), 64, 0), -EAFNOSUPPORT);
    assert_int_equal(CALL(&helper_fib_lookup, 0, AT(params), 63, 0), -EINVAL);
    assert_int_equal(CALL(&helper_fib_lookup, 0, AT(params), 64, 1 << 10), -EINVAL);
    end();
}

/* Bytes of an skb */

TEST(skb_bytes_are_read_and_written)
{
    u8 out[64];
    start("sched_cls", ipv4, 64);
    assert_int_equal(CALL(&helper_skb_load_bytes, 0, 60, AT(out), 4), 0);
    assert_memory_equal(out, ipv4 + 60, 4);
    assert_int_equal(CALL(&helper_skb_load_bytes, 0, 61, AT(out), 4), -EFAULT);
    assert_memory_equal(out, "\0\0\0\0", 4);
    assert_int_equal(CALL(&helper_skb_load_bytes, 0, UINT32_MAX, AT(out), 2), -EFAULT);
    packet->hash = 9;
    assert_int_equal(CALL(&helper_skb_store_bytes, 0, 62, AT("zz"), 2, 0), 0);
    assert_memory_equal(packet->data + 62, "zz", 2);
    assert_int_equal(packet->hash, 9);
    assert_int_equal(CALL(&helper_skb_store_bytes, 0, 62, AT("zz"), 2, 2), 0);
    assert_int_equal(packet->hash, 0);
    assert_int_equal(CALL(&helper_skb_store_bytes, 0, 63, AT("zz"), 2, 0), -EFAULT);
    assert_int_equal(CALL(&helper_skb_store_bytes, 0, 62, AT("zz"), 2, 4), -EINVAL);
    end();
}

TEST(headers_are_found_from_either_start)
{
    u8 out[20];
    static const char *const types[] = { "sched_cls", "cgroup_skb" };
    for (u32 i = 0; i < 2; i++) {
        start(types[i], ipv4, 64);
        assert_int_equal(CALL(&helper_skb_load_bytes_relative, 0, 2, AT(out), 12, 0), 0);
        assert_memory_equal(out, ipv4 + 2, 12);
        assert_int_equal(CALL(&helper_skb_load_bytes_relative, 0, 2, AT(out), 12, 1), 0);
        assert_memory_equal(out, ipv4 + 16, 12);
        assert_int_equal(CALL(&helper_skb_load_bytes_relative, 0, 39, AT(out), 12, 1), -EFAULT);
        assert_int_equal(CALL(&helper_skb_load_bytes_relative, 0, 0, AT(out), 2, 2), -EFAULT);
        assert_int_equal(CALL(&helper_skb_load_bytes_relative, 0, 0x10000, AT(out), 2, 0), -EFAULT);
        assert_int_equal(out[0] | out[1], 0);
        end();
    }
}

TEST(fragments_are_pulled_in)
{
    u8 out[64];
    start("sched_cls", ipv4, 64);
    assert_int_equal(packet_set_frags(packet, ipv4, 64, 30, 10), SKEP_OK);
    assert_int_equal(CALL(&helper_skb_pull_data, 0, 0), 0);
    assert_int_equal(packet_linear(packet), 30);
    assert_int_equal(CALL(&helper_skb_pull_data, 0, 45), 0);
    assert_int_equal(packet_linear(packet), 45);
    assert_int_equal(packet->frags->n, 3);
    assert_int_equal(CALL(&helper_skb_load_bytes, 0, 0, AT(out), 64), 0);
    assert_memory_equal(out, ipv4, 64);
    assert_int_equal(CALL(&helper_skb_pull_data, 0, 65), -ENOMEM);
    assert_int_equal(CALL(&helper_skb_pull_data, 0, 64), 0);
    assert_null(packet->frags);
    assert_memory_equal(packet->data, ipv4, 64);
    end();
}

/* Lengths */

TEST(an_skb_grows_and_shrinks)
{
    start("sched_cls", ipv4, 64);
    assert_int_equal(CALL(&helper_skb_change_tail, 0, 70, 0), 0);
    assert_int_equal(packet->length, 70);
    assert_int_equal(packet->data[69], 0);
    assert_int_equal(CALL(&helper_skb_change_tail, 0, 20, 0), 0);
    assert_int_equal(packet_linear(packet), 20);
    assert_int_equal(CALL(&helper_skb_change_tail, 0, 13, 0), -EINVAL);
    assert_int_equal(CALL(&helper_skb_change_tail, 0, 20, 1), -EINVAL);
    assert_int_equal(CALL(&helper_skb_change_tail, 0, 65537, 0), -EINVAL);
    assert_int_equal(CALL(&helper_skb_change_tail, 0, 10000, 0), -ENOMEM);
    assert_int_equal(CALL(&helper_skb_change_head, 0, 4, 0), 0);
    assert_memory_equal(packet->data, "\0\0\0\0\2", 5);
    assert_int_equal(CALL(&helper_skb_change_head, 0, 4, 1), -EINVAL);
    assert_int_equal(CALL(&helper_skb_change_head, 0, 300, 0), -ENOMEM);
    assert_int_equal(CALL(&helper_skb_change_head, 0, UINT32_MAX, 0), -EINVAL);
    end();
}

TEST(room_is_made_behind_the_headers)
{
    start("sched_cls", ipv4, 64);
    assert_int_equal(CALL(&helper_skb_adjust_room, 0, 8, 1, 0), 0);
    assert_memory_equal(packet->data, ipv4, 14);
    assert_memory_equal(packet->data + 14, "\0\0\0\0\0\0\0\0", 8);
    assert_memory_equal(packet->data + 22, ipv4 + 14, 50);
    assert_int_equal(CALL(&helper_skb_adjust_room, 0, -8, 1, 0), 0);
    assert_memory_equal(packet->data, ipv4, 64);
    assert_int_equal(CALL(&helper_skb_adjust_room, 0, 4, 0, 0), 0);
    assert_memory_equal(packet->data, ipv4, 34);
    assert_memory_equal(packet->data + 38, ipv4 + 34, 30);
    assert_int_equal(CALL(&helper_skb_adjust_room, 0, -100, 0, 0), -524);
    assert_int_equal(CALL(&helper_skb_adjust_room, 0, 4096, 0, 0), -EFAULT);
    assert_int_equal(CALL(&helper_skb_adjust_room, 0, 4, 2, 0), -524);
    assert_int_equal(CALL(&helper_skb_adjust_room, 0, 4, 0, (u64)1 << 40), -EINVAL);
    packet->protocol = 0;
    assert_int_equal(CALL(&helper_skb_adjust_room, 0, 4, 0, 0), -524);
    end();
}

TEST(an_ip_header_changes_its_version)
{
    start("sched_cls", ipv4, 64);
    assert_int_equal(CALL(&helper_skb_change_proto, 0, big(0x86dd), 1), -EINVAL);
    assert_int_equal(CALL(&helper_skb_change_proto, 0, big(0x0800), 0), -524);
    assert_int_equal(CALL(&helper_skb_change_proto, 0, big(0x86dd), 0), 0);
    assert_int_equal(packet->protocol, big(0x86dd));
    assert_int_equal(packet->length, 84);
    assert_memory_equal(packet->data, ipv4, 14);
    assert_memory_equal(packet->data + 34, ipv4 + 14, 50);
    assert_int_equal(CALL(&helper_skb_change_proto, 0, big(0x0800), 0), 0);
    assert_memory_equal(packet->data, ipv4, 64);
    end();
}

/* Tags */

TEST(tags_nest)
{
    start("sched_cls", ipv4, 64);
    assert_int_equal(CALL(&helper_skb_vlan_push, 0, big(0x1234), 5), 0);
    assert_int_equal(packet->vlan_present, 1);
    assert_int_equal(packet->vlan_tci, 5);
    assert_int_equal(packet->vlan_proto, big(0x8100));
    assert_memory_equal(packet->data, ipv4, 64);
    assert_int_equal(CALL(&helper_skb_vlan_push, 0, big(0x88a8), 6), 0);
    assert_memory_equal(packet->data + 12, "\x81\0\0\x05\x08\0", 6);
    assert_memory_equal(packet->data, ipv4, 12);
    assert_int_equal(packet->length, 68);
    assert_int_equal(packet->protocol, big(0x8100));
    assert_int_equal(packet->vlan_proto, big(0x88a8));
    assert_int_equal(CALL(&helper_skb_vlan_pop, 0), 0);
    assert_int_equal(packet->vlan_tci, 5);
    assert_int_equal(packet->vlan_proto, big(0x8100));
    assert_memory_equal(packet->data, ipv4, 64);
    assert_int_equal(packet->protocol, big(0x0800));
    assert_int_equal(CALL(&helper_skb_vlan_pop, 0), 0);
    assert_int_equal(packet->vlan_present, 0);
    assert_int_equal(CALL(&helper_skb_vlan_pop, 0), 0);
    assert_memory_equal(packet->data, ipv4, 64);
    end();
}

TEST(a_tag_in_the_frame_is_popped)
{
    u8 tagged[22] = { 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0x81, 0, 0, 9, 0x08, 0, 0x45 };
    start("sched_cls", tagged, sizeof(tagged));
    assert_int_equal(packet->protocol, big(0x8100));
    assert_int_equal(CALL(&helper_skb_vlan_pop, 0), 0);
    assert_int_equal(packet->length, 18);
    assert_memory_equal(packet->data + 12, "\x08\0\x45", 3);
    assert_int_equal(packet->protocol, big(0x0800));
    frame(tagged, 17);
    assert_int_equal(CALL(&helper_skb_vlan_pop, 0), -EFAULT);
    end();
}

/* Fields */

TEST(fields_are_set)
{
    start("sched_cls", ipv6, 80);
    assert_int_equal(CALL(&helper_skb_change_type, 0, 2), 0);
    assert_int_equal(packet->pkt_type, 2);
    assert_int_equal(CALL(&helper_skb_change_type, 0, 4), -EINVAL);
    s64 hash = CALL(&helper_get_hash_recalc, 0);
    assert_true(hash > 0 && hash <= UINT32_MAX && packet->hash == hash);
    packet->data[60] ^= 1; /* behind the ports */
    assert_int_equal(CALL(&helper_set_hash_invalid, 0), 0);
    assert_true(CALL(&helper_get_hash_recalc, 0) == hash);
    packet->data[25] ^= 1; /* in an address */
    CALL(&helper_set_hash_invalid, 0);
    assert_true(CALL(&helper_get_hash_recalc, 0) != hash);
    assert_int_equal(CALL(&helper_set_hash, 0, 77), 0);
    assert_int_equal(CALL(&helper_get_hash_recalc, 0), 77);
    end();
}

/* Checksums */

/* Sums 16-bit words of the host's order, without complement. */
static u32 naive_sum(const u8 *bytes, u32 size, u32 sum)
{
    for (u32 i = 0; i < size; i += 2) {
        u16 word;
        memcpy(&word, bytes + i, sizeof(word));
        sum += word;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

TEST(differences_of_sums_are_exact)
{
    u8 from[64], to[64];
    start("xdp", ipv4, 64);
    for (u32 round = 0; round < 200; round++) {
        u32 n_from = round % 17 * 4, n_to = round / 17 * 4, seed = round * 0x01234567u;
        for (u32 i = 0; i < 64; i++) {
            from[i] = (u8)(round * 7 + i * 13);
            to[i] = (u8)(round * 11 + i * 29);
        }
        s64 diff = CALL(&helper_csum_diff, AT(from), n_from, AT(to), n_to, seed);
        assert_in_range(diff, 0, 0xffff);
        u32 seed16 = (seed & 0xffff) + (seed >> 16);
        u32 expected = naive_sum(to, n_to, (seed16 & 0xffff) + (seed16 >> 16));
        u32 subtrahend = naive_sum(from, n_from, 0);
        assert_int_equal(((u32)diff + subtrahend) % 0xffff, expected % 0xffff);
    }
    assert_int_equal(CALL(&helper_csum_diff, 0, 0, 0, 0, 5), 5);
    end();
}

/* Replaces words under a header checksum and compares with one that is counted anew. */
TEST(replaced_words_leave_a_right_sum)
{
    start("sched_cls", ipv4, 64);
    for (u32 round = 0; round < 500; round++) {
        u8 *header = packet->data + 14;
        memset(header + 10, 0, 2);
        u16 sum = checksum_fold(checksum_partial(header, 20, 0));
        memcpy(header + 10, &sum, 2);
        u32 size = round % 2 ? 4 : 2, at = size == 4 ? 12 : 4;
        u32 from = 0, to = round * 0x9e3779b9u;
        memcpy(&from, header + at, size);
        if (size == 2)
            to &= 0xffff;
        assert_int_equal(CALL(&helper_l3_csum_replace, 0, 24, from, to, size), 0);
        memcpy(header + at, &to, size);
        assert_int_equal(checksum_fold(checksum_partial(header, 20, 0)), 0);
        memcpy(header + at, &from, size);
        s64 diff = CALL(&helper_csum_diff, AT(&to), 4, AT(&from), 4, 0);
        assert_int_equal(CALL(&helper_l3_csum_replace, 0, 24, 0, diff, 0), 0);
        assert_int_equal(checksum_fold(checksum_partial(header, 20, 0)), 0);
        memcpy(header + at, &to, size);
    }
    assert_int_equal(CALL(&helper_l3_csum_replace, 0, 24, 1, 2, 0), -EINVAL);
    assert_int_equal(CALL(&helper_l3_csum_replace, 0, 24, 1, 2, 3), -EINVAL);
    assert_int_equal(CALL(&helper_l3_csum_replace, 0, 24, 1, 2, 16), -EINVAL);
    assert_int_equal(CALL(&helper_l3_csum_replace, 0, 25, 1, 2, 2), -EFAULT);
    assert_int_equal(CALL(&helper_l3_csum_replace, 0, 63, 1, 2, 2), -EFAULT);
    assert_int_equal(CALL(&helper_l3_csum_replace, 0, 64, 1, 2, 2), -EFAULT);
    end();
}

TEST(udp_keeps_its_zero)
{
    enum { MANGLED_0 = 32, ENFORCE = 64, PSEUDO = 16 };
    u16 sum = 0;
    start("sched_cls", ipv4, 64);
    memcpy(packet->data + 40, &sum, 2);
    assert_int_equal(CALL(&helper_l4_csum_replace, 0, 40, 1, 2, 2 | MANGLED_0), 0);
    assert_memory_equal(packet->data + 40, "\0\0", 2);
    assert_int_equal(CALL(&helper_l4_csum_replace, 0, 40, 1, 2, 2 | MANGLED_0 | ENFORCE), 0);
    assert_memory_not_equal(packet->data + 40, "\0\0", 2);
    sum = 1; /* with 0 replaced by 1 it comes to 0, which UDP writes as all ones */
    memcpy(packet->data + 40, &sum, 2);
    assert_int_equal(CALL(&helper_l4_csum_replace, 0, 40, 0, 1, 2 | MANGLED_0), 0);
    assert_memory_equal(packet->data + 40, "\xff\xff", 2);
    memcpy(packet->data + 40, &sum, 2);
    assert_int_equal(CALL(&helper_l4_csum_replace, 0, 40, 0, 1, 2 | PSEUDO), 0);
    assert_memory_equal(packet->data + 40, "\0\0", 2);
    assert_int_equal(CALL(&helper_l4_csum_replace, 0, 40, 0, 1, 2 | 256), -EINVAL);
    assert_int_equal(CALL(&helper_l4_csum_replace, 0, 41, 0, 1, 2), -EFAULT);
    end();
}

TEST(no_hardware_counted_a_sum)
{
    start("sched_cls", ipv4, 64);
    assert_int_equal(CALL(&helper_csum_update, 0, 5), -524);
    assert_int_equal(CALL(&helper_csum_level, 0, 0), -EACCES);
    for (s64 level = 0; level < 6; level++) {
        assert_int_equal(CALL(&helper_csum_level, 0, 1), 0);
        assert_int_equal(CALL(&helper_csum_level, 0, 0), level < 4 ? level : 3);
    }
    assert_int_equal(CALL(&helper_csum_level, 0, 2), 0);
    assert_int_equal(CALL(&helper_csum_level, 0, 0), 2);
    assert_int_equal(CALL(&helper_csum_level, 0, 3), 0);
    assert_int_equal(CALL(&helper_csum_level, 0, 0), -EACCES);
    assert_int_equal(CALL(&helper_csum_level, 0, 2), 0);
    assert_int_equal(CALL(&helper_csum_level, 0, 0), -EACCES);
    assert_int_equal(CALL(&helper_csum_level, 0, 4), -EINVAL);
    end();
}

UNIT_TESTS(UNIT(xdp_frames_are_moved_and_copied), UNIT(redirects_are_noted_in_the_packet),
           UNIT(there_is_no_route), UNIT(skb_bytes_are_read_and_written),
           UNIT(headers_are_found_from_either_start), UNIT(fragments_are_pulled_in),
           UNIT(an_skb_grows_and_shrinks), UNIT(room_is_made_behind_the_headers),
           UNIT(an_ip_header_changes_its_version), UNIT(tags_nest),
           UNIT(a_tag_in_the_frame_is_popped), UNIT(fields_are_set),
           UNIT(differences_of_sums_are_exact), UNIT(replaced_words_leave_a_right_sum),
           UNIT(udp_keeps_its_zero), UNIT(no_hardware_counted_a_sum))
