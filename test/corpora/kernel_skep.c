/* What Skep thinks of the kernel's tests, for kernel_tests.py, kernel_live.py and kernel_large.py.
 *
 *     kernel_skep judge             jobs on stdin, one a line; a line of results each
 *     kernel_skep show              one job on stdin: its instructions and the whole report
 *     kernel_skep facts OBJECT...   what is to be known about each program (kernel_facts.c)
 *
 * A job, its fields separated by tabs:
 *     object FILE PROGRAM PRESETS RUN     PRESETS: "-", or MAP=HEX,... : what element 0 holds
 *     struct FILE OFFSET RUN              a test in struct form (struct_test.h)
 * RUN is "every=KINDS" if it is to run on every input of some kinds (kernel_inputs.c), and "many"
 * if it is to run on MANY_RUNS random inputs (maps, packets and their lengths), and no run may
 * fault; it is "run" if it is to run when it is accepted (on 64 zero bytes, or the test's own data;
 * checked engine), else "-"; then ",aligned" if misaligned accesses are to be refused, and
 * ",strict" for profile strict.
 *
 * A line of results: the job's number, then key=value, separated by tabs.  Each job is a process of
 * its own, so that one that crashes or hangs is a row, not the end. */
#include "kernel_skep.h"

#include "api/api.h"
#include "struct_test.h"
#include <skep/skep.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 60                 /* for a job */
#define FUEL ((uint64_t)400 << 20) /* for a run: loops of 8 Mi rounds */
#define IFINDEX 1u                 /* the device that bpf(2) lets a test's packet come from */
#define ETHERNET_BYTES 14u         /* what bpf(2) takes off a test's packet for most types */
#define MANY_RUNS 2000
#define MAX_FIELDS 8
#define MAX_MAPS 32
#define CTX_BYTES 4096u
#define PERF_EVENT_ARRAY 4u /* BPF_MAP_TYPE_* */
#define RINGBUF 27u
#define RDONLY_PROG 0x80u /* BPF_F_RDONLY_PROG */
#define MAP_ENTRIES 64u
#define RING_BYTES 4096u

struct job {
    skep_env *env;
    skep_object *object;
    const char *program; /* NULL: the only one */
    const char *presets;
    skep_map *maps[MAX_MAPS];
    size_t n_maps;
    struct struct_run runs[STRUCT_TEST_MAX];
    size_t n_runs;
    const uint8_t *bytes; /* of bytecode, to be listed; NULL: it is in an object */
    size_t size;
    bool show, aligned, strict, many;
    const char *every; /* kinds of input; NULL: it does not run on all of them */
};

static void die(const char *what)
{
    perror(what);
    exit(2);
}

/* ---- results ------------------------------------------------------------------------------- */

static void put_text(const char *key, const char *text)
{
    printf("\t%s=", key);
    for (; *text; text++)
        putchar(*text == '\n' || *text == '\t' ? ' ' : *text);
}

static void put_number(const char *key, uint64_t value)
{
    printf("\t%s=%llu", key, (unsigned long long)value);
}

static void put_error(const skep_error *error)
{
    char text[1024];
    skep_error_text(error, text, sizeof(text));
    put_text("id", skep_error_id(error));
    put_text("text", text);
}

/* Of what could not even be looked at. */
static const char *verdict_of(skep_status status)
{
    if (status == SKEP_UNSUPPORTED)
        return "unsupported";
    bool rejected = status == SKEP_REJECTED || status == SKEP_MALFORMED || status == SKEP_BAD_ARG;
    return rejected ? "rejected" : "error";
}

/* ---- running ------------------------------------------------------------------------------- */

/* bpf(2) takes the link header off a test's packet, unless the type sees it; some types take it off
 * themselves here. */
static bool takes_link_header(const struct skep_hook *hook)
{
    static const char *const names[] = { "xdp",    "sched_cls", "sched_act", "cgroup_skb",
                                         "lwt_in", "lwt_out",   "lwt_xmit",  "lwt_seg6local" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(hook->name, names[i]))
            return true;
    return false;
}

