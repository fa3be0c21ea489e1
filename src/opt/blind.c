/* Constants do not appear in the code as they are: an author of programs who cannot be trusted
 * might otherwise write machine code of his own into them, and needs only a jump to get there.
 *
 * A number of more than 16 significant bits becomes the exclusive or of two numbers, neither of
 * which he knows.  So does a displacement.  What two bytes can do is left alone, as elsewhere.
 *
 * Comes last: passes that compute with constants would find them again. */
#include "opt/pass.h"

struct blind {
    struct ssa_func *func;
    u64 random;
    u32 room;     /* of the arrays by value: those that were there before */
    u32 *made;    /* by constant: what gives it in `made_in` */
    u32 *made_in; /* 1 + block */
    bool changed;
};

/* Steele, Lea and Flood's splitmix64. */
static u64 blind_next(struct blind *b)
{
    u64 z = b->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static bool blind_is_short(u64 number)
{
    u64 low = number & UINT32_MAX;
    bool half = number == low && low >= UINT32_MAX - INT16_MAX; /* below 0, of 4 bytes */
    return number <= UINT16_MAX || number >= UINT64_MAX - INT16_MAX || half;
}

static u32 blind_number(struct blind *b, u64 number)
{
    u32 value = ssa_new(
        b->func,
        (struct ssa_insn){
            .op = SSA_CONST, .width = 8, .flags = SSA_BLIND, .origin = CODE_NONE, .imm = number });
    return value;
}

/* The number, made before `at`.  The halves of a mask have as many bits as the number. */
static u32 blind_make(struct blind *b, u32 at, u64 number)
{
    u64 mask = blind_next(b) & (number > UINT32_MAX ? UINT64_MAX : UINT32_MAX);
    u32 one = blind_number(b, number ^ mask), two = one ? blind_number(b, mask) : 0;
    u32 value = !two ? 0
                     : ssa_new(b->func, (struct ssa_insn){ .op = SSA_XOR,
                                                           .width = 8,
                                                           .arg = { one, two },
                                                           .origin = ssa_at(b->func, at)->origin });
    if (!value)
        return 0;
    ssa_insert_before(b->func, at, one);
    ssa_insert_before(b->func, at, two);
    ssa_insert_before(b->func, at, value);
    b->func->ranges[value] = (struct ssa_range){ number, number };
    b->changed = true;
    return value;
}

/* The same for all uses in a block after the first. */
static u32 blind_constant(struct blind *b, u32 at, u32 constant)
{
    u32 block = ssa_at(b->func, at)->block;
    if (b->made_in[constant] != block + 1) {
        b->made[constant] = blind_make(b, at, ssa_at(b->func, constant)->imm);
        b->made_in[constant] = block + 1;
    }
    return b->made[constant];
}

static bool blind_is_wanted(const struct blind *b, u32 value)
{
    const struct ssa_insn *insn = ssa_at(b->func, value);
    return value < b->room && insn->op == SSA_CONST && !blind_is_short(insn->imm);
}

/* A phi's argument is made at the end of the block that it comes from. */
static void blind_args(struct blind *b, u32 at)
{
    const struct ssa_insn *insn = ssa_at(b->func, at);
    u32 n = insn->n_args, block = insn->block;
    bool phi = insn->op == SSA_PHI;
    for (u32 a = 0; a < n && !b->func->failed; a++) {
        u32 value = ssa_args(b->func, ssa_at(b->func, at))[a];
        if (!blind_is_wanted(b, value))
            continue;
        u32 last = phi ? b->func->blocks[b->func->blocks[block].preds[a]].last : at;
        u32 made =
            phi ? blind_make(b, last, ssa_at(b->func, value)->imm) : blind_constant(b, at, value);
        ssa_args(b->func, ssa_at(b->func, at))[a] = made;
    }
}

/* A displacement that says much becomes part of the address. */
static void blind_displacement(struct blind *b, u32 at)
{
    const struct ssa_insn *insn = ssa_at(b->func, at);
    bool memory = insn->op >= SSA_LOAD && insn->op <= SSA_CMPXCHG;
    if (!memory || insn->off == (s16)insn->off)
        return;
    u32 base = insn->arg[0], off = blind_make(b, at, (u64)insn->off);
    u32 sum = !off ? 0
                   : ssa_new(b->func, (struct ssa_insn){ .op = SSA_ADD,
                                                         .width = 8,
                                                         .arg = { base, off },
                                                         .origin = insn->origin });
    if (!sum)
        return;
    ssa_insert_before(b->func, at, sum);
    ssa_at(b->func, at)->arg[0] = sum;
    ssa_at(b->func, at)->off = 0;
}

bool opt_blind(struct opt *opt, struct ssa_func *func)
{
    struct blind b = { .func = func, .room = func->n };
    b.random = opt->in->blind_seed ^ (u64)func->number << 32;
    b.made = arena_array(&opt->scratch, u32, func->n);
    b.made_in = arena_array(&opt->scratch, u32, func->n);
    func->failed |= !b.made || !b.made_in;
    for (u32 block = 0; block < func->n_blocks && !func->failed; block++)
        for (u32 at = func->blocks[block].first; at && !func->failed; at = ssa_at(func, at)->next) {
            blind_displacement(&b, at);
            blind_args(&b, at);
        }
    return b.changed;
}
