/* See generate.h: branches, loops, calls, and whole programs. */
#include "sound/parts.h"

void block(struct gen *g)
{
    for (u32 i = 1 + pick(g, 3); i-- > 0 && g->budget;)
        statements(g);
}

u32 some_branch(struct gen *g)
{
    const u16 *ops = PICK(g, cond_ops);
    u32 a = number_var(g), b = number_var(g);
    if (!a) {
        number(g, 1);
        a = 1;
        b = 0;
    }
    bool reg = b && b != a && chance(g, 50);
    u32 form = (reg ? 0u : 1u) | pick(g, 2) * 2;
    return reg ? branch_reg(g, ops[form], a, b) : branch_imm(g, ops[form], a, (s64)border(g));
}

static void statement_if(struct gen *g)
{
    if (g->depth >= 4)
        return;
    g->depth++;
    u32 otherwise = some_branch(g);
    struct env before = g->env;
    block(g);
    if (chance(g, 50)) {
        u32 over = jump(g);
        struct env then = g->env;
        land(g, otherwise);
        g->env = before;
        block(g);
        env_meet(&g->env, &then);
        land(g, over);
    } else {
        env_meet(&g->env, &before);
        land(g, otherwise);
    }
    g->depth--;
}

static void statement_leave(struct gen *g)
{
    if (!g->may_leave || g->n_leaves == ARRAY_LEN(g->leaves))
        return;
    g->leaves[g->n_leaves++] = some_branch(g);
}

/* What was a number at the head is one when control comes back to it. */
void loop_restore(struct gen *g, const struct env *head)
{
    for (u32 i = 0; i < VARS; i++)
        if (head->var[i].kind == KIND_NUMBER && g->env.var[i].kind != KIND_NUMBER)
            set(g, FIRST_VAR + i, (s64)pick(g, 10));
    for (u32 i = 0; i < SLOTS; i++)
        if (head->slot[i].kind == KIND_NUMBER && g->env.slot[i].kind != KIND_NUMBER)
            op_store(g, ISA_ST_DW, 10, slot_offset(i), (s64)(pick(g, 10)));
}

/* Pointers that a loop might replace are not known in it. */
void loop_forget(struct env *e)
{
    for (u32 i = 0; i < VARS; i++)
        if (e->var[i].kind != KIND_NUMBER && !e->var[i].busy)
            e->var[i].kind = KIND_NONE;
    for (u32 i = 0; i < SLOTS; i++)
        if (e->slot[i].kind != KIND_NUMBER)
            e->slot[i].kind = KIND_NONE;
}

/* Byte i of a value or of the buffer, for the counter i. */
static void loop_use_counter(struct gen *g, u32 counter, u32 times)
{
    u32 map = chance(g, 50) ? MAP_ARRAY : MAP_RODATA;
    if (times > value_sizes[map] || !chance(g, 60))
        return;
    if (chance(g, 40))
        stack_address(g, 2, BUFFER);
    else
        take_value(g, 2, map, 0);
    bool writable = g->out->insns[g->out->n - 1].insn.op != ISA_LDDW_MAP_VALUE || map == MAP_ARRAY;
    op_reg(g, ISA_ADD64_REG, 2, counter);
    struct env before = g->env;
    access_at(g, 2, 0, 0, writable, false);
    keep_numbers(g, &before);
}

