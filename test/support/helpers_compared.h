/* Which helpers were called by programs whose results were compared with the kernel's, and in how
 * many programs: for test/corpora/compared.py, as lines "helper NUMBER PROGRAMS". */
#ifndef SKEP_TEST_HELPERS_COMPARED_H
#define SKEP_TEST_HELPERS_COMPARED_H

#include <skep/skep.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELPERS_MAX = 256 };
static uint32_t helpers_compared[HELPERS_MAX];

static inline void note_helper(unsigned long id, bool called[HELPERS_MAX])
{
    if (id < HELPERS_MAX && !called[id]) {
        called[id] = true;
        helpers_compared[id]++;
    }
}

/* A program as instructions. */
static inline void note_helpers(const skep_insn *insns, size_t n)
{
    bool called[HELPERS_MAX] = { false };
    for (size_t i = 0; i < n; i++)
        if (insns[i].opcode == 0x85 && insns[i].registers >> 4 == 0)
            note_helper((unsigned long)insns[i].imm, called);
}

/* The program of an object. */
static inline void note_helpers_of(const skep_object *object, const char *program)
{
    bool called[HELPERS_MAX] = { false };
    char *text = NULL;
    if (skep_object_list(object, program, &text, NULL) != SKEP_OK)
        return;
    for (const char *at = text; (at = strstr(at, "\tcall 0x")); at += 8)
        note_helper(strtoul(at + 6, NULL, 16), called);
    free(text);
}

static inline void print_helpers_compared(void)
{
    for (int id = 0; id < HELPERS_MAX; id++)
        if (helpers_compared[id])
            printf("helper %d %u\n", id, helpers_compared[id]);
}

/* In place of UNIT_TESTS. */
#define HELPER_TESTS(...)                                                                          \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest unit_tests_[] = { __VA_ARGS__ };                                   \
        int failed = cmocka_run_group_tests(unit_tests_, NULL, NULL);                              \
        print_helpers_compared();                                                                  \
        return failed;                                                                             \
    }

#endif
