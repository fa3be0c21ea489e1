/* Near misses: short programs about what verifiers get wrong, a step away from being safe on either
 * side.  Each statement takes something that must be known to be used (a pointer that may be NULL,
 * a record, the packet, a number), does a few things to it and to copies of it, some on one path
 * only, checks one of them, and uses one of them. */
#include "sound/parts.h"

enum { KEPT = ASIDE, OTHER = ASIDE - 8 }; /* of the stack; OTHER lies in what a dynptr takes */

/* A change that may happen on one path only, and on either of the two that a branch makes. */
struct arm {
    u32 at; /* of the jump; GENERATE_NO_TARGET: it always happens */
};
static struct arm arm_begin(struct gen *g, u32 percent)
{
    struct arm arm = { GENERATE_NO_TARGET };
    if (!chance(g, percent) || !number_var(g))
        return arm;
    arm.at = some_branch(g);
    if (chance(g, 50)) { /* what is taken instead of what falls through */
        u32 over = jump(g);
        land(g, arm.at);
        arm.at = over;
    }
    return arm;
}
static void arm_end(struct gen *g, struct arm arm) { land_if(g, arm.at); }

static void copy(struct gen *g, u32 to, u32 from)
{
    if (chance(g, 60)) {
        move(g, to, from);
        return;
    }
    op_memory(g, ISA_STX_DW, 10, from, KEPT);
    op_memory(g, ISA_LDX_DW, to, 10, KEPT);
}

static void look_up(struct gen *g)
{
    static const u8 maps[] = { MAP_HASH, MAP_WIDE, MAP_ARRAY };
    u32 map = PICK(g, maps);
    make_key(g, map);
    take_map(g, 1, map);
    stack_address(g, 2, -72);
    call(g, 1);
}

/* To the end of the statement if reg is NULL, by one of many ways. */
static void check_for_null(struct gen *g, u32 reg, u32 *leave)
{
    static const u16 never[] = { ISA_JEQ64_IMM, ISA_JEQ64_IMM, ISA_JEQ32_IMM, ISA_JLE64_IMM,
                                 ISA_JSLE64_IMM };
    static const u16 there[] = { ISA_JNE64_IMM, ISA_JNE64_IMM, ISA_JGT64_IMM, ISA_JSET64_IMM,
                                 ISA_JNE32_IMM };
    if (chance(g, 60)) {
        *leave = branch_imm(g, chance(g, 85) ? ISA_JEQ64_IMM : PICK(g, never), reg, 0);
        return;
    }
    u32 fine = branch_imm(g, chance(g, 85) ? ISA_JNE64_IMM : PICK(g, there), reg, 0);
    *leave = jump(g);
    land(g, fine);
}

/* ---- pointers that may be NULL: r0 and r1 from one lookup, or from two */

static void near_change(struct gen *g, u32 *leave, s32 *moved)
{
    u32 a = pick(g, 2), b = 1 - a;
    struct arm arm = arm_begin(g, 60);
    switch (pick(g, 6)) {
    case 0: copy(g, a, b); break;
    case 1: set(g, a, 0); break;
    case 2: take_value(g, a, MAP_ARRAY, 0); break;
    case 3:
        if (arm.at == GENERATE_NO_TARGET && *leave == GENERATE_NO_TARGET)
            check_for_null(g, a, leave);
        break;
    case 4: { /* known to be there from here on, on this path */
        u32 none = branch_imm(g, ISA_JNE64_IMM, a, 0);
        take_value(g, a, MAP_ARRAY, 0);
        land(g, none);
        break;
    }
    default:
        if (arm.at == GENERATE_NO_TARGET && !moved[a]) {
            moved[a] = 1 + (s32)pick(g, 16);
            op_imm(g, ISA_ADD64_IMM, a, moved[a]);
        }
    }
    arm_end(g, arm);
}