static void statement_loop(struct gen *g)
{
    u32 counter = free_var(g), times = 1 + pick(g, chance(g, 10) ? 300 : 40), limit = 0;
    if (!counter || g->depth >= 3)
        return;
    g->depth++;
    loop_forget(&g->env);
    u32 shape = pick(g, 5), step = shape == 2 ? 1 : 1 + pick(g, 3);
    for (u32 i = 0; i < VARS; i++)
        if (shape == 3 && FIRST_VAR + i != counter && g->env.var[i].kind == KIND_NUMBER &&
            !g->env.var[i].busy)
            limit = FIRST_VAR + i;
    if (limit) {
        u32 otherwise;
        bound(g, limit, times, &otherwise);
        if (otherwise != GENERATE_NO_TARGET) {
            u32 over = jump(g);
            land(g, otherwise);
            set(g, limit, times);
            land(g, over);
        }
        var_of(g, limit)->busy = true;
    }
    set(g, counter, shape == 2 ? (s64)times : 0);
    *var_of(g, counter) = (struct var){ .kind = KIND_NUMBER, .busy = true };
    struct env head = g->env;
    u32 start = g->out->n, end = GENERATE_NO_TARGET, early = GENERATE_NO_TARGET;
    if (limit)
        end = branch_reg(g, ISA_JGE64_REG, counter, limit);
    else if (shape == 0)
        end = branch_imm(g, chance(g, 50) ? ISA_JGE64_IMM : ISA_JSGE32_IMM, counter, times);
    loop_use_counter(g, counter, shape == 2 || step > 1 ? UINT32_MAX : times);
    block(g);
    if (chance(g, 30))
        early = some_branch(g);
    struct env left = g->env;
    loop_restore(g, &head);
    op_imm(g, shape == 2 ? ISA_SUB64_IMM : ISA_ADD64_IMM, counter, step);
    u32 back = end != GENERATE_NO_TARGET ? jump(g)
               : shape == 2              ? branch_imm(g, ISA_JNE64_IMM, counter, 0)
                                         : branch_imm(g, ISA_JLT64_IMM, counter, times);
    g->out->insns[back].target = start;
    land_if(g, end);
    land_if(g, early);
    g->env = head;
    env_meet(&g->env, &left);
    var_of(g, counter)->busy = false;
    if (limit)
        var_of(g, limit)->busy = false;
    g->depth--;
}

bool may_refer(const struct gen *g, u32 most_depth)
{
    return g->n_funcs < (g->all ? MOST_FUNCS : FUNCS) && g->func_depth < (g->deep ? 9 : most_depth);
}

struct pending *refer(struct gen *g, u8 shape, u32 at)
{
    u32 f = g->n_funcs;
    for (u32 i = 0; i < g->n_funcs; i++)
        if (g->funcs[i].shape == shape && g->funcs[i].n_calls < 3 &&
            g->funcs[i].depth > g->func_depth && chance(g, 30))
            f = i;
    if (f == g->n_funcs)
        g->funcs[g->n_funcs++] =
            (struct pending){ .shape = shape, .depth = (u8)(g->func_depth + 1) };
    g->funcs[f].calls[g->funcs[f].n_calls++] = at;
    return &g->funcs[f];
}

static void statement_call(struct gen *g)
{
    u32 var = free_var(g);
    if (!may_refer(g, 3))
        return;
    if (g->has_ctx)
        move(g, 1, 6);
    else
        set(g, 1, 0);
    number(g, 2);
    number(g, 3);
    stack_address(g, 4, BUFFER);
    number(g, 5);
    refer(g, FUNC_CALLED, emit_target(g, (struct insn){ .op = ISA_CALL_LOCAL }, 0));
    if (var) {
        move(g, var, 0);
        note_number(g, var);
    }
}

static void statement_callback(struct gen *g)
{
    bool loop = chance(g, 60);
    if (!may_refer(g, 2) || g->depth >= 3)
        return;
    for (s32 i = 0; i < 16; i += 8)
        op_store(g, ISA_ST_DW, 10, BUFFER + i, (s64)(pick(g, 8)));
    if (loop)
        set(g, 1, pick(g, 30));
    else
        take_map(g, 1, chance(g, 50) ? MAP_ARRAY : MAP_HASH);
    refer(g, loop ? FUNC_LOOP_BODY : FUNC_EACH_BODY,
          emit_target(g, (struct insn){ .op = ISA_LDDW_CODE, .dst = 2 }, 0));
    stack_address(g, 3, BUFFER);
    set(g, 4, 0);
    call(g, loop ? 181 : 164);
}

