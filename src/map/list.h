/* Every map type: MAP(symbol of its descriptor). */
/* clang-format off */
MAP(map_hash)
MAP(map_array)
MAP(map_prog_array)
MAP(map_percpu_hash)
MAP(map_percpu_array)
MAP(map_lru_hash)
MAP(map_lru_percpu_hash)
MAP(map_lpm_trie)
MAP(map_ringbuf)
/* clang-format on */
