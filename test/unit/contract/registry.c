/* The registry: what it refuses, and what it finds. */
#include "contract/contract.h"

#include "support/unit.h"

#include <stdio.h>

#define RW (SKEP_ARG_READ | SKEP_ARG_WRITE)

static const struct skep_helper plain = {
    .size = sizeof(struct skep_helper),
    .name = "plain",
    .id = 7,
    .family = SKEP_FAMILY_BASE,
};

struct fixture {
    struct mem mem;
    struct registry registry;
    skep_error err;
};

static struct fixture *fixture_new(void)
{
    static struct fixture f;
    memset(&f, 0, sizeof(f));
    mem_init(&f.mem, NULL, 0);
    registry_init(&f.registry, &f.mem);
    return &f;
}

static void fixture_drop(struct fixture *f)
{
    registry_drop(&f->registry);
    assert_int_equal(f->mem.used, 0);
}

static void refuses_helper(struct skep_helper helper, const char *id)
{
    struct fixture *f = fixture_new();
    assert_int_equal(registry_add_helper(&f->registry, &helper, &f->err), SKEP_BAD_ARG);
    assert_string_equal(skep_error_id(&f->err), id);
    assert_int_equal(f->registry.helpers.n, 0);
    fixture_drop(f);
}

TEST(refuses_helpers_that_contradict_themselves)
{
    struct skep_helper h = plain;
    h.size -= 8;
    refuses_helper(h, "contract-bad-helper");
    h = plain, h.name = NULL;
    refuses_helper(h, "contract-bad-helper");
    h = plain, h.family = 0;
    refuses_helper(h, "contract-bad-helper");
    h = plain, h.family = SKEP_FAMILY_XDP | SKEP_FAMILY_BASE;
    refuses_helper(h, "contract-bad-helper");
    h = plain, h.maps = SKEP_MAP_LOOKUP;
    refuses_helper(h, "contract-bad-helper");
    h = plain, h.args[0].kind = SKEP_ARG_MAP;
    refuses_helper(h, "contract-bad-helper");
    h = plain, h.effects = SKEP_CALLS_BACK;
    refuses_helper(h, "contract-bad-helper");
    h = plain, h.ret.lo = 1;
    refuses_helper(h, "contract-bad-helper");
    h = plain, h.ret.flags = SKEP_RET_ACQUIRES;
    refuses_helper(h, "contract-bad-helper");
    h = plain, h.ret.kind = SKEP_RET_MAP_VALUE;
    refuses_helper(h, "contract-bad-helper");
    h = plain, h.ret.kind = SKEP_RET_MEM;
    refuses_helper(h, "contract-bad-helper");
    h = plain, h.iterator = SKEP_ITER_NUM;
    refuses_helper(h, "contract-bad-helper");
    h = plain, h.args[0] = (struct skep_arg){ .kind = SKEP_ARG_ITER, .bytes = 8 };
    refuses_helper(h, "contract-bad-helper");
}

TEST(refuses_arguments_that_contradict_themselves)
{
    static const struct skep_arg bad[][5] = {
        { { .kind = SKEP_ARG_KIND_COUNT } },
        { { .kind = SKEP_ARG_NONE }, { .kind = SKEP_ARG_SCALAR } },
        { { .kind = SKEP_ARG_MAP_KEY, .flags = SKEP_ARG_READ } },
        { { .kind = SKEP_ARG_MEM, .flags = RW } },
        { { .kind = SKEP_ARG_MEM, .flags = RW }, { .kind = SKEP_ARG_SCALAR } },
        { { .kind = SKEP_ARG_MEM, .flags = RW, .bytes = 4 }, { .kind = SKEP_ARG_SIZE } },
        { { .kind = SKEP_ARG_MEM }, { .kind = SKEP_ARG_SIZE } },
        { { .kind = SKEP_ARG_SIZE } },
        { { .kind = SKEP_ARG_SCALAR, .bytes = 4 } },
        { { .kind = SKEP_ARG_CALLBACK } },
        { { .kind = SKEP_ARG_ITER, .flags = SKEP_ARG_READ } },
    };
    for (u32 i = 0; i < ARRAY_LEN(bad); i++) {
        struct skep_helper h = plain;
        h.iterator = bad[i][0].kind == SKEP_ARG_ITER ? SKEP_ITER_NUM : SKEP_ITER_NONE;
        memcpy(h.args, bad[i], sizeof(h.args));
        refuses_helper(h, "contract-bad-argument");
    }
}

