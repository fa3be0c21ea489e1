/* Compiled code made known to gdb: the "JIT Compilation Interface" of its manual.  A debugger looks
 * for two symbols of the process by name, so these are the library's only global variables and its
 * only names that do not begin with skep_ (docs/decisions/0009-what-gdb-looks-for.md); nothing else
 * reads them.
 *
 * What is registered is an ELF file in memory with a symbol per function and no contents: its .text
 * is where the code lies. */
#include "api/gdb.h"

#include <elf.h>

enum { GDB_VERSION = 1, GDB_NOTHING = 0, GDB_REGISTER = 1, GDB_UNREGISTER = 2 };

struct gdb_entry { /* jit_code_entry */
    struct gdb_entry *next, *before;
    const void *file;
    u64 file_bytes;
    /* Ours from here on. */
    struct mem *mem;
};

struct gdb_descriptor { /* jit_descriptor */
    u32 version;
    u32 action;
    struct gdb_entry *relevant;
    struct gdb_entry *first;
};

/* A compiler that other code of this process brings along has the same two: one of each is enough,
 * and debuggers expect one. */
extern struct gdb_descriptor __jit_debug_descriptor;
void __jit_debug_register_code(void);

__attribute__((weak)) struct gdb_descriptor __jit_debug_descriptor = { .version = GDB_VERSION };

/* gdb stops here to look. */
__attribute__((weak, noinline)) void __jit_debug_register_code(void)
{
    __asm__ volatile("" ::: "memory");
}

static struct os_lock gdb_lock;

static void gdb_tell(struct gdb_entry *entry, u32 action)
{
    __jit_debug_descriptor.relevant = entry;
    __jit_debug_descriptor.action = action;
    __jit_debug_register_code();
    __jit_debug_descriptor.action = GDB_NOTHING;
    __jit_debug_descriptor.relevant = NULL;
}

/* ---- the file */

enum gdb_section { GDB_NONE, GDB_TEXT, GDB_SYMTAB, GDB_STRTAB, GDB_SECTIONS };
static const char gdb_section_names[] = "\0.text\0.symtab\0.strtab";

struct gdb_file {
    Elf64_Ehdr header;
    Elf64_Shdr sections[GDB_SECTIONS];
    /* symbols and strings follow */
};

static u16 gdb_machine(void)
{
#if defined(__aarch64__)
    return EM_AARCH64;
#elif defined(__riscv)
    return EM_RISCV;
#else
    return EM_X86_64;
#endif
}

static void gdb_fill_header(Elf64_Ehdr *header)
{
    const u16 one = 1;
    *header = (Elf64_Ehdr){
        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
                     *(const u8 *)&one ? ELFDATA2LSB : ELFDATA2MSB, EV_CURRENT },
        .e_type = ET_REL,
        .e_machine = gdb_machine(),
        .e_version = EV_CURRENT,
        .e_shoff = offsetof(struct gdb_file, sections),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = GDB_SECTIONS,
        .e_shstrndx = GDB_STRTAB,
    };
}

static void gdb_fill_sections(Elf64_Shdr *sections, const struct skep_machine_code *code,
                              size_t symbols_bytes, size_t strings_bytes)
{
    sections[GDB_TEXT] = (Elf64_Shdr){ .sh_name = 1,
                                       .sh_type = SHT_NOBITS,
                                       .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                                       .sh_addr = (u64)(uintptr_t)code->start,
                                       .sh_size = code->bytes,
                                       .sh_addralign = 1 };
    sections[GDB_SYMTAB] = (Elf64_Shdr){ .sh_name = 7,
                                         .sh_type = SHT_SYMTAB,
                                         .sh_offset = sizeof(struct gdb_file),
                                         .sh_size = symbols_bytes,
                                         .sh_link = GDB_STRTAB,
                                         .sh_info = 1,
                                         .sh_addralign = 8,
                                         .sh_entsize = sizeof(Elf64_Sym) };
    sections[GDB_STRTAB] = (Elf64_Shdr){ .sh_name = 15,
                                         .sh_type = SHT_STRTAB,
                                         .sh_offset = sizeof(struct gdb_file) + symbols_bytes,
                                         .sh_size = strings_bytes,
                                         .sh_addralign = 1 };
}

static void gdb_fill_symbols(const struct skep_machine_code *code, Elf64_Sym *symbols,
                             char *strings)
{
    size_t at = sizeof(gdb_section_names);
    memcpy(strings, gdb_section_names, at);
    for (size_t i = 0; i < code->n_symbols; i++) {
        const struct skep_code_symbol *from = &code->symbols[i];
        symbols[i + 1] = (Elf64_Sym){ .st_name = (u32)at,
                                      .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                                      .st_shndx = GDB_TEXT,
                                      .st_value = from->offset,
                                      .st_size = from->bytes };
        size_t length = strlen(from->name) + 1;
        memcpy(strings + at, from->name, length);
        at += length;
    }
}

static size_t gdb_strings_bytes(const struct skep_machine_code *code)
{
    size_t bytes = sizeof(gdb_section_names);
    for (size_t i = 0; i < code->n_symbols; i++)
        bytes += strlen(code->symbols[i].name) + 1;
    return bytes;
}

/* Entry and file are one block. */
struct gdb_entry *gdb_register(struct mem *mem, const struct skep_machine_code *code)
{
    size_t symbols = (code->n_symbols + 1) * sizeof(Elf64_Sym), strings = gdb_strings_bytes(code);
    size_t bytes = sizeof(struct gdb_file) + symbols + strings;
    struct gdb_entry *entry = mem_zalloc(mem, sizeof(*entry) + bytes);
    if (!entry)
        return NULL;
    struct gdb_file *file = (struct gdb_file *)(void *)(entry + 1);
    gdb_fill_header(&file->header);
    gdb_fill_sections(file->sections, code, symbols, strings);
    gdb_fill_symbols(code, (Elf64_Sym *)(void *)(file + 1), (char *)(file + 1) + symbols);
    entry->file = file;
    entry->file_bytes = bytes;
    entry->mem = mem;
    os_lock(&gdb_lock);
    entry->next = __jit_debug_descriptor.first;
    if (entry->next)
        entry->next->before = entry;
    __jit_debug_descriptor.first = entry;
    gdb_tell(entry, GDB_REGISTER);
    os_unlock(&gdb_lock);
    return entry;
}

void gdb_unregister(struct gdb_entry *entry)
{
    os_lock(&gdb_lock);
    if (entry->next)
        entry->next->before = entry->before;
    if (entry->before)
        entry->before->next = entry->next;
    else
        __jit_debug_descriptor.first = entry->next;
    gdb_tell(entry, GDB_UNREGISTER);
    os_unlock(&gdb_lock);
    mem_free(entry->mem, entry, sizeof(*entry) + entry->file_bytes);
}
