/* Type information: what is parsed and what it answers, what is refused, and what it costs. */
#include "btf/btf.h"

#include "support/samples.h"
#include "support/unit.h"

#include <stdlib.h>

struct parsed {
    struct mem mem;
    struct arena arena;
    struct btf btf;
    skep_error err;
    u8 *blob; /* exactly as large as the data, so that a sanitizer sees what is read past it */
    skep_status status;
};

static skep_status parse_bytes(struct parsed *p, const void *bytes, size_t size,
                               const struct btf *base)
{
    *p = (struct parsed){ .blob = malloc(size ? size : 1) };
    assert_non_null(p->blob);
    if (size)
        memcpy(p->blob, bytes, size);
    mem_init(&p->mem, NULL, 0);
    arena_init(&p->arena, &p->mem);
    p->status = btf_parse(&p->btf, &p->arena, p->blob, size, base, &p->err);
    return p->status;
}

static void close_parsed(struct parsed *p)
{
    if (p->status == SKEP_OK)
        btf_drop(&p->btf);
    arena_drop(&p->arena);
    assert_int_equal(p->mem.used, 0);
    free(p->blob);
}

static void parse_sample(struct parsed *p, bool big_endian)
{
    struct out_bytes blob;
    sample_btf(&blob, big_endian);
    assert_int_equal(parse_bytes(p, blob.data, blob.size, NULL), SKEP_OK);
    out_free(&blob);
}

/* What has been built so far; drops the builder. */
static skep_status parse_built(struct parsed *p, struct btf_build *b, const struct btf *base)
{
    struct out_bytes blob;
    btf_build_finish(b, &blob);
    skep_status status = parse_bytes(p, blob.data, blob.size, base);
    out_free(&blob);
    return status;
}

/* Queries
 * ------------------------------------------------------------------------------------------- */

static void answers_about_the_sample(bool big_endian)
{
    struct parsed p;
    parse_sample(&p, big_endian);
    const struct btf *btf = &p.btf;
    assert_int_equal(btf->n, SAMPLE_TYPE_COUNT);
    assert_int_equal(btf->big_endian, big_endian);
    assert_int_equal(btf_kind(btf, 0), BTF_VOID);
    assert_string_equal(btf_name(btf, 0), "void");
    assert_string_equal(btf_name(btf, SAMPLE_POINT), "point");
    assert_string_equal(btf_name(btf, SAMPLE_POINT_PTR), "");
    assert_string_equal(btf_kind_name(BTF_TYPE_TAG), "type_tag");
    assert_int_equal(btf_vlen(btf, SAMPLE_OUTER), 4);
    assert_true(btf_flag(btf, SAMPLE_OUTER));
    assert_int_equal(btf_target(btf, SAMPLE_POINT_PTR), SAMPLE_POINT);
    assert_int_equal(btf_target(btf, SAMPLE_POINTS), SAMPLE_POINT);
    assert_int_equal(btf_target(btf, SAMPLE_INT), 0);
    assert_int_equal(btf_skip_modifiers(btf, SAMPLE_TYPEDEF), SAMPLE_INT);
    assert_int_equal(btf_skip_modifiers(btf, SAMPLE_TYPE_TAG), SAMPLE_INT);
    assert_int_equal(btf_skip_modifiers(btf, 0), 0);
    assert_int_equal(btf_array_count(btf, SAMPLE_POINTS), 3);
    assert_int_equal(btf_int_encoding(btf, SAMPLE_INT), BTF_INT_SIGNED);
    assert_int_equal(btf_int_bits(btf, SAMPLE_U64), 64);
    assert_int_equal(btf_linkage(btf, SAMPLE_FUNC), BTF_GLOBAL);
    assert_int_equal(btf_linkage(btf, SAMPLE_VAR_VERSION), BTF_EXTERN);
    assert_int_equal(btf_tag_component(btf, SAMPLE_DECL_TAG), 1);
    assert_int_equal(btf_tag_component(btf, SAMPLE_INT), -1);
    assert_null(btf_string(btf, 1u << 20));
    close_parsed(&p);
}

TEST(answers_are_the_same_in_both_byte_orders)
{
    answers_about_the_sample(false);
    answers_about_the_sample(true);
}

