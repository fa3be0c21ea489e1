/* Verdicts (include/skep/verify.h): a report of the verifier, told in the words of the program's
 * source, as data and as text. */
#include "api/verification.h"
#include "base/diag.h"
#include "base/text.h"

void verdict_init(struct skep_verdict *verdict)
{
    *verdict = (struct skep_verdict){
        .reg = SKEP_VERDICT_NO_REGISTER, .advice = "", .method = "", .value.kind = ""
    };
}

enum skep_verdict_kind verdict_kind(skep_status status)
{
    if (status == SKEP_OK)
        return SKEP_VERDICT_ACCEPTED;
    if (status == SKEP_LIMIT)
        return SKEP_VERDICT_GAVE_UP;
    return status == SKEP_UNSUPPORTED ? SKEP_VERDICT_UNSUPPORTED : SKEP_VERDICT_REJECTED;
}

/* ---- places */

struct skep_verdict_place verdict_place(const struct verification *in, u32 insn)
{
    const struct code *code = &in->linked->code;
    struct skep_verdict_place place = { .file = "", .source = "" };
    if (insn >= code->n_insns)
        return place;
    const struct code_line *line = code_line_at(code, insn);
    struct text text;
    text_init_fixed(&text, place.insn, sizeof(place.insn));
    if (in->helpers[insn])
        text_printf(&text, "call %s", in->helpers[insn]->name);
    else
        isa_print(&text, &code->insns[insn]);
    place.known = true;
    place.slot = code->slot_of[insn];
    if (line) {
        place.file = line->file;
        place.source = line->source;
        place.line = line->line;
        place.column = line->column;
    }
    return place;
}

/* A line is named once, however many branches it became, and however often it was passed. */
static bool verdict_has_line(const struct skep_verdict *verdict,
                             const struct skep_verdict_place *place)
{
    for (u32 i = 0; i < verdict->n_branches; i++) {
        const struct skep_verdict_place *other = &verdict->branches[i].at;
        bool same_line = place->line && other->line == place->line && other->file == place->file;
        if (same_line || other->slot == place->slot)
            return true;
    }
    return false;
}

static struct skep_verdict_branch verdict_branch(const struct code *code,
                                                 const struct verify_branch *branch,
                                                 const struct skep_verdict_place *place)
{
    u32 to = branch->taken ? code->target[branch->insn] : branch->insn + 1;
    const struct code_line *line = code_line_at(code, to);
    return (struct skep_verdict_branch){ .at = *place,
                                         .taken = branch->taken,
                                         .to_slot = code->slot_of[to],
                                         .to_line = line ? line->line : 0 };
}

static void verdict_branches(struct skep_verdict *verdict, const struct verification *in,
                             const struct verify_report *report, bool all)
{
    for (u32 i = 0; i < report->n_branches && verdict->n_branches < SKEP_VERDICT_BRANCHES; i++) {
        if (!all && !report->branches[i].matters)
            continue;
        struct skep_verdict_place place = verdict_place(in, report->branches[i].insn);
        if (!verdict_has_line(verdict, &place))
            verdict->branches[verdict->n_branches++] =
                verdict_branch(&in->linked->code, &report->branches[i], &place);
    }
}

/* ---- values */

static bool verdict_is_of_map(const struct value *value)
{
    return value->kind == VALUE_MAP || value->kind == VALUE_MAP_VALUE ||
           value->kind == VALUE_MAP_KEY;
}

const char *verdict_variable(const struct verification *in, const struct value *value)
{
    if (!verdict_is_of_map(value))
        return "";
    const struct verify_map *map = &in->maps[value->object];
    const char *name = map->spec->name ? map->spec->name : "";
    struct object_variable variable;
    size_t position = 0;
    if (!in->object->loaded || value->range.umin != value->range.umax)
        return name;
    while (load_next_variable(in->object->loaded, &position, &variable))
        if (variable.map == in->linked->maps[value->object] &&
            value->range.umin >= variable.offset &&
            value->range.umin < (u64)variable.offset + variable.size)
            return variable.name;
    return name;
}

struct skep_verdict_value verdict_value(const struct value *value)
{
    const struct scalar *range = &value->range;
    return (struct skep_verdict_value){ .kind = value_kind_name((enum value_kind)value->kind),
                                        .is_pointer = value_is_pointer(value),
                                        .nullable = value->flags & VALUE_NULLABLE,
                                        .umin = range->umin,
                                        .umax = range->umax,
                                        .smin = (s64)range->smin,
                                        .smax = (s64)range->smax,
                                        .bits = range->bits.value,
                                        .unknown_bits = range->bits.mask };
}

static void verdict_tell_value(struct skep_verdict *verdict, const struct verification *in,
                               const struct value *value)
{
    const char *variable = verdict_variable(in, value);
    struct text text;
    verdict->value = verdict_value(value);
    text_init_fixed(&text, verdict->variable, sizeof(verdict->variable));
    text_string(&text, variable);
    text_init_fixed(&text, verdict->holds, sizeof(verdict->holds));
    if (variable[0])
        text_printf(&text, "%s: ", variable);
    value_print(&text, value);
}

void verdict_explain(struct skep_verdict *verdict, const struct verification *in,
                     const struct verify_report *report)
{
    verdict->diagnostic = report->error;
    verdict->advice = diag_advice(&report->error);
    verdict->at = verdict_place(in, report->insn);
    if (report->reg < STATE_REGS) {
        verdict->reg = report->reg;
        verdict_tell_value(verdict, in, &report->value);
    }
    verdict->origin = verdict_place(in, report->set_at);
    verdict->lost = verdict_place(in, report->lost_at);
    bool some_matter = false;
    for (u32 i = 0; i < report->n_branches; i++)
        some_matter |= report->branches[i].matters;
    verdict_branches(verdict, in, report, !some_matter);
}

