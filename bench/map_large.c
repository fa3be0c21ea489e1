/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A hash map of many elements (50 M): what insertion, replacement, lookup, iteration and deletion
 * cost on average, the longest that any single one took, and how much memory it touched at most
 * (page faults of one operation times the page size); memory per element.  A table that moves or
 * rehashes its elements shows that here.
 *
 *     build/bench/map_large [entries] */
#include "bench.h"

#include <skep/skep.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Keys are a permutation of the numbers, so that their order is not the order of insertion. */
static uint64_t key_of(uint64_t i) { return (i + 1) * 0x9e3779b97f4a7c15u; }

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt;
}

enum operation { INSERT, REPLACE, LOOKUP, NEXT, DELETE, N_OPERATIONS };
static const char *const names[N_OPERATIONS] = { "insertion", "replacement", "lookup", "next key",
                                                 "deletion" };

static int operate(skep_map *map, enum operation operation, uint64_t i, uint64_t *at)
{
    uint64_t key = key_of(i), value = i, found = 0;
    switch (operation) {
    case INSERT: return skep_map_update(map, &key, &value, SKEP_MAP_NOEXIST);
    case REPLACE: return skep_map_update(map, &key, &value, SKEP_MAP_EXIST);
    case LOOKUP:
        if (skep_map_lookup(map, &key, &found) != 0)
            return -1;
        return found == value ? 0 : -2;
    case NEXT: return skep_map_next_key(map, i ? at : NULL, at);
    case DELETE: return skep_map_delete(map, &key);
    case N_OPERATIONS: break;
    }
    return -3;
}

#define WATCHED 64u /* one in so many is watched by itself */

/* The average of all; the longest time and the most faults of any, as seen around each of a part.
 */
static bool measure(skep_map *map, enum operation operation, uint64_t entries)
{
    long most = 0;
    double longest = 0, watching = 0, start = bench_wall_ns();
    uint64_t at = 0;
    for (uint64_t i = 0; i < entries; i++) {
        bool watched = i % WATCHED == WATCHED - 1;
        double began = watched ? bench_wall_ns() : 0;
        long before = watched ? faults() : 0;
        double inner = watched ? bench_now_ns() : 0;
        int result = operate(map, operation, i, &at);
        if (result != 0) {
            fprintf(stderr, "%s %llu: %d\n", names[operation], (unsigned long long)i, result);
            return false;
        }
        if (watched) {
            double took = bench_now_ns() - inner;
            long faulted = faults() - before;
            longest = took > longest ? took : longest;
            most = faulted > most ? faulted : most;
            watching += bench_wall_ns() - began;
        }
    }
    double all = (bench_wall_ns() - start - watching) * WATCHED / (WATCHED - 1);
    char name[64];
    double average = all / (double)entries, kilobytes = (double)most * (double)getpagesize() / 1024;
    snprintf(name, sizeof(name), "hash, %.1f M", (double)entries / 1e6);
    bench_row(name, names[operation], "ns", bench_stat(&average, 1));
    longest /= 1000;
    char what[64];
    snprintf(what, sizeof(what), "%s, longest", names[operation]);
    bench_row(name, what, "us", bench_stat(&longest, 1));
    snprintf(what, sizeof(what), "%s, new pages at most", names[operation]);
    bench_row(name, what, "KB", bench_stat(&kilobytes, 1));
    return true;
}

static double resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return (double)pages * (double)getpagesize();
}

int main(int argc, char **argv)
{
    uint64_t entries = argc > 1 ? strtoull(argv[1], NULL, 0) : 50000000;
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = "large",
                                  .type = 1,
                                  .key_size = 8,
                                  .value_size = 8,
                                  .max_entries = (uint32_t)entries };
    skep_env *env = NULL;
    skep_map *map = NULL;
    double before = resident_bytes();
    if (skep_env_new(NULL, &env, NULL) != SKEP_OK ||
        skep_map_new(env, &spec, &map, NULL) != SKEP_OK) {
        fprintf(stderr, "map_large: cannot make a map of %llu\n", (unsigned long long)entries);
        return 1;
    }
    bool right = true;
    for (int operation = 0; right && operation < N_OPERATIONS; operation++) {
        right = measure(map, (enum operation)operation, entries);
        if (operation == INSERT) {
            double charged = (double)skep_map_memory_bytes(map) / (double)entries;
            double resident = (resident_bytes() - before) / (double)entries;
            bench_row("hash", "memory per element, charged", "B", bench_stat(&charged, 1));
            bench_row("hash", "memory per element, resident", "B", bench_stat(&resident, 1));
        }
    }
    skep_map_unref(map);
    skep_env_free(env);
    return right ? 0 : 1;
}
