/* Guards in compiled code against the checked engine, which checks every access: for each input
 * both end with the same result and the same memory, or both with a fault at the same instruction.
 */
#include <skep/skep.h>

#include "support/unit.h"

#include "base/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE = 64, VALUES = 4, MOST_INPUT = 48 };

/* What each begins with: r6 is the memory that the run gives, of at least 2 bytes. */
#define BEGIN "r6 = r1 ; "
#define BYTE "r7 = *(u8 *)(r6 + 0) ; r8 = *(u8 *)(r6 + 1) ; "
#define LOOKUP(n) /* of element n & 3; r0 is its value */                                          \
    "r1 = " n " ; r1 &= 3 ; *(u32 *)(r10 - 4) = r1 ; r1 = map[idx:0] ; r2 = r10 ; r2 += -4 ; "     \
    "call 1 ; if r0 == 0 goto out ; "
#define END " ; out: exit"
#define STEP "r0 += r7 ; *(u8 *)(r0 + 0) = r7 ; "
#define TEN_STEPS STEP STEP STEP STEP STEP STEP STEP STEP STEP STEP

static const struct {
    const char *name, *hook, *source;
} programs[] = {
    { "a byte of an element", "memory",
      BEGIN BYTE LOOKUP("r8") "r0 += r7 ; r0 = *(u8 *)(r0 + 0)" END },
    { "a word written near its end", "memory",
      BEGIN BYTE LOOKUP("r8") "r0 += r7 ; *(u64 *)(r0 + 3) = 77 ; r0 = 5" END },
    { "before its beginning", "memory",
      BEGIN BYTE LOOKUP("r8") "r7 += -9 ; r0 += r7 ; r0 = *(u16 *)(r0 + 4)" END },
    { "either of two elements", "memory",
      BEGIN BYTE LOOKUP("r8") "r9 = r0 ; " LOOKUP(
          "r7") "if r8 > 100 goto other ; r0 = r9 ; r0 += 8 ; "
                "other: r0 += r7 ; r0 = *(u8 *)(r0 + 1)" END },
    { "step by step in a loop", "memory",
      BEGIN BYTE LOOKUP(
          "r8") "r7 &= 31 ; r1 = 0 ; again: r0 += r7 ; *(u8 *)(r0 + 0) = r1 ; r1 += 1 ; "
                "if r1 != 5 goto again ; r0 = 1" END },
    { "forty steps one after the other", "memory",
      BEGIN BYTE LOOKUP("r8") "r7 &= 3 ; " TEN_STEPS TEN_STEPS TEN_STEPS TEN_STEPS "r0 = 2" END },
    { "a variable of the program", "memory",
      BEGIN BYTE "r1 = map[idx:1][0] + 8 ; r1 += r7 ; r2 = *(u32 *)(r1 + 0) ; r2 += r8 ; "
                 "*(u32 *)(r1 + 0) = r2 ; r0 = r2" END },
    { "a record", "memory",
      BEGIN BYTE
      "r1 = map[idx:2] ; r2 = 40 ; r3 = 0 ; call 131 ; if r0 == 0 goto out ; r1 = r0 ; r7 *= 9 ; "
      "r2 = r0 ; r2 += r7 ; *(u8 *)(r2 + 0) = 9 ; r2 = 0 ; call 133 ; r0 = 3" END },
    { "kept on the stack", "memory",
      BEGIN BYTE LOOKUP("r8") "r0 += r7 ; *(u64 *)(r10 - 16) = r0 ; r0 = *(u64 *)(r10 - 16) ; "
                              "r0 = *(u8 *)(r0 + 2)" END },
    { "a packet's bytes", "xdp",
      "r2 = *(u32 *)(r1 + 0) ; r0 = *(u8 *)(r2 + 13) ; r3 = *(u32 *)(r2 + 20) ; r0 += r3 ; exit" },
    { "a packet's byte by its length", "xdp",
      "r2 = *(u32 *)(r1 + 0) ; r3 = *(u8 *)(r2 + 0) ; r2 += r3 ; *(u16 *)(r2 + 2) = 258 ; r0 = 1 ; "
      "exit" },
};

struct side {
    skep_env *env;
    skep_map *maps[3];
    skep_object *object;
    skep_program *program;
    skep_thread *thread;
    skep_packet *packet;
};

static const struct skep_hook *hook_of(skep_env *env, const char *name)
{
    const struct skep_hook *hook;
    for (size_t i = 0; (hook = skep_env_hook(env, i)); i++)
        if (strcmp(hook->name, name) == 0)
            return hook;
    return NULL;
}