TEST(finds_helpers_by_personality_id_and_name)
{
    struct fixture *f = fixture_new();
    struct skep_helper many[200], windows = plain, own = plain;
    char names[200][16];
    for (u32 i = 0; i < 200; i++) {
        snprintf(names[i], sizeof(names[i]), "helper_%u", i);
        many[i] = plain;
        many[i].id = i * 3;
        many[i].name = names[i];
        assert_int_equal(registry_add_helper(&f->registry, &many[i], &f->err), SKEP_OK);
    }
    windows.personality = SKEP_WINDOWS, windows.id = 3, windows.name = "windows";
    own.personality = SKEP_APPLICATION, own.id = 10000, own.name = "own";
    assert_int_equal(registry_add_helper(&f->registry, &windows, &f->err), SKEP_OK);
    assert_int_equal(registry_add_helper(&f->registry, &own, &f->err), SKEP_OK);
    for (u32 i = 0; i < 200; i++) {
        assert_ptr_equal(registry_helper(&f->registry, SKEP_LINUX, i * 3), &many[i]);
        assert_null(registry_helper(&f->registry, SKEP_LINUX, i * 3 + 1));
        assert_ptr_equal(registry_helper_by_name(&f->registry, names[i]), &many[i]);
    }
    assert_ptr_equal(registry_helper(&f->registry, SKEP_WINDOWS, 3), &windows);
    assert_ptr_equal(registry_helper(&f->registry, SKEP_LINUX, 10000), &own);
    assert_null(registry_helper_by_name(&f->registry, "helper_200"));
    fixture_drop(f);
}

TEST(ids_and_names_are_unique)
{
    struct fixture *f = fixture_new();
    struct skep_helper same_id = plain, same_name = plain, own = plain;
    same_id.name = "other", same_name.id = 8;
    own.name = "own", own.personality = SKEP_APPLICATION;
    assert_int_equal(registry_add_helper(&f->registry, &plain, &f->err), SKEP_OK);
    assert_int_equal(registry_add_helper(&f->registry, &same_id, &f->err), SKEP_EXISTS);
    assert_string_equal(skep_error_id(&f->err), "contract-id-taken");
    f->err.id = 0;
    assert_int_equal(registry_add_helper(&f->registry, &same_name, &f->err), SKEP_EXISTS);
    assert_string_equal(skep_error_id(&f->err), "contract-name-taken");
    assert_int_equal(registry_add_helper(&f->registry, &own, NULL), SKEP_EXISTS);
    assert_int_equal(f->registry.helpers.n, 1);
    fixture_drop(f);
}

TEST(replaces_a_helper_of_the_same_id_and_name)
{
    struct fixture *f = fixture_new();
    struct skep_helper mock = plain, stranger = plain;
    stranger.name = "stranger";
    assert_int_equal(registry_add_helper(&f->registry, &plain, &f->err), SKEP_OK);
    assert_int_equal(registry_replace_helper(&f->registry, &mock, &f->err), SKEP_OK);
    assert_ptr_equal(registry_helper(&f->registry, SKEP_LINUX, 7), &mock);
    assert_ptr_equal(registry_helper_by_name(&f->registry, "plain"), &mock);
    assert_int_equal(registry_replace_helper(&f->registry, &stranger, &f->err), SKEP_BAD_ARG);
    fixture_drop(f);
}

TEST(running_out_of_memory_is_a_status)
{
    struct fixture *f = fixture_new();
    mem_init(&f->mem, NULL, 16);
    assert_int_equal(registry_add_helper(&f->registry, &plain, &f->err), SKEP_NOMEM);
    fixture_drop(f);
}

/* Map types */

static int map_create(skep_map *map) { return map ? 0 : -1; }
static void map_destroy(skep_map *map) { assert_non_null(map); }

TEST(a_map_type_has_the_functions_of_its_classes)
{
    static const u32 classes[] = { SKEP_MAP_LOOKUP,  SKEP_MAP_UPDATE,   SKEP_MAP_DELETE,
                                   SKEP_MAP_ITERATE, SKEP_MAP_PUSH,     SKEP_MAP_POP,
                                   SKEP_MAP_PEEK,    SKEP_MAP_PROGRAMS, SKEP_MAP_RINGBUF_OUT };
    struct skep_map_type type = {
        .size = sizeof(type), .name = "t", .id = 1, .create = map_create, .destroy = map_destroy
    };
    struct fixture *f = fixture_new();
    for (u32 i = 0; i < ARRAY_LEN(classes); i++) {
        type.classes = classes[i];
        f->err.id = 0;
        assert_int_equal(registry_add_map_type(&f->registry, &type, &f->err), SKEP_BAD_ARG);
        assert_string_equal(skep_error_id(&f->err), "contract-bad-map-type");
    }
    type.classes = 0;
    assert_int_equal(registry_add_map_type(&f->registry, &type, &f->err), SKEP_OK);
    assert_ptr_equal(registry_map_type(&f->registry, SKEP_LINUX, 1), &type);
    assert_null(registry_map_type(&f->registry, SKEP_WINDOWS, 1));
    assert_int_equal(registry_add_map_type(&f->registry, &type, NULL), SKEP_EXISTS);
    fixture_drop(f);
}

