/* The walk along a witness: what is claimed is compared with what is, at every instruction. */
#include "api/api.h"
#include "support/unit.h"
#include "support/verifier.h"

struct walk_fixture {
    skep_env *env;
    skep_object *object;
    skep_program *program;
    skep_thread *thread;
    u8 bytes[64];
    struct skep_memory memory;
};

static void fixture_open(struct walk_fixture *f, const char *source)
{
    const struct skep_load_options options = { .size = sizeof(options),
                                               .engine = SKEP_ENGINE_CHECKED,
                                               .profile = SKEP_PROFILE_LINUX,
                                               .witness = true };
    skep_insn *insns = NULL;
    size_t n = 0;
    memset(f, 0, sizeof(*f));
    f->memory = (struct skep_memory){ f->bytes, sizeof(f->bytes) };
    assert_int_equal(skep_env_new(NULL, &f->env, NULL), SKEP_OK);
    assert_int_equal(skep_assemble(source, &insns, &n, NULL), SKEP_OK);
    assert_int_equal(skep_object_from_insns(f->env, "walk", insns, n, hook_named(f->env, "memory"),
                                            &f->object, NULL),
                     SKEP_OK);
    assert_int_equal(skep_program_load(f->object, NULL, &options, &f->program, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(f->env, NULL, &f->thread), SKEP_OK);
    free(insns);
}

static void fixture_close(struct walk_fixture *f)
{
    skep_thread_free(f->thread);
    skep_program_free(f->program);
    skep_object_close(f->object);
    skep_env_free(f->env);
}

/* SKEP_OK, or the id of the fault. */
static const char *fixture_run(struct walk_fixture *f)
{
    u64 r0;
    skep_status status = skep_run(f->thread, f->program, &f->memory, &r0);
    if (status == SKEP_OK)
        return "";
    return status == SKEP_TRAP ? skep_error_id(&skep_thread_fault(f->thread)->error)
                               : skep_status_name(status);
}

/* Runs once as it is, and once after every number's range in the witness was made one value. */
static void expect_found(const char *source, void (*spoil)(struct witness *w))
{
    struct walk_fixture f;
    fixture_open(&f, source);
    assert_string_equal(fixture_run(&f), "");
    spoil(&f.program->witness);
    assert_string_equal(fixture_run(&f), "vm-witness-violated");
    fixture_close(&f);
}

static struct state *node_state(struct witness *w, u32 n)
{
    return (struct state *)(uintptr_t)w->nodes.data[n].state;
}

static struct value *value_of(struct witness *w, const struct cell *cell)
{
    return (struct value *)(uintptr_t)&w->values[cell->value];
}

static void each_register(struct witness *w, void (*visit)(struct witness *w, struct cell *cell))
{
    for (u32 n = 0; n < w->nodes.n; n++)
        for (u32 r = 0; r < STATE_REGS - 1; r++)
            if (node_state(w, n)->frames[0]->reg[r].value)
                visit(w, &node_state(w, n)->frames[0]->reg[r]);
}

static void narrow(struct witness *w, struct cell *cell)
{
    struct value *value = value_of(w, cell);
    if (value->kind == VALUE_SCALAR && value->range.umin != value->range.umax)
        value->range.umax = value->range.umin = 77;
}
static void spoil_ranges(struct witness *w) { each_register(w, narrow); }

static void shift(struct witness *w, struct cell *cell)
{
    if (value_of(w, cell)->kind == VALUE_SCALAR)
        cell->add += 1;
}
static void spoil_one_form(struct witness *w)
{
    for (u32 n = 0; n < w->nodes.n; n++)
        if (node_state(w, n)->frames[0]->reg[6].value)
            shift(w, &node_state(w, n)->frames[0]->reg[6]);
}

static void turn(struct witness *w, struct cell *cell)
{
    if (value_of(w, cell)->kind == VALUE_CTX)
        value_of(w, cell)->kind = VALUE_STACK;
}
static void spoil_kinds(struct witness *w) { each_register(w, turn); }

static void spoil_zero_bytes(struct witness *w)
{
    for (u32 n = 0; n < w->nodes.n; n++)
        for (u32 i = 0; i < node_state(w, n)->frames[0]->n_slots; i++)
            node_state(w, n)->frames[0]->slot[i].zero = 0xff;
}

static void spoil_relations(struct witness *w)
{
    for (u32 n = 0; n < w->nodes.n; n++)
        for (u32 i = 0; i < node_state(w, n)->n_relations; i++)
            node_state(w, n)->relations[i].most = -1000;
}

static void a_number_outside_its_range_is_found(void **unused)
{
    (void)unused;
    expect_found("r0 = *(u8 *)(r1 + 0) ; r0 += 1 ; exit", spoil_ranges);
}

static void a_copy_that_is_none_is_found(void **unused)
{
    (void)unused;
    expect_found("r6 = *(u8 *)(r1 + 0) ; r7 = r6 ; r0 = r7 ; r0 += r6 ; exit", spoil_one_form);
}

static void a_pointer_of_another_kind_is_found(void **unused)
{
    (void)unused;
    expect_found("r0 = *(u8 *)(r1 + 0) ; exit", spoil_kinds);
}

static void a_stack_byte_that_is_not_zero_is_found(void **unused)
{
    (void)unused;
    expect_found("*(u64 *)(r10 - 8) = 9 ; r0 = *(u64 *)(r10 - 8) ; exit", spoil_zero_bytes);
}

static void a_difference_out_of_bounds_is_found(void **unused)
{
    (void)unused;
    expect_found(
        "r6 = *(u8 *)(r1 + 0) ; r7 = *(u8 *)(r1 + 1) ; r0 = 0 ; if r6 > r7 goto out ; r0 = r7 ; "
        "r0 += r6 ; out: exit",
        spoil_relations);
}

static void a_place_without_a_state_is_found(void **unused)
{
    (void)unused;
    struct walk_fixture f;
    fixture_open(&f, "r0 = 0 ; exit");
    hash_index_drop(&f.program->witness.index);
    hash_index_init(&f.program->witness.index, f.program->witness.mem);
    assert_string_equal(fixture_run(&f), "vm-witness-unreached");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_outside_its_range_is_found),
        cmocka_unit_test(a_copy_that_is_none_is_found),
        cmocka_unit_test(a_pointer_of_another_kind_is_found),
        cmocka_unit_test(a_stack_byte_that_is_not_zero_is_found),
        cmocka_unit_test(a_difference_out_of_bounds_is_found),
        cmocka_unit_test(a_place_without_a_state_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
