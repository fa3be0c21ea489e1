/* STACK_TRACE against the kernel's.  Where a program is called from is each host's own, and so is a
 * stack's number; but the same place gives the same number again, and whatever is done with that
 * number and with others gives the kernel's result: keeping the stack with all flags, reading,
 * deleting, walking, and what is refused.
 *
 * Usage: diff_map_stacks_kernel [operations per map]; skips where bpf(2) is refused. */
#include "support/map_pair.h"
#include <skep/skep.h>

enum { FRAMES = 127, ENTRIES = 64 };

/* One map on both sides, each with a program that puts its caller's stack into it. */
struct stacks {
    struct pair p;
    skep_env *env;
    skep_thread *thread;
    skep_program *program;
    int program_theirs;
    u32 ours, theirs; /* the stack's number, once it was given */
    bool known;
};

static size_t here(void *user, const void *ctx, bool of_user, uint64_t *addresses, size_t n)
{
    (void)user, (void)ctx, (void)of_user;
    size_t depth = n < 5 ? n : 5;
    for (size_t i = 0; i < depth; i++)
        addresses[i] = 0x1000 + i;
    return depth;
}

/* r0 = bpf_get_stackid(ctx, map, ctx->args[0]) */
static size_t emit(struct bpf_insn code[5], unsigned kind, int map)
{
    const struct bpf_insn insns[5] = {
        { BPF_LDX | BPF_MEM | BPF_DW, 3, 1, 0, 0 },
        { BPF_LD | BPF_IMM | BPF_DW, 2, kind & 15, 0, map },
        { 0 },
        { BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_stackid },
        { BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
    };
    memcpy(code, insns, sizeof(insns));
    return ARRAY_LEN(insns);
}

static skep_program *load_ours(skep_env *env, skep_map *map)
{
    const struct skep_hook *hook = NULL;
    skep_object *object = NULL;
    skep_program *program = NULL;
    struct bpf_insn code[5];
    size_t n = emit(code, BPF_PSEUDO_MAP_IDX, 0);
    struct skep_load_options options = {
        .size = sizeof(options), .profile = SKEP_PROFILE_LINUX, .maps = &map, .n_maps = 1
    };
    for (size_t i = 0; (hook = skep_env_hook(env, i)); i++)
        if (strcmp(hook->name, "raw_tracepoint") == 0)
            break;
    assert_int_equal(skep_object_from_insns(env, "keep", code, n, hook, &object, NULL), SKEP_OK);
    assert_int_equal(skep_program_load(object, NULL, &options, &program, NULL), SKEP_OK);
    skep_object_close(object);
    return program;
}

static void stacks_open(struct stacks *s, const struct skep_map_spec *spec)
{
    struct bpf_insn code[5];
    const struct skep_host host = { .stack = here };
    const struct skep_env_options options = { .size = sizeof(options), .host = &host };
    s->known = false;
    s->p.theirs = kernel_create(spec);
    assert_true(s->p.theirs >= 0);
    assert_int_equal(skep_env_new(&options, &s->env, NULL), SKEP_OK);
    assert_int_equal(skep_map_new(s->env, spec, &s->p.ours, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(s->env, NULL, &s->thread), SKEP_OK);
    s->program = load_ours(s->env, s->p.ours);
    size_t n = emit(code, BPF_PSEUDO_MAP_FD, s->p.theirs);
    s->program_theirs =
        bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "skep_diff", "GPL", code, n, NULL);
    assert_true(s->program_theirs >= 0);
}

static void stacks_close(struct stacks *s)
{
    skep_program_free(s->program);
    skep_thread_free(s->thread);
    skep_map_unref(s->p.ours);
    skep_env_free(s->env);
    close(s->program_theirs);
    close(s->p.theirs);
}

static int keep_ours(const struct stacks *s, u64 flags)
{
    u64 arguments[12] = { flags }, r0 = 0;
    assert_int_equal(skep_run(s->thread, s->program, arguments, &r0), SKEP_OK);
    return (s32)r0;
}

static int keep_theirs(const struct stacks *s, u64 flags)
{
    u64 arguments[12] = { flags };
    struct bpf_test_run_opts run = { .sz = sizeof(run),
                                     .ctx_in = arguments,
                                     .ctx_size_in = sizeof(arguments) };
    assert_int_equal(bpf_prog_test_run_opts(s->program_theirs, &run), 0);
    return (s32)run.retval;
}

/* Numbers are equal if both are the stack's; errors, if they are the same. */
static void try_keep(struct stacks *s)
{
    static const u64 flags[] = { 0,
                                 0,
                                 BPF_F_FAST_STACK_CMP,
                                 BPF_F_REUSE_STACKID,
                                 BPF_F_FAST_STACK_CMP | BPF_F_REUSE_STACKID,
                                 BPF_F_SKIP_FIELD_MASK,
                                 1 << 11,
                                 (u64)1 << 40 };
    u64 flag = flags[random_below(ARRAY_LEN(flags))];
    int ours = keep_ours(s, flag), theirs = keep_theirs(s, flag);
    expect_same(ours < 0 ? ours : 0, theirs < 0 ? theirs : 0, "bpf_get_stackid", &s->p);
    if (ours < 0)
        return;
    if (!s->known) {
        s->ours = (u32)ours;
        s->theirs = (u32)theirs;
        s->known = true;
    }
    assert_int_equal(ours, s->ours);
    assert_int_equal(theirs, s->theirs);
}

/* The stack's number, one that no stack has, or one past the end; on both sides. */
static void some_number(const struct stacks *s, u32 *ours, u32 *theirs)
{
    u32 what = random_below(3), other = random_below(ENTRIES);
    *ours = *theirs = what ? other : ENTRIES + random_below(3);
    bool stack = what == 1 || other == s->ours || other == s->theirs;
    if (what && stack && s->known) {
        *ours = s->ours;
        *theirs = s->theirs;
    }
}

static void try_lookup(struct stacks *s)
{
    u64 value_ours[FRAMES], value_theirs[FRAMES];
    u32 ours, theirs;
    some_number(s, &ours, &theirs);
    int result = skep_map_lookup(s->p.ours, &ours, value_ours);
    expect_same(result, result_of(bpf_map_lookup_elem(s->p.theirs, &theirs, value_theirs)),
                "lookup", &s->p);
    if (result == 0)
        assert_true(value_ours[0] && value_theirs[0]);
}

static void try_change(struct stacks *s, bool remove)
{
    u64 value[FRAMES] = { 1 };
    u32 ours, theirs;
    some_number(s, &ours, &theirs);
    expect_same(remove ? skep_map_delete(s->p.ours, &ours)
                       : skep_map_update(s->p.ours, &ours, value, 0),
                result_of(remove ? bpf_map_delete_elem(s->p.theirs, &theirs)
                                 : bpf_map_update_elem(s->p.theirs, &theirs, value, 0)),
                remove ? "delete" : "update", &s->p);
}

static void try_next_key(struct stacks *s)
{
    u32 ours, theirs, next_ours = 0, next_theirs = 0;
    bool first = random_below(3) == 0;
    some_number(s, &ours, &theirs);
    int result = skep_map_next_key(s->p.ours, first ? NULL : &ours, &next_ours);
    expect_same(result,
                result_of(bpf_map_get_next_key(s->p.theirs, first ? NULL : &theirs, &next_theirs)),
                "next key", &s->p);
    if (result == 0)
        assert_true(next_ours == s->ours && next_theirs == s->theirs);
}

static void run(u32 value_size, u32 flags)
{
    const struct skep_map_spec spec = { .size = sizeof(spec),
                                        .name = "diff",
                                        .type = BPF_MAP_TYPE_STACK_TRACE,
                                        .key_size = 4,
                                        .value_size = value_size,
                                        .max_entries = ENTRIES,
                                        .flags = flags };
    struct stacks s;
    random_state = 20250101 + value_size;
    stacks_open(&s, &spec);
    for (u32 i = 0; i < operations / 2; i++) {
        switch (random_below(8)) {
        case 0:
        case 1: try_keep(&s); break;
        case 2:
        case 3: try_lookup(&s); break;
        case 4: try_change(&s, true); break;
        case 5: try_change(&s, false); break;
        default: try_next_key(&s); break;
        }
    }
    assert_true(s.known);
    stacks_close(&s);
}

TEST(stacks_by_number_give_the_kernels_results)
{
    run(3 * 8, 0); /* deeper than what is kept */
    run(FRAMES * 8, 0);
}

MAP_PAIR_MAIN(UNIT(stacks_by_number_give_the_kernels_results))