static skep_packet *packet_of(skep_env *env, const struct skep_hook *hook,
                              const struct struct_run *run, size_t size)
{
    size_t skip = takes_link_header(hook) ? 0 : ETHERNET_BYTES;
    skep_packet *packet;
    if (skep_packet_new(env, STRUCT_TEST_DATA, &packet) != SKEP_OK ||
        skep_packet_set(packet, run->data + skip, size - skip) != SKEP_OK)
        die("packet");
    packet->ingress_ifindex = IFINDEX;
    return packet;
}

static skep_status run_in(skep_env *env, const skep_program *program, const struct struct_run *run,
                          size_t size, uint64_t *r0, skep_error *error)
{
    static uint64_t fields[CTX_BYTES / 8];
    static uint8_t bytes[STRUCT_TEST_DATA];
    static struct skep_memory memory = { bytes, sizeof(bytes) };
    const struct skep_hook *hook = skep_program_hook(program);
    if (!(hook->flags & SKEP_HOOK_PACKET))
        return skep_run_once(program, hook->ctx_kind == SKEP_CTX_MEMORY ? (void *)&memory : fields,
                             r0, error);
    skep_packet *packet = packet_of(env, hook, run, size);
    skep_status status = skep_run_once(program, packet, r0, error);
    skep_packet_free(packet);
    return status;
}

