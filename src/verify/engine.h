/* What the files of verify/ share: the verifier's working state, and who does what.
 *
 *   point       where states are kept: block starts, returns of calls, entries of callbacks
 *   context     a call string: which calls led into the running functions
 *   state.c     states and frames: making, sharing, cells
 *   form.c      numbers as differences of unknowns
 *   relation.c  bounds of differences
 *   affine.c    numbers that move together
 *   stride.c    numbers that come in steps
 *   stack.c     bytes of stack
 *   access.c    may memory be accessed, and what does it hold
 *   alu.c       arithmetic
 *   branch.c    what a branch tells
 *   call.c      helpers, by their contracts
 *   owned.c     dynptrs and iterators, which helpers keep on the stack
 *   modes.c     sections, exceptions
 *   global.c    functions that are verified by their signatures
 *   merge.c     is one state covered by another; joining, widening
 *   step.c      one instruction after another, up to the next point
 *   decide.c    what is worth keeping apart
 *   note.c      what a compiler wants to know of each
 *   fixpoint.c, paths.c   in which order, and what is kept
 *   loops.c     do loops end
 *   explain.c   what the reader of a rejection wants to know besides */
#ifndef SKEP_SRC_VERIFY_ENGINE_H
#define SKEP_SRC_VERIFY_ENGINE_H

#include "base/bytes.h"
#include "base/hash.h"
#include "ir/ir.h"
#include "verify/domain/scalar.h"
#include "verify/verify.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define HOST_IS_BIG true
#else
#define HOST_IS_BIG false
#endif

#define VERIFY_NONE UINT32_MAX
#define VERIFY_MOST_PACKET 65535u         /* bytes */
#define VERIFY_MOST_ROUNDS ((u64)1 << 32) /* of a loop that counts as one that ends */

struct thresholds;

/* A call string.  Contexts form a tree; 0 is the program itself. */
struct context {
    u32 parent;
    u32 call; /* the instruction that called; VERIFY_NONE: a root */
    u32 func;
    u8 kind; /* enum context_kind */
    u8 depth;
    u32 map; /* ASYNC: the map whose value the callback gets */
    u32 next_sibling, first_child;
};
enum context_kind {
    CONTEXT_MAIN,
    CONTEXT_CALL,
    CONTEXT_CALLBACK,
    CONTEXT_ASYNC,
    CONTEXT_GLOBAL,    /* a function by its signature, for all callers */
    CONTEXT_EXCEPTION, /* what makes the program's result of what was thrown */
};

/* What a call of a function may lead to, whatever its arguments. */
struct summary {
    u8 height;    /* frames, its own included; more than STATE_MAX_FRAMES: too many, or recursion */
    u8 effects;   /* enum summary_effect */
    bool is_root; /* it is verified by its signature */
};
enum summary_effect { SUMMARY_MOVES_PACKET = 1, SUMMARY_SLEEPS = 2, SUMMARY_THROWS = 4 };

/* How control came to a state; shared tails. */
struct trace {
    u32 parent;
    u32 insn;
    u8 taken;
    u32 references;
};

struct verifier {
    const struct verify_input *in;
    struct mem mem; /* everything; its limit is the verifier's */
    struct arena arena;
    struct value_table values;
    struct live live;
    struct order order;
    u8 *point;    /* by instruction: enum point_kind */
    u32 *edges;   /* by block: how many lead to it */
    u8 *accessed; /* by instruction: the kind of pointer that it was seen to access */
    struct access_guard *guards; /* by instruction */
    bool guarding;               /* what only a guard can show is not refused */
    VEC(struct context) contexts;
    VEC(struct trace) traces;
    u32 free_trace;
    u64 visited, visited_limit, deadline;
    const char *limit; /* the one that was passed */
    u32 n_states, most_states;
    skep_status failure; /* of the machine: no memory, a limit; SKEP_OK: none */
    struct verify_report *report;
    u32 at;         /* the instruction under way */
    u32 last_trace; /* how control came there */
    u8 went;        /* FACT_TAKEN, FACT_FALLS: where that may go */
    bool unnoted;   /* what is stepped over is not the program as it runs */
    /* successors of the last step */
    struct state *next[4];
    u32 n_next;
    VEC(struct state *) roots; /* to be verified as well: callbacks that run later */
    u32 stack_bytes;           /* of a frame */
    u32 *depths;               /* by function: how much of its frame is used */
    u32 ctx_bytes;             /* that every run must give, of plain memory as context */
    struct thresholds *thresholds;
    u64 *decides;              /* by instruction: the places that do; NULL: nobody asked yet */
    struct join *join;         /* merge.c's working memory */
    struct summary *summaries; /* by function; made when first needed */
};

