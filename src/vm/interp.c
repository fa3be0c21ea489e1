/* The interpreter: runs prepared code (interp.h) of programs that are trusted or verified, so it
 * looks at fuel, stops and the depth of calls and at nothing else.
 *
 * Handlers come from the lists of the instruction table, values from isa/eval.h.  Dispatch is
 * direct-threaded: every handler ends in a jump of its own, which the processor predicts by what
 * came before.  A conditional jump dispatches on either side, so that the next instruction is
 * found by prediction and not by waiting for the comparison. */
#include "vm/interp.h"

#include "isa/eval.h"
#include "vm/common.h"

struct interp_frame {
    const struct interp_insn *back;
    u64 r6, r7, r8, r9;
};

static COLD skep_status interp_trap(struct skep_thread *thread, const struct interp *interp,
                                    const struct interp_insn *ip)
{
    return rt_fault_trap(thread, interp->code, interp->helpers, interp->origin[ip - interp->insns]);
}

static COLD skep_status interp_too_deep(struct skep_thread *thread, const struct interp *interp,
                                        const struct interp_insn *ip)
{
    return rt_fault_depth(thread, interp->code, interp->origin[ip - interp->insns]);
}

/* Builds with assertions hold helpers to their contracts, which the call by address knows nothing
 * of. */
#ifdef NDEBUG
#define CALL_HELPER() helper(thread, reg[1], reg[2], reg[3], reg[4], reg[5])
#else
#define CALL_HELPER() interp_call(thread, interp, ip, helper, &reg[1])
static u64 interp_call(struct skep_thread *thread, const struct interp *interp,
                       const struct interp_insn *ip, skep_helper_fn *helper, const u64 args[5])
{
    if (!interp->helpers)
        return helper(thread, args[0], args[1], args[2], args[3], args[4]);
    return rt_call_helper(thread, interp->helpers[interp->origin[ip - interp->insns]], args);
}
#endif

/* ---- the loop */

#if INTERP_THREADED
#define CASE(OP, VARIANT) L_##OP##_##VARIANT:
#define DISPATCH() __extension__({ goto * ip->label; })
#else
#define CASE(OP, VARIANT) case (u64)OP *INTERP_VARIANTS + VARIANT:
#define DISPATCH() goto dispatch
#endif
#define NEXT()                                                                                     \
    do {                                                                                           \
        ip++;                                                                                      \
        DISPATCH();                                                                                \
    } while (0)
#define DST (reg[ip->dst])
#define SRC (reg[ip->src])
#define IMM ((u64)(s64)ip->imm)
/* Sets dst and the accumulator. */
#define WRITE(value)                                                                               \
    do {                                                                                           \
        reg[ip->dst] = acc = (value);                                                              \
        NEXT();                                                                                    \
    } while (0)
#define PAY(amount)                                                                                \
    do {                                                                                           \
        fuel -= (u32)(amount);                                                                     \
        if (UNLIKELY(fuel < 0 || atomic_load_explicit(&thread->cancel, memory_order_relaxed)))     \
            goto stop_paying;                                                                      \
    } while (0)
#define TO_CHARGE()                                                                                \
    do {                                                                                           \
        PAY(ip->imm);                                                                              \
        ip++;                                                                                      \
    } while (0)

/* clang-format off */
#define INTERP_BINARY(NAME, name, ...)                                                             \
    INTERP_BINARY_W(NAME, name, 64)                                                                \
    INTERP_BINARY_W(NAME, name, 32)
