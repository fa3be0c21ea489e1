/* The door of the scalar domain: scalars as a lattice (lattice.h), under operations (alu.h) and
 * under conditions (refine.h).  All results are normalised (reduce.h). */
#ifndef SKEP_SRC_VERIFY_DOMAIN_SCALAR_H
#define SKEP_SRC_VERIFY_DOMAIN_SCALAR_H

#include "verify/domain/refine.h"

#endif
