/* The encoders of A64: every row against llvm-mc, with operands from all classes; logical
 * immediates against all that the architecture has; constants by executing what makes them.  What
 * needs LLVM skips, and says so, where it is missing. */
#include "jit/arm64/encode.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct mem mem;
static struct jit_buffer out;
static struct text source; /* what `out` should be, a line an instruction */

static u64 random_state = 0x9e3779b97f4a7c15;
static u64 random_u64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}
static u32 below(u32 n) { return (u32)(random_u64() >> 33) % n; }

/* Samples are numbered; of a sample's operands the nth takes all of its values in turn, in another
 * order than its neighbours. */
static u32 sample, field;
static void next_sample(u32 number) { sample = number, field = 0; }
static u32 each(u32 n)
{
    u32 turn = sample / 2, k = field++; /* of two samples one is wide */
    u32 shift = (turn / 64 * 0x9e3779b9 + k * 0x85ebca6b) >> 16;
    return (turn * (n & (n - 1) ? 1 : 2 * k + 1) + shift) % n;
}

/* A number of `bits` bits with a bias to the ends. */
static s64 signed_of(u32 bits)
{
    s64 half = (s64)1 << (bits - 1);
    const s64 edges[] = { 0, 1, -1, half - 1, -half };
    return below(2) ? edges[below(ARRAY_LEN(edges))] : (s64)(random_u64() % (u64)(2 * half)) - half;
}
static u32 unsigned_of(u32 bits) { return (u32)(signed_of(bits) + ((s64)1 << (bits - 1))); }

/* Names of registers; number 31 is zr or sp. */
static const char *name_of(bool wide, u32 reg, const char *last)
{
    static char names[8][5];
    static u32 next;
    char *name = names[next++ % 8];
    if (reg == 31)
        snprintf(name, 5, "%s%s", wide ? strcmp(last, "sp") ? "x" : "" : "w", last);
    else
        snprintf(name, 5, "%c%u", wide ? 'x' : 'w', reg & 31);
    return name;
}
static const char *r(bool wide, u32 reg) { return name_of(wide, reg, "zr"); }
static const char *rsp(bool wide, u32 reg) { return name_of(wide, reg, "sp"); }

static const char *const shifts[] = { "lsl", "lsr", "asr", "ror" };
static const char *const extends[] = { "uxtb", "uxth", "uxtw", "uxtx",
                                       "sxtb", "sxth", "sxtw", "sxtx" };
static const char *const conds[] = { "eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc",
                                     "hi", "ls", "ge", "lt", "gt", "le", "al" };

#define LINE(...) text_printf(&source, __VA_ARGS__)

/* The logical immediate that the fields stand for, by the manual's definition (DecodeBitMasks);
 * false for the fields that are reserved. */
static bool logic_value(u32 n, u32 immr, u32 imms, bool wide, u64 *value)
{
    u32 length = 64;
    while (length > 1 && !((n << 6 | (~imms & 63)) & length))
        length /= 2;
    u32 s = imms & (length - 1), rotation = immr & (length - 1);
    if (length < 2 || s == length - 1 || (!wide && n))
        return false;
    u64 all = length == 64 ? UINT64_MAX : ((u64)1 << length) - 1;
    u64 element = UINT64_MAX >> (63 - s);
    for (u32 i = 0; i < rotation; i++)
        element = (element >> 1 | (element & 1) << (length - 1)) & all;
    *value = 0;
    for (u32 at = 0; at < (wide ? 64u : 32u); at += length)
        *value |= element << at;
    return true;
}

static u64 any_logic_value(bool wide)
{
    u64 value;
    while (!logic_value(below(2), below(64), below(64), wide, &value))
        continue;
    return value;
}

/* One sample of every form */

struct row {
    const char *name; /* of the enumerator */
    void (*sample)(enum a64_op op, const char *name, bool wide);
    bool has_wide;
};