/* Hooks */

static const struct skep_ctx_field fields[] = {
    { "whole", 0, 4, SKEP_FIELD_SCALAR, SKEP_FIELD_READ | SKEP_FIELD_NO_NARROW, 4, 0, 0 },
    { "narrow", 4, 4, SKEP_FIELD_SCALAR, SKEP_FIELD_READ | SKEP_FIELD_WRITE, 4, 4, 0 },
    { "wide", 8, 4, SKEP_FIELD_SCALAR, SKEP_FIELD_READ | SKEP_FIELD_WIDE, 4, 8, 0 },
    { "next", 12, 4, SKEP_FIELD_SCALAR, SKEP_FIELD_READ, 4, 12, 0 },
    { "memory", 20, 20, SKEP_FIELD_SCALAR, SKEP_FIELD_READ | SKEP_FIELD_WRITE, 20, 16, 0 },
    { "data", 40, 4, SKEP_FIELD_PACKET, SKEP_FIELD_READ, 8, 40, 0 },
};
static const struct skep_hook hook = {
    .size = sizeof(struct skep_hook),
    .name = "test",
    .sections = (const char *const[]){ "test+", "test/very/", "exact", "sloppy*", NULL },
    .ctx_kind = SKEP_CTX_FIELDS,
    .ctx_size = 44,
    .fields = fields,
    .n_fields = ARRAY_LEN(fields),
    .flags = SKEP_HOOK_SLEEPABLE,
};

static void finds(u32 offset, u32 size, const char *load, const char *store)
{
    const struct skep_ctx_field *field = hook_field_to_load(&hook, offset, size);
    assert_string_equal(field ? field->name : "", load);
    field = hook_field_to_store(&hook, offset, size);
    assert_string_equal(field ? field->name : "", store);
}

TEST(an_access_lies_in_one_field_and_keeps_its_rules)
{
    finds(0, 4, "whole", "");
    finds(0, 1, "", "");
    finds(2, 2, "", "");
    finds(0, 8, "", "");
    finds(4, 4, "narrow", "narrow");
    finds(7, 1, "narrow", "");
    finds(6, 2, "narrow", "");
    finds(5, 2, "", "");
    finds(8, 8, "wide", "");
    finds(12, 4, "next", "");
    finds(16, 4, "", "");
    finds(20, 8, "", "");
    finds(24, 8, "memory", "memory");
    finds(39, 1, "memory", "memory");
    finds(40, 4, "data", "");
    finds(40, 2, "", "");
    finds(44, 4, "", "");
    finds(UINT32_MAX, 1, "", "");
    finds(UINT32_MAX - 3, 4, "", "");
    finds(4, 0, "", "");
    finds(4, 3, "", "");
}

static void section_gives(const struct registry *registry, const char *section,
                          const struct skep_hook *expected, bool sleeps)
{
    bool sleepable = false;
    assert_ptr_equal(registry_hook_by_section(registry, section, &sleepable), expected);
    assert_int_equal(sleepable, sleeps);
}

TEST(the_longest_section_pattern_wins)
{
    struct fixture *f = fixture_new();
    struct skep_hook other = hook;
    other.id = 1, other.name = "other", other.flags = 0;
    other.sections = (const char *const[]){ "test/very/long/", "sloppy_not", "test.multi+", NULL };
    assert_int_equal(registry_add_hook(&f->registry, &hook, &f->err), SKEP_OK);
    assert_int_equal(registry_add_hook(&f->registry, &other, &f->err), SKEP_OK);
    section_gives(&f->registry, "test", &hook, false);
    section_gives(&f->registry, "test/x", &hook, false);
    section_gives(&f->registry, "test.s/x", &hook, true);
    section_gives(&f->registry, "test.s", &hook, true);
    section_gives(&f->registry, "test/x.s", &hook, false);
    section_gives(&f->registry, "testx", NULL, false);
    section_gives(&f->registry, "test/very/x", &hook, false);
    section_gives(&f->registry, "test/very/long/x", &other, false);
    section_gives(&f->registry, "test.multi.s/x", &other, false);
    section_gives(&f->registry, "exact", &hook, false);
    section_gives(&f->registry, "exact/x", NULL, false);
    section_gives(&f->registry, "sloppy", &hook, false);
    section_gives(&f->registry, "sloppy_yes", &hook, false);
    section_gives(&f->registry, "sloppy_not", &other, false);
    section_gives(&f->registry, "", NULL, false);
    assert_ptr_equal(registry_hook(&f->registry, SKEP_LINUX, 1), &other);
    assert_ptr_equal(registry_hook_by_name(&f->registry, "other"), &other);
    assert_null(registry_hook_by_name(&f->registry, "third"));
    assert_int_equal(registry_add_hook(&f->registry, &hook, NULL), SKEP_EXISTS);
    fixture_drop(f);
}

