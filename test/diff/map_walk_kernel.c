/* bpf_for_each_map_elem and bpf_loop against the kernel's: programs that clang compiles run here
 * and there over maps of the same contents, with random numbers of turns, ends half-way, deletions
 * and changes on the way.  What they saw, what the helpers returned and what the maps hold
 * afterwards must be the same.  Only arrays have an order; of a walk over a hash that ends half-way
 * the number of elements is compared.
 *
 * Usage: diff_map_walk_kernel [elements per map]; skips where bpf(2) or the programs are refused.
 */
#include "support/helpers_compared.h"
#include "support/map_pair.h"
#include <skep/skep.h>

#include "diff/programs/walk.h"

#include <errno.h>
#include <sched.h>

enum { KEYS = 200, CPUS_MAX = 64 };

static const struct walk_case {
    const char *program, *map; /* map NULL: none is walked over */
    bool ordered, deletes;
} cases[] = {
    { "walk_hash", "hash", false, true },
    { "walk_array", "array", true, false },
    { "walk_percpu_hash", "percpu_hash", false, true },
    { "walk_percpu_array", "percpu_array", true, false },
    { "walk_lru_hash", "lru_hash", false, true },
    { "walk_lru_percpu_hash", "lru_percpu_hash", false, true },
    { "loop", NULL, true, false },
    { "loop_of_walks", "array", true, false },
};

/* ---- both sides ---- */

struct sides {
    skep_env *env;
    skep_object *object;
    skep_thread *thread;
    struct bpf_object *kernel;
};

struct walk {
    const struct walk_case *of;
    skep_program *ours;
    skep_map *map;
    int theirs, their_map;
};

static bool open_kernel(struct sides *s)
{
    s->kernel = bpf_object__open_file(BUILD_DIR "/test/objects/walk.bpf.o", NULL);
    assert_non_null(s->kernel);
    return bpf_object__load(s->kernel) == 0;
}

static void open_ours(struct sides *s)
{
    struct skep_env_options options = { .size = sizeof(options), .n_cpus = n_cpus };
    assert_int_equal(skep_env_new(&options, &s->env, NULL), SKEP_OK);
    assert_int_equal(
        skep_object_open_file(s->env, BUILD_DIR "/test/objects/walk.bpf.o", &s->object, NULL),
        SKEP_OK);
    assert_int_equal(skep_thread_new(s->env, NULL, &s->thread), SKEP_OK);
}

static void open_walk(const struct sides *s, const struct walk_case *of, struct walk *w)
{
    *w = (struct walk){ .of = of };
    struct bpf_program *program = bpf_object__find_program_by_name(s->kernel, of->program);
    assert_non_null(program);
    w->theirs = bpf_program__fd(program);
    assert_int_equal(skep_program_load(s->object, of->program, NULL, &w->ours, NULL), SKEP_OK);
    if (!of->map)
        return;
    w->their_map = bpf_map__fd(bpf_object__find_map_by_name(s->kernel, of->map));
    w->map = skep_program_map(w->ours, of->map);
    assert_non_null(w->map);
    assert_int_equal(skep_map_host_value_size(w->map),
                     w->map->type->traits & SKEP_MAP_PER_CPU ? 8 * n_cpus : 8);
}

/* ---- maps ---- */

static void expect_same_result(const struct walk *w, int ours, int theirs)
{
    if (ours != theirs)
        fail_msg("%s: %d here, %d in the kernel", w->of->program, ours, theirs);
}

static void put(const struct walk *w, u32 key)
{
    u64 values[CPUS_MAX];
    random_bytes((u8 *)values, sizeof(values));
    assert_int_equal(skep_map_update(w->map, &key, values, 0), 0);
    assert_int_equal(bpf_map_update_elem(w->their_map, &key, values, 0), 0);
}

static u32 change_map(const struct walk *w)
{
    u32 n = w->map ? random_below(40) : 1;
    for (u32 i = 0; w->map && i < n; i++) {
        u32 key = random_below(KEYS);
        if (random_below(4) == 0 && w->of->deletes)
            expect_same_result(w, skep_map_delete(w->map, &key),
                               result_of(bpf_map_delete_elem(w->their_map, &key)));
        else
            put(w, key);
    }
    return n;
}

static void compare_maps(const struct walk *w)
{
    for (u32 key = 0; w->map && key < KEYS; key++) {
        u64 ours[CPUS_MAX] = { 0 }, theirs[CPUS_MAX] = { 0 };
        expect_same_result(w, skep_map_lookup(w->map, &key, ours),
                           result_of(bpf_map_lookup_elem(w->their_map, &key, theirs)));
        assert_memory_equal(ours, theirs, sizeof(ours));
    }
}

