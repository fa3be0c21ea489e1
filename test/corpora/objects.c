/* Objects from elsewhere: finds them inside other files, opens them, links their programs, lists
 * their code.  Driven by objects.py, which says what must come out.
 *
 *     corpora_objects extract FOLDER FILE...   writes FOLDER/NAME-N.o for each object in FILE
 *     corpora_objects open FILE...             a line per object, and one per program not linked
 *     corpora_objects core FILE...             a line per program that CO-RE has to complete
 *     corpora_objects list FILE                the instructions of each section of code
 *     corpora_objects calls FILE...            a line per call of a helper: its number
 *     corpora_objects helpers                  the helpers that there are, and whether they run */
#include "helper/helper.h"
#include "hook/hook.h"
#include "load/load.h"

#include <stdio.h>
#include <stdlib.h>

#define MEMORY_FACTOR 32u
#define MEMORY_EXTRA (1u << 20)

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static u8 *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        die(path);
    long length = ftell(file);
    u8 *data = malloc(length > 0 ? (size_t)length : 1);
    rewind(file);
    if (!data || length < 0 || fread(data, 1, (size_t)length, file) != (size_t)length)
        die(path);
    fclose(file);
    *size = (size_t)length;
    return data;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* extract
 * ------------------------------------------------------------------------------------------- */

static void extract(const char *folder, const char *path)
{
    size_t size;
    u8 *data = read_file(path, &size);
    u64 at = 0, length = 0;
    for (int i = 0; elf_find_embedded(data, size, 247, at, &at, &length); i++, at += length) {
        char out[4096];
        snprintf(out, sizeof(out), "%s/%s-%d.o", folder, base_name(path), i);
        FILE *file = fopen(out, "wb");
        if (!file || fwrite(data + at, 1, length, file) != length || fclose(file))
            die(out);
    }
    free(data);
}

/* open
 * ---------------------------------------------------------------------------------------------- */

struct opener {
    struct mem mem;
    struct registry registry;
    struct object *object;
    skep_error err;
    size_t size;
};

static skep_status open_file(struct opener *o, const char *path)
{
    u8 *data = read_file(path, &o->size);
    mem_init(&o->mem, NULL, 0);
    o->err = (skep_error){ 0 };
    skep_status status = load_open(&o->mem, &o->registry, NULL, data, o->size, &o->object, &o->err);
    free(data);
    return status;
}

static void print_error(const char *path, const char *program, const skep_error *err)
{
    char text[1024];
    skep_error_text(err, text, sizeof(text));
    printf("refused\t%s\t%s\t%s\t%s\n", base_name(path), program, skep_error_id(err), text);
}

static void print_object(struct opener *o, const char *path)
{
    u32 n = load_n_programs(o->object), linked = 0, typed = 0, notes = 0;
    for (u32 i = 0; i < n; i++) {
        struct arena arena;
        struct linked program;
        skep_error err = { 0 };
        arena_init(&arena, &o->mem);
        typed += load_program(o->object, i)->hook != NULL;
        if (load_link(o->object, i, &arena, &program, &err) == SKEP_OK) {
            linked++;
            notes += program.code.n_notes != 0;
        } else {
            print_error(path, load_program(o->object, i)->name, &err);
        }
        arena_drop(&arena);
    }
    printf("opened\t%s\t%u\t%u\t%u\t%u\t%u\t%s\n", base_name(path), n, typed, linked, notes,
           load_n_maps(o->object), load_elf(o->object)->big_endian ? "big" : "little");
}

static void open_one(struct opener *o, const char *path)
{
    if (open_file(o, path) != SKEP_OK) {
        print_error(path, "", &o->err);
        return;
    }
    if (o->mem.peak > MEMORY_FACTOR * o->size + MEMORY_EXTRA)
        printf("costly\t%s\t%zu\t%zu\n", base_name(path), (size_t)o->mem.peak, o->size);
    print_object(o, path);
    load_close(o->object);
}

/* list
 * ---------------------------------------------------------------------------------------------- */

