/* Stack slots become values: what is kept at a known place of the frame, and reached in no other
 * way, needs no memory.
 *
 * First, which values point into the frame, and where to: additions of constants to it.  What may
 * point to several places, where paths meet or by an unknown distance, has bounds.  Second, the
 * accesses: loads and stores at a known place are candidates; bytes that are touched in any other
 * way (through a pointer that may be several, by an atomic operation, by a helper) stay in memory.
 * A helper touches what its contract says.  Where a pointer goes where it is not followed (into
 * memory, into another function) all bytes do.  Third, the bytes that remain fall into pieces, such
 * that every access is of whole pieces; pieces are variables (vars.h).  What is wider than a piece
 * is put together and taken apart.
 *
 * Bytes of the frame that are read before they are written are 0 afterwards: nobody relies on what
 * a former activation left there.
 *
 * needs: an analysed function.  keeps: the graph. */
#include "opt/known.h"
#include "opt/pass.h"
#include "opt/vars.h"

#define SLOTS_LOW 512 /* a frame's bytes lie below it; those of functions put in here, above it */
#define SLOTS_BYTES 4096u
_Static_assert(RT_FRAME_BYTES == SLOTS_LOW && RT_MAX_FRAMES * RT_FRAME_BYTES == SLOTS_BYTES,
               "all frames that a thread has");
#define SLOTS_FAR ((s64)1 << 40) /* bounds of what may be anywhere */
#define SLOTS_ROUNDS 3u          /* until bounds that still grow are given up */

/* What a value is: FRAME plus lo to hi.  is: it is that; else it may also be something else. */
struct slots_pointer {
    s64 lo, hi;
    u8 is; /* enum slots_kind */
};
enum slots_kind { SLOTS_OTHER, SLOTS_MAYBE, SLOTS_EXACT };

struct slots_access {
    u32 insn;
    u16 at; /* the first byte, from the lowest of the frame */
    u8 bytes;
};

struct slots_piece {
    u16 at;
    u16 bytes;
};

enum slots_mark {
    SLOTS_TOUCHED = 1, /* stays in memory */
    SLOTS_USED = 2,    /* an access has this byte */
    SLOTS_EDGE = 4,    /* an access begins or ends here */
    SLOTS_JOINED = 8,  /* an access has this byte and the next */
};

struct slots {
    struct opt *opt;
    struct ssa_func *func;
    struct arena *scratch;
    u32 n_values;                   /* when this began */
    struct slots_pointer *pointers; /* by value */
    bool escapes;
    u32 n, room;
    struct slots_access *accesses;
    u8 marks[SLOTS_BYTES + 1]; /* by byte: enum slots_mark */
    u32 n_pieces;
    u16 piece_of[SLOTS_BYTES];  /* by its first byte: 1 + piece; 0: in none */
    struct slots_piece *pieces; /* in order */
    u32 *access_of;             /* by value: 1 + the access that it is; 0: none */
    u32 *instead;               /* by value, of loads: what they give now */
};

/* ---- which values point into the frame */

static struct slots_pointer slots_moved(struct slots_pointer p, struct ssa_range by)
{
    if (by.lo == by.hi && (s64)by.lo > -SLOTS_FAR && (s64)by.lo < SLOTS_FAR) {
        p.lo += (s64)by.lo;
        p.hi += (s64)by.lo;
        return p;
    }
    p.is = SLOTS_MAYBE;
    p.lo = by.hi < SLOTS_BYTES ? p.lo + (s64)by.lo : -SLOTS_FAR;
    p.hi = by.hi < SLOTS_BYTES ? p.hi + (s64)by.hi : SLOTS_FAR;
    return p;
}

static void slots_clamp(struct slots_pointer *p)
{
    if (p->is && (p->lo < -SLOTS_FAR || p->hi > SLOTS_FAR))
        *p = (struct slots_pointer){ -SLOTS_FAR, SLOTS_FAR, SLOTS_MAYBE };
}

static struct known slots_known(const struct slots *s, u32 value)
{
    struct ssa_range range = s->func->ranges[value];
    return known_reduce((struct known){ range.lo, range.hi, 0, 0 });
}

