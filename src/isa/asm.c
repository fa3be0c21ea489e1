/* Text to slots: statements, labels, directives.  What an instruction looks like is in format.h and
 * match.h; here is how a source is made of them. */
#include "isa/match.h"

#define ASM_SLOTS_MAX (1u << 24)

struct asm_label {
    struct match_word name;
    u32 slot, line;
};

/* A field to fill when all labels are known. */
struct asm_fixup {
    struct match_word name;
    u32 slot, line;
    enum match_field field;
};

struct asm_state {
    struct isa_asm *out;
    skep_error *err;
    const char *source, *end;
    const char *at; /* the first character not read yet */
    u32 line;       /* of at */
    u32 first_exit; /* slot + 1; 0: none */
    VEC(struct asm_label) labels;
    VEC(struct asm_fixup) fixups;
    struct hash_index by_name;
};

/* Reports */

/* The text from a place to the end of its line, cut to what a report can show. */
struct asm_excerpt {
    char text[48];
};

static struct asm_excerpt asm_excerpt(const char *at, const char *end)
{
    struct asm_excerpt e = { { 0 } };
    for (size_t n = 0; at < end && *at != '\n' && n < sizeof e.text - 1; n++)
        e.text[n] = *at++;
    return e;
}

static struct asm_excerpt asm_word(struct match_word word)
{
    return asm_excerpt(word.at, word.at + word.length);
}

static skep_status asm_raise_failure(const struct asm_state *as, struct match_failure failure,
                                     const char *end)
{
    u32 line = as->line, column = 1;
    for (const char *p = as->at; p < failure.at; p++)
        line += *p == '\n';
    for (const char *p = failure.at; p > as->source && p[-1] != '\n'; p--)
        column++;
    struct asm_excerpt text = asm_excerpt(failure.at, end);
    switch (failure.reason) {
    case MATCH_REGISTER:
        return RAISE(as->err, SKEP_MALFORMED, ASM_REGISTER, NUM(line), NUM(column), STR(text.text));
    case MATCH_RANGE:
        return RAISE(as->err, SKEP_MALFORMED, ASM_RANGE, NUM(line), NUM(column), STR(text.text));
    case MATCH_SYNTAX: break;
    }
    return RAISE(as->err, SKEP_MALFORMED, ASM_SYNTAX, NUM(line), NUM(column), STR(text.text));
}

static skep_status asm_no_memory(const struct asm_state *as)
{
    return RAISE(as->err, SKEP_NOMEM, NOMEM, STR("assembler"));
}

/* Labels */

static u64 asm_name_hash(const struct asm_state *as, struct match_word name)
{
    return hash_bytes(name.at, name.length, as->by_name.seed);
}

static const struct asm_label *asm_find_label(const struct asm_state *as, struct match_word name)
{
    for (struct hash_probe p = hash_probe(&as->by_name, asm_name_hash(as, name));
         hash_next(&as->by_name, &p);) {
        const struct asm_label *label = &as->labels.data[p.position];
        if (label->name.length == name.length && memcmp(label->name.at, name.at, name.length) == 0)
            return label;
    }
    return NULL;
}

static skep_status asm_define_label(struct asm_state *as, struct match_word name)
{
    const struct asm_label *old = asm_find_label(as, name);
    if (old)
        return RAISE(as->err, SKEP_MALFORMED, ASM_LABEL_TWICE, NUM(as->line),
                     STR(asm_word(name).text), NUM(old->line));
    struct asm_label label = { .name = name, .slot = as->out->slots.n, .line = as->line };
    if (!vec_push(as->out->mem, &as->labels, label) ||
        !hash_index_add(&as->by_name, asm_name_hash(as, name), as->labels.n - 1))
        return asm_no_memory(as);
    return SKEP_OK;
}

/* `exit` names the first exit instruction unless it is defined otherwise (bpf_conformance). */
static bool asm_label_slot(const struct asm_state *as, struct match_word name, u32 *slot)
{
    const struct asm_label *label = asm_find_label(as, name);
    bool is_exit = name.length == 4 && memcmp(name.at, "exit", 4) == 0;
    if (!label && !(is_exit && as->first_exit))
        return false;
    *slot = label ? label->slot : as->first_exit - 1;
    return true;
}

