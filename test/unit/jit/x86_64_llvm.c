/* llvm-mc as the oracle of the x86-64 encoder: every operation, register, size, class of immediate
 * and shape of address is written as text, assembled by llvm-mc, and must be the same bytes.
 * Skips, and says so, where the tools are missing.
 *
 * Where there are shorter encodings than llvm-mc's for the same meaning, the text is of those: a
 * narrower test, a move that clears the upper half, addresses with base and index exchanged. */
#include "jit/x86_64/encode.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const names64[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                       "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };
static const char *const names32[] = {
    "eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
    "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"
};
static const char *const names16[] = {
    "ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
    "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"
};
static const char *const names8[] = {
    "al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
    "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"
};
static const char *const conditions[] = { "o", "no", "b", "ae", "e", "ne", "be", "a",
                                          "s", "ns", "p", "np", "l", "ge", "le", "g" };
static const s32 imms[] = { 0,     1,         -1,        5,          127,   128,    -128,
                            -129,  255,       256,       32767,      32768, -32768, 65535,
                            70000, INT32_MAX, INT32_MIN, 0x12345678, -70000 };
static const s32 disps[] = { 0, 1, -1, 127, 128, -128, -129, 0x12345678, INT32_MAX, INT32_MIN };
static const u32 sizes[] = { 1, 2, 4, 8 };

/* The instructions so far: their text, and where their bytes begin. */
static struct mem mem;
static struct jit_buffer code;
static struct text source;
struct line {
    u32 at, text_at;
};
static VEC(struct line) lines;

static void PRINTF_LIKE(1, 2) next(const char *format, ...)
{
    struct line line = { .at = code.n, .text_at = (u32)source.length };
    assert_true(vec_push(&mem, &lines, line));
    va_list args;
    va_start(args, format);
    char text[160];
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_printf(&source, "%s\n", text);
}

static const char *reg_name(u32 size, u8 reg)
{
    return (size == 1 ? names8 : size == 2 ? names16 : size == 4 ? names32 : names64)[reg];
}

static const char *ptr_name(u32 size)
{
    return size == 1 ? "byte" : size == 2 ? "word" : size == 4 ? "dword" : "qword";
}

/* Text buffers, enough of them for one line. */
static const char *rm_text(u32 size, struct x86_rm rm)
{
    static char buffers[4][96];
    static u32 turn;
    if (rm.scale == 0)
        return reg_name(size, rm.base);
    char *out = buffers[turn++ % 4], index[16] = "", base[8] = "";
    if (rm.index != X86_NO_REG)
        snprintf(index, sizeof index, " + %s*%d", names64[rm.index], rm.scale);
    if (rm.base != X86_NO_REG)
        snprintf(base, sizeof base, "%s", names64[rm.base]);
    snprintf(out, 96, "%s ptr [%s%s + %lld]", ptr_name(size), *base ? base : "0", index,
             (long long)rm.disp);
    return out;
}

/* Tests compare all that was encoded at once. */

static char folder[] = "/tmp/skep-x86-llvm-XXXXXX";

static bool have_tool(const char *tool)
{
    char command[128];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", tool);
    return system(command) == 0;
}

static void run(const char *format)
{
    char command[512];
    u32 n = 0;
    for (const char *f = format; *f && n + sizeof folder < sizeof command; f++) {
        if (*f == '%')
            n += (u32)snprintf(command + n, sizeof command - n, "%s", folder);
        else
            command[n++] = *f;
    }
    command[n] = 0;
    if (system(command) != 0)
        fail_msg("failed: %s", command);
}

static FILE *open_file(const char *name, const char *mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, mode);
    assert_non_null(f);
    return f;
}

