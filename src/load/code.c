/* Pass: sections of instructions: their relocations, by slot, and the functions in them.
 *
 * A function begins where a FUNC symbol says so, and where a call goes.  Objects of old compilers
 * and assemblers have no FUNC symbols: then global symbols without a type count, or else one at the
 * section's beginning, or else the section as a whole is one function of the section's name.  A
 * function ends where the next one begins.
 *
 * Needs: sections.  Gives: o->codes, o->code_of, o->funcs. */
#include "load/object.h"

#define LOAD_OP_LDDW 0x18u
#define LOAD_OP_CALL 0x85u
#define LOAD_SRC_LOCAL 1u /* of CALL */
#define LOAD_SRC_CODE 4u  /* of LDDW */

/* While functions are being found, func_at holds a symbol + 1, or this: a call goes there. */
#define LOAD_NAMELESS UINT32_MAX

static skep_status load_add_code(struct object *o, u32 section, skep_error *err)
{
    const struct elf_section *s = load_section(o, section);
    if (s->size % LOAD_SLOT || s->size / LOAD_SLOT > INT32_MAX)
        return RAISE(err, SKEP_MALFORMED, LOAD_CODE_SIZE, STR(s->name), NUM(s->size));
    u32 n = (u32)(s->size / LOAD_SLOT);
    struct load_code code = {
        .section = section,
        .n_slots = n,
        .func_at = arena_array(&o->arena, u32, n),
        .reloc_at = arena_array(&o->arena, u32, n),
        .line_at = arena_array(&o->arena, u32, n),
        .relo_at = arena_array(&o->arena, u32, n),
    };
    if (!code.func_at || !code.reloc_at || !code.line_at || !code.relo_at)
        return load_nomem(err, "instructions");
    o->code_of[section] = o->codes.n;
    return vec_push(o->mem, &o->codes, code) ? SKEP_OK : load_nomem(err, "instructions");
}

/* Relocations -----------------------------------------------------------------------------------
 */

/* 64_64 belongs to a whole LDDW, 64_32 to a call; other types do not occur in code. */
static bool load_reloc_fits(const struct object *o, const struct load_code *code, u32 slot,
                            u32 type)
{
    u8 opcode = load_slot(o, code, slot).opcode;
    if (type == ELF_BPF_64_64)
        return opcode == LOAD_OP_LDDW && slot + 1 < code->n_slots;
    return type == ELF_BPF_64_32 && opcode == LOAD_OP_CALL;
}

static skep_status load_add_reloc(struct object *o, struct load_code *code,
                                  const struct elf_section *rel, const struct elf_reloc *r,
                                  skep_error *err)
{
    u32 slot = (u32)(r->offset / LOAD_SLOT);
    if (r->type == ELF_BPF_NONE)
        return SKEP_OK;
    if (r->offset % LOAD_SLOT || code->reloc_at[slot] || !load_reloc_fits(o, code, slot, r->type))
        return RAISE(err, SKEP_MALFORMED, LOAD_RELOC_TYPE, STR(rel->name), NUM(r->offset),
                     NUM(r->type));
    struct load_code_reloc reloc = {
        .type = r->type, .symbol = r->symbol, .addend = r->addend, .has_addend = r->has_addend
    };
    if (!vec_push(o->mem, &code->relocs, reloc))
        return load_nomem(err, "relocations");
    code->reloc_at[slot] = code->relocs.n;
    return SKEP_OK;
}

static skep_status load_add_relocs(struct object *o, u32 rel_section, skep_error *err)
{
    const struct elf_section *rel = load_section(o, rel_section);
    u32 n = elf_n_relocs(&o->elf, rel_section);
    if (!n || o->roles[rel->info] != ROLE_CODE)
        return SKEP_OK;
    struct load_code *code = &o->codes.data[o->code_of[rel->info]];
    for (u32 i = 0; i < n; i++) {
        struct elf_reloc r;
        TRY(elf_reloc(&o->elf, rel_section, i, &r, err));
        TRY(load_add_reloc(o, code, rel, &r, err));
    }
    return SKEP_OK;
}

/* References to functions ------------------------------------------------------------------------
 */

