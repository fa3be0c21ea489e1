/* A run from beginning to end with engines made of C functions: fuel, stops, tail calls, callbacks,
 * and what is held. */
#include "rt/rt.h"

#include "support/unit.h"

static struct mem mem;
static struct epoch *epoch;
static struct skep_thread thread;
static const struct skep_hook plain_hook = { .size = sizeof(struct skep_hook), .name = "plain" };
static const struct skep_hook packet_hook = { .size = sizeof(struct skep_hook),
                                              .name = "packet",
                                              .flags = SKEP_HOOK_PACKET };

static void begin(void)
{
    mem_init(&mem, NULL, 0);
    assert_int_equal(epoch_new(&mem, &epoch), SKEP_OK);
    assert_int_equal(rt_thread_init(&thread, &mem, &rt_system_host, epoch, 3, 4), SKEP_OK);
    assert_int_equal(thread.cpu, 3);
    assert_int_equal((uintptr_t)thread.stack % 16, 0);
}

static void end(void)
{
    rt_thread_fini(&thread);
    epoch_delete(epoch);
    assert_int_equal(mem.used, 0);
}

static skep_status spend_ten(struct skep_thread *t, const struct rt_program *program, void *ctx,
                             u64 *r0)
{
    assert_ptr_equal(t, &thread);
    assert_ptr_equal(t->program, program);
    assert_ptr_equal(t->ctx, ctx);
    t->fuel -= 10;
    *r0 = (u64)(uintptr_t)t->packet;
    return t->fuel < 0 ? SKEP_FUEL : SKEP_OK;
}

TEST(a_run_gets_its_context_and_its_fuel)
{
    struct rt_program program = {
        .run = spend_ten, .hook = &plain_hook, .fuel = 10, .metered = true
    };
    struct skep_packet packet;
    u64 r0 = 1;
    begin();
    program.epoch = epoch;
    assert_int_equal(rt_run(&thread, &program, &packet, &r0), SKEP_OK);
    assert_true(r0 == 0 && rt_fuel_used(&thread) == 10);
    program.hook = &packet_hook;
    program.fuel = 0;
    assert_int_equal(rt_run(&thread, &program, &packet, &r0), SKEP_OK);
    assert_true(r0 == (u64)(uintptr_t)&packet);
    program.fuel = 9;
    assert_int_equal(rt_run(&thread, &program, &packet, &r0), SKEP_FUEL);
    thread.fuel_limit = 11;
    assert_int_equal(rt_run(&thread, &program, &packet, &r0), SKEP_OK);
    thread.fuel_limit = UINT64_MAX;
    assert_int_equal(rt_run(&thread, &program, &packet, &r0), SKEP_OK);
    assert_true(rt_fuel_used(&thread) == 10);
    end();
}

static u32 released[3], n_released;

static void note_release(struct skep_thread *t, const struct skep_held *held)
{
    assert_null(rt_find_held(t, held->what));
    released[n_released++] = held->bytes;
}

static int things[3];

static skep_status hold_three(struct skep_thread *t, const struct rt_program *program, void *ctx,
                              u64 *r0)
{
    (void)program;
    for (u32 i = 0; i < 3; i++)
        assert_true(rt_hold(
            t, &(struct skep_held){ .what = &things[i], .release = note_release, .bytes = i }));
    assert_int_equal(rt_find_held(t, &things[1])->bytes, 1);
    assert_true(rt_drop(t, &things[1]));
    assert_false(rt_drop(t, &things[1]));
    *r0 = 0;
    return *(skep_status *)ctx;
}

TEST(what_is_still_held_is_released_last_first)
{
    struct rt_program program = { .run = hold_three, .hook = &plain_hook };
    u64 r0;
    begin();
    program.epoch = epoch;
    for (skep_status status = SKEP_OK; status <= SKEP_TRAP;
         status = status == SKEP_OK ? SKEP_TRAP : 99) {
        n_released = 0;
        assert_int_equal(rt_run(&thread, &program, &status, &r0), status);
        assert_int_equal(n_released, 2);
        assert_true(released[0] == 2 && released[1] == 0);
        assert_int_equal(thread.stop, status);
    }
    end();
}

