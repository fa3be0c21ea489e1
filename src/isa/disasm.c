/* Instructions to text, by the patterns of format.h. */
#include "isa/format.h"

static void disasm_number(struct text *out, s64 value)
{
    u64 magnitude = value < 0 ? 0 - (u64)value : (u64)value;
    text_printf(out, "%s0x%" PRIx64, value < 0 ? "-" : "", magnitude);
}

static void disasm_distance(struct text *out, s64 value)
{
    if (value >= 0)
        text_char(out, '+');
    disasm_number(out, value);
}

static void disasm_address(struct text *out, u32 reg, s32 off)
{
    text_printf(out, "r%u %c 0x%x", reg, off < 0 ? '-' : '+', off < 0 ? 0 - (u32)off : (u32)off);
}

/* Of a memory access: the letter that llvm-objdump 19 shows without options.  It takes what BPF had
 * at first to be on r registers, and knows what came later only on w registers. */
static char disasm_value_letter(const struct isa_row *row)
{
    bool early = row->kind == ISA_KIND_LOAD || row->kind == ISA_KIND_STORE_REG ||
                 (row->kind == ISA_KIND_ATOMIC && row->imm == 0);
    return row->size == 8 || early ? 'r' : 'w';
}

static void disasm_pattern(struct text *out, const struct insn *insn, const char *pattern);

static void disasm_operand(struct text *out, const struct insn *insn, char what)
{
    const struct isa_row *row = insn_row(insn);
    char width = row->size == 4 ? 'w' : 'r';
    u32 low = (u32)insn->imm, high = (u32)(insn->imm >> 32);
    switch (what) {
    case 'd': text_printf(out, "%c%u", width, insn->dst); break;
    case 's': text_printf(out, "%c%u", width, insn->src); break;
    case 'D': text_printf(out, "r%u", insn->dst); break;
    case 'S': text_printf(out, "r%u", insn->src); break;
    case 'x': text_printf(out, "%c%u", disasm_value_letter(row), insn->dst); break;
    case 'y': text_printf(out, "%c%u", disasm_value_letter(row), insn->src); break;
    case 'o': text_printf(out, "%c0", width); break;
    case 't': text_string(out, row->text); break;
    case 'T': disasm_pattern(out, insn, row->text); break;
    case 'm': text_string(out, row->classic); break;
    case 'u': text_printf(out, "u%u", row->size * 8u); break;
    case 'z': text_printf(out, "s%u", row->size * 8u); break;
    case 'M': disasm_address(out, insn->dst, insn->off); break;
    case 'N': disasm_address(out, insn->src, insn->off); break;
    case 'h':
    case 'i': disasm_number(out, (s32)low); break;
    case 'l': disasm_number(out, (s64)insn->imm); break;
    case 'f': disasm_number(out, low); break;
    case 'v': disasm_number(out, high); break;
    case 'j': disasm_distance(out, insn->off); break;
    case 'J':
    case 'C': disasm_distance(out, (s32)low); break;
    case 'p':
        text_string(out, "pc");
        disasm_distance(out, (s32)low);
        break;
    case 'g': text_printf(out, "0x%x, 0x%x", low >> 16, low & 0xffff); break;
    case 'n': disasm_number(out, row->src); break;
    case 'k':
        if (insn->off != 0) {
            text_string(out, " off ");
            disasm_number(out, insn->off);
        }
        break;
    default: UNREACHABLE();
    }
}

static void disasm_pattern(struct text *out, const struct insn *insn, const char *pattern)
{
    for (const char *p = pattern; *p; p++) {
        if (*p == '%')
            disasm_operand(out, insn, *++p);
        else
            text_char(out, *p);
    }
}

void isa_print(struct text *out, const struct insn *insn)
{
    disasm_pattern(out, insn, isa_canonical_formats[insn_row(insn)->kind]);
}

void isa_print_objdump(struct text *out, const struct insn *insn)
{
    disasm_pattern(out, insn, isa_objdump_format(insn_row(insn)));
}