enum point_kind {
    POINT_NONE,  /* no state is kept */
    POINT_PLAIN, /* a step ends here */
    POINT_MEETS, /* paths may meet here */
    POINT_JOINS, /* and go round as often as the host lets them: they must be joined */
};

/* ---- state.c */
struct state *state_new(struct verifier *v);
struct state *state_copy(struct verifier *v, const struct state *s);
/* To be looked at and copied from, never to be changed. */
struct state *state_copy_to_keep(struct verifier *v, const struct state *s);
void state_drop(struct verifier *v, struct state *s);
/* A frame that only this state has, with room for n slots. */
struct frame *state_own_frame(struct verifier *v, struct state *s, u32 i, u32 n_slots);
/* The same for registers alone: the slots may be shared. */
struct frame *state_own_regs(struct verifier *v, struct state *s, u32 i);
bool state_push_frame(struct verifier *v, struct state *s);
void state_pop_frame(struct verifier *v, struct state *s);
static inline struct frame *state_top(const struct state *s) { return s->frames[s->n_frames - 1]; }
static inline const struct cell *state_reg(const struct state *s, u32 reg)
{
    return &state_top(s)->reg[reg];
}
void state_set_reg(struct verifier *v, struct state *s, u32 reg, struct cell cell);
u32 state_fresh_id(struct state *s);
/* Calls visit for every cell of the state, which may change it if own is set. */
typedef void cell_visitor(struct verifier *v, struct state *s, struct cell *cell, void *user);
void state_each_cell(struct verifier *v, struct state *s, cell_visitor *visit, void *user);
/* The same for the cells in whose form an unknown is. */
void state_each_cell_of(struct verifier *v, struct state *s, u32 id, cell_visitor *visit,
                        void *user);
/* The same for reading, until visit says false. */
typedef bool cell_reader(struct verifier *v, const struct state *s, const struct cell *cell,
                         void *user);
bool state_read_cells_of(struct verifier *v, const struct state *s, u32 id, cell_reader *visit,
                         void *user);

static inline const struct value *cell_value(const struct verifier *v, const struct cell *cell)
{
    return value_at(&v->values, cell->value);
}
static inline struct cell cell_none(void) { return (struct cell){ .value = 0 }; }
static inline bool cell_is_none(const struct cell *cell) { return cell->value == 0; }
/* A number; one that is not constant gets an id of its own. */
struct cell cell_scalar(struct verifier *v, struct state *s, struct scalar range);
struct cell cell_constant(struct verifier *v, u64 constant);
/* A pointer of that kind at offset 0. */
struct cell cell_pointer(struct verifier *v, struct value value);
/* The same cell with another range. */
struct cell cell_with_range(struct verifier *v, const struct cell *cell, struct scalar range);
/* The constant that a number, or an offset, is; false: it is not one. */
static inline bool cell_constant_of(const struct verifier *v, const struct cell *cell, u64 *out)
{
    const struct scalar *range = &cell_value(v, cell)->range;
    *out = range->umin;
    return range->umin == range->umax;
}
bool cell_same(const struct cell *a, const struct cell *b);

/* The unsigned bounds of a number, which is what is known of unknowns in relation to others; lo
 * above hi: there is none. */
struct bounds {
    u64 lo, hi;
};
static inline struct bounds bounds_any(void) { return (struct bounds){ 0, UINT64_MAX }; }
static inline struct bounds bounds_of(const struct scalar *range)
{
    return (struct bounds){ range->umin, range->umax };
}
static inline struct bounds bounds_meet(struct bounds a, struct bounds b)
{
    return (struct bounds){ max_u64(a.lo, b.lo), min_u64(a.hi, b.hi) };
}
/* Of x + add modulo 2^64: known where none or all of the numbers wrap. */
static inline struct bounds bounds_shift(struct bounds x, u64 add)
{
    struct bounds out = { x.lo + add, x.hi + add };
    return out.lo <= out.hi ? out : bounds_any();
}
/* The bounds of a number of that range and add: whichever of its intervals does not wrap. */
static inline struct bounds bounds_of_sum(const struct scalar *range, u64 add)
{
    struct bounds as_signed = { range->smin, range->smax };
    struct bounds shifted = { as_signed.lo + add, as_signed.hi + add };
    return bounds_meet(bounds_shift(bounds_of(range), add),
                       shifted.lo <= shifted.hi ? shifted : bounds_any());
}
/* Of from - x. */
static inline struct bounds bounds_turn(struct bounds x, u64 from)
{
    struct bounds out = { from - x.hi, from - x.lo };
    return out.lo <= out.hi ? out : bounds_any();
}

