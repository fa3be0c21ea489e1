/* Facts for compilers: known answers, and that a run which contradicts one is stopped. */
#include "api/api.h"
#include "support/unit.h"
#include "support/verifier.h"

struct facts_fixture {
    skep_env *env;
    skep_map *maps[2];
    skep_object *object;
    skep_program *program;
    struct skep_verdict verdict;
    bool guard;
    skep_status status; /* of loading */
};

static void fixture_maps(struct facts_fixture *f)
{
    static const struct skep_map_spec specs[2] = {
        { .size = sizeof(specs[0]),
          .name = "values",
          .type = 2,
          .key_size = 4,
          .value_size = 64,
          .max_entries = 4 },
        { .size = sizeof(specs[0]),
          .name = "constants",
          .type = 2,
          .key_size = 4,
          .value_size = 16,
          .max_entries = 1,
          .flags = 0x80 },
    };
    const u32 key = 0;
    const u32 constants[4] = { 5, 6, 7, 1000 };
    for (u32 i = 0; i < 2; i++)
        assert_int_equal(skep_map_new(f->env, &specs[i], &f->maps[i], NULL), SKEP_OK);
    assert_int_equal(skep_map_update(f->maps[1], &key, constants, 0), 0);
    assert_int_equal(skep_map_freeze(f->maps[1]), 0);
}

static void fixture_open(struct facts_fixture *f, const char *hook, const char *source)
{
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine = SKEP_ENGINE_CHECKED,
                                         .profile = SKEP_PROFILE_LINUX,
                                         .facts = true,
                                         .guard = f->guard,
                                         .verdict = &f->verdict,
                                         .maps = f->maps,
                                         .n_maps = 2 };
    skep_insn *insns = NULL;
    size_t n = 0;
    skep_error error = { 0 };
    assert_int_equal(skep_env_new(NULL, &f->env, NULL), SKEP_OK);
    fixture_maps(f);
    assert_int_equal(skep_assemble(source, &insns, &n, NULL), SKEP_OK);
    assert_int_equal(skep_object_from_insns(f->env, "facts", insns, n, hook_named(f->env, hook),
                                            &f->object, NULL),
                     SKEP_OK);
    f->status = skep_program_load(f->object, NULL, &options, &f->program, &error);
    if (f->status != SKEP_OK && !f->guard)
        fail_msg("%s: %s", source, skep_error_id(&error));
    free(insns);
}

static void fixture_close(struct facts_fixture *f)
{
    skep_program_free(f->program);
    skep_object_close(f->object);
    for (u32 i = 0; i < 2; i++)
        skep_map_unref(f->maps[i]);
    skep_env_free(f->env);
}

static void expect_fact(const char *hook, const char *source, u32 insn, const char *expected)
{
    struct facts_fixture f = { 0 };
    char buffer[200];
    struct text text;
    fixture_open(&f, hook, source);
    text_init_fixed(&text, buffer, sizeof(buffer));
    fact_print(&text, &f.program->facts, insn);
    assert_string_equal(buffer, expected);
    fixture_close(&f);
}

static void test_ranges_are_joined_over_all_ways(void **unused)
{
    (void)unused;
    const char *source =
        "r1 = *(u8 *)(r1 + 0) ; r2 = 3 ; if r1 > 9 goto +1 ; r2 = 40 ; r2 += r1 ; r0 = r2 ; exit";
    expect_fact("memory", source, 0, " in=ctx+0 out=0..255");
    expect_fact("memory", source, 2, " dst=0..255");
    expect_fact("memory", source, 4, " dst=3..40 src=0..255 out=3..295");
}

/* What the verifier says when guards are allowed: how many there are, and the fact of one. */
static void expect_guards(const char *hook, const char *source, u32 n, u32 insn,
                          const char *expected)
{
    struct facts_fixture f = { .guard = true };
    char buffer[200];
    struct text text;
    fixture_open(&f, hook, source);
    if (f.status != (expected ? SKEP_OK : SKEP_REJECTED))
        fail_msg("%s: %d", source, f.status);
    if (expected) {
        assert_int_equal(f.verdict.guards, n);
        text_init_fixed(&text, buffer, sizeof(buffer));
        fact_print(&text, &f.program->facts, insn);
        assert_string_equal(buffer, expected);
    }
    fixture_close(&f);
}

#define LOOKUP                                                                                     \
    "r6 = r1 ; *(u32 *)(r10 - 4) = 0 ; r1 = map[idx:0] ; r2 = r10 ; r2 += -4 ; call 1 ; "          \
    "if r0 == 0 goto out ; "

static void test_what_is_open_is_left_to_guards(void **unused)
{
    (void)unused;
    /* slot 9: the offset is any byte, the value has 64 */
    expect_guards("memory",
                  LOOKUP "r1 = *(u8 *)(r6 + 0) ; r0 += r1 ; r0 = *(u32 *)(r0 + 4) ; out: exit", 1,
                  9, " in=map value 0 guarded to 64 out=0..4294967295");
    expect_guards(
        "xdp",
        "r2 = *(u32 *)(r1 + 0) ; r0 = *(u8 *)(r2 + 13) ; *(u8 *)(r2 + 0) = 1 ; r0 = 2 ; exit", 2, 1,
        " in=packet guarded to 65535 out=0..255");
    /* What is shown needs none. */
    expect_guards("memory",
                  LOOKUP "r1 = *(u8 *)(r6 + 0) ; r1 &= 31 ; r0 += r1 ; r0 = *(u8 *)(r0 + 4) ; out: "
                         "r0 = 0 ; exit",
                  0, 10, " in=map value 0 out=0..255");
}