/* What is noted of a value, and what its operation says. */
static struct ssa_range slots_range(const struct slots *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->func, value);
    if (insn->op == SSA_CONST)
        return (struct ssa_range){ insn->imm, insn->imm };
    struct known k = slots_known(s, value);
    if (ssa_row(insn)->n_args == 2 && !ssa_has(insn, SSA_READS | SSA_WRITES))
        k = known_meet(k, known_result(insn, slots_known(s, insn->arg[0]),
                                       slots_known(s, insn->arg[1]), known_nothing()));
    return (struct ssa_range){ k.lo, k.hi };
}

static struct ssa_range slots_negated(struct ssa_range r)
{
    return r.lo == r.hi ? (struct ssa_range){ 0 - r.lo, 0 - r.lo }
                        : (struct ssa_range){ 0, UINT64_MAX };
}

static struct slots_pointer slots_join(struct slots_pointer a, struct slots_pointer b)
{
    if (!a.is || !b.is) {
        struct slots_pointer one = a.is ? a : b;
        one.is = one.is ? SLOTS_MAYBE : SLOTS_OTHER;
        return one;
    }
    return (struct slots_pointer){ a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi,
                                   SLOTS_MAYBE };
}

static struct slots_pointer slots_meet(const struct slots *s, const struct ssa_insn *insn)
{
    const u32 *args = ssa_args(s->func, insn);
    u32 first = insn->op == SSA_SELECT;
    struct slots_pointer p = s->pointers[args[first]];
    for (u32 a = first + 1; a < insn->n_args; a++)
        p = slots_join(p, s->pointers[args[a]]);
    p.is = p.is ? SLOTS_MAYBE : SLOTS_OTHER;
    return p;
}

static struct slots_pointer slots_sum(const struct slots *s, const struct ssa_insn *insn)
{
    struct slots_pointer x = s->pointers[insn->arg[0]], y = s->pointers[insn->arg[1]];
    if (x.is && !y.is)
        return slots_moved(x, slots_range(s, insn->arg[1]));
    if (y.is && !x.is)
        return slots_moved(y, slots_range(s, insn->arg[0]));
    return x.is ? (struct slots_pointer){ -SLOTS_FAR, SLOTS_FAR, SLOTS_MAYBE }
                : (struct slots_pointer){ 0 };
}

/* Other operations make no pointers that programs may use. */
static struct slots_pointer slots_pointer_of(const struct slots *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->func, value);
    struct slots_pointer p = { 0 };
    if (insn->op == SSA_FRAME)
        p.is = SLOTS_EXACT;
    else if (insn->op == SSA_PHI || insn->op == SSA_SELECT)
        p = slots_meet(s, insn);
    else if (insn->width != 8)
        return p;
    else if (insn->op == SSA_ADD)
        p = slots_sum(s, insn);
    else if (insn->op == SSA_SUB && s->pointers[insn->arg[0]].is && !s->pointers[insn->arg[1]].is)
        p = slots_moved(s->pointers[insn->arg[0]], slots_negated(slots_range(s, insn->arg[1])));
    slots_clamp(&p);
    return p;
}

static bool slots_round(struct slots *s, bool give_up)
{
    const struct ssa_func *func = s->func;
    bool changed = false;
    for (u32 o = 0; o < func->n_order; o++)
        for (u32 i = func->blocks[func->order[o]].first; i; i = func->insns[i].next) {
            struct slots_pointer old = s->pointers[i], p = slots_pointer_of(s, i);
            if (p.is == old.is && p.lo == old.lo && p.hi == old.hi)
                continue;
            if (give_up && p.is)
                p = (struct slots_pointer){ -SLOTS_FAR, SLOTS_FAR, SLOTS_MAYBE };
            changed |= p.is != old.is || p.lo != old.lo || p.hi != old.hi;
            s->pointers[i] = p;
        }
    return changed;
}

/* Where pointers go round for too long they are not followed. */
static void slots_find_pointers(struct slots *s)
{
    bool changed = true;
    for (u32 round = 0; changed && round < 6 * SLOTS_ROUNDS; round++)
        changed = slots_round(s, round >= SLOTS_ROUNDS);
    s->escapes |= changed;
}

/* ---- what is touched */

static void slots_mark(struct slots *s, s64 lo, s64 hi, u8 mark)
{
    for (s64 at = lo; at < hi; at++)
        s->marks[at] |= mark;
}

