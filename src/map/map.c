/* The table of map types, and what the host's side does with any of them. */
#include "map/map.h"
#include "map/spin_lock.h"

#include <errno.h>

const struct skep_map_type *const map_types[] = {
#define MAP(symbol) &symbol,
#include "map/list.h"
#undef MAP
};
const u32 n_map_types = ARRAY_LEN(map_types);

/* Values of an application's map types may lie anywhere. */
void map_read_value(void *to, const void *value, u32 size)
{
    if ((uintptr_t)value % 8 == 0)
        words_get(to, value, size);
    else
        memcpy(to, value, size);
}

int map_read_locked_value(const struct skep_map *map, void *to, void *value, u64 flags)
{
    u32 lock_at = map->spec.lock_at;
    if (flags & SKEP_MAP_F_LOCK && !spin_lock_take(value, lock_at))
        return -ETIMEDOUT;
    map_read_value(to, value, map->spec.value_size);
    if (flags & SKEP_MAP_F_LOCK)
        spin_lock_give(value, lock_at);
    spin_lock_hide(to, lock_at);
    return 0;
}
