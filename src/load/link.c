/* Linking one program: the functions that it reaches, one behind the other, every reference an
 * index; then decoded (ir/code).
 *
 * Two passes over the functions.  The first finds them and where each will stand, so that the
 * second can write every call and address at once. */
#include "load/object.h"

#define LINK_OP_LDDW 0x18u
#define LINK_OP_CALL 0x85u
#define LINK_OP_JA 0x05
#define LINK_OP_EXIT 0x95u
#define LINK_SRC_CALL_LOCAL 1u
#define LINK_SRC_CALL_KFUNC 2u
#define LINK_SRC_CODE 4u
#define LINK_SRC_MAP 5u
#define LINK_SRC_MAP_VALUE 6u
#define LINK_POISON 0xbad2310 /* the helper number that libbpf puts where CO-RE failed */

struct link_job {
    const struct object *o;
    struct arena *arena;
    u32 *order;   /* functions, the program first */
    u32 *base_of; /* by function: its first slot in the linked code, or CODE_NONE */
    u32 n_funcs, n_slots;
    u32 *map_index; /* by map of the object: position in maps, or CODE_NONE */
    u32 *maps;
    u32 n_maps;
    struct isa_slot *slots;
    struct code_line *lines;
    struct code_note *notes;
    u32 n_lines, n_notes;
    u32 exception; /* function, or CODE_NONE */
    const char *program;
    const struct skep_hook *hook;
    skep_error *err;
};

/* Where the instruction is that is being linked. */
struct link_place {
    const struct load_code *code;
    u32 slot, end; /* in its section; the end of its function */
    u32 at;        /* in the linked code */
};

static const struct load_code *link_code_of(const struct link_job *job, u32 func)
{
    return &job->o->codes.data[job->o->funcs.data[func].code];
}

/* The function of the kernel that an extern names; NULL: it is none, or there is no such. */
static const struct skep_helper *link_kfunc(const struct link_job *job,
                                            const struct object_extern *e)
{
    if (e->kind != EXTERN_KSYM_FUNCTION)
        return NULL;
    const struct skep_helper *kfunc = registry_helper_by_name(job->o->registry, e->name);
    return kfunc && kfunc->personality == SKEP_KFUNC ? kfunc : NULL;
}

/* The extern that an instruction calls; NULL. */
static const struct object_extern *link_called(const struct link_job *job,
                                               const struct load_target *target)
{
    u32 i = target->section == ELF_UNDEF ? job->o->extern_of[target->symbol] : CODE_NONE;
    return i == CODE_NONE ? NULL : &job->o->externs.data[i].info;
}

/* Functions
 * ----------------------------------------------------------------------------------------- */

/* Does a function end in a call that does not return?  Then nothing need follow it there. */
static bool link_ends_in_throw(const struct link_job *job, u32 func)
{
    const struct load_func *f = &job->o->funcs.data[func];
    const struct load_code *code = link_code_of(job, func);
    u32 last = f->first_slot + f->n_slots - 1, reloc = code->reloc_at[last];
    if (!reloc || load_slot(job->o, code, last).opcode != LINK_OP_CALL)
        return false;
    struct load_target target = load_target_of(job->o, code, &code->relocs.data[reloc - 1], last);
    const struct object_extern *e = link_called(job, &target);
    const struct skep_helper *kfunc = e ? link_kfunc(job, e) : NULL;
    return kfunc && (kfunc->effects & SKEP_THROWS);
}

static skep_status link_add_func(struct link_job *job, u32 func)
{
    if (job->base_of[func] != CODE_NONE)
        return SKEP_OK;
    if (job->o->funcs.data[func].n_slots >= INT32_MAX - job->n_slots)
        return RAISE(job->err, SKEP_LIMIT, LOAD_LINK, STR(job->program), STR("it is too large"));
    job->base_of[func] = job->n_slots;
    job->n_slots += job->o->funcs.data[func].n_slots + link_ends_in_throw(job, func);
    job->order[job->n_funcs++] = func;
    return SKEP_OK;
}

/* Whether an instruction will be replaced because there is nothing to resolve it against.  The id
 * of a local type is what the compiler has put there. */
