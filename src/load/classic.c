/* Classic BPF → BPF: the filters of packet sockets and of libpcap (`struct sock_filter`), as the
 * kernel's "Linux Socket Filtering" document describes them.
 *
 * What is accepted is what Linux's SO_ATTACH_FILTER accepts.  A filter's A is r0 and its X is r7;
 * r6 holds the context, as packet loads need it, and M[] lies on the stack.  A load outside of the
 * packet and a division by zero end the filter with 0.  Shifts take the amount's low five bits, as
 * Linux has them and libpcap has not.
 *
 * Jumps only go forward, so one pass over the instructions settles whatever depends on paths.
 * Instructions that are never reached are checked and left out. */
#include "load/classic.h"

#define CLASSIC_MAX 4096u
#define CLASSIC_CELLS 16u  /* of M[] */
#define CLASSIC_EXPANDS 6u /* slots that an instruction becomes, at the most */
#define CLASSIC_BEGINS 3u  /* slots before the first one */
#define CLASSIC_AD_OFF ((u32)-0x1000)

_Static_assert(CLASSIC_MAX *CLASSIC_EXPANDS + CLASSIC_BEGINS <= INT16_MAX, "jumps fit");

enum { CLASSIC_A = 0, CLASSIC_CTX = 6, CLASSIC_X = 7, CLASSIC_SAVED = 8, CLASSIC_FRAME = 10 };

enum classic_kind {
    CLASSIC_UNKNOWN,
    CLASSIC_LOAD,    /* A = packet bytes at k, or something beside the packet */
    CLASSIC_INDEXED, /* A = packet bytes at X + k */
    CLASSIC_HEADER,  /* X = 4 * (packet[k] & 15): an IPv4 header's length */
    CLASSIC_LENGTH,  /* reg = length of the packet */
    CLASSIC_CONST,   /* reg = k */
    CLASSIC_RECALL,  /* reg = M[k] */
    CLASSIC_STORE,   /* M[k] = reg */
    CLASSIC_ALU_K,
    CLASSIC_ALU_X,
    CLASSIC_DIV_K,
    CLASSIC_DIV_X,
    CLASSIC_SHIFT_K,
    CLASSIC_NEGATE,
    CLASSIC_MOVE, /* reg = the other one */
    CLASSIC_JUMP,
    CLASSIC_TEST_K,
    CLASSIC_TEST_X,
    CLASSIC_RETURN_K,
    CLASSIC_RETURN_A,
};

struct classic_row {
    u8 kind;
    u8 reg;
    u16 op;       /* enum isa_op */
    u16 opposite; /* of tests: the op that jumps when op does not; 0: none */
};

