/* Generates the vectors of vectors.h from the rows of the instruction table. */
#include "conformance/vectors.h"

#include "isa/isa.h"

#define TUPLES 128

/* Values */

#define S64(x) ((u64)(s64)(x))

static const u64 edges[] = {
    0,
    1,
    2,
    S64(-1),
    S64(-2),
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    S64(INT32_MIN),
    INT64_MAX,
    S64(INT64_MIN),
    7,
    0x8000,
    0x80,
    0x123456789abcdef0,
    0xfedcba9876543210,
    31,
    32,
    33,
    63,
    64,
    65,
    0xffffffff00000000,
};
static const s32 imm_edges[] = {
    0, 1, 2, -1, -2, INT32_MAX, INT32_MIN, 7, -13, 31, 32, 33, 63, 64, 65, 0x12345678, 0xff, 0x8000,
};
static const u64 corners[][2] = {
    { S64(INT64_MIN), S64(-1) },
    { S64(INT32_MIN), S64(-1) },
    { 0x80000000, 0xffffffff },
    { 0x123456789abcdef0, 0 },
    { S64(-13), 3 },
    { 13, S64(-3) },
    { 5, 0xffffffff00000000 },
    { 1, 65 },
    { 1, 33 },
    { 0x180000000, 0x80000000 },
    { S64(-1), S64(-1) },
    { 0, 0 },
};

