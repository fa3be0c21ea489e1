/* What contracts say of sockets and of the special fields of maps' values, as the verifier holds
 * programs to it: rows of programs with the diagnostic, or none. */
#include "base/base.h"

#include "support/unit.h"

#include <skep/skep.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const char *program;
    const char *diagnostic; /* "": accepted */
};

static const struct skep_hook *hook_called(skep_env *env, const char *name)
{
    const struct skep_hook *hook = NULL;
    for (size_t i = 0; (hook = skep_env_hook(env, i)) && strcmp(hook->name, name) != 0; i++) {
    }
    assert_non_null(hook);
    return hook;
}

static const char *verdict_on(skep_env *env, const struct skep_hook *hook, skep_map *map,
                              const char *program)
{
    skep_insn *insns = NULL;
    size_t n = 0;
    skep_object *object = NULL;
    struct skep_verdict verdict;
    skep_map *maps[] = { map };
    struct skep_verify_options options = { .size = sizeof(options),
                                           .maps = maps,
                                           .n_maps = map != NULL };
    assert_int_equal(skep_assemble(program, &insns, &n, NULL), SKEP_OK);
    assert_int_equal(skep_object_from_insns(env, "p", insns, n, hook, &object, NULL), SKEP_OK);
    assert_int_equal(skep_verify(object, NULL, &options, &verdict, NULL), SKEP_OK);
    skep_object_close(object);
    free(insns);
    return verdict.kind == SKEP_VERDICT_ACCEPTED ? "" : skep_error_id(&verdict.diagnostic);
}

static void check_rows(const char *hook, const struct skep_map_spec *spec, const char *head,
                       const char *tail, const struct row *rows, size_t n)
{
    skep_env *env = NULL;
    skep_map *map = NULL;
    char program[512];
    assert_int_equal(skep_env_new(NULL, &env, NULL), SKEP_OK);
    if (spec)
        assert_int_equal(skep_map_new(env, spec, &map, NULL), SKEP_OK);
    for (size_t i = 0; i < n; i++) {
        snprintf(program, sizeof(program), "%s%s%s", head, rows[i].program, tail);
        assert_string_equal(verdict_on(env, hook_called(env, hook), map, program),
                            rows[i].diagnostic);
    }
    if (map)
        skep_map_unref(map);
    skep_env_free(env);
}

TEST(special_fields_are_their_helpers)
{
    static const struct skep_map_spec spec = {
        .size = sizeof(spec),
        .name = "m",
        .type = 2,
        .key_size = 4,
        .value_size = 48,
        .max_entries = 1,
        .specials = { { SKEP_SPECIAL_TIMER, 8, 16, 0 },
                      { SKEP_SPECIAL_POINTER, 24, 8, 1 },
                      { SKEP_SPECIAL_REFERENCE, 32, 8, 1 } },
    };
    static const struct row rows[] = {
        { "r0 = *(u64 *)(r6 + 0)", "" },
        { "r0 = *(u32 *)(r6 + 44)", "" },
        { "r0 = *(u64 *)(r6 + 8)", "verify-no-access" },
        { "r0 = *(u8 *)(r6 + 23)", "verify-no-access" },
        { "r1 = 0 ; *(u64 *)(r6 + 16) = r1", "verify-no-access" },
        { "r0 = *(u64 *)(r6 + 24)", "" },
        { "r0 = *(u32 *)(r6 + 24)", "verify-no-access" },
        { "r0 = *(u64 *)(r6 + 28)", "verify-no-access" },
        { "r1 = 0 ; *(u64 *)(r6 + 24) = r1", "" },
        { "r1 = 1 ; *(u64 *)(r6 + 24) = r1", "verify-pointer-leak" },
        { "r1 = *(u64 *)(r6 + 32) ; *(u64 *)(r6 + 24) = r1", "" },
        { "r1 = 0 ; *(u64 *)(r6 + 32) = r1", "verify-no-access" },
        { "r1 = r6 ; r1 += 8 ; call helper 172", "" },
        { "r1 = r6 ; r1 += 9 ; call helper 172", "verify-bad-argument" },
        { "r1 = r6 ; call helper 172", "verify-bad-argument" },
    };
    check_rows("sched_cls", &spec, "r6 = map[idx:0][0] + 0 ; ", " ; r0 = 0 ; exit", rows,
               ARRAY_LEN(rows));
}