static void side_open(struct side *s, u32 i, enum skep_engine engine)
{
    static const struct skep_map_spec specs[3] = {
        { .size = sizeof(*specs),
          .name = "a",
          .type = 2,
          .key_size = 4,
          .value_size = VALUE,
          .max_entries = VALUES },
        { .size = sizeof(*specs),
          .name = "v",
          .type = 2,
          .key_size = 4,
          .value_size = VALUE,
          .max_entries = 1 },
        { .size = sizeof(*specs), .name = "r", .type = 27, .max_entries = 4096 },
    };
    struct skep_verdict verdict;
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine = engine,
                                         .profile = SKEP_PROFILE_LINUX,
                                         .guard = true,
                                         .verdict = &verdict,
                                         .maps = s->maps,
                                         .n_maps = 3 };
    skep_insn *insns = NULL;
    size_t n = 0;
    skep_error error = { 0 };
    char text[300] = "";
    memset(s, 0, sizeof(*s));
    assert_int_equal(skep_env_new(NULL, &s->env, NULL), SKEP_OK);
    for (u32 m = 0; m < 3; m++)
        assert_int_equal(skep_map_new(s->env, &specs[m], &s->maps[m], NULL), SKEP_OK);
    if (skep_assemble(programs[i].source, &insns, &n, &error) != SKEP_OK) {
        skep_error_text(&error, text, sizeof(text));
        fail_msg("%s: %s", programs[i].name, text);
    }
    assert_int_equal(skep_object_from_insns(s->env, "guards", insns, n,
                                            hook_of(s->env, programs[i].hook), &s->object, NULL),
                     SKEP_OK);
    free(insns);
    assert_int_equal(skep_thread_new(s->env, NULL, &s->thread), SKEP_OK);
    assert_int_equal(skep_packet_new(s->env, MOST_INPUT, &s->packet), SKEP_OK);
    skep_status status = skep_program_load(s->object, NULL, &options, &s->program, &error);
    skep_error_text(&error, text, sizeof(text));
    if (status != SKEP_OK)
        fail_msg("%s: %s", programs[i].name, text);
    assert_true(verdict.guards > 0);
}

static void side_close(struct side *s)
{
    skep_program_free(s->program);
    skep_object_close(s->object);
    skep_packet_free(s->packet);
    skep_thread_free(s->thread);
    for (u32 m = 0; m < 3; m++)
        skep_map_unref(s->maps[m]);
    skep_env_free(s->env);
}

struct outcome {
    skep_status status;
    u64 r0;
    u32 insn; /* of the fault */
    u8 values[VALUES + 1][VALUE];
    u8 input[MOST_INPUT];
};

static void side_run(struct side *s, const char *hook, const u8 *input, u32 size,
                     struct outcome *out)
{
    *out = (struct outcome){ 0 };
    memcpy(out->input, input, size);
    struct skep_memory memory = { out->input, size };
    bool xdp = strcmp(hook, "xdp") == 0;
    for (u32 v = 0; v <= VALUES; v++) {
        const u32 key = v % VALUES;
        u8 value[VALUE];
        for (u32 b = 0; b < VALUE; b++)
            value[b] = (u8)(v * 50 + b);
        assert_int_equal(skep_map_update(s->maps[v / VALUES], &key, value, 0), 0);
    }
    skep_packet_set(s->packet, input, size);
    out->status = skep_run(s->thread, s->program, xdp ? (void *)s->packet : &memory, &out->r0);
    if (out->status == SKEP_TRAP)
        out->insn = skep_thread_fault(s->thread)->insn;
    if (out->status != SKEP_OK)
        out->r0 = 0;
    if (xdp) {
        size_t length;
        memcpy(out->input, skep_packet_data(s->packet, &length), size);
        assert_int_equal(length, size);
    }
    for (u32 v = 0; v <= VALUES; v++) {
        const u32 key = v % VALUES;
        assert_int_equal(skep_map_lookup(s->maps[v / VALUES], &key, out->values[v]), 0);
    }
}

static void compare(u32 i, struct side sides[2], const u8 *input, u32 size, u32 counts[2])
{
    struct outcome outcomes[2];
    for (u32 s = 0; s < 2; s++)
        side_run(&sides[s], programs[i].hook, input, size, &outcomes[s]);
    assert_true(outcomes[0].status == SKEP_OK || outcomes[0].status == SKEP_TRAP);
    counts[outcomes[0].status != SKEP_OK]++;
    if (memcmp(&outcomes[0], &outcomes[1], sizeof(outcomes[0])) != 0)
        fail_msg("%s, input %02x %02x (%u bytes): status %d and %d, r0 %llx and %llx, at %u and %u",
                 programs[i].name, input[0], input[1], size, outcomes[0].status, outcomes[1].status,
                 (unsigned long long)outcomes[0].r0, (unsigned long long)outcomes[1].r0,
                 outcomes[0].insn, outcomes[1].insn);
}

/* Memory of two bytes: all of the first, some of the second.  Packets: all lengths. */
static void inputs(u32 i, struct side sides[2], u32 counts[2])
{
    u8 input[MOST_INPUT] = { 0 };
    bool xdp = strcmp(programs[i].hook, "xdp") == 0;
    for (u32 first = 0; first < 256; first++)
        for (u32 second = 0; second < 256; second += 51) {
            u32 size = xdp ? 14 + second / 51 * 5 : 2;
            for (u32 b = 0; b < size; b++)
                input[b] = (u8)(first + second * b);
            compare(i, sides, input, size, counts);
        }
}

TEST(a_guard_stops_what_the_checked_engine_stops)
{
    if (!*skep_jit_name())
        skip();
    for (u32 i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
        struct side sides[2];
        u32 counts[2] = { 0 };
        side_open(&sides[0], i, SKEP_ENGINE_CHECKED);
        side_open(&sides[1], i, SKEP_ENGINE_JIT);
        inputs(i, sides, counts);
        printf("%-32s %u runs ended, %u stopped\n", programs[i].name, counts[0], counts[1]);
        assert_true(counts[0] > 10 && counts[1] > 10);
        for (u32 s = 0; s < 2; s++)
            side_close(&sides[s]);
    }
}

UNIT_TESTS(UNIT(a_guard_stops_what_the_checked_engine_stops))
