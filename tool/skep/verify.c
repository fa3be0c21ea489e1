/* skep verify: are programs safe, and if not, why. */
#include "load.h"
#include "open.h"
#include "verdicts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char details_verify[] =
    "Verifies every program of every object (or the one named). Nothing is run. Of each program:\n"
    "whether it is accepted, and the time, instructions, states and memory that took; of the "
    "others\n"
    "the first thing that is wrong, what is known there, how control comes there, and what "
    "usually\n"
    "helps.\n"
    "\n"
    "VERDICTS: accepted; rejected: something is not shown to be safe; unsupported: it needs what\n"
    "Skep does not have; gave up: a limit was passed (--limit-ms, --limit-mb, --limit-visits).\n"
    "Exit status 1 when any program is not accepted.\n"
    "\n"
    "Objects with CO-RE relocations: an access that would need one is reported by its name when "
    "it\n"
    "can be reached.\n"
    "\n"
    "Example:\n"
    "\n"
    "  skep verify build/examples/*.bpf.o\n";

/* ---- one program after another */

struct verify_job {
    const struct args *args;
    struct skep_verify_options options;
    struct progress progress;
    uint64_t done;
    json_t *results;
};

static int verify_program(struct verify_job *job, const struct target *target,
                          const struct skep_program_info *info)
{
    struct skep_verdict verdict;
    skep_error error = { 0 };
    skep_status status = skep_verify(target->object, info->name, &job->options, &verdict, &error);
    if (status)
        return say_error(target->path, status, &error);
    json_t *result = target_result(target, info);
    verdict_fill(result, &verdict);
    append(job->results, result);
    progress_step(&job->progress, ++job->done, 0);
    return verdict.kind == SKEP_VERDICT_ACCEPTED ? STATUS_OK : STATUS_NO;
}

static int verify_worse(int a, int b) { return a > b ? a : b; }

static int verify_programs(struct verify_job *job, const struct target *target)
{
    struct skep_program_info info;
    int worst = STATUS_OK;
    bool found = false;
    for (size_t i = 0; !skep_object_program(target->object, i, &info); i++) {
        if (target->program && strcmp(target->program, info.name))
            continue;
        found = true;
        worst = verify_worse(worst, verify_program(job, target, &info));
    }
    if (!found && target->program)
        return say_usage("%s: there is no program %s", target->path, target->program);
    return worst;
}

static int verify_object(struct verify_job *job, skep_env *env, const char *word)
{
    struct target target;
    int status = target_open(env, job->args, word, &target);
    if (status)
        return status;
    status = verify_programs(job, &target);
    target_close(&target);
    return status;
}

/* ---- text */

static void verify_table(const json_t *results)
{
    static const char *const headers[] = { "program",  "verdict", ">time",  ">insns",
                                           ">visited", ">states", ">memory" };
    struct table *table = table_new(7, headers);
    size_t i;
    const json_t *result;
    json_array_foreach(results, i, result)
    {
        table_cell_f(table, "%s:%s", get_text(result, "object"), get_text(result, "program"));
        table_cell(table, get_text(result, "verdict"));
        table_cell_f(table, "%lld us", get_int(result, "us"));
        table_cell_f(table, "%lld", get_int(result, "insns"));
        table_cell_f(table, "%lld", get_int(result, "visited"));
        table_cell_f(table, "%lld", get_int(result, "states"));
        table_cell_f(table, "%lld KB", get_int(result, "peak_kb"));
    }
    table_print(table, "");
}

static void verify_explain(const json_t *results, bool several)
{
    size_t i;
    const json_t *result;
    json_array_foreach(results, i, result)
    {
        const json_t *diagnostic = json_object_get(result, "diagnostic");
        if (!diagnostic)
            continue;
        printf("%s%s:%s\n%s", several ? "\n" : "", get_text(result, "object"),
               get_text(result, "program"), get_text(diagnostic, "explanation"));
    }
}

static void verify_summary(const json_t *results)
{
    json_int_t us = 0, most_kb = 0;
    size_t i, accepted = 0;
    const json_t *result;
    json_array_foreach(results, i, result)
    {
        accepted += !json_object_get(result, "diagnostic");
        us += get_int(result, "us");
        if (get_int(result, "peak_kb") > most_kb)
            most_kb = get_int(result, "peak_kb");
    }
    printf("\n%zu of %zu programs accepted, in %lld us, with at most %lld KB\n", accepted,
           json_array_size(results), us, most_kb);
}

static void verify_print(const json_t *results)
{
    bool several = json_array_size(results) != 1;
    const json_t *only = json_array_get(results, 0);
    if (several || !json_object_get(only, "diagnostic"))
        verify_table(results);
    verify_explain(results, several);
    if (several)
        verify_summary(results);
}

/* ---- the command */

static int verify_options(const struct args *args, struct skep_verify_options *options)
{
    *options = (struct skep_verify_options){ .size = sizeof *options,
                                             .fuel = args_has(args, OPT_MAY_LOOP),
                                             .guard = args_has(args, OPT_GUARD) };
    if (args_has(args, OPT_TARGET))
        return say_usage("--target: relocating for a kernel's types (CO-RE) is not supported yet");
    if (!profile_parse(args_value(args, OPT_PROFILE), &options->profile) ||
        !limits_parse(args, &options->limits))
        return STATUS_USAGE;
    return STATUS_OK;
}

int command_verify(const struct args *args)
{
    struct host host;
    struct verify_job job = { .args = args, .progress = progress_start("programs verified") };
    if (args->n_words == 0)
        return say_usage("verify: which object?");
    int worst = verify_options(args, &job.options);
    if (!worst)
        worst = host_open(&host, 1);
    if (worst)
        return worst;
    job.results = need(json_array());
    for (int i = 0; i < args->n_words; i++)
        worst = verify_worse(worst, verify_object(&job, host.env, args->words[i]));
    progress_end(&job.progress);
    if (args_has(args, OPT_JSON)) {
        print_document("verify", job.results);
    } else {
        verify_print(job.results);
        json_decref(job.results);
    }
    host_close(&host);
    return worst;
}
