/* The formats of bpf_trace_printk and bpf_snprintf. */
#include "helper/format.h"

#include "support/unit.h"

#include <errno.h>
#include <stdio.h>

static char out[2048];

static s64 print(const char *fmt, u32 n, const u64 *args)
{
    return format_print(out, sizeof(out), fmt, strlen(fmt) + 1, args, n);
}

static void prints(const char *fmt, u64 arg, const char *expected)
{
    s64 length = print(fmt, 1, &arg);
    if (length != (s64)strlen(expected) || strcmp(out, expected) != 0)
        fail_msg("\"%s\" of %llx: \"%s\" (%lld)", fmt, (unsigned long long)arg, out,
                 (long long)length);
}

TEST(prints_numbers)
{
    prints("%d", (u64)-5, "-5");
    prints("%d", 0xfffffffb, "-5");
    prints("%i", 0x1ffffffff, "-1");
    prints("%ld", 0x1ffffffff, "8589934591");
    prints("%lld", (u64)INT64_MIN, "-9223372036854775808");
    prints("%u", (u64)-1, "4294967295");
    prints("%llu", (u64)-1, "18446744073709551615");
    prints("%x", 0xdeadbeefcafe, "beefcafe");
    prints("%lX", 0xdeadbeefcafe, "DEADBEEFCAFE");
    prints("%lx", 0, "0");
    prints("a%db", 1, "a1b");
    prints("%%%d%%", 1, "%1%");
}

TEST(pads_as_c_does)
{
    static const char *const flags[] = { "", "0", "-", "+", " ", "-+", "0+" };
    static const char *const widths[] = { "", "1", "5", "20" };
    static const char *const kinds[] = { "d", "u", "x", "X" };
    static const int values[] = { 0, 1, -1, 12345, INT32_MIN };
    for (u32 f = 0; f < ARRAY_LEN(flags); f++)
        for (u32 w = 0; w < ARRAY_LEN(widths); w++)
            for (u32 k = 0; k < ARRAY_LEN(kinds); k++)
                for (u32 v = 0; v < ARRAY_LEN(values); v++) {
                    char fmt[16], expected[64];
                    snprintf(fmt, sizeof(fmt), "%%%s%s%s", flags[f], widths[w], kinds[k]);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                    snprintf(expected, sizeof(expected), fmt, values[v]);
#pragma GCC diagnostic pop
                    prints(fmt, (u64)values[v], expected);
                }
}

TEST(prints_what_addresses_point_to)
{
    const u8 ip[16] = { 10, 0, 255, 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
    u64 at = (u64)(uintptr_t)ip;
    prints("%pI4", at, "10.0.255.1");
    prints("%pi4", at, "010.000.255.001");
    prints("%pI6", at, "0a00:ff01:0506:0708:090a:0b0c:0d0e:0f10");
    prints("%pi6", at, "0a00ff0105060708090a0b0c0d0e0f10");
    prints("%pI6c.", at, "0a00:ff01:0506:0708:090a:0b0c:0d0e:0f10.");
    prints("%pI4 ", 0, "0.0.0.0 ");
    prints("%s", (u64)(uintptr_t) "text", "text");
    prints("%-6s|", (u64)(uintptr_t) "text", "text  |");
    prints("%6s", (u64)(uintptr_t) "text", "  text");
    prints("%pks,", (u64)(uintptr_t) "text", "text,");
    prints("<%s>", 0, "<>");
    prints("<%s>", (u64)-64, "<>");
    prints("%c", 'x', "x");
    prints("%p", 0xabc, "0000000000000abc");
    prints("%px,", 0xabc, "0000000000000abc,");
    prints("%pK", 0xabc, "0000000000000abc");
}

TEST(strings_end)
{
    static char longest[3000];
    memset(longest, 'a', sizeof(longest));
    const u64 arg = (u64)(uintptr_t)longest;
    assert_int_equal(print("%s", 1, &arg), 512);
}

TEST(refuses_what_the_kernel_refuses)
{
    static const char *const bad[] = {
        "%",    "%5",  "%z",  "%lllx", "%#x",  "%.3d",     "%*d",  "%hd", "%n",   "%f", "%sa",
        "%pI5", "%pi", "%pE", "%psk%", "\001", "\xc3\xa9", "%d%d", "%l",  "%pkx", "%ll"
    };
    u64 arg = 0;
    for (u32 i = 0; i < ARRAY_LEN(bad); i++)
        if (print(bad[i], 1, &arg) != -EINVAL)
            fail_msg("\"%s\": \"%s\"", bad[i], out);
    assert_int_equal(format_print(out, sizeof(out), "ab", 2, NULL, 0), -EINVAL);
    assert_int_equal(format_print(out, sizeof(out), "", 0, NULL, 0), -EINVAL);
    assert_int_equal(print("%d", 0, NULL), -EINVAL);
    assert_int_equal(print("%%\n\t", 0, NULL), 3);
}

TEST(cuts_at_the_end_of_the_buffer)
{
    char small[4] = "zzz";
    u64 arg = 123456;
    assert_int_equal(format_print(small, 4, "%d", 3, &arg, 1), 6);
    assert_string_equal(small, "123");
    assert_int_equal(format_print(NULL, 0, "%d", 3, &arg, 1), 6);
    assert_int_equal(print("%99999999d", 1, &arg), 1023);
}

/* Whatever the format, nothing is read or written that must not be. */
TEST(survives_any_format)
{
    static const char letters[] = "%%%%dxuslpIiKks46c0 -+19.#\n";
    u64 args[FORMAT_MAX_ARGS], random = 1;
    for (u32 round = 0; round < 100000; round++) {
        char fmt[12];
        for (u32 i = 0; i < sizeof(fmt); i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            fmt[i] = letters[(random >> 33) % sizeof(letters)];
            args[i % FORMAT_MAX_ARGS] = random >> (random >> 60);
        }
        s64 length = format_print(out, 64, fmt, sizeof(fmt), args, (u32)(random >> 62));
        assert_true(length == -EINVAL || (length >= 0 && length < 100000));
    }
}

UNIT_TESTS(UNIT(prints_numbers), UNIT(pads_as_c_does), UNIT(prints_what_addresses_point_to),
           UNIT(strings_end), UNIT(refuses_what_the_kernel_refuses),
           UNIT(cuts_at_the_end_of_the_buffer), UNIT(survives_any_format))
