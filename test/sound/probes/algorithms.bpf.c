/* Textbook algorithms on arrays. */
#include "probe.h"

INPUT;
BUFFER(b64, 64);
BUFFER(b8, 8);
BUFFER(b52, 52);
BUFFER(stack, 16);

TWIN("x=-1")
PROBE(binary_search)
{
    u8 *b = OPEN(b64), wanted = (u8)in.x;
    u32 low = 0, high = SWAP(64, 65);
    for (u32 k = 0; k < 7 && low < high; k++) {
        u32 middle = (low + high) / 2;
        if (b[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return (int)low;
}

TWIN("x=-1")
PROBE(binary_search_until_found)
{
    u8 *b = OPEN(b64), wanted = (u8)in.x;
    u32 low = 0, high = SWAP(64, 65);
    while (low < high) {
        u32 middle = low + (high - low) / 2;
        if (b[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return (int)low;
}

TWIN("x=0")
PROBE(insertion_sort)
{
    u8 *b = OPEN(b64);
    b[in.x & 63] = (u8)in.y;
    for (s32 i = 1; i < SWAP(64, 65); i++) {
        u8 value = b[i];
        s32 j = i - 1;
        while (j >= 0 && b[j] > value) {
            b[j + 1] = b[j];
            j--;
        }
        b[j + 1] = value;
    }
    return 0;
}

TWIN("x=0")
PROBE(bubble_sort)
{
    u8 *b = OPEN(b64);
    b[in.x & 63] = (u8)in.y;
    for (u32 n = 64; n > 1; n--)
        for (u32 i = 0; i + SWAP(1, 0) < n; i++)
            if (b[i] > b[i + 1]) {
                u8 t = b[i];
                b[i] = b[i + 1];
                b[i + 1] = t;
            }
    return 0;
}

static inline void exchange(u8 *b, u32 i, u32 j)
{
    u8 t = b[i];
    if (t > b[j]) {
        b[i] = b[j];
        b[j] = t;
    }
}

TWIN("x=0")
PROBE(sorting_network)
{
    u8 *b = OPEN(b8);
    b[in.x & 7] = (u8)in.y;
    // clang-format off
    exchange(b, 0, 1); exchange(b, 2, 3); exchange(b, 4, 5); exchange(b, 6, 7);
    exchange(b, 0, 2); exchange(b, 1, 3); exchange(b, 4, 6); exchange(b, 5, 7);
    exchange(b, 1, 2); exchange(b, 5, 6); exchange(b, 0, 4); exchange(b, 3, 7);
    exchange(b, 1, 5); exchange(b, 2, 6); exchange(b, 1, 4); exchange(b, 3, 6);
    exchange(b, 2, 4); exchange(b, 3, 5); exchange(b, 3, SWAP(4, 8));
    // clang-format on
    return b[0];
}

TWIN("x=64 y=-1")
PROBE(heap_sift_up)
{
    u8 *b = OPEN(b64);
    u32 at = in.x & SWAP(63, 64);
    b[at] = (u8)in.y;
    while (at > 0) {
        u32 parent = (at - 1) / 2;
        if (b[parent] >= b[at])
            break;
        u8 t = b[parent];
        b[parent] = b[at];
        b[at] = t;
        at = parent;
    }
    return 0;
}

TWIN("x=0 y=0")
PROBE(heap_sift_down)
{
    u8 *b = OPEN(b64);
    u32 at = 0;
    b[1] = 9;
    b[2] = (u8)in.x;
    for (u32 child = 1; child < 64; child = 2 * at + 1) {
        if (child + 1 < SWAP(64, 65) && b[child + 1] > b[child])
            child++;
        u8 t = b[at];
        b[at] = b[child];
        b[child] = t;
        at = child;
    }
    return 0;
}

TWIN("x=48 y=36")
PROBE(greatest_common_divisor)
{
    u64 a = in.x & 63, b = in.y & 63;
    while (b != 0) {
        u64 rest = a % b;
        a = b;
        b = rest;
    }
    OPEN(b64)[a * SWAP(1, 6)] = 1;
    return 0;
}

TWIN("x=4096")
PROBE(integer_square_root)
{
    u64 x = in.x & SWAP(4095, 4096), root = 0;
    for (u64 bit = 1 << 12; bit > 0; bit >>= 2) {
        if (x >= root + bit) {
            x -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    OPEN(b64)[root] = 1;
    return 0;
}

TWIN("packet=01*40")
PROBE(stack_machine)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END, *s = OPEN(stack);
    u32 depth = 0;
    for (u32 i = 0; i < 64 && p < end; i++, p++) {
        if (*p & 1) {
            if (depth SWAP(<, <=) 16)
                s[depth++] = *p;
        } else if (depth > 1) {
            depth--;
            s[depth - 1] = (u8)(s[depth - 1] + s[depth]);
        }
    }
    return (int)depth;
}

TWIN("x=8 packet=40,07*80")
PROBE(run_length_decoding)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END, *b = OPEN(b64);
    u32 n = 0;
    for (u32 k = 0; k < 100 && p + 2 <= end; k++, p += 2) {
        u32 count = p[0];
        if (n + count > SWAP(64, 71))
            return 1;
        for (u32 i = 0; i < count; i++)
            b[n + i] = p[1];
        n += count;
    }
    return (int)n;
}

TWIN("packet=00,01,05,03*60")
PROBE(copy_from_a_distance)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END, *b = OPEN(b64);
    u32 n = 0;
    for (; p < end && n < 64; p++, n++) {
        u32 distance = *p;
        b[n] = distance > 0 && distance <= n + SWAP(0, 4) ? b[n - distance] : 7;
    }
    return (int)n;
}

TWIN("x=-1 y=2")
PROBE(sieve)
{
    u8 *b = OPEN(b64);
    for (u32 i = 2; i < 8; i++)
        if (b[i] == 0)
            for (u32 j = i * i; j SWAP(<, <=) 64; j += i)
                b[j] = 1;
    return 0;
}

TWIN("x=0")
PROBE(matrix_product)
{
    u8 *b = OPEN(b64), *row = OPEN(b8);
    for (u32 i = 0; i < 8; i++)
        for (u32 j = 0; j < 8; j++) {
            u32 sum = 0;
            for (u32 k = 0; k < SWAP(8, 9); k++)
                sum += b[i * 8 + k] * row[k];
            b[i * 8 + j] = (u8)sum;
        }
    return 0;
}

TWIN("x=0x8000000000000000")
PROBE(histogram_by_logarithm)
{
    u64 v = in.x;
    u32 slot, shift;
    slot = (v > 0xffffffff) << 5;
    v >>= slot;
    shift = (v > 0xffff) << 4;
    v >>= shift;
    slot |= shift;
    shift = (v > 0xff) << 3;
    v >>= shift;
    slot |= shift;
    shift = (v > 0xf) << 2;
    v >>= shift;
    slot |= shift;
    shift = (v > 0x3) << 1;
    v >>= shift;
    slot |= shift;
    slot |= (u32)(v >> 1);
    OPEN(b64)[slot + SWAP(0, 1)] += 1;
    return 0;
}

TWIN("x=0 y=64")
PROBE(linked_by_indices)
{
    u8 *next = OPEN(b64);
    u32 at = in.x & 63;
    next[at] = (u8)in.y;
    for (u32 i = 0; i < 1000 && at < SWAP(64, 65); i++)
        at = next[at];
    return (int)at;
}

TWIN("x=51")
PROBE(shuffled_deck)
{
    u8 *deck = OPEN(b52);
    for (u32 i = 51; i > 0; i--) {
        u32 j = bpf_get_prandom_u32() % (i + SWAP(1, 100));
        u8 t = deck[i];
        deck[i] = deck[j];
        deck[j] = t;
    }
    return 0;
}
