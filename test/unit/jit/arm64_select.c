/* What operations become on arm64: a function for each pattern of selection, compiled, read back by
 * llvm-mc, without what is in every function (the entry, copies, the return) and with all registers
 * called x or w.  Skips, and says so, where llvm-mc is missing. */
#include "jit/generate.h"

#include "support/ssa_build.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Operations with their width and arguments: p0 to p4 are parameters, the rest numbers, @N an
 * offset; branch: to a block that returns 7, or one that returns 9. */
static const struct pattern {
    const char *ssa, *code;
} patterns[] = {
    { "add8 p0 4095", "add x, x, #4095" },
    { "add8 p0 0x123000", "add x, x, #291, lsl #12" },
    { "add8 p0 -8", "sub x, x, #8" },
    { "add4 p0 -8", "sub w, w, #8" },
    { "sub8 p0 -8", "add x, x, #8" },
    { "add8 p0 0x12345", "mov w, #9029|movk w, #1, lsl #16|add x, x, x" },
    { "add8 p0 (shl8 p1 12)", "add x, x, x, lsl #12" },
    { "add8 (shl8 p1 12) p0", "add x, x, x, lsl #12" },
    { "sub8 p0 (sar8 p1 63)", "sub x, x, x, asr #63" },
    { "sub4 p0 (shr4 p1 3)", "sub w, w, w, lsr #3" },
    { "add8 p0 (shl4 p1 12)", "lsl w, w, #12|add x, x, x" },
    { "add8 p0 (zext4 p1)", "add x, x, w, uxtw" },
    { "add8 p0 (shl8 (sext4 p1) 3)", "add x, x, w, sxtw #3" },
    { "add8 p0 (and8 p1 0xff)", "add x, x, w, uxtb" },
    { "add4 p0 (zext4 p1)", "add w, w, w" },
    { "add8 p2 (mul8 p0 p1)", "madd x, x, x, x" },
    { "sub4 p2 (mul4 p0 p1)", "msub w, w, w, w" },
    { "add8 p2 (mul4 p0 p1)", "mul w, w, w|add x, x, x" },
    { "mul8 (zext4 p0) (zext4 p1)", "umull x, w, w" },
    { "sub8 p2 (mul8 (sext4 p0) (sext4 p1))", "smsubl x, w, w, x" },
    { "mulh8 p0 p1", "umulh x, x, x" },
    { "mulh4 p0 p1", "umull x, w, w|lsr x, x, #32" },
    { "smulh4 p0 p1", "smull x, w, w|lsr x, x, #32" },
    { "div8 p0 p1", "udiv x, x, x" },
    { "smod4 p0 p1", "sdiv w, w, w|msub w, w, w, w" },
    { "neg4 p0", "neg w, w" },
    { "not8 p0", "mvn x, x" },
    { "and8 p0 (not8 p1)", "bic x, x, x" },
    { "or4 (not4 p0) p1", "orn w, w, w" },
    { "xor8 p0 (rotl8 p1 13)", "eor x, x, x, ror #51" },
    { "or8 p0 0xff00", "orr x, x, #0xff00" },
    { "xor4 p0 0xf0f0f0f0", "eor w, w, #0xf0f0f0f0" },
    { "and8 p0 0x55555555", "and w, w, #0x55555555" },
    { "or8 p0 0x1234", "mov w, #4660|orr x, x, x" },
    { "and8 (shr8 p0 7) 0x1f", "ubfx x, x, #7, #5" },
    { "and8 (shr8 p0 4) 0xffffffffffff", "ubfx x, x, #4, #48" },
    { "and8 (shr8 p0 p1) 0xffffffffffff", "lsr x, x, x|and x, x, #0xffffffffffff" },
    { "and4 (shr4 p0 30) 0x1f", "lsr w, w, #30" },
    { "zext1 (shr8 p0 40)", "ubfx x, x, #40, #8" },
    { "sext2 (shr8 p0 16)", "sbfx x, x, #16, #16" },
    { "sext4 (shr8 p0 40)", "lsr x, x, #40|sxtw x, w" },
    { "shl8 (zext1 p0) 8", "ubfiz x, x, #8, #8" },
    { "shl8 (sext4 p0) 3", "sbfiz x, x, #3, #32" },
    { "shr8 (shl8 p0 32) 40", "ubfx x, x, #8, #24" },
    { "sar8 (shl8 p0 32) 30", "sbfiz x, x, #2, #32" },
    { "shr8 (zext4 p0) 8", "ubfx x, x, #8, #24" },
    { "shl4 p0 33", "lsl w, w, #1" },
    { "shl4 p0 p1", "lsl w, w, w" },
    { "rotl8 p0 p1", "neg w, w|ror x, x, x" },
    { "rotl4 p0 8", "ror w, w, #24" },
    { "bswap2 p0", "rev w, w|lsr w, w, #16" },
    { "bswap8 p0", "rev x, x" },
    { "zext2 p0", "uxth w, w" },
    { "sext4 p0", "sxtw x, w" },
    { "lt8 p0 p1", "cmp x, x|cset w, lo" },
    { "eq4 p0 -3", "cmn w, #3|cset w, eq" },
    { "slt8 p0 0x1001", "cmp x, #1, lsl #12|cset w, le" },
    { "le8 p0 (zext4 p1)", "cmp x, w, uxtw|cset w, ls" },
    { "le8 (zext4 p1) p0", "cmp x, w, uxtw|cset w, hs" },
    { "slt8 5 p0", "cmp x, #5|cset w, gt" },
    { "ne8 (and8 p0 12) 0", "tst w, #0xc|cset w, ne" },
    { "select8 (slt4 p0 p1) p2 p3", "cmp w, w|csel x, x, x, lt" },
    { "select8 p0 p1 0", "cmp x, #0|csel x, x, xzr, ne" },
    { "select8 p0 1 p1", "cmp x, #0|csinc x, x, xzr, eq" },
    { "select8 p0 p1 (add8 p2 1)", "cmp x, #0|csinc x, x, x, ne" },
    { "select8 p0 (neg8 p1) p2", "cmp x, #0|csneg x, x, x, eq" },
    { "load8 p0 @32760", "ldr x, [x, #32760]" },
    { "load8 p0 @-256", "ldur x, [x, #-256]" },
    { "load4 p0 @16384", "add x, x, #4, lsl #12|ldr w, [x]" },
    { "load1 p0 @-4097", "sub x, x, #2, lsl #12|ldrb w, [x, #4095]" },
    { "load8 p0 @0x1000001", "mov w, #1|movk w, #256, lsl #16|ldr x, [x, x]" },
    { "load2 (add8 p0 6) @4", "ldrh w, [x, #10]" },
    { "load8 (add8 p0 (shl8 p1 3))", "ldr x, [x, x, lsl #3]" },
    { "load8 (add8 p0 (shl8 p1 2))", "lsl x, x, #2|ldr x, [x, x]" },
    { "load1 (add8 p0 p1)", "ldrb w, [x, x]" },
    { "load4 (add8 (shl8 p0 2) 0x100000)", "mov w, #1048576|ldr w, [x, x, lsl #2]" },
    { "load4 (add8 (shl8 (zext4 p1) 2) p0)", "ldr w, [x, w, uxtw #2]" },
    { "load2 (add8 p0 (sext4 p1))", "ldrh w, [x, w, sxtw]" },
    { "sext4 (load4 p0 @4)", "ldrsw x, [x, #4]" },
    { "loads1 p0 @4", "ldrsb x, [x, #4]" },
    { "store4 p0 0 @8", "str wzr, [x, #8]" },
    { "store1 p0 0x100", "strb wzr, [x]" },
    { "store1 p0 (and8 p1 0xff) @8", "strb w, [x, #8]" },
    { "store2 p0 (and8 p1 0xff) @8", "and w, w, #0xff|strh w, [x, #8]" },
    { "fetch_add8 p0 p1", "ldaddal x, x, [x]" },
    { "fetch_and4 p0 p1 @8", "mvn w, w|add x, x, #8|ldclral w, w, [x]" },
    { "atomic_or8 p0 p1", "stset x, [x]" },
    { "xchg4 p0 p1", "swpal w, w, [x]" },
    { "cmpxchg8 p0 p1 p2", "casal x, x, [x]" },
    { "load_acquire2 p0", "ldarh w, [x]" },
    { "store_release8 p0 p1", "stlr x, [x]" },
    { "branch (eq4 p0 0)", "cbnz w|mov w, #7|mov w, #9" },
    { "branch p0", "cbz x|mov w, #7|mov w, #9" },
    { "branch (and8 p0 16)", "tbz w, #4|mov w, #7|mov w, #9" },
    { "branch (eq8 (and8 p0 0x10000000000) 0)", "tbnz x, #40|mov w, #7|mov w, #9" },
    { "branch (eq4 (and8 p0 0x10000000000) 0)",
      "and x, x, #0x10000000000|cbnz w|mov w, #7|mov w, #9" },
    { "branch (slt8 p0 0)", "tbz x, #63|mov w, #7|mov w, #9" },
    { "branch (sle4 0 p0)", "tbnz w, #31|mov w, #7|mov w, #9" },
    { "branch (and8 p0 p1)", "tst x, x|b.eq|mov w, #7|mov w, #9" },
    { "branch (lt8 p0 p1)", "cmp x, x|b.hs|mov w, #7|mov w, #9" },
};