static void list_section(const struct elf *elf, const struct elf_section *s)
{
    struct mem mem;
    struct text text;
    mem_init(&mem, NULL, 0);
    u32 n = (u32)(s->size / 8);
    struct isa_slot *slots = calloc(n + 1, sizeof(*slots));
    if (!slots)
        die("memory");
    for (u32 i = 0; i < n; i++)
        slots[i] = isa_slot_read(s->data + 8 * (u64)i, elf->big_endian);
    printf("section %s\n", s->name);
    for (u32 i = 0, wide; i < n; i += wide) {
        struct insn insn;
        text_init(&text, &mem);
        bool known = isa_decode(slots + i, n - i, i, &insn, NULL) == SKEP_OK;
        if (known)
            isa_print_objdump(&text, &insn);
        printf("%u\t%s\n", i, known ? text_cstr(&text) : "<unknown>");
        wide = known ? insn_slots(&insn) : 1;
        text_drop(&text);
    }
    free(slots);
}

static int list_one(struct opener *o, const char *path)
{
    if (open_file(o, path) != SKEP_OK)
        return 1;
    const struct elf *elf = load_elf(o->object);
    for (u32 i = 1; i < elf->n_sections; i++)
        if (elf->sections[i].flags & ELF_SHF_EXECINSTR && elf->sections[i].data)
            list_section(elf, &elf->sections[i]);
    load_close(o->object);
    return 0;
}

/* calls, helpers
 * ---------------------------------------------------------------------------------------------- */

enum { POISON = 0xbad2310 }; /* a call that CO-RE, which the host did not give types for, removes */

static void print_calls_of(struct object *object, u32 program, struct arena *arena)
{
    struct linked linked;
    if (load_link(object, program, arena, &linked, NULL) != SKEP_OK)
        return;
    for (u32 i = 0; i < linked.code.n_insns; i++) {
        const struct insn *insn = &linked.code.insns[i];
        if (insn->op == ISA_CALL_HELPER && insn->imm != POISON)
            printf("%u\n", (u32)insn->imm);
    }
}

static void print_calls(struct opener *o, const char *path)
{
    if (open_file(o, path) != SKEP_OK)
        return;
    for (u32 i = 0; i < load_n_programs(o->object); i++) {
        struct arena arena;
        arena_init(&arena, &o->mem);
        print_calls_of(o->object, i, &arena);
        arena_drop(&arena);
    }
    load_close(o->object);
}

/* Notes stand where nobody has the types that an instruction was made for. */
static void print_core(struct opener *o, const char *path)
{
    if (open_file(o, path) != SKEP_OK)
        return;
    for (u32 i = 0; i < load_n_programs(o->object); i++) {
        struct arena arena;
        struct linked linked;
        arena_init(&arena, &o->mem);
        if (load_link(o->object, i, &arena, &linked, NULL) == SKEP_OK && linked.code.n_notes)
            printf("%s\t%s\n", path, load_program(o->object, i)->name);
        arena_drop(&arena);
    }
    load_close(o->object);
}

static void print_helpers(void)
{
    for (u32 i = 0; i < n_helpers; i++)
        if (helpers[i]->personality == SKEP_LINUX)
            printf("%u\t%s\t%s\n", helpers[i]->id, helpers[i]->name,
                   helpers[i]->run ? "runs" : "contract only");
}

int main(int argc, char **argv)
{
    struct opener o = { 0 };
    struct mem mem;
    mem_init(&mem, NULL, 0);
    registry_init(&o.registry, &mem);
    for (u32 i = 0; i < n_hooks; i++)
        if (registry_add_hook(&o.registry, hooks[i], NULL) != SKEP_OK)
            return 2;
    int status = 2;
    if (argc > 3 && !strcmp(argv[1], "extract")) {
        for (int i = 3; i < argc; i++)
            extract(argv[2], argv[i]);
        status = 0;
    } else if (argc > 2 && !strcmp(argv[1], "open")) {
        for (int i = 2; i < argc; i++)
            open_one(&o, argv[i]);
        status = 0;
    } else if (argc == 3 && !strcmp(argv[1], "list")) {
        status = list_one(&o, argv[2]);
    } else if (argc > 2 && !strcmp(argv[1], "calls")) {
        for (int i = 2; i < argc; i++)
            print_calls(&o, argv[i]);
        status = 0;
    } else if (argc > 2 && !strcmp(argv[1], "core")) {
        for (int i = 2; i < argc; i++)
            print_core(&o, argv[i]);
        status = 0;
    } else if (argc == 2 && !strcmp(argv[1], "helpers")) {
        print_helpers();
        status = 0;
    } else {
        fprintf(stderr,
                "usage: corpora_objects {extract FOLDER|open|core|list|calls} FILE... | helpers\n");
    }
    registry_drop(&o.registry);
    return status;
}