/* clang-format off */
#define CLASSIC_ALU(code, NAME, kind)                                                              \
    [0x04 | (code)] = { CLASSIC_##kind##_K, CLASSIC_A, ISA_##NAME##32_IMM, 0 },                    \
    [0x0c | (code)] = { CLASSIC_##kind##_X, CLASSIC_A, ISA_##NAME##32_REG, 0 }
#define CLASSIC_SHIFT(code, NAME)                                                                  \
    [0x04 | (code)] = { CLASSIC_SHIFT_K, CLASSIC_A, ISA_##NAME##32_IMM, 0 },                       \
    [0x0c | (code)] = { CLASSIC_ALU_X,   CLASSIC_A, ISA_##NAME##32_REG, 0 }
#define CLASSIC_TEST(code, NAME, OPPOSITE_IMM, OPPOSITE_REG)                                       \
    [0x05 | (code)] = { CLASSIC_TEST_K, CLASSIC_A, ISA_##NAME##32_IMM, OPPOSITE_IMM },             \
    [0x0d | (code)] = { CLASSIC_TEST_X, CLASSIC_A, ISA_##NAME##32_REG, OPPOSITE_REG }

/* By opcode: class, then size and mode or operation and operand (<linux/bpf_common.h>). */
static const struct classic_row classic_rows[256] = {
    [0x20] = { CLASSIC_LOAD,     CLASSIC_A, ISA_LD_ABS_W, 0 },
    [0x28] = { CLASSIC_LOAD,     CLASSIC_A, ISA_LD_ABS_H, 0 },
    [0x30] = { CLASSIC_LOAD,     CLASSIC_A, ISA_LD_ABS_B, 0 },
    [0x40] = { CLASSIC_INDEXED,  CLASSIC_A, ISA_LD_IND_W, 0 },
    [0x48] = { CLASSIC_INDEXED,  CLASSIC_A, ISA_LD_IND_H, 0 },
    [0x50] = { CLASSIC_INDEXED,  CLASSIC_A, ISA_LD_IND_B, 0 },
    [0xb1] = { CLASSIC_HEADER,   CLASSIC_X, 0, 0 },
    [0x80] = { CLASSIC_LENGTH,   CLASSIC_A, 0, 0 },
    [0x81] = { CLASSIC_LENGTH,   CLASSIC_X, 0, 0 },
    [0x00] = { CLASSIC_CONST,    CLASSIC_A, 0, 0 },
    [0x01] = { CLASSIC_CONST,    CLASSIC_X, 0, 0 },
    [0x60] = { CLASSIC_RECALL,   CLASSIC_A, 0, 0 },
    [0x61] = { CLASSIC_RECALL,   CLASSIC_X, 0, 0 },
    [0x02] = { CLASSIC_STORE,    CLASSIC_A, 0, 0 },
    [0x03] = { CLASSIC_STORE,    CLASSIC_X, 0, 0 },
    CLASSIC_ALU(0x00, ADD, ALU),
    CLASSIC_ALU(0x10, SUB, ALU),
    CLASSIC_ALU(0x20, MUL, ALU),
    CLASSIC_ALU(0x30, DIV, DIV),
    CLASSIC_ALU(0x40, OR,  ALU),
    CLASSIC_ALU(0x50, AND, ALU),
    CLASSIC_SHIFT(0x60, LSH),
    CLASSIC_SHIFT(0x70, RSH),
    [0x84] = { CLASSIC_NEGATE,   CLASSIC_A, ISA_NEG32, 0 },
    CLASSIC_ALU(0x90, MOD, DIV),
    CLASSIC_ALU(0xa0, XOR, ALU),
    [0x05] = { CLASSIC_JUMP,     CLASSIC_A, 0, 0 },
    CLASSIC_TEST(0x10, JEQ,  ISA_JNE32_IMM, ISA_JNE32_REG),
    CLASSIC_TEST(0x20, JGT,  ISA_JLE32_IMM, ISA_JLE32_REG),
    CLASSIC_TEST(0x30, JGE,  ISA_JLT32_IMM, ISA_JLT32_REG),
    CLASSIC_TEST(0x40, JSET, 0,             0),
    [0x06] = { CLASSIC_RETURN_K, CLASSIC_A, 0, 0 },
    [0x16] = { CLASSIC_RETURN_A, CLASSIC_A, 0, 0 },
    [0x07] = { CLASSIC_MOVE,     CLASSIC_X, 0, 0 },
    [0x87] = { CLASSIC_MOVE,     CLASSIC_A, 0, 0 },
};
#undef CLASSIC_ALU
#undef CLASSIC_SHIFT
#undef CLASSIC_TEST

/* What the offsets from SKF_AD_OFF on stand for (<linux/filter.h>), in steps of 4. */
enum classic_beside_kind { BESIDE_FIELD, BESIDE_NETWORK, BESIDE_DEVICE, BESIDE_TYPE, BESIDE_HELPER, BESIDE_XOR, BESIDE_ATTRIBUTE, BESIDE_NESTED, BESIDE_PAYLOAD };
static const struct classic_beside {
    const char *name;
    u8 kind;           /* enum classic_beside_kind */
    u8 helper;
    const char *field; /* of the hook's context */
} classic_beside[] = {
    { "SKF_AD_PROTOCOL",         BESIDE_NETWORK, 0, "protocol" },
    { "SKF_AD_PKTTYPE",          BESIDE_FIELD,   0, "pkt_type" },
    { "SKF_AD_IFINDEX",          BESIDE_DEVICE,  0, "ifindex" },
    { "SKF_AD_NLATTR",           BESIDE_ATTRIBUTE, 0, NULL },
    { "SKF_AD_NLATTR_NEST",      BESIDE_NESTED,  0, NULL },
    { "SKF_AD_MARK",             BESIDE_FIELD,   0, "mark" },
    { "SKF_AD_QUEUE",            BESIDE_FIELD,   0, "queue_mapping" },
    { "SKF_AD_HATYPE",           BESIDE_TYPE,    0, "ifindex" },
    { "SKF_AD_RXHASH",           BESIDE_FIELD,   0, "hash" },
    { "SKF_AD_CPU",              BESIDE_HELPER,  8, NULL },
    { "SKF_AD_ALU_XOR_X",        BESIDE_XOR,     0, NULL },
    { "SKF_AD_VLAN_TAG",         BESIDE_FIELD,   0, "vlan_tci" },
    { "SKF_AD_VLAN_TAG_PRESENT", BESIDE_FIELD,   0, "vlan_present" },
    { "SKF_AD_PAY_OFFSET",       BESIDE_PAYLOAD, 0, NULL },
    { "SKF_AD_RANDOM",           BESIDE_HELPER,  7, NULL },
    { "SKF_AD_VLAN_TPID",        BESIDE_NETWORK, 0, "vlan_proto" },
};
/* clang-format on */

struct classic_patch {
    u32 slot, target; /* a jump and the classic instruction that it goes to, or a call and the count
                         of those + the subprogram */
};

struct classic {
    const struct skep_hook *hook;
    const struct skep_classic_insn *insns;
    u32 n;
    u16 *stored;   /* by instruction: cells of M[] that every path to it has stored */
    bool *reached; /* by instruction */
    u32 *start;    /* by instruction, then by subprogram: its first slot */
    u32 routines;  /* bits: the subprograms that are called */
    struct isa_slot *slots;
    u32 n_slots;
    struct classic_patch *patches;
    u32 n_patches;
    skep_error *err;
};

static const struct classic_row *classic_row(const struct skep_classic_insn *insn)
{
    return insn->code < ARRAY_LEN(classic_rows) ? &classic_rows[insn->code] : &classic_rows[0xff];
}

/* NULL: k is an offset in the packet, or nothing that has a meaning. */
static const struct classic_beside *classic_find_beside(u32 k)
{
    u32 index = (k - CLASSIC_AD_OFF) / 4;
    bool known = k >= CLASSIC_AD_OFF && k % 4 == 0 && index < ARRAY_LEN(classic_beside);
    return known ? &classic_beside[index] : NULL;
}

/* Checking --------------------------------------------------------------------------------------
 */

static skep_status classic_bad_operand(const struct classic *c, u32 at, const char *what)
{
    return RAISE(c->err, SKEP_MALFORMED, CLASSIC_OPERAND, NUM(at), NUM(c->insns[at].code),
                 STR(what), NUM(c->insns[at].k));
}

static skep_status classic_check_jump(const struct classic *c, u32 at, u32 distance)
{
    u64 target = (u64)at + 1 + distance;
    if (target >= c->n)
        return RAISE(c->err, SKEP_MALFORMED, CLASSIC_JUMP, NUM(at), NUM(target), NUM(c->n));
    return SKEP_OK;
}

static skep_status classic_check_insn(const struct classic *c, u32 at)
{
    const struct skep_classic_insn *insn = &c->insns[at];
    switch ((enum classic_kind)classic_row(insn)->kind) {
    case CLASSIC_UNKNOWN:
        return RAISE(c->err, SKEP_MALFORMED, CLASSIC_OPCODE, NUM(at), NUM(insn->code));
    case CLASSIC_LOAD:
        return insn->k >= CLASSIC_AD_OFF && !classic_find_beside(insn->k)
                   ? classic_bad_operand(c, at, "there is nothing at the offset")
                   : SKEP_OK;
    case CLASSIC_RECALL:
    case CLASSIC_STORE:
        return insn->k < CLASSIC_CELLS ? SKEP_OK
                                       : classic_bad_operand(c, at, "there is no M[] of number");
    case CLASSIC_DIV_K: return insn->k != 0 ? SKEP_OK : classic_bad_operand(c, at, "it divides by");
    case CLASSIC_SHIFT_K:
        return insn->k < 32 ? SKEP_OK : classic_bad_operand(c, at, "it shifts by");
    case CLASSIC_JUMP: return classic_check_jump(c, at, insn->k);
    case CLASSIC_TEST_K:
    case CLASSIC_TEST_X: return classic_check_jump(c, at, max_u32(insn->jt, insn->jf));
    case CLASSIC_INDEXED:
    case CLASSIC_HEADER:
    case CLASSIC_LENGTH:
    case CLASSIC_CONST:
    case CLASSIC_ALU_K:
    case CLASSIC_ALU_X:
    case CLASSIC_DIV_X:
    case CLASSIC_NEGATE:
    case CLASSIC_MOVE:
    case CLASSIC_RETURN_K:
    case CLASSIC_RETURN_A: return SKEP_OK;
    }
    return SKEP_OK;
}

/* The instructions after this one: how many, and which. */
static u32 classic_successors(const struct classic *c, u32 at, u32 out[2])
{
    const struct skep_classic_insn *insn = &c->insns[at];
    u32 kind = classic_row(insn)->kind;
    if (kind == CLASSIC_RETURN_K || kind == CLASSIC_RETURN_A)
        return 0;
    bool tests = kind == CLASSIC_TEST_K || kind == CLASSIC_TEST_X;
    out[0] = at + 1 + (tests ? insn->jt : kind == CLASSIC_JUMP ? insn->k : 0);
    out[1] = at + 1 + insn->jf;
    return tests ? 2 : 1;
}

static bool classic_jumps(const struct skep_classic_insn *insn)
{
    u32 kind = classic_row(insn)->kind;
    return kind == CLASSIC_JUMP || kind == CLASSIC_TEST_K || kind == CLASSIC_TEST_X;
}

/* What is stored is followed through returns too, since Linux does so and refuses what then seems
 * unset; what is reached is not. */
static skep_status classic_check_paths(struct classic *c)
{
    u16 stored = 0;
    memset(c->stored, 0xff, c->n * sizeof(*c->stored));
    c->reached[0] = true;
    for (u32 at = 0; at < c->n; at++) {
        const struct skep_classic_insn *insn = &c->insns[at];
        u32 next[2], kind = classic_row(insn)->kind, n = classic_successors(c, at, next);
        stored &= c->stored[at];
        if (kind == CLASSIC_STORE)
            stored |= (u16)(1u << insn->k);
        if (kind == CLASSIC_RECALL && !(stored >> insn->k & 1))
            return RAISE(c->err, SKEP_MALFORMED, CLASSIC_UNSET, NUM(at), NUM(insn->k));
        for (u32 i = 0; i < n; i++) {
            c->reached[next[i]] |= c->reached[at];
            c->stored[next[i]] &= classic_jumps(insn) ? stored : 0xffff;
        }
        if (classic_jumps(insn))
            stored = 0xffff;
    }
    return SKEP_OK;
}

static skep_status classic_check(struct classic *c)
{
    for (u32 at = 0; at < c->n; at++)
        TRY(classic_check_insn(c, at));
    u32 next[2];
    if (classic_successors(c, c->n - 1, next) > 0)
        return RAISE(c->err, SKEP_MALFORMED, CLASSIC_END, NUM(c->n - 1));
    return classic_check_paths(c);
}

/* Writing ---------------------------------------------------------------------------------------
 */

static void classic_put(struct classic *c, struct insn insn)
{
    c->n_slots += isa_encode(&insn, &c->slots[c->n_slots]);
}

static u64 classic_imm(u32 k) { return (u64)(s64)(s32)k; }

static void classic_put_const(struct classic *c, u8 reg, u32 k)
{
    classic_put(c, (struct insn){ .op = ISA_MOV32_IMM, .dst = reg, .imm = classic_imm(k) });
}

static void classic_put_move(struct classic *c, u8 to, u8 from)
{
    classic_put(c, (struct insn){ .op = ISA_MOV32_REG, .dst = to, .src = from });
}

static void classic_put_exit(struct classic *c) { classic_put(c, (struct insn){ .op = ISA_EXIT }); }

static void classic_put_jump(struct classic *c, struct insn insn, u32 target)
{
    c->patches[c->n_patches++] = (struct classic_patch){ c->n_slots, target };
    classic_put(c, insn);
}

/* reg = the context's field; false: the hook has none of that name. */
static bool classic_put_field(struct classic *c, u8 reg, const char *name)
{
    for (u32 i = 0; i < c->hook->n_fields; i++) {
        const struct skep_ctx_field *field = &c->hook->fields[i];
        if (strcmp(field->name, name) != 0 || !(field->access & SKEP_FIELD_READ))
            continue;
        classic_put(c, (struct insn){
                           .op = ISA_LDX_W, .dst = reg, .src = CLASSIC_CTX, .off = field->offset });
        return true;
    }
    return false;
}

/* The filter ends with 0 when the packet belongs to no device: A is 0 then. */
static void classic_put_needs_a(struct classic *c)
{
    classic_put(c, (struct insn){ .op = ISA_JNE32_IMM, .dst = CLASSIC_A, .off = 1 });
    classic_put_exit(c);
}

/* Calls a subprogram, whose arguments are in place. */
static void classic_put_routine(struct classic *c, enum classic_routine which)
{
    c->routines |= 1u << which;
    classic_put(c, (struct insn){ .op = ISA_MOV64_REG, .dst = 1, .src = CLASSIC_CTX });
    c->patches[c->n_patches++] = (struct classic_patch){ c->n_slots, c->n + which };
    classic_put(c, (struct insn){ .op = ISA_CALL_LOCAL });
}

static void classic_put_attribute(struct classic *c, bool nested)
{
    classic_put_move(c, 2, CLASSIC_A);
    classic_put_move(c, 3, CLASSIC_X);
    classic_put_const(c, 4, nested);
    classic_put_routine(c, CLASSIC_FIND_ATTRIBUTE);
}

static skep_status classic_put_beside(struct classic *c, u32 at, const struct classic_beside *what)
{
    if (what->field && !classic_put_field(c, CLASSIC_A, what->field))
        return RAISE(c->err, SKEP_UNSUPPORTED, CLASSIC_ABSENT, NUM(at), STR(what->name));
    switch ((enum classic_beside_kind)what->kind) {
    case BESIDE_FIELD: break;
    case BESIDE_NETWORK: classic_put(c, (struct insn){ .op = ISA_BE16, .dst = CLASSIC_A }); break;
    case BESIDE_DEVICE: classic_put_needs_a(c); break;
    case BESIDE_TYPE: /* every device of a host's is an Ethernet */
        classic_put_needs_a(c);
        classic_put_const(c, CLASSIC_A, 1);
        break;
    case BESIDE_ATTRIBUTE: classic_put_attribute(c, false); break;
    case BESIDE_NESTED: classic_put_attribute(c, true); break;
    case BESIDE_PAYLOAD: classic_put_routine(c, CLASSIC_FIND_PAYLOAD); break;
    case BESIDE_HELPER:
        classic_put(c, (struct insn){ .op = ISA_CALL_HELPER, .imm = what->helper });
        break;
    case BESIDE_XOR:
        classic_put(c, (struct insn){ .op = ISA_XOR32_REG, .dst = CLASSIC_A, .src = CLASSIC_X });
        break;
    }
    return SKEP_OK;
}

/* The low nibble of a byte counts 32-bit words; A stays what it was. */
static void classic_put_header(struct classic *c, u32 k)
{
    classic_put_move(c, CLASSIC_SAVED, CLASSIC_A);
    classic_put(c, (struct insn){ .op = ISA_LD_ABS_B, .imm = classic_imm(k) });
    classic_put(c, (struct insn){ .op = ISA_AND32_IMM, .dst = CLASSIC_A, .imm = 15 });
    classic_put(c, (struct insn){ .op = ISA_LSH32_IMM, .dst = CLASSIC_A, .imm = 2 });
    classic_put_move(c, CLASSIC_X, CLASSIC_A);
    classic_put_move(c, CLASSIC_A, CLASSIC_SAVED);
}

static void classic_put_cell(struct classic *c, const struct classic_row *row, u32 k)
{
    s32 off = -4 * (s32)(CLASSIC_CELLS - k);
    if (row->kind == CLASSIC_STORE)
        classic_put(
            c, (struct insn){ .op = ISA_STX_W, .dst = CLASSIC_FRAME, .src = row->reg, .off = off });
    else
        classic_put(
            c, (struct insn){ .op = ISA_LDX_W, .dst = row->reg, .src = CLASSIC_FRAME, .off = off });
}

static void classic_put_division(struct classic *c, u16 op)
{
    classic_put(c, (struct insn){ .op = ISA_JNE32_IMM, .dst = CLASSIC_X, .off = 2 });
    classic_put_const(c, CLASSIC_A, 0);
    classic_put_exit(c);
    classic_put(c, (struct insn){ .op = op, .dst = CLASSIC_A, .src = CLASSIC_X });
}

/* One jump where one way goes straight on, else two. */
static void classic_put_test(struct classic *c, u32 at, const struct classic_row *row)
{
    const struct skep_classic_insn *insn = &c->insns[at];
    bool by_x = row->kind == CLASSIC_TEST_X;
    bool turned = insn->jt == 0 && row->opposite;
    struct insn test = { .op = turned ? row->opposite : row->op,
                         .dst = CLASSIC_A,
                         .src = by_x ? CLASSIC_X : 0,
                         .imm = by_x ? 0 : classic_imm(insn->k) };
    if (insn->jt == insn->jf) {
        if (insn->jt)
            classic_put_jump(c, (struct insn){ .op = ISA_JA }, at + 1 + insn->jt);
        return;
    }
    classic_put_jump(c, test, at + 1 + (turned ? insn->jf : insn->jt));
    if (!turned && insn->jf)
        classic_put_jump(c, (struct insn){ .op = ISA_JA }, at + 1 + insn->jf);
}

static skep_status classic_put_insn(struct classic *c, u32 at)
{
    const struct skep_classic_insn *insn = &c->insns[at];
    const struct classic_row *row = classic_row(insn);
    const struct classic_beside *beside = classic_find_beside(insn->k);
    u64 imm = classic_imm(insn->k);
    switch ((enum classic_kind)row->kind) {
    case CLASSIC_UNKNOWN: UNREACHABLE();
    case CLASSIC_LOAD:
        if (beside)
            return classic_put_beside(c, at, beside);
        classic_put(c, (struct insn){ .op = row->op, .imm = imm });
        break;
    case CLASSIC_INDEXED:
        classic_put(c, (struct insn){ .op = row->op, .src = CLASSIC_X, .imm = imm });
        break;
    case CLASSIC_HEADER: classic_put_header(c, insn->k); break;
    case CLASSIC_LENGTH:
        if (!classic_put_field(c, row->reg, "len"))
            return RAISE(c->err, SKEP_UNSUPPORTED, CLASSIC_ABSENT, NUM(at), STR("len"));
        break;
    case CLASSIC_CONST: classic_put_const(c, row->reg, insn->k); break;
    case CLASSIC_RECALL:
    case CLASSIC_STORE: classic_put_cell(c, row, insn->k); break;
    case CLASSIC_ALU_K:
    case CLASSIC_DIV_K:
    case CLASSIC_SHIFT_K:
        classic_put(c, (struct insn){ .op = row->op, .dst = CLASSIC_A, .imm = imm });
        break;
    case CLASSIC_ALU_X:
        classic_put(c, (struct insn){ .op = row->op, .dst = CLASSIC_A, .src = CLASSIC_X });
        break;
    case CLASSIC_DIV_X: classic_put_division(c, row->op); break;
    case CLASSIC_NEGATE: classic_put(c, (struct insn){ .op = row->op, .dst = CLASSIC_A }); break;
    case CLASSIC_MOVE:
        classic_put_move(c, row->reg, row->reg == CLASSIC_A ? CLASSIC_X : CLASSIC_A);
        break;
    case CLASSIC_JUMP: classic_put_jump(c, (struct insn){ .op = ISA_JA }, at + 1 + insn->k); break;
    case CLASSIC_TEST_K:
    case CLASSIC_TEST_X: classic_put_test(c, at, row); break;
    case CLASSIC_RETURN_K:
        classic_put_const(c, CLASSIC_A, insn->k);
        classic_put_exit(c);
        break;
    case CLASSIC_RETURN_A: classic_put_exit(c); break;
    }
    return SKEP_OK;
}

static void classic_patch_all(struct classic *c)
{
    for (u32 i = 0; i < c->n_patches; i++) {
        u32 slot = c->patches[i].slot, target = c->patches[i].target;
        s32 distance = (s32)(c->start[target] - slot - 1);
        if (target >= c->n)
            c->slots[slot].imm = distance;
        else
            c->slots[slot].off = (s16)distance;
    }
}

static u32 classic_length_at(const struct skep_hook *hook)
{
    u32 i = 0;
    while (i < hook->n_fields && strcmp(hook->fields[i].name, "len") != 0)
        i++;
    return i < hook->n_fields ? hook->fields[i].offset : 0;
}

static skep_status classic_put_routines(struct classic *c, struct mem *mem)
{
    u32 length_at = classic_length_at(c->hook);
    for (u32 r = 0; r < CLASSIC_ROUTINES; r++) {
        c->start[c->n + r] = c->n_slots;
        if (c->routines >> r & 1)
            TRY(classic_routine_put(mem, (enum classic_routine)r, length_at, c->slots, &c->n_slots,
                                    c->err));
    }
    return SKEP_OK;
}

static skep_status classic_put_all(struct classic *c, struct mem *mem)
{
    classic_put(c, (struct insn){ .op = ISA_MOV64_REG, .dst = CLASSIC_CTX, .src = 1 });
    classic_put_const(c, CLASSIC_A, 0);
    classic_put_const(c, CLASSIC_X, 0);
    for (u32 at = 0; at < c->n; at++) {
        c->start[at] = c->n_slots;
        if (c->reached[at])
            TRY(classic_put_insn(c, at));
    }
    TRY(classic_put_routines(c, mem));
    classic_patch_all(c);
    return SKEP_OK;
}

skep_status load_classic(struct arena *arena, const struct skep_hook *hook,
                         const struct skep_classic_insn *insns, size_t count,
                         struct isa_slot **slots, u32 *n_slots, skep_error *err)
{
    if (count == 0 || count > CLASSIC_MAX)
        return RAISE(err, SKEP_MALFORMED, CLASSIC_SIZE, NUM(count), NUM(CLASSIC_MAX));
    u32 n = (u32)count;
    struct classic c = {
        .hook = hook,
        .insns = insns,
        .n = n,
        .stored = arena_array(arena, u16, n),
        .reached = arena_array(arena, bool, n),
        .start = arena_array(arena, u32, n + CLASSIC_ROUTINES),
        .slots = arena_array(arena, struct isa_slot,
                             n * CLASSIC_EXPANDS + CLASSIC_BEGINS +
                                 CLASSIC_ROUTINES * CLASSIC_ROUTINE_SLOTS),
        .patches = arena_array(arena, struct classic_patch, n * 2),
        .err = err,
    };
    if (!c.stored || !c.reached || !c.start || !c.slots || !c.patches)
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("a classic program"));
    TRY(classic_check(&c));
    TRY(classic_put_all(&c, arena->mem));
    *slots = c.slots;
    *n_slots = c.n_slots;
    return SKEP_OK;
}

#undef CLASSIC_MAX
#undef CLASSIC_CELLS
#undef CLASSIC_EXPANDS
#undef CLASSIC_BEGINS
#undef CLASSIC_AD_OFF
