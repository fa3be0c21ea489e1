/* CODE from instructions written as C initialisers. */
#ifndef SKEP_TEST_BYTECODE_H
#define SKEP_TEST_BYTECODE_H

#include "ir/ir.h"

#include "support/unit.h"

#define BYTECODE_SLOTS 12000u

struct bytecode {
    struct mem mem;
    struct arena arena;
    struct isa_slot slots[BYTECODE_SLOTS];
    u32 n_slots;
    struct code code;
    struct cfg cfg;
    struct charge_plan charges;
    skep_error err;
};

static inline void bytecode_open(struct bytecode *b, const struct insn *insns, u32 n)
{
    memset(b, 0, sizeof(*b));
    mem_init(&b->mem, NULL, 0);
    arena_init(&b->arena, &b->mem);
    for (u32 i = 0; i < n; i++) {
        assert_true(b->n_slots + 2 <= BYTECODE_SLOTS);
        b->n_slots += isa_encode(&insns[i], b->slots + b->n_slots);
    }
}

static inline skep_status bytecode_code(struct bytecode *b)
{
    struct code_input in = { .slots = b->slots, .n_slots = b->n_slots };
    return code_build(&b->arena, &in, &b->code, &b->err);
}

static inline void bytecode_graph(struct bytecode *b)
{
    assert_int_equal(cfg_build(&b->arena, &b->code, &b->cfg, &b->err), SKEP_OK);
    assert_int_equal(charge_build(&b->arena, &b->code, &b->cfg, NULL, &b->charges), SKEP_OK);
}

/* CODE, graph and charges, all of which must succeed. */
static inline void bytecode_finish(struct bytecode *b)
{
    assert_int_equal(bytecode_code(b), SKEP_OK);
    bytecode_graph(b);
}

static inline void bytecode_build(struct bytecode *b, const struct insn *insns, u32 n)
{
    bytecode_open(b, insns, n);
    bytecode_finish(b);
}

static inline void bytecode_close(struct bytecode *b) { arena_drop(&b->arena); }

/* clang-format off */
#define OP(name, ...) { .op = ISA_##name, __VA_ARGS__ }
#define BYTECODE(name, ...) static const struct insn name[] = { __VA_ARGS__ }
/* clang-format on */

#endif
