/* The result of `skep run`: as JSON, and as text from that JSON. */
#ifndef SKEP_TOOL_REPORT_H
#define SKEP_TOOL_REPORT_H

#include "runner.h"

/* Packets, events and printed lines beyond this many are listed only with --verbose. */
#define REPORT_FEW 20u

/* Adds everything that is known of the runs to a result that names its program. */
void report_add(json_t *result, const struct run_plan *plan, const struct run_report *report,
                bool all);
void report_print(const json_t *result, bool all);

/* The name of a status that stops a run, for people. */
const char *stop_name(skep_status status);

#endif