/* ---- form.c: plus - minus + add */
struct form {
    u32 plus, minus;
    u64 add;
};
static inline struct form form_of(const struct cell *cell)
{
    return (struct form){ cell->plus, cell->minus, cell->add };
}
static inline void form_set(struct cell *cell, struct form form)
{
    cell->plus = form.plus;
    cell->minus = form.minus;
    cell->add = form.add;
}
bool form_sum(struct form a, struct form b, struct form *out);
bool form_difference(struct form a, struct form b, struct form *out);
static inline bool form_is_constant(struct form f) { return !f.plus && !f.minus; }
static inline bool form_is_offset(struct form f) { return f.plus && !f.minus; }
static inline bool form_equal(struct form a, struct form b)
{
    return a.plus == b.plus && a.minus == b.minus && a.add == b.add;
}
/* Does plus + add, whose value has those bounds, not wrap? */
bool form_is_exact(struct form f, struct bounds bounds);

/* ---- relation.c */
/* Notes U(a) - U(b) <= most. */
void relation_add(struct verifier *v, struct state *s, u32 a, u32 b, s64 most);
/* The least bound of U(a) - U(b) that follows; false: none. */
bool relation_most(const struct state *s, u32 a, u32 b, s64 *most);
/* Notes U(a) - U(b) <= most of two numbers, if their forms allow it. */
void relation_note(struct verifier *v, struct state *s, const struct cell *a, const struct cell *b,
                   s64 most);
/* Notes that a number is the sum of two, which does not wrap. */
void relation_note_sum(struct verifier *v, struct state *s, const struct cell *result,
                       const struct cell *a, const struct cell *b);
/* Those with a part that nothing holds any more. */
void relation_forget_sums(struct verifier *v, struct state *s);
/* The same as a question, with intervals. */
bool relation_holds(struct verifier *v, const struct state *s, const struct cell *a,
                    const struct cell *b, s64 most);
/* A tighter range of a number by what is known of differences. */
struct scalar relation_tighten(struct verifier *v, const struct state *s, const struct cell *cell);
/* What is known of an id by the cells that have it. */
struct bounds relation_id_bounds(struct verifier *v, const struct state *s, u32 id);
/* The number that a cell holds is now known to be in range: all that depends on it follows.
 * false: impossible. */
bool state_refine(struct verifier *v, struct state *s, const struct cell *cell,
                  struct scalar range);
/* What lines tell of the ranges at their ends; false: impossible. */
bool state_tighten_lines(struct verifier *v, struct state *s);
/* The same of strides. */
bool state_tighten_strides(struct verifier *v, struct state *s);

/* ---- affine.c */
void affine_add(struct state *s, struct affine line);
/* What the bounds of one end of a line tell of the other. */
bool affine_other(const struct affine *line, u32 id, struct bounds bounds, u32 *other,
                  struct bounds *out);
/* The line through two forms of a state: m b = k a + c.  *point: both are constants, on any line.
 */
bool affine_between(const struct state *s, struct form a, struct bounds ba, struct form b,
                    struct bounds bb, struct affine *line, bool *point);
bool affine_same(const struct affine *a, const struct affine *b);
bool affine_holds_at(const struct affine *line, u64 x, u64 y);
/* The line through two points; false: there is none. */
bool affine_through(u64 x0, u64 y0, u64 x1, u64 y1, struct affine *line);
/* result = k a, which does not wrap. */
void affine_note_product(struct verifier *v, struct state *s, const struct cell *result,
                         const struct cell *a, u64 k);

