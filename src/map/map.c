/* The table of map types, and what the host's side does with any of them. */
#include "map/map.h"
#include "map/words.h"

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
