/* Regions of map memory; see region.h. */
#include "map/region.h"

#include "os/os.h"

#include <errno.h>

enum {
    REGION_STEP_MIN =
        4096, /* bytes that are committed at once: as much again as there is, within */
    REGION_STEP_MAX = 65536,
    REGION_BLOCK_MAX = 2048, /* bytes that are not worth a page */
    REGION_MAX_BITS = 44,
};

int region_reserve(struct region *region, u64 size)
{
    if (size >> REGION_MAX_BITS)
        return -E2BIG;
    size = round_up_u64(max_u64(size, 1), os_page_size());
    u8 *base = os_pages_reserve((size_t)size);
    if (!base)
        return -ENOMEM;
    region->base = base;
    region->reserved = size;
    atomic_init(&region->committed, 0);
    return 0;
}

bool region_commit(struct skep_map *map, struct region *region, u64 size)
{
    u64 from = region_committed(region);
    if (size <= from)
        return true;
    if (size > region->reserved)
        return false;
    u64 step = min_u64(max_u64(from, REGION_STEP_MIN), REGION_STEP_MAX);
    u64 to = round_up_u64(max_u64(size, from + step), os_page_size());
    to = min_u64(to, region->reserved);
    if (!mem_charge(map->mem, (size_t)(to - from)))
        return false;
    if (!os_pages_commit(region->base + from, (size_t)(to - from))) {
        mem_uncharge(map->mem, (size_t)(to - from));
        return false;
    }
    atomic_store_explicit(&region->committed, to, memory_order_release);
    return true;
}

static int region_new_block(struct skep_map *map, struct region *region, u64 size)
{
    size = round_up_u64(max_u64(size, 1), 16);
    region->base = mem_zalloc(map->mem, (size_t)size);
    region->reserved = size;
    atomic_init(&region->committed, size);
    return region->base ? 0 : -ENOMEM;
}

int region_new(struct skep_map *map, struct region *region, u64 size)
{
    if (size <= REGION_BLOCK_MAX)
        return region_new_block(map, region, size);
    int result = region_reserve(region, size);
    if (result)
        return result;
    if (region_commit(map, region, region->reserved))
        return 0;
    region_free(map, region);
    return -ENOMEM;
}

int region_new_mirrored(struct skep_map *map, struct region *region, u64 size)
{
    if (size >> REGION_MAX_BITS)
        return -E2BIG;
    if (!mem_charge(map->mem, (size_t)size))
        return -ENOMEM;
    u8 *base = os_pages_mirrored((size_t)size);
    if (!base) {
        mem_uncharge(map->mem, (size_t)size);
        return region_new(map, region, 2 * size);
    }
    region->base = base;
    region->reserved = 2 * size;
    atomic_init(&region->committed, size);
    return 0;
}

void region_free(struct skep_map *map, struct region *region)
{
    if (!region->base)
        return;
    if (region->reserved <= REGION_BLOCK_MAX) {
        mem_free(map->mem, region->base, (size_t)region->reserved);
    } else {
        os_pages_free(region->base, (size_t)region->reserved);
        mem_uncharge(map->mem, (size_t)region_committed(region));
    }
    region->base = NULL;
}
