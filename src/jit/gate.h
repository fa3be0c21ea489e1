/* The gate: what the compiled programs of an env share. */
#ifndef SKEP_SRC_JIT_GATE_H
#define SKEP_SRC_JIT_GATE_H

#include "jit/jit.h"
#include "jit/pages.h"

/* See emit_entry of target.h. */
typedef u64 jit_enter_fn(struct skep_thread *thread, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5,
                         u64 frame, u64 function);

struct jit_way {
    jit_enter_fn *enter;
    u64 stop; /* where functions go that stop the run */
};

struct jit_gate {
    struct mem *mem;
    u32 features; /* of this CPU */
    struct jit_pages pages;
    u32 bytes;             /* of code */
    struct jit_way way[2]; /* of programs that are not metered, and of those that are */
};

#endif
