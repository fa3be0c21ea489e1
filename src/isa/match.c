/* Matches a statement against the patterns of format.h: every row is tried with its canonical
 * pattern, then with the others of its kind, and the failure that got furthest is the one told. */
#include "isa/match.h"

#include "isa/format.h"

static bool match_is_digit(char c) { return c >= '0' && c <= '9'; }
static bool match_is_word(char c)
{
    return match_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.' || c == '$';
}

static bool match_is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* The character i places on; 0 at the end. */
static char match_peek(const struct match *match, size_t i)
{
    return (size_t)(match->end - match->at) > i ? match->at[i] : 0;
}

/* How much a failure tells: the further the better, except that a number out of range tells more
 * than that the pattern of another instruction, for which it is small enough, wants more at the
 * end. */
static const char *match_failure_rank(const struct match *match, struct match_failure f)
{
    return f.reason == MATCH_RANGE ? match->end : f.at;
}

static bool match_fail(struct match *match, const char *at, enum match_reason reason)
{
    struct match_failure f = { at, reason };
    const char *new = match_failure_rank(match, f);
    const char *old = match_failure_rank(match, match->failure);
    if (new > old || (new == old &&reason > match->failure.reason))
        match->failure = f;
    return false;
}

/* The place after the comment that begins here; NULL when it does not end. */
static const char *match_comment_end(const struct match *match)
{
    for (const char *p = match->at + 2; match->end - p >= 2; p++)
        if (p[0] == '*' && p[1] == '/')
            return p + 2;
    return NULL;
}

/* Blanks and comments between marks; a comment without an end is left for the caller to stumble on.
 */
void match_blanks(struct match *match)
{
    for (;;) {
        bool comment = match_peek(match, 0) == '/' && match_peek(match, 1) == '*';
        const char *next = comment ? match_comment_end(match) : match->at + 1;
        if ((!comment && !match_is_blank(match_peek(match, 0))) || !next)
            return;
        match->at = next;
    }
}

bool match_char(struct match *match, char c)
{
    match_blanks(match);
    if (match_peek(match, 0) != c)
        return match_fail(match, match->at, MATCH_SYNTAX);
    match->at++;
    return true;
}

/* A name: letters, digits, _ . $, not beginning with a digit. */
bool match_name(struct match *match, struct match_word *out)
{
    match_blanks(match);
    size_t n = 0;
    while (match_is_word(match_peek(match, n)))
        n++;
    if (n == 0 || match_is_digit(match->at[0]))
        return match_fail(match, match->at, MATCH_SYNTAX);
    *out = (struct match_word){ match->at, n };
    match->at += n;
    return true;
}

/* Exactly these characters.  A word must end with them unless more of it is to follow, an operator
 * must not go on with `=`. */
static bool match_text(struct match *match, const char *text, size_t n, bool more)
{
    if ((size_t)(match->end - match->at) < n || memcmp(match->at, text, n) != 0)
        return match_fail(match, match->at, MATCH_SYNTAX);
    char next = match_peek(match, n);
    bool word = n > 0 && match_is_word(text[n - 1]);
    if (!more && (word ? match_is_word(next) : next == '='))
        return match_fail(match, match->at, MATCH_SYNTAX);
    match->at += n;
    return true;
}

static bool match_string(struct match *match, const char *text)
{
    match_blanks(match);
    return match_text(match, text, strlen(text), false);
}

/* Numbers */

