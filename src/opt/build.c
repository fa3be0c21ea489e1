/* HOST CODE → SSA: instructions (graph.c has made the blocks).
 *
 * Blocks are filled in reverse postorder; vars.c knows which value a register has where a block
 * begins.
 *
 * Semantics are those of isa/eval.h and vm/interp.c. */
#include "opt/build.h"

#include "rt/rt.h"

#define BUILD_DEPTH_AT ((s64)offsetof(struct skep_thread, depth))

static skep_status build_nomem(const struct build *b)
{
    return RAISE(b->err, SKEP_NOMEM, NOMEM, STR("SSA"));
}

/* ---- making values */

static bool build_narrow(enum ssa_op op, u32 width)
{
    return width == 4 && ssa_rows[op].effects & SSA_VALUE && op != SSA_SEXT && op != SSA_LOADS;
}

/* What is known by the operation alone. */
static struct ssa_range build_range_of(const struct ssa_insn *insn)
{
    enum ssa_op op = (enum ssa_op)insn->op;
    u64 hi = UINT64_MAX;
    if (op >= SSA_EQ && op <= SSA_SLE)
        hi = 1;
    else if ((op == SSA_ZEXT || op == SSA_LOAD || op == SSA_BSWAP || op == SSA_LOAD_ACQUIRE) &&
             insn->width < 8)
        hi = ((u64)1 << 8 * insn->width) - 1;
    else if (build_narrow(op, insn->width))
        hi = UINT32_MAX;
    return (struct ssa_range){ 0, hi };
}

static u32 build_append(struct build *b, struct ssa_insn insn)
{
    insn.origin = b->origin;
    u32 value = ssa_new(b->func, insn);
    if (value) {
        b->func->ranges[value] = build_range_of(&insn);
        ssa_append(b->func, b->block, value);
    }
    return value;
}

static u32 build_op(struct build *b, enum ssa_op op, u32 width, u32 x, u32 y)
{
    return build_append(b,
                        (struct ssa_insn){ .op = (u16)op, .width = (u8)width, .arg = { x, y, 0 } });
}

static u32 build_select(struct build *b, u32 test, u32 yes, u32 no)
{
    return build_append(
        b, (struct ssa_insn){ .op = SSA_SELECT, .width = 8, .arg = { test, yes, no } });
}

static u32 build_const(struct build *b, u64 imm) { return ssa_const(b->func, imm); }

/* Once per function, at the entry's very beginning. */
static u32 build_at_entry(struct build *b, enum ssa_op op, u64 imm)
{
    struct ssa_insn insn = { .op = (u16)op, .width = 8, .origin = CODE_NONE, .imm = imm };
    u32 value = ssa_new(b->func, insn);
    ssa_insert_phi(b->func, 0, value);
    return value;
}

static u32 build_thread(struct build *b)
{
    if (!b->thread)
        b->thread = build_at_entry(b, SSA_THREAD, 0);
    return b->thread;
}

static u32 build_var(struct build *b, u32 var)
{
    return b->var[var] ? b->var[var] : build_const(b, 0);
}

static u32 build_reg(struct build *b, u32 reg)
{
    if (reg == 10) {
        if (!b->frame)
            b->frame = build_at_entry(b, SSA_FRAME, 0);
        return b->frame;
    }
    return build_var(b, reg);
}

static bool build_is_u32(const struct build *b, u32 value)
{
    return b->func->ranges[value].hi <= UINT32_MAX;
}

static u32 build_zext32(struct build *b, u32 value)
{
    return build_is_u32(b, value) ? value : build_op(b, SSA_ZEXT, 4, value, 0);
}

/* A call of a host function; args are values, the thread comes before them. */
static u32 build_call(struct build *b, enum ssa_op op, u64 address, const u32 *args, u32 n)
{
    u32 all[7] = { build_thread(b) };
    for (u32 i = 0; i < n; i++)
        all[i + 1] = args[i];
    struct ssa_insn call = { .op = (u16)op, .width = 8, .origin = b->origin, .imm = address };
    u32 value = ssa_new_many(b->func, call, all, n + 1);
    ssa_append(b->func, b->block, value);
    return value;
}