static bool slots_has(const struct slots *s, u32 at, u8 mark) { return s->marks[at] & mark; }

static void slots_touch(struct slots *s, s64 lo, s64 hi)
{
    lo = lo + SLOTS_LOW < 0 ? 0 : lo + SLOTS_LOW;
    hi = hi + SLOTS_LOW > (s64)SLOTS_BYTES ? (s64)SLOTS_BYTES : hi + SLOTS_LOW;
    slots_mark(s, lo, hi, SLOTS_TOUCHED);
}

static void slots_touch_through(struct slots *s, struct slots_pointer p, s64 off, u64 bytes)
{
    s64 most = (s64)min_u64(bytes, SLOTS_BYTES);
    if (p.is)
        slots_touch(s, p.lo + off, p.hi + off + most);
}

static bool slots_add_access(struct slots *s, u32 insn, s64 at, u8 bytes)
{
    if (s->n == s->room) {
        u32 room = 2 * s->room + 64;
        struct slots_access *grown = arena_array(s->scratch, struct slots_access, room);
        if (!grown)
            return false;
        if (s->n)
            memcpy(grown, s->accesses, s->n * sizeof(*grown));
        s->accesses = grown;
        s->room = room;
    }
    s->accesses[s->n++] = (struct slots_access){ insn, (u16)at, bytes };
    s->access_of[insn] = s->n;
    s->marks[at] |= SLOTS_EDGE;
    s->marks[at + bytes] |= SLOTS_EDGE;
    slots_mark(s, at, at + bytes, SLOTS_USED);
    slots_mark(s, at, at + bytes - 1, SLOTS_JOINED);
    return true;
}

static bool slots_see_access(struct slots *s, u32 i)
{
    const struct ssa_insn *insn = ssa_at(s->func, i);
    struct slots_pointer p = s->pointers[insn->arg[0]];
    s64 at = p.lo + insn->off + SLOTS_LOW;
    bool plain = insn->op == SSA_LOAD || insn->op == SSA_LOADS || insn->op == SSA_STORE;
    for (u32 a = 1; a < insn->n_args; a++)
        s->escapes |= s->pointers[insn->arg[a]].is != SLOTS_OTHER;
    if (plain && p.is == SLOTS_EXACT && at >= 0 && at + insn->width <= (s64)SLOTS_BYTES)
        return slots_add_access(s, i, at, insn->width);
    slots_touch_through(s, p, insn->off, insn->width);
    return true;
}

/* The map that a call is given as argument a; NULL: not known. */
static const struct skep_map *slots_map(const struct slots *s, const struct ssa_insn *call, u32 a)
{
    const struct opt_input *in = s->opt->in;
    const struct fact_call *facts = in->facts ? facts_call(in->facts, call->origin) : NULL;
    u32 value = ssa_args(s->func, call)[a + 1];
    for (u32 i = 0; ssa_is_const(s->func, value) && i < in->n_maps; i++)
        if (ssa_at(s->func, value)->imm == (u64)(uintptr_t)in->maps[i])
            return in->maps[i];
    bool known = facts && facts->arg[a].kind == FACT_ARG_MAP && facts->arg[a].map < in->n_maps;
    return known ? in->maps[facts->arg[a].map] : NULL;
}

/* The memory that a helper's argument points to; UINT64_MAX: unknown. */
static u64 slots_arg_bytes(const struct slots *s, const struct ssa_insn *call,
                           const struct skep_helper *helper, u32 a)
{
    const struct skep_arg *arg = &helper->args[a];
    const u32 *args = ssa_args(s->func, call) + 1;
    u32 n = call->n_args - 1, m = a;
    if (arg->kind == SKEP_ARG_MEM && !arg->bytes && a + 1 < n &&
        helper->args[a + 1].kind == SKEP_ARG_SIZE)
        return slots_range(s, args[a + 1]).hi;
    if (arg->kind == SKEP_ARG_MEM || arg->kind == SKEP_ARG_ITER)
        return arg->bytes ? arg->bytes : UINT64_MAX;
    if (arg->kind != SKEP_ARG_MAP_KEY && arg->kind != SKEP_ARG_MAP_VALUE)
        return UINT64_MAX;
    while (m > 0 && helper->args[m].kind != SKEP_ARG_MAP)
        m--;
    const struct skep_map *map =
        helper->args[m].kind == SKEP_ARG_MAP ? slots_map(s, call, m) : NULL;
    return !map                            ? UINT64_MAX
           : arg->kind == SKEP_ARG_MAP_KEY ? map->spec.key_size
                                           : map->spec.value_size;
}

