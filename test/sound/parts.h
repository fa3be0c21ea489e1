/* What the files of the generator share: the state of one that is writing, single instructions,
 * numbers, bounds, accesses.
 *
 * r6 is the context (where there is one), r7 to r9 and eight stack slots are variables, r0 to r5
 * are used within a statement, 64 bytes at r10 - 128 are a buffer, below it lie what a function was
 * lent, dynptrs and iterators.  What the variables hold is
 * followed roughly, so that most programs are safe. */
#ifndef SKEP_TEST_SOUND_PARTS_H
#define SKEP_TEST_SOUND_PARTS_H

#include "sound/generate.h"

#include <string.h>

enum kind { KIND_NONE, KIND_NUMBER, KIND_VALUE, KIND_BUFFER };

enum {
    FIRST_VAR = 7,
    VARS = 3, /* r7 to r9 */
    SLOTS = 8,
    BUFFER = -128,
    BUFFER_BYTES = 64,
    LENT = -136,  /* 8 bytes: a pointer that the function was given */
    ASIDE = -144, /* 8 bytes: something for a moment */
    DYNPTR = -160,
    ITERATOR = -168, /* and the next 16 bytes below */
    MOST_FUNCS = GENERATE_MOST_FUNCS,
    FUNCS = 6, /* in a program as engines run it */
};

struct var {
    u8 kind;
    u8 map; /* VALUE */
    bool busy;
};

struct env {
    struct var var[VARS];
    struct var slot[SLOTS]; /* at r10 - 8 (i + 1) */
};

struct pending {
    u32 calls[4]; /* instructions that refer to it */
    u32 n_calls;
    u8 shape; /* enum func_shape */
    u8 depth;
    struct generated_func signature; /* GLOBAL */
};
enum func_shape {
    FUNC_CALLED,
    FUNC_LOOP_BODY,
    FUNC_EACH_BODY,
    FUNC_TIMER,
    FUNC_DRAIN,
    FUNC_GLOBAL,
    FUNC_EXCEPTION,
};
enum lent { LENT_NOTHING, LENT_KEY, LENT_DYNPTR, LENT_MEMORY, LENT_TYPED };

struct gen {
    struct generated *out;
    u64 random;
    struct env env;
    bool has_ctx, held, may_leave, careless, all, deep, brief, near, escapes;
    u8 depth, func_depth, shape;
    u8 lent, lent_bytes; /* enum lent */
    u32 func_start;
    u32 null;       /* a jump to the statement's end; GENERATE_NO_TARGET: none */
    u32 leaves[64]; /* jumps to the function's end */
    u32 n_leaves;
    struct pending funcs[MOST_FUNCS];
    u32 n_funcs, budget;
};

extern const u32 value_sizes[MAP_COUNT];
extern const u16 cond_ops[11][4];
extern const u16 unary_ops[11], atomic_ops[14];
extern const u16 load_ops[4], load_sx_ops[3], store_ops[4];

#define PICK(g, table) ((table)[pick((g), (u32)ARRAY_LEN(table))])

u32 pick(struct gen *g, u32 n);
bool chance(struct gen *g, u32 percent);
u64 border(struct gen *g);
u32 slip(struct gen *g, u32 limit);
u32 emit_target(struct gen *g, struct insn insn, u32 target);
u32 emit(struct gen *g, struct insn insn);
void op_imm(struct gen *g, u16 op, u32 dst, s64 imm);
void op_reg(struct gen *g, u16 op, u32 dst, u32 src);
void op_memory(struct gen *g, u16 op, u32 dst, u32 src, s32 off);
void op_store(struct gen *g, u16 op, u32 dst, s32 off, s64 imm);
void op_unary(struct gen *g, u16 op, u32 reg);
void move(struct gen *g, u32 dst, u32 src);
void set(struct gen *g, u32 dst, s64 imm);
void call(struct gen *g, u32 helper);
void take_map(struct gen *g, u32 dst, u32 map);
void take_value(struct gen *g, u32 dst, u32 map, u32 offset);
void stack_address(struct gen *g, u32 dst, s32 offset);
u32 jump(struct gen *g);
u32 branch_imm(struct gen *g, u16 op, u32 dst, s64 imm);
u32 branch_reg(struct gen *g, u16 op, u32 dst, u32 src);
void land(struct gen *g, u32 jumped);
struct var *var_of(struct gen *g, u32 reg);
s32 slot_offset(u32 slot);
u32 free_var(struct gen *g);
u32 number_var(struct gen *g);
s32 slot_of_kind(struct gen *g, u8 kind);
void note_number(struct gen *g, u32 reg);
void env_meet(struct env *a, const struct env *b);
void number_constant(struct gen *g, u32 dst);
void number_from_ctx(struct gen *g, u32 dst);
void load_somewhere(struct gen *g, u32 dst, u32 reg, u32 room);
void number_from_map(struct gen *g, u32 dst);
void number_from_slot(struct gen *g, u32 dst);
void number(struct gen *g, u32 dst);
void arithmetic(struct gen *g, u32 dst);
void bound(struct gen *g, u32 dst, u32 most, u32 *otherwise);
void land_if(struct gen *g, u32 jumped);
void access_at(struct gen *g, u32 reg, s32 off, u32 size, bool writable, bool atomics);
void access_memory(struct gen *g, u32 reg, u32 room, bool writable, bool aligned);
void keep_numbers(struct gen *g, const struct env *before);

/* One of the statements, at random; a few. */
void statements(struct gen *g);
void block(struct gen *g);
u32 some_branch(struct gen *g);
/* Around loops: what may not be known in one, and what must be so again at its head. */
void loop_forget(struct env *e);
void loop_restore(struct gen *g, const struct env *head);
/* A function to be written later, which this instruction refers to. */
struct pending *refer(struct gen *g, u8 shape, u32 at);
bool may_refer(const struct gen *g, u32 most_depth);
void call_kernel(struct gen *g, u32 func);
/* generate_things.c: what only the verifier knows all of. */
void statement_thing(struct gen *g);
void thing_pointer(struct gen *g);
void thing_limit(struct gen *g);
/* generate_near.c */
void statement_near(struct gen *g);
void global_begin(struct gen *g, const struct generated_func *signature);
void global_use(struct gen *g);
/* generate_data.c, generate_packet.c */
void statement_number(struct gen *g);
void statement_arithmetic(struct gen *g);
void statement_bound(struct gen *g);
void statement_stack(struct gen *g);
void statement_spill(struct gen *g);
void statement_lookup(struct gen *g);
void statement_value(struct gen *g);
void statement_update(struct gen *g);
void statement_helper(struct gen *g);
void statement_record(struct gen *g);
void statement_dynptr(struct gen *g);
void statement_lock(struct gen *g);
void statement_inner(struct gen *g);
void statement_queue(struct gen *g);
void statement_text(struct gen *g);
void statement_percpu(struct gen *g);
void statement_halves(struct gen *g);
void statement_atomic(struct gen *g);
void statement_packet(struct gen *g);
void statement_adjust(struct gen *g);
void statement_packet_loop(struct gen *g);
void statement_packet_load(struct gen *g);
void statement_meta(struct gen *g);
void statement_socket(struct gen *g);
void statement_sums(struct gen *g);
void statement_ctx_store(struct gen *g);
/* A key for a map, at r10 - 72. */
void make_key(struct gen *g, u32 map);

#endif
