/* What the tests that run under emulation use of cmocka, which Debian has no package of for another
 * CPU: a failure prints where, and ends the program. */
#ifndef SKEP_TEST_ARCH_CMOCKA_H
#define SKEP_TEST_ARCH_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};
#define cmocka_unit_test(function)                                                                 \
    {                                                                                              \
#function, function                                                                        \
    }

#define fail_msg(...)                                                                              \
    do {                                                                                           \
        fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                                            \
        fprintf(stderr, __VA_ARGS__);                                                              \
        fprintf(stderr, "\n");                                                                     \
        exit(1);                                                                                   \
    } while (0)
#define assert_true(holds)                                                                         \
    do {                                                                                           \
        if (!(holds))                                                                              \
            fail_msg("%s does not hold", #holds);                                                  \
    } while (0)
#define assert_false(holds) assert_true(!(holds))
#define assert_non_null(pointer) assert_true((pointer) != NULL)
#define assert_null(pointer) assert_true((pointer) == NULL)
#define assert_ptr_equal(a, b) assert_true((const void *)(a) == (const void *)(b))
#define assert_int_equal(a, b) assert_true((uint64_t)(a) == (uint64_t)(b))
#define assert_int_not_equal(a, b) assert_false((uint64_t)(a) == (uint64_t)(b))
#define assert_string_equal(a, b) assert_true(strcmp(a, b) == 0)
#define assert_string_not_equal(a, b) assert_false(strcmp(a, b) == 0)
#define assert_memory_equal(a, b, size) assert_true(memcmp(a, b, size) == 0)
/* All of them can run under emulation. */
#define skip() fail_msg("nothing is to be skipped here")
#define print_message(...) printf(__VA_ARGS__)

static inline int cmocka_run_tests(const struct CMUnitTest *tests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        tests[i].run(NULL);
        printf("ok - %s\n", tests[i].name);
    }
    return 0;
}
#define cmocka_run_group_tests(tests, setup, teardown)                                             \
    cmocka_run_tests(tests, sizeof(tests) / sizeof((tests)[0]))

#endif