/* ---- text
 *
 *     firewall.c:31: rejected: 2 bytes at offset 12 of the packet are read, and only 0 ...
 *        31 | if (eth->h_proto == 8)
 *       does    slot 7: r1 = *(u16 *)(r1 + 0xc)
 *       r1      the packet at offset 0
 *       from    line 24: void *data = (void *)(long)ctx->data;
 *       after   line 28: if (data + 12 > data_end), on to line 31
 *       advice  compare the pointer with the end before this access
 *       id      verify-packet-bounds */

enum { VERDICT_TEXT_BRANCHES = 5, VERDICT_TEXT_SOURCE = 100 };

static const char *const verdict_names[] = {
    [SKEP_VERDICT_ACCEPTED] = "accepted",
    [SKEP_VERDICT_REJECTED] = "rejected",
    [SKEP_VERDICT_UNSUPPORTED] = "unsupported",
    [SKEP_VERDICT_GAVE_UP] = "gave up",
};

/* A source line without its indentation, nor more of it than a line has room for; bytes that are
 * no plain text as a question mark. */
static void verdict_write_source(struct text *out, const char *source)
{
    while (*source == ' ' || *source == '\t')
        source++;
    size_t length = strlen(source);
    size_t shown = length > VERDICT_TEXT_SOURCE ? VERDICT_TEXT_SOURCE : length;
    for (size_t i = 0; i < shown; i++)
        text_char(out, source[i] == '\t'                        ? ' '
                       : source[i] >= 0x20 && source[i] != 0x7f ? source[i]
                                                                : '?');
    if (shown < length)
        text_string(out, " ...");
}

static void verdict_write_label(struct text *out, const char *label)
{
    text_printf(out, "  %-7s ", label);
}

static void verdict_write_place(struct text *out, const struct skep_verdict_place *place)
{
    if (place->line) {
        text_printf(out, "line %u: ", place->line);
        verdict_write_source(out, place->source[0] ? place->source : place->insn);
    } else {
        text_printf(out, "slot %u: %s", place->slot, place->insn);
    }
}

/* Compilers note whole paths; the name is enough for people. */
static const char *verdict_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path[0] ? path : "line";
}

static void verdict_write_head(struct text *out, const struct skep_verdict *verdict)
{
    char what[1024];
    const struct skep_verdict_place *at = &verdict->at;
    if (at->known && at->line)
        text_printf(out, "%s:%u: ", verdict_file(at->file), at->line);
    else if (at->known)
        text_printf(out, "slot %u: ", at->slot);
    skep_error_text(&verdict->diagnostic, what, sizeof(what));
    text_printf(out, "%s: %s\n", verdict_names[verdict->kind], what);
    if (at->known && at->source[0]) {
        text_printf(out, "%5u | ", at->line);
        verdict_write_source(out, at->source);
        text_char(out, '\n');
    }
}

static void verdict_write_register(struct text *out, const struct skep_verdict *verdict)
{
    if (verdict->reg != SKEP_VERDICT_NO_REGISTER)
        text_printf(out, "  r%-6u %s\n", verdict->reg, verdict->holds);
    if (verdict->origin.known) {
        verdict_write_label(out, "from");
        verdict_write_place(out, &verdict->origin);
        text_char(out, '\n');
    }
    if (verdict->lost.known) {
        verdict_write_label(out, "lost");
        verdict_write_place(out, &verdict->lost);
        text_char(out, '\n');
    }
}

static void verdict_write_branches(struct text *out, const struct skep_verdict *verdict)
{
    for (u32 i = 0; i < verdict->n_branches && i < VERDICT_TEXT_BRANCHES; i++) {
        const struct skep_verdict_branch *branch = &verdict->branches[i];
        verdict_write_label(out, i ? "" : "after");
        verdict_write_place(out, &branch->at);
        if (branch->at.line && branch->to_line)
            text_printf(out, ", on to line %u\n", branch->to_line);
        else
            text_printf(out, ", on to slot %u\n", branch->to_slot);
    }
}

static void verdict_write(struct text *out, const struct skep_verdict *verdict)
{
    if (verdict->kind == SKEP_VERDICT_ACCEPTED) {
        text_string(out, "accepted\n");
        return;
    }
    verdict_write_head(out, verdict);
    if (verdict->at.known && verdict->at.line) {
        verdict_write_label(out, "does");
        text_printf(out, "slot %u: %s\n", verdict->at.slot, verdict->at.insn);
    } else if (verdict->at.known) {
        verdict_write_label(out, "does");
        text_printf(out, "%s\n", verdict->at.insn);
    }
    verdict_write_register(out, verdict);
    verdict_write_branches(out, verdict);
    if (verdict->advice && verdict->advice[0]) {
        verdict_write_label(out, "advice");
        text_printf(out, "%s\n", verdict->advice);
    }
    verdict_write_label(out, "id");
    text_printf(out, "%s\n", skep_error_id(&verdict->diagnostic));
}

size_t skep_verdict_text(const struct skep_verdict *verdict, char *out, size_t size)
{
    struct text text;
    text_init_fixed(&text, out, size);
    verdict_write(&text, verdict);
    return text.length;
}