static void sample_SHIFTED(enum a64_op op, const char *name, bool wide)
{
    u32 rd = each(32), rn = each(32), rm = each(32), amount = each(wide ? 64 : 32);
    u32 shift = each(op >= A64_AND && op <= A64_BICS ? 4 : 3);
    a64_shifted(&out, op, wide, rd, rn, rm, shift, amount);
    LINE("%s %s, %s, %s, %s #%u\n", name, r(wide, rd), r(wide, rn), r(wide, rm), shifts[shift],
         amount);
}
static void sample_EXTENDED(enum a64_op op, const char *name, bool wide)
{
    u32 rd = each(32), rn = each(32), rm = each(32), extend = each(8), amount = each(5);
    bool flags = op == A64_ADDS_EXT || op == A64_SUBS_EXT;
    a64_extended(&out, op, wide, rd, rn, rm, extend, amount);
    LINE("%s %s, %s, %s, %s #%u\n", name, flags ? r(wide, rd) : rsp(wide, rd), rsp(wide, rn),
         r(wide && (extend & 3) == 3, rm), extends[extend], amount);
}
static void sample_IMM12(enum a64_op op, const char *name, bool wide)
{
    u32 rd = each(32), rn = each(32), imm = unsigned_of(12), high = imm ? below(2) : 0;
    bool flags = op == A64_ADDS_IMM || op == A64_SUBS_IMM;
    a64_imm12(&out, op, wide, rd, rn, (u64)imm << (high ? 12 : 0));
    LINE("%s %s, %s, #%u, lsl #%u\n", name, flags ? r(wide, rd) : rsp(wide, rd), rsp(wide, rn), imm,
         high * 12);
}
static void sample_LOGIC_IMM(enum a64_op op, const char *name, bool wide)
{
    u32 rd = each(32), rn = each(32);
    u64 imm = any_logic_value(wide);
    a64_logic_imm(&out, op, wide, rd, rn, imm);
    LINE("%s %s, %s, #0x%" PRIx64 "\n", name, op == A64_ANDS_IMM ? r(wide, rd) : rsp(wide, rd),
         r(wide, rn), imm);
}
static void sample_MOV_WIDE(enum a64_op op, const char *name, bool wide)
{
    u32 rd = each(32), imm = unsigned_of(16), half = each(wide ? 4 : 2);
    a64_mov_wide(&out, op, wide, rd, imm, half);
    LINE("%s %s, #%u, lsl #%u\n", name, r(wide, rd), imm, half * 16);
}
static void sample_UNARY(enum a64_op op, const char *name, bool wide)
{
    u32 rd = each(32), rn = each(32);
    bool x = wide || op == A64_REV32;
    a64_unary(&out, op, wide, rd, rn);
    LINE("%s %s, %s\n", name, r(x, rd), r(x, rn));
}
static void sample_BINARY(enum a64_op op, const char *name, bool wide)
{
    u32 rd = each(32), rn = each(32), rm = each(32);
    bool x = wide || op == A64_SMULH || op == A64_UMULH;
    a64_binary(&out, op, wide, rd, rn, rm);
    LINE("%s %s, %s, %s\n", name, r(x, rd), r(x, rn), r(x, rm));
}
static void sample_TERNARY(enum a64_op op, const char *name, bool wide)
{
    u32 rd = each(32), rn = each(32), rm = each(32), ra = each(32);
    bool x = wide || (op != A64_MADD && op != A64_MSUB);
    a64_ternary(&out, op, wide, rd, rn, rm, ra);
    LINE("%s %s, %s, %s, %s\n", name, r(x, rd), r(wide, rn), r(wide, rm), r(x, ra));
}
static void sample_BITFIELD(enum a64_op op, const char *name, bool wide)
{
    u32 rd = each(32), rn = each(32), bits = wide ? 64 : 32, immr = each(bits);
    u32 imms = each(bits);
    a64_bitfield(&out, op, wide, rd, rn, immr, imms);
    LINE("%s %s, %s, #%u, #%u\n", name, r(wide, rd), r(wide, rn), immr, imms);
}
static void sample_EXTRACT(enum a64_op op, const char *name, bool wide)
{
    (void)op;
    u32 rd = each(32), rn = each(32), rm = each(32), lsb = each(wide ? 64 : 32);
    a64_extract(&out, wide, rd, rn, rm, lsb);
    LINE("%s %s, %s, %s, #%u\n", name, r(wide, rd), r(wide, rn), r(wide, rm), lsb);
}
static void sample_SELECT(enum a64_op op, const char *name, bool wide)
{
    u32 rd = each(32), rn = each(32), rm = each(32), cond = each(15);
    a64_select_by(&out, op, wide, rd, rn, rm, cond);
    LINE("%s %s, %s, %s, %s\n", name, r(wide, rd), r(wide, rn), r(wide, rm), conds[cond]);
}
static void sample_CCMP(enum a64_op op, const char *name, bool wide)
{
    u32 rn = each(32), rm = each(32), flags = each(16), cond = each(15);
    a64_ccmp(&out, op, wide, rn, rm, flags, cond);
    LINE("%s %s, %s, #%u, %s\n", name, r(wide, rn), r(wide, rm), flags, conds[cond]);
}
static void sample_CCMP_IMM(enum a64_op op, const char *name, bool wide)
{
    u32 rn = each(32), imm = each(32), flags = each(16), cond = each(15);
    a64_ccmp(&out, op, wide, rn, imm, flags, cond);
    LINE("%s %s, #%u, #%u, %s\n", name, r(wide, rn), imm, flags, conds[cond]);
}
static void sample_MEMORY(enum a64_op op, const char *name, bool wide)
{
    u32 rt = each(32), rn = each(32), rm = each(32), scale = a64_access_scale(op, wide);
    bool x = wide || op == A64_LDRSW, scaled = each(2), rm_wide = each(2), is_signed = each(2);
    s64 offset = each(2) ? signed_of(9) : (s64)unsigned_of(12) << scale;
    a64_memory(&out, op, wide, rt, rn, offset);
    LINE("%s %s, [%s, #%d]\n", name, r(x, rt), rsp(true, rn), (int)offset);
    u32 extend = (is_signed ? 4 : 0) | (rm_wide ? 3 : 2);
    const char *how = extend == A64_UXTX ? "lsl" : extends[extend];
    a64_memory_indexed(&out, op, wide, rt, rn, rm, extend, scaled);
    LINE("%s %s, [%s, %s", name, r(x, rt), rsp(true, rn), r(rm_wide, rm));
    if (scaled)
        LINE(", %s #%u]\n", how, scale);
    else
        LINE(extend == A64_UXTX ? "]\n" : ", %s]\n", how);
}
static void sample_PAIR(enum a64_op op, const char *name, bool wide)
{
    static const char *const formats[] = { "", "%s %s, %s, [%s], #%d\n", "%s %s, %s, [%s, #%d]\n",
                                           "%s %s, %s, [%s, #%d]!\n" };
    u32 rt = each(32), rt2 = each(32), rn = each(32), index = 1 + each(3);
    s64 offset = signed_of(7) * (wide ? 8 : 4);
    if (rt == rt2 || (rn != 31 && (rn == rt || rn == rt2)))
        return; /* not defined */
    a64_pair(&out, op, wide, index, rt, rt2, rn, offset);
    LINE(formats[index], name, r(wide, rt), r(wide, rt2), rsp(true, rn), (int)offset);
}
static void sample_ORDERED(enum a64_op op, const char *name, bool wide)
{
    u32 rt = each(32), rn = each(32);
    a64_ordered(&out, op, wide, rt, rn);
    LINE("%s %s, [%s]\n", name, r(wide, rt), rsp(true, rn));
}
static void sample_ATOMIC(enum a64_op op, const char *name, bool wide)
{
    u32 rs = each(32), rt = each(32), rn = each(32);
    bool exclusive = op == A64_STXR || op == A64_STLXR;
    if (exclusive && (rs == rt || rs == rn))
        return; /* not defined */
    a64_atomic(&out, op, wide, rs, rt, rn);
    LINE("%s %s, %s, [%s]\n", name, r(wide && !exclusive, rs), r(wide, rt), rsp(true, rn));
}
static void sample_BRANCH(enum a64_op op, const char *name, bool wide)
{
    (void)wide;
    int displacement = (int)signed_of(26) * 4;
    a64_branch(&out, op, displacement);
    LINE("%s #%d\n", name, displacement);
}
static void sample_BRANCH_IF(enum a64_op op, const char *name, bool wide)
{
    (void)op, (void)name, (void)wide;
    int displacement = (int)signed_of(19) * 4;
    u32 cond = each(15);
    a64_branch_if(&out, cond, displacement);
    LINE("b.%s #%d\n", conds[cond], displacement);
}
static void sample_COMPARE(enum a64_op op, const char *name, bool wide)
{
    int displacement = (int)signed_of(19) * 4;
    u32 rt = each(32);
    a64_compare_branch(&out, op, wide, rt, displacement);
    LINE("%s %s, #%d\n", name, r(wide, rt), displacement);
}
static void sample_TEST_BIT(enum a64_op op, const char *name, bool wide)
{
    (void)wide;
    int displacement = (int)signed_of(14) * 4;
    u32 rt = each(32), bit = each(64);
    a64_test_branch(&out, op, rt, bit, displacement);
    LINE("%s %s, #%u, #%d\n", name, r(bit >= 32, rt), bit, displacement);
}
static void sample_INDIRECT(enum a64_op op, const char *name, bool wide)
{
    (void)wide;
    u32 rn = each(32);
    a64_indirect(&out, op, rn);
    LINE("%s %s\n", name, r(true, rn));
}
static void sample_ADDRESS(enum a64_op op, const char *name, bool wide)
{
    (void)wide;
    u32 rd = each(32);
    s64 displacement = signed_of(21) * (op == A64_ADRP ? 4096 : 1);
    a64_address(&out, op, rd, displacement);
    LINE("%s %s, #%" PRId64 "\n", name, r(true, rd), displacement);
}
static void sample_TRAP(enum a64_op op, const char *name, bool wide)
{
    (void)op, (void)wide;
    u32 imm = unsigned_of(16);
    a64_trap(&out, imm);
    LINE("%s #%u\n", name, imm);
}
static void sample_PLAIN(enum a64_op op, const char *name, bool wide)
{
    static const char *const texts[A64_OP_COUNT] = {
        [A64_BTI_C] = "bti c", [A64_BTI_J] = "bti j", [A64_DMB_ISH] = "dmb ish"
    };
    (void)wide;
    a64_plain(&out, op);
    LINE("%s\n", texts[op] ? texts[op] : name);
}

