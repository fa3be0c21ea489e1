/* Growing and fixed texts, and JSON strings. */
#include "base/text.h"

#include "support/unit.h"

TEST(grows_by_all_writers)
{
    struct mem mem;
    struct text text;
    mem_init(&mem, NULL, 0);
    text_init(&text, &mem);
    assert_string_equal(text_cstr(&text), "");
    text_string(&text, "a");
    text_char(&text, 'b');
    text_bytes(&text, "cdef", 2);
    text_printf(&text, "%d-%s", 42, "x");
    assert_string_equal(text_cstr(&text), "abcd42-x");
    for (int i = 0; i < 1000; i++)
        text_printf(&text, "%03d", i);
    assert_int_equal(text.length, 8 + 3000);
    assert_string_equal(text_cstr(&text) + 3005, "999");
    text_drop(&text);
    assert_int_equal(mem.used, 0);
}

TEST(a_fixed_text_counts_on_past_its_end)
{
    char buffer[6];
    memset(buffer, 'z', sizeof(buffer));
    struct text text;
    text_init_fixed(&text, buffer, 5);
    text_string(&text, "abc");
    text_printf(&text, "%s", "defg");
    text_char(&text, 'h');
    assert_string_equal(text_cstr(&text), "abcd");
    assert_int_equal(text.length, 8);
    assert_int_equal(buffer[5], 'z');
    text_init_fixed(&text, NULL, 0);
    text_string(&text, "abc");
    text_printf(&text, "%d", 10);
    assert_int_equal(text.length, 5);
    assert_string_equal(text_cstr(&text), "");
}

TEST(a_failed_text_stays_failed_and_empty)
{
    struct mem mem;
    struct text text;
    mem_init(&mem, NULL, 64);
    text_init(&text, &mem);
    text_string(&text, "short");
    for (int i = 0; i < 30; i++)
        text_string(&text, "long");
    text_printf(&text, "%d", 1);
    assert_true(text.failed);
    assert_string_equal(text_cstr(&text), "");
    text_drop(&text);
    assert_int_equal(mem.used, 0);
}

TEST(json_strings_are_escaped_and_valid_utf8)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "", "\"\"" },
        { "a\"b\\c\n\t\r", "\"a\\\"b\\\\c\\n\\t\\r\"" },
        { "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"" },
        { "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
        { "\xe2\x82\xac \xf0\x9f\x90\x9d", "\"\xe2\x82\xac \xf0\x9f\x90\x9d\"" },
        { "\xff", "\"\\ufffd\"" },
        { "\xc3", "\"\\ufffd\"" },                                  /* cut short */
        { "\xc0\x80", "\"\\ufffd\\ufffd\"" },                       /* overlong */
        { "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },            /* a surrogate */
        { "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" }, /* past U+10FFFF */
        { "\xe2\x82", "\"\\ufffd\\ufffd\"" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char buffer[64];
        struct text text;
        text_init_fixed(&text, buffer, sizeof(buffer));
        text_json_string(&text, cases[i].in);
        assert_string_equal(text_cstr(&text), cases[i].out);
    }
}

TEST(pads_to_a_column_of_the_line)
{
    char buffer[64];
    struct text text;
    text_init_fixed(&text, buffer, sizeof(buffer));
    text_string(&text, "first line\nab");
    text_pad_to(&text, 4);
    text_char(&text, '|');
    text_pad_to(&text, 2);
    assert_string_equal(text_cstr(&text), "first line\nab  |");
}

UNIT_TESTS(UNIT(grows_by_all_writers), UNIT(a_fixed_text_counts_on_past_its_end),
           UNIT(a_failed_text_stays_failed_and_empty),
           UNIT(json_strings_are_escaped_and_valid_utf8), UNIT(pads_to_a_column_of_the_line))
