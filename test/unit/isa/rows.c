/* Every row of the table encodes, decodes to itself, and prints. */
#include "isa/isa.h"

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

static struct insn sample(u16 op)
{
    const struct isa_row *row = &isa_rows[op];
    bool cast = row->kind == ISA_KIND_ADDR_SPACE_CAST;
    return (struct insn){
        .op = op,
        .dst = row->operands & ISA_D ? 3 : 0,
        .src = row->operands & ISA_S ? 7 : row->src,
        .off = row->operands & ISA_O ? -9 : row->off,
        .imm = row->operands & ISA_I ? (cast ? 1 : 1234) : (u64)(s64)row->imm,
    };
}

static void every_row_decodes_to_itself_in_both_byte_orders(void **state)
{
    (void)state;
    for (u16 op = 0; op < ISA_OP_COUNT; op++)
        for (int big = 0; big < 2; big++) {
            struct insn insn = sample(op), back = { 0 };
            struct isa_slot slots[2] = { 0 }, read[2];
            u32 n = isa_encode(&insn, slots);
            assert_int_equal(n, insn_slots(&insn));
            for (u32 i = 0; i < n; i++) {
                u8 bytes[8];
                isa_slot_write(slots[i], bytes, big);
                read[i] = isa_slot_read(bytes, big);
            }
            skep_error err = { 0 };
            assert_int_equal(isa_decode(read, n, 0, &back, &err), SKEP_OK);
            assert_int_equal(back.op, op);
            assert_int_equal(back.dst, insn.dst);
            assert_int_equal(back.src, insn.src);
            assert_int_equal(back.off, insn.off);
            assert_true(back.imm == insn.imm);
        }
}

static void assert_text(const char *expected, struct insn insn)
{
    char buffer[128];
    struct text text;
    text_init_fixed(&text, buffer, sizeof buffer);
    isa_print(&text, &insn);
    assert_string_equal(text_cstr(&text), expected);
}

static void texts_are_those_of_llvm_objdump(void **state)
{
    (void)state;
    assert_text("r1 += 0x5", (struct insn){ .op = ISA_ADD64_IMM, .dst = 1, .imm = 5 });
    assert_text("w1 s>>= w2", (struct insn){ .op = ISA_ARSH32_REG, .dst = 1, .src = 2 });
    assert_text("r1 = *(u8 *)(r10 - 0x8)",
                (struct insn){ .op = ISA_LDX_B, .dst = 1, .src = 10, .off = -8 });
    assert_text("if w1 s> -0x5 goto +0x3",
                (struct insn){ .op = ISA_JSGT32_IMM, .dst = 1, .imm = (u64)-5, .off = 3 });
    assert_text("r2 = -0x8000000000000000 ll",
                (struct insn){ .op = ISA_LDDW_IMM, .dst = 2, .imm = (u64)1 << 63 });
    assert_text("r0 = cmpxchg_64(r4 + 0x0, r0, r6)",
                (struct insn){ .op = ISA_CMPXCHG_DW, .dst = 4, .src = 6 });
    assert_text("w2 = (s8)w3", (struct insn){ .op = ISA_MOVSX8_32, .dst = 2, .src = 3 });
    assert_text("call pc-0x2", (struct insn){ .op = ISA_CALL_LOCAL, .imm = (u64)-2 });
}

static void the_table_knows_which_registers_change(void **state)
{
    (void)state;
    struct insn move = { .op = ISA_MOV64_REG, .dst = 1, .src = 2 };
    assert_int_equal(isa_reads(&move), 1 << 2);
    assert_int_equal(isa_writes(&move), 1 << 1);
    struct insn exchange = { .op = ISA_CMPXCHG_DW, .dst = 1, .src = 2 };
    assert_int_equal(isa_reads(&exchange), 7);
    assert_int_equal(isa_writes(&exchange), 1);
    struct insn call = { .op = ISA_CALL_HELPER, .imm = 1 };
    assert_int_equal(isa_writes(&call), 0x3f);
    struct insn leave = { .op = ISA_EXIT };
    assert_int_equal(isa_reads(&leave), 1);
    assert_false(insn_falls_through(&leave));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_decodes_to_itself_in_both_byte_orders),
        cmocka_unit_test(texts_are_those_of_llvm_objdump),
        cmocka_unit_test(the_table_knows_which_registers_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
