/* Pass: an index of the symbols that other objects could see, by name.
 *
 * Gives: o->symbols.  Where a name occurs twice the first one counts. */
#include "load/object.h"

u32 load_find_symbol(const struct object *o, const char *name)
{
    u64 hash = hash_string(name, o->symbols.seed);
    for (struct hash_probe p = hash_probe(&o->symbols, hash); hash_next(&o->symbols, &p);)
        if (!strcmp(elf_symbol(&o->elf, p.position).name, name))
            return p.position;
    return CODE_NONE;
}

skep_status load_pass_symbols(struct object *o, skep_error *err)
{
    for (u32 i = 1; i < o->elf.n_symbols; i++) {
        struct elf_symbol symbol = elf_symbol(&o->elf, i);
        if (symbol.bind == ELF_STB_LOCAL || !*symbol.name ||
            load_find_symbol(o, symbol.name) != CODE_NONE)
            continue;
        if (!hash_index_add(&o->symbols, hash_string(symbol.name, o->symbols.seed), i))
            return load_nomem(err, "symbols");
    }
    return SKEP_OK;
}