TEST(sizes_go_through_modifiers_and_arrays)
{
    static const struct {
        u32 id;
        u64 size;
    } rows[] = { { SAMPLE_VOID, 0 },      { SAMPLE_INT, 4 },      { SAMPLE_POINT, 16 },
                 { SAMPLE_POINT_PTR, 8 }, { SAMPLE_POINTS, 48 },  { SAMPLE_OUTER, 56 },
                 { SAMPLE_TYPEDEF, 4 },   { SAMPLE_RESTRICT, 8 }, { SAMPLE_FWD, 0 },
                 { SAMPLE_PROTO, 0 },     { SAMPLE_ENUM64, 8 },   { SAMPLE_VAR_COUNTERS, 64 } };
    struct parsed p;
    parse_sample(&p, false);
    for (u32 i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(btf_size(&p.btf, rows[i].id), rows[i].size);
    close_parsed(&p);
}

TEST(members_have_names_places_and_values)
{
    struct parsed p;
    struct btf_member m;
    parse_sample(&p, true);
    m = btf_member(&p.btf, SAMPLE_OUTER, 3);
    assert_string_equal(m.name, "rest");
    assert_int_equal(m.bit_offset, 419);
    assert_int_equal(m.bits, 29);
    assert_int_equal((s64)btf_member(&p.btf, SAMPLE_ENUM, 1).value, -1);
    assert_int_equal(btf_member(&p.btf, SAMPLE_ENUM64, 0).value, (u64)1 << 40);
    m = btf_member(&p.btf, SAMPLE_SEC_MAPS, 1);
    assert_string_equal(m.name, "jumps");
    assert_int_equal(m.size, 40);
    m = btf_member(&p.btf, SAMPLE_PROTO, 1);
    assert_string_equal(m.name, "p");
    assert_int_equal(m.type, SAMPLE_CONST_POINT_PTR);
    assert_true(btf_find_member(&p.btf, SAMPLE_POINT, "y", &m));
    assert_int_equal(m.bit_offset, 32);
    assert_false(btf_find_member(&p.btf, SAMPLE_POINT, "z", &m));
    close_parsed(&p);
}

TEST(finds_types_by_kind_and_name)
{
    struct parsed p;
    parse_sample(&p, false);
    assert_int_equal(btf_find(&p.btf, BTF_STRUCT, "point"), SAMPLE_POINT);
    assert_int_equal(btf_find(&p.btf, BTF_UNION, "point"), 0);
    assert_int_equal(btf_find(&p.btf, BTF_DATASEC, ".maps"), SAMPLE_SEC_MAPS);
    assert_int_equal(btf_find(&p.btf, BTF_STRUCT, ""), 0);
    close_parsed(&p);
}

TEST(split_types_continue_their_base)
{
    struct parsed base, split;
    struct btf_build b;
    parse_sample(&base, false);
    btf_build_init(&b, true); /* the order of the base does not matter */
    b.names.size = 0;
    out_string(&b.names, "mine");
    u32 first = base.btf.n;
    out_words(&b.types, (const u32[]){ base.btf.names_size, (u32)BTF_TYPEDEF << 24, SAMPLE_POINT },
              3);
    out_words(&b.types, (const u32[]){ 0, (u32)BTF_PTR << 24, first }, 3);
    assert_int_equal(parse_built(&split, &b, &base.btf), SKEP_OK);
    assert_int_equal(split.btf.n, first + 2);
    assert_string_equal(btf_name(&split.btf, first), "mine");
    assert_int_equal(btf_skip_modifiers(&split.btf, first), SAMPLE_POINT);
    assert_int_equal(btf_size(&split.btf, first), 16);
    assert_int_equal(btf_find(&split.btf, BTF_STRUCT, "outer"), SAMPLE_OUTER);
    assert_int_equal(btf_find(&split.btf, BTF_TYPEDEF, "mine"), first);
    assert_string_equal(btf_member(&split.btf, SAMPLE_POINT, 0).name, "x");
    close_parsed(&split);
    close_parsed(&base);
}

/* Refusals
 * ------------------------------------------------------------------------------------------ */

static void expect_bad(struct btf_build *b, const char *id)
{
    struct parsed p;
    assert_int_not_equal(parse_built(&p, b, NULL), SKEP_OK);
    assert_string_equal(skep_error_id(&p.err), id);
    close_parsed(&p);
}

static struct btf_build new_build(void)
{
    struct btf_build b;
    btf_build_init(&b, false);
    BTF_BUILD(&b, BTF_INT, "int", 0, 4, 1u << 24 | 32);
    return b;
}

/* Type 2, after int, alone is bad. */
static void expect_bad_type(u32 kind, u32 vlen, u32 third, const u32 *words, size_t n)
{
    struct btf_build b = new_build();
    btf_build_type(&b, kind, "x", vlen, third, words, n);
    expect_bad(&b, "btf-bad-type");
}
#define BAD(kind, vlen, third, ...)                                                                \
    expect_bad_type((kind), (vlen), (third), (const u32[]){ __VA_ARGS__ },                         \
                    sizeof((const u32[]){ __VA_ARGS__ }) / 4)

TEST(refuses_each_kind_of_bad_type)
{
    BAD(20, 0, 0, 0);                                /* unknown kind */
    BAD(BTF_INT | 0x20, 0, 4, 32);                   /* a reserved bit of info */
    BAD(BTF_INT, 0, 4, 33);                          /* more bits than bytes */
    BAD(BTF_INT, 0, 4, 8u << 16 | 32);               /* … with the offset */
    BAD(BTF_INT, 0, 0, 0);                           /* no bytes */
    BAD(BTF_ENUM, 1, 3, 1, 0);                       /* impossible size */
    BAD(BTF_ENUM, 1, 4, 1u << 20, 0);                /* name outside */
    BAD(BTF_ARRAY, 0, 0, 9, 1, 2);                   /* no such element */
    BAD(BTF_ARRAY, 0, 0, 1, 9, 2);                   /* no such index */
    BAD(BTF_ARRAY, 0, 0, 1, 1, 1u << 30);            /* too large */
    BAD(BTF_STRUCT, 1, 4, 1, 9, 0);                  /* no such member type */
    BAD(BTF_STRUCT, 1, 4, 1, 1, 8);                  /* member outside */
    BAD(BTF_STRUCT, 1, 4, 1, 2, 0);                  /* contains itself */
    BAD(BTF_STRUCT, 0x80000001, 8, 1, 1, 33u << 24); /* bit-field wider than its type */
    BAD(BTF_STRUCT, 1, 8, 1, 0, 0);                  /* a member of type void */
    BAD(BTF_UNION, 2, 4, 1, 1, 0);                   /* cut short */
    BAD(BTF_VAR, 0, 1, 3);                           /* unknown linkage */
    BAD(BTF_DATASEC, 1, 4, 1, 0, 4);                 /* an int is no variable */
    BAD(BTF_DECL_TAG, 0, 1, 0);                      /* no such component */
    BAD(BTF_FUNC_PROTO, 1, 7, 1, 1);                 /* no such return type */
    expect_bad_type(BTF_TYPEDEF, 0, 2, NULL, 0);     /* itself */
    expect_bad_type(BTF_PTR, 0, 3, NULL, 0);         /* no such target */
    expect_bad_type(BTF_FUNC, 0, 1, NULL, 0);        /* no prototype */
    expect_bad_type(BTF_FUNC, 7, 1, NULL, 0);        /* unknown linkage */
    expect_bad_type(BTF_FLOAT, 0, 32, NULL, 0);      /* impossible size */
}

TEST(refuses_types_that_contain_themselves_through_others)
{
    struct btf_build b = new_build();
    u32 x = btf_build_name(&b, "x");
    BTF_BUILD(&b, BTF_STRUCT, "a", 2, 8, x, 1, 0, x, 3, 32);
    BTF_BUILD(&b, BTF_ARRAY, "", 0, 0, 4, 1, 1);
    BTF_BUILD_PLAIN(&b, BTF_TYPEDEF, "b", 0, 2);
    expect_bad(&b, "btf-bad-type");
    b = new_build();
    BTF_BUILD_PLAIN(&b, BTF_CONST, "", 0, 3);
    BTF_BUILD_PLAIN(&b, BTF_VOLATILE, "", 0, 2);
    expect_bad(&b, "btf-bad-type");
}

TEST(accepts_types_that_point_to_themselves)
{
    struct btf_build b = new_build();
    struct parsed p;
    BTF_BUILD_PLAIN(&b, BTF_TYPEDEF, "self", 0, 3);
    BTF_BUILD_PLAIN(&b, BTF_PTR, "", 0, 2);
    assert_int_equal(parse_built(&p, &b, NULL), SKEP_OK);
    assert_int_equal(btf_size(&p.btf, 2), 8);
    close_parsed(&p);
}

TEST(refuses_headers_that_lie)
{
    static const struct {
        u32 offset;
        u32 value;
    } rows[] = { { 0, 0x1eb9e },   { 0, 0x2eb9f }, { 0, 0x101eb9f }, { 4, 8 },
                 { 4, 1u << 30 },  { 8, 2 },       { 8, 1u << 31 },  { 12, 6 },
                 { 16, 1u << 31 }, { 20, 0 },      { 20, 4 },        { 20, UINT32_MAX } };
    for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
        struct out_bytes blob;
        struct parsed p;
        sample_btf(&blob, false);
        store_u32(blob.data + rows[i].offset, rows[i].value, false);
        assert_int_not_equal(parse_bytes(&p, blob.data, blob.size, NULL), SKEP_OK);
        assert_string_equal(skep_error_id(&p.err), "btf-bad-header");
        close_parsed(&p);
        out_free(&blob);
    }
}