static u64 mix(u64 x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

struct tuple {
    u64 a, b, c; /* c: what memory holds, or r0 of a compare-exchange */
    s32 imm;
    u32 shape; /* chooses registers, offsets, directions */
};

/* Corners first, then edges, the last quarter random. */
static struct tuple tuple_at(u16 op, u32 i)
{
    u64 h = mix(op * 1000003u + i);
    struct tuple t = { .a = edges[i % ARRAY_LEN(edges)],
                       .b = edges[h % ARRAY_LEN(edges)],
                       .c = edges[h / 64 % ARRAY_LEN(edges)],
                       .imm = imm_edges[i % ARRAY_LEN(imm_edges)],
                       .shape = (u32)(h >> 40) };
    if (i < ARRAY_LEN(corners)) {
        t.a = corners[i][0];
        t.b = corners[i][1];
    }
    if (i >= TUPLES * 3 / 4) {
        t.a = mix(h);
        t.b = mix(h + 1);
        t.c = mix(h + 2);
        t.imm = (s32)mix(h + 3);
    }
    if (h % 5 == 0) /* equal values make equalities and exchanges happen */
        t.c = t.a;
    if (h % 7 == 0)
        t.b = t.a;
    return t;
}

/* Building a program */

struct build {
    struct vector v;
    u32 results; /* 8-byte results stored so far, at r10 - 64 - 8 * i */
};

static void emit(struct build *b, struct insn insn)
{
    struct isa_slot slots[2];
    u32 n = isa_encode(&insn, slots);
    for (u32 i = 0; i < n; i++, b->v.size += 8) {
        assert(b->v.size + 8 <= sizeof b->v.code);
        isa_slot_write(slots[i], b->v.code + b->v.size, false);
    }
}

#define EMIT(b, OP, ...) emit(b, (struct insn){ .op = ISA_##OP, __VA_ARGS__ })

static struct insn fixed(u16 op)
{
    const struct isa_row *row = &isa_rows[op];
    return (struct insn){ .op = op, .src = row->src, .off = row->off, .imm = (u64)(s64)row->imm };
}

static void emit_value(struct build *b, u8 reg, u64 value)
{
    EMIT(b, LDDW_IMM, .dst = reg, .imm = value);
}

static s32 result_off(u32 i) { return -64 - 8 * (s32)i; }

/* A register that the instruction may have changed. */
static void emit_result(struct build *b, u8 reg)
{
    EMIT(b, STX_DW, .dst = 10, .src = reg, .off = result_off(b->results++));
}

/* Where the address of the memory is kept while r1 has other uses. */
#define MEMORY_ADDRESS_OFF (-56)

/* A register with the address after the four words that loads and stores work on: the end of the
 * stack, or of the memory. */
static void emit_area_end(struct build *b, u8 reg)
{
    if (!b->v.memory_size) {
        EMIT(b, MOV64_REG, .dst = reg, .src = 10);
        return;
    }
    EMIT(b, LDX_DW, .dst = reg, .src = 10, .off = MEMORY_ADDRESS_OFF);
    EMIT(b, ADD64_IMM, .dst = reg, .imm = VECTOR_MEMORY);
}

/* r0 = r0 * a number + a word */
static void emit_mixed_in(struct build *b, u8 base, s32 off)
{
    EMIT(b, MUL64_IMM, .dst = 0, .imm = 0x01000193);
    EMIT(b, LDX_DW, .dst = 1, .src = base, .off = off);
    EMIT(b, ADD64_REG, .dst = 0, .src = 1);
}

/* r0 = a number made of all results and, if asked for, of the four words of the area. */
static void emit_end(struct build *b, bool area)
{
    EMIT(b, MOV64_IMM, .dst = 0, .imm = 0);
    for (u32 i = 0; i < b->results; i++)
        emit_mixed_in(b, 10, result_off(i));
    if (area)
        emit_area_end(b, 2);
    for (s32 i = 1; area && i <= 4; i++)
        emit_mixed_in(b, 2, -8 * i);
    emit(b, fixed(ISA_EXIT));
}

/* Destination and source: also the same one, and r0 in both places. */
static const u8 pairs[][2] = { { 1, 2 }, { 0, 2 }, { 2, 0 }, { 3, 3 },
                               { 0, 0 }, { 9, 8 }, { 6, 7 }, { 4, 5 } };

static void choose_pair(struct insn *insn, struct tuple t)
{
    const u8 *pair = pairs[t.shape % ARRAY_LEN(pairs)];
    insn->dst = pair[0];
    if (insn_row(insn)->operands & ISA_S)
        insn->src = pair[1];
}

static void emit_operands(struct build *b, const struct insn *insn, struct tuple t)
{
    bool src = insn_row(insn)->operands & ISA_S;
    emit_value(b, insn->dst, t.a);
    if (src && insn->src != insn->dst)
        emit_value(b, insn->src, t.b);
}

static void emit_operand_results(struct build *b, const struct insn *insn)
{
    emit_result(b, insn->dst);
    if (insn_row(insn)->operands & ISA_S)
        emit_result(b, insn->src);
}

/* Kinds */

static void build_alu(struct build *b, u16 op, struct tuple t)
{
    struct insn insn = fixed(op);
    choose_pair(&insn, t);
    if (insn_row(&insn)->operands & ISA_I)
        insn.imm = S64(t.imm);
    emit_operands(b, &insn, t);
    emit(b, insn);
    emit_operand_results(b, &insn);
    emit_end(b, false);
}

/* A mark is set unless the jump is taken; half of the jumps go back. */
static void build_cond(struct build *b, u16 op, struct tuple t)
{
    struct insn insn = fixed(op);
    choose_pair(&insn, t);
    if (insn_row(&insn)->operands & ISA_I)
        insn.imm = t.shape & 64 ? S64((s32)t.a) : S64(t.imm);
    bool back = t.shape & 32;
    s32 mark = result_off(b->results++);
    EMIT(b, ST_DW, .dst = 10, .off = mark, .imm = 2);
    emit_operands(b, &insn, t);
    if (back) {
        EMIT(b, JA, .off = 1);
        EMIT(b, JA, .off = 2);
    }
    insn.off = back ? -2 : 1;
    emit(b, insn);
    EMIT(b, ST_DW, .dst = 10, .off = mark, .imm = 1);
    emit_operand_results(b, &insn);
    emit_end(b, false);
}

/* The area is on the stack, or for every fourth vector in memory that the engine gives. */
static void emit_area(struct build *b, struct tuple t)
{
    b->v.memory_size = t.shape >> 20 & 3 ? 0 : VECTOR_MEMORY;
    if (b->v.memory_size)
        EMIT(b, STX_DW, .dst = 10, .src = 1, .off = MEMORY_ADDRESS_OFF);
    for (u32 i = 0; i < 4; i++) {
        u64 word = i == 1 ? t.c : mix(t.c + i);
        store_u64(b->v.memory + VECTOR_MEMORY - 8 * (i + 1), word, false);
        if (b->v.memory_size)
            continue;
        emit_value(b, 1, word);
        EMIT(b, STX_DW, .dst = 10, .src = 1, .off = -8 * (s32)(i + 1));
    }
}

/* The base register of an access, which is to 16 bytes before the area's end or, unaligned where
 * that may be, near it. */
static void emit_base(struct build *b, struct insn *insn, u8 base, struct tuple t)
{
    static const s32 displacements[] = { 0, 0, -24, 100, -512 };
    enum isa_kind kind = insn_kind(insn);
    bool any_place = kind == ISA_KIND_LOAD || kind == ISA_KIND_LOAD_SX ||
                     kind == ISA_KIND_STORE_REG || kind == ISA_KIND_STORE_IMM;
    u8 size = insn_row(insn)->size;
    s32 place = -16 + (s32)(t.shape % 8 / size * size);
    if (any_place && t.shape % 16 == 3)
        place = -16 + (s32)(t.shape / 16 % 8);
    s32 k = base == 10 ? 0 : displacements[t.shape / 8 % ARRAY_LEN(displacements)];
    insn->off = place - k;
    if (base == 10)
        return;
    emit_area_end(b, base);
    EMIT(b, ADD64_IMM, .dst = base, .imm = S64(k));
}

/* r10 is a base only of the stack. */
static u8 base_of(const struct build *b, u8 base)
{
    return base == 10 && b->v.memory_size ? 8 : base;
}

static void build_load(struct build *b, u16 op, struct tuple t)
{
    static const u8 ways[][2] = { { 1, 10 }, { 0, 2 }, { 3, 3 }, { 9, 8 }, { 0, 10 }, { 5, 1 } };
    const u8 *way = ways[t.shape / 128 % ARRAY_LEN(ways)];
    struct insn insn = fixed(op);
    emit_area(b, t);
    insn.dst = way[0];
    insn.src = base_of(b, way[1]);
    if (insn.dst != insn.src)
        emit_value(b, insn.dst, t.a);
    emit_base(b, &insn, insn.src, t);
    emit(b, insn);
    emit_result(b, insn.dst);
    emit_end(b, true);
}

/* Stores and atomics: the value, and r0 for a compare-exchange, are results as well. */
static void build_store(struct build *b, u16 op, struct tuple t)
{
    static const u8 ways[][2] = { { 10, 1 }, { 2, 0 }, { 8, 9 }, { 1, 5 }, { 10, 0 }, { 7, 3 } };
    const u8 *way = ways[t.shape / 128 % ARRAY_LEN(ways)];
    struct insn insn = fixed(op);
    bool reg = insn_row(&insn)->operands & ISA_S;
    emit_area(b, t);
    insn.dst = base_of(b, way[0]);
    if (reg)
        insn.src = way[1];
    else
        insn.imm = S64(t.imm);
    emit_value(b, 0, t.b);
    if (reg)
        emit_value(b, insn.src, t.a);
    emit_base(b, &insn, insn.dst, t);
    emit(b, insn);
    emit_result(b, 0);
    if (reg)
        emit_result(b, insn.src);
    emit_end(b, true);
}

static void build_lddw(struct build *b, u16 op, struct tuple t)
{
    struct insn insn = fixed(op);
    insn.dst = (u8)(t.shape % 10);
    insn.imm = t.a;
    emit(b, insn);
    emit_result(b, insn.dst);
    emit_end(b, false);
}

/* Forward, back, forward: all of it is reached. */
static void build_jump(struct build *b, u16 op, struct tuple t)
{
    static const s32 distances[] = { 1, 1, -2 };
    emit_value(b, 0, t.a);
    for (u32 i = 0; i < 3; i++) {
        struct insn insn = fixed(op);
        if (insn_row(&insn)->operands & ISA_I)
            insn.imm = S64(distances[i]);
        else
            insn.off = distances[i];
        emit(b, insn);
    }
    emit_result(b, 0);
    emit_end(b, false);
}

/* Whether it jumps is free, so both ways must come to the same. */
static void build_may_goto(struct build *b, u16 op, struct tuple t)
{
    struct insn insn = fixed(op);
    insn.off = 1;
    emit_value(b, 3, t.a);
    emit(b, insn);
    EMIT(b, MOV64_REG, .dst = 3, .src = 3);
    emit_result(b, 3);
    emit_end(b, false);
}

/* Arguments arrive, r6 to r9 and the stack of the caller stay, r0 returns. */
static void build_call(struct build *b, u16 op, struct tuple t)
{
    struct insn insn = fixed(op);
    emit_value(b, 1, t.a);
    emit_value(b, 5, t.b);
    emit_value(b, 6, t.c);
    emit_value(b, 9, t.a ^ t.b);
    EMIT(b, STX_DW, .dst = 10, .src = 1, .off = -8);
    size_t call = b->v.size;
    emit(b, insn);
    emit_result(b, 0);
    emit_result(b, 6);
    emit_result(b, 9);
    EMIT(b, LDX_DW, .dst = 7, .src = 10, .off = -8);
    emit_result(b, 7);
    emit_end(b, false);
    insn.imm = (b->v.size - call) / 8 - 1;
    struct isa_slot slot[2];
    isa_encode(&insn, slot);
    isa_slot_write(slot[0], b->v.code + call, false);
    EMIT(b, MOV64_IMM, .dst = 6, .imm = 1);
    EMIT(b, MOV64_IMM, .dst = 9, .imm = 2);
    EMIT(b, STX_DW, .dst = 10, .src = 9, .off = -8);
    EMIT(b, MOV64_REG, .dst = 0, .src = 1);
    EMIT(b, SUB64_REG, .dst = 0, .src = 5);
    emit(b, fixed(ISA_EXIT));
}

static void build_exit(struct build *b, u16 op, struct tuple t)
{
    emit_value(b, 0, t.a);
    emit(b, fixed(op));
}

typedef void builder(struct build *b, u16 op, struct tuple t);

static builder *const builders[ISA_KIND_COUNT] = {
    [ISA_KIND_BINARY_REG] = build_alu,    [ISA_KIND_BINARY_IMM] = build_alu,
    [ISA_KIND_MOVSX] = build_alu,         [ISA_KIND_NEG] = build_alu,
    [ISA_KIND_END] = build_alu,           [ISA_KIND_LOAD] = build_load,
    [ISA_KIND_LOAD_SX] = build_load,      [ISA_KIND_LOAD_ACQ] = build_load,
    [ISA_KIND_STORE_REG] = build_store,   [ISA_KIND_STORE_IMM] = build_store,
    [ISA_KIND_STORE_REL] = build_store,   [ISA_KIND_ATOMIC] = build_store,
    [ISA_KIND_FETCH] = build_store,       [ISA_KIND_XCHG] = build_store,
    [ISA_KIND_CMPXCHG] = build_store,     [ISA_KIND_LDDW] = build_lddw,
    [ISA_KIND_COND_REG] = build_cond,     [ISA_KIND_COND_IMM] = build_cond,
    [ISA_KIND_JUMP] = build_jump,         [ISA_KIND_JUMP_LONG] = build_jump,
    [ISA_KIND_MAY_GOTO] = build_may_goto, [ISA_KIND_CALL_LOCAL] = build_call,
    [ISA_KIND_EXIT] = build_exit,
};

const char *vectors_missing(uint16_t op)
{
    static const char *const reasons[ISA_KIND_COUNT] = {
        [ISA_KIND_ADDR_SPACE_CAST] = "needs an arena",
        [ISA_KIND_LDDW] = "needs maps, variables or call-backs",
        [ISA_KIND_LD_ABS] = "needs a packet",
        [ISA_KIND_LD_IND] = "needs a packet",
        [ISA_KIND_JUMP_INDIRECT] = "needs an instruction-array map",
        [ISA_KIND_CALL_HELPER] = "needs a helper",
        [ISA_KIND_CALL_KFUNC] = "needs a kfunc",
        [ISA_KIND_CALL_INDIRECT] = "needs a helper",
    };
    return op == ISA_LDDW_IMM ? NULL : reasons[isa_rows[op].kind];
}

void vectors_of_row(uint16_t op, vector_visitor *visit, void *user)
{
    builder *build = builders[isa_rows[op].kind];
    for (u32 i = 0; i < TUPLES && !vectors_missing(op); i++) {
        struct build b = { .v.op = op };
        build(&b, op, tuple_at(op, i));
        visit(user, &b.v);
    }
}