static const struct row rows[] = {
#define ROW(name, form, word, flip) { #name, sample_##form, (flip) != 0 },
    A64_ROWS(ROW)
#undef ROW
};

/* The name up to what tells rows of one mnemonic apart, in small letters. */
static void mnemonic(const struct row *row, char *name)
{
    for (const char *from = row->name; *from && *from != '_'; from++)
        *name++ = (char)tolower(*from);
    *name = 0;
}

static void sample_aliases(bool wide)
{
    u32 bits = wide ? 64 : 32, rd = each(32), rn = each(32), rm = each(32), lsb = each(bits);
    u32 width = 1 + below(bits - lsb), shift = each(4), cond = each(14);
    const char *d = r(wide, rd), *n = r(wide, rn), *m = r(wide, rm);
    a64_mov(&out, wide, rd, rn);
    LINE("orr %s, %s, %s\n", d, r(wide, 31), n);
    a64_mul(&out, wide, rd, rn, rm);
    LINE("mul %s, %s, %s\n", d, n, m);
    a64_shift_imm(&out, shift, wide, rd, rn, lsb);
    LINE("%s %s, %s, #%u\n", shifts[shift], d, n, lsb);
    a64_ubfx(&out, wide, rd, rn, lsb, width);
    LINE("ubfx %s, %s, #%u, #%u\n", d, n, lsb, width);
    a64_sbfx(&out, wide, rd, rn, lsb, width);
    LINE("sbfx %s, %s, #%u, #%u\n", d, n, lsb, width);
    a64_ubfiz(&out, wide, rd, rn, lsb, width);
    LINE("ubfiz %s, %s, #%u, #%u\n", d, n, lsb, width);
    a64_bfi(&out, wide, rd, rn, lsb, width);
    LINE("bfi %s, %s, #%u, #%u\n", d, n, lsb, width);
    a64_cset(&out, rd, cond);
    LINE("cset %s, %s\n", r(false, rd), conds[cond]);
}

