/* Exactly the defined encodings decode, and bytes → text → bytes is the identity for each.
 *
 * What is defined is said here a second time, from the text of RFC 9669 and the list of Linux
 * extensions, without a look at the table: the two descriptions must agree on every point of
 * opcode × registers × offset × immediate classes. */
#include "isa/isa.h"

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

static bool same_slot(struct isa_slot a, struct isa_slot b)
{
    u8 bytes[2][8];
    isa_slot_write(a, bytes[0], false);
    isa_slot_write(b, bytes[1], false);
    return memcmp(bytes[0], bytes[1], 8) == 0;
}

/* The independent description */

static bool reg_ok(unsigned r) { return r <= 10; }

static bool alu_defined(const struct isa_slot *s, bool wide)
{
    unsigned code = s->opcode >> 4;
    bool x = s->opcode & 8;
    if (!reg_ok(s->dst))
        return false;
    if (code == 8) /* NEG: neither source */
        return !x && s->src == 0 && s->off == 0 && s->imm == 0;
    if (code == 0xd) { /* END: the width is in imm; ALU64 has no source bit */
        bool width = s->imm == 16 || s->imm == 32 || s->imm == 64;
        return width && s->src == 0 && s->off == 0 && !(wide && x);
    }
    if (code > 0xd)
        return false;
    if (x ? !reg_ok(s->src) : s->src != 0)
        return false;
    if (code == 0xb && x && wide && s->off == 1) /* Linux: addr_space_cast */
        return s->imm == 1 || s->imm == 0x10000;
    if (x && s->imm != 0)
        return false;
    if (code == 3 || code == 9) /* DIV, MOD: offset 1 is signed */
        return s->off == 0 || s->off == 1;
    if (code == 0xb && x) /* MOVSX */
        return s->off == 0 || s->off == 8 || s->off == 16 || (wide && s->off == 32);
    return s->off == 0;
}

static bool jump_defined(const struct isa_slot *s, bool wide)
{
    unsigned code = s->opcode >> 4;
    bool x = s->opcode & 8;
    if (code == 0) { /* JA; Linux: gotox */
        if (x)
            return wide && reg_ok(s->dst) && s->src == 0 && s->off == 0 && s->imm == 0;
        return s->dst == 0 && s->src == 0 && (wide ? s->imm == 0 : s->off == 0);
    }
    if (code == 8) { /* CALL; Linux: callx */
        if (!wide)
            return false;
        if (x)
            return reg_ok(s->dst) && s->src == 0 && s->off == 0 && s->imm == 0;
        return s->dst == 0 && s->src <= 2 && (s->src == 2 || s->off == 0);
    }
    if (code == 9) /* EXIT */
        return wide && !x && s->dst == 0 && s->src == 0 && s->off == 0 && s->imm == 0;
    if (code == 0xe) /* Linux: may_goto */
        return wide && !x && s->dst == 0 && s->src == 0 && s->imm == 0;
    if (code > 0xd)
        return false;
    return reg_ok(s->dst) && (x ? reg_ok(s->src) && s->imm == 0 : s->src == 0);
}

static bool atomic_defined(const struct isa_slot *s, unsigned size)
{
    if (!reg_ok(s->dst) || !reg_ok(s->src))
        return false;
    if (s->imm == 0x100 || s->imm == 0x110) /* Linux: load-acquire, store-release */
        return true;
    if (size != 0 && size != 3) /* only W and DW */
        return false;
    switch (s->imm) {
    case 0x00:
    case 0x40:
    case 0x50:
    case 0xa0:
    case 0xf1:
    case 0x01:
    case 0x41:
    case 0x51:
    case 0xa1:
    case 0xe1: return true;
    default: return false;
    }
}

static bool load_store_defined(const struct isa_slot *s, const struct isa_slot *second)
{
    unsigned class = s->opcode & 7, size = s->opcode >> 3 & 3, mode = s->opcode >> 5;
    if (class == 0 && mode == 0) { /* wide: only DW, src 0 to 6 */
        bool clean = second && !second->opcode && !second->dst && !second->src && !second->off;
        bool upper_used = s->src == 0 || s->src == 2 || s->src == 6;
        return size == 3 && clean && reg_ok(s->dst) && s->src <= 6 && s->off == 0 &&
               (upper_used || second->imm == 0);
    }
    if (class == 0) { /* ABS 1, IND 2; not DW */
        bool src = mode == 1 ? s->src == 0 : reg_ok(s->src);
        return (mode == 1 || mode == 2) && size != 3 && src && s->dst == 0 && s->off == 0;
    }
    if (class == 1) /* MEM 3; MEMSX 4, not DW */
        return (mode == 3 || (mode == 4 && size != 3)) && reg_ok(s->dst) && reg_ok(s->src) &&
               s->imm == 0;
    if (class == 2)
        return mode == 3 && reg_ok(s->dst) && s->src == 0;
    if (mode == 6)
        return atomic_defined(s, size);
    return mode == 3 && reg_ok(s->dst) && reg_ok(s->src) && s->imm == 0;
}

static bool defined(const struct isa_slot *s, const struct isa_slot *second)
{
    switch (s->opcode & 7) {
    case 4: return alu_defined(s, false);
    case 7: return alu_defined(s, true);
    case 5: return jump_defined(s, true);
    case 6: return jump_defined(s, false);
    default: return load_store_defined(s, second);
    }
}

/* The classes of values */

static const s16 offs[] = { 0,  1,  2,  7,     8,     9,      16, 17, 24,        32,
                            33, 64, 65, 0x100, 0x110, 0x7fff, -1, -8, -32767 - 1 };
