/* What becomes of a packet by the program's result. */
#ifndef SKEP_TOOL_VERDICT_H
#define SKEP_TOOL_VERDICT_H

#include <skep/skep.h>

enum fate {
    FATE_PASSES,    /* goes on, into the written capture */
    FATE_DROPPED,   /* goes nowhere */
    FATE_SENT_BACK, /* leaves where it came from; written too */
    FATE_REDIRECTED /* leaves elsewhere; not written */
};

/* bytes: how much of the packet is kept. */
enum fate verdict_fate(const struct skep_hook *hook, uint64_t r0, size_t *bytes);

/* The hook's name for a result, or the number. */
const char *verdict_name(const struct skep_hook *hook, uint64_t r0, char buffer[24]);

#endif