/* LLVM */

static char folder[] = "/tmp/skep-a64-XXXXXX";

static u8 *assembled(size_t size)
{
    char command[512];
    snprintf(command, sizeof command, "%s/a.s", folder);
    FILE *f = fopen(command, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(source.data, 1, source.length, f), source.length);
    fclose(f);
    snprintf(command, sizeof command,
             "cd %s && llvm-mc-19 -triple=aarch64 -mattr=+lse -filetype=obj -o a.o a.s && "
             "llvm-objcopy-19 -O binary --only-section=.text a.o a.bin",
             folder);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "%s/a.bin", folder);
    f = fopen(command, "rb");
    assert_non_null(f);
    u8 *bytes = malloc(size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, size + 1, f), size);
    fclose(f);
    return bytes;
}

static u32 word_at(const u8 *bytes)
{
    return (u32)bytes[0] | (u32)bytes[1] << 8 | (u32)bytes[2] << 16 | (u32)bytes[3] << 24;
}

static void assert_llvm_agrees(void)
{
    u8 *bytes = assembled(out.n);
    const char *line = source.data;
    for (u32 at = 0; at < out.n; at += 4, line = strchr(line, '\n') + 1) {
        if (word_at(out.bytes + at) != word_at(bytes + at))
            fail_msg("%.*s: llvm-mc gives %08x, we give %08x", (int)strcspn(line, "\n"), line,
                     word_at(bytes + at), word_at(out.bytes + at));
    }
    print_message("%u instructions\n", out.n / 4);
    free(bytes);
}