TEST(sockets_show_what_their_kind_has)
{
    static const struct row rows[] = {
        { "r0 = *(u32 *)(r6 + 4)", "" },                         /* family */
        { "r0 = *(u32 *)(r6 + 8)", "verify-bad-socket-access" }, /* type: of full sockets */
        { "r0 = *(u32 *)(r6 + 48)", "" },                        /* dst_port and its padding */
        { "r0 = *(u16 *)(r6 + 48)", "" },
        { "r0 = *(u16 *)(r6 + 50)", "verify-bad-socket-access" },
        { "r0 = *(u32 *)(r6 + 80)", "verify-bad-socket-access" },
        { "r6 = *(u32 *)(r6 + 4) ; r0 = *(u32 *)(r6 + 4)", "verify-not-a-pointer" },
        { "r1 = r6 ; call helper 95 ; if r0 == 0 goto out ; r0 = *(u32 *)(r0 + 8)", "" },
        { "r1 = r6 ; call helper 95 ; r0 = *(u32 *)(r0 + 8)", "verify-may-be-null" },
        { "r1 = r6 ; call helper 96 ; if r0 == 0 goto out ; r0 = *(u64 *)(r0 + 80)", "" },
        { "r1 = r6 ; call helper 96 ; if r0 == 0 goto out ; r0 = *(u32 *)(r0 + 80)",
          "verify-bad-socket-access" },
        { "r1 = r6 ; call helper 86", "verify-bad-argument" }, /* not the program's to give back */
    };
    check_rows("sched_cls", NULL, "r6 = *(u64 *)(r1 + 168) ; if r6 == 0 goto out ; ",
               " ; out: r0 = 0 ; exit", rows, ARRAY_LEN(rows));
}

TEST(a_socket_found_is_given_back_by_whatever_shows_it)
{
    static const struct row rows[] = {
        { "r1 = r6 ; call helper 86", "" },
        { "r1 = 0", "verify-leaks-reference" },
        { "r1 = r6 ; call helper 96 ; if r0 == 0 goto out", "verify-leaks-reference" },
        { "r1 = r6 ; call helper 96 ; if r0 == 0 goto give ; r1 = r0 ; call helper 86 ; "
          "r0 = 0 ; exit ; give: r1 = r6 ; call helper 86",
          "" },
        { "r1 = r6 ; call helper 86 ; r0 = *(u32 *)(r6 + 4)", "verify-not-a-pointer" },
    };
    check_rows("sched_cls", NULL,
               "*(u64 *)(r10 - 16) = 0 ; *(u64 *)(r10 - 8) = 0 ; r2 = r10 ; r2 += -16 ; r3 = 12 ; "
               "r4 = 0 ; r5 = 0 ; call helper 84 ; r6 = r0 ; if r6 == 0 goto out ; ",
               " ; out: r0 = 0 ; exit", rows, ARRAY_LEN(rows));
}

static void check_on_own(const struct skep_hook *hook, const struct row *rows, size_t n)
{
    const struct skep_hook *const hooks[] = { hook };
    struct skep_env_options options = { .size = sizeof(options), .hooks = hooks, .n_hooks = 1 };
    skep_env *env = NULL;
    assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_OK);
    for (size_t i = 0; i < n; i++) {
        char program[200];
        snprintf(program, sizeof(program), "%s ; out: r0 = 0 ; exit", rows[i].program);
        assert_string_equal(verdict_on(env, hook, NULL, program), rows[i].diagnostic);
    }
    skep_env_free(env);
}

/* WRITE is about what a pointer field points to; the pointer itself stays the host's. */
TEST(what_a_context_points_to_is_written_where_the_field_says_so)
{
    static const struct skep_ctx_field fields[] = {
        { "kept", 0, 8, SKEP_FIELD_POINTER, SKEP_FIELD_READ, 8, 0, 16 },
        { "lent", 8, 8, SKEP_FIELD_POINTER, SKEP_FIELD_READ | SKEP_FIELD_WRITE, 8, 8, 16 },
    };
    static const struct skep_hook hook = {
        .size = sizeof(hook),
        .name = "own",
        .id = 1000,
        .personality = SKEP_APPLICATION,
        .ctx_size = 16,
        .fields = fields,
        .n_fields = ARRAY_LEN(fields),
        .families = SKEP_FAMILY_BASE,
    };
    static const struct row rows[] = {
        { "r2 = *(u64 *)(r1 + 0) ; r0 = *(u8 *)(r2 + 15)", "" },
        { "r2 = *(u64 *)(r1 + 0) ; *(u8 *)(r2 + 15) = 1", "verify-no-access" },
        { "r2 = *(u64 *)(r1 + 8) ; *(u8 *)(r2 + 15) = 1", "" },
        { "r2 = *(u64 *)(r1 + 8) ; *(u8 *)(r2 + 16) = 1", "verify-out-of-bounds" },
        { "r2 = 0 ; *(u64 *)(r1 + 8) = r2", "verify-bad-context-access" },
    };
    check_on_own(&hook, rows, ARRAY_LEN(rows));
}

