/* Memory with an account: every allocation of the library goes through a struct mem, which knows
 * what is in use, the peak, and the limit that the env set.  Sizes travel with frees, so blocks
 * need no header. */
#ifndef SKEP_SRC_BASE_MEM_H
#define SKEP_SRC_BASE_MEM_H

#include "base/types.h"

#include <stdatomic.h>

struct mem {
    struct skep_allocator allocator;
    size_t limit; /* bytes; 0: none */
    _Atomic size_t used;
    _Atomic size_t peak;
    _Atomic bool refused; /* the limit said no at least once */
};

/* A NULL allocator means malloc. */
void mem_init(struct mem *mem, const struct skep_allocator *allocator, size_t limit);

/* The same of a part of another account, which is charged as well; that must outlive this one. */
void mem_init_part(struct mem *mem, struct mem *whole, size_t limit);

/* NULL when the limit or the allocator says no.  mem_zalloc clears.  size 0 gives NULL. */
void *mem_alloc(struct mem *mem, size_t size);
void *mem_zalloc(struct mem *mem, size_t size);
void *mem_resize(struct mem *mem, void *block, size_t old_size, size_t new_size);
/* NULL is fine, whatever the size: half-made things are freed like whole ones. */
void mem_free(struct mem *mem, void *block, size_t size);

/* Counts memory that was got elsewhere (pages from the system) against the account. */
bool mem_charge(struct mem *mem, size_t size);
void mem_uncharge(struct mem *mem, size_t size);

#define mem_new(mem, T) ((T *)mem_zalloc((mem), sizeof(T)))
#define mem_delete(mem, p) mem_free((mem), (p), sizeof(*(p)))

#endif
