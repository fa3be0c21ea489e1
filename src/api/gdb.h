/* Compiled code made known to gdb. */
#ifndef SKEP_SRC_API_GDB_H
#define SKEP_SRC_API_GDB_H

#include "api/api.h"

struct gdb_entry;
/* NULL: out of memory.  The code's symbols are copied. */
struct gdb_entry *gdb_register(struct mem *mem, const struct skep_machine_code *code);
void gdb_unregister(struct gdb_entry *entry);

#endif