static void describe_mismatch(const u8 *llvm, u32 n_llvm)
{
    u32 at = 0, line = 0;
    while (at < code.n && at < n_llvm && code.bytes[at] == llvm[at])
        at++;
    while (line + 1 < lines.n && lines.data[line + 1].at <= at)
        line++;
    u32 begin = lines.data[line].at;
    char text[128];
    snprintf(text, sizeof text, "%s", source.data + lines.data[line].text_at);
    *strchrnul(text, '\n') = 0;
    print_error("%s\n  ours: ", text);
    for (u32 i = begin; i < code.n && i < begin + 12; i++)
        print_error("%02x ", code.bytes[i]);
    print_error("\n  llvm: ");
    for (u32 i = begin; i < n_llvm && i < begin + 12; i++)
        print_error("%02x ", llvm[i]);
    fail_msg("instruction %u of %u differs", line, (u32)lines.n);
}

static void assert_llvm_agrees(void)
{
    FILE *f = open_file("a.s", "w");
    fprintf(f, ".intel_syntax noprefix\n");
    assert_int_equal(fwrite(source.data, 1, source.length, f), source.length);
    fclose(f);
    run("llvm-mc-19 --triple=x86_64-linux --mcpu=znver3 -filetype=obj -o %/a.o %/a.s");
    run("llvm-objcopy-19 -O binary --only-section=.text %/a.o %/a.bin");
    u8 *llvm = calloc(1, (size_t)code.n + 64);
    assert_non_null(llvm);
    f = open_file("a.bin", "rb");
    u32 n_llvm = (u32)fread(llvm, 1, (size_t)code.n + 64, f);
    fclose(f);
    assert_true(lines.n > 0);
    if (n_llvm != code.n || memcmp(llvm, code.bytes, code.n) != 0)
        describe_mismatch(llvm, n_llvm);
    print_message("%u instructions, %u bytes\n", (u32)lines.n, code.n);
    free(llvm);
}

static int begin_test(void **state)
{
    (void)state;
    mem_init(&mem, NULL, 0);
    code = (struct jit_buffer){ .mem = &mem };
    text_init(&source, &mem);
    return 0;
}

static int end_test(void **state)
{
    (void)state;
    bool complete = !code.failed;
    jit_buffer_drop(&code);
    text_drop(&source);
    vec_drop(&mem, &lines);
    memset(&lines, 0, sizeof lines);
    return complete && mem.used == 0 ? 0 : -1;
}

#define NEED_LLVM()                                                                                \
    if (!have_tool("llvm-mc-19") || !have_tool("llvm-objcopy-19")) {                               \
        print_message("skipped: LLVM 19's tools are not installed\n");                             \
        skip();                                                                                    \
    }

/* The shapes of addresses that operations are tried with: each special register once. */
static struct x86_rm address(u32 i)
{
    static const u8 bases[] = { X86_RAX, X86_RSP, X86_RBP, X86_R12, X86_R13, X86_RDI, X86_R15 };
    static const u8 indexes[] = { X86_NO_REG, X86_RCX, X86_R12, X86_NO_REG, X86_R9 };
    return x86_mx(bases[i % 7], indexes[i % 5], (u8)(1 << i % 4), disps[1 + i % 9]);
}

/* A column of the tables below: operations with their text. */
struct op_name {
    enum x86_op op;
    const char *name;
};

static const struct op_name alu[] = {
    { X86_ADD, "add" }, { X86_OR, "or" },   { X86_ADC, "adc" }, { X86_SBB, "sbb" },
    { X86_AND, "and" }, { X86_SUB, "sub" }, { X86_XOR, "xor" }, { X86_CMP, "cmp" },
};

static void reg_rm(struct op_name op, u32 size, u32 rm_size, u8 reg, struct x86_rm rm)
{
    next("%s %s, %s", op.name, reg_name(size, reg), rm_text(rm_size, rm));
    x86_op_reg_rm(&code, op.op, size, reg, rm);
}

static void rm_reg(struct op_name op, u32 size, struct x86_rm rm, u8 reg)
{
    next("%s %s, %s", op.name, rm_text(size, rm), reg_name(size, reg));
    x86_op_rm_reg(&code, op.op, size, rm, reg);
}

static void rm_imm(struct op_name op, u32 size, struct x86_rm rm, s32 imm)
{
    next("%s %s, %d", op.name, rm_text(size, rm), size == 1 ? (s8)imm : size == 2 ? (s16)imm : imm);
    x86_op_rm_imm(&code, op.op, size, rm, imm);
}

