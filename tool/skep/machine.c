/* skep dump --jit: machine code, beside the source that it was made of.  Capstone tells where
 * instructions end and what they are; without it the bytes of each BPF instruction are one row. */
#include "machine.h"

#include "out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef SKEP_HAVE_CAPSTONE
#include <capstone/capstone.h>
#endif

/* Walks the code: what function and what line an offset belongs to. */
struct machine_walk {
    const struct skep_machine_code *code;
    size_t line, symbol;
};

static const struct skep_code_symbol *walk_symbol(struct machine_walk *walk, size_t offset)
{
    const struct skep_machine_code *code = walk->code;
    while (walk->symbol + 1 < code->n_symbols && code->symbols[walk->symbol + 1].offset <= offset)
        walk->symbol++;
    bool inside = walk->symbol < code->n_symbols && code->symbols[walk->symbol].offset <= offset;
    return inside ? &code->symbols[walk->symbol] : NULL;
}

static const struct skep_code_line *walk_line(struct machine_walk *walk, size_t offset)
{
    const struct skep_machine_code *code = walk->code;
    while (walk->line + 1 < code->n_lines && code->lines[walk->line + 1].offset <= offset)
        walk->line++;
    bool inside = walk->line < code->n_lines && code->lines[walk->line].offset <= offset;
    return inside ? &code->lines[walk->line] : NULL;
}

static void machine_add(struct machine_walk *walk, size_t offset, size_t size, const char *text,
                        json_t *rows)
{
    const struct skep_code_symbol *symbol = walk_symbol(walk, offset);
    const struct skep_code_line *line = walk_line(walk, offset);
    json_t *row = need(json_object());
    set(row, "offset", json_integer((json_int_t)offset));
    set(row, "bytes", json_hex((const uint8_t *)walk->code->start + offset, size));
    set(row, "text", json_text(text));
    if (symbol)
        set(row, "function", json_text(symbol->name));
    if (line && line->insn != UINT32_MAX)
        set(row, "insn", json_integer(line->insn));
    if (line && line->line) {
        set(row, "file", json_text(line->file));
        set(row, "line", json_integer(line->line));
        set(row, "source", json_text(line->source));
    }
    append(rows, row);
}

/* Up to the next line's offset. */
static void machine_add_bytes(struct machine_walk *walk, size_t *at, json_t *rows)
{
    const struct skep_machine_code *code = walk->code;
    (void)walk_line(walk, *at);
    size_t end = walk->line + 1 < code->n_lines ? code->lines[walk->line + 1].offset : code->bytes;
    if (end <= *at || end > *at + 15)
        end = *at + 15 < code->bytes ? *at + 15 : code->bytes;
    machine_add(walk, *at, end - *at, "", rows);
    *at = end;
}

#ifdef SKEP_HAVE_CAPSTONE
static bool machine_open(const char *cpu, csh *handle)
{
    bool arm = !strcmp(cpu, "arm64");
    return cs_open(arm ? CS_ARCH_ARM64 : CS_ARCH_X86, arm ? CS_MODE_ARM : CS_MODE_64, handle) ==
           CS_ERR_OK;
}

static void machine_add_all(struct machine_walk *walk, json_t *rows)
{
    const struct skep_machine_code *code = walk->code;
    const uint8_t *start = code->start;
    csh handle;
    cs_insn *insn;
    if (!machine_open(code->cpu, &handle))
        return;
    for (size_t at = 0; at < code->bytes;) {
        uint64_t address = (uint64_t)(uintptr_t)(start + at);
        if (!cs_disasm(handle, start + at, code->bytes - at, address, 1, &insn)) {
            machine_add_bytes(walk, &at, rows);
            continue;
        }
        char *text = format_new("%s %s", insn->mnemonic, insn->op_str);
        machine_add(walk, at, insn->size, text, rows);
        free(text);
        at += insn->size;
        cs_free(insn, 1);
    }
    cs_close(&handle);
}
#else
static void machine_add_all(struct machine_walk *walk, json_t *rows)
{
    for (size_t at = 0; at < walk->code->bytes;)
        machine_add_bytes(walk, &at, rows);
}
#endif

json_t *machine_code_json(const skep_program *program)
{
    struct skep_machine_code code;
    struct machine_walk walk = { .code = &code };
    json_t *rows = need(json_array());
    if (skep_program_machine_code(program, &code))
        machine_add_all(&walk, rows);
    return rows;
}

/* A line of source, or a function's name, where that changes. */
void machine_code_print(const json_t *insns)
{
    const char *function = "";
    long long line = 0;
    size_t i;
    const json_t *row;
    json_array_foreach(insns, i, row)
    {
        if (strcmp(get_text(row, "function"), function)) {
            function = get_text(row, "function");
            printf("%s%s:\n", i ? "\n" : "", function);
            line = 0;
        }
        if (get_int(row, "line") && get_int(row, "line") != line) {
            line = get_int(row, "line");
            printf("; %s:%lld  %s\n", get_text(row, "file"), line, get_text(row, "source"));
        }
        printf("%6llx:  %-20s  ", (unsigned long long)get_int(row, "offset"),
               get_text(row, "bytes"));
        if (json_object_get(row, "insn"))
            printf("%-34s ; %lld\n", get_text(row, "text"), get_int(row, "insn"));
        else
            puts(get_text(row, "text"));
    }
}
