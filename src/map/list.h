/* Every map type: MAP_TYPE(symbol of its descriptor). */
/* clang-format off */
MAP_TYPE(map_hash)
MAP_TYPE(map_array)
MAP_TYPE(map_prog_array)
MAP_TYPE(map_percpu_hash)
MAP_TYPE(map_percpu_array)
MAP_TYPE(map_lru_hash)
MAP_TYPE(map_lru_percpu_hash)
MAP_TYPE(map_ringbuf)
/* clang-format on */