/* Without LSE: loops. */
static const struct pattern loops[] = {
    { "fetch_add8 p0 p1", "ldxr x, [x]|add x, x, x|stlxr w, x, [x]|cbnz w|dmb ish" },
    { "atomic_and4 p0 p1", "ldxr w, [x]|and w, w, w|stlxr w, w, [x]|cbnz w|dmb ish" },
    { "xchg8 p0 p1", "ldxr x, [x]|stlxr w, x, [x]|cbnz w|dmb ish" },
    { "cmpxchg4 p0 p1 p2", "ldxr w, [x]|cmp w, w|b.ne|stlxr w, w, [x]|cbnz w|dmb ish" },
};

/* ---- from text to SSA */

static struct ssa_build b;

static u32 parse_operation(const char **at);

static u32 parse_value(const char **at)
{
    char *end;
    *at += strspn(*at, " ");
    if (**at == 'p') {
        u32 i = (u32)((*at)[1] - '0');
        *at += 2;
        return ssa_build_param(&b, i);
    }
    if (**at == '(') {
        ++*at;
        u32 value = parse_operation(at);
        assert_int_equal(**at, ')');
        ++*at;
        return value;
    }
    u64 imm = **at == '-' ? (u64)strtoll(*at, &end, 0) : strtoull(*at, &end, 0);
    *at = end;
    return ssa_const(b.func, imm);
}

