/* What the running Linux kernel thinks of the same jobs as kernel_skep.c's, in the same words.
 *
 *     kernel_oracle judge      jobs on stdin, one a line; a line of results each
 *     kernel_oracle show       one job on stdin: the verifier's log and the result
 *
 * It is compiled in the cache, by kernel_sources.py, with the libbpf of the kernel's source: older
 * ones do not know what newer tests contain.  Beside kernel_skep's, an object's job names in a
 * sixth field the programs to be loaded with it, with commas, or "-".
 *
 * us is the time of the system call BPF_PROG_LOAD alone; insns what the verifier says that it
 * processed.  Each job is a process of its own. */
#include "struct_test.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    SECONDS = 60,
    MAX_FIELDS = 8,
    LOG_BYTES = 16 << 20,
    PROBE_INSNS = 3,
    MAP_ENTRIES = 64,
    RING_BYTES = 4096
};

static char kernel_log[LOG_BYTES];
static bool show;
static unsigned long long load_us; /* of the last program that is no probe */

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static unsigned long long now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (unsigned long long)t.tv_sec * 1000000u + (unsigned long long)t.tv_nsec / 1000u;
}

/* The linker puts it around libbpf's calls of syscall(). */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    const union bpf_attr *attr = (const void *)a[1];
    bool program = number == SYS_bpf && a[0] == BPF_PROG_LOAD && attr->insn_cnt > PROBE_INSNS;
    unsigned long long begin = program ? now_us() : 0;
    long result = __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    int error = errno;
    if (program && attr->log_level == 0)
        load_us = now_us() - begin;
    errno = error;
    return result;
}

/* ---- results ------------------------------------------------------------------------------- */

static void put_text(const char *key, const char *text, size_t length)
{
    printf("\t%s=", key);
    for (size_t i = 0; i < length && text[i]; i++)
        putchar(text[i] == '\n' || text[i] == '\t' ? ' ' : text[i]);
}

/* Whether a line of the log only adds to the one before it. */
static bool is_detail(const char *line)
{
    static const char *const begins[] = { "cur state:", "old state:", "verification time ",
                                          "stack depth " };
    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
        if (!strncmp(line, begins[i], strlen(begins[i])))
            return true;
    return false;
}

/* The last line before the statistics that is not a detail is the reason. */
static void put_reason(const char *otherwise)
{
    char *end = strstr(kernel_log, "\nprocessed ");
    char *begin = end;
    while (begin && begin > kernel_log && (begin == end || is_detail(begin))) {
        end = begin == end ? end : begin - 1;
        begin = end;
        while (begin > kernel_log && begin[-1] != '\n')
            begin--;
    }
    if (begin) {
        put_text("text", begin, (size_t)(end - begin));
        printf("\tlog=yes"); /* the verifier has looked at it */
    } else {
        put_text("text", otherwise, strlen(otherwise));
    }
}

static void put_rejected(int error)
{
    if (show)
        printf("%s\n\n", kernel_log);
    bool refused = error == EPERM && !strstr(kernel_log, "processed ");
    printf("\tverdict=%s\tus=%llu\terrno=%d", refused ? "refused" : "rejected", load_us, error);
    put_reason(strerror(error));
}

static void put_accepted(int fd)
{
    struct bpf_prog_info info = { 0 };
    __u32 size = sizeof(info);
    bpf_obj_get_info_by_fd(fd, &info, &size);
    if (show)
        printf("%s\n\n", kernel_log);
    printf("\tverdict=accepted\tus=%llu\tinsns=%u", load_us, info.verified_insns);
}

static void run(int fd, enum bpf_prog_type type, const uint8_t *data)
{
    char out[STRUCT_TEST_DATA * 4];
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = data, .data_size_in = STRUCT_TEST_DATA,
                .data_out = out, .data_size_out = sizeof(out), .repeat = 1);
    LIBBPF_OPTS(bpf_test_run_opts, none);
    struct bpf_test_run_opts *o = type == BPF_PROG_TYPE_SYSCALL ? &none : &options;
    int error = bpf_prog_test_run_opts(fd, o);
    if (error)
        printf("\tr0=errno %d", errno);
    else
        printf("\tr0=%u", o->retval);
}

/* ---- objects ------------------------------------------------------------------------------- */

static bool listed(const char *names, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at += n)
        if ((at == names || at[-1] == ',') && (!at[n] || at[n] == ','))
            return true;
    return false;
}

