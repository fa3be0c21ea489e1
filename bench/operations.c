/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The maps of programs/micro.bpf.c: what the host puts into them before they are measured. */
#include "operations.h"

#define ENTRIES 1024u

/* Keys n and {n, n, n, n}; the array's are its indexes. */
static bool fill_numbers(const struct bench_maps *maps, const char *map)
{
    for (uint32_t n = 0; n < ENTRIES; n++) {
        uint32_t key[4] = { n, n, n, n };
        uint64_t value = n;
        if (!maps->set(maps->state, map, key, &value))
            return false;
    }
    return true;
}

static bool fill_array(const struct bench_maps *maps) { return fill_numbers(maps, "array"); }
static bool fill_hash4(const struct bench_maps *maps) { return fill_numbers(maps, "hash4"); }
static bool fill_hash16(const struct bench_maps *maps) { return fill_numbers(maps, "hash16"); }
static bool fill_lru(const struct bench_maps *maps) { return fill_numbers(maps, "lru_hash"); }
static bool fill_changed(const struct bench_maps *maps)
{
    return fill_numbers(maps, "hash_changed");
}

/* Prefixes of 8 to 31 bits, and one of none, so that every address is found. */
static bool fill_lpm(const struct bench_maps *maps)
{
    uint64_t seed = 2;
    for (uint32_t n = 0; n < ENTRIES - 1; n++) {
        uint32_t key[2] = { n ? 8 + n % 24 : 0, (uint32_t)bench_random(&seed) };
        uint64_t value = n;
        if (!maps->set(maps->state, "lpm", key, &value))
            return false;
    }
    return true;
}

const struct operation operations[] = {
    { "loop", "the loop alone", NULL },
    { "helper", "helper call", NULL },
    { "local_call", "local call", NULL },
    { "array_lookup", "array lookup", fill_array },
    { "percpu_array_lookup", "per-CPU array lookup", NULL },
    { "hash4_lookup", "hash lookup, 4-byte key", fill_hash4 },
    { "hash16_lookup", "hash lookup, 16-byte key", fill_hash16 },
    { "lru_lookup", "LRU hash lookup", fill_lru },
    { "lpm_lookup", "LPM lookup, 1 k prefixes", fill_lpm },
    { "hash_update", "hash update", fill_hash4 },
    { "hash_delete_insert", "hash delete and insert", fill_changed },
};
const size_t n_operations = sizeof operations / sizeof operations[0];