/* ---- stride.c */
/* A form on one side of a join. */
struct stride_side {
    const struct state *state;
    struct form form;
    struct bounds bounds;
};
/* What is known of an unknown of the joined state by what it is on both sides. */
void stride_join(struct state *out, u32 id, const struct stride_side *a,
                 const struct stride_side *b);
/* Is a form, in a state, in those steps? */
bool stride_holds(const struct state *s, struct form f, struct bounds bounds,
                  const struct stride *stride);
/* The bounds without the ends that an unknown cannot be; perhaps none are left. */
struct bounds stride_align(const struct state *s, u32 id, struct bounds bounds);

/* ---- stack.c: offsets are from the frame's top, negative */
bool stack_is_zero(const struct frame *f, s64 offset, u32 size);
bool stack_has(const struct frame *f, s64 offset, u64 size);
struct cell stack_get(struct verifier *v, struct state *s, u32 frame, s64 offset, u32 size);
void stack_put(struct verifier *v, struct state *s, u32 frame, s64 offset, u32 size,
               struct cell cell);
/* Bytes whose contents are not known, written somewhere in [from, to): all of them, or some. */
void stack_scramble(struct verifier *v, struct state *s, u32 frame, s64 from, s64 to, bool all);

/* ---- obligations: each raises when what must hold does not */
#define REJECT(v, reg, id, ...)                                                                    \
    (verify_reject((v), (reg)),                                                                    \
     RAISE(&(v)->report->error, SKEP_REJECTED, id, __VA_ARGS__) == SKEP_OK)
void verify_reject(struct verifier *v, u32 reg);
bool verify_unsupported(struct verifier *v, const struct insn *insn);
/* The machine's own failure. */
bool verify_fails(struct verifier *v, skep_status status);

/* ---- access.c */
enum access_need {
    NEED_READ = 1,
    NEED_WRITE = 2,
    NEED_ATOMIC = 4,
    NEED_HELPER = 8,
    NEED_ALIGNED = 16
};
/* What the accesses of an instruction must lie within, as seen so far. */
struct access_guard {
    u32 limit;    /* 0: not seen */
    u8 kind;      /* enum value_kind */
    bool needed;  /* some must be checked when they run */
    bool differs; /* they do not agree about limit and kind: one check could not do for all */
};

struct access {
    u32 reg;  /* through which */
    s64 off;  /* displacement */
    u64 size; /* the most bytes; at least 1 */
    u32 need;
    u32 arg;                   /* of a helper: 1 + its number */
    const struct cell *length; /* the size as a number, when it is one; else NULL */
};
bool access_check(struct verifier *v, struct state *s, const struct cell *through,
                  const struct access *access);
bool access_load(struct verifier *v, struct state *s, const struct insn *insn);
bool access_store(struct verifier *v, struct state *s, const struct insn *insn);
bool access_atomic(struct verifier *v, struct state *s, const struct insn *insn);
/* The special field of a map's value that begins there; NULL. */
const struct skep_special *access_special_at(const struct verifier *v, const struct cell *cell,
                                             s64 off);
/* Does a typed pointer point to that: enum skep_type? */
bool access_is_of_type(const struct value *typed, u32 type);
const struct skep_map_spec *access_spec(const struct verifier *v, const struct value *value);
const struct skep_map_type *access_type(const struct verifier *v, const struct value *value);

/* ---- alu.c */
bool alu_step(struct verifier *v, struct state *s, const struct insn *insn);
/* What an atomic operation (ATOMIC, FETCH) makes of two numbers. */
struct scalar alu_atomic(const struct insn *insn, struct scalar a, struct scalar b);

/* ---- branch.c: the states in which the branch is taken and not; NULL: impossible.  Consumes s, if
 * it does not refuse. */
bool branch_step(struct verifier *v, struct state *s, const struct insn *insn, struct state **taken,
                 struct state **not_taken);

/* ---- call.c */
bool call_local(struct verifier *v, struct state *s, u32 func);
/* *ended: nothing follows. */
bool call_helper(struct verifier *v, struct state *s, const struct insn *insn, bool *ended);
bool call_exit(struct verifier *v, struct state *s, bool *ended);
/* A new frame for a function, without registers but r10. */
bool call_enter(struct verifier *v, struct state *s, u32 func, enum context_kind kind);
/* Packet pointers mean nothing any more. */
void call_packet_moves(struct verifier *v, struct state *s);
bool call_packet_load(struct verifier *v, struct state *s, const struct insn *insn);
u32 context_child(struct verifier *v, u32 parent, u32 call, u32 func, enum context_kind kind);

