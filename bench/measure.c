/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Measuring: calibration, interleaved rounds, median and spread; again when it was not calm. */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double bench_clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* What other processes do while this one waits is not counted. */
double bench_now_ns(void) { return bench_clock_ns(CLOCK_THREAD_CPUTIME_ID); }

double bench_wall_ns(void) { return bench_clock_ns(CLOCK_MONOTONIC); }

static int bench_ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct bench_stat bench_stat(double *values, size_t n)
{
    qsort(values, n, sizeof *values, bench_ascending);
    double median = n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
    return (struct bench_stat){ .median = median,
                                .spread = (values[n * 3 / 4] - values[n / 4]) / 2 };
}

void bench_row(const char *name, const char *metric, const char *unit, struct bench_stat stat)
{
    printf("%-12s %-24s %-8s %12.3f %10.3f\n", name, metric, unit, stat.median, stat.spread);
}

bool bench_open(struct bench_lane *lanes, size_t n, const struct bench_case *of)
{
    bool ran = true;
    for (size_t i = 0; i < n; i++) {
        struct bench_lane *lane = &lanes[i];
        struct bench_outcome first;
        lane->ns = (struct bench_stat){ 0 };
        lane->state = lane->engine->open(lane->engine, of, lane->why);
        if (!lane->state)
            continue;
        struct bench_maps maps = { .state = lane->state, .set = lane->engine->set };
        if (of->fill && !of->fill(&maps)) {
            snprintf(lane->why, sizeof lane->why, "its maps could not be filled");
        } else if (!lane->engine->run(lane->state, 1, &first)) {
            snprintf(lane->why, sizeof lane->why, "the run was stopped");
            ran = false;
        } else {
            lane->result = first.result;
            continue;
        }
        lane->engine->close(lane->state);
        lane->state = NULL;
    }
    return ran;
}

bool bench_results_equal(const struct bench_lane *lanes, size_t n)
{
    const struct bench_lane *first = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!lanes[i].state)
            continue;
        if (!first)
            first = &lanes[i];
        if (lanes[i].result != first->result)
            return false;
    }
    return true;
}

/* How often to run so that it takes about so long. */
static uint64_t bench_repeats(const struct bench_lane *lane, double ns)
{
    struct bench_outcome outcome;
    uint64_t n = 1;
    for (;;) {
        if (!lane->engine->run(lane->state, n, &outcome))
            return 0;
        double took = outcome.ns * (double)n;
        if (took >= ns / 4)
            return (uint64_t)((double)n * ns / took) + 1;
        n *= took < ns / 64 ? 16 : 2;
    }
}

/* All rounds once; false: a run was stopped. */
static bool bench_rounds(const struct bench_lane *lanes, size_t n,
                         const struct bench_options *options, const uint64_t *repeats,
                         struct bench_stat *stats)
{
    double values[BENCH_MAX_ENGINES][BENCH_MAX_ROUNDS];
    for (unsigned round = 0; round < options->rounds; round++) {
        for (size_t i = 0; i < n; i++) {
            if (!lanes[i].state)
                continue;
            struct bench_outcome outcome;
            if (!lanes[i].engine->run(lanes[i].state, repeats[i], &outcome))
                return false;
            values[i][round] = outcome.ns;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (lanes[i].state)
            stats[i] = bench_stat(values[i], options->rounds);
    }
    return true;
}

/* How much the rounds differ, relative to the medians: the mean of all lanes. */
static double bench_unrest(const struct bench_lane *lanes, size_t n, const struct bench_stat *stats)
{
    double sum = 0, counted = 0;
    for (size_t i = 0; i < n; i++) {
        if (lanes[i].state && stats[i].median > 0) {
            sum += stats[i].spread / stats[i].median;
            counted++;
        }
    }
    return counted > 0 ? sum / counted : 0;
}

/* On a shared machine neighbours come and go: what they disturbed is measured again, and of
 * several attempts the calmest counts, for all lanes alike. */
#define BENCH_CALM 0.04
#define BENCH_ATTEMPTS 4

bool bench_measure(struct bench_lane *lanes, size_t n, const struct bench_options *options)
{
    uint64_t repeats[BENCH_MAX_ENGINES] = { 0 };
    double calmest = INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (!lanes[i].state)
            continue;
        repeats[i] = bench_repeats(&lanes[i], options->ns_a_round);
        if (!repeats[i])
            return false;
    }
    for (unsigned attempt = 0; attempt < BENCH_ATTEMPTS && calmest > BENCH_CALM; attempt++) {
        struct bench_stat stats[BENCH_MAX_ENGINES];
        if (!bench_rounds(lanes, n, options, repeats, stats))
            return false;
        double unrest = bench_unrest(lanes, n, stats);
        for (size_t i = 0; i < n && unrest < calmest; i++) {
            if (lanes[i].state)
                lanes[i].ns = stats[i];
        }
        calmest = fmin(calmest, unrest);
    }
    return true;
}

void bench_close(struct bench_lane *lanes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (lanes[i].state)
            lanes[i].engine->close(lanes[i].state);
        lanes[i].state = NULL;
    }
}