static void two_registers(struct op_name op, u32 size)
{
    for (u8 a = 0; a < 16; a++)
        for (u8 b = 0; b < 16; b++)
            reg_rm(op, size, size, a, x86_r(b));
}

static void register_and_memory(struct op_name op, u32 size)
{
    for (u32 i = 0; i < 35; i++) {
        reg_rm(op, size, size, (u8)(i % 16), address(i));
        rm_reg(op, size, address(i), (u8)(i % 16));
    }
}

static void exchange(u32 size, u8 reg, struct x86_rm rm)
{
    next("xchg %s, %s", reg_name(size, reg), rm_text(size, rm));
    x86_op_rm_reg(&code, X86_XCHG, size, rm, reg);
}

static void alu_on_registers_and_memory(void **state)
{
    (void)state;
    NEED_LLVM();
    for (u32 s = 0; s < ARRAY_LEN(sizes); s++) {
        for (u32 i = 0; i < ARRAY_LEN(alu); i++) {
            two_registers(alu[i], sizes[s]);
            register_and_memory(alu[i], sizes[s]);
        }
        two_registers((struct op_name){ X86_MOV, "mov" }, sizes[s]);
        register_and_memory((struct op_name){ X86_MOV, "mov" }, sizes[s]);
        two_registers((struct op_name){ X86_TEST, "test" }, sizes[s]);
        /* of two byte and word registers, and of rax with itself, nobody has a use */
        for (u32 i = sizes[s] < 4 ? 256 : 1; i < 256 + 35; i++)
            exchange(sizes[s], (u8)(i % 16), i < 256 ? x86_r((u8)(i / 16)) : address(i));
    }
    assert_llvm_agrees();
}

static void alu_with_immediates(void **state)
{
    (void)state;
    NEED_LLVM();
    for (u32 s = 0; s < ARRAY_LEN(sizes); s++)
        for (u32 i = 0; i < ARRAY_LEN(alu); i++)
            for (u32 k = 0; k < ARRAY_LEN(imms); k++) {
                for (u8 r = 0; r < 16; r++)
                    rm_imm(alu[i], sizes[s], x86_r(r), imms[k]);
                rm_imm(alu[i], sizes[s], address(i + k), imms[k]);
                rm_imm((struct op_name){ X86_MOV, "mov" }, sizes[s], address(i + k), imms[k]);
                rm_imm((struct op_name){ X86_TEST, "test" }, sizes[s], address(i + k), imms[k]);
            }
    assert_llvm_agrees();
}

static void address_of(struct x86_rm rm, struct x86_rm written)
{
    next("lea rbx, %s", rm_text(8, written));
    x86_op_reg_rm(&code, X86_LEA, 8, X86_RBX, rm);
    next("mov r11, %s", rm_text(8, written));
    x86_op_reg_rm(&code, X86_MOV, 8, X86_R11, rm);
}

/* Base and index change places where that is shorter. */
static struct x86_rm as_llvm_is_told(struct x86_rm rm)
{
    bool exchange = rm.index != X86_NO_REG && rm.scale == 1 && rm.disp == 0 &&
                    (rm.base & 7) == X86_RBP && rm.base != X86_NO_REG;
    return exchange ? x86_mx(rm.index, rm.base, 1, 0) : rm;
}

static void addresses_of_all_shapes(void **state)
{
    (void)state;
    NEED_LLVM();
    for (u32 d = 0; d < ARRAY_LEN(disps); d++)
        for (u8 base = 0; base <= X86_NO_REG; base++)
            for (u8 index = 0; index <= X86_NO_REG; index++)
                for (u8 scale = 1; scale <= 8 && index != X86_RSP; scale = (u8)(scale * 2)) {
                    struct x86_rm rm = x86_mx(base, index, scale, disps[d]);
                    if (base != X86_NO_REG || scale > 2 || index == X86_NO_REG)
                        address_of(rm, as_llvm_is_told(rm));
                }
    assert_llvm_agrees();
}

