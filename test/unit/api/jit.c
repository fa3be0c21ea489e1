/* Compiled programs, from outside: memory that is never writable and executable, stops of every
 * kind, what is refused, what debuggers and listings are told. */
#include "api/api.h"
#include "jit/gate.h"
#include "support/programs.h"

#include <execinfo.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static skep_env *env;
static skep_thread *thread;
static uint8_t bytes[64];
static struct skep_memory memory = { bytes, sizeof(bytes) };

static void begin_with(const struct skep_helper *const *helpers, size_t n)
{
    if (!*skep_jit_name())
        skip();
    struct skep_env_options options = {
        .size = sizeof(options), .n_cpus = 4, .helpers = helpers, .n_helpers = n
    };
    assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
}

static void begin(void) { begin_with(NULL, 0); }

static void end(void)
{
    skep_thread_free(thread);
    skep_env_free(env);
}

static const struct skep_load_options plain = { .size = sizeof(plain), .engine = SKEP_ENGINE_JIT };

static skep_program *compiled(const char *text)
{
    return program_from_text(env, "memory", text, &plain);
}

static skep_program *compiled_with_fuel(const char *text, uint64_t fuel)
{
    struct skep_load_options options = plain;
    options.fuel = fuel;
    options.may_loop = true;
    return program_from_text(env, "memory", text, &options);
}

static uint64_t result(const skep_program *program)
{
    uint64_t r0 = 0;
    assert_int_equal(skep_run(thread, program, &memory, &r0), SKEP_OK);
    return r0;
}

/* ---- what compiles, and what that means */

TEST(verified_programs_are_compiled_when_nothing_else_is_asked_for)
{
    begin();
    skep_program *program = program_from_text(env, "memory", "r0 = 7; exit", NULL);
    assert_int_equal(skep_program_engine(program), SKEP_ENGINE_JIT);
    assert_int_equal(result(program), 7);
    assert_false(skep_program_is_metered(program));
    assert_true(skep_program_code_bytes(program) > 0);
    skep_program_free(program);
    end();
}

TEST(what_is_not_verified_is_not_compiled)
{
    begin();
    struct skep_load_options options = plain;
    skep_program *program = NULL;
    skep_error error = { 0 };
    options.trusted = true;
    assert_int_equal(load_text(env, "memory", "r0 = 7; exit", &options, &program, &error),
                     SKEP_UNSUPPORTED);
    assert_string_equal(skep_error_id(&error), "jit-unverified");
    options.trusted = false;
    assert_int_equal(
        load_text(env, "memory", "r0 = *(u64 *)(r10 + 8); exit", &options, &program, &error),
        SKEP_REJECTED);
    options.engine = SKEP_ENGINE_DEFAULT;
    options.trusted = true;
    program = program_from_text(env, "memory", "r0 = 7; exit", &options);
    assert_int_equal(skep_program_engine(program), SKEP_ENGINE_CHECKED);
    skep_program_free(program);
    end();
}

/* A subprogram gets an address of unknown origin out of its caller's frame. */
TEST(guards_need_to_know_what_an_address_was_made_from)
{
    begin();
    const struct skep_map_spec spec = { .size = sizeof(spec),
                                        .name = "values",
                                        .type = 2,
                                        .key_size = 4,
                                        .value_size = 8,
                                        .max_entries = 1 };
    static const char text[] =
        "r7 = *(u8 *)(r1 + 0); *(u32 *)(r10 - 4) = 0; r1 = map[idx:0]; r2 = r10; r2 += -4; call 1;"
        "if r0 == 0 goto out; *(u64 *)(r10 - 16) = r0; r1 = r10; r1 += -16; r2 = r7; call sub;"
        "out: r0 = 0; exit;"
        "sub: r3 = *(u64 *)(r1 + 0); r3 += r2; r0 = *(u8 *)(r3 + 0); exit";
    skep_map *map;
    skep_program *program;
    skep_error error = { 0 };
    assert_int_equal(skep_map_new(env, &spec, &map, NULL), SKEP_OK);
    struct skep_load_options options = plain;
    options.maps = &map;
    options.n_maps = 1;
    options.guard = true;
    assert_int_equal(load_text(env, "memory", text, &options, &program, &error), SKEP_UNSUPPORTED);
    assert_string_equal(skep_error_id(&error), "opt-guard-without-base");
    skep_map_unref(map);
    end();
}

