/* Types as C text, and what CO-RE relocations are about. */
#include "btf/btf.h"

#include "support/samples.h"
#include "support/unit.h"

struct printed {
    struct mem mem;
    struct arena arena;
    struct btf btf;
    struct out_bytes blob;
    struct text out;
};

static void open_blob(struct printed *p)
{
    mem_init(&p->mem, NULL, 0);
    arena_init(&p->arena, &p->mem);
    text_init(&p->out, &p->mem);
    assert_int_equal(btf_parse(&p->btf, &p->arena, p->blob.data, p->blob.size, NULL, NULL),
                     SKEP_OK);
}

static void open_sample(struct printed *p)
{
    sample_btf(&p->blob, false);
    open_blob(p);
}

static void close_printed(struct printed *p)
{
    text_drop(&p->out);
    btf_drop(&p->btf);
    arena_drop(&p->arena);
    out_free(&p->blob);
}

static const char *definition(struct printed *p, u32 id)
{
    text_drop(&p->out);
    btf_print_definition(&p->out, &p->btf, id);
    return text_cstr(&p->out);
}

static const char *declaration(struct printed *p, u32 id, const char *name)
{
    text_drop(&p->out);
    btf_print_declaration(&p->out, &p->btf, id, name);
    return text_cstr(&p->out);
}

TEST(definitions_read_like_c)
{
    struct printed p;
    open_sample(&p);
    assert_string_equal(definition(&p, SAMPLE_POINT),
                        "struct point {\n\tint x;\n\tint y;\n\tstruct point *next;\n};");
    assert_string_equal(
        definition(&p, SAMPLE_OUTER),
        "struct outer {\n\tstruct point p[3];\n\tunion {\n\t\tint i;\n\t\tfloat f;\n"
        "\t};\n\tint flags : 3;\n\tint rest : 29;\n};");
    assert_string_equal(definition(&p, SAMPLE_ENUM), "enum color {\n\tRED = 0,\n\tGREEN = -1,\n};");
    assert_string_equal(definition(&p, SAMPLE_ENUM64), "enum big {\n\tBIG = 1099511627776,\n};");
    assert_string_equal(definition(&p, SAMPLE_FWD), "struct opaque;");
    assert_string_equal(definition(&p, SAMPLE_TYPEDEF), "typedef const volatile int word;");
    assert_string_equal(definition(&p, SAMPLE_FUNC),
                        "int prog(int a, const struct point *p, ...);");
    assert_string_equal(definition(&p, SAMPLE_VAR_VERSION), "extern int LINUX_KERNEL_VERSION;");
    assert_string_equal(definition(&p, SAMPLE_DECL_TAG), "tag \"nonnull\" of func prog;");
    assert_string_equal(definition(&p, SAMPLE_SEC_KSYMS),
                        "section \".ksyms\" {\n\t/* 0 */ int jiffies_like;\n"
                        "\t/* 0 */ int kfunc(int a, const struct point *p, ...);\n};");
    assert_string_equal(definition(&p, SAMPLE_INT), "int;");
    assert_string_equal(definition(&p, SAMPLE_VOID), "void;");
    close_printed(&p);
}

TEST(declarators_nest_inside_out)
{
    struct printed p = { 0 };
    struct btf_build b;
    btf_build_init(&b, false);
    u32 arg = btf_build_name(&b, "arg");
    u32 i = BTF_BUILD(&b, BTF_INT, "int", 0, 4, 32);
    u32 array = BTF_BUILD(&b, BTF_ARRAY, "", 0, 0, i, i, 4);
    u32 to_array = BTF_BUILD_PLAIN(&b, BTF_PTR, "", 0, array);
    u32 proto = BTF_BUILD(&b, BTF_FUNC_PROTO, "", 1, to_array, arg, to_array);
    u32 to_proto = BTF_BUILD_PLAIN(&b, BTF_PTR, "", 0, proto);
    u32 table = BTF_BUILD(&b, BTF_ARRAY, "", 0, 0, to_proto, i, 2);
    u32 const_ptr = BTF_BUILD_PLAIN(&b, BTF_CONST, "", 0, to_array);
    u32 to_ptr = BTF_BUILD_PLAIN(&b, BTF_PTR, "", 0, const_ptr);
    u32 nothing = BTF_BUILD_PLAIN(&b, BTF_FUNC_PROTO, "", 0, 0);
    u32 const_void = BTF_BUILD_PLAIN(&b, BTF_CONST, "", 0, 0);
    u32 to_void = BTF_BUILD_PLAIN(&b, BTF_PTR, "", 0, const_void);
    btf_build_finish(&b, &p.blob);
    open_blob(&p);
    assert_string_equal(declaration(&p, i, "n"), "int n");
    assert_string_equal(declaration(&p, to_array, "p"), "int (*p)[4]");
    assert_string_equal(declaration(&p, to_array, ""), "int (*)[4]");
    assert_string_equal(declaration(&p, table, "t"), "int (*(*t[2])(int (*arg)[4]))[4]");
    assert_string_equal(declaration(&p, to_ptr, "q"), "int (*const *q)[4]");
    assert_string_equal(declaration(&p, nothing, "f"), "void f(void)");
    assert_string_equal(declaration(&p, to_void, "v"), "const void *v");
    close_printed(&p);
}

