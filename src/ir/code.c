/* Slots to CODE: decoded instructions with functions and resolved targets, checked so that whoever
 * comes after may index by instruction without looking (RFC 9669 §3 to §5; STANDARD: jumps stay in
 * their function, and no function runs into the next). */
#include "ir/code.h"

#include "base/bits.h"

#include <stdlib.h>

struct code_builder {
    struct arena *arena;
    const struct code_input *in;
    skep_error *err;
    struct insn *insns;
    u32 *slot_of;      /* by instruction */
    u32 *insn_of_slot; /* CODE_NONE: the second slot of an LDDW */
    u32 *target;
    u32 *func_of;
    u64 *entries; /* bit set by instruction */
    struct code_func *funcs;
    u32 n_insns, n_funcs;
};

static skep_status code_nomem(const struct code_builder *b)
{
    return RAISE(b->err, SKEP_NOMEM, NOMEM, STR("code"));
}

static skep_status code_decode(struct code_builder *b)
{
    u32 n = b->in->n_slots;
    if (n == 0 || n > CODE_MAX_SLOTS)
        return RAISE(b->err, SKEP_MALFORMED, CODE_SIZE, NUM(n));
    b->insns = arena_array(b->arena, struct insn, n);
    b->slot_of = arena_array(b->arena, u32, (u64)n + 1);
    b->insn_of_slot = arena_array(b->arena, u32, n);
    if (!b->insns || !b->slot_of || !b->insn_of_slot)
        return code_nomem(b);
    for (u32 slot = 0; slot < n;) {
        struct insn *insn = &b->insns[b->n_insns];
        TRY(isa_decode(b->in->slots + slot, n - slot, slot, insn, b->err));
        b->slot_of[b->n_insns] = slot;
        b->insn_of_slot[slot] = b->n_insns++;
        if (insn_slots(insn) == 2)
            b->insn_of_slot[slot + 1] = CODE_NONE;
        slot += insn_slots(insn);
    }
    b->slot_of[b->n_insns] = n;
    return SKEP_OK;
}

/* Where an instruction points to, in slots from the slot after its first; false: nowhere. */
static bool code_points_to(const struct insn *insn, s64 *distance)
{
    if (insn_is_jump(insn) || insn->op == ISA_CALL_LOCAL)
        *distance = insn_jump_slots(insn);
    else if (insn->op == ISA_LDDW_CODE)
        *distance = (s32)insn->imm;
    else
        return false;
    return true;
}

static skep_status code_resolve(struct code_builder *b, u32 i)
{
    s64 distance = 0;
    if (!code_points_to(&b->insns[i], &distance)) {
        b->target[i] = CODE_NONE;
        return SKEP_OK;
    }
    const char *name = insn_row(&b->insns[i])->name;
    s64 slot = (s64)b->slot_of[i] + 1 + distance;
    if (slot < 0 || slot >= b->in->n_slots)
        return RAISE(b->err, SKEP_MALFORMED, ISA_JUMP_RANGE, NUM(b->slot_of[i]), STR(name),
                     NUM(slot), NUM(b->in->n_slots));
    b->target[i] = b->insn_of_slot[slot];
    if (b->target[i] == CODE_NONE)
        return RAISE(b->err, SKEP_MALFORMED, ISA_JUMP_MIDDLE, NUM(b->slot_of[i]), STR(name),
                     NUM(slot));
    return SKEP_OK;
}

static skep_status code_targets(struct code_builder *b)
{
    b->target = arena_array(b->arena, u32, b->n_insns);
    if (!b->target)
        return code_nomem(b);
    for (u32 i = 0; i < b->n_insns; i++)
        TRY(code_resolve(b, i));
    return SKEP_OK;
}

