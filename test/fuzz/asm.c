/* The instruction set's text: whatever the input, text that assembles disassembles to text that
 * assembles to the same slots, and so do the input's own bytes taken as slots. */
#include <skep/isa.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void text_gives_back(const skep_insn *insns, size_t n)
{
    char *text = NULL;
    skep_insn *back = NULL;
    size_t n_back = 0;
    require(skep_disassemble(insns, n, &text) == SKEP_OK, "slots have no text");
    skep_error error = { 0 };
    if (skep_assemble(text, &back, &n_back, &error) != SKEP_OK) {
        char message[256];
        skep_error_text(&error, message, sizeof message);
        require(false, message);
    }
    require(n == n_back, "another number of slots");
    require(n == 0 || memcmp(insns, back, n * sizeof *insns) == 0, "other slots");
    free(back);
    free(text);
}

static void check_slots(const skep_insn *insns, size_t n)
{
    skep_error error = { 0 };
    skep_status status = skep_check_structure(insns, n, &error);
    require((status == SKEP_OK) == !skep_error_id(&error)[0], "a status without a report");
    text_gives_back(insns, n);
}

static void as_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    skep_insn *insns = NULL;
    size_t n = 0;
    require(text != NULL, "no memory");
    memcpy(text, data, size);
    text[size] = 0;
    skep_error error = { 0 };
    skep_status status = skep_assemble(text, &insns, &n, &error);
    require((status == SKEP_OK) == !skep_error_id(&error)[0], "a status without a report");
    if (status == SKEP_OK)
        check_slots(insns, n);
    free(insns);
    free(text);
}

static void as_slots(const uint8_t *data, size_t size)
{
    size_t n = size / sizeof(skep_insn);
    skep_insn *insns = malloc(size + 1);
    require(insns != NULL, "no memory");
    memcpy(insns, data, n * sizeof *insns);
    check_slots(insns, n);
    free(insns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0)
        as_text(data, size);
    as_slots(data, size);
    return 0;
}