TEST(a_budget_of_the_thread_binds_or_the_run_is_refused)
{
    begin();
    uint64_t r0;
    skep_program *free_of_charge = compiled("r0 = 7; exit");
    skep_program *metered = compiled_with_fuel("r0 = 7; exit", 100);
    assert_true(skep_program_is_metered(metered));
    skep_thread_set_fuel(thread, 50);
    assert_int_equal(skep_run(thread, free_of_charge, &memory, &r0), SKEP_BAD_ARG);
    assert_int_equal(result(metered), 7);
    assert_int_equal(skep_thread_fuel_used(thread), 2);
    skep_thread_set_fuel(thread, 1);
    assert_int_equal(skep_run(thread, metered, &memory, &r0), SKEP_FUEL);
    skep_thread_set_fuel(thread, 0);
    assert_int_equal(result(free_of_charge), 7);
    assert_int_equal(skep_thread_fuel_used(thread), 0);
    skep_program_free(free_of_charge);
    skep_program_free(metered);
    end();
}

/* ---- stops */

TEST(a_loop_without_end_runs_out_of_fuel_and_the_next_run_is_as_ever)
{
    begin();
    uint64_t r0 = 5;
    skep_program *program = compiled_with_fuel(
        "r0 = *(u8 *)(r1 + 0); l: if r0 == 0 goto out; goto l; out: r0 = 3; exit", 100000);
    memory.size = 1;
    bytes[0] = 1;
    assert_int_equal(skep_run(thread, program, &memory, &r0), SKEP_FUEL);
    assert_int_equal(r0, 5);
    assert_true(skep_thread_fuel_used(thread) >= 100000);
    bytes[0] = 0;
    assert_int_equal(result(program), 3);
    memory.size = sizeof(bytes);
    skep_program_free(program);
    end();
}

static void *cancel_soon(void *user)
{
    usleep(20000);
    skep_thread_cancel(user);
    return NULL;
}

TEST(another_thread_cancels_a_loop_without_end)
{
    begin();
    uint64_t r0;
    pthread_t other;
    skep_program *program =
        compiled_with_fuel("r0 = 0; l: r0 += 1; if r0 != 0 goto l; exit", (uint64_t)1 << 60);
    assert_int_equal(pthread_create(&other, NULL, cancel_soon, thread), 0);
    assert_int_equal(skep_run(thread, program, &memory, &r0), SKEP_CANCELLED);
    pthread_join(other, NULL);
    skep_program_free(program);
    program = compiled("r0 = 1; exit");
    assert_int_equal(result(program), 1);
    skep_program_free(program);
    end();
}

/* bpf_loop(1 << 23, nested bpf_loop): unmetered, but its helpers look. */
TEST(another_thread_cancels_helpers_that_call_back)
{
    begin();
    uint64_t r0;
    pthread_t other;
    skep_program *program =
        compiled("r1 = 8388608; r2 = code[outer]; r3 = 0; r4 = 0; call 181; r0 = 0; exit;"
                 "outer: r1 = 8388608; r2 = code[inner]; r3 = 0; r4 = 0; call 181; r0 = 0; exit;"
                 "inner: r0 = 0; exit");
    assert_false(skep_program_is_metered(program));
    assert_int_equal(pthread_create(&other, NULL, cancel_soon, thread), 0);
    assert_int_equal(skep_run(thread, program, &memory, &r0), SKEP_CANCELLED);
    pthread_join(other, NULL);
    skep_program_free(program);
    end();
}

/* ---- call-backs */