static void run_one(struct job *job, const skep_program *program, size_t i)
{
    skep_error error = { 0 };
    uint64_t r0 = 0;
    char text[1024];
    skep_status status = run_in(job->env, program, &job->runs[i], STRUCT_TEST_DATA, &r0, &error);
    if (status == SKEP_OK) {
        put_number("r0", (uint32_t)r0);
        return;
    }
    put_text("r0", skep_status_name(status));
    put_text("fault", skep_error_id(&error));
    skep_error_text(&error, text, sizeof(text));
    put_text("fault_text", text);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Random bytes; now and then the same byte throughout, since zeros and ones are special. */
static void fill_random(uint64_t *state, uint8_t *bytes, size_t size)
{
    uint64_t how = next_random(state);
    for (size_t i = 0; i < size; i++)
        bytes[i] = how % 4 == 0 ? (uint8_t)(how >> 8) : (uint8_t)next_random(state);
}

/* Its element 0, if it has one; what the program may not write is left alone. */
static void fill_map(uint64_t *state, skep_map *map)
{
    static const uint8_t zeros[64];
    uint8_t value[512];
    const struct skep_map_spec *spec = skep_map_spec(map);
    if (spec->key_size > sizeof(zeros) || spec->value_size > sizeof(value) ||
        (spec->flags & RDONLY_PROG))
        return;
    fill_random(state, value, spec->value_size);
    skep_map_update(map, zeros, value, 0);
}

static void run_many(struct job *job, const skep_program *program)
{
    uint64_t state = 88172645463325252u, r0, runs = 0;
    skep_error error = { 0 };
    skep_map *map;
    for (; runs < MANY_RUNS; runs++) {
        struct struct_run run = job->runs[0];
        fill_random(&state, run.data, STRUCT_TEST_DATA);
        for (size_t m = 0; (map = skep_program_map_at(program, m)); m++)
            fill_map(&state, map);
        size_t size =
            ETHERNET_BYTES + next_random(&state) % (STRUCT_TEST_DATA - ETHERNET_BYTES + 1);
        if (run_in(job->env, program, &run, size, &r0, &error) != SKEP_OK) {
            put_text("unsafe", skep_error_id(&error));
            break;
        }
    }
    put_number("runs", runs);
}

static void run_every(struct job *job, const skep_program *program)
{
    skep_error error = { 0 };
    uint64_t runs = kernel_run_inputs(job->env, program, job->every, &error);
    if (error.id)
        put_text("unsafe", skep_error_id(&error));
    put_number("runs", runs);
}

/* ---- judging ------------------------------------------------------------------------------- */

/* "MAP=HEX,…": what element 0 of an array begins with. */
static void preset(const skep_program *program, const char *presets)
{
    char name[64], digits[256];
    int used;
    while (sscanf(presets, "%63[^=]=%255[0-9a-f]%n", name, digits, &used) == 2) {
        uint32_t zero = 0;
        skep_map *map = skep_program_map(program, name);
        uint8_t *value = map ? skep_map_value(map, &zero, 0) : NULL;
        size_t size = map ? skep_map_spec(map)->value_size : 0;
        for (size_t i = 0; value && i < size && i < strlen(digits) / 2; i++) {
            unsigned byte;
            sscanf(digits + 2 * i, "%2x", &byte);
            value[i] = (uint8_t)byte;
        }
        presets += used;
        presets += *presets == ',';
    }
}

static void list_bytes(const struct job *job)
{
    struct mem mem;
    mem_init(&mem, NULL, 0);
    uint32_t n = (uint32_t)(job->size / 8);
    struct isa_slot *slots = calloc(n + 1, sizeof(*slots));
    if (!slots)
        die("memory");
    for (uint32_t i = 0; i < n; i++)
        slots[i] = isa_slot_read(job->bytes + 8 * (size_t)i, false);
    for (uint32_t i = 0, wide; i < n; i += wide) {
        struct insn insn;
        struct text text;
        text_init(&text, &mem);
        bool known = isa_decode(slots + i, n - i, i, &insn, NULL) == SKEP_OK;
        if (known)
            isa_print(&text, &insn);
        printf("%6u:\t%s\n", i, known ? text_cstr(&text) : "<unknown>");
        wide = known ? insn_slots(&insn) : 1;
        text_drop(&text);
    }
    free(slots);
}

static void list_program(const struct job *job, const skep_program *program)
{
    char *text = NULL;
    if (program
            ? skep_program_list(program, SKEP_LIST_INSNS, &text) == SKEP_OK
            : !job->bytes && skep_object_list(job->object, job->program, &text, NULL) == SKEP_OK)
        printf("%s\n", text);
    else if (job->bytes)
        list_bytes(job);
    free(text);
}

static void put_verdict(const struct skep_verdict *verdict)
{
    static const char *const words[] = { [SKEP_VERDICT_ACCEPTED] = "accepted",
                                         [SKEP_VERDICT_REJECTED] = "rejected",
                                         [SKEP_VERDICT_UNSUPPORTED] = "unsupported",
                                         [SKEP_VERDICT_GAVE_UP] = "gave-up" };
    put_text("verdict", words[verdict->kind]);
    put_number("us", verdict->ns / 1000);
    put_number("insns", verdict->insns);
    put_number("visited", verdict->visited);
    put_number("states", verdict->states);
    put_number("peak_kb", verdict->peak_bytes >> 10);
    put_text("method", verdict->method ? verdict->method : "-");
    if (verdict->kind != SKEP_VERDICT_ACCEPTED)
        put_error(&verdict->diagnostic);
}

/* The program, and what the verifier knows of the place that it stopped at. */
static void show_verdict(const struct job *job, const struct skep_verdict *verdict)
{
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine = SKEP_ENGINE_NONE,
                                         .maps = job->maps,
                                         .n_maps = job->n_maps };
    skep_program *program = NULL;
    skep_program_load(job->object, job->program, &options, &program, NULL);
    list_program(job, program);
    for (uint32_t i = verdict->n_branches; i-- > 0;)
        printf("branch at %u %s %s\n", verdict->branches[i].at.slot,
               verdict->branches[i].taken ? "taken" : "not taken", verdict->branches[i].at.source);
    if (verdict->kind != SKEP_VERDICT_ACCEPTED)
        printf("at %u; r%u holds %s\n", verdict->at.slot, verdict->reg, verdict->holds);
    printf("\n");
    skep_program_free(program);
}

/* SKEP_ENGINE=jit: what is accepted is compiled, instead of being checked while it runs. */
static bool compiles(void)
{
    const char *engine = getenv("SKEP_ENGINE");
    return engine && !strcmp(engine, "jit");
}