/* r1: the memory, r2: how much that is. */
TEST(plain_memory_is_as_large_as_the_hook_says_or_the_program_compares)
{
    struct skep_hook hook = { .size = sizeof(hook),
                              .name = "own",
                              .id = 1000,
                              .personality = SKEP_APPLICATION,
                              .ctx_kind = SKEP_CTX_MEMORY,
                              .ctx_size = 16,
                              .families = SKEP_FAMILY_BASE };
    static const struct row rows[] = {
        { "r0 = *(u8 *)(r1 + 15)", "" },
        { "r0 = *(u8 *)(r1 + 16)", "verify-out-of-bounds" },
        { "r0 = *(u32 *)(r1 + 13)", "verify-out-of-bounds" },
        { "r0 = *(u8 *)(r1 - 1)", "verify-out-of-bounds" },
        { "if r2 < 32 goto out ; r0 = *(u8 *)(r1 + 31)", "" },
        { "if r2 < 32 goto out ; r0 = *(u8 *)(r1 + 32)", "verify-out-of-bounds" },
        { "*(u8 *)(r1 + 0) = 1", "verify-no-access" },
        { "r1 = *(u64 *)(r1 + 0) ; call helper 175", "verify-bad-argument" },
    };
    static const struct row large[] = {
        { "r1 += 65534 ; r0 = *(u8 *)(r1 + 0)", "" },
        { "r1 += 65535 ; r0 = *(u8 *)(r1 + 0)", "verify-out-of-bounds" },
    };
    static const struct row writable[] = {
        { "*(u8 *)(r1 + 15) = 1", "" },
        { "*(u8 *)(r1 + 16) = 1", "verify-out-of-bounds" },
    };
    check_on_own(&hook, rows, ARRAY_LEN(rows));
    hook.flags = SKEP_HOOK_CTX_WRITABLE;
    check_on_own(&hook, writable, ARRAY_LEN(writable));
    hook.ctx_size = 0;
    check_on_own(&hook, large, ARRAY_LEN(large));
}

/* What a host passes in its arguments is of the kind that it takes. */
TEST(arguments_are_read_only_words_of_the_hosts)
{
    static const struct skep_hook hook = { .size = sizeof(hook),
                                           .name = "own",
                                           .id = 1000,
                                           .personality = SKEP_APPLICATION,
                                           .ctx_kind = SKEP_CTX_ARGS,
                                           .ctx_size = 16,
                                           .flags = SKEP_HOOK_CTX_WRITABLE,
                                           .families = SKEP_FAMILY_BASE | SKEP_FAMILY_TASK };
    static const struct row rows[] = {
        { "r0 = *(u64 *)(r1 + 8)", "" },
        { "r0 = *(u64 *)(r1 + 16)", "verify-out-of-bounds" },
        { "*(u64 *)(r1 + 0) = 1", "verify-no-access" },
        { "r1 = *(u64 *)(r1 + 0) ; call helper 175", "" },
        { "r1 = *(u32 *)(r1 + 0) ; call helper 175", "verify-bad-argument" },
        { "r1 = 1 ; call helper 175", "verify-bad-argument" },
    };
    check_on_own(&hook, rows, ARRAY_LEN(rows));
}

/* A map's value that keeps a task at 8 and owns a control group at 16. */
static const struct skep_map_spec keeps_a_task = {
    .size = sizeof(keeps_a_task),
    .name = "m",
    .type = 2,
    .key_size = 4,
    .value_size = 24,
    .max_entries = 1,
    .specials = { { SKEP_SPECIAL_POINTER, 8, 8, SKEP_TYPE_TASK },
                  { SKEP_SPECIAL_REFERENCE, 16, 8, SKEP_TYPE_CGROUP } },
};

