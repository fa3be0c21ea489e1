/* The env of a command, with what it does for the programs; loading. */
#include "load.h"

#include "verdicts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void host_keep(struct host *host, json_t *list, uint64_t *count, json_t *what)
{
    pthread_mutex_lock(&host->lock);
    if (++*count > HOST_KEPT_MAX)
        json_decref(what);
    else if (json_array_append_new(list, what))
        need(NULL);
    pthread_mutex_unlock(&host->lock);
}

static void host_print(void *user, const char *text, size_t length)
{
    struct host *host = user;
    while (length && text[length - 1] == '\n')
        length--;
    host_keep(host, host->printed, &host->n_printed, json_text_n(text, length));
}

void host_event(struct host *host, const char *map, const void *data, size_t size)
{
    json_t *event = need(json_object());
    set(event, "map", json_text(map));
    set(event, "data", json_hex(data, size));
    host_keep(host, host->events, &host->n_events, event);
}

static void host_perf_event(void *user, skep_map *map, uint64_t flags, const void *data,
                            size_t size)
{
    (void)flags;
    host_event(user, skep_map_spec(map)->name, data, size);
}

/* Infrared keys, as a line each. */
static void host_key(void *user, const struct skep_key_event *event)
{
    char line[128];
    if (event->kind == SKEP_KEY_DOWN)
        snprintf(line, sizeof line, "key down: protocol %u, scancode 0x%llx, toggle %u",
                 event->protocol, (unsigned long long)event->scancode, event->toggle);
    else if (event->kind == SKEP_KEY_POINTER)
        snprintf(line, sizeof line, "pointer moved: %d, %d", event->dx, event->dy);
    else
        snprintf(line, sizeof line, "key repeated");
    host_print(user, line, strlen(line));
}

static void host_seq(void *user, uint64_t seq, const void *data, size_t size)
{
    (void)seq;
    host_print(user, data, size);
}

/* Copies of packets are events of the interface. */
static bool host_send(void *user, uint32_t ifindex, uint64_t flags, const void *frame, size_t size)
{
    char name[32];
    (void)flags;
    snprintf(name, sizeof name, "interface %u", ifindex);
    host_event(user, name, frame, size);
    return true;
}

