/* Statements about what the verifier knows beyond plain programs: iterators, sections, exceptions,
 * functions that are verified by their signatures; and pointers of every kind, used in every way,
 * whether that may be done or not. */
#include "sound/parts.h"

#include "fact/value.h"

void call_kernel(struct gen *g, u32 func)
{
    emit(g, (struct insn){ .op = ISA_CALL_KFUNC, .imm = func });
}

/* ---- iterators */

enum { ITER_NEW = 1, ITER_NEXT, ITER_DESTROY, BITS_NEW, BITS_NEXT, BITS_DESTROY };
enum { RCU_LOCK = 10, RCU_UNLOCK, PREEMPT_DISABLE, PREEMPT_ENABLE, THROW };

/* A loop over the numbers that an iterator gives. */
static void thing_iterator(struct gen *g)
{
    u32 var = free_var(g), early = GENERATE_NO_TARGET;
    bool held = g->held, may_leave = g->may_leave, bits = chance(g, 20);
    s32 place = bits ? ITERATOR - 16 : ITERATOR - 8 * (g->depth % 2);
    u32 first = bits ? BITS_NEW : ITER_NEW;
    if (!var || g->depth >= 3)
        return;
    g->depth++;
    loop_forget(&g->env);
    stack_address(g, 1, place);
    if (bits) {
        set(g, 2, 0);
        set(g, 3, 1);
    } else {
        number(g, 2);
        set(g, 3, (s64)border(g));
    }
    if (!g->careless || !chance(g, 5))
        call_kernel(g, first);
    *var_of(g, var) = (struct var){ .kind = KIND_NUMBER, .busy = true };
    set(g, var, 0);
    struct env head = g->env;
    u32 start = g->out->n;
    stack_address(g, 1, g->careless && chance(g, 5) ? place + 8 : place);
    call_kernel(g, first + 1);
    u32 end = branch_imm(g, ISA_JEQ64_IMM, 0, 0);
    op_memory(g, chance(g, 50) ? ISA_LDX_W : ISA_LDXS_W, var, 0, 0);
    g->held = true;
    g->may_leave = g->careless && chance(g, 10);
    block(g);
    if (chance(g, 30))
        early = some_branch(g);
    struct env left = g->env;
    loop_restore(g, &head);
    u32 back = jump(g);
    g->out->insns[back].target = start;
    land(g, end);
    land_if(g, early);
    g->env = head;
    env_meet(&g->env, &left);
    var_of(g, var)->busy = false;
    g->held = held;
    g->may_leave = may_leave;
    stack_address(g, 1, place);
    if (g->careless && chance(g, 5))
        op_store(g, ISA_ST_DW, 10, place, 0);
    if (!g->careless || !chance(g, 5))
        call_kernel(g, first + 2);
    g->depth--;
}

/* ---- sections, exceptions */

static void thing_section(struct gen *g)
{
    bool held = g->held, may_leave = g->may_leave;
    u32 open = chance(g, 50) ? RCU_LOCK : PREEMPT_DISABLE;
    if (g->depth >= 3)
        return;
    g->depth++;
    if (!g->careless || !chance(g, 10))
        call_kernel(g, open);
    g->held = true;
    g->may_leave = g->careless && chance(g, 10);
    block(g);
    g->held = held;
    g->may_leave = may_leave;
    if (!g->careless || !chance(g, 10))
        call_kernel(g, open + 1);
    g->depth--;
}

static void thing_throw(struct gen *g)
{
    bool called_back = g->shape != FUNC_CALLED && g->shape != FUNC_GLOBAL && g->func_depth > 0;
    if (!g->careless && (g->held || called_back || !chance(g, 50)))
        return;
    u32 over = some_branch(g);
    if (g->careless && chance(g, 10))
        number(g, 1);
    else
        set(g, 1, pick(g, 2));
    call_kernel(g, THROW);
    land(g, over);
}

/* ---- functions with signatures */

static void signature_new(struct gen *g, struct generated_func *f)
{
    f->n_args = (u8)(1 + pick(g, 5));
    for (u32 a = 0; a < f->n_args; a++) {
        u32 kind = pick(g, 10);
        f->args[a].kind = kind < 3   ? ARG_OF_NUMBER
                          : kind < 7 ? ARG_OF_MEMORY
                          : kind < 9 ? ARG_OF_DYNPTR
                                     : ARG_OF_TYPED;
        if (f->args[a].kind == ARG_OF_TYPED && g->out->hook != HOOK_THINGS && !g->careless)
            f->args[a].kind = ARG_OF_NUMBER;
        f->args[a].bytes = (u8)(8 << pick(g, 3));
        f->args[a].nullable = chance(g, 40);
    }
    if (g->has_ctx && chance(g, 50))
        f->args[0].kind = ARG_OF_CTX;
}