/* Functions begin where the linker says, and wherever something calls or takes an address. */
static skep_status code_mark_entries(struct code_builder *b)
{
    b->entries = arena_array(b->arena, u64, bits_words(b->n_insns));
    if (!b->entries)
        return code_nomem(b);
    bit_set(b->entries, 0);
    for (u32 f = 0; f < b->in->n_funcs; f++) {
        u32 slot = b->in->funcs[f].entry;
        if (slot >= b->in->n_slots || b->insn_of_slot[slot] == CODE_NONE)
            return RAISE(b->err, SKEP_MALFORMED, CODE_FUNC_ENTRY, STR(b->in->funcs[f].name),
                         NUM(slot));
        bit_set(b->entries, b->insn_of_slot[slot]);
    }
    for (u32 i = 0; i < b->n_insns; i++)
        if (b->insns[i].op == ISA_CALL_LOCAL || b->insns[i].op == ISA_LDDW_CODE)
            bit_set(b->entries, b->target[i]);
    return SKEP_OK;
}

static const char *code_default_name(struct code_builder *b, u32 entry)
{
    char name[24];
    struct text text;
    text_init_fixed(&text, name, sizeof(name));
    text_printf(&text, entry ? "func_%u" : "main", b->slot_of[entry]);
    return arena_strdup(b->arena, name);
}

static struct code_func *code_func_at(const struct code_builder *b, u32 entry)
{
    struct code_func *func = &b->funcs[b->func_of[entry]];
    return func->entry == entry ? func : NULL;
}

/* The functions in order of their entries, and which one each instruction is in. */
static skep_status code_functions(struct code_builder *b)
{
    TRY(code_mark_entries(b));
    for (u32 i = 0; i < b->n_insns; i++)
        b->n_funcs += bit_get(b->entries, i);
    b->funcs = arena_array(b->arena, struct code_func, b->n_funcs);
    b->func_of = arena_array(b->arena, u32, b->n_insns);
    if (!b->funcs || !b->func_of)
        return code_nomem(b);
    for (u32 i = 0, f = 0; i < b->n_insns; i++) {
        if (bit_get(b->entries, i))
            b->funcs[f++].entry = i;
        b->func_of[i] = f - 1;
        b->funcs[f - 1].end = i + 1;
    }
    return SKEP_OK;
}

static skep_status code_name_functions(struct code_builder *b)
{
    for (u32 f = 0; f < b->in->n_funcs; f++) {
        const struct code_func *in = &b->in->funcs[f];
        struct code_func *func = code_func_at(b, b->insn_of_slot[in->entry]);
        func->name = in->name;
        func->is_global = in->is_global;
        func->signature = in->signature;
    }
    for (u32 f = 0; f < b->n_funcs; f++) {
        if (!b->funcs[f].name)
            b->funcs[f].name = code_default_name(b, b->funcs[f].entry);
        if (!b->funcs[f].name)
            return code_nomem(b);
    }
    return SKEP_OK;
}

static skep_status code_check_functions(const struct code_builder *b)
{
    for (u32 i = 0; i < b->n_insns; i++)
        if (insn_is_jump(&b->insns[i]) && b->func_of[b->target[i]] != b->func_of[i])
            return RAISE(b->err, SKEP_MALFORMED, CODE_JUMP_LEAVES, NUM(b->slot_of[i]),
                         STR(b->funcs[b->func_of[i]].name), NUM(b->slot_of[b->target[i]]));
    for (u32 f = 0; f < b->n_funcs; f++)
        if (insn_falls_through(&b->insns[b->funcs[f].end - 1]))
            return RAISE(b->err, SKEP_MALFORMED, CODE_FALLS_OUT, STR(b->funcs[f].name),
                         NUM(b->slot_of[b->funcs[f].end - 1]));
    return SKEP_OK;
}

/* A record that names no slot of the program is dropped: it could only mislead. */
static u32 code_insn_holding(const struct code_builder *b, u32 slot)
{
    if (slot >= b->in->n_slots)
        return CODE_NONE;
    return b->insn_of_slot[slot] != CODE_NONE ? b->insn_of_slot[slot] : b->insn_of_slot[slot - 1];
}

static int code_line_order(const void *a, const void *b)
{
    const struct code_line *x = a, *y = b;
    return (x->insn > y->insn) - (x->insn < y->insn);
}

