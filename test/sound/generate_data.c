/* Statements about numbers, the stack, maps and what helpers give. */
#include "sound/parts.h"

void statement_number(struct gen *g)
{
    u32 var = free_var(g);
    if (var)
        number(g, var);
}

void statement_arithmetic(struct gen *g)
{
    u32 var = free_var(g);
    if (!var)
        return;
    if (var_of(g, var)->kind != KIND_NUMBER)
        number(g, var);
    for (u32 i = 1 + pick(g, 4); i-- > 0;)
        arithmetic(g, var);
}

void statement_bound(struct gen *g)
{
    u32 var = number_var(g), otherwise;
    if (!var || var_of(g, var)->busy)
        return;
    bound(g, var, (u32)(border(g) & 0xffff), &otherwise);
    if (otherwise == GENERATE_NO_TARGET)
        return;
    if (g->may_leave && g->n_leaves < ARRAY_LEN(g->leaves) && chance(g, 50))
        g->leaves[g->n_leaves++] = otherwise;
    else
        land(g, otherwise);
}

void statement_stack(struct gen *g)
{
    struct env before = g->env;
    if (chance(g, 30)) { /* all of it is written, so that it may be read */
        for (s32 i = 0; i < BUFFER_BYTES; i += 8)
            op_store(g, ISA_ST_DW, 10, BUFFER + i, (s64)border(g));
    }
    stack_address(g, 2, BUFFER);
    access_memory(g, 2, BUFFER_BYTES, true, true);
    keep_numbers(g, &before);
}

void statement_spill(struct gen *g)
{
    u32 slot = pick(g, SLOTS), var = FIRST_VAR + pick(g, VARS);
    if (g->env.slot[slot].busy)
        return;
    switch (pick(g, 5)) {
    case 0: /* a part */
        if (g->env.slot[slot].kind == KIND_NUMBER && var_of(g, var)->kind == KIND_NUMBER) {
            u32 size = pick(g, 3);
            op_memory(g, store_ops[size], 10, var,
                      slot_offset(slot) + (s32)(pick(g, 8 >> size) << size));
        }
        return;
    case 1:
        op_store(g, ISA_ST_DW, 10, slot_offset(slot), (s64)border(g));
        g->env.slot[slot].kind = KIND_NUMBER;
        return;
    case 2: { /* fill */
        s32 from = slot_of_kind(g, chance(g, 50) ? KIND_VALUE : KIND_NUMBER);
        u32 to = free_var(g);
        if (from < 0 || !to)
            return;
        op_memory(g, ISA_LDX_DW, to, 10, slot_offset((u32)from));
        *var_of(g, to) = g->env.slot[from];
        var_of(g, to)->busy = false;
        return;
    }
    default:
        if (var_of(g, var)->kind == KIND_NONE)
            return;
        op_memory(g, ISA_STX_DW, 10, var, slot_offset(slot));
        g->env.slot[slot] = *var_of(g, var);
        g->env.slot[slot].busy = false;
    }
}

void make_key(struct gen *g, u32 map)
{
    u32 var = number_var(g);
    if (map == MAP_WIDE) {
        if (var && chance(g, 50)) {
            move(g, 1, var);
            op_imm(g, ISA_AND64_IMM, 1, 7);
            op_memory(g, ISA_STX_DW, 10, 1, -72);
        } else {
            op_store(g, ISA_ST_DW, 10, -72, (s64)(pick(g, 8)));
        }
        return;
    }
    if (var && chance(g, 50)) {
        move(g, 1, var);
        if (chance(g, 80))
            op_imm(g, ISA_AND32_IMM, 1, 7);
        op_memory(g, ISA_STX_W, 10, 1, -72);
    } else {
        op_store(g, ISA_ST_W, 10, -72, (s64)(pick(g, 6)));
    }
}