/* A dynptr over a map's value. */
static void make_dynptr(struct gen *g)
{
    take_value(g, 1, MAP_ARRAY, 0);
    set(g, 2, 8 + pick(g, 56));
    set(g, 3, 0);
    stack_address(g, 4, DYNPTR);
    call(g, 197);
}

static void typed_pointer(struct gen *g, u32 dst)
{
    if (g->out->hook == HOOK_THINGS && g->has_ctx)
        op_memory(g, ISA_LDX_DW, dst, 6, 40);
    else
        set(g, dst, 0);
}

static void give_memory(struct gen *g, u32 dst, u32 bytes, bool nullable)
{
    if (nullable && chance(g, 20))
        set(g, dst, 0);
    else if (chance(g, 50))
        stack_address(g, dst, BUFFER + BUFFER_BYTES - (s32)slip(g, BUFFER_BYTES));
    else
        take_value(g, dst, g->careless && chance(g, 10) ? MAP_LOCK : MAP_ARRAY,
                   chance(g, 20) ? slip(g, 64 - bytes) : 0);
}

static void thing_global(struct gen *g)
{
    u32 var = free_var(g);
    if (!may_refer(g, 3) || (g->shape == FUNC_GLOBAL && !chance(g, 40)))
        return;
    /* Written as a call first, to learn who is called: its arguments come before it. */
    struct pending *func = NULL;
    for (u32 i = 0; i < g->n_funcs; i++)
        if (g->funcs[i].shape == FUNC_GLOBAL && g->funcs[i].n_calls < 3 &&
            g->funcs[i].depth > g->func_depth && chance(g, 50))
            func = &g->funcs[i];
    if (!func) {
        func = &g->funcs[g->n_funcs++];
        *func = (struct pending){ .shape = FUNC_GLOBAL, .depth = (u8)(g->func_depth + 1) };
        signature_new(g, &func->signature);
    }
    const struct generated_func *f = &func->signature;
    for (s32 i = 0; i < BUFFER_BYTES; i += 8)
        op_store(g, ISA_ST_DW, 10, BUFFER + i, (s64)border(g));
    for (u32 a = 0; a < f->n_args; a++)
        if (f->args[a].kind == ARG_OF_DYNPTR && !(g->careless && chance(g, 10))) {
            make_dynptr(g);
            break;
        }
    for (u32 a = 0; a < f->n_args; a++) {
        u32 reg = a + 1, kind = g->careless && chance(g, 5) ? pick(g, 5) : f->args[a].kind;
        switch ((enum generated_arg)kind) {
        case ARG_OF_NUMBER: number(g, reg); break;
        case ARG_OF_CTX:
            if (g->has_ctx)
                move(g, reg, 6);
            else
                set(g, reg, 0);
            break;
        case ARG_OF_MEMORY: give_memory(g, reg, f->args[a].bytes, f->args[a].nullable); break;
        case ARG_OF_DYNPTR: stack_address(g, reg, DYNPTR); break;
        case ARG_OF_TYPED: typed_pointer(g, reg); break;
        }
    }
    func->calls[func->n_calls++] = emit_target(g, (struct insn){ .op = ISA_CALL_LOCAL }, 0);
    if (var) {
        move(g, var, 0);
        note_number(g, var);
    }
}

/* Its parameters to where variables are; one pointer of them is kept. */
void global_begin(struct gen *g, const struct generated_func *f)
{
    u32 var = FIRST_VAR;
    g->has_ctx = f->n_args && f->args[0].kind == ARG_OF_CTX;
    if (g->has_ctx)
        move(g, 6, 1);
    for (u32 a = g->has_ctx; a < f->n_args; a++) {
        u8 kind = f->args[a].kind;
        if (kind == ARG_OF_NUMBER && var < FIRST_VAR + VARS)
            move(g, var++, a + 1);
        else if (kind > ARG_OF_CTX && !g->lent) {
            bool maybe = f->args[a].nullable && !(g->careless && chance(g, 30));
            u32 null = maybe ? branch_imm(g, ISA_JEQ64_IMM, a + 1, 0) : GENERATE_NO_TARGET;
            op_memory(g, ISA_STX_DW, 10, a + 1, LENT);
            if (maybe) { /* there is something in any case */
                u32 over = jump(g);
                land(g, null);
                take_value(g, 0, MAP_ARRAY, 0);
                op_memory(g, ISA_STX_DW, 10, 0, LENT);
                land(g, over);
            }
            g->lent = maybe ? LENT_NOTHING
                            : (u8)(kind == ARG_OF_MEMORY   ? LENT_MEMORY
                                   : kind == ARG_OF_DYNPTR ? LENT_DYNPTR
                                                           : LENT_TYPED);
            g->lent_bytes = f->args[a].bytes;
        }
    }
    while (var < FIRST_VAR + VARS)
        set(g, var++, (s64)border(g));
    for (u32 i = 0; i < VARS; i++)
        g->env.var[i].kind = KIND_NUMBER;
}

