/* Dynptrs: what they give access to, and what becomes of them. */
#include "unit/helper/helpers.h"

/* An aligned place of the thread's stack. */
static u64 place(u32 i) { return (u64)AT(thread.stack) + 16 * i; }

TEST(memory_is_read_and_written_within_its_bounds)
{
    u8 value[16] = "0123456789abcdef", out[8] = { 0 };
    begin("xdp");
    assert_int_equal(CALL(&helper_dynptr_from_mem, AT(value), 10, 0, place(3)), 0);
    assert_int_equal(CALL(&helper_dynptr_read, AT(out), 4, place(3), 6, 0), 0);
    assert_memory_equal(out, "6789", 4);
    assert_int_equal(CALL(&helper_dynptr_read, AT(out), 4, place(3), 7, 0), -E2BIG);
    assert_int_equal(CALL(&helper_dynptr_read, AT(out), 4, place(3), UINT32_MAX, 0), -E2BIG);
    assert_int_equal(CALL(&helper_dynptr_read, AT(out), 11, place(3), 0, 0), -E2BIG);
    assert_int_equal(CALL(&helper_dynptr_read, AT(out), 4, place(3), 0, 1), -EINVAL);
    assert_int_equal(CALL(&helper_dynptr_write, place(3), 8, AT("xy"), 2, 0), 0);
    assert_int_equal(CALL(&helper_dynptr_write, place(3), 9, AT("xy"), 2, 0), -E2BIG);
    assert_int_equal(CALL(&helper_dynptr_write, place(3), 0, AT("xy"), 2, 1), -EINVAL);
    assert_memory_equal(value, "01234567xyabcdef", 16);
    assert_true(CALL(&helper_dynptr_data, place(3), 2, 8) == (s64)AT(value + 2));
    assert_int_equal(CALL(&helper_dynptr_data, place(3), 3, 8), 0);
    end();
}

TEST(what_is_refused_leaves_no_dynptr)
{
    u8 value[16], out[8];
    begin("xdp");
    assert_int_equal(CALL(&helper_dynptr_from_mem, AT(value), 16, 0, place(0)), 0);
    assert_int_equal(CALL(&helper_dynptr_from_mem, AT(value), 16, 1, place(0)), -EINVAL);
    assert_int_equal(CALL(&helper_dynptr_read, AT(out), 4, place(0), 0, 0), -EINVAL);
    assert_int_equal(CALL(&helper_dynptr_from_mem, AT(value), 1 << 24, 0, place(0)), -E2BIG);
    assert_int_equal(CALL(&helper_dynptr_from_mem, AT(value), 16, 0, place(0) + 4), -EINVAL);
    assert_int_equal(CALL(&helper_dynptr_from_mem, AT(value), 16, 0, AT(value)), -EINVAL);
    assert_int_equal(CALL(&helper_dynptr_data, AT(value), 0, 4), 0);
    end();
}

/* Whatever a program writes to its stack, it reaches no memory but what it was given. */
TEST(forged_and_copied_dynptrs_mean_nothing)
{
    u8 value[16], out[8];
    begin("xdp");
    assert_int_equal(CALL(&helper_dynptr_from_mem, AT(value), 16, 0, place(0)), 0);
    memcpy((void *)place(1), (void *)place(0), 16);
    assert_int_equal(CALL(&helper_dynptr_read, AT(out), 4, place(1), 0, 0), -EINVAL);
    const u64 forged[2] = { 1, 1000 };
    memcpy((void *)place(0), forged, 16);
    assert_int_equal(CALL(&helper_dynptr_read, AT(out), 4, place(0), 0, 0), -EINVAL);
    const u64 restored[2] = { 1, 16 };
    memcpy((void *)place(0), restored, 16);
    assert_int_equal(CALL(&helper_dynptr_read, AT(out), 4, place(0), 0, 0), 0);
    thread.dynptrs_before = thread.dynptrs_made; /* the next run */
    assert_int_equal(CALL(&helper_dynptr_read, AT(out), 4, place(0), 0, 0), -EINVAL);
    end();
}

static char drained[100];
static int note_record(void *user, const void *data, size_t size)
{
    (void)user;
    strncat(drained, data, size);
    return 0;
}

TEST(records_live_until_they_are_handed_over)
{
    begin("kprobe");
    struct skep_map *map = new_map("ringbuf", 0, 0, 4096);
    drained[0] = 0;
    assert_int_equal(CALL(&helper_ringbuf_reserve_dynptr, AT(map), 4, 0, place(0)), 0);
    assert_int_equal(CALL(&helper_ringbuf_reserve_dynptr, AT(map), 4, 0, place(1)), 0);
    assert_int_equal(CALL(&helper_ringbuf_reserve_dynptr, AT(map), 5000, 0, place(2)), -EINVAL);
    assert_int_equal(CALL(&helper_ringbuf_reserve_dynptr, AT(map), 4, 1, place(2)), -EINVAL);
    assert_int_equal(CALL(&helper_ringbuf_reserve_dynptr, AT(map), 1 << 24, 0, place(2)), -E2BIG);
    assert_int_equal(thread.n_held, 2);
    assert_int_equal(CALL(&helper_dynptr_write, place(0), 0, AT("one "), 4, 0), 0);
    u64 slice = (u64)CALL(&helper_dynptr_data, place(0), 0, 4);
    CALL(&helper_ringbuf_submit, slice, 0); /* is no plain record */
    assert_int_equal(thread.n_held, 2);
    CALL(&helper_ringbuf_submit_dynptr, place(0), 0);
    assert_int_equal(CALL(&helper_dynptr_write, place(0), 0, AT("no  "), 4, 0), -EINVAL);
    CALL(&helper_ringbuf_submit_dynptr, place(0), 0);
    assert_int_equal(thread.n_held, 1);
    CALL(&helper_ringbuf_discard_dynptr, place(1), 0);
    assert_int_equal(CALL(&helper_ringbuf_reserve_dynptr, AT(map), 4, 0, place(2)), 0);
    rt_release_all(&thread); /* the run was stopped */
    assert_int_equal(CALL(&helper_dynptr_write, place(2), 0, AT("no  "), 4, 0), -EINVAL);
    assert_int_equal(CALL(&helper_ringbuf_output, AT(map), AT("end"), 3, 0), 0);
    map->type->drain(map, note_record, NULL);
    assert_string_equal(drained, "one end");
    map_put_user(map);
    end();
}

UNIT_TESTS(UNIT(memory_is_read_and_written_within_its_bounds),
           UNIT(what_is_refused_leaves_no_dynptr), UNIT(forged_and_copied_dynptrs_mean_nothing),
           UNIT(records_live_until_they_are_handed_over))