static u16 parse_name(const char **at)
{
    size_t n = strcspn(*at, "0123456789 ");
    for (u16 op = 0; op < SSA_OP_COUNT; op++)
        if (strlen(ssa_rows[op].text) == n && strncmp(ssa_rows[op].text, *at, n) == 0) {
            *at += n;
            return op;
        }
    fail_msg("no operation: %s", *at);
    return 0;
}

static u32 parse_operation(const char **at)
{
    struct ssa_insn insn = { .op = parse_name(at), .width = 8 };
    char *end;
    if (isdigit(**at))
        insn.width = (u8)(*(*at)++ - '0');
    for (u32 i = 0; i < ssa_rows[insn.op].n_args; i++)
        insn.arg[i] = parse_value(at);
    *at += strspn(*at, " ");
    if (**at == '@') {
        insn.off = strtoll(*at + 1, &end, 0);
        *at = end;
    }
    return ssa_build_insn(&b, insn);
}

static void finish_branch(void)
{
    u32 from = b.block;
    for (u32 i = 0; i < 2; i++) {
        b.block = ssa_block_new(b.func);
        ssa_add_edge(b.func, from, i, b.block);
        ssa_build_return(&b, ssa_const(b.func, i ? 9 : 7));
    }
}

static void build(const char *text)
{
    const char *at = text;
    ssa_build_open(&b);
    u32 value = parse_operation(&at);
    assert_int_equal(*at, 0);
    const struct ssa_insn *insn = ssa_at(b.func, value);
    if (insn->op == SSA_BRANCH)
        finish_branch();
    else
        ssa_build_return(&b, ssa_has(insn, SSA_VALUE) ? value : ssa_build_param(&b, 0));
    assert_true(ssa_split_critical(b.func));
    ssa_build_check(&b);
}