void global_use(struct gen *g)
{
    struct env before = g->env;
    if (g->lent == LENT_MEMORY) {
        op_memory(g, ISA_LDX_DW, 2, 10, LENT);
        access_memory(g, 2, slip(g, g->lent_bytes), true, true);
        keep_numbers(g, &before);
    } else if (g->lent == LENT_DYNPTR) {
        op_memory(g, ISA_LDX_DW, 3, 10, LENT);
        stack_address(g, 1, BUFFER);
        set(g, 2, 8);
        set(g, 4, pick(g, 8));
        set(g, 5, 0);
        call(g, 201);
    }
}

/* ---- pointers of every kind, in r2; false: there is none here */

static bool packet_field(struct gen *g, s32 xdp, s32 skb)
{
    bool is_xdp = g->out->hook == HOOK_XDP;
    if (!g->has_ctx || (!is_xdp && g->out->hook != HOOK_SCHED_CLS))
        return false;
    op_memory(g, ISA_LDX_W, 2, 6, is_xdp ? xdp : skb);
    return true;
}

static bool things_field(struct gen *g, s32 offset)
{
    if (!g->has_ctx || g->out->hook != HOOK_THINGS)
        return false;
    op_memory(g, ISA_LDX_DW, 2, 6, offset);
    return true;
}

/* Where r2 is NULL, the statement ends; in careless programs not always. */
static void check_null(struct gen *g)
{
    if (!g->careless || !chance(g, 15))
        g->null = branch_imm(g, ISA_JEQ64_IMM, 2, 0);
}

static bool some_socket(struct gen *g)
{
    static const s32 offsets[] = { 24, 32, 64 };
    if (g->out->hook == HOOK_THINGS && !things_field(g, PICK(g, offsets)))
        return false;
    if (g->out->hook != HOOK_THINGS && (!g->has_ctx || g->out->hook != HOOK_SCHED_CLS))
        return false;
    if (g->out->hook != HOOK_THINGS)
        op_memory(g, ISA_LDX_DW, 2, 6, 168);
    check_null(g);
    return true;
}

static void some_memory(struct gen *g)
{
    make_dynptr(g);
    stack_address(g, 1, DYNPTR);
    set(g, 2, 0);
    set(g, 3, 8);
    call(g, 203);
    move(g, 2, 0);
    check_null(g);
}