static skep_status asm_fix(struct asm_state *as, const struct asm_fixup *fixup)
{
    u32 target = 0;
    if (!asm_label_slot(as, fixup->name, &target))
        return RAISE(as->err, SKEP_MALFORMED, ASM_LABEL, NUM(fixup->line),
                     STR(asm_word(fixup->name).text));
    s64 distance = (s64)target - fixup->slot - 1;
    struct isa_slot *slot = &as->out->slots.data[fixup->slot];
    if (fixup->field == MATCH_LABEL_IMM)
        slot->imm = (s32)distance;
    else if (distance >= INT16_MIN && distance <= INT16_MAX)
        slot->off = (s16)distance;
    else
        return RAISE(as->err, SKEP_MALFORMED, ASM_LABEL_FAR, NUM(fixup->line),
                     STR(asm_word(fixup->name).text));
    return SKEP_OK;
}

/* Statements */

static skep_status asm_emit_slot(struct asm_state *as, struct isa_slot slot)
{
    struct isa_asm *out = as->out;
    if (out->slots.n >= ASM_SLOTS_MAX)
        return RAISE(as->err, SKEP_LIMIT, ASM_LIMIT, NUM(as->line), NUM(ASM_SLOTS_MAX));
    if (!vec_push(out->mem, &out->slots, slot) || !vec_push(out->mem, &out->line_of_slot, as->line))
        return asm_no_memory(as);
    return SKEP_OK;
}

static skep_status asm_emit(struct asm_state *as, const struct match *match)
{
    const struct insn *insn = &match->insn;
    struct asm_fixup fixup = { .name = match->label,
                               .slot = as->out->slots.n,
                               .line = as->line,
                               .field = match->label_field };
    if (fixup.field != MATCH_NO_LABEL && !vec_push(as->out->mem, &as->fixups, fixup))
        return asm_no_memory(as);
    if (insn->op == ISA_EXIT && !as->first_exit)
        as->first_exit = as->out->slots.n + 1;
    struct isa_slot slots[2];
    u32 n = isa_encode(insn, slots);
    for (u32 i = 0; i < n; i++)
        TRY(asm_emit_slot(as, slots[i]));
    return SKEP_OK;
}

/* What may stand before an instruction: `name:`, and what listings have: `12:`, `1f <name>:`. */
static bool asm_read_label(struct match *match, struct match_word *name)
{
    const char *start = match->at;
    if (match_name(match, name) && match_char(match, ':'))
        return true;
    match->at = start;
    return false;
}

/* The number of a line or an address in a listing; hex without a mark is fine since it is skipped.
 */
static bool asm_skip_position(struct match *match, struct match_word *name)
{
    const char *start = match->at;
    while (match->at < match->end &&
           ((*match->at >= '0' && *match->at <= '9') || (*match->at >= 'a' && *match->at <= 'f')))
        match->at++;
    bool some = match->at > start;
    *name = (struct match_word){ start, 0 };
    if (some && match_char(match, ':'))
        return true;
    if (some && match_char(match, '<') && match_name(match, name) && match_char(match, '>') &&
        match_char(match, ':'))
        return true;
    match->at = start;
    return false;
}

static int asm_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `(b7)` of the kernel's logs. */
static void asm_read_opcode(struct match *match)
{
    match_blanks(match);
    const char *p = match->at;
    if (match->end - p < 4 || p[0] != '(' || p[3] != ')')
        return;
    int high = asm_hex_digit(p[1]), low = asm_hex_digit(p[2]);
    if (high < 0 || low < 0)
        return;
    match->listing = true;
    match->opcode = (u8)(high << 4 | low);
    match->at += 4;
}

static bool asm_directive(struct match *match, u64 *value)
{
    const char *start = match->at;
    struct match_word word;
    bool is_data =
        match_name(match, &word) && ((word.length == 6 && memcmp(word.at, ".8byte", 6) == 0) ||
                                     (word.length == 5 && memcmp(word.at, ".quad", 5) == 0));
    if (is_data && match_number(match, INT64_MIN, UINT64_MAX, value)) {
        match_blanks(match);
        if (match->at == match->end)
            return true;
    }
    match->at = start;
    return false;
}

