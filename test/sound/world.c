/* See world.h. */
#include "sound/world.h"

#include "api/api.h"
#include "contract/contract.h"
#include "map/ringbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PACKET_ROOM = 2048, MEMORY_ROOM = 256 };

void world_require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "the world of random programs: %s\n", what);
    exit(2);
}

/* ---- the host */

static u32 world_random(void *user) { return (u32)random_number(&((struct world *)user)->random); }
static u64 world_clock(void *user, enum skep_clock clock)
{
    (void)clock;
    return random_number(&((struct world *)user)->random);
}

/* clang-format off */
static const struct skep_map_spec inner_spec = { .size = sizeof(inner_spec), .name = "inner", .type = 2, .key_size = 4, .value_size = 40, .max_entries = 2 };
static const struct skep_map_spec specs[MAP_COUNT] = {
    [MAP_ARRAY]  = { .size = sizeof(specs[0]), .name = "array",  .type = 2,  .key_size = 4, .value_size = 64,  .max_entries = 1 },
    [MAP_HASH]   = { .size = sizeof(specs[0]), .name = "hash",   .type = 1,  .key_size = 4, .value_size = 32,  .max_entries = 8 },
    [MAP_RING]   = { .size = sizeof(specs[0]), .name = "ring",   .type = 27,                                   .max_entries = 4096 },
    [MAP_RODATA] = { .size = sizeof(specs[0]), .name = "rodata", .type = 2,  .key_size = 4, .value_size = 64,  .max_entries = 1, .flags = 0x80 },
    [MAP_PERCPU] = { .size = sizeof(specs[0]), .name = "percpu", .type = 6,  .key_size = 4, .value_size = 16,  .max_entries = 2 },
    [MAP_LOCK]   = { .size = sizeof(specs[0]), .name = "lock",   .type = 2,  .key_size = 4, .value_size = 32,  .max_entries = 1, .lock_at = 1 },
    [MAP_OUTER]  = { .size = sizeof(specs[0]), .name = "outer",  .type = 12, .key_size = 4, .value_size = 4,   .max_entries = 4, .inner = &inner_spec },
    [MAP_QUEUE]  = { .size = sizeof(specs[0]), .name = "queue",  .type = 22,                .value_size = 8,   .max_entries = 4 },
    [MAP_PROGRAMS] = { .size = sizeof(specs[0]), .name = "programs", .type = 3, .key_size = 4, .value_size = 4, .max_entries = 4 },
    [MAP_TIMER]  = { .size = sizeof(specs[0]), .name = "timer",  .type = 2,  .key_size = 4, .value_size = 32,  .max_entries = 1, .specials = { { SKEP_SPECIAL_TIMER, 0, 16, 0 } } },
    [MAP_KEPT]   = { .size = sizeof(specs[0]), .name = "kept",   .type = 2,  .key_size = 4, .value_size = 48,  .max_entries = 1, .specials = { { SKEP_SPECIAL_TIMER, 0, 16, 0 }, { SKEP_SPECIAL_POINTER, 16, 8, SKEP_TYPE_TASK }, { SKEP_SPECIAL_REFERENCE, 24, 8, SKEP_TYPE_TASK } } },
    [MAP_WRITTEN] = { .size = sizeof(specs[0]), .name = "written", .type = 2, .key_size = 4, .value_size = 16, .max_entries = 1, .flags = 0x100 },
    [MAP_USER]   = { .size = sizeof(specs[0]), .name = "user",   .type = 31,                                   .max_entries = 4096 },
    [MAP_WIDE]   = { .size = sizeof(specs[0]), .name = "wide",   .type = 1,  .key_size = 8, .value_size = 128, .max_entries = 8 },
};
const char *const world_hook_names[HOOK_COUNT] = { "xdp", "sched_cls", "socket_filter", "memory", "things" };

