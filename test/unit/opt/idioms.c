/* Rotations, byte swaps, numbers put together from bytes and taken apart: what becomes of each, and
 * that it means the same. */
#include "support/ssa_build.h"

enum { BYTES = 64 };

/* r1 points to bytes, r2 is a number. */
struct idiom {
    struct ssa_build b;
    u32 p, x;
};

static void open_idiom(struct idiom *t)
{
    ssa_build_open(&t->b);
    t->p = ssa_build_param(&t->b, 0);
    t->x = ssa_build_param(&t->b, 1);
}

struct outcome {
    u64 r0;
    u8 bytes[BYTES];
};

static struct outcome run(const struct idiom *t, u64 x)
{
    struct outcome o;
    for (u32 i = 0; i < BYTES; i++)
        o.bytes[i] = (u8)(i * 37 + 129);
    const u64 params[5] = { (u64)(uintptr_t)o.bytes, x };
    o.r0 = ssa_eval_func(t->b.func, params);
    return o;
}

/* The pass does something, and the results stay. */
static void improve(struct idiom *t, bool does)
{
    static const u64 numbers[] = { 0, 1, 0x0123456789abcdef, 0xfedcba9876543210, UINT64_MAX, 37 };
    struct outcome before[ARRAY_LEN(numbers)];
    ssa_build_check(&t->b);
    for (u32 i = 0; i < ARRAY_LEN(numbers); i++)
        before[i] = run(t, numbers[i]);
    assert_int_equal(opt_idioms(&t->b.opt, t->b.func), does);
    opt_dce(&t->b.opt, t->b.func);
    ssa_build_check(&t->b);
    for (u32 i = 0; i < ARRAY_LEN(numbers); i++) {
        struct outcome after = run(t, numbers[i]);
        assert_int_equal(after.r0, before[i].r0);
        assert_memory_equal(after.bytes, before[i].bytes, BYTES);
    }
}

static u32 shifts(struct idiom *t, enum ssa_op join, u32 width, u32 left, u32 right)
{
    u32 up = ssa_build_with(&t->b, SSA_SHL, width, t->x, left);
    u32 down = ssa_build_with(&t->b, SSA_SHR, width, t->x, right);
    return ssa_build_op(&t->b, join, width, down, up);
}

TEST(shifts_that_meet_are_a_rotation)
{
    static const enum ssa_op joins[] = { SSA_OR, SSA_ADD, SSA_XOR };
    struct idiom t;
    for (u32 width = 4; width <= 8; width += 4)
        for (u32 by = 0; by < 8 * width; by++)
            for (u32 j = 0; j < ARRAY_LEN(joins); j++) {
                open_idiom(&t);
                ssa_build_return(&t.b, shifts(&t, joins[j], width, by, 8 * width - by));
                improve(&t, by != 0);
                assert_int_equal(ssa_build_count(&t.b, SSA_ROTL), by != 0);
                ssa_build_close(&t.b);
            }
}

TEST(shifts_that_do_not_meet_are_none)
{
    struct idiom t;
    open_idiom(&t);
    ssa_build_return(&t.b, shifts(&t, SSA_OR, 8, 13, 50));
    improve(&t, false);
    ssa_build_close(&t.b);
}

TEST(a_rotation_by_a_variable)
{
    struct idiom t;
    for (u32 form = 0; form < 3; form++) {
        open_idiom(&t);
        u32 by = ssa_build_load(&t.b, SSA_LOAD, 1, t.p, 3), rest;
        if (form == 0)
            rest = ssa_build_op(&t.b, SSA_NEG, 4, by, 0);
        else
            rest = ssa_build_op(&t.b, SSA_SUB, 8, ssa_const(t.b.func, 32), by);
        if (form == 2)
            rest = ssa_build_with(&t.b, SSA_AND, 8, rest, 31);
        u32 up = ssa_build_op(&t.b, SSA_SHL, 4, t.x, by);
        u32 down = ssa_build_op(&t.b, SSA_SHR, 4, t.x, rest);
        ssa_build_return(&t.b, ssa_build_op(&t.b, SSA_OR, 8, up, down));
        improve(&t, true);
        assert_int_equal(ssa_build_count(&t.b, SSA_ROTL), 1);
        ssa_build_close(&t.b);
    }
}

/* Bytes of x in the order that is wanted, from `width` of them. */
static u32 permuted(struct idiom *t, const u8 *order, u32 width)
{
    u32 all = 0;
    for (u32 i = 0; i < width; i++) {
        u32 byte = ssa_build_with(&t->b, SSA_SHR, 8, t->x, 8 * order[i]);
        byte = ssa_build_with(&t->b, SSA_AND, 8, byte, 255);
        byte = ssa_build_with(&t->b, SSA_SHL, 8, byte, 8 * i);
        all = all ? ssa_build_op(&t->b, i & 1 ? SSA_OR : SSA_ADD, 8, all, byte) : byte;
    }
    return all;
}

TEST(bytes_in_reverse_are_a_swap)
{
    static const u8 orders[][8] = {
        { 1, 0 }, { 3, 2, 1, 0 }, { 7, 6, 5, 4, 3, 2, 1, 0 }, { 5, 4, 3, 2 }, { 6, 5 },
    };
    static const u8 widths[] = { 2, 4, 8, 4, 2 };
    struct idiom t;
    for (u32 i = 0; i < ARRAY_LEN(orders); i++) {
        open_idiom(&t);
        ssa_build_return(&t.b, permuted(&t, orders[i], widths[i]));
        improve(&t, true);
        assert_int_equal(ssa_build_count(&t.b, SSA_BSWAP), 1);
        assert_int_equal(ssa_build_count(&t.b, SSA_AND), 0);
        ssa_build_close(&t.b);
    }
}