static u64 build_address(skep_helper_fn *function) { return (u64)(uintptr_t)function; }

/* ---- how blocks end */

static void build_jump(struct build *b) { build_op(b, SSA_JUMP, 8, 0, 0); }

/* To both successors, as far as the graph has both. */
static void build_branch(struct build *b, u32 test, u16 flags)
{
    if (b->func->blocks[b->block].succ[1] == CODE_NONE)
        build_jump(b);
    else
        build_append(
            b, (struct ssa_insn){ .op = SSA_BRANCH, .width = 8, .arg = { test }, .flags = flags });
}

static void build_return(struct build *b, u32 value) { build_op(b, SSA_RETURN, 8, value, 0); }

/* ---- arithmetic */

/* clang-format off */
#define BUILD_ROW(NAME, OP)                                                                        \
    [ISA_##NAME##64_REG] = SSA_##OP, [ISA_##NAME##64_IMM] = SSA_##OP,                              \
    [ISA_##NAME##32_REG] = SSA_##OP, [ISA_##NAME##32_IMM] = SSA_##OP
static const u8 build_ops[ISA_OP_COUNT] = {
    BUILD_ROW(ADD, ADD), BUILD_ROW(SUB, SUB), BUILD_ROW(MUL, MUL), BUILD_ROW(DIV, DIV),
    BUILD_ROW(SDIV, SDIV), BUILD_ROW(OR, OR), BUILD_ROW(AND, AND), BUILD_ROW(LSH, SHL),
    BUILD_ROW(RSH, SHR), BUILD_ROW(MOD, MOD), BUILD_ROW(SMOD, SMOD), BUILD_ROW(XOR, XOR),
    BUILD_ROW(ARSH, SAR),
    /* conditions: those with > and >= have their operands the other way round */
    BUILD_ROW(JEQ, EQ), BUILD_ROW(JNE, NE), BUILD_ROW(JSET, AND),
    BUILD_ROW(JLT, LT), BUILD_ROW(JLE, LE), BUILD_ROW(JSLT, SLT), BUILD_ROW(JSLE, SLE),
    BUILD_ROW(JGT, LT), BUILD_ROW(JGE, LE), BUILD_ROW(JSGT, SLT), BUILD_ROW(JSGE, SLE),
    /* memory */
#define BUILD_SIZE(SZ, ...)                                                                        \
    [ISA_LDX_##SZ] = SSA_LOAD, [ISA_ST_##SZ] = SSA_STORE, [ISA_STX_##SZ] = SSA_STORE,              \
    [ISA_LOAD_ACQ_##SZ] = SSA_LOAD_ACQUIRE, [ISA_STORE_REL_##SZ] = SSA_STORE_RELEASE,
#define BUILD_ATOMIC(NAME, ...)                                                                    \
    [ISA_ATOMIC_##NAME##_W] = SSA_ATOMIC_##NAME, [ISA_ATOMIC_##NAME##_DW] = SSA_ATOMIC_##NAME,     \
    [ISA_FETCH_##NAME##_W] = SSA_FETCH_##NAME, [ISA_FETCH_##NAME##_DW] = SSA_FETCH_##NAME,
    ISA_SIZES(BUILD_SIZE)
    ISA_ATOMIC(BUILD_ATOMIC)
    [ISA_LDXS_B] = SSA_LOADS, [ISA_LDXS_H] = SSA_LOADS, [ISA_LDXS_W] = SSA_LOADS,
    [ISA_CMPXCHG_W] = SSA_CMPXCHG, [ISA_CMPXCHG_DW] = SSA_CMPXCHG,
    [ISA_XCHG_W] = SSA_XCHG, [ISA_XCHG_DW] = SSA_XCHG,
};
#define BUILD_TURNED(NAME)                                                                         \
    [ISA_##NAME##64_REG] = true, [ISA_##NAME##64_IMM] = true,                                      \
    [ISA_##NAME##32_REG] = true, [ISA_##NAME##32_IMM] = true
static const bool build_turned[ISA_OP_COUNT] = {
    BUILD_TURNED(JGT), BUILD_TURNED(JGE), BUILD_TURNED(JSGT), BUILD_TURNED(JSGE),
};
/* clang-format on */
_Static_assert(SSA_OP_COUNT <= UINT8_MAX, "operations fit in the table");

/* The second operand of an operation of `width` bytes, of which 4 use the low half. */
static u32 build_operand(struct build *b, const struct host_insn *insn, u32 width, bool is_reg)
{
    if (is_reg)
        return build_reg(b, insn->src);
    return build_const(b, width == 4 ? (u32)insn->imm : insn->imm);
}

static bool build_cannot_be(struct ssa_range range, u64 number)
{
    return number < range.lo || number > range.hi;
}

/* What is known of a divisor: of its low half where that is all that counts. */
static struct ssa_range build_divisor_range(const struct build *b, u32 divisor, u32 width)
{
    struct ssa_range range = b->func->ranges[divisor];
    const struct fact *fact = build_fact(b, b->origin);
    if (fact && insn_kind(&b->host->code->insns[b->origin]) == ISA_KIND_BINARY_REG) {
        range.lo = max_u64(range.lo, fact->src.lo);
        range.hi = min_u64(range.hi, fact->src.hi);
    }
    if (width == 4 && range.hi > UINT32_MAX)
        return (struct ssa_range){ 0, UINT32_MAX };
    return range;
}

/* Quotient and remainder by what may be 0, or -1 of signed ones: the division is by 1 then, and
 * its result is not taken. */
static u32 build_divide(struct build *b, enum ssa_op op, u32 width, u32 x, u32 y)
{
    bool is_signed = op == SSA_SDIV || op == SSA_SMOD, is_mod = op == SSA_MOD || op == SSA_SMOD;
    u64 minus_one = width == 4 ? UINT32_MAX : UINT64_MAX;
    struct ssa_range range = build_divisor_range(b, y, width);
    u32 is_zero = 0, is_minus_one = 0;
    if (!build_cannot_be(range, 0))
        is_zero = build_op(b, SSA_EQ, width, y, build_const(b, 0));
    if (is_signed && !build_cannot_be(range, minus_one))
        is_minus_one = build_op(b, SSA_EQ, width, y, build_const(b, minus_one));
    u32 divisor = y;
    if (is_minus_one)
        divisor = build_select(b, is_minus_one, build_const(b, 1), divisor);
    if (is_zero)
        divisor = build_op(b, SSA_OR, width, divisor, is_zero);
    u32 result = build_op(b, op, width, x, divisor);
    if (is_minus_one && !is_mod)
        result = build_select(b, is_minus_one, build_op(b, SSA_NEG, width, x, 0), result);
    if (!is_zero)
        return result;
    u32 of_zero = !is_mod ? build_const(b, 0) : width == 4 ? build_zext32(b, x) : x;
    return build_select(b, is_zero, of_zero, result);
}

static u32 build_divide_by(struct build *b, enum ssa_op op, u32 width, u32 x, u64 divisor)
{
    bool is_mod = op == SSA_MOD || op == SSA_SMOD;
    divisor = width == 4 ? (u32)divisor : divisor;
    bool is_minus_one = divisor == (width == 4 ? UINT32_MAX : UINT64_MAX);
    if (divisor == 0)
        return !is_mod ? build_const(b, 0) : width == 4 ? build_zext32(b, x) : x;
    if (is_minus_one && op == SSA_SDIV)
        return build_op(b, SSA_NEG, width, x, 0);
    if (is_minus_one && op == SSA_SMOD)
        return build_const(b, 0);
    return build_op(b, op, width, x, build_const(b, divisor));
}

static void build_binary(struct build *b, const struct host_insn *insn, bool is_reg)
{
    u32 width = isa_rows[insn->op].size;
    enum ssa_op op = (enum ssa_op)build_ops[insn->op];
    u32 y = build_operand(b, insn, width, is_reg);
    if (op == SSA_NONE) { /* a move */
        b->var[insn->dst] = width == 4 ? build_zext32(b, y) : y;
        return;
    }
    u32 x = build_reg(b, insn->dst);
    if (op < SSA_DIV || op > SSA_SMOD)
        b->var[insn->dst] = build_op(b, op, width, x, y);
    else if (ssa_is_const(b->func, y))
        b->var[insn->dst] = build_divide_by(b, op, width, x, ssa_at(b->func, y)->imm);
    else
        b->var[insn->dst] = build_divide(b, op, width, x, y);
}

static void build_movsx(struct build *b, const struct host_insn *insn)
{
    bool from_8 = insn->op == ISA_MOVSX8_64 || insn->op == ISA_MOVSX8_32;
    bool from_16 = insn->op == ISA_MOVSX16_64 || insn->op == ISA_MOVSX16_32;
    u32 value = build_op(b, SSA_SEXT, from_8 ? 1 : from_16 ? 2 : 4, build_reg(b, insn->src), 0);
    b->var[insn->dst] = isa_rows[insn->op].size == 4 ? build_op(b, SSA_ZEXT, 4, value, 0) : value;
}

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define BUILD_HOST_IS_LE false
#else
#define BUILD_HOST_IS_LE true
#endif

static void build_end(struct build *b, const struct host_insn *insn)
{
    u32 width = isa_rows[insn->op].size, value = build_reg(b, insn->dst);
    bool is_le = insn->op == ISA_LE16 || insn->op == ISA_LE32 || insn->op == ISA_LE64;
    bool is_be = insn->op == ISA_BE16 || insn->op == ISA_BE32 || insn->op == ISA_BE64;
    if ((is_le && BUILD_HOST_IS_LE) || (is_be && !BUILD_HOST_IS_LE))
        b->var[insn->dst] = width == 8 ? value : build_op(b, SSA_ZEXT, width, value, 0);
    else
        b->var[insn->dst] = build_op(b, SSA_BSWAP, width, value, 0);
}

/* ---- memory */

static u8 build_region(const struct build *b, const struct host_insn *insn)
{
    const struct fact *fact = build_fact(b, insn->origin);
    return insn->region == HOST_REGION_ANY && fact ? fact->region : insn->region;
}

static u32 build_memory(struct build *b, const struct host_insn *insn, enum ssa_op op, u32 width,
                        u32 base, u32 x, u32 y)
{
    return build_append(b, (struct ssa_insn){ .op = (u16)op,
                                              .width = (u8)width,
                                              .region = build_region(b, insn),
                                              .arg = { base, x, y },
                                              .off = insn->off });
}

static u64 build_low_bytes(u64 imm, u32 width)
{
    return width == 8 ? imm : imm & (((u64)1 << 8 * width) - 1);
}

static void build_access(struct build *b, const struct host_insn *insn)
{
    u32 width = isa_rows[insn->op].size, stored = 0, more = 0;
    enum ssa_op op = (enum ssa_op)build_ops[insn->op];
    bool is_load = op == SSA_LOAD || op == SSA_LOADS || op == SSA_LOAD_ACQUIRE;
    u32 base = build_reg(b, is_load ? insn->src : insn->dst);
    if (build_kind_of(insn) == ISA_KIND_STORE_IMM)
        stored = build_const(b, build_low_bytes(insn->imm, width));
    else if (!is_load)
        stored = build_reg(b, op == SSA_CMPXCHG ? 0 : insn->src);
    if (op == SSA_CMPXCHG)
        more = build_reg(b, insn->src);
    u32 value = build_memory(b, insn, op, width, base, stored, more);
    if (ssa_rows[op].effects & SSA_VALUE)
        b->var[is_load ? insn->dst : op == SSA_CMPXCHG ? 0 : insn->src] = value;
}

static void build_ctx_access(struct build *b, const struct host_insn *insn)
{
    if (insn->op <= HOST_CTX_LOAD_DW) {
        u32 width = 1u << (insn->op - HOST_CTX_LOAD_B);
        u32 src = build_reg(b, insn->src);
        b->var[insn->dst] = build_memory(b, insn, SSA_LOAD, width, src, 0, 0);
    } else {
        u32 width = 1u << (insn->op - HOST_CTX_STORE_B);
        u32 dst = build_reg(b, insn->dst);
        build_memory(b, insn, SSA_STORE, width, dst, build_reg(b, insn->src), 0);
    }
}

/* Of the address itself: the number that goes with the guard takes the displacement's place. */
static void build_guard(struct build *b, const struct host_insn *insn)
{
    u32 address = build_reg(b, insn->dst);
    if (insn->off)
        address = build_op(b, SSA_ADD, 8, address, build_const(b, (u64)(s64)insn->off));
    build_append(b, (struct ssa_insn){ .op = SSA_GUARD,
                                       .width = 8,
                                       .region = insn->region,
                                       .arg = { address },
                                       .imm = insn->imm });
    b->program->guarded = true;
}

/* ---- calls */

/* A pure helper whose result does not come out of memory that the program can change. */
static bool build_reads_no_memory(const struct skep_helper *helper)
{
    static const bool is_plain[SKEP_ARG_KIND_COUNT] = {
        [SKEP_ARG_NONE] = true,
        [SKEP_ARG_ANYTHING] = true,
        [SKEP_ARG_SCALAR] = true,
        [SKEP_ARG_ALLOC_SIZE] = true,
    };
    for (u32 i = 0; i < 5; i++)
        if (helper->args[i].kind >= SKEP_ARG_KIND_COUNT || !is_plain[helper->args[i].kind])
            return false;
    return true;
}

/* What the contract says of the result. */
static struct ssa_range build_result_range(const struct skep_helper *helper)
{
    const struct ssa_range any = { 0, UINT64_MAX };
    if (!helper || helper->ret.kind != SKEP_RET_INTEGER || helper->ret.lo < 0 ||
        helper->ret.hi <= helper->ret.lo || helper->ret.flags & SKEP_RET_AT_MOST_SIZE)
        return any;
    return (struct ssa_range){ (u64)helper->ret.lo, (u64)helper->ret.hi };
}

static void build_forget_args(struct build *b) { memset(&b->var[1], 0, 5 * sizeof(*b->var)); }

static void build_helper_call(struct build *b, const struct host_insn *insn)
{
    const struct skep_helper *helper = build_helper(b->host, insn);
    u32 args[5], n = build_n_args(helper);
    enum ssa_op op = insn->op == HOST_CALL ? SSA_CALL : SSA_CALL_QUIET;
    if (op == SSA_CALL_QUIET && helper && build_reads_no_memory(helper))
        op = SSA_CALL_PURE;
    for (u32 i = 0; i < n; i++)
        args[i] = build_reg(b, i + 1);
    b->var[0] = build_call(b, op, insn->imm, args, n);
    b->func->ranges[b->var[0]] = build_result_range(helper);
    build_forget_args(b);
}

static void build_store_depth(struct build *b, u32 depth)
{
    build_append(b, (struct ssa_insn){ .op = SSA_STORE,
                                       .width = 4,
                                       .region = HOST_REGION_HOST,
                                       .arg = { build_thread(b), depth },
                                       .off = BUILD_DEPTH_AT });
}

static void build_local_call(struct build *b, const struct host_insn *insn)
{
    u32 callee = build_callee(b->host, insn), n = b->funcs[callee].n_params;
    bool counts = b->funcs[callee].makes_calls;
    u32 args[7] = { build_thread(b),
                    build_op(b, SSA_ADD, 8, build_reg(b, 10), build_const(b, RT_FRAME_BYTES)) };
    for (u32 i = 0; i < n; i++)
        args[i + 2] = build_reg(b, i + 1);
    if (counts)
        build_store_depth(b, build_op(b, SSA_ADD, 4, b->depth, build_const(b, 1)));
    struct ssa_insn call = { .op = SSA_CALL_LOCAL, .width = 8, .origin = b->origin, .imm = callee };
    b->var[0] = ssa_new_many(b->func, call, args, n + 2);
    ssa_append(b->func, b->block, b->var[0]);
    if (counts)
        build_store_depth(b, b->depth);
    build_forget_args(b);
}

/* Once per function that makes local calls: the depth is the same all the while it runs. */
static void build_load_depth(struct build *b)
{
    b->depth = build_append(b, (struct ssa_insn){ .op = SSA_LOAD,
                                                  .width = 4,
                                                  .region = HOST_REGION_HOST,
                                                  .arg = { build_thread(b) },
                                                  .off = BUILD_DEPTH_AT });
}

static void build_depth_test(struct build *b)
{
    u32 full = build_op(b, SSA_LE, 4, build_const(b, RT_MAX_FRAMES), b->depth);
    build_branch(b, full, SSA_UNLIKELY);
}

static void build_tail_call(struct build *b)
{
    const u32 args[] = { build_reg(b, 1), build_reg(b, 2), build_reg(b, 3) };
    u32 taken = build_call(b, SSA_CALL_QUIET, build_address(rt_native_tail_call), args, 3);
    build_branch(b, taken, 0);
}

static void build_packet_word(struct build *b, const struct host_insn *insn)
{
    u32 offset = build_const(b, (u32)insn->imm);
    if (build_kind_of(insn) == ISA_KIND_LD_IND)
        offset = build_op(b, SSA_ADD, 4, build_reg(b, insn->src), offset);
    const u32 args[] = { offset, build_const(b, isa_rows[insn->op].size) };
    b->var[0] = build_call(b, SSA_CALL_QUIET, build_address(rt_native_packet_word), args, 2);
    u32 missing = build_op(b, SSA_EQ, 8, b->var[0], build_const(b, UINT64_MAX));
    build_branch(b, missing, SSA_UNLIKELY);
}

/* What stops the run for good; control does not come back. */
static void build_stop(struct build *b, skep_helper_fn *function)
{
    u32 insn = build_const(b, b->origin);
    b->func->blocks[b->block].cold = true;
    build_call(b, SSA_CALL, build_address(function), &insn, 1);
    build_return(b, build_const(b, 0));
}

/* ---- control */

static void build_cond(struct build *b, const struct host_insn *insn, bool is_reg)
{
    u32 width = isa_rows[insn->op].size;
    if (b->func->blocks[b->block].succ[1] == CODE_NONE) {
        build_jump(b);
        return;
    }
    u32 x = build_reg(b, insn->dst), y = build_operand(b, insn, width, is_reg);
    enum ssa_op op = (enum ssa_op)build_ops[insn->op];
    u32 test = build_turned[insn->op] ? build_op(b, op, width, y, x) : build_op(b, op, width, x, y);
    if (op == SSA_AND)
        test = build_op(b, SSA_NE, width, test, build_const(b, 0));
    build_branch(b, test, 0);
}

static void build_may_goto(struct build *b)
{
    u32 none_left = build_op(b, SSA_EQ, 8, build_var(b, BUILD_LOOPS), build_const(b, 0));
    build_branch(b, none_left, SSA_UNLIKELY);
}

/* ---- instructions */

static void build_isa(struct build *b, const struct host_insn *insn)
{
    enum isa_kind kind = build_kind_of(insn);
    switch (kind) {
    case ISA_KIND_BINARY_REG:
    case ISA_KIND_BINARY_IMM: build_binary(b, insn, kind == ISA_KIND_BINARY_REG); break;
    case ISA_KIND_MOVSX: build_movsx(b, insn); break;
    case ISA_KIND_NEG:
        b->var[insn->dst] =
            build_op(b, SSA_NEG, isa_rows[insn->op].size, build_reg(b, insn->dst), 0);
        break;
    case ISA_KIND_END: build_end(b, insn); break;
    case ISA_KIND_LOAD:
    case ISA_KIND_LOAD_SX:
    case ISA_KIND_STORE_REG:
    case ISA_KIND_STORE_IMM:
    case ISA_KIND_ATOMIC:
    case ISA_KIND_FETCH:
    case ISA_KIND_XCHG:
    case ISA_KIND_CMPXCHG:
    case ISA_KIND_LOAD_ACQ:
    case ISA_KIND_STORE_REL: build_access(b, insn); break;
    case ISA_KIND_LD_ABS:
    case ISA_KIND_LD_IND: build_packet_word(b, insn); break;
    case ISA_KIND_COND_REG:
    case ISA_KIND_COND_IMM: build_cond(b, insn, kind == ISA_KIND_COND_REG); break;
    case ISA_KIND_JUMP:
    case ISA_KIND_JUMP_LONG: build_jump(b); break;
    case ISA_KIND_MAY_GOTO: build_may_goto(b); break;
    case ISA_KIND_CALL_LOCAL: build_depth_test(b); break;
    case ISA_KIND_EXIT: build_return(b, build_reg(b, 0)); break;
    case ISA_KIND_ADDR_SPACE_CAST: /* lowering leaves none of these */
    case ISA_KIND_LDDW:
    case ISA_KIND_JUMP_INDIRECT:
    case ISA_KIND_CALL_HELPER:
    case ISA_KIND_CALL_KFUNC:
    case ISA_KIND_CALL_INDIRECT:
    case ISA_KIND_COUNT: UNREACHABLE();
    }
}

static void build_host(struct build *b, const struct host_insn *insn)
{
    switch ((enum host_op)insn->op) {
    case HOST_CHARGE:
        build_append(b, (struct ssa_insn){ .op = SSA_CHARGE, .width = 8, .imm = insn->imm });
        break;
    case HOST_CONST: b->var[insn->dst] = build_const(b, insn->imm); break;
    case HOST_CTX_LOAD_B:
    case HOST_CTX_LOAD_H:
    case HOST_CTX_LOAD_W:
    case HOST_CTX_LOAD_DW:
    case HOST_CTX_STORE_B:
    case HOST_CTX_STORE_H:
    case HOST_CTX_STORE_W:
    case HOST_CTX_STORE_DW: build_ctx_access(b, insn); break;
    case HOST_CALL:
    case HOST_CALL_PURE: build_helper_call(b, insn); break;
    case HOST_TAIL_CALL: build_tail_call(b); break;
    case HOST_GUARD: build_guard(b, insn); break;
    case HOST_TRAP: build_stop(b, rt_native_trap); break;
    case HOST_FIRST:
    case HOST_OP_COUNT: UNREACHABLE();
    }
}

/* The variable that holds what a CODE instruction computes; BUILD_VARS: none, or more than a value.
 */
static u32 build_result_of(const struct build *b, u32 origin)
{
    enum { IN_DST = 1, IN_R0 };
    static const u8 where[ISA_KIND_COUNT] = {
        [ISA_KIND_BINARY_REG] = IN_DST, [ISA_KIND_BINARY_IMM] = IN_DST,
        [ISA_KIND_MOVSX] = IN_DST,      [ISA_KIND_NEG] = IN_DST,
        [ISA_KIND_END] = IN_DST,        [ISA_KIND_LOAD] = IN_DST,
        [ISA_KIND_LOAD_SX] = IN_DST,    [ISA_KIND_CALL_HELPER] = IN_R0,
        [ISA_KIND_CALL_KFUNC] = IN_R0,
    };
    const struct insn *insn = &b->host->code->insns[origin];
    u8 in = where[insn_kind(insn)];
    return in == IN_DST ? insn->dst : in == IN_R0 ? 0 : BUILD_VARS;
}

/* What the verifier knows of the result is known of the value that was made for it, and of no older
 * one. */
static void build_learn(struct build *b, u32 n_before)
{
    const struct fact *fact = build_fact(b, b->origin);
    u32 var = fact && fact->flags & FACT_REACHED ? build_result_of(b, b->origin) : BUILD_VARS;
    u32 value = var < BUILD_VARS && var != BUILD_LOOPS ? b->var[var] : 0;
    if (value < n_before || value == 0 || ssa_is_const(b->func, value))
        return;
    struct ssa_range *range = &b->func->ranges[value];
    u64 lo = max_u64(range->lo, fact->out.lo), hi = min_u64(range->hi, fact->out.hi);
    if (lo > hi)
        return;
    *range = (struct ssa_range){ lo, hi };
    if (lo == hi)
        b->var[var] = build_const(b, lo);
}

static void build_insns(struct build *b, u32 start, u32 end)
{
    for (u32 i = start; i < end; i++) {
        const struct host_insn *insn = &b->host->insns[i];
        u32 n_before = b->func->n;
        b->origin = insn->origin;
        if (build_is_isa(insn))
            build_isa(b, insn);
        else
            build_host(b, insn);
        if (b->in->facts && (i + 1 == end || insn[1].origin != insn->origin))
            build_learn(b, n_before);
    }
}

/* ---- values at the function's beginning */

/* The counter of may_goto begins anew in each activation. */
static void build_begin_func(struct build *b)
{
    u64 live = b->at->vars.blocks[0].live;
    for (u32 i = 0; i < 5; i++)
        if (live >> (i + 1) & 1)
            b->var[i + 1] = build_at_entry(b, SSA_PARAM, i);
    if (live >> BUILD_LOOPS & 1)
        b->var[BUILD_LOOPS] = build_const(b, RT_MAY_GOTO_LOOPS);
    if (b->at->has_local_calls)
        build_load_depth(b);
}

/* ---- blocks and functions */

static void build_block_of_kind(struct build *b, const struct build_block *block)
{
    const struct host_insn *insn = &b->host->insns[block->start];
    b->origin = insn->origin;
    switch ((enum build_kind)block->kind) {
    case BUILD_CODE: build_insns(b, block->start, block->end); break;
    case BUILD_ENTRY: break;
    case BUILD_LESS:
        b->var[BUILD_LOOPS] = build_op(b, SSA_SUB, 8, build_var(b, BUILD_LOOPS), build_const(b, 1));
        break;
    case BUILD_CALL: build_local_call(b, insn); break;
    case BUILD_DEPTH: build_stop(b, rt_native_depth); break;
    case BUILD_ZERO: build_return(b, build_const(b, 0)); break;
    case BUILD_TAIL:
        build_return(b, build_call(b, SSA_CALL, build_address(rt_native_tail_target), NULL, 0));
        break;
    }
    u32 last = b->func->blocks[b->block].last;
    if (!last || !ssa_has(ssa_at(b->func, last), SSA_ENDS))
        build_jump(b);
}

static skep_status build_func(struct build *b, u32 number)
{
    struct ssa_func *func = b->func = &b->program->funcs[number];
    b->at = &b->funcs[number];
    b->var = b->at->vars.value;
    b->frame = b->thread = b->depth = 0;
    func->makes_calls = b->at->makes_calls;
    for (u32 i = 0; i < func->n_order && !func->failed; i++) {
        b->block = func->order[i];
        vars_begin_block(&b->at->vars, b->block);
        if (i == 0)
            build_begin_func(b);
        build_block_of_kind(b, &b->at->blocks[b->block]);
        vars_end_block(&b->at->vars, b->block);
    }
    vars_fill_phis(&b->at->vars);
    if (!func->failed)
        ssa_reserve(func, func->n + func->n / 4, func->n_many + func->n_many / 4, func->n_blocks);
    func->is_new = false;
    return func->failed ? build_nomem(b) : SKEP_OK;
}

skep_status opt_build(struct arena *arena, struct arena *works, struct arena *scratch,
                      const struct opt_input *in, struct ssa_program *out, skep_error *err)
{
    struct build b = { .in = in, .host = in->host, .program = out, .scratch = scratch, .err = err };
    u32 n = in->host->n_funcs;
    *out = (struct ssa_program){
        .arena = arena,
        .n_funcs = n,
        .funcs = arena_array(arena, struct ssa_func, n),
        .order = arena_array(arena, u32, n),
        .host = in->host,
        .metered = in->metered,
    };
    if (!out->funcs || !out->order)
        return build_nomem(&b);
    for (u32 f = 0; f < n; f++)
        out->funcs[f].arena = &works[f];
    TRY(build_graphs(&b));
    for (u32 i = 0; i < out->n_order; i++)
        TRY(build_func(&b, out->order[i]));
    return SKEP_OK;
}

#undef BUILD_DEPTH_AT
#undef BUILD_ROW
#undef BUILD_SIZE
#undef BUILD_ATOMIC
#undef BUILD_TURNED
#undef BUILD_HOST_IS_LE
