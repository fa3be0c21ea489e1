/* The value semantics that every engine shares (isa/eval.h) against the reference evaluator, on all
 * pairs of edge values. */
#include "isa/eval.h"
#include "conformance/reference.h"
#include "isa/isa.h"

#include <stdio.h>

static const u64 values[] = {
    0,
    1,
    2,
    3,
    7,
    13,
    31,
    32,
    33,
    63,
    64,
    65,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fffffff,
    0x80000000,
    0x80000001,
    0xfffffffe,
    0xffffffff,
    0x100000000,
    0x17fffffff,
    0x180000000,
    0x123456789abcdef0,
    0xfedcba9876543210,
    0x7fffffffffffffff,
    0x8000000000000000,
    0x8000000000000001,
    0xffffffff00000000,
    0xffffffff7fffffff,
    0xffffffff80000000,
    0xfffffffffffffff3,
    0xfffffffffffffffe,
    0xffffffffffffffff,
};

struct case_of {
    u16 op;
    u64 (*value)(u64, u64); /* one of the three */
    bool (*condition)(u64, u64);
    u64 (*unary)(u64);
};

static const struct case_of cases[] = {
#define CASE(NAME, name, ...)                                                                      \
    { .op = ISA_##NAME##64_REG, .value = eval_##name##64 },                                        \
        { .op = ISA_##NAME##32_REG, .value = eval_##name##32 },
    ISA_BINARY(CASE)
#undef CASE
#define CASE(NAME, name, ...)                                                                      \
    { .op = ISA_##NAME##64_REG, .condition = eval_##name##64 },                                    \
        { .op = ISA_##NAME##32_REG, .condition = eval_##name##32 },
        ISA_COND(CASE)
#undef CASE
            { .op = ISA_NEG64, .unary = eval_neg64 },
    { .op = ISA_NEG32, .unary = eval_neg32 },
    { .op = ISA_MOVSX8_64, .unary = eval_movsx8_64 },
    { .op = ISA_MOVSX16_64, .unary = eval_movsx16_64 },
    { .op = ISA_MOVSX32_64, .unary = eval_movsx32_64 },
    { .op = ISA_MOVSX8_32, .unary = eval_movsx8_32 },
    { .op = ISA_MOVSX16_32, .unary = eval_movsx16_32 },
    { .op = ISA_LE16, .unary = eval_le16 },
    { .op = ISA_LE32, .unary = eval_le32 },
    { .op = ISA_LE64, .unary = eval_le64 },
    { .op = ISA_BE16, .unary = eval_be16 },
    { .op = ISA_BE32, .unary = eval_be32 },
    { .op = ISA_BE64, .unary = eval_be64 },
    { .op = ISA_BSWAP16, .unary = eval_bswap16 },
    { .op = ISA_BSWAP32, .unary = eval_bswap32 },
    { .op = ISA_BSWAP64, .unary = eval_bswap64 },
};

static u64 ours(const struct case_of *c, u64 a, u64 b)
{
    if (c->value)
        return c->value(a, b);
    if (c->condition)
        return c->condition(a, b);
    return c->unary(isa_rows[c->op].operands & ISA_S ? b : a);
}

/* r1 = a; r2 = b; the operation on r1 and r2; r0 = r1, or whether the jump was taken. */
static bool reference(const struct case_of *c, u64 a, u64 b, u64 *r0)
{
    const struct isa_row *row = &isa_rows[c->op];
    u8 src = row->operands & ISA_S ? 2 : 0;
    const struct insn program[] = {
        { .op = ISA_LDDW_IMM, .dst = 1, .imm = a },
        { .op = ISA_LDDW_IMM, .dst = 2, .imm = b },
        { .op = ISA_MOV64_IMM, .dst = 0, .imm = 1 },
        { .op = c->op, .dst = 1, .src = src, .off = 1 },
        { .op = c->condition ? ISA_MOV64_IMM : ISA_MOV64_REG, .dst = 0, .src = 1 },
        { .op = ISA_EXIT },
    };
    u8 code[10 * 8];
    u32 n = 0;
    for (u32 i = 0; i < ARRAY_LEN(program); i++) {
        struct isa_slot slots[2];
        u32 slots_n = isa_encode(&program[i], slots);
        for (u32 s = 0; s < slots_n; s++)
            isa_slot_write(slots[s], code + 8 * n++, false);
    }
    return reference_run(code, 8 * (size_t)n, NULL, 0, r0);
}

static unsigned check_pair(const struct case_of *c, u64 a, u64 b)
{
    u64 expected = 0, got = ours(c, a, b);
    if (reference(c, a, b, &expected) && got == expected)
        return 0;
    printf("%s: a = 0x%" PRIx64 ", b = 0x%" PRIx64 ": 0x%" PRIx64 ", expected 0x%" PRIx64 "\n",
           isa_rows[c->op].name, a, b, got, expected);
    return 1;
}

int main(void)
{
    unsigned wrong = 0, n = 0;
    for (u32 c = 0; c < ARRAY_LEN(cases); c++)
        for (u32 a = 0; a < ARRAY_LEN(values); a++)
            for (u32 b = 0; b < ARRAY_LEN(values) && wrong < 10; b++, n++)
                wrong += check_pair(&cases[c], values[a], values[b]);
    printf("%u results of %zu operations, %u wrong\n", n, ARRAY_LEN(cases), wrong);
    return wrong ? 1 : 0;
}