static void need_llvm(void)
{
    if (system("command -v llvm-mc-19 llvm-objcopy-19 >/dev/null 2>&1") != 0) {
        print_message("skipped: LLVM 19's tools are not installed\n");
        skip();
    }
}

enum { SAMPLES_PER_ROW = 300 };

static void every_row_is_what_llvm_mc_assembles(void **state)
{
    (void)state;
    need_llvm();
    for (u32 op = 0; op < A64_OP_COUNT; op++) {
        char name[16];
        mnemonic(&rows[op], name);
        for (u32 i = 0; i < SAMPLES_PER_ROW; i++)
            next_sample(i), rows[op].sample(op, name, rows[op].has_wide && i % 2);
    }
    assert_llvm_agrees();
}

static void every_alias_is_what_llvm_mc_assembles(void **state)
{
    (void)state;
    need_llvm();
    for (u32 i = 0; i < 1000; i++)
        next_sample(i), sample_aliases(i % 2);
    assert_llvm_agrees();
}

static void every_logical_immediate_is_what_llvm_mc_assembles(void **state)
{
    (void)state;
    need_llvm();
    u64 value;
    for (u32 fields = 0; fields < 1 << 14; fields++) {
        bool wide = fields >> 13;
        if (!logic_value(fields >> 12 & 1, fields >> 6 & 63, fields & 63, wide, &value))
            continue;
        a64_logic_imm(&out, A64_EOR_IMM, wide, fields % 31, fields % 29, value);
        LINE("eor %s, %s, #0x%" PRIx64 "\n", r(wide, fields % 31), r(wide, fields % 29), value);
    }
    assert_llvm_agrees();
}

/* Logical immediates */