static uint64_t host_clock(void *user, enum skep_clock clock)
{
    static const clockid_t clocks[] = {
        [SKEP_CLOCK_MONOTONIC] = CLOCK_MONOTONIC,
        [SKEP_CLOCK_BOOT] = CLOCK_BOOTTIME,
        [SKEP_CLOCK_TAI] = CLOCK_TAI,
        [SKEP_CLOCK_COARSE] = CLOCK_MONOTONIC_COARSE,
        [SKEP_CLOCK_REALTIME] = CLOCK_REALTIME,
    };
    const struct host *host = user;
    struct timespec now;
    clock_gettime(clocks[clock], &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + host->passed_ns;
}

/* A second after the start of time, and a microsecond later whenever somebody looks. */
static uint64_t host_steps(void *user, enum skep_clock clock)
{
    enum { HOST_START_NS = 1000000000, HOST_STEP_NS = 1000 };
    struct host *host = user;
    (void)clock;
    return HOST_START_NS + (host->passed_ns += HOST_STEP_NS);
}

static uint64_t host_one_process(void *user)
{
    (void)user;
    return (uint64_t)1 << 32 | 1;
}

static uint64_t host_root(void *user)
{
    (void)user;
    return 0;
}

static void host_comm(void *user, char out[16])
{
    (void)user;
    strncpy(out, "skep", 16);
}

uint64_t host_now(const struct host *host)
{
    void *user = (void *)(uintptr_t)host;
    return host->reproducible ? host_steps(user, SKEP_CLOCK_MONOTONIC)
                              : host_clock(user, SKEP_CLOCK_MONOTONIC);
}

void host_pass(struct host *host, uint64_t ns) { host->passed_ns += ns; }

static int host_open_as(struct host *host, uint32_t n_cpus, bool reproducible)
{
    struct skep_host callbacks = { .user = host,
                                   .clock_ns = host_clock,
                                   .print = host_print,
                                   .event = host_perf_event,
                                   .key = host_key,
                                   .seq = host_seq,
                                   .send = host_send };
    const struct skep_env_options options = { .size = sizeof options,
                                              .n_cpus = n_cpus,
                                              .host = &callbacks };
    skep_error error = { 0 };
    *host = (struct host){ .printed = need(json_array()),
                           .events = need(json_array()),
                           .reproducible = reproducible };
    if (reproducible) {
        callbacks.clock_ns = host_steps;
        callbacks.pid_tgid = host_one_process;
        callbacks.uid_gid = host_root;
        callbacks.comm = host_comm;
    }
    pthread_mutex_init(&host->lock, NULL);
    skep_status status = skep_env_new(&options, &host->env, &error);
    return status ? say_error("env", status, &error) : STATUS_OK;
}

int host_open(struct host *host, uint32_t n_cpus) { return host_open_as(host, n_cpus, false); }

int host_open_reproducible(struct host *host, uint32_t n_cpus)
{
    return host_open_as(host, n_cpus, true);
}

void host_close(struct host *host)
{
    skep_env_free(host->env);
    json_decref(host->printed);
    json_decref(host->events);
    pthread_mutex_destroy(&host->lock);
}

/* Most reports name the program; those that do not are told it, and where in it. */
static int load_refused(const struct target *target, const struct skep_program_info *info,
                        skep_status status, const skep_error *error,
                        const struct skep_verdict *verdict)
{
    char text[1024] = "", place[64] = "";
    skep_error_text(error, text, sizeof text);
    bool named = strstr(text, info->name);
    if (verdict->at.known && verdict->at.line)
        snprintf(place, sizeof place, ", line %u", verdict->at.line);
    else if (verdict->at.known)
        snprintf(place, sizeof place, ", slot %u", verdict->at.slot);
    char *what =
        format_new("%s%s%s%s", target->path, named ? "" : ": ", named ? "" : info->name, place);
    int result = say_error(what, status, error);
    free(what);
    return result;
}

static uint32_t debuggers_of(const struct args *args)
{
    return (args_has(args, OPT_PERF_MAP) ? SKEP_DEBUGGER_PERF : 0u) |
           (args_has(args, OPT_GDB) ? SKEP_DEBUGGER_GDB : 0u);
}

int program_load(const struct target *target, const struct args *args,
                 const struct skep_program_info *info, const struct load_wish *wish,
                 skep_program **program)
{
    struct skep_verdict verdict;
    struct skep_load_options options = { .size = sizeof options,
                                         .engine = wish->engine,
                                         .trusted = wish->trusted,
                                         .may_loop = args_has(args, OPT_FUEL),
                                         .guard = args_has(args, OPT_GUARD) && !wish->trusted,
                                         .blind = args_has(args, OPT_BLIND),
                                         .opt_off = args_value(args, OPT_OPT_OFF),
                                         .debuggers = debuggers_of(args),
                                         .share = wish->share,
                                         .verdict = &verdict };
    skep_error error = { 0 };
    if (!profile_parse(args_value(args, OPT_PROFILE), &options.profile) ||
        !args_number(args, OPT_FUEL, UINT64_MAX, 0, &options.fuel) ||
        !limits_parse(args, &options.limits))
        return STATUS_USAGE;
    if (!info->hook)
        return say_usage("%s: section %s does not say which type %s is; add --type", target->path,
                         info->section, info->name);
    skep_status status = skep_program_load(target->object, info->name, &options, program, &error);
    if (!status)
        return STATUS_OK;
    return load_refused(target, info, status, &error, &verdict);
}

json_t *map_type_json(const skep_env *env, uint32_t id)
{
    const struct skep_map_type *type;
    for (size_t i = 0; (type = skep_env_map_type(env, i)); i++)
        if (type->id == id)
            return json_text(type->name);
    char *number = format_new("type %u", id);
    json_t *value = json_text(number);
    free(number);
    return value;
}