static void addresses_that_become_shorter(void **state)
{
    (void)state;
    NEED_LLVM();
    for (u8 reg = 0; reg < 16; reg++) {
        address_of(x86_mx(X86_NO_REG, reg, 1, 8), x86_m(reg, 8));
        if (reg != X86_RSP)
            address_of(x86_mx(X86_NO_REG, reg, 2, 8), x86_mx(reg, reg, 1, 8));
        if (reg != X86_RSP)
            address_of(x86_mx(reg, X86_RSP, 1, 8), x86_mx(X86_RSP, reg, 1, 8));
    }
    assert_llvm_agrees();
}

static void moves_of_immediates(void **state)
{
    (void)state;
    NEED_LLVM();
    static const u64 wide[] = { 0,
                                1,
                                127,
                                128,
                                INT32_MAX,
                                0x80000000,
                                UINT32_MAX,
                                0x100000000,
                                UINT64_MAX,
                                (u64)-128,
                                (u64)INT32_MIN,
                                (u64)INT32_MIN - 1,
                                0x123456789abcdef0,
                                (u64)INT64_MIN,
                                INT64_MAX };
    for (u8 r = 0; r < 16; r++)
        for (u32 k = 0; k < ARRAY_LEN(wide); k++) {
            next("mov %s, %u", names32[r], (u32)wide[k]);
            x86_mov_imm(&code, 4, r, wide[k]);
            if (wide[k] <= UINT32_MAX)
                next("mov %s, %u", names32[r], (u32)wide[k]);
            else
                next("%s %s, %lld", wide[k] >= (u64)INT32_MIN ? "mov" : "movabs", names64[r],
                     (long long)wide[k]);
            x86_mov_imm(&code, 8, r, wide[k]);
        }
    assert_llvm_agrees();
}

static void tests_with_immediates(void **state)
{
    (void)state;
    NEED_LLVM();
    for (u32 s = 0; s < ARRAY_LEN(sizes); s++)
        for (u32 k = 0; k < ARRAY_LEN(imms); k++) {
            for (u8 r = 0; r < 16; r++) {
                u32 size = sizes[s];
                s32 imm = size == 1 ? (s8)imms[k] : size == 2 ? (s16)imms[k] : imms[k];
                if (imms[k] >= 0)
                    size = imms[k] < 128 ? 1 : size == 8 ? 4 : size;
                next("test %s, %d", reg_name(size, r), imm);
                x86_test_imm(&code, sizes[s], x86_r(r), imms[k]);
            }
        }
    assert_llvm_agrees();
}

static void extensions_and_addresses(void **state)
{
    (void)state;
    NEED_LLVM();
    static const struct {
        struct op_name op;
        u32 from, min_size;
    } rows[] = {
        { { X86_MOVZX8, "movzx" }, 1, 2 },  { { X86_MOVSX8, "movsx" }, 1, 2 },
        { { X86_MOVZX16, "movzx" }, 2, 4 }, { { X86_MOVSX16, "movsx" }, 2, 4 },
        { { X86_MOVSXD, "movsxd" }, 4, 8 },
    };
    for (u32 i = 0; i < ARRAY_LEN(rows); i++)
        for (u32 size = rows[i].min_size; size <= 8; size *= 2) {
            for (u8 a = 0; a < 16; a++)
                for (u8 b = 0; b < 16; b++)
                    reg_rm(rows[i].op, size, rows[i].from, a, x86_r(b));
            for (u32 k = 0; k < 35; k++)
                reg_rm(rows[i].op, size, rows[i].from, (u8)(k % 16), address(k));
        }
    for (u32 k = 0; k < 35; k++) {
        reg_rm((struct op_name){ X86_LEA, "lea" }, 4, 4, (u8)(k % 16), address(k));
        reg_rm((struct op_name){ X86_LEA, "lea" }, 8, 8, (u8)(k % 16), address(k));
    }
    assert_llvm_agrees();
}