void statement_lookup(struct gen *g)
{
    static const u8 maps[] = { MAP_ARRAY, MAP_HASH, MAP_PERCPU, MAP_WIDE };
    u32 map = maps[pick(g, 4)], null;
    struct env before = g->env;
    make_key(g, map);
    take_map(g, 1, map);
    stack_address(g, 2, -72);
    call(g, 1);
    u32 checked = 0;
    if (chance(g, 25)) { /* the copy is checked */
        move(g, 1, 0);
        checked = chance(g, 50);
    }
    if (g->careless && chance(g, 6))
        null = GENERATE_NO_TARGET;
    else if (chance(g, 30)) {
        u32 fine = branch_imm(g, ISA_JNE64_IMM, checked, 0);
        null = jump(g);
        land(g, fine);
    } else {
        null = branch_imm(g, ISA_JEQ64_IMM, checked, 0);
    }
    u32 var = free_var(g);
    if (var && chance(g, 25) && g->depth < 4) { /* kept in a variable for a while */
        move(g, var, 0);
        *var_of(g, var) = (struct var){ .kind = KIND_VALUE, .map = (u8)map, .busy = false };
        g->depth++;
        for (u32 i = 1 + pick(g, 2); i-- > 0 && g->budget;)
            statements(g);
        g->depth--;
        struct env after = before;
        env_meet(&after, &g->env);
        for (u32 i = 0; i < VARS; i++)
            after.var[i].busy = before.var[i].busy;
        g->env = after;
    } else {
        move(g, 2, 0);
        access_memory(g, 2, value_sizes[map], true, chance(g, 20));
        keep_numbers(g, &before);
    }
    land_if(g, null);
}

void statement_value(struct gen *g)
{
    u32 var = FIRST_VAR + pick(g, VARS);
    struct env before = g->env;
    if (var_of(g, var)->kind == KIND_VALUE) {
        u32 room = value_sizes[var_of(g, var)->map];
        bool busy = var_of(g, var)->busy;
        var_of(g, var)->busy = true;
        move(g, 2, var);
        access_memory(g, 2, room, true, chance(g, 20));
        var_of(g, var)->busy = busy;
    } else {
        u32 map = chance(g, 40) ? MAP_RODATA : MAP_ARRAY;
        u32 at = pick(g, 4) * 8;
        take_value(g, 2, map, at);
        access_memory(g, 2, value_sizes[map] - at, map != MAP_RODATA, chance(g, 20));
    }
    keep_numbers(g, &before);
}

void statement_update(struct gen *g)
{
    u32 map = chance(g, 50) ? MAP_HASH : MAP_ARRAY;
    make_key(g, map);
    for (s32 i = 0; i < (s32)value_sizes[map] && chance(g, 90); i += 8)
        op_store(g, ISA_ST_DW, 10, BUFFER + i, (s64)(pick(g, 100)));
    take_map(g, 1, map);
    stack_address(g, 2, -72);
    if (chance(g, 20) && map == MAP_HASH) {
        call(g, 3);
        return;
    }
    stack_address(g, 3, BUFFER);
    set(g, 4, 0);
    call(g, 2);
}

void statement_helper(struct gen *g)
{
    static const u8 plain[] = { 5, 7, 8 };
    u32 var = free_var(g), otherwise;
    bool packet = g->has_ctx && g->out->hook <= HOOK_SOCKET_FILTER;
    if (!packet || chance(g, 40)) {
        call(g, plain[pick(g, 3)]);
        if (var) {
            move(g, var, 0);
            note_number(g, var);
        }
        return;
    }
    /* bytes of the packet, as many as a number says */
    const u32 len = 4;
    number(g, len);
    bound(g, len, slip(g, BUFFER_BYTES - 1), &otherwise);
    if (chance(g, 70))
        op_imm(g, ISA_ADD64_IMM, len, 1);
    else
        op_imm(g, ISA_OR64_IMM, len, 1);
    move(g, 1, 6);
    number(g, 2);
    stack_address(g, 3, BUFFER);
    call(g, g->out->hook == HOOK_XDP ? 189 : 26);
    if (var && chance(g, 50) && otherwise == GENERATE_NO_TARGET) {
        move(g, var, 0);
        note_number(g, var);
    }
    land_if(g, otherwise);
}

