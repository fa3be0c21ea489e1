/* What an object says of its programs: what they need, and, in the declaration tags of their
 * functions, what they expect. */
#include "kernel_skep.h"

#include "helper/helper.h"
#include "hook/hook.h"
#include "load/load.h"

#include <stdio.h>
#include <stdlib.h>

struct facts {
    struct mem mem;
    struct registry registry;
    struct object *object;
    const char *path;
};

void kernel_find_specials(const uint8_t *bytes, size_t size, uint32_t type,
                          struct skep_map_spec *spec)
{
    struct mem mem;
    struct arena arena;
    struct btf btf;
    mem_init(&mem, NULL, 0);
    arena_init(&arena, &mem);
    if (btf_parse(&btf, &arena, bytes, size, NULL, NULL) != SKEP_OK)
        return;
    if (type < btf.n)
        load_find_specials(&btf, type, spec);
    btf_drop(&btf);
    arena_drop(&arena);
}

static bool facts_open(struct facts *f, const char *path)
{
    FILE *file = fopen(path, "rb");
    static u8 data[32u << 20];
    size_t size = file ? fread(data, 1, sizeof(data), file) : 0;
    if (!file)
        return false;
    fclose(file);
    mem_init(&f->mem, NULL, 0);
    registry_init(&f->registry, &f->mem);
    for (u32 i = 0; i < n_hooks; i++)
        if (registry_add_hook(&f->registry, hooks[i], NULL) != SKEP_OK)
            return false;
    f->path = path;
    return load_open(&f->mem, &f->registry, NULL, data, size, &f->object, NULL) == SKEP_OK;
}

/* ---- what the instructions refer to -------------------------------------------------------- */

static void print_list_end(bool any) { printf("%s\t", any ? "" : "-"); }

static const struct skep_helper *helper_of(u32 id)
{
    for (u32 i = 0; i < n_helpers; i++)
        if (helpers[i]->id == id && helpers[i]->personality == SKEP_LINUX)
            return helpers[i];
    return NULL;
}

static bool takes(const struct skep_helper *helper, u8 kind)
{
    for (u32 i = 0; i < ARRAY_LEN(helper->args); i++)
        if (helper->args[i].kind == kind)
            return true;
    return false;
}

/* Whether a load may be one of a context's field of this kind: the base register is not looked at.
 */
static bool loads_field(const struct skep_hook *hook, const struct insn *insn, u8 kind)
{
    for (u32 i = 0; hook && i < hook->n_fields; i++)
        if (hook->fields[i].kind == kind && insn->op == ISA_LDX_DW &&
            hook->fields[i].offset == insn->off)
            return true;
    return false;
}

/* What objects of a kernel the instruction deals with: "socket", "kernel", or NULL. */
static const char *object_of(const struct skep_hook *hook, const struct insn *insn)
{
    const struct skep_helper *helper =
        insn->op == ISA_CALL_HELPER ? helper_of((u32)insn->imm) : NULL;
    if (loads_field(hook, insn, SKEP_FIELD_SOCK))
        return "socket";
    if (loads_field(hook, insn, SKEP_FIELD_BTF_PTR))
        return "kernel";
    if (!helper)
        return NULL;
    if (helper->ret.kind == SKEP_RET_SOCK || takes(helper, SKEP_ARG_SOCK) ||
        (helper->maps & SKEP_MAP_SOCKETS))
        return "socket";
    bool typed = helper->ret.kind == SKEP_RET_BTF_PTR || helper->ret.kind == SKEP_RET_CPU_PTR ||
                 takes(helper, SKEP_ARG_BTF_PTR) || takes(helper, SKEP_ARG_KPTR);
    return typed ? "kernel" : NULL;
}

static void print_objects(const struct skep_hook *hook, const struct code *code)
{
    bool any = false;
    for (u32 i = 0; i < code->n_insns; i++) {
        const char *object = object_of(hook, &code->insns[i]);
        if (!object)
            continue;
        printf("%s%s", any ? "," : "", object);
        any = true;
    }
    print_list_end(any);
}

static const struct object_extern *extern_named(const struct facts *f, const char *name)
{
    for (u32 i = 0; i < load_n_externs(f->object); i++)
        if (!strcmp(load_extern(f->object, i)->name, name))
            return load_extern(f->object, i);
    return NULL;
}

