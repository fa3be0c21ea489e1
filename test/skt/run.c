/* One case: assemble, load, run, compare; once for each engine and value of the matrix. */
#include "skt.h"
#include "support/verifier.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKET_CAPACITY 2048

/* One run of a case. */
struct attempt {
    const struct skt_case *test;
    enum skep_engine engine;
    size_t matrix_at; /* which value of the matrix */
    bool asks;        /* for the verdict; else runs unverified, but for compiled programs */
    bool unmetered;
    const char *opt_off;
    const char
        *skipped;  /* why: there is no verifier to ask, or it refuses what is to be compiled */
    char why[600]; /* what is wrong; "": nothing */

    skep_env *env;
    const struct skep_hook *hook;
    skep_map *maps[SKT_MAX];
    skep_object *object, *tail_objects[SKT_MAX];
    skep_program *program, *tails[SKT_MAX];
    skep_thread *thread;
    skep_packet *packet;
    struct skep_memory memory;
    void *memory_block;
};

static bool wrong(struct attempt *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool wrong(struct attempt *a, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!a->why[0])
        vsnprintf(a->why, sizeof(a->why), format, arguments);
    va_end(arguments);
    return false;
}

static bool wrong_error(struct attempt *a, const char *what, const skep_error *error)
{
    char text[400];
    skep_error_text(error, text, sizeof(text));
    return wrong(a, "%s: %s (%s)", what, text, skep_error_id(error));
}

/* ---- the host: the same answers every time */

static uint64_t fixed_clock(void *user, enum skep_clock clock)
{
    (void)user;
    return 1000 + (uint64_t)clock;
}
static uint32_t fixed_random(void *user)
{
    (void)user;
    return 4;
}

static bool make_env(struct attempt *a)
{
    struct skep_host host = { .clock_ns = fixed_clock, .random_u32 = fixed_random };
    struct skep_env_options options = {
        .size = sizeof(options), .n_cpus = 2, .host = &host, .hash_seed = 1
    };
    skep_error error = { 0 };
    const char *name = a->test->hook ? a->test->hook : "memory";
    if (skep_env_new(&options, &a->env, &error) != SKEP_OK)
        return wrong_error(a, "env", &error);
    for (size_t i = 0; (a->hook = skep_env_hook(a->env, i)) != NULL; i++)
        if (strcmp(a->hook->name, name) == 0)
            return true;
    return wrong(a, "no hook %s", name);
}

/* ---- maps */

static const struct skep_map_type *type_named(const struct attempt *a, const char *name)
{
    const struct skep_map_type *type;
    for (size_t i = 0; (type = skep_env_map_type(a->env, i)) != NULL; i++)
        if (strcmp(type->name, name) == 0)
            break;
    return type;
}

static bool make_map(struct attempt *a, size_t i)
{
    const struct skt_map *m = &a->test->maps[i];
    const struct skep_map_type *type = type_named(a, m->type);
    skep_error error = { 0 };
    if (!type)
        return wrong(a, "no map type %s", m->type);
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = m->name,
                                  .type = type->id,
                                  .key_size = m->key,
                                  .value_size = m->value,
                                  .max_entries = m->entries,
                                  .flags = m->flags };
    if (skep_map_new(a->env, &spec, &a->maps[i], &error) != SKEP_OK)
        return wrong_error(a, m->name, &error);
    return true;
}

static skep_map *map_named(struct attempt *a, const char *name)
{
    for (size_t i = 0; i < a->test->n_maps; i++)
        if (strcmp(a->test->maps[i].name, name) == 0)
            return a->maps[i];
    wrong(a, "no map %s", name);
    return NULL;
}

/* Keys and values may be written shorter than they are; the rest is zero. */
static uint8_t *padded(const struct skt_bytes *bytes, uint64_t size)
{
    uint8_t *out = calloc(1, size > bytes->size ? (size_t)size : bytes->size + 1);
    if (!out)
        abort();
    if (bytes->size)
        memcpy(out, bytes->data, bytes->size);
    return out;
}

static bool put_entry(struct attempt *a, const struct skt_entry *entry)
{
    skep_map *map = map_named(a, entry->map);
    if (!map)
        return false;
    uint8_t *key = padded(&entry->key, skep_map_spec(map)->key_size);
    uint8_t *value = padded(&entry->value, skep_map_host_value_size(map));
    int result = skep_map_update(map, key, value, SKEP_MAP_ANY);
    free(key);
    free(value);
    return result == 0 || wrong(a, "entry of %s: %d", entry->map, result);
}

static bool make_maps(struct attempt *a)
{
    for (size_t i = 0; i < a->test->n_maps; i++)
        if (!make_map(a, i))
            return false;
    for (size_t i = 0; i < a->test->n_entries; i++)
        if (!put_entry(a, &a->test->entries[i]))
            return false;
    return true;
}