/* What no built-in hook that runs has in its context; nobody makes such contexts. */
static const struct skep_ctx_field things_fields[] = {
    { "number", 0,  4, SKEP_FIELD_SCALAR,      SKEP_FIELD_READ, 4, 0, 0 },
    { "noted",  4,  4, SKEP_FIELD_SCALAR,      SKEP_FIELD_READ | SKEP_FIELD_WRITE, 4, 4, 0 },
    { "data",   8,  8, SKEP_FIELD_POINTER,     SKEP_FIELD_READ | SKEP_FIELD_WRITE, 8, 8, 0 },
    { "end",    16, 8, SKEP_FIELD_POINTER_END, SKEP_FIELD_READ, 8, 16, 0 },
    { "common", 24, 8, SKEP_FIELD_SOCK,        SKEP_FIELD_READ | SKEP_FIELD_NULLABLE, 8, 24, SKEP_SOCK_COMMON },
    { "full",   32, 8, SKEP_FIELD_SOCK,        SKEP_FIELD_READ, 8, 32, SKEP_SOCK_FULL },
    { "object", 40, 8, SKEP_FIELD_BTF_PTR,     SKEP_FIELD_READ, 8, 40, SKEP_TYPE_TASK },
    { "maybe",  48, 8, SKEP_FIELD_POINTER,     SKEP_FIELD_READ | SKEP_FIELD_WRITE | SKEP_FIELD_NULLABLE, 8, 48, 32 },
    { "fixed",  56, 8, SKEP_FIELD_POINTER,     SKEP_FIELD_READ, 8, 56, 24 },
    { "tcp",    64, 8, SKEP_FIELD_SOCK,        SKEP_FIELD_READ, 8, 64, SKEP_SOCK_TCP },
    { "per_cpu", 72, 8, SKEP_FIELD_BTF_PTR,    SKEP_FIELD_READ, 8, 72, SKEP_TYPE_PER_CPU },
};
static const struct skep_hook things_hook = {
    .size = sizeof(things_hook), .name = "things", .id = 1000, .personality = SKEP_APPLICATION,
    .ctx_kind = SKEP_CTX_FIELDS, .ctx_size = 80, .fields = things_fields, .n_fields = ARRAY_LEN(things_fields),
    .families = SKEP_FAMILY_BASE | SKEP_FAMILY_TRACING | SKEP_FAMILY_SOCKET | SKEP_FAMILY_CGROUP | SKEP_FAMILY_TASK |
                SKEP_FAMILY_LOOKUP | SKEP_FAMILY_LOCK | SKEP_FAMILY_TIMER,
};
/* clang-format on */

static const struct skep_hook *find_hook(skep_env *env, const char *name)
{
    const struct skep_hook *hook;
    for (size_t i = 0; (hook = skep_env_hook(env, i)) != NULL; i++)
        if (strcmp(hook->name, name) == 0)
            return hook;
    return NULL;
}

static void fill(u8 *bytes, size_t n, u64 *random)
{
    u32 how = random_below(random, 4);
    for (size_t i = 0; i < n; i += 8) {
        u64 number = how == 0   ? random_next(random)
                     : how == 1 ? random_below(random, 64)
                     : how == 2 ? random_number(random)
                                : random_next(random) & 0x0f0f0f0f0f0f0f0f;
        memcpy(bytes + i, &number, n - i < 8 ? n - i : 8);
    }
}

/* A program that moves the packet where it can, for every kind that may be called so. */
static void world_add_target(struct world *w, enum generated_hook hook)
{
    skep_insn *insns = NULL;
    size_t n = 0;
    const char *source = hook == HOOK_XDP ? "r2 = 8 ; call 44 ; r0 = 77 ; exit" : "r0 = 77 ; exit";
    world_require(skep_assemble(source, &insns, &n, NULL) == SKEP_OK &&
                      skep_object_from_insns(w->env, "target", insns, n, w->hooks[hook],
                                             &w->targets[hook], NULL) == SKEP_OK,
                  "the target");
    for (u32 strict = 0; strict < 2; strict++) {
        struct skep_load_options options = { .size = sizeof(options),
                                             .engine = SKEP_ENGINE_CHECKED,
                                             .profile = strict ? SKEP_PROFILE_STRICT
                                                               : SKEP_PROFILE_LINUX };
        skep_map **programs = &w->programs[hook][strict];
        world_require(skep_program_load(w->targets[hook], NULL, &options, &w->target[hook][strict],
                                        NULL) == SKEP_OK &&
                          skep_map_new(w->env, &specs[MAP_PROGRAMS], programs, NULL) == SKEP_OK &&
                          skep_map_set_program(*programs, 1, w->target[hook][strict]) == 0,
                      "the target's array");
    }
    free(insns);
}

