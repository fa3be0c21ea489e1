/* What an instruction reads, writes and does to control: one row per kind. */
#include "isa/isa.h"

#define QUERY_R0 0x01u
#define QUERY_ARGS 0x3eu /* r1..r5 */
#define QUERY_CALL 0x3fu /* r0..r5, which a call leaves changed */
#define QUERY_R6 0x40u   /* the packet of LD_ABS and LD_IND (RFC 9669 §5.5) */

enum query_flow { QUERY_NEXT, QUERY_BRANCH, QUERY_GOTO, QUERY_LEAVE };

struct isa_query_row {
    u8 reads, writes;           /* ISA_D, ISA_S: the registers that the fields name */
    u8 more_reads, more_writes; /* registers that no field names */
    u8 flow;                    /* enum query_flow */
    bool memory;
};

/* clang-format off */
static const struct isa_query_row isa_query[ISA_KIND_COUNT] = {
    [ISA_KIND_BINARY_REG]      = { .reads = ISA_D | ISA_S, .writes = ISA_D },
    [ISA_KIND_BINARY_IMM]      = { .reads = ISA_D, .writes = ISA_D },
    [ISA_KIND_MOVSX]           = { .reads = ISA_S, .writes = ISA_D },
    [ISA_KIND_NEG]             = { .reads = ISA_D, .writes = ISA_D },
    [ISA_KIND_END]             = { .reads = ISA_D, .writes = ISA_D },
    [ISA_KIND_ADDR_SPACE_CAST] = { .reads = ISA_S, .writes = ISA_D },
    [ISA_KIND_LOAD]            = { .reads = ISA_S, .writes = ISA_D, .memory = true },
    [ISA_KIND_LOAD_SX]         = { .reads = ISA_S, .writes = ISA_D, .memory = true },
    [ISA_KIND_STORE_REG]       = { .reads = ISA_D | ISA_S, .memory = true },
    [ISA_KIND_STORE_IMM]       = { .reads = ISA_D, .memory = true },
    [ISA_KIND_ATOMIC]          = { .reads = ISA_D | ISA_S, .memory = true },
    [ISA_KIND_FETCH]           = { .reads = ISA_D | ISA_S, .writes = ISA_S, .memory = true },
    [ISA_KIND_XCHG]            = { .reads = ISA_D | ISA_S, .writes = ISA_S, .memory = true },
    [ISA_KIND_CMPXCHG]         = { .reads = ISA_D | ISA_S, .more_reads = QUERY_R0,
                                   .more_writes = QUERY_R0, .memory = true },
    [ISA_KIND_LOAD_ACQ]        = { .reads = ISA_S, .writes = ISA_D, .memory = true },
    [ISA_KIND_STORE_REL]       = { .reads = ISA_D | ISA_S, .memory = true },
    [ISA_KIND_LDDW]            = { .writes = ISA_D },
    [ISA_KIND_LD_ABS]          = { .more_reads = QUERY_R6, .more_writes = QUERY_CALL },
    [ISA_KIND_LD_IND]          = { .reads = ISA_S, .more_reads = QUERY_R6, .more_writes = QUERY_CALL },
    [ISA_KIND_COND_REG]        = { .reads = ISA_D | ISA_S, .flow = QUERY_BRANCH },
    [ISA_KIND_COND_IMM]        = { .reads = ISA_D, .flow = QUERY_BRANCH },
    [ISA_KIND_JUMP]            = { .flow = QUERY_GOTO },
    [ISA_KIND_JUMP_LONG]       = { .flow = QUERY_GOTO },
    [ISA_KIND_MAY_GOTO]        = { .flow = QUERY_BRANCH },
    [ISA_KIND_JUMP_INDIRECT]   = { .reads = ISA_D, .flow = QUERY_LEAVE },
    [ISA_KIND_CALL_HELPER]     = { .more_reads = QUERY_ARGS, .more_writes = QUERY_CALL },
    [ISA_KIND_CALL_LOCAL]      = { .more_reads = QUERY_ARGS, .more_writes = QUERY_CALL },
    [ISA_KIND_CALL_KFUNC]      = { .more_reads = QUERY_ARGS, .more_writes = QUERY_CALL },
    [ISA_KIND_CALL_INDIRECT]   = { .reads = ISA_D, .more_reads = QUERY_ARGS, .more_writes = QUERY_CALL },
    [ISA_KIND_EXIT]            = { .more_reads = QUERY_R0, .flow = QUERY_LEAVE },
};
/* clang-format on */

static const struct isa_query_row *query_of(const struct insn *insn)
{
    return &isa_query[insn_row(insn)->kind];
}

static u16 query_registers(const struct insn *insn, u8 fields)
{
    return (u16)((fields & ISA_D ? 1u << insn->dst : 0) | (fields & ISA_S ? 1u << insn->src : 0));
}

/* A move is spelled as a binary operation, but its result has nothing of the destination. */
static bool query_is_move(const struct insn *insn)
{
    return insn->op == ISA_MOV64_REG || insn->op == ISA_MOV64_IMM || insn->op == ISA_MOV32_REG ||
           insn->op == ISA_MOV32_IMM;
}

u16 isa_reads(const struct insn *insn)
{
    const struct isa_query_row *q = query_of(insn);
    u8 fields = query_is_move(insn) ? q->reads & ISA_S : q->reads;
    return (u16)(query_registers(insn, fields) | q->more_reads);
}

u16 isa_writes(const struct insn *insn)
{
    const struct isa_query_row *q = query_of(insn);
    return (u16)(query_registers(insn, q->writes) | q->more_writes);
}

bool insn_falls_through(const struct insn *insn)
{
    return query_of(insn)->flow == QUERY_NEXT || query_of(insn)->flow == QUERY_BRANCH;
}

bool insn_is_jump(const struct insn *insn)
{
    return query_of(insn)->flow == QUERY_BRANCH || query_of(insn)->flow == QUERY_GOTO;
}

s64 insn_jump_slots(const struct insn *insn)
{
    bool in_imm = insn->op == ISA_JA32 || insn->op == ISA_CALL_LOCAL;
    return in_imm ? (s64)insn->imm : insn->off;
}

bool insn_is_memory(const struct insn *insn) { return query_of(insn)->memory; }

#undef QUERY_R0
#undef QUERY_ARGS
#undef QUERY_CALL
#undef QUERY_R6