static void refuses_field(u32 i, struct skep_ctx_field field)
{
    struct skep_ctx_field changed[ARRAY_LEN(fields)];
    struct skep_hook h = hook;
    struct fixture *f = fixture_new();
    memcpy(changed, fields, sizeof(fields));
    changed[i] = field;
    h.fields = changed;
    assert_int_equal(registry_add_hook(&f->registry, &h, &f->err), SKEP_BAD_ARG);
    assert_string_equal(skep_error_id(&f->err), "contract-bad-field");
    fixture_drop(f);
}

TEST(refuses_fields_that_contradict_the_context)
{
    struct skep_ctx_field bad = fields[5];
    bad.offset = 42;
    refuses_field(5, bad);
    bad.offset = 36;
    refuses_field(5, bad);
    bad = fields[5], bad.host_size = 4;
    refuses_field(5, bad);
    bad = fields[4], bad.host_size = 16;
    refuses_field(4, bad);
    bad = fields[4], bad.host_size = 0;
    refuses_field(4, bad);
    bad = fields[3], bad.access |= SKEP_FIELD_WIDE;
    refuses_field(3, bad);
    bad = fields[0], bad.name = "";
    refuses_field(0, bad);
    bad = fields[0], bad.size = 3;
    refuses_field(0, bad);
}

TEST(refuses_hooks_that_contradict_themselves)
{
    struct fixture *f = fixture_new();
    struct skep_hook h = hook;
    h.ctx_kind = SKEP_CTX_ARGS;
    assert_int_equal(registry_add_hook(&f->registry, &h, &f->err), SKEP_BAD_ARG);
    assert_string_equal(skep_error_id(&f->err), "contract-bad-hook");
    f->err = (skep_error){ 0 };
    h.ctx_kind = SKEP_CTX_MEMORY; /* whose fields are where the host has them */
    assert_int_equal(registry_add_hook(&f->registry, &h, &f->err), SKEP_BAD_ARG);
    assert_string_equal(skep_error_id(&f->err), "contract-bad-field");
    h = hook, h.ret_lo = 2, h.ret_hi = 1;
    assert_int_equal(registry_add_hook(&f->registry, &h, NULL), SKEP_BAD_ARG);
    h = hook, h.flags = SKEP_HOOK_PACKET_WRITE;
    assert_int_equal(registry_add_hook(&f->registry, &h, NULL), SKEP_BAD_ARG);
    assert_int_equal(f->registry.hooks.n, 0);
    fixture_drop(f);
}

TEST(what_a_program_returns_depends_on_its_section)
{
    static const struct skep_hook_returns rows[] = { { "at/one", 1, 1 }, { "at/*", 0, 3 } };
    struct skep_hook own = hook;
    own.ret_lo = -1, own.ret_hi = 1, own.returns = rows, own.n_returns = ARRAY_LEN(rows);
    assert_int_equal(hook_returns(&own, "").lo, -1);
    assert_int_equal(hook_returns(&own, "at/one").lo, 1);
    assert_int_equal(hook_returns(&own, "at/other").hi, 3);
    assert_true(contract_range_is_any(hook_returns(&hook, "at/one")));
    struct skep_callback callback = { .returns_0 = false };
    assert_true(contract_range_is_any(callback_returns(&callback)));
    callback.returns_0 = true;
    assert_int_equal(callback_returns(&callback).hi, 0);
}

TEST(refuses_ranges_of_results_that_are_empty)
{
    static const struct skep_hook_returns rows[] = { { "at/one", 1, 0 } };
    struct fixture *f = fixture_new();
    struct skep_hook own = hook;
    own.returns = rows, own.n_returns = ARRAY_LEN(rows);
    assert_int_equal(registry_add_hook(&f->registry, &own, NULL), SKEP_BAD_ARG);
    fixture_drop(f);
}

UNIT_TESTS(UNIT(what_a_program_returns_depends_on_its_section),
           UNIT(refuses_ranges_of_results_that_are_empty),
           UNIT(refuses_helpers_that_contradict_themselves),
           UNIT(refuses_arguments_that_contradict_themselves),
           UNIT(finds_helpers_by_personality_id_and_name), UNIT(ids_and_names_are_unique),
           UNIT(replaces_a_helper_of_the_same_id_and_name), UNIT(running_out_of_memory_is_a_status),
           UNIT(a_map_type_has_the_functions_of_its_classes),
           UNIT(an_access_lies_in_one_field_and_keeps_its_rules),
           UNIT(the_longest_section_pattern_wins), UNIT(refuses_fields_that_contradict_the_context),
           UNIT(refuses_hooks_that_contradict_themselves))
