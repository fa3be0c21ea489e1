#include "support/samples.h"

#include "btf/btf.h"
#include "isa/isa.h"

#include <stdlib.h>

#define FLAG 0x80000000u

/* Types -------------------------------------------------------------------------------------------
 */

/* Ids are compared with enum sample_type as they are made: the table cannot get out of step. */
static void expect(u32 id, enum sample_type type)
{
    if (id != (u32)type)
        abort();
}

static void sample_c_types(struct btf_build *b)
{
    u32 x = btf_build_name(b, "x"), y = btf_build_name(b, "y"), next = btf_build_name(b, "next");
    u32 i = btf_build_name(b, "i"), f = btf_build_name(b, "f"), p = btf_build_name(b, "p");
    u32 flags = btf_build_name(b, "flags"), rest = btf_build_name(b, "rest");
    u32 red = btf_build_name(b, "RED"), green = btf_build_name(b, "GREEN");
    u32 big = btf_build_name(b, "BIG");
    expect(BTF_BUILD(b, BTF_INT, "int", 0, 4, 1u << 24 | 32), SAMPLE_INT);
    expect(BTF_BUILD(b, BTF_INT, "unsigned char", 0, 1, 8), SAMPLE_U8);
    expect(BTF_BUILD(b, BTF_INT, "unsigned long long", 0, 8, 64), SAMPLE_U64);
    expect(BTF_BUILD(b, BTF_INT, "_Bool", 0, 1, 4u << 24 | 8), SAMPLE_BOOL);
    expect(BTF_BUILD(b, BTF_STRUCT, "point", 3, 16, x, SAMPLE_INT, 0, y, SAMPLE_INT, 32, next,
                     SAMPLE_POINT_PTR, 64),
           SAMPLE_POINT);
    expect(BTF_BUILD_PLAIN(b, BTF_PTR, "", 0, SAMPLE_POINT), SAMPLE_POINT_PTR);
    expect(BTF_BUILD(b, BTF_ARRAY, "", 0, 0, SAMPLE_U8, SAMPLE_INT, 16), SAMPLE_BYTES);
    expect(BTF_BUILD(b, BTF_STRUCT, "outer", FLAG | 4, 56, p, SAMPLE_POINTS, 0, 0,
                     SAMPLE_ANON_UNION, 384, flags, SAMPLE_INT, 3u << 24 | 416, rest, SAMPLE_INT,
                     29u << 24 | 419),
           SAMPLE_OUTER);
    expect(BTF_BUILD(b, BTF_ARRAY, "", 0, 0, SAMPLE_POINT, SAMPLE_INT, 3), SAMPLE_POINTS);
    expect(BTF_BUILD(b, BTF_UNION, "", 2, 4, i, SAMPLE_INT, 0, f, SAMPLE_FLOAT, 0),
           SAMPLE_ANON_UNION);
    expect(BTF_BUILD_PLAIN(b, BTF_FLOAT, "float", 0, 4), SAMPLE_FLOAT);
    expect(BTF_BUILD(b, BTF_ENUM, "color", FLAG | 2, 4, red, 0, green, UINT32_MAX), SAMPLE_ENUM);
    expect(BTF_BUILD(b, BTF_ENUM64, "big", 1, 8, big, 0, 256), SAMPLE_ENUM64);
    expect(BTF_BUILD_PLAIN(b, BTF_FWD, "opaque", 0, 0), SAMPLE_FWD);
    expect(BTF_BUILD_PLAIN(b, BTF_TYPEDEF, "word", 0, SAMPLE_CONST), SAMPLE_TYPEDEF);
    expect(BTF_BUILD_PLAIN(b, BTF_CONST, "", 0, SAMPLE_VOLATILE), SAMPLE_CONST);
    expect(BTF_BUILD_PLAIN(b, BTF_VOLATILE, "", 0, SAMPLE_INT), SAMPLE_VOLATILE);
    expect(BTF_BUILD_PLAIN(b, BTF_RESTRICT, "", 0, SAMPLE_POINT_PTR), SAMPLE_RESTRICT);
    expect(BTF_BUILD_PLAIN(b, BTF_TYPE_TAG, "user", 0, SAMPLE_INT), SAMPLE_TYPE_TAG);
}