static bool is_text(const struct elf *elf, u32 section)
{
    return section < elf->n_sections && !strcmp(elf->sections[section].name, ".text");
}

static bool is_own(const struct object_program *program, u32 section, u64 offset)
{
    u64 begin = (u64)program->first_slot * 8, end = begin + (u64)program->n_slots * 8;
    return section == program->section_index && offset >= begin && offset < end;
}

/* Whether the program refers to subprograms in .text; it is then taken to call all of them. */
static bool calls_text(const struct elf *elf, const struct object_program *program)
{
    for (u32 s = 1; s < elf->n_sections; s++) {
        for (u32 i = 0; i < elf_n_relocs(elf, s); i++) {
            struct elf_reloc reloc;
            if (elf_reloc(elf, s, i, &reloc, NULL) == SKEP_OK &&
                is_own(program, elf->sections[s].info, reloc.offset) &&
                is_text(elf, elf_symbol(elf, reloc.symbol).section))
                return true;
        }
    }
    return false;
}

static void print_extern_of(const struct facts *f, const struct elf_reloc *reloc, bool functions,
                            bool *any)
{
    const struct object_extern *e =
        extern_named(f, elf_symbol(load_elf(f->object), reloc->symbol).name);
    if (!e || e->kind == EXTERN_KCONFIG || (e->kind == EXTERN_KSYM_FUNCTION) != functions)
        return;
    printf("%s%s", *any ? "," : "", e->name);
    *any = true;
}

/* Kernel functions, or other externs except configuration. */
static void print_externs(const struct facts *f, const struct object_program *program,
                          bool functions)
{
    const struct elf *elf = load_elf(f->object);
    bool any = false, text = calls_text(elf, program);
    for (u32 s = 1; s < elf->n_sections; s++) {
        u32 of = elf->sections[s].info;
        for (u32 i = 0; i < elf_n_relocs(elf, s); i++) {
            struct elf_reloc reloc;
            if (elf_reloc(elf, s, i, &reloc, NULL) == SKEP_OK &&
                (is_own(program, of, reloc.offset) || (text && is_text(elf, of))))
                print_extern_of(f, &reloc, functions, &any);
        }
    }
    print_list_end(any);
}

static void print_maps(const struct facts *f, const struct linked *linked)
{
    for (u32 i = 0; i < linked->n_maps; i++)
        printf("%s%u", i ? "," : "", load_map(f->object, linked->maps[i])->spec.type);
    print_list_end(linked->n_maps != 0);
}

/* ---- tags ---------------------------------------------------------------------------------- */

static void print_tags(const struct btf *btf, const char *function)
{
    bool any = false;
    for (u32 id = 1; btf && id < btf->n; id++) {
        if (btf_kind(btf, id) != BTF_DECL_TAG || btf_tag_component(btf, id) >= 0)
            continue;
        u32 target = btf_target(btf, id);
        if (btf_kind(btf, target) != BTF_FUNC || strcmp(btf_name(btf, target), function))
            continue;
        printf("%s", any ? "\x1f" : "");
        for (const char *p = btf_name(btf, id); *p; p++)
            putchar(*p == '\n' || *p == '\t' ? ' ' : *p);
        any = true;
    }
    printf("%s\n", any ? "" : "-");
}

static void print_program(const struct facts *f, u32 i)
{
    const struct object_program *program = load_program(f->object, i);
    struct arena arena;
    struct linked linked = { 0 };
    skep_error error = { 0 };
    arena_init(&arena, (struct mem *)&f->mem);
    bool links = load_link(f->object, i, &arena, &linked, &error) == SKEP_OK;
    printf("%s\t%s\t%s\t%s\t%u\t%s\t", f->path, program->name,
           program->hook ? program->hook->name : "-", program->section, program->n_slots,
           links ? "links" : skep_error_id(&error));
    print_objects(program->hook, &linked.code);
    print_externs(f, program, true);
    print_externs(f, program, false);
    print_maps(f, &linked);
    printf("%u\t", linked.code.n_notes);
    print_tags(load_btf(f->object), program->name);
    arena_drop(&arena);
}

void kernel_facts(const char *path)
{
    struct facts f = { 0 };
    if (!facts_open(&f, path)) {
        printf("%s\t-\tnot opened\n", path);
        return;
    }
    for (u32 i = 0; i < load_n_programs(f.object); i++)
        print_program(&f, i);
    load_close(f.object);
    registry_drop(&f.registry);
}
