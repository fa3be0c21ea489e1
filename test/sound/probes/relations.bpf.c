/* Numbers whose bound follows from another number: order, difference, sum. */
#include "probe.h"

INPUT;
BUFFER(b64, 64);

TWIN("x=64 y=64")
PROBE(smaller_of_two)
{
    u64 x = in.x, y = in.y, smaller = x < y ? x : y;
    HIDE(smaller);
    if (y <= SWAP(63, 64))
        OPEN(b64)[smaller] = 1;
    return 0;
}

TWIN("x=64 y=64")
PROBE(larger_of_two)
{
    u64 x = in.x, y = in.y, larger = x;
    if (y > x)
        larger = y;
    HIDE(larger);
    if (larger <= SWAP(63, 64))
        OPEN(b64)[x] = 1;
    return 0;
}

TWIN("x=64 y=64")
PROBE(ordered_before_bounded)
{
    u64 x = in.x, y = in.y;
    if (x > y)
        return 0;
    HIDE(y);
    if (y <= SWAP(63, 64))
        OPEN(b64)[x] = 1;
    return 0;
}

TWIN("x=64 y=64")
PROBE(equal_before_bounded)
{
    u64 x = in.x, y = in.y;
    if (x != y)
        return 0;
    HIDE(y);
    if (y < SWAP(64, 65))
        OPEN(b64)[x] = 1;
    return 0;
}

TWIN("x=64 y=64 z=64")
PROBE(chain_of_three)
{
    u64 x = in.x, y = in.y, z = in.z;
    if (x > y || y > z)
        return 0;
    HIDE(z);
    if (z < SWAP(64, 65))
        OPEN(b64)[x] = 1;
    return 0;
}

TWIN("x=100 y=164")
PROBE(difference_in_range)
{
    u64 x = in.x, y = in.y;
    if (x < 100 || x > y || y > SWAP(163, 164))
        return 0;
    HIDE(x);
    OPEN(b64)[y - x] = 1;
    return 0;
}

TWIN("x=10")
PROBE(sum_with_its_complement)
{
    u64 i = in.x & 63, rest = SWAP(63, 64) - i;
    HIDE(rest);
    OPEN(b64)[i + rest] = 1;
    return 0;
}

TWIN("x=64 y=0")
PROBE(mirrored_index)
{
    u64 n = in.x, i = in.y;
    if (n > 64 || i >= n)
        return 0;
    HIDE(n);
    OPEN(b64)[n - i - SWAP(1, 0)] = 1;
    return 0;
}

TWIN("x=64 y=1")
PROBE(sum_that_was_checked)
{
    u32 x = (u32)in.x, y = (u32)in.y;
    u64 sum = (u64)x + y;
    HIDE(sum);
    if (sum <= SWAP(63, 65))
        OPEN(b64)[x] = 1;
    return 0;
}

TWIN("x=32 y=33")
PROBE(offset_and_length)
{
    u64 offset = in.x & 0xff, n = in.y & 0xff;
    u8 *b = OPEN(b64);
    if (offset + n > SWAP(64, 65))
        return 0;
    for (u64 i = 0; i < n; i++)
        b[offset + i] = (u8)i;
    return 0;
}

TWIN("x=64")
PROBE(sum_with_a_constant)
{
    u64 x = in.x & 0xffff, last = x + 5;
    HIDE(last);
    if (last < SWAP(69, 70))
        OPEN(b64)[x] = 1;
    return 0;
}

TWIN("x=64")
PROBE(copy_that_was_checked)
{
    u64 x = in.x, copy = x;
    HIDE(copy);
    if (copy < SWAP(64, 65))
        OPEN(b64)[copy] = (u8)x;
    return 0;
}

TWIN("x=64")
PROBE(scaled_by_four)
{
    u64 x = (u32)in.x, bytes = x * 4;
    HIDE(bytes);
    if (bytes < SWAP(256, 260))
        OPEN(b64)[x] = 1;
    return 0;
}

TWIN("x=64 y=1")
PROBE(room_that_is_left)
{
    u64 used = in.x, room = 64 - used;
    if (used > 64)
        return 0;
    HIDE(room);
    if (room >= SWAP(1, 0))
        OPEN(b64)[used] = 1;
    return 0;
}

TWIN("x=63 y=2")
PROBE(fits_into_what_is_left)
{
    u64 used = in.x, n = in.y;
    u8 *b = OPEN(b64);
    if (used > 64 || n > SWAP(64, 65) - used)
        return 0;
    for (u64 i = 0; i < n; i++)
        b[used + i] = (u8)i;
    return 0;
}

TWIN("x=1000 z=63")
PROBE(clamped_from_both_sides)
{
    u64 at = in.x, low = in.y & 31, high = (in.z & 31) + SWAP(32, 33);
    if (at < low)
        at = low;
    if (at > high)
        at = high;
    OPEN(b64)[at] = 1;
    return 0;
}
