/* The evaluator of reference.h.  Section numbers are those of RFC 9669. */
#include "conformance/reference.h"

#include <string.h>

#define FRAMES 8
#define STACK_BYTES 512
#define MAX_STEPS 1000000

/* Addresses that a program sees: the memory, and the stacks of the frames with gaps between them.
 */
#define MEMORY_ADDRESS 0x100000000000u
#define STACK_ADDRESS 0x200000000000u
#define STACK_DISTANCE 0x10000u

/* §3.1: the fields of an instruction. */
struct fields {
    unsigned opcode, dst, src;
    int64_t offset, imm;
};

struct frame {
    uint64_t saved[5]; /* r6 to r9 and the frame pointer of the caller */
    size_t return_to;
};

struct machine {
    const uint8_t *code;
    size_t n; /* slots */
    size_t pc;
    uint64_t r[11];
    uint8_t *memory;
    size_t memory_size;
    uint8_t stacks[FRAMES][STACK_BYTES];
    struct frame frames[FRAMES];
    unsigned depth;
    bool exited;
};

static int64_t sign_extend(uint64_t value, unsigned bits)
{
    uint64_t sign = (uint64_t)1 << (bits - 1);
    uint64_t low = bits == 64 ? value : value & (((uint64_t)1 << bits) - 1);
    uint64_t extended = (low ^ sign) - sign;
    int64_t result;
    memcpy(&result, &extended, sizeof result);
    return result;
}

static uint64_t truncate_to(uint64_t value, unsigned bits)
{
    return bits == 64 ? value : value & (((uint64_t)1 << bits) - 1);
}

static struct fields fetch(const struct machine *m, size_t slot)
{
    const uint8_t *p = m->code + slot * 8;
    uint64_t imm = 0;
    for (int i = 0; i < 4; i++)
        imm |= (uint64_t)p[4 + i] << (8 * i);
    return (struct fields){
        .opcode = p[0],
        .dst = p[1] % 16,
        .src = p[1] / 16,
        .offset = sign_extend((uint64_t)p[2] | (uint64_t)p[3] << 8, 16),
        .imm = sign_extend(imm, 32),
    };
}

/* Memory, one byte at a time, in little-endian order as the bytecode is. */

static uint8_t *byte_at(struct machine *m, uint64_t address)
{
    if (address - MEMORY_ADDRESS < m->memory_size)
        return m->memory + (address - MEMORY_ADDRESS);
    uint64_t from_stack = address - STACK_ADDRESS;
    uint64_t frame = from_stack / STACK_DISTANCE, at = from_stack % STACK_DISTANCE;
    return frame <= m->depth && at < STACK_BYTES ? &m->stacks[frame][at] : NULL;
}

static bool load(struct machine *m, uint64_t address, unsigned bytes, uint64_t *value)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t *p = byte_at(m, address + i);
        if (!p)
            return false;
        v |= (uint64_t)*p << (8 * i);
    }
    *value = v;
    return true;
}

static bool store(struct machine *m, uint64_t address, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++)
        if (!byte_at(m, address + i))
            return false;
    for (unsigned i = 0; i < bytes; i++)
        *byte_at(m, address + i) = (uint8_t)(value >> (8 * i));
    return true;
}

/* §4.1 */

static bool is_negative(uint64_t v, unsigned bits) { return v >> (bits - 1) & 1; }
static uint64_t magnitude(uint64_t v, unsigned bits)
{
    return truncate_to(is_negative(v, bits) ? 0 - v : v, bits);
}

/* By magnitudes and signs, so that no division can overflow. */
static uint64_t divide(uint64_t a, uint64_t b, unsigned bits, bool is_signed)
{
    if (b == 0)
        return 0;
    if (!is_signed)
        return a / b;
    uint64_t q = magnitude(a, bits) / magnitude(b, bits);
    return is_negative(a, bits) != is_negative(b, bits) ? 0 - q : q;
}

static uint64_t modulo(uint64_t a, uint64_t b, unsigned bits, bool is_signed)
{
    if (b == 0)
        return a;
    if (!is_signed)
        return a % b;
    uint64_t rest = magnitude(a, bits) % magnitude(b, bits);
    return is_negative(a, bits) ? 0 - rest : rest;
}

static uint64_t shift_right_arithmetic(uint64_t a, unsigned by, unsigned bits)
{
    for (; by > 0; by--)
        a = a >> 1 | (is_negative(a, bits) ? (uint64_t)1 << (bits - 1) : 0);
    return a;
}

/* §4.2 on a little-endian machine: the order of the low `bits` is reversed, the rest becomes zero.
 */
static uint64_t swap_bytes(uint64_t v, unsigned bits)
{
    uint64_t swapped = 0;
    for (unsigned i = 0; i < bits; i += 8)
        swapped |= (v >> i & 0xff) << (bits - 8 - i);
    return swapped;
}

