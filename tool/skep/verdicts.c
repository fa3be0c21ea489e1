/* Verdicts as JSON (docs/schema/verify.json). */
#include "verdicts.h"

#include "out.h"

static const char *const verdict_names[] = {
    [SKEP_VERDICT_ACCEPTED] = "accepted",
    [SKEP_VERDICT_REJECTED] = "rejected",
    [SKEP_VERDICT_UNSUPPORTED] = "unsupported",
    [SKEP_VERDICT_GAVE_UP] = "gave up",
};

static json_t *verdict_place(const struct skep_verdict_place *place)
{
    json_t *object = need(json_object());
    set(object, "slot", json_integer(place->slot));
    set(object, "insn", json_text(place->insn));
    if (place->line) {
        set(object, "file", json_text(place->file));
        set(object, "line", json_integer(place->line));
        set(object, "column", json_integer(place->column));
        set(object, "source", json_text(place->source));
    }
    return object;
}

static void verdict_set_place(json_t *object, const char *key,
                              const struct skep_verdict_place *place)
{
    if (place->known)
        set(object, key, verdict_place(place));
}

static json_t *verdict_value(const struct skep_verdict *verdict)
{
    const struct skep_verdict_value *value = &verdict->value;
    json_t *object = need(json_object());
    set(object, "kind", json_text(value->kind));
    set(object, "text", json_text(verdict->holds));
    set(object, "pointer", json_boolean(value->is_pointer));
    set(object, "nullable", json_boolean(value->nullable));
    set(object, "umin", json_u64(value->umin));
    set(object, "umax", json_u64(value->umax));
    set(object, "smin", json_u64((uint64_t)value->smin));
    set(object, "smax", json_u64((uint64_t)value->smax));
    set(object, "bits", json_u64(value->bits));
    set(object, "unknown_bits", json_u64(value->unknown_bits));
    if (verdict->variable[0])
        set(object, "variable", json_text(verdict->variable));
    return object;
}

static json_t *verdict_branches(const struct skep_verdict *verdict)
{
    json_t *branches = need(json_array());
    for (uint32_t i = 0; i < verdict->n_branches; i++) {
        const struct skep_verdict_branch *branch = &verdict->branches[i];
        json_t *object = verdict_place(&branch->at);
        set(object, "taken", json_boolean(branch->taken));
        set(object, "to_slot", json_integer(branch->to_slot));
        if (branch->to_line)
            set(object, "to_line", json_integer(branch->to_line));
        append(branches, object);
    }
    return branches;
}

static json_t *verdict_diagnostic(const struct skep_verdict *verdict)
{
    char text[8192];
    json_t *diagnostic = json_error(&verdict->diagnostic);
    skep_verdict_text(verdict, text, sizeof text);
    verdict_set_place(diagnostic, "at", &verdict->at);
    if (verdict->reg != SKEP_VERDICT_NO_REGISTER) {
        set(diagnostic, "register_number", json_integer(verdict->reg));
        set(diagnostic, "holds", verdict_value(verdict));
    }
    verdict_set_place(diagnostic, "origin", &verdict->origin);
    verdict_set_place(diagnostic, "lost", &verdict->lost);
    set(diagnostic, "branches", verdict_branches(verdict));
    if (verdict->advice[0])
        set(diagnostic, "advice", json_text(verdict->advice));
    set(diagnostic, "explanation", json_text(text));
    return diagnostic;
}

void verdict_fill(json_t *result, const struct skep_verdict *verdict)
{
    set(result, "verdict", json_text(verdict_names[verdict->kind]));
    set(result, "us", json_integer((json_int_t)(verdict->ns / 1000)));
    set(result, "insns", json_integer(verdict->insns));
    set(result, "visited", json_integer((json_int_t)verdict->visited));
    set(result, "states", json_integer(verdict->states));
    set(result, "peak_kb", json_integer((json_int_t)(verdict->peak_bytes / 1024)));
    set(result, "guards", json_integer(verdict->guards));
    set(result, "ctx_bytes", json_integer(verdict->ctx_bytes));
    set(result, "method", json_text(verdict->method));
    if (verdict->kind != SKEP_VERDICT_ACCEPTED)
        set(result, "diagnostic", verdict_diagnostic(verdict));
}

bool limits_parse(const struct args *args, struct skep_verify_limits *limits)
{
    uint64_t ms, mb;
    *limits = (struct skep_verify_limits){ 0 };
    if (!args_number(args, OPT_LIMIT_MS, 1000 * 1000 * 1000, 0, &ms) ||
        !args_number(args, OPT_LIMIT_MB, 1 << 20, 0, &mb) ||
        !args_number(args, OPT_LIMIT_VISITS, INT64_MAX, 0, &limits->visits))
        return false;
    limits->ns = ms * 1000 * 1000;
    limits->memory_bytes = mb << 20;
    return true;
}
