/* What the verifier knows before every instruction. */
#ifndef SKEP_TOOL_FACTS_H
#define SKEP_TOOL_FACTS_H

#include "open.h"
#include "out.h"

/* The rows of an accepted program; or says why there are none. */
int facts_json(const struct target *target, const struct args *args,
               const struct skep_program_info *info, json_t **out);
void facts_print(const json_t *rows);

#endif
