/* Programs of shapes that make an analysis work: loading must end soon whatever they are.  An
 * analysis that goes over everything for each call takes minutes for the chains here. */
#include "support/programs.h"

enum { INSNS = 30000 };

enum {
    JEQ = 0x15,
    JA = 0x05,
    JA32 = 0x06,
    CALL = 0x85,
    EXIT = 0x95,
    MOV = 0xbf,
    STX = 0x7b,
    LDDW = 0x18
};

/* Each jump goes to the one before it. */
static void backward_jumps(skep_insn *s)
{
    s[0] = (skep_insn){ JA32, 0, 0, INSNS - 2 };
    s[1] = (skep_insn){ EXIT, 0, 0, 0 };
    for (int i = 2; i < INSNS; i++)
        s[i] = (skep_insn){ JA, 0, -2, 0 };
}

/* Every instruction is the head or the end of a loop, most are both. */
static void loops(skep_insn *s)
{
    for (int i = 0; i < INSNS - 1; i++)
        s[i] = (skep_insn){ JEQ, 1, (int16_t) - (i < 25000 ? i + 1 : 25000), 0 };
    s[INSNS - 1] = (skep_insn){ EXIT, 0, 0, 0 };
}

/* Each function calls the next one. */
static void calls(skep_insn *s)
{
    for (int i = 0; i + 2 < INSNS; i += 2) {
        s[i] = (skep_insn){ CALL, 0x10, 0, 1 };
        s[i + 1] = (skep_insn){ EXIT, 0, 0, 0 };
    }
    s[INSNS - 2] = s[INSNS - 1] = (skep_insn){ EXIT, 0, 0, 0 };
}

/* Each function calls the one before it, with its frame and its argument in that. */
static void calls_with_frames(skep_insn *s)
{
    int last = INSNS / 4 * 4 - 4;
    for (int i = 0; i <= last; i += 4) {
        s[i] = (skep_insn){ STX, 0x1a, (int16_t)(-8 * (i / 4 % 60 + 1)), 0 };
        s[i + 1] = (skep_insn){ MOV, 0xa1, 0, 0 };
        s[i + 2] = (skep_insn){ CALL, 0x10, 0, i ? -7 : last - 3 };
        s[i + 3] = (skep_insn){ EXIT, 0, 0, 0 };
    }
}

/* Many calls of bpf_loop, any of which may call any of many functions. */
static void callbacks(skep_insn *s)
{
    int i = 0;
    for (; i < INSNS / 2; i += 2) {
        s[i] = (skep_insn){ MOV, 0x12, 0, 0 };
        s[i + 1] = (skep_insn){ CALL, 0, 0, 181 };
    }
    s[i++] = (skep_insn){ EXIT, 0, 0, 0 };
    for (; i + 5 < INSNS; i += 3) {
        s[i] = (skep_insn){ LDDW, 0x40, 0, 2 };
        s[i + 2] = (skep_insn){ EXIT, 0, 0, 0 };
    }
    for (; i < INSNS; i++)
        s[i] = (skep_insn){ EXIT, 0, 0, 0 };
}

static void load_soon(void (*shape)(skep_insn *))
{
    static const enum skep_engine engines[] = { SKEP_ENGINE_CHECKED, SKEP_ENGINE_INTERP };
    skep_insn *slots = calloc(INSNS, sizeof(*slots));
    assert_non_null(slots);
    shape(slots);
    for (size_t i = 0; i < 2; i++) {
        struct skep_load_options options = { .size = sizeof(options),
                                             .engine = engines[i],
                                             .profile = SKEP_PROFILE_RFC,
                                             .trusted = true };
        skep_env *env;
        skep_object *object;
        skep_program *program = NULL;
        assert_int_equal(skep_env_new(NULL, &env, NULL), SKEP_OK);
        assert_int_equal(skep_object_from_insns(env, "shape", slots, INSNS,
                                                hook_named(env, "memory"), &object, NULL),
                         SKEP_OK);
        skep_status status = skep_program_load(object, NULL, &options, &program, NULL);
        if (status != SKEP_OK && (status != SKEP_LIMIT || engines[i] == SKEP_ENGINE_CHECKED))
            fail_msg("%s", skep_status_name(status));
        assert_true(skep_env_memory_peak(env) < INSNS * (size_t)1200);
        skep_program_free(program);
        skep_object_close(object);
        skep_env_free(env);
    }
    free(slots);
}

TEST(chains_of_backward_jumps_load_soon) { load_soon(backward_jumps); }
TEST(nests_of_loops_load_soon) { load_soon(loops); }
TEST(chains_of_calls_load_soon) { load_soon(calls); }
TEST(chains_of_calls_with_frames_load_soon) { load_soon(calls_with_frames); }
TEST(many_callbacks_load_soon) { load_soon(callbacks); }

UNIT_TESTS(UNIT(chains_of_backward_jumps_load_soon), UNIT(nests_of_loops_load_soon),
           UNIT(chains_of_calls_load_soon), UNIT(chains_of_calls_with_frames_load_soon),
           UNIT(many_callbacks_load_soon))