void statement_record(struct gen *g)
{
    u32 bytes = 8 * (1 + pick(g, 8));
    struct env before = g->env;
    bool held = g->held, may_leave = g->may_leave;
    take_map(g, 1, MAP_RING);
    set(g, 2, bytes);
    set(g, 3, 0);
    call(g, 131);
    u32 null = branch_imm(g, ISA_JEQ64_IMM, 0, 0);
    u32 var = free_var(g);
    g->held = true;
    g->may_leave = g->careless && chance(g, 10);
    if (var && chance(g, 40)) {
        struct var was = *var_of(g, var);
        move(g, var, 0);
        *var_of(g, var) = (struct var){ .kind = KIND_NONE, .busy = true };
        move(g, 2, var);
        access_memory(g, 2, bytes, true, false);
        move(g, 1, var);
        *var_of(g, var) = was;
        var_of(g, var)->kind = KIND_NONE;
    } else {
        s32 slot = -80;
        op_memory(g, ISA_STX_DW, 10, 0, slot);
        move(g, 2, 0);
        access_memory(g, 2, bytes, true, false);
        op_memory(g, ISA_LDX_DW, 1, 10, slot);
    }
    set(g, 2, 0);
    call(g, chance(g, 70) ? 132 : 133);
    g->held = held;
    g->may_leave = may_leave;
    env_meet(&g->env, &before);
    keep_numbers(g, &before);
    land(g, null);
}

/* A record behind a dynptr: written, read, a slice of it used, given back. */
void statement_dynptr(struct gen *g)
{
    const s32 place = -160;
    u32 bytes = 8 * (1 + pick(g, 7)), var = number_var(g);
    if (g->depth > 2)
        return;
    take_map(g, 1, MAP_RING);
    set(g, 2, bytes);
    set(g, 3, 0);
    stack_address(g, 4, place);
    call(g, 198);
    if (chance(g, 40) && var) {
        op_store(g, ISA_ST_DW, 10, BUFFER, (s64)border(g));
        stack_address(g, 1, place);
        move(g, 2, var);
        op_imm(g, ISA_AND64_IMM, 2, 15);
        stack_address(g, 3, BUFFER);
        set(g, 4, 8);
        set(g, 5, 0);
        call(g, 202); /* write */
    }
    if (chance(g, 30)) {
        stack_address(g, 1, BUFFER);
        set(g, 2, slip(g, BUFFER_BYTES));
        stack_address(g, 3, place);
        set(g, 4, pick(g, 4));
        set(g, 5, 0);
        call(g, 201); /* read */
    }
    u32 slice = 1 + pick(g, 8);
    stack_address(g, 1, place);
    set(g, 2, pick(g, 8));
    set(g, 3, slice);
    call(g, 203); /* data */
    u32 null = branch_imm(g, ISA_JEQ64_IMM, 0, 0);
    struct env before = g->env;
    move(g, 2, 0);
    bool may_leave = g->may_leave;
    g->may_leave = false;
    access_memory(g, 2, slice, true, false);
    g->may_leave = may_leave;
    keep_numbers(g, &before);
    land(g, null);
    stack_address(g, 1, place);
    set(g, 2, 0);
    call(g, chance(g, 50) ? 199 : 200);
}

/* A spin lock in a value, and what lies beside it. */
void statement_lock(struct gen *g)
{
    if (g->out->hook == HOOK_SOCKET_FILTER)
        return; /* they have no locks */
    take_value(g, 1, MAP_LOCK, 0);
    call(g, 93);
    take_value(g, 2, MAP_LOCK, 8);
    struct env before = g->env;
    bool may_leave = g->may_leave;
    g->may_leave = false;
    access_memory(g, 2, slip(g, 24), true, false);
    g->may_leave = may_leave;
    keep_numbers(g, &before);
    take_value(g, 1, MAP_LOCK, 0);
    call(g, 94);
}

/* A value of a map that is a value. */
void statement_inner(struct gen *g)
{
    struct env before = g->env;
    make_key(g, MAP_ARRAY);
    take_map(g, 1, MAP_OUTER);
    stack_address(g, 2, -72);
    call(g, 1);
    u32 none = branch_imm(g, ISA_JEQ64_IMM, 0, 0);
    move(g, 1, 0);
    if (chance(g, 50))
        op_store(g, ISA_ST_W, 10, -72, pick(g, 3));
    stack_address(g, 2, -72);
    call(g, 1);
    u32 null =
        g->careless && chance(g, 8) ? GENERATE_NO_TARGET : branch_imm(g, ISA_JEQ64_IMM, 0, 0);
    move(g, 2, 0);
    access_memory(g, 2, value_sizes[MAP_OUTER], true, false);
    keep_numbers(g, &before);
    land_if(g, null);
    land(g, none);
}