static const struct btf_core_relo *link_poison(const struct link_job *job,
                                               const struct load_code *code, u32 slot)
{
    u32 relo = code->relo_at[slot];
    if (!relo || job->o->ext.relos[relo - 1].kind == BTF_CORE_TYPE_ID_LOCAL)
        return NULL;
    return &job->o->ext.relos[relo - 1];
}

/* Room for what link_write_insn may add. */
static void link_count(struct link_job *job, const struct load_code *code, u32 slot)
{
    job->n_lines += code->line_at[slot] != 0;
    job->n_notes += code->relo_at[slot] || code->reloc_at[slot];
}

static skep_status link_follow(struct link_job *job, u32 func)
{
    const struct load_func *f = &job->o->funcs.data[func];
    const struct load_code *code = link_code_of(job, func);
    for (u32 slot = f->first_slot; slot < f->first_slot + f->n_slots; slot++) {
        struct load_target target;
        link_count(job, code, slot);
        if (!load_code_reference(job->o, code, slot, &target) || link_poison(job, code, slot))
            continue;
        u32 callee = load_func_at(job->o, target.section, target.offset);
        if (callee == CODE_NONE)
            return RAISE(job->err, SKEP_MALFORMED, LOAD_CALL_TARGET, STR(job->program),
                         STR(load_section(job->o, code->section)->name),
                         NUM((u64)slot * LOAD_SLOT));
        TRY(link_add_func(job, callee));
    }
    return SKEP_OK;
}

/* Poison
 * ------------------------------------------------------------------------------------------- */

static bool link_is_lddw(const struct link_job *job, const struct link_place *p)
{
    return job->slots[p->at].opcode == LINK_OP_LDDW && p->slot + 1 < p->end;
}

/* Puts a call that no helper answers, and says why; only a run that gets there fails. */
static skep_status link_poison_with(struct link_job *job, const struct link_place *p,
                                    struct text *why)
{
    const char *copy = why->failed ? NULL : arena_strdup(job->arena, text_cstr(why));
    text_drop(why);
    if (!copy)
        return load_nomem(job->err, "notes");
    struct isa_slot poison = { .opcode = LINK_OP_CALL, .imm = LINK_POISON };
    if (link_is_lddw(job,
                     p)) /* nothing gets past the first half: a jump to the next one fills it */
        job->slots[p->at + 1] = (struct isa_slot){ .opcode = LINK_OP_JA };
    job->slots[p->at] = poison;
    job->notes[job->n_notes++] = (struct code_note){ .insn = p->at, .text = copy };
    return SKEP_OK;
}

static skep_status link_poison_core(struct link_job *job, const struct link_place *p,
                                    const struct btf_core_relo *relo)
{
    struct text why;
    text_init(&why, job->o->mem);
    text_printf(&why, "CO-RE %s of ", btf_core_kind_name(relo->kind));
    btf_print_access(&why, &job->o->btf, relo);
    text_string(&why, " was not resolved: there are no target types");
    return link_poison_with(job, p, &why);
}

static skep_status link_poison_call(struct link_job *job, const struct link_place *p,
                                    const char *name)
{
    struct text why;
    text_init(&why, job->o->mem);
    text_printf(&why, "the weak function %s does not exist", name);
    return link_poison_with(job, p, &why);
}

/* References
 * ---------------------------------------------------------------------------------------- */

static u32 link_map_index(struct link_job *job, u32 map)
{
    if (job->map_index[map] == CODE_NONE) {
        job->map_index[map] = job->n_maps;
        job->maps[job->n_maps++] = map;
    }
    return job->map_index[map];
}

static skep_status link_bad_reference(struct link_job *job, const struct link_place *p,
                                      const struct load_target *target)
{
    struct elf_symbol symbol = elf_symbol(&job->o->elf, target->symbol);
    bool named = *symbol.name || !elf_symbol_is_defined(&symbol);
    return RAISE(job->err, SKEP_UNSUPPORTED, LOAD_REFERENCE, STR(job->program),
                 STR(load_section(job->o, p->code->section)->name), NUM((u64)p->slot * LOAD_SLOT),
                 STR(named ? symbol.name : load_section(job->o, symbol.section)->name),
                 NUM(target->offset));
}

