/* The cursor over untrusted bytes: every read at and past the end, in both byte orders. */
#include "base/bytes.h"

#include "support/unit.h"

static const u8 counting[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

TEST(reads_little_endian_values)
{
    struct bytes in = bytes_over(counting, sizeof(counting), false);
    u8 a;
    u16 b;
    u32 c;
    u64 d;
    assert_int_equal(bytes_u8(&in, &a), SKEP_OK);
    assert_int_equal(bytes_u16(&in, &b), SKEP_OK);
    assert_int_equal(bytes_u32(&in, &c), SKEP_OK);
    assert_int_equal(bytes_u64(&in, &d), SKEP_OK);
    assert_int_equal(a, 1);
    assert_int_equal(b, 0x0302);
    assert_int_equal(c, 0x07060504);
    assert_int_equal(d, 0x0f0e0d0c0b0a0908);
    assert_int_equal(bytes_left(&in), 0);
}

TEST(reads_big_endian_values)
{
    struct bytes in = bytes_over(counting, sizeof(counting), true);
    u16 b;
    u32 c;
    u64 d;
    assert_int_equal(bytes_skip(&in, 1), SKEP_OK);
    assert_int_equal(bytes_u16(&in, &b), SKEP_OK);
    assert_int_equal(bytes_u32(&in, &c), SKEP_OK);
    assert_int_equal(bytes_u64(&in, &d), SKEP_OK);
    assert_int_equal(b, 0x0203);
    assert_int_equal(c, 0x04050607);
    assert_int_equal(d, 0x08090a0b0c0d0e0f);
}

TEST(a_read_past_the_end_changes_nothing)
{
    struct bytes in = bytes_over(counting, 1, false);
    u16 b = 77;
    u32 c = 77;
    u64 d = 77;
    assert_int_equal(bytes_u16(&in, &b), SKEP_MALFORMED);
    assert_int_equal(bytes_u32(&in, &c), SKEP_MALFORMED);
    assert_int_equal(bytes_u64(&in, &d), SKEP_MALFORMED);
    assert_int_equal(bytes_skip(&in, 2), SKEP_MALFORMED);
    assert_int_equal(bytes_skip(&in, UINT64_MAX), SKEP_MALFORMED);
    assert_int_equal(bytes_seek(&in, 2), SKEP_MALFORMED);
    assert_int_equal(in.at, 0);
    assert_int_equal(b + c + d, 3 * 77);
    assert_int_equal(bytes_seek(&in, 1), SKEP_OK);
    u8 a = 77;
    assert_int_equal(bytes_u8(&in, &a), SKEP_MALFORMED);
    assert_int_equal(a, 77);
}

TEST(a_slice_cannot_leave_its_whole)
{
    struct bytes in = bytes_over(counting, 8, true), part = { 0 };
    assert_int_equal(bytes_slice(&in, 9, 0, &part), SKEP_MALFORMED);
    assert_int_equal(bytes_slice(&in, 8, 1, &part), SKEP_MALFORMED);
    assert_int_equal(bytes_slice(&in, 4, UINT64_MAX - 2, &part), SKEP_MALFORMED);
    assert_null(part.data);
    assert_int_equal(bytes_slice(&in, 8, 0, &part), SKEP_OK);
    assert_int_equal(bytes_slice(&in, 4, 4, &part), SKEP_OK);
    u32 c;
    assert_int_equal(bytes_u32(&part, &c), SKEP_OK);
    assert_int_equal(c, 0x05060708);
    assert_int_equal(bytes_u32(&part, &c), SKEP_MALFORMED);
    assert_int_equal(in.at, 0);
}

TEST(a_string_must_end_inside)
{
    const char *s = NULL;
    struct bytes in = bytes_over("ab\0cd", 5, false);
    assert_int_equal(bytes_string(&in, 1, &s), SKEP_OK);
    assert_string_equal(s, "b");
    assert_int_equal(bytes_string(&in, 2, &s), SKEP_OK);
    assert_string_equal(s, "");
    assert_int_equal(bytes_string(&in, 3, &s), SKEP_MALFORMED);
    assert_int_equal(bytes_string(&in, 5, &s), SKEP_MALFORMED);
    assert_int_equal(bytes_string(&in, UINT64_MAX, &s), SKEP_MALFORMED);
}

TEST(an_empty_cursor_gives_nothing)
{
    struct bytes in = bytes_over(NULL, 0, false), part;
    const u8 *p;
    u8 a;
    assert_int_equal(bytes_take(&in, 0, &p), SKEP_OK);
    assert_int_equal(bytes_slice(&in, 0, 0, &part), SKEP_OK);
    assert_int_equal(bytes_u8(&in, &a), SKEP_MALFORMED);
}

TEST(stores_are_the_inverse_of_loads)
{
    for (int big = 0; big < 2; big++) {
        u8 p[8];
        store_u64(p, 0x1122334455667788, big);
        assert_int_equal(p[0], big ? 0x11 : 0x88);
        assert_int_equal(load_u64(p, big), 0x1122334455667788);
        store_u32(p, 0xdeadbeef, big);
        assert_int_equal(load_u32(p, big), 0xdeadbeef);
        store_u16(p, 0xcafe, big);
        assert_int_equal(load_u16(p, big), 0xcafe);
    }
}

UNIT_TESTS(UNIT(reads_little_endian_values), UNIT(reads_big_endian_values),
           UNIT(a_read_past_the_end_changes_nothing), UNIT(a_slice_cannot_leave_its_whole),
           UNIT(a_string_must_end_inside), UNIT(an_empty_cursor_gives_nothing),
           UNIT(stores_are_the_inverse_of_loads))