/* Reads all that can be asked of each type. */
static void read_all(const struct btf *btf)
{
    static char buffer[1024];
    for (u32 id = 0; id < btf->n; id++) {
        struct text out;
        text_init_fixed(&out, buffer, sizeof(buffer));
        btf_print_definition(&out, btf, id);
        btf_find(btf, btf_kind(btf, id), btf_name(btf, id));
        assert_true(btf_skip_modifiers(btf, id) < btf->n);
        assert_true(btf_size(btf, id) <= UINT32_MAX);
    }
}

TEST(survives_every_truncation)
{
    struct out_bytes blob;
    sample_btf(&blob, false);
    for (size_t n = 0; n < blob.size; n++) {
        struct parsed p;
        assert_int_not_equal(parse_bytes(&p, blob.data, n, NULL), SKEP_OK);
        close_parsed(&p);
    }
    out_free(&blob);
}

TEST(survives_random_changes_within_bounded_memory)
{
    struct out_bytes blob;
    u64 random = 7;
    u32 good = 0;
    sample_btf(&blob, true);
    u8 *changed = malloc(blob.size);
    for (int round = 0; round < 4000; round++) {
        struct parsed p;
        memcpy(changed, blob.data, blob.size);
        for (int k = 0; k <= round % 3; k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            changed[(random >> 33) % blob.size] = (u8)(random >> 20);
        }
        if (parse_bytes(&p, changed, blob.size, NULL) == SKEP_OK) {
            read_all(&p.btf);
            good++;
        }
        assert_true(p.mem.peak <= 16 * blob.size + 65536);
        close_parsed(&p);
    }
    assert_true(good > 100);
    free(changed);
    out_free(&blob);
}

