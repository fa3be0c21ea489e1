/* The patterns of format.h. */
#include "isa/format.h"

/* clang-format off */
const char *const isa_canonical_formats[ISA_KIND_COUNT] = {
    [ISA_KIND_BINARY_REG]      = "%d %t %s",
    [ISA_KIND_BINARY_IMM]      = "%d %t %i",
    [ISA_KIND_MOVSX]           = "%d = (%t)%s",
    [ISA_KIND_NEG]             = "%d = -%d",
    [ISA_KIND_END]             = "%D = %t %D",
    [ISA_KIND_ADDR_SPACE_CAST] = "%D = %t(%S, %g)",
    [ISA_KIND_LOAD]            = "%x = *(%u *)(%N)",
    [ISA_KIND_LOAD_SX]         = "%D = *(%z *)(%N)",
    [ISA_KIND_STORE_REG]       = "*(%u *)(%M) = %y",
    [ISA_KIND_STORE_IMM]       = "*(%u *)(%M) = %i",
    [ISA_KIND_ATOMIC]          = "lock *(%u *)(%M) %t %y",
    [ISA_KIND_FETCH]           = "%y = atomic_fetch_%m((%u *)(%M), %y)",
    [ISA_KIND_XCHG]            = "%y = %t(%M, %y)",
    [ISA_KIND_CMPXCHG]         = "%o = %t(%M, %o, %y)",
    [ISA_KIND_LOAD_ACQ]        = "%x = %t((%u *)(%N))",
    [ISA_KIND_STORE_REL]       = "%t((%u *)(%M), %y)",
    [ISA_KIND_LDDW]            = "%D = %T",
    [ISA_KIND_LD_ABS]          = "r0 = *(%u *)skb[%i]",
    [ISA_KIND_LD_IND]          = "r0 = *(%u *)skb[%S + %i]",
    [ISA_KIND_COND_REG]        = "if %d %t %s goto %j",
    [ISA_KIND_COND_IMM]        = "if %d %t %i goto %j",
    [ISA_KIND_JUMP]            = "%t %j",
    [ISA_KIND_JUMP_LONG]       = "%t %J",
    [ISA_KIND_MAY_GOTO]        = "%t %j",
    [ISA_KIND_JUMP_INDIRECT]   = "%t %D",
    [ISA_KIND_CALL_HELPER]     = "%t %h",
    [ISA_KIND_CALL_LOCAL]      = "%t %p",
    [ISA_KIND_CALL_KFUNC]      = "%t kfunc %i%k",
    [ISA_KIND_CALL_INDIRECT]   = "%t %D",
    [ISA_KIND_EXIT]            = "%t",
};

/* The kernel's spellings, then the classic mnemonics (as ubpf, rbpf and bpf_conformance have them). */
const struct isa_format isa_other_formats[] = {
    { ISA_KIND_FETCH,         "%y = %afetch_%m((%u *)(%M), %y)" },
    { ISA_KIND_XCHG,          "%y = %axchg((%u *)(%M), %y)" },
    { ISA_KIND_CMPXCHG,       "%o = %acmpxchg((%u *)(%M), %o, %y)" },
    { ISA_KIND_LDDW,          "ld_pseudo %D, %n, %f" },
    { ISA_KIND_LDDW,          "%D = %L%l" },
    { ISA_KIND_LD_IND,        "r0 = *(%u *)skb[%S]" },

    { ISA_KIND_BINARY_REG,    "%c %D, %S" },
    { ISA_KIND_BINARY_IMM,    "%c %D, %i" },
    { ISA_KIND_MOVSX,         "%c %D, %S" },
    { ISA_KIND_NEG,           "%c %D" },
    { ISA_KIND_END,           "%c %D" },
    { ISA_KIND_END,           "%t %D" },
    { ISA_KIND_LOAD,          "%c %D, [%N]" },
    { ISA_KIND_LOAD_SX,       "%c %D, [%N]" },
    { ISA_KIND_STORE_REG,     "%c [%M], %S" },
    { ISA_KIND_STORE_IMM,     "%c [%M], %i" },
    { ISA_KIND_ATOMIC,        "lock %c [%M], %S" },
    { ISA_KIND_FETCH,         "lock fetch %c [%M], %S" },
    { ISA_KIND_FETCH,         "lock fetch_%c [%M], %S" },
    { ISA_KIND_XCHG,          "lock %c [%M], %S" },
    { ISA_KIND_CMPXCHG,       "lock %c [%M], %S" },
    { ISA_KIND_LOAD_ACQ,      "%c %D, [%N]" },
    { ISA_KIND_STORE_REL,     "%c [%M], %S" },
    { ISA_KIND_LDDW,          "%c %D, %T" },
    { ISA_KIND_LDDW,          "%c %D, %l" },
    { ISA_KIND_LD_ABS,        "%c %i" },
    { ISA_KIND_LD_IND,        "%c %S, %i" },
    { ISA_KIND_COND_REG,      "%c %D, %S, %j" },
    { ISA_KIND_COND_IMM,      "%c %D, %i, %j" },
    { ISA_KIND_JUMP,          "%c %j" },
    { ISA_KIND_JUMP_LONG,     "%c %J" },
    { ISA_KIND_CALL_HELPER,   "%t helper %i" },
    { ISA_KIND_CALL_LOCAL,    "%t local %J" },
    { ISA_KIND_CALL_KFUNC,    "%t runtime %i%k" },
};
/* clang-format on */
const u32 isa_other_formats_n = ARRAY_LEN(isa_other_formats);

