/* C files compiled to BPF objects by the clang that is installed. */
#ifndef SKEP_TOOL_COMPILE_H
#define SKEP_TOOL_COMPILE_H

#include "command.h"
#include "values.h"

/* Compiles path; the object's bytes are malloc'ed.  What clang has to say goes to stderr. */
int compile_c(const char *path, const struct args *args, struct bytes_buffer *object);

#endif