static void near_null(struct gen *g)
{
    u32 leave[3] = { GENERATE_NO_TARGET, GENERATE_NO_TARGET, GENERATE_NO_TARGET };
    s32 moved[2] = { 0, 0 };
    look_up(g);
    if (chance(g, 50)) {
        op_memory(g, ISA_STX_DW, 10, 0, OTHER);
        look_up(g);
        op_memory(g, ISA_LDX_DW, 1, 10, OTHER);
    } else {
        copy(g, 1, 0);
    }
    for (u32 i = pick(g, 3); i-- > 0;)
        near_change(g, &leave[0], moved);
    u32 checked = pick(g, 2), used = chance(g, 50) ? checked : 1 - checked;
    if (chance(g, 15)) { /* one path knows that it is there */
        struct arm arm = arm_begin(g, 100);
        check_for_null(g, checked, &leave[1]);
        arm_end(g, arm);
    } else if (chance(g, 90)) {
        check_for_null(g, checked, &leave[1]);
    }
    if (chance(g, 20))
        near_change(g, &leave[2], moved);
    op_memory(g, load_ops[pick(g, 4)], 3, used, -moved[used]);
    for (u32 i = 0; i < ARRAY_LEN(leave); i++)
        land_if(g, leave[i]);
}

/* ---- numbers of which a function of the low half is known */

static void near_half(struct gen *g)
{
    u32 otherwise, var = number_var(g), by = 1u << pick(g, 6);
    if (!var)
        return;
    copy(g, 4, var);
    for (u32 i = 1 + pick(g, 2); i-- > 0;) {
        switch (pick(g, 5)) {
        case 0: op_imm(g, chance(g, 80) ? ISA_ADD32_IMM : ISA_ADD64_IMM, 4, (s64)by); break;
        case 1: op_imm(g, chance(g, 80) ? ISA_SUB32_IMM : ISA_SUB64_IMM, 4, (s64)by); break;
        case 2: op_reg(g, ISA_MOV32_REG, 4, 4); break;
        case 3:
            op_imm(g, chance(g, 60) ? ISA_RSH32_IMM : ISA_ARSH32_IMM, 4, 1 + pick(g, 31));
            break;
        default: arithmetic(g, 4);
        }
    }
    u32 bounded = chance(g, 70) ? 4 : var, used = chance(g, 70) ? var : 4;
    u32 most = 15 + pick(g, 40);
    if (bounded == var && var_of(g, var)->busy)
        return;
    bound(g, bounded, most, &otherwise);
    take_value(g, 2, MAP_ARRAY, 0);
    op_reg(g, chance(g, 80) ? ISA_ADD64_REG : ISA_SUB64_REG, 2, used);
    op_memory(g, ISA_LDX_B, 3, 2, chance(g, 50) ? 0 : (s32)pick(g, 32) - 16);
    land_if(g, otherwise);
}

/* ---- packets: of exactly so many bytes, and after something that may have moved them */

static void near_packet(struct gen *g)
{
    bool xdp = g->out->hook == HOOK_XDP, first = chance(g, 50);
    u32 n = 8 + pick(g, 56), var = free_var(g), beyond = GENERATE_NO_TARGET;
    if (!g->has_ctx || (!xdp && g->out->hook != HOOK_SCHED_CLS) || !var)
        return;
    static const u16 never[] = { ISA_JGT64_REG, ISA_JGE64_REG };
    static const u16 fine[] = { ISA_JLE64_REG, ISA_JLT64_REG };
    op_memory(g, ISA_LDX_W, 3, 6, xdp ? 4 : 80);
    op_memory(g, ISA_LDX_W, var, 6, xdp ? 0 : 76);
    var_of(g, var)->kind = KIND_NONE;
    move(g, 4, var);
    op_imm(g, ISA_ADD64_IMM, 4, n);
    switch (pick(g, 3)) {
    case 0: beyond = branch_reg(g, PICK(g, never), first ? 4 : 3, first ? 3 : 4); break;
    case 1: beyond = branch_reg(g, PICK(g, never), 4, 3); break;
    default: {
        u32 over = branch_reg(g, PICK(g, fine), 4, 3);
        beyond = jump(g);
        land(g, over);
    }
    }
    if (chance(g, 65)) { /* moved, or something else was done, perhaps on one path */
        struct arm arm = arm_begin(g, 40);
        op_memory(g, ISA_STX_DW, 10, var, OTHER);
        if (xdp && chance(g, 70)) {
            move(g, 1, 6);
            set(g, 2, (s64)pick(g, 33) - 16);
            call(g, chance(g, 50) ? 44 : chance(g, 50) ? 65 : 54);
        } else if (!xdp && chance(g, 70)) {
            move(g, 1, 6);
            set(g, 2, (s64)pick(g, 64));
            set(g, 3, 0);
            call(g, chance(g, 50) ? 38 : 39);
        } else {
            call(g, 7);
        }
        if (chance(g, 50))
            op_memory(g, ISA_LDX_DW, var, 10, OTHER);
        arm_end(g, arm);
    }
    op_memory(g, ISA_LDX_B, 3, var, (s32)(n - pick(g, 3)));
    land_if(g, beyond);
    set(g, var, 0);
    note_number(g, var);
}