/* llvm-objdump names no kinds of call and drops the immediate of indexed packet loads. */
const char *isa_objdump_format(const struct isa_row *row)
{
    static const char *const formats[ISA_KIND_COUNT] = {
        [ISA_KIND_LDDW] = "ld_pseudo\t%D, %n, %f",
        [ISA_KIND_LD_IND] = "r0 = *(%u *)skb[%S]",
        [ISA_KIND_CALL_LOCAL] = "%t %i",
        [ISA_KIND_CALL_KFUNC] = "%t %i",
    };
    bool plain = row->kind == ISA_KIND_LDDW && row->src == 0;
    const char *format = plain ? NULL : formats[row->kind];
    return format ? format : isa_canonical_formats[row->kind];
}

enum format_suffix { FORMAT_NO_SUFFIX, FORMAT_BY_SIZE, FORMAT_BY_WIDTH };

struct isa_suffixes isa_classic_suffixes(const struct isa_row *row)
{
    static const u8 suffixes[ISA_KIND_COUNT] = {
        [ISA_KIND_BINARY_REG] = FORMAT_BY_WIDTH, [ISA_KIND_BINARY_IMM] = FORMAT_BY_WIDTH,
        [ISA_KIND_MOVSX] = FORMAT_BY_WIDTH,      [ISA_KIND_NEG] = FORMAT_BY_WIDTH,
        [ISA_KIND_COND_REG] = FORMAT_BY_WIDTH,   [ISA_KIND_COND_IMM] = FORMAT_BY_WIDTH,
        [ISA_KIND_ATOMIC] = FORMAT_BY_WIDTH,     [ISA_KIND_FETCH] = FORMAT_BY_WIDTH,
        [ISA_KIND_XCHG] = FORMAT_BY_WIDTH,       [ISA_KIND_CMPXCHG] = FORMAT_BY_WIDTH,
        [ISA_KIND_LOAD] = FORMAT_BY_SIZE,        [ISA_KIND_LOAD_SX] = FORMAT_BY_SIZE,
        [ISA_KIND_STORE_REG] = FORMAT_BY_SIZE,   [ISA_KIND_STORE_IMM] = FORMAT_BY_SIZE,
        [ISA_KIND_LOAD_ACQ] = FORMAT_BY_SIZE,    [ISA_KIND_STORE_REL] = FORMAT_BY_SIZE,
        [ISA_KIND_LD_ABS] = FORMAT_BY_SIZE,      [ISA_KIND_LD_IND] = FORMAT_BY_SIZE,
    };
    static const char *const by_size[9] = { [1] = "b", [2] = "h", [4] = "w", [8] = "dw" };
    if (suffixes[row->kind] == FORMAT_BY_SIZE)
        return (struct isa_suffixes){ by_size[row->size], NULL };
    if (suffixes[row->kind] == FORMAT_BY_WIDTH && row->size == 8)
        return (struct isa_suffixes){ "64", "" };
    if (suffixes[row->kind] == FORMAT_BY_WIDTH)
        return (struct isa_suffixes){ "32", NULL };
    return (struct isa_suffixes){ "", NULL };
}
