/* docs/diagnostics.md: every report by its stable name. */
#include "docs/page.h"

static const struct {
    const char *name, *text;
} reports[] = {
#define DIAG(id, name, text) { name, text },
#include "base/diags.h"
#undef DIAG
};

static const char introduction[] =
    "# Reports\n"
    "\n"
    "This page is generated from src/base/diags.h; `make docs` writes it anew.\n"
    "\n"
    "The name is what skep_error_id() gives and what JSON has as `id`; it stays as it is. The text "
    "may\n"
    "become better. What stands in braces is an argument, and a key of the JSON form.\n";

static void write_page(struct text *out)
{
    text_string(out, introduction);
    text_string(out, "\n| name | text |\n|---|---|\n");
    for (size_t i = 0; i < ARRAY_LEN(reports); i++) {
        text_printf(out, "| %s | ", reports[i].name);
        for (const char *p = reports[i].text; *p; p++)
            text_printf(out, *p == '|' ? "\\|" : "%c", *p);
        text_string(out, " |\n");
    }
}

int main(int argc, char **argv) { return page_main(argc, argv, write_page); }