TEST(what_is_called_back_may_call_back_and_stop_everything)
{
    begin();
    uint64_t r0;
    static const char text[] =
        "r7 = r1; r1 = 10; r2 = code[outer]; r3 = r10; r3 += -8; r4 = 0; *(u64 *)(r10 - 8) = 0;"
        "call 181; r0 = *(u64 *)(r10 - 8); exit;"
        "outer: r6 = r2; *(u64 *)(r10 - 8) = 0;"
        "r1 = 20; r2 = code[inner]; r3 = r10; r3 += -8; r4 = 0; call 181;"
        "r1 = *(u64 *)(r10 - 8); r2 = *(u64 *)(r6 + 0); r2 += r1; *(u64 *)(r6 + 0) = r2;"
        "r0 = 0; exit;"
        "inner: r1 = *(u64 *)(r2 + 0); r1 += 1; *(u64 *)(r2 + 0) = r1; r0 = 0; exit";
    struct skep_load_options interp = plain;
    interp.engine = SKEP_ENGINE_INTERP;
    skep_program *unmetered = compiled(text);
    skep_program *metered = compiled_with_fuel(text, (uint64_t)1 << 40);
    skep_program *interpreted = program_from_text(env, "memory", text, &interp);
    assert_int_equal(result(unmetered), 200);
    assert_int_equal(result(metered), 200);
    uint64_t fuel = skep_thread_fuel_used(thread);
    assert_int_equal(result(interpreted), 200);
    assert_int_equal(skep_thread_fuel_used(thread), fuel);
    /* Wherever fuel ends, the run ends, and the next one is as ever. */
    for (uint64_t limit = 1; limit < fuel; limit += fuel / 50) {
        skep_thread_set_fuel(thread, limit);
        assert_int_equal(skep_run(thread, metered, &memory, &r0), SKEP_FUEL);
        uint64_t used = skep_thread_fuel_used(thread);
        assert_int_equal(skep_run(thread, interpreted, &memory, &r0), SKEP_FUEL);
        assert_int_equal(skep_thread_fuel_used(thread), used);
    }
    skep_thread_set_fuel(thread, fuel);
    assert_int_equal(result(metered), 200);
    skep_program_free(unmetered);
    skep_program_free(metered);
    skep_program_free(interpreted);
    end();
}

/* Loops that go several rounds at a time, or become straight lines, one within another, with what
 * they leave in memory. */
static const char *const unrolled[] = {
    "r2 = 0; l: r3 = r1; r3 += r2; *(u8 *)(r3 + 0) = r2; r2 += 1; if r2 != 64 goto l; r0 = r2; "
    "exit",
    "r2 = 0; r0 = 0; l: r3 = r1; r3 += r2; r4 = *(u8 *)(r3 + 0); r0 += r4; *(u8 *)(r1 + 0) = r0;"
    "r2 += 1; if r2 != 56 goto l; *(u8 *)(r1 + 1) = r0; exit",
    "r2 = 0; l: r3 = r1; r3 += r2; *(u8 *)(r3 + 0) = 7; r2 += 1; if r2 != 5 goto l; r0 = 3; exit",
    "r0 = 1; r2 = 0; o: r4 = 0; i: r3 = r1; r3 += r4; r0 *= 3; *(u8 *)(r3 + 0) = r0; r4 += 1;"
    "if r4 != 32 goto i; r2 += 1; *(u8 *)(r1 + 63) = r2; if r2 != 6 goto o; exit",
    "r0 = 0; r2 = 0; a: r0 += r2; r2 += 1; if r2 != 4 goto a; b: r3 = r1; r3 += r2;"
    "*(u8 *)(r3 + 0) = r0; r0 += r2; r2 += 1; if r2 != 48 goto b; *(u8 *)(r1 + 60) = 1;"
    "c: r0 -= 1; r2 += -1; if r2 != 8 goto c; exit",
};

static void same_stop_everywhere(const struct skep_program *jit, const struct skep_program *interp,
                                 uint64_t fuel)
{
    uint8_t expected[sizeof(bytes)];
    uint64_t r0 = 0, expected_r0 = 0;
    skep_thread_set_fuel(thread, fuel);
    memset(bytes, 1, sizeof(bytes));
    skep_status status = skep_run(thread, interp, &memory, &expected_r0);
    uint64_t used = skep_thread_fuel_used(thread);
    memcpy(expected, bytes, sizeof(bytes));
    memset(bytes, 1, sizeof(bytes));
    assert_int_equal(skep_run(thread, jit, &memory, &r0), status);
    assert_int_equal(r0, expected_r0);
    assert_int_equal(skep_thread_fuel_used(thread), used);
    assert_memory_equal(bytes, expected, sizeof(bytes));
}

