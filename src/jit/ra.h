/* Inside the register allocator.
 *
 * Instruction i reads at position 2i and writes at 2i + 1.  Virtual registers that copies connect
 * and that do not overlap are joined to webs; a web is allocated as a whole, or in pieces: between
 * pieces it lies in its slot of the frame (or is made again, if it is a constant).
 *
 *   ra_live.c   where each register is live
 *   ra_join.c   webs
 *   ra_place.c  which positions of which machine registers are taken
 *   ra_pick.c   a register for each piece: free ones, or those of pieces that weigh less
 *   ra_split.c  pieces that found none become smaller ones
 *   ra_moves.c  moves between pieces
 *   ra_write.c  slots; the code as it will be
 *   ra_dead.c   moves for nothing
 *   ra_tails.c  moves before jumps
 *   regalloc.c  the list of these
 *   ra_check.c  the proof that the result is right */
#ifndef SKEP_SRC_JIT_RA_H
#define SKEP_SRC_JIT_RA_H

#include "base/bits.h"
#include "jit/regalloc.h"

#define RA_MEMORY 0xfeu /* in place of a register: the slot */
#define RA_NONE 0xffu   /* not allocated */
#define RA_LEVELS 7u    /* how often code is executed: see ra_frequency */

struct ra_seg { /* live from `from` to before `to` */
    u32 from, to;
    struct ra_seg *next;
};

struct ra_use { /* an operand */
    struct ra_use *next;
    u32 insn;
    u8 operand;
    u8 role;
    u8 level;  /* how often it is executed: see ra_frequency */
    u8 copies; /* it belongs to a copy: a good register is that of the other side */
};

struct ra_piece {
    struct ra_piece *next, *next_queued;
    struct ra_seg *segs;
    struct ra_use *uses;
    u32 web;
    u32 length; /* positions */
    float weight;
    u8 reg;
    bool small; /* within one instruction: it must get a register */
    bool dirty; /* holds what the slot does not */
};

struct ra_web {
    struct ra_seg *segs; /* sorted, none touching the next */
    struct ra_use *uses; /* sorted */
    struct ra_piece *pieces;
    u32 joined; /* to that web; itself: none */
    u32 n_defs : 30;
    u32 split : 1;   /* not all of it is one piece */
    u32 in_slot : 1; /* some operand reads or writes the slot */
    u32 made_by;     /* instruction of the only definition, if that is MACH_REMAT; else CODE_NONE */
    u32 made;        /* ra_write.c: among the constants that are made again */
};

struct ra_node { /* a piece that has a register in a chunk of positions */
    struct ra_piece *piece;
    u32 next;    /* 0: none */
    u8 from, to; /* in the chunk: below 64, at most 64 */
};

#define RA_QUEUES 33u
struct ra {
    struct arena *arena; /* scratch */
    const struct jit_target *target;
    struct mach_func *func;
    u32 usable;
    u32 n_webs; /* virtual registers: web w is register MACH_REGS + w */
    struct ra_web *webs;
    u8 *level;      /* by block */
    u32 *old_begin; /* by block, of the code before moves were inserted */
    /* By ra_cell: chunk of 64 positions and register. */
    u32 n_cell_regs;
    u64 *taken, *fixed; /* fixed: by instructions that demand that register, and calls */
    u32 *holders;       /* the first of its nodes; 0: none */
    struct ra_node *nodes;
    u32 n_nodes, nodes_room, free_nodes; /* [0] is none */
    u32 *calls;                          /* instructions, ascending */
    u32 n_calls;
    struct ra_piece *queue[RA_QUEUES], **queue_end[RA_QUEUES]; /* by log2 of the length */
    u32 top_queue;
    u64 evictions_left;
    bool failed; /* out of memory */
};

static inline u32 ra_web_of(struct ra *ra, u32 reg)
{
    u32 w = reg - MACH_REGS;
    for (; ra->webs[w].joined != w; w = ra->webs[w].joined)
        ra->webs[w].joined = ra->webs[ra->webs[w].joined].joined;
    return w;
}
static inline bool ra_is_virtual(u32 reg) { return reg >= MACH_REGS && reg != MACH_NO_REG; }
static inline bool ra_reads(u8 role)
{
    return role == MACH_USE || role == MACH_LATE_USE || role == MACH_CHANGE;
}
static inline bool ra_writes(u8 role)
{
    return role == MACH_DEF || role == MACH_EARLY_DEF || role == MACH_CHANGE;
}
/* Where the operand needs its register: [ra_role_from, ra_role_to). */
static inline u32 ra_role_from(u32 insn, u8 role) { return 2 * insn + (role == MACH_DEF); }
static inline u32 ra_role_to(u32 insn, u8 role) { return 2 * insn + 1 + (role != MACH_USE); }
static inline bool ra_is_remat(const struct ra_web *web)
{
    return web->made_by != CODE_NONE && web->n_defs == 1;
}

static inline size_t ra_cell(const struct ra *ra, u32 chunk, u32 reg)
{
    return (size_t)chunk * ra->n_cell_regs + reg;
}
/* The part of [from, to) that lies in the chunk, counted from its beginning. */
struct ra_within {
    u8 from, to;
};
static inline struct ra_within ra_within_chunk(u32 chunk, u32 from, u32 to)
{
    u32 base = chunk * 64;
    return (struct ra_within){ (u8)(from > base ? from - base : 0),
                               (u8)(to - base < 64 ? to - base : 64) };
}

float ra_frequency(u8 level);
u32 ra_block_of(const struct ra *ra, u32 insn);

bool ra_live(struct ra *ra);
void ra_join(struct ra *ra);
bool ra_place_init(struct ra *ra);
void ra_place_fixed(struct ra *ra, u32 reg, u32 from, u32 to);
bool ra_place_is_taken(const struct ra *ra, u32 reg, u32 position);
/* Of the registers in `among`, those with something in the piece's way. */
u32 ra_place_busy(const struct ra *ra, const struct ra_piece *piece, u32 among, const u64 *map);
/* The next of the nodes from `node` on that overlaps; 0: none. */
u32 ra_place_overlapping(const struct ra *ra, u32 node, struct ra_within within);
void ra_place_take(struct ra *ra, struct ra_piece *piece, u32 reg);
void ra_place_release(struct ra *ra, struct ra_piece *piece);
bool ra_pick(struct ra *ra);
void ra_enqueue(struct ra *ra, struct ra_piece *piece);
struct ra_piece *ra_piece_new(struct ra *ra, u32 web, struct ra_seg *segs, struct ra_use *uses);
/* The piece goes; smaller ones are queued in its place. */
void ra_split(struct ra *ra, struct ra_piece *piece);
/* The operand becomes a memory operand, if its instruction can have one there. */
bool ra_use_slot(struct ra *ra, struct ra_piece *piece, struct ra_use *use);

struct ra_move { /* between two instructions */
    u32 order;   /* 4 × instruction that comes after; + 1: comes later, from another group */
    u32 web;
    u8 from, to; /* registers or RA_MEMORY */
};
struct ra_moves {
    struct ra_move *list;
    u32 n, room;
};
bool ra_make_moves(struct ra *ra, struct ra_moves *moves);
bool ra_color_slots(struct ra *ra, u32 **colors);
bool ra_write(struct ra *ra, const struct ra_moves *moves, const u32 *colors);
bool ra_dead(const struct ra *ra);
void ra_tails(const struct ra *ra);

#endif