static void operations_on_one_operand(void **state)
{
    (void)state;
    NEED_LLVM();
    static const struct op_name ops[] = {
        { X86_NOT, "not" }, { X86_NEG, "neg" },   { X86_MUL, "mul" }, { X86_IMUL_WIDE, "imul" },
        { X86_DIV, "div" }, { X86_IDIV, "idiv" }, { X86_INC, "inc" }, { X86_DEC, "dec" },
    };
    for (u32 i = 0; i < ARRAY_LEN(ops); i++)
        for (u32 s = 0; s < ARRAY_LEN(sizes); s++)
            for (u32 k = 0; k < 16 + 35; k++) {
                struct x86_rm rm = k < 16 ? x86_r((u8)k) : address(k);
                next("%s %s", ops[i].name, rm_text(sizes[s], rm));
                x86_op_rm(&code, ops[i].op, sizes[s], rm);
            }
    static const struct op_name wide[] = {
        { X86_PUSH, "push" },
        { X86_POP, "pop" },
        { X86_CALL, "call" },
        { X86_JMP, "jmp" },
    };
    for (u32 i = 0; i < ARRAY_LEN(wide); i++)
        for (u32 k = 0; k < 16 + 35; k++) {
            struct x86_rm rm = k < 16 ? x86_r((u8)k) : address(k);
            next("%s %s", wide[i].name, rm_text(8, rm));
            x86_op_rm(&code, wide[i].op, 8, rm);
        }
    assert_llvm_agrees();
}

static void shifts_and_rotates(void **state)
{
    (void)state;
    NEED_LLVM();
    static const struct op_name ops[] = {
        { X86_ROL, "rol" }, { X86_ROR, "ror" }, { X86_SHL, "shl" },
        { X86_SHR, "shr" }, { X86_SAR, "sar" },
    };
    static const s32 amounts[] = { 0, 1, 2, 7, 8, 31, 32, 63 };
    for (u32 i = 0; i < ARRAY_LEN(ops); i++)
        for (u32 s = 0; s < ARRAY_LEN(sizes); s++)
            for (u32 k = 0; k < 16 + 35; k++) {
                struct x86_rm rm = k < 16 ? x86_r((u8)k) : address(k);
                for (u32 a = 0; a < ARRAY_LEN(amounts); a++)
                    rm_imm(ops[i], sizes[s], rm, amounts[a]);
                next("%s %s, cl", ops[i].name, rm_text(sizes[s], rm));
                x86_op_rm(&code, ops[i].op, sizes[s], rm);
            }
    for (u32 k = 0; k < 256; k++)
        for (u32 size = 2; size <= 8; size *= 2) {
            struct x86_rm rm = k % 3 ? x86_r((u8)(k / 16)) : address(k);
            const char *to = rm_text(size, rm), *from = reg_name(size, (u8)(k % 16));
            next("shld %s, %s, %u", to, from, k % 64);
            x86_double_shift(&code, X86_SHLD, size, rm, (u8)(k % 16), k % 64);
            next("shrd %s, %s, %u", to, from, k % 64);
            x86_double_shift(&code, X86_SHRD, size, rm, (u8)(k % 16), k % 64);
            next("shld %s, %s, cl", to, from);
            x86_op_rm_reg(&code, X86_SHLD_CL, size, rm, (u8)(k % 16));
            next("shrd %s, %s, cl", to, from);
            x86_op_rm_reg(&code, X86_SHRD_CL, size, rm, (u8)(k % 16));
        }
    assert_llvm_agrees();
}

