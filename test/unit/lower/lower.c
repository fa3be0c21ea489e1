/* Host code of context accesses: what each becomes, and through which registers and stack slots the
 * context pointer is followed. */
#include "lower/lower.h"

#include "support/bytecode.h"

struct host_ctx {
    u8 *data, *data_end;
    u32 mark;
    u16 port;
    u32 cb[5];
};

/* clang-format off */
static const struct skep_ctx_field fields[] = {
    { .name = "data", .offset = 0, .size = 4, .kind = SKEP_FIELD_PACKET, .access = SKEP_FIELD_READ, .host_size = 8, .host_offset = offsetof(struct host_ctx, data) },
    { .name = "data_end", .offset = 4, .size = 4, .kind = SKEP_FIELD_PACKET_END, .access = SKEP_FIELD_READ, .host_size = 8, .host_offset = offsetof(struct host_ctx, data_end) },
    { .name = "mark", .offset = 8, .size = 4, .access = SKEP_FIELD_READ | SKEP_FIELD_WRITE, .host_size = 4, .host_offset = offsetof(struct host_ctx, mark) },
    { .name = "port", .offset = 12, .size = 4, .access = SKEP_FIELD_READ, .host_size = 2, .host_offset = offsetof(struct host_ctx, port) },
    { .name = "none", .offset = 16, .size = 4, .access = SKEP_FIELD_READ, .host_size = 0 },
    { .name = "cb", .offset = 20, .size = 20, .access = SKEP_FIELD_READ | SKEP_FIELD_WRITE, .host_size = 20, .host_offset = offsetof(struct host_ctx, cb) },
};
/* clang-format on */
static const struct skep_hook hook = {
    .size = sizeof(hook),
    .name = "test",
    .ctx_size = 40,
    .fields = fields,
    .n_fields = ARRAY_LEN(fields),
};

static const struct skep_helper loop = {
    .size = sizeof(loop),
    .name = "loop",
    .run = (skep_helper_fn *)1,
    .args = { { .kind = SKEP_ARG_SCALAR },
              { .kind = SKEP_ARG_CALLBACK },
              { .kind = SKEP_ARG_CALLBACK_CTX } },
    .effects = SKEP_CALLS_BACK,
    .callback = { .params = { SKEP_PARAM_SCALAR, SKEP_PARAM_CTX } },
};

struct lowered {
    struct bytecode b;
    struct host_code host;
    skep_status status;
};

static void lower_program(struct lowered *l, const struct insn *insns, u32 n, bool metered)
{
    bytecode_build(&l->b, insns, n);
    const struct skep_helper **helpers =
        arena_array(&l->b.arena, const struct skep_helper *, l->b.code.n_insns);
    for (u32 i = 0; i < l->b.code.n_insns; i++)
        if (insns[i].op == ISA_CALL_HELPER && insns[i].imm == 1)
            helpers[i] = &loop;
    struct lower_input in = { .code = &l->b.code,
                              .charges = &l->b.charges,
                              .hook = &hook,
                              .helpers = helpers,
                              .metered = metered };
    l->status = lower(&l->b.arena, &in, &l->host, &l->b.err);
}

static void becomes(const struct insn *insns, u32 n, const char *const *expected)
{
    struct lowered l;
    char line[100];
    lower_program(&l, insns, n, false);
    assert_int_equal(l.status, SKEP_OK);
    for (u32 h = 0; expected[h]; h++) {
        struct text text;
        text_init_fixed(&text, line, sizeof(line));
        assert_true(h < l.host.n_insns);
        host_print_insn(&text, &l.host.insns[h]);
        assert_string_equal(line, expected[h]);
    }
    bytecode_close(&l.b);
}
#define BECOMES(insns, ...)                                                                        \
    becomes((insns), ARRAY_LEN(insns), (const char *const[]){ __VA_ARGS__, NULL })

static void refused(const struct insn *insns, u32 n, const char *id)
{
    struct lowered l;
    lower_program(&l, insns, n, false);
    assert_int_equal(l.status, SKEP_UNSUPPORTED);
    assert_string_equal(skep_error_id(&l.b.err), id);
    bytecode_close(&l.b);
}

TEST(pointer_fields_of_32_bits_are_loaded_with_64)
{
    BYTECODE(insns, OP(LDX_W, .dst = 2, .src = 1, .off = 4), OP(EXIT, ));
    BECOMES(insns, "CTX_LOAD_DW r2 = [r1 + 8]", "exit");
}

TEST(narrow_loads_shift_and_mask)
{
    BYTECODE(insns, OP(LDX_B, .dst = 2, .src = 1, .off = 9),
             OP(LDX_H, .dst = 1, .src = 1, .off = 14), OP(EXIT, ));
    BECOMES(insns, "CTX_LOAD_W r2 = [r1 + 16]", "r2 >>= 0x8", "r2 &= 0xff",
            "CTX_LOAD_H r1 = [r1 + 20]", "r1 >>= 0x10", "exit");
}

