/* What every unit test includes: cmocka with the headers it wants before it, and the list macro.
 *
 *     TEST(bytes_refuses_read_past_end) { … }
 *     UNIT_TESTS(UNIT(bytes_refuses_read_past_end), …)
 */
#ifndef SKEP_TEST_UNIT_H
#define SKEP_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TEST(name) static void name(void **state_)
#define UNIT(name) cmocka_unit_test(name)

/* TEST's parameter is cmocka's, and most tests have no use for it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define UNIT_TESTS(...)                                                                            \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest unit_tests_[] = { __VA_ARGS__ };                                   \
        return cmocka_run_group_tests(unit_tests_, NULL, NULL);                                    \
    }

#endif