/* ---- records: given back on some paths, used after that, forgotten */

static void give_back(struct gen *g)
{
    op_memory(g, ISA_LDX_DW, 1, 10, OTHER);
    set(g, 2, 0);
    call(g, chance(g, 50) ? 132 : 133);
}

static void near_record(struct gen *g)
{
    u32 bytes = 8 * (1 + pick(g, 4)), null;
    take_map(g, 1, MAP_RING);
    set(g, 2, bytes);
    set(g, 3, 0);
    call(g, 131);
    check_for_null(g, 0, &null);
    op_memory(g, ISA_STX_DW, 10, 0, OTHER);
    u32 times = chance(g, 70) ? 1 : pick(g, 3);
    for (u32 i = 0; i < times; i++) {
        struct arm arm = arm_begin(g, 25);
        give_back(g);
        arm_end(g, arm);
    }
    if (chance(g, 25)) {
        op_memory(g, ISA_LDX_DW, 1, 10, OTHER);
        op_store(g, ISA_ST_W, 1, 4, 1);
    }
    land(g, null);
}

/* ---- what lies on the stack, in part written over: a pointer or an index */

static void write_over(struct gen *g)
{
    u32 size = pick(g, 4);
    s32 at = OTHER + ((s32)pick(g, 16) - 4) / (s32)(1u << size) * (s32)(1u << size);
    switch (pick(g, 5)) {
    case 0:
        op_store(g, size == 3 ? ISA_ST_DW : size == 2 ? ISA_ST_W : ISA_ST_B, 10, at, 0x44);
        return;
    case 1:
        if (number_var(g))
            op_memory(g, store_ops[size], 10, number_var(g), at);
        return;
    case 2: /* somewhere around it */
        number(g, 3);
        op_imm(g, ISA_AND64_IMM, 3, 7);
        stack_address(g, 2, OTHER - 4 + 4 * (s32)pick(g, 3));
        op_reg(g, ISA_ADD64_REG, 2, 3);
        op_store(g, ISA_ST_B, 2, 0, 0x55);
        return;
    case 3: /* by a helper */
        if (!g->has_ctx || g->out->hook > HOOK_SOCKET_FILTER)
            return;
        move(g, 1, 6);
        set(g, 2, 0);
        stack_address(g, 3, at);
        set(g, 4, 1 + pick(g, 8));
        call(g, g->out->hook == HOOK_XDP ? 189 : 26);
        return;
    default: { /* by an exchange */
        u16 op = chance(g, 50) ? ISA_XCHG_W : ISA_XCHG_DW;
        number(g, 5);
        emit(g, (struct insn){ .op = op,
                               .dst = 10,
                               .src = 5,
                               .off = OTHER + (op == ISA_XCHG_W ? 4 * (s32)pick(g, 2) : 0),
                               .imm = (u64)(s64)isa_rows[op].imm });
    }
    }
}

static void near_spill(struct gen *g)
{
    bool pointer = chance(g, 50);
    u32 otherwise = GENERATE_NO_TARGET;
    op_store(g, ISA_ST_DW, 10, KEPT, 3);
    op_store(g, ISA_ST_DW, 10, OTHER - 8, 5);
    if (pointer) {
        take_value(g, 1, MAP_ARRAY, 0);
    } else {
        number(g, 1);
        bound(g, 1, 63, &otherwise);
    }
    op_memory(g, ISA_STX_DW, 10, 1, OTHER);
    if (chance(g, 80)) {
        struct arm arm = arm_begin(g, 40);
        write_over(g);
        arm_end(g, arm);
    }
    op_memory(g, pointer || chance(g, 50) ? ISA_LDX_DW : ISA_LDX_W, 3, 10, OTHER);
    if (pointer) {
        op_memory(g, ISA_LDX_B, 3, 3, 0);
    } else {
        take_value(g, 2, MAP_ARRAY, 0);
        op_reg(g, ISA_ADD64_REG, 2, 3);
        op_memory(g, ISA_LDX_B, 3, 2, 0);
    }
    land_if(g, otherwise);
}