static int code_note_order(const void *a, const void *b)
{
    const struct code_note *x = a, *y = b;
    return (x->insn > y->insn) - (x->insn < y->insn);
}

/* Sorts what its maker has most often sorted already. */
static void code_sort(void *items, u32 n, size_t size, int (*order)(const void *, const void *))
{
    const u8 *at = items;
    for (u32 i = 1; i < n; i++, at += size) {
        if (order(at, at + size) > 0) {
            qsort(items, n, size, order);
            return;
        }
    }
}

static skep_status code_lines(const struct code_builder *b, struct code *out)
{
    if (b->in->n_lines == 0)
        return SKEP_OK;
    struct code_line *lines = arena_array(b->arena, struct code_line, b->in->n_lines);
    if (!lines)
        return code_nomem(b);
    for (u32 i = 0; i < b->in->n_lines; i++) {
        lines[out->n_lines] = b->in->lines[i];
        lines[out->n_lines].insn = code_insn_holding(b, b->in->lines[i].insn);
        out->n_lines += lines[out->n_lines].insn != CODE_NONE;
    }
    code_sort(lines, out->n_lines, sizeof(*lines), code_line_order);
    out->lines = lines;
    return SKEP_OK;
}

static skep_status code_notes(const struct code_builder *b, struct code *out)
{
    if (b->in->n_notes == 0)
        return SKEP_OK;
    struct code_note *notes = arena_array(b->arena, struct code_note, b->in->n_notes);
    if (!notes)
        return code_nomem(b);
    for (u32 i = 0; i < b->in->n_notes; i++) {
        notes[out->n_notes] = b->in->notes[i];
        notes[out->n_notes].insn = code_insn_holding(b, b->in->notes[i].insn);
        out->n_notes += notes[out->n_notes].insn != CODE_NONE;
    }
    code_sort(notes, out->n_notes, sizeof(*notes), code_note_order);
    out->notes = notes;
    return SKEP_OK;
}

skep_status code_build(struct arena *arena, const struct code_input *in, struct code *out,
                       skep_error *err)
{
    struct code_builder b = { .arena = arena, .in = in, .err = err };
    TRY(code_decode(&b));
    TRY(code_targets(&b));
    TRY(code_functions(&b));
    TRY(code_name_functions(&b));
    TRY(code_check_functions(&b));
    struct code code = {
        .n_insns = b.n_insns,
        .n_slots = in->n_slots,
        .n_funcs = b.n_funcs,
        .insns = b.insns,
        .slot_of = b.slot_of,
        .target = b.target,
        .func_of = b.func_of,
        .funcs = b.funcs,
        .exception_func = in->exception_slot ? b.func_of[b.insn_of_slot[in->exception_slot]] : 0,
    };
    TRY(code_lines(&b, &code));
    TRY(code_notes(&b, &code));
    *out = code;
    return SKEP_OK;
}

const struct code_line *code_line_at(const struct code *code, u32 insn)
{
    u32 low = 0, high = code->n_lines; /* the lines below low begin at or before insn */
    while (low < high) {
        u32 middle = low + (high - low) / 2;
        if (code->lines[middle].insn <= insn)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || code->func_of[code->lines[low - 1].insn] != code->func_of[insn])
        return NULL;
    return &code->lines[low - 1];
}

const struct code_note *code_note_at(const struct code *code, u32 insn)
{
    u32 low = 0, high = code->n_notes; /* the notes below low are of earlier instructions */
    while (low < high) {
        u32 middle = low + (high - low) / 2;
        if (code->notes[middle].insn < insn)
            low = middle + 1;
        else
            high = middle;
    }
    return low < code->n_notes && code->notes[low].insn == insn ? &code->notes[low] : NULL;
}

const char *code_poison_at(const struct code *code, u32 insn)
{
    const struct code_note *note = code_note_at(code, insn);
    if (note)
        return note->text;
    return isa_writes(&code->insns[insn]) >> 10 ? "it writes r10, which is read-only" : NULL;
}