static void multiplications_and_bits(void **state)
{
    (void)state;
    NEED_LLVM();
    static const struct op_name into_reg[] = {
        { X86_IMUL, "imul" },   { X86_POPCNT, "popcnt" }, { X86_TZCNT, "tzcnt" },
        { X86_LZCNT, "lzcnt" }, { X86_BSF, "bsf" },       { X86_BSR, "bsr" },
    };
    static const struct op_name bits[] = {
        { X86_BT, "bt" },
        { X86_BTS, "bts" },
        { X86_BTR, "btr" },
        { X86_BTC, "btc" },
    };
    for (u32 size = 2; size <= 8; size *= 2)
        for (u32 k = 0; k < 256 + 35; k++) {
            struct x86_rm rm = k < 256 ? x86_r((u8)(k / 16)) : address(k);
            u8 reg = (u8)(k % 16);
            for (u32 i = 0; i < ARRAY_LEN(into_reg); i++)
                reg_rm(into_reg[i], size, size, reg, rm);
            for (u32 i = 0; i < ARRAY_LEN(bits); i++) {
                rm_reg(bits[i], size, rm, reg);
                rm_imm(bits[i], size, rm, (s32)(k % (size * 8)));
            }
            s32 imm = imms[k % ARRAY_LEN(imms)];
            imm = size == 2 ? (s16)imm : imm;
            next("imul %s, %s, %d", reg_name(size, reg), rm_text(size, rm), imm);
            x86_imul_imm(&code, size, reg, rm, imm);
        }
    assert_llvm_agrees();
}

static void byte_swaps(void **state)
{
    (void)state;
    NEED_LLVM();
    const struct op_name movbe = { X86_MOVBE, "movbe" };
    for (u8 r = 0; r < 16; r++) {
        next("bswap %s", names32[r]);
        x86_bswap(&code, 4, r);
        next("bswap %s", names64[r]);
        x86_bswap(&code, 8, r);
        for (u32 size = 2; size <= 8; size *= 2)
            for (u32 k = 0; k < 35; k++) {
                reg_rm(movbe, size, size, r, address(k));
                rm_reg(movbe, size, address(k), r);
            }
    }
    assert_llvm_agrees();
}

static void conditional_operations(void **state)
{
    (void)state;
    NEED_LLVM();
    for (u32 cc = 0; cc < 16; cc++) {
        for (u32 k = 0; k < 16 + 35; k++) {
            struct x86_rm rm = k < 16 ? x86_r((u8)k) : address(k);
            next("set%s %s", conditions[cc], rm_text(1, rm));
            x86_set(&code, (enum x86_cc)cc, rm);
            for (u32 size = 2; size <= 8; size *= 2) {
                u8 reg = (u8)((k * 5 + cc) % 16);
                next("cmov%s %s, %s", conditions[cc], reg_name(size, reg), rm_text(size, rm));
                x86_cmov(&code, (enum x86_cc)cc, size, reg, rm);
            }
        }
    }
    assert_llvm_agrees();
}

static void locked_operations(void **state)
{
    (void)state;
    NEED_LLVM();
    static const struct op_name ops[] = {
        { X86_ADD, "lock\nadd" }, { X86_OR, "lock\nor" },     { X86_AND, "lock\nand" },
        { X86_XOR, "lock\nxor" }, { X86_XADD, "lock\nxadd" }, { X86_CMPXCHG, "lock\ncmpxchg" },
    };
    for (u32 s = 0; s < ARRAY_LEN(sizes); s++)
        for (u32 i = 0; i < ARRAY_LEN(ops); i++)
            for (u32 k = 0; k < 35; k++) {
                next("%s %s, %s", ops[i].name, rm_text(sizes[s], address(k)),
                     reg_name(sizes[s], (u8)(k % 16)));
                x86_plain(&code, X86_LOCK);
                x86_op_rm_reg(&code, ops[i].op, sizes[s], address(k), (u8)(k % 16));
            }
    assert_llvm_agrees();
}

