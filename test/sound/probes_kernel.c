/* The kernel's verdicts on the probes. */
#include "sound/probes.h"
#include "support/linux_profile.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOG_BYTES = 1 << 20 };

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
    (void)level, (void)format, (void)args;
    return 0;
}

/* The verifier's last words, before the statistics. */
static void last_words(char *log, char *out, size_t size)
{
    char *last = log, *save = NULL;
    for (char *line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (strncmp(line, "processed ", 10) != 0 && strncmp(line, "verification time", 17) != 0 &&
            strncmp(line, "stack depth", 11) != 0)
            last = line;
    snprintf(out, size, "%s", last);
}

static uint32_t us_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((now.tv_sec - start->tv_sec) * 1000000 +
                      (now.tv_nsec - start->tv_nsec) / 1000);
}

static void ask_about(const char *path, const char *name, struct probe_answer *answer)
{
    static char log[LOG_BYTES];
    struct bpf_object *object = bpf_object__open_file(path, NULL);
    struct bpf_program *program;
    struct timespec start;
    if (!object)
        return;
    bpf_object__for_each_program(program, object)
        bpf_program__set_autoload(program, strcmp(bpf_program__name(program), name) == 0);
    program = bpf_object__find_program_by_name(object, name);
    bpf_program__set_log_buf(program, log, sizeof(log));
    log[0] = 0;
    clock_gettime(CLOCK_MONOTONIC, &start);
    int error = bpf_object__load(object);
    answer->us = us_since(&start);
    answer->verdict = error ? VERDICT_REJECTS : VERDICT_ACCEPTS;
    if (error && !log[0])
        snprintf(answer->why, sizeof(answer->why), "%s", strerror(-error));
    else if (error)
        last_words(log, answer->why, sizeof(answer->why));
    bpf_object__close(object);
}

static int ask_about_all(struct probe *probes, unsigned n)
{
    libbpf_set_print(silent);
    if (!linux_profile_enter(false))
        return 1;
    for (unsigned i = 0; i < n; i++)
        for (unsigned f = SAFE; f <= (unsigned)probes[i].has_twin; f++)
            ask_about(probes[i].object[f], probes[i].name, &probes[i].kernel[f]);
    return 0;
}

bool probes_ask_kernel(struct probe *probes, unsigned n)
{
    int status = -1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(ask_about_all(probes, n));
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}