TEST(the_ledger_has_an_end)
{
    struct skep_held held = { .release = note_release };
    begin();
    for (u32 i = 0; i < RT_LEDGER; i++)
        assert_true(rt_hold(&thread, &held));
    assert_false(rt_hold(&thread, &held));
    thread.n_held = 0;
    end();
}

static skep_status look_at_cancel(struct skep_thread *t, const struct rt_program *program,
                                  void *ctx, u64 *r0)
{
    (void)program, (void)ctx;
    *r0 = 5;
    return rt_charge(t, 1) ? SKEP_OK : t->stop;
}

TEST(a_cancel_stops_one_run)
{
    struct rt_program program = {
        .run = look_at_cancel, .hook = &plain_hook, .fuel = 100, .metered = true
    };
    u64 r0;
    begin();
    program.epoch = epoch;
    atomic_store(&thread.cancel, true);
    assert_int_equal(rt_run(&thread, &program, NULL, &r0), SKEP_CANCELLED);
    assert_int_equal(rt_run(&thread, &program, NULL, &r0), SKEP_OK);
    program.fuel = 1;
    assert_int_equal(rt_run(&thread, &program, NULL, &r0), SKEP_OK);
    end();
}

TEST(charges_stop_a_run_without_fuel)
{
    begin();
    thread.fuel = 5;
    assert_true(rt_charge(&thread, 5));
    assert_false(rt_charge(&thread, UINT64_MAX));
    assert_int_equal(thread.stop, SKEP_FUEL);
    assert_false(rt_charge(&thread, 0));
    end();
}

static skep_status nested(struct skep_thread *t, const struct rt_program *program, void *ctx,
                          u64 *r0)
{
    *r0 = 0;
    return rt_run(t, program, ctx, r0);
}

TEST(a_run_inside_a_run_is_refused)
{
    struct rt_program program = { .run = nested, .hook = &plain_hook };
    u64 r0;
    begin();
    program.epoch = epoch;
    assert_int_equal(rt_run(&thread, &program, NULL, &r0), SKEP_STATE);
    end();
}

/* Tail calls, through a map type that holds one program. */

static struct rt_program caller, callee;

static void *only_program(skep_map *map, const void *key, uint32_t cpu)
{
    (void)map, (void)cpu;
    u32 index;
    memcpy(&index, key, sizeof(index));
    return index == 0 ? &callee : index == 1 ? &caller : NULL;
}
static const struct skep_map_type programs_type = { .size = sizeof(struct skep_map_type),
                                                    .traits = SKEP_MAP_HOLDS_PROGRAMS,
                                                    .lookup = only_program };
static struct skep_map programs = { .type = &programs_type };

static skep_status call_index(struct skep_thread *t, const struct rt_program *program, void *ctx,
                              u64 *r0)
{
    (void)program;
    u32 *calls = ctx;
    *r0 = ++calls[1];
    rt_tail_call(t, &programs, calls[0]);
    return SKEP_OK;
}

static skep_status give_seven(struct skep_thread *t, const struct rt_program *program, void *ctx,
                              u64 *r0)
{
    (void)ctx;
    assert_ptr_equal(t->program, program);
    *r0 = 7;
    return SKEP_OK;
}

TEST(a_tail_call_goes_on_with_the_target)
{
    static const struct skep_map_type other = { .lookup = only_program };
    u64 r0;
    begin();
    caller = (struct rt_program){ .run = call_index, .hook = &plain_hook, .epoch = epoch };
    callee = (struct rt_program){ .run = give_seven, .hook = &plain_hook, .epoch = epoch };
    assert_int_equal(rt_run(&thread, &caller, (u32[]){ 0, 0 }, &r0), SKEP_OK);
    assert_true(r0 == 7);
    assert_int_equal(rt_run(&thread, &caller, (u32[]){ 2, 0 }, &r0), SKEP_OK);
    assert_true(r0 == 1);
    callee.compatibility = 1;
    assert_int_equal(rt_run(&thread, &caller, (u32[]){ 0, 0 }, &r0), SKEP_OK);
    assert_true(r0 == 1);
    assert_null(rt_tail_target(&(struct skep_map){ .type = &other }, 0));
    end();
}