TEST(several_rounds_at_a_time_stop_where_one_does)
{
    begin();
    for (size_t i = 0; i < sizeof(unrolled) / sizeof(*unrolled); i++) {
        struct skep_load_options interp = { .size = sizeof(interp), .engine = SKEP_ENGINE_INTERP };
        struct skep_load_options jit = plain;
        jit.fuel = interp.fuel = 1000000;
        skep_program *compiled = program_from_text(env, "memory", unrolled[i], &jit);
        skep_program *interpreted = program_from_text(env, "memory", unrolled[i], &interp);
        same_stop_everywhere(compiled, interpreted, 0);
        uint64_t all = skep_thread_fuel_used(thread);
        assert_true(all > 10);
        for (uint64_t fuel = 1; fuel <= all; fuel++)
            same_stop_everywhere(compiled, interpreted, fuel);
        skep_program_free(compiled);
        skep_program_free(interpreted);
    }
    end();
}

/* A helper may cost more than an immediate holds. */
static uint64_t do_little(skep_thread *t, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                          uint64_t a5)
{
    (void)t, (void)a2, (void)a3, (void)a4, (void)a5;
    return a1;
}

TEST(charges_of_more_than_an_immediate_holds_are_paid)
{
    static const struct skep_helper dear = {
        .size = sizeof(dear),
        .name = "dear",
        .id = 0x10003,
        .personality = SKEP_APPLICATION,
        .family = SKEP_FAMILY_APPLICATION,
        .run = do_little,
        .args = { { .kind = SKEP_ARG_ANYTHING } },
        .cost = 0xfffffff0,
    };
    begin_with((const struct skep_helper *const[]){ &dear }, 1);
    struct skep_load_options interp = { .size = sizeof(interp), .engine = SKEP_ENGINE_INTERP };
    struct skep_load_options jit = plain;
    jit.fuel = interp.fuel = (uint64_t)1 << 40;
    static const char text[] = "r1 = 5; call 65539; exit";
    skep_program *compiled = program_from_text(env, "memory", text, &jit);
    skep_program *interpreted = program_from_text(env, "memory", text, &interp);
    same_stop_everywhere(compiled, interpreted, 0);
    assert_true(skep_thread_fuel_used(thread) > 0xfffffff0);
    same_stop_everywhere(compiled, interpreted, 0xffffffff);
    same_stop_everywhere(compiled, interpreted, 0x7fffffff);
    same_stop_everywhere(compiled, interpreted, 1);
    skep_program_free(compiled);
    skep_program_free(interpreted);
    end();
}

/* A tail call within a subprogram runs the target in its place, whatever engine the target has. */
TEST(programs_of_all_engines_call_one_another)
{
    begin();
    static const enum skep_engine engines[] = { SKEP_ENGINE_JIT, SKEP_ENGINE_INTERP,
                                                SKEP_ENGINE_CHECKED };
    const struct skep_map_spec spec = { .size = sizeof(spec),
                                        .name = "programs",
                                        .type = 3,
                                        .key_size = 4,
                                        .value_size = 4,
                                        .max_entries = 1 };
    for (size_t i = 0; i < 9; i++) {
        skep_map *map;
        assert_int_equal(skep_map_new(env, &spec, &map, NULL), SKEP_OK);
        struct skep_load_options options = plain;
        options.maps = &map;
        options.n_maps = 1;
        options.engine = engines[i % 3];
        skep_program *main =
            program_from_text(env, "memory",
                              "call sub; r0 += 1; exit; sub: r2 = map[idx:0]; r3 = 0; call 12;"
                              "r0 = 5; exit",
                              &options);
        options.engine = engines[i / 3];
        skep_program *target = program_from_text(
            env, "memory", "r6 = r1; r1 = 1; call sub; exit; sub: r0 = 40; r0 += r1; exit",
            &options);
        assert_int_equal(result(main), 6);
        assert_int_equal(skep_map_set_program(map, 0, target), 0);
        assert_int_equal(result(main), 42);
        skep_map_unref(map);
        skep_program_free(target);
        skep_program_free(main);
    }
    end();
}

/* ---- a helper of the application sees sane frames */

static int frames_seen;
static uint64_t look_back(skep_thread *t, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                          uint64_t a5)
{
    void *frames[64];
    (void)t, (void)a2, (void)a3, (void)a4, (void)a5;
    frames_seen = backtrace(frames, 64);
    return a1 + 1;
}

