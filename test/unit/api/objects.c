/* Type information through the public header; objects inside other bytes, and of the other byte
 * order. */
#include <skep/skep.h>

#include "support/samples.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

static skep_env *new_env(void)
{
    skep_env *env = NULL;
    assert_int_equal(skep_env_new(NULL, &env, NULL), SKEP_OK);
    return env;
}

TEST(types_answer_and_print)
{
    skep_env *env = new_env();
    struct out_bytes blob;
    skep_btf *btf = NULL;
    struct skep_btf_type type;
    char *text = NULL;
    sample_btf(&blob, false);
    assert_int_equal(skep_btf_open(env, blob.data, blob.size, NULL, &btf, NULL), SKEP_OK);
    out_free(&blob); /* it was copied */
    assert_int_equal(skep_btf_n_types(btf), SAMPLE_TYPE_COUNT);
    assert_int_equal(skep_btf_find(btf, "struct", "point"), SAMPLE_POINT);
    assert_int_equal(skep_btf_find(btf, "struct", "nothing"), 0);
    assert_int_equal(skep_btf_find(btf, "nothing", "point"), 0);
    assert_int_equal(skep_btf_type(btf, SAMPLE_POINT, &type), SKEP_OK);
    assert_string_equal(type.kind, "struct");
    assert_string_equal(type.name, "point");
    assert_int_equal(type.size, 16);
    assert_int_equal(type.n_members, 3);
    assert_int_equal(skep_btf_type(btf, SAMPLE_TYPEDEF, &type), SKEP_OK);
    assert_int_equal(type.target, SAMPLE_CONST);
    assert_int_equal(type.underlying, SAMPLE_INT);
    assert_int_equal(skep_btf_type(btf, SAMPLE_TYPE_COUNT, &type), SKEP_NOT_FOUND);
    assert_int_equal(skep_btf_print(btf, SAMPLE_FWD, &text), SKEP_OK);
    assert_string_equal(text, "struct opaque;");
    free(text);
    assert_int_equal(skep_btf_print(btf, SAMPLE_TYPE_COUNT, &text), SKEP_NOT_FOUND);
    skep_btf_close(btf);
    skep_btf_close(NULL);
    skep_env_free(env);
}

TEST(types_that_lie_are_refused_and_nothing_is_kept)
{
    skep_env *env = new_env();
    skep_btf *btf = NULL;
    skep_error err = { 0 };
    size_t before = skep_env_memory_used(env);
    assert_int_equal(skep_btf_open(env, "nonsense", 8, NULL, &btf, &err), SKEP_MALFORMED);
    assert_string_equal(skep_error_id(&err), "btf-bad-header");
    assert_int_equal(skep_btf_open(env, NULL, 0, NULL, &btf, NULL), SKEP_MALFORMED);
    assert_int_equal(skep_btf_open(NULL, "", 0, NULL, &btf, NULL), SKEP_BAD_ARG);
    assert_int_not_equal(skep_btf_open_file(env, "/nonexistent", NULL, &btf, NULL), SKEP_OK);
    assert_int_equal(skep_env_memory_used(env), before);
    assert_null(btf);
    skep_env_free(env);
}

/* The kernel's own types, where there are any. */
TEST(the_kernels_types_parse)
{
    static const char path[] = "/sys/kernel/btf/vmlinux";
    skep_env *env = new_env();
    skep_btf *btf = NULL;
    skep_error err = { 0 };
    char *text = NULL;
    FILE *file = fopen(path, "rb");
    if (!file) {
        skep_env_free(env);
        print_message("skipped: there is no %s\n", path);
        skip();
    }
    fclose(file);
    assert_int_equal(skep_btf_open_file(env, path, NULL, &btf, &err), SKEP_OK);
    uint32_t id = skep_btf_find(btf, "struct", "list_head");
    assert_int_not_equal(id, 0);
    assert_int_equal(skep_btf_print(btf, id, &text), SKEP_OK);
    assert_string_equal(
        text, "struct list_head {\n\tstruct list_head *next;\n\tstruct list_head *prev;\n};");
    free(text);
    skep_btf_close(btf);
    skep_env_free(env);
}

TEST(programs_of_the_other_byte_order_are_listed_but_not_loaded)
{
    static const uint16_t one = 1;
    bool little = *(const uint8_t *)&one;
    skep_env *env = new_env();
    skep_object *object = NULL;
    skep_program *program = NULL;
    skep_error err = { 0 };
    char *text = NULL;
    size_t size;
    u8 *file = sample_object(little, false, &size);
    assert_int_equal(skep_object_open(env, "sample", file, size, &object, NULL), SKEP_OK);
    assert_int_equal(skep_object_list(object, "tail", &text, NULL), SKEP_OK);
    assert_non_null(strstr(text, "r0 = 0x1"));
    assert_int_equal(skep_program_load(object, "tail", NULL, &program, &err), SKEP_UNSUPPORTED);
    assert_string_equal(skep_error_id(&err), "foreign-byte-order");
    assert_null(program);
    free(text);
    skep_object_close(object);
    free(file);
    skep_env_free(env);
}

TEST(objects_inside_other_bytes_are_found)
{
    struct out_bytes all = { 0 };
    size_t size, offset = 0, length = 0;
    u8 *file = sample_object(false, false, &size);
    out_string(&all, "a program with a skeleton");
    size_t begin = all.size;
    out_copy(&all, file, size);
    out_string(&all, "and more");
    assert_true(skep_object_find(all.data, all.size, 0, &offset, &length));
    assert_int_equal(offset, begin);
    assert_int_equal(length, size);
    assert_false(skep_object_find(all.data, all.size, offset + 1, &offset, &length));
    assert_false(skep_object_find(NULL, 0, 0, &offset, &length));
    out_free(&all);
    free(file);
}

UNIT_TESTS(UNIT(types_answer_and_print), UNIT(types_that_lie_are_refused_and_nothing_is_kept),
           UNIT(the_kernels_types_parse),
           UNIT(programs_of_the_other_byte_order_are_listed_but_not_loaded),
           UNIT(objects_inside_other_bytes_are_found))