/* r6: the value; r7: the task that runs. */
TEST(a_typed_pointer_is_taken_for_what_it_is_alone)
{
    static const struct row rows[] = {
        { "r1 = r7 ; call helper 175", "" },
        { "r1 = r7 ; r1 += 8 ; call helper 175", "verify-bad-argument" }, /* something in it */
        { "r1 = r7 ; r1 += 8 ; r1 += -8 ; call helper 175", "" },
        { "r2 = *(u32 *)(r6 + 0) ; r2 &= 8 ; r1 = r7 ; r1 += r2 ; call helper 175",
          "verify-bad-argument" },
        { "r1 = r7 ; call helper 175 ; r1 = r0 ; call helper 175", "verify-bad-argument" },
        { "*(u64 *)(r6 + 8) = r7", "" },
        { "r7 += 8 ; *(u64 *)(r6 + 8) = r7", "verify-pointer-leak" },
        { "r1 = r7 ; call helper 175 ; *(u64 *)(r6 + 8) = r0", "verify-pointer-leak" },
        { "r1 = *(u64 *)(r6 + 8) ; if r1 == 0 goto out ; call helper 175", "verify-bad-argument" },
        { "r1 = r6 ; r1 += 16 ; r2 = 0 ; call helper 194 ; if r0 == 0 goto out ; r1 = r6 ; "
          "r1 += 16 ; r2 = r0 ; call helper 194 ; if r0 == 0 goto out",
          "verify-leaks-reference" },
        { "r1 = r6 ; r1 += 16 ; r2 = r7 ; call helper 194", "verify-bad-argument" },
    };
    check_rows("sched_cls", &keeps_a_task, "call helper 158 ; r7 = r0 ; r6 = map[idx:0][0] + 0 ; ",
               " ; out: r0 = 0 ; exit", rows, ARRAY_LEN(rows));
}

TEST(as_many_special_fields_as_there_may_be)
{
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = "m",
                                  .type = 2,
                                  .key_size = 4,
                                  .value_size = 8 * (SKEP_MAX_SPECIALS + 1),
                                  .max_entries = 1 };
    static const struct row rows[] = {
        { "r0 = *(u64 *)(r6 + 0)", "" },
        { "r0 = *(u32 *)(r6 + 88)", "verify-no-access" },
        { "r0 = *(u32 *)(r6 + 96)", "" },
    };
    for (u32 i = 0; i < SKEP_MAX_SPECIALS; i++)
        spec.specials[i] = (struct skep_special){ SKEP_SPECIAL_POINTER, 8 * i, 8, 1 };
    check_rows("sched_cls", &spec, "r6 = map[idx:0][0] + 0 ; ", " ; r0 = 0 ; exit", rows,
               ARRAY_LEN(rows));
}

TEST(a_spin_lock_is_where_the_value_has_it)
{
    static const struct skep_map_spec with = { .size = sizeof(with),
                                               .name = "m",
                                               .type = 2,
                                               .key_size = 4,
                                               .value_size = 24,
                                               .max_entries = 1,
                                               .lock_at = 1 + 8 };
    static const struct skep_map_spec without = { .size = sizeof(without),
                                                  .name = "m",
                                                  .type = 2,
                                                  .key_size = 4,
                                                  .value_size = 24,
                                                  .max_entries = 1 };
    static const struct row rows[] = {
        { "r1 += 8 ; call helper 93 ; r1 = r6 ; r1 += 8 ; call helper 94", "" },
        { "r1 += 8 ; call helper 93", "verify-lock-held" },
        { "r1 += 8 ; call helper 93 ; r1 = r6 ; r1 += 8 ; call helper 93", "verify-lock-held" },
        { "r1 += 8 ; call helper 94", "verify-lock-not-held" },
        { "r1 += 4 ; call helper 93", "verify-bad-argument" },
        { "r1 += 9 ; call helper 93", "verify-bad-argument" },
        { "r2 = *(u32 *)(r6 + 0) ; r2 &= 8 ; r1 += r2 ; call helper 93", "verify-bad-argument" },
        { "r1 = r10 ; r1 += -16 ; call helper 93", "verify-bad-argument" },
        { "r0 = *(u32 *)(r6 + 8)", "verify-no-access" },
        { "r0 = *(u8 *)(r6 + 11)", "verify-no-access" },
        { "r0 = *(u8 *)(r6 + 12)", "" },
    };
    static const struct row none[] = {
        { "r1 += 8 ; call helper 93", "verify-bad-argument" },
        { "r1 += -1 ; call helper 93", "verify-bad-argument" },
    };
    check_rows("sched_cls", &with, "r6 = map[idx:0][0] + 0 ; r1 = r6 ; ", " ; r0 = 0 ; exit", rows,
               ARRAY_LEN(rows));
    check_rows("sched_cls", &without, "r6 = map[idx:0][0] + 0 ; r1 = r6 ; ", " ; r0 = 0 ; exit",
               none, ARRAY_LEN(none));
}