/* ---- a number that callbacks count, which run more than once, or not at all */

static void near_callback(struct gen *g)
{
    s64 begin = (s64)pick(g, 4);
    if (!may_refer(g, 2) || g->depth >= 3)
        return;
    op_store(g, ISA_ST_DW, 10, BUFFER, begin);
    op_store(g, ISA_ST_DW, 10, BUFFER + 8, 0);
    set(g, 1, pick(g, 80));
    refer(g, FUNC_LOOP_BODY, emit_target(g, (struct insn){ .op = ISA_LDDW_CODE, .dst = 2 }, 0));
    stack_address(g, 3, BUFFER);
    set(g, 4, 0);
    call(g, 181);
    op_memory(g, ISA_LDX_DW, 1, 10, BUFFER);
    u32 other = GENERATE_NO_TARGET;
    if (chance(g, 50))
        other = branch_imm(g, ISA_JGT64_IMM, 1, 1 + (s64)pick(g, 63));
    take_value(g, 2, MAP_ARRAY, 63 - (u32)pick(g, 60));
    op_reg(g, chance(g, 50) ? ISA_ADD64_REG : ISA_SUB64_REG, 2, 1);
    op_memory(g, ISA_LDX_B, 3, 2, 0);
    land_if(g, other);
}

/* ---- sizes between a least and a most, of memory that has about the most */

static void near_size(struct gen *g)
{
    u32 otherwise, most = 8 + pick(g, 48), var = number_var(g);
    u32 room = chance(g, 60) ? most + pick(g, 3) - 1 : 1 + pick(g, 63);
    for (s32 i = 0; i < BUFFER_BYTES; i += 8)
        op_store(g, ISA_ST_DW, 10, BUFFER + i, i);
    if (var)
        move(g, 3, var);
    else
        number_from_map(g, 3);
    bound(g, 3, most, &otherwise);
    take_map(g, 1, MAP_RING);
    if (chance(g, 50))
        stack_address(g, 2, BUFFER + BUFFER_BYTES - (s32)room);
    else
        take_value(g, 2, MAP_ARRAY, 64 - room);
    set(g, 4, 0);
    call(g, 130);
    land_if(g, otherwise);
}

/* ---- a pointer of some kind, on one path perhaps nothing, used as if it were there */

static void near_nothing(struct gen *g)
{
    static const s32 fields[HOOK_COUNT] = { [HOOK_XDP] = 12, [HOOK_SCHED_CLS] = 8 };
    u32 kind = pick(g, 3);
    if (kind == 0 && !g->has_ctx)
        return;
    if (kind == 2) {
        take_value(g, 1, MAP_ARRAY, 0);
        set(g, 2, 16);
        set(g, 3, 0);
        stack_address(g, 4, DYNPTR);
        call(g, 197);
    }
    op_store(g, ISA_ST_DW, 10, BUFFER, 1);
    if (kind == 0)
        move(g, 4, 6);
    else
        stack_address(g, 4, kind == 1 ? BUFFER : DYNPTR);
    if (chance(g, 60)) {
        struct arm arm = arm_begin(g, 100);
        set(g, 4, 0);
        arm_end(g, arm);
    }
    u32 leave = GENERATE_NO_TARGET;
    if (chance(g, 30))
        check_for_null(g, 4, &leave);
    if (kind == 0 && g->out->hook == HOOK_XDP && chance(g, 50)) {
        move(g, 1, 4);
        set(g, 2, 4);
        call(g, 44);
    } else if (kind == 2) {
        move(g, 1, 4);
        set(g, 2, 0);
        set(g, 3, 4);
        call(g, 203);
    } else {
        op_memory(g, ISA_LDX_W, 3, 4, kind == 0 ? fields[g->out->hook] : 0);
    }
    land_if(g, leave);
}

void statement_near(struct gen *g)
{
    typedef void near(struct gen * g);
    static near *const all[] = {
        near_null,   near_null,  near_half,     near_packet, near_packet,
        near_record, near_spill, near_callback, near_size,   near_nothing
    };
    struct env before = g->env;
    PICK(g, all)(g);
    keep_numbers(g, &before);
}
