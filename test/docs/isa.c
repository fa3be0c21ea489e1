/* docs/isa.md: the instruction table. */
#include "isa/format.h"

#include "docs/page.h"

static const char introduction[] =
    "# The instruction set\n"
    "\n"
    "This page is generated from the table in src/isa/rows.h; `make docs` writes it anew.\n"
    "\n"
    "A row is one defined encoding of RFC 9669 or of what Linux added to it. Fields that are not\n"
    "operands hold the values shown, registers are r0 to r10, and r10 is never written; every "
    "other\n"
    "encoding is refused. In the second slot of a 64-bit immediate only the upper half is free, "
    "and\n"
    "where the first one names a map by itself, a variable or code, not even that.\n"
    "\n"
    "The canonical text is llvm-objdump's. Where that shows fewer bits than the instruction has "
    "(local\n"
    "calls, kfuncs, references by number, indexed packet loads) the text here differs, so that\n"
    "assembling it gives the same bytes. The assembler also reads decimal numbers, w registers "
    "for\n"
    "loads and stores of up to 32 bits, the spellings of the kernel's logs (`(b7) r0 = 1`,\n"
    "`call name#1`, `goto pc+3`), and the classic mnemonics of the last column, whose operands "
    "are\n"
    "written `add64 r1, r2`, `ldxdw r1, [r2+8]`, `jeq32 r1, 5, label`, `lock fetch add64 [r1], "
    "r2`.\n"
    "Comments begin with `#` or `//` or stand between `/*` and `*/`; `;` separates instructions;\n"
    "`name:` is a label, and `.8byte N` is a slot as it is.\n";

static struct insn docs_sample(u16 op)
{
    const struct isa_row *row = &isa_rows[op];
    return (struct insn){
        .op = op,
        .dst = row->operands & ISA_D ? 1 : 0,
        .src = row->operands & ISA_S ? 2 : row->src,
        .off = row->operands & ISA_O ? 8 : row->off,
        .imm = row->operands & ISA_I ? (row->kind == ISA_KIND_ADDR_SPACE_CAST ? 1 : 5)
                                     : (u64)(s64)row->imm,
    };
}

/* The fields that tell the row from others of its opcode, and those that are always 0 are left out.
 */
static void write_fixed(struct text *out, const struct isa_row *row)
{
    const char *comma = "";
    if (!(row->operands & ISA_S) && row->src) {
        text_printf(out, "src %u", row->src);
        comma = ", ";
    }
    if (!(row->operands & ISA_O) && row->off) {
        text_printf(out, "%soffset %u", comma, row->off);
        comma = ", ";
    }
    if (!(row->operands & ISA_I) && row->imm)
        text_printf(out, "%simm 0x%x", comma, (unsigned)row->imm);
    if (row->kind == ISA_KIND_ADDR_SPACE_CAST)
        text_printf(out, "%simm 0x1 or 0x10000", comma);
}

static void write_operands(struct text *out, const struct isa_row *row)
{
    static const char *const names[] = { "dst", "src", "offset", "imm" };
    const char *blank = "";
    for (u32 i = 0; i < ARRAY_LEN(names); i++) {
        if (row->operands >> i & 1) {
            text_printf(out, "%s%s", blank, names[i]);
            blank = " ";
        }
    }
}

static void write_row(struct text *out, u16 op)
{
    const struct isa_row *row = &isa_rows[op];
    struct insn insn = docs_sample(op);
    text_printf(out, "| %s | 0x%02x | ", row->name, row->opcode);
    write_operands(out, row);
    text_string(out, " | ");
    write_fixed(out, row);
    struct text line;
    char sample[128];
    text_init_fixed(&line, sample, sizeof sample);
    isa_print(&line, &insn);
    text_string(out, " | `");
    for (const char *p = text_cstr(&line); *p; p++)
        text_printf(out, *p == '|' ? "\\|" : "%c", *p);
    text_printf(out, "` | %s%s |\n", row->classic, isa_classic_suffixes(row).first);
}

static u32 group_rows(enum isa_group group)
{
    u32 n = 0;
    for (u16 op = 0; op < ISA_OP_COUNT; op++)
        n += isa_rows[op].group == group;
    return n;
}

static void write_page(struct text *out)
{
    text_string(out, introduction);
    text_printf(out,
                "\n## Groups\n\nThere are %d rows in %d groups (RFC 9669 §2.4, and one group for "
                "each extension of Linux).\n\n| group | rows |\n|---|---|\n",
                ISA_OP_COUNT, ISA_GROUP_COUNT);
    for (enum isa_group g = 0; g < ISA_GROUP_COUNT; g++)
        text_printf(out, "| %s | %u |\n", isa_group_name(g), group_rows(g));
    for (enum isa_group g = 0; g < ISA_GROUP_COUNT; g++) {
        text_printf(out,
                    "\n## %s\n\n| row | opcode | operands | fixed fields | text, for example | "
                    "classic |\n|---|---|---|---|---|---|\n",
                    isa_group_name(g));
        for (u16 op = 0; op < ISA_OP_COUNT; op++)
            if (isa_rows[op].group == g)
                write_row(out, op);
    }
}

int main(int argc, char **argv) { return page_main(argc, argv, write_page); }