/* r6, r7: two values of a map that the keys 0 and 1 may have. */
TEST(the_lock_that_was_taken_is_given_back)
{
    static const struct skep_map_spec spec = { .size = sizeof(spec),
                                               .name = "m",
                                               .type = 1,
                                               .key_size = 4,
                                               .value_size = 16,
                                               .max_entries = 2,
                                               .lock_at = 1 + 8 };
    static const struct row rows[] = {
        { "r1 = r6 ; r1 += 8 ; call helper 93 ; r1 = r6 ; r1 += 8 ; call helper 94", "" },
        { "r1 = r6 ; r1 += 8 ; call helper 93 ; r1 = r7 ; r1 += 8 ; call helper 94",
          "verify-lock-not-held" },
    };
    check_rows("sched_cls", &spec,
               "*(u32 *)(r10 - 4) = 0 ; r1 = map[idx:0] ; r2 = r10 ; r2 += -4 ; call helper 1 ; "
               "if r0 == 0 goto out ; r6 = r0 ; "
               "*(u32 *)(r10 - 4) = 1 ; r1 = map[idx:0] ; r2 = r10 ; r2 += -4 ; call helper 1 ; "
               "if r0 == 0 goto out ; r7 = r0 ; ",
               " ; out: r0 = 0 ; exit", rows, ARRAY_LEN(rows));
}

TEST(what_a_timer_calls_is_verified)
{
    static const struct skep_map_spec spec = { .size = sizeof(spec),
                                               .name = "m",
                                               .type = 2,
                                               .key_size = 4,
                                               .value_size = 24,
                                               .max_entries = 1,
                                               .specials = { { SKEP_SPECIAL_TIMER, 8, 16, 0 } } };
    static const struct row rows[] = {
        { "r0 = *(u64 *)(r3 + 0)", "" },
        { "r0 = *(u32 *)(r2 + 0)", "" },
        { "r0 = *(u64 *)(r3 + 24)", "verify-out-of-bounds" },
        { "r0 = *(u32 *)(r2 + 4)", "verify-out-of-bounds" },
        { "r0 = *(u64 *)(r4 + 0)", "verify-unset-register" },
    };
    check_rows("sched_cls", &spec,
               "r6 = map[idx:0][0] + 0 ; r1 = r6 ; r1 += 8 ; r2 = map[idx:0] ; r3 = 1 ; "
               "call helper 169 ; r1 = r6 ; r1 += 8 ; r2 = code[later] ; call helper 170 ; "
               "r0 = 0 ; exit ; later: ",
               " ; r0 = 0 ; exit", rows, ARRAY_LEN(rows));
}

/* What comes out of a slot has the slot's type. */
TEST(a_slot_takes_what_its_own_type_is)
{
    static const struct skep_map_spec spec = {
        .size = sizeof(spec),
        .name = "m",
        .type = 2,
        .key_size = 4,
        .value_size = 24,
        .max_entries = 1,
        .specials = { { SKEP_SPECIAL_REFERENCE, 8, 8, SKEP_TYPE_TASK },
                      { SKEP_SPECIAL_REFERENCE, 16, 8, SKEP_TYPE_CGROUP } },
    };
    static const struct row rows[] = {
        { "r1 += 8 ; r2 = r0 ; call helper 194 ; if r0 == 0 goto out", "verify-leaks-reference" },
        { "r1 += 8 ; r2 = r0 ; call helper 194 ; r1 = r0", "verify-leaks-reference" },
        { "r1 += 16 ; r2 = r0 ; call helper 194 ; if r0 == 0 goto out", "verify-bad-argument" },
    };
    check_rows("sched_cls", &spec,
               "r6 = map[idx:0][0] + 0 ; r1 = r6 ; r1 += 8 ; r2 = 0 ; call helper 194 ; "
               "if r0 == 0 goto out ; r1 = r6 ; ",
               " ; out: r0 = 0 ; exit", rows, ARRAY_LEN(rows));
}