static void test_what_no_guard_helps_is_refused(void **unused)
{
    (void)unused;
    /* never in bounds; a number; may be NULL; for a helper */
    expect_guards("memory", LOOKUP "r0 = *(u32 *)(r0 + 64) ; out: r0 = 0 ; exit", 0, 0, NULL);
    expect_guards("memory", "r2 = 5 ; r0 = *(u8 *)(r2 + 0) ; exit", 0, 0, NULL);
    expect_guards("memory",
                  "r3 = *(u32 *)(r1 + 0) ; *(u32 *)(r10 - 4) = r3 ; r1 = map[idx:0] ; r2 = r10 ; "
                  "r2 += -4 ; call 1 ; "
                  "r0 = *(u8 *)(r0 + 0) ; exit",
                  0, 0, NULL);
    /* for a helper: push to a queue takes the value from memory that it trusts */
    expect_guards("memory",
                  LOOKUP "r1 = *(u8 *)(r6 + 0) ; r2 = r0 ; r2 += r1 ; r1 = map[idx:0] ; r3 = r2 ; "
                         "r4 = 0 ; r2 = r10 ; r2 += -4 ; call 2 ; out: r0 = 0 ; exit",
                  0, 0, NULL);
}

static void test_what_cannot_happen_is_dead(void **unused)
{
    (void)unused;
    const char *source =
        "r1 = *(u8 *)(r1 + 0) ; r0 = 0 ; if r1 > 300 goto +2 ; if r1 < 256 goto +1 ; r0 = 1 ; exit";
    expect_fact("memory", source, 2, " dst=0..255 never taken");
    expect_fact("memory", source, 3, " dst=0..255 always taken");
    expect_fact("memory", source, 4, " dead");
}

static void test_loops_are_known_as_a_whole(void **unused)
{
    (void)unused;
    const char *source =
        "r0 = 0 ; r2 = 0 ; again: r0 += r2 ; r2 += 1 ; if r2 != 100 goto again ; exit";
    expect_fact("memory", source, 3, " dst=0..99 out=1..100");
    expect_fact("memory", source, 4, " dst=1..100");
}

static void test_memory_has_regions_and_offsets(void **unused)
{
    (void)unused;
    expect_fact("memory", "*(u64 *)(r10 - 16) = 7 ; r0 = *(u64 *)(r10 - 16) ; exit", 0,
                " in=own stack-16");
    expect_fact("memory", "*(u64 *)(r10 - 16) = 7 ; r0 = *(u64 *)(r10 - 16) ; exit", 1,
                " in=own stack-16 out=7");
    expect_fact("memory", "r1 = map[idx:0][0] + 8 ; *(u32 *)(r1 + 4) = 7 ; r0 = 0 ; exit", 1,
                " in=map value 0+12");
    expect_fact("xdp",
                "r2 = *(u32 *)(r1 + 0) ; r3 = *(u32 *)(r1 + 4) ; r4 = r2 ; r4 += 20 ; r0 = 0 ; if "
                "r4 > r3 goto +1 ; r0 = *(u8 *)(r2 + 19) ; exit",
                6, " in=packet+19 out=0..255");
    /* Either a stack slot or a map's value: nothing in common. */
    expect_fact("memory",
                "r1 = *(u8 *)(r1 + 0) ; r2 = r10 ; r2 += -8 ; if r1 == 0 goto +2 ;  r2 = "
                "map[idx:0][0] + 0 ; *(u64 *)(r2 + 0) = 1 ; r0 = 0 ; exit",
                5, " in=any");
}

static void test_a_callers_frame_is_not_ones_own(void **unused)
{
    (void)unused;
    const char *source =
        "r1 = r10 ; r1 += -8 ; call pc+2 ; r0 = 0 ; exit ; *(u64 *)(r1 + 0) = 1 ; r0 = 0 ; exit";
    expect_fact("memory", source, 5, " in=stack-8");
}

static void test_constants_are_read(void **unused)
{
    (void)unused;
    expect_fact("memory", "r1 = map[idx:1][0] + 12 ; r0 = *(u32 *)(r1 + 0) ; exit", 1,
                " in=map value 1+12 out=1000");
    expect_fact("memory",
                "r2 = *(u8 *)(r1 + 0) ; r2 &= 3 ; r2 *= 4 ; r1 = map[idx:1][0] + 0 ; r1 += r2 ; r0 "
                "= *(u32 *)(r1 + 0) ; exit",
                5, " in=map value 1 out=5..1000");
}

