/* The table of map types. */
#include "map/map.h"

const struct skep_map_type *const map_types[] = {
#define MAP(symbol) &symbol,
#include "map/list.h"
#undef MAP
};
const u32 n_map_types = ARRAY_LEN(map_types);