void world_open(struct world *w)
{
    struct skep_host host = { .user = w, .clock_ns = world_clock, .random_u32 = world_random };
    const struct skep_hook *const hooks[] = { &things_hook };
    struct skep_env_options options = { .size = sizeof(options),
                                        .n_cpus = 2,
                                        .host = &host,
                                        .hooks = hooks,
                                        .n_hooks = 1,
                                        .hash_seed = 1 };
    skep_error error = { 0 };
    char text[200];
    skep_status made = skep_env_new(&options, &w->env, &error);
    skep_error_text(&error, text, sizeof(text));
    world_require(made == SKEP_OK, text);
    world_require(skep_thread_new(w->env, NULL, &w->thread) == SKEP_OK, "no thread");
    world_require(skep_packet_new(w->env, PACKET_ROOM, &w->packet) == SKEP_OK, "no packet");
    for (u32 m = 0; m < MAP_COUNT; m++)
        world_require(skep_map_new(w->env, &specs[m], &w->maps[m], NULL) == SKEP_OK, specs[m].name);
    for (u32 h = 0; h < HOOK_COUNT; h++)
        world_require((w->hooks[h] = find_hook(w->env, world_hook_names[h])) != NULL,
                      world_hook_names[h]);
    u8 constants[64];
    u32 zero = 0;
    u64 random = 7;
    fill(constants, sizeof(constants), &random);
    for (u32 i = 0; i < 32; i++)
        constants[i] = (u8)(i % 13);
    constants[sizeof(constants) - 1] = 0; /* the end of a string */
    world_require(skep_map_update(w->maps[MAP_RODATA], &zero, constants, 0) == 0, "rodata");
    world_require(skep_map_freeze(w->maps[MAP_RODATA]) == 0, "freeze");
    for (u32 i = 0; i < 2; i++)
        world_require(skep_map_new(w->env, &inner_spec, &w->inner[i], NULL) == SKEP_OK &&
                          skep_map_set_map(w->maps[MAP_OUTER], &i, w->inner[i], 0) == 0,
                      "the inner maps");
    for (u32 h = 0; h < HOOK_COUNT; h++)
        world_add_target(w, (enum generated_hook)h);
}

void world_close(struct world *w)
{
    for (u32 h = 0; h < HOOK_COUNT; h++) {
        for (u32 strict = 0; strict < 2; strict++) {
            skep_map_unref(w->programs[h][strict]);
            skep_program_free(w->target[h][strict]);
        }
        skep_object_close(w->targets[h]);
    }
    for (u32 i = 0; i < 2; i++)
        skep_map_unref(w->inner[i]);
    skep_packet_free(w->packet);
    skep_thread_free(w->thread);
    for (u32 m = 0; m < MAP_COUNT; m++)
        skep_map_unref(w->maps[m]);
    skep_env_free(w->env);
}

/* All maps as the seed decides. */
static void world_fill_maps(struct world *w, u64 *random)
{
    u8 value[512];
    for (u64 key = 0; key < 8; key++) {
        static const u8 maps[] = { MAP_ARRAY, MAP_HASH, MAP_PERCPU, MAP_WIDE, MAP_LOCK };
        for (u32 m = 0; m < ARRAY_LEN(maps); m++) {
            fill(value, sizeof(value), random);
            if (random_below(random, 3))
                skep_map_update(w->maps[maps[m]], &key, value, 0);
            else
                skep_map_delete(w->maps[maps[m]], &key);
        }
    }
}

/* ---- running */

/* Something for bpf_user_ringbuf_drain. */
static void world_send(struct world *w, u64 *random)
{
    void *record;
    if (random_below(random, 2) || skep_user_ringbuf_reserve(w->maps[MAP_USER], 16, &record) != 0)
        return;
    fill(record, 16, random);
    skep_user_ringbuf_submit(w->maps[MAP_USER], record, false);
}

static u64 digest(u64 before, const void *bytes, size_t n)
{
    const u8 *at = bytes;
    for (size_t i = 0; i < n; i++)
        before = (before ^ at[i]) * 0x100000001b3u;
    return before;
}

static int digest_record(void *user, const void *data, size_t size)
{
    u64 *records = user;
    *records = digest(*records, data, size);
    return 0;
}

static u64 digest_map(skep_map *map)
{
    u8 key[8] = { 0 }, value[512];
    bool first = true;
    u64 all = 0;
    while (skep_map_next_key(map, first ? NULL : key, key) == 0) {
        first = false;
        memset(value, 0, sizeof(value));
        if (skep_map_lookup(map, key, value) == 0)
            all += digest(digest(1, key, sizeof(key)), value, sizeof(value));
    }
    return all;
}

