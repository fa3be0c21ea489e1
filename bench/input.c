/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The memory that bench/programs work on: struct work of programs/program.h, filled from one seed.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "programs/program.h"

_Static_assert(sizeof(struct work) == BENCH_WORK_BYTES, "the programs and the runner agree");

uint64_t bench_random(uint64_t *state)
{
    /* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators) */
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int bench_ascending_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* clang-format off */
static const uint8_t frame[] = {
    0x02, 0, 0, 0, 0, 1,  0x02, 0, 0, 0, 0, 2,  0x81, 0x00,      /* Ethernet */
    0x00, 0x2a, 0x08, 0x00,                                      /* VLAN 42 */
    0x45, 0, 0x04, 0x00,  0x12, 0x34, 0x40, 0x00,  64, 6, 0x5a, 0x1d,
    192, 0, 2, 17,  198, 51, 100, 1,                             /* IPv4 */
    0xc0, 0x0a, 0x01, 0xbb,  1, 2, 3, 4,  5, 6, 7, 8,
    0x50, 0x10, 0x10, 0x00,  0, 0, 0, 0,                         /* TCP */
};
/* clang-format on */

void bench_work(uint8_t out[BENCH_WORK_BYTES])
{
    struct work work = { 0 };
    uint64_t seed = 1;
    memcpy(work.frame, frame, sizeof frame);
    for (size_t i = 0; i < 128; i++)
        work.a64[i] = bench_random(&seed);
    for (size_t i = 0; i < 256; i++)
        work.b32[i] = (uint32_t)bench_random(&seed);
    qsort(work.b32, 256, sizeof work.b32[0], bench_ascending_u32);
    for (size_t i = 0; i < 1024; i++)
        work.c8[i] = (uint8_t)('a' + bench_random(&seed) % 8);
    memcpy(out, &work, sizeof work);
}