struct load_target load_target_of(const struct object *o, const struct load_code *code,
                                  const struct load_code_reloc *reloc, u32 slot)
{
    struct elf_symbol symbol = elf_symbol(&o->elf, reloc->symbol);
    struct isa_slot first = load_slot(o, code, slot);
    u64 addend = (u64)reloc->addend;
    if (!reloc->has_addend && first.opcode == LOAD_OP_LDDW)
        addend = (u64)(u32)load_slot(o, code, slot + 1).imm << 32 | (u32)first.imm;
    else if (!reloc->has_addend)
        addend = (u64)(((s64)first.imm + 1) * (s64)LOAD_SLOT);
    return (struct load_target){
        .symbol = reloc->symbol,
        .section = symbol.section,
        .offset = (symbol.section != ELF_UNDEF ? symbol.value : 0) + addend,
    };
}

/* In slots from `slot` on, in the same section. */
static u64 load_relative_target(u32 slot, s32 distance)
{
    return (u64)((s64)slot + 1 + distance) * LOAD_SLOT;
}

bool load_code_reference(const struct object *o, const struct load_code *code, u32 slot,
                         struct load_target *out)
{
    struct isa_slot s = load_slot(o, code, slot);
    bool is_call = s.opcode == LOAD_OP_CALL && s.src == LOAD_SRC_LOCAL;
    bool is_address = s.opcode == LOAD_OP_LDDW && s.src == LOAD_SRC_CODE;
    u32 reloc = code->reloc_at[slot];
    if (reloc)
        *out = load_target_of(o, code, &code->relocs.data[reloc - 1], slot);
    else
        *out = (struct load_target){ .symbol = 0,
                                     .section = code->section,
                                     .offset = load_relative_target(slot, s.imm) };
    if (!reloc)
        return is_call || is_address;
    return out->section < o->elf.n_sections && o->roles[out->section] == ROLE_CODE;
}

u32 load_func_at(const struct object *o, u32 section, u64 offset)
{
    if (section >= o->elf.n_sections || o->code_of[section] == CODE_NONE || offset % LOAD_SLOT)
        return CODE_NONE;
    const struct load_code *code = &o->codes.data[o->code_of[section]];
    u64 slot = offset / LOAD_SLOT;
    return slot < code->n_slots ? code->func_at[slot] - 1 : CODE_NONE;
}

/* Functions ---------------------------------------------------------------------------------------
 */

/* How much a symbol tells about where a function begins; in a section only those of the highest
 * rank count.  0: nothing. */
static u32 load_symbol_rank(const struct object *o, const struct elf_symbol *symbol)
{
    if (!elf_symbol_is_defined(symbol) || o->roles[symbol->section] != ROLE_CODE || !*symbol->name)
        return 0;
    if (symbol->type == ELF_STT_FUNC)
        return 3;
    if (symbol->type != ELF_STT_NOTYPE)
        return 0;
    if (symbol->bind != ELF_STB_LOCAL)
        return 2;
    return symbol->value == 0;
}

static skep_status load_mark_symbol(struct object *o, u32 i, const struct elf_symbol *symbol,
                                    skep_error *err)
{
    struct load_code *code = &o->codes.data[o->code_of[symbol->section]];
    if (symbol->value % LOAD_SLOT || symbol->value / LOAD_SLOT >= code->n_slots)
        return RAISE(err, SKEP_MALFORMED, LOAD_SYMBOL_OFFSET, STR(symbol->name), NUM(symbol->value),
                     STR(load_section(o, symbol->section)->name));
    u32 *at = &code->func_at[symbol->value / LOAD_SLOT];
    if (!*at || symbol->bind != ELF_STB_LOCAL) /* of two names the global one */
        *at = i + 1;
    return SKEP_OK;
}

static skep_status load_mark_symbols(struct object *o, skep_error *err)
{
    u8 *rank = arena_array(&o->arena, u8, o->elf.n_sections);
    if (!rank)
        return load_nomem(err, "functions");
    for (u32 i = 1; i < o->elf.n_symbols; i++) {
        struct elf_symbol symbol = elf_symbol(&o->elf, i);
        u32 r = load_symbol_rank(o, &symbol);
        if (r)
            rank[symbol.section] = (u8)max_u32(rank[symbol.section], r);
    }
    for (u32 i = 1; i < o->elf.n_symbols; i++) {
        struct elf_symbol symbol = elf_symbol(&o->elf, i);
        u32 r = load_symbol_rank(o, &symbol);
        if (r && r == rank[symbol.section])
            TRY(load_mark_symbol(o, i, &symbol, err));
    }
    return SKEP_OK;
}