static void sample_functions(struct btf_build *b)
{
    u32 a = btf_build_name(b, "a"), p = btf_build_name(b, "p");
    expect(BTF_BUILD(b, BTF_FUNC_PROTO, "", 3, SAMPLE_INT, a, SAMPLE_INT, p, SAMPLE_CONST_POINT_PTR,
                     0, 0),
           SAMPLE_PROTO);
    expect(BTF_BUILD_PLAIN(b, BTF_CONST, "", 0, SAMPLE_POINT), SAMPLE_CONST_POINT);
    expect(BTF_BUILD_PLAIN(b, BTF_PTR, "", 0, SAMPLE_CONST_POINT), SAMPLE_CONST_POINT_PTR);
    expect(BTF_BUILD_PLAIN(b, BTF_FUNC, "prog", BTF_GLOBAL, SAMPLE_PROTO), SAMPLE_FUNC);
    expect(BTF_BUILD(b, BTF_DECL_TAG, "nonnull", 0, SAMPLE_FUNC, 1), SAMPLE_DECL_TAG);
    expect(BTF_BUILD_PLAIN(b, BTF_PTR, "", 0, SAMPLE_PROTO), SAMPLE_FUNC_PTR);
}

/* int[n] and a pointer to it: __uint(name, n). */
static void sample_number(struct btf_build *b, u32 n, enum sample_type array)
{
    expect(BTF_BUILD(b, BTF_ARRAY, "", 0, 0, SAMPLE_INT, SAMPLE_INT, n), array);
    expect(BTF_BUILD_PLAIN(b, BTF_PTR, "", 0, array), array + 1);
}

static void sample_map_types(struct btf_build *b)
{
    u32 type = btf_build_name(b, "type"), key = btf_build_name(b, "key");
    u32 value = btf_build_name(b, "value"), max = btf_build_name(b, "max_entries");
    u32 flags = btf_build_name(b, "map_flags");
    u32 pinning = btf_build_name(b, "pinning"), extra = btf_build_name(b, "map_extra");
    u32 values = btf_build_name(b, "values"), one = btf_build_name(b, "unique");
    u32 numa = btf_build_name(b, "numa_node");
    sample_number(b, 1, SAMPLE_NUM_1);
    sample_number(b, 3, SAMPLE_NUM_3);
    sample_number(b, 12, SAMPLE_NUM_12);
    sample_number(b, 16, SAMPLE_NUM_16);
    expect(BTF_BUILD(b, BTF_ENUM64, "", 1, 8, one, 0, 256), SAMPLE_EXTRA);
    expect(BTF_BUILD_PLAIN(b, BTF_PTR, "", 0, SAMPLE_EXTRA), SAMPLE_EXTRA_PTR);
    expect(BTF_BUILD_PLAIN(b, BTF_PTR, "", 0, SAMPLE_U64), SAMPLE_U64_PTR);
    expect(BTF_BUILD(b, BTF_ARRAY, "", 0, 0, SAMPLE_FUNC_PTR, SAMPLE_INT, 3), SAMPLE_PROGRAMS);
    expect(BTF_BUILD(b, BTF_STRUCT, "", 8, 64, type, SAMPLE_NUM_1_PTR, 0, key, SAMPLE_U64_PTR, 64,
                     value, SAMPLE_POINT_PTR, 128, max, SAMPLE_NUM_16_PTR, 192, flags,
                     SAMPLE_NUM_1_PTR, 256, pinning, SAMPLE_NUM_1_PTR, 320, extra, SAMPLE_EXTRA_PTR,
                     384, numa, SAMPLE_NUM_3_PTR, 448),
           SAMPLE_HASH);
    expect(BTF_BUILD(b, BTF_STRUCT, "", 3, 40, type, SAMPLE_NUM_3_PTR, 0, max, SAMPLE_NUM_3_PTR, 64,
                     values, SAMPLE_PROGRAMS, 128),
           SAMPLE_JUMPS);
    expect(BTF_BUILD(b, BTF_STRUCT, "inner", 4, 32, type, SAMPLE_NUM_1_PTR, 0, key, SAMPLE_U64_PTR,
                     64, value, SAMPLE_U64_PTR, 128, max, SAMPLE_NUM_3_PTR, 192),
           SAMPLE_INNER);
    expect(BTF_BUILD_PLAIN(b, BTF_PTR, "", 0, SAMPLE_INNER), SAMPLE_INNER_PTR);
    expect(BTF_BUILD(b, BTF_ARRAY, "", 0, 0, SAMPLE_INNER_PTR, SAMPLE_INT, 1), SAMPLE_INNERS);
    expect(BTF_BUILD(b, BTF_STRUCT, "", 3, 24, type, SAMPLE_NUM_12_PTR, 0, max, SAMPLE_NUM_1_PTR,
                     64, values, SAMPLE_INNERS, 128),
           SAMPLE_OUTER_MAP);
    expect(BTF_BUILD(b, BTF_VAR, "counters", 0, SAMPLE_HASH, BTF_GLOBAL), SAMPLE_VAR_COUNTERS);
    expect(BTF_BUILD(b, BTF_VAR, "jumps", 0, SAMPLE_JUMPS, BTF_GLOBAL), SAMPLE_VAR_JUMPS);
    expect(BTF_BUILD(b, BTF_VAR, "inner_map", 0, SAMPLE_INNER, BTF_GLOBAL), SAMPLE_VAR_INNER);
    expect(BTF_BUILD(b, BTF_VAR, "outer_map", 0, SAMPLE_OUTER_MAP, BTF_GLOBAL), SAMPLE_VAR_OUTER);
    expect(BTF_BUILD(b, BTF_DATASEC, ".maps", 4, 0, SAMPLE_VAR_COUNTERS, 0, 64, SAMPLE_VAR_JUMPS, 0,
                     40, SAMPLE_VAR_INNER, 0, 32, SAMPLE_VAR_OUTER, 0, 24),
           SAMPLE_SEC_MAPS);
}

