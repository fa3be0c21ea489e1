/* Memory that is dropped whole: one arena per phase.  Blocks are zeroed and aligned to 16. */
#ifndef SKEP_SRC_BASE_ARENA_H
#define SKEP_SRC_BASE_ARENA_H

#include "base/mem.h"

struct arena_chunk;
struct arena {
    struct mem *mem;
    struct arena_chunk *chunks; /* the newest first */
    size_t used, capacity;      /* of the newest */
};

void arena_init(struct arena *arena, struct mem *mem);
void arena_drop(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t size);
/* NULL when count × size does not fit in memory or in a size_t. */
void *arena_alloc_array(struct arena *arena, u64 count, size_t size);
/* The block becomes larger or smaller, perhaps elsewhere; what is new is zeroed.  NULL: no memory,
 * and the block is as it was.  A large block is not copied where the allocator need not. */
void *arena_resize(struct arena *arena, void *block, size_t size, size_t new_size);
/* Gives a large block back before its time; small ones wait for the arena's end. */
void arena_free(struct arena *arena, void *block, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
void *arena_copy(struct arena *arena, const void *bytes, size_t size);

#define arena_new(arena, T) ((T *)arena_alloc((arena), sizeof(T)))
#define arena_array(arena, T, n) ((T *)arena_alloc_array((arena), (n), sizeof(T)))

#endif