static bool byte_swap(struct machine *m, struct fields f, bool alu64)
{
    unsigned bits = (unsigned)f.imm;
    bool to_be = f.opcode & 8;
    if ((f.imm != 16 && f.imm != 32 && f.imm != 64) || f.src || f.offset || (alu64 && to_be))
        return false;
    m->r[f.dst] = alu64 || to_be ? swap_bytes(m->r[f.dst], bits) : truncate_to(m->r[f.dst], bits);
    return true;
}

static bool move(struct machine *m, struct fields f, uint64_t source, unsigned bits)
{
    if (f.offset == 0) {
        m->r[f.dst] = truncate_to(source, bits);
        return true;
    }
    bool known = f.offset == 8 || f.offset == 16 || (f.offset == 32 && bits == 64);
    if (!known || !(f.opcode & 8))
        return false;
    m->r[f.dst] = truncate_to((uint64_t)sign_extend(source, (unsigned)f.offset), bits);
    return true;
}

static bool arithmetic(struct machine *m, struct fields f)
{
    bool alu64 = f.opcode % 8 == 7, x = f.opcode & 8;
    unsigned bits = alu64 ? 64 : 32, code = f.opcode >> 4;
    if (f.dst > 9)
        return false;
    if (code == 0xd)
        return byte_swap(m, f, alu64);
    if (code == 8 ? x || f.src || f.imm : x ? f.src > 10 || f.imm : f.src != 0)
        return false;
    uint64_t a = truncate_to(m->r[f.dst], bits);
    uint64_t b = truncate_to(x ? m->r[f.src] : (uint64_t)f.imm, bits);
    unsigned by = (unsigned)(b & (bits - 1));
    bool is_signed = f.offset == 1;
    if (code == 0xb)
        return move(m, f, b, bits);
    if (f.offset && !(is_signed && (code == 3 || code == 9)))
        return false;
    uint64_t result;
    switch (code) {
    case 0x0: result = a + b; break;
    case 0x1: result = a - b; break;
    case 0x2: result = a * b; break;
    case 0x3: result = divide(a, b, bits, is_signed); break;
    case 0x4: result = a | b; break;
    case 0x5: result = a & b; break;
    case 0x6: result = a << by; break;
    case 0x7: result = a >> by; break;
    case 0x8: result = 0 - a; break;
    case 0x9: result = modulo(a, b, bits, is_signed); break;
    case 0xa: result = a ^ b; break;
    case 0xc: result = shift_right_arithmetic(a, by, bits); break;
    default: return false;
    }
    m->r[f.dst] = truncate_to(result, bits);
    return true;
}

/* §4.3 */

static bool condition(unsigned code, uint64_t a, uint64_t b, unsigned bits, bool *holds)
{
    /* Flipping the sign bits turns signed order into unsigned order. */
    uint64_t sign = (uint64_t)1 << (bits - 1), sa = a ^ sign, sb = b ^ sign;
    switch (code) {
    case 0x1: *holds = a == b; return true;
    case 0x2: *holds = a > b; return true;
    case 0x3: *holds = a >= b; return true;
    case 0x4: *holds = (a & b) != 0; return true;
    case 0x5: *holds = a != b; return true;
    case 0x6: *holds = sa > sb; return true;
    case 0x7: *holds = sa >= sb; return true;
    case 0xa: *holds = a < b; return true;
    case 0xb: *holds = a <= b; return true;
    case 0xc: *holds = sa < sb; return true;
    case 0xd: *holds = sa <= sb; return true;
    default: return false;
    }
}

static bool jump_by(struct machine *m, int64_t distance)
{
    m->pc += (uint64_t)distance; /* a wrong target is caught when it is fetched */
    return true;
}

/* §4.3.2 */
static bool call_local(struct machine *m, struct fields f)
{
    if (f.dst || f.offset || f.src != 1 || m->depth + 1 >= FRAMES)
        return false;
    struct frame *frame = &m->frames[++m->depth];
    memcpy(frame->saved, &m->r[6], sizeof frame->saved);
    frame->return_to = m->pc;
    m->r[10] = STACK_ADDRESS + m->depth * (uint64_t)STACK_DISTANCE + STACK_BYTES;
    return jump_by(m, f.imm);
}

static bool leave(struct machine *m, struct fields f)
{
    if (f.dst || f.src || f.offset || f.imm)
        return false;
    if (m->depth == 0) {
        m->exited = true;
        return true;
    }
    struct frame *frame = &m->frames[m->depth--];
    memcpy(&m->r[6], frame->saved, sizeof frame->saved);
    m->pc = frame->return_to;
    return true;
}

