/* What the converter of classic programs has in common with the subprograms that it adds. */
#ifndef SKEP_SRC_LOAD_CLASSIC_H
#define SKEP_SRC_LOAD_CLASSIC_H

#include "base/text.h"
#include "load/load.h"

enum classic_routine { CLASSIC_FIND_ATTRIBUTE, CLASSIC_FIND_PAYLOAD, CLASSIC_ROUTINES };
enum { CLASSIC_ROUTINE_SLOTS = 96 }; /* none has more */

/* Appends a subprogram.  length_at: where the context says how long the packet is. */
skep_status classic_routine_put(struct mem *mem, enum classic_routine which, u32 length_at,
                                struct isa_slot *slots, u32 *n_slots, skep_error *err);

#endif
