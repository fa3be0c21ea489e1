/* LLVM as the oracle of text: what llvm-mc assembles we assemble to the same bytes, what
 * llvm-objdump prints we print, and what it prints we read back.  Skips, and says so, where the
 * tools are missing.
 *
 * LLVM 19 does not know load-acquire, store-release and gotox; 22 does. */
#include "isa/isa.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct mem mem;

static bool have_tool(const char *tool, int version)
{
    char command[128];
    snprintf(command, sizeof command, "command -v %s-%d >/dev/null 2>&1", tool, version);
    return system(command) == 0;
}

#define NEED_LLVM(version)                                                                         \
    if (!have_tool("llvm-mc", version) || !have_tool("llvm-objdump", version) ||                   \
        !have_tool("llvm-objcopy", version)) {                                                     \
        print_message("skipped: LLVM %d's tools are not installed\n", version);                    \
        skip();                                                                                    \
    }

/* Runs a command in which %s stands for a scratch folder. */
static char folder[] = "/tmp/skep-isa-llvm-XXXXXX";

static void run(const char *format, ...)
{
    char command[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("failed: %s", command);
}

static void write_file(const char *name, const char *bytes, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

static char *read_file(const char *name, size_t *size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *bytes = calloc(1, 1 << 22);
    assert_non_null(bytes);
    *size = fread(bytes, 1, (1 << 22) - 1, f);
    fclose(f);
    return bytes;
}

/* Samples: for every row, operands from the edges of their classes. */

static bool llvm_knows(const struct isa_row *row, int version)
{
    return version >= 22 ||
           (row->group != ISA_GROUP_LINUX_ACQ_REL && row->group != ISA_GROUP_LINUX_GOTOX);
}

/* llvm-objdump -19 without options shows no other 32-bit atomics than add. */
static bool objdump_shows(const struct isa_row *row, int version)
{
    bool later = row->group == ISA_GROUP_ATOMIC32 && row->kind != ISA_KIND_ATOMIC;
    bool logic = row->group == ISA_GROUP_ATOMIC32 && row->imm != 0;
    return llvm_knows(row, version) && (version >= 22 || (!later && !logic));
}

/* llvm's text leaves bits out of these: see isa_print_objdump. */
static bool text_is_lossy(const struct insn *insn)
{
    return insn->op == ISA_CALL_LOCAL || insn->op == ISA_CALL_KFUNC ||
           (insn_kind(insn) == ISA_KIND_LD_IND && insn->imm) ||
           (insn_kind(insn) == ISA_KIND_LDDW && insn->op != ISA_LDDW_IMM && insn->imm >> 32);
}

#define SAMPLES_PER_ROW 12

static struct insn sample(u16 op, u32 i)
{
    static const u8 dsts[] = { 1, 0, 9, 4 };
    static const u8 srcs[] = { 2, 0, 10, 9, 1 };
    static const s32 offs[] = { 0, 1, -1, 8, -8, 127, -32768, 32767, 16 };
    static const s32 imms[] = { 5, 0, 1, -1, 0x7fffffff, -0x7fffffff - 1, 0x1234, -300 };
    const struct isa_row *row = &isa_rows[op];
    s32 imm = imms[i % ARRAY_LEN(imms)];
    struct insn insn = {
        .op = op,
        .dst = row->operands & ISA_D ? dsts[i % ARRAY_LEN(dsts)] : 0,
        .src = row->operands & ISA_S ? srcs[i % ARRAY_LEN(srcs)] : row->src,
        .off = row->operands & ISA_O ? offs[i % ARRAY_LEN(offs)] : row->off,
        .imm = (u64)(s64)(row->operands & ISA_I ? imm : row->imm),
    };
    if (isa_writes(&insn) >> 10)
        insn.src = 7;
    if (row->kind == ISA_KIND_ADDR_SPACE_CAST)
        insn.imm = i % 2 ? 1 : 0x10000;
    if (row->kind == ISA_KIND_JUMP_LONG) /* as far as llvm-mc reads */
        insn.imm = (u64)(s64)(s16)imm;
    if (op == ISA_LDDW_IMM && i > 5)
        insn.imm = insn.imm << 32 | i;
    else if (row->kind == ISA_KIND_LDDW && op != ISA_LDDW_IMM)
        insn.imm = (u32)imm;
    return insn;
}

struct sample_set {
    struct text text, bytes_source; /* one instruction a line; the same as .byte directives */
    VEC(struct isa_slot) slots;
    VEC(struct insn) insns;
};

static void add_sample(struct sample_set *set, const struct insn *insn)
{
    struct isa_slot slots[2];
    u32 n = isa_encode(insn, slots);
    isa_print_objdump(&set->text, insn);
    text_char(&set->text, '\n');
    assert_true(vec_push(&mem, &set->insns, *insn));
    for (u32 s = 0; s < n; s++) {
        u8 bytes[8];
        assert_true(vec_push(&mem, &set->slots, slots[s]));
        isa_slot_write(slots[s], bytes, false);
        for (u32 b = 0; b < 8; b++)
            text_printf(&set->bytes_source, "%s0x%02x", b ? "," : ".byte ", bytes[b]);
        text_char(&set->bytes_source, '\n');
    }
}

typedef bool (*row_filter)(const struct isa_row *row, int version);

static struct sample_set make_samples(row_filter wanted, int version, bool lossy_too)
{
    struct sample_set set = { 0 };
    text_init(&set.text, &mem);
    text_init(&set.bytes_source, &mem);
    for (u16 op = 0; op < ISA_OP_COUNT; op++) {
        for (u32 i = 0; i < SAMPLES_PER_ROW && wanted(&isa_rows[op], version); i++) {
            struct insn insn = sample(op, i);
            if (lossy_too || !text_is_lossy(&insn))
                add_sample(&set, &insn);
        }
    }
    return set;
}

static void drop_samples(struct sample_set *set)
{
    text_drop(&set->text);
    text_drop(&set->bytes_source);
    vec_drop(&mem, &set->slots);
    vec_drop(&mem, &set->insns);
    assert_int_equal(mem.used, 0);
}

static void assert_same_slots(const struct isa_slot *got, u32 n, const struct sample_set *set)
{
    assert_int_equal(n, set->slots.n);
    for (u32 i = 0; i < n; i++) {
        u8 a[8], b[8];
        isa_slot_write(got[i], a, false);
        isa_slot_write(set->slots.data[i], b, false);
        if (memcmp(a, b, 8) != 0)
            fail_msg("slot %u: opcode %02x imm %d, expected opcode %02x imm %d", i, a[0],
                     got[i].imm, b[0], set->slots.data[i].imm);
    }
}

static void assert_assembles_to(const char *source, const struct sample_set *set)
{
    struct isa_asm as = { .mem = &mem };
    skep_error err = { 0 };
    if (isa_assemble(&as, source, strlen(source), &err) != SKEP_OK) {
        char message[256];
        skep_error_text(&err, message, sizeof message);
        fail_msg("%s", message);
    }
    assert_same_slots(as.slots.data, as.slots.n, set);
    isa_asm_drop(&as);
}

/* Tests */

static void llvm_mc_gives_the_same_bytes(int version, bool big_endian)
{
    NEED_LLVM(version);
    struct sample_set set = make_samples(llvm_knows, version, false);
    write_file("text.s", set.text.data, set.text.length);
    run("llvm-mc-%d --triple=%s --mcpu=v4 -filetype=obj -o %s/text.o %s/text.s", version,
        big_endian ? "bpfeb" : "bpfel", folder, folder);
    run("llvm-objcopy-%d -O binary --only-section=.text %s/text.o %s/text.bin", version, folder,
        folder);
    size_t size;
    char *bytes = read_file("text.bin", &size);
    VEC(struct isa_slot) got = { 0 };
    for (size_t i = 0; i + 8 <= size; i += 8)
        assert_true(vec_push(&mem, &got, isa_slot_read((u8 *)bytes + i, big_endian)));
    assert_same_slots(got.data, got.n, &set);
    print_message("%u instructions of %s\n", set.insns.n, version == 19 ? "LLVM 19" : "LLVM 22");
    free(bytes);
    vec_drop(&mem, &got);
    drop_samples(&set);
}

/* The listing of the samples as an object, from its first label on. */
static char *list_object(const struct sample_set *set, int version, const char *options)
{
    size_t size;
    write_file("bytes.s", set->bytes_source.data, set->bytes_source.length);
    run("llvm-mc-%d --triple=bpfel -filetype=obj -o %s/bytes.o %s/bytes.s", version, folder,
        folder);
    run("llvm-objdump-%d -d -z --no-show-raw-insn %s %s/bytes.o > %s/listing", version, options,
        folder, folder);
    char *listing = read_file("listing", &size);
    char *begin = strstr(listing, "0000000000000000 <");
    assert_non_null(begin);
    memmove(listing, begin, strlen(begin) + 1);
    return listing;
}

/* Without the address and the name of the target. */
static void trim_listing_line(char *line, char **text)
{
    char *tab = strchr(line, '\t');
    assert_non_null(tab);
    *text = tab + 1;
    char *label = strstr(*text, " <.text");
    if (label)
        *label = 0;
}

static void prints_what_llvm_objdump_prints(void **state)
{
    (void)state;
    NEED_LLVM(19);
    struct sample_set set = make_samples(objdump_shows, 19, true);
    char *listing = list_object(&set, 19, "");
    char *next = strchr(listing, '\n') + 1;
    for (u32 i = 0; i < set.insns.n; i++) {
        char *line = next, *text, ours[128];
        next = strchr(line, '\n');
        assert_non_null(next);
        *next++ = 0;
        trim_listing_line(line, &text);
        struct text out;
        text_init_fixed(&out, ours, sizeof ours);
        isa_print_objdump(&out, &set.insns.data[i]);
        if (strcmp(text_cstr(&out), text) != 0)
            fail_msg("llvm-objdump prints %s, we print %s", text, text_cstr(&out));
    }
    print_message("%u lines\n", set.insns.n);
    free(listing);
    drop_samples(&set);
}

static void reads_listings(int version, const char *options)
{
    NEED_LLVM(version);
    bool plain = !*options;
    struct sample_set set = make_samples(plain ? objdump_shows : llvm_knows, version, false);
    char *listing = list_object(&set, version, options);
    assert_assembles_to(listing, &set);
    free(listing);
    drop_samples(&set);
}

static void assembles_as_llvm_mc_19(void **state)
{
    (void)state, llvm_mc_gives_the_same_bytes(19, false);
}
static void assembles_as_llvm_mc_22(void **state)
{
    (void)state, llvm_mc_gives_the_same_bytes(22, false);
}
static void assembles_as_llvm_mc_19_big_endian(void **state)
{
    (void)state;
    llvm_mc_gives_the_same_bytes(19, true);
}
static void reads_listings_of_19(void **state) { (void)state, reads_listings(19, ""); }
static void reads_listings_of_19_v4(void **state) { (void)state, reads_listings(19, "--mcpu=v4"); }
static void reads_listings_of_22(void **state) { (void)state, reads_listings(22, "--mcpu=v4"); }

static int make_folder(void **state)
{
    (void)state;
    mem_init(&mem, NULL, 0);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    run("rm -rf %s", folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assembles_as_llvm_mc_19),
        cmocka_unit_test(assembles_as_llvm_mc_22),
        cmocka_unit_test(assembles_as_llvm_mc_19_big_endian),
        cmocka_unit_test(prints_what_llvm_objdump_prints),
        cmocka_unit_test(reads_listings_of_19),
        cmocka_unit_test(reads_listings_of_19_v4),
        cmocka_unit_test(reads_listings_of_22),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