static const struct skep_helper looks_back = {
    .size = sizeof(looks_back),
    .name = "looks_back",
    .id = 0x10001,
    .personality = SKEP_APPLICATION,
    .family = SKEP_FAMILY_APPLICATION,
    .run = look_back,
    .args = { { .kind = SKEP_ARG_ANYTHING } },
};

#if defined(__x86_64__) || defined(__aarch64__)
/* Frames of the machine: where the caller's is kept, and where control goes back to. */
struct machine_frame {
    const struct machine_frame *caller;
    const void *back;
};

static const void *came_from[4];
static uint64_t walk_frames(skep_thread *t, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                            uint64_t a5)
{
    const struct machine_frame *frame = __builtin_frame_address(0);
    (void)t, (void)a2, (void)a3, (void)a4, (void)a5;
    for (size_t i = 0; i < 4; i++, frame = frame->caller)
        came_from[i] = frame->back;
    return a1;
}

static const struct skep_helper walks_frames = {
    .size = sizeof(walks_frames),
    .name = "walks_frames",
    .id = 0x10002,
    .personality = SKEP_APPLICATION,
    .family = SKEP_FAMILY_APPLICATION,
    .run = walk_frames,
    .args = { { .kind = SKEP_ARG_ANYTHING } },
};

static const char *symbol_at(const struct skep_machine_code *code, const void *at)
{
    uint64_t offset = (uint64_t)((uintptr_t)at - (uintptr_t)code->start);
    for (size_t i = 0; i < code->n_symbols; i++)
        if (offset - code->symbols[i].offset < code->symbols[i].bytes)
            return code->symbols[i].name;
    return "";
}

static bool is_in_gate(const void *at)
{
    uint32_t size;
    const uint8_t *gate = jit_gate_code(env->gate, &size);
    return (uintptr_t)at - (uintptr_t)gate < size;
}

/* From a helper through the subprogram and the program to the gate, and out of it. */
TEST(frames_lead_from_a_helper_through_the_program_when_debuggers_are_told)
{
    static const struct skep_helper *const own[] = { &walks_frames };
    begin_with(own, 1);
    struct skep_load_options options = plain;
    options.debuggers = SKEP_DEBUGGER_GDB;
    options.opt_off = "inline_sub";
    skep_program *program = program_from_text(
        env, "memory",
        "r6 = 5; call sub; r0 += r6; exit; sub: r6 = r1; r1 = 37; call 0x10002; exit", &options);
    struct skep_machine_code code;
    assert_true(skep_program_machine_code(program, &code));
    assert_int_equal(result(program), 42);
    assert_string_not_equal(symbol_at(&code, came_from[0]), "main");
    assert_int_equal(strncmp(symbol_at(&code, came_from[0]), "main.", 5), 0);
    assert_string_equal(symbol_at(&code, came_from[1]), "main");
    assert_true(is_in_gate(came_from[2]));
    assert_string_equal(symbol_at(&code, came_from[3]), "");
    assert_false(is_in_gate(came_from[3]));
    skep_program_free(program);
    end();
}
#define FRAMES UNIT(frames_lead_from_a_helper_through_the_program_when_debuggers_are_told),
#else
#define FRAMES
#endif

/* The library may be far from the application: what matters is that the call arrives. */
TEST(helpers_of_the_application_are_called_wherever_they_are)
{
    static const struct skep_helper *const own[] = { &looks_back };
    begin_with(own, 1);
    skep_program *program = compiled("r1 = 41; call 0x10001; exit");
    assert_int_equal(result(program), 42);
    assert_true(frames_seen >= 1);
    skep_program_free(program);
    end();
}

/* ---- memory */

struct mapping {
    uint64_t begin, end;
    char permissions[5];
};

/* Calls `see` for each mapping of the process. */
static void each_mapping(void (*see)(const struct mapping *mapping, void *user), void *user)
{
    char line[512];
    FILE *file = fopen("/proc/self/maps", "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        struct mapping mapping;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &mapping.begin, &mapping.end,
                   mapping.permissions) == 3)
            see(&mapping, user);
    }
    fclose(file);
}

struct around {
    uint64_t begin, end; /* of the code */
    char inside[5], before[5], after[5];
    unsigned writable_and_executable;
};