static void preset(struct bpf_object *object, const char *presets)
{
    char name[64], digits[256];
    int used;
    while (sscanf(presets, "%63[^=]=%255[0-9a-f]%n", name, digits, &used) == 2) {
        unsigned char value[4096] = { 0 };
        __u32 zero = 0;
        struct bpf_map *map = bpf_object__find_map_by_name(object, name);
        for (size_t i = 0; i < strlen(digits) / 2; i++) {
            unsigned byte;
            sscanf(digits + 2 * i, "%2x", &byte);
            value[i] = (unsigned char)byte;
        }
        if (map)
            bpf_map_update_elem(bpf_map__fd(map), &zero, value, 0);
        presets += used;
        presets += *presets == ',';
    }
}

/* What an object leaves to its tool: a size for maps that need one. */
static void size_maps(struct bpf_object *object)
{
    struct bpf_map *map;
    bpf_object__for_each_map(map, object)
    {
        bool ring = bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF;
        switch ((int)bpf_map__type(map)) {
        case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
        case BPF_MAP_TYPE_CGROUP_STORAGE:
        case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
        case BPF_MAP_TYPE_SK_STORAGE:
        case BPF_MAP_TYPE_INODE_STORAGE:
        case BPF_MAP_TYPE_TASK_STORAGE:
        case BPF_MAP_TYPE_CGRP_STORAGE:
        case BPF_MAP_TYPE_STRUCT_OPS: continue;
        default:
            if (!bpf_map__max_entries(map))
                bpf_map__set_max_entries(map, ring ? RING_BYTES : MAP_ENTRIES);
        }
    }
}

static void set_log(struct bpf_program *program)
{
    bpf_program__set_log_buf(program, kernel_log, sizeof(kernel_log));
    if (show)
        bpf_program__set_log_level(program, 2 | 4);
}

static void do_object(char **fields)
{
    static const uint8_t zeros[STRUCT_TEST_DATA];
    struct bpf_object *object = bpf_object__open_file(fields[1], NULL);
    struct bpf_program *program, *wanted = NULL;
    if (!object) {
        printf("\tverdict=error\ttext=libbpf does not open it");
        return;
    }
    bpf_object__for_each_program(program, object)
    {
        const char *name = bpf_program__name(program);
        bool is = !strcmp(name, fields[2]);
        bpf_program__set_autoload(program, is || listed(fields[5], name));
        if (is)
            wanted = program;
    }
    if (!wanted) {
        printf("\tverdict=error\ttext=no such program");
        return;
    }
    set_log(wanted);
    if (strstr(fields[4], "aligned"))
        bpf_program__set_flags(wanted, bpf_program__flags(wanted) | BPF_F_STRICT_ALIGNMENT);
    size_maps(object);
    if (bpf_object__load(object)) {
        put_rejected(errno);
        return;
    }
    put_accepted(bpf_program__fd(wanted));
    if (strcmp(fields[3], "-"))
        preset(object, fields[3]);
    if (strstr(fields[4], "run"))
        run(bpf_program__fd(wanted), bpf_program__type(wanted), zeros);
}

/* ---- tests in struct form ------------------------------------------------------------------ */

struct made {
    int id, fd;
};
static struct made made[4 * STRUCT_TEST_MAX];
static size_t n_made;

static void keep(int id, int fd) { made[n_made++] = (struct made){ id, fd }; }

static int fd_of(int id)
{
    for (size_t i = 0; id && i < n_made; i++)
        if (made[i].id == id)
            return made[i].fd;
    return -1;
}

static void place_maps(uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at + 16 <= size; at += bytes[at] == 0x18 ? 16 : 8) {
        int32_t id;
        unsigned source = bytes[at + 1] >> 4;
        memcpy(&id, bytes + at + 4, sizeof(id));
        if (bytes[at] != 0x18 || (source != 1 && source != 2) || fd_of(id) < 0)
            continue;
        id = fd_of(id);
        memcpy(bytes + at + 4, &id, sizeof(id));
    }
}

static void place_kfuncs(const struct struct_test *test, uint8_t *bytes, size_t size)
{
    struct btf *btf = test->n_kfuncs ? btf__load_vmlinux_btf() : NULL;
    for (size_t i = 0; i < test->n_kfuncs; i++) {
        int32_t id = btf__find_by_name_kind(btf, test->kfuncs[i].name, BTF_KIND_FUNC);
        id = id < 0 ? 0 : id;
        for (size_t at = 0; at + 8 <= size; at += 8)
            if (!memcmp(bytes + at + 4, &test->kfuncs[i].id, 4))
                memcpy(bytes + at + 4, &id, 4);
    }
}