/* Nothing may be held, by this frame or those it called (from: the lowest frame that counts). */
bool call_nothing_held(struct verifier *v, const struct state *s, u32 from, const char *what);
/* A call is over: r1 to r5 are gone, r0 is what it gave. */
void call_clobber(struct verifier *v, struct state *s, struct cell r0);

/* ---- owned.c */
/* Is it a pointer to an initialised dynptr? */
bool owned_has_dynptr(struct verifier *v, const struct state *s, const struct cell *cell);
/* Is s about to take an element from an iterator that was there at `since` already?  Rounds that do
 * come to an end. */
bool owned_bounds_rounds(struct verifier *v, const struct state *s, const struct state *since);
/* ---- modes.c */
bool mode_add_exception_root(struct verifier *v);

/* ---- global.c */
bool global_has_signature(const struct verifier *v, u32 func);
bool global_call(struct verifier *v, struct state *s, u32 func);
bool global_end(struct verifier *v, const struct state *s);

/* ---- merge.c */
skep_status merge_prepare(struct verifier *v);
/* Does `old` cover everything that `new` stands for?  Ids below `fixed` mean the same in both. */
bool merge_covers(struct verifier *v, const struct state *old, const struct state *new, u32 fixed);
/* A new state that covers both; widened: chains of such results are finite.  NULL: the two cannot
 * be joined.  *lossless: nothing became unusable. */
struct state *merge_join(struct verifier *v, const struct state *a, const struct state *b,
                         bool widen, bool *lossless);
/* Forgets the registers and slots of a frame that are not among the live ones. */
void merge_forget_dead(struct verifier *v, struct state *s, u32 frame, u16 regs, u64 slots);

/* ---- decide.c: what is worth keeping apart */
/* false: no memory. */
bool decide_find(struct verifier *v);
/* The same of states that agree about what decides; needs decide_find. */
u64 decide_key(const struct verifier *v, const struct state *s);
/* Not 0 of a number or pointer of which everything is known; the same of the same. */
u64 decide_constant_of(const struct verifier *v, const struct cell *cell);

/* ---- thresholds.c: numbers that the program compares with, at which widening stops first */
struct thresholds {
    u32 n;
    const u64 *sorted; /* as unsigned numbers */
};
skep_status thresholds_find(struct verifier *v);
/* Covers both; chains of such results are finite. */
struct scalar thresholds_widen(const struct verifier *v, struct scalar old, struct scalar new);

/* ---- step.c: runs until points are reached; successors are in v->next.  Consumes s.
 * false: rejected (the report says why) or failed (v->failure). */
bool step(struct verifier *v, struct state *s);

/* ---- note.c: facts of the instruction under way, into the input's `facts` */
void note_before(const struct verifier *v, const struct state *s, struct fact *visit);
/* s: the state after it; NULL: only where it went is known. */
void note_after(const struct verifier *v, u32 at, const struct state *s, struct fact *visit);
void note_clear(struct verifier *v);

/* ---- engines */
enum outcome { OUTCOME_ACCEPTED, OUTCOME_REJECTED, OUTCOME_UNDECIDED, OUTCOME_FAILED };
/* UNDECIDED after `most_visited` instructions, too. */
enum outcome fixpoint_run(struct verifier *v, u32 most_states, u64 most_visited);
enum outcome paths_run(struct verifier *v);
/* ---- explain.c: marks the report's branches that matter, and finds where the register's contents
 * came from. */
void explain_path(const struct verify_input *in, struct verify_report *report);

/* ---- verify.c */
/* A state at the beginning of a function that nothing called. */
struct state *verify_root(struct verifier *v, u32 func, enum context_kind kind);
/* It is to be verified as well.  Consumes it. */
bool verify_add_root(struct verifier *v, struct state *root);
/* The program's context, in a state at the beginning of a function. */
struct cell verify_context(struct verifier *v, struct state *s);
/* Before the next engine: forgets what the one before found. */
void verify_again(struct verifier *v);
/* The state is one of the witness's, if one is wanted. */
bool verify_witness(struct verifier *v, const struct state *s);
/* Adds to the report how control came to the instruction under way. */
void verify_note_path(struct verifier *v);

#endif