#define INTERP_BINARY_W(NAME, name, w)                                                             \
    CASE(ISA_##NAME##w##_REG, 0) WRITE(eval_##name##w(DST, SRC));                                  \
    CASE(ISA_##NAME##w##_REG, 1) WRITE(eval_##name##w(acc, SRC));                                  \
    CASE(ISA_##NAME##w##_REG, 2) WRITE(eval_##name##w(DST, acc));                                  \
    CASE(ISA_##NAME##w##_REG, 3) WRITE(eval_##name##w(acc, acc));                                  \
    CASE(ISA_##NAME##w##_IMM, 0) WRITE(eval_##name##w(DST, IMM));                                  \
    CASE(ISA_##NAME##w##_IMM, 1) WRITE(eval_##name##w(acc, IMM));

#define JUMP_IF(condition, at_target)                                                              \
    do {                                                                                           \
        if (condition) {                                                                           \
            ip += ip->off;                                                                         \
            at_target;                                                                             \
            DISPATCH();                                                                            \
        }                                                                                          \
        NEXT();                                                                                    \
    } while (0)
#define INTERP_COND(NAME, name, ...)                                                               \
    INTERP_COND_W(NAME, name, 64)                                                                  \
    INTERP_COND_W(NAME, name, 32)
#define INTERP_COND_W(NAME, name, w)                                                               \
    CASE(ISA_##NAME##w##_REG, 0) JUMP_IF(eval_##name##w(DST, SRC), );                              \
    CASE(ISA_##NAME##w##_REG, 1) JUMP_IF(eval_##name##w(acc, SRC), );                              \
    CASE(ISA_##NAME##w##_REG, 2) JUMP_IF(eval_##name##w(DST, acc), );                              \
    CASE(ISA_##NAME##w##_REG, 3) JUMP_IF(eval_##name##w(acc, acc), );                              \
    CASE(ISA_##NAME##w##_REG, 4) JUMP_IF(eval_##name##w(DST, SRC), TO_CHARGE());                   \
    CASE(ISA_##NAME##w##_REG, 5) JUMP_IF(eval_##name##w(acc, SRC), TO_CHARGE());                   \
    CASE(ISA_##NAME##w##_REG, 6) JUMP_IF(eval_##name##w(DST, acc), TO_CHARGE());                   \
    CASE(ISA_##NAME##w##_REG, 7) JUMP_IF(eval_##name##w(acc, acc), TO_CHARGE());                   \
    CASE(ISA_##NAME##w##_IMM, 0) JUMP_IF(eval_##name##w(DST, IMM), );                              \
    CASE(ISA_##NAME##w##_IMM, 1) JUMP_IF(eval_##name##w(acc, IMM), );                              \
    CASE(ISA_##NAME##w##_IMM, 4) JUMP_IF(eval_##name##w(DST, IMM), TO_CHARGE());                   \
    CASE(ISA_##NAME##w##_IMM, 5) JUMP_IF(eval_##name##w(acc, IMM), TO_CHARGE());

#define INTERP_MOVSX(from, to)                                                                     \
    CASE(ISA_MOVSX##from##_##to, 0) WRITE(eval_movsx##from##_##to(SRC));                           \
    CASE(ISA_MOVSX##from##_##to, 2) WRITE(eval_movsx##from##_##to(acc));
#define INTERP_UNARY(NAME, name)                                                                   \
    CASE(ISA_##NAME, 0) WRITE(eval_##name(DST));                                                   \
    CASE(ISA_##NAME, 1) WRITE(eval_##name(acc));

#define OFF ((u64)(s64)ip->off)
#define INTERP_MEMORY(SZ, bits, bytes, utype, stype)                                               \
    CASE(ISA_LDX_##SZ, 0) WRITE(vm_load_##SZ(SRC + OFF));                                      \
    CASE(ISA_LDX_##SZ, 2) WRITE(vm_load_##SZ(acc + OFF));                                      \
    CASE(ISA_STX_##SZ, 0) { vm_store_##SZ(DST + OFF, SRC); NEXT(); }                           \
    CASE(ISA_STX_##SZ, 1) { vm_store_##SZ(acc + OFF, SRC); NEXT(); }                           \
    CASE(ISA_STX_##SZ, 2) { vm_store_##SZ(DST + OFF, acc); NEXT(); }                           \
    CASE(ISA_STX_##SZ, 3) { vm_store_##SZ(acc + OFF, acc); NEXT(); }                           \
    CASE(ISA_ST_##SZ, 0) { vm_store_##SZ(DST + OFF, IMM); NEXT(); }                            \
    CASE(ISA_ST_##SZ, 1) { vm_store_##SZ(acc + OFF, IMM); NEXT(); }                            \
    CASE(ISA_LOAD_ACQ_##SZ, 0) { DST = vm_load_acquire_##SZ(SRC + OFF); NEXT(); }                  \
    CASE(ISA_STORE_REL_##SZ, 0) { vm_store_release_##SZ(DST + OFF, SRC); NEXT(); }                 \
    CASE(HOST_CTX_LOAD_##SZ, 0) WRITE(vm_load_##SZ(SRC + IMM));                                \
    CASE(HOST_CTX_STORE_##SZ, 0) { vm_store_##SZ(DST + IMM, SRC); NEXT(); }
#define INTERP_LOAD_SX(SZ, bits)                                                                   \
    CASE(ISA_LDXS_##SZ, 0) WRITE(eval_movsx##bits##_64(vm_load_##SZ(SRC + OFF)));              \
    CASE(ISA_LDXS_##SZ, 2) WRITE(eval_movsx##bits##_64(vm_load_##SZ(acc + OFF)));

#define INTERP_ATOMIC(NAME, name, ...)                                                             \
    CASE(ISA_ATOMIC_##NAME##_W, 0) { vm_fetch_##name##_W(DST + OFF, SRC); NEXT(); }                \
    CASE(ISA_ATOMIC_##NAME##_DW, 0) { vm_fetch_##name##_DW(DST + OFF, SRC); NEXT(); }              \
    CASE(ISA_FETCH_##NAME##_W, 0) { SRC = vm_fetch_##name##_W(DST + OFF, SRC); NEXT(); }           \
    CASE(ISA_FETCH_##NAME##_DW, 0) { SRC = vm_fetch_##name##_DW(DST + OFF, SRC); NEXT(); }
#define INTERP_EXCHANGE(SZ)                                                                        \
    CASE(ISA_XCHG_##SZ, 0) { SRC = vm_exchange_##SZ(DST + OFF, SRC); NEXT(); }                     \
    CASE(ISA_CMPXCHG_##SZ, 0) { reg[0] = vm_compare_exchange_##SZ(DST + OFF, reg[0], SRC); NEXT(); }

#define INTERP_PACKET(SZ, bytes)                                                                   \
    CASE(ISA_LD_ABS_##SZ, 0)                                                                       \
    {                                                                                              \
        if (!packet_word(thread->packet, ip->imm, bytes, &reg[0]))                                 \
            goto exit_with_zero;                                                                   \
        NEXT();                                                                                    \
    }                                                                                              \
    CASE(ISA_LD_IND_##SZ, 0)                                                                       \
    {                                                                                              \
        if (!packet_word(thread->packet, (s32)(u32)(SRC + IMM), bytes, &reg[0]))                             \
            goto exit_with_zero;                                                                   \
        NEXT();                                                                                    \
    }

/* Where the table of labels lists what the handlers above define. */
#define ROW(OP, VARIANT)             [OP][VARIANT] = &&L_##OP##_##VARIANT,
#define ROWS_1(OP)                   ROW(OP, 0)
#define ROWS_D(OP)                   ROW(OP, 0) ROW(OP, 1)
#define ROWS_S(OP)                   ROW(OP, 0) ROW(OP, 2)
#define ROWS_DS(OP)                  ROW(OP, 0) ROW(OP, 1) ROW(OP, 2) ROW(OP, 3)
#define ROWS_BINARY(NAME, ...)                                                                     \
    ROWS_DS(ISA_##NAME##64_REG) ROWS_D(ISA_##NAME##64_IMM)                                         \
    ROWS_DS(ISA_##NAME##32_REG) ROWS_D(ISA_##NAME##32_IMM)
#define ROWS_COND_REG(OP)                                                                          \
    ROWS_DS(OP) ROW(OP, 4) ROW(OP, 5) ROW(OP, 6) ROW(OP, 7)
#define ROWS_COND_IMM(OP)            ROWS_D(OP) ROW(OP, 4) ROW(OP, 5)
#define ROWS_COND(NAME, ...)                                                                       \
    ROWS_COND_REG(ISA_##NAME##64_REG) ROWS_COND_IMM(ISA_##NAME##64_IMM)                            \
    ROWS_COND_REG(ISA_##NAME##32_REG) ROWS_COND_IMM(ISA_##NAME##32_IMM)
#define ROWS_MEMORY(SZ, ...)                                                                       \
    ROWS_S(ISA_LDX_##SZ) ROWS_DS(ISA_STX_##SZ) ROWS_D(ISA_ST_##SZ)                                 \
    ROWS_1(ISA_LOAD_ACQ_##SZ) ROWS_1(ISA_STORE_REL_##SZ)                                           \
    ROWS_1(HOST_CTX_LOAD_##SZ) ROWS_1(HOST_CTX_STORE_##SZ)
#define ROWS_ATOMIC(NAME, ...)                                                                     \
    ROWS_1(ISA_ATOMIC_##NAME##_W) ROWS_1(ISA_ATOMIC_##NAME##_DW)                                   \
    ROWS_1(ISA_FETCH_##NAME##_W) ROWS_1(ISA_FETCH_##NAME##_DW)
#define ROWS_LOAD_SX(SZ)             ROWS_S(ISA_LDXS_##SZ)
#define ROWS_EXCHANGE(SZ)            ROWS_1(ISA_XCHG_##SZ) ROWS_1(ISA_CMPXCHG_##SZ)
#define ROWS_PACKET(SZ)              ROWS_1(ISA_LD_ABS_##SZ) ROWS_1(ISA_LD_IND_##SZ)
/* clang-format on */

/* Runs from *ip until EXIT of the first frame.  thread->depth counts that frame already.  With
 * handlers, only hands out where they are. */
static skep_status interp_loop(struct skep_thread *thread, const struct interp *interp,
                               const struct interp_insn *ip, u64 *reg, bool is_main, u64 *r0,
                               const void *const (**handlers)[INTERP_VARIANTS])
{
#if INTERP_THREADED
    /* clang-format off */
    __extension__ static const void *const labels[INTERP_OP_COUNT][INTERP_VARIANTS] = {
        ISA_BINARY(ROWS_BINARY)
        ISA_COND(ROWS_COND)
        ISA_SIZES(ROWS_MEMORY)
        ISA_ATOMIC(ROWS_ATOMIC)
        ROWS_LOAD_SX(B) ROWS_LOAD_SX(H) ROWS_LOAD_SX(W)
        ROWS_S(ISA_MOVSX8_64) ROWS_S(ISA_MOVSX16_64) ROWS_S(ISA_MOVSX32_64)
        ROWS_S(ISA_MOVSX8_32) ROWS_S(ISA_MOVSX16_32)
        ROWS_D(ISA_NEG64) ROWS_D(ISA_NEG32)
        ROWS_D(ISA_LE16) ROWS_D(ISA_LE32) ROWS_D(ISA_LE64)
        ROWS_D(ISA_BE16) ROWS_D(ISA_BE32) ROWS_D(ISA_BE64)
        ROWS_D(ISA_BSWAP16) ROWS_D(ISA_BSWAP32) ROWS_D(ISA_BSWAP64)
        ROWS_EXCHANGE(W) ROWS_EXCHANGE(DW)
        ROWS_PACKET(B) ROWS_PACKET(H) ROWS_PACKET(W)
        ROWS_1(ISA_JA) ROW(ISA_JA, 4) ROWS_1(ISA_JA32) ROW(ISA_JA32, 4)
        ROWS_1(ISA_MAY_GOTO) ROWS_1(ISA_CALL_LOCAL) ROWS_1(ISA_EXIT)
        ROWS_1(HOST_CHARGE) ROWS_1(HOST_CONST) ROWS_1(HOST_CALL) ROWS_1(HOST_CALL_PURE)
        ROWS_1(HOST_TAIL_CALL) ROWS_1(HOST_TRAP)
        ROWS_1(INTERP_LOAD_IMM) ROWS_1(INTERP_BEGIN_LOOP)
    };
    /* clang-format on */
    if (handlers) {
        *handlers = labels;
        return SKEP_OK;
    }
#else
    (void)handlers;
#endif
    struct interp_frame frames[RT_MAX_FRAMES];
    u32 loops_left[RT_MAX_FRAMES];
    u32 n_frames = 0; /* that have been pushed here */
    u64 acc = 0;
    s64 fuel = thread->fuel;
    skep_status status = SKEP_OK;
    DISPATCH();
#if !INTERP_THREADED
dispatch:
    switch (ip->op)
#endif
    {
        /* clang-format off */
        ISA_BINARY(INTERP_BINARY)
        ISA_COND(INTERP_COND)
        ISA_SIZES(INTERP_MEMORY)
        ISA_ATOMIC(INTERP_ATOMIC)
        INTERP_LOAD_SX(B, 8)
        INTERP_LOAD_SX(H, 16)
        INTERP_LOAD_SX(W, 32)
        INTERP_MOVSX(8, 64)
        INTERP_MOVSX(16, 64)
        INTERP_MOVSX(32, 64)
        INTERP_MOVSX(8, 32)
        INTERP_MOVSX(16, 32)
        INTERP_UNARY(NEG64, neg64)
        INTERP_UNARY(NEG32, neg32)
        INTERP_UNARY(LE16, le16)
        INTERP_UNARY(LE32, le32)
        INTERP_UNARY(LE64, le64)
        INTERP_UNARY(BE16, be16)
        INTERP_UNARY(BE32, be32)
        INTERP_UNARY(BE64, be64)
        INTERP_UNARY(BSWAP16, bswap16)
        INTERP_UNARY(BSWAP32, bswap32)
        INTERP_UNARY(BSWAP64, bswap64)
        INTERP_EXCHANGE(W)
        INTERP_EXCHANGE(DW)
        INTERP_PACKET(B, 1)
        INTERP_PACKET(H, 2)
        INTERP_PACKET(W, 4)
        /* clang-format on */

        CASE(INTERP_LOAD_IMM, 0) WRITE(IMM);
        CASE(HOST_CONST, 0)
        {
            reg[ip->dst] = acc = ip[1].wide;
            ip += 2;
            DISPATCH();
        }
        CASE(HOST_CHARGE, 0)
        {
            PAY(ip->imm);
            NEXT();
        }
        CASE(ISA_JA, 0)
        CASE(ISA_JA32, 0)
        {
            ip += ip->imm;
            DISPATCH();
        }
        CASE(ISA_JA, 4)
        CASE(ISA_JA32, 4)
        {
            ip += ip->imm;
            TO_CHARGE();
            DISPATCH();
        }
        CASE(INTERP_BEGIN_LOOP, 0)
        {
            loops_left[n_frames] = RT_MAY_GOTO_LOOPS;
            NEXT();
        }
        CASE(ISA_MAY_GOTO, 0) JUMP_IF(loops_left[n_frames] == 0 || !loops_left[n_frames]--, );

        CASE(HOST_CALL, 0)
        {
            skep_helper_fn *helper = (skep_helper_fn *)(uintptr_t)ip[1].wide;
            thread->fuel = fuel;
            reg[0] = acc = CALL_HELPER();
            fuel = thread->fuel;
            if (UNLIKELY(thread->stop != SKEP_OK)) {
                status = thread->stop;
                goto leave;
            }
            ip += 2;
            DISPATCH();
        }
        CASE(HOST_CALL_PURE, 0)
        {
            skep_helper_fn *helper = (skep_helper_fn *)(uintptr_t)ip[1].wide;
            reg[0] = acc = CALL_HELPER();
            ip += 2;
            DISPATCH();
        }
        CASE(ISA_CALL_LOCAL, 0)
        {
            if (UNLIKELY(thread->depth >= RT_MAX_FRAMES)) {
                status = interp_too_deep(thread, interp, ip);
                goto leave;
            }
            frames[n_frames++] = (struct interp_frame){ ip + 1, reg[6], reg[7], reg[8], reg[9] };
            thread->depth++;
            reg[10] += RT_FRAME_BYTES;
            ip += ip->imm;
            DISPATCH();
        }
        CASE(HOST_TAIL_CALL, 0)
        {
            thread->fuel = fuel;
            if (!rt_tail_call(thread, (struct skep_map *)(uintptr_t)reg[2], (u32)reg[3]))
                NEXT();
            if (n_frames == 0 && is_main) {
                reg[0] = 0;
                goto leave;
            }
            /* Inside a call the target's result is the subprogram's. */
            status = rt_run_tail_target(thread, &reg[0]);
            fuel = thread->fuel;
            if (status != SKEP_OK)
                goto leave;
            goto exit_frame;
        }
        CASE(ISA_EXIT, 0)
        {
        exit_frame:
            if (n_frames == 0)
                goto leave;
            const struct interp_frame *frame = &frames[--n_frames];
            thread->depth--;
            reg[6] = frame->r6;
            reg[7] = frame->r7;
            reg[8] = frame->r8;
            reg[9] = frame->r9;
            reg[10] -= RT_FRAME_BYTES;
            ip = frame->back;
            DISPATCH();
        }
        CASE(HOST_TRAP, 0)
        {
            status = interp_trap(thread, interp, ip);
            goto leave;
        }
    }

stop_paying:
    status = fuel < 0 ? SKEP_FUEL : SKEP_CANCELLED;
    goto leave;
exit_with_zero: /* LD_ABS past the packet ends its function, as in Linux */
    reg[0] = 0;
    goto exit_frame;
leave:
    thread->depth -= n_frames;
    thread->fuel = fuel;
    if (status == SKEP_OK)
        *r0 = reg[0];
    return status;
}

struct interp_insn interp_handler(u32 op, u32 variant)
{
#if INTERP_THREADED
    const void *const(*handlers)[INTERP_VARIANTS] = NULL;
    interp_loop(NULL, NULL, NULL, NULL, false, NULL, &handlers);
    assert(handlers[op][variant]);
    return (struct interp_insn){ .label = handlers[op][variant] };
#else
    return (struct interp_insn){ .op = (u64)op * INTERP_VARIANTS + variant };
#endif
}

/* Enters a function with r1..r5 given, in a frame of its own.  Always inlined: a call more is a
 * quarter of what an empty program costs. */
static ALWAYS_INLINE skep_status interp_enter(struct skep_thread *thread,
                                              const struct interp *interp, u32 func,
                                              const u64 args[5], bool is_main, u64 *r0)
{
    const struct interp_insn *entry = &interp->insns[interp->entry[func]];
    u64 reg[HOST_REGS];
    if (UNLIKELY(thread->depth >= RT_MAX_FRAMES))
        return interp_too_deep(thread, interp, entry);
    memcpy(&reg[1], args, 5 * sizeof(*args));
    thread->depth++;
    reg[10] = (u64)(uintptr_t)(thread->stack + (size_t)thread->depth * RT_FRAME_BYTES);
    skep_status status = interp_loop(thread, interp, entry, reg, is_main, r0, NULL);
    thread->depth--;
    return status;
}

static skep_status interp_call_back(struct skep_thread *thread, u64 token, const u64 args[5],
                                    u64 *r0)
{
    const struct interp *interp = thread->program->engine;
    return interp_enter(thread, interp, (u32)token - 1, args, false, r0);
}

skep_status interp_run(struct skep_thread *thread, const struct rt_program *program, void *ctx,
                       u64 *r0)
{
    const struct interp *interp = program->engine;
    thread->call_back = interp_call_back;
    u64 args[5];
    vm_arguments(program->hook, ctx, args);
    skep_status status = interp_enter(thread, interp, 0, args, true, r0);
    if (UNLIKELY(status != SKEP_OK) && rt_catch(thread, r0)) {
        args[0] = *r0;
        u32 func = interp->code->exception_func;
        status = func ? interp_enter(thread, interp, func, args, false, r0) : SKEP_OK;
    }
    return status;
}

skep_status interp_run_callback(struct skep_thread *thread, const struct rt_program *program,
                                const struct rt_callback *callback, u64 *r0)
{
    const struct interp *interp = program->engine;
    thread->call_back = interp_call_back;
    const u64 args[5] = { (u64)(uintptr_t)callback->map, (u64)(uintptr_t)callback->key,
                          (u64)(uintptr_t)callback->value };
    return interp_enter(thread, interp, (u32)callback->token - 1, args, false, r0);
}

#undef CASE
#undef DISPATCH
#undef CALL_HELPER
#undef NEXT
#undef DST
#undef SRC
#undef IMM
#undef WRITE
#undef PAY
#undef TO_CHARGE
#undef INTERP_BINARY
#undef INTERP_BINARY_W
#undef JUMP_IF
#undef INTERP_COND
#undef INTERP_COND_W
#undef INTERP_MOVSX
#undef INTERP_UNARY
#undef OFF
#undef INTERP_MEMORY
#undef INTERP_LOAD_SX
#undef INTERP_ATOMIC
#undef INTERP_EXCHANGE
#undef INTERP_PACKET
#undef ROW
#undef ROWS_1
#undef ROWS_D
#undef ROWS_S
#undef ROWS_DS
#undef ROWS_BINARY
#undef ROWS_COND_REG
#undef ROWS_COND_IMM
#undef ROWS_COND
#undef ROWS_MEMORY
#undef ROWS_ATOMIC
#undef ROWS_LOAD_SX
#undef ROWS_EXCHANGE
#undef ROWS_PACKET
