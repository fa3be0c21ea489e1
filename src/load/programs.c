/* Pass: which functions are programs, and of which type.
 *
 * Programs are the functions outside .text, except static ones that are called.  In an object that
 * has code in .text alone, its global functions are programs whose type a setter must say.
 *
 * Needs: code.  Gives: o->programs, o->program_funcs, o->program_names. */
#include "load/object.h"

static bool load_is_text(const struct object *o, const struct load_func *func)
{
    return !strcmp(load_section(o, o->codes.data[func->code].section)->name, ".text");
}

static bool load_has_text_only(const struct object *o)
{
    for (u32 i = 0; i < o->funcs.n; i++)
        if (!load_is_text(o, &o->funcs.data[i]))
            return false;
    return true;
}

static bool load_is_program(const struct object *o, const struct load_func *func, bool text_only)
{
    if (load_is_text(o, func))
        return text_only && !func->is_called;
    return !func->is_local || !func->is_called;
}

const char *load_without_mark(const char *section) { return section + (*section == '?'); }

/* How many characters of a section's name a pattern of skep_hook.sections takes; 0: no match. */
static size_t load_pattern_length(const char *pattern, const char *section)
{
    size_t n = strlen(pattern);
    bool plus = n && pattern[n - 1] == '+';
    n -= plus;
    if (!n || strncmp(pattern, section, n))
        return 0;
    char next = section[n];
    bool open_end = pattern[n - 1] == '/' || (plus && (next == '/' || next == '.'));
    return !next || open_end ? n : 0;
}

/* What follows the type in a section's name: "kprobe/do_exit" → "do_exit". */
static const char *load_attach_of(const struct skep_hook *hook, const char *section)
{
    size_t best = 0;
    for (const char *const *p = hook ? hook->sections : NULL; p && *p; p++) {
        size_t n = load_pattern_length(*p, section);
        best = n > best ? n : best;
    }
    const char *rest = section + best;
    if (best && rest[-1] == '/')
        return rest;
    const char *slash = strchr(rest, '/');
    return slash ? slash + 1 : "";
}

static skep_status load_add_program(struct object *o, u32 func_index, skep_error *err)
{
    struct load_func *func = &o->funcs.data[func_index];
    u32 section = o->codes.data[func->code].section;
    struct object_program program = {
        .name = func->name,
        .section = load_section(o, section)->name,
        .section_index = section,
        .first_slot = func->first_slot,
        .n_slots = func->n_slots,
    };
    const char *type = load_without_mark(program.section);
    program.hook = registry_hook_by_section(o->registry, type, &program.sleepable);
    program.attach = load_attach_of(program.hook, type);
    func->program = o->programs.n;
    bool first = load_find_program(o, program.name) == CODE_NONE;
    u64 hash = hash_string(program.name, o->program_names.seed);
    if (!vec_push(o->mem, &o->program_funcs, func_index) ||
        !vec_push(o->mem, &o->programs, program) ||
        (first && !hash_index_add(&o->program_names, hash, func->program)))
        return load_nomem(err, "programs");
    return SKEP_OK;
}

u32 load_find_program(const struct object *o, const char *name)
{
    u64 hash = hash_string(name, o->program_names.seed);
    for (struct hash_probe p = hash_probe(&o->program_names, hash);
         hash_next(&o->program_names, &p);)
        if (!strcmp(o->programs.data[p.position].name, name))
            return p.position;
    return CODE_NONE;
}

skep_status load_pass_programs(struct object *o, skep_error *err)
{
    bool text_only = load_has_text_only(o);
    for (u32 i = 0; i < o->funcs.n; i++)
        if (load_is_program(o, &o->funcs.data[i], text_only))
            TRY(load_add_program(o, i, err));
    return SKEP_OK;
}
