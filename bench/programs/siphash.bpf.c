/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SipHash-2-4 of 128 bytes: 64-bit rotations. */
#include "program.h"

struct sip {
    u64 v0, v1, v2, v3;
};

static inline struct sip sip_round(struct sip s)
{
    /* clang-format off */
    s.v0 += s.v1; s.v1 = rotl64(s.v1, 13) ^ s.v0; s.v0 = rotl64(s.v0, 32);
    s.v2 += s.v3; s.v3 = rotl64(s.v3, 16) ^ s.v2;
    s.v0 += s.v3; s.v3 = rotl64(s.v3, 21) ^ s.v0;
    s.v2 += s.v1; s.v1 = rotl64(s.v1, 17) ^ s.v2; s.v2 = rotl64(s.v2, 32);
    /* clang-format on */
    return s;
}

static inline struct sip sip_absorb(struct sip s, u64 word)
{
    s.v3 ^= word;
    s = sip_round(sip_round(s));
    s.v0 ^= word;
    return s;
}

PROGRAM(siphash)
{
    u64 k0 = w->b64[0], k1 = w->b64[1];
    struct sip s = { k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                     k1 ^ 0x7465646279746573u };
    for (u32 i = 0; i < 16; i++)
        s = sip_absorb(s, w->a64[i]);
    s = sip_absorb(s, 128ull << 56);
    s.v2 ^= 0xff;
    s = sip_round(sip_round(sip_round(sip_round(s))));
    return fold(s.v0 ^ s.v1 ^ s.v2 ^ s.v3);
}
