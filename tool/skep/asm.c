/* skep asm: text to bytecode. */
#include "out.h"
#include "values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char details_asm[] =
    "Reads llvm-objdump's text (r0 += 0x1), the kernel verifier's spellings and the classic\n"
    "mnemonics (mov64 r0, 1), one instruction per line or separated by semicolons, with labels "
    "and\n"
    "comments. FILE may be - for standard input. Writes 8 bytes per slot, little-endian, to OUT;\n"
    "without -o to standard output, which must then be no terminal unless --hex is given.\n"
    "\n"
    "Example:\n"
    "\n"
    "  echo 'r0 = 42 ; exit' | skep asm - --hex\n";

static void print_hex_lines(FILE *file, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n * 8; i++)
        fprintf(file, "%02x%c", bytes[i], i % 8 == 7 ? '\n' : ' ');
}

static int asm_write(const struct args *args, const uint8_t *bytes, size_t n)
{
    const char *path = args_value(args, OPT_OUTPUT);
    bool standard = !path || !strcmp(path, "-");
    bool hex = args_has(args, OPT_HEX);
    if (standard && !hex && isatty(STDOUT_FILENO))
        return say_usage("raw bytes do not belong on a terminal; use --hex or -o OUT");
    FILE *file = standard ? stdout : fopen(path, "wb");
    if (!file)
        return say_usage("%s: %s", path, strerror(errno));
    if (hex)
        print_hex_lines(file, bytes, n);
    else
        fwrite(bytes, 8, n, file);
    bool failed = ferror(file);
    if (!standard && fclose(file))
        failed = true;
    return failed ? say_usage("%s: %s", standard ? "standard output" : path, strerror(errno))
                  : STATUS_OK;
}

static void asm_document(const struct args *args, const char *path, const uint8_t *bytes, size_t n)
{
    json_t *result = need(json_object());
    set(result, "object", json_text(path));
    set(result, "slots", json_integer((json_int_t)n));
    set(result, "bytes", json_hex(bytes, n * 8));
    print_document(args->command->name, json_pack("[o]", result));
}

static int asm_emit(const struct args *args, const char *path, const skep_insn *insns, size_t n)
{
    uint8_t *bytes = need(malloc(n * 8 + 1));
    insns_store(insns, n, bytes);
    bool json = args_has(args, OPT_JSON);
    int status = STATUS_OK;
    if (!json || args_has(args, OPT_OUTPUT))
        status = asm_write(args, bytes, n);
    if (!status && json)
        asm_document(args, path, bytes, n);
    free(bytes);
    return status;
}

int command_asm(const struct args *args)
{
    struct bytes_buffer file;
    skep_insn *insns;
    size_t n;
    skep_error error = { 0 };
    if (args->n_words != 1)
        return say_usage("asm takes one file; see skep help asm");
    const char *path = args->words[0];
    if (!file_read(path, &file))
        return say_usage("%s: %s", path, strerror(errno));
    skep_status status = memchr(file.data, 0, file.size)
                             ? SKEP_MALFORMED
                             : skep_assemble((const char *)file.data, &insns, &n, &error);
    free(file.data);
    if (status)
        return error.id ? say_error(path, status, &error) : say_usage("%s: this is no text", path);
    int result = asm_emit(args, path, insns, n);
    free(insns);
    return result;
}
