/* A small program that embeds the library.  It is built from the amalgamation, through pkg-config
 * and through find_package, and must link and run each time. */
#ifdef SKEP_AMALGAMATION
#include "skep.h"
#else
#include <skep/skep.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int same(const char *what, const char *expected, const char *got)
{
    if (strcmp(expected, got) == 0)
        return 1;
    printf("%s: expected \"%s\", got \"%s\"\n", what, expected, got);
    return 0;
}

static int header_and_library_agree(void)
{
    char expected[32];
    snprintf(expected, sizeof(expected), "%d.%d.%d", SKEP_VERSION_MAJOR, SKEP_VERSION_MINOR,
             SKEP_VERSION_PATCH);
    return same("version", expected, skep_version());
}

static int text_becomes_code_and_text_again(void)
{
    skep_insn *insns = NULL;
    size_t count = 0;
    char *text = NULL;
    skep_error error = { 0 };
    if (skep_assemble("r0 = 2\nexit", &insns, &count, &error) != SKEP_OK ||
        skep_disassemble(insns, count, &text) != SKEP_OK)
        return same("assembler", "", skep_error_id(&error));
    int right = same("listing", "r0 = 0x2\nexit\n", text);
    free(insns);
    free(text);
    return right;
}

static int an_error_names_its_place(void)
{
    skep_insn *insns;
    size_t count;
    skep_error error = { 0 };
    char text[200];
    if (skep_assemble("r0 = 2\nnonsense", &insns, &count, &error) != SKEP_MALFORMED)
        return same("status", "SKEP_MALFORMED", "another");
    skep_error_text(&error, text, sizeof(text));
    return strstr(text, "line 2, column 1") ? 1 : same("error", "line 2, column 1", text);
}

int main(void)
{
    if (!header_and_library_agree() || !text_becomes_code_and_text_again() ||
        !an_error_names_its_place())
        return 1;
    printf("embeds libskep %s\n", skep_version());
    return 0;
}