/* What no verifier may take, in programs that are careless. */
static void statement_unsafe(struct gen *g)
{
    u32 skip, other, a = number_var(g);
    if (!g->careless || !chance(g, 25))
        return;
    make_key(g, MAP_HASH);
    take_map(g, 1, MAP_HASH);
    stack_address(g, 2, -72);
    call(g, 1);
    switch (pick(g, 3)) {
    case 0: /* moved before it is known to be there */
        op_imm(g, ISA_ADD64_IMM, 0, 8);
        skip = branch_imm(g, ISA_JEQ64_IMM, 0, 0);
        op_memory(g, ISA_LDX_B, 0, 0, -8);
        land(g, skip);
        return;
    case 1: /* known to be there on one path only */
        skip = a ? branch_imm(g, ISA_JSGT64_IMM, a, (s64)border(g)) : jump(g);
        other = branch_imm(g, ISA_JEQ64_IMM, 0, 0);
        land(g, skip);
        op_memory(g, ISA_LDX_B, 0, 0, 0);
        land(g, other);
        return;
    default: /* 32 bits of it */
        skip = branch_imm(g, ISA_JEQ64_IMM, 0, 0);
        op_imm(g, ISA_ADD32_IMM, 0, (s64)pick(g, 8));
        op_memory(g, ISA_LDX_B, 0, 0, 0);
        land(g, skip);
    }
}

/* A callback that runs later. */
static void statement_timer(struct gen *g)
{
    if (!may_refer(g, 2))
        return;
    take_value(g, 1, MAP_TIMER, 0);
    take_map(g, 2, MAP_TIMER);
    set(g, 3, 1);
    call(g, 169);
    take_value(g, 1, MAP_TIMER, 0);
    refer(g, FUNC_TIMER, emit_target(g, (struct insn){ .op = ISA_LDDW_CODE, .dst = 2 }, 0));
    call(g, 170);
    take_value(g, 1, MAP_TIMER, 0);
    set(g, 2, pick(g, 100));
    set(g, 3, 0);
    call(g, 171);
}

/* Records from the host. */
static void statement_drain(struct gen *g)
{
    if (!may_refer(g, 2) || g->depth >= 3)
        return;
    op_store(g, ISA_ST_DW, 10, BUFFER, 1);
    op_store(g, ISA_ST_DW, 10, BUFFER + 8, 2);
    take_map(g, 1, MAP_USER);
    refer(g, FUNC_DRAIN, emit_target(g, (struct insn){ .op = ISA_LDDW_CODE, .dst = 2 }, 0));
    stack_address(g, 3, BUFFER);
    set(g, 4, 0);
    call(g, 209);
}

/* What is allowed to hold pointers as numbers; what verifiers get wrong. */
static void statement_odd(struct gen *g)
{
    u32 var = free_var(g), skip;
    switch (pick(g, 6)) {
    case 0: /* a pointer minus itself */
        move(g, 1, 10);
        move(g, 2, 10);
        op_imm(g, ISA_NEG64, 2, 0);
        op_reg(g, ISA_ADD64_REG, 1, 2);
        skip = branch_imm(g, chance(g, 50) ? ISA_JNE64_IMM : ISA_JEQ64_IMM, 1, 0);
        if (var) {
            set(g, var, 1);
            if (var_of(g, var)->kind != KIND_NUMBER)
                var_of(g, var)->kind = KIND_NONE;
        }
        land(g, skip);
        return;
    case 1:
        stack_address(g, 1, -8 * (s32)pick(g, 8));
        stack_address(g, 2, -8 * (s32)pick(g, 8));
        skip = branch_reg(g, PICK(g, cond_ops)[0], 1, 2);
        call(g, 7);
        land(g, skip);
        return;
    case 2: /* as far apart as they are */
        if (!var)
            return;
        stack_address(g, 1, -8 * (s32)pick(g, 8));
        move(g, var, 10);
        op_reg(g, ISA_SUB64_REG, var, 1);
        note_number(g, var);
        return;
    case 3: { /* two names of one lookup, one of them replaced on a path */
        make_key(g, MAP_HASH);
        take_map(g, 1, MAP_HASH);
        stack_address(g, 2, -72);
        call(g, 1);
        move(g, 1, 0);
        u32 a = number_var(g);
        if (a) {
            skip = branch_imm(g, ISA_JSGT64_IMM, a, (s64)border(g));
            if (chance(g, 50))
                set(g, 1, 0);
            else
                take_value(g, 1, MAP_ARRAY, 0);
            land(g, skip);
        }
        u32 null = branch_imm(g, ISA_JEQ64_IMM, 0, 0);
        op_memory(g, load_ops[pick(g, 4)], 3, g->careless && chance(g, 40) ? 1 : 0, 0);
        land(g, null);
        return;
    }
    case 4: /* the same number by two ways */
        if (!var || var_of(g, var)->kind != KIND_NUMBER)
            return;
        move(g, 1, var);
        op_unary(g, PICK(g, unary_ops), 1);
        skip = branch_imm(g, PICK(g, cond_ops)[1], 1, (s64)border(g));
        op_imm(g, ISA_ADD64_IMM, var, 1);
        land(g, skip);
        return;
    default: /* a pointer's bits as a number */
        if (!var)
            return;
        op_memory(g, ISA_STX_DW, 10, chance(g, 50) && g->has_ctx ? 6 : 10, -80);
        op_memory(g, load_ops[pick(g, 3)], var, 10, -80 + 4 * (s32)pick(g, 2));
        note_number(g, var);
    }
}

