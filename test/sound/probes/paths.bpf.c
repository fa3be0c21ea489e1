/* Many paths: what is known about a number needs care, the number of paths must not matter. */
#include "probe.h"

INPUT;
BUFFER(b17, 17);
BUFFER(b64, 64);
BUFFER(b301, 301);
BUFFER(b64k, 65536);
BUFFER(b16m, 1 << 24);

#define ADD_IF(k, weight)                                                                          \
    if (x >> (k)&1) {                                                                              \
        sum += (weight);                                                                           \
        HIDE(sum);                                                                                 \
    }

TWIN("x=0xffff")
PROBE(sixteen_bits_counted)
{
    u64 x = in.x, sum = SWAP(0, 1);
#pragma unroll
    for (u32 k = 0; k < 16; k++) {
        ADD_IF(k, 1)
    }
    OPEN(b17)[sum] = 1;
    return 0;
}

TWIN("x=0xffffff")
PROBE(twenty_four_weights)
{
    u64 x = in.x, sum = SWAP(0, 1);
#pragma unroll
    for (u32 k = 0; k < 24; k++) {
        ADD_IF(k, k + 1)
    }
    OPEN(b301)[sum] = 1;
    return 0;
}

TWIN("x=0xffff")
PROBE(sixteen_powers)
{
    u64 x = in.x, sum = SWAP(0, 1);
#pragma unroll
    for (u32 k = 0; k < 16; k++) {
        ADD_IF(k, 1u << k)
    }
    OPEN(b64k)[sum] = 1;
    return 0;
}

TWIN("x=0xffffff")
PROBE(twenty_four_powers)
{
    u64 x = in.x, sum = SWAP(0, 1);
#pragma unroll
    for (u32 k = 0; k < 24; k++) {
        ADD_IF(k, 1u << k)
    }
    OPEN(b16m)[sum] = 1;
    return 0;
}

/* Nothing that differs between the paths matters at the end. */
TWIN("x=64")
PROBE(paths_that_do_not_matter)
{
    u64 x = in.x, sum = 0;
#pragma unroll
    for (u32 k = 0; k < 20; k++) {
        ADD_IF(k, 0x10001u << k)
    }
    if (sum == 12345)
        return 1;
    if (x < SWAP(64, 65))
        OPEN(b64)[x] = 1;
    return 0;
}

/* One of the branches matters, twelve others lie before and behind it. */
TWIN("x=0 y=64")
PROBE(flag_among_many_paths)
{
    u64 x = in.x, y = in.y, sum = 0;
    u32 ok = 0;
#pragma unroll
    for (u32 k = 0; k < 12; k++) {
        ADD_IF(k, 0x10001u << k)
    }
    if (y < SWAP(64, 65))
        ok = 1;
    HIDE(ok);
#pragma unroll
    for (u32 k = 12; k < 24; k++) {
        ADD_IF(k, 0x10001u << k)
    }
    if (ok)
        OPEN(b64)[y] = (u8)sum;
    return 0;
}

TWIN("x=0x8d1e y=0x5531")
PROBE(paths_in_a_loop)
{
    u64 x = in.x, y = in.y, sum = 0;
    for (u32 i = 0; i < 1000; i++) {
        if (x >> (i & 63) & 1)
            sum += y & 7;
        if (y >> (i & 63) & 1)
            sum ^= x;
        if (sum & 4)
            sum += 3;
        HIDE(sum);
    }
    OPEN(b64)[sum & SWAP(63, 127)] = 1;
    return 0;
}

TWIN("x=5 y=31")
PROBE(eight_sizes)
{
    u64 x = in.x, y = in.y, size;
    switch (x & 7) {
    case 0: size = 1; break;
    case 1: size = 2; break;
    case 2: size = 4; break;
    case 3: size = 8; break;
    case 4: size = 16; break;
    case 5: size = SWAP(32, 33); break;
    case 6: size = 12; break;
    default: size = 20; break;
    }
    HIDE(size);
    OPEN(b64)[(y & 31) + size] = 1;
    return 0;
}
