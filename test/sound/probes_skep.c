/* Skep's verdicts on the probes, and their runs in the checked engine. */
#include "sound/probes.h"
#include "support/verifier.h"

#include <skep/skep.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_NUMBERS = 4, PACKET_BYTES = 1600, RUNS = 400 };
#define RUN_FUEL 200000000u       /* of one run */
#define INSNS_OF_A_PROBE 4000000u /* after which no further run of it begins */

struct input {
    uint64_t numbers[N_NUMBERS];
    uint8_t packet[PACKET_BYTES];
    size_t packet_size;
};

/* ---- one loaded program */

struct subject {
    skep_env *env;
    skep_object *object;
    skep_program *program;
    skep_thread *thread;
    skep_packet *packet;
    char why[200]; /* it was not loaded */
};

static void subject_close(struct subject *s)
{
    skep_packet_free(s->packet);
    skep_thread_free(s->thread);
    if (s->program)
        skep_program_free(s->program);
    if (s->object)
        skep_object_close(s->object);
    if (s->env)
        skep_env_free(s->env);
}

static skep_status subject_open(struct subject *s, const char *path, const char *name, bool trusted)
{
    struct skep_env_options env = { .size = sizeof(env), .n_cpus = 2, .hash_seed = 1 };
    struct skep_load_options load = {
        .size = sizeof(load), .engine = SKEP_ENGINE_CHECKED, .trusted = trusted, .fuel = RUN_FUEL
    };
    skep_error error = { 0 };
    *s = (struct subject){ 0 };
    skep_status status = skep_env_new(&env, &s->env, &error);
    if (status == SKEP_OK)
        status = skep_object_open_file(s->env, path, &s->object, &error);
    if (status == SKEP_OK)
        status = skep_program_load(s->object, name, &load, &s->program, &error);
    if (status == SKEP_OK)
        status = skep_thread_new(s->env, NULL, &s->thread);
    if (status == SKEP_OK)
        status = skep_packet_new(s->env, PACKET_BYTES, &s->packet);
    if (status != SKEP_OK)
        skep_error_text(&error, s->why, sizeof(s->why));
    return status;
}

static void fault_text(const struct subject *s, skep_status status, char *out, size_t size)
{
    const struct skep_fault *fault = skep_thread_fault(s->thread);
    if (status == SKEP_TRAP && fault)
        skep_error_text(&fault->error, out, size);
    else
        snprintf(out, size, "%s", skep_status_name(status));
}

/* Every map of the program starts as the object has it, so that runs do not depend on another. */
static void reset_maps(const struct subject *s, const struct input *input)
{
    struct skep_object_map_info info;
    const uint32_t key = 0;
    for (size_t i = 0; skep_object_map(s->object, i, &info) == SKEP_OK; i++) {
        skep_map *map = skep_program_map(s->program, info.spec.name);
        if (!map || !info.is_data || info.read_only)
            continue;
        uint8_t *value = calloc(1, info.spec.value_size);
        if (!value)
            abort();
        if (info.contents)
            memcpy(value, info.contents, info.spec.value_size);
        if (strcmp(info.section, ".data.input") == 0)
            memcpy(value, input->numbers, sizeof(input->numbers));
        skep_map_update(map, &key, value, SKEP_MAP_ANY);
        free(value);
    }
}

static skep_status subject_run(const struct subject *s, const struct input *input)
{
    uint64_t r0;
    reset_maps(s, input);
    if (skep_packet_set(s->packet, input->packet, input->packet_size) != SKEP_OK)
        return SKEP_BAD_ARG;
    return skep_run(s->thread, s->program, s->packet, &r0);
}

/* ---- inputs */

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* "x=5 y=-1 packet=00ff*64": a byte may be repeated. */
static void read_packet(const char *text, struct input *input)
{
    while (hex_digit(text[0]) >= 0 && hex_digit(text[1]) >= 0 &&
           input->packet_size < PACKET_BYTES) {
        uint8_t byte = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
        text += 2;
        unsigned long times = *text == '*' ? strtoul(text + 1, (char **)&text, 10) : 1;
        while (times-- && input->packet_size < PACKET_BYTES)
            input->packet[input->packet_size++] = byte;
        text += *text == ',';
    }
}