static void see(const struct mapping *mapping, void *user)
{
    struct around *around = user;
    const char *p = mapping->permissions;
    around->writable_and_executable += p[1] == 'w' && p[2] == 'x';
    if (mapping->begin <= around->begin && around->end <= mapping->end)
        strcpy(around->inside, p);
    if (mapping->begin < around->begin && around->begin <= mapping->end)
        strcpy(around->before, p);
    if (mapping->begin <= around->end && around->end < mapping->end)
        strcpy(around->after, p);
}

TEST(no_page_is_ever_writable_and_executable)
{
    begin();
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    skep_program *program = compiled("r0 = 7; exit");
    struct skep_machine_code code;
    assert_true(skep_program_machine_code(program, &code));
    struct around around = { .begin = (uint64_t)(uintptr_t)code.start };
    assert_int_equal(around.begin % page, 0);
    around.end = around.begin + (code.bytes + page - 1) / page * page;
    each_mapping(see, &around);
    assert_string_equal(around.inside, "r-xp");
    assert_string_equal(around.before, "---p");
    assert_string_equal(around.after, "---p");
    assert_int_equal(around.writable_and_executable, 0);
    skep_program_free(program);
    end();
}

/* What is left of the last page traps. */
TEST(the_rest_of_a_page_of_code_is_traps)
{
    begin();
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    skep_program *program = compiled("r0 = 7; exit");
    struct skep_machine_code code;
    assert_true(skep_program_machine_code(program, &code));
    const uint8_t *start = code.start;
    size_t whole = (code.bytes + page - 1) / page * page;
    assert_true(code.bytes < whole);
    if (!strcmp(code.cpu, "x86-64"))
        for (size_t i = code.bytes; i < whole; i++)
            assert_int_equal(start[i], 0xcc); /* int3 */
    else
        for (size_t i = code.bytes; i < whole; i += 4) /* brk */
            assert_true(start[i + 3] == 0xd4 && (start[i + 2] & 0xe0) == 0x20);
    skep_program_free(program);
    end();
}

/* Where the CPU holds indirect calls and jumps to marked places: ENDBR64, or BTI c. */
static bool is_marked(const void *at)
{
    static const uint8_t x86[] = { 0xf3, 0x0f, 0x1e, 0xfa }, a64[] = { 0x5f, 0x24, 0x03, 0xd5 };
    return memcmp(at, strcmp(skep_jit_name(), "x86-64") ? a64 : x86, sizeof(x86)) == 0;
}

TEST(every_place_that_pointers_lead_to_is_marked)
{
    begin();
    struct skep_load_options options = plain;
    options.opt_off = "inline_sub";
    for (unsigned i = 0; i < 2; i++) {
        options.may_loop = i == 1;
        skep_program *program =
            program_from_text(env, "memory",
                              "call sub; r1 = 8; r2 = code[round]; r3 = 0; r4 = 0; call 181; exit;"
                              "round: r0 = 0; exit; sub: r0 = 3; exit",
                              &options);
        struct skep_machine_code code;
        assert_true(skep_program_machine_code(program, &code));
        assert_int_equal(code.n_symbols, 3);
        for (size_t s = 0; s < code.n_symbols; s++)
            assert_true(is_marked((const uint8_t *)code.start + code.symbols[s].offset));
        assert_true(is_marked((const void *)(uintptr_t)env->gate->way[i].enter));
        assert_true(is_marked((const void *)(uintptr_t)env->gate->way[i].stop));
        skep_program_free(program);
    }
    end();
}

/* Selection makes a constant when the last of a block's instructions that count as its users has
 * been seen; one before that may still ask for it, by way of what it takes in from another block.
 */