/* ---- runs ---- */

static void run_ours(const struct sides *s, const struct walk *w, struct walk_ask *ask)
{
    struct skep_memory memory = { (u8 *)ask, sizeof(*ask) };
    u64 r0 = 1;
    assert_int_equal(skep_run(s->thread, w->ours, &memory, &r0), SKEP_OK);
    assert_int_equal(r0, 0);
}

static void run_theirs(const struct walk *w, struct walk_ask *ask)
{
    struct bpf_test_run_opts run = { .sz = sizeof(run),
                                     .ctx_in = ask,
                                     .ctx_size_in = sizeof(*ask) }; /* which is written, too */
    assert_int_equal(bpf_prog_test_run_opts(w->theirs, &run), 0);
    assert_int_equal(run.retval, 0);
}

/* Which elements a walk meets before it ends half-way is free in a hash: nothing is changed then.
 */
static struct walk_ask random_ask(const struct walk_case *of)
{
    struct walk_ask ask = { .stop_after = random_below(3) ? 0 : 1 + random_below(60),
                            .flags = random_below(10) ? 0 : random_below(4),
                            .turns = random_below(500) };
    if (random_below(20) == 0) { /* the most that there may be, and one more */
        ask.turns = (1u << 23) + random_below(2);
        ask.stop_after = 1 + random_below(5);
    }
    if (of->ordered || !ask.stop_after) {
        ask.add = random_below(3) ? 0 : random_u32();
        ask.delete_third = random_below(4) == 0;
    }
    return ask;
}

static void expect_same_walk(const struct walk *w, const struct walk_ask *ours,
                             const struct walk_ask *theirs)
{
    bool ended = ours->stop_after && ours->n == ours->stop_after;
    if (ours->result != theirs->result || ours->n != theirs->n)
        fail_msg("%s: %lld, %llu elements here, %lld, %llu in the kernel", w->of->program,
                 ours->result, ours->n, theirs->result, theirs->n);
    if (w->of->ordered)
        assert_true(ours->ordered == theirs->ordered);
    if (w->of->ordered || !ended) {
        assert_true(ours->keys == theirs->keys);
        assert_true(ours->values == theirs->values);
        assert_true(ours->deleted == theirs->deleted);
    }
}

static void try_walk(const struct sides *s, const struct walk *w)
{
    struct walk_ask ours = random_ask(w->of), theirs = ours;
    run_ours(s, w, &ours);
    run_theirs(w, &theirs);
    expect_same_walk(w, &ours, &theirs);
}

/* Per-CPU values are those of the first CPU, and of the first slot. */
static void stay_on_first_cpu(void)
{
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    assert_int_equal(sched_setaffinity(0, sizeof(first), &first), 0);
}

static void run_case(const struct sides *s, const struct walk_case *of)
{
    struct walk w;
    u32 walks = 0;
    open_walk(s, of, &w);
    for (u32 key = 0; of->map && key < KEYS; key++)
        put(&w, key); /* the kernel's programs share their maps, ours do not */
    for (u32 done = 0; done < operations; walks++) {
        done += change_map(&w) + 100; /* elements that an average walk meets */
        try_walk(s, &w);
        if (walks % 16 == 0)
            compare_maps(&w);
    }
    compare_maps(&w);
    print_message("%-22s %u runs\n", of->program, walks);
    note_helpers_of(s->object, of->program);
    skep_program_free(w.ours);
}

TEST(walks_and_loops_give_the_kernels_results)
{
    struct sides s = { 0 };
    assert_true(n_cpus <= CPUS_MAX);
    stay_on_first_cpu();
    random_state = 20240901;
    if (open_kernel(&s)) {
        open_ours(&s);
        for (u32 i = 0; i < ARRAY_LEN(cases); i++)
            run_case(&s, &cases[i]);
        skep_thread_free(s.thread);
        skep_object_close(s.object);
        skep_env_free(s.env);
    } else {
        print_message("skipped: the kernel does not take the programs\n");
    }
    bpf_object__close(s.kernel);
}

static int print_helpers(void **state_)
{
    (void)state_;
    print_helpers_compared();
    return 0;
}

MAP_PAIR_MAIN(cmocka_unit_test_teardown(walks_and_loops_give_the_kernels_results, print_helpers))