/* ---- programs */

static bool load(struct attempt *a, const char *source, skep_object **object,
                 skep_program **program, skep_error *error)
{
    struct skep_load_options options = {
        .size = sizeof(options),
        .engine = a->engine,
        .profile = a->test->profile,
        .trusted = !a->asks && a->engine != SKEP_ENGINE_JIT,
        .fuel = a->unmetered    ? 0
                : a->test->fuel ? a->test->fuel
                                : 1000000,
        .may_loop = a->engine == SKEP_ENGINE_JIT && !a->unmetered,
        .opt_off = a->opt_off,
        .maps = a->maps,
        .n_maps = a->test->n_maps,
    };
    skep_insn *insns = NULL;
    size_t count = 0;
    char *text = skt_substituted(a->test, a->matrix_at, source);
    bool ok =
        skep_assemble(text, &insns, &count, error) == SKEP_OK &&
        skep_object_from_insns(a->env, "skt", insns, count, a->hook, object, error) == SKEP_OK;
    /* What the verifier takes is held to what it claims. */
    options.witness = a->engine == SKEP_ENGINE_CHECKED && !a->asks;
    bool loaded = ok && skep_program_load(*object, NULL, &options, program, error) == SKEP_OK;
    options.witness = false;
    skep_status status = SKEP_OK;
    if (ok && !loaded)
        status = skep_program_load(*object, NULL, &options, program, error);
    if (status != SKEP_OK && a->engine == SKEP_ENGINE_JIT && status != SKEP_NOMEM &&
        strncmp(skep_error_id(error), "jit-", 4) != 0)
        a->skipped = "the verifier refuses it";
    ok = ok && status == SKEP_OK;
    free(text);
    free(insns);
    return ok;
}

static bool load_tail(struct attempt *a, size_t i)
{
    skep_error error = { 0 };
    const struct skt_tail *tail = &a->test->tails[i];
    if (!load(a, tail->source, &a->tail_objects[i], &a->tails[i], &error))
        return a->skipped ? false : wrong_error(a, "tail", &error);
    for (size_t m = 0; m < a->test->n_maps; m++)
        if (strcmp(a->test->maps[m].type, "prog_array") == 0)
            return skep_map_set_program(a->maps[m], tail->index, a->tails[i]) == 0 ||
                   wrong(a, "the program array takes no program");
    return wrong(a, "no program array");
}

static bool load_programs(struct attempt *a)
{
    skep_error error = { 0 };
    if (!load(a, a->test->source, &a->object, &a->program, &error))
        return a->skipped ? false : wrong_error(a, "load", &error);
    for (size_t i = 0; i < a->test->n_tails; i++)
        if (!load_tail(a, i))
            return false;
    return true;
}

static bool check_verdict(struct attempt *a)
{
    const char *reject = a->test->reject;
    skep_error error = { 0 };
    bool loaded = load(a, a->test->source, &a->object, &a->program, &error);
    if (!loaded && !reject)
        return wrong_error(a, "rejected", &error);
    if (!loaded)
        return strcmp(reject, "*") == 0 || strcmp(skep_error_id(&error), reject) == 0 ||
               wrong_error(a, "rejected", &error);
    a->skipped = has_verifier(a->env) ? NULL : "no verifier";
    return !reject || a->skipped || wrong(a, "accepted; expected %s", reject);
}

/* ---- running */

static bool make_context(struct attempt *a)
{
    const struct skt_case *t = a->test;
    if (t->has_packet) {
        if (skep_packet_new(a->env, PACKET_CAPACITY, &a->packet) != SKEP_OK ||
            skep_packet_set(a->packet, t->packet.data, t->packet.size) != SKEP_OK)
            return wrong(a, "packet");
    }
    if (t->mem.size) {
        a->memory_block = malloc(t->mem.size);
        if (!a->memory_block)
            abort();
        memcpy(a->memory_block, t->mem.data, t->mem.size);
    }
    a->memory = (struct skep_memory){ a->memory_block, t->mem.size };
    return skep_thread_new(a->env, NULL, &a->thread) == SKEP_OK || wrong(a, "thread");
}

static bool same_bytes(struct attempt *a, const char *what, const struct skt_bytes *expected,
                       const void *data, size_t size)
{
    char text[3 * 40 + 1] = "";
    if (expected->size == size && (size == 0 || memcmp(expected->data, data, size) == 0))
        return true;
    for (size_t i = 0; i < size && i < 40; i++)
        snprintf(text + 3 * i, 4, "%02x ", ((const uint8_t *)data)[i]);
    return wrong(a, "%s is %s", what, text);
}

