/* Helpers against the kernel's, program by program: each of promises.bpf.c runs here and through
 * BPF_PROG_TEST_RUN on the same frame in the same process, twice, and leaves its results in a map.
 */
#include <skep/skep.h>

#include "support/helpers_compared.h"
#include "support/unit.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define OBJECT BUILD_DIR "/test/objects/promises.bpf.o"
enum { RESULTS = 32, FRAME = 64 };
struct outcome {
    uint64_t r0;
    uint64_t value[RESULTS];
};

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
    (void)level, (void)format, (void)args;
    return 0;
}

/* IPv4 with room for a congestion mark. */
static const uint8_t frame[FRAME] = { [12] = 8, [14] = 0x45, [15] = 2, [17] = 50, [23] = 17 };

/* The last two: of the pid namespace. */
static uint64_t arguments[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void know_namespace(void)
{
    struct stat namespace;
    assert_int_equal(stat("/proc/self/ns/pid", &namespace), 0);
    arguments[10] = namespace.st_dev;
    arguments[11] = namespace.st_ino;
}

/* The control group (version 2) that the process is in. */
static uint64_t group = 1;

static void know_group(void)
{
    char mounted[256] = "", path[256] = "", kind[32], line[600];
    FILE *mounts = fopen("/proc/self/mounts", "r"), *own = fopen("/proc/self/cgroup", "r");
    while (mounts && fgets(line, sizeof(line), mounts))
        if (sscanf(line, "%*s %255s %31s", mounted, kind) == 2 && strcmp(kind, "cgroup2") == 0)
            break;
        else
            *mounted = 0;
    while (own && fgets(line, sizeof(line), own))
        if (sscanf(line, "0::%255s", path) == 1)
            break;
    struct stat folder;
    snprintf(line, sizeof(line), "%s%s", mounted, path);
    if (*mounted && stat(line, &folder) == 0)
        group = folder.st_ino;
    if (mounts)
        fclose(mounts);
    if (own)
        fclose(own);
}

/* The kernel side: an object of one program, or NULL where it does not load. */
static struct bpf_object *open_there(const char *name, int *fd)
{
    struct bpf_object *object = bpf_object__open_file(OBJECT, NULL);
    struct bpf_program *program;
    assert_non_null(object);
    bpf_object__for_each_program(program, object)
        bpf_program__set_autoload(program, strcmp(bpf_program__name(program), name) == 0);
    if (bpf_object__load(object) != 0) {
        bpf_object__close(object);
        return NULL;
    }
    *fd = bpf_program__fd(bpf_object__find_program_by_name(object, name));
    return object;
}

/* What a program is run on. */
enum kind { PACKET, ARGUMENTS, NOTHING };

static enum kind kind_of(const struct bpf_program *program)
{
    switch ((int)bpf_program__type(program)) {
    case BPF_PROG_TYPE_SYSCALL: return NOTHING;
    case BPF_PROG_TYPE_RAW_TRACEPOINT: return ARGUMENTS;
    default: return PACKET;
    }
}

static void run_there(struct bpf_object *object, int fd, enum kind kind, struct outcome *out)
{
    const uint32_t zero = 0;
    uint8_t after[FRAME + 64];
    struct bpf_test_run_opts opts = { .sz = sizeof(opts) };
    if (kind == ARGUMENTS) {
        opts.ctx_in = arguments;
        opts.ctx_size_in = sizeof(arguments);
    }
    if (kind == PACKET) {
        opts.data_in = frame;
        opts.data_size_in = FRAME;
        opts.data_out = after;
        opts.data_size_out = sizeof(after);
    }
    assert_int_equal(bpf_prog_test_run_opts(fd, &opts), 0);
    out->r0 = opts.retval;
    int map = bpf_object__find_map_fd_by_name(object, "out");
    assert_int_equal(bpf_map_lookup_elem(map, &zero, out->value), 0);
}

/* Our side: an env of its own, so that programs do not see one another's maps. */
struct here {
    skep_env *env;
    skep_object *object;
    skep_thread *thread;
    skep_packet *packet;
    skep_program *program;
};

static uint64_t our_group(void *user)
{
    (void)user;
    return group;
}

static void open_here(struct here *h, const char *name, enum skep_engine engine)
{
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine = engine,
                                         .profile = SKEP_PROFILE_LINUX };
    skep_error error = { 0 };
    const struct skep_host host = { .cgroup_id = our_group };
    const struct skep_env_options here = { .size = sizeof(here), .host = &host };
    assert_int_equal(skep_env_new(&here, &h->env, NULL), SKEP_OK);
    assert_int_equal(skep_object_open_file(h->env, OBJECT, &h->object, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(h->env, NULL, &h->thread), SKEP_OK);
    assert_int_equal(skep_packet_new(h->env, FRAME, &h->packet), SKEP_OK);
    skep_status status = skep_program_load(h->object, name, &options, &h->program, &error);
    char text[512];
    skep_error_text(&error, text, sizeof(text));
    if (status != SKEP_OK)
        fail_msg("%s: %s", name, text);
}

static void close_here(struct here *h)
{
    skep_program_free(h->program);
    skep_packet_free(h->packet);
    skep_thread_free(h->thread);
    skep_object_close(h->object);
    skep_env_free(h->env);
}

static void run_here(struct here *h, enum kind kind, struct outcome *out)
{
    const uint32_t zero = 0;
    void *const contexts[] = { [PACKET] = h->packet, [ARGUMENTS] = arguments, [NOTHING] = NULL };
    skep_packet_set(h->packet, frame, FRAME);
    assert_int_equal(skep_run(h->thread, h->program, contexts[kind], &out->r0), SKEP_OK);
    out->r0 = (uint32_t)out->r0;
    assert_int_equal(skep_map_lookup(skep_program_map(h->program, "out"), &zero, out->value), 0);
}

static int differences(const char *name, const struct outcome *ours, const struct outcome *theirs)
{
    int n = ours->r0 != theirs->r0;
    if (n)
        printf("%s: returned %llx, in the kernel %llx\n", name, (unsigned long long)ours->r0,
               (unsigned long long)theirs->r0);
    for (int i = 0; i < RESULTS; i++) {
        if (ours->value[i] == theirs->value[i])
            continue;
        printf("%s: result %d is %llx, in the kernel %llx\n", name, i,
               (unsigned long long)ours->value[i], (unsigned long long)theirs->value[i]);
        n++;
    }
    return n;
}

/* 0: equal; counted in *loaded where the kernel has the program at all. */
static int compare(const char *name, enum kind kind, int *loaded)
{
    static const enum skep_engine engines[] = { SKEP_ENGINE_CHECKED, SKEP_ENGINE_INTERP,
                                                SKEP_ENGINE_JIT };
    struct outcome theirs[2], ours;
    int fd, n = 0;
    struct bpf_object *object = open_there(name, &fd);
    if (!object) {
        printf("%s: not loaded by this kernel (%s)\n", name, strerror(errno));
        return 0;
    }
    ++*loaded;
    for (int run = 0; run < 2; run++)
        run_there(object, fd, kind, &theirs[run]);
    bpf_object__close(object);
    for (size_t e = 0; e < sizeof(engines) / sizeof(*engines); e++) {
        struct here h;
        if (engines[e] == SKEP_ENGINE_JIT && !*skep_jit_name())
            continue;
        open_here(&h, name, engines[e]);
        for (int run = 0; run < 2; run++) {
            run_here(&h, kind, &ours);
            n += differences(name, &ours, &theirs[run]);
        }
        if (e == 0)
            note_helpers_of(h.object, name);
        close_here(&h);
    }
    return n;
}

TEST(helpers_keep_the_kernels_promises)
{
    struct bpf_object *object = bpf_object__open_file(OBJECT, NULL);
    struct bpf_program *program;
    int n = 0, programs = 0, loaded = 0;
    assert_non_null(object);
    know_namespace();
    know_group();
    libbpf_set_print(quiet);
    bpf_object__for_each_program(program, object)
    {
        programs++;
        n += compare(bpf_program__name(program), kind_of(program), &loaded);
    }
    bpf_object__close(object);
    printf("%d programs, %d of them in the kernel too, %d differences\n", programs, loaded, n);
    if (loaded == 0)
        skip();
    assert_int_equal(n, 0);
}

HELPER_TESTS(UNIT(helpers_keep_the_kernels_promises))