static struct isa_slot asm_raw_slot(u64 value)
{
    u8 bytes[8];
    store_u64(bytes, value, false);
    return isa_slot_read(bytes, false);
}

static void asm_advance(struct asm_state *as, const char *to)
{
    for (; as->at < to; as->at++)
        as->line += *as->at == '\n';
}

static skep_status asm_statement(struct asm_state *as, const char *end)
{
    struct match match = { .at = as->at, .end = end, .failure.at = as->at };
    struct match_word name;
    u64 raw;
    for (;;) {
        match_blanks(&match);
        if (asm_read_label(&match, &name)) {
            TRY(asm_define_label(as, name));
        } else if (asm_skip_position(&match, &name)) {
            if (name.length > 0)
                TRY(asm_define_label(as, name));
        } else {
            break;
        }
    }
    if (match.at == match.end)
        return SKEP_OK;
    asm_advance(as, match.at);
    if (asm_directive(&match, &raw))
        return asm_emit_slot(as, asm_raw_slot(raw));
    asm_read_opcode(&match);
    if (!match_statement(&match))
        return asm_raise_failure(as, match.failure, end);
    return asm_emit(as, &match);
}

/* name#5 names a helper; any other # begins a comment. */
static bool asm_hash_is_comment(const struct asm_state *as, const char *p)
{
    bool after_name =
        p > as->at && (p[-1] == '_' || (p[-1] >= 'a' && p[-1] <= 'z') ||
                       (p[-1] >= 'A' && p[-1] <= 'Z') || (p[-1] >= '0' && p[-1] <= '9'));
    bool before_digit = p + 1 < as->end && p[1] >= '0' && p[1] <= '9';
    return !(after_name && before_digit);
}

/* Where the statement that begins at `at` ends, and where the next one begins. */
static const char *asm_statement_end(const struct asm_state *as, const char **next)
{
    const char *p = as->at;
    for (; p < as->end && *p != '\n' && *p != ';'; p++) {
        bool two = p + 1 < as->end;
        if ((*p == '#' && asm_hash_is_comment(as, p)) || (two && p[0] == '/' && p[1] == '/')) {
            const char *end = p;
            while (p < as->end && *p != '\n')
                p++;
            *next = p < as->end ? p + 1 : p;
            return end;
        }
        if (two && p[0] == '/' && p[1] == '*') {
            for (p += 2; p + 1 < as->end && !(p[0] == '*' && p[1] == '/'); p++)
                ;
            p = p + 1 < as->end ? p + 1 : as->end - 1;
        }
    }
    *next = p < as->end ? p + 1 : p;
    return p;
}

static skep_status asm_statements(struct asm_state *as)
{
    while (as->at < as->end) {
        const char *next;
        const char *end = asm_statement_end(as, &next);
        TRY(asm_statement(as, end));
        asm_advance(as, next);
    }
    return SKEP_OK;
}

static skep_status asm_fix_all(struct asm_state *as)
{
    for (u32 i = 0; i < as->fixups.n; i++)
        TRY(asm_fix(as, &as->fixups.data[i]));
    return SKEP_OK;
}

skep_status isa_assemble(struct isa_asm *out, const char *source, size_t length, skep_error *err)
{
    struct asm_state as = {
        .out = out, .err = err, .source = source, .end = source + length, .at = source, .line = 1
    };
    hash_index_init(&as.by_name, out->mem);
    skep_status status = asm_statements(&as);
    if (status == SKEP_OK)
        status = asm_fix_all(&as);
    hash_index_drop(&as.by_name);
    vec_drop(out->mem, &as.labels);
    vec_drop(out->mem, &as.fixups);
    return status;
}

void isa_asm_drop(struct isa_asm *out)
{
    vec_drop(out->mem, &out->slots);
    vec_drop(out->mem, &out->line_of_slot);
}

#undef ASM_SLOTS_MAX