static void world_digest(struct world *w, const struct skep_memory *memory,
                         struct world_outcome *outcome)
{
    size_t length;
    const void *packet = skep_packet_data(w->packet, &length);
    u64 *into = &outcome->digest[PLACE_MEMORY];
    *into = memory ? digest(1, memory->data, memory->size) : digest(1, packet, length);
    static const u8 maps[] = { MAP_ARRAY, MAP_HASH, MAP_PERCPU, MAP_WIDE, MAP_LOCK };
    for (u32 m = 0; m < ARRAY_LEN(maps); m++)
        outcome->digest[PLACE_MAPS + maps[m]] = digest_map(w->maps[maps[m]]);
    for (u32 i = 0; i < 2; i++)
        outcome->digest[(u32)PLACE_MAPS + MAP_OUTER] += digest_map(w->inner[i]) * (i + 1);
}

const char *world_difference(const struct world_outcome *a, const struct world_outcome *b)
{
    if (a->status != b->status)
        return "the status";
    if (a->status == SKEP_OK && a->r0 != b->r0)
        return "r0";
    if (a->fuel != b->fuel)
        return "the fuel";
    for (u32 p = 0; p < PLACE_COUNT; p++)
        if (a->digest[p] != b->digest[p])
            return p == PLACE_MEMORY    ? "the packet"
                   : p == PLACE_RECORDS ? "the records"
                                        : specs[p - PLACE_MAPS].name;
    return NULL;
}

/* Anew, so that the same keys get the same elements: programs may show where a value is. */
static void reset_table(skep_map *map)
{
    map->type->destroy(map);
    world_require(map->type->create(map) == 0, "a table");
}

static void reset_array(skep_map *map)
{
    static const u8 zeros[512];
    for (u32 key = 0; skep_map_update(map, &key, zeros, 0) == 0; key++)
        continue;
}

/* Empty, and at its beginning: what programs do not write of a record is 0. */
static void reset_ring(skep_map *map)
{
    struct ringbuf *ring = map->impl;
    memset(ring->data, 0, ring->mask + 1);
    atomic_store(&ring->produced, 0);
    atomic_store(&ring->consumed, 0);
}

/* What programs write of a context, and redirections. */
static void reset_context(struct skep_packet *packet)
{
    size_t from = offsetof(struct skep_packet, ingress_ifindex);
    memset((u8 *)packet + from, 0, sizeof(*packet) - from);
}

/* The beginning of a run: maps, packet and memory. */
static void world_prepare(struct world *w, struct skep_memory *memory, u64 *random)
{
    u8 bytes[MEMORY_ROOM], value[64];
    u32 n =
        random_below(random, 4) ? 14 + random_below(random, 60) : 14 + random_below(random, 242);
    fill(bytes, sizeof(bytes), random);
    memcpy(memory->data, bytes, sizeof(bytes));
    w->random = random_next(random);
    reset_array(w->maps[MAP_ARRAY]);
    reset_array(w->maps[MAP_PERCPU]);
    reset_array(w->maps[MAP_LOCK]);
    reset_array(w->maps[MAP_TIMER]);
    reset_table(w->maps[MAP_HASH]);
    reset_table(w->maps[MAP_WIDE]);
    reset_ring(w->maps[MAP_RING]);
    reset_ring(w->maps[MAP_USER]);
    world_fill_maps(w, random);
    for (u32 i = 0; i < 4; i++) {
        fill(value, sizeof(value), random);
        skep_map_update(w->inner[i / 2], &(u32){ i % 2 }, value, 0);
    }
    while (skep_map_lookup_and_delete(w->maps[MAP_QUEUE], NULL, value) == 0)
        continue;
    world_send(w, random);
    memory->size = 64 + random_below(random, MEMORY_ROOM - 63);
    reset_context(w->packet);
    world_require(skep_packet_set(w->packet, bytes, n) == SKEP_OK, "the packet");
}

skep_status world_run(struct world *w, const skep_program *program, enum generated_hook hook,
                      u64 *random, struct world_outcome *outcome)
{
    _Alignas(16) u8 bytes[MEMORY_ROOM];
    struct skep_memory memory = { bytes, 0 };
    u64 r0 = 0, records = 1;
    bool plain = hook == HOOK_MEMORY;
    world_prepare(w, &memory, random);
    skep_status status =
        skep_run(w->thread, program, plain ? (void *)&memory : (void *)w->packet, &r0);
    w->insns += skep_thread_insns(w->thread);
    if (outcome)
        *outcome = (struct world_outcome){ .status = status,
                                           .r0 = r0,
                                           .fuel = skep_thread_fuel_used(w->thread) };
    if (status == SKEP_OK) {
        u64 fired = skep_thread_timers_run(w->thread);
        status = skep_thread_run_timers(w->thread, UINT64_MAX, NULL);
        w->insns += skep_thread_timers_run(w->thread) > fired ? skep_thread_insns(w->thread) : 0;
    }
    skep_ringbuf_drain(w->maps[MAP_RING], digest_record, &records);
    if (outcome) {
        world_digest(w, plain ? &memory : NULL, outcome);
        outcome->digest[PLACE_RECORDS] = records;
    }
    return status;
}