TEST(thirty_three_tail_calls_and_no_more)
{
    u64 r0;
    begin();
    caller = (struct rt_program){ .run = call_index, .hook = &plain_hook, .epoch = epoch };
    for (u32 again = 0; again < 2; again++) {
        assert_int_equal(rt_run(&thread, &caller, (u32[]){ 1, 0 }, &r0), SKEP_OK);
        assert_true(r0 == 34);
    }
    end();
}

/* Callbacks */

static skep_status answer(struct skep_thread *t, u64 token, const u64 args[5], u64 *r0)
{
    (void)t;
    *r0 = token + args[0];
    return args[0] == 3 ? SKEP_TRAP : SKEP_OK;
}

TEST(a_callback_that_stops_stops_all_that_follow)
{
    u64 r0 = 0;
    begin();
    thread.call_back = answer;
    assert_true(rt_call(&thread, 10, (u64[5]){ 2 }, &r0));
    assert_true(r0 == 12);
    assert_false(rt_call(&thread, 10, (u64[5]){ 3 }, &r0));
    assert_int_equal(thread.stop, SKEP_TRAP);
    assert_false(rt_call(&thread, 10, (u64[5]){ 2 }, &r0));
    end();
}

/* Random numbers */

static u32 four(void *user)
{
    (void)user;
    return 4;
}

TEST(a_seed_repeats_and_a_host_may_choose)
{
    struct skep_host host = rt_system_host;
    u32 first[8], differ = 0;
    begin();
    rt_seed(&thread, 42);
    for (u32 i = 0; i < 8; i++)
        first[i] = rt_random_u32(&thread);
    rt_seed(&thread, 42);
    for (u32 i = 0; i < 8; i++)
        assert_int_equal(rt_random_u32(&thread), first[i]);
    rt_seed(&thread, 43);
    for (u32 i = 0; i < 8; i++)
        differ += rt_random_u32(&thread) != first[i];
    assert_in_range(differ, 7, 8);
    host.random_u32 = four;
    thread.host = &host;
    assert_int_equal(rt_random_u32(&thread), 4);
    end();
}

TEST(every_bit_of_a_random_number_is_even_handed)
{
    u32 ones[32] = { 0 };
    begin();
    rt_seed(&thread, 1);
    for (u32 i = 0; i < 4096; i++) {
        u32 x = rt_random_u32(&thread);
        for (u32 bit = 0; bit < 32; bit++)
            ones[bit] += x >> bit & 1;
    }
    for (u32 bit = 0; bit < 32; bit++)
        assert_in_range(ones[bit], 2048 - 200, 2048 + 200);
    end();
}

TEST(the_system_answers)
{
    char comm[16] = "";
    assert_true(rt_system_host.clock_ns(NULL, SKEP_CLOCK_MONOTONIC) > 0);
    assert_true(rt_system_host.clock_ns(NULL, SKEP_CLOCK_REALTIME) > 1500000000000000000);
    assert_true(rt_system_host.pid_tgid(NULL) >> 32 != 0);
    rt_system_host.comm(NULL, comm);
    assert_int_equal(comm[15], 0);
    assert_string_not_equal(comm, "");
}

UNIT_TESTS(UNIT(a_run_gets_its_context_and_its_fuel),
           UNIT(what_is_still_held_is_released_last_first), UNIT(the_ledger_has_an_end),
           UNIT(a_cancel_stops_one_run), UNIT(charges_stop_a_run_without_fuel),
           UNIT(a_run_inside_a_run_is_refused), UNIT(a_tail_call_goes_on_with_the_target),
           UNIT(thirty_three_tail_calls_and_no_more),
           UNIT(a_callback_that_stops_stops_all_that_follow),
           UNIT(a_seed_repeats_and_a_host_may_choose),
           UNIT(every_bit_of_a_random_number_is_even_handed), UNIT(the_system_answers))
