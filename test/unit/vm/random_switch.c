/* The interpreter as it is built without labels as values: a switch.  The library has the threaded
 * one; here its two files are compiled again, and the random programs run on them. */
#define SKEP_INTERP_SWITCH
#include "vm/interp.c"
#include "vm/interp_prepare.c"

#include "random.c"