/* Costs
 * --------------------------------------------------------------------------------------------- */

/* A hundred thousand types in each of the shapes that are quadratic for who walks them naively:
 * this test ends within the time limit because nothing does. */
static void expect_linear(struct btf_build *b)
{
    struct parsed p;
    assert_int_equal(parse_built(&p, b, NULL), SKEP_OK);
    assert_true(p.mem.peak <= 8 * ((u64)p.btf.n * 12 + p.btf.names_size));
    close_parsed(&p);
}

TEST(long_chains_and_equal_names_take_linear_time)
{
    enum { MANY = 100000 };
    struct btf_build b = new_build();
    for (u32 i = 0; i < MANY; i++) /* const const … void, met from its far end */
        BTF_BUILD_PLAIN(&b, BTF_CONST, "", 0, i + 1 < MANY ? i + 3 : 0);
    expect_linear(&b);
    b = new_build();
    for (u32 i = 0; i < MANY; i++) /* arrays of arrays of … */
        BTF_BUILD(&b, BTF_ARRAY, "", 0, 0, i + 1, 1, 1);
    expect_linear(&b);
    b = new_build();
    u32 name = btf_build_name(&b, "same");
    for (u32 i = 0; i < MANY; i++)
        out_words(&b.types, (const u32[]){ name, (u32)BTF_FWD << 24, 0 }, 3);
    expect_linear(&b);
}

TEST(reports_exhausted_memory)
{
    struct out_bytes blob;
    sample_btf(&blob, false);
    for (size_t limit = 1; limit < 40000; limit += 97) {
        struct mem mem;
        struct arena arena;
        struct btf btf;
        mem_init(&mem, NULL, limit);
        arena_init(&arena, &mem);
        skep_status status = btf_parse(&btf, &arena, blob.data, blob.size, NULL, NULL);
        assert_true(status == SKEP_OK || status == SKEP_NOMEM);
        if (status == SKEP_OK)
            btf_drop(&btf);
        arena_drop(&arena);
        assert_int_equal(mem.used, 0);
    }
    out_free(&blob);
}

UNIT_TESTS(UNIT(answers_are_the_same_in_both_byte_orders),
           UNIT(sizes_go_through_modifiers_and_arrays), UNIT(members_have_names_places_and_values),
           UNIT(finds_types_by_kind_and_name), UNIT(split_types_continue_their_base),
           UNIT(refuses_each_kind_of_bad_type),
           UNIT(refuses_types_that_contain_themselves_through_others),
           UNIT(accepts_types_that_point_to_themselves), UNIT(refuses_headers_that_lie),
           UNIT(survives_every_truncation), UNIT(survives_random_changes_within_bounded_memory),
           UNIT(long_chains_and_equal_names_take_linear_time), UNIT(reports_exhausted_memory))