static void test_calls_have_arguments(void **unused)
{
    (void)unused;
    const char *source =
        "*(u32 *)(r10 - 4) = 1 ; r2 = r10 ; r2 += -4 ; r1 = map[idx:0] ; call 1 ; r0 = 0 ; exit";
    expect_fact("memory", source, 4, " r1=map 0 r2=own stack-4");
    expect_fact("memory", "r1 = 5 ; call 7 ; exit", 1, " r1=5 out=0..4294967295");
}

static void test_null_checks_that_cannot_fail_are_known(void **unused)
{
    (void)unused;
    const char *source = "*(u32 *)(r10 - 4) = 1 ; r2 = r10 ; r2 += -4 ; r1 = map[idx:0] ; call 1 ; "
                         "if r0 == 0 goto +1 ; r0 = *(u64 *)(r0 + 0) ; exit";
    expect_fact("memory", source, 5, " never taken");
}

static void test_programs_that_only_paths_show_have_facts(void **unused)
{
    (void)unused;
    const char *source = "r1 = *(u8 *)(r1 + 0) ; r0 = 1 ; r2 = 40 ; again: r0 *= 3 ; r0 &= 127 ; "
                         "if r0 != 43 goto again ; exit";
    struct facts_fixture f = { 0 };
    fixture_open(&f, "memory", source);
    assert_string_equal(f.verdict.method, "paths");
    fixture_close(&f);
    expect_fact("memory", source, 3, " dst=1..123 out=3..369");
    expect_fact("memory", source, 5, " dst=3..123");
}

static void test_a_number_whose_sign_turns_every_round_is_closed_upon(void **unused)
{
    (void)unused;
    const char *source = "r3 = 65535 ; r9 = 3 ; r0 = 0 ; again: r3 ^= 8 ; r3 = -r3 ; r9 += -1 ; if "
                         "r9 != 0 goto again ; exit";
    struct facts_fixture f;
    fixture_open(&f, "memory", source);
    assert_string_equal(f.verdict.method, "fixpoint");
    assert_true(f.verdict.visited < 1000);
    fixture_close(&f);
}

/* ---- runs are held to them */

static void expect_found(const char *source, u32 insn, void (*spoil)(struct fact *fact))
{
    struct facts_fixture f = { 0 };
    u8 bytes[8] = { 0 };
    struct skep_memory memory = { bytes, sizeof(bytes) };
    skep_thread *thread = NULL;
    u64 r0;
    fixture_open(&f, "memory", source);
    assert_int_equal(skep_thread_new(f.env, NULL, &thread), SKEP_OK);
    assert_int_equal(skep_run(thread, f.program, &memory, &r0), SKEP_OK);
    spoil(&f.program->facts.at[insn]);
    assert_int_equal(skep_run(thread, f.program, &memory, &r0), SKEP_TRAP);
    assert_string_equal(skep_error_id(&skep_thread_fault(thread)->error), "vm-fact-violated");
    skep_thread_free(thread);
    fixture_close(&f);
}

static void kill_it(struct fact *fact) { fact->flags = 0; }
static void move_dst(struct fact *fact) { fact->dst.lo = fact->dst.hi; }
static void move_src(struct fact *fact) { fact->src.lo = fact->src.hi; }
static void move_out(struct fact *fact) { fact->out.lo = fact->out.hi; }
static void never_taken(struct fact *fact) { fact->flags &= (u8)~FACT_TAKEN; }
static void never_falls(struct fact *fact) { fact->flags &= (u8)~FACT_FALLS; }
static void in_the_packet(struct fact *fact) { fact->region = HOST_REGION_PACKET; }
static void elsewhere(struct fact *fact) { fact->offset++; }

static void test_runs_are_held_to_every_part(void **unused)
{
    (void)unused;
    const char *source = "r2 = *(u8 *)(r1 + 0) ; r3 = *(u8 *)(r1 + 1) ; r2 += r3 ; if r2 == 0 goto "
                         "+1 ; r2 = 9 ; if r2 == 3 goto +1 ; r0 = 0 ; exit";
    expect_found(source, 2, kill_it);
    expect_found(source, 2, move_dst);
    expect_found(source, 2, move_src);
    expect_found(source, 2, move_out);
    expect_found(source, 3, never_taken);
    expect_found(source, 5, never_falls);
    expect_found(source, 0, in_the_packet);
    expect_found(source, 1, elsewhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_are_joined_over_all_ways),
        cmocka_unit_test(test_what_is_open_is_left_to_guards),
        cmocka_unit_test(test_what_no_guard_helps_is_refused),
        cmocka_unit_test(test_what_cannot_happen_is_dead),
        cmocka_unit_test(test_loops_are_known_as_a_whole),
        cmocka_unit_test(test_memory_has_regions_and_offsets),
        cmocka_unit_test(test_a_callers_frame_is_not_ones_own),
        cmocka_unit_test(test_constants_are_read),
        cmocka_unit_test(test_calls_have_arguments),
        cmocka_unit_test(test_null_checks_that_cannot_fail_are_known),
        cmocka_unit_test(test_programs_that_only_paths_show_have_facts),
        cmocka_unit_test(test_a_number_whose_sign_turns_every_round_is_closed_upon),
        cmocka_unit_test(test_runs_are_held_to_every_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