/* A loop that nothing bounds but the host. */
static void statement_may_goto(struct gen *g)
{
    u32 counter = free_var(g);
    if (!counter || g->depth >= 3)
        return;
    g->depth++;
    loop_forget(&g->env);
    set(g, counter, 0);
    *var_of(g, counter) = (struct var){ .kind = KIND_NUMBER, .busy = true };
    struct env head = g->env;
    u32 start = g->out->n;
    u32 end = emit_target(g, (struct insn){ .op = ISA_MAY_GOTO }, start + 1);
    block(g);
    u32 early = branch_imm(g, ISA_JGT64_IMM, counter, pick(g, 60));
    struct env left = g->env;
    loop_restore(g, &head);
    op_imm(g, ISA_ADD64_IMM, counter, 1 + pick(g, 3));
    u32 back = jump(g);
    g->out->insns[back].target = start;
    land(g, end);
    land(g, early);
    g->env = head;
    env_meet(&g->env, &left);
    var_of(g, counter)->busy = false;
    g->depth--;
}

/* Into another program, which may return to a caller of this function. */
static void statement_tail(struct gen *g)
{
    if (!g->has_ctx || g->held || g->out->hook == HOOK_MEMORY || g->out->hook == HOOK_THINGS)
        return;
    move(g, 1, 6);
    take_map(g, 2, MAP_PROGRAMS);
    number(g, 3);
    op_imm(g, ISA_AND64_IMM, 3, 3);
    call(g, 12);
}

typedef void statement(struct gen *g);
static const struct {
    statement *emit;
    u32 weight;
} statement_table[] = {
    { statement_number, 8 },      { statement_arithmetic, 14 }, { statement_bound, 8 },
    { statement_stack, 8 },       { statement_spill, 12 },      { statement_lookup, 8 },
    { statement_value, 10 },      { statement_update, 3 },      { statement_helper, 5 },
    { statement_record, 4 },      { statement_packet, 10 },     { statement_adjust, 2 },
    { statement_if, 14 },         { statement_leave, 4 },       { statement_loop, 7 },
    { statement_call, 4 },        { statement_callback, 3 },    { statement_odd, 5 },
    { statement_packet_load, 3 }, { statement_packet_loop, 2 }, { statement_dynptr, 3 },
    { statement_lock, 2 },        { statement_inner, 3 },       { statement_queue, 2 },
    { statement_text, 2 },        { statement_percpu, 2 },      { statement_halves, 4 },
    { statement_atomic, 5 },      { statement_ctx_store, 1 },   { statement_timer, 2 },
    { statement_unsafe, 2 },      { statement_drain, 2 },       { statement_meta, 2 },
    { statement_socket, 2 },      { statement_sums, 2 },        { statement_may_goto, 2 },
    { statement_tail, 2 },
};

void statements(struct gen *g)
{
    u32 total = 0;
    if (!g->budget)
        return;
    g->budget--;
    if (g->all && chance(g, 20)) {
        statement_thing(g);
        return;
    }
    for (u32 i = 0; i < ARRAY_LEN(statement_table); i++)
        total += statement_table[i].weight;
    u32 at = pick(g, total);
    for (u32 i = 0; i < ARRAY_LEN(statement_table); i++) {
        if (at < statement_table[i].weight) {
            statement_table[i].emit(g);
            return;
        }
        at -= statement_table[i].weight;
    }
}

/* ---- functions */