static void make_maps(const struct struct_test *test)
{
    for (size_t i = 0; i < test->n_btf; i++)
        keep(test->btf[i].id, bpf_btf_load(test->btf[i].bytes, test->btf[i].size, NULL));
    for (size_t i = 0; i < test->n_maps; i++) {
        const struct struct_map *map = &test->maps[i];
        LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = map->flags,
                    .btf_key_type_id = map->key_type, .btf_value_type_id = map->value_type);
        if (map->btf)
            options.btf_fd = (__u32)fd_of(map->btf);
        if (map->inner)
            options.inner_map_fd = (__u32)fd_of(map->inner);
        int fd =
            bpf_map_create(map->type, NULL, map->key_size, map->value_size, map->entries, &options);
        if (fd < 0)
            printf("\twarning=a map cannot be made: %s", strerror(errno));
        keep(map->id, fd);
    }
    for (size_t i = 0; i < test->n_aux; i++) {
        place_maps(test->aux[i].bytes, test->aux[i].size);
        keep(test->aux[i].id,
             bpf_prog_load(test->aux[i].type, NULL, "GPL", (const void *)test->aux[i].bytes,
                           test->aux[i].size / 8, NULL));
    }
    for (size_t i = 0; i < test->n_elements; i++) {
        const struct struct_element *e = &test->elements[i];
        int program = fd_of(e->value.id);
        bpf_map_update_elem(fd_of(e->map), e->key,
                            program >= 0 ? (const void *)&program : e->value.bytes, 0);
    }
}

static int load(uint32_t type, const uint8_t *bytes, size_t size,
                struct bpf_prog_load_opts *options)
{
    options->log_level = show ? 2 | 4 : 0;
    options->log_buf = show ? kernel_log : NULL;
    options->log_size = show ? sizeof(kernel_log) : 0;
    int fd = bpf_prog_load(type, NULL, "GPL", (const void *)bytes, size / 8, options);
    if (fd >= 0) {
        put_accepted(fd);
        return fd;
    }
    int error = errno;
    if (!show) {
        options->log_level = 1;
        options->log_buf = kernel_log;
        options->log_size = sizeof(kernel_log);
        bpf_prog_load(type, NULL, "GPL", (const void *)bytes, size / 8, options);
    }
    put_rejected(error);
    return -1;
}

static void do_struct(char **fields)
{
    struct struct_test *test = struct_test_read(fields[1], atol(fields[2]));
    LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = test->attach,
                .prog_flags = test->flags);
    make_maps(test);
    place_maps(test->program.bytes, test->program.size);
    place_kfuncs(test, test->program.bytes, test->program.size);
    if (test->program_btf)
        options.prog_btf_fd = (__u32)fd_of(test->program_btf);
    if (test->functions.size) {
        options.func_info = test->functions.bytes;
        options.func_info_cnt = (__u32)(test->functions.size / test->function_bytes);
        options.func_info_rec_size = test->function_bytes;
    }
    if (strcmp(test->target, "-")) {
        int id = libbpf_find_vmlinux_btf_id(test->target, test->attach);
        options.attach_btf_id = id > 0 ? (__u32)id : 0;
    }
    int fd = load(test->program.type, test->program.bytes, test->program.size, &options);
    for (size_t i = 0; fd >= 0 && i < test->n_runs && strstr(fields[3], "run"); i++)
        run(fd, test->program.type, test->runs[i].data);
}

/* ---- the command --------------------------------------------------------------------------- */

static void do_job(char *line)
{
    static const struct {
        const char *word;
        size_t n_fields;
        void (*run)(char **fields);
    } kinds[] = { { "object", 6, do_object }, { "struct", 4, do_struct } };
    char *fields[MAX_FIELDS] = { NULL };
    size_t n = 0;
    for (char *field = strtok(line, "\t\n"); field && n < MAX_FIELDS; field = strtok(NULL, "\t\n"))
        fields[n++] = field;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (n == kinds[i].n_fields && !strcmp(fields[0], kinds[i].word)) {
            kinds[i].run(fields);
            return;
        }
    die("no such job");
}

static int silent(enum libbpf_print_level level, const char *format, va_list list)
{
    return show && level == LIBBPF_WARN ? vprintf(format, list) : 0;
}

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t size = 0;
    show = argc == 2 && !strcmp(argv[1], "show");
    if (!show && (argc != 2 || strcmp(argv[1], "judge"))) {
        fprintf(stderr, "usage: kernel_oracle judge|show\n");
        return 2;
    }
    libbpf_set_print(silent);
    for (unsigned i = 0; getline(&line, &size, stdin) > 0; i++) {
        int status;
        if (!show)
            printf("%u", i);
        fflush(stdout);
        pid_t child = fork();
        if (child < 0)
            die("fork");
        if (!child) {
            alarm(SECONDS);
            do_job(line);
            fflush(stdout);
            _exit(0);
        }
        waitpid(child, &status, 0);
        if (WIFSIGNALED(status))
            printf("\tverdict=crashed\ttext=signal %d", WTERMSIG(status));
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