TEST(other_orders_are_what_they_are)
{
    static const u8 around[8] = { 3, 4, 5, 6, 7, 0, 1, 2 }, mixed[4] = { 0, 2, 1, 3 };
    struct idiom t;
    open_idiom(&t);
    ssa_build_return(&t.b, permuted(&t, around, 8));
    improve(&t, true);
    assert_int_equal(ssa_build_count(&t.b, SSA_ROTL), 1);
    ssa_build_close(&t.b);
    open_idiom(&t);
    ssa_build_return(&t.b, permuted(&t, mixed, 4));
    improve(&t, false);
    ssa_build_close(&t.b);
}

/* A number of n bytes from memory, byte by byte; a write after `written` of them. */
static u32 loaded(struct idiom *t, u32 n, bool big_endian, u32 written)
{
    u32 all = 0;
    for (u32 i = 0; i < n; i++) {
        if (i == written)
            ssa_build_store(&t->b, 1, t->p, 40, t->x);
        u32 byte = ssa_build_load(&t->b, SSA_LOAD, 1, t->p, 5 + (s64)i);
        byte = ssa_build_with(&t->b, SSA_SHL, 8, byte, 8 * (big_endian ? n - 1 - i : i));
        all = all ? ssa_build_op(&t->b, SSA_OR, 8, byte, all) : byte;
    }
    return all;
}

TEST(bytes_of_memory_are_loaded_at_once)
{
    struct idiom t;
    for (u32 n = 2; n <= 8; n *= 2)
        for (u32 big = 0; big < 2; big++) {
            open_idiom(&t);
            ssa_build_return(&t.b, loaded(&t, n, big, UINT32_MAX));
            improve(&t, true);
            assert_int_equal(ssa_build_count(&t.b, SSA_LOAD), 1);
            assert_int_equal(ssa_build_count(&t.b, SSA_BSWAP), big);
            ssa_build_close(&t.b);
        }
}

TEST(bytes_between_which_something_is_written_are_not)
{
    struct idiom t;
    open_idiom(&t);
    ssa_build_return(&t.b, loaded(&t, 2, false, 1));
    improve(&t, false);
    assert_int_equal(ssa_build_count(&t.b, SSA_LOAD), 2);
    ssa_build_close(&t.b);
}

static void store_bytes(struct idiom *t, u32 n, bool big_endian)
{
    for (u32 i = 0; i < n; i++) {
        u32 byte = ssa_build_with(&t->b, SSA_SHR, 8, t->x, 8 * (big_endian ? n - 1 - i : i));
        ssa_build_store(&t->b, 1, t->p, 11 + (s64)(i * 5 % n), /* in any order */
                        i * 5 % n == i
                            ? byte
                            : ssa_build_with(&t->b, SSA_SHR, 8, t->x,
                                             8 * (big_endian ? n - 1 - i * 5 % n : i * 5 % n)));
    }
    ssa_build_return(&t->b, t->x);
}

TEST(bytes_of_a_number_are_stored_at_once)
{
    struct idiom t;
    for (u32 n = 2; n <= 8; n *= 2)
        for (u32 big = 0; big < 2; big++) {
            open_idiom(&t);
            store_bytes(&t, n, big);
            improve(&t, true);
            assert_int_equal(ssa_build_count(&t.b, SSA_STORE), 1);
            assert_int_equal(ssa_build_count(&t.b, SSA_BSWAP), big);
            ssa_build_close(&t.b);
        }
}

TEST(constants_are_stored_at_once)
{
    struct idiom t;
    open_idiom(&t);
    for (u32 i = 0; i < 8; i++)
        ssa_build_store(&t.b, 1, t.p, i, ssa_const(t.b.func, 0xa0 + i));
    for (u32 i = 0; i < 4; i++)
        ssa_build_store(&t.b, 2, t.p, 20 + 2 * (s64)i, ssa_const(t.b.func, 0));
    ssa_build_return(&t.b, t.x);
    improve(&t, true);
    assert_int_equal(ssa_build_count(&t.b, SSA_STORE), 2);
    ssa_build_close(&t.b);
}

TEST(bytes_that_are_copied_over_themselves_are_not)
{
    struct idiom t;
    open_idiom(&t);
    for (u32 i = 0; i < 4; i++)
        ssa_build_store(&t.b, 1, t.p, 1 + (s64)i, ssa_build_load(&t.b, SSA_LOAD, 1, t.p, (s64)i));
    ssa_build_return(&t.b, t.x);
    improve(&t, false);
    ssa_build_close(&t.b);
}

UNIT_TESTS(UNIT(shifts_that_meet_are_a_rotation), UNIT(shifts_that_do_not_meet_are_none),
           UNIT(a_rotation_by_a_variable), UNIT(bytes_in_reverse_are_a_swap),
           UNIT(other_orders_are_what_they_are), UNIT(bytes_of_memory_are_loaded_at_once),
           UNIT(bytes_between_which_something_is_written_are_not),
           UNIT(bytes_of_a_number_are_stored_at_once), UNIT(constants_are_stored_at_once),
           UNIT(bytes_that_are_copied_over_themselves_are_not))
