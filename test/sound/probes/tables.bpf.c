/* Indices that come from constants: .rodata tables, state machines, switches. */
#include "probe.h"

INPUT;
BUFFER(b64, 64);
BUFFER(b8, 8);

static const volatile u8 primes[8] = { 2, 3, 5, 7, 31, 41, 61, SWAP(63, 64) };

TWIN("x=7")
PROBE(index_from_a_table)
{
    OPEN(b64)[primes[in.x & 7]] = 1;
    return 0;
}

static const volatile u8 next_state[4][4] = {
    { 0, 1, 2, 3 }, { 1, 1, 0, 2 }, { 3, 0, 2, 1 }, { 2, 3, SWAP(3, 100), 0 }
};

TWIN("packet=03,02,00*30")
PROBE(state_machine)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u32 state = 0;
    if (p + 32 > end)
        return 0;
    for (u32 i = 0; i < 32; i++)
        state = next_state[state][p[i] & 3];
    return (int)state;
}

static const volatile struct {
    u16 offset, length;
} fields[4] = { { 0, 8 }, { 8, 16 }, { 24, 8 }, { 32, SWAP(32, 33) } };

TWIN("x=3")
PROBE(table_of_offsets_and_lengths)
{
    u32 i = in.x & 3, offset = fields[i].offset, n = fields[i].length;
    u8 *b = OPEN(b64);
    for (u32 k = 0; k < n && k < 40; k++)
        b[offset + k] = (u8)k;
    return 0;
}

TWIN("x=3")
PROBE(size_by_a_switch)
{
    u32 size, at = 0;
    switch (in.x & 3) {
    case 0: size = 1; break;
    case 1: size = 2; break;
    case 2: size = 4; break;
    default: size = SWAP(8, 9); break;
    }
    HIDE(size);
    for (at = 0; at < size; at++)
        OPEN(b8)[at] = 1;
    return 0;
}

static const volatile u8 digits[16] = "0123456789abcde" SWAP("f", "\xff");

TWIN("x=15")
PROBE(digit_of_a_table)
{
    u8 digit = digits[in.x & 15];
    OPEN(b64)[digit >= 'a' ? digit - 'a' + 10 : digit - '0'] = 1;
    return 0;
}

const volatile u64 limit = SWAP(64, 65);

TWIN("x=64")
PROBE(bound_that_the_loader_sets)
{
    u64 x = in.x;
    if (x < limit)
        OPEN(b64)[x] = 1;
    return 0;
}
