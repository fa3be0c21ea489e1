/* Any bytes as an ELF file, and as bytes in which one may be hidden. */
#include "elf/elf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void fuzz_read_all(const struct elf *elf)
{
    volatile u64 sum = 0;
    for (u32 i = 0; i < elf->n_symbols; i++)
        sum += strlen(elf_symbol(elf, i).name);
    for (u32 i = 0; i < elf->n_sections; i++) {
        const struct elf_section *s = &elf->sections[i];
        sum += strlen(s->name) + (s->data && s->size ? s->data[s->size - 1] : 0);
        for (u32 k = 0; k < elf_n_relocs(elf, i); k++) {
            struct elf_reloc r;
            if (elf_reloc(elf, i, k, &r, NULL) == SKEP_OK)
                sum += elf_symbol(elf, r.symbol).value;
        }
    }
    sum += elf_find_section(elf, ".text");
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct mem mem;
    struct arena arena;
    struct elf elf;
    skep_error err = { 0 };
    u64 offset = 0, length = 0;
    mem_init(&mem, NULL, 0);
    arena_init(&arena, &mem);
    if (elf_open(&elf, &arena, data, size, 247, &err) == SKEP_OK)
        fuzz_read_all(&elf);
    else if (!err.id)
        abort();
    if (mem.peak > 4 * size + 65536)
        abort();
    if (elf_find_embedded(data, size, 247, 0, &offset, &length) && length > size - offset)
        abort();
    arena_drop(&arena);
    return 0;
}