static bool check_entry(struct attempt *a, const struct skt_entry *entry)
{
    skep_map *map = map_named(a, entry->map);
    if (!map)
        return false;
    size_t size = (size_t)skep_map_host_value_size(map);
    uint8_t *key = padded(&entry->key, skep_map_spec(map)->key_size);
    uint8_t *expected = padded(&entry->value, size), *value = calloc(1, size + 1);
    if (!value)
        abort();
    int found = skep_map_lookup(map, key, value);
    bool ok = entry->absent ? found != 0 : found == 0 && memcmp(value, expected, size) == 0;
    if (!ok)
        wrong(a, "%s: lookup gives %d, first byte %02x", entry->map, found, value[0]);
    free(key);
    free(value);
    free(expected);
    return ok;
}

static bool check_memory(struct attempt *a)
{
    const struct skt_case *t = a->test;
    size_t size = 0;
    const void *data = a->packet ? skep_packet_data(a->packet, &size) : NULL;
    if (t->has_mem_after && !same_bytes(a, "memory", &t->mem_after, a->memory.data, a->memory.size))
        return false;
    if (t->has_packet_after && !same_bytes(a, "packet", &t->packet_after, data, size))
        return false;
    for (size_t i = 0; i < t->n_after; i++)
        if (!check_entry(a, &t->after[i]))
            return false;
    return true;
}

static const char *const region_names[] = {
    [SKEP_REGION_NONE] = "none",           [SKEP_REGION_STACK] = "stack",
    [SKEP_REGION_CTX] = "context",         [SKEP_REGION_PACKET] = "packet",
    [SKEP_REGION_MAP_VALUE] = "map-value", [SKEP_REGION_MAP] = "map",
    [SKEP_REGION_RECORD] = "record",       [SKEP_REGION_MEMORY] = "memory",
    [SKEP_REGION_CODE] = "code",
};

static bool check_fault(struct attempt *a)
{
    const struct skt_case *t = a->test;
    const struct skep_fault *fault = skep_thread_fault(a->thread);
    if (!fault)
        return wrong(a, "no fault");
    if (strcmp(skep_error_id(&fault->error), t->trap) != 0)
        return wrong_error(a, "trap", &fault->error);
    if (t->has_trap_slot && fault->insn != t->trap_slot)
        return wrong(a, "trap at slot %u", fault->insn);
    if (t->trap_region && strcmp(region_names[fault->region], t->trap_region) != 0)
        return wrong(a, "trap in %s", region_names[fault->region]);
    if (t->has_trap_offset && fault->region_offset != t->trap_offset)
        return wrong(a, "trap at offset %lld", (long long)fault->region_offset);
    if (t->has_trap_bytes && fault->bytes != t->trap_bytes)
        return wrong(a, "trap of %u bytes", fault->bytes);
    return true;
}

static bool check_status(struct attempt *a, skep_status status)
{
    const struct skt_case *t = a->test;
    skep_status expected = t->trap ? SKEP_TRAP : t->stops_for_fuel ? SKEP_FUEL : SKEP_OK;
    if (status == expected)
        return true;
    if (status == SKEP_TRAP && skep_thread_fault(a->thread))
        return wrong_error(a, "trap", &skep_thread_fault(a->thread)->error);
    return wrong(a, "%s", skep_status_name(status));
}

static bool run_program(struct attempt *a)
{
    const struct skt_case *t = a->test;
    uint64_t r0 = 0;
    if (!make_context(a))
        return false;
    void *ctx = a->packet ? (void *)a->packet : (void *)&a->memory;
    skep_status status = skep_run(a->thread, a->program, ctx, &r0);
    if (!check_status(a, status))
        return false;
    if (t->trap)
        return check_fault(a);
    uint64_t expected = t->n_r0 ? t->r0[t->n_r0 > 1 ? a->matrix_at : 0] : 0;
    if (t->has_r0 && r0 != expected)
        return wrong(a, "r0 = 0x%llx, not 0x%llx", (unsigned long long)r0,
                     (unsigned long long)expected);
    return check_memory(a);
}

static void clean_up(struct attempt *a)
{
    skep_thread_free(a->thread);
    skep_packet_free(a->packet);
    /* A program array and a program in it hold each other until the host's references go. */
    for (size_t i = 0; i < SKT_MAX; i++)
        if (a->maps[i])
            skep_map_unref(a->maps[i]);
    for (size_t i = 0; i < SKT_MAX; i++) {
        if (a->tails[i])
            skep_program_free(a->tails[i]);
        if (a->tail_objects[i])
            skep_object_close(a->tail_objects[i]);
    }
    if (a->program)
        skep_program_free(a->program);
    if (a->object)
        skep_object_close(a->object);
    free(a->memory_block);
    if (a->env)
        skep_env_free(a->env);
}

/* ---- listings */

