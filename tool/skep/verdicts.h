/* The verifier's verdicts as results, and its limits as options: of verify, and of run. */
#ifndef SKEP_TOOL_VERDICTS_H
#define SKEP_TOOL_VERDICTS_H

#include "command.h"

#include <jansson.h>
#include <skep/skep.h>

/* Adds what a verdict says to a program's result. */
void verdict_fill(json_t *result, const struct skep_verdict *verdict);

/* --limit-ms, --limit-mb, --limit-visits.  false: said. */
bool limits_parse(const struct args *args, struct skep_verify_limits *limits);

#endif
