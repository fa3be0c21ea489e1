/* skep dump --facts: what the verifier knows before every instruction. */
#include "facts.h"
#include "load.h"

#include <stdio.h>
#include <string.h>

/* ---- JSON ---------------------------------------------------------------------------------- */

/* "r3", "fp-16" */
static json_t *facts_place_name(const struct skep_facts_place *place)
{
    char name[16];
    if (place->is_stack)
        snprintf(name, sizeof name, "fp%d", place->offset);
    else
        snprintf(name, sizeof name, "r%u", place->reg);
    return json_text(name);
}

static json_t *facts_place_json(const struct skep_facts_place *place)
{
    char text[160];
    const struct skep_verdict_value *value = &place->value;
    json_t *row = need(json_object());
    skep_facts_place_text(place, text, sizeof text);
    set(row, "place", facts_place_name(place));
    set(row, "bytes", json_integer(place->size));
    set(row, "text", json_text(text));
    if (place->mixed)
        return row;
    set(row, "kind", json_text(value->kind));
    set(row, "nullable", json_boolean(value->nullable));
    set(row, "variable", json_text(place->variable));
    set(row, "unsigned_min", json_u64(value->umin));
    set(row, "unsigned_max", json_u64(value->umax));
    set(row, "signed_min", json_integer(value->smin));
    set(row, "signed_max", json_integer(value->smax));
    set(row, "bits", json_u64(value->bits));
    set(row, "unknown_bits", json_u64(value->unknown_bits));
    return row;
}

static json_t *facts_insn_json(const skep_facts *facts, size_t i)
{
    struct skep_facts_insn insn;
    struct skep_facts_place place;
    json_t *row = need(json_object()), *places = need(json_array());
    skep_facts_insn(facts, i, &insn);
    set(row, "slot", json_integer(insn.at.slot));
    set(row, "insn", json_text(insn.at.insn));
    set(row, "function", json_text(insn.function));
    set(row, "file", json_text(insn.at.file));
    set(row, "line", json_integer(insn.at.line));
    set(row, "source", json_text(insn.at.source));
    set(row, "reached", json_boolean(insn.reached));
    if (insn.conditional) {
        set(row, "taken", json_boolean(insn.taken));
        set(row, "not_taken", json_boolean(insn.not_taken));
    }
    for (size_t p = 0; p < insn.n_places; p++) {
        skep_facts_place(facts, i, p, &place);
        append(places, facts_place_json(&place));
    }
    set(row, "known", places);
    return row;
}

int facts_json(const struct target *target, const struct args *args,
               const struct skep_program_info *info, json_t **out)
{
    struct skep_verdict verdict;
    skep_error error = { 0 };
    skep_facts *facts = NULL;
    struct skep_verify_options options = { .size = sizeof options, .facts = &facts };
    if (!profile_parse(args_value(args, OPT_PROFILE), &options.profile))
        return STATUS_USAGE;
    options.fuel = args_has(args, OPT_FUEL);
    skep_status status = skep_verify(target->object, info->name, &options, &verdict, &error);
    if (status)
        return say_error(target->path, status, &error);
    if (!facts) {
        char text[400];
        skep_error_text(&verdict.diagnostic, text, sizeof text);
        return say_no("%s:%s: it is not accepted, so nothing holds in all of its runs: %s",
                      target->path, info->name, text);
    }
    json_t *rows = need(json_array());
    for (size_t i = 0; i < skep_facts_count(facts); i++)
        append(rows, facts_insn_json(facts, i));
    *out = rows;
    skep_facts_free(facts);
    return STATUS_OK;
}

/* ---- text ---------------------------------------------------------------------------------- */

enum { FACTS_COLUMN = 44 };

static const json_t *facts_find(const json_t *places, const char *name)
{
    size_t i;
    const json_t *place;
    json_array_foreach((json_t *)places, i, place)
    {
        if (!strcmp(get_text(place, "place"), name))
            return place;
    }
    return NULL;
}

/* One more thing to say of an instruction, beside it. */
static void facts_say(int *width, const char *what, const char *equals)
{
    int blank = *width < FACTS_COLUMN ? FACTS_COLUMN - *width : 2;
    printf("%*s%s%s%s", blank, "", what, *equals ? " = " : "", equals);
    *width = FACTS_COLUMN;
}

/* What is not known in the same words one line above. */
static void facts_print_known(const json_t *row, const json_t *above, int width)
{
    const json_t *places = json_object_get(row, "known"), *before = json_object_get(above, "known");
    size_t i;
    const json_t *place;
    json_array_foreach((json_t *)places, i, place)
    {
        const json_t *same = facts_find(before, get_text(place, "place"));
        if (!same || strcmp(get_text(same, "text"), get_text(place, "text")))
            facts_say(&width, get_text(place, "place"), get_text(place, "text"));
    }
}

static bool facts_same_line(const json_t *row, const json_t *above)
{
    return above && get_int(row, "line") == get_int(above, "line") &&
           !strcmp(get_text(row, "file"), get_text(above, "file"));
}

static void facts_print_source(const json_t *row)
{
    const char *source = get_text(row, "source");
    source += strspn(source, " \t");
    if (*get_text(row, "file"))
        printf("%s; %s:%lld  %s%s\n", colour(DIM), get_text(row, "file"), get_int(row, "line"),
               source, colour(PLAIN));
}

static const char *facts_fate(const json_t *row)
{
    const json_t *taken = json_object_get(row, "taken");
    if (!json_is_true(json_object_get(row, "reached")))
        return "dead";
    if (!taken || json_is_true(taken) == json_is_true(json_object_get(row, "not_taken")))
        return "";
    return json_is_true(taken) ? "always taken" : "never taken";
}

void facts_print(const json_t *rows)
{
    size_t i;
    const json_t *row, *above = NULL;
    json_array_foreach((json_t *)rows, i, row)
    {
        const char *function = get_text(row, "function"), *fate = facts_fate(row);
        if (*function)
            printf("%s%s%s%s:\n", i ? "\n" : "", colour(BOLD), function, colour(PLAIN));
        if (*function || !facts_same_line(row, above))
            facts_print_source(row);
        int width = printf("%6lld:  %s", get_int(row, "slot"), get_text(row, "insn"));
        if (*fate)
            facts_say(&width, fate, "");
        facts_print_known(row, *function ? NULL : above, width);
        putchar('\n');
        above = row;
    }
}
