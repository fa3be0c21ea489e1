/* A program, from assembly or instructions, prepared for the engines, and as SSA. */
#ifndef SKEP_TEST_ENGINES_H
#define SKEP_TEST_ENGINES_H

#include "lower/lower.h"
#include "opt/opt.h"
#include "support/bytecode.h"
#include "support/ssa_eval.h"
#include "vm/vm.h"

enum engine { ENGINE_INTERP, ENGINE_CHECKED, ENGINE_SSA, N_ENGINES };

struct engines_options {
    const struct skep_hook *hook;
    struct skep_map *const *maps;
    u32 n_maps;
    const struct skep_helper *const *helpers; /* looked up by id; NULL-terminated, or NULL */
    bool strict, checked_only;
    u64 fuel;
    u32 passes_off; /* of SSA's, 1 << enum opt_pass */
};

struct engines {
    struct bytecode b;
    struct host_code host;
    struct interp *interp;
    struct checked *checked;
    struct ssa_program ssa;
    struct ssa_eval eval;
    struct epoch *epoch;
    struct skep_thread thread;
    struct rt_program program[N_ENGINES];
};

static inline const struct skep_helper **engines_helpers(struct engines *e,
                                                         const struct engines_options *options)
{
    const struct code *code = &e->b.code;
    const struct skep_helper **helpers =
        arena_array(&e->b.arena, const struct skep_helper *, code->n_insns);
    for (u32 i = 0; i < code->n_insns; i++)
        for (u32 h = 0; options->helpers && options->helpers[h]; h++)
            if (code->insns[i].op == ISA_CALL_HELPER &&
                options->helpers[h]->id == (u32)code->insns[i].imm)
                helpers[i] = options->helpers[h];
    return helpers;
}

static inline void engines_prepare(struct engines *e, const struct engines_options *options)
{
    const struct skep_helper **helpers = engines_helpers(e, options);
    struct lower_input lower_in = { .code = &e->b.code,
                                    .charges = &e->b.charges,
                                    .hook = options->hook,
                                    .maps = options->maps,
                                    .n_maps = options->n_maps,
                                    .helpers = helpers,
                                    .metered = true };
    struct vm_input vm_in = { .code = &e->b.code,
                              .charges = &e->b.charges,
                              .hook = options->hook,
                              .maps = options->maps,
                              .n_maps = options->n_maps,
                              .helpers = helpers,
                              .strict = options->strict };
    if (!options->checked_only) {
        assert_int_equal(lower(&e->b.arena, &lower_in, &e->host, &e->b.err), SKEP_OK);
        assert_int_equal(interp_prepare(&e->b.mem, &e->host, &e->interp), SKEP_OK);
        struct opt_input opt_in = { .host = &e->host,
                                    .maps = options->maps,
                                    .n_maps = options->n_maps,
                                    .metered = true,
                                    .off = options->passes_off };
        assert_int_equal(opt_run(&e->b.arena, &opt_in, &e->ssa, &e->b.err), SKEP_OK);
        e->eval.ssa = &e->ssa;
    }
    assert_int_equal(checked_prepare(&e->b.mem, &vm_in, &e->checked, &e->b.err), SKEP_OK);
    assert_int_equal(epoch_new(&e->b.mem, &e->epoch), SKEP_OK);
    assert_int_equal(rt_thread_init(&e->thread, &e->b.mem, &rt_system_host, e->epoch, 0, 1),
                     SKEP_OK);
    rt_run_fn *const runs[] = { interp_run, checked_run, ssa_eval_run };
    const void *const engines[] = { e->interp, e->checked, &e->eval };
    for (u32 i = 0; i < N_ENGINES; i++)
        e->program[i] = (struct rt_program){
            .run = runs[i],
            .engine = engines[i],
            .hook = options->hook,
            .code = &e->b.code,
            .helpers = helpers,
            .epoch = e->epoch,
            .fuel = options->fuel ? options->fuel : 1000000,
            .metered = true,
            .references = 1,
        };
}

static inline void engines_open_insns(struct engines *e, const struct insn *insns, u32 n,
                                      const struct engines_options *options)
{
    memset(e, 0, sizeof(*e));
    bytecode_build(&e->b, insns, n);
    engines_prepare(e, options);
}

static inline void engines_open(struct engines *e, const char *source,
                                const struct engines_options *options)
{
    memset(e, 0, sizeof(*e));
    bytecode_open(&e->b, NULL, 0);
    struct isa_asm assembled = { .mem = &e->b.mem };
    assert_int_equal(isa_assemble(&assembled, source, strlen(source), &e->b.err), SKEP_OK);
    assert_true(assembled.slots.n <= BYTECODE_SLOTS);
    memcpy(e->b.slots, assembled.slots.data, assembled.slots.n * sizeof(e->b.slots[0]));
    e->b.n_slots = assembled.slots.n;
    isa_asm_drop(&assembled);
    bytecode_finish(&e->b);
    engines_prepare(e, options);
}

static inline skep_status engines_run(struct engines *e, enum engine engine, void *ctx, u64 *r0)
{
    *r0 = 0;
    return rt_run(&e->thread, &e->program[engine], ctx, r0);
}

static inline void engines_close(struct engines *e)
{
    rt_thread_fini(&e->thread);
    epoch_delete(e->epoch);
    interp_drop(e->interp);
    checked_drop(e->checked);
    bytecode_close(&e->b);
    assert_int_equal(e->b.mem.used, 0);
}

#endif