static bool of_kind(struct gen *g, enum value_kind kind)
{
    static const u8 values[] = {
        MAP_ARRAY, MAP_RODATA, MAP_LOCK, MAP_TIMER, MAP_KEPT, MAP_WRITTEN
    };
    static const s32 memories[] = { 8, 48, 56 };
    switch (kind) {
    case VALUE_NONE: /* a call takes it */
        if (g->careless)
            call(g, 5);
        return g->careless;
    case VALUE_SCALAR: number(g, 2); return true;
    case VALUE_CTX:
        if (g->has_ctx)
            move(g, 2, 6);
        return g->has_ctx;
    case VALUE_STACK: stack_address(g, 2, BUFFER + 8 * (s32)pick(g, 9)); return true;
    case VALUE_PACKET: return packet_field(g, 0, 76);
    case VALUE_META: return packet_field(g, 8, 140);
    case VALUE_PACKET_END: return packet_field(g, 4, 80);
    case VALUE_MAP: take_map(g, 2, pick(g, MAP_COUNT)); return true;
    case VALUE_MAP_VALUE:
        if (chance(g, 50)) {
            take_value(g, 2, PICK(g, values), pick(g, 5) * 8);
            return true;
        }
        make_key(g, MAP_HASH);
        take_map(g, 1, MAP_HASH);
        stack_address(g, 2, -72);
        call(g, 1);
        move(g, 2, 0);
        check_null(g);
        return true;
    case VALUE_MAP_KEY:
    case VALUE_DYNPTR:
        if (g->lent != (kind == VALUE_MAP_KEY ? LENT_KEY : LENT_DYNPTR))
            return false;
        op_memory(g, ISA_LDX_DW, 2, 10, LENT);
        return true;
    case VALUE_MEMORY:
        if (chance(g, 50) && things_field(g, PICK(g, memories)))
            check_null(g);
        else
            some_memory(g);
        return true;
    case VALUE_MEMORY_END: return things_field(g, 16);
    case VALUE_SOCK: return some_socket(g);
    case VALUE_TYPED:
        if (chance(g, 30)) { /* a copy of a pointer that a value keeps */
            take_value(g, 1, MAP_KEPT, 0);
            op_memory(g, ISA_LDX_DW, 2, 1, 16 + 8 * (s32)pick(g, 2));
            check_null(g);
            return true;
        }
        return things_field(g, 40);
    case VALUE_PER_CPU:
        if (!things_field(g, 72))
            return false;
        move(g, 1, 2);
        set(g, 2, 0);
        call(g, chance(g, 50) ? 153 : 154);
        move(g, 2, 0);
        check_null(g);
        return true;
    case VALUE_FUNC:
        if (!may_refer(g, 3))
            return false;
        refer(g, FUNC_CALLED, emit_target(g, (struct insn){ .op = ISA_LDDW_CODE, .dst = 2 }, 0));
        return true;
    case VALUE_ITERATOR:
    case VALUE_KIND_COUNT: break;
    }
    return false;
}

/* ---- what may be done with r2 */

static void use_load(struct gen *g)
{
    static const u16 acquire[] = { ISA_LOAD_ACQ_B, ISA_LOAD_ACQ_H, ISA_LOAD_ACQ_W,
                                   ISA_LOAD_ACQ_DW };
    u32 size = g->careless ? pick(g, 4) : 2, how = g->careless ? pick(g, 6) : 2;
    s32 off = g->careless ? 4 * (s32)pick(g, 24) : 0;
    u16 op = how == 0 ? acquire[size] : how == 1 && size < 3 ? load_sx_ops[size] : load_ops[size];
    struct insn insn = { .op = op, .dst = 0, .src = 2, .off = off };
    insn.imm = (u64)(s64)isa_rows[op].imm;
    emit(g, insn);
}

static void use_store(struct gen *g)
{
    static const u16 release[] = { ISA_STORE_REL_B, ISA_STORE_REL_H, ISA_STORE_REL_W,
                                   ISA_STORE_REL_DW };
    u32 size = pick(g, 4);
    number(g, 3);
    u16 op = chance(g, 20) ? release[size] : store_ops[size];
    emit(g, (struct insn){ .op = op,
                           .dst = 2,
                           .src = 3,
                           .off = 8 * (s32)pick(g, 8),
                           .imm = (u64)(s64)isa_rows[op].imm });
}

static void use_atomic(struct gen *g)
{
    u16 op = g->careless ? PICK(g, atomic_ops) : (u16)ISA_ATOMIC_ADD_DW;
    number(g, 5);
    set(g, 0, 0);
    emit(g, (struct insn){ .op = op,
                           .dst = 2,
                           .src = 5,
                           .off = g->careless ? 8 * (s32)pick(g, 6) : 0,
                           .imm = (u64)(s64)isa_rows[op].imm });
}

static void use_move(struct gen *g)
{
    switch (g->careless ? pick(g, 9) : 1) {
    case 0: op_imm(g, ISA_ADD64_IMM, 2, (s64)pick(g, 64)); return;
    case 1: op_imm(g, ISA_ADD64_IMM, 2, 0); return;
    case 2: op_imm(g, ISA_SUB64_IMM, 2, (s64)pick(g, 9)); return;
    case 3:
        number(g, 3);
        op_imm(g, ISA_AND64_IMM, 3, 63);
        op_reg(g, chance(g, 80) ? ISA_ADD64_REG : ISA_SUB64_REG, 2, 3);
        return;
    case 4:
        number(g, 3);
        op_reg(g, ISA_ADD64_REG, 2, 3);
        return;
    case 5:
        move(g, 3, 2);
        op_reg(g, chance(g, 70) ? ISA_SUB64_REG : ISA_ADD64_REG, 2, 3);
        return;
    case 6: op_imm(g, ISA_AND64_IMM, 2, -8); return;
    case 7: op_reg(g, chance(g, 50) ? ISA_MOV32_REG : ISA_ADD32_REG, 2, 2); return;
    default: op_unary(g, PICK(g, unary_ops), 2); return;
    }
}

