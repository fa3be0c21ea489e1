/* Error reports, the names of statuses, and the table of texts. */
#include "base/diag.h"

#include "support/unit.h"

#include <stdio.h>

static const char *rendered(const skep_error *err)
{
    static char line[2048];
    skep_error_text(err, line, sizeof(line));
    return line;
}

TEST(renders_its_arguments_in_order)
{
    skep_error err = { 0 };
    assert_int_equal(RAISE(&err, SKEP_BAD_ARG, BAD_ARG, STR("skep_run"), STR("no program")),
                     SKEP_BAD_ARG);
    assert_string_equal(skep_error_id(&err), "bad-argument");
    assert_string_equal(rendered(&err), "skep_run: no program");
    char json[200];
    skep_error_json(&err, json, sizeof(json));
    assert_string_equal(json, "{\"id\": \"bad-argument\", \"text\": \"skep_run: no program\", "
                              "\"function\": \"skep_run\", \"what\": \"no program\"}");
}

TEST(the_first_report_wins)
{
    skep_error err = { 0 };
    RAISE(&err, SKEP_NOMEM, NOMEM, STR("first"));
    assert_int_equal(RAISE(&err, SKEP_BAD_ARG, BAD_ARG, STR("f"), STR("second")), SKEP_BAD_ARG);
    assert_string_equal(rendered(&err), "out of memory (first)");
    assert_int_equal(RAISE(NULL, SKEP_NOMEM, NOMEM, STR("nobody listens")), SKEP_NOMEM);
}

TEST(an_empty_report_renders_as_nothing)
{
    skep_error err = { 0 };
    char out[64] = "x";
    assert_string_equal(skep_error_id(&err), "");
    assert_string_equal(skep_error_id(NULL), "");
    assert_int_equal(skep_error_text(&err, out, sizeof(out)), 0);
    assert_string_equal(out, "");
    err.id = 1000000;
    assert_string_equal(skep_error_id(&err), "");
}

TEST(hostile_names_are_escaped_and_cut)
{
    skep_error err = { 0 };
    RAISE(&err, SKEP_NOMEM, NOMEM, STR("a\x1b[31m\xff"));
    assert_string_equal(rendered(&err), "out of memory (a\\x1b[31m\\xff)");

    char longer[4000];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    err = (skep_error){ 0 };
    RAISE(&err, SKEP_BAD_ARG, BAD_ARG, STR(longer), STR(longer));
    assert_true(strlen(rendered(&err)) < SKEP_ERROR_POOL + 10);
    assert_non_null(strstr(rendered(&err), "...: x"));
}

TEST(length_is_that_of_the_whole_text)
{
    skep_error err = { 0 };
    char out[8];
    RAISE(&err, SKEP_NOMEM, NOMEM, STR("map"));
    assert_int_equal(skep_error_text(&err, out, sizeof(out)), strlen("out of memory (map)"));
    assert_string_equal(out, "out of ");
    assert_int_equal(skep_error_text(&err, NULL, 0), strlen("out of memory (map)"));
}

/* Rows are compared with each other: one name, one row. */
TEST(every_row_has_a_name_of_its_own)
{
    static const char *const names[] = {
#define DIAG(id, name, ...) name,
#include "base/diags.h"
#undef DIAG
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(strspn(names[i], "abcdefghijklmnopqrstuvwxyz0123456789-"),
                         strlen(names[i]));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(names[i], names[j]);
    }
}

/* The text of a row fits the arguments that a report can carry. */
TEST(every_row_has_balanced_placeholders)
{
    static const char *const texts[] = {
#define DIAG_TEXT(text, ...) text
#define DIAG(id, name, ...) DIAG_TEXT(__VA_ARGS__, ),
#include "base/diags.h"
#undef DIAG
#undef DIAG_TEXT
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        unsigned n = 0;
        assert_true(strlen(texts[i]) < 512);
        for (const char *p = texts[i]; (p = strchr(p, '{')); p++, n++) {
            size_t name = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
            const char *end = p + 1 + name;
            if (*end == ':' && strchr("xdt", end[1]))
                end += 2;
            assert_true(name > 0 && *end == '}');
        }
        assert_in_range(n, 1, SKEP_ERROR_ARGS);
    }
}

TEST(statuses_and_the_version_have_names)
{
    assert_string_equal(skep_status_name(SKEP_OK), "SKEP_OK");
    assert_string_equal(skep_status_name(SKEP_CANCELLED), "SKEP_CANCELLED");
    assert_string_equal(skep_status_name((skep_status)99), "SKEP_(unknown)");
    int major, minor, patch;
    assert_int_equal(sscanf(skep_version(), "%d.%d.%d", &major, &minor, &patch), 3);
    assert_int_equal(minor, SKEP_VERSION_MINOR);
}

UNIT_TESTS(UNIT(renders_its_arguments_in_order), UNIT(the_first_report_wins),
           UNIT(an_empty_report_renders_as_nothing), UNIT(hostile_names_are_escaped_and_cut),
           UNIT(length_is_that_of_the_whole_text), UNIT(every_row_has_a_name_of_its_own),
           UNIT(every_row_has_balanced_placeholders), UNIT(statuses_and_the_version_have_names))