static void run_all(struct job *job)
{
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine =
                                             compiles() ? SKEP_ENGINE_JIT : SKEP_ENGINE_CHECKED,
                                         .profile = SKEP_PROFILE_LINUX,
                                         .trusted = !compiles(),
                                         .fuel = FUEL,
                                         .maps = job->maps,
                                         .n_maps = job->n_maps };
    skep_program *program = NULL;
    skep_error error = { 0 };
    skep_status status = skep_program_load(job->object, job->program, &options, &program, &error);
    if (status != SKEP_OK) {
        put_text("r0", "not loaded");
        put_text("fault", skep_error_id(&error));
        return;
    }
    if (job->presets)
        preset(program, job->presets);
    if (job->every)
        run_every(job, program);
    else if (job->many)
        run_many(job, program);
    for (size_t i = 0; !job->many && !job->every && i < job->n_runs; i++)
        run_one(job, program, i);
    fflush(stdout);
    skep_program_free(program);
}

static void judge(struct job *job)
{
    struct skep_verify_options options = { .size = sizeof(options),
                                           .profile = job->strict ? SKEP_PROFILE_STRICT
                                                                  : SKEP_PROFILE_LINUX,
                                           .aligned = job->aligned,
                                           .maps = job->maps,
                                           .n_maps = job->n_maps };
    struct skep_verdict verdict = { 0 };
    skep_error error = { 0 };
    skep_status status = skep_verify(job->object, job->program, &options, &verdict, &error);
    if (job->show)
        show_verdict(job, &verdict);
    if (status != SKEP_OK) {
        put_text("verdict", verdict_of(status));
        put_error(&error);
        return;
    }
    put_verdict(&verdict);
    fflush(stdout);
    if (job->n_runs && verdict.kind == SKEP_VERDICT_ACCEPTED)
        run_all(job);
}

static void refused(const char *what, skep_status status, const skep_error *error)
{
    put_text("verdict", verdict_of(status));
    put_text("stage", what);
    put_error(error);
}

/* ---- jobs ---------------------------------------------------------------------------------- */

/* What an object leaves to its tool: a size for maps that need one. */
static void size_maps(skep_object *object)
{
    struct skep_object_map_info info;
    for (size_t i = 0; skep_object_map(object, i, &info) == SKEP_OK; i++)
        if (!info.spec.max_entries && info.spec.type != PERF_EVENT_ARRAY)
            skep_object_set_map_entries(object, info.spec.name,
                                        info.spec.type == RINGBUF ? RING_BYTES : MAP_ENTRIES, NULL);
}

/* What follows "every=". */
static const char *every_of(const char *run)
{
    const char *every = strstr(run, "every=");
    return every ? every + strlen("every=") : NULL;
}

/* Its program type cannot run here. */
static bool is_described_only(const struct job *job)
{
    struct skep_program_info info;
    for (size_t i = 0; skep_object_program(job->object, i, &info) == SKEP_OK; i++)
        if (!strcmp(info.name, job->program))
            return info.hook && info.hook->flags & SKEP_HOOK_CONTRACT_ONLY;
    return false;
}

static void do_object(struct job *job, char **fields)
{
    skep_error error = { 0 };
    static const struct struct_run zeros;
    skep_status status = skep_object_open_file(job->env, fields[1], &job->object, &error);
    if (status != SKEP_OK) {
        refused("open", status, &error);
        return;
    }
    size_maps(job->object);
    job->program = fields[2];
    job->presets = strcmp(fields[3], "-") ? fields[3] : NULL;
    job->runs[0] = zeros;
    job->many = strstr(fields[4], "many") != NULL;
    job->every = every_of(fields[4]);
    job->n_runs = job->every || job->many || strstr(fields[4], "run");
    if (job->every && is_described_only(job))
        skep_object_set_hook(job->object, job->program, KERNEL_RUNNABLE, NULL);
    job->aligned = strstr(fields[4], "aligned") != NULL;
    job->strict = strstr(fields[4], "strict") != NULL;
    judge(job);
}

