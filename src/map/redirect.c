/* Where redirected packets may go; see redirect.h. */
#include "map/redirect.h"

int redirect_check(const struct skep_map_spec *spec)
{
    return spec->value_size == 4 || spec->value_size == 8 ? 0 : -EINVAL;
}

int redirect_check_update(const struct skep_map *map, const void *key, u64 flags)
{
    if (flags > SKEP_MAP_EXIST)
        return -EINVAL;
    if (index_key(key) >= map->spec.max_entries)
        return -E2BIG;
    return flags == SKEP_MAP_NOEXIST ? -EEXIST : 0;
}

int redirect_update(struct skep_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
    (void)cpu;
    int result = redirect_check_update(map, key, flags);
    if (result)
        return result;
    if (half_word_at(value))
        handle_array_put(map, index_key(key), value);
    else
        handle_array_clear(map, index_key(key));
    return 0;
}

int redirect_remove(struct skep_map *map, const void *key)
{
    u32 index = index_key(key);
    if (index >= map->spec.max_entries)
        return -EINVAL;
    handle_array_clear(map, index);
    return 0;
}
