/* .BTF.ext: functions, lines and CO-RE relocations. */
#include "btf/btf.h"

#include "support/samples.h"
#include "support/unit.h"

#include <stdlib.h>

struct sample_ext {
    struct mem mem;
    struct arena arena;
    struct btf btf;
    struct btf_ext ext;
    struct out_bytes types, blob;
    skep_error err;
};

static void open_types(struct sample_ext *s, bool big_endian, u32 record_extra)
{
    *s = (struct sample_ext){ 0 };
    mem_init(&s->mem, NULL, 0);
    arena_init(&s->arena, &s->mem);
    sample_btf(&s->types, big_endian);
    sample_btf_ext(&s->blob, big_endian, record_extra);
    assert_int_equal(btf_parse(&s->btf, &s->arena, s->types.data, s->types.size, NULL, &s->err),
                     SKEP_OK);
}

/* From a block of exactly that size, so that a sanitizer sees what is read past it. */
static skep_status parse(struct sample_ext *s, const u8 *bytes, size_t size)
{
    u8 *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    s->err = (skep_error){ 0 };
    skep_status status = btf_ext_parse(&s->ext, &s->arena, copy, size, &s->btf, &s->err);
    free(copy);
    return status;
}

static void close_types(struct sample_ext *s)
{
    btf_drop(&s->btf);
    arena_drop(&s->arena);
    out_free(&s->types);
    out_free(&s->blob);
}

static void reads_all_three_parts(bool big_endian, u32 record_extra)
{
    struct sample_ext s;
    open_types(&s, big_endian, record_extra);
    assert_int_equal(parse(&s, s.blob.data, s.blob.size), SKEP_OK);
    assert_int_equal(s.ext.func_part.n_records, 1);
    assert_int_equal(s.ext.funcs[0].type, SAMPLE_FUNC);
    assert_int_equal(s.ext.line_part.n_sections, 1);
    assert_string_equal(s.ext.line_part.sections[0].name, "xdp");
    assert_int_equal(s.ext.line_part.sections[0].n, 2);
    assert_int_equal(s.ext.lines[1].line, 8);
    assert_int_equal(s.ext.lines[0].column, 3);
    assert_string_equal(s.ext.lines[0].file, "prog.c");
    assert_string_equal(s.ext.lines[0].text, "return 0;");
    assert_int_equal(s.ext.relo_part.n_records, 2);
    assert_int_equal(s.ext.relos[0].type, SAMPLE_OUTER);
    assert_string_equal(s.ext.relos[0].access, "0:0:2:1");
    assert_int_equal(s.ext.relos[1].kind, BTF_CORE_ENUMVAL_VALUE);
    close_types(&s);
}

TEST(reads_both_byte_orders_and_longer_records)
{
    reads_all_three_parts(false, 0);
    reads_all_three_parts(true, 0);
    reads_all_three_parts(false, 8);
}

TEST(an_old_header_has_no_relocations)
{
    struct sample_ext s;
    open_types(&s, false, 0);
    store_u32(s.blob.data + 4, 24, false); /* all offsets move by the eight bytes now missing */
    store_u32(s.blob.data + 8, 8, false);
    store_u32(s.blob.data + 16, 8 + load_u32(s.blob.data + 16, false), false);
    assert_int_equal(parse(&s, s.blob.data, s.blob.size), SKEP_OK);
    assert_int_equal(s.ext.line_part.n_records, 2);
    assert_int_equal(s.ext.relo_part.n_records, 0);
    close_types(&s);
}

TEST(refuses_what_lies)
{
    static const struct {
        u32 offset, value;
    } rows[] = {
        { 0, 0x1eb9e },     { 0, 0x2eb9f },   { 4, 16 },        { 4, 1u << 20 },
        { 8, UINT32_MAX },  { 12, 1u << 20 }, { 12, 2 },        { 32, 4 },
        { 32, 10 },         { 36, 1u << 20 }, { 40, 0 },        { 40, UINT32_MAX },
        { 48, SAMPLE_INT }, { 48, 9999 },     { 68, 1u << 20 }, /* a line's file */
    };
    for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
        struct sample_ext s;
        open_types(&s, false, 0);
        store_u32(s.blob.data + rows[i].offset, rows[i].value, false);
        assert_int_equal(parse(&s, s.blob.data, s.blob.size), SKEP_MALFORMED);
        assert_string_equal(skep_error_id(&s.err), "btf-bad-ext");
        close_types(&s);
    }
}

TEST(survives_every_truncation_and_random_changes)
{
    struct sample_ext s;
    u64 random = 3;
    open_types(&s, false, 4);
    for (size_t n = 0; n < s.blob.size; n++)
        assert_int_not_equal(parse(&s, s.blob.data, n), SKEP_OK);
    for (int round = 0; round < 4000; round++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        size_t at = (random >> 33) % s.blob.size;
        u8 old = s.blob.data[at];
        s.blob.data[at] = (u8)(random >> 20);
        parse(&s, s.blob.data, s.blob.size);
        s.blob.data[at] = old;
    }
    close_types(&s);
}

UNIT_TESTS(UNIT(reads_both_byte_orders_and_longer_records), UNIT(an_old_header_has_no_relocations),
           UNIT(refuses_what_lies), UNIT(survives_every_truncation_and_random_changes))
