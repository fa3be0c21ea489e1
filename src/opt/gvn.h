/* What the files of `gvn` share: values in gvn.c, memory in gvn_memory.c. */
#ifndef SKEP_SRC_OPT_GVN_H
#define SKEP_SRC_OPT_GVN_H

#include "opt/alias.h"
#include "opt/pass.h"

#define GVN_FACTS 32u

/* The lowest bytes of a value are what is at base + off. */
struct gvn_fact {
    u32 base, value;
    s64 off;
    u8 width;
    u8 in; /* enum alias_class */
};

/* Memory at one point: of each class a number, the same one where it holds the same. */
struct gvn_memory {
    u32 version[ALIAS_CLASS_COUNT];
    u32 n, oldest;
    struct gvn_fact *facts;
};

struct gvn {
    struct ssa_func *func;
    struct arena *scratch;
    u32 room;     /* values */
    u32 *map;     /* what replaces a value; itself: nothing */
    u32 *buckets; /* by hash: the newest value */
    u32 *chain;   /* by value: the next older one of the same hash */
    u32 n_buckets;
    u64 *tested;            /* values that a branch was seen to depend on */
    struct gvn_memory *end; /* by block: memory at its end */
    u8 *writes; /* by place in the order: classes that are written from there up to … */
    u32 *last;  /* … this place: the loop's last block, or the block itself */
    u32 n_versions;
    struct gvn_memory now;
    struct gvn_fact *kept; /* room for GVN_FACTS of them */
    bool changed;
};

static inline u32 gvn_resolve(const struct gvn *g, u32 value)
{
    while (g->map[value] != value)
        value = g->map[value];
    return value;
}
static inline void gvn_replace(struct gvn *g, u32 value, u32 by)
{
    g->map[value] = by;
    g->changed = true;
}

bool gvn_memory_init(struct gvn *g);
void gvn_memory_enter(struct gvn *g, u32 block);
/* A memory operation or a call, in order; it may be removed. */
void gvn_memory_step(struct gvn *g, u32 value);
void gvn_memory_leave(struct gvn *g, u32 block);

#endif