static skep_status link_missing(struct link_job *job, const struct object_extern *e)
{
    static const char *const kinds[] = {
        [EXTERN_KCONFIG] = "configuration value",
        [EXTERN_KSYM_VARIABLE] = "kernel variable",
        [EXTERN_KSYM_FUNCTION] = "kernel function",
        [EXTERN_UNKNOWN] = "external symbol",
    };
    return RAISE(job->err, SKEP_UNSUPPORTED, LOAD_EXTERN, STR(job->program), STR(kinds[e->kind]),
                 STR(e->name));
}

static skep_status link_set_lddw(struct link_job *job, const struct link_place *p, u8 src, u64 imm)
{
    job->slots[p->at].src = src;
    job->slots[p->at].imm = (s32)(u32)imm;
    job->slots[p->at + 1].imm = (s32)(u32)(imm >> 32);
    return SKEP_OK;
}

/* A byte of a map's value. */
static skep_status link_set_value(struct link_job *job, const struct link_place *p, u32 map,
                                  u64 offset, const struct load_target *target)
{
    if (offset > job->o->maps.data[map].spec.value_size)
        return link_bad_reference(job, p, target);
    return link_set_lddw(job, p, LINK_SRC_MAP_VALUE, link_map_index(job, map) | offset << 32);
}

static skep_status link_set_map(struct link_job *job, const struct link_place *p,
                                const struct load_target *target)
{
    u32 map = load_map_at(job->o, target->section, target->offset);
    if (map == CODE_NONE)
        return link_bad_reference(job, p, target);
    return link_set_lddw(job, p, LINK_SRC_MAP, link_map_index(job, map));
}

static skep_status link_set_extern(struct link_job *job, const struct link_place *p,
                                   const struct load_target *target)
{
    u32 i = job->o->extern_of[target->symbol];
    if (i == CODE_NONE)
        return link_bad_reference(job, p, target);
    const struct load_extern *e = &job->o->externs.data[i];
    if (e->info.kind == EXTERN_KCONFIG && e->is_set)
        return link_set_value(job, p, job->o->kconfig_map, e->info.kconfig_offset + target->offset,
                              target);
    if (e->info.kind == EXTERN_KCONFIG || !e->info.weak)
        return link_missing(job, &e->info);
    /* Only whether there is such a function can be asked. */
    return link_set_lddw(job, p, 0, link_kfunc(job, &e->info) != NULL);
}

/* Distances count from the next slot, for the address of code from the second half of its LDDW. */
static s32 link_distance(const struct link_job *job, const struct link_place *p,
                         const struct load_target *target)
{
    u32 func = load_func_at(job->o, target->section, target->offset);
    return (s32)(job->base_of[func] - (p->at + 1));
}

static skep_status link_set_address(struct link_job *job, const struct link_place *p,
                                    const struct load_target *target)
{
    if (target->section == ELF_UNDEF)
        return link_set_extern(job, p, target);
    if (target->section == ELF_ABS)
        return link_set_lddw(job, p, 0, target->offset);
    if (target->section >= job->o->elf.n_sections)
        return link_bad_reference(job, p, target);
    u32 data_map = job->o->data_map_of[target->section];
    if (data_map != CODE_NONE)
        return link_set_value(job, p, data_map, target->offset, target);
    return link_set_map(job, p, target);
}

static skep_status link_set_call(struct link_job *job, const struct link_place *p,
                                 const struct load_target *target)
{
    const struct object_extern *e = link_called(job, target);
    if (!e)
        return link_bad_reference(job, p, target);
    const struct skep_helper *kfunc = link_kfunc(job, e);
    if (!kfunc)
        return e->weak ? link_poison_call(job, p, e->name) : link_missing(job, e);
    job->slots[p->at].src = LINK_SRC_CALL_KFUNC;
    job->slots[p->at].off = 0;
    job->slots[p->at].imm = (s32)kfunc->id;
    return SKEP_OK;
}

/* Instructions
 * --------------------------------------------------------------------------------------- */