TEST(fields_without_a_host_side_read_as_zero)
{
    BYTECODE(insns, OP(LDX_W, .dst = 0, .src = 1, .off = 16), OP(EXIT, ));
    BECOMES(insns, "CONST r0 = 0x0", "exit");
}

TEST(arrays_are_accessed_in_place)
{
    BYTECODE(insns, OP(LDX_W, .dst = 0, .src = 1, .off = 28),
             OP(ST_W, .dst = 1, .off = 36, .imm = 7), OP(EXIT, ));
    BECOMES(insns, "CTX_LOAD_W r0 = [r1 + 32]", "CONST r11 = 0x7", "CTX_STORE_W [r1 + 40] = r11",
            "exit");
}

TEST(sign_extending_loads_extend_what_the_program_sees)
{
    BYTECODE(insns, OP(LDXS_B, .dst = 0, .src = 1, .off = 8), OP(EXIT, ));
    BECOMES(insns, "CTX_LOAD_W r0 = [r1 + 16]", "r0 &= 0xff", "r0 = (s8)r0", "exit");
}

TEST(the_pointer_is_followed_through_moves_spills_and_constant_offsets)
{
    BYTECODE(insns, OP(STX_DW, .dst = 10, .src = 1, .off = -8), OP(MOV64_REG, .dst = 3, .src = 10),
             OP(ADD64_IMM, .dst = 3, .imm = (u64)-16), OP(LDX_DW, .dst = 6, .src = 3, .off = 8),
             OP(ADD64_IMM, .dst = 6, .imm = 4), OP(LDX_W, .dst = 0, .src = 6, .off = 4),
             OP(EXIT, ));
    BECOMES(insns, "*(u64 *)(r10 - 0x8) = r1", "r3 = r10", "r3 += -0x10", "r6 = *(u64 *)(r3 + 0x8)",
            "r6 += 0x4", "CTX_LOAD_W r0 = [r6 + 12]", "exit");
}

TEST(an_overwritten_spill_is_forgotten)
{
    BYTECODE(insns, OP(STX_DW, .dst = 10, .src = 1, .off = -8), OP(ST_W, .dst = 10, .off = -4),
             OP(LDX_DW, .dst = 6, .src = 10, .off = -8), OP(LDX_W, .dst = 0, .src = 6), OP(EXIT, ));
    BECOMES(insns, "*(u64 *)(r10 - 0x8) = r1", "*(u32 *)(r10 - 0x4) = 0x0",
            "r6 = *(u64 *)(r10 - 0x8)", "r0 = *(u32 *)(r6 + 0x0)", "exit");
}

TEST(a_spill_is_forgotten_when_only_its_low_half_is_overwritten_from_below)
{
    BYTECODE(insns, OP(STX_DW, .dst = 10, .src = 1, .off = -8), OP(ST_DW, .dst = 10, .off = -12),
             OP(LDX_DW, .dst = 6, .src = 10, .off = -8), OP(LDX_W, .dst = 0, .src = 6), OP(EXIT, ));
    BECOMES(insns, "*(u64 *)(r10 - 0x8) = r1", "*(u64 *)(r10 - 0xc) = 0x0",
            "r6 = *(u64 *)(r10 - 0x8)", "r0 = *(u32 *)(r6 + 0x0)", "exit");
}

TEST(a_spill_below_all_that_r10_stores_is_followed)
{
    BYTECODE(insns, OP(MOV64_REG, .dst = 3, .src = 10), OP(ADD64_IMM, .dst = 3, .imm = (u64)-512),
             OP(STX_DW, .dst = 3, .src = 1), OP(LDX_DW, .dst = 6, .src = 10, .off = -512),
             OP(LDX_W, .dst = 0, .src = 6, .off = 8), OP(EXIT, ));
    BECOMES(insns, "r3 = r10", "r3 += -0x200", "*(u64 *)(r3 + 0x0) = r1",
            "r6 = *(u64 *)(r10 - 0x200)", "CTX_LOAD_W r0 = [r6 + 16]", "exit");
}

TEST(subprograms_get_the_pointer_from_their_callers)
{
    BYTECODE(insns, OP(CALL_LOCAL, .src = 1, .imm = 1), OP(EXIT, ),
             OP(LDX_W, .dst = 0, .src = 1, .off = 8), OP(EXIT, ));
    BECOMES(insns, "call @2", "exit", "CTX_LOAD_W r0 = [r1 + 16]", "exit");
}

/* 0: *(fp-8) = ctx; r2 = callback; r3 = fp-16; call loop   6: r1 = *(r2+8); r0 = r1->mark */
TEST(callbacks_find_the_pointer_in_a_struct_on_their_callers_stack)
{
    BYTECODE(insns, OP(STX_DW, .dst = 10, .src = 1, .off = -8),
             OP(LDDW_CODE, .dst = 2, .src = 4, .imm = 5), OP(MOV64_REG, .dst = 3, .src = 10),
             OP(ADD64_IMM, .dst = 3, .imm = (u64)-16), OP(CALL_HELPER, .imm = 1), OP(EXIT, ),
             OP(LDX_DW, .dst = 1, .src = 2, .off = 8), OP(LDX_W, .dst = 0, .src = 1, .off = 8),
             OP(EXIT, ));
    BECOMES(insns, "*(u64 *)(r10 - 0x8) = r1", "CONST r2 = 0x2", "r3 = r10", "r3 += -0x10",
            "CALL 0x1", "exit", "r1 = *(u64 *)(r2 + 0x8)", "CTX_LOAD_W r0 = [r1 + 16]", "exit");
}