static struct input read_input(const char *text)
{
    struct input input = { 0 };
    for (; *text; text += strcspn(text, " "), text += strspn(text, " ")) {
        if (*text >= 'w' && *text <= 'z' && text[1] == '=') {
            uint64_t value =
                text[2] == '-' ? (uint64_t)strtoll(text + 2, NULL, 0) : strtoull(text + 2, NULL, 0);
            input.numbers[*text == 'w' ? 3 : *text - 'x'] = value;
        } else if (strncmp(text, "packet=", 7) == 0) {
            read_packet(text + 7, &input);
        }
    }
    return input;
}

static uint64_t random_state;
static uint32_t random_u32(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 32);
}
static uint32_t random_below(uint32_t n) { return random_u32() % n; }

static uint64_t random_number(void)
{
    uint64_t power = 1ull << random_below(64), any = (uint64_t)random_u32() << 32 | random_u32();
    switch (random_below(5)) {
    case 0: return random_below(130);
    case 1: return power + random_below(5) - 2;
    case 2: return 0 - (uint64_t)random_below(130);
    case 3: return any;
    default: return any % (power | 1);
    }
}

/* Half of them are close to the input on which the twin faults. */
static struct input random_input(const struct input *near)
{
    struct input input = *near;
    bool close = random_below(2);
    for (unsigned i = 0; i < N_NUMBERS; i++)
        if (!close || random_below(4) == 0)
            input.numbers[i] =
                close && random_below(2) ? near->numbers[i] + random_below(9) - 4 : random_number();
    if (!close)
        input.packet_size = random_below(random_below(8) ? 130 : PACKET_BYTES);
    else if (random_below(2) && input.packet_size > 8)
        input.packet_size -= random_below(8);
    unsigned changes = close ? random_below(4) : (unsigned)input.packet_size;
    for (unsigned i = 0; i < changes && input.packet_size > 0; i++)
        input.packet[random_below((uint32_t)input.packet_size)] = (uint8_t)random_number();
    return input;
}

/* ---- columns */

bool probes_ask_skep(struct probe *probes, unsigned n)
{
    skep_env *env = NULL;
    struct skep_env_options options = { .size = sizeof(options) };
    bool there = skep_env_new(&options, &env, NULL) == SKEP_OK && has_verifier(env);
    if (env)
        skep_env_free(env);
    for (unsigned i = 0; there && i < n; i++)
        for (unsigned f = SAFE; f <= (unsigned)probes[i].has_twin; f++) {
            struct subject s;
            struct timespec a, b;
            clock_gettime(CLOCK_MONOTONIC, &a);
            skep_status status = subject_open(&s, probes[i].object[f], probes[i].name, false);
            clock_gettime(CLOCK_MONOTONIC, &b);
            struct probe_answer *answer = &probes[i].skep[f];
            answer->us =
                (uint32_t)((b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000);
            answer->verdict = status == SKEP_OK ? VERDICT_ACCEPTS : VERDICT_REJECTS;
            snprintf(answer->why, sizeof(answer->why), "%.*s", (int)sizeof(answer->why) - 1, s.why);
            subject_close(&s);
        }
    return there;
}

static void run_safe(struct probe *p, const struct input *near)
{
    struct subject s;
    if (subject_open(&s, p->object[SAFE], p->name, true) != SKEP_OK)
        snprintf(p->safe_fault, sizeof(p->safe_fault), "%s", s.why);
    while (!p->safe_fault[0] && p->runs < RUNS && p->insns < INSNS_OF_A_PROBE) {
        struct input input = random_input(near);
        skep_status status = subject_run(&s, &input);
        p->runs++;
        p->insns += skep_thread_insns(s.thread);
        if (status != SKEP_OK)
            fault_text(&s, status, p->safe_fault, sizeof(p->safe_fault));
    }
    subject_close(&s);
}

static void run_twin(struct probe *p, const struct input *input)
{
    struct subject s;
    skep_status status = subject_open(&s, p->object[TWIN], p->name, true);
    if (status == SKEP_OK)
        status = subject_run(&s, input);
    if (s.thread && status == SKEP_TRAP)
        fault_text(&s, status, p->twin_fault, sizeof(p->twin_fault));
    subject_close(&s);
}

void probes_run(struct probe *probes, unsigned n, uint64_t seed)
{
    random_state = seed;
    for (unsigned i = 0; i < n; i++) {
        struct input input = read_input(probes[i].twin_input);
        if (probes[i].has_twin)
            run_twin(&probes[i], &input);
        run_safe(&probes[i], &input);
    }
}
