/* Arenas: a list of growing chunks, handed out from the front of the newest.  A request that is
 * large beside the chunk gets a chunk of its own behind the newest, so that room is not lost. */
#include "base/arena.h"

struct arena_chunk {
    struct arena_chunk *next;
    size_t size; /* of the whole block, this header included */
};

enum {
    ARENA_ALIGN = 16,
    ARENA_FIRST = 2048,
    ARENA_LARGEST = 64 * 1024, /* what is left of it is all that an arena wastes */
};
_Static_assert(sizeof(struct arena_chunk) <= ARENA_ALIGN, "the header takes one aligned unit");

void arena_init(struct arena *arena, struct mem *mem) { *arena = (struct arena){ .mem = mem }; }

void arena_drop(struct arena *arena)
{
    struct arena_chunk *next;
    for (struct arena_chunk *chunk = arena->chunks; chunk; chunk = next) {
        next = chunk->next;
        mem_free(arena->mem, chunk, chunk->size);
    }
    arena_init(arena, arena->mem);
}

static u8 *arena_chunk_data(struct arena_chunk *chunk) { return (u8 *)chunk + ARENA_ALIGN; }

static struct arena_chunk *arena_chunk_new(struct arena *arena, size_t capacity)
{
    struct arena_chunk *chunk = mem_zalloc(arena->mem, ARENA_ALIGN + capacity);
    if (chunk)
        chunk->size = ARENA_ALIGN + capacity;
    return chunk;
}

static void *arena_alloc_own_chunk(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = arena_chunk_new(arena, size);
    if (!chunk)
        return NULL;
    if (arena->chunks) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    } else {
        arena->chunks = chunk;
        arena->used = arena->capacity = size;
    }
    return arena_chunk_data(chunk);
}

static size_t arena_next_capacity(const struct arena *arena)
{
    u64 more = (u64)arena->capacity + arena->capacity / 2;
    return (size_t)max_u64(ARENA_FIRST, min_u64(more, ARENA_LARGEST)) / ARENA_ALIGN * ARENA_ALIGN -
           ARENA_ALIGN;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - 2 * ARENA_ALIGN)
        return NULL;
    size = size ? (size_t)round_up_u64(size, ARENA_ALIGN) : ARENA_ALIGN;
    if (size > arena->capacity - arena->used) {
        size_t capacity = arena_next_capacity(arena);
        if (size > capacity / 4)
            return arena_alloc_own_chunk(arena, size);
        struct arena_chunk *chunk = arena_chunk_new(arena, capacity);
        if (!chunk)
            return NULL;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->used = 0;
        arena->capacity = capacity;
    }
    u8 *block = arena_chunk_data(arena->chunks) + arena->used;
    arena->used += size;
    return block;
}

/* The link to the chunk that a block has for itself; NULL: it shares one. */
static struct arena_chunk **arena_own_chunk(struct arena *arena, const void *block, size_t size)
{
    struct arena_chunk **link = &arena->chunks;
    while (*link && arena_chunk_data(*link) != block)
        link = &(*link)->next;
    bool own = *link && (*link)->size == ARENA_ALIGN + round_up_u64(size, ARENA_ALIGN);
    return own ? link : NULL;
}

void *arena_resize(struct arena *arena, void *block, size_t size, size_t new_size)
{
    struct arena_chunk **link = size ? arena_own_chunk(arena, block, size) : NULL;
    if (!link && new_size <= size)
        return block;
    if (!link || new_size == 0 || new_size > SIZE_MAX - 2 * ARENA_ALIGN) {
        void *other = arena_alloc(arena, new_size);
        if (other && size)
            memcpy(other, block, size < new_size ? size : new_size);
        return other;
    }
    size_t before = (*link)->size;
    size_t after = ARENA_ALIGN + (size_t)round_up_u64(new_size, ARENA_ALIGN);
    struct arena_chunk *chunk = mem_resize(arena->mem, *link, before, after);
    if (!chunk)
        return NULL;
    if (after > before)
        memset((u8 *)chunk + before, 0, after - before);
    chunk->size = after;
    *link = chunk;
    return arena_chunk_data(chunk);
}

/* The newest chunk stays: the arena is handing it out. */
void arena_free(struct arena *arena, void *block, size_t size)
{
    struct arena_chunk **link = arena_own_chunk(arena, block, size);
    if (!link || link == &arena->chunks)
        return;
    struct arena_chunk *chunk = *link;
    *link = chunk->next;
    mem_free(arena->mem, chunk, chunk->size);
}

void *arena_alloc_array(struct arena *arena, u64 count, size_t size)
{
    u64 total;
    if (!mul_ok(count, size, &total) || total > SIZE_MAX)
        return NULL;
    return arena_alloc(arena, (size_t)total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    if (length == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(arena, length + 1);
    if (copy && length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
    void *copy = arena_alloc(arena, size);
    if (copy && size)
        memcpy(copy, bytes, size);
    return copy;
}