/* Calls to places that have no symbol make functions too.  One that goes nowhere is left for the
 * link of the program that has it. */
static void load_mark_calls(struct object *o, const struct load_code *code)
{
    for (u32 slot = 0; slot < code->n_slots; slot++) {
        struct load_target target;
        if (!load_code_reference(o, code, slot, &target) || target.offset % LOAD_SLOT)
            continue;
        struct load_code *to = &o->codes.data[o->code_of[target.section]];
        if (target.offset / LOAD_SLOT < to->n_slots && !to->func_at[target.offset / LOAD_SLOT])
            to->func_at[target.offset / LOAD_SLOT] = LOAD_NAMELESS;
    }
}

static struct load_func load_func_of_symbol(const struct object *o, u32 i)
{
    struct elf_symbol symbol = elf_symbol(&o->elf, i);
    return (struct load_func){
        .name = symbol.name,
        .is_local = symbol.bind == ELF_STB_LOCAL,
        .is_global = symbol.bind != ELF_STB_LOCAL && symbol.visibility != ELF_STV_HIDDEN,
    };
}

/* A function without a symbol: named by its place; the only one of a section, by the section. */
static struct load_func load_func_of_place(struct object *o, const struct load_code *code, u32 slot)
{
    const char *section = load_section(o, code->section)->name;
    char buffer[64];
    struct text name;
    text_init_fixed(&name, buffer, sizeof(buffer));
    text_printf(&name, "%.24s+0x%x", section, slot * LOAD_SLOT);
    return (struct load_func){
        .name = slot ? arena_strdup(&o->arena, text_cstr(&name)) : section,
        .is_local = true,
    };
}

static skep_status load_add_func(struct object *o, u32 code_index, u32 slot, skep_error *err)
{
    struct load_code *code = &o->codes.data[code_index];
    u32 mark = code->func_at[slot];
    struct load_func func = mark && mark != LOAD_NAMELESS ? load_func_of_symbol(o, mark - 1)
                                                          : load_func_of_place(o, code, slot);
    func.code = code_index;
    func.first_slot = slot;
    func.program = CODE_NONE;
    if (!func.name || !vec_push(o->mem, &o->funcs, func))
        return load_nomem(err, "functions");
    code->func_at[slot] = o->funcs.n;
    return SKEP_OK;
}

static skep_status load_add_funcs(struct object *o, u32 code_index, skep_error *err)
{
    struct load_code *code = &o->codes.data[code_index];
    for (u32 slot = 0; slot < code->n_slots; slot++) {
        if (slot && !code->func_at[slot])
            continue;
        if (slot)
            vec_last(&o->funcs).n_slots = slot - vec_last(&o->funcs).first_slot;
        TRY(load_add_func(o, code_index, slot, err));
    }
    vec_last(&o->funcs).n_slots = code->n_slots - vec_last(&o->funcs).first_slot;
    return SKEP_OK;
}

static void load_note_calls(struct object *o, const struct load_code *code)
{
    for (u32 slot = 0; slot < code->n_slots; slot++) {
        struct load_target target;
        u32 func = CODE_NONE;
        if (load_code_reference(o, code, slot, &target))
            func = load_func_at(o, target.section, target.offset);
        if (func != CODE_NONE)
            o->funcs.data[func].is_called = true;
    }
}

skep_status load_pass_code(struct object *o, skep_error *err)
{
    for (u32 i = 1; i < o->elf.n_sections; i++)
        if (o->roles[i] == ROLE_CODE)
            TRY(load_add_code(o, i, err));
    for (u32 i = 1; i < o->elf.n_sections; i++)
        TRY(load_add_relocs(o, i, err));
    TRY(load_mark_symbols(o, err));
    for (u32 i = 0; i < o->codes.n; i++)
        load_mark_calls(o, &o->codes.data[i]);
    for (u32 i = 0; i < o->codes.n; i++)
        TRY(load_add_funcs(o, i, err));
    for (u32 i = 0; i < o->codes.n; i++)
        load_note_calls(o, &o->codes.data[i]);
    return SKEP_OK;
}

#undef LOAD_OP_LDDW
#undef LOAD_OP_CALL
#undef LOAD_SRC_LOCAL
#undef LOAD_SRC_CODE
#undef LOAD_NAMELESS