/* ---- programs */

/* What a linker would know of its functions. */
static void world_describe(skep_object *object, const struct generated *generated)
{
    /* clang-format off */
    static const u8 kinds[] = {
        [ARG_OF_NUMBER] = CODE_ARG_SCALAR, [ARG_OF_CTX] = CODE_ARG_CTX, [ARG_OF_MEMORY] = CODE_ARG_MEMORY,
        [ARG_OF_DYNPTR] = CODE_ARG_DYNPTR, [ARG_OF_TYPED] = CODE_ARG_TYPED,
    };
    /* clang-format on */
    static struct code_signature signatures[GENERATE_MOST_FUNCS];
    static struct code_func funcs[GENERATE_MOST_FUNCS];
    u32 slot_of[GENERATE_MAX + 1];
    generate_slots(generated, slot_of);
    for (u32 f = 0; f < generated->n_funcs; f++) {
        const struct generated_func *from = &generated->funcs[f];
        funcs[f] = (struct code_func){ .entry = slot_of[from->at],
                                       .name = from->exception ? "exception" : "global",
                                       .is_global = true };
        if (from->exception) {
            object->exception_slot = slot_of[from->at];
            continue;
        }
        signatures[f].n_args = from->n_args;
        for (u32 a = 0; a < from->n_args; a++)
            signatures[f].args[a] = (struct code_arg){ .kind = kinds[from->args[a].kind],
                                                       .nullable = from->args[a].nullable,
                                                       .bytes = from->args[a].bytes,
                                                       .type = SKEP_TYPE_TASK };
        funcs[f].signature = &signatures[f];
    }
    object->funcs = funcs;
    object->n_funcs = generated->n_funcs;
}

skep_object *world_object(struct world *w, const struct generated *generated, skep_error *error)
{
    static skep_insn slots[2 * GENERATE_MAX];
    skep_object *object = NULL;
    u32 n = generate_encode(generated, slots);
    if (n == 0 || skep_object_from_insns(w->env, "random", slots, n, w->hooks[generated->hook],
                                         &object, error) != SKEP_OK)
        return NULL;
    world_describe(object, generated);
    return object;
}

skep_status world_load(struct world *w, skep_object *object, const struct generated *generated,
                       struct skep_load_options *options, skep_program **program, skep_error *error)
{
    skep_map *maps[MAP_COUNT];
    memcpy(maps, w->maps, sizeof(maps));
    maps[MAP_PROGRAMS] = w->programs[generated->hook][options->profile == SKEP_PROFILE_STRICT];
    options->maps = maps;
    options->n_maps = MAP_COUNT;
    skep_status status = skep_program_load(object, NULL, options, program, error);
    options->maps = NULL;
    return status;
}

void world_program(struct generated *generated, u64 seed, u64 *random, enum generate_what what)
{
    *random = seed ^ 0x5deece66d;
    generate(generated, seed, what);
    if (random_below(random, 20) < (what == GENERATE_RUNNABLE ? 10u : 5u))
        for (u32 i = 1 + random_below(random, 2); i-- > 0;)
            generate_mutate(generated, random);
}

static bool shrink_at(struct generated *generated, u32 at,
                      bool (*still_fails)(void *user, const struct generated *smaller), void *user)
{
    static struct generated smaller;
    smaller = *generated;
    generate_remove(&smaller, at);
    bool fails = still_fails(user, &smaller);
    if (!fails && insn_kind(&generated->insns[at].insn) != ISA_KIND_JUMP) {
        smaller = *generated;
        generate_make_nop(&smaller, at);
        fails = smaller.insns[at].target < smaller.n && still_fails(user, &smaller);
    }
    if (fails)
        *generated = smaller;
    return fails;
}

void world_shrink(struct generated *generated,
                  bool (*still_fails)(void *user, const struct generated *smaller), void *user)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (u32 at = generated->n; at-- > 0;)
            changed |= shrink_at(generated, at, still_fails, user);
    }
}

void world_print(const struct generated *generated)
{
    static skep_insn slots[2 * GENERATE_MAX];
    char *text = NULL;
    u32 n = generate_encode(generated, slots);
    if (skep_disassemble(slots, n, &text) == SKEP_OK)
        printf("%s\n", text);
    free(text);
}
