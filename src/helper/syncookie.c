/* SYN cookies without a listening socket (bpf-helpers(7), tcp_raw_*): a server's initial sequence
 * number that says all there is to remember of a SYN, so that nothing is (RFC 4987, section 3.6).
 *
 * A cookie is, from the top: five bits of the time in steps of 64 seconds, three bits of the MSS's
 * place in a table, and 24 bits of a keyed hash over both, the addresses, the ports and the
 * client's sequence number.  The key is the env's, so that all its threads agree and no two envs
 * do.  A cookie is good in the step that it was made in and in the next.  Linux's cookies are made
 * otherwise, and mean nothing here; the MSS table is Linux's. */
#include "base/hash.h"
#include "helper/define.h"

enum {
    COOKIE_TCP_BYTES = 20,
    COOKIE_V4_BYTES = 20,
    COOKIE_V6_BYTES = 40,
    COOKIE_MSS_VALUES = 4,
    COOKIE_STEP_SECONDS = 64,
    COOKIE_HASH_BITS = 24,
};

/* A version of IP: where the two addresses are, the MSS of those who say none, and the table. */
struct cookie_ip {
    u32 addresses_at, addresses_bytes;
    u16 mss_default;
    u16 mss[COOKIE_MSS_VALUES];
};
static const struct cookie_ip cookie_v4 = { 12, 8, 536, { 536, 1300, 1440, 1460 } };
static const struct cookie_ip cookie_v6 = { 8, 32, 1220, { 1220, 1420, 1440, 8940 } };