/* A pointer may also be given as a number, and be looked at all the same (bpf_probe_read_kernel, %s
 * of bpf_trace_printk). */
static void slots_see_arg(struct slots *s, const struct ssa_insn *call,
                          const struct skep_helper *helper, u32 a)
{
    struct slots_pointer p = s->pointers[ssa_args(s->func, call)[a + 1]];
    u8 kind = helper->args[a].kind;
    if (!p.is)
        return;
    if (kind == SKEP_ARG_CALLBACK_CTX)
        s->escapes = true;
    u64 bytes = slots_arg_bytes(s, call, helper, a);
    if (bytes == UINT64_MAX)
        slots_touch_through(s, p, 0, SLOTS_BYTES);
    else
        slots_touch_through(s, p, 0, bytes);
}

static void slots_see_call(struct slots *s, const struct ssa_insn *insn)
{
    const struct skep_helper *helper = opt_helper(s->opt, insn);
    const u32 *args = ssa_args(s->func, insn);
    for (u32 a = 1; a < insn->n_args; a++) /* after the thread */
        if (insn->op == SSA_CALL_LOCAL)
            s->escapes |= a > 1 && s->pointers[args[a]].is; /* [1] is the callee's own frame */
        else if (helper)
            slots_see_arg(s, insn, helper, a - 1);
        else
            s->escapes |= s->pointers[args[a]].is != SLOTS_OTHER;
}

static bool slots_see(struct slots *s, u32 i)
{
    const struct ssa_insn *insn = ssa_at(s->func, i);
    if (!ssa_has(insn, SSA_READS | SSA_WRITES)) {
        if (insn->op == SSA_CALL_PURE)
            slots_see_call(s, insn);
        return true;
    }
    if (ssa_row(insn)->n_args == SSA_MANY) {
        slots_see_call(s, insn);
        return true;
    }
    return slots_see_access(s, i);
}

static bool slots_see_all(struct slots *s)
{
    const struct ssa_func *func = s->func;
    for (u32 o = 0; o < func->n_order; o++)
        for (u32 i = func->blocks[func->order[o]].first; i; i = func->insns[i].next)
            if (!slots_see(s, i))
                return false;
    return true;
}

/* ---- pieces */

/* The bytes from `at` on that accesses hold together; whether they may leave memory. */
static u32 slots_group_end(const struct slots *s, u32 at, bool *free)
{
    u32 end = at, pieces = 0;
    *free = true;
    do {
        *free = *free && !slots_has(s, end, SLOTS_TOUCHED);
        pieces += slots_has(s, end, SLOTS_EDGE);
    } while (slots_has(s, end++, SLOTS_JOINED) && end < SLOTS_BYTES);
    *free = *free && pieces <= VARS_MAX;
    return end;
}

static bool slots_cut(struct slots *s)
{
    u32 most = min_u32(2 * s->n, SLOTS_BYTES); /* each begins where an access begins or ends */
    s->pieces = arena_array(s->scratch, struct slots_piece, most);
    if (!s->pieces)
        return false;
    for (u32 at = 0, end; at < SLOTS_BYTES; at = end) {
        bool free;
        end = slots_group_end(s, at, &free);
        for (u32 i = at; free && slots_has(s, at, SLOTS_USED) && i < end;) {
            u32 begin = i++;
            while (i < end && !slots_has(s, i, SLOTS_EDGE))
                i++;
            s->piece_of[begin] = (u16)(s->n_pieces + 1);
            s->pieces[s->n_pieces++] = (struct slots_piece){ (u16)begin, (u16)(i - begin) };
        }
    }
    return true;
}

/* ---- pieces to values, up to 64 at a time */

struct slots_batch {
    struct slots *s;
    struct vars vars;
    u32 first, n; /* pieces */
    u32 at;       /* the instruction that is being replaced */
};

