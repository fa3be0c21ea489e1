/* The account of memory.  Charging comes first and is undone when the allocator refuses, so that
 * `used` never passes the limit, not even for a moment and not with many threads. */
#include "base/mem.h"

#include <stdlib.h>

static void *mem_malloc_resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

void mem_init(struct mem *mem, const struct skep_allocator *allocator, size_t limit)
{
    mem->allocator =
        allocator ? *allocator : (struct skep_allocator){ .resize = mem_malloc_resize };
    mem->limit = limit;
    atomic_init(&mem->used, 0);
    atomic_init(&mem->peak, 0);
    atomic_init(&mem->refused, false);
}

static void *mem_part_resize(void *whole, void *block, size_t old_size, size_t new_size)
{
    return mem_resize(whole, block, old_size, new_size);
}

void mem_init_part(struct mem *mem, struct mem *whole, size_t limit)
{
    const struct skep_allocator allocator = { .resize = mem_part_resize, .user = whole };
    mem_init(mem, &allocator, limit);
}

static void mem_note_peak(struct mem *mem, size_t used)
{
    size_t peak = atomic_load_explicit(&mem->peak, memory_order_relaxed);
    while (peak < used && !atomic_compare_exchange_weak_explicit(
                              &mem->peak, &peak, used, memory_order_relaxed, memory_order_relaxed))
        ;
}

bool mem_charge(struct mem *mem, size_t size)
{
    size_t used = atomic_load_explicit(&mem->used, memory_order_relaxed);
    size_t limit = mem->limit ? mem->limit : SIZE_MAX;
    do {
        if (used > limit || size > limit - used) {
            atomic_store_explicit(&mem->refused, true, memory_order_relaxed);
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(&mem->used, &used, used + size,
                                                    memory_order_relaxed, memory_order_relaxed));
    mem_note_peak(mem, used + size);
    return true;
}

void mem_uncharge(struct mem *mem, size_t size)
{
    size_t before = atomic_fetch_sub_explicit(&mem->used, size, memory_order_relaxed);
    assert(before >= size);
    (void)before;
}

void *mem_alloc(struct mem *mem, size_t size) { return mem_resize(mem, NULL, 0, size); }

void *mem_zalloc(struct mem *mem, size_t size)
{
    void *block = mem_alloc(mem, size);
    return block ? memset(block, 0, size) : NULL;
}

void mem_free(struct mem *mem, void *block, size_t size)
{
    if (block)
        mem_resize(mem, block, size, 0);
}

void *mem_resize(struct mem *mem, void *block, size_t old_size, size_t new_size)
{
    assert(block || old_size == 0);
    if (!block && new_size == 0)
        return NULL;
    if (new_size > old_size && !mem_charge(mem, new_size - old_size))
        return NULL;
    void *moved = mem->allocator.resize(mem->allocator.user, block, old_size, new_size);
    if (!moved && new_size > old_size)
        mem_uncharge(mem, new_size - old_size);
    if (new_size < old_size && (moved || new_size == 0))
        mem_uncharge(mem, old_size - new_size);
    return moved;
}