static void sample_externs(struct btf_build *b)
{
    expect(BTF_BUILD(b, BTF_VAR, "LINUX_KERNEL_VERSION", 0, SAMPLE_INT, BTF_EXTERN),
           SAMPLE_VAR_VERSION);
    expect(BTF_BUILD(b, BTF_VAR, "CONFIG_DEBUG", 0, SAMPLE_BOOL, BTF_EXTERN), SAMPLE_VAR_DEBUG);
    expect(BTF_BUILD(b, BTF_ARRAY, "", 0, 0, SAMPLE_U8, SAMPLE_INT, 16), SAMPLE_STRING);
    expect(BTF_BUILD(b, BTF_VAR, "CONFIG_NAME", 0, SAMPLE_STRING, BTF_EXTERN), SAMPLE_VAR_NAME);
    expect(BTF_BUILD(b, BTF_DATASEC, ".kconfig", 3, 0, SAMPLE_VAR_DEBUG, 0, 1, SAMPLE_VAR_VERSION,
                     0, 4, SAMPLE_VAR_NAME, 0, 16),
           SAMPLE_SEC_KCONFIG);
    expect(BTF_BUILD(b, BTF_VAR, "jiffies_like", 0, SAMPLE_INT, BTF_EXTERN), SAMPLE_VAR_KSYM);
    expect(BTF_BUILD_PLAIN(b, BTF_FUNC, "kfunc", BTF_EXTERN, SAMPLE_PROTO), SAMPLE_KFUNC);
    expect(BTF_BUILD(b, BTF_DATASEC, ".ksyms", 2, 0, SAMPLE_VAR_KSYM, 0, 4, SAMPLE_KFUNC, 0, 0),
           SAMPLE_SEC_KSYMS);
}

/* Strings that .BTF.ext refers to come first, so that their offsets are known. */
#define NAME_XDP 1u     /* "xdp" */
#define NAME_FILE 5u    /* "prog.c" */
#define NAME_LINE 12u   /* "return 0;" */
#define NAME_ACCESS 22u /* "0:0:2:1" */
#define NAME_ENUM 30u   /* "1" */

