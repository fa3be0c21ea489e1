/* What version 4 of the instruction set adds: signed division, sign extension, byte swaps. */
#include "probe.h"

INPUT;
BUFFER(b64, 64);
BUFFER(b128, 128);

TWIN("x=-126")
PROBE(signed_quotient)
{
    s64 x = (s64)in.x;
    if (x < -126 || x > 126)
        return 0;
    OPEN(b64)[SWAP(32, 33) - x / 4] = 1;
    return 0;
}

TWIN("x=64")
PROBE(signed_remainder)
{
    s64 rest = (s64)in.x % SWAP(64, 65);
    if (rest >= 0)
        OPEN(b64)[rest] = 1;
    return 0;
}

TWIN("x=128")
PROBE(sign_extended_byte)
{
    s64 x = (s8)in.x;
    OPEN(b128)[x < SWAP(0, -128) ? 0 : x] = 1;
    return 0;
}

TWIN("x=0x4000")
PROBE(length_in_network_order)
{
    u16 length = __builtin_bswap16((u16)in.x);
    if (length < SWAP(64, 65))
        OPEN(b64)[length] = 1;
    return 0;
}

TWIN("x=0x40")
PROBE(sign_extending_load)
{
    volatile s16 kept = (s16)in.x;
    s64 at = kept;
    if (at >= 0 && at < SWAP(64, 65))
        OPEN(b64)[at] = 1;
    return 0;
}
