/* Helpers that do what their contract does not say are found out. */
#include "rt/rt.h"

#include "support/unit.h"

static struct mem mem;
static struct epoch *epoch;
static struct skep_thread thread;

static u64 honest(struct skep_thread *t, u64 to, u64 size, u64 a3, u64 a4, u64 a5)
{
    (void)t, (void)a3, (void)a4, (void)a5;
    memset((void *)(uintptr_t)to, 7, size);
    return 3;
}

static const struct skep_helper fills = {
    .size = sizeof(fills),
    .name = "fills",
    .run = honest,
    .args = { { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_WRITE }, { .kind = SKEP_ARG_SIZE } },
    .ret = { .lo = 0, .hi = 3 },
};

static void begin(void)
{
    mem_init(&mem, NULL, 0);
    assert_int_equal(epoch_new(&mem, &epoch), SKEP_OK);
    assert_int_equal(rt_thread_init(&thread, &mem, &rt_system_host, epoch, 0, 1), SKEP_OK);
}

static void end(void)
{
    rt_thread_fini(&thread);
    epoch_delete(epoch);
}

TEST(a_helper_that_keeps_its_contract_is_called)
{
    begin();
    const u64 args[5] = { (u64)(uintptr_t)(thread.stack + 500), 8 };
    assert_int_equal(rt_call_helper(&thread, &fills, args), 3);
    assert_int_equal(thread.stack[507], 7);
    assert_int_equal(thread.stack[508], 0);
    end();
}

TEST(writing_past_the_memory_given_is_seen)
{
    struct rt_promise promise;
    begin();
    const u64 args[5] = { (u64)(uintptr_t)(thread.stack + 500), 8 };
    rt_promise_note(&promise, &thread, &fills, args);
    memset(thread.stack + 500, 7, 8);
    assert_null(rt_promise_broken(&promise, &thread, 0));
    thread.stack[508] = 7;
    assert_non_null(rt_promise_broken(&promise, &thread, 0));
    thread.stack[508] = 0;
    thread.stack[499] = 7;
    assert_non_null(rt_promise_broken(&promise, &thread, 0));
    thread.stop = SKEP_FUEL;
    assert_null(rt_promise_broken(&promise, &thread, 0));
    end();
}

TEST(a_result_outside_its_range_is_seen)
{
    struct rt_promise promise;
    const u64 args[5] = { 0 };
    begin();
    rt_promise_note(&promise, &thread, &fills, args);
    assert_null(rt_promise_broken(&promise, &thread, 3));
    assert_non_null(rt_promise_broken(&promise, &thread, 4));
    assert_non_null(rt_promise_broken(&promise, &thread, (u64)-1));
    end();
}

static void nothing(struct skep_thread *t, const struct skep_held *held) { (void)t, (void)held; }

TEST(what_is_acquired_must_be_in_the_ledger)
{
    struct skep_helper gives = fills;
    struct rt_promise promise;
    struct skep_held held = { .what = &held, .release = nothing };
    const u64 args[5] = { 0 };
    u64 r0 = (u64)(uintptr_t)&held;
    begin();
    gives.ret =
        (struct skep_ret){ .kind = SKEP_RET_SOCK, .flags = SKEP_RET_NULLABLE | SKEP_RET_ACQUIRES };
    rt_promise_note(&promise, &thread, &gives, args);
    assert_null(rt_promise_broken(&promise, &thread, 0));
    assert_non_null(rt_promise_broken(&promise, &thread, r0));
    assert_true(rt_hold(&thread, &held));
    assert_null(rt_promise_broken(&promise, &thread, r0));
    gives.ret = (struct skep_ret){ .kind = SKEP_RET_SOCK };
    assert_non_null(rt_promise_broken(&promise, &thread, r0)); /* takes, but does not say so */
    rt_drop(&thread, &held);
    assert_null(rt_promise_broken(&promise, &thread, r0));
    assert_non_null(rt_promise_broken(&promise, &thread, 0));
    end();
}

TEST(constants_stay_and_are_kept_to)
{
    struct skep_helper says = fills, gives = fills;
    struct rt_promise promise;
    char text[8] = "text";
    struct skep_held held = { .what = &held, .release = nothing, .bytes = 16 };
    u64 args[5] = { 0, (u64)(uintptr_t)text }, r0 = (u64)(uintptr_t)&held;
    begin();
    says.args[1] = (struct skep_arg){ .kind = SKEP_ARG_STRING, .flags = SKEP_ARG_CONSTANT };
    rt_promise_note(&promise, &thread, &says, args);
    assert_null(rt_promise_broken(&promise, &thread, 0));
    text[2] = 'X';
    assert_non_null(rt_promise_broken(&promise, &thread, 0));
    gives.args[1] = (struct skep_arg){ .kind = SKEP_ARG_ALLOC_SIZE, .flags = SKEP_ARG_CONSTANT };
    gives.ret =
        (struct skep_ret){ .kind = SKEP_RET_MEM, .flags = SKEP_RET_NULLABLE | SKEP_RET_ACQUIRES };
    args[1] = 16;
    rt_promise_note(&promise, &thread, &gives, args);
    assert_true(rt_hold(&thread, &held));
    assert_null(rt_promise_broken(&promise, &thread, r0));
    promise.args[1] = 24;
    assert_non_null(rt_promise_broken(&promise, &thread, r0));
    rt_drop(&thread, &held);
    end();
}

UNIT_TESTS(UNIT(constants_stay_and_are_kept_to), UNIT(a_helper_that_keeps_its_contract_is_called),
           UNIT(writing_past_the_memory_given_is_seen), UNIT(a_result_outside_its_range_is_seen),
           UNIT(what_is_acquired_must_be_in_the_ledger))