void sample_btf(struct out_bytes *out, bool big_endian)
{
    struct btf_build b;
    btf_build_init(&b, big_endian);
    if (btf_build_name(&b, "xdp") != NAME_XDP || btf_build_name(&b, "prog.c") != NAME_FILE ||
        btf_build_name(&b, "return 0;") != NAME_LINE ||
        btf_build_name(&b, "0:0:2:1") != NAME_ACCESS || btf_build_name(&b, "1") != NAME_ENUM)
        abort();
    sample_c_types(&b);
    sample_functions(&b);
    sample_map_types(&b);
    sample_externs(&b);
    btf_build_finish(&b, out);
}

static void sample_record(struct out_bytes *out, u32 extra, const u32 *words, size_t n)
{
    out_words(out, words, n);
    for (u32 i = 0; i < extra; i += 4)
        out_u32(out, 0xdeadbeef);
}
#define RECORD(out, extra, ...)                                                                    \
    sample_record((out), (extra), (const u32[]){ __VA_ARGS__ },                                    \
                  sizeof((const u32[]){ __VA_ARGS__ }) / 4)

/* Offsets, in bytes of section "xdp", of what the records below tell about. */
#define AT_PROG 0u
#define AT_SECOND_LINE 32u
#define AT_POISONED 280u

void sample_btf_ext(struct out_bytes *out, bool big_endian, u32 record_extra)
{
    struct out_bytes funcs = { .big_endian = big_endian }, lines = funcs, relos = funcs;
    out_u32(&funcs, 8 + record_extra);
    RECORD(&funcs, 0, NAME_XDP, 1);
    RECORD(&funcs, record_extra, AT_PROG, SAMPLE_FUNC);
    out_u32(&lines, 16 + record_extra);
    RECORD(&lines, 0, NAME_XDP, 2);
    RECORD(&lines, record_extra, AT_PROG, NAME_FILE, NAME_LINE, 7u << 10 | 3);
    RECORD(&lines, record_extra, AT_SECOND_LINE, NAME_FILE, NAME_LINE, 8u << 10 | 1);
    out_u32(&relos, 16 + record_extra);
    RECORD(&relos, 0, NAME_XDP, 2);
    RECORD(&relos, record_extra, AT_POISONED, SAMPLE_OUTER, NAME_ACCESS, 0);
    RECORD(&relos, record_extra, AT_POISONED + 8, SAMPLE_ENUM, NAME_ENUM, 11);
    *out = (struct out_bytes){ .big_endian = big_endian };
    out_u16(out, 0xeb9f);
    out_u8(out, 1);
    out_u8(out, 0);
    u32 a = (u32)funcs.size, b = (u32)lines.size, c = (u32)relos.size;
    RECORD(out, 0, 32, 0, a, a, b, a + b, c);
    out_copy(out, funcs.data, funcs.size);
    out_copy(out, lines.data, lines.size);
    out_copy(out, relos.data, relos.size);
    out_free(&funcs);
    out_free(&lines);
    out_free(&relos);
}

/* Code --------------------------------------------------------------------------------------------
 */

static void sample_code(struct out_bytes *out, const char *source)
{
    struct mem mem;
    mem_init(&mem, NULL, 0);
    struct isa_asm assembled = { .mem = &mem };
    if (isa_assemble(&assembled, source, strlen(source), NULL) != SKEP_OK)
        abort();
    for (u32 i = 0; i < assembled.slots.n; i++) {
        u8 bytes[8];
        isa_slot_write(assembled.slots.data[i], bytes, out->big_endian);
        out_copy(out, bytes, sizeof(bytes));
    }
    isa_asm_drop(&assembled);
}