static bool check_listing(struct attempt *a)
{
    skep_error error = { 0 };
    skep_insn *insns = NULL;
    size_t count = 0;
    char *listing = NULL, *source = skt_substituted(a->test, a->matrix_at, a->test->source);
    bool ok = skep_assemble(source, &insns, &count, &error) == SKEP_OK &&
              skep_disassemble(insns, count, &listing) == SKEP_OK;
    if (!ok)
        wrong_error(a, "assemble", &error);
    size_t n = listing ? strlen(listing) : 0;
    while (n && listing[n - 1] == '\n')
        listing[--n] = 0;
    if (ok && strcmp(listing, a->test->listing) != 0)
        ok = wrong(a, "%s", listing);
    free(source);
    free(insns);
    free(listing);
    return ok;
}

static void report(struct attempt *a, struct skt_tap *tap, const char *on)
{
    const struct skt_case *t = a->test;
    bool ok = !a->why[0];
    tap->n++;
    tap->n_failed += !ok;
    tap->n_skipped += ok && a->skipped && a->asks;
    printf("%s %u - %s (%s)", ok ? "ok" : "not ok", tap->n, t->name, on);
    if (t->n_matrix)
        printf(" %s = %s", t->matrix_name, t->matrix[a->matrix_at]);
    printf("%s%s\n", ok && a->skipped ? " # SKIP " : "", ok && a->skipped ? a->skipped : "");
    if (!ok)
        printf("# line %u: %s\n", t->line, a->why);
}

static void run_on(struct attempt a, struct skt_tap *tap, const char *on)
{
    if (make_env(&a) && make_maps(&a) && load_programs(&a))
        run_program(&a);
    clean_up(&a);
    report(&a, tap, on);
}

/* Compiled with fuel and without, and with no pass but what must be. */
static void run_compiled(const struct skt_case *test, size_t matrix_at, struct skt_tap *tap)
{
    struct attempt a = { .test = test, .engine = SKEP_ENGINE_JIT, .matrix_at = matrix_at };
    run_on(a, tap, "jit");
    a.opt_off = "all";
    run_on(a, tap, "jit without passes");
    a.opt_off = NULL;
    a.unmetered = true;
    if (!test->stops_for_fuel)
        run_on(a, tap, "jit without fuel");
}

static void run_verdict(const struct skt_case *test, size_t matrix_at, struct skt_tap *tap)
{
    struct attempt a = {
        .test = test, .engine = SKEP_ENGINE_CHECKED, .matrix_at = matrix_at, .asks = true
    };
    if (make_env(&a) && make_maps(&a))
        check_verdict(&a);
    clean_up(&a);
    report(&a, tap, "verdict");
}

static void run_once(const struct skt_case *test, size_t matrix_at, struct skt_tap *tap)
{
    unsigned all = 1u << SKEP_ENGINE_INTERP | 1u << SKEP_ENGINE_CHECKED | 1u << SKEP_ENGINE_JIT;
    unsigned engines = test->engines ? test->engines : test->trap ? 1u << SKEP_ENGINE_CHECKED : all;
    if (!*skep_jit_name())
        engines &= ~(1u << SKEP_ENGINE_JIT);
    if (tap->quick && test->slow)
        engines &= ~(1u << SKEP_ENGINE_CHECKED);
    if (test->listing) {
        struct attempt a = { .test = test, .matrix_at = matrix_at };
        check_listing(&a);
        report(&a, tap, "listing");
    }
    if (test->accept || test->reject)
        run_verdict(test, matrix_at, tap);
    bool runs = test->has_r0 || test->has_mem_after || test->has_packet_after || test->n_after ||
                test->trap || test->stops_for_fuel || test->twin_of;
    for (unsigned e = SKEP_ENGINE_CHECKED; runs && e <= SKEP_ENGINE_INTERP; e++)
        if (engines >> e & 1)
            run_on((struct attempt){ .test = test,
                                     .engine = (enum skep_engine)e,
                                     .matrix_at = matrix_at },
                   tap, e == SKEP_ENGINE_INTERP ? "interp" : "checked");
    if (runs && engines >> SKEP_ENGINE_JIT & 1)
        run_compiled(test, matrix_at, tap);
}

static void run_twin(const struct skt_case *test, size_t matrix_at, struct skt_tap *tap)
{
    struct skt_case twin = *test;
    char name[200];
    snprintf(name, sizeof(name), "the twin of: %s", test->name);
    twin.name = name;
    twin.source = skt_twin_source(test);
    twin.accept = twin.twin_of = true;
    twin.reject = twin.trap = NULL;
    twin.stops_for_fuel = false;
    run_once(&twin, matrix_at, tap);
    free(twin.source);
}

void skt_run(const struct skt_case *test, struct skt_tap *tap)
{
    for (size_t i = 0; i < (test->n_matrix ? test->n_matrix : 1); i++) {
        run_once(test, i, tap);
        if (test->twin_from)
            run_twin(test, i, tap);
    }
}