static u32 cookie_be32(const u8 *at)
{
    return (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
}

static u64 cookie_step(const struct skep_thread *thread)
{
    const u64 step_ns = COOKIE_STEP_SECONDS * UINT64_C(1000000000);
    return thread->host->clock_ns(thread->host->user, SKEP_CLOCK_MONOTONIC) / step_ns;
}

/* seq: of the client's SYN. */
static u32 cookie_make(const struct skep_thread *thread, const struct cookie_ip *ip,
                       const u8 *header, const u8 *tcp, u32 seq, u64 step, u32 place)
{
    struct {
        u8 addresses[32];
        u8 ports[4];
        u32 seq;
        u64 step;
        u64 place;
    } covered = { .seq = seq, .step = step, .place = place };
    memcpy(covered.addresses, header + ip->addresses_at, ip->addresses_bytes);
    memcpy(covered.ports, tcp, sizeof(covered.ports));
    u32 hash = (u32)hash_bytes(&covered, sizeof(covered), thread->secret);
    return (u32)(step & 31) << 27 | place << COOKIE_HASH_BITS |
           (hash & ((1u << COOKIE_HASH_BITS) - 1));
}

/* The MSS that a SYN's options name last, or 0. */
static u32 cookie_mss_option(const u8 *options, u32 bytes)
{
    enum { OPTION_END, OPTION_NOTHING, OPTION_MSS, OPTION_MSS_BYTES = 4 };
    u32 mss = 0;
    for (u32 at = 0; at < bytes && options[at] != OPTION_END;) {
        if (options[at] == OPTION_NOTHING) {
            at++;
            continue;
        }
        u32 length = at + 1 < bytes ? options[at + 1] : 0;
        if (length < 2 || length > bytes - at)
            break;
        bool is_mss = options[at] == OPTION_MSS && length == OPTION_MSS_BYTES;
        u32 value = is_mss ? (u32)options[at + 2] << 8 | options[at + 3] : 0;
        mss = value ? value : mss;
        at += length;
    }
    return mss;
}

/* The largest of the table that is not too large; the first when all are. */
static u32 cookie_mss_place(const struct cookie_ip *ip, u32 mss)
{
    u32 place = COOKIE_MSS_VALUES - 1;
    while (place > 0 && ip->mss[place] > mss)
        place--;
    return place;
}

static u64 cookie_gen(const struct skep_thread *thread, const struct cookie_ip *ip,
                      const u8 *header, const u8 *tcp, u32 tcp_bytes)
{
    if (tcp_bytes < COOKIE_TCP_BYTES || tcp_bytes != (u32)(tcp[12] >> 4) * 4)
        return helper_errno(-EINVAL);
    u32 mss = cookie_mss_option(tcp + COOKIE_TCP_BYTES, tcp_bytes - COOKIE_TCP_BYTES);
    u32 place = cookie_mss_place(ip, mss ? mss : ip->mss_default);
    u32 cookie =
        cookie_make(thread, ip, header, tcp, cookie_be32(tcp + 4), cookie_step(thread), place);
    return (u64)ip->mss[place] << 32 | cookie;
}

/* An ACK's numbers are one above those of the SYN and of the cookie. */
static u64 cookie_check(const struct skep_thread *thread, const struct cookie_ip *ip,
                        const u8 *header, const u8 *tcp)
{
    u32 cookie = cookie_be32(tcp + 8) - 1, seq = cookie_be32(tcp + 4) - 1;
    u32 place = cookie >> COOKIE_HASH_BITS & 7;
    u64 step = cookie_step(thread);
    step -= (step - (cookie >> 27)) & 31; /* the last one with those five bits */
    bool fresh = cookie_step(thread) - step <= 1 && place < COOKIE_MSS_VALUES;
    bool valid = fresh && cookie == cookie_make(thread, ip, header, tcp, seq, step, place);
    return valid ? 0 : helper_errno(-EACCES);
}

/* The four helpers */

#define COOKIE_GEN(V, BYTES, ID)                                                                   \
    static u64 cookie_gen_ip##V(struct skep_thread *thread, u64 ip, u64 tcp, u64 bytes, u64 a4,    \
                                u64 a5)                                                            \
    {                                                                                              \
        (void)a4, (void)a5;                                                                        \
        return cookie_gen(thread, &cookie_##V, helper_pointer(ip), helper_pointer(tcp),            \
                          (u32)bytes);                                                             \
    }                                                                                              \
    const struct skep_helper helper_tcp_raw_gen_syncookie_ip##V = {                                \
        HELPER_HEAD("bpf_tcp_raw_gen_syncookie_ip" #V, ID, NET, cookie_gen_ip##V),                 \
        .args = { ARG_R_OF(BYTES), ARG_R, ARG_SIZE0 },                                             \
        .effects = SKEP_GPL_ONLY,                                                                  \
        .cost = 20,                                                                                \
    }
#define COOKIE_CHECK(V, BYTES, ID)                                                                 \
    static u64 cookie_check_ip##V(struct skep_thread *thread, u64 ip, u64 tcp, u64 a3, u64 a4,     \
                                  u64 a5)                                                          \
    {                                                                                              \
        (void)a3, (void)a4, (void)a5;                                                              \
        return cookie_check(thread, &cookie_##V, helper_pointer(ip), helper_pointer(tcp));         \
    }                                                                                              \
    const struct skep_helper helper_tcp_raw_check_syncookie_ip##V = {                              \
        HELPER_HEAD("bpf_tcp_raw_check_syncookie_ip" #V, ID, NET, cookie_check_ip##V),             \
        .args = { ARG_R_OF(BYTES), ARG_R_OF(COOKIE_TCP_BYTES) },                                   \
        .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 0 },                                               \
        .effects = SKEP_GPL_ONLY,                                                                  \
        .cost = 20,                                                                                \
    }
COOKIE_GEN(v4, COOKIE_V4_BYTES, 204);
COOKIE_GEN(v6, COOKIE_V6_BYTES, 205);
COOKIE_CHECK(v4, COOKIE_V4_BYTES, 206);
COOKIE_CHECK(v6, COOKIE_V6_BYTES, 207);
#undef COOKIE_GEN
#undef COOKIE_CHECK