static u32 slots_put(struct slots_batch *b, enum ssa_op op, u32 width, u32 x, u32 y)
{
    struct ssa_func *func = b->s->func;
    u32 value = ssa_new(func, (struct ssa_insn){ .op = (u16)op,
                                                 .width = (u8)width,
                                                 .origin = ssa_at(func, b->at)->origin,
                                                 .arg = { x, y, 0 } });
    ssa_insert_before(func, b->at, value);
    return value;
}

static u64 slots_mask(u32 bytes) { return bytes >= 8 ? UINT64_MAX : ((u64)1 << 8 * bytes) - 1; }

/* The low bytes of a value, the others 0. */
static u32 slots_low(struct slots_batch *b, u32 value, u32 bytes)
{
    struct ssa_func *func = b->s->func;
    if (ssa_is_const(func, value))
        return ssa_const(func, ssa_at(func, value)->imm & slots_mask(bytes));
    if (func->ranges[value].hi <= slots_mask(bytes))
        return value;
    u32 low = bytes == 1 || bytes == 2 || bytes == 4
                  ? slots_put(b, SSA_ZEXT, bytes, value, 0)
                  : slots_put(b, SSA_AND, 8, value, ssa_const(func, slots_mask(bytes)));
    func->ranges[low].hi = slots_mask(bytes);
    return low;
}

/* What is stored to a piece that begins `skip` bytes into the access. */
static u32 slots_extract(struct slots_batch *b, u32 value, u32 skip, u32 bytes)
{
    struct ssa_func *func = b->s->func;
    if (skip && ssa_is_const(func, value))
        value = ssa_const(func, ssa_at(func, value)->imm >> 8 * skip);
    else if (skip)
        value = slots_put(b, SSA_SHR, 8, value, ssa_const(func, 8 * skip));
    return slots_low(b, value, bytes);
}

/* The variable of an access' first piece; the others follow. */
static u32 slots_first_piece(const struct slots_batch *b, const struct slots_access *access)
{
    return b->s->piece_of[access->at] - 1u - b->first;
}

static const struct slots_piece *slots_piece_at(const struct slots_batch *b, u32 var)
{
    return &b->s->pieces[b->first + var];
}

static void slots_store(struct slots_batch *b, const struct slots_access *access)
{
    u32 value = ssa_at(b->s->func, b->at)->arg[1];
    if (b->s->instead[value])
        value = b->s->instead[value];
    u32 var = slots_first_piece(b, access);
    for (u32 done = 0; done < access->bytes; var++) {
        u32 bytes = slots_piece_at(b, var)->bytes;
        b->vars.value[var] = slots_extract(b, value, done, bytes);
        done += bytes;
    }
}

static u32 slots_load(struct slots_batch *b, const struct slots_access *access)
{
    struct ssa_func *func = b->s->func;
    u32 whole = 0, var = slots_first_piece(b, access);
    for (u32 done = 0; done < access->bytes; var++) {
        u32 part = b->vars.value[var] ? b->vars.value[var] : ssa_const(func, 0);
        if (done)
            part = slots_put(b, SSA_SHL, 8, part, ssa_const(func, 8 * done));
        whole = whole ? slots_put(b, SSA_OR, 8, whole, part) : part;
        done += slots_piece_at(b, var)->bytes;
    }
    if (ssa_at(func, b->at)->op == SSA_LOADS)
        whole = slots_put(b, SSA_SEXT, access->bytes, whole, 0);
    return whole;
}

/* The access that an instruction is, if it is of pieces of this batch. */
static const struct slots_access *slots_access_here(const struct slots_batch *b, u32 insn)
{
    if (insn >= b->s->n_values || !b->s->access_of[insn])
        return NULL;
    const struct slots_access *access = &b->s->accesses[b->s->access_of[insn] - 1];
    u32 piece = b->s->piece_of[access->at];
    return piece > b->first && piece <= b->first + b->n ? access : NULL;
}

static u64 slots_vars_of(const struct slots_batch *b, const struct slots_access *access)
{
    u64 vars = 0;
    u32 var = slots_first_piece(b, access);
    for (u32 done = 0; done < access->bytes; var++) {
        vars |= (u64)1 << var;
        done += slots_piece_at(b, var)->bytes;
    }
    return vars;
}

