/* Pass: source lines and CO-RE relocations, by slot of the section that they belong to.
 *
 * Needs: types, code.  Gives: line_at and relo_at of o->codes. */
#include "load/object.h"

/* The code section of a name, or NULL.  .BTF.ext names sections; where two have one name it means
 * the first. */
static struct load_code *load_code_by_name(struct object *o, const struct hash_index *names,
                                           const char *name)
{
    u64 hash = hash_string(name, names->seed);
    for (struct hash_probe p = hash_probe(names, hash); hash_next(names, &p);)
        if (!strcmp(load_section(o, o->codes.data[p.position].section)->name, name))
            return &o->codes.data[p.position];
    return NULL;
}

static skep_status load_index_code_names(struct object *o, struct hash_index *names)
{
    for (u32 i = 0; i < o->codes.n; i++) {
        const char *name = load_section(o, o->codes.data[i].section)->name;
        if (!load_code_by_name(o, names, name) &&
            !hash_index_add(names, hash_string(name, names->seed), i))
            return SKEP_NOMEM;
    }
    return SKEP_OK;
}

/* Enters records into the table of their section: table(code)[slot] = position + 1. */
struct load_records {
    const char *what;
    const struct btf_ext_part *part;
    bool is_line; /* else CO-RE relocations */
};

static u32 load_record_offset(const struct object *o, const struct load_records *r, u32 i)
{
    return r->is_line ? o->ext.lines[i].offset : o->ext.relos[i].offset;
}

/* Records of a section that was discarded, or is not of code, mean nothing. */
static skep_status load_mark_records(struct object *o, const struct hash_index *names,
                                     const struct load_records *r, skep_error *err)
{
    for (u32 s = 0; s < r->part->n_sections; s++) {
        const struct btf_ext_section *section = &r->part->sections[s];
        const struct load_code *code = load_code_by_name(o, names, section->name);
        for (u32 i = section->first; code && i < section->first + section->n; i++) {
            u32 offset = load_record_offset(o, r, i);
            if (offset % LOAD_SLOT || offset / LOAD_SLOT >= code->n_slots)
                return RAISE(err, SKEP_MALFORMED, LOAD_RECORD, STR(r->what), STR(section->name),
                             NUM(offset));
            (r->is_line ? code->line_at : code->relo_at)[offset / LOAD_SLOT] = i + 1;
        }
    }
    return SKEP_OK;
}

skep_status load_pass_debug_info(struct object *o, skep_error *err)
{
    if (!o->has_ext)
        return SKEP_OK;
    const struct load_records lines = { "line", &o->ext.line_part, true };
    const struct load_records relos = { "CO-RE relocation", &o->ext.relo_part, false };
    struct hash_index names;
    hash_index_init(&names, o->mem);
    skep_status status = load_index_code_names(o, &names);
    if (status == SKEP_NOMEM)
        load_nomem(err, "source lines");
    if (status == SKEP_OK)
        status = load_mark_records(o, &names, &lines, err);
    if (status == SKEP_OK)
        status = load_mark_records(o, &names, &relos, err);
    hash_index_drop(&names);
    return status;
}
