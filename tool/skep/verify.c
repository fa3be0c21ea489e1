/* skep verify: are programs safe, and if not, why. */
#include "load.h"
#include "open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char details_verify[] =
    "Verifies every program of every object (or the one named) and prints a line per program.\n"
    "Nothing is run.  Exit status 1 when any program is not accepted.\n"
    "\n"
    "Example:\n"
    "\n"
    "  skep verify build/examples/*.bpf.o\n";

static const char *const verify_names[] = {
    [SKEP_VERDICT_ACCEPTED] = "accepted",
    [SKEP_VERDICT_REJECTED] = "rejected",
    [SKEP_VERDICT_UNSUPPORTED] = "unsupported",
    [SKEP_VERDICT_GAVE_UP] = "gave up",
};

static void verify_fill(json_t *result, const struct skep_verdict *verdict)
{
    set(result, "verdict", json_text(verify_names[verdict->kind]));
    set(result, "us", json_integer((json_int_t)(verdict->ns / 1000)));
    set(result, "insns", json_integer(verdict->insns));
    set(result, "visited", json_integer((json_int_t)verdict->visited));
    set(result, "states", json_integer(verdict->states));
    set(result, "peak_kb", json_integer((json_int_t)(verdict->peak_bytes / 1024)));
    set(result, "method", json_text(verdict->method));
    if (verdict->kind == SKEP_VERDICT_ACCEPTED)
        return;
    json_t *diagnostic = json_error(&verdict->diagnostic);
    set(diagnostic, "slot", json_integer(verdict->slot));
    set(diagnostic, "file", json_text(verdict->file));
    set(diagnostic, "line", json_integer(verdict->line));
    set(diagnostic, "source", json_text(verdict->source));
    set(diagnostic, "holds", json_text(verdict->holds));
    set(result, "diagnostic", diagnostic);
}

static int verify_program(const struct target *target, const struct args *args,
                          const struct skep_program_info *info, json_t *results)
{
    struct skep_verify_options options = { .size = sizeof options };
    struct skep_verdict verdict;
    skep_error error = { 0 };
    if (!profile_parse(args_value(args, OPT_PROFILE), &options.profile))
        return STATUS_USAGE;
    skep_status status = skep_verify(target->object, info->name, &options, &verdict, &error);
    if (status)
        return say_error(target->path, status, &error);
    json_t *result = target_result(target, info);
    verify_fill(result, &verdict);
    append(results, result);
    return verdict.kind == SKEP_VERDICT_ACCEPTED ? STATUS_OK : STATUS_NO;
}

static int verify_target(const struct target *target, const struct args *args, json_t *results)
{
    struct skep_program_info info;
    int worst = STATUS_OK;
    for (size_t i = 0; !skep_object_program(target->object, i, &info); i++) {
        if (target->program && strcmp(target->program, info.name))
            continue;
        int status = verify_program(target, args, &info, results);
        worst = status > worst ? status : worst;
    }
    return worst;
}

static void verify_print(const json_t *results)
{
    size_t i;
    json_t *result;
    json_array_foreach(results, i, result)
    {
        const json_t *diagnostic = json_object_get(result, "diagnostic");
        printf("%s:%s: %s, %lld us, %lld visited, %s\n", get_text(result, "object"),
               get_text(result, "program"), get_text(result, "verdict"),
               (long long)get_int(result, "us"), (long long)get_int(result, "visited"),
               get_text(result, "method"));
        if (diagnostic)
            printf("    slot %lld, line %lld: %s\n    %s\n    %s\n",
                   (long long)get_int(diagnostic, "slot"), (long long)get_int(diagnostic, "line"),
                   get_text(diagnostic, "source"), get_text(diagnostic, "text"),
                   get_text(diagnostic, "holds"));
    }
}

int command_verify(const struct args *args)
{
    struct host host;
    if (args->n_words == 0)
        return say_usage("verify: which object?");
    int worst = host_open(&host, 1);
    if (worst)
        return worst;
    json_t *results = need(json_array());
    for (int i = 0; i < args->n_words; i++) {
        struct target target;
        int status = target_open(host.env, args, args->words[i], &target);
        if (!status) {
            status = verify_target(&target, args, results);
            target_close(&target);
        }
        worst = status > worst ? status : worst;
    }
    if (args_has(args, OPT_JSON)) {
        print_document("verify", results);
    } else {
        verify_print(results);
        json_decref(results);
    }
    host_close(&host);
    return worst;
}
