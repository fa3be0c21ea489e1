/* docs/diagnostics.md: every report by its stable name. */
#include "docs/page.h"

static const struct {
    const char *name, *text, *advice;
} reports[] = {
#define DIAG_ROW(name, text, advice, ...)                                                          \
    {                                                                                              \
        name, text, advice                                                                         \
    }
#define DIAG(id, ...) DIAG_ROW(__VA_ARGS__, "", ),
#include "base/diags.h"
#undef DIAG
#undef DIAG_ROW
};

static const char introduction[] =
    "# Reports\n"
    "\n"
    "This page is generated from src/base/diags.h; `make docs` writes it anew.\n"
    "\n"
    "The name is what skep_error_id() gives and what JSON has as `id`; it stays as it is. The text "
    "may\n"
    "become better. What stands in braces is an argument, and a key of the JSON form. The advice "
    "is "
    "what\n"
    "usually helps against what the verifier finds.\n";

static void write_cell(struct text *out, const char *cell)
{
    text_string(out, "| ");
    for (const char *p = cell; *p; p++)
        text_printf(out, *p == '|' ? "\\|" : "%c", *p);
    text_char(out, ' ');
}

static void write_page(struct text *out)
{
    text_string(out, introduction);
    text_string(out, "\n| name | text | advice |\n|---|---|---|\n");
    for (size_t i = 0; i < ARRAY_LEN(reports); i++) {
        write_cell(out, reports[i].name);
        write_cell(out, reports[i].text);
        write_cell(out, reports[i].advice);
        text_string(out, "|\n");
    }
}

int main(int argc, char **argv) { return page_main(argc, argv, write_page); }
