/* The spellings that the assembler reads besides the canonical ones, labels, and what it refuses.
 */
#include "isa/isa.h"

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

static skep_status assemble(struct isa_asm *out, struct mem *mem, const char *source,
                            skep_error *err)
{
    mem_init(mem, NULL, 0);
    *out = (struct isa_asm){ .mem = mem };
    return isa_assemble(out, source, strlen(source), err);
}

/* The canonical text of what a source assembles to, lines joined by " ; ". */
static void assert_means(const char *source, const char *expected)
{
    struct mem mem;
    struct isa_asm as;
    skep_error err = { 0 };
    char text[4096] = "", message[256];
    if (assemble(&as, &mem, source, &err) != SKEP_OK) {
        skep_error_text(&err, message, sizeof message);
        fail_msg("%s: %s", source, message);
    }
    struct text out;
    text_init_fixed(&out, text, sizeof text);
    for (u32 i = 0; i < as.slots.n;) {
        struct insn insn;
        assert_int_equal(isa_decode(as.slots.data + i, as.slots.n - i, i, &insn, NULL), SKEP_OK);
        if (i > 0)
            text_string(&out, " ; ");
        isa_print(&out, &insn);
        i += insn_slots(&insn);
    }
    if (strcmp(text, expected) != 0)
        fail_msg("%s\n  gives    %s\n  expected %s", source, text, expected);
    isa_asm_drop(&as);
    assert_int_equal(mem.used, 0);
}

static void assert_refused(const char *source, const char *id, const char *place)
{
    struct mem mem;
    struct isa_asm as;
    skep_error err = { 0 };
    char message[256];
    assert_int_equal(assemble(&as, &mem, source, &err), SKEP_MALFORMED);
    assert_string_equal(skep_error_id(&err), id);
    skep_error_text(&err, message, sizeof message);
    if (strncmp(message, place, strlen(place)) != 0)
        fail_msg("%s\n  says     %s\n  expected %s", source, message, place);
    isa_asm_drop(&as);
    assert_int_equal(mem.used, 0);
}

static void reads_decimal_hex_and_signs(void **state)
{
    (void)state;
    assert_means("r1 = 10", "r1 = 0xa");
    assert_means("r1=-0x10", "r1 = -0x10");
    assert_means("w1 = 4294967295", "w1 = -0x1");
    assert_means("r1 = 0xffffffff", "r1 = -0x1");
    assert_means("r1 = -2147483648", "r1 = -0x80000000");
    assert_means("r1 = 0xffffffffffffffff ll", "r1 = -0x1 ll");
    assert_means("r1 = *(u32 *)(r10-4)", "r1 = *(u32 *)(r10 - 0x4)");
    assert_means("r1 = *(u32 *)(r10 + -4)", "r1 = *(u32 *)(r10 - 0x4)");
    assert_means("w1 = *(u32 *)(r2+0)", "r1 = *(u32 *)(r2 + 0x0)");
    assert_means("*(u16 *)(r2) = w3", "*(u16 *)(r2 + 0x0) = r3");
}

static void reads_comments_separators_and_listings(void **state)
{
    (void)state;
    assert_means("r1 = 1; r2 = 2 // two\n# nothing\n/* a\n b */ r3 = /* c */ 3",
                 "r1 = 0x1 ; r2 = 0x2 ; r3 = 0x3");
    assert_means("   0: (b7) r0 = 1\n   1: (95) exit\n", "r0 = 0x1 ; exit");
    assert_means("0: (18) r1 = 0x5\n2: (bf) r2 = r1\n", "r1 = 0x5 ll ; r2 = r1");
    assert_means("0000000000000000 <f>:\n 0:\tgoto +0x0 <f+0x8>\n 1:\tcall f\n",
                 "goto +0x0 ; call pc-0x2");
    assert_means("", "");
    assert_means("exit", "exit");
}

