/* SYN cookies: what one remembers, whom it is good for, and for how long. */
#include "unit/helper/helpers.h"

static u64 now;
static u64 clock_now(void *user, enum skep_clock which)
{
    (void)user;
    assert_int_equal(which, SKEP_CLOCK_MONOTONIC);
    return now;
}

static u8 ip[40], tcp[60];

static void put32(u8 *at, u32 value)
{
    for (u32 i = 0; i < 4; i++)
        at[i] = (u8)(value >> (24 - 8 * i));
}

/* A SYN with those options. */
static void syn(const void *options, u32 bytes)
{
    for (u32 i = 0; i < sizeof(ip); i++)
        ip[i] = (u8)(7 * i);
    memset(tcp, 0, sizeof(tcp));
    put32(tcp, 12345u << 16 | 443);
    put32(tcp + 4, 0xfffffffe);
    memcpy(tcp + 20, options, bytes);
    tcp[12] = (u8)((20 + bytes) / 4 << 4);
}

/* The ACK that answers a cookie. */
static void ack(u32 cookie)
{
    put32(tcp + 4, 0xffffffff);
    put32(tcp + 8, cookie + 1);
}

static void start(void)
{
    begin("xdp");
    host.clock_ns = clock_now;
    now = 1000 * UINT64_C(64000000000) + 5;
    thread.secret = 0x1234;
}

TEST(cookies_are_good_for_the_connection_and_two_minutes)
{
    const struct skep_helper *const gen[] = { &helper_tcp_raw_gen_syncookie_ipv4,
                                              &helper_tcp_raw_gen_syncookie_ipv6 };
    const struct skep_helper *const check[] = { &helper_tcp_raw_check_syncookie_ipv4,
                                                &helper_tcp_raw_check_syncookie_ipv6 };
    for (u32 v = 0; v < 2; v++) {
        start();
        syn("", 0);
        u64 cookie = (u64)CALL(gen[v], AT(ip), AT(tcp), 20);
        assert_int_equal(cookie >> 32, v ? 1220 : 536);
        ack((u32)cookie);
        assert_int_equal(CALL(check[v], AT(ip), AT(tcp)), 0);
        ip[v ? 39 : 19]++; /* another server */
        assert_int_equal(CALL(check[v], AT(ip), AT(tcp)), -EACCES);
        ip[v ? 39 : 19]--;
        tcp[3]++; /* another port */
        assert_int_equal(CALL(check[v], AT(ip), AT(tcp)), -EACCES);
        tcp[3]--;
        for (u32 bit = 0; bit < 32; bit++) {
            ack((u32)cookie ^ 1u << bit);
            assert_int_equal(CALL(check[v], AT(ip), AT(tcp)), -EACCES);
        }
        ack((u32)cookie);
        thread.secret++; /* another env */
        assert_int_equal(CALL(check[v], AT(ip), AT(tcp)), -EACCES);
        thread.secret--;
        now += UINT64_C(64000000000);
        assert_int_equal(CALL(check[v], AT(ip), AT(tcp)), 0);
        now += UINT64_C(64000000000);
        assert_int_equal(CALL(check[v], AT(ip), AT(tcp)), -EACCES);
        now += 30 * UINT64_C(64000000000); /* the five bits of the time again */
        assert_int_equal(CALL(check[v], AT(ip), AT(tcp)), -EACCES);
        end();
    }
}

static u64 mss_of(const void *options, u32 bytes)
{
    syn(options, bytes);
    return (u64)CALL(&helper_tcp_raw_gen_syncookie_ipv4, AT(ip), AT(tcp), 20 + bytes) >> 32;
}

TEST(the_mss_is_rounded_down_to_the_table)
{
    start();
    assert_int_equal(mss_of("\2\4\5\xb4", 4), 1460);
    assert_int_equal(mss_of("\2\4\5\xb3", 4), 1440);
    assert_int_equal(mss_of("\1\1\2\4\x05\x14\0\0", 8), 1300);
    assert_int_equal(mss_of("\2\4\0\x10", 4), 536);
    assert_int_equal(mss_of("\2\4\xff\xff\2\4\5\x14", 8), 1300); /* the last counts */
    assert_int_equal(mss_of("\0\0\0\0\2\4\5\xb4", 8), 536);      /* after the end */
    assert_int_equal(mss_of("\2\4\0\0", 4), 536);
    assert_int_equal(mss_of("\3\1\2\4\5\xb4\0\0", 8), 536);  /* an impossible length */
    assert_int_equal(mss_of("\3\3\7\3\50\xff\0\0", 8), 536); /* past the header */
    end();
}

TEST(a_length_that_is_not_the_headers_is_refused)
{
    start();
    syn("", 0);
    assert_int_equal(CALL(&helper_tcp_raw_gen_syncookie_ipv4, AT(ip), AT(tcp), 0), -EINVAL);
    assert_int_equal(CALL(&helper_tcp_raw_gen_syncookie_ipv4, AT(ip), AT(tcp), 24), -EINVAL);
    tcp[12] = 0x40;
    assert_int_equal(CALL(&helper_tcp_raw_gen_syncookie_ipv4, AT(ip), AT(tcp), 16), -EINVAL);
    end();
}

UNIT_TESTS(UNIT(cookies_are_good_for_the_connection_and_two_minutes),
           UNIT(the_mss_is_rounded_down_to_the_table),
           UNIT(a_length_that_is_not_the_headers_is_refused))
