/* Listings (include/skep/inspect.h). */
#include "api/api.h"

/* "; file:line  source" where the line changes. */
static void list_source(struct text *out, const struct code *code, u32 insn,
                        const struct code_line **last)
{
    const struct code_line *line = code_line_at(code, insn);
    if (!line || line == *last)
        return;
    *last = line;
    text_printf(out, "; %s:%u", line->file, line->line);
    if (line->source[0])
        text_printf(out, "  %s", line->source);
    text_char(out, '\n');
}

static const struct code_func *list_func_at(const struct code *code, u32 insn)
{
    const struct code_func *func = &code->funcs[code->func_of[insn]];
    return func->entry == insn ? func : NULL;
}

static void list_note(struct text *out, const struct code *code, u32 insn)
{
    const struct code_note *note = code_note_at(code, insn);
    if (note)
        text_printf(out, "  ; %s", note->text);
}

static void list_insns(struct text *out, const struct code *code)
{
    const struct code_line *last = NULL;
    for (u32 i = 0; i < code->n_insns; i++) {
        const struct code_func *func = list_func_at(code, i);
        if (func)
            text_printf(out, "%s%s:\n", i ? "\n" : "", func->name);
        list_source(out, code, i, &last);
        text_printf(out, "%6u:\t", code->slot_of[i]);
        isa_print(out, &code->insns[i]);
        list_note(out, code, i);
        text_char(out, '\n');
    }
}

/* Host code is kept where the interpreter runs it; for the other engines it is made for the eye. */
static skep_status list_host_of(const skep_program *program, struct text *out)
{
    if (program->host.insns) {
        host_print(out, &program->host);
        return SKEP_OK;
    }
    struct arena arena;
    arena_init(&arena, out->mem);
    struct host_code host;
    skep_status status = program_lower(program, true, &arena, &host, NULL);
    if (status == SKEP_OK)
        host_print(out, &host);
    arena_drop(&arena);
    return status;
}

static skep_status list_finish(struct text *text, skep_status status, char **out)
{
    if (status == SKEP_OK)
        status = api_text_out(text, out);
    text_drop(text);
    return status;
}

skep_status skep_program_list(const skep_program *program, enum skep_listing what, char **out)
{
    struct text text;
    text_init(&text, &program->env->mem);
    skep_status status = SKEP_OK;
    switch (what) {
    case SKEP_LIST_INSNS: list_insns(&text, &program->linked.code); break;
    case SKEP_LIST_CFG:
        cfg_print(&text, &program->cfg, &program->linked.code, &program->charges);
        break;
    case SKEP_LIST_HOST: status = list_host_of(program, &text); break;
    }
    return list_finish(&text, status, out);
}

typedef void list_print_fn(struct text *out, const struct insn *insn);

/* Slots as they are: what cannot be decoded is shown as such, not judged. */
static void list_slots(struct text *out, const struct isa_slot *slots, u32 n, list_print_fn *print)
{
    for (u32 i = 0; i < n;) {
        struct insn insn;
        bool ok = isa_decode(slots + i, n - i, i, &insn, NULL) == SKEP_OK;
        text_printf(out, "%6u:\t", i);
        if (ok)
            print(out, &insn);
        else
            text_string(out, "<unknown>");
        text_char(out, '\n');
        i += ok ? insn_slots(&insn) : 1;
    }
}

/* A program as it stands in its section. */
static skep_status list_unlinked(const skep_object *object, const char *name, struct text *out,
                                 skep_error *err)
{
    u32 at = load_find_program(object->loaded, name);
    if (at == CODE_NONE)
        return RAISE(err, SKEP_NOT_FOUND, NO_SUCH, STR("program"), STR(name));
    const struct object_program *program = load_program(object->loaded, at);
    const struct elf *elf = load_elf(object->loaded);
    const u8 *bytes = elf->sections[program->section_index].data + (size_t)program->first_slot * 8;
    struct mem *mem = &object->env->mem;
    struct isa_slot *slots = mem_alloc(mem, program->n_slots * sizeof(*slots));
    if (!slots)
        return SKEP_NOMEM;
    for (u32 i = 0; i < program->n_slots; i++)
        slots[i] = isa_slot_read(bytes + (size_t)i * 8, elf->big_endian);
    list_slots(out, slots, program->n_slots, isa_print_objdump);
    mem_free(mem, slots, program->n_slots * sizeof(*slots));
    return SKEP_OK;
}

skep_status skep_object_list(const skep_object *object, const char *program, char **out,
                             skep_error *err)
{
    struct text text;
    text_init(&text, &object->env->mem);
    skep_status status = SKEP_OK;
    if (object->loaded)
        status = list_unlinked(object, program, &text, err);
    else
        list_slots(&text, object->slots, object->n_slots, isa_print);
    return list_finish(&text, status, out);
}

skep_status skep_object_list_relocs(const skep_object *object, char **out)
{
    struct text text;
    text_init(&text, &object->env->mem);
    skep_status status = object->loaded ? load_print_relocs(object->loaded, &text) : SKEP_OK;
    return list_finish(&text, status, out);
}

skep_status skep_object_list_btf(const skep_object *object, char **out)
{
    struct text text;
    text_init(&text, &object->env->mem);
    const struct btf *btf = object->loaded ? load_btf(object->loaded) : NULL;
    for (u32 id = 1; btf && id < btf->n; id++) {
        text_printf(&text, "%6u: ", id);
        btf_print_definition(&text, btf, id);
        text_char(&text, '\n');
    }
    return list_finish(&text, SKEP_OK, out);
}
