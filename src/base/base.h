/* The door of base/: what knows nothing of BPF. */
#ifndef SKEP_SRC_BASE_BASE_H
#define SKEP_SRC_BASE_BASE_H

#include "base/arena.h"
#include "base/bits.h"
#include "base/bytes.h"
#include "base/diag.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/types.h"
#include "base/vec.h"

#endif