TEST(a_pointer_that_is_the_context_on_one_path_only_is_refused)
{
    BYTECODE(insns, OP(MOV64_REG, .dst = 6, .src = 1), OP(JEQ64_IMM, .dst = 2, .off = 1),
             OP(LDX_W, .dst = 6, .src = 1), OP(LDX_W, .dst = 0, .src = 6), OP(EXIT, ));
    refused(insns, ARRAY_LEN(insns), "lower-mixed-context-pointer");
}

TEST(a_variable_offset_into_the_context_is_refused)
{
    BYTECODE(insns, OP(ADD64_REG, .dst = 1, .src = 2), OP(LDX_W, .dst = 0, .src = 1), OP(EXIT, ));
    refused(insns, ARRAY_LEN(insns), "lower-mixed-context-pointer");
}

TEST(what_the_table_does_not_allow_is_refused)
{
    BYTECODE(past_end, OP(LDX_W, .dst = 0, .src = 1, .off = 40), OP(EXIT, ));
    BYTECODE(before, OP(LDX_W, .dst = 0, .src = 1, .off = -4), OP(EXIT, ));
    BYTECODE(narrow_pointer, OP(LDX_H, .dst = 0, .src = 1), OP(EXIT, ));
    BYTECODE(sign_extended_pointer, OP(LDXS_W, .dst = 0, .src = 1), OP(EXIT, ));
    BYTECODE(read_only, OP(STX_W, .dst = 1, .src = 2, .off = 12), OP(EXIT, ));
    BYTECODE(atomic, OP(ATOMIC_ADD_W, .dst = 1, .src = 2, .off = 8), OP(EXIT, ));
    refused(past_end, 2, "lower-bad-context-access");
    refused(before, 2, "lower-bad-context-access");
    refused(narrow_pointer, 2, "lower-bad-context-access");
    refused(sign_extended_pointer, 2, "lower-bad-context-access");
    refused(read_only, 2, "lower-bad-context-access");
    refused(atomic, 2, "lower-bad-context-access");
}

TEST(unknown_helpers_and_foreign_instructions_are_named)
{
    BYTECODE(helper, OP(CALL_HELPER, .imm = 77), OP(EXIT, ));
    BYTECODE(kfunc, OP(CALL_KFUNC, .src = 2, .imm = 77), OP(EXIT, ));
    BYTECODE(cast, OP(ADDR_SPACE_CAST, .dst = 1, .src = 1, .imm = 1), OP(EXIT, ));
    BYTECODE(map, OP(LDDW_MAP, .src = 5), OP(EXIT, ));
    refused(helper, 2, "lower-no-such-helper");
    refused(kfunc, 2, "lower-no-such-helper");
    refused(cast, 2, "lower-unsupported-instruction");
    refused(map, 2, "lower-no-such-map");
}

TEST(jumps_to_a_loop_head_pay_its_charge)
{
    BYTECODE(insns, OP(ADD64_IMM, .dst = 1, .imm = 1), OP(JNE64_IMM, .dst = 1, .off = -2),
             OP(EXIT, ));
    struct lowered l;
    lower_program(&l, insns, 3, true);
    assert_int_equal(l.status, SKEP_OK);
    assert_int_equal(l.host.insns[0].op, HOST_CHARGE);
    assert_int_equal(l.host.insns[0].imm, 3);
    assert_int_equal(l.host.insns[2].target, 0);
    bytecode_close(&l.b);
}

UNIT_TESTS(UNIT(pointer_fields_of_32_bits_are_loaded_with_64), UNIT(narrow_loads_shift_and_mask),
           UNIT(fields_without_a_host_side_read_as_zero), UNIT(arrays_are_accessed_in_place),
           UNIT(sign_extending_loads_extend_what_the_program_sees),
           UNIT(the_pointer_is_followed_through_moves_spills_and_constant_offsets),
           UNIT(an_overwritten_spill_is_forgotten),
           UNIT(a_spill_is_forgotten_when_only_its_low_half_is_overwritten_from_below),
           UNIT(a_spill_below_all_that_r10_stores_is_followed),
           UNIT(subprograms_get_the_pointer_from_their_callers),
           UNIT(callbacks_find_the_pointer_in_a_struct_on_their_callers_stack),
           UNIT(a_pointer_that_is_the_context_on_one_path_only_is_refused),
           UNIT(a_variable_offset_into_the_context_is_refused),
           UNIT(what_the_table_does_not_allow_is_refused),
           UNIT(unknown_helpers_and_foreign_instructions_are_named),
           UNIT(jumps_to_a_loop_head_pay_its_charge))