static void function_begin(struct gen *g, const struct pending *func)
{
    u8 shape = func->shape;
    memset(&g->env, 0, sizeof(g->env));
    g->n_leaves = 0;
    g->held = false;
    g->may_leave = true;
    g->depth = 0;
    g->shape = shape;
    g->has_ctx = shape == FUNC_CALLED;
    g->lent = LENT_NOTHING;
    g->func_start = g->out->n;
    if (shape == FUNC_GLOBAL || shape == FUNC_EXCEPTION) {
        global_begin(g, &func->signature);
        return;
    }
    if (g->all && (shape == FUNC_EACH_BODY || shape == FUNC_DRAIN)) {
        g->lent = shape == FUNC_DRAIN ? LENT_DYNPTR : LENT_KEY;
        op_memory(g, ISA_STX_DW, 10, shape == FUNC_DRAIN ? 1 : 2, LENT);
        if (chance(g, 20)) /* kept by the caller, who must not use it */
            op_memory(g, ISA_STX_DW, shape == FUNC_DRAIN ? 2 : 4, shape == FUNC_DRAIN ? 1 : 2, 8);
    }
    if (shape == FUNC_CALLED) {
        move(g, 6, 1);
        move(g, 7, 2);
        move(g, 8, 3);
        move(g, 9, 5);
        op_memory(g, ISA_STX_DW, 10, 4, -88); /* the caller's buffer */
    } else if (shape == FUNC_LOOP_BODY) {
        move(g, 7, 1);
        move(g, 8, 1);
        op_memory(g, ISA_LDX_DW, 9, 2, 0);
        op_imm(g, ISA_ADD64_IMM, 9, 1);
        op_memory(g, ISA_STX_DW, 2, 9, 0);
    } else if (shape == FUNC_DRAIN) { /* a dynptr, and what was handed on */
        op_memory(g, ISA_LDX_DW, 7, 2, 8);
        move(g, 3, 1);
        stack_address(g, 1, BUFFER);
        set(g, 2, 8);
        set(g, 4, pick(g, 12));
        set(g, 5, 0);
        call(g, 201);
        move(g, 8, 0);
        move(g, 9, 7);
    } else {
        op_memory(g, ISA_LDX_W, 7, 2, 0);
        op_memory(g, ISA_LDX_DW, 8, 3, shape == FUNC_TIMER ? 16 : 8);
        move(g, 9, 7);
    }
    for (u32 i = 0; i < VARS; i++)
        g->env.var[i].kind = KIND_NUMBER;
}

/* In a subprogram: something is done with the buffer of the caller. */
static void function_use_buffer(struct gen *g)
{
    struct env before = g->env;
    if (g->shape == FUNC_GLOBAL)
        global_use(g);
    if (g->shape != FUNC_CALLED || !chance(g, 50))
        return;
    op_memory(g, ISA_LDX_DW, 2, 10, -88);
    access_memory(g, 2, BUFFER_BYTES, true, true);
    keep_numbers(g, &before);
}

static void function_end(struct gen *g)
{
    u32 var = number_var(g), otherwise = GENERATE_NO_TARGET, over = GENERATE_NO_TARGET;
    bool any = g->shape == FUNC_CALLED || g->shape == FUNC_GLOBAL;
    if (g->escapes && any) {
        stack_address(g, 0, -8);
        if (chance(g, 50)) {
            op_memory(g, ISA_LDX_DW, 1, 10, -88); /* the buffer of whoever called */
            op_memory(g, ISA_STX_DW, 1, 0, 0);
        } else {
            over = some_branch(g);
        }
    } else if (g->shape == FUNC_CALLED && var && chance(g, 70)) {
        move(g, 0, var);
        if (chance(g, 50))
            bound(g, 0, 1 + pick(g, 64), &otherwise);
        if (!g->n_leaves && otherwise == GENERATE_NO_TARGET) {
            emit(g, (struct insn){ .op = ISA_EXIT });
            return;
        }
        over = jump(g);
    }
    land_if(g, otherwise);
    for (u32 i = 0; i < g->n_leaves; i++)
        land(g, g->leaves[i]);
    set(g, 0, any ? (s64)pick(g, 4) : chance(g, 80) ? 0 : 1);
    land_if(g, over);
    emit(g, (struct insn){ .op = ISA_EXIT });
}