/* Slots are counted in the comments; `call -1` in local form is what relocations fill in. */
static const char sample_xdp[] =  /* prog: */
    "r1 = 0 ll\n"                 /*  0 counters */
    "r2 = 0 ll\n"                 /*  2 .rodata: limit */
    "r3 = 0 ll\n"                 /*  4 .bss + 4 */
    "r4 = 0 ll\n"                 /*  6 static_fn's address */
    "r5 = 0 ll\n"                 /*  8 legacy */
    "call local -1\n"             /* 10 static_fn, through the section's symbol */
    "call local -1\n"             /* 11 global_fn */
    "r0 = 2\n"                    /* 12 */
    "exit\n"                      /* 13 */
    "r0 = 1\n"                    /* 14 tail */
    "exit\n"                      /* 15 */
    "r1 = 0 ll\n"                 /* 16 configured: LINUX_KERNEL_VERSION */
    "r2 = 0 ll\n"                 /* 18 CONFIG_DEBUG */
    "r3 = 0 ll\n"                 /* 20 jiffies_like */
    "r4 = 0 ll\n"                 /* 22 CONFIG_NAME */
    "call local -1\n"             /* 24 kfunc, weak */
    "r0 = *(u32 *)(r1 + 0)\n"     /* 25 */
    "exit\n"                      /* 26 */
    "r1 = 0 ll\n"                 /* 27 unlucky */
    "call local -1\n"             /* 29 memset */
    "r0 = 0\n"                    /* 30 */
    "exit\n"                      /* 31 */
    "r2 = 1\n"                    /* 32 poisoned */
    "r3 = 1\n"                    /* 33 */
    "r4 = 1\n"                    /* 34 */
    "r1 = *(u32 *)(r1 + 36)\n"    /* 35 CO-RE: struct outer.p[2].y */
    "r2 = 0xffffffff ll\n"        /* 36 CO-RE: enum color.GREEN */
    "r0 = 0\n"                    /* 38 */
    "exit\n";                     /* 39 */
static const char sample_text[] = /* static_fn: */
    "r0 = 0\n"
    "exit\n"
    "call local -3\n" /* 2 global_fn: static_fn, without a relocation */
    "exit\n";

struct sample {
    struct elf_build b;
    u32 text, xdp, tc, maps, legacy, rodata, data, bss, btf, ext;
};

static void sample_sections(struct sample *s, bool big_endian)
{
    static const u32 legacy[] = { 12, 4, 4, 8, 0, 0, 0, 7, 0, 1, 4, 4, 8, 0, 7, 0, 0, 0 };
    struct elf_build *b = &s->b;
    s->text = elf_build_section(b, ".text", 1, 6, "", 0);
    s->xdp = elf_build_section(b, "xdp", 1, 6, "", 0);
    s->tc = elf_build_section(b, "tc", 1, 6, "", 0);
    elf_build_section(b, "license", 1, 3, "GPL", 4);
    u32 version = elf_build_section(b, "version", 1, 3, "", 0);
    out_u32(elf_build_content(b, version), 0x60c00);
    s->maps = elf_build_section(b, ".maps", 1, 3, (const u8[160]){ 0 }, 160);
    s->legacy = elf_build_section(b, "maps", 1, 3, "", 0);
    out_words(elf_build_content(b, s->legacy), legacy, ARRAY_LEN(legacy));
    s->rodata = elf_build_section(b, ".rodata", 1, 2, (const u8[8]){ 1, 2, 3, 4, 5, 6, 7, 8 }, 8);
    s->data = elf_build_section(b, ".data", 1, 3, (const u8[16]){ 9 }, 16);
    s->bss = elf_build_section(b, ".bss", 8, 3, NULL, 4096);
    s->btf = elf_build_section(b, ".BTF", 1, 0, "", 0);
    s->ext = elf_build_section(b, ".BTF.ext", 1, 0, "", 0);
    sample_code(elf_build_content(b, s->xdp), sample_xdp);
    sample_code(elf_build_content(b, s->text), sample_text);
    sample_code(elf_build_content(b, s->tc), "r0 = 0\nexit\n");
    sample_btf(elf_build_content(b, s->btf), big_endian);
    sample_btf_ext(elf_build_content(b, s->ext), big_endian, 0);
}

/* A reference of an instruction, with the addend where the form of the file wants it. */
static void sample_reference(struct sample *s, u32 slot, u32 type, u32 symbol, s32 addend)
{
    u8 *p = elf_build_content(&s->b, s->xdp)->data + 8 * (size_t)slot;
    if (!s->b.rela && addend)
        store_u32(p + 4, (u32)(type == 10 ? addend / 8 - 1 : addend), s->b.big_endian);
    elf_build_reloc(&s->b, s->xdp, 8 * (u64)slot, type, symbol, addend);
}

