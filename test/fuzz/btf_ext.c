/* Any bytes as .BTF.ext of the sample's types. */
#include "btf/btf.h"

#include "support/samples.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void fuzz_use(const struct btf *btf, const struct btf_ext *ext)
{
    static char buffer[512];
    volatile size_t sum = 0;
    for (u32 i = 0; i < ext->func_part.n_records; i++)
        sum += strlen(btf_name(btf, ext->funcs[i].type));
    for (u32 i = 0; i < ext->line_part.n_records; i++)
        sum += strlen(ext->lines[i].file) + strlen(ext->lines[i].text);
    for (u32 i = 0; i < ext->relo_part.n_records; i++) {
        struct text out;
        text_init_fixed(&out, buffer, sizeof(buffer));
        btf_print_access(&out, btf, &ext->relos[i]);
        sum += strlen(btf_core_kind_name(ext->relos[i].kind));
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct mem mem;
    struct arena arena;
    struct btf btf;
    struct btf_ext ext;
    struct out_bytes blob;
    skep_error err = { 0 };
    sample_btf(&blob, false);
    mem_init(&mem, NULL, 0);
    arena_init(&arena, &mem);
    if (btf_parse(&btf, &arena, blob.data, blob.size, NULL, NULL) != SKEP_OK)
        abort();
    size_t before = mem.peak;
    if (btf_ext_parse(&ext, &arena, data, size, &btf, &err) == SKEP_OK)
        fuzz_use(&btf, &ext);
    else if (!err.id)
        abort();
    if (mem.peak > before + 16 * size + 65536)
        abort();
    btf_drop(&btf);
    arena_drop(&arena);
    out_free(&blob);
    return 0;
}
