/* Numbers whose bound follows from arithmetic. */
#include "probe.h"

INPUT;
BUFFER(b64, 64);
BUFFER(b60, 60);
BUFFER(b52, 52);
BUFFER(b24, 24);
BUFFER(b57, 57);

TWIN("x=255")
PROBE(quotient_of_a_byte)
{
    OPEN(b52)[(in.x & 255) / SWAP(5, 4)] = 1;
    return 0;
}

TWIN("x=60")
PROBE(minute_of_the_hour)
{
    OPEN(b60)[in.x % SWAP(60, 61)] = 1;
    return 0;
}

TWIN("x=7 y=4")
PROBE(mask_shifted_by_mask)
{
    OPEN(b57)[(in.x & 7) << (in.y & SWAP(3, 7))] = 1;
    return 0;
}

TWIN("x=-64")
PROBE(absolute_value)
{
    s64 x = (s64)in.x;
    if (x < SWAP(-63, -64) || x > 63)
        return 0;
    OPEN(b64)[__builtin_llabs(x)] = 1;
    return 0;
}

TWIN("x=64 y=63")
PROBE(remainder_by_a_variable)
{
    u64 n = (in.y & 63) + SWAP(1, 2);
    OPEN(b64)[in.x % n] = 1;
    return 0;
}

TWIN("x=1500")
PROBE(interpolation)
{
    u64 t = in.x - 500;
    if (t > 1000)
        return 0;
    OPEN(b64)[t * SWAP(63, 64) / 1000] = 1;
    return 0;
}

TWIN("x=86400")
PROBE(hour_of_the_day)
{
    OPEN(b24)[in.x / 3600 % SWAP(24, 25)] = 1;
    return 0;
}

TWIN("x=-1")
PROBE(signed_index_in_range)
{
    s32 i = (s32)in.x;
    if (i >= SWAP(0, -1) && i < 64)
        OPEN(b64)[i] = 1;
    return 0;
}

TWIN("x=3 y=0")
PROBE(two_fields_of_an_index)
{
    OPEN(b64)[(in.x & 3) << SWAP(4, 5) | (in.y & 15)] = 1;
    return 0;
}

TWIN("x=63 y=65")
PROBE(mean_of_two)
{
    OPEN(b64)[((in.x & 63) + (in.y & SWAP(63, 127))) / 2] = 1;
    return 0;
}

TWIN("x=1")
PROBE(top_bits_of_a_hash)
{
    OPEN(b64)[in.x * 0x9e3779b97f4a7c15 >> SWAP(58, 57)] = 1;
    return 0;
}

TWIN("x=57")
PROBE(rounded_up_to_eight)
{
    u64 n = in.x;
    if (n > SWAP(56, 57))
        return 0;
    OPEN(b57)[(n + 7) & ~7ull] = 1;
    return 0;
}

TWIN("x=64")
PROBE(gray_code)
{
    u64 i = in.x & SWAP(63, 127);
    OPEN(b64)[i ^ i >> 1] = 1;
    return 0;
}

PROBE(random_below)
{
    u32 n = (u32)in.x & 63;
    if (n)
        OPEN(b64)[bpf_get_prandom_u32() % n] = 1;
    return 0;
}

TWIN("x=64")
PROBE(saturating_difference)
{
    u64 x = in.x, y = in.y;
    if (x > SWAP(63, 64))
        return 0;
    OPEN(b64)[x > y ? x - y : 0] = 1;
    return 0;
}

TWIN("x=1")
PROBE(mask_made_of_a_comparison)
{
    u64 x = in.x, below = x < 64, mask;
    HIDE(below);
    mask = 0 - below;
    HIDE(mask);
    OPEN(b64)[SWAP(mask & x, mask | x)] = 1;
    return 0;
}

TWIN("x=128")
PROBE(half_of_what_was_checked)
{
    u64 x = in.x;
    if (x <= SWAP(127, 128))
        OPEN(b64)[x >> 1] = 1;
    return 0;
}

TWIN("x=0")
PROBE(complement_within_six_bits)
{
    OPEN(b64)[~in.x & SWAP(63, 127)] = 1;
    return 0;
}

TWIN("x=7 y=7")
PROBE(product_of_two_digits)
{
    OPEN(b52)[(in.x & 7) * (in.y & 7) + SWAP(2, 3)] = 1;
    return 0;
}