static void sample_symbols(struct sample *s)
{
    struct elf_build *b = &s->b;
    u32 text = elf_build_symbol(b, "", 0, 3, s->text, 0, 0);
    u32 bss = elf_build_symbol(b, "", 0, 3, s->bss, 0, 0);
    u32 static_fn = elf_build_symbol(b, "static_fn", 0, 2, s->text, 0, 16);
    u32 limit = elf_build_symbol(b, "limit", 0, 1, s->rodata, 4, 4);
    u32 counter = elf_build_symbol(b, "counter", 1, 1, s->data, 0, 4);
    elf_build_symbol(b, "zeros", 1, 1, s->bss, 4, 8);
    u32 global_fn = elf_build_symbol(b, "global_fn", 1, 2, s->text, 16, 16);
    elf_build_symbol(b, "prog", 1, 2, s->xdp, 0, 14 * 8);
    u32 tail = elf_build_symbol(b, "tail", 1, 2, s->xdp, 14 * 8, 16);
    elf_build_symbol(b, "configured", 1, 2, s->xdp, 16 * 8, 11 * 8);
    elf_build_symbol(b, "unlucky", 1, 2, s->xdp, 27 * 8, 5 * 8);
    elf_build_symbol(b, "poisoned", 1, 2, s->xdp, 32 * 8, 8 * 8);
    elf_build_symbol(b, "plain", 1, 0, s->tc, 0, 0);
    u32 counters = elf_build_symbol(b, "counters", 1, 1, s->maps, 0, 64);
    elf_build_symbol(b, "jumps", 1, 1, s->maps, 64, 40);
    u32 inner_map = elf_build_symbol(b, "inner_map", 1, 1, s->maps, 104, 32);
    elf_build_symbol(b, "outer_map", 1, 1, s->maps, 136, 24);
    u32 legacy = elf_build_symbol(b, "legacy", 1, 1, s->legacy, 0, 36);
    elf_build_symbol(b, "legacy_inner", 1, 1, s->legacy, 36, 36);
    u32 version = elf_build_symbol(b, "LINUX_KERNEL_VERSION", 1, 0, 0, 0, 0);
    u32 debug = elf_build_symbol(b, "CONFIG_DEBUG", 2, 0, 0, 0, 0);
    u32 name = elf_build_symbol(b, "CONFIG_NAME", 2, 0, 0, 0, 0);
    u32 ksym = elf_build_symbol(b, "jiffies_like", 2, 0, 0, 0, 0);
    u32 kfunc = elf_build_symbol(b, "kfunc", 2, 0, 0, 0, 0);
    u32 memset_symbol = elf_build_symbol(b, "memset", 1, 0, 0, 0, 0);
    sample_reference(s, 0, 1, counters, 0);
    sample_reference(s, 2, 1, limit, 0);
    sample_reference(s, 4, 1, bss, 4);
    sample_reference(s, 6, 1, static_fn, 0);
    sample_reference(s, 8, 1, legacy, 0);
    sample_reference(s, 10, 10, text, 0);
    sample_reference(s, 11, 10, global_fn, 0);
    sample_reference(s, 16, 1, version, 0);
    sample_reference(s, 18, 1, debug, 0);
    sample_reference(s, 20, 1, ksym, 0);
    sample_reference(s, 22, 1, name, 8);
    sample_reference(s, 24, 10, kfunc, 0);
    sample_reference(s, 27, 1, limit, 0);
    sample_reference(s, 29, 10, memset_symbol, 0);
    elf_build_reloc(b, s->maps, 64 + 16 + 8, 2, tail, 0);
    elf_build_reloc(b, s->maps, 136 + 16, 2, inner_map, 0);
    elf_build_reloc(b, s->data, 8, 2, limit, 2);
    elf_build_reloc(b, s->data, 4, 3, counter, 0);
    elf_build_reloc(b, s->ext, 32 + 4, 4, text, b->rela ? NAME_XDP : 0);
}

u8 *sample_object(bool big_endian, bool rela, size_t *size)
{
    struct sample s = { 0 };
    elf_build_init(&s.b, big_endian);
    s.b.rela = rela;
    sample_sections(&s, big_endian);
    sample_symbols(&s);
    return elf_build_finish(&s.b, size);
}
