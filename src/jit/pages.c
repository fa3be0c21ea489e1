/* Pages of machine code. */
#include "jit/pages.h"

#include "os/os.h"
#include "rt/rt.h"

static void jit_pages_no_reloc(struct jit_emit *emit, u32 at, u8 kind,
                               enum jit_reloc_special special, u64 to)
{
    (void)emit, (void)at, (void)kind, (void)special, (void)to; /* padding calls nobody */
}

/* As many traps after the code as fill it up to the next place where a function could lie, and one
 * such place full of them. */
static bool jit_pages_add_traps(const struct jit_target *target, struct jit_buffer *buffer)
{
    struct jit_emit emit = { .buffer = buffer, .target = target, .reloc = jit_pages_no_reloc };
    target->pad(&emit, (JIT_ALIGN - buffer->n % JIT_ALIGN) % JIT_ALIGN + JIT_ALIGN);
    return !buffer->failed;
}

/* A buffer ends with JIT_ALIGN bytes of traps. */
static void jit_pages_write(const struct jit_pages *pages, const struct jit_buffer *buffer)
{
    const u8 *traps = buffer->bytes + buffer->n - JIT_ALIGN;
    memcpy(pages->start, buffer->bytes, buffer->n);
    for (size_t at = buffer->n; at < pages->mapped; at += JIT_ALIGN)
        memcpy(pages->start + at, traps, JIT_ALIGN);
}

enum jit_pages_result jit_pages_put(struct jit_pages *pages, const struct jit_target *target,
                                    struct jit_buffer *buffer, bool near)
{
    if (!jit_pages_add_traps(target, buffer))
        return JIT_PAGES_NO_MEMORY;
    size_t mapped = (size_t)round_up_u64(buffer->n, os_page_size());
    if (!mem_charge(pages->mem, mapped))
        return JIT_PAGES_NO_MEMORY;
    pages->mapped = mapped;
    /* Half as far as calls reach: then all code reaches all other code, too. */
    const void *neighbour = near ? (const void *)(uintptr_t)&rt_native_trap : NULL;
    pages->start = os_code_alloc(mapped, neighbour, target->call_reach / 2);
    if (!pages->start)
        return near ? JIT_PAGES_OUT_OF_REACH : JIT_PAGES_NO_MEMORY;
    jit_pages_write(pages, buffer);
    return JIT_PAGES_DONE;
}

bool jit_pages_seal(const struct jit_pages *pages)
{
    return os_code_seal(pages->start, pages->mapped);
}

void jit_pages_drop(struct jit_pages *pages)
{
    if (pages->start)
        os_code_free(pages->start, pages->mapped);
    mem_uncharge(pages->mem, pages->mapped);
    pages->start = NULL;
    pages->mapped = 0;
}