static const struct skep_hook *hook_of(skep_env *env, uint32_t id)
{
    const struct skep_hook *hook;
    for (size_t i = 0; (hook = skep_env_hook(env, i)); i++)
        if (hook->id == id && hook->personality == SKEP_LINUX)
            return hook;
    return NULL;
}

static skep_status open_bytes(struct job *job, const uint8_t *bytes, size_t size,
                              const struct skep_hook *hook, skep_object **object, skep_error *error)
{
    return skep_object_from_insns(job->env, "test", bytes, size / 8, hook, object, error);
}

/* The position of the map with this id; n_maps: none. */
static size_t map_position(const struct struct_test *test, int id)
{
    size_t i = 0;
    while (i < test->n_maps && test->maps[i].id != id)
        i++;
    return i;
}

/* Ids of maps in LDDW become positions.  What is no map's stays as it is: no position either. */
static void place_maps(const struct struct_test *test, uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at + 16 <= size; at += bytes[at] == 0x18 ? 16 : 8) {
        int32_t id;
        unsigned source = bytes[at + 1] >> 4;
        memcpy(&id, bytes + at + 4, sizeof(id));
        if (bytes[at] != 0x18 || (source != 1 && source != 2))
            continue;
        size_t position = map_position(test, id);
        if (position == test->n_maps)
            continue;
        id = (int32_t)position;
        memcpy(bytes + at + 4, &id, sizeof(id));
        bytes[at + 1] = (uint8_t)((source == 1 ? 5u : 6u) << 4 | (bytes[at + 1] & 15u));
    }
}

static const struct struct_blob *blob_of(const struct struct_blob *blobs, size_t n, int id)
{
    for (size_t i = 0; i < n; i++)
        if (blobs[i].id == id)
            return &blobs[i];
    return NULL;
}

static void map_spec(const struct job *job, const struct struct_test *test,
                     const struct struct_map *map, struct skep_map_spec *spec)
{
    *spec = (struct skep_map_spec){ .size = sizeof(*spec),
                                    .name = "map",
                                    .type = map->type,
                                    .key_size = map->key_size,
                                    .value_size = map->value_size,
                                    .max_entries = map->entries,
                                    .flags = map->flags };
    const struct struct_blob *btf = blob_of(test->btf, test->n_btf, map->btf);
    if (btf)
        kernel_find_specials(btf->bytes, btf->size, map->value_type, spec);
    size_t inner = map_position(test, map->inner);
    if (inner < test->n_maps)
        spec->inner = skep_map_spec(job->maps[inner]);
}

static void fill_program_array(struct job *job, const struct struct_test *test,
                               const struct struct_element *element, skep_map *map)
{
    const struct struct_blob *aux = blob_of(test->aux, test->n_aux, element->value.id);
    struct skep_load_options options = { .size = sizeof(options),
                                         .profile = SKEP_PROFILE_LINUX,
                                         .trusted = true,
                                         .maps = job->maps,
                                         .n_maps = job->n_maps };
    skep_object *object;
    skep_program *program;
    uint32_t index;
    skep_error error = { 0 };
    memcpy(&index, element->key, sizeof(index));
    if (!aux)
        die("a program that is not there");
    place_maps(test, aux->bytes, aux->size);
    if (open_bytes(job, aux->bytes, aux->size, hook_of(job->env, aux->type), &object, &error) !=
            SKEP_OK ||
        skep_program_load(object, NULL, &options, &program, &error) != SKEP_OK ||
        skep_map_set_program(map, index, program))
        put_text("warning", "a program of a program array is missing");
}

/* False: a map could not be made; that is the result. */
static bool make_maps(struct job *job, const struct struct_test *test)
{
    for (; job->n_maps < test->n_maps; job->n_maps++) {
        struct skep_map_spec spec;
        skep_error error = { 0 };
        map_spec(job, test, &test->maps[job->n_maps], &spec);
        skep_status status = skep_map_new(job->env, &spec, &job->maps[job->n_maps], &error);
        if (status != SKEP_OK) {
            refused("map", SKEP_UNSUPPORTED, &error);
            return false;
        }
    }
    for (size_t i = 0; i < test->n_elements; i++) {
        const struct struct_element *element = &test->elements[i];
        skep_map *map = job->maps[map_position(test, element->map)];
        if (skep_map_type(map)->traits & SKEP_MAP_HOLDS_PROGRAMS)
            fill_program_array(job, test, element, map);
        else
            skep_map_update(map, element->key, element->value.bytes, 0);
    }
    return true;
}