static bool jump(struct machine *m, struct fields f)
{
    bool jmp64 = f.opcode % 8 == 5, x = f.opcode & 8, holds;
    unsigned bits = jmp64 ? 64 : 32;
    switch (f.opcode) {
    case 0x05: return !f.dst && !f.src && !f.imm && jump_by(m, f.offset);
    case 0x06: return !f.dst && !f.src && !f.offset && jump_by(m, f.imm);
    case 0x85: return call_local(m, f);
    case 0x95: return leave(m, f);
    case 0xe5: return !f.dst && !f.src && !f.imm; /* Linux: may go on, so it does */
    default: break;
    }
    if (f.dst > 10 || (x ? f.src > 10 || f.imm : f.src != 0))
        return false;
    uint64_t a = truncate_to(m->r[f.dst], bits);
    uint64_t b = truncate_to(x ? m->r[f.src] : (uint64_t)f.imm, bits);
    if (!condition(f.opcode >> 4, a, b, bits, &holds))
        return false;
    return !holds || jump_by(m, f.offset);
}

/* §5 */

static unsigned size_of(struct fields f)
{
    static const unsigned sizes[] = { 4, 2, 1, 8 };
    return sizes[f.opcode >> 3 & 3];
}

static bool wide_immediate(struct machine *m, struct fields f)
{
    if (f.opcode != 0x18 || f.src || f.offset || f.dst > 9 || m->pc >= m->n)
        return false;
    struct fields second = fetch(m, m->pc++);
    if (second.opcode || second.dst || second.src || second.offset)
        return false;
    m->r[f.dst] = truncate_to((uint64_t)f.imm, 32) | (uint64_t)second.imm << 32;
    return true;
}

static bool load_register(struct machine *m, struct fields f)
{
    unsigned mode = f.opcode >> 5, bytes = size_of(f);
    uint64_t value;
    if (f.dst > 9 || f.src > 10 || f.imm || (mode != 3 && mode != 4) || (mode == 4 && bytes == 8))
        return false;
    if (!load(m, m->r[f.src] + (uint64_t)f.offset, bytes, &value))
        return false;
    m->r[f.dst] = mode == 4 ? (uint64_t)sign_extend(value, bytes * 8) : value;
    return true;
}

/* Linux, after the RFC: load-acquire 0x100 and store-release 0x110 of all sizes. */
static bool ordered(struct machine *m, struct fields f)
{
    uint64_t value;
    if (f.imm == 0x110)
        return store(m, m->r[f.dst] + (uint64_t)f.offset, size_of(f), m->r[f.src]);
    if (f.dst > 9 || !load(m, m->r[f.src] + (uint64_t)f.offset, size_of(f), &value))
        return false;
    m->r[f.dst] = value;
    return true;
}

/* §5.3 */
static bool atomic(struct machine *m, struct fields f)
{
    unsigned bytes = size_of(f), bits = bytes * 8;
    if (f.dst > 10 || f.src > 10)
        return false;
    if (f.imm == 0x100 || f.imm == 0x110)
        return ordered(m, f);
    uint64_t address = m->r[f.dst] + (uint64_t)f.offset, old, after;
    uint64_t src = truncate_to(m->r[f.src], bits), expected = truncate_to(m->r[0], bits);
    if ((bytes != 4 && bytes != 8) || !load(m, address, bytes, &old))
        return false;
    switch (f.imm) {
    case 0x00:
    case 0x01: after = old + src; break;
    case 0x40:
    case 0x41: after = old | src; break;
    case 0x50:
    case 0x51: after = old & src; break;
    case 0xa0:
    case 0xa1: after = old ^ src; break;
    case 0xe1: after = src; break;
    case 0xf1: after = old == expected ? src : old; break;
    default: return false;
    }
    store(m, address, bytes, after);
    if (f.imm == 0xf1)
        m->r[0] = old;
    else if (f.imm & 1)
        m->r[f.src] = old;
    return f.src < 10 || !(f.imm & 1) || f.imm == 0xf1;
}

static bool store_class(struct machine *m, struct fields f)
{
    bool x = f.opcode % 8 == 3;
    unsigned mode = f.opcode >> 5;
    if (x && mode == 6)
        return atomic(m, f);
    if (mode != 3 || f.dst > 10 || (x ? f.src > 10 || f.imm : f.src != 0))
        return false;
    return store(m, m->r[f.dst] + (uint64_t)f.offset, size_of(f),
                 x ? m->r[f.src] : (uint64_t)f.imm);
}

static bool step(struct machine *m)
{
    if (m->pc >= m->n)
        return false;
    struct fields f = fetch(m, m->pc++);
    switch (f.opcode % 8) {
    case 0: return wide_immediate(m, f);
    case 1: return load_register(m, f);
    case 2:
    case 3: return store_class(m, f);
    case 4:
    case 7: return arithmetic(m, f);
    default: return jump(m, f);
    }
}

bool reference_run(const uint8_t *code, size_t size, uint8_t *memory, size_t memory_size,
                   uint64_t *r0)
{
    struct machine m = {
        .code = code, .n = size / 8, .memory = memory, .memory_size = memory_size
    };
    m.r[1] = memory_size ? MEMORY_ADDRESS : 0;
    m.r[2] = memory_size;
    m.r[10] = STACK_ADDRESS + STACK_BYTES;
    for (int steps = 0; steps < MAX_STEPS && !m.exited; steps++)
        if (!step(&m))
            return false;
    *r0 = m.r[0];
    return m.exited;
}