static void reads_the_kernels_spellings(void **state)
{
    (void)state;
    assert_means("(63) *(u32 *)(r10 -4) = r1", "*(u32 *)(r10 - 0x4) = r1");
    assert_means("(db) lock *(u64 *)(r1 +0) += r2", "lock *(u64 *)(r1 + 0x0) += r2");
    assert_means("r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)",
                 "r2 = atomic_fetch_add((u64 *)(r1 + 0x0), r2)");
    assert_means("r2 = atomic_fetch_or((u32 *)(r1 +0), r2)",
                 "w2 = atomic_fetch_or((u32 *)(r1 + 0x0), w2)");
    assert_means("r0 = atomic_cmpxchg((u32 *)(r1 +4), r0, r2)",
                 "w0 = cmpxchg32_32(r1 + 0x4, w0, w2)");
    assert_means("r2 = atomic64_xchg((u64 *)(r1 +4), r2)", "r2 = xchg_64(r1 + 0x4, r2)");
    assert_means("if r1 s> 5 goto pc+3", "if r1 s> 0x5 goto +0x3");
    assert_means("call bpf_map_lookup_elem#1", "call 0x1");
    assert_means("call pc-4", "call pc-0x4");
    assert_means("r1 = map[fd:5]", "r1 = map[fd:0x5]");
    assert_means("r1 = map[idx:5][0]+8", "r1 = map[idx:0x5][0] + 0x8");
    assert_means("ld_pseudo r1, 4, 5", "r1 = code[+0x5]");
    assert_means("r0 = *(u8 *)skb[r3]", "r0 = *(u8 *)skb[r3 + 0x0]");
}

static void reads_the_classic_mnemonics(void **state)
{
    (void)state;
    assert_means("mov r0, 1; mov64 r0, r1; mov32 %r0, 0xffffffff",
                 "r0 = 0x1 ; r0 = r1 ; w0 = -0x1");
    assert_means("sdiv r1, r2; smod32 r1, 7", "r1 s/= r2 ; w1 s%= 0x7");
    assert_means("movsx832 %r0, %r1; movsx3264 r0, r1; movsx16 r0, r1",
                 "w0 = (s8)w1 ; r0 = (s32)r1 ; r0 = (s16)r1");
    assert_means("neg r1; neg32 r1; be16 r1; le32 r1; swap64 r1; bswap16 r1",
                 "r1 = -r1 ; w1 = -w1 ; r1 = be16 r1 ; r1 = le32 r1 ; r1 = bswap64 r1 ; "
                 "r1 = bswap16 r1");
    assert_means("ldxb r1, [r2]; ldxdw r1, [r2+8]; ldxsw r1, [r2 - 4]",
                 "r1 = *(u8 *)(r2 + 0x0) ; r1 = *(u64 *)(r2 + 0x8) ; r1 = *(s32 *)(r2 - 0x4)");
    assert_means("stxw [r10-4], r1; stdw [r1+0], 5",
                 "*(u32 *)(r10 - 0x4) = r1 ; *(u64 *)(r1 + 0x0) = 0x5");
    assert_means("lddw r1, 0x123456789a", "r1 = 0x123456789a ll");
    assert_means("ldabsb 12; ldindw r3, 4", "r0 = *(u8 *)skb[0xc] ; r0 = *(u32 *)skb[r3 + 0x4]");
    assert_means("jeq r1, 5, +3; jne32 r1, r2, -1; jset r1, 4, 0",
                 "if r1 == 0x5 goto +0x3 ; if w1 != w2 goto -0x1 ; if r1 & 0x4 goto +0x0");
    assert_means("ja +1; ja32 -1; call 5; call local +2; call helper 3; call runtime 7; callx r4",
                 "goto +0x1 ; gotol -0x1 ; call 0x5 ; call pc+0x2 ; call 0x3 ; call kfunc 0x7 ; "
                 "callx r4");
    assert_means("lock add [r1+0], r2; lock fetch or32 [r1], r2; lock xchg [r1], r3",
                 "lock *(u64 *)(r1 + 0x0) += r2 ; w2 = atomic_fetch_or((u32 *)(r1 + 0x0), w2) ; "
                 "r3 = xchg_64(r1 + 0x0, r3)");
    assert_means("lock cmpxchg32 [r1-8], r3", "w0 = cmpxchg32_32(r1 - 0x8, w0, w3)");
}

static void labels_count_slots(void **state)
{
    (void)state;
    assert_means("a: r1 = 1 ll\nif r1 == r2 goto b\ngoto a\nb: gotol a; call a; may_goto b\nexit",
                 "r1 = 0x1 ll ; if r1 == r2 goto +0x1 ; goto -0x4 ; gotol -0x5 ; call pc-0x6 ; "
                 "may_goto -0x3 ; exit");
    assert_means("r1 = code[f]\nexit\nf: exit", "r1 = code[+0x2] ; exit ; exit");
    assert_means("jeq r1, 0, exit\nmov r0, 1\nexit", "if r1 == 0x0 goto +0x1 ; r0 = 0x1 ; exit");
}

