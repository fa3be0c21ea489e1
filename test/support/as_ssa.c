/* See as_ssa.h. */
#include "support/as_ssa.h"

#include <stdlib.h>

enum { MOST_STEPS = 100 * 1000 * 1000 };

static void check_after(void *user, enum opt_pass pass, const struct ssa_func *func)
{
    struct as_ssa *s = user;
    u32 where;
    if (s->wrong)
        return;
    s->wrong = ssa_check((struct ssa_func *)(uintptr_t)func, &where);
    s->wrong_after = pass;
}

skep_status as_ssa_open(struct as_ssa *s, struct skep_program *program, u32 off, skep_error *err)
{
    *s = (struct as_ssa){ .program = program };
    arena_init(&s->arena, &program->env->mem);
    const struct opt_input input = { .host = &program->host,
                                     .facts = program->facts.at ? &program->facts : NULL,
                                     .maps = program->maps,
                                     .n_maps = program->linked.n_maps,
                                     .metered = program->rt.fuel != 0,
                                     .off = off,
                                     .blind = !(off >> OPT_blind & 1),
                                     .blind_seed = 1,
                                     .after = check_after,
                                     .user = s };
    skep_status status = opt_run(&s->arena, &input, &s->ssa, err);
    if (status != SKEP_OK) {
        arena_drop(&s->arena);
        return status;
    }
    s->eval = (struct ssa_eval){ .ssa = &s->ssa, .most_steps = MOST_STEPS };
    s->before.run = program->rt.run;
    s->before.run_callback = program->rt.run_callback;
    s->before.engine = program->rt.engine;
    program->rt.run = ssa_eval_run;
    program->rt.run_callback = ssa_eval_run_callback;
    program->rt.engine = &s->eval;
    return SKEP_OK;
}

void as_ssa_close(struct as_ssa *s)
{
    s->program->rt.run = s->before.run;
    s->program->rt.run_callback = s->before.run_callback;
    s->program->rt.engine = s->before.engine;
    arena_drop(&s->arena);
}

/* ---- for the eye */

static char *text_out(struct text *text)
{
    size_t size = strlen(text_cstr(text)) + 1;
    char *out = malloc(size);
    if (out)
        memcpy(out, text_cstr(text), size);
    text_drop(text);
    return out;
}

char *as_ssa_text(struct as_ssa *s)
{
    struct text text;
    text_init(&text, &s->program->env->mem);
    for (u32 f = 0; f < s->ssa.n_funcs; f++)
        if (s->ssa.funcs[f].n)
            ssa_print(&text, &s->ssa.funcs[f]);
    return text_out(&text);
}

static u32 count_bits(u32 bits)
{
    u32 n = 0;
    for (; bits; bits &= bits - 1)
        n++;
    return n;
}

char *as_ssa_passes(u32 off)
{
    struct mem mem;
    struct text text;
    u32 n_off = count_bits(off), n = 0;
    bool name_off = n_off * 2 <= OPT_PASS_COUNT;
    mem_init(&mem, NULL, 0);
    text_init(&text, &mem);
    text_printf(&text, "%s",
                n_off == 0                ? "all passes"
                : n_off == OPT_PASS_COUNT ? "no pass"
                : name_off                ? "all passes but "
                                          : "only ");
    for (u32 p = 0; n_off && n_off < OPT_PASS_COUNT && p < OPT_PASS_COUNT; p++)
        if ((off >> p & 1) == name_off)
            text_printf(&text, "%s%s", n++ ? ", " : "", opt_pass_name((enum opt_pass)p));
    return text_out(&text);
}
