/* The library's engines for conformance_check. */
#ifndef SKEP_TEST_CONFORMANCE_SKEP_H
#define SKEP_TEST_CONFORMANCE_SKEP_H

#include "conformance/vectors.h"

#include <skep/program.h>

/* An engine in an env and a thread of its own; close it also when this says false. */
bool skep_engine_open(struct conformance_engine *engine, const char *name, enum skep_engine which);
void skep_engine_close(struct conformance_engine *engine);

#endif