static void use_compare(struct gen *g)
{
    const u16 *ops = PICK(g, cond_ops);
    u32 skip;
    switch (pick(g, 4)) {
    case 0: skip = branch_imm(g, chance(g, 50) ? ISA_JEQ64_IMM : ISA_JNE64_IMM, 2, 0); break;
    case 1: skip = branch_imm(g, ops[1 + 2 * pick(g, 2)], 2, (s64)border(g)); break;
    case 2:
        number(g, 3);
        skip = branch_reg(g, ops[2 * pick(g, 2)], 2, 3);
        break;
    default:
        move(g, 3, 2);
        if (chance(g, 50))
            stack_address(g, 3, BUFFER);
        skip = branch_reg(g, ops[0], 2, 3);
    }
    op_imm(g, ISA_MOV64_IMM, 0, 1);
    land(g, skip);
}

static void use_stored(struct gen *g)
{
    switch (pick(g, g->careless ? 4 : 2)) {
    case 0: op_memory(g, store_ops[g->careless ? 2 + pick(g, 2) : 3], 10, 2, ASIDE); return;
    case 1:
        op_memory(g, ISA_STX_DW, 10, 2, ASIDE);
        op_memory(g, load_ops[g->careless ? 2 + pick(g, 2) : 3], 3, 10, ASIDE);
        return;
    case 2:
        take_value(g, 3, chance(g, 50) ? MAP_ARRAY : MAP_KEPT, 8 + 8 * pick(g, 4));
        op_memory(g, ISA_STX_DW, 3, 2, 0);
        return;
    default: { /* left behind with its caller, and taken out again by exchange */
        op_memory(g, ISA_STX_DW, 10, 2, ASIDE);
        set(g, 5, 0);
        u16 op = ISA_XCHG_DW;
        emit(g,
             (struct insn){
                 .op = op, .dst = 10, .src = 5, .off = ASIDE, .imm = (u64)(s64)isa_rows[op].imm });
    }
    }
}

/* Linux does not mind pointers where any number will do. */
static void use_returned(struct gen *g)
{
    if (!g->careless && (g->func_depth || g->held || g->depth > 1))
        return;
    u32 over = some_branch(g);
    move(g, 0, 2);
    emit(g, (struct insn){ .op = ISA_EXIT });
    land(g, over);
}

static void use_nothing_returned(struct gen *g)
{
    u32 over = some_branch(g);
    call_kernel(g, RCU_LOCK);
    call_kernel(g, RCU_UNLOCK); /* gives nothing */
    emit(g, (struct insn){ .op = ISA_EXIT });
    land(g, over);
}

/* Somewhere else, where it is used. */
static void use_moved(struct gen *g)
{
    use_move(g);
    use_load(g);
}

/* An argument of a function that is verified by its signature. */
static void use_handed(struct gen *g, enum value_kind kind)
{
    if (!may_refer(g, 3))
        return;
    struct pending *func = &g->funcs[g->n_funcs++];
    *func = (struct pending){ .shape = FUNC_GLOBAL, .depth = (u8)(g->func_depth + 1) };
    func->signature.n_args = 1;
    func->signature.args[0].kind = (u8)(kind == VALUE_SCALAR   ? ARG_OF_NUMBER
                                        : kind == VALUE_DYNPTR ? ARG_OF_DYNPTR
                                        : kind == VALUE_TYPED  ? ARG_OF_TYPED
                                                               : ARG_OF_MEMORY);
    if (g->careless && chance(g, 40))
        func->signature.args[0].kind = (u8)pick(g, 5);
    func->signature.args[0].bytes = 8;
    if (kind == VALUE_PACKET || kind == VALUE_META) { /* of which 8 bytes are there */
        if (!packet_field(g, 4, 80))
            return;
        move(g, 3, 2);
        packet_field(g, kind == VALUE_META ? 8 : 0, kind == VALUE_META ? 140 : 76);
        if (kind == VALUE_META)
            op_memory(g, ISA_LDX_W, 3, 6, g->out->hook == HOOK_XDP ? 0 : 76);
        move(g, 4, 2);
        op_imm(g, ISA_ADD64_IMM, 4, 8);
        if (!g->careless || !chance(g, 30))
            g->null = branch_reg(g, ISA_JGT64_REG, 4, 3);
    }
    move(g, 1, 2);
    func->calls[func->n_calls++] = emit_target(g, (struct insn){ .op = ISA_CALL_LOCAL }, 0);
}

