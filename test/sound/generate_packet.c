/* Statements about packets. */
#include "sound/parts.h"

/* data in r2, data_end in r3 (data_meta in r4) */
static void packet_pointers(struct gen *g)
{
    bool xdp = g->out->hook == HOOK_XDP;
    bool first = chance(g, 50);
    if (first)
        op_memory(g, ISA_LDX_W, 3, 6, xdp ? 4 : 80);
    op_memory(g, ISA_LDX_W, 2, 6, xdp ? 0 : 76);
    if (!first)
        op_memory(g, ISA_LDX_W, 3, 6, xdp ? 4 : 80);
}

/* `bytes` at r2 lie before r3, else control goes to the result. */
static u32 packet_check(struct gen *g, u32 bytes)
{
    u32 fine, beyond;
    move(g, 4, 2);
    op_imm(g, ISA_ADD64_IMM, 4, bytes);
    switch (pick(g, 6)) {
    case 0: return branch_reg(g, ISA_JGT64_REG, 4, 3);
    case 1: return branch_reg(g, ISA_JLT64_REG, 3, 4);
    case 2:
        fine = branch_reg(g, ISA_JLE64_REG, 4, 3);
        beyond = jump(g);
        land(g, fine);
        return beyond;
    case 3:
        fine = branch_reg(g, ISA_JGE64_REG, 3, 4);
        beyond = jump(g);
        land(g, fine);
        return beyond;
    case 4: return branch_reg(g, ISA_JGE64_REG, 4, 3); /* one too many */
    default:
        move(g, 5, 3);
        op_reg(g, ISA_SUB64_REG, 5, 2);
        return branch_imm(g, ISA_JSLT64_IMM, 5, bytes);
    }
}

void statement_packet(struct gen *g)
{
    u32 n = 1 + pick(g, 40);
    struct env before = g->env;
    bool writable = g->out->hook != HOOK_SOCKET_FILTER;
    if (!g->has_ctx || (g->out->hook != HOOK_XDP && g->out->hook != HOOK_SCHED_CLS))
        return;
    packet_pointers(g);
    if (chance(g, 40)) { /* a header of variable size */
        u32 bits = 15, moved = GENERATE_NO_TARGET;
        u32 short_one = packet_check(g, 1);
        op_memory(g, ISA_LDX_B, 5, 2, 0);
        op_imm(g, ISA_AND64_IMM, 5, bits);
        if (chance(g, 70))
            op_imm(g, ISA_LSH64_IMM, 5, 2);
        if (chance(g, 30))
            moved = branch_imm(g, ISA_JLT64_IMM, 5, 4);
        op_reg(g, ISA_ADD64_REG, 2, 5);
        u32 beyond = packet_check(g, n);
        access_memory(g, 2, slip(g, n), writable, false);
        land(g, beyond);
        land(g, short_one);
        land_if(g, moved);
    } else {
        u32 beyond = packet_check(g, n);
        access_memory(g, 2, slip(g, n), writable, false);
        land(g, beyond);
    }
    keep_numbers(g, &before);
}

void statement_adjust(struct gen *g)
{
    if (!g->has_ctx || g->out->hook != HOOK_XDP)
        return;
    move(g, 1, 6);
    set(g, 2, (s64)pick(g, 17) * 4 - 32);
    call(g, chance(g, 50) ? 44 : 54);
}

/* The sum over the packet, byte by byte. */
void statement_packet_loop(struct gen *g)
{
    u32 var = free_var(g);
    if (!var || !g->has_ctx || (g->out->hook != HOOK_XDP && g->out->hook != HOOK_SCHED_CLS))
        return;
    u32 step = 1u << pick(g, 3);
    number(g, var);
    packet_pointers(g);
    u32 head = g->out->n;
    move(g, 4, 2);
    op_imm(g, ISA_ADD64_IMM, 4, step);
    u32 end = branch_reg(g, ISA_JGT64_REG, 4, 3);
    op_memory(g, load_ops[step == 1 ? 0 : step == 2 ? 1 : 2], 5, 2, 0);
    op_reg(g, ISA_ADD64_REG, var, 5);
    u32 early =
        chance(g, 30) ? branch_imm(g, ISA_JEQ64_IMM, 5, (s64)pick(g, 256)) : GENERATE_NO_TARGET;
    op_imm(g, ISA_ADD64_IMM, 2, step);
    u32 back = jump(g);
    g->out->insns[back].target = head;
    land(g, end);
    land_if(g, early);
}