/* ---- from code to text */

/* x12 and w3 become x and w; where a branch goes to is left out. */
static void normalise(const char *line, char *out)
{
    for (const char *from = line; *from; from++) {
        bool begins = from == line || !isalnum(from[-1]);
        if (begins && (*from == 'x' || *from == 'w') && isdigit(from[1])) {
            *out++ = *from;
            from += strspn(from + 1, "0123456789");
        } else {
            *out++ = *from == '\t' ? ' ' : *from;
        }
    }
    *out = 0;
}

static bool is_branch(const char *line)
{
    return strncmp(line, "b.", 2) == 0 || strncmp(line, "cb", 2) == 0 ||
           strncmp(line, "tb", 2) == 0;
}

static bool is_in_every_function(const char *line)
{
    return strcmp(line, "bti c") == 0 || strcmp(line, "ret") == 0 ||
           strcmp(line, "mov x, x") == 0 || strcmp(line, "brk #0") == 0;
}

static void add_line(struct text *out, char *line)
{
    char plain[128];
    normalise(line, plain);
    for (size_t n = strlen(plain); n > 0 && plain[n - 1] == ' '; n--)
        plain[n - 1] = 0;
    if (is_in_every_function(plain))
        return;
    if (is_branch(plain)) {
        char *last = strrchr(plain, ',');
        *(last ? last : strchr(plain, ' ')) = 0;
    }
    text_printf(out, "%s%s", out->length ? "|" : "", plain);
}

static void disassemble(const u8 *bytes, u32 n, struct text *out)
{
    char path[] = "/tmp/skep-a64-XXXXXX", command[128], line[128];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    for (u32 i = 0; i < n; i++)
        fprintf(f, "0x%02x ", bytes[i]);
    fclose(f);
    snprintf(command, sizeof command, "llvm-mc-19 -disassemble -triple=aarch64 -mattr=+lse,+bti %s",
             path);
    f = popen(command, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n/")] = 0; /* after // the number once more */
        if (line[0] == '\t' && line[1] != '.')
            add_line(out, line + 1);
    }
    assert_int_equal(pclose(f), 0);
    unlink(path);
}

static bool compile_and_compare(const struct pattern *pattern, u32 features)
{
    struct jit_generated code;
    struct jit_generate_options options = { .features = features, .near = true };
    struct text text;
    build(pattern->ssa);
    assert_int_equal(jit_generate(&b.mem, &jit_arm64, &b.program, &options, &code, NULL), SKEP_OK);
    text_init(&text, &b.mem);
    u32 at = code.func_at[0];
    disassemble(code.buffer.bytes + at, code.buffer.n - at, &text);
    bool same = strcmp(text_cstr(&text), pattern->code) == 0;
    if (!same)
        print_error("%s\n  is       %s\n  expected %s\n", pattern->ssa, text_cstr(&text),
                    pattern->code);
    text_drop(&text);
    jit_generated_drop(&code);
    ssa_build_close(&b);
    return same;
}

static void compile_all(const struct pattern *list, size_t n, u32 features)
{
    u32 wrong = 0;
    if (system("command -v llvm-mc-19 >/dev/null 2>&1") != 0) {
        print_message("skipped: llvm-mc-19 is not installed\n");
        skip();
    }
    for (size_t i = 0; i < n; i++)
        wrong += !compile_and_compare(&list[i], features);
    assert_int_equal(wrong, 0);
}

static void patterns_become_the_instructions_that_are_there_for_them(void **state)
{
    (void)state, compile_all(patterns, ARRAY_LEN(patterns), UINT32_MAX);
}

static void atomics_become_loops_where_the_cpu_has_none(void **state)
{
    (void)state, compile_all(loops, ARRAY_LEN(loops), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_become_the_instructions_that_are_there_for_them),
        cmocka_unit_test(atomics_become_loops_where_the_cpu_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