/* How a helper is called: a letter for each argument.  X: r2 as it is; m: a map; k: a key; v: the
 * buffer; s: its size; z: 0; n: a number; U: any number; N: a negative one; d: a dynptr; f: a
 * callback; t: a timer; p: a pointer that a value owns. */
enum where { ANYWHERE, KERNEL, THINGS }; /* a helper; a kernel function; of HOOK_THINGS alone */
static const struct {
    u16 helper;
    u8 where; /* enum where */
    u8 map;
    u8 kind; /* that X may be of, enum value_kind; NONE: hardly any will do */
    const char *args;
} argument_table[] = {
    /* clang-format off */
    { 1, ANYWHERE, MAP_ARRAY, VALUE_MAP, "Xk" },
    { 1, ANYWHERE, MAP_HASH, VALUE_STACK, "mX" },
    { 2, ANYWHERE, MAP_ARRAY, VALUE_STACK, "mkXz" },
    { 2, ANYWHERE, MAP_ARRAY, VALUE_MEMORY, "mkXz" },
    { 2, ANYWHERE, MAP_HASH, VALUE_SCALAR, "mkvX" },
    { 2, ANYWHERE, MAP_RODATA, VALUE_NONE, "Xkvz" },
    { 130, ANYWHERE, MAP_RING, VALUE_STACK, "mXsz" },
    { 130, ANYWHERE, MAP_RING, VALUE_NONE, "mXsz" },
    { 130, ANYWHERE, MAP_RING, VALUE_NONE, "mvXz" },
    { 131, ANYWHERE, MAP_RING, VALUE_NONE, "mXz" },
    { 132, ANYWHERE, MAP_ARRAY, VALUE_NONE, "Xz" },
    { 93, ANYWHERE, MAP_ARRAY, VALUE_NONE, "X" },
    { 94, ANYWHERE, MAP_ARRAY, VALUE_NONE, "X" },
    { 169, ANYWHERE, MAP_TIMER, VALUE_NONE, "Xmz" },
    { 172, ANYWHERE, MAP_ARRAY, VALUE_NONE, "X" },
    { 170, ANYWHERE, MAP_ARRAY, VALUE_NONE, "tX" },
    { 181, ANYWHERE, MAP_ARRAY, VALUE_NONE, "nXvz" },
    { 181, ANYWHERE, MAP_ARRAY, VALUE_STACK, "nfXz" },
    { 201, ANYWHERE, MAP_ARRAY, VALUE_DYNPTR, "vsXzz" },
    { 202, ANYWHERE, MAP_ARRAY, VALUE_DYNPTR, "Xzvsz" },
    { 198, ANYWHERE, MAP_RING, VALUE_NONE, "mszX" },
    { 199, ANYWHERE, MAP_ARRAY, VALUE_NONE, "Xz" },
    { 197, ANYWHERE, MAP_ARRAY, VALUE_NONE, "XszX" },
    { 95, THINGS, MAP_ARRAY, VALUE_SOCK, "X" },
    { 86, THINGS, MAP_ARRAY, VALUE_NONE, "X" },
    { 153, THINGS, MAP_ARRAY, VALUE_NONE, "Xz" },
    { 175, THINGS, MAP_ARRAY, VALUE_TYPED, "X" },
    { 194, THINGS, MAP_ARRAY, VALUE_NONE, "Xz" },
    { 194, THINGS, MAP_ARRAY, VALUE_NONE, "pX" },
    { 182, ANYWHERE, MAP_ARRAY, VALUE_NONE, "vsX" },
    { 12, ANYWHERE, MAP_PROGRAMS, VALUE_NONE, "Xmz" },
    { 28, THINGS, MAP_ARRAY, VALUE_NONE, "XSvSz" },
    { 105, ANYWHERE, MAP_ARRAY, VALUE_NONE, "vszX" },
    { ITER_NEW, KERNEL, MAP_ARRAY, VALUE_NONE, "Xzn" },
    { ITER_NEXT, KERNEL, MAP_ARRAY, VALUE_NONE, "X" },
    { ITER_DESTROY, KERNEL, MAP_ARRAY, VALUE_NONE, "X" },
    { THROW, KERNEL, MAP_ARRAY, VALUE_NONE, "X" },
    { 6, ANYWHERE, MAP_ARRAY, VALUE_NONE, "Xs" },
    { 81, THINGS, MAP_ARRAY, VALUE_NONE, "mX" },
    { 4, THINGS, MAP_ARRAY, VALUE_NONE, "Xsn" },
    { 148, THINGS, MAP_ARRAY, VALUE_NONE, "vsX" },
    { 203, ANYWHERE, MAP_ARRAY, VALUE_NONE, "dzX" },
    { 164, ANYWHERE, MAP_ARRAY, VALUE_NONE, "XfzX" },
    { 2, ANYWHERE, MAP_ARRAY, VALUE_KIND_COUNT, "mkvX" },
    { 194, THINGS, MAP_ARRAY, VALUE_KIND_COUNT, "pz" },
    { 164, ANYWHERE, MAP_ARRAY, VALUE_KIND_COUNT, "mfXz" },
    { 6, ANYWHERE, MAP_ARRAY, VALUE_NONE, "vz" },
    { 6, ANYWHERE, MAP_ARRAY, VALUE_NONE, "vN" },
    { 6, ANYWHERE, MAP_ARRAY, VALUE_NONE, "vU" },
    { 2, ANYWHERE, MAP_RODATA, VALUE_NONE, "mkvz" },
    { 148, THINGS, MAP_ARRAY, VALUE_NONE, "vsz" },
    { 95, THINGS, MAP_ARRAY, VALUE_NONE, "X" },
    { 137, THINGS, MAP_ARRAY, VALUE_NONE, "X" },
    /* clang-format on */
};

