/* Runs clang with what BPF programs need: the target, debug information (for BTF and source
 * lines), and the headers that Debian keeps in the multiarch folder, which clang does not search
 * when the target is bpf. */
#include "compile.h"
#include "out.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *const compile_clangs[] = { "clang",    "clang-22", "clang-21", "clang-20",
                                              "clang-19", "clang-18", "clang-17", "clang-16",
                                              "clang-15", "clang-14" };

/* How bpf_tracing.h calls a machine that uname calls otherwise. */
static const char *compile_arch(const char *machine)
{
    static const char *const names[][2] = { { "x86_64", "x86" },
                                            { "aarch64", "arm64" },
                                            { "riscv64", "riscv" },
                                            { "ppc64le", "powerpc" },
                                            { "s390x", "s390" } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i][0], machine))
            return names[i][1];
    return machine;
}

/* NULL-terminated; slot 0 is the compiler's. */
struct compile_words {
    char *words[64];
    size_t n;
};

static void compile_add(struct compile_words *list, const char *word)
{
    if (list->n + 1 < sizeof list->words / sizeof *list->words)
        list->words[list->n++] = need(strdup(word));
}

static void compile_add_new(struct compile_words *list, char *word)
{
    compile_add(list, word);
    free(word);
}

static void compile_add_system(struct compile_words *list)
{
    struct utsname system;
    if (uname(&system))
        return;
    compile_add_new(list, format_new("-D__TARGET_ARCH_%s", compile_arch(system.machine)));
    compile_add(list, "-idirafter");
    compile_add_new(list, format_new("/usr/include/%s-linux-gnu", system.machine));
}

static struct compile_words compile_line(const char *path, const char *out, const struct args *args)
{
    static const char *const fixed[] = { "clang",
                                         "-target",
                                         "bpf",
                                         "-mcpu=v3",
                                         "-O2",
                                         "-g",
                                         "-c",
                                         "-fno-stack-protector",
                                         "-fcolor-diagnostics" };
    struct compile_words list = { .n = 0 };
    bool coloured = isatty(STDERR_FILENO);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed - !coloured; i++)
        compile_add(&list, fixed[i]);
    compile_add_system(&list);
    const struct given_option *given = NULL;
    while ((given = args_next(args, OPT_CFLAG, given)))
        compile_add(&list, given->values[0]);
    compile_add(&list, "-o");
    compile_add(&list, out);
    compile_add(&list, path);
    return list;
}

/* The exit status of one compiler; -1 with errno when it could not be started. */
static int compile_spawn(const char *clang, struct compile_words *list)
{
    pid_t child;
    int status;
    free(list->words[0]);
    list->words[0] = need(strdup(clang));
    errno = posix_spawnp(&child, clang, NULL, NULL, list->words, environ);
    if (errno || waitpid(child, &status, 0) < 0)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int compile_any(struct compile_words *list)
{
    const char *chosen = getenv("CLANG");
    if (chosen && *chosen)
        return compile_spawn(chosen, list);
    for (size_t i = 0; i < sizeof compile_clangs / sizeof *compile_clangs; i++) {
        int status = compile_spawn(compile_clangs[i], list);
        if (status >= 0 || errno != ENOENT)
            return status;
    }
    return -1;
}

static int compile_to(const char *path, const char *out, const struct args *args,
                      struct bytes_buffer *object)
{
    struct compile_words list = compile_line(path, out, args);
    int status = compile_any(&list);
    int error = errno;
    for (size_t i = 0; i < list.n; i++)
        free(list.words[i]);
    if (status < 0)
        return say_usage("%s: cannot start clang (%s); install it, or set CLANG to its path", path,
                         strerror(error));
    if (status > 0)
        return say_usage("%s: clang could not compile it", path);
    if (!file_read(out, object))
        return say_usage("%s: %s", out, strerror(errno));
    return STATUS_OK;
}

int compile_c(const char *path, const struct args *args, struct bytes_buffer *object)
{
    const char *folder = getenv("TMPDIR");
    if (access(path, R_OK))
        return say_usage("%s: %s", path, strerror(errno));
    char *out = format_new("%s/skep-XXXXXX.o", folder && *folder ? folder : "/tmp");
    int file = mkstemps(out, 2);
    int status =
        file < 0 ? say_usage("%s: %s", out, strerror(errno)) : compile_to(path, out, args, object);
    if (file >= 0) {
        close(file);
        unlink(out);
    }
    free(out);
    return status;
}