static void operations_with_vex(void **state)
{
    (void)state;
    NEED_LLVM();
    for (u32 size = 4; size <= 8; size *= 2)
        for (u32 k = 0; k < 512; k++) {
            struct x86_rm rm = k % 3 ? x86_r((u8)(k / 16 % 16)) : address(k);
            u8 reg = (u8)(k % 16), other = (u8)(k * 7 / 5 % 16);
            const char *a = reg_name(size, reg), *b = reg_name(size, other), *c = rm_text(size, rm);
            next("andn %s, %s, %s", a, b, c);
            x86_vex(&code, X86_ANDN, size, reg, other, rm);
            next("shlx %s, %s, %s", a, c, b);
            x86_vex(&code, X86_SHLX, size, reg, other, rm);
            next("shrx %s, %s, %s", a, c, b);
            x86_vex(&code, X86_SHRX, size, reg, other, rm);
            next("sarx %s, %s, %s", a, c, b);
            x86_vex(&code, X86_SARX, size, reg, other, rm);
            next("bzhi %s, %s, %s", a, c, b);
            x86_vex(&code, X86_BZHI, size, reg, other, rm);
            next("mulx %s, %s, %s", a, b, c);
            x86_vex(&code, X86_MULX, size, reg, other, rm);
            next("rorx %s, %s, %u", a, c, k % 64);
            x86_rorx(&code, size, reg, rm, k % 64);
        }
    assert_llvm_agrees();
}

static void one_of_each_without_operands(void **state)
{
    (void)state;
    NEED_LLVM();
    static const char *const names[X86_PLAIN_OP_COUNT] = {
        [X86_RET] = "ret",   [X86_CDQ] = "cdq",       [X86_CQO] = "cqo",
        [X86_INT3] = "int3", [X86_UD2] = "ud2",       [X86_PAUSE] = "pause",
        [X86_LOCK] = "lock", [X86_MFENCE] = "mfence", [X86_ENDBR64] = "endbr64",
    };
    for (u32 i = 0; i < X86_PLAIN_OP_COUNT; i++) {
        next("%s", names[i]);
        x86_plain(&code, (enum x86_plain_op)i);
    }
    for (u32 n = 1; n < 30; n++) {
        next(".nops %u, 9", n);
        x86_nops(&code, n);
    }
    assert_llvm_agrees();
}

/* llvm-mc takes targets, and chooses the short form by itself. */
static void jumps_to_both_sides_of_every_edge(void **state)
{
    (void)state;
    NEED_LLVM();
    text_string(&source, ".att_syntax\n");
    for (u32 i = 0; i < ARRAY_LEN(disps); i++) {
        s32 disp = disps[i];
        bool is_short = disp == (s8)disp;
        /* too far for the short form too, and not for an assembler that counts from the start */
        if (!is_short)
            disp = disp < 0 ? (disp < INT32_MIN + 6 ? INT32_MIN + 6 : disp - 4)
                            : (disp > INT32_MAX - 6 ? INT32_MAX - 6 : disp);
        next("jmp .%+d", disp + (is_short ? 2 : 5));
        is_short ? x86_jmp8(&code, (s8)disp) : x86_jmp32(&code, disp);
        next("call .%+d", disp + 5);
        x86_call32(&code, disp);
        for (u32 cc = 0; cc < 16; cc++) {
            next("j%s .%+d", conditions[cc], disp + (is_short ? 2 : 6));
            is_short ? x86_jcc8(&code, (enum x86_cc)cc, (s8)disp)
                     : x86_jcc32(&code, (enum x86_cc)cc, disp);
        }
    }
    assert_llvm_agrees();
}

static void full_memory_is_told_and_nothing_is_written(void **state)
{
    (void)state;
    struct mem small;
    mem_init(&small, NULL, 16);
    struct jit_buffer out = { .mem = &small };
    x86_mov_imm(&out, 8, X86_RAX, UINT64_MAX / 3);
    assert_true(out.failed);
    assert_int_equal(out.n, 0);
    jit_buffer_drop(&out);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    run("rm -rf %");
    return 0;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        T(alu_on_registers_and_memory),
        T(alu_with_immediates),
        T(addresses_of_all_shapes),
        T(addresses_that_become_shorter),
        T(moves_of_immediates),
        T(tests_with_immediates),
        T(extensions_and_addresses),
        T(operations_on_one_operand),
        T(shifts_and_rotates),
        T(multiplications_and_bits),
        T(byte_swaps),
        T(conditional_operations),
        T(locked_operations),
        T(operations_with_vex),
        T(one_of_each_without_operands),
        T(jumps_to_both_sides_of_every_edge),
        T(full_memory_is_told_and_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
