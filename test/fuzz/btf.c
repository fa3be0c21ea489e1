/* Any bytes as type information, alone and split over the sample. */
#include "btf/btf.h"

#include "support/samples.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void fuzz_ask_all(const struct btf *btf)
{
    static char buffer[4096];
    for (u32 id = 0; id < btf->n && id < 4096; id++) {
        struct btf_core_relo relo = { .type = id, .kind = id % 14, .access = "0:1:0" };
        struct btf_member member;
        struct text out;
        text_init_fixed(&out, buffer, sizeof(buffer));
        btf_print_definition(&out, btf, id);
        btf_print_access(&out, btf, &relo);
        btf_find(btf, btf_kind(btf, id), btf_name(btf, id));
        btf_find_member(btf, id, "x", &member);
        if (btf_skip_modifiers(btf, id) >= btf->n || btf_size(btf, id) > UINT32_MAX)
            abort();
    }
}

static void fuzz_parse(const u8 *data, size_t size, const struct btf *base)
{
    struct mem mem;
    struct arena arena;
    struct btf btf;
    skep_error err = { 0 };
    mem_init(&mem, NULL, 0);
    arena_init(&arena, &mem);
    if (btf_parse(&btf, &arena, data, size, base, &err) == SKEP_OK) {
        if (mem.peak > 16 * size + 65536)
            abort();
        fuzz_ask_all(&btf);
        btf_drop(&btf);
    } else if (!err.id) {
        abort();
    }
    arena_drop(&arena);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct mem mem;
    struct arena arena;
    struct btf base;
    struct out_bytes blob;
    fuzz_parse(data, size, NULL);
    sample_btf(&blob, false);
    mem_init(&mem, NULL, 0);
    arena_init(&arena, &mem);
    if (btf_parse(&base, &arena, blob.data, blob.size, NULL, NULL) != SKEP_OK)
        abort();
    fuzz_parse(data, size, &base);
    btf_drop(&base);
    arena_drop(&arena);
    out_free(&blob);
    return 0;
}
