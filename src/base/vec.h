/* A growing array of one type.
 *
 *     VEC(struct insn) insns = {0};
 *     if (!vec_push(mem, &insns, insn)) return SKEP_NOMEM;
 *     vec_drop(mem, &insns);
 */
#ifndef SKEP_SRC_BASE_VEC_H
#define SKEP_SRC_BASE_VEC_H

#include "base/mem.h"

#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *data;                                                                                   \
        u32 n, cap;                                                                                \
    }

#define vec_push(mem, v, item)                                                                     \
    (vec_reserve_one((mem), (void **)&(v)->data, &(v)->n, &(v)->cap, sizeof(*(v)->data)) &&        \
     ((v)->data[(v)->n++] = (item), true))

#define vec_drop(mem, v)                                                                           \
    (mem_free((mem), (v)->data, (size_t)(v)->cap * sizeof(*(v)->data)), (v)->data = NULL,          \
     (v)->n = (v)->cap = 0)

#define vec_last(v) ((v)->data[(v)->n - 1])

/* Makes room for one more item; doubles. */
bool vec_reserve_one(struct mem *mem, void **data, const u32 *n, u32 *cap, size_t item_size);

#endif