static void one_argument(struct gen *g, u32 reg, char what, u32 map, u32 kept)
{
    switch (what) {
    case 'X': move(g, reg, kept); return;
    case 'm': take_map(g, reg, map); return;
    case 'k': stack_address(g, reg, -72); return;
    case 'v': stack_address(g, reg, BUFFER); return;
    case 's': set(g, reg, 8 + (s64)slip(g, 8)); return;
    case 'S': set(g, reg, 4 * (s64)pick(g, 4)); return;
    case 'n': set(g, reg, pick(g, 20)); return;
    case 'U': number(g, reg); return;
    case 'N': set(g, reg, -1); return;
    case 'd': stack_address(g, reg, DYNPTR); return;
    case 't': take_value(g, reg, MAP_TIMER, 0); return;
    case 'p': take_value(g, reg, MAP_KEPT, 24); return;
    case 'f':
        if (may_refer(g, 3))
            refer(g, FUNC_LOOP_BODY,
                  emit_target(g, (struct insn){ .op = ISA_LDDW_CODE, .dst = (u8)reg }, 0));
        else
            set(g, reg, 0);
        return;
    default: set(g, reg, 0); return;
    }
}

static bool argument_fits(u32 at, enum value_kind kind)
{
    return argument_table[at].kind == kind || argument_table[at].kind == VALUE_KIND_COUNT;
}

/* kind: of X. */
static void use_argument(struct gen *g, enum value_kind kind)
{
    u32 at = pick(g, (u32)ARRAY_LEN(argument_table)), var = free_var(g);
    for (u32 tries = 0; tries < 40 && !g->careless && !argument_fits(at, kind); tries++)
        at = pick(g, (u32)ARRAY_LEN(argument_table));
    const char *args = argument_table[at].args;
    bool elsewhere = argument_table[at].where == THINGS && g->out->hook != HOOK_THINGS;
    if (!var || elsewhere || (!g->careless && !argument_fits(at, kind)))
        return;
    move(g, var, 2);
    var_of(g, var)->kind = KIND_NONE;
    op_store(g, ISA_ST_DW, 10, -72, pick(g, 4));
    for (s32 i = 0; i < BUFFER_BYTES / 2; i += 8)
        op_store(g, ISA_ST_DW, 10, BUFFER + i, 0);
    for (u32 a = 0; args[a]; a++)
        one_argument(g, a + 1, args[a], argument_table[at].map, var);
    if (argument_table[at].where == KERNEL)
        call_kernel(g, argument_table[at].helper);
    else
        call(g, argument_table[at].helper);
}

/* r2 is of a kind whose first bytes may be read. */
static bool may_load(enum value_kind kind)
{
    return kind == VALUE_STACK || kind == VALUE_MAP_KEY || kind == VALUE_MEMORY ||
           kind == VALUE_SOCK;
}

