/* The keyed hash against a second implementation of SipHash-1-3, and the index. */
#include "base/hash.h"

#include "support/unit.h"

/* SipHash-c-d as its paper gives it, over an array of four words and byte by byte. */
static void reference_rounds(u64 v[4], int count)
{
    static const struct {
        int to, from, by, then;
    } half[] = { { 0, 1, 13, 32 }, { 2, 3, 16, 0 }, { 0, 3, 21, 0 }, { 2, 1, 17, 32 } };
    for (; count > 0; count--)
        for (int i = 0; i < 4; i++) {
            u64 *to = &v[half[i].to], *from = &v[half[i].from];
            *to += *from;
            *from = (*from << half[i].by | *from >> (64 - half[i].by)) ^ *to;
            if (half[i].then)
                *to = *to << 32 | *to >> 32;
        }
}

static u64 reference_sip(int c, int d, u64 k0, u64 k1, const u8 *in, size_t size)
{
    u64 v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                 k1 ^ 0x7465646279746573 };
    for (size_t at = 0; at <= size / 8 * 8; at += 8) {
        u64 m = at + 8 > size ? (u64)size << 56 : 0;
        for (size_t i = at; i < size && i < at + 8; i++)
            m |= (u64)in[i] << 8 * (i - at);
        v[3] ^= m;
        reference_rounds(v, c);
        v[0] ^= m;
    }
    v[2] ^= 0xff;
    reference_rounds(v, d);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The worked example in appendix A of the paper is for SipHash-2-4; it vouches for the reference.
 */
TEST(the_reference_gives_the_papers_example)
{
    u8 in[15];
    for (u8 i = 0; i < 15; i++)
        in[i] = i;
    assert_true(reference_sip(2, 4, 0x0706050403020100, 0x0f0e0d0c0b0a0908, in, 15) ==
                0xa129ca6149be45e5);
}

TEST(hashes_every_length_as_the_reference_does)
{
    u8 in[100];
    for (u8 i = 0; i < 100; i++)
        in[i] = (u8)(i * 7 + 3);
    for (size_t size = 0; size <= 100; size++)
        for (u64 seed = 0; seed < 3; seed++)
            assert_true(hash_bytes(in, size, seed * 0x9e3779b97f4a7c15) ==
                        reference_sip(1, 3, seed * 0x9e3779b97f4a7c15, ~(seed * 0x9e3779b97f4a7c15),
                                      in, size));
    assert_true(hash_string("skep", 5) == hash_bytes("skep", 4, 5));
}

static u64 key_hash(const struct hash_index *index, u32 key)
{
    return hash_bytes(&key, sizeof(key), index->seed);
}

static u32 find(const struct hash_index *index, const u32 *keys, u32 key)
{
    struct hash_probe p = hash_probe(index, key_hash(index, key));
    while (hash_next(index, &p))
        if (keys[p.position] == key)
            return p.position;
    return UINT32_MAX;
}

TEST(finds_what_was_added_and_nothing_else)
{
    struct mem mem;
    struct hash_index index;
    static u32 keys[5000];
    mem_init(&mem, NULL, 0);
    hash_index_init(&index, &mem);
    assert_int_equal(find(&index, keys, 1), UINT32_MAX);
    for (u32 i = 0; i < 5000; i++) {
        keys[i] = i * 3;
        assert_true(hash_index_add(&index, key_hash(&index, keys[i]), i));
    }
    for (u32 i = 0; i < 5000; i++) {
        assert_int_equal(find(&index, keys, i * 3), i);
        assert_int_equal(find(&index, keys, i * 3 + 1), UINT32_MAX);
    }
    hash_index_drop(&index);
    assert_int_equal(mem.used, 0);
}

TEST(equal_hashes_are_all_found)
{
    struct mem mem;
    struct hash_index index;
    mem_init(&mem, NULL, 0);
    hash_index_init(&index, &mem);
    for (u32 i = 0; i < 100; i++)
        assert_true(hash_index_add(&index, 0xfffffff0ffffffff, i));
    u64 seen[2] = { 0 };
    u32 n = 0;
    for (struct hash_probe p = hash_probe(&index, 0xfffffff0ffffffff); hash_next(&index, &p); n++)
        seen[p.position / 64] |= (u64)1 << (p.position % 64);
    assert_int_equal(n, 100);
    assert_true(seen[0] == UINT64_MAX && seen[1] == ((u64)1 << 36) - 1);
    hash_index_drop(&index);
}

TEST(a_refused_add_leaves_the_index_alone)
{
    struct mem mem;
    struct hash_index index;
    u32 keys[64], n = 0;
    mem_init(&mem, NULL, 16 * sizeof(u64));
    hash_index_init(&index, &mem);
    for (; n < 64; n++) {
        keys[n] = n;
        if (!hash_index_add(&index, key_hash(&index, n), n))
            break;
    }
    assert_in_range(n, 8, 15);
    for (u32 i = 0; i < n; i++)
        assert_int_equal(find(&index, keys, i), i);
    hash_index_drop(&index);
}

UNIT_TESTS(UNIT(the_reference_gives_the_papers_example),
           UNIT(hashes_every_length_as_the_reference_does),
           UNIT(finds_what_was_added_and_nothing_else), UNIT(equal_hashes_are_all_found),
           UNIT(a_refused_add_leaves_the_index_alone))