static int compare_u64(const void *a, const void *b)
{
    const u64 *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* All of them, sorted, each once. */
static u32 all_logic_values(bool wide, u64 *values)
{
    u32 n = 0, unique = 0;
    for (u32 fields = 0; fields < 1 << 13; fields++)
        n += logic_value(fields >> 12, fields >> 6 & 63, fields & 63, wide, &values[n]);
    qsort(values, n, sizeof *values, compare_u64);
    for (u32 i = 0; i < n; i++) {
        if (i == 0 || values[i] != values[unique - 1])
            values[unique++] = values[i];
    }
    return unique;
}

static void assert_logic(const u64 *values, u32 n, bool wide, u64 value)
{
    bool expected = bsearch(&value, values, n, sizeof *values, compare_u64) != NULL;
    if (a64_fits_logic(value, wide) != expected)
        fail_msg("%" PRIx64 " is %sa logical immediate", value, expected ? "" : "not ");
}

/* What the fields in the word say must be the value; and what is not in the list is refused: all
 * values that differ in one or two bits from one that is, in one byte from 0, and random ones. */
static void logical_immediates(bool wide, u32 how_many)
{
    static u64 values[1 << 13];
    u32 n = all_logic_values(wide, values), bits = wide ? 64 : 32;
    assert_int_equal(n, how_many);
    for (u32 i = 0; i < n; i++) {
        out.n = 0;
        a64_logic_imm(&out, A64_AND_IMM, wide, 0, 0, values[i]);
        u32 word = word_at(out.bytes);
        u64 value = 0;
        assert_true(logic_value(word >> 22 & 1, word >> 16 & 63, word >> 10 & 63, wide, &value));
        assert_int_equal(value, values[i]);
        for (u32 a = 0; a < bits; a++) {
            for (u32 b = a; b < bits; b++)
                assert_logic(values, n, wide, values[i] ^ (u64)1 << a ^ (u64)(a != b) << b);
        }
    }
    for (u64 low = 0; low < 1 << 16; low++) {
        assert_logic(values, n, wide, low);
        assert_logic(values, n, wide, low << 16);
        assert_logic(values, n, wide, low * 0x10001);
        assert_logic(values, n, wide, (low * 0x0001000100010001) >> (wide ? 0 : 32));
        assert_logic(values, n, wide, random_u64() >> (wide ? 0 : 32));
    }
    assert_false(a64_fits_logic(wide ? UINT64_MAX : UINT32_MAX, wide));
    assert_false(a64_fits_logic(0, wide));
}
static void logical_immediates_of_64_bits_are_those_of_the_architecture(void **state)
{
    (void)state, logical_immediates(true, 5334);
}
static void logical_immediates_of_32_bits_are_those_of_the_architecture(void **state)
{
    (void)state, logical_immediates(false, 1302);
    assert_false(a64_fits_logic(0x100000001, false));
}

/* Constants */

static u64 move_wide_result(u32 word, u64 before)
{
    u32 half = word >> 21 & 3;
    u64 imm = (u64)(word >> 5 & 0xffff) << 16 * half;
    switch (word >> 29 & 3) {
    case 0: return ~imm;
    case 2: return imm;
    default: return (before & ~((u64)0xffff << 16 * half)) | imm;
    }
}

/* What the instructions in `out` leave in x7. */
static u64 execute_constant(void)
{
    u64 value = 0xdeaddeaddeaddead;
    for (u32 at = 0; at < out.n; at += 4) {
        u32 word = word_at(out.bytes + at);
        bool wide = word >> 31;
        assert_int_equal(word & 31, 7);
        if ((word >> 23 & 0xff) == 0x64) /* orr x7, xzr, imm */
            assert_true(
                logic_value(word >> 22 & 1, word >> 16 & 63, word >> 10 & 63, wide, &value));
        else
            value = move_wide_result(word, value);
        value = wide ? value : (u32)value;
    }
    return value;
}

static void assert_constant(u64 value, u32 most)
{
    out.n = 0;
    a64_constant(&out, 7, value);
    u64 got = execute_constant();
    if (got != value)
        fail_msg("%" PRIx64 " comes out as %" PRIx64, value, got);
    assert_int_equal(out.n, 4 * a64_constant_length(value));
    if (out.n > 4 * most)
        fail_msg("%" PRIx64 " takes %u instructions", value, out.n / 4);
}

static void constants_come_out_right(void **state)
{
    (void)state;
    for (u32 i = 0; i < 100000; i++) {
        u64 value = random_u64();
        for (u32 h = 0; h < 4; h++) {
            u32 kind = below(4);
            if (kind < 2)
                value |= (u64)0xffff << 16 * h;
            if (kind == 0)
                value ^= (u64)0xffff << 16 * h;
        }
        assert_constant(value, 4);
        assert_constant((u32)value, 2);
        assert_constant(~(u64)(u32)value, 3);
    }
}

static void constants_take_few_instructions(void **state)
{
    (void)state;
    static const struct {
        u64 value;
        u32 n;
    } cases[] = {
        { 0, 1 },
        { UINT64_MAX, 1 },
        { UINT32_MAX, 1 },
        { 0xffff, 1 },
        { 0x10000, 1 },
        { 0xffff0000, 1 },
        { (u64)0xffff << 48, 1 },
        { 0xfffe1234, 2 },
        { 0xffff1234, 1 },
        { 0xffffffffffff1234, 1 },
        { 0xffff1234ffffffff, 1 },
        { 0x5555555555555555, 1 },
        { 0x5555123455555555, 2 },
        { 0x00ff00ff00ff00ff, 1 },
        { 0x00000000ffffff00, 1 },
        { 0xffffffff80000000, 1 },
        { 0x8000000000000001, 1 },
        { 0x12345678, 2 },
        { 0x0000123400005678, 2 },
        { 0xffffffff12345678, 2 },
        { 0x123456789abcdef0, 4 },
        { 0x0fffffff00001234, 2 },
    };
    for (u32 i = 0; i < ARRAY_LEN(cases); i++)
        assert_constant(cases[i].value, cases[i].n);
}

/* Ranges */

static void displacements_are_replaced(void **state)
{
    (void)state;
    static const struct {
        enum a64_op op;
        s64 least, most;
    } cases[] = { { A64_B, -0x8000000, 0x7fffffc },      { A64_BL, -0x8000000, 0x7fffffc },
                  { A64_B_COND, -0x100000, 0xffffc },    { A64_CBZ, -0x100000, 0xffffc },
                  { A64_TBNZ, -0x8000, 0x7ffc },         { A64_ADR, -0x100000, 0xfffff },
                  { A64_ADRP, -0x100000000, 0xfffff000 } };
    for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
        s64 step = cases[i].op == A64_ADRP ? 4096 : cases[i].op == A64_ADR ? 1 : 4;
        assert_true(a64_fits_displacement(cases[i].op, cases[i].least));
        assert_true(a64_fits_displacement(cases[i].op, cases[i].most));
        assert_false(a64_fits_displacement(cases[i].op, cases[i].least - step));
        assert_false(a64_fits_displacement(cases[i].op, cases[i].most + step));
        assert_int_equal(step > 1 && a64_fits_displacement(cases[i].op, 1), 0);
        u32 least = a64_displaced(cases[i].op, 0x9000000f, cases[i].least);
        u32 most = a64_displaced(cases[i].op, least, cases[i].most);
        assert_int_not_equal(least, most);
        assert_int_equal(a64_displaced(cases[i].op, most, cases[i].least), least);
    }
}