TEST(a_constant_that_was_made_may_be_asked_for_again)
{
    begin();
    static const char text[] =
        "r6 = r1; r1 = map[idx:0]; r2 = r10; r2 += -72; call 1; if r0 != 0 goto found; exit;"
        "found: r8 = r0; r7 = *(u32 *)(r6 + 0); r1 = r7; r2 = 0; r3 = r10; r3 += -64; r4 = 64;"
        "r5 = 13089; call 28; r5 = -25952; r0 &= 24; r3 = r8; r3 += r0; r9 = 3;"
        "l: r9 += -1; if r9 != 0 goto l; r3 = r8; r3 += r0; *(u8 *)(r3 + 8) = r5;"
        "*(u16 *)(r8 + 16) = 64; exit";
    const struct skep_map_spec spec = { .size = sizeof(spec),
                                        .name = "values",
                                        .type = 2,
                                        .key_size = 4,
                                        .value_size = 64,
                                        .max_entries = 1 };
    skep_map *map;
    assert_int_equal(skep_map_new(env, &spec, &map, NULL), SKEP_OK);
    for (size_t pass = 0; skep_jit_pass(pass); pass++) {
        struct skep_load_options options = plain;
        options.profile = SKEP_PROFILE_RFC;
        options.opt_off = skep_jit_pass(pass);
        options.maps = &map;
        options.n_maps = 1;
        skep_program *program = program_from_text(env, "xdp", text, &options);
        assert_true(skep_program_code_bytes(program) > 0);
        skep_program_free(program);
    }
    skep_map_unref(map);
    end();
}

/* ---- what is told of it */

TEST(symbols_and_lines_cover_the_code)
{
    begin();
    skep_program *program = compiled("r6 = r1; r1 = 3; call sub; exit; sub: r0 = r1; l: r1 += -1;"
                                     "r0 += r1; if r1 != 0 goto l; exit");
    struct skep_machine_code code;
    assert_true(skep_program_machine_code(program, &code));
    assert_string_equal(code.cpu, skep_jit_name());
    assert_true(code.n_symbols >= 1 && code.n_lines >= 1);
    for (size_t i = 0; i < code.n_symbols; i++) {
        assert_true(code.symbols[i].offset + code.symbols[i].bytes <= code.bytes);
        assert_int_equal(strncmp(code.symbols[i].name, "main", 4), 0);
    }
    for (size_t i = 1; i < code.n_lines; i++)
        assert_true(code.lines[i - 1].offset <= code.lines[i].offset);
    skep_program_free(program);
    end();
}

TEST(perf_is_told_when_asked)
{
    begin();
    char path[64], line[256];
    unsigned found = 0, gates = 0;
    struct skep_load_options options = plain;
    options.debuggers = SKEP_DEBUGGER_PERF;
    snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
    skep_program *program = program_from_text(env, "memory", "r0 = 7; exit", &options);
    struct skep_machine_code code;
    assert_true(skep_program_machine_code(program, &code));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        uint64_t at;
        unsigned size;
        char name[64];
        if (sscanf(line, "%" SCNx64 " %x %63s", &at, &size, name) != 3)
            continue;
        found += at == (uint64_t)(uintptr_t)code.start && !strcmp(name, "main");
        gates += is_in_gate((const void *)(uintptr_t)at) && !strcmp(name, "skep.enter");
    }
    fclose(file);
    unlink(path);
    assert_int_equal(found, 1);
    assert_int_equal(gates, 1);
    skep_program_free(program);
    end();
}

UNIT_TESTS(UNIT(verified_programs_are_compiled_when_nothing_else_is_asked_for),
           UNIT(what_is_not_verified_is_not_compiled),
           UNIT(guards_need_to_know_what_an_address_was_made_from),
           UNIT(a_budget_of_the_thread_binds_or_the_run_is_refused),
           UNIT(a_loop_without_end_runs_out_of_fuel_and_the_next_run_is_as_ever),
           UNIT(several_rounds_at_a_time_stop_where_one_does),
           UNIT(charges_of_more_than_an_immediate_holds_are_paid),
           UNIT(another_thread_cancels_a_loop_without_end),
           UNIT(another_thread_cancels_helpers_that_call_back),
           UNIT(what_is_called_back_may_call_back_and_stop_everything),
           UNIT(programs_of_all_engines_call_one_another),
           FRAMES UNIT(helpers_of_the_application_are_called_wherever_they_are),
           UNIT(no_page_is_ever_writable_and_executable), UNIT(the_rest_of_a_page_of_code_is_traps),
           UNIT(every_place_that_pointers_lead_to_is_marked),
           UNIT(a_constant_that_was_made_may_be_asked_for_again),
           UNIT(symbols_and_lines_cover_the_code), UNIT(perf_is_told_when_asked))
