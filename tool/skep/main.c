/* skep: the command.  Finds the command in the table and hands it its arguments. */
#include "command.h"
#include "out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int unknown_command(const char *word)
{
    const char *near = command_nearest(word);
    if (near)
        return say_usage("there is no command %s; did you mean %s?", word, near);
    return say_usage("there is no command %s; see skep help", word);
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct args args;
    int status = args_parse(&args, command, argc, argv);
    if (!status)
        status = command->run(&args);
    args_free(&args);
    if (fflush(stdout) || ferror(stdout))
        return say_usage("cannot write to standard output");
    return status;
}

/* The forms that other programs have taught people to try. */
static const char *usual_name(const char *word)
{
    return !strcmp(word, "--help") || !strcmp(word, "-h") ? "help" : word;
}

static bool asks_for_help(int argc, char **argv)
{
    return argc > 2 && (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h"));
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return say_usage("which command? see skep help");
    const char *name = usual_name(argv[1]);
    if (!strcmp(name, "--version")) {
        printf("skep %s\n", skep_version());
        return STATUS_OK;
    }
    const struct command *command = command_find(name);
    if (!command)
        return unknown_command(name);
    if (asks_for_help(argc, argv))
        return run_command(command_find("help"), 1, &argv[1]);
    return run_command(command, argc - 2, argv + 2);
}