static void immediates_fit_where_they_do(void **state)
{
    (void)state;
    assert_true(a64_fits_imm12(0) && a64_fits_imm12(0xfff) && a64_fits_imm12(0xfff000));
    assert_false(a64_fits_imm12(0x1001) || a64_fits_imm12(0x1000000) || a64_fits_imm12(0xfffff000));
    assert_false(a64_fits_imm12(UINT64_MAX));
    assert_true(a64_fits_offset(A64_LDR, true, -256) && a64_fits_offset(A64_LDR, true, 255));
    assert_true(a64_fits_offset(A64_LDR, true, 32760) && a64_fits_offset(A64_LDRB, false, 4095));
    assert_true(a64_fits_offset(A64_STR, false, 16380) && a64_fits_offset(A64_LDRSH, true, 8190));
    assert_false(a64_fits_offset(A64_LDR, true, -257) || a64_fits_offset(A64_LDR, true, 257));
    assert_false(a64_fits_offset(A64_LDR, true, 32768) || a64_fits_offset(A64_LDR, false, 16384));
    assert_false(a64_fits_offset(A64_LDRB, false, 4096) || a64_fits_offset(A64_LDRSW, false, 258));
    assert_true(a64_fits_pair(true, 504) && a64_fits_pair(true, -512) && a64_fits_pair(false, 252));
    assert_false(a64_fits_pair(true, 512) || a64_fits_pair(true, 4) || a64_fits_pair(false, -260));
}

static int start(void **state)
{
    (void)state;
    out = (struct jit_buffer){ .mem = &mem };
    text_init(&source, &mem);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    bool failed = out.failed;
    jit_buffer_drop(&out);
    text_drop(&source);
    return failed || mem.used != 0;
}

static int make_folder(void **state)
{
    (void)state;
    mem_init(&mem, NULL, 0);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_row_is_what_llvm_mc_assembles),
        TEST(every_alias_is_what_llvm_mc_assembles),
        TEST(every_logical_immediate_is_what_llvm_mc_assembles),
        TEST(logical_immediates_of_64_bits_are_those_of_the_architecture),
        TEST(logical_immediates_of_32_bits_are_those_of_the_architecture),
        TEST(constants_come_out_right),
        TEST(constants_take_few_instructions),
        TEST(displacements_are_replaced),
        TEST(immediates_fit_where_they_do),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