static void link_add_line(struct link_job *job, const struct link_place *p)
{
    u32 line = p->code->line_at[p->slot];
    if (!line)
        return;
    const struct btf_line_info *info = &job->o->ext.lines[line - 1];
    job->lines[job->n_lines++] = (struct code_line){ .insn = p->at,
                                                     .line = info->line,
                                                     .column = info->column,
                                                     .file = info->file,
                                                     .source = info->text };
}

/* A call, or the address, of a function of the object; its distance is known by now. */
static skep_status link_set_code(struct link_job *job, const struct link_place *p,
                                 const struct load_target *target)
{
    bool is_call = job->slots[p->at].opcode == LINK_OP_CALL;
    s32 distance = link_distance(job, p, target);
    if (!is_call)
        return link_set_lddw(job, p, LINK_SRC_CODE, (u32)distance);
    job->slots[p->at].src = LINK_SRC_CALL_LOCAL;
    job->slots[p->at].imm = distance;
    return SKEP_OK;
}

/* The slots of the function have been copied already. */
static skep_status link_write_insn(struct link_job *job, const struct link_place *p)
{
    struct load_target target;
    u32 reloc = p->code->reloc_at[p->slot];
    const struct btf_core_relo *core = link_poison(job, p->code, p->slot);
    link_add_line(job, p);
    if (core)
        return link_poison_core(job, p, core);
    bool is_code = load_code_reference(job->o, p->code, p->slot, &target);
    if (!is_code && !reloc)
        return SKEP_OK;
    bool is_lddw = job->slots[p->at].opcode == LINK_OP_LDDW;
    if (is_lddw && !link_is_lddw(job, p))
        return RAISE(job->err, SKEP_MALFORMED, LOAD_CALL_TARGET, STR(job->program),
                     STR(load_section(job->o, p->code->section)->name),
                     NUM((u64)p->slot * LOAD_SLOT));
    if (is_code)
        return link_set_code(job, p, &target);
    return is_lddw ? link_set_address(job, p, &target) : link_set_call(job, p, &target);
}

static skep_status link_write_func(struct link_job *job, u32 func)
{
    const struct load_func *f = &job->o->funcs.data[func];
    const struct load_code *code = link_code_of(job, func);
    for (u32 i = 0; i < f->n_slots; i++)
        job->slots[job->base_of[func] + i] = load_slot(job->o, code, f->first_slot + i);
    if (link_ends_in_throw(job, func))
        job->slots[job->base_of[func] + f->n_slots] = (struct isa_slot){ .opcode = LINK_OP_EXIT };
    for (u32 i = 0; i < f->n_slots; i++) {
        struct link_place place = { .code = code,
                                    .slot = f->first_slot + i,
                                    .end = f->first_slot + f->n_slots,
                                    .at = job->base_of[func] + i };
        bool wide = link_is_lddw(job, &place);
        TRY(link_write_insn(job, &place));
        i += wide; /* what the second half looks like is no instruction */
    }
    return SKEP_OK;
}

/* The whole
 * ------------------------------------------------------------------------------------------ */

static skep_status link_bad_exception(const struct link_job *job, const char *why)
{
    return RAISE(job->err, SKEP_REJECTED, LOAD_LINK, STR(job->program), STR(why));
}

/* The function for exceptions takes and returns a number. */
static skep_status link_find_exception(struct link_job *job, u32 main)
{
    const struct load_signature *signature = job->o->funcs.data[main].signature;
    u32 symbol, func;
    job->exception = CODE_NONE;
    if (!signature || !signature->exception)
        return SKEP_OK;
    if (signature->two_exceptions)
        return link_bad_exception(job, "it has more than one function for exceptions");
    symbol = load_find_symbol(job->o, signature->exception);
    if (symbol == CODE_NONE)
        return link_bad_exception(job, "its function for exceptions is not global");
    struct elf_symbol found = elf_symbol(&job->o->elf, symbol);
    func = load_func_at(job->o, found.section, found.value);
    signature = func == CODE_NONE ? NULL : job->o->funcs.data[func].signature;
    if (func == main || !signature || !signature->usable || signature->n_args != 1 ||
        signature->params[0].arg.kind != CODE_ARG_SCALAR || signature->params[0].sizeless)
        return link_bad_exception(job, "its function for exceptions is not one from a number to "
                                       "a number");
    job->exception = func;
    return link_add_func(job, func);
}