static void write_functions(struct gen *g)
{
    for (u32 f = 0; f < g->n_funcs; f++) {
        for (u32 c = 0; c < g->funcs[f].n_calls; c++)
            g->out->insns[g->funcs[f].calls[c]].target = g->out->n;
        if (g->funcs[f].shape == FUNC_GLOBAL || g->funcs[f].shape == FUNC_EXCEPTION) {
            g->funcs[f].signature.at = g->out->n;
            g->out->funcs[g->out->n_funcs++] = g->funcs[f].signature;
        }
        g->func_depth = g->funcs[f].depth;
        g->budget = g->out->n + 60 < GENERATE_MAX ? 2 + pick(g, 5) : 0;
        function_begin(g, &g->funcs[f]);
        if (g->deep)
            statement_call(g);
        if (g->brief) {
            g->budget = 0;
            thing_pointer(g);
        }
        if (g->near) {
            g->budget = pick(g, 2);
            if (chance(g, 70))
                statement_near(g);
        }
        while (g->budget)
            statements(g);
        if (g->out->n + 60 < GENERATE_MAX)
            function_use_buffer(g);
        function_end(g);
        g->funcs[f].n_calls = 4; /* written: nobody else can refer to it */
    }
}

/* Little more than one use of one pointer. */
static void brief(struct gen *g)
{
    g->budget = 0;
    if (g->careless && chance(g, 25))
        thing_limit(g);
    else if (chance(g, 70))
        thing_pointer(g);
    else if (chance(g, 50))
        statement_callback(g);
    else
        statement_drain(g);
}

/* A few statements around one near miss, or two. */
static void near(struct gen *g)
{
    g->budget = pick(g, 3);
    while (g->budget)
        statements(g);
    for (u32 i = 1 + chance(g, 25); i-- > 0;)
        statement_near(g);
    g->budget = pick(g, 2);
}

void generate(struct generated *out, u64 seed, enum generate_what what)
{
    bool all = what != GENERATE_RUNNABLE;
    static const enum generated_hook hooks[] = { HOOK_XDP,       HOOK_XDP,       HOOK_XDP,
                                                 HOOK_SCHED_CLS, HOOK_SCHED_CLS, HOOK_SOCKET_FILTER,
                                                 HOOK_MEMORY,    HOOK_MEMORY };
    struct gen g = { .out = out, .random = seed, .all = all };
    out->n = out->n_funcs = 0;
    random_next(&g.random);
    out->hook = hooks[pick(&g, (u32)ARRAY_LEN(hooks))];
    g.near = what == GENERATE_NEAR || (what == GENERATE_ALL && chance(&g, 12));
    g.brief = what == GENERATE_BRIEF || (all && !g.near && chance(&g, 20));
    if (all && !g.near && chance(&g, g.brief ? 30 : 10))
        out->hook = HOOK_THINGS;
    g.careless = chance(&g, all ? 30 : 35);
    out->strict = g.brief && chance(&g, 25);
    g.deep = all && chance(&g, 2);
    g.budget = 3 + pick(&g, 20);
    g.has_ctx = g.may_leave = true;
    move(&g, 6, 1);
    for (u32 i = 0; i < VARS; i++)
        number(&g, FIRST_VAR + i);
    for (u32 i = 0; i < SLOTS; i += 1 + pick(&g, 3)) {
        op_memory(&g, ISA_STX_DW, 10, FIRST_VAR + pick(&g, VARS), slot_offset(i));
        g.env.slot[i].kind = KIND_NUMBER;
    }
    if (all && chance(&g, g.brief ? 15 : 4)) /* what makes a result of what was thrown */
        g.funcs[g.n_funcs++] = (struct pending){ .shape = FUNC_EXCEPTION,
                                                 .depth = 1,
                                                 .signature = { .exception = true, .n_args = 1 } };
    if (g.brief)
        brief(&g);
    if (g.near)
        near(&g);
    while (g.budget)
        statements(&g);
    for (u32 i = 0; i < g.n_leaves; i++)
        land(&g, g.leaves[i]);
    set(&g, 0, pick(&g, 3));
    emit(&g, (struct insn){ .op = ISA_EXIT });
    write_functions(&g);
}