/* A lookup with a key that is an index gives a value; but not a map where none was put. */
TEST(an_element_of_a_map_of_maps_may_be_empty)
{
    static const struct skep_map_spec inner = { .size = sizeof(inner),
                                                .name = "i",
                                                .type = 2,
                                                .key_size = 4,
                                                .value_size = 8,
                                                .max_entries = 1 };
    static const struct skep_map_spec spec = { .size = sizeof(spec),
                                               .name = "m",
                                               .type = 12,
                                               .key_size = 4,
                                               .value_size = 4,
                                               .max_entries = 1,
                                               .inner = &inner };
    static const struct row rows[] = {
        { "if r0 == 0 goto out ; r1 = r0 ; r2 = r10 ; r2 += -4 ; call helper 1", "" },
        { "r1 = r0 ; r2 = r10 ; r2 += -4 ; call helper 1", "verify-bad-argument" },
        { "if r0 == 0 goto out ; r1 = r0 ; r2 = r10 ; r2 += -4 ; call helper 1 ; "
          "r0 = *(u64 *)(r0 + 0)",
          "verify-may-be-null" }, /* it may have fewer elements */
    };
    check_rows("sched_cls", &spec,
               "*(u32 *)(r10 - 4) = 0 ; r1 = map[idx:0] ; r2 = r10 ; r2 += -4 ; call helper 1 ; ",
               " ; out: r0 = 0 ; exit", rows, ARRAY_LEN(rows));
}

/* An application's own objects, of two types. */
TEST(an_applications_objects_are_told_apart_by_its_numbers)
{
    static const struct skep_helper file = { .size = sizeof(file),
                                             .name = "file",
                                             .id = 1001,
                                             .personality = SKEP_APPLICATION,
                                             .family = SKEP_FAMILY_BASE,
                                             .ret = { .kind = SKEP_RET_BTF_PTR, .type = 1 } };
    static const struct skep_helper pipe = { .size = sizeof(pipe),
                                             .name = "pipe",
                                             .id = 1002,
                                             .personality = SKEP_APPLICATION,
                                             .family = SKEP_FAMILY_BASE,
                                             .ret = { .kind = SKEP_RET_BTF_PTR, .type = 2 } };
    static const struct skep_helper use = { .size = sizeof(use),
                                            .name = "use",
                                            .id = 1003,
                                            .personality = SKEP_APPLICATION,
                                            .family = SKEP_FAMILY_BASE,
                                            .args = { { .kind = SKEP_ARG_BTF_PTR, .type = 1 } } };
    const struct skep_helper *const helpers[] = { &file, &pipe, &use };
    struct skep_env_options options = { .size = sizeof(options),
                                        .helpers = helpers,
                                        .n_helpers = 3 };
    skep_env *env = NULL;
    assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_OK);
    const struct skep_hook *hook = hook_called(env, "sched_cls");
    assert_string_equal(verdict_on(env, hook, NULL,
                                   "call helper 1001 ; r1 = r0 ; call helper 1003 ; r0 = 0 ; exit"),
                        "");
    assert_string_equal(verdict_on(env, hook, NULL,
                                   "call helper 1002 ; r1 = r0 ; call helper 1003 ; r0 = 0 ; exit"),
                        "verify-bad-argument");
    skep_env_free(env);
}

UNIT_TESTS(UNIT(a_typed_pointer_is_taken_for_what_it_is_alone),
           UNIT(the_lock_that_was_taken_is_given_back), UNIT(what_a_timer_calls_is_verified),
           UNIT(plain_memory_is_as_large_as_the_hook_says_or_the_program_compares),
           UNIT(arguments_are_read_only_words_of_the_hosts),
           UNIT(as_many_special_fields_as_there_may_be),
           UNIT(a_spin_lock_is_where_the_value_has_it), UNIT(a_slot_takes_what_its_own_type_is),
           UNIT(an_element_of_a_map_of_maps_may_be_empty),
           UNIT(an_applications_objects_are_told_apart_by_its_numbers),
           UNIT(what_a_context_points_to_is_written_where_the_field_says_so),
           UNIT(special_fields_are_their_helpers), UNIT(sockets_show_what_their_kind_has),
           UNIT(a_socket_found_is_given_back_by_whatever_shows_it))