static const s32 imms[] = { 0,       1,          2,
                            7,       8,          16,
                            24,      32,         40,
                            48,      64,         65,
                            0x40,    0x41,       0x42,
                            0x50,    0x51,       0x80,
                            0xa0,    0xa1,       0xb0,
                            0xe0,    0xe1,       0xf0,
                            0xf1,    0xff,       0x100,
                            0x101,   0x110,      0x111,
                            0x1001,  0x10000,    0x10001,
                            0x20000, 0x7fffffff, -1,
                            -2,      -16,        -0x7fffffff - 1 };
static const u8 dsts[] = { 0, 4, 9, 10, 11, 15 };
static const u8 srcs[] = { 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 15 };

struct counts {
    unsigned long tried, accepted, wrong, rows[ISA_OP_COUNT];
};

static const struct isa_slot seconds[] = {
    { 0 },        { .imm = 1 }, { .imm = -1 }, { .imm = -0x7fffffff - 1 }, { .opcode = 1 },
    { .dst = 1 }, { .src = 1 }, { .off = 1 },  { .opcode = 0x18 },
};

static void try_one(struct counts *c, struct isa_slot first, const struct isa_slot *second)
{
    struct isa_slot slots[2] = { first };
    if (second)
        slots[1] = *second;
    struct insn insn;
    skep_error err = { 0 };
    bool accepted = isa_decode(slots, second ? 2 : 1, 5, &insn, &err) == SKEP_OK;
    c->tried++;
    c->accepted += accepted;
    if (accepted != defined(&first, second)) {
        if (c->wrong++ < 10)
            print_message("%02x dst %u src %u off %d imm %d: %s\n", first.opcode, first.dst,
                          first.src, first.off, first.imm, accepted ? "accepted" : "refused");
    }
    assert_true(accepted == !skep_error_id(&err)[0]);
    if (!accepted)
        return;
    c->rows[insn.op]++;
    struct isa_slot back[2] = { 0 };
    u32 n = isa_encode(&insn, back);
    for (u32 i = 0; i < n; i++)
        assert_true(same_slot(back[i], slots[i]));
}

static void for_all_encodings(struct counts *c, void (*visit)(struct counts *, struct isa_slot,
                                                              const struct isa_slot *))
{
    for (unsigned op = 0; op < 256; op++)
        for (size_t d = 0; d < ARRAY_LEN(dsts); d++)
            for (size_t r = 0; r < ARRAY_LEN(srcs); r++)
                for (size_t o = 0; o < ARRAY_LEN(offs); o++)
                    for (size_t i = 0; i < ARRAY_LEN(imms); i++) {
                        struct isa_slot s = { .opcode = (u8)op,
                                              .dst = dsts[d],
                                              .src = srcs[r],
                                              .off = offs[o],
                                              .imm = imms[i] };
                        visit(c, s, NULL);
                        for (size_t n = 0; op == 0x18 && n < ARRAY_LEN(seconds); n++)
                            visit(c, s, &seconds[n]);
                    }
}

static void exactly_the_defined_encodings_decode(void **state)
{
    (void)state;
    static struct counts c;
    for_all_encodings(&c, try_one);
    print_message("%lu encodings tried, %lu defined\n", c.tried, c.accepted);
    assert_int_equal(c.wrong, 0);
    for (u16 op = 0; op < ISA_OP_COUNT; op++)
        if (c.rows[op] == 0)
            fail_msg("no encoding reached %s", isa_rows[op].name);
}

/* Text */

static struct mem mem;

/* Many instructions are assembled at once: the batch is text and the slots expected from it. */
#define BATCH 4096
static struct batch {
    struct text text;
    struct isa_slot expected[BATCH + 2];
    u32 n;
    unsigned long total;
} batch;

static void flush_batch(void)
{
    struct isa_asm as = { .mem = &mem };
    skep_error err = { 0 };
    skep_status status = isa_assemble(&as, text_cstr(&batch.text), batch.text.length, &err);
    if (status != SKEP_OK) {
        char message[256];
        skep_error_text(&err, message, sizeof message);
        fail_msg("%s", message);
    }
    assert_int_equal(as.slots.n, batch.n);
    for (u32 i = 0; i < batch.n; i++) {
        if (!same_slot(as.slots.data[i], batch.expected[i]))
            fail_msg("slot %u of the batch, line %u: another encoding (opcode %02x for %02x)", i,
                     as.line_of_slot.data[i], as.slots.data[i].opcode, batch.expected[i].opcode);
    }
    isa_asm_drop(&as);
    batch.text.length = 0;
    batch.total += batch.n;
    batch.n = 0;
}

static void round_trip_one(struct counts *c, struct isa_slot first, const struct isa_slot *second)
{
    struct isa_slot slots[2] = { first };
    if (second)
        slots[1] = *second;
    struct insn insn;
    if (isa_decode(slots, second ? 2 : 1, 0, &insn, NULL) != SKEP_OK)
        return;
    /* The registers take part in full above; here some of the combinations are enough. */
    if (c->rows[insn.op]++ % 16 != 0 && c->rows[insn.op] > 128)
        return;
    isa_print(&batch.text, &insn);
    text_char(&batch.text, '\n');
    for (u32 i = 0; i < insn_slots(&insn); i++)
        batch.expected[batch.n++] = slots[i];
    if (batch.n >= BATCH)
        flush_batch();
}

static void text_of_every_defined_encoding_gives_it_back(void **state)
{
    (void)state;
    static struct counts c;
    mem_init(&mem, NULL, 0);
    text_init(&batch.text, &mem);
    for_all_encodings(&c, round_trip_one);
    flush_batch();
    text_drop(&batch.text);
    print_message("%lu slots went through text\n", batch.total);
    assert_true(batch.total > 10000);
    assert_int_equal(mem.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_the_defined_encodings_decode),
        cmocka_unit_test(text_of_every_defined_encoding_gives_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
