/* Pages of machine code: written first, then sealed; from then on they can be executed and no
 * longer written.  What is left of the last page is traps, and pages that nobody may touch lie on
 * either side. */
#ifndef SKEP_SRC_JIT_PAGES_H
#define SKEP_SRC_JIT_PAGES_H

#include "jit/target.h"

struct jit_pages {
    struct mem *mem;
    u8 *start; /* NULL: none */
    size_t mapped;
};

enum jit_pages_result { JIT_PAGES_DONE, JIT_PAGES_OUT_OF_REACH, JIT_PAGES_NO_MEMORY };

/* Functions are aligned to this. */
enum { JIT_ALIGN = 16 };

/* Copies the code; they are still to be sealed.  `near`: as near to the library's own code as
 * calls need it, or JIT_PAGES_OUT_OF_REACH.  The buffer's room is used for what pads it. */
enum jit_pages_result jit_pages_put(struct jit_pages *pages, const struct jit_target *target,
                                    struct jit_buffer *buffer, bool near);
bool jit_pages_seal(const struct jit_pages *pages);
void jit_pages_drop(struct jit_pages *pages);

#endif
