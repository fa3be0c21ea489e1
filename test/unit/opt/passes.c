/* Every pass keeps what a function does: random functions give the same r0 and leave the same
 * memory before and after, by itself and after others, and ssa_check finds nothing wrong. */
#include "opt/pass.h"

#include "support/ssa_random.h"
#include "support/unit.h"

#include <stdlib.h>

#define FUNCTIONS 2500u
#define RUNS 4u

typedef bool pass_fn(struct opt *opt, struct ssa_func *func);

struct pass {
    const char *name;
    pass_fn *run;
};
static const struct pass passes[] = {
    { "fold", opt_fold },     { "dce", opt_dce },       { "divconst", opt_divconst },
    { "idioms", opt_idioms }, { "gvn", opt_gvn },       { "branches", opt_branches },
    { "licm", opt_licm },     { "stores", opt_stores }, { "unroll", opt_unroll },
    { "ifconv", opt_ifconv }, { "fuse", opt_fuse },
};
#define N_PASSES ARRAY_LEN(passes)

static struct ssa_random_shape shape_of(u64 seed)
{
    return (struct ssa_random_shape){ .insns = 8 + (u32)(seed % 60),
                                      .depth = (u32)(seed / 3 % 4),
                                      .memory = seed & 1 };
}

static void run_pass(struct ssa_random *r, struct mem *mem, const struct pass *pass)
{
    struct opt_input in = { .off = 0 };
    struct opt opt = { .in = &in, .program = &r->program };
    arena_init(&opt.scratch, mem);
    pass->run(&opt, &r->func);
    arena_drop(&opt.scratch);
}

static void fail_with(struct ssa_random *r, struct mem *mem, u64 seed, const char *pass,
                      const char *what)
{
    struct ssa_random before;
    ssa_random_make(&before, mem, seed, shape_of(seed));
    ssa_random_show(&before, "before");
    ssa_random_show(r, "after");
    fail_msg("function %" PRIu64 ", after %s: %s", seed, pass, what);
}

static void check_function(u64 seed, const struct pass *const *sequence, u32 n)
{
    struct mem mem;
    struct ssa_random r;
    struct ssa_random_result before[RUNS];
    u32 where;
    mem_init(&mem, NULL, 0);
    ssa_random_make(&r, &mem, seed, shape_of(seed));
    const char *wrong = ssa_check(&r.func, &where);
    if (wrong)
        fail_with(&r, &mem, seed, "making", wrong);
    for (u32 i = 0; i < RUNS; i++)
        before[i] = ssa_random_run(&r, seed * RUNS + i + 1);
    for (u32 p = 0; p < n; p++) {
        run_pass(&r, &mem, sequence[p]);
        assert_false(r.func.failed);
        wrong = ssa_check(&r.func, &where);
        if (wrong)
            fail_with(&r, &mem, seed, sequence[p]->name, wrong);
        for (u32 i = 0; i < RUNS; i++) {
            struct ssa_random_result now = ssa_random_run(&r, seed * RUNS + i + 1);
            if (now.status != before[i].status || now.r0 != before[i].r0 ||
                memcmp(now.memory, before[i].memory, sizeof(now.memory)) != 0)
                fail_with(&r, &mem, seed, sequence[p]->name, "another result");
        }
    }
    ssa_random_drop(&r);
    assert_int_equal(mem.used, 0);
}

TEST(each_pass_by_itself_keeps_what_functions_do)
{
    const char *first = getenv("FIRST");
    u64 from = first ? strtoull(first, NULL, 0) : 1;
    for (u32 p = 0; p < N_PASSES; p++)
        for (u64 seed = from; seed < from + FUNCTIONS; seed++)
            check_function(seed, (const struct pass *[]){ &passes[p] }, 1);
}

TEST(passes_in_any_order_keep_what_functions_do)
{
    const char *first = getenv("FIRST");
    u64 from = first ? strtoull(first, NULL, 0) : 1;
    for (u64 seed = from; seed < from + FUNCTIONS; seed++) {
        const struct pass *sequence[12];
        u64 state = seed + 12345;
        for (u32 i = 0; i < ARRAY_LEN(sequence); i++)
            sequence[i] = &passes[ssa_random_next(&state) % N_PASSES];
        check_function(seed, sequence, ARRAY_LEN(sequence));
    }
}

UNIT_TESTS(UNIT(each_pass_by_itself_keeps_what_functions_do),
           UNIT(passes_in_any_order_keep_what_functions_do))