static skep_status link_find_funcs(struct link_job *job, u32 main)
{
    u32 n = job->o->funcs.n;
    job->order = arena_array(job->arena, u32, n);
    job->base_of = load_none_array(job->arena, n);
    job->map_index = load_none_array(job->arena, job->o->maps.n);
    job->maps = arena_array(job->arena, u32, (u64)job->o->maps.n + 1);
    if (!job->order || !job->base_of || !job->map_index || !job->maps)
        return load_nomem(job->err, "linking");
    TRY(link_add_func(job, main));
    TRY(link_find_exception(job, main));
    for (u32 i = 0; i < job->n_funcs; i++)
        TRY(link_follow(job, job->order[i]));
    return SKEP_OK;
}

static skep_status link_write_funcs(struct link_job *job)
{
    job->slots = arena_array(job->arena, struct isa_slot, (u64)job->n_slots);
    job->lines = arena_array(job->arena, struct code_line, (u64)job->n_lines + 1);
    job->notes = arena_array(job->arena, struct code_note, (u64)job->n_notes + 1);
    if (!job->slots || !job->lines || !job->notes)
        return load_nomem(job->err, "linking");
    job->n_lines = job->n_notes = 0;
    for (u32 i = 0; i < job->n_funcs; i++)
        TRY(link_write_func(job, job->order[i]));
    return SKEP_OK;
}

static skep_status link_decode(struct link_job *job, struct code *code)
{
    struct code_func *funcs = arena_array(job->arena, struct code_func, job->n_funcs);
    if (!funcs)
        return load_nomem(job->err, "linking");
    for (u32 i = 0; i < job->n_funcs; i++) {
        const struct load_func *f = &job->o->funcs.data[job->order[i]];
        u32 base = job->base_of[job->order[i]];
        const struct code_signature *signature = NULL;
        if (load_settle_signature(job->arena, f->signature, job->hook, &signature) != SKEP_OK)
            return load_nomem(job->err, "linking");
        funcs[i] = (struct code_func){
            .entry = base,
            .end = base + f->n_slots + link_ends_in_throw(job, job->order[i]),
            .name = f->name,
            .is_global = f->is_global,
            .signature = signature,
        };
    }
    struct code_input in = {
        .slots = job->slots,
        .n_slots = job->n_slots,
        .funcs = funcs,
        .n_funcs = job->n_funcs,
        .lines = job->lines,
        .n_lines = job->n_lines,
        .notes = job->notes,
        .n_notes = job->n_notes,
        .exception_slot = job->exception == CODE_NONE ? 0 : job->base_of[job->exception],
    };
    return code_build(job->arena, &in, code, job->err);
}

skep_status load_link(struct object *o, u32 program, struct arena *arena, struct linked *out,
                      skep_error *err)
{
    assert(program < o->programs.n);
    const struct object_program *p = &o->programs.data[program];
    struct link_job job = {
        .o = o, .arena = arena, .program = p->name, .hook = p->hook, .err = err
    };
    struct linked linked = {
        .name = p->name,
        .hook = p->hook,
        .section = load_without_mark(p->section),
        .sleepable = p->sleepable,
        .license = o->license,
        .big_endian = o->elf.big_endian,
    };
    TRY(link_find_funcs(&job, o->program_funcs.data[program]));
    TRY(link_write_funcs(&job));
    TRY(link_decode(&job, &linked.code));
    linked.n_maps = job.n_maps;
    linked.maps = job.maps;
    *out = linked;
    return SKEP_OK;
}

bool load_is_foreign(const struct linked *linked)
{
    const u16 one = 1;
    u8 first;
    memcpy(&first, &one, 1);
    return linked->big_endian != (first == 0);
}

#undef LINK_OP_LDDW
#undef LINK_OP_CALL
#undef LINK_OP_JA
#undef LINK_OP_EXIT
#undef LINK_SRC_CALL_LOCAL
#undef LINK_SRC_CALL_KFUNC
#undef LINK_SRC_CODE
#undef LINK_SRC_MAP
#undef LINK_SRC_MAP_VALUE
#undef LINK_POISON
