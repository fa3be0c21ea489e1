/* skep disasm: bytecode to text. */
#include "out.h"
#include "values.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char details_disasm[] =
    "Takes a file of raw bytes or of hex text (- is standard input), or the hex bytes themselves.\n"
    "Prints an instruction per line as llvm-objdump does; a slot that is no instruction becomes\n"
    ".8byte. For objects, see skep dump --insns.\n"
    "\n"
    "Example:\n"
    "\n"
    "  skep disasm b70000002a000000 9500000000000000\n";

static bool bytes_are_text(const struct bytes_buffer *file)
{
    for (size_t i = 0; i < file->size; i++)
        if (!isprint(file->data[i]) && !isspace(file->data[i]))
            return false;
    return true;
}

static int bytes_from_file(const char *path, struct bytes_buffer *out)
{
    struct bytes_buffer file;
    if (!file_read(path, &file))
        return say_usage("%s: %s", path, strerror(errno));
    if (!bytes_are_text(&file)) {
        *out = file;
        return STATUS_OK;
    }
    bool ok = hex_parse((const char *)file.data, file.size, out);
    free(file.data);
    return ok ? STATUS_OK : say_usage("%s: this is neither bytecode nor hex text", path);
}

static int bytes_from_words(const struct args *args, struct bytes_buffer *out)
{
    char *all = need(strdup(""));
    for (int i = 0; i < args->n_words; i++) {
        char *longer = format_new("%s %s", all, args->words[i]);
        free(all);
        all = longer;
    }
    bool ok = hex_parse(all, strlen(all), out);
    free(all);
    return ok ? STATUS_OK
              : say_usage("%s: there is no such file, and it is no string of hex bytes",
                          args->words[0]);
}

static int disasm_bytes(const struct args *args, struct bytes_buffer *out)
{
    const char *first = args->words[0];
    bool is_file = args->n_words == 1 && (!strcmp(first, "-") || access(first, F_OK) == 0);
    return is_file ? bytes_from_file(first, out) : bytes_from_words(args, out);
}

static int disasm_print(const struct args *args, const struct bytes_buffer *bytes)
{
    char *text;
    size_t n = bytes->size / 8;
    skep_insn *insns = need(malloc(n * sizeof *insns + 1));
    insns_load(bytes->data, n, insns);
    skep_status status = skep_disassemble(insns, n, &text);
    free(insns);
    if (status)
        return say_error(args->words[0], status, NULL);
    if (args_has(args, OPT_JSON)) {
        json_t *result = need(json_pack("{s:o, s:I, s:o}", "object", json_text(args->words[0]),
                                        "slots", (json_int_t)n, "insns", json_lines(text)));
        print_document(args->command->name, json_pack("[o]", result));
    } else {
        fputs(text, stdout);
    }
    free(text);
    return STATUS_OK;
}

int command_disasm(const struct args *args)
{
    struct bytes_buffer bytes;
    if (args->n_words == 0)
        return say_usage("disasm takes a file or hex bytes; see skep help disasm");
    int status = disasm_bytes(args, &bytes);
    if (status)
        return status;
    if (bytes.size >= 4 && !memcmp(bytes.data, "\177ELF", 4))
        status = say_usage("%s is an object: see skep dump --insns", args->words[0]);
    else if (bytes.size % 8)
        status = say_usage("%zu bytes are no whole number of 8-byte instructions", bytes.size);
    else
        status = disasm_print(args, &bytes);
    free(bytes.data);
    return status;
}