/* struct s1 { struct { struct s0 a, b; } …}: 2^n members when written out. */
TEST(output_ends_where_types_grow_exponentially)
{
    struct printed p = { 0 };
    struct btf_build b;
    btf_build_init(&b, false);
    u32 a = btf_build_name(&b, "a");
    u32 last = BTF_BUILD(&b, BTF_INT, "int", 0, 0x1, 8);
    for (u32 i = 1; i <= 15; i++)
        last = BTF_BUILD(&b, BTF_STRUCT, "", 2, 1u << i, a, last, 0, a, last, 8u << (i - 1));
    btf_build_finish(&b, &p.blob);
    open_blob(&p);
    const char *text = definition(&p, last);
    assert_true(strlen(text) < 200000);
    assert_non_null(strstr(text, "..."));
    close_printed(&p);
}

TEST(output_ends_where_pointers_have_no_end)
{
    struct printed p = { 0 };
    struct btf_build b;
    btf_build_init(&b, false);
    u32 name = btf_build_name(&b, "f");
    BTF_BUILD(&b, BTF_FUNC_PROTO, "", 1, 2, name, 2); /* f(f(f(… */
    BTF_BUILD_PLAIN(&b, BTF_PTR, "", 0, 1);
    BTF_BUILD_PLAIN(&b, BTF_PTR, "", 0, 3);          /* * * * … */
    BTF_BUILD(&b, BTF_STRUCT, "", 1, 8, name, 5, 0); /* struct { struct { … } *f; } */
    BTF_BUILD_PLAIN(&b, BTF_PTR, "", 0, 4);
    btf_build_finish(&b, &p.blob);
    open_blob(&p);
    for (u32 id = 1; id < p.btf.n; id++)
        assert_non_null(strstr(definition(&p, id), "..."));
    close_printed(&p);
}

static const char *access_text(struct printed *p, u32 type, enum btf_core_kind kind,
                               const char *access)
{
    struct btf_core_relo relo = { .type = type, .kind = (u32)kind, .access = access };
    text_drop(&p->out);
    btf_print_access(&p->out, &p->btf, &relo);
    return text_cstr(&p->out);
}

TEST(accesses_name_the_field)
{
    struct printed p;
    open_sample(&p);
    assert_string_equal(access_text(&p, SAMPLE_POINT, BTF_CORE_FIELD_BYTE_OFFSET, "0:1"),
                        "struct point.y");
    assert_string_equal(access_text(&p, SAMPLE_OUTER, BTF_CORE_FIELD_EXISTS, "0:0:2:1"),
                        "struct outer.p[2].y");
    assert_string_equal(access_text(&p, SAMPLE_OUTER, BTF_CORE_FIELD_BYTE_SIZE, "1:1:0"),
                        "struct outer[1].i");
    assert_string_equal(access_text(&p, SAMPLE_TYPEDEF, BTF_CORE_TYPE_EXISTS, "0"), "word");
    assert_string_equal(access_text(&p, SAMPLE_ENUM, BTF_CORE_ENUMVAL_VALUE, "1"),
                        "enum color.GREEN");
    assert_string_equal(access_text(&p, SAMPLE_ENUM, BTF_CORE_TYPE_SIZE, "0"), "enum color");
    close_printed(&p);
}

TEST(accesses_that_do_not_fit_are_shown_as_they_are)
{
    struct printed p;
    open_sample(&p);
    assert_string_equal(access_text(&p, SAMPLE_POINT, BTF_CORE_FIELD_EXISTS, "0:9"),
                        "struct point (access \"0:9\")");
    assert_string_equal(access_text(&p, SAMPLE_POINT, BTF_CORE_FIELD_EXISTS, "nonsense"),
                        "struct point (access \"nonsense\")");
    assert_string_equal(access_text(&p, SAMPLE_POINT, BTF_CORE_FIELD_EXISTS, "0:0:0"),
                        "struct point.x (access \"0:0:0\")");
    assert_string_equal(access_text(&p, SAMPLE_ENUM, BTF_CORE_ENUMVAL_EXISTS, "99999999999"),
                        "enum color (access \"99999999999\")");
    assert_string_equal(btf_core_kind_name(BTF_CORE_TYPE_MATCHES), "type_matches");
    assert_string_equal(btf_core_kind_name(99), "?");
    close_printed(&p);
}

UNIT_TESTS(UNIT(definitions_read_like_c), UNIT(declarators_nest_inside_out),
           UNIT(output_ends_where_types_grow_exponentially),
           UNIT(output_ends_where_pointers_have_no_end), UNIT(accesses_name_the_field),
           UNIT(accesses_that_do_not_fit_are_shown_as_they_are))