void thing_pointer(struct gen *g)
{
    typedef void user(struct gen * g);
    static user *const users[] = { use_load,    use_store,  use_atomic,   use_move,
                                   use_compare, use_stored, use_returned, use_moved };
    static user *const harmless[] = { use_move, use_compare, use_stored, use_returned };
    u32 rare = g->lent == LENT_KEY ? VALUE_MAP_KEY : g->lent == LENT_DYNPTR ? VALUE_DYNPTR : 0;
    enum value_kind kind =
        (enum value_kind)(rare && chance(g, 50) ? rare : pick(g, VALUE_ITERATOR));
    struct env before = g->env;
    g->null = GENERATE_NO_TARGET;
    if (!of_kind(g, kind))
        return;
    if (kind == VALUE_NONE && chance(g, 20))
        use_nothing_returned(g);
    else if (chance(g, 25))
        use_argument(g, kind);
    else if (chance(g, g->careless ? 20 : 10))
        use_handed(g, kind);
    else if (kind == VALUE_CTX && g->out->hook == HOOK_MEMORY && chance(g, 30))
        use_atomic(g);
    else if (g->careless)
        PICK(g, users)(g);
    else if (may_load(kind) && chance(g, 40))
        use_load(g);
    else
        PICK(g, harmless)(g);
    keep_numbers(g, &before);
    land_if(g, g->null);
}

/* ---- what there are limits of */

void thing_limit(struct gen *g)
{
    if (!g->careless)
        return;
    switch (pick(g, 10)) {
    case 0: /* it calls itself */
        emit_target(g, (struct insn){ .op = ISA_CALL_LOCAL }, g->func_start);
        return;
    case 1: /* more is held than there is room for */
        for (u32 i = 0; i < 66; i++) {
            take_map(g, 1, MAP_RING);
            set(g, 2, 8);
            set(g, 3, 0);
            call(g, 131);
        }
        return;
    case 2: /* packet loads from something else than the context */
        if (g->out->hook == HOOK_SOCKET_FILTER || g->out->hook == HOOK_SCHED_CLS) {
            number(g, 2);
            set(g, 6, 0);
            g->has_ctx = false;
            emit(g, (struct insn){ .op = ISA_LD_ABS_B, .imm = pick(g, 80) });
        }
        return;
    case 3: /* packet loads where there are none */
        if (g->out->hook == HOOK_XDP)
            emit(g, (struct insn){ .op = ISA_LD_ABS_B, .imm = pick(g, 80) });
        return;
    case 4: /* a loop without an end */
        if (number_var(g))
            emit_target(g,
                        (struct insn){ .op = ISA_JSET64_IMM, .dst = (u8)number_var(g), .imm = 1 },
                        g->out->n);
        return;
    case 5: /* a second lock */
        take_value(g, 1, MAP_LOCK, 0);
        call(g, chance(g, 70) ? 93 : 94);
        if (chance(g, 50))
            take_value(g, 1, MAP_LOCK, 0);
        call(g, chance(g, 50) ? 93 : 5);
        return;
    case 6: /* what is for exceptions alone */
        for (u32 i = 0; i < g->n_funcs; i++)
            if (g->funcs[i].shape == FUNC_EXCEPTION && g->funcs[i].n_calls < 3) {
                number(g, 1);
                g->funcs[i].calls[g->funcs[i].n_calls++] =
                    emit_target(g, (struct insn){ .op = ISA_CALL_LOCAL }, 0);
            }
        return;
    case 7: { /* the context on one path, a map's value on the other */
        if (!g->has_ctx)
            return;
        take_value(g, 2, MAP_ARRAY, 0);
        u32 over = some_branch(g);
        move(g, 2, 6);
        land(g, over);
        op_memory(g, ISA_LDX_W, 0, 2, 0);
        return;
    }
    case 8: /* a function's own stack, for its caller */
        if (!may_refer(g, 3))
            return;
        for (u32 r = 1; r <= 5; r++)
            set(g, r, 0);
        stack_address(g, 4, BUFFER);
        refer(g, FUNC_CALLED, emit_target(g, (struct insn){ .op = ISA_CALL_LOCAL }, 0));
        g->escapes = true;
        return;
    default: /* deep in the stack */
        op_store(g, ISA_ST_DW, 10, -512 + 8 * (s32)pick(g, 3), 0);
        if (!may_refer(g, 3))
            return;
        for (u32 r = 1; r <= 5; r++)
            set(g, r, 0);
        refer(g, FUNC_CALLED, emit_target(g, (struct insn){ .op = ISA_CALL_LOCAL }, 0));
        return;
    }
}

void statement_thing(struct gen *g)
{
    u32 n = pick(g, 100);
    if (n < 14)
        thing_iterator(g);
    else if (n < 20)
        thing_section(g);
    else if (n < 24)
        thing_throw(g);
    else if (n < 44)
        thing_global(g);
    else if (n < 46)
        thing_limit(g);
    else
        thing_pointer(g);
}
