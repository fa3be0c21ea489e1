/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How long opening and loading take: a program of about 16,000 instructions, and one of two.
 * Loading verifies, except where the program is trusted.
 *
 *     load [--rounds N] [--markdown] */
#include "bench.h"

#include <skep/skep.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum phase { OPEN, LOAD, BOTH, N_PHASES };
static const char *const phase_names[N_PHASES] = { "open", "load", "open-and-load" };

/* How a program is loaded. */
struct way {
    const char *name;
    enum skep_engine engine;
    bool trusted;
};
static const struct way ways[] = {
    { "jit", SKEP_ENGINE_JIT, false },
    { "checked", SKEP_ENGINE_CHECKED, false },
    { "interp", SKEP_ENGINE_INTERP, false },
    { "interp-trusted", SKEP_ENGINE_INTERP, true },
};

struct load {
    unsigned rounds;
    bool markdown;
    double ns[N_PHASES][BENCH_MAX_ROUNDS];
};

/* Opens and loads once. */
static bool load_once(struct load *load, unsigned round, skep_env *env, const char *path,
                      const struct way *way)
{
    struct skep_load_options options = { .size = sizeof options,
                                         .engine = way->engine,
                                         .profile = SKEP_PROFILE_LINUX,
                                         .trusted = way->trusted };
    skep_error error = { 0 };
    skep_object *object = NULL;
    skep_program *program = NULL;
    double begin = bench_now_ns();
    skep_status status = skep_object_open_file(env, path, &object, &error);
    double opened = bench_now_ns();
    if (!status)
        status = skep_program_load(object, NULL, &options, &program, &error);
    double loaded = bench_now_ns();
    if (status) {
        char text[512];
        skep_error_text(&error, text, sizeof text);
        fprintf(stderr, "%s: %s %s\n", path, skep_status_name(status), text);
    } else {
        load->ns[OPEN][round] = opened - begin;
        load->ns[LOAD][round] = loaded - opened;
        load->ns[BOTH][round] = loaded - begin;
        skep_program_free(program);
    }
    if (object)
        skep_object_close(object);
    return !status;
}

static void load_print(struct load *load, const char *program, const char *engine)
{
    for (enum phase phase = OPEN; phase < N_PHASES; phase++) {
        struct bench_stat stat = bench_stat(load->ns[phase], load->rounds);
        char name[64];
        stat.median /= 1e3, stat.spread /= 1e3;
        snprintf(name, sizeof name, "%s-%s", phase_names[phase], engine);
        if (load->markdown)
            printf("| %s, program `%s`, %s | %.0f | %.0f | µs | `build/release/bench/load` |\n",
                   phase_names[phase], program, engine, stat.median, stat.spread);
        else
            bench_row(program, name, "us", stat);
    }
}

static bool load_measure(struct load *load, const char *program, const struct way *way)
{
    char path[512];
    snprintf(path, sizeof path, OBJECT_DIR "/%s.bpf.o", program);
    skep_env *env;
    bool good = skep_env_new(NULL, &env, NULL) == SKEP_OK;
    if (!good)
        return false;
    for (unsigned round = 0; good && round < load->rounds; round++)
        good = load_once(load, round, env, path, way);
    if (good)
        load_print(load, program, way->name);
    skep_env_free(env);
    return good;
}

int main(int n, char **args)
{
    static struct load load = { .rounds = 21 };
    bool good = true;
    for (int i = 1; good && i < n; i++) {
        if (strcmp(args[i], "--markdown") == 0)
            load.markdown = true;
        else if (strcmp(args[i], "--rounds") == 0 && i + 1 < n)
            load.rounds = (unsigned)atoi(args[++i]);
        else
            good = false;
    }
    if (!good || load.rounds < 1 || load.rounds > BENCH_MAX_ROUNDS) {
        fprintf(stderr, "usage: %s [--rounds N] [--markdown]\n", args[0]);
        return 2;
    }
    for (size_t i = *skep_jit_name() ? 0 : 1; i < sizeof ways / sizeof *ways; i++)
        good = load_measure(&load, "large", &ways[i]) && load_measure(&load, "empty", &ways[i]) &&
               good;
    return good ? 0 : 1;
}