void statement_packet_load(struct gen *g)
{
    u32 var = free_var(g);
    if (!g->has_ctx || g->held ||
        (g->out->hook != HOOK_SOCKET_FILTER && g->out->hook != HOOK_SCHED_CLS))
        return;
    if (chance(g, 60))
        emit(g, (struct insn){ .op = ISA_LD_ABS_B, .imm = pick(g, 80) });
    else {
        number(g, 2);
        op_imm(g, ISA_AND64_IMM, 2, 63);
        emit(g, (struct insn){ .op = ISA_LD_IND_H, .src = 2, .imm = pick(g, 16) });
    }
    if (var) {
        move(g, var, 0);
        note_number(g, var);
    }
}

/* Bytes of the metadata, which end where the packet begins. */
void statement_meta(struct gen *g)
{
    u32 n = 4 * (1 + pick(g, 4));
    struct env before = g->env;
    bool xdp = g->out->hook == HOOK_XDP;
    if (!g->has_ctx || (!xdp && g->out->hook != HOOK_SCHED_CLS))
        return;
    op_memory(g, ISA_LDX_W, 2, 6, xdp ? 8 : 140);
    op_memory(g, ISA_LDX_W, 3, 6, xdp ? 0 : 76);
    u32 beyond = packet_check(g, n);
    access_memory(g, 2, slip(g, n), true, false);
    keep_numbers(g, &before);
    land(g, beyond);
}

/* A socket, from the context or looked up. */
void statement_socket(struct gen *g)
{
    if (!g->has_ctx || g->out->hook != HOOK_SCHED_CLS)
        return;
    if (chance(g, 85)) {
        op_memory(g, ISA_LDX_DW, 1, 6, 168);
        u32 null = branch_imm(g, ISA_JEQ64_IMM, 1, 0);
        call(g, chance(g, 50) ? 95 : 7);
        land(g, null);
        return;
    }
    op_store(g, ISA_ST_DW, 10, BUFFER, (s64)border(g));
    op_store(g, ISA_ST_DW, 10, BUFFER + 8, (s64)border(g));
    move(g, 1, 6);
    stack_address(g, 2, BUFFER);
    set(g, 3, 12);
    set(g, 4, -1);
    set(g, 5, 0);
    call(g, 84);
    u32 null = branch_imm(g, ISA_JEQ64_IMM, 0, 0);
    move(g, 1, 0);
    call(g, 86);
    land(g, null);
}

/* A checksum of the stack, of a size that was bounded. */
void statement_sums(struct gen *g)
{
    u32 var = free_var(g), otherwise;
    if (!g->has_ctx || (g->out->hook != HOOK_XDP && g->out->hook != HOOK_SCHED_CLS))
        return;
    for (s32 i = 0; i < BUFFER_BYTES; i += 8)
        op_store(g, ISA_ST_DW, 10, BUFFER + i, i);
    number(g, 4);
    bound(g, 4, slip(g, BUFFER_BYTES), &otherwise);
    op_imm(g, ISA_AND64_IMM, 4, -4);
    set(g, 1, 0);
    set(g, 2, 0);
    stack_address(g, 3, BUFFER);
    set(g, 5, 0);
    call(g, 28);
    if (var && otherwise == GENERATE_NO_TARGET) {
        move(g, var, 0);
        note_number(g, var);
    }
    land_if(g, otherwise);
}

void statement_ctx_store(struct gen *g)
{
    static const s32 offsets[] = { 8, 48, 52, 64 };
    u32 a = number_var(g);
    if (!g->has_ctx || g->out->hook != HOOK_SCHED_CLS || !a)
        return;
    op_memory(g, ISA_STX_W, 6, a, PICK(g, offsets));
}