static void do_bytes(struct job *job, uint8_t *bytes, size_t size, const struct skep_hook *hook)
{
    skep_error error = { 0 };
    job->bytes = bytes;
    job->size = size;
    skep_status status =
        hook ? open_bytes(job, bytes, size, hook, &job->object, &error) : SKEP_UNSUPPORTED;
    if (status != SKEP_OK)
        refused("type", status, &error);
    else
        judge(job);
}

static void do_struct(struct job *job, char **fields)
{
    struct struct_test *test = struct_test_read(fields[1], atol(fields[2]));
    if (!make_maps(job, test))
        return;
    place_maps(test, test->program.bytes, test->program.size);
    memcpy(job->runs, test->runs, sizeof(test->runs));
    job->many = strstr(fields[3], "many") != NULL;
    job->every = every_of(fields[3]);
    job->n_runs = job->many || job->every ? 1 : strstr(fields[3], "run") ? test->n_runs : 0;
    job->aligned = strstr(fields[3], "aligned") != NULL;
    do_bytes(job, test->program.bytes, test->program.size, hook_of(job->env, test->program.type));
}

static void do_job(char *line, bool show)
{
    static const struct {
        const char *word;
        size_t n_fields;
        void (*run)(struct job *job, char **fields);
    } kinds[] = { { "object", 5, do_object }, { "struct", 4, do_struct } };
    const struct skep_hook *const hooks[] = { kernel_runnable_hook() };
    struct skep_env_options options = {
        .size = sizeof(options), .n_cpus = 2, .hooks = hooks, .n_hooks = 1
    };
    struct job job = { .show = show };
    char *fields[MAX_FIELDS] = { NULL };
    size_t n = 0;
    for (char *field = strtok(line, "\t\n"); field && n < MAX_FIELDS; field = strtok(NULL, "\t\n"))
        fields[n++] = field;
    skep_error error = { 0 };
    if (skep_env_new(&options, &job.env, &error) != SKEP_OK) {
        refused("env", SKEP_BAD_ARG, &error);
        return;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (n == kinds[i].n_fields && !strcmp(fields[0], kinds[i].word)) {
            kinds[i].run(&job, fields);
            return;
        }
    die("no such job");
}

/* ---- the command --------------------------------------------------------------------------- */

static void judge_lines(void)
{
    char *line = NULL;
    size_t size = 0;
    for (unsigned i = 0; getline(&line, &size, stdin) > 0; i++) {
        int status;
        printf("%u", i);
        fflush(stdout);
        pid_t child = fork();
        if (child < 0)
            die("fork");
        if (!child) {
            alarm(SECONDS);
            do_job(line, false);
            fflush(stdout);
            _exit(0);
        }
        waitpid(child, &status, 0);
        if (WIFSIGNALED(status))
            printf("\tverdict=%s\ttext=signal %d",
                   WTERMSIG(status) == SIGALRM ? "timeout" : "crashed", WTERMSIG(status));
        else if (WEXITSTATUS(status))
            printf("\tverdict=crashed\ttext=status %d", WEXITSTATUS(status));
        printf("\n");
        fflush(stdout);
    }
    free(line);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "judge")) {
        judge_lines();
    } else if (argc == 2 && !strcmp(argv[1], "show")) {
        char *line = NULL;
        size_t size = 0;
        if (getline(&line, &size, stdin) > 0)
            do_job(line, true);
        printf("\n");
        free(line);
    } else if (argc > 2 && !strcmp(argv[1], "facts")) {
        for (int i = 2; i < argc; i++)
            kernel_facts(argv[i]);
    } else {
        fprintf(stderr, "usage: kernel_skep judge|show|facts OBJECT...\n");
        return 2;
    }
    return 0;
}