void statement_queue(struct gen *g)
{
    static const u8 helpers[] = { 87, 88, 89 }; /* push, pop, peek */
    u32 helper = PICK(g, helpers), var = number_var(g);
    if (var)
        op_memory(g, ISA_STX_DW, 10, var, BUFFER);
    else
        op_store(g, ISA_ST_DW, 10, BUFFER, (s64)border(g));
    take_map(g, 1, MAP_QUEUE);
    stack_address(g, 2, BUFFER);
    set(g, 3, 0);
    call(g, helper);
    u32 to = free_var(g);
    if (to) {
        op_memory(g, ISA_LDX_DW, to, 10, BUFFER);
        note_number(g, to);
    }
}

/* A number read from text on the stack. */
void statement_text(struct gen *g)
{
    u32 var = free_var(g);
    op_store(g, ISA_ST_DW, 10, BUFFER, 0x20373334);
    op_store(g, ISA_ST_DW, 10, BUFFER + 8, (s64)border(g));
    stack_address(g, 1, BUFFER);
    set(g, 2, 1 + pick(g, 8));
    set(g, 3, chance(g, 50) ? 0 : 10);
    stack_address(g, 4, BUFFER + 8);
    call(g, 105);
    if (chance(g, 40)) { /* or compared with a constant one */
        stack_address(g, 1, BUFFER);
        set(g, 2, 1 + pick(g, 16));
        take_value(g, 3, MAP_RODATA, pick(g, 64));
        call(g, 182);
    }
    if (!var)
        return;
    if (chance(g, 50))
        move(g, var, 0);
    else
        op_memory(g, ISA_LDX_DW, var, 10, BUFFER + 8);
    note_number(g, var);
}

/* Another CPU's value. */
void statement_percpu(struct gen *g)
{
    struct env before = g->env;
    op_store(g, ISA_ST_W, 10, -72, pick(g, 3));
    take_map(g, 1, MAP_PERCPU);
    stack_address(g, 2, -72);
    number(g, 3);
    call(g, 195);
    u32 null =
        g->careless && chance(g, 10) ? GENERATE_NO_TARGET : branch_imm(g, ISA_JEQ64_IMM, 0, 0);
    move(g, 2, 0);
    access_memory(g, 2, value_sizes[MAP_PERCPU], true, false);
    keep_numbers(g, &before);
    land_if(g, null);
}

/* A number that was written in two halves. */
void statement_halves(struct gen *g)
{
    u32 slot = pick(g, SLOTS), a = number_var(g), to = free_var(g);
    if (!a || g->env.slot[slot].busy)
        return;
    u32 first = pick(g, 2);
    op_memory(g, ISA_STX_W, 10, a, slot_offset(slot) + 4 * (s32)first);
    if (chance(g, 60))
        op_store(g, ISA_ST_W, 10, slot_offset(slot) + 4 * (s32)(1 - first), (s64)border(g));
    else
        op_memory(g, ISA_STX_W, 10, number_var(g), slot_offset(slot) + 4 * (s32)(1 - first));
    g->env.slot[slot] = (struct var){ .kind = KIND_NUMBER };
    if (to) {
        op_memory(g, ISA_LDX_DW, to, 10, slot_offset(slot));
        note_number(g, to);
    }
}

/* Of a slot whose number is known, or that has a pointer. */
void statement_atomic(struct gen *g)
{
    u32 slot = pick(g, SLOTS), a = number_var(g), to = free_var(g);
    u16 op = PICK(g, atomic_ops);
    if (!a || g->env.slot[slot].busy)
        return;
    if (chance(g, 50)) {
        op_memory(g, ISA_STX_DW, 10, a, slot_offset(slot));
        g->env.slot[slot] = (struct var){ .kind = KIND_NUMBER };
    } else if (g->env.slot[slot].kind != KIND_NUMBER) {
        return;
    }
    if (chance(g, 50))
        set(g, 0, (s64)border(g));
    else
        move(g, 0, a);
    number(g, 5);
    struct insn insn = { .op = op, .dst = 10, .src = 5, .off = slot_offset(slot) };
    insn.imm = (u64)(s64)isa_rows[op].imm;
    emit(g, insn);
    if (to) {
        move(g, to, isa_rows[op].kind == ISA_KIND_CMPXCHG ? 0 : 5);
        note_number(g, to);
    }
}