static void says_where_and_why_it_refuses(void **state)
{
    (void)state;
    assert_refused("r1 = 1\n  frobnicate r1", "asm-syntax", "line 2, column 3:");
    assert_refused("r1 += w2", "asm-bad-register", "line 1, column 7:");
    assert_refused("r1 = r11", "asm-bad-register", "line 1, column 6:");
    assert_refused("w1 = *(u64 *)(r2 + 0)", "asm-syntax", "line 1, column 8:");
    assert_refused("r1 = be16 r2", "asm-bad-register", "line 1, column 11:");
    assert_refused("r1 = 4294967295", "asm-number-range", "line 1, column 6:");
    assert_refused("r1 = 0x100000000", "asm-number-range", "line 1, column 6:");
    assert_refused("r1 = 99999999999999999999 ll", "asm-number-range", "line 1, column 6:");
    assert_refused("r1 = *(u8 *)(r2 + 32768)", "asm-number-range", "line 1, column 17:");
    assert_refused("goto +40000", "asm-number-range", "line 1, column 6:");
    assert_refused("a: exit\na: exit", "asm-label-defined-twice", "line 2: label a");
    assert_refused("exit\ngoto nowhere", "asm-undefined-label", "line 2: label nowhere");
    assert_refused("r1 = 1 2", "asm-syntax", "line 1, column 8:");
    assert_refused("/* never ends", "asm-syntax", "line 1");
    assert_refused("r1 = addr_space_cast(r2, 1, 1)", "asm-number-range", "line 1, column 29:");
    assert_refused("(95) r1 = 1", "asm-syntax", "line 1");
    assert_refused("jeq r1, 5", "asm-syntax", "line 1, column 10:");
}

static void a_jump_of_16_bits_does_not_reach_further(void **state)
{
    (void)state;
    struct mem mem;
    mem_init(&mem, NULL, 0);
    struct text source;
    text_init(&source, &mem);
    text_string(&source, "goto far\n");
    for (int i = 0; i < 32768; i++)
        text_string(&source, "r1 = 1\n");
    text_string(&source, "far: exit\n");
    assert_refused(text_cstr(&source), "asm-label-too-far", "line 1: label far");
    text_drop(&source);
}

static void knows_the_line_of_every_slot(void **state)
{
    (void)state;
    struct mem mem;
    struct isa_asm as;
    const char *source = "\nr1 = 5 ll /* a\n b */; r2 = 2\n\nl:\nexit";
    assert_int_equal(assemble(&as, &mem, source, NULL), SKEP_OK);
    const u32 lines[] = { 2, 2, 3, 6 };
    assert_int_equal(as.line_of_slot.n, ARRAY_LEN(lines));
    assert_memory_equal(as.line_of_slot.data, lines, sizeof lines);
    isa_asm_drop(&as);
}

/* Whatever the limit, the assembler either succeeds or says that memory is out, and leaks nothing.
 */
static void survives_every_failing_allocation(void **state)
{
    (void)state;
    const char *source = "a: r1 = 5 ll; goto b\nb: exit\nc: goto a; d: call c\nexit";
    skep_status status = SKEP_NOMEM;
    for (size_t limit = 1; status == SKEP_NOMEM; limit += 16) {
        struct mem mem;
        mem_init(&mem, NULL, limit);
        struct isa_asm as = { .mem = &mem };
        status = isa_assemble(&as, source, strlen(source), NULL);
        isa_asm_drop(&as);
        assert_int_equal(mem.used, 0);
    }
    assert_int_equal(status, SKEP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_decimal_hex_and_signs),
        cmocka_unit_test(reads_comments_separators_and_listings),
        cmocka_unit_test(reads_the_kernels_spellings),
        cmocka_unit_test(reads_the_classic_mnemonics),
        cmocka_unit_test(labels_count_slots),
        cmocka_unit_test(says_where_and_why_it_refuses),
        cmocka_unit_test(a_jump_of_16_bits_does_not_reach_further),
        cmocka_unit_test(knows_the_line_of_every_slot),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