static int match_digit(char c)
{
    if (match_is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

struct match_value {
    const char *start;
    u64 magnitude;
    bool negative, hex, overflow;
};

static bool match_value(struct match *match, struct match_value *out)
{
    match_blanks(match);
    struct match_value v = { .start = match->at };
    const char *begin = match->at;
    while (match_peek(match, 0) == '-' || match_peek(match, 0) == '+') {
        v.negative ^= *match->at++ == '-';
        match_blanks(match);
    }
    v.hex = match_peek(match, 0) == '0' && (match_peek(match, 1) | 0x20) == 'x';
    match->at += v.hex ? 2 : 0;
    u64 base = v.hex ? 16 : 10;
    size_t digits = 0;
    for (; match_digit(match_peek(match, 0)) < (int)base; digits++, match->at++) {
        u64 digit = (u64)match_digit(*match->at);
        v.overflow |= __builtin_mul_overflow(v.magnitude, base, &v.magnitude);
        v.overflow |= __builtin_add_overflow(v.magnitude, digit, &v.magnitude);
    }
    if (digits == 0 || match_is_word(match_peek(match, 0))) {
        match->at = begin;
        return match_fail(match, begin, MATCH_SYNTAX);
    }
    *out = v;
    return true;
}

static bool match_value_in(struct match *match, const struct match_value *v, s64 lowest,
                           u64 highest, u64 *out)
{
    bool fits = v->negative ? v->magnitude <= 0 - (u64)lowest : v->magnitude <= highest;
    if (v->overflow || !fits)
        return match_fail(match, v->start, MATCH_RANGE);
    *out = v->negative ? 0 - v->magnitude : v->magnitude;
    return true;
}

bool match_number(struct match *match, s64 lowest, u64 highest, u64 *out)
{
    struct match_value v;
    return match_value(match, &v) && match_value_in(match, &v, lowest, highest, out);
}

/* A 32-bit immediate.  Hex above INT32_MAX means the field's bits; decimal does so only where the
 * operation sees 32 bits of it, because otherwise it would be another number. */
static bool match_imm32(struct match *match, const struct isa_row *row, u64 *out)
{
    struct match_value v;
    if (!match_value(match, &v))
        return false;
    u64 highest = v.hex || row->size <= 4 ? UINT32_MAX : INT32_MAX;
    u64 bits = 0;
    if (!match_value_in(match, &v, INT32_MIN, highest, &bits))
        return false;
    *out = (u64)(s64)(s32)bits;
    return true;
}

/* Registers */

/* r0..r10, or w0..w10 where allowed; `%` before it as GNU assemblers have it. */
static bool match_register_named(struct match *match, const char *letters, u8 *out)
{
    match_blanks(match);
    const char *start = match->at;
    size_t i = match_peek(match, 0) == '%' ? 1 : 0;
    char letter = match_peek(match, i);
    if ((letter != 'r' && letter != 'w') || !match_is_digit(match_peek(match, i + 1)))
        return match_fail(match, start, MATCH_SYNTAX);
    bool leading_zero = match_peek(match, i + 1) == '0' && match_is_digit(match_peek(match, i + 2));
    u32 number = 0;
    for (i++; match_is_digit(match_peek(match, i)) && number <= 10; i++)
        number = number * 10 + (u32)match_digit(match_peek(match, i));
    if (!strchr(letters, letter) || number > 10 || leading_zero ||
        match_is_word(match_peek(match, i)))
        return match_fail(match, start, MATCH_REGISTER);
    *out = (u8)number;
    match->at += i;
    return true;
}

/* A register that the text names twice must be the same both times. */
static bool match_register(struct match *match, u8 field, const char *letters)
{
    match_blanks(match);
    const char *start = match->at;
    u8 number = 0, *to = field == ISA_D ? &match->insn.dst : &match->insn.src;
    if (!match_register_named(match, letters, &number))
        return false;
    if (match->bound & field && *to != number)
        return match_fail(match, start, MATCH_REGISTER);
    match->bound |= field;
    *to = number;
    return true;
}

static bool match_register_0(struct match *match, const char *letters)
{
    match_blanks(match);
    const char *start = match->at;
    u8 number = 0;
    if (!match_register_named(match, letters, &number))
        return false;
    return number == 0 ? true : match_fail(match, start, MATCH_REGISTER);
}

/* Operands */

static bool match_address(struct match *match, u8 field)
{
    if (!match_register(match, field, "r"))
        return false;
    match_blanks(match);
    u64 off = 0;
    if (match_peek(match, 0) == '+' || match_peek(match, 0) == '-') {
        if (!match_number(match, INT16_MIN, INT16_MAX, &off))
            return false;
    }
    match->insn.off = (s32)(s64)off;
    return true;
}

static bool match_type(struct match *match, bool is_signed, u8 size)
{
    static const char *const names[2][9] = {
        { [1] = "u8", [2] = "u16", [4] = "u32", [8] = "u64" },
        { [1] = "s8", [2] = "s16", [4] = "s32" },
    };
    return match_string(match, names[is_signed][size]);
}

/* How the kernel begins the names of fetching atomics. */
static bool match_atomic(struct match *match, u8 size)
{
    const char *name = size == 8 ? "atomic64_" : "atomic_";
    match_blanks(match);
    return match_text(match, name, strlen(name), true);
}

static bool match_is_distance(const struct match *match)
{
    char first = match_peek(match, 0);
    return match_is_digit(first) || first == '+' || first == '-';
}

static bool match_skip_pc(struct match *match)
{
    match_blanks(match);
    char sign = match_peek(match, 2);
    if (match_peek(match, 0) != 'p' || match_peek(match, 1) != 'c' || (sign != '+' && sign != '-'))
        return false;
    match->at += 2;
    return true;
}

/* +3, pc+3, 3, or a label. */
static bool match_distance(struct match *match, enum match_field field)
{
    bool narrow = field == MATCH_LABEL_OFF;
    match_skip_pc(match);
    if (!match_is_distance(match)) {
        match->label_field = field;
        return match_name(match, &match->label);
    }
    u64 distance;
    if (!match_number(match, narrow ? INT16_MIN : INT32_MIN, narrow ? INT16_MAX : INT32_MAX,
                      &distance))
        return false;
    if (narrow)
        match->insn.off = (s32)(s64)distance;
    else
        match->insn.imm = distance;
    return true;
}

/* pc+3 or a label: a number alone is a helper's. */
static bool match_local_call(struct match *match)
{
    const char *start = match->at;
    if (match_skip_pc(match)) {
        match->at = start;
        return match_distance(match, MATCH_LABEL_IMM);
    }
    match->label_field = MATCH_LABEL_IMM;
    return match_name(match, &match->label);
}

/* 5, or name#5 as the kernel prints it. */
static bool match_helper(struct match *match, const struct isa_row *row)
{
    struct match_word name;
    match_blanks(match);
    if (!match_is_distance(match) &&
        !(match_name(match, &name) && match_text(match, "#", 1, false)))
        return false;
    return match_imm32(match, row, &match->insn.imm);
}

static bool match_classic(struct match *match, const struct isa_row *row)
{
    match_blanks(match);
    const char *start = match->at;
    struct isa_suffixes suffixes = isa_classic_suffixes(row);
    if (!match_text(match, row->classic, strlen(row->classic), true))
        return false;
    if (match_text(match, suffixes.first, strlen(suffixes.first), false) &&
        !match_is_word(match_peek(match, 0)))
        return true;
    if (suffixes.second && !match_is_word(match_peek(match, 0)))
        return true;
    match->at = start;
    return match_fail(match, start, MATCH_SYNTAX);
}

static bool match_cast(struct match *match)
{
    u64 to, from;
    if (!match_number(match, 0, 1, &to) || !match_char(match, ','))
        return false;
    match_blanks(match);
    const char *start = match->at;
    if (!match_number(match, 0, 1, &from))
        return false;
    if (to == from)
        return match_fail(match, start, MATCH_RANGE);
    match->insn.imm = to << 16 | from;
    return true;
}

static bool match_optional_off(struct match *match)
{
    match_blanks(match);
    u64 off = 0;
    if (match_peek(match, 0) == 'o') {
        if (!match_string(match, "off") || !match_number(match, INT16_MIN, INT16_MAX, &off))
            return false;
    }
    match->insn.off = (s32)(s64)off;
    return true;
}

static bool match_low_half(struct match *match)
{
    u64 low;
    if (!match_number(match, INT32_MIN, UINT32_MAX, &low))
        return false;
    match->insn.imm = (match->insn.imm & ~(u64)UINT32_MAX) | (u32)low;
    return true;
}

static bool match_high_half(struct match *match)
{
    u64 high;
    if (!match_number(match, INT32_MIN, UINT32_MAX, &high))
        return false;
    match->insn.imm = (u32)match->insn.imm | high << 32;
    return true;
}

static bool match_code_address(struct match *match)
{
    if (!match_distance(match, MATCH_LABEL_IMM))
        return false;
    match->insn.imm = (u32)match->insn.imm;
    return true;
}

static bool match_src_number(struct match *match, const struct isa_row *row)
{
    match_blanks(match);
    const char *start = match->at;
    u64 number;
    if (match_number(match, 0, UINT64_MAX, &number) && number == row->src)
        return true;
    return match_fail(match, start, MATCH_SYNTAX);
}

static bool match_pattern(struct match *match, const struct isa_row *row, const char *pattern);

static bool match_operand(struct match *match, const struct isa_row *row, char what)
{
    const char *by_width = row->size == 4 ? "w" : "r";
    const char *by_value = row->size == 8 ? "r" : "rw";
    switch (what) {
    case 'd': return match_register(match, ISA_D, by_width);
    case 's': return match_register(match, ISA_S, by_width);
    case 'D': return match_register(match, ISA_D, "r");
    case 'S': return match_register(match, ISA_S, "r");
    case 'x': return match_register(match, ISA_D, by_value);
    case 'y': return match_register(match, ISA_S, by_value);
    case 'o': return match_register_0(match, by_value);
    case 't': return match_string(match, row->text);
    case 'T': return match_pattern(match, row, row->text);
    case 'a': return match_atomic(match, row->size);
    case 'c': return match_classic(match, row);
    case 'm': return match_string(match, row->classic);
    case 'u': return match_type(match, false, row->size);
    case 'z': return match_type(match, true, row->size);
    case 'M': return match_address(match, ISA_D);
    case 'N': return match_address(match, ISA_S);
    case 'i': return match_imm32(match, row, &match->insn.imm);
    case 'l': return match_number(match, INT64_MIN, UINT64_MAX, &match->insn.imm);
    case 'j': return match_distance(match, MATCH_LABEL_OFF);
    case 'J': return match_distance(match, MATCH_LABEL_IMM);
    case 'p': return match_local_call(match);
    case 'h': return match_helper(match, row);
    case 'g': return match_cast(match);
    case 'f': return match_low_half(match);
    case 'v': return match_high_half(match);
    case 'C': return match_code_address(match);
    case 'n': return match_src_number(match, row);
    case 'k': return match_optional_off(match);
    case 'L': return match->listing;
    default: UNREACHABLE(); return false;
    }
}

static size_t match_word_length(const char *pattern)
{
    size_t n = 0;
    while (match_is_word(pattern[n]))
        n++;
    return n;
}

static bool match_pattern(struct match *match, const struct isa_row *row, const char *pattern)
{
    for (const char *p = pattern; *p; p++) {
        size_t n = match_word_length(p);
        if (*p == ' ') {
            match_blanks(match);
        } else if (*p == '%') {
            if (!match_operand(match, row, *++p))
                return false;
        } else if (n > 0) {
            bool more = p[n - 1] == '_' && p[n] == '%';
            match_blanks(match);
            if (!match_text(match, p, n, more))
                return false;
            p += n - 1;
        } else if (!match_char(match, *p)) {
            return false;
        }
    }
    return true;
}

/* At the end, perhaps after the name of the target, as llvm-objdump writes it: <f+0x18>. */
static bool match_ends(struct match *match)
{
    match_blanks(match);
    bool named = match_peek(match, 0) == '<' && match->end[-1] == '>';
    return match->at == match->end || named ? true : match_fail(match, match->at, MATCH_SYNTAX);
}

/* Fixed fields get the row's values, so that an instruction is the same however it was made. */
static struct insn match_template(u16 op)
{
    const struct isa_row *row = &isa_rows[op];
    return (struct insn){
        .op = op,
        .src = row->operands & ISA_S ? 0 : row->src,
        .off = row->operands & ISA_O ? 0 : row->off,
        .imm = row->operands & ISA_I ? 0 : (u64)(s64)row->imm,
    };
}

/* A look at the first character, which rules out most rows at once. */
static bool match_may_begin(const struct match *match, const struct isa_row *row,
                            const char *pattern)
{
    char first = match_peek(match, 0), wanted = pattern[0];
    if (wanted != '%')
        return first == wanted;
    if (pattern[1] == 't')
        return first == row->text[0];
    if (pattern[1] == 'c')
        return first == row->classic[0];
    return first == 'r' || first == 'w' || first == '%';
}

static bool match_row(struct match *match, u16 op, const char *pattern)
{
    if (!match_may_begin(match, &isa_rows[op], pattern))
        return false;
    const char *start = match->at;
    match->insn = match_template(op);
    match->label_field = MATCH_NO_LABEL;
    match->bound = 0;
    if (match_pattern(match, &isa_rows[op], pattern) && match_ends(match))
        return true;
    match->at = start;
    return false;
}

static bool match_counts(const struct match *match, u16 op)
{
    return !match->listing || isa_rows[op].opcode == match->opcode;
}

bool match_statement(struct match *match)
{
    match_blanks(match);
    match->failure = (struct match_failure){ match->at, MATCH_SYNTAX };
    for (u16 op = 0; op < ISA_OP_COUNT; op++) {
        if (match_counts(match, op) &&
            match_row(match, op, isa_canonical_formats[isa_rows[op].kind]))
            return true;
    }
    for (u32 i = 0; i < isa_other_formats_n; i++) {
        for (u16 op = 0; op < ISA_OP_COUNT; op++) {
            if (isa_rows[op].kind == isa_other_formats[i].kind && match_counts(match, op) &&
                match_row(match, op, isa_other_formats[i].pattern))
                return true;
        }
    }
    return false;
}