/* Uses and definitions of the blocks, in the order of the instructions: as accesses were seen. */
static void slots_effects(struct slots_batch *b)
{
    for (u32 a = 0; a < b->s->n; a++) {
        u32 insn = b->s->accesses[a].insn;
        const struct slots_access *access = slots_access_here(b, insn);
        if (!access)
            continue;
        struct vars_block *block = &b->vars.blocks[ssa_at(b->s->func, insn)->block];
        u64 vars = slots_vars_of(b, access);
        if (ssa_at(b->s->func, insn)->op == SSA_STORE)
            block->defs |= vars;
        else
            block->uses |= vars & ~block->defs;
    }
}

static void slots_rewrite_block(struct slots_batch *b, u32 block)
{
    struct ssa_func *func = b->s->func;
    for (u32 i = func->blocks[block].first, next; i && !func->failed; i = next) {
        const struct slots_access *access = slots_access_here(b, i);
        next = func->insns[i].next;
        if (!access)
            continue;
        b->at = i;
        if (func->insns[i].op == SSA_STORE) {
            slots_store(b, access);
            ssa_remove(func, i);
        } else {
            b->s->instead[i] = slots_load(b, access);
        }
    }
}

static bool slots_run_batch(struct slots_batch *b)
{
    struct ssa_func *func = b->s->func;
    if (!vars_init(&b->vars, func, b->s->scratch))
        return false;
    slots_effects(b);
    if (!vars_analyse(&b->vars))
        return false;
    for (u32 o = 0; o < func->n_order && !func->failed; o++) {
        vars_begin_block(&b->vars, func->order[o]);
        slots_rewrite_block(b, func->order[o]);
        vars_end_block(&b->vars, func->order[o]);
    }
    vars_fill_phis(&b->vars);
    return !func->failed;
}

/* Pieces that one access has stay together. */
static u32 slots_batch_size(const struct slots *s, u32 first)
{
    u32 n = min_u32(s->n_pieces - first, VARS_MAX);
    while (first + n < s->n_pieces && slots_has(s, s->pieces[first + n].at - 1u, SLOTS_JOINED))
        n--;
    return n;
}

static bool slots_promote(struct slots *s)
{
    for (u32 first = 0, n; first < s->n_pieces; first += n) {
        struct slots_batch batch = { .s = s, .first = first };
        n = batch.n = slots_batch_size(s, first);
        if (!slots_run_batch(&batch))
            return false;
    }
    return true;
}

/* Loads are gone: those who used them use what was stored. */
static bool slots_replace(struct slots *s)
{
    u32 *map = arena_array(s->scratch, u32, s->func->n);
    if (!map)
        return false;
    for (u32 i = 0; i < s->func->n; i++)
        map[i] = i < s->n_values && s->instead[i] ? s->instead[i] : i;
    ssa_replace_all(s->func, map);
    for (u32 i = 0; i < s->n_values; i++)
        if (s->instead[i])
            ssa_remove(s->func, i);
    return true;
}

/* ---- all */

static bool slots_has_frame(const struct ssa_func *func)
{
    for (u32 i = 1; i < func->n; i++)
        if (func->insns[i].op == SSA_FRAME)
            return true;
    return false;
}

static bool slots_run(struct slots *s)
{
    s->n_values = s->func->n;
    s->pointers = arena_array(s->scratch, struct slots_pointer, s->n_values);
    s->access_of = arena_array(s->scratch, u32, s->n_values);
    s->instead = arena_array(s->scratch, u32, s->n_values);
    if (!s->pointers || !s->access_of || !s->instead)
        return false;
    slots_find_pointers(s);
    if (!slots_see_all(s))
        return false;
    if (s->escapes || s->n == 0)
        return true;
    return slots_cut(s) && slots_promote(s) && (s->n_pieces == 0 || slots_replace(s));
}

bool opt_slots(struct opt *opt, struct ssa_func *func)
{
    if (!slots_has_frame(func))
        return false;
    struct slots *s = arena_new(&opt->scratch, struct slots);
    if (!s) {
        func->failed = true;
        return false;
    }
    *s = (struct slots){ .opt = opt, .func = func, .scratch = &opt->scratch };
    func->failed |= !slots_run(s);
    return s->n_pieces > 0;
}

#undef SLOTS_LOW
#undef SLOTS_BYTES
#undef SLOTS_FAR
#undef SLOTS_ROUNDS
